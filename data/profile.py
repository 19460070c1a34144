"""Profiles: how one place governs its grids, as data. `profiles/` holds five; anybody may write their own.

A profile states tiers, the names of the stages, sizes, staffing formulas, cadences, orders, lists. What its source leaves open
stands beside it as an assumption. `fixture` is how many of what the place is said to have: enough to draw a town with exactly
these figures (`invented_ground.py`).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from data.invented_ground import District, Ground
from data.profile_form import SECTIONS, faults
from gis.errors import InputError, RulesError
from gis.finding import Finding, Severity, first_of
from partition.rules import Rules, rules_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PLACES = ("shizhong", "gangcheng", "shifeng", "jiuquan", "yunyang")
"""The profiles that come with the service."""
_BESIDE = ("id", "zh", "en", "area")
"""What stands beside the sections."""
SIZES = frozenset({
    "measure", "minimum", "target", "maximum", "minimum_persons", "target_persons", "maximum_persons",
})  # fmt: skip
"""The rules that say how large grids are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One place: its id, its names, the code of its area, and what it says, section by section."""

    id: str
    zh: str
    en: str
    area: str
    says: Mapping[str, Any]

    @property
    def size(self) -> Mapping[str, Any]:
        """Its sizes, as plain values; empty where it does not say."""
        size = cast("Mapping[str, Any]", self.says.get("size", {}))
        return {name: value for name, value in size.items() if name in SIZES}

    @property
    def rules(self) -> Rules:
        """Its sizes, as grids are divided by."""
        return rules_from(self.size)

    @property
    def staffing(self) -> tuple[Mapping[str, Any], ...]:
        """Its staffing rules, as `api/duty` reads them."""
        return tuple({"profile": self.id, **rule} for rule in cast("list[dict[str, Any]]", self.says.get("staffing", [])))

    @property
    def assumptions(self) -> tuple[tuple[str, str], ...]:
        """What its source leaves open and it decides: each with the section that it stands in."""
        return tuple((section, text) for section, said in self.says.items() for text in _assumptions(said))

    def as_json(self) -> dict[str, Any]:
        """Return what it says as one document, which `profile_from` reads back; what is invented is not in it."""
        said = {section: value for section, value in self.says.items() if section != "fixture"}
        return {"id": self.id, "zh": self.zh, "en": self.en, "area": self.area, **said}

    @property
    def fixture(self) -> Mapping[str, Any]:
        """How many it has of what; empty where it does not say."""
        return cast("Mapping[str, Any]", self.says.get("fixture", {}))

    @property
    def ground(self) -> Ground:
        """Ground with as many grids, communities and streets as it has."""
        told = self.fixture
        return Ground(
            name=self.zh,
            frame=told["frame"],
            origin=tuple(told["origin"]),
            districts=tuple(District(**each) for each in told["districts"]),
            residential=told["residential"],
            dedicated=told.get("dedicated", 0),
            subtypes=tuple(told.get("subtypes", ())),
            households=tuple(told["households"]),
            persons=told.get("persons"),
            undersized=told.get("undersized", 0),
        )


def place(name: str) -> Profile:
    """Return one of the profiles that come with the service."""
    return _profile(files("data").joinpath(f"profiles/{name}.toml").read_text(encoding="utf-8"), f"{name}.toml")


def read_profile(path: Path) -> Profile:
    """Read somebody's own profile; `InputError` says everything that cannot be used."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        en, zh = f"{path.name} cannot be read: {error}.", f"无法读取{path.name}：{error}。"
        raise InputError(en, [_fault("profile_unreadable", "", en, zh)]) from error
    return _profile(text, path.name)


def profile_from(doc: Mapping[str, Any]) -> Profile:
    """Read back what `Profile.as_json` wrote."""
    said = {section: value for section, value in doc.items() if section in SECTIONS}
    return Profile(id=doc["id"], zh=doc["zh"], en=doc["en"], area=doc["area"], says=said)


def _assumptions(said: object) -> Iterator[str]:
    if isinstance(said, dict):
        for name, value in cast("dict[str, object]", said).items():
            if name in {"assumption", "assumptions"}:
                yield from [value] if isinstance(value, str) else cast("list[str]", value)
            else:
                yield from _assumptions(value)
    elif isinstance(said, list):
        for each in cast("list[object]", said):
            yield from _assumptions(each)


def _profile(text: str, name: str) -> Profile:
    found: list[Finding] = []
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        en, zh = f"{name} is no TOML: {error}.", f"{name}不是有效的TOML：{error}。"
        raise InputError(en, [_fault("profile_no_toml", "", en, zh)]) from error
    for field in _BESIDE:
        value = told.get(field)
        if not isinstance(value, str) or not value or (field == "id" and not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", value)):
            found.append(_fault("profile_field", field, f"{name} needs {field} as a text.", f"{name}须有文本字段{field}。"))
    found += faults(name, told, _BESIDE)
    size = told.get("size")
    if isinstance(size, dict) and not found:
        found += _size_faults(name, cast("dict[str, Any]", size))
    if found:
        raise InputError(first_of(found), found)
    says = {section: told[section] for section in told if section in SECTIONS}
    return Profile(id=told["id"], zh=told["zh"], en=told["en"], area=told["area"], says=says)


def _size_faults(name: str, size: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield why grids cannot be divided by these sizes."""
    try:
        rules_from({key: value for key, value in size.items() if key in SIZES})
    except RulesError as error:
        yield _fault("profile_size", "size", f"{name}: [size] {error}.", f"{name}：[size] 不可用：{error}。")


def _fault(kind: str, field: str, en: str, zh: str) -> Finding:
    return Finding(kind=kind, severity=Severity.ERROR, en=en, zh=zh, field=field)
