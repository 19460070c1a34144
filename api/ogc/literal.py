"""Geometry that callers write: GeoJSON and boxes, checked, and bound as a value in SQL."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, cast

import shapely
from shapely.geometry import shape

from api.ogc.crs import column
from api.ogc.where import Filter, any_of, bound, build
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from api.ogc.crs import Crs
    from api.ogc.fields import Geometry

DEPTHS = {"Point": 0, "LineString": 1, "Polygon": 2, "MultiPoint": 1, "MultiLineString": 2, "MultiPolygon": 3}
"""How many lists lie around the positions of each type."""
ROUND_THE_WORLD = 180.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, x first, its lower values before its higher ones; it may be as flat as a line or a point."""

    west: float
    south: float
    east: float
    north: float

    def shape(self) -> BaseGeometry:
        """Return the rectangle, the line or the point."""
        west, south, east, north = self.west, self.south, self.east, self.north
        if west == east and south == north:
            return shapely.Point(west, south)
        if west == east or south == north:
            return shapely.LineString([(west, south), (east, north)])
        return shapely.box(west, south, east, north)


def boxes(numbers: Sequence[object], crs: Crs, parameter: str, code: str) -> tuple[Box, ...]:
    """Return the box that four or six numbers write in the order of the system's axes; two, across the antimeridian.

    Raises
    ------
    ParameterError
        Naming `parameter`, with `code`, if they are no box.

    """
    if len(numbers) not in {4, 6}:
        _refuse(parameter, f"A box has 4 numbers, or 6 with heights; here are {len(numbers)}.", code)
    dimensions = len(numbers) // 2
    values = [_finite(number, parameter, code) for number in numbers]
    low, high = values[:dimensions], values[dimensions:]
    if dimensions == 3 and low[2] > high[2]:  # noqa: PLR2004 - the third is the height
        _refuse(parameter, f"The box's lowest height {low[2]} is above its highest, {high[2]}.", code)
    west, south = _placed(low[0], low[1], crs, parameter, code)
    east, north = _placed(high[0], high[1], crs, parameter, code)
    if south > north:
        _refuse(parameter, f"The box's southern edge {south} lies north of its northern edge {north}.", code)
    if west <= east:
        return (Box(west, south, east, north),)
    if not crs.degrees:
        _refuse(parameter, f"The box's western edge {west} lies east of its eastern edge {east}.", code)
    return (Box(west, south, ROUND_THE_WORLD, north), Box(-ROUND_THE_WORLD, south, east, north))


def box_shape(found: Sequence[Box]) -> BaseGeometry:
    """Return one geometry of one box or two."""
    return found[0].shape() if len(found) == 1 else shapely.union_all([box.shape() for box in found])


def read_geometry(tree: dict[str, object], crs: Crs, *, most: int) -> tuple[BaseGeometry, int]:
    """Return GeoJSON written in `crs` as a flat, valid geometry with x first, and how many vertices it has.

    Raises
    ------
    ParameterError
        `invalid-filter`, if it is no geometry, is not valid, or has more than `most` vertices.

    """
    kind = tree.get("type")
    if kind == "GeometryCollection":
        members = tree.get("geometries")
        if not isinstance(members, list) or not members:
            _refuse("filter", "A GeometryCollection needs its list of geometries.")
        made: list[BaseGeometry] = []
        used = 0
        for member in cast("list[object]", members):
            if not isinstance(member, dict) or cast("dict[str, object]", member).get("type") not in DEPTHS:
                _refuse("filter", "A GeometryCollection holds geometries that are no collections.")
            geometry, vertices = read_geometry(cast("dict[str, object]", member), crs, most=most - used)
            used += vertices
            made.append(geometry)
        return shapely.GeometryCollection(made), used
    if not isinstance(kind, str) or kind not in DEPTHS:
        _refuse("filter", f"{str(kind)[:40]!r} is no geometry; write one of {', '.join(DEPTHS)}.")
    count = _Counter(most)
    coordinates = _positions(tree.get("coordinates"), DEPTHS[kind], crs, count)
    try:
        geometry = shape({"type": kind, "coordinates": coordinates})
    except (ValueError, shapely.errors.ShapelyError) as error:
        _refuse("filter", f"The {kind} cannot be drawn: {error}")
    if geometry.is_empty:
        _refuse("filter", f"The {kind} is empty.")
    if not geometry.is_valid:
        _refuse("filter", f"The {kind} is not valid: {shapely.is_valid_reason(geometry)}.")
    return geometry, count.used


def bind(geometry: BaseGeometry, crs: Crs, srid: int) -> Filter:
    """Return the geometry as a value in SQL, brought from `crs` to `srid`."""
    written = shapely.to_wkb(shapely.set_srid(geometry, crs.stored_srid), hex=True, include_srid=True)
    value = build("CAST({} AS geometry)", bound(written))
    # An SRID is one of ours, never what somebody typed.
    return value if crs.stored_srid == srid else build("ST_Transform({}, {})", value, bound(srid))


def meets_box(found: Sequence[Box], crs: Crs, geometry: Geometry) -> Filter:
    """Return the condition that a feature's geometry meets one of the boxes."""
    srid, name = column(geometry, crs)
    own = Filter(name)
    parts: list[Filter] = []
    for box in found:
        value = bind(box.shape(), crs, srid)
        parts.append(build("({} && {} AND ST_Intersects({}, {}))", own, value, own, value))
    return any_of(parts)


class _Counter:
    """Counts vertices, and stops when there are too many."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.used = 0

    def one(self) -> None:
        self.used += 1
        if self.used > self.most:
            _refuse("filter", "The filter's geometries have too many vertices.")


def _positions(tree: object, depth: int, crs: Crs, count: _Counter) -> object:
    """Return lists of (x, y) as deep as they were."""
    if not isinstance(tree, list):
        _refuse("filter", "The coordinates of a geometry are lists of numbers.")
    items = cast("list[object]", tree)
    if depth:
        return [_positions(item, depth - 1, crs, count) for item in items]
    count.one()
    if not 2 <= len(items) <= 4:  # noqa: PLR2004 - x, y, and perhaps a height and a measure
        _refuse("filter", f"A position has 2 numbers or 3, not {len(items)}.")
    first, second, *_ = [_finite(item, "filter", "invalid-filter") for item in items]
    return _placed(first, second, crs, "filter", "invalid-filter")


def _placed(first: float, second: float, crs: Crs, parameter: str, code: str) -> tuple[float, float]:
    """Return (x, y) of a position written in the order of the system's axes, if it lies where the system is used."""
    x, y = (second, first) if crs.north_first else (first, second)
    west, south, east, north = crs.domain
    if not (west <= x <= east and south <= y <= north):
        order = ("latitude, longitude" if crs.degrees else "northing, easting") if crs.north_first else "x, y"
        _refuse(parameter, f"Position ({first}, {second}) lies outside {crs.uri}, whose axes are {order}.", code)
    return x, y


def _finite(value: object, parameter: str, code: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(parameter, "A coordinate is not a number.", code)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        _refuse(parameter, "A coordinate is not a finite number.", code)
    return number


def _refuse(parameter: str, message: str, code: str = "invalid-filter") -> NoReturn:
    raise ParameterError(parameter, message, code=code)
