"""Where the name of an area is written: inside it, as far from its edge as there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from maps.sheets.setting import POINT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from maps.sheets.board import Board
    from maps.sheets.setting import Block

LATTICE = 13
"""Places tried across an area, and along it."""


def place_in(board: Board, area: shapely.Geometry, blocks: Sequence[Block]) -> tuple[Block, float, float] | None:
    """Find room for the first of `blocks` that fits, and take it: the block, its middle, its top."""
    points = _places(area)
    if not len(points):
        return None
    shapely.prepare(area)
    for block in blocks:
        half_w, half_h = block.width / 2 + 0.3, block.height / 2 + 0.1
        boxes = shapely.box(points[:, 0] - half_w, points[:, 1] - half_h, points[:, 0] + half_w, points[:, 1] + half_h)
        inside = np.flatnonzero(shapely.contains(area, boxes))
        if not len(inside):
            continue
        free = inside[board.free(boxes[inside])]
        if len(free):
            x, y = points[free[0]].tolist()
            board.take(shapely.box(x - half_w, y - half_h, x + half_w, y + half_h))
            return block, x, y + block.height / 2
    return None


def _places(area: shapely.Geometry) -> NDArray[np.float64]:
    """Return points inside an area, (n, 2): those with the most room around them first, of equals the middlemost."""
    parts = shapely.get_parts(area)
    parts = parts[shapely.get_dimensions(parts) == 2]  # noqa: PLR2004 - what is cut at the frame may leave lines
    if not len(parts):
        return np.empty((0, 2))
    area = parts[int(np.argmax(shapely.area(parts)))]
    west, south, east, north = shapely.bounds(area).tolist()
    share = (np.arange(LATTICE) + 0.5) / LATTICE
    x, y = np.meshgrid(west + share * (east - west), south + share * (north - south))
    middle = shapely.get_coordinates(shapely.centroid(area))
    points = np.vstack([middle, np.column_stack([x.ravel(), y.ravel()])])
    inside = shapely.contains_xy(area, points[:, 0], points[:, 1])
    points = points[inside]
    if not len(points):
        return shapely.get_coordinates(shapely.point_on_surface(area))
    room = shapely.distance(shapely.boundary(area), shapely.points(points))
    away = np.hypot(*(points - middle).T)
    # Half a character's room more is not worth leaving the middle for.
    order = np.lexsort((points[:, 0], -points[:, 1], np.round(away / 2), -np.round(room / (6 * POINT))))
    return points[order]
