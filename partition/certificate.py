"""The coverage certificate: what integers alone prove about a layer of grids.

Every coordinate here is a whole number of centimetres from one origin, every decision is integer arithmetic, and
nothing is shared with the code that makes grids. A tree of boxes is asked only which pairs are worth looking at.

Definitions
-----------
An *edge* is an ordered pair of different points. The *rings* of a polygon are its edges, so
directed that the inside lies on the left: outer rings turn counter-clockwise, holes clockwise. A polygon is
*simple* when its edges meet only in shared ends, no ring passes a point twice, and its holes lie inside its outer
ring and outside each other.

Grids *tile* a community when each point of the community, lines aside, lies in exactly one grid, and each point
outside it in none.

Theorem
-------
Let all grids be simple, and let all edges of the community meet only in shared ends. If each edge of a grid is either
met once by the reverse edge of another grid, or is itself once an edge of the community (and neither otherwise), and
each edge of the community is once an edge of a grid, then the grids tile the community.

*Proof.* Add up the edges of all grids, counting a reverse edge as minus one. Inner edges cancel; what is left is
the boundary of the community. How often a closed chain of edges winds around a point depends on the chain alone and
adds up with it. Around a point off all lines, a simple polygon winds once where the point is inside and not at all
where it is outside. So the number of grids around the point is one inside the community and none outside. ∎

Twice the areas, whole numbers by the shoelace formula, must then agree as well; they are compared anyway, as a
check on the check.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.frame import CM_PER_M, centimetres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

REACH_CM = 2**28
"""Farthest that a coordinate may lie from the origin (2,684 km): cross products of differences, even doubled, stay
below 2**62.
"""

_PAIRS_AT_ONCE = 4_000_000
_POLYGON, _MULTIPOLYGON = 3, 6


class Fault(IntEnum):
    """Why a polygon cannot be read as rings on the lattice."""

    NONE = 0
    NO_POLYGON = 1
    """Nothing, empty, or another kind of geometry."""
    NOT_FINITE = 2
    OUT_OF_REACH = 3
    COLLAPSED = 4
    """No area is left on the 1 cm grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rings:
    """The edges of a layer of polygons, inside on the left; one row an edge, in the order of polygon, part, ring, way.

    `start` and `end` are (n, 2) centimetres from the origin. `polygon` numbers the features of the layer, `part`
    and `ring` run through the whole layer. `polygons` is the number of features, read or not.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    polygon: NDArray[np.int64]
    part: NDArray[np.int64]
    ring: NDArray[np.int64]
    hole: NDArray[np.bool_]
    polygons: int

    def __len__(self) -> int:
        """Return the number of edges."""
        return len(self.polygon)


def origin_of(polygon: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return a point (2,) in whole centimetres amid the finite coordinates of `polygon` (metres).

    Without any it is 0, 0.
    """
    xy = shapely.get_coordinates(polygon)
    xy = xy[(np.abs(xy) < REACH_CM).all(axis=1)]
    return centimetres(np.median(xy, axis=0)) if len(xy) else np.zeros(2, dtype=np.int64)


def rings_of(polygon: NDArray[np.object_], origin: NDArray[np.int64]) -> tuple[Rings, NDArray[np.uint8]]:
    """Read polygons (metres) as rings on the lattice around `origin`, and say for each its `Fault`.

    Coordinates are rounded to 1 cm, points repeated in a row are dropped, rings are turned the right way round. A
    polygon with a fault has no rows.
    """
    fault = _faults(polygon, origin)
    readable = np.flatnonzero(fault == Fault.NONE)
    parts, polygon_of_part = shapely.get_parts(polygon[readable], return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    xy, ring_of_point = shapely.get_coordinates(rings, return_index=True)
    points = centimetres(xy) - origin
    step = (ring_of_point[1:] == ring_of_point[:-1]) & (points[1:] != points[:-1]).any(axis=1)
    start, end, ring = points[:-1][step], points[1:][step], ring_of_point[:-1][step].astype(np.int64)

    first_ring = np.r_[True, part_of_ring[1:] != part_of_ring[:-1]] if len(part_of_ring) else np.zeros(0, dtype=np.bool_)
    area2 = _ring_area2(start, end, ring, len(rings))
    backwards = np.where(first_ring, area2 < 0, area2 > 0)[ring]
    start, end = np.where(backwards[:, None], end, start), np.where(backwards[:, None], start, end)
    way = np.arange(len(ring))
    order = np.lexsort((np.where(backwards, -way, way), ring))

    part = part_of_ring[ring].astype(np.int64)
    # An outer ring without area takes its whole polygon with it.
    collapsed = np.zeros(len(polygon), dtype=np.bool_)
    collapsed[readable[polygon_of_part[part_of_ring[first_ring & (area2 == 0)]]]] = True
    fault[collapsed] = Fault.COLLAPSED
    feature = readable[polygon_of_part[part]].astype(np.int64) if len(part) else np.zeros(0, dtype=np.int64)
    order = order[~collapsed[feature[order]]]
    return (
        Rings(
            start=start[order],
            end=end[order],
            polygon=feature[order],
            part=part[order],
            ring=ring[order],
            hole=~first_ring[ring[order]],
            polygons=len(polygon),
        ),
        fault,
    )


def _faults(polygon: NDArray[np.object_], origin: NDArray[np.int64]) -> NDArray[np.uint8]:
    fault = np.full(len(polygon), Fault.NONE, dtype=np.uint8)
    xy, feature = shapely.get_coordinates(polygon, return_index=True)
    finite = np.isfinite(xy).all(axis=1)
    far = np.zeros(len(xy), dtype=np.bool_)
    # Divided, not multiplied: a coordinate of 1e308 must not overflow here.
    far[finite] = (np.abs(xy[finite] / 2 - origin / (2 * CM_PER_M)) > REACH_CM / (2 * CM_PER_M)).any(axis=1)
    fault[feature[far]] = Fault.OUT_OF_REACH
    fault[feature[~finite]] = Fault.NOT_FINITE
    kind = shapely.get_type_id(polygon)
    fault[((kind != _POLYGON) & (kind != _MULTIPOLYGON)) | shapely.is_empty(polygon)] = Fault.NO_POLYGON
    return fault


def _ring_area2(start: NDArray[np.int64], end: NDArray[np.int64], ring: NDArray[np.int64], rings: int) -> NDArray[np.int64]:
    """Return twice the signed area (cm²) of each ring; rows of a ring stand together.

    Sums in int64 may pass 2**63 on the way and come back: the end is right whenever it fits, and twice an area
    within reach does.
    """
    area2 = np.zeros(rings, dtype=np.int64)
    if len(ring):
        first = np.flatnonzero(np.r_[True, ring[1:] != ring[:-1]])
        base = np.repeat(start[first], np.diff(np.r_[first, len(ring)]), axis=0)
        area2[ring[first]] = np.add.reduceat(_cross(start - base, end - base), first)
    return area2


def _cross(u: NDArray[np.int64], v: NDArray[np.int64]) -> NDArray[np.int64]:
    return u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]


def area2_of(rings: Rings) -> NDArray[np.int64]:
    """Return twice the area (cm²) of each polygon of the layer, 0 where it has no rows."""
    return _ring_area2_by(rings, rings.polygon, rings.polygons)


def _ring_area2_by(rings: Rings, label: NDArray[np.int64], labels: int) -> NDArray[np.int64]:
    total = np.zeros(labels, dtype=np.int64)
    if len(rings):
        first = np.flatnonzero(np.r_[True, rings.ring[1:] != rings.ring[:-1]])
        each = _ring_area2(rings.start, rings.end, rings.ring, int(rings.ring[-1]) + 1)[rings.ring[first]]
        np.add.at(total, label[first], each)
    return total


# --- edges and how they meet ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    """Grids and communities over one list of points and one list of edges without direction.

    `grid_edge` and `community_edge` name, for each row of the two layers, its edge; `grid_forward` and
    `community_forward` whether it runs from the smaller point number to the larger. `ends` (k, 2) are the points of
    an edge, `vertex` (m, 2) their coordinates.
    """

    grids: Rings
    communities: Rings
    vertex: NDArray[np.int64]
    ends: NDArray[np.int64]
    grid_start: NDArray[np.int64]
    grid_edge: NDArray[np.int64]
    grid_forward: NDArray[np.bool_]
    community_edge: NDArray[np.int64]
    community_forward: NDArray[np.bool_]


def net_of(grids: Rings, communities: Rings) -> Net:
    """Give numbers to the points and edges of both layers together."""
    points = np.concatenate([grids.start, grids.end, communities.start, communities.end])
    shifted = points + REACH_CM
    _, first, number = np.unique((shifted[:, 0] << 31) | shifted[:, 1], return_index=True, return_inverse=True)
    g, c = len(grids), len(communities)
    start = np.concatenate([number[:g], number[2 * g : 2 * g + c]])
    end = np.concatenate([number[g : 2 * g], number[2 * g + c :]])
    low, high = np.minimum(start, end), np.maximum(start, end)
    key, edge = np.unique(low * np.int64(max(1, len(first))) + high, return_inverse=True)
    forward = start < end
    return Net(
        grids=grids,
        communities=communities,
        vertex=points[first],
        ends=np.column_stack(np.divmod(key, max(1, len(first)))),
        grid_start=start[:g],
        grid_edge=edge[:g],
        grid_forward=forward[:g],
        community_edge=edge[g:],
        community_forward=forward[g:],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """How edges meet within groups: whether each row of the grids and of the communities is as the theorem wants it.

    `inner` and `outer` count, by group, the edges that lie between two grids and on the community's line.
    """

    grid: NDArray[np.bool_]
    community: NDArray[np.bool_]
    inner: NDArray[np.int64]
    outer: NDArray[np.int64]


def match(net: Net, group: NDArray[np.int64], groups: int) -> Matching:
    """Match the edges of each group of grids with each other and with the community of the same number.

    `group` gives for each polygon of the grid layer its community, or -1: such grids match nothing.
    """
    grid_group = group[net.grids.polygon]
    edges = np.int64(max(1, len(net.ends)))
    label = np.concatenate(
        [(grid_group + 1) * edges + net.grid_edge, (net.communities.polygon + 1) * edges + net.community_edge]
    )
    keys, slot = np.unique(label, return_inverse=True)
    g, n = len(net.grids), len(keys)
    on_grid, on_line = slot[:g], slot[g:]
    ahead, back = _tally(on_grid, net.grid_forward, n), _tally(on_grid, ~net.grid_forward, n)
    line_ahead, line_back = _tally(on_line, net.community_forward, n), _tally(on_line, ~net.community_forward, n)
    # Where two parts of one community touch along an edge, that edge is no boundary of it.
    within = np.minimum(line_ahead, line_back)
    line_ahead, line_back = line_ahead - within, line_back - within

    inner = (ahead == 1) & (back == 1) & (line_ahead == 0) & (line_back == 0)
    # A grid must be met by another, not by itself.
    owners = np.zeros(n, dtype=np.int64)
    np.add.at(owners, on_grid, np.where(net.grid_forward, net.grids.polygon, -net.grids.polygon))
    inner &= owners != 0
    outer = ((ahead == 1) & (back == 0) & (line_ahead == 1) & (line_back == 0)) | (
        (ahead == 0) & (back == 1) & (line_ahead == 0) & (line_back == 1)
    )
    nothing = (ahead == 0) & (back == 0) & (line_ahead == 0) & (line_back == 0)
    known = keys >= edges
    good = (inner | outer) & known
    of_group = (keys // edges - 1)[known]
    return Matching(
        grid=good[on_grid],
        community=(good | nothing)[on_line],
        inner=np.bincount(of_group[inner[known]], minlength=groups),
        outer=np.bincount(of_group[outer[known]], minlength=groups),
    )


def _tally(slot: NDArray[np.int64], which: NDArray[np.bool_], slots: int) -> NDArray[np.int64]:
    return np.bincount(slot[which], minlength=slots)


def met_once(edge: NDArray[np.int64], forward: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say for each row whether its reverse is there exactly once, and whether it is itself there twice or more."""
    n = int(edge.max()) + 1 if len(edge) else 0
    ahead, back = _tally(edge, forward, n), _tally(edge, ~forward, n)
    same, reverse = np.where(forward, ahead[edge], back[edge]), np.where(forward, back[edge], ahead[edge])
    return reverse == 1, same > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tangle:
    """Edges that meet elsewhere than in shared ends.

    `crossing` (k, 2) are pairs of edges, `touching` (k, 2) pairs of an edge and an end of another that lies inside it.
    """

    crossing: NDArray[np.int64]
    touching: NDArray[np.int64]


def tangle_of(net: Net) -> Tangle:
    """Find all edges of the net that meet elsewhere than in shared ends."""
    a, b = net.vertex[net.ends[:, 0]], net.vertex[net.ends[:, 1]]
    low, high = np.minimum(a, b).astype(np.float64), np.maximum(a, b).astype(np.float64)
    boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    p, q = shapely.STRtree(boxes).query(boxes) if len(boxes) else np.zeros((2, 0), dtype=np.int64)
    p, q = p[p < q], q[p < q]
    crossing: list[NDArray[np.int64]] = []
    touching: list[NDArray[np.int64]] = []
    for begin in range(0, len(p), _PAIRS_AT_ONCE):
        at = slice(begin, begin + _PAIRS_AT_ONCE)
        _meet(net, p[at], q[at], crossing, touching)
    return Tangle(crossing=_stack(crossing), touching=np.unique(_stack(touching), axis=0))


def _stack(found: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros((0, 2), dtype=np.int64), *found])


def _meet(
    net: Net,
    p: NDArray[np.int64],
    q: NDArray[np.int64],
    crossing: list[NDArray[np.int64]],
    touching: list[NDArray[np.int64]],
) -> None:
    sides: list[NDArray[np.int64]] = []
    for edge, other in ((p, q), (q, p)):
        a, b = net.vertex[net.ends[edge, 0]], net.vertex[net.ends[edge, 1]]
        for end in (0, 1):
            point = net.ends[other, end]
            v = net.vertex[point]
            side = np.sign(_cross(b - a, v - a))
            # On the line and strictly between the ends: seen from v they lie in opposite directions.
            between = (side == 0) & (((a - v) * (b - v)).sum(axis=1) < 0)
            touching.append(np.column_stack([edge[between], point[between]]))
            sides.append(side)
    cross = (sides[0] * sides[1] < 0) & (sides[2] * sides[3] < 0)
    crossing.append(np.column_stack([p[cross], q[cross]]))


def repeated_points(net: Net) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the grids that leave a point which their own part passes more than once.

    The second array is 1 where the same ring passes the point again, 0 where only another ring of the part does.
    """
    points = np.int64(max(1, len(net.vertex)))
    by_part, count_part = _count(net.grids.part * points + net.grid_start)
    by_ring, count_ring = _count(net.grids.ring * points + net.grid_start)
    rows = np.flatnonzero(count_part[by_part] > 1)
    return rows, (count_ring[by_ring[rows]] > 1).astype(np.int64)


def _count(key: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    _, slot, count = np.unique(key, return_inverse=True, return_counts=True)
    return slot, count


def stray_holes(rings: Rings) -> NDArray[np.int64]:
    """Return the first row of each hole that lies outside its outer ring or inside another hole of its part.

    The middle of one edge of the hole decides, in half centimetres: where edges do not tangle, it lies on no other
    line.
    """
    first = np.flatnonzero(np.r_[True, rings.ring[1:] != rings.ring[:-1]] & rings.hole) if len(rings) else np.zeros(0, int)
    stray: list[int] = []
    for row in first:
        middle = (rings.start[row] + rings.end[row])[None, :]
        lo, hi = np.searchsorted(rings.part, [rings.part[row], rings.part[row] + 1])
        rest = rings.ring[lo:hi] != rings.ring[row]
        inside = side(middle, 2 * rings.start[lo:hi][rest], 2 * rings.end[lo:hi][rest])[0]
        if inside <= 0:
            stray.append(int(row))
    return np.array(stray, dtype=np.int64)


# --- where points lie -----------------------------------------------------------------------------


def side(points: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int8]:
    """Say for each point whether it lies inside (1), on (0) or outside (-1) the rings whose edges are given.

    `points` (n, 2) must be in ascending order of y. A ray to the right meets the rings an odd number of times from
    inside; an edge counts for the heights from its lower end, included, to its upper end, excluded, so that no
    corner counts twice.
    """
    y = np.ascontiguousarray(points[:, 1])
    first = np.searchsorted(y, np.minimum(start[:, 1], end[:, 1]), "left")
    count = np.searchsorted(y, np.maximum(start[:, 1], end[:, 1]), "right") - first
    total = int(count.sum())
    if total > _PAIRS_AT_ONCE and len(points) > 1:
        half = len(points) // 2
        return np.concatenate([side(points[:half], start, end), side(points[half:], start, end)])
    edge = np.repeat(np.arange(len(start)), count)
    point = np.arange(total) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    a, b, p = start[edge], end[edge], points[point]
    turn = _cross(b - a, p - a)
    up, down = (a[:, 1] <= p[:, 1]) & (p[:, 1] < b[:, 1]), (b[:, 1] <= p[:, 1]) & (p[:, 1] < a[:, 1])
    met = (up & (turn > 0)) | (down & (turn < 0))
    on = (turn == 0) & (np.minimum(a[:, 0], b[:, 0]) <= p[:, 0]) & (p[:, 0] <= np.maximum(a[:, 0], b[:, 0]))
    result = np.where(np.bincount(point[met], minlength=len(points)) % 2 == 1, 1, -1).astype(np.int8)
    result[point[on]] = 0
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Points and the polygons that hold them.

    Row k says that point `point[k]` lies in polygon `polygon[k]`, `strictly` or on its line.
    """

    point: NDArray[np.int64]
    polygon: NDArray[np.int64]
    strictly: NDArray[np.bool_]


def locate(points: NDArray[np.int64], rings: Rings) -> Located:
    """Find for each point (n, 2) all polygons of the layer that hold it, inside or on their line."""
    order = np.argsort(points[:, 1], kind="stable")
    y = points[order, 1]
    near, holder, strictly = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.bool_)]
    for polygon, start, end in _by_polygon(rings):
        low, high = start.min(axis=0), start.max(axis=0)
        some = order[np.searchsorted(y, low[1], "left") : np.searchsorted(y, high[1], "right")]
        some = some[(points[some, 0] >= low[0]) & (points[some, 0] <= high[0])]
        if not len(some):
            continue
        where = side(points[some], start, end)
        near.append(some[where >= 0])
        holder.append(np.full(len(near[-1]), polygon, dtype=np.int64))
        strictly.append(where[where >= 0] > 0)
    return Located(point=np.concatenate(near), polygon=np.concatenate(holder), strictly=np.concatenate(strictly))


def _by_polygon(rings: Rings) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    first = np.flatnonzero(np.r_[True, rings.polygon[1:] != rings.polygon[:-1]]) if len(rings) else np.zeros(0, dtype=np.int64)
    for begin, stop in zip(first, np.r_[first[1:], len(rings)], strict=True) if len(first) else ():
        yield int(rings.polygon[begin]), rings.start[begin:stop], rings.end[begin:stop]
