"""Cuts: lines that divide a face where no line of the ground does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely

AREAL = 2
"""The dimension of an area."""

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cells_around(
    polygon: NDArray[np.object_], xy: NDArray[np.float64], polygon_of_point: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.int64]]:
    """Divide each polygon into one cell for each of its points: every place goes to the nearest point.

    `xy` (n, 2) metres; `polygon_of_point` (n,) ascending; the points of one polygon must differ. Returns the lines between
    the cells, the cells, and the polygon of each cell.
    """
    points = shapely.multipoints(np.asarray(shapely.points(xy)), indices=polygon_of_point)
    edges = shapely.voronoi_polygons(points, extend_to=polygon, only_edges=True)
    lines = shapely.get_parts(shapely.intersection(edges, polygon))
    return lines, *shapely.get_parts(shapely.voronoi_polygons(points, extend_to=polygon), return_index=True)


def shortening_cuts(polygon: shapely.Polygon, *, area_m2: float, compactness: float) -> list[shapely.Geometry]:
    """Return lines across `polygon` that leave no piece larger than `area_m2` nor much stringier than `compactness`.

    Each cut halves a piece across its long axis: a strip beside a river becomes a row of short pieces that neighbours can
    share, a park becomes quarters.
    """
    lines: list[shapely.Geometry] = []
    waiting = [polygon]
    while waiting:
        piece = waiting.pop()
        if piece.is_empty or (piece.area <= area_m2 and compact(piece) >= compactness) or piece.area < area_m2 / 25:
            continue
        line = _across(piece)
        if line is None:
            continue
        cut = shapely.intersection(line, piece)
        halves = _halves(piece, line)
        if len(halves) == 1:
            continue
        lines.append(cut)
        waiting.extend(halves)
    return lines


def compact(polygon: shapely.Polygon) -> float:
    """Return the Polsby-Popper compactness: 1 for a circle, 0.785 for a square."""
    length = polygon.length
    return 4.0 * math.pi * polygon.area / (length * length) if length else 0.0


def _across(piece: shapely.Polygon) -> shapely.LineString | None:
    """Return a line through the middle of the piece's smallest rectangle, across its long axis."""
    rectangle = shapely.minimum_rotated_rectangle(piece)
    if shapely.get_dimensions(rectangle) < AREAL:
        return None
    corners = shapely.get_coordinates(rectangle)[:4]
    sides = corners[1] - corners[0], corners[2] - corners[1]
    short = min(sides, key=lambda side: float(np.hypot(*side)))
    middle = corners.mean(axis=0)
    # A little longer than the rectangle is wide, so that it surely crosses.
    return shapely.LineString([middle - 0.51 * short, middle + 0.51 * short])


def _halves(piece: shapely.Polygon, line: shapely.LineString) -> list[shapely.Polygon]:
    """Return the parts of the piece on both sides of the line."""
    parts = shapely.get_parts(shapely.polygonize([shapely.union(piece.boundary, line)]))
    return [part for part in parts if shapely.contains_properly(piece, shapely.point_on_surface(part))]
