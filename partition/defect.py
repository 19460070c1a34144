"""Where and what: once the certificate has failed, find the places at which it fails and give each its kind.

Here areas are cut out with floating point, which is good enough to point at a place. Whether there is a defect at
all was decided before, on integers; what integers found and no kind explains is reported all the same, as an edge
that nobody meets.

Definitions
-----------
A *gap* is a piece of a community that no grid covers; an *overlap* a piece that two grids
cover; a piece of a grid outside its own community is a *spill-over*, or a *crossing* where it lies in another
community. The *width* of a piece is twice its area over its perimeter. Rounding to the 1 cm grid moves a point by
up to half a diagonal, 0.71 cm. So a piece is *thin* when no disc of 0.75 cm across fits into it, or of 1.5 cm where
both its sides were rounded: in layers that were not noded with the communities. Thin pieces come from a vertex that
one side has and the other has not.

* `hole`: a gap that fills at least half of an interior ring of a grid.
* `missing_grid`: a gap at least 1 m wide in which households lie, or as large as the smallest grid of the community.
* `spike`: a corner of less than 10 degrees whose two edges nobody meets, and the overlap or spill-over inside it.
* `unmatched_vertex`: a point of one line within 0.75 cm of the inside of an edge of another, rounded or as they
  came in, with nothing wider beside it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from partition.nearness import covered, lines_of, points_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from shapely import Geometry

    from partition.certificate import Net, Rings, Tangle

TOLERANCE_CM = 0.75
"""What rounding to the 1 cm grid may do to a line: half a diagonal of a cell is 0.707 cm."""

MISSING_WIDTH_M = 1.0
SPIKE_TANGENT = 0.18
"""Tangent of the widest spike, 10 degrees."""

_CM2_PER_M2 = 10_000.0
_NOISE_CM2 = 1e-3
_REACH_CM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One place where the certificate fails.

    `xy` is in centimetres from the origin, `area` m², `width` m; `grids` and communities are numbers.
    """

    kind: str
    xy: tuple[float, float]
    grids: tuple[int, ...] = ()
    community: int = -1
    other: int = -1
    area: float = 0.0
    width: float = 0.0
    shape: Geometry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the search for defects knows: the net, which rows failed, both layers as shapes around the origin.

    `group` is the community of each grid or -1; `doubtful` says of which communities the certificate failed; `bad`
    of which rows of the grids, `unmet` of which rows of the communities. `lost` are the household points (n, 2)
    that lie in a community and in no grid. `noded` says that the communities must be met by equality, not within
    `TOLERANCE_CM`.
    """

    net: Net
    tangle: Tangle
    group: NDArray[np.int64]
    doubtful: NDArray[np.bool_]
    bad: NDArray[np.bool_]
    unmet: NDArray[np.bool_]
    doubled: NDArray[np.bool_]
    elsewhere: NDArray[np.bool_]
    """Rows that a grid of another community meets."""
    grid: NDArray[np.object_]
    community: NDArray[np.object_]
    grid_area2: NDArray[np.int64]
    lost: NDArray[np.float64]
    line: NDArray[np.object_]
    """The line of each community, rounded and as it came in."""
    vertex: NDArray[np.float64]
    """The points of the net as they came in, before rounding."""
    noded: bool


def defects_of(case: Case) -> list[Defect]:
    """Find the defects of all doubtful communities, each with its place and kind."""
    copies = _copies(case)
    copied = {grid for same in copies for grid in same[1:]}
    pieces = [*_overlaps(case, copied), *_gaps(case), *_outside(case, copied)]
    is_thin = _are_thin(pieces, TOLERANCE_CM if case.noded else 2 * TOLERANCE_CM)
    thin = [piece for piece, narrow in zip(pieces, is_thin, strict=True) if narrow and not _forgiven(case, piece)]
    wide = [piece for piece, narrow in zip(pieces, is_thin, strict=True) if not narrow]
    spikes, wide_left = _spikes(case, wide)
    points = _unmatched(case, wide)
    thin_left = _away_from(thin, points)
    duplicates = [
        Defect(kind="duplicate_grid", xy=_inside(case.grid[same[0]]), grids=same, area=_m2(case.grid_area2[same[0]]))
        for same in copies
    ]
    found = [*duplicates, *spikes, *_name_gaps(case, [*wide_left, *thin_left]), *points]
    return [*found, *_unexplained(case, found, [*thin, *wide, *spikes], copied)]


def _m2(area2_cm2: np.int64) -> float:
    return float(area2_cm2) / 2.0 / _CM2_PER_M2


# --- pieces ---------------------------------------------------------------------------------------


def _piece(kind: str, shape: Geometry, **of: object) -> Defect:
    area, around = shapely.area(shape), shapely.length(shape)
    return Defect(
        kind=kind,
        xy=_inside(shape),
        area=float(area) / _CM2_PER_M2,
        width=float(2.0 * area / around) / 100.0,
        shape=shape,
        **of,  # pyright: ignore[reportArgumentType]
    )


def _inside(shape: Geometry) -> tuple[float, float]:
    point = shapely.point_on_surface(shape)
    return (float(shapely.get_x(point)), float(shapely.get_y(point)))


def _areas(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Take apart `shapes` into polygons larger than the noise of cutting, and say which shape each came from."""
    parts, came_from = shapely.get_parts(shapes, return_index=True)
    # What cutting leaves may be a collection of areas and lines: its areas are one level deeper.
    parts, deeper = shapely.get_parts(parts, return_index=True)
    some = (shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > _NOISE_CM2)  # noqa: PLR2004
    return parts[some], came_from[deeper[some]]


def _copies(case: Case) -> list[tuple[int, ...]]:
    """Return the groups of grids that have exactly the same edges."""
    grids = case.net.grids
    whole = np.ones(grids.polygons, dtype=np.bool_)
    np.logical_and.at(whole, grids.polygon, case.doubled)
    same: dict[bytes, list[int]] = defaultdict(list)
    for grid in np.unique(grids.polygon[whole[grids.polygon]]):
        rows = slice(*np.searchsorted(grids.polygon, [grid, grid + 1]))
        same[np.sort(case.net.grid_edge[rows] * 2 + case.net.grid_forward[rows]).tobytes()].append(int(grid))
    return [tuple(copies) for copies in same.values() if len(copies) > 1]


def _doubtful_grids(case: Case) -> NDArray[np.bool_]:
    return ~shapely.is_empty(case.grid) & np.append(case.doubtful, True)[case.group]


def _overlaps(case: Case, copied: set[int]) -> Iterable[Defect]:
    doubtful = _doubtful_grids(case)
    one, two = shapely.STRtree(case.grid).query(case.grid, predicate="intersects")
    first = np.ones(len(case.grid), dtype=np.bool_)
    first[list(copied)] = False
    wanted = (one < two) & (doubtful[one] | doubtful[two]) & first[one] & first[two]
    one, two = one[wanted], two[wanted]
    shapes, pair = _areas(shapely.intersection(case.grid[one], case.grid[two]))
    for shape, k in zip(shapes, pair, strict=True):
        yield _piece("overlap", shape, grids=(int(one[k]), int(two[k])))


def _gaps(case: Case) -> Iterable[Defect]:
    tree = shapely.STRtree(case.grid)
    for community in np.flatnonzero(case.doubtful):
        whole = case.community[community]
        cover = shapely.union_all(case.grid[tree.query(whole)])
        shapes, _ = _areas(np.array([shapely.difference(whole, cover)], dtype=object))
        for shape in shapes:
            yield _piece("gap", shape, community=int(community))


def _outside(case: Case, copied: set[int]) -> Iterable[Defect]:
    grids = np.flatnonzero(_doubtful_grids(case))
    grids = grids[~np.isin(grids, list(copied))]
    home = case.group[grids]
    nowhere = shapely.Polygon()
    own = np.array([case.community[c] if c >= 0 else nowhere for c in home], dtype=object)
    shapes, which = _areas(shapely.difference(case.grid[grids], own))
    tree = shapely.STRtree(case.community)
    for shape, k in zip(shapes, which, strict=True):
        others = [int(c) for c in tree.query(shape, predicate="intersects") if c != home[k]]
        of = {"grids": (int(grids[k]),), "community": int(home[k])}
        for other in others:
            within, _ = _areas(np.array([shapely.intersection(shape, case.community[other])], dtype=object))
            for part in within:
                yield _piece("crosses_community", part, other=other, **of)
        left = shapely.difference(shape, shapely.union_all(case.community[others])) if others else shape
        for part in _areas(np.array([left], dtype=object))[0]:
            yield _piece("spill_over", part, **of)


def _are_thin(pieces: Sequence[Defect], width: float) -> NDArray[np.bool_]:
    return shapely.is_empty(shapely.buffer(_shapes(pieces), -width / 2.0))


def _shapes(pieces: Sequence[Defect]) -> NDArray[np.object_]:
    shapes = np.empty(len(pieces), dtype=np.object_)
    shapes[:] = [piece.shape for piece in pieces]
    return shapes


def _forgiven(case: Case, piece: Defect) -> bool:
    """Say whether a thin piece is what rounding leaves between a grid and a line that was never noded with it."""
    if case.noded or piece.kind == "overlap":
        return False
    corners = points_of(shapely.get_coordinates(piece.shape))
    return any(
        bool((shapely.distance(corners, case.line[community]) <= TOLERANCE_CM).all())
        for community in (piece.community, piece.other)
        if community >= 0
    )


def _away_from(pieces: Sequence[Defect], points: Sequence[Defect]) -> list[Defect]:
    """Return the pieces that none of the points lies beside."""
    at = points_of(np.array([point.xy for point in points]).reshape(-1, 2))
    beside, _ = shapely.STRtree(at).query(_shapes(pieces), predicate="dwithin", distance=TOLERANCE_CM)
    near = set(beside.tolist())
    return [piece for k, piece in enumerate(pieces) if k not in near]


# --- kinds ----------------------------------------------------------------------------------------


def _name_gaps(case: Case, pieces: Sequence[Defect]) -> list[Defect]:
    """Tell holes and missing grids from other gaps."""
    pieces = list(pieces)
    for hole in _open_holes(case):
        inside = [k for k, p in enumerate(pieces) if p.kind == "gap" and shapely.covers(hole.shape, shapely.Point(p.xy))]
        if inside and sum(pieces[k].area for k in inside) >= hole.area / 2.0:
            community = pieces[inside[0]].community
            pieces = [p for k, p in enumerate(pieces) if k not in inside]
            pieces.append(replace(hole, community=community))
    return [replace(p, kind="missing_grid") if p.kind == "gap" and _misses_a_grid(case, p) else p for p in pieces]


def _open_holes(case: Case) -> Iterable[Defect]:
    """Yield the interior rings of grids of which some edge is met by nobody."""
    grids = case.net.grids
    for ring in np.unique(grids.ring[grids.hole & case.bad]):
        rows = slice(*np.searchsorted(grids.ring, [ring, ring + 1]))
        shape = shapely.make_valid(shapely.Polygon(grids.start[rows].astype(np.float64))) if _length(rows) > 2 else None  # noqa: PLR2004
        if shape is not None and shapely.area(shape) > 0:
            yield _piece("hole", shape, grids=(int(grids.polygon[rows][0]),))


def _length(rows: slice) -> int:
    return int(rows.stop) - int(rows.start)


def _misses_a_grid(case: Case, gap: Defect) -> bool:
    if gap.width < MISSING_WIDTH_M:
        return False
    if bool(shapely.intersects_xy(gap.shape, case.lost).any()):
        return True
    areas = case.grid_area2[(case.group == gap.community) & (case.grid_area2 > 0)]
    return not len(areas) or gap.area >= float(areas.min()) / 2e4


def _next_rows(rings: Rings) -> NDArray[np.int64]:
    """Return for each row the row that goes on where it ends, in the same ring."""
    rows = np.arange(len(rings))
    first = np.flatnonzero(np.r_[True, rings.ring[1:] != rings.ring[:-1]])
    following = rows + 1
    following[np.r_[first[1:], len(rings)] - 1] = first
    return following


def _spikes(case: Case, pieces: list[Defect]) -> tuple[list[Defect], list[Defect]]:
    """Return the spikes, and the pieces that are no part of one."""
    grids = case.net.grids
    if not len(grids):
        return [], pieces
    following = _next_rows(grids)
    into, out = grids.end - grids.start, (grids.end - grids.start)[following]
    turn = into[:, 0] * out[:, 1] - into[:, 1] * out[:, 0]
    ahead = (into * out).sum(axis=1)
    sharp = (ahead < 0) & (turn >= 0) & (turn.astype(np.float64) <= -SPIKE_TANGENT * ahead.astype(np.float64))
    spikes: list[Defect] = []
    for row in np.flatnonzero(sharp & case.bad & case.bad[following]):
        tip = grids.end[row].astype(np.float64)
        corner = np.array([grids.start[row], grids.end[row], grids.end[following[row]]], dtype=np.float64)
        tongue = shapely.buffer(shapely.convex_hull(shapely.LineString(corner)), 1.0)
        of = (int(grids.polygon[row]),)
        inside = [p for p in pieces if p.kind != "gap" and of[0] in p.grids and _is_within(p.shape, tongue)]
        if turn[row] == 0 or inside:
            area, width = (
                sum(p.area for p in inside if p.kind != "crosses_community"),
                max((p.width for p in inside), default=0.0),
            )
            taken = {id(p) for p in inside}
            pieces = [p for p in pieces if id(p) not in taken]
            spikes.append(
                Defect(kind="spike", xy=(float(tip[0]), float(tip[1])), grids=of, area=area, width=width, shape=tongue)
            )
    return spikes, pieces


def _is_within(shape: Geometry | None, tongue: Geometry) -> bool:
    return bool(shapely.area(shapely.difference(shape, tongue)) <= 0.02 * shapely.area(shape))


def _unmatched(case: Case, wide: Sequence[Defect]) -> list[Defect]:
    """Return the points that an edge passes by without having them, and that no wider defect explains."""
    net = case.net
    noded = [net.community_edge[case.unmet], case.tangle.touching[:, 0]] if case.noded else []
    suspect = np.unique(np.concatenate([net.grid_edge[case.bad], *noded]))
    if not len(suspect):
        return []
    points = np.unique(np.concatenate([net.ends[suspect].ravel(), case.tangle.touching[:, 1]]))
    segments = net.vertex[net.ends[suspect]].astype(np.float64)
    tree = shapely.STRtree(lines_of(segments))
    at = points_of(net.vertex[points].astype(np.float64))
    point, edge = tree.query(at, predicate="dwithin", distance=2 * TOLERANCE_CM)
    inner = (points[point][:, None] != net.ends[suspect[edge]]).all(axis=1) & (
        _lies_on(net.vertex[points[point]].astype(np.float64), segments[edge])
        | _lies_on(case.vertex[points[point]], case.vertex[net.ends[suspect[edge]]])
    )
    owners = _owners(case, suspect, points)
    found: dict[tuple[int, tuple[int, ...]], Defect] = {}
    explained = shapely.STRtree(_shapes(wide)) if wide else None
    for p, e in zip(points[point[inner]], suspect[edge[inner]], strict=True):
        has_edge, has_point = owners[0].get(int(e), set()), owners[1].get(int(p), set())
        lacking = has_edge - has_point
        xy = (float(net.vertex[p, 0]), float(net.vertex[p, 1]))
        if not lacking or (explained and len(explained.query(shapely.Point(xy), predicate="dwithin", distance=0.01))):
            continue
        grids = (*sorted(k for k in lacking if k >= 0), *sorted(k for k in has_point if k >= 0))
        if grids:
            found[int(p), grids] = Defect(kind="unmatched_vertex", xy=xy, grids=grids)
    return list(found.values())


def _lies_on(point: NDArray[np.float64], segment: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say, row by row, whether a point lies within the tolerance of a segment and between its ends."""
    way, offset = segment[:, 1] - segment[:, 0], point - segment[:, 0]
    along, square = (offset * way).sum(axis=1), (way**2).sum(axis=1)
    across = np.abs(way[:, 0] * offset[:, 1] - way[:, 1] * offset[:, 0])
    return (along > 0) & (along < square) & (across <= TOLERANCE_CM * np.sqrt(square))


def _owners(case: Case, edges: NDArray[np.int64], points: NDArray[np.int64]) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """Return who has each of the edges and each of the points: grids by number, the community `c` as `-1 - c`."""
    net = case.net
    of_edge: dict[int, set[int]] = defaultdict(set)
    of_point: dict[int, set[int]] = defaultdict(set)
    layers = [(net.grid_edge, net.grids.polygon, False)]
    if case.noded:
        layers.append((net.community_edge, net.communities.polygon, True))
    for edge_of, owner, is_community in layers:
        rows = np.flatnonzero(np.isin(net.ends[edge_of], points).any(axis=1) | np.isin(edge_of, edges))
        for row in rows:
            who = int(-1 - owner[row]) if is_community else int(owner[row])
            of_edge[int(edge_of[row])].add(who)
            for point in net.ends[edge_of[row]]:
                of_point[int(point)].add(who)
    return of_edge, of_point


# --- what is left ---------------------------------------------------------------------------------


def _unexplained(case: Case, found: Sequence[Defect], shapes: Sequence[Defect], copied: set[int]) -> list[Defect]:
    """Return the edges that failed and that no defect found so far accounts for."""
    net, grids = case.net, case.net.grids
    left = case.bad.copy()
    if copied:
        left &= ~np.isin(net.grid_edge, net.grid_edge[np.isin(grids.polygon, list(copied))])
    tangled = np.unique(case.tangle.crossing.ravel())
    left &= ~np.isin(grids.polygon, grids.polygon[np.isin(net.grid_edge, tangled)])
    if not case.noded:
        left &= ~case.elsewhere
    rows = np.flatnonzero(left)
    if not len(rows):
        return []
    segments = np.stack([grids.start[rows], grids.end[rows]], axis=1).astype(np.float64)
    shape = [s.shape for s in shapes if s.shape is not None] + [
        shapely.Point(d.xy) for d in found if d.kind == "unmatched_vertex"
    ]
    explained = np.zeros(len(rows), dtype=np.bool_)
    if shape:
        near, _ = shapely.STRtree(shape).query(lines_of(segments), predicate="dwithin", distance=_REACH_CM)
        explained[near] = True
    if not case.noded:
        explained |= covered(segments, _segments(case.line), TOLERANCE_CM)
    return [
        Defect(
            kind="unmatched_edge",
            xy=(float(segments[k].mean(axis=0)[0]), float(segments[k].mean(axis=0)[1])),
            grids=(int(grids.polygon[rows[k]]),),
            width=float(np.hypot(*(segments[k][1] - segments[k][0]))) / 100.0,
        )
        for k in np.flatnonzero(~explained)
    ]


def _segments(lines: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the segments (n, 2, 2) of multi-part lines."""
    xy, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    step = (line[1:] == line[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
    return np.stack([xy[:-1][step], xy[1:][step]], axis=1)
