"""A block is parted where a planner wants a line and the ground has none: along a drawn line, or between its buildings.

The block, the blocks around it and the line are noded together on the snap grid, so that a line's end is a vertex of everybody
whom it touches, and everything still tiles. Buildings stay whole. What cannot be is an answer, not an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.cuts import cells_around
from gis.faces import dissolve, faces, node
from gis.frame import SNAP_M, snap_geometry
from gis.labels import NO_LINE, lines_on_edges
from gis.locate import NOWHERE, locate
from gis.mesh import build_mesh
from gis.town import LineKind
from partition.block import KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import Geometry

LEAST_PART_M2 = 50.0
"""A part smaller than this is nobody's ground: a corner that a hand has slipped off."""
LEAST_WIDTH_M = 2.0
"""A part narrower than this (twice its area over its outline) neither."""
BUILDING_M = 2.0
"""A line that comes so near to a household point goes through its building."""
_OUTER_REACH_M = 60.0
"""How far along a line that others hold a cut's end may be moved to a vertex."""
_ON_LINE_M = 0.02
"""Noding moves a vertex by less than this."""


class Hindrance(StrEnum):
    """Why a block cannot be parted so."""

    MISSES = "does-not-cross"
    BUILDING = "cuts-a-building"
    SMALL = "part-too-small"
    ONE_BUILDING = "one-building"
    HELD = "line-is-held"
    UNFIT = "does-not-fit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """Household points: where they are, (h, 2) metres, the building (h,) and the households (h,) of each."""

    xy: NDArray[np.float64]
    building: tuple[str, ...]
    households: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A block that is to be parted, and what it lies among.

    `around` are the blocks that touch it, or nearly; `homes` its household points, `beside` (n, 2) those of `around`.
    `lines` with their `kinds` lie on the ground. Along `held` a line ends at vertices that are there: somebody else has it.
    """

    block: Geometry
    around: NDArray[np.object_]
    homes: Homes
    beside: NDArray[np.float64]
    lines: NDArray[np.object_]
    kinds: NDArray[np.integer]
    held: Geometry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """The parts of a block (p,), the one with most households first, the part of each point, and `around` as it is now.

    `perimeter_m` of the parts. Borders as in `Blocks`: `a` < `b` count the parts, then those around; each has a part on one
    side at least.
    """

    part: NDArray[np.object_]
    home_part: NDArray[np.int64]
    around: NDArray[np.object_]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    shared_m: NDArray[np.float64]


def part_along(spot: Spot, line: Geometry) -> Parted | Hindrance:
    """Part a block along a line, metres; where the line crosses it more than once there are more than two parts."""
    inner = _inner(spot, shapely.set_precision(snap_geometry(np.array([line], dtype=object))[0], SNAP_M))
    if isinstance(inner, Hindrance):
        return inner
    if len(spot.homes.xy) and shapely.distance(shapely.multipoints(spot.homes.xy), inner) < BUILDING_M:
        return Hindrance.BUILDING
    return _parted(spot, np.array([inner], dtype=object), is_whole=True)


def part_between_buildings(spot: Spot) -> Parted | Hindrance:
    """Part a block so that each of its buildings has a part, with the ground that is nearest to it."""
    building = np.unique(np.array(spot.homes.building, dtype=object).astype(str), return_inverse=True)[1]
    xy, first = np.unique(spot.homes.xy.reshape(-1, 2), axis=0, return_index=True)
    if len(np.unique(building[first])) < 2:  # noqa: PLR2004 - two buildings are needed to part them
        return Hindrance.ONE_BUILDING
    lines, *_ = cells_around(np.array([spot.block], dtype=object), xy, np.zeros(len(xy), dtype=np.int64))
    inner = _inner(spot, shapely.union_all(lines))
    return inner if isinstance(inner, Hindrance) else _parted(spot, np.array([inner], dtype=object), is_whole=False)


def _inner(spot: Spot, line: Geometry) -> Geometry | Hindrance:
    """Return what of a line lies in the block, its ends at vertices where the block's outline is held."""
    inner = shapely.intersection(line, spot.block)
    pieces = shapely.get_parts(inner)
    pieces = pieces[shapely.length(pieces) > 0]
    if not len(pieces):
        return Hindrance.MISSES
    if spot.held is None or shapely.is_empty(spot.held):
        return shapely.union_all(pieces)
    vertices = _vertices(np.array([spot.block], dtype=object))
    vertices = vertices[shapely.dwithin(shapely.points(vertices), spot.held, _ON_LINE_M)]
    moved = []
    for piece in shapely.get_parts(shapely.line_merge(shapely.multilinestrings(pieces))):
        xy = shapely.get_coordinates(piece)
        for end in (0, -1):
            if shapely.distance(shapely.Point(xy[end]), spot.held) <= _ON_LINE_M:
                away = np.hypot(*(vertices - xy[end]).T) if len(vertices) else np.array([np.inf])
                if away.min() > _OUTER_REACH_M:
                    return Hindrance.HELD
                xy[end] = vertices[away.argmin()]
        moved.append(shapely.LineString(xy))
    return shapely.intersection(shapely.union_all(moved), spot.block)


def _parted(spot: Spot, lines: NDArray[np.object_], *, is_whole: bool) -> Parted | Hindrance:
    """Node lines into a block; with `is_whole` each face is a part, else each face belongs to the building in it."""
    old = np.concatenate([np.array([spot.block], dtype=object), spot.around])
    face = faces(node(np.concatenate([shapely.boundary(old), lines])))
    owner = _owner(face, old)
    face, owner = face[owner != NOWHERE], owner[owner != NOWHERE]
    mine = np.flatnonzero(owner == 0)
    label = np.arange(len(mine)) if is_whole else _of_buildings(face[mine], spot.homes)
    if int(label.max(initial=NOWHERE)) < 1 or (is_whole and len(mine) <= shapely.get_num_geometries(spot.block)):
        return Hindrance.MISSES
    part = dissolve(face[mine], label, int(label.max()) + 1)
    around = dissolve(face, np.where(owner > 0, owner - 1, NOWHERE), len(spot.around))
    home = locate(spot.homes.xy, part, order=np.arange(len(part)))
    order = np.lexsort((-shapely.area(part), -np.bincount(home[home != NOWHERE], minlength=len(part),
                                                         weights=spot.homes.households[home != NOWHERE])))  # fmt: skip
    part, home = part[order], np.where(home == NOWHERE, NOWHERE, np.argsort(order)[home])
    why = _fault(spot, part, around, home)
    if why is not None:
        return why
    a, b, shared = _borders(np.concatenate([part, around]), len(part), spot)
    return Parted(part=part, home_part=home, around=around, a=a, b=b, shared_m=shared)


def _owner(face: NDArray[np.object_], old: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return which of the old areas each face lies in, or `NOWHERE`."""
    found = np.full(len(face), NOWHERE, dtype=np.int64)
    which, owner = shapely.STRtree(old).query(shapely.point_on_surface(face), predicate="within")
    found[which[::-1]] = owner[::-1]
    return found


def _of_buildings(face: NDArray[np.object_], homes: Homes) -> NDArray[np.int64]:
    """Return a label for each face: that of the building in it, and of its firmest neighbour for one without."""
    name = {building: n for n, building in enumerate(sorted(set(homes.building)))}
    label = np.full(len(face), NOWHERE, dtype=np.int64)
    at = locate(homes.xy, face, order=np.arange(len(face)))
    for building, where in zip(homes.building, at.tolist(), strict=True):
        if where != NOWHERE and label[where] == NOWHERE:
            label[where] = name[building]
    mesh = build_mesh(face)
    inner = (mesh.left >= 0) & (mesh.right >= 0)
    pairs = list(zip(mesh.left[inner].tolist(), mesh.right[inner].tolist(), mesh.length_m[inner].tolist(), strict=True))
    while (label == NOWHERE).any():
        metres: dict[tuple[int, int], float] = {}
        for left, right, length in pairs:
            for bare, held in ((left, right), (right, left)):
                if label[bare] == NOWHERE and label[held] != NOWHERE:
                    metres[bare, int(label[held])] = metres.get((bare, int(label[held])), 0.0) + length
        if not metres:
            break
        bare, held = max(metres, key=lambda key: (metres[key], -key[0], -key[1]))
        label[bare] = held
    return np.unique(label, return_inverse=True)[1]


def _fault(spot: Spot, part: NDArray[np.object_], around: NDArray[np.object_], home: NDArray[np.int64]) -> Hindrance | None:
    """Return what is wrong with a block's parts and with what lies around them; None if nothing is."""
    buildings: dict[str, set[int]] = {}
    for building, where in zip(spot.homes.building, home.tolist(), strict=True):
        buildings.setdefault(building, set()).add(where)
    if any(len(found) > 1 for found in buildings.values()):
        return Hindrance.BUILDING
    area, length = shapely.area(part), shapely.length(part)
    if (
        (shapely.get_num_geometries(part) != 1).any()
        or (area < LEAST_PART_M2).any()
        or (2 * area < LEAST_WIDTH_M * length).any()
    ):
        return Hindrance.SMALL
    both = np.concatenate([part, around])
    was = np.concatenate([np.array([spot.block], dtype=object), spot.around])
    drift = abs(float(shapely.area(both).sum() - shapely.area(was).sum()))
    beside = locate(spot.beside, around, order=np.arange(len(around)))
    fits = (
        shapely.coverage_is_valid(both)
        and drift <= SNAP_M * float(shapely.length(was).sum())
        and (home != NOWHERE).all()
        and (beside != NOWHERE).all()
    )
    if not fits:
        return Hindrance.UNFIT
    if spot.held is not None and not shapely.is_empty(spot.held):
        new = _vertices(part)
        new = new[~(new[:, None] == _vertices(was)[None]).all(axis=2).any(axis=1)]
        if len(new) and shapely.distance(shapely.multipoints(new), spot.held) <= _ON_LINE_M:
            return Hindrance.HELD
    return None


def _borders(
    area: NDArray[np.object_], parts: int, spot: Spot
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the borders that parts have, with each other and with what lies around, in metres by kind of line."""
    mesh = build_mesh(shapely.orient_polygons(shapely.get_parts(area)))
    of_piece = shapely.get_parts(area, return_index=True)[1]
    inner = np.flatnonzero((mesh.left >= 0) & (mesh.right >= 0))
    left, right = of_piece[mesh.left[inner]], of_piece[mesh.right[inner]]
    kept = (left != right) & (np.minimum(left, right) < parts)
    found = lines_on_edges(mesh, spot.lines, spot.kinds)[inner[kept]]
    kind = np.where(found == NO_LINE, int(LineKind.INSIDE), np.append(spot.kinds, int(LineKind.INSIDE))[found]).astype(np.int64)
    low, high = np.minimum(left, right)[kept], np.maximum(left, right)[kept]
    pair, index = np.unique(low * len(area) + high, return_inverse=True)
    shared = np.bincount(index * KINDS + kind, weights=mesh.length_m[inner[kept]], minlength=len(pair) * KINDS)
    return pair // len(area), pair % len(area), shared.reshape(len(pair), KINDS).astype(np.float64)


def _vertices(area: NDArray[np.object_]) -> NDArray[np.float64]:
    return np.unique(shapely.get_coordinates(area), axis=0)
