"""Lines to faces: one noding for the whole town, on the snap grid.

Noding every line of a town once, with snap rounding, is what makes neighbouring communities share identical vertices: a
community noded by itself leaves T-junctions at its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.frame import SNAP_M

if TYPE_CHECKING:
    from numpy.typing import NDArray


def node(lines: NDArray[np.object_]) -> NDArray[np.object_]:
    """Cut `lines` (metres) where they meet and round them to the snap grid; equal pieces are kept once."""
    return shapely.get_parts(shapely.union_all(lines, grid_size=SNAP_M))


def faces(noded: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the faces that noded lines enclose, as polygons in a fixed order: by lowest, then leftmost corner.

    Dangling ends enclose nothing and drop out. The order makes everything after it independent of how GEOS walks the
    lines.
    """
    found = shapely.get_parts(shapely.polygonize(noded))
    found = shapely.orient_polygons(shapely.normalize(found))
    low_x, low_y, high_x, high_y = shapely.bounds(found).T
    return found[np.lexsort((shapely.area(found), high_x, high_y, low_x, low_y))]


def dissolve(face: NDArray[np.object_], label: NDArray[np.int64], count: int) -> NDArray[np.object_]:
    """Join the faces of each label (0 … count-1) by cancelling the edges they share; every other vertex stays."""
    order = np.argsort(label, kind="stable")
    order = order[label[order] >= 0]
    cuts = np.searchsorted(label[order], np.arange(count + 1))
    joined = np.empty(count, dtype=object)
    for i in range(count):
        joined[i] = shapely.coverage_union_all(face[order[cuts[i] : cuts[i + 1]]])
    single = shapely.get_num_geometries(joined) == 1
    joined[single] = shapely.get_geometry(joined[single], 0)
    return shapely.orient_polygons(shapely.normalize(joined))
