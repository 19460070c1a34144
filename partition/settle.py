"""Slivers between communities: strips under a metre wide that belong to nobody because two boundaries were drawn apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.frame import snap_geometry

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLIVER_M = 1.0
"""Boundaries of real files differ by centimetres; what is wider may be somebody else's land."""


def slivers_between(polygon: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the strips narrower than a metre that lie between the polygons and in none, as polygons on the snap grid.

    A strip is what closing the union (growing it by half a metre and shrinking it again) adds. Notches of a single
    polygon's own outline are left alone: a strip counts where it lies between two of them.
    """
    if shapely.coverage_is_valid(polygon) and shapely.coverage_is_valid(polygon, gap_width=SLIVER_M):
        return np.array([], dtype=object)
    union = shapely.union_all(polygon)
    reach = SLIVER_M / 2
    closed = shapely.buffer(shapely.buffer(union, reach, join_style="mitre"), -reach, join_style="mitre")
    strips = shapely.get_parts(shapely.difference(shapely.union(closed, union), union))
    strips = snap_geometry(strips[shapely.area(strips) > 0])
    tree = shapely.STRtree(polygon)
    strip, _ = tree.query(strips, predicate="dwithin", distance=0.02)
    return strips[np.bincount(strip, minlength=len(strips)) > 1]
