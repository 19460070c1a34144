"""What an audit looks at: a grid layer and its communities, and both of them together on the lattice of centimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.frame import CM_PER_M, centimetres
from partition.certificate import Fault, area2_of, locate, match, met_once, net_of, origin_of, rings_of, stray_holes, tangle_of
from partition.soundness import pinches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.certificate import Matching, Net, Rings, Tangle

UNKNOWN = -1
"""A household count that a layer does not give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLayer:
    """A layer of grids, in the town's frame (metres); one row an index into each column.

    `community` may be empty: then the place decides. `kind` is `residential`, `dedicated` or empty (taken as
    residential). `exception` is the reason for being out of band, or empty. `households` is what the layer claims,
    `UNKNOWN` where it says nothing; `persons` the same, or None where it never does.
    """

    code: tuple[str, ...]
    community: tuple[str, ...]
    kind: tuple[str, ...]
    exception: tuple[str, ...]
    polygon: NDArray[np.object_]
    households: NDArray[np.int64]
    persons: NDArray[np.int64] | None = None
    row: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityLayer:
    """The noded communities of a plan, in the town's frame: they have every grid vertex that lies on their lines."""

    code: tuple[str, ...]
    polygon: NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Both layers as integers, as shapes around one origin, and what the integers say."""

    origin: NDArray[np.int64]
    grid_fault: NDArray[np.uint8]
    community_fault: NDArray[np.uint8]
    net: Net
    tangle: Tangle
    group: NDArray[np.int64]
    renamed: NDArray[np.bool_]
    """Grids whose community is not known; `group` holds the one they lie in."""
    matching: Matching
    exact: NDArray[np.bool_]
    grid_area2: NDArray[np.int64]
    community_area2: NDArray[np.int64]
    grid: NDArray[np.object_]
    community: NDArray[np.object_]
    rank: NDArray[np.int64]
    """Place of each grid in the order of codes."""
    unrounded: NDArray[np.object_]
    """The readable grids in centimetres from the origin, not rounded."""
    codes: tuple[str, ...]
    """Of the communities."""
    noded: bool


def look_at(grids: GridLayer, reference: CommunityLayer, *, noded: bool) -> Look:
    """Put both layers on the lattice; `noded` says that the communities have every vertex of the grids on their lines."""
    origin = origin_of(np.concatenate([reference.polygon, grids.polygon]))
    grid_rings, grid_fault = rings_of(grids.polygon, origin)
    community_rings, community_fault = rings_of(reference.polygon, origin)
    net = net_of(grid_rings, community_rings)
    tangle = tangle_of(net)
    shapes = _shapes(grids.polygon, grid_fault, origin)
    lands = _shapes(reference.polygon, community_fault, origin)
    group, renamed = _groups(grids, reference, shapes, community_rings)
    matching = match(net, group, len(reference.code))
    grid_area2, community_area2 = area2_of(grid_rings), area2_of(community_rings)
    rank = np.empty(len(grids.code), dtype=np.int64)
    rank[sorted(range(len(grids.code)), key=lambda k: (grids.code[k], k))] = np.arange(len(grids.code))
    return Look(
        origin=origin,
        grid_fault=grid_fault,
        community_fault=community_fault,
        net=net,
        tangle=tangle,
        group=group,
        renamed=renamed,
        matching=matching,
        exact=_exact(
            net,
            tangle,
            group,
            matching,
            grid_area2=grid_area2,
            community_area2=community_area2,
            grid_fault=grid_fault,
        ),
        grid_area2=grid_area2,
        community_area2=community_area2,
        grid=shapes,
        community=lands,
        rank=rank,
        unrounded=shapely.transform(grids.polygon[grid_fault == Fault.NONE], lambda xy: xy * CM_PER_M - origin),
        codes=reference.code,
        noded=noded,
    )


def _shapes(polygon: NDArray[np.object_], fault: NDArray[np.uint8], origin: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the polygons in centimetres from the origin, made valid; empty where they cannot be read."""
    nothing = shapely.Polygon()
    usable = np.array([p if f == Fault.NONE else nothing for p, f in zip(polygon, fault, strict=True)], dtype=np.object_)
    shapes = shapely.transform(usable, lambda xy: (centimetres(xy) - origin).astype(np.float64))
    broken = np.flatnonzero(~shapely.is_valid(shapes))
    for k in broken:
        # What make_valid adds to the areas, lines and points, is nothing that a grid could cover.
        pieces = shapely.get_parts(shapely.get_parts(np.array([shapely.make_valid(shapes[k])], dtype=np.object_)))
        shapes[k] = shapely.union_all(pieces[shapely.get_dimensions(pieces) == 2])  # noqa: PLR2004
    return shapes


def _groups(
    grids: GridLayer, reference: CommunityLayer, shapes: NDArray[np.object_], communities: Rings
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the community of each grid, by its code or else by a point inside it; -1 where there is none."""
    number: dict[str, int] = {}
    for k, code in enumerate(reference.code):
        number.setdefault(code, k)
    group = np.array([number.get(code, -1) for code in grids.community], dtype=np.int64).reshape(-1)
    lost = np.flatnonzero((group < 0) & ~shapely.is_empty(shapes))
    points = np.rint(shapely.get_coordinates(shapely.point_on_surface(shapes[lost]))).astype(np.int64).reshape(-1, 2)
    located = locate(points, communities)
    code_order = (
        np.argsort(np.array(reference.code, dtype=np.str_), kind="stable") if reference.code else np.zeros(0, dtype=np.int64)
    )
    rank = np.empty(len(reference.code), dtype=np.int64)
    rank[code_order] = np.arange(len(reference.code))
    best = smallest(len(lost), located.point, located.polygon, rank)
    group[lost] = best
    renamed = np.zeros(len(group), dtype=np.bool_)
    renamed[lost] = [bool(grids.community[k]) and group[k] >= 0 for k in lost]
    return group, renamed


def smallest(points: int, point: NDArray[np.int64], polygon: NDArray[np.int64], rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each point the polygon of smallest rank among those listed, or -1."""
    order = np.lexsort((rank[polygon], point))
    chosen = np.full(points, -1, dtype=np.int64)
    held, first = np.unique(point[order], return_index=True)
    chosen[held] = polygon[order][first]
    return chosen


def _exact(
    net: Net,
    tangle: Tangle,
    group: NDArray[np.int64],
    matching: Matching,
    *,
    grid_area2: NDArray[np.int64],
    community_area2: NDArray[np.int64],
    grid_fault: NDArray[np.uint8],
) -> NDArray[np.bool_]:
    """Say for each community whether the theorem holds: every condition of it, and the areas besides."""
    exact = community_area2 > 0
    home = group[net.grids.polygon]

    def deny(of: NDArray[np.int64]) -> None:
        exact[of[of >= 0]] = False

    # A grid that cannot be read covers nothing; but nobody has then shown what it was meant to cover.
    deny(group[grid_fault != Fault.NONE])
    deny(home[~matching.grid])
    deny(net.communities.polygon[~matching.community])
    edges = np.concatenate([tangle.crossing.ravel(), tangle.touching[:, 0]])
    for edge, owner in ((net.grid_edge, home), (net.community_edge, net.communities.polygon)):
        deny(owner[np.isin(edge, edges) | np.isin(net.ends[edge], tangle.touching[:, 1]).any(axis=1)])
    for defect in pinches(net, tangle):
        deny(group[list(defect.grids)])
    deny(home[stray_holes(net.grids)])
    deny(net.communities.polygon[stray_holes(net.communities)])
    deny(_shared_ground(net))
    totals: list[int] = [0] * len(exact)
    for k, area2 in zip(group.tolist(), grid_area2.tolist(), strict=True):
        if k >= 0:
            totals[k] += area2
    exact &= np.array([total == area2 for total, area2 in zip(totals, community_area2.tolist(), strict=True)], dtype=np.bool_)
    return exact


def _shared_ground(net: Net) -> NDArray[np.int64]:
    """Return the communities that share ground with another.

    Where lines do not tangle, two communities share ground only if they have an edge the same way, or if one of
    them lies inside the other, and with it the middle of an edge that they do not share.
    """
    lines = net.communities
    met, twice = met_once(net.community_edge, net.community_forward)
    alone = np.flatnonzero(~met)
    middle = (lines.start + lines.end)[alone]
    doubled = _doubled(lines)
    located = locate(middle, doubled)
    other = located.strictly & (located.polygon != lines.polygon[alone[located.point]])
    return np.concatenate([lines.polygon[twice], located.polygon[other], lines.polygon[alone[located.point[other]]]])


def _doubled(rings: Rings) -> Rings:
    return type(rings)(
        start=2 * rings.start,
        end=2 * rings.end,
        polygon=rings.polygon,
        part=rings.part,
        ring=rings.ring,
        hole=rings.hole,
        polygons=rings.polygons,
    )
