"""The inset: where in its community and its street the grid is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from maps.sheets import inks
from maps.sheets.area_names import place_in
from maps.sheets.board import Board

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maps.sheets.crop import Surroundings
    from maps.sheets.layout import Box
    from maps.sheets.pen import Pen
    from maps.sheets.view import View

MARGIN = 2.5
LEAST, MOST = 34.0, 66.0
"""The heights that an inset is best at, units."""
SMALL = 1.6
"""A grid smaller than this on the inset has a ring around it, units."""


def inset_height(where: Surroundings, width: float) -> float:
    """Return how high an inset of a width is best."""
    west, south, east, north = shapely.total_bounds(where.outline).tolist()
    return min(MOST, max(LEAST, (north - south) / (east - west) * (width - 2 * MARGIN) + 2 * MARGIN))


def draw_inset(pen: Pen, box: Box, where: Surroundings, view: View) -> None:
    """Draw the inset into `box`; `view` is the frame of the map, which is shown on it."""
    pen.box(box, fill=inks.PAPER)
    inner = box.inside(MARGIN)
    west, south, east, north = shapely.total_bounds(where.outline).tolist()
    scale = min(inner.width / (east - west), inner.height / (north - south))
    middle = np.array([(west + east) / 2, (south + north) / 2])
    centre = np.array([inner.x + inner.width / 2, inner.y + inner.height / 2])

    def placed(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
        return shapely.transform(shapes, lambda xy: (xy - middle) * scale + centre)

    communities, own = placed(where.communities), placed(where.own)
    grid = placed(shapely.simplify(np.array([where.grid], dtype=object), 0.05 / scale))
    pen.areas(communities, fill=inks.NEIGHBOUR, line=inks.NEIGHBOUR_LINE, width=0.15, clip=box)
    pen.areas(own, fill=inks.OWN, clip=box)
    pen.areas(own, line=inks.INK, width=0.25, clip=box)
    pen.areas(placed(where.outline), line=inks.INK, width=0.45, clip=box)
    pen.areas(grid, fill=inks.HERE, line=inks.HERE, width=0.25, clip=box)
    wide = float(np.sqrt(shapely.area(grid[0])))
    if wide < SMALL:
        pen.areas([shapely.buffer(shapely.centroid(grid[0]), SMALL)], line=inks.HERE, width=0.35, clip=box)
    seen = placed(np.array([shapely.box(*view.ground(0.0))], dtype=object))
    pen.areas(seen, line=inks.SOFT, width=0.2, dash=(0.8, 0.5), clip=box)
    _write_community(pen, box, own, grid, where.community)
    pen.box(box, line=inks.RULE, width=0.25)


def _write_community(pen: Pen, box: Box, own: NDArray[np.object_], grid: NDArray[np.object_], name: str) -> None:
    """Write the community's name in the community, beside the grid; small communities have no room for it."""
    said = [pen.setter.fit(name, box.width - 4.0, size) for size in (6.5, 5.5)]
    board = Board(box.inside(0.6))
    board.take(shapely.union_all(grid))
    placed = place_in(board, shapely.union_all(own), said)
    if placed is not None:
        block, x, top = placed
        pen.block(x, top, block, inks.INK, align="middle", halo=inks.PAPER)
