"""Reports that another system kept, from its file: every fault of them at once, row by row.

`incident_manifest.py` says what the columns mean. What is wrong with the manifest or with a whole column stops. A row that
cannot be used is left out, and a value that cannot be used is left open; both are said.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from data.columns import Columns, select
from data.incident_manifest import TEXTS, TIMES, WORDS, read_incident_manifest
from data.layers import read_table
from data.placing import outside_world, system_of, to_lon_lat
from data.sentences import fault
from data.spelling import did_you_mean, listed
from data.table import Table, as_text
from data.text import decode
from data.times import EPOCH, Doubt, TimeReader
from gis.errors import InputError
from gis.finding import Finding, Severity, stops
from gis.frame import WGS84

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from data.incident_manifest import IncidentFile
    from data.manifest import LayerSpec

    Texts = NDArray[np.object_]
    Moments = NDArray[np.datetime64]

LONGEST: Mapping[str, int] = MappingProxyType(
    {"external_id": 60, "category": 60, "title": 200, "address": 200, "description": 4_000}
)
"""Characters."""

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_SPREADSHEET = re.compile(r"\d(\.\d+)?[eE]\+\d+", re.ASCII)
_NEVER = np.datetime64("NaT", "us")
_OUT = "the row is left out.", "该行未载入。"
_OPEN = "it is left open.", "该值留空。"
_SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "incident_empty": ("{field} is empty; ", "{field} 为空；"),
        "incident_id_lost": (
            "The id {value} has lost its digits to a spreadsheet; ",
            "编号 {value} 已被电子表格改写；",
        ),
        "incident_too_long": ("{field} has more than {most} characters; ", "{field} 超过{most}个字符；"),
        "incident_twice": ("The id {value} stands in row {first} already; ", "编号 {value} 已见于第{first}行；"),
        "incident_no_place": ("There is no place; ", "没有坐标；"),
        "incident_place_wrong": ("{value} is no place on the ground; ", "{value} 不是有效坐标；"),
        "incident_time_unreadable": ("{field} = {value!r} is no time; ", "{field} = {value!r} 不是有效时间；"),
        "incident_time_never": (
            "{field} = {value!r} never was: summer time began; ",
            "{field} = {value!r} 因夏令时开始而不存在；",
        ),
        "incident_time_twice": (
            "{field} = {value!r} was there twice, as summer time ended; the first is meant.",
            "{field} = {value!r} 因夏令时结束出现两次；取第一次。",
        ),
        "incident_future": ("{field} = {value} lies in the future; ", "{field} = {value} 晚于当前时间；"),
        "incident_backwards": ("It was closed, at {value}, before it was reported; ", "结案（{value}）早于上报；"),
        "incident_accepted_aside": (
            "It was accepted, at {value}, before it was reported or after it was closed; ",
            "受理（{value}）早于上报或晚于结案；",
        ),
        "incident_word": (
            "{field} = {value!r} is none of our words ({known}), nor said to be one{hint}; ",
            "{field} = {value!r} 不是可用词（{known}），也未作对应{hint_zh}；",
        ),
        "incident_cut": (
            "{field} has more than {most} characters; the rest is cut off.",
            "{field} 超过{most}个字符；其余已截去。",
        ),
    }
)
"""What is said of a row, in English and Chinese, up to what follows from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Reports of one source, as columns; all that is in here can be used.

    `row` is where each stands in the file, from 1; `lon_lat` (n, 2) are degrees, CGCS2000; moments are UTC, NaT where nobody
    says. What has `closed_at` has ended there, and has an `outcome`. Texts that nobody gave are ''.
    """

    source: str
    row: NDArray[np.int64]
    external_id: Texts
    lon_lat: NDArray[np.float64]
    kind: Texts
    category: Texts
    title: Texts
    description: Texts
    address: Texts
    reported_at: Moments
    accepted_at: Moments
    closed_at: Moments
    due_at: Moments
    outcome: Texts
    satisfaction: Texts

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.row)

    def take(self, keep: NDArray[Any]) -> Arrivals:
        """Return those that a mask or indices name."""
        columns = {name: getattr(self, name)[keep] for name in self.__slots__ if name != "source"}
        return Arrivals(source=self.source, **columns)


def read_incidents(path: Path, *, now: datetime) -> tuple[Arrivals, tuple[Finding, ...]]:
    """Read the reports that a manifest names, and return them with everything that was found.

    Raises
    ------
    InputError
        The manifest or a column that it needs cannot be used; carries everything that was found.
    """
    found: list[Finding] = []
    file = read_incident_manifest(path, found)
    arrivals = None if file is None or stops(found) else _read(file, found, now)
    if arrivals is None or stops(found):
        first = next(each for each in found if each.severity is Severity.ERROR)
        raise InputError(f"The reports cannot be read: {first.en}", found)
    return arrivals, tuple(found)


def _read(file: IncidentFile, found: list[Finding], now: datetime) -> Arrivals | None:
    is_json = file.spec.path.suffix.lower() in {".geojson", ".json"}
    table = (_geojson if is_json else read_table)(file.spec, found)
    columns = None if table is None else select(Columns(table, file.spec, found))
    return None if columns is None else _Reader(columns, file, np.ones(len(columns.table.row), dtype=np.bool_)).read(now)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a table, column by column; `keep` says which rows can be used so far."""

    columns: Columns
    file: IncidentFile
    keep: NDArray[np.bool_]

    def read(self, now: datetime) -> Arrivals | None:
        """Return what can be used; None where a column that is needed cannot be."""
        columns = self.columns
        lon_lat, external_id = self._places(), self._ids()
        title, description, address = (self._cut(name) for name in TEXTS)
        category = columns.text("category")
        self._drop(category == "", "incident_empty", "category")
        self._drop(_longer(category, "category"), "incident_too_long", "category", most=LONGEST["category"])
        reported_at, accepted_at, closed_at, due_at = (self._moments(name) for name in TIMES)
        self._in_order(reported_at, accepted_at, closed_at, now)
        is_closed = ~np.isnat(closed_at)
        kind = self._word("kind", np.ones_like(is_closed))
        outcome = self._word("outcome", is_closed)
        satisfaction = self._word("satisfaction", is_closed, needed=False)
        if lon_lat is None or external_id is None or stops(columns.found):
            return None
        return Arrivals(
            source=self.file.source,
            row=columns.table.row,
            external_id=external_id,
            lon_lat=lon_lat,
            kind=kind,
            category=category,
            title=title,
            description=description,
            address=address,
            reported_at=reported_at,
            accepted_at=accepted_at,
            closed_at=closed_at,
            due_at=due_at,
            outcome=outcome,
            satisfaction=satisfaction,
        ).take(self.keep)

    def _say(self, kind: str, index: int, key: str, then: tuple[str, str] = ("", ""), **values: object) -> None:
        en, zh = _SENTENCES[kind]
        field = self.columns.spec.columns.get(key, key)
        words = {"field": field, "hint": "", "hint_zh": ""} | values
        self.columns.found.append(
            Finding(
                kind=kind,
                severity=Severity.WARNING,
                en=en.format(**words) + then[0],
                zh=zh.format(**words) + then[1],
                file=self.columns.table.file,
                row=int(self.columns.table.row[index]),
                field=field,
            )
        )

    def _drop(self, rows: NDArray[np.bool_], kind: str, key: str, values: NDArray[Any] | None = None, **more: object) -> None:
        """Leave rows out, each with a finding."""
        for index in np.flatnonzero(rows).tolist():
            self._say(kind, index, key, _OUT, **({} if values is None else {"value": values[index]}), **more)
        self.keep[rows] = False

    def _ids(self) -> Texts | None:
        if self.columns.name_of("external_id") is None:
            return None
        values = self.columns.text("external_id")
        first: dict[str, int] = {}
        again = np.zeros(len(values), dtype=np.bool_)
        for index, (value, row) in enumerate(zip(values.tolist(), self.columns.table.row.tolist(), strict=True)):
            again[index] = bool(value) and first.setdefault(value, row) != row
        before = [first.get(value) for value in values.tolist()]
        for index in np.flatnonzero(again).tolist():
            self._say("incident_twice", index, "external_id", _OUT, value=values[index], first=before[index])
        self.keep[again] = False
        lost = np.array([_SPREADSHEET.fullmatch(value) is not None for value in values.tolist()], dtype=np.bool_)
        self._drop(values == "", "incident_empty", "external_id")
        self._drop(lost, "incident_id_lost", "external_id", values)
        self._drop(_longer(values, "external_id"), "incident_too_long", "external_id", most=LONGEST["external_id"])
        return values

    def _places(self) -> NDArray[np.float64] | None:
        """Return where they lie, in degrees; what has no place is left out."""
        by_columns = "lon" in self.columns.spec.columns
        told = self._from_columns() if by_columns else self._from_shapes()
        system = system_of(self.columns, from_columns=by_columns)
        if told is None or system is None:
            return None
        xy, said, missing = told
        key = "lon" if by_columns else "geometry"
        good = np.isfinite(xy).all(axis=1)
        xy = np.where(np.isfinite(xy).all(axis=1, keepdims=True), xy, 0.0)
        self._drop(missing, "incident_no_place", key)
        wrong = ~good | (xy == 0.0).all(axis=1) | outside_world(xy, system)
        self._drop(wrong & ~missing, "incident_place_wrong", key, said)
        lon_lat = np.zeros_like(xy)
        lon_lat[self.keep] = to_lon_lat(xy[self.keep], system)
        return lon_lat

    def _from_columns(self) -> tuple[NDArray[np.float64], Texts, NDArray[np.bool_]] | None:
        """Return coordinates, what stood there, and where nothing did."""
        names = [self.columns.name_of(each) for each in ("lon", "lat")]
        halves = [as_text(self.columns.table.columns[name]) for name in names if name is not None]
        if len(halves) < len(names):
            return None
        said = np.array([", ".join(pair) for pair in zip(*(each.tolist() for each in halves), strict=True)], dtype=object)
        return np.column_stack([_numbers(each) for each in halves]), said, (halves[0] == "") | (halves[1] == "")

    def _from_shapes(self) -> tuple[NDArray[np.float64], Texts, NDArray[np.bool_]] | None:
        """Return the same of shapes; what is no point has no coordinates."""
        shapes = self.columns.table.geometry
        if shapes is None:
            self.columns.say("no_geometry", field="geometry")
            return None
        is_point = np.array([isinstance(shape, shapely.Point) for shape in shapes.tolist()], dtype=np.bool_)
        said = np.array(["" if shape is None else shape.geom_type for shape in shapes.tolist()], dtype=object)
        xy = np.full((len(shapes), 2), np.nan)
        xy[is_point] = np.column_stack([shapely.get_x(shapes[is_point]), shapely.get_y(shapes[is_point])])
        return xy, said, shapely.is_missing(shapes) | shapely.is_empty(shapes)

    def _cut(self, name: str) -> Texts:
        values = self.columns.text(name)
        long = _longer(values, name)
        for index in np.flatnonzero(long).tolist():
            self._say("incident_cut", index, name, most=LONGEST[name])
            values[index] = values[index][: LONGEST[name]]
        return values

    def _word(self, name: str, asked: NDArray[np.bool_], *, needed: bool = True) -> Texts:
        """Return our word for what a column says where it is asked for, '' elsewhere; what is no word is said."""
        means = self.file.means[name]
        values = np.where(asked, self.columns.text(name), "")
        ours = np.array([means.get(value, "") for value in values.tolist()], dtype=object)
        for index in np.flatnonzero((ours == "") & (values != "")).tolist():
            value, then = values[index], _OUT if needed else _OPEN
            self._say("incident_word", index, name, then, value=value, known=listed(WORDS[name]), **did_you_mean(value, means))
        if needed:
            self._drop(asked & (values == ""), "incident_empty", name)
            self.keep[asked & (ours == "")] = False
        return ours

    def _moments(self, name: str) -> Moments:
        """Return a column of times in UTC; a time that is none leaves the row out where the row hangs on it."""
        column = self.columns.name_of(name)
        moments = np.full(len(self.keep), _NEVER)
        if column is None:
            return moments
        needed = name in {"reported_at", "closed_at"}
        read = TimeReader(self.file.zone)
        cells = [text.strip() for text in as_text(self.columns.table.columns[column]).tolist()]
        for index, text in enumerate(cells):
            if not text:
                continue
            moment, doubt = read.at(text)
            if doubt in {Doubt.NONE, Doubt.TWICE}:
                moments[index] = moment
            if doubt is not Doubt.NONE:
                then = ("", "") if doubt is Doubt.TWICE else _OUT if needed else _OPEN
                self._say(f"incident_time_{doubt}", index, name, then, value=text)
                self.keep[index] &= doubt is Doubt.TWICE or not needed
        if name == "reported_at":
            self._drop(np.array([not text for text in cells], dtype=np.bool_), "incident_empty", name)
        return moments

    def _in_order(self, reported: Moments, accepted: Moments, closed: Moments, now: datetime) -> None:
        """Leave out what has not happened yet or ended before it began; leave open when it cannot have been accepted."""
        latest = np.datetime64((now.astimezone(UTC) - EPOCH) // timedelta(microseconds=1), "us")
        for name, moments in (("reported_at", reported), ("closed_at", closed)):
            self._drop(moments > latest, "incident_future", name, np.datetime_as_string(moments, unit="s"))
        self._drop(closed < reported, "incident_backwards", "closed_at", np.datetime_as_string(closed, unit="s"))
        for index in np.flatnonzero((accepted < reported) | ((accepted > closed) & (closed >= reported))).tolist():
            said = np.datetime_as_string(accepted[index], unit="s")
            self._say("incident_accepted_aside", index, "accepted_at", _OPEN, value=said)
            accepted[index] = _NEVER


def _geojson(spec: LayerSpec, found: list[Finding]) -> Table | None:
    """Read GeoJSON as it lies there: GDAL would read its times and drop their zones."""
    if not spec.path.is_file():
        found.append(fault("file_missing", file=spec.file, table=spec.label, name=spec.file))
        return None
    try:
        document = json.loads(decode(spec.path.read_bytes(), spec.file, found))
        features = [(each["properties"] or {}, each["geometry"]) for each in document["features"]]
        shapes = [None if shape is None else shapely.from_geojson(json.dumps(shape)) for _, shape in features]
    except (ValueError, KeyError, TypeError, shapely.errors.GEOSException) as error:
        found.append(fault("unreadable_file", file=spec.file, detail=f"no GeoJSON: {' '.join(str(error).split())}"))
        return None
    names = dict.fromkeys(name for properties, _ in features for name in properties)
    return Table(
        file=spec.file,
        columns={name: np.array([each.get(name) for each, _ in features] + [None], dtype=object)[:-1] for name in names},
        geometry=np.array([*shapes, None], dtype=object)[:-1],
        crs=WGS84,
        states_crs=False,
        row=np.arange(1, len(features) + 1),
    )


def _numbers(cells: Texts) -> NDArray[np.float64]:
    """Return cells as numbers, NaN where they are none."""
    # Python reads 1_000 and full-width digits as numbers too.
    return np.array([float(cell) if _NUMBER.fullmatch(cell) else np.nan for cell in cells.tolist()], dtype=np.float64)


def _longer(values: Texts, name: str) -> NDArray[np.bool_]:
    return np.array([len(value) > LONGEST[name] for value in values.tolist()], dtype=np.bool_)
