"""Shapes that people draw: brought onto the lines that are there already, so that what was one line stays one line.

Whoever sends a shape through degrees or a map's pixels sends every vertex a little beside where it was. A vertex within
`REACH_M` of a known one is that one; a known vertex within `REACH_M` of an edge becomes a vertex of it. Known are the vertices
of the other grids, of the communities' noded outlines, and of the grid itself as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.spatial import KDTree

from gis.frame import centimetres, snap

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from shapely import Geometry, Polygon

REACH_M = 0.01
"""How far beside a known vertex, or a known vertex beside an edge, is still on it."""
_ROUNDING_M = 1e-6
"""What reckoning in metres may add to a distance."""
_RING = 4
"""Positions of the shortest ring: a triangle, closed."""


def settled(shape: Geometry, known: NDArray[np.float64]) -> Geometry:
    """Return `shape` (metres) on the 1 cm grid and on the `known` vertices (k, 2).

    Rings that are nothing on that grid vanish; what is left may be empty or invalid: `fault_of` says so.
    """

    def placed(ring: NDArray[np.float64]) -> NDArray[np.float64]:
        return _through(_distinct(_onto(ring, known)), known)

    return _rebuilt(shape, placed)


def through(shape: Geometry, points: NDArray[np.float64]) -> Geometry:
    """Return `shape` with those of `points` (k, 2) as vertices that lie on its edges; the same object where none does."""
    changed = _rebuilt(shape, lambda ring: _through(ring, points))
    same = shapely.count_coordinates(changed) == shapely.count_coordinates(shape)
    return shape if same or not shapely.is_valid(changed) else changed


def vertices_of(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the different vertices of shapes (k, 2), in order."""
    return np.unique(shapely.get_coordinates(shapes), axis=0)


def near(shapes: NDArray[np.object_], box: NDArray[np.float64], within_m: float) -> NDArray[np.int64]:
    """Return the indices of the shapes whose boxes come within some metres of a box (west, south, east, north)."""
    west, south, east, north = box
    low_x, low_y, high_x, high_y = shapely.bounds(shapes).T
    met = (low_x <= east + within_m) & (high_x >= west - within_m) & (low_y <= north + within_m) & (high_y >= south - within_m)
    return np.flatnonzero(met)


def fault_of(shape: Geometry) -> tuple[str, tuple[float, float] | None] | None:
    """Return what is wrong with a settled shape, and where in metres as far as there is a place; None if nothing is."""
    if shapely.is_empty(shape):
        return "nothing is left of it on the 1 cm grid", None
    if shapely.is_valid(shape):
        return None
    reason, _, place = str(shapely.is_valid_reason(shape)).partition("[")
    words = place.removesuffix("]").split()
    return reason, (float(words[0]), float(words[1])) if words else None


def beyond(shape: Geometry, outline: Geometry) -> tuple[float, float] | None:
    """Return a place where `shape` leaves `outline`; None if it lies in it."""
    room = shapely.buffer(outline, REACH_M + _ROUNDING_M)
    if shapely.covers(room, shape):
        return None
    x, y = shapely.get_coordinates(shapely.point_on_surface(shapely.difference(shape, room)))[0].tolist()
    return x, y


def _onto(ring: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ring with each vertex on the nearest known one within reach, else on the 1 cm grid."""
    placed = snap(ring)
    if len(known):
        away, which = KDTree(known).query(ring, distance_upper_bound=REACH_M + _ROUNDING_M)
        hit = np.isfinite(away)
        placed[hit] = known[np.asarray(which)[hit]]
    return placed


def _distinct(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a closed ring without vertices that repeat the one before."""
    kept = np.ones(len(ring), dtype=np.bool_)
    kept[1:] = (ring[1:] != ring[:-1]).any(axis=1)
    return ring[kept]


def _through(ring: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a closed ring with those points as vertices that lie on its edges and are none of its vertices."""
    if len(ring) < _RING or not len(points):
        return ring
    low, high = ring.min(axis=0) - REACH_M, ring.max(axis=0) + REACH_M
    points = points[((points >= low) & (points <= high)).all(axis=1)]
    points = points[~np.isin(_key(points), _key(ring))]
    if not len(points):
        return ring
    edges = np.asarray(shapely.linestrings(np.stack([ring[:-1], ring[1:]], axis=1)), dtype=np.object_)
    point, edge = shapely.STRtree(edges).query(shapely.points(points), predicate="dwithin", distance=REACH_M + _ROUNDING_M)
    start, step = ring[:-1][edge], (ring[1:] - ring[:-1])[edge]
    along = ((points[point] - start) * step).sum(axis=1) / (step**2).sum(axis=1)
    inside = (along > 0) & (along < 1)
    point, edge, along = point[inside], edge[inside], along[inside]
    # Where it lies on two edges, at a sharp corner, the first takes it: twice the same vertex would be a pinch.
    order = np.lexsort((edge, point))
    first = np.unique(point[order], return_index=True)[1]
    chosen = order[first]
    chosen = chosen[np.lexsort((along[chosen], edge[chosen]))]
    return np.insert(ring, edge[chosen] + 1, points[point[chosen]], axis=0)


def _key(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return one number for each point."""
    cm = centimetres(xy)
    return cm[:, 0] * (1 << 32) + cm[:, 1]


def _rebuilt(shape: Geometry, of_ring: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Geometry:
    """Return a shape with every ring made anew, in the form that all grids have: parts, rings and vertices in one order."""
    parts: list[Polygon] = []
    for part in shapely.get_parts(shape):
        shell, *holes = (of_ring(shapely.get_coordinates(ring)) for ring in shapely.get_rings(part))
        if len(shell) >= _RING:
            parts.append(shapely.Polygon(shell, [hole for hole in holes if len(hole) >= _RING]))
    made = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    return shapely.orient_polygons(shapely.normalize(made))
