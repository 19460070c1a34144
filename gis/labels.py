"""Which line of the ground lies on an edge of the mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.frame import CM_PER_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.mesh import Mesh

NO_LINE = -1
_REACH_M = 0.02
"""Snap rounding moves a line by at most the half diagonal of a 1 cm pixel at each of two rounds of noding."""


def lines_on_edges(mesh: Mesh, line: NDArray[np.object_], rank: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return for each edge of `mesh` the index of the line that lies on it, or `NO_LINE`.

    Where several lines coincide the one of the highest `rank` counts, then the first. An edge lies on a line when both its
    ends and its middle are within 2 cm of one straight piece of that line.
    """
    found = np.full(len(mesh.tail), NO_LINE, dtype=np.int64)
    if not len(line):
        return found
    start, end, owner = _pieces(line)
    tree = shapely.STRtree(np.asarray(shapely.linestrings(np.stack([start, end], axis=1))))
    a, b = mesh.vertex[mesh.tail] / CM_PER_M, mesh.vertex[mesh.head] / CM_PER_M
    middle = (a + b) / 2
    edge, piece = tree.query(shapely.box(*(middle - _REACH_M).T, *(middle + _REACH_M).T))
    near = (
        (_distance(middle[edge], start[piece], end[piece]) <= _REACH_M)
        & (_distance(a[edge], start[piece], end[piece]) <= _REACH_M)
        & (_distance(b[edge], start[piece], end[piece]) <= _REACH_M)
    )
    edge, owner = edge[near], owner[piece[near]]
    order = np.lexsort((owner, -rank[owner].astype(np.int64), edge))
    edge, owner = edge[order], owner[order]
    first = np.ones(len(edge), dtype=bool)
    first[1:] = edge[1:] != edge[:-1]
    found[edge[first]] = owner[first]
    return found


def _pieces(line: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Cut lines into straight pieces: start (p, 2), end (p, 2), index of the line."""
    xy, owner = shapely.get_coordinates(line, return_index=True)
    same = owner[1:] == owner[:-1]
    return xy[:-1][same], xy[1:][same], owner[1:][same]


def _distance(point: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance (metres) of each point from its own straight piece."""
    along = end - start
    length2 = np.maximum((along**2).sum(axis=1), 1e-12)
    t = np.clip(((point - start) * along).sum(axis=1) / length2, 0.0, 1.0)
    gap = point - (start + t[:, None] * along)
    return np.hypot(gap[:, 0], gap[:, 1])
