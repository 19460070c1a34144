"""How far people walk: as the crow flies with a detour, or along the ways of the town."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from gis.faces import node

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Walk: TypeAlias = "Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]"
"""Gives the metres (n, m) that people walk from each of n places to each of m, both (·, 2) in metres."""

STEP_M = 25.0
"""Ways are entered and left at points no farther apart than this."""


def straight(detour: float) -> Walk:
    """Walk in straight lines, each `detour` times as long as it is on the map."""
    return lambda places, sites: np.asarray(cdist(places, sites) * detour, dtype=np.float64)


def along_ways(line: NDArray[np.object_], detour: float) -> Walk:
    """Walk along lines (metres) that people may walk on, wherever these meet; to the nearest of them as `straight` does.

    A river is crossed where a way crosses it and nowhere else. Between places that no way joins people walk as `straight`
    says: a town's lines are never all of its ways. Nobody comes sooner than along the straight line.
    """
    between = straight(detour)
    pieces = node(line[~shapely.is_empty(line)])
    if not len(pieces):
        return between
    ends, piece = shapely.get_coordinates(shapely.segmentize(pieces, STEP_M), return_index=True)
    place, at = np.unique(ends, axis=0, return_inverse=True)
    onward = piece[1:] == piece[:-1]
    a, b = at[:-1][onward], at[1:][onward]
    length = np.hypot(*(place[a] - place[b]).T)
    graph = coo_array((length, (a, b)), shape=(len(place), len(place))).tocsr()
    nearest = KDTree(place)

    def walk(places: NDArray[np.float64], sites: NDArray[np.float64]) -> NDArray[np.float64]:
        (leave, leaves), (arrive, arrives) = nearest.query(places), nearest.query(sites)
        found = dijkstra(graph, directed=False, indices=arrives)[:, leaves].T
        found += detour * (leave[:, None] + arrive[None, :])
        plain = between(places, sites)
        return np.where(np.isfinite(found), np.maximum(found, plain / detour), plain)

    return walk
