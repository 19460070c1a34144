"""The manifest: which files make a town, and what their columns mean.

A town is one of

* a folder with a `town.toml`;
* a manifest by its own name, `anything.toml`; files are looked for beside it;
* a GeoPackage `X.gpkg` with its manifest `X.toml` beside it. There `file` may be left out of a table: the GeoPackage
  itself is meant, and its layer of the table's name (`communities`, `households` …).

Every table names one file; `[[barriers]]`, `[[compounds]]` and `[[dedicated]]` may be given several times. The keys
that name columns stand in `LayerSpec.columns`. `street`, `district` and `subtype` may be one value for the whole file,
`street = { value = "…" }`; a subtype of `SUBTYPES` may be written plainly. `households = 1` makes every point one
household. What the manifest says is checked here to the last key; what the files hold, where they are read.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from data.sentences import fault
from data.spelling import did_you_mean
from data.text import is_addressable
from gis.chinese_frames import SHIFTED
from gis.errors import FrameError
from gis.frame import CGCS2000, WGS84, Frame, is_geographic
from gis.town import LineKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gis.finding import Finding

IGNORE = -1
"""The kind of a line that is left out."""

KINDS: Mapping[str, int] = MappingProxyType(
    {
        **{kind.name.lower(): int(kind) for kind in LineKind if kind not in {LineKind.INSIDE, LineKind.COMMUNITY}},
        "ignore": IGNORE,
    }
)
"""The kinds that a manifest may give to a line."""

CONSTANTS = frozenset({"street", "district", "subtype"})
"""Keys that may be one value for the whole file, `street = { value = "舜耕街道" }`, instead of a column."""

SUBTYPES = frozenset(
    {
        "business_building",
        "functional_park",
        "government_organ",
        "enterprise_institution",
        "school",
        "hospital",
        "other",
    }
)
"""Words for dedicated areas that `subtype` may give to the whole file, unless the file has a column of that name."""

_ANY_LAYER = frozenset({"file", "layer", "coordinates", "where"})


@dataclass(frozen=True, slots=True)
class _Table:
    """What one table of the manifest may say."""

    columns: frozenset[str]
    required: frozenset[str] = frozenset()
    other: frozenset[str] = frozenset()
    many: bool = False

    @property
    def keys(self) -> frozenset[str]:
        return _ANY_LAYER | self.columns | self.other


TABLES: Mapping[str, _Table] = MappingProxyType(
    {
        "communities": _Table(
            frozenset({"code", "name", "street", "district"}), frozenset({"code"}), frozenset({"on_overlap"})
        ),
        "households": _Table(
            frozenset({"id", "lon", "lat", "persons", "compound", "building"}),
            frozenset({"households"}),
            frozenset({"households"}),
        ),
        "barriers": _Table(frozenset({"name"}), other=frozenset({"kind", "kind_from"}), many=True),
        "compounds": _Table(frozenset({"name"}), many=True),
        "dedicated": _Table(frozenset({"name", "subtype"}), many=True),
        "existing_grids": _Table(frozenset({"code"}), frozenset({"code"})),
    }
)
_REQUIRED_TABLES = ("communities", "households")
_TOP = ("name", "frame")


@dataclass(frozen=True, slots=True)
class KindFrom:
    """Kinds of lines by the value of a column; `otherwise` is None where values that are not listed are a fault."""

    column: str
    kinds: Mapping[str, int]
    otherwise: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSpec:
    """One table of the manifest: a file, and what its columns mean."""

    table: str
    """`communities`, `households`, `barriers`, `compounds`, `dedicated` or `existing_grids`."""
    label: str
    """The table as people find it: `barriers 2` is the second of its name."""
    file: str
    """As the manifest has it."""
    path: Path
    layer: str | None = None
    coordinates: str | None = None
    """`gcj02`, `bd09` or a registry name (`EPSG:4326`)."""
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Columns and the values, as text, of which a row must have one."""
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    """Values that hold for every row, by their key."""
    each: int | None = None
    """Households of every point, where the manifest gives a number instead of a column."""
    kind: int | None = None
    kind_from: KindFrom | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a town's manifest says. A table that is faulty or absent is not there."""

    path: Path
    name: str
    frame: Frame | None
    on_overlap: str
    communities: LayerSpec | None
    households: LayerSpec | None
    barriers: tuple[LayerSpec, ...]
    compounds: tuple[LayerSpec, ...]
    dedicated: tuple[LayerSpec, ...]
    existing_grids: LayerSpec | None

    @property
    def folder(self) -> Path:
        """The folder that file names start from."""
        return self.path.parent


_NAMED = {"wgs84": WGS84, "cgcs2000": CGCS2000, **{system: system for system in SHIFTED}}
"""Systems by the names that people write."""


def system_named(text: str) -> str | None:
    """Return the system that a text names (`wgs84`, `gcj02`, `EPSG:4548`); None where there is none by that name."""
    word = text.strip().lower()
    if word in _NAMED:
        return _NAMED[word]
    return word.upper() if re.fullmatch(r"epsg:\d+", word) and _registered(word.upper()) else None


def manifest_path(town: Path) -> Path:
    """Say where the manifest of `town` (a folder, a manifest or a GeoPackage) is."""
    if town.suffix.lower() == ".gpkg":
        return town.with_suffix(".toml")
    return town if town.suffix.lower() == ".toml" else town / "town.toml"


def read_manifest(town: Path, found: list[Finding]) -> Manifest | None:
    """Read the manifest of `town`, adding its faults to `found`; None where nothing can be made of it."""
    path = manifest_path(town)
    values = _parse(path, found)
    if values is None:
        return None
    reader = _Reader(path, town if town.suffix.lower() == ".gpkg" else None, found)
    return reader.manifest(values)


def _parse(path: Path, found: list[Finding]) -> dict[str, Any] | None:
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError:
        found.append(fault("manifest_missing", file=path.name, path=path))
        return None
    except UnicodeDecodeError:
        found.append(fault("manifest_not_utf8", file=path.name))
        return None
    if text.startswith("\ufeff"):
        found.append(fault("byte_order_mark", file=path.name))
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        # Where the text ends too early the parser names no line: it is the last.
        row = int(line[1]) if line else text.count("\n") + 1
        found.append(fault("manifest_syntax", file=path.name, row=row, detail=error))
        return None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns parsed TOML into a manifest; what does not fit goes to `found`."""

    path: Path
    package: Path | None
    found: list[Finding]

    def manifest(self, values: dict[str, Any]) -> Manifest:
        self._refuse_unknown_top(values)
        specs = {table: self._specs(table, values.get(table)) for table in TABLES}
        return Manifest(
            path=self.path,
            name=self._town_name(values),
            frame=self._frame(values.get("frame")),
            on_overlap=self._on_overlap(values.get("communities")),
            communities=next(iter(specs["communities"]), None),
            households=next(iter(specs["households"]), None),
            barriers=specs["barriers"],
            compounds=specs["compounds"],
            dedicated=specs["dedicated"],
            existing_grids=next(iter(specs["existing_grids"]), None),
        )

    def _say(self, kind: str, *, field: str | None = None, **values: Any) -> None:  # noqa: ANN401
        self.found.append(fault(kind, file=self.path.name, field=field, **values))

    def _refuse_unknown_top(self, values: dict[str, Any]) -> None:
        known = (*_TOP, *TABLES)
        for key in values.keys() - set(known):
            home = next((table for table, allowed in TABLES.items() if key in allowed.other), None)
            hint = {"hint": f" (it belongs into [{home}])", "hint_zh": f"（应写在 [{home}] 中）"}
            self._say("unknown_table", field=key, name=key, **(hint if home else did_you_mean(key, known)))
        for table in _REQUIRED_TABLES:
            if table not in values:
                self._say("missing_table", field=table, name=table)

    def _town_name(self, values: dict[str, Any]) -> str:
        name = values.get("name", self.path.resolve().parent.name)
        if not isinstance(name, str):
            self._wrong("town", "name", name, "a text", "文字")
            return ""
        if not is_addressable(name):
            self._say("not_addressable", field="name", value=name)
        return name

    def _frame(self, value: Any) -> Frame | None:  # noqa: ANN401 whatever TOML holds
        if value is None:
            return None
        try:
            return Frame(str(value))
        except FrameError as error:
            self._say("bad_frame", field="frame", value=value, detail=error)
            return None

    def _on_overlap(self, table: Any) -> str:  # noqa: ANN401 whatever TOML holds
        value = table.get("on_overlap", "error") if isinstance(table, dict) else "error"
        if value not in {"error", "first"}:
            self._wrong("communities", "on_overlap", value, '"error" or "first"', '"error" 或 "first"')
            return "error"
        return value

    def _wrong(self, table: str, name: str, value: object, expected: str, expected_zh: str) -> None:
        self._say(
            "wrong_value",
            field=name,
            table=table,
            name=name,
            value=repr(value),
            expected=expected,
            expected_zh=expected_zh,
        )

    def _specs(self, table: str, value: Any) -> tuple[LayerSpec, ...]:  # noqa: ANN401 whatever TOML holds
        if value is None:
            return ()
        many = TABLES[table].many and isinstance(value, list)
        entries: list[Any] = value if many else [value]
        specs: list[LayerSpec] = []
        for number, entry in enumerate(entries, 1):
            label = f"{table} {number}" if len(entries) > 1 else table
            if not isinstance(entry, dict):
                self._wrong(label, table, entry, "a table", "一个表")
            elif (spec := self._spec(table, label, entry)) is not None:
                specs.append(spec)
        return tuple(specs)

    def _spec(self, table: str, label: str, entry: dict[str, Any]) -> LayerSpec | None:
        allowed = TABLES[table]
        for key in sorted(entry.keys() - allowed.keys):
            self._say("unknown_key", field=key, table=label, name=key, **did_you_mean(key, allowed.keys))
        required = allowed.required | (frozenset() if self.package else {"file"})
        missing = sorted(required - entry.keys())
        for key in missing:
            self._say("missing_key", field=key, table=label, name=key)
        path = self._path(label, entry)
        columns = self._columns(table, label, entry)
        each = entry.get("households") if table == "households" else None
        kind, kind_from = self._kinds(label, entry) if table == "barriers" else (None, None)
        coordinates = self._coordinates(label, entry.get("coordinates"))
        where = self._where(label, entry.get("where"))
        layer = self._text(label, "layer", entry) or (table if self.package and "file" not in entry else None)
        if path is None or missing or columns is None:
            return None
        return LayerSpec(
            table=table,
            label=label,
            file=path[0],
            path=path[1],
            layer=layer,
            coordinates=coordinates,
            where=where,
            columns=columns,
            constants={key: entry[key]["value"] for key in sorted(CONSTANTS & entry.keys()) if _is_constant(entry[key])},
            each=each if isinstance(each, int) else None,
            kind=kind,
            kind_from=kind_from,
        )

    def _path(self, label: str, entry: dict[str, Any]) -> tuple[str, Path] | None:
        if self.package and "file" not in entry:
            return self.package.name, self.package
        name = self._text(label, "file", entry)
        return (name, self.path.parent / name) if name else None

    def _text(self, label: str, key: str, entry: dict[str, Any]) -> str | None:
        value = entry.get(key)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            self._wrong(label, key, value, "a text", "文字")
            return None
        return value

    def _columns(self, table: str, label: str, entry: dict[str, Any]) -> dict[str, str] | None:
        """Take the keys that name columns; None where one is no text. `households` may be a whole number instead."""
        names = set(TABLES[table].columns)
        each = entry.get("households")
        if table == "households" and (isinstance(each, bool) or not isinstance(each, int)):
            names.add("households")
        elif table == "households" and isinstance(each, int) and each < 0:
            self._wrong(label, "households", each, "a column or a whole number", "列名或非负整数")
        if table == "households" and ("lon" in entry) != ("lat" in entry):
            lacking = "lat" if "lon" in entry else "lon"
            self._say("missing_key", field=lacking, table=label, name=lacking)
        named = {key for key in names & entry.keys() if not (key in CONSTANTS and _is_constant(entry[key]))}
        taken = {key: self._text(label, key, entry) for key in sorted(named)}
        whole = {key: name for key, name in taken.items() if name is not None}
        return whole if len(whole) == len(taken) else None

    def _where(self, label: str, value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:  # noqa: ANN401 whatever TOML holds
        if value is None:
            return ()
        if not isinstance(value, dict):
            self._wrong(label, "where", value, "{ column = value }", "{ 列名 = 值 }")
            return ()
        conditions: list[tuple[str, tuple[str, ...]]] = []
        for column, wanted in value.items():
            options: list[Any] = wanted if isinstance(wanted, list) else [wanted]
            if not options or any(isinstance(option, dict | list) for option in options):
                self._wrong(label, f"where.{column}", wanted, "a value or a list of values", "一个值或一组值")
            conditions.append((column, tuple(str(option) for option in options)))
        return tuple(conditions)

    def _coordinates(self, label: str, value: Any) -> str | None:  # noqa: ANN401 whatever TOML holds
        if value is None:
            return None
        word = str(value).strip().lower()
        if (system := system_named(word)) is not None:
            return system
        self._say("unknown_coordinates", field="coordinates", table=label, value=repr(value), **did_you_mean(word, _NAMED))
        return None

    def _kinds(self, label: str, entry: dict[str, Any]) -> tuple[int | None, KindFrom | None]:
        if ("kind" in entry) == ("kind_from" in entry):
            self._say("missing_key", field="kind", table=label, name="kind / kind_from")
            return None, None
        if "kind" in entry:
            return self._kind(label, entry["kind"]), None
        table = entry["kind_from"]
        if not isinstance(table, dict) or not isinstance(table.get("column"), str):
            self._wrong(label, "kind_from", table, "{ column = …, value = kind }", "{ column = 列名, 值 = 类别 }")
            return None, None
        kinds = {
            key: kind
            for key, word in table.items()
            if key not in {"column", "otherwise"} and (kind := self._kind(label, word)) is not None
        }
        otherwise = self._kind(label, table["otherwise"]) if "otherwise" in table else None
        return None, KindFrom(table["column"], MappingProxyType(kinds), otherwise)

    def _kind(self, label: str, word: Any) -> int | None:  # noqa: ANN401 whatever TOML holds
        if word in KINDS:
            return KINDS[word]
        self._say(
            "unknown_kind",
            field="kind",
            table=label,
            name=repr(word),
            known=", ".join(KINDS),
            **did_you_mean(str(word), KINDS),
        )
        return None


def _is_constant(value: Any) -> bool:  # noqa: ANN401 whatever TOML holds
    return isinstance(value, dict) and value.keys() == {"value"} and isinstance(value["value"], str)


def _registered(crs: str) -> bool:
    try:
        is_geographic(crs)
    except FrameError:
        return False
    return True
