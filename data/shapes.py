"""The shapes of a layer: there, of the right type, on the Earth, valid, and in the town's frame."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from data.columns import Columns
from data.placing import in_degrees, outside_world, place, shapes_to_frame
from data.sentences import fault
from gis.finding import Severity
from gis.frame import SNAP_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.frame import Frame

_POINTS = frozenset({0, 4})
_LINES = frozenset({1, 2, 5})
_POLYGONS = frozenset({3, 6})
_WANTED: dict[str, tuple[frozenset[int], str, str]] = {
    "households": (_POINTS, "points", "点"),
    "barriers": (_LINES | _POLYGONS, "lines or polygons", "线或面"),
}
_AREAS = (_POLYGONS, "polygons", "面")
_NEAR_M = 1000.0

_LENIENT = frozenset({"barriers"})
"""Layers where a row that cannot be used is left out with a warning: exports of map data mix points among the lines."""

_ADOPTED = frozenset({"existing_grids"})
"""Layers that are taken as they are and improved on, so that a bad ring is mended with a warning."""


def usable(columns: Columns, system: str) -> Columns:
    """Keep the rows whose shape is there, of the layer's type, finite and on the Earth; say what the others lack."""
    kept = _of_type(_present(columns))
    if not len(kept.table.row):
        return kept
    geometry = _geometry(kept)
    xy, owner = shapely.get_coordinates(geometry, return_index=True)
    infinite = np.asarray(~np.isfinite(xy).all(axis=1))
    off = outside_world(np.where(infinite[:, None], 0.0, xy), system)
    bad_rows = np.zeros(len(geometry), dtype=np.bool_)
    for index in np.unique(owner[infinite]):
        kept.say("not_finite", row=int(kept.table.row[index]), field="geometry")
    bad_rows[owner[infinite | off]] = True
    if not _say_swapped(kept, xy, owner, off, system):
        _say_off(kept, xy, owner, off, system)
    return Columns(kept.table.take(~bad_rows), kept.spec, kept.found)


def _geometry(columns: Columns) -> NDArray[np.object_]:
    geometry = columns.table.geometry
    return np.empty(0, dtype=object) if geometry is None else geometry


def _present(columns: Columns) -> Columns:
    geometry = _geometry(columns)
    absent = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    for row in columns.table.row[absent].tolist():
        columns.say("empty_geometry", row=row, field="geometry")
    return Columns(columns.table.take(~absent), columns.spec, columns.found)


def _of_type(columns: Columns) -> Columns:
    wanted, expected, expected_zh = _WANTED.get(columns.spec.table, _AREAS)
    kinds = shapely.get_type_id(_geometry(columns))
    right = np.isin(kinds, list(wanted))
    for index in np.flatnonzero(~right):
        columns.found.append(
            fault(
                "wrong_geometry_type",
                file=columns.table.file,
                row=int(columns.table.row[index]),
                field="geometry",
                severity=Severity.WARNING if columns.spec.table in _LENIENT else None,
                table=columns.spec.label,
                value=_geometry(columns)[index].geom_type,
                expected=expected,
                expected_zh=expected_zh,
            )
        )
    return Columns(columns.table.take(right), columns.spec, columns.found)


def _say_swapped(
    columns: Columns, xy: NDArray[np.float64], owner: NDArray[np.int64], off: NDArray[np.bool_], system: str
) -> bool:
    """Say that latitude stands first, if most vertices are off the Earth and none would be the other way round."""
    if not in_degrees(system) or off.mean() < 0.5 or outside_world(xy[off][:, ::-1], system).any():  # noqa: PLR2004 most
        return False
    say_swapped_layer(columns, len(np.unique(owner[off])), len(columns.table.row))
    return True


def say_swapped_layer(columns: Columns, count: int, total: int) -> None:
    """Say that a whole layer has its coordinates the wrong way round, and what to do about it."""
    by_columns = "lon" in columns.spec.columns
    columns.say(
        "axes_swapped",
        field="lon" if by_columns else "geometry",
        count=count,
        total=total,
        remedy="exchange lon and lat in the manifest" if by_columns else "export the file with longitude or easting first",
        remedy_zh="请在清单中对调 lon 与 lat" if by_columns else "请按经度（横坐标）在前重新导出",
    )


def _say_off(columns: Columns, xy: NDArray[np.float64], owner: NDArray[np.int64], off: NDArray[np.bool_], system: str) -> None:
    rows, first = np.unique(owner[off], return_index=True)
    for index, at in zip(rows, np.flatnonzero(off)[first], strict=True):
        columns.found.append(
            fault(
                "outside_world",
                file=columns.table.file,
                row=int(columns.table.row[index]),
                field="geometry",
                place=place(xy[at], system),
                x=f"{xy[at, 0]:g}",
                y=f"{xy[at, 1]:g}",
                crs=system,
            )
        )


def areas_in_frame(columns: Columns, system: str, frame: Frame) -> tuple[Columns, NDArray[np.object_]]:
    """Carry the polygons of usable rows into the frame; rows whose polygon is invalid are left out and said."""
    geometry = _geometry(columns)
    if not len(geometry):
        return columns, geometry
    valid = _sound(columns, geometry, system, frame)
    kept = Columns(columns.table.take(valid), columns.spec, columns.found)
    placed = shapes_to_frame(_mended(kept), system, frame)
    placed = _clean(kept, placed, frame)
    there = ~shapely.is_empty(placed)
    for row in kept.table.row[~there].tolist():
        kept.say("vanished", row=row, field="geometry")
    return Columns(kept.table.take(there), kept.spec, kept.found), placed[there]


def _sound(columns: Columns, geometry: NDArray[np.object_], system: str, frame: Frame) -> NDArray[np.bool_]:
    """Say which polygons are valid as they came in, or may be mended."""
    valid = shapely.is_valid(geometry)
    adopted = columns.spec.table in _ADOPTED
    for index in np.flatnonzero(~valid):
        reason = str(shapely.is_valid_reason(geometry[index]))
        columns.found.append(
            fault(
                "invalid_polygon",
                file=columns.table.file,
                row=int(columns.table.row[index]),
                field="geometry",
                severity=Severity.WARNING if adopted else None,
                place=_place_of(reason, geometry[index], system, frame),
                detail=reason.partition("[")[0].strip().lower(),
            )
        )
    return valid | adopted


def _place_of(reason: str, shape: Any, system: str, frame: Frame) -> Any:  # noqa: ANN401 a geometry, a Place
    """Take the place out of the sentence that GEOS gives (`Self-intersection[x y]`), in the town's frame."""
    numbers = re.search(r"\[(\S+) (\S+)\]", reason)
    at = [float(numbers[1]), float(numbers[2])] if numbers else shapely.get_coordinates(shape)[0].tolist()
    point = shapes_to_frame(np.array([shapely.Point(at)], dtype=object), system, frame)
    return place(shapely.get_coordinates(point)[0], frame.crs)


def _mended(columns: Columns) -> NDArray[np.object_]:
    geometry = _geometry(columns)
    return shapely.make_valid(geometry, method="structure") if columns.spec.table in _ADOPTED else geometry


def _clean(columns: Columns, placed: NDArray[np.object_], frame: Frame) -> NDArray[np.object_]:
    """Clean the polygons that rounding made touch themselves; a spike thinner than the grid has nowhere else to go."""
    touching = ~shapely.is_valid(placed) & ~shapely.is_empty(placed)
    if not touching.any():
        return placed
    cleaned = placed.copy()
    cleaned[touching] = shapely.set_precision(shapely.make_valid(placed[touching], method="structure"), SNAP_M)
    for index in np.flatnonzero(touching):
        at = _place_of(str(shapely.is_valid_reason(placed[index])), placed[index], frame.crs, frame)
        columns.found.append(
            fault(
                "repaired_after_rounding",
                file=columns.table.file,
                row=int(columns.table.row[index]),
                field="geometry",
                place=at,
            )
        )
    return cleaned


def say_elsewhere(
    columns: Columns,
    placed: NDArray[np.object_],
    system: str,
    frame: Frame,
    communities: NDArray[np.object_],
) -> None:
    """Say that nothing of a layer lies near the communities: swapped axes, a wrong system, or another place's file."""
    if not len(placed) or not len(communities) or _near(placed, communities):
        return
    turned = shapely.transform(_geometry(columns), lambda xy: xy[:, ::-1])
    if not outside_world(shapely.get_coordinates(turned), system).any() and _near(
        shapes_to_frame(turned, system, frame), communities
    ):
        say_swapped_layer(columns, len(columns.table.row), len(columns.table.row))
        return
    columns.found.append(
        fault(
            "layer_elsewhere",
            file=columns.table.file,
            field="coordinates",
            severity=Severity.WARNING,
            table=columns.spec.label,
        )
    )


def _near(shape: NDArray[np.object_], communities: NDArray[np.object_]) -> bool:
    west, south, east, north = shapely.total_bounds(communities)
    around = shapely.box(west - _NEAR_M, south - _NEAR_M, east + _NEAR_M, north + _NEAR_M)
    return bool(shapely.intersects(around, shape).any())
