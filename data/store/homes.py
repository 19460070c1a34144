"""Whose a household point is: on lines between communities, on ground that two of them claim, in strips that none has.

On a line it is the one's with the smaller code, everywhere in the house.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.frame import CM_PER_M, SNAP_M, centimetres
from gis.locate import NOWHERE, locate, rank_of
from partition.settle import SLIVER_M

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from data.store.town_layers import Features
    from gis.town import Households
    from partition.net import Net

_REACH_CM = (SLIVER_M + 2 * SNAP_M) * CM_PER_M
"""How far from a community's own line its noded line may run, where it took a sliver beside it."""


def homes(xy: NDArray[np.float64], polygon: NDArray[np.object_], codes: Sequence[str]) -> NDArray[np.int64]:
    """Return the community of each point (n, 2), or `NOWHERE`: on a line the smaller code's, on shared ground the first."""
    first = locate(xy, polygon, order=np.arange(len(polygon)))
    home = locate(xy, polygon, order=rank_of(codes))
    several = np.flatnonzero(first != home)
    within = several[_strictly(xy[several], polygon, first[several])]
    home[within] = first[within]
    return home


def homes_on(net: Net, points: Households, community: Features) -> NDArray[np.int64]:
    """Return the community of each point, by the lines of a net: `NOWHERE` for what its communities need not have.

    Strictly inside these lines every point must be in the net, also where the file leaves a strip between communities that
    the net has settled. On the outermost line a point may be the neighbour's, of whom we have the file's line alone: where
    that goes through the point the smaller code has it; where it merely comes near, as beside a settled strip, we cannot
    know, and take the net's word.
    """
    codes = tuple(net.outline)
    ours = np.array([*net.outline.values()], dtype=object)
    found = locate(points.xy, ours, order=rank_of(codes))
    held = np.flatnonzero(found != NOWHERE)
    ground = np.array([shapely.union_all(ours, grid_size=SNAP_M)], dtype=object)
    rim = held[~_strictly(points.xy[held], ground, np.zeros(len(held), dtype=np.int64))]
    foreign = np.flatnonzero(~np.isin(np.array(community.code, dtype=object), codes))
    theirs = shapely.transform(community.shape[foreign], lambda xy: centimetres(xy).astype(np.float64))
    at = _at(points.xy[rim])
    which, other = shapely.STRtree(theirs).query(at, predicate="dwithin", distance=_REACH_CM)
    through = shapely.intersects(at[which], theirs[other])
    rank = rank_of((*codes, *(community.code[f] for f in foreign.tolist())))
    smaller = rank[len(codes) + other] < rank[found[rim[which]]]
    claimed = set(net.household_id)
    doubtful = np.unique(rim[which[~through]])
    lost = [h for h in doubtful.tolist() if points.id[h] not in claimed]
    found[[*rim[which[through & smaller]].tolist(), *lost]] = NOWHERE
    index = {code: k for k, code in enumerate(community.code)}
    return np.array([*(index[code] for code in codes), NOWHERE], dtype=np.int64)[found]


def _strictly(xy: NDArray[np.float64], polygon: NDArray[np.object_], of: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say of each point (n, 2) whether it lies inside its polygon, `of` (n,), and not on its line, on the 1 cm grid."""
    shapes = shapely.transform(polygon, lambda c: centimetres(c).astype(np.float64))
    shapely.prepare(shapes)
    # Polygon by polygon, so that the prepared form of each is at hand.
    order = np.argsort(of, kind="stable")
    inside = np.zeros(len(of), dtype=np.bool_)
    inside[order] = shapely.contains_properly(shapes[of[order]], _at(xy[order]))
    return inside


def _at(xy: NDArray[np.float64]) -> NDArray[np.object_]:
    return np.asarray(shapely.points(centimetres(xy).astype(np.float64)), dtype=object)
