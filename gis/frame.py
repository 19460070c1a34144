"""Frames: in which coordinates a town is computed, and the 1 cm grid that they lie on.

Everything in the house is computed in metres on a snap grid of 1 cm. Axis order is always easting, northing (or longitude,
latitude), whatever a coordinate system's registry entry says. Integer centimetres are the exact form of the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from gis.errors import FrameError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SNAP_M = 0.01
"""The snap grid, metres."""

CM_PER_M = 100

WGS84 = "EPSG:4326"
CGCS2000 = "EPSG:4490"
CHINA = 73.0, 15.0, 136.0, 54.0
"""Degrees: where the CGCS2000 zones are of use. South of it, at sea, nobody lives in a community."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A metric coordinate system, by its registry name (`EPSG:4548`)."""

    crs: str

    def __post_init__(self) -> None:
        """Refuse a frame whose axes are not metres."""
        axes = _crs(self.crs).axis_info
        if not axes or any(axis.unit_name not in {"metre", "meter", "m"} for axis in axes[:2]):
            msg = f"{self.crs} is not a metric frame: its axes are {', '.join(axis.unit_name for axis in axes) or 'unknown'}"
            raise FrameError(msg)


@lru_cache(maxsize=64)
def _crs(name: str) -> CRS:
    try:
        return CRS.from_user_input(name)
    except CRSError as error:
        msg = f"unknown coordinate system: {name}"
        raise FrameError(msg) from error


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(_crs(source), _crs(target), always_xy=True)


def choose_frame(lon: float, lat: float) -> Frame:
    """Choose the metric frame for a town at `lon`, `lat` (degrees): the CGCS2000 3-degree zone in China, else UTM.

    EPSG:4534 to 4554 are the zones without a prefix, central meridians 75 to 135 degrees east.
    """
    west, south, east, north = CHINA
    if west <= lon <= east and south <= lat <= north:
        return Frame(f"EPSG:{4534 + min(20, max(0, round((lon - 75.0) / 3.0)))}")
    zone = min(60, int((lon + 180.0) // 6.0) + 1)
    return Frame(f"EPSG:{(32600 if lat >= 0 else 32700) + zone}")


def transform(xy: ArrayLike, source: str, target: str) -> NDArray[np.float64]:
    """Carry `xy` (n, 2) from the frame `source` to the frame `target`; both in easting/longitude first order."""
    points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    if source == target or not len(points):
        return points.copy()
    x, y = _transformer(source, target).transform(points[:, 0], points[:, 1])
    return np.column_stack([x, y])


def transform_geometry(geometry: NDArray[np.object_], source: str, target: str) -> NDArray[np.object_]:
    """Carry an array of geometries from one frame to another, vertex by vertex."""
    return shapely.transform(geometry, lambda xy: transform(xy, source, target))


def snap(xy: ArrayLike) -> NDArray[np.float64]:
    """Round coordinates (metres) to the snap grid."""
    return np.rint(np.asarray(xy, dtype=np.float64) * CM_PER_M) / CM_PER_M


def snap_geometry(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Round every vertex of the geometries to the snap grid, and nothing else."""
    return shapely.transform(geometry, snap)


def centimetres(xy: ArrayLike) -> NDArray[np.int64]:
    """Give coordinates (metres) as integer centimetres; exact for whatever lies on the snap grid."""
    return np.rint(np.asarray(xy, dtype=np.float64) * CM_PER_M).astype(np.int64)


def is_geographic(crs: str) -> bool:
    """Say whether `crs` counts in degrees."""
    return _crs(crs).is_geographic
