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
