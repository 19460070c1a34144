"""The household points: how many households, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from data.placing import in_degrees, outside_world, place, points_to_frame, system_of
from data.sentences import fault
from data.shapes import say_swapped_layer
from gis.town import Households, read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.areas import Ground
    from data.columns import Columns
    from gis.frame import Frame

_NEAR_M = 1000.0
_MOST = 0.5


def households_from(columns: Columns, ground: Ground) -> Households | None:
    """Make the household points of a table.

    Every column is checked whatever else is wrong. Rows with a fault are left out of what is returned; it serves then
    only to find further faults. None where there are no coordinates to speak of.
    """
    number = _attributes(columns)
    by_columns = "lon" in columns.spec.columns or "lat" in columns.spec.columns
    system = system_of(columns, from_columns=by_columns) if by_columns or columns.table.geometry is not None else None
    xy = _coordinates(columns)
    if number is None or xy is None or system is None or ground.frame is None:
        return None
    placed, keep = _placed(columns, xy, system, ground.frame, ground.communities)
    return _taken(number, placed, keep)


def _attributes(columns: Columns) -> Households | None:
    """Read everything but the coordinates."""
    count = len(columns.table.row)
    number = _households(columns)
    persons = columns.counts("persons")
    row_id = as_row_id(columns)
    compound, building = columns.text("compound"), columns.text("building")
    if number is None or row_id is None:
        return None
    zero = int((number == 0).sum())
    if zero:
        columns.say("zero_households", field=columns.spec.columns.get("households"), count=zero, total=count)
    return Households(
        id=tuple(row_id.tolist()),
        xy=np.zeros((count, 2)),
        households=number,
        persons=np.zeros(count, dtype=np.int64) if persons is None else persons,
        compound=tuple(compound.tolist()),
        building=tuple(np.where(building == "", row_id, building).tolist()),
        row=columns.table.row,
    )


def _households(columns: Columns) -> NDArray[np.int64] | None:
    if columns.spec.each is not None:
        return np.full(len(columns.table.row), columns.spec.each, dtype=np.int64)
    return columns.counts("households")


def as_row_id(columns: Columns) -> NDArray[np.object_] | None:
    """Return the id of each row: its column, or the row's number where the manifest names none."""
    if "id" in columns.spec.columns:
        return columns.key_text("id", "duplicate_id")
    columns.say("row_number_as_id", field="id")
    return np.array([str(row) for row in columns.table.row.tolist()], dtype=object)


def _coordinates(columns: Columns) -> NDArray[np.float64] | None:
    """Return longitude or easting and latitude or northing (n, 2) as the file has them, NaN where a fault was found."""
    if "lon" in columns.spec.columns or "lat" in columns.spec.columns:
        names = [columns.name_of("lon"), columns.name_of("lat")]
        halves = [columns.numbers(name) for name in names if name is not None]
        return np.column_stack(halves) if len(halves) == len(names) else None
    if columns.table.geometry is None:
        columns.say("no_geometry", field="geometry")
        return None
    return _from_shapes(columns, columns.table.geometry)


def _from_shapes(columns: Columns, geometry: NDArray[np.object_]) -> NDArray[np.float64]:
    empty = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    single = np.where(shapely.get_num_geometries(geometry) == 1, shapely.get_geometry(geometry, 0), geometry)
    is_point = shapely.get_type_id(single) == shapely.GeometryType.POINT
    for row in columns.table.row[empty].tolist():
        columns.say("empty_geometry", row=row, field="geometry")
    for index in np.flatnonzero(~is_point & ~empty):
        name = geometry[index].geom_type
        row = int(columns.table.row[index])
        columns.say("wrong_geometry_type", row=row, field="geometry", value=name, expected="points", expected_zh="点")
    points = single.copy()
    points[~is_point | empty] = None
    return np.column_stack([shapely.get_x(points), shapely.get_y(points)])


def _placed(
    columns: Columns, xy: NDArray[np.float64], system: str, frame: Frame, communities: NDArray[np.object_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Carry the points into the frame; also say which of them are there at all."""
    keep = np.isfinite(xy).all(axis=1)
    zero = keep & (xy == 0.0).all(axis=1) & in_degrees(system)
    for row in columns.table.row[zero].tolist():
        columns.say("zero_coordinate", row=row, field=columns.spec.columns.get("lon", "geometry"))
    keep &= ~zero
    safe = np.where(keep[:, None], xy, 0.0)
    off = keep & outside_world(safe, system)
    swapped = keep & _swapped(safe, off, system, frame, communities)
    _say_swapped(columns, swapped, int(keep.sum()))
    _say_off(columns, xy, off & ~swapped, system)
    keep &= ~off & ~swapped
    placed = np.zeros_like(xy)
    placed[keep] = points_to_frame(xy[keep], system, frame)
    if keep.any() and len(communities) and not _near(placed[keep], communities):
        columns.say("layer_elsewhere", field="coordinates")
        keep[:] = False
    return placed, keep


def _swapped(
    xy: NDArray[np.float64], off: NDArray[np.bool_], system: str, frame: Frame, communities: NDArray[np.object_]
) -> NDArray[np.bool_]:
    """Say which points are in no community as they stand but in one the other way round.

    Without communities to ask, those that are off the Earth as they stand but on it the other way round.
    """
    turned = xy[:, ::-1]
    possible = ~outside_world(turned, system)
    if not len(communities):
        return off & possible
    asked = np.flatnonzero(possible)
    outside = np.ones(len(xy), dtype=np.bool_)
    on_earth = np.flatnonzero(~off)
    outside[on_earth] = ~inside_any(points_to_frame(xy[on_earth], system, frame), communities)
    asked = asked[outside[asked]]
    swapped = np.zeros(len(xy), dtype=np.bool_)
    swapped[asked] = inside_any(points_to_frame(turned[asked], system, frame), communities)
    return swapped


def inside_any(xy: NDArray[np.float64], polygon: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Say which points (n, 2) lie in or on one of the polygons."""
    hit = shapely.STRtree(polygon).query(shapely.points(xy), predicate="intersects")[0]
    inside = np.zeros(len(xy), dtype=np.bool_)
    inside[hit] = True
    return inside


def _near(xy: NDArray[np.float64], polygon: NDArray[np.object_]) -> bool:
    west, south, east, north = shapely.total_bounds(polygon)
    low = (xy >= (west - _NEAR_M, south - _NEAR_M)).all(axis=1)
    return bool((low & (xy <= (east + _NEAR_M, north + _NEAR_M)).all(axis=1)).any())


def _say_swapped(columns: Columns, swapped: NDArray[np.bool_], total: int) -> None:
    count = int(swapped.sum())
    if count and count >= _MOST * total:
        say_swapped_layer(columns, count, total)
        return
    for row in columns.table.row[swapped].tolist():
        columns.say("axes_swapped_row", row=row, field=columns.spec.columns.get("lon", "geometry"))


def _say_off(columns: Columns, xy: NDArray[np.float64], off: NDArray[np.bool_], system: str) -> None:
    for index in np.flatnonzero(off):
        x, y = xy[index]
        columns.found.append(
            fault(
                "outside_world",
                file=columns.table.file,
                row=int(columns.table.row[index]),
                field=columns.spec.columns.get("lon", "geometry"),
                place=place(xy[index], system),
                x=f"{x:g}",
                y=f"{y:g}",
                crs=system,
            )
        )


def _taken(number: Households, xy: NDArray[np.float64], keep: NDArray[np.bool_]) -> Households:
    index = np.flatnonzero(keep).tolist()
    return Households(
        id=tuple(number.id[i] for i in index),
        xy=read_only(xy[keep]),
        households=read_only(number.households[keep]),
        persons=read_only(number.persons[keep]),
        compound=tuple(number.compound[i] for i in index),
        building=tuple(number.building[i] for i in index),
        row=read_only(number.row[keep]),
    )
