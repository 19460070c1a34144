"""Where areas that should meet edge to edge overlap or leave a gap.

Definitions. An overlap is ground inside two of the areas. A gap is ground inside none of them that lies between at
least two: either enclosed (a hole of their union), or a channel under `SLIVER_M` wide that is open to the outside. A
hole that only one area surrounds is no gap, it is a hole of that area. The width of a piece is the diameter of the
largest circle that fits into it; a piece narrower than `SLIVER_M` is a sliver. Pieces narrower than `ROUNDING_M` come
from rounding to the 1 cm grid and are nobody's fault.

Wide bays that are open to the outside are simply outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

SLIVER_M = 1.0
"""Pieces narrower than this are slivers: drawing inaccuracy, not land."""

ROUNDING_M = 0.02
"""Pieces narrower than this are the 1 cm grid's own: half a diagonal from either side, rounded up."""

_CHANNEL_M = 5.0
"""An open channel shorter than this is the mouth of an acute corner, not a gap."""

_TOUCH_M = 0.02


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of ground that lies in several areas, or in none.

    `areas` holds the indices of the areas that share it or surround it, ascending; `width_m` is the diameter of the
    largest circle inside; `x`, `y` are that circle's centre, so that a map can be opened there.
    """

    polygon: shapely.Polygon
    areas: tuple[int, ...]
    width_m: float
    area_m2: float
    x: float
    y: float

    @property
    def sliver(self) -> bool:
        """Whether the piece is too narrow to be land."""
        return self.width_m < SLIVER_M


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Everything where areas do not meet edge to edge."""

    overlaps: tuple[Piece, ...]
    gaps: tuple[Piece, ...]
    holes: tuple[Piece, ...]
    """Holes of one area that no other area fills: a lake, or somebody else's land."""


def overlaps_and_gaps(polygon: NDArray[np.object_]) -> Mismatch:
    """Find every overlap, gap and hole of `polygon`, valid Polygons or MultiPolygons in metres."""
    if not len(polygon):
        return Mismatch((), (), ())
    tree = shapely.STRtree(polygon)
    union = shapely.union_all(polygon)
    enclosed = [_surrounded(hole, tree) for hole in _holes(union)]
    open_slivers = [_surrounded(part, tree) for part in _channels(union)]
    channels = [piece for piece in open_slivers if _is_channel(piece)]
    gaps = [piece for piece in enclosed if len(piece.areas) > 1] + channels
    return Mismatch(
        _in_order(overlaps(polygon)),
        _in_order(gaps),
        _in_order(piece for piece in enclosed if len(piece.areas) == 1),
    )


def overlaps(polygon: NDArray[np.object_]) -> tuple[Piece, ...]:
    """Find the ground that lies in two of the areas, pair by pair."""
    tree = shapely.STRtree(polygon)
    first, second = tree.query(polygon, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    # The interiors of nearly all neighbours do not meet; asking is several times cheaper than intersecting.
    meet = ~shapely.touches(polygon[first], polygon[second])
    first, second = first[meet], second[meet]
    shared = shapely.intersection(polygon[first], polygon[second])
    pieces = [
        _piece(part, (int(a), int(b)))
        for a, b, geometry in zip(first, second, shared, strict=True)
        for part in _polygons(geometry)
    ]
    return tuple(piece for piece in pieces if piece.width_m >= ROUNDING_M)


def _in_order(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Leave out what rounding made, and put the rest in an order that does not depend on the geometry library."""
    wide = [piece for piece in pieces if piece.width_m >= ROUNDING_M]
    return tuple(sorted(wide, key=lambda piece: (piece.areas, round(piece.x, 2), round(piece.y, 2))))


def _polygons(geometry: Any) -> list[shapely.Polygon]:  # noqa: ANN401 whatever an overlay returns
    parts = shapely.get_parts(shapely.get_parts(np.array([geometry], dtype=object)))
    return [part for part in parts if shapely.get_type_id(part) == shapely.GeometryType.POLYGON and not part.is_empty]


def _holes(union: Any) -> list[shapely.Polygon]:  # noqa: ANN401 Polygon or MultiPolygon
    return [shapely.Polygon(ring) for part in _polygons(union) for ring in part.interiors]


def _channels(union: Any) -> list[shapely.Polygon]:  # noqa: ANN401 Polygon or MultiPolygon
    """Find what a brush as wide as a sliver cannot reach from outside: what closing adds to the union without holes."""
    solid = shapely.union_all([shapely.Polygon(part.exterior) for part in _polygons(union)])
    half = SLIVER_M / 2.0
    closed = shapely.buffer(shapely.buffer(solid, half, join_style="mitre"), -half, join_style="mitre")
    # What closing makes of a straight edge differs from it by rounding: open with a hair's width to drop that fringe.
    hair = ROUNDING_M / 4.0
    fringe_free = shapely.buffer(shapely.buffer(shapely.difference(closed, solid), -hair), hair)
    # Closing also seals whole bays whose mouth is narrow; only the narrow part is a channel.
    wide = shapely.buffer(shapely.buffer(fringe_free, -half * 1.01), half * 1.02)
    return _polygons(shapely.difference(fringe_free, wide))


def _is_channel(piece: Piece) -> bool:
    """Say whether an open sliver runs between two areas, and far enough not to be the mouth of a corner."""
    return len(piece.areas) > 1 and float(shapely.length(piece.polygon)) / 2.0 >= _CHANNEL_M


def _surrounded(polygon: shapely.Polygon, tree: shapely.STRtree) -> Piece:
    areas = tree.query(polygon, predicate="dwithin", distance=_TOUCH_M)
    touched = tree.geometries[areas]
    beside = shapely.length(shapely.intersection(shapely.buffer(touched, _TOUCH_M), polygon.exterior))
    # An area that meets the piece in a corner only does not border it.
    bordering = areas[beside > 4.0 * _TOUCH_M]
    return _piece(polygon, tuple(sorted(int(area) for area in bordering)))


def _piece(polygon: shapely.Polygon, areas: tuple[int, ...]) -> Piece:
    area = float(shapely.area(polygon))
    perimeter = float(shapely.length(polygon))
    x, y, width = _widest(polygon, 2.0 * area / perimeter if perimeter else 0.0)
    return Piece(polygon, areas, width, area, x, y)


def _widest(polygon: shapely.Polygon, mean_m: float) -> tuple[float, float, float]:
    """Give the centre and diameter of the largest circle inside; for hairlines the mean width, which is never more."""
    if mean_m < ROUNDING_M / 4.0:
        middle = shapely.point_on_surface(polygon)
        return float(middle.x), float(middle.y), mean_m
    radius = shapely.maximum_inscribed_circle(polygon, tolerance=max(mean_m / 20.0, 0.001))
    x, y = shapely.get_coordinates(radius)[0].tolist()
    return x, y, 2.0 * float(shapely.length(radius))
