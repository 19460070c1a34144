"""The four bounds (四至) of a grid: what it ends at on the east, the south, the west and the north.

Definition. The outline of a grid is its outer rings; what lies around an enclave inside it bounds the enclave, not the
grid. Lines from the grid's centroid to the four corners of its bounding box cut the outline into sectors: the diagonals
of a block, north-east to south-east for the east of a square. (Bearings of 45 degrees would put most of the northern
street of a long block into its east.) Outline that is turned towards the centroid (the inner side of a crescent) does
not count; where nothing counts in a sector, the outline farthest in that direction does. In each sector the bound is

1. the road, lane, river or railway whose name runs along the most of it, if that is a quarter of it or more;
2. failing that, the drain or wall of which the same is true;
3. failing that, what shares the most of it: a grid of the same community, another community, or the town's edge.

A line runs along a place of the outline when it passes within 15 m and turns away from the outline by 30 degrees at
most. Where several do, lines of the first sort come before those of the second, then the nearest counts, then the
strongest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.frame import CM_PER_M
from gis.town import LineKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.mesh import Mesh

TOWN_EDGE = "城区边界"
"""The bound where the town ends."""
TOWN_EDGE_EN = "the town's edge"

REACH_M = 15.0
"""How far a line may lie from the outline that it bounds."""
STEP_M = 40.0
"""An edge is looked at once for every so many metres of its length."""
SHARE = 0.25
"""The least share of a sector that a name must have."""

_SINE = 0.5
"""Of 30 degrees, by which a line may turn away from the outline."""
_NO_GRID = -1
_NO_NAME = -1
_FIRST_KINDS = (LineKind.LANE, LineKind.ROAD, LineKind.MAIN_ROAD, LineKind.EXPRESSWAY, LineKind.RAILWAY, LineKind.RIVER)
_SECOND_KINDS = (LineKind.DRAIN, LineKind.WALL)
_SECTORS = np.array([(1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 1.0)])
"""East, south, west, north."""


@dataclass(frozen=True, slots=True)
class FourBounds:
    """What a grid ends at on each side: names as the data spell them, or `TOWN_EDGE`; none is empty."""

    east: str
    south: str
    west: str
    north: str


@dataclass(frozen=True, slots=True)
class _Names:
    """The named lines, in straight pieces.

    `text` holds each name once, the stronger before the weaker; those from `weak` on belong to drains and walls only.
    `start`, `end` (p, 2) metres; `name` (p,) indices into `text`.
    """

    text: tuple[str, ...]
    weak: int
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    name: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Outline:
    """The edges of outer rings, once for each grid that they bound, with the grid on the left.

    `edge` (n,) of the mesh; `tail`, `head` (n,) vertex ids; `grid`, `beyond` (n,) the grids on either side, beyond may
    be -1.
    """

    edge: NDArray[np.int64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    grid: NDArray[np.int64]
    beyond: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Places:
    """Places on the outline, one for each stretch of `STEP_M` at most.

    `xy` (k, 2) metres, the middle of the stretch; `along` (k, 2) metres, its edge from tail to head; `metres` (k,) how
    long it is; `grid`, `beyond` (k,); `stretch` (k,) the same number for the two grids on either side of a stretch.
    """

    xy: NDArray[np.float64]
    along: NDArray[np.float64]
    metres: NDArray[np.float64]
    grid: NDArray[np.int64]
    beyond: NDArray[np.int64]
    stretch: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Longest:
    """For slots (four to a grid) that have any: the label with the most metres, and how many."""

    slot: NDArray[np.int64]
    label: NDArray[np.int64]
    metres: NDArray[np.float64]


def four_bounds(
    mesh: Mesh,
    grid_of_face: NDArray[np.int64],
    *,
    centroid: NDArray[np.float64],
    line: NDArray[np.object_],
    line_kind: NDArray[np.uint8],
    line_name: tuple[str, ...],
    grid_name: tuple[str, ...],
    community_of_grid: NDArray[np.int64],
    community_name: tuple[str, ...],
) -> list[FourBounds]:
    """Return the four bounds of every grid.

    Parameters
    ----------
    mesh
        The faces of the whole town.
    grid_of_face
        (f,) the grid of each face, -1 for none.
    centroid
        (g, 2) metres.
    line, line_kind, line_name
        (n,) LineStrings in metres, their `LineKind` and name. Lines without a name do not count, nor do underground
        ones and the outlines of communities.
    grid_name
        (g,) what a grid is called by its neighbours in the same community: a name or a code, never empty.
    community_of_grid
        (g,) index into `community_name`.
    community_name
        What a community is called by its neighbours; where empty, the name of the neighbouring grid serves.

    Returns
    -------
    list[FourBounds]
        (g,) in the order of the grids; the same whatever the order of the lines.
    """
    names = _names(line, line_kind, line_name)
    outline = _outline(mesh, grid_of_face)
    place = _places(mesh, outline)
    along = _along(place, names)
    slot, which = _slots(place, centroid)
    neighbour = _neighbours(place, community_of_grid, np.array([bool(name) for name in community_name], dtype=bool))
    text = (*names.text, TOWN_EDGE, *grid_name, *community_name)

    bound = np.full(4 * len(grid_name), len(names.text), dtype=np.int64)
    metres = place.metres[which]
    beside = _longest(slot, len(names.text) + neighbour[which], metres, len(text))
    bound[beside.slot] = beside.label
    whole = np.bincount(slot, weights=metres, minlength=len(bound))
    label = along[which]
    # The first sort is written last: it replaces the second.
    for low, high in ((names.weak, len(names.text)), (0, names.weak)):
        named = (low <= label) & (label < high)
        run = _longest(slot[named], label[named], metres[named], len(text))
        enough = run.metres >= SHARE * whole[run.slot] - 1 / CM_PER_M
        bound[run.slot[enough]] = run.label[enough]
    return [FourBounds(*(text[label] for label in four)) for four in bound.reshape(-1, 4).tolist()]


def bounds_text(bounds: FourBounds, lang: str) -> str:
    """Return the four bounds as one phrase in `lang` (`zh` or `en`)."""
    if lang == "zh":
        return f"东至{bounds.east}，南至{bounds.south}，西至{bounds.west}，北至{bounds.north}"
    east, south, west, north = (
        TOWN_EDGE_EN if name == TOWN_EDGE else name for name in (bounds.east, bounds.south, bounds.west, bounds.north)
    )
    return f"bounded by {east} on the east, {south} on the south, {west} on the west and {north} on the north"


def _names(line: NDArray[np.object_], kind: NDArray[np.uint8], name: tuple[str, ...]) -> _Names:
    """Gather the named lines; a name that several lines bear is as strong as the strongest of them."""
    rank = {int(each): int(each) for each in _FIRST_KINDS + _SECOND_KINDS}
    strength: dict[str, int] = {}
    bearer: list[int] = []
    for index, (text, its_kind) in enumerate(zip(name, kind.tolist(), strict=True)):
        if text.strip() and its_kind in rank:
            strength[text.strip()] = max(its_kind, strength.get(text.strip(), 0))
            bearer.append(index)
    text = tuple(sorted(strength, key=lambda each: (-strength[each], each)))
    weak = sum(strength[each] in _FIRST_KINDS for each in text)
    number = {each: index for index, each in enumerate(text)}
    xy, owner = shapely.get_coordinates(line[np.array(bearer, dtype=np.int64)], return_index=True)
    straight = (owner[1:] == owner[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
    of_line = np.array([number[name[index].strip()] for index in bearer], dtype=np.int64)
    return _Names(text, weak, xy[:-1][straight], xy[1:][straight], of_line[owner[1:][straight]])


def _outline(mesh: Mesh, grid_of_face: NDArray[np.int64]) -> _Outline:
    """Gather the edges between different grids, and keep those of outer rings."""
    grid_or_none = np.append(grid_of_face, _NO_GRID)  # the face outside, -1, finds the last
    left, right = grid_or_none[mesh.left], grid_or_none[mesh.right]
    edge = np.flatnonzero(left != right)
    tail = np.concatenate([mesh.tail[edge], mesh.head[edge]])
    head = np.concatenate([mesh.head[edge], mesh.tail[edge]])
    grid = np.concatenate([left[edge], right[edge]])
    beyond = np.concatenate([right[edge], left[edge]])
    kept = np.flatnonzero(grid != _NO_GRID)
    kept = kept[_on_outer_ring(mesh.vertex, tail[kept], head[kept], grid[kept])]
    return _Outline(np.tile(edge, 2)[kept], tail[kept], head[kept], grid[kept], beyond[kept])


def _on_outer_ring(
    vertex: NDArray[np.int64], tail: NDArray[np.int64], head: NDArray[np.int64], grid: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Say which of the directed edges, each with its grid on the left, lie on an outer ring.

    Rings are followed from edge to edge, at each vertex turning anticlockwise across the ground outside the grid, so
    that rings which touch in a vertex stay apart; a ring that runs anticlockwise is an outer one.
    """
    count = len(tail)
    if not count:
        return np.zeros(0, dtype=bool)
    step = vertex[head] - vertex[tail]
    ray = np.concatenate([step, -step])  # as seen from the tail, then as seen from the head
    at, owner = np.concatenate([tail, head]), np.tile(grid, 2)
    order = np.lexsort((np.arctan2(ray[:, 1], ray[:, 0]), at, owner))
    first = np.ones(2 * count, dtype=bool)
    first[1:] = (np.diff(at[order]) != 0) | (np.diff(owner[order]) != 0)
    around = np.flatnonzero(first)[np.cumsum(first) - 1]
    after = np.arange(1, 2 * count + 1)
    last = np.append(first[1:], True)
    after[last] = around[last]
    following = np.empty(2 * count, dtype=np.int64)
    following[order] = order[after]
    link = (np.arange(count), following[count:] % count)
    links = coo_array((np.ones(count, dtype=np.int8), link), shape=(count, count))
    ring: NDArray[np.int32] = connected_components(links, directed=False)[1]
    a, b = ((vertex[end] - vertex.min(axis=0)).astype(np.float64) for end in (tail, head))
    area = np.bincount(ring, weights=a[:, 0] * b[:, 1] - b[:, 0] * a[:, 1])
    return area[ring] > 0


def _places(mesh: Mesh, outline: _Outline) -> _Places:
    """Cut the edges of the outline into stretches."""
    start, end = mesh.vertex[outline.tail] / CM_PER_M, mesh.vertex[outline.head] / CM_PER_M
    step = end - start
    length = np.hypot(step[:, 0], step[:, 1])
    count = np.maximum(np.ceil(length / STEP_M), 1).astype(np.int64)
    edge = np.repeat(np.arange(len(count)), count)
    turn = np.arange(len(edge)) - (np.cumsum(count) - count)[edge]
    at = (turn + 0.5) / count[edge]
    backward = (outline.tail > outline.head)[edge]
    stretch = outline.edge[edge] * int(count.max(initial=1)) + np.where(backward, count[edge] - 1 - turn, turn)
    return _Places(
        xy=start[edge] + at[:, None] * step[edge],
        along=step[edge],
        metres=(length / count)[edge],
        grid=outline.grid[edge],
        beyond=outline.beyond[edge],
        stretch=stretch,
    )


def _along(place: _Places, names: _Names) -> NDArray[np.int64]:
    """Return for each place the name of the line that runs along it, or -1."""
    _, one, back = np.unique(place.stretch, return_index=True, return_inverse=True)
    found = np.full(len(one), _NO_NAME, dtype=np.int64)
    if not len(names.start):
        return found[back]
    xy = place.xy[one]
    tree = shapely.STRtree(np.asarray(shapely.linestrings(np.stack([names.start, names.end], axis=1)), dtype=np.object_))
    at, piece = tree.query(shapely.box(*(xy - REACH_M).T, *(xy + REACH_M).T))
    step = names.end[piece] - names.start[piece]
    near = _is_along(place.along[one[at]], step)
    at, piece, step = at[near], piece[near], step[near]
    away = np.rint(_distance(xy[at], names.start[piece], step) * CM_PER_M)
    near = away <= REACH_M * CM_PER_M
    at, name, away = at[near], names.name[piece[near]], away[near]
    order = np.lexsort((name, away, name >= names.weak, at))
    at, name = at[order], name[order]
    first = np.ones(len(at), dtype=bool)
    first[1:] = at[1:] != at[:-1]
    found[at[first]] = name[first]
    return found[back]


def _is_along(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which pairs of directions differ by 30 degrees at most, either way round."""
    cross = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    return np.abs(cross) <= _SINE * np.hypot(one[:, 0], one[:, 1]) * np.hypot(other[:, 0], other[:, 1]) * (1 + 1e-9)


def _distance(point: NDArray[np.float64], start: NDArray[np.float64], step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance (metres) of each point from its own straight piece, from `start` by `step`."""
    along = ((point - start) * step).sum(axis=1) / (step**2).sum(axis=1)
    gap = point - start - np.clip(along, 0.0, 1.0)[:, None] * step
    return np.hypot(gap[:, 0], gap[:, 1])


def _slots(place: _Places, centroid: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which places count for which sectors: slots (4 grid + sector) and the index of a place for each.

    Every sector of a grid with an outline gets at least one place.
    """
    seen = place.xy - centroid[place.grid]
    ahead = seen @ _SECTORS.T
    reach = np.full((4, len(centroid)), 1 / CM_PER_M)
    for its_reach, its_ahead in zip(reach, ahead.T, strict=True):
        np.maximum.at(its_reach, place.grid, its_ahead)
    reach = reach.T
    outward = np.column_stack([place.along[:, 1], -place.along[:, 0]])
    counts = np.flatnonzero((outward * seen).sum(axis=1) > 0)
    sector = np.argmax(ahead[counts] / reach[place.grid[counts]], axis=1)
    slot = 4 * place.grid[counts] + sector

    filled = np.zeros((len(centroid), 4), dtype=bool)
    filled.reshape(-1)[slot] = True
    farthest = (ahead >= reach[place.grid] - REACH_M) & ~filled[place.grid]
    more, its_sector = np.nonzero(farthest)
    return np.concatenate([slot, 4 * place.grid[more] + its_sector]), np.concatenate([counts, more])


def _neighbours(place: _Places, community_of_grid: NDArray[np.int64], has_name: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return what lies beyond each place: 0 the town's edge, then the grids, then the communities."""
    community = np.append(community_of_grid, -1)
    mine, theirs = community[place.grid], community[place.beyond]
    elsewhere = (mine != theirs) & np.append(has_name, False)[theirs]
    return np.where(elsewhere, 1 + len(community_of_grid) + theirs, 1 + place.beyond)


def _longest(slot: NDArray[np.int64], label: NDArray[np.int64], metres: NDArray[np.float64], labels: int) -> _Longest:
    """Keep the label with the most metres in each slot; of equals, to the centimetre, the least label."""
    key, inverse = np.unique(slot * labels + label, return_inverse=True)
    total = np.rint(np.bincount(inverse, weights=metres, minlength=len(key)) * CM_PER_M) / CM_PER_M
    slots, of_key = key // labels, key % labels
    order = np.lexsort((of_key, -total, slots))
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(slots[order]) != 0
    best = order[first]
    return _Longest(slots[best], of_key[best], total[best])
