"""Coordinates from the file's system into the town's frame, on the 1 cm grid.

The same vertex by the same path gives the same point: the path is the declared system, its shift undone, one
transformation, rounding. Consecutive vertices that round to one are one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS
from shapely.errors import GEOSException

from gis.chinese_frames import SHIFTED, to_wgs84
from gis.finding import Place
from gis.frame import WGS84, is_geographic, snap, transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.columns import Columns
    from gis.frame import Frame

_LON, _LAT = 180.0, 90.0
_SURE = 40
"""How sure, of 100, PROJ must be that a .prj file means a registry entry; many programs leave its number out."""
_LONG_NAME = 40


def system_of(columns: Columns, *, from_columns: bool = False) -> str | None:
    """Say which system the coordinates of a file are in: what the manifest declares, else what the file says.

    `from_columns` are coordinates in columns, of which no file says the system.
    """
    table, spec = columns.table, columns.spec
    own = None if from_columns else table.crs
    if spec.coordinates is None and own is None:
        columns.say("coordinates_missing", field="coordinates")
        return None
    if spec.coordinates is None:
        return own
    if own is not None and table.states_crs and not _agree(own, spec.coordinates):
        columns.say("coordinates_contradicted", field="coordinates", own=short_name(own), value=spec.coordinates)
    if spec.coordinates in SHIFTED:
        columns.say("shift_undone", field="coordinates", value=spec.coordinates)
    return spec.coordinates


def _agree(own: str, declared: str) -> bool:
    """Say whether two systems are the same for a town. For want of a name, files call shifted coordinates WGS 84."""
    if own == declared:
        return True
    if is_geographic(own) and declared in {*SHIFTED, WGS84, "EPSG:4490"}:
        return CRS.from_user_input(own).to_epsg(_SURE) in {4326, 4490} or "CRS84" in own
    return CRS.from_user_input(own).to_epsg(_SURE) == CRS.from_user_input(declared).to_epsg(_SURE)


def short_name(crs: str) -> str:
    """Return a system's name for a sentence, for it may be a page of WKT."""
    return crs if len(crs) < _LONG_NAME else str(CRS.from_user_input(crs).name)


def in_degrees(system: str) -> bool:
    """Say whether coordinates in `system` are longitude and latitude."""
    return system in SHIFTED or is_geographic(system)


def outside_world(xy: NDArray[np.float64], system: str) -> NDArray[np.bool_]:
    """Say which points (n, 2) cannot exist in `system`; what is not finite is somebody else's finding."""
    if in_degrees(system):
        return (np.abs(xy[:, 0]) > _LON) | (np.abs(xy[:, 1]) > _LAT)
    # A place on the Earth comes back from its own longitude and latitude; numbers that are none do not.
    there = transform(xy, system, WGS84)
    there = np.where(np.isfinite(there), there, 0.0)
    back = transform(there, WGS84, system)
    away = np.abs(back - xy).max(axis=1, initial=0.0)
    return np.isfinite(xy).all(axis=1) & ~(away < 1.0)


def to_lon_lat(xy: NDArray[np.float64], system: str) -> NDArray[np.float64]:
    """Carry points to WGS 84 longitude and latitude."""
    return to_wgs84(xy, system) if system in SHIFTED else transform(xy, system, WGS84)


def to_frame(xy: NDArray[np.float64], system: str, frame: Frame) -> NDArray[np.float64]:
    """Carry finite points (n, 2) into the frame, without rounding them."""
    if system in SHIFTED:
        return transform(to_wgs84(xy, system), WGS84, frame.crs)
    return transform(xy, system, frame.crs)


def points_to_frame(xy: NDArray[np.float64], system: str, frame: Frame) -> NDArray[np.float64]:
    """Carry points into the frame and onto its grid."""
    return snap(to_frame(xy, system, frame))


def shapes_to_frame(geometry: NDArray[np.object_], system: str, frame: Frame) -> NDArray[np.object_]:
    """Carry shapes into the frame and onto its grid; heights are dropped. A shape that rounds away is empty."""
    placed = shapely.transform(geometry, lambda xy: snap(to_frame(xy, system, frame)))
    try:
        return np.asarray(shapely.remove_repeated_points(placed, 0.0))
    except GEOSException:
        return np.array([_without_repeats(shape) for shape in placed], dtype=object)


def _without_repeats(shape: Any) -> Any:  # noqa: ANN401 any geometry, and any comes back
    try:
        return shapely.remove_repeated_points(shape, 0.0)
    except GEOSException:
        parts = shapely.get_parts(shape)
        if len(parts) > 1:
            whole = [part for part in map(_without_repeats, parts) if not part.is_empty]
            return shapely.multipolygons(whole) if whole else shapely.Polygon()
        return _without_collapsed_holes(parts[0])


def _without_collapsed_holes(polygon: Any) -> Any:  # noqa: ANN401 a Polygon
    shell = shapely.Polygon(polygon.exterior)
    try:
        shell = shapely.remove_repeated_points(shell, 0.0)
    except GEOSException:
        return shapely.Polygon()
    holes = [ring for ring in polygon.interiors if shapely.Polygon(ring).area > 0]
    return shapely.remove_repeated_points(shapely.Polygon(shell.exterior, holes), 0.0)


def place(xy: NDArray[np.float64], crs: str) -> Place:
    """Make the place of a finding."""
    return Place(float(xy[0]), float(xy[1]), crs)
