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
from gis.errors import InputError
from gis.finding import Finding, Severity
from partition.rules import Rules, rules_from

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PLACES = ("shizhong", "gangcheng", "shifeng", "jiuquan", "yunyang")
"""The profiles that come with the service."""
_SECTIONS = {
    "tiers", "stages", "size", "staffing", "cadence", "lists", "matters", "assessment", "orders", "triage", "stations",
    "forces", "budget", "duty_roles", "legacy", "admission", "party", "facilities", "circle", "fixture",
}  # fmt: skip
_SIZE = {
    "measure", "minimum", "target", "maximum", "minimum_persons", "target_persons", "maximum_persons",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One place: its id, its names, the code of its area, and what it says, section by section."""

    id: str
    zh: str
    en: str
    area: str
    says: Mapping[str, Any]

    @property
    def rules(self) -> Rules:
        """Its sizes, as grids are divided by."""
        size = cast("Mapping[str, Any]", self.says.get("size", {}))
        return rules_from({name: value for name, value in size.items() if name in _SIZE})

    @property
    def staffing(self) -> tuple[Mapping[str, Any], ...]:
        """Its staffing rules, as `api/duty` reads them."""
        return tuple({"profile": self.id, **rule} for rule in cast("list[dict[str, Any]]", self.says.get("staffing", [])))

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


def _profile(text: str, name: str) -> Profile:
    found: list[Finding] = []
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        en, zh = f"{name} is no TOML: {error}.", f"{name}不是有效的TOML：{error}。"
        raise InputError(en, [_fault("profile_no_toml", "", en, zh)]) from error
    for field in ("id", "zh", "en", "area"):
        value = told.get(field)
        if not isinstance(value, str) or not value or (field == "id" and not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", value)):
            found.append(_fault("profile_field", field, f"{name} needs {field} as a text.", f"{name}须有文本字段{field}。"))
    for section in sorted(told.keys() - _SECTIONS - {"id", "zh", "en", "area"}):
        known = ", ".join(sorted(_SECTIONS))
        en, zh = f"{name} has no section {section!r}; there are {known}.", f"{name}中没有{section!r}一节；可用：{known}。"
        found.append(_fault("profile_section", section, en, zh))
    if found:
        raise InputError(found[0].en + (f" (and {len(found) - 1} more)" if len(found) > 1 else ""), found)
    says = {section: told[section] for section in told if section in _SECTIONS}
    return Profile(id=told["id"], zh=told["zh"], en=told["en"], area=told["area"], says=says)


def _fault(kind: str, field: str, en: str, zh: str) -> Finding:
    return Finding(kind=kind, severity=Severity.ERROR, en=en, zh=zh, field=field)
