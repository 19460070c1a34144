"""Which polygon holds a point: many points and many polygons at once, exactly, and with one answer.

Points and vertices are taken to the 1 cm grid, where everything is a whole number and no answer depends on rounding: a
point on a shared line lies on the line of both polygons, and the one that comes first takes it. A point beyond every
polygon is nowhere; it never goes to the nearest.

Only polygons whose boxes may hold a point are asked. A chessboard of cells, about a quarter as wide as the boxes, lists the
polygons whose boxes reach into each cell; that is quicker than a tree when there are more points than polygons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.frame import CM_PER_M, centimetres

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

NOWHERE = -1
"""The index of no polygon, grid, community or area: -1."""

_CELLS_PER_POLYGON = 32
"""At most so many cells, so that a few small polygons far apart do not make a board of millions."""
_POINTS_AT_ONCE = 500_000


def rank_of(codes: Sequence[str]) -> NDArray[np.int64]:
    """Return the place of each code (g,) in their order as text; equal codes in the order in which they stand."""
    rank = np.empty(len(codes), dtype=np.int64)
    rank[sorted(range(len(codes)), key=lambda k: (codes[k], k))] = np.arange(len(codes))
    return rank


def locate(points: ArrayLike, polygons: NDArray[np.object_], *, order: ArrayLike) -> NDArray[np.int64]:
    """Return for each point the index of the polygon that holds it, inside or on its line, or `NOWHERE`.

    Parameters
    ----------
    points
        (n, 2) metres. Points that are not finite are nowhere.
    polygons
        (g,) Polygons or MultiPolygons in the same frame, valid; what is missing or empty holds nothing.
    order
        (g,) numbers, such as `rank_of` gives: of several polygons that hold a point the one with the smallest takes it,
        of equal ones the first.

    Returns
    -------
    NDArray[np.int64]
        (n,)
    """
    xy = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    found = np.full(len(xy), NOWHERE, dtype=np.int64)
    by_order = np.argsort(np.asarray(order), kind="stable")
    shapes = shapely.transform(polygons[by_order], lambda c: centimetres(c).astype(np.float64))
    readable = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    by_order, shapes = by_order[readable], shapes[readable]
    if not len(shapes):
        return found
    shapely.prepare(shapes)
    board = _board(shapely.bounds(shapes))
    # The box is compared in metres, a centimetre wider: whatever lies beyond, however far, is never turned into numbers.
    near = np.flatnonzero(((xy >= (board.low - 1) / CM_PER_M) & (xy <= (board.high + 1) / CM_PER_M)).all(axis=1))
    for begin in range(0, len(near), _POINTS_AT_ONCE):
        some = near[begin : begin + _POINTS_AT_ONCE]
        first = _first_holder(centimetres(xy[some]).astype(np.float64), shapes, board)
        held = first < len(shapes)
        found[some[held]] = by_order[first[held]]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Board:
    """Cells over boxes (g, 4), centimetres; `polygon[start[k]:start[k + 1]]` are those whose boxes reach into cell k."""

    box: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    size: NDArray[np.float64]
    across: int
    start: NDArray[np.int64]
    polygon: NDArray[np.int64]


def _board(box: NDArray[np.float64]) -> _Board:
    low, high = box[:, :2].min(axis=0), box[:, 2:].max(axis=0)
    most = np.ceil(np.sqrt(_CELLS_PER_POLYGON * len(box)))
    size = np.maximum(np.maximum(np.median(box[:, 2:] - box[:, :2], axis=0) / 4, (high - low) / most), 1.0)
    first, last = _cell(box[:, :2], low, size), _cell(box[:, 2:], low, size)
    across, up = (_cell(high[None, :], low, size)[0] + 1).tolist()
    wide = last - first + 1
    polygon, k = _runs(wide.prod(axis=1))
    cell = (first[polygon, 1] + k // wide[polygon, 0]) * across + first[polygon, 0] + k % wide[polygon, 0]
    by_cell = np.argsort(cell, kind="stable")
    start = np.searchsorted(cell[by_cell], np.arange(across * up + 1))
    return _Board(box=box, low=low, high=high, size=size, across=across, start=start, polygon=polygon[by_cell])


def _cell(xy: NDArray[np.float64], low: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.int64]:
    return ((xy - low) // size).astype(np.int64)


def _runs(length: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return 0, 0, 1, 1, 1 … and 0, 1, 0, 1, 2 … for runs of these lengths."""
    run = np.repeat(np.arange(len(length)), length)
    return run, np.arange(len(run)) - np.repeat(np.cumsum(length) - length, length)


def _first_holder(xy: NDArray[np.float64], shapes: NDArray[np.object_], board: _Board) -> NDArray[np.int64]:
    """Return for each point (n, 2), centimetres, the first shape that holds it, or the number of shapes."""
    first = np.full(len(xy), len(shapes), dtype=np.int64)
    on_board = np.flatnonzero(((xy >= board.low) & (xy <= board.high)).all(axis=1))
    x, y = _cell(xy[on_board], board.low, board.size).T
    cell = y * board.across + x
    run, k = _runs(board.start[cell + 1] - board.start[cell])
    point, shape = on_board[run], board.polygon[board.start[cell][run] + k]
    (px, py), box = xy[point].T, board.box[shape]
    in_box = (px >= box[:, 0]) & (px <= box[:, 2]) & (py >= box[:, 1]) & (py <= box[:, 3])
    point, shape = point[in_box], shape[in_box]
    # Shape by shape, so that the prepared form of each is at hand.
    by_shape = np.argsort(shape, kind="stable")
    point, shape = point[by_shape], shape[by_shape]
    holds = shapely.intersects_xy(shapes[shape], xy[point, 0], xy[point, 1])
    np.minimum.at(first, point[holds], shape[holds])
    return first
