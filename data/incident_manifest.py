"""The manifest of a file of reports: which file, what the other system is called, what the columns mean.

It is `anything.toml`, beside the file (CSV, GeoJSON or Parquet):

    [incidents]
    file = "orders.csv"
    source = "hotline_12345"        # what the other system is called here
    zone = "Asia/Shanghai"          # of times that are written without one
    coordinates = "gcj02"           # unless the file says
    external_id = "order_no"
    lon = "x"                       # or, without lon and lat, the points of the file
    lat = "y"
    reported_at = "created"
    category = "type"               # or one for all: { value = "rubbish" }
    kind = { value = "problem" }
    title = "subject"
    address = "place"
    closed_at = "finished"          # a row that says when has ended there, with an answer
    accepted_at = "created"
    due_at = "deadline"
    outcome = { value = "resolved" }

    [incidents.kind_is]             # their words, as ours; also `outcome_is`, `satisfaction_is`
    "投诉" = "problem"

`where = { column = value }` takes only such rows. What has not ended comes to the desk here as if it were reported now, so that
`accepted_at` and `due_at` matter only for what has.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from data.manifest import LayerSpec
from data.sentences import fault
from data.spelling import did_you_mean, listed
from gis.chinese_frames import SHIFTED
from gis.errors import FrameError
from gis.finding import Finding, Severity, stops
from gis.frame import CGCS2000, WGS84, is_geographic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OURS = "grid"
"""The source of what our own people report."""
WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "kind": ("problem", "opinion", "request"),
        "outcome": ("resolved", "unresolved"),
        "satisfaction": ("satisfied", "basic", "unsatisfied", "unreachable"),
    }
)
"""The words that we have; another system's are said to be one of them."""
TEXTS = ("title", "description", "address")
TIMES = ("reported_at", "accepted_at", "closed_at", "due_at")
_COLUMNS = ("external_id", "lon", "lat", "category", *WORDS, *TEXTS, *TIMES)
_REQUIRED = ("file", "source", "external_id", "reported_at", "category", "kind")
_TOGETHER = (("lon", "lat"), ("lat", "lon"), ("closed_at", "outcome"))
"""Who says the one has to say the other."""
_CONSTANTS = ("category", *WORDS)
_OTHER = ("file", "source", "zone", "coordinates", "where", *(f"{name}_is" for name in WORDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFile:
    """What a manifest says of a file of reports. `means` are our words by theirs, for each kind of word."""

    spec: LayerSpec
    source: str
    zone: ZoneInfo
    means: Mapping[str, Mapping[str, str]]


def read_incident_manifest(path: Path, found: list[Finding]) -> IncidentFile | None:
    """Read a manifest, adding its faults to `found`; None where nothing can be made of it."""
    try:
        values = tomllib.loads(path.read_bytes().decode("utf-8").removeprefix("\ufeff"))
    except OSError:
        found.append(fault("manifest_missing", file=path.name, path=path))
        return None
    except UnicodeDecodeError:
        found.append(fault("manifest_not_utf8", file=path.name))
        return None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        found.append(fault("manifest_syntax", file=path.name, row=int(line[1]) if line else None, detail=error))
        return None
    found.extend(
        fault("unknown_table", file=path.name, field=name, name=name, **did_you_mean(name, ["incidents"]))
        for name in sorted(values.keys() - {"incidents"})
    )
    table = values.get("incidents")
    if not isinstance(table, dict):
        found.append(fault("missing_table", file=path.name, field="incidents", name="incidents"))
        return None
    return _Manifest(path, cast("dict[str, Any]", table), found).read()


@dataclass(frozen=True, slots=True)
class _Manifest:
    """Turns the table into what it means; what does not fit goes to `found`."""

    path: Path
    table: dict[str, Any]
    found: list[Finding]

    def read(self) -> IncidentFile | None:
        table, known = self.table, (*_OTHER, *_COLUMNS)
        for name in sorted(table.keys() - set(known)):
            self._say("unknown_key", name, name=name, **did_you_mean(name, known))
        pairs = (("lon", "lat"), ("lat", "lon"))
        required = (
            *_REQUIRED,
            *(other for one, other in pairs if one in table),
            *(["outcome"] if "closed_at" in table else []),
        )
        for name in required:
            if name not in table:
                self._say("missing_key", name, name=name)
        constants = {name: table[name]["value"] for name in _CONSTANTS if _is_constant(table.get(name))}
        columns = {name: table[name] for name in _COLUMNS if name in table and name not in constants}
        texts = {name: each for name, each in table.items() if name in {"file", "source", "zone"}} | columns
        for name, each in texts.items():
            if not isinstance(each, str) or not each.strip():
                self._wrong(name, each, "a text", "文字")
        source, means = table.get("source"), {name: self._words(name, constants) for name in WORDS}
        if source == OURS:
            en, zh = "source = 'grid' is our own: name the other system.", "source = 'grid' 为本系统自用;请写明来源系统。"
            self.found.append(
                Finding(kind="incident_source", severity=Severity.ERROR, en=en, zh=zh, file=self.path.name, field="source")
            )
        zone, coordinates, where = self._zone(), self._coordinates(), self._where()
        if stops(self.found) or zone is None:
            return None
        spec = LayerSpec(
            table="incidents",
            label="incidents",
            file=table["file"],
            path=self.path.parent / table["file"],
            coordinates=coordinates,
            where=where,
            columns=columns,
            constants=constants,
        )
        return IncidentFile(spec=spec, source=cast("str", source).strip(), zone=zone, means=means)

    def _say(self, kind: str, key: str, **values: Any) -> None:  # noqa: ANN401 whatever a sentence names
        self.found.append(fault(kind, file=self.path.name, field=key, table="incidents", **values))

    def _wrong(self, key: str, value: object, expected: str, expected_zh: str) -> None:
        self._say("wrong_value", key, name=key, value=repr(value), expected=expected, expected_zh=expected_zh)

    def _words(self, name: str, constants: Mapping[str, str]) -> dict[str, str]:
        """Return our words by theirs; ours mean themselves."""
        words = {each: each for each in WORDS[name]}
        told = self.table.get(f"{name}_is", {})
        if not isinstance(told, dict) or not all(each in words for each in cast("dict[str, Any]", told).values()):
            known = listed(words)
            self._wrong(f"{name}_is", told, f"{{ their word = one of {known} }}", f"{{ 对方用词 = {known} 之一 }}")
            told = {}
        if name in constants and constants[name] not in words:
            self._wrong(name, constants[name], f"one of {listed(words)}", f"{listed(words)} 之一")
        return words | cast("dict[str, str]", told)

    def _zone(self) -> ZoneInfo | None:
        name = self.table.get("zone", "Asia/Shanghai")
        try:
            return ZoneInfo(name)
        except (ValueError, TypeError, OSError, LookupError):
            self._wrong("zone", name, "a time zone, as Asia/Shanghai", "时区，如 Asia/Shanghai")
            return None

    def _coordinates(self) -> str | None:
        value = self.table.get("coordinates")
        word = str(value).strip().lower()
        named = {"wgs84": WGS84, "cgcs2000": CGCS2000, **{system: system for system in SHIFTED}}
        if value is None or word in named:
            return named.get(word)
        try:
            is_geographic(word.upper())
        except FrameError:
            self._say("unknown_coordinates", "coordinates", value=repr(value), **did_you_mean(word, named))
            return None
        return word.upper()

    def _where(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        value = self.table.get("where", {})
        if not isinstance(value, dict):
            self._wrong("where", value, "{ column = value }", "{ 列名 = 值 }")
            return ()
        told = cast("dict[str, Any]", value)
        return tuple((name, tuple(map(str, each if isinstance(each, list) else [each]))) for name, each in told.items())


def _is_constant(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    told = cast("dict[str, object]", value)
    return told.keys() == {"value"} and isinstance(told["value"], str)
