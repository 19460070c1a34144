"""How near lines lie to lines: the part of an audit that is a distance and not an equality.

The distance from a point that moves along a segment to another segment is a convex function of its way; so the
stretch of the first that lies within a tolerance of the second is one interval, found in closed form, and a segment
lies within the tolerance of a line exactly when the intervals of the line's segments cover it. Units are the
caller's (centimetres in an audit).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SLACK = 1e-9
_STEPS = 40
_FAR = 1e12


def lines_of(segment: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return segments (n, 2, 2) as an array of lines."""
    return np.atleast_1d(np.asarray(shapely.linestrings(segment), dtype=np.object_))


def points_of(xy: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return coordinates (n, 2) as an array of points."""
    return np.atleast_1d(np.asarray(shapely.points(xy), dtype=np.object_))


def covered(segment: NDArray[np.float64], by: NDArray[np.float64], tolerance: float) -> NDArray[np.bool_]:
    """Say which segments (n, 2, 2) lie, whole, within `tolerance` of the segments `by` (m, 2, 2)."""
    result = np.zeros(len(segment), dtype=np.bool_)
    if not len(segment) or not len(by):
        return result
    tree = shapely.STRtree(lines_of(by))
    which, other = tree.query(lines_of(segment), predicate="dwithin", distance=tolerance)
    begin, stop = _stretch(segment[which], by[other], tolerance)
    some = begin <= stop
    which, begin, stop = which[some], begin[some], stop[some]
    order = np.lexsort((begin, which))
    which, begin, stop = which[order], begin[order], stop[order]
    # Each segment gets a lane of its own, 2 long, so that one running maximum serves all of them.
    reach = np.maximum.accumulate(stop + 2.0 * which)
    first = np.r_[True, which[1:] != which[:-1]] if len(which) else np.zeros(0, dtype=np.bool_)
    before = np.where(first, 2.0 * which, np.r_[0.0, reach[:-1]])
    broken = np.zeros(len(segment), dtype=np.bool_)
    broken[which[begin + 2.0 * which > before + _SLACK]] = True
    end = np.zeros(len(segment))
    np.maximum.at(end, which, stop)
    result[:] = ~broken & (end >= 1.0 - _SLACK)
    return result


def _stretch(
    a: NDArray[np.float64], b: NDArray[np.float64], tolerance: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, row by row, the interval of the way 0..1 along `a` that lies within `tolerance` of `b`.

    Where none does, it begins behind its end.

    The points within the tolerance of `b` are a strip with a disc at each end: a convex figure, so the interval is
    the hull of what a line cuts from the three.
    """
    way, along = a[:, 1] - a[:, 0], b[:, 1] - b[:, 0]
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), _SLACK)
    unit = along / length[:, None]
    from_start = a[:, 0] - b[:, 0]
    across = from_start[:, 1] * unit[:, 0] - from_start[:, 0] * unit[:, 1]
    across_way = way[:, 1] * unit[:, 0] - way[:, 0] * unit[:, 1]
    down = (from_start * unit).sum(axis=1)
    down_way = (way * unit).sum(axis=1)
    lows, highs = zip(
        _intersect(
            _between(across, across_way, np.full(len(a), -tolerance), np.full(len(a), tolerance)),
            _between(down, down_way, np.zeros(len(a)), length),
        ),
        _disc(from_start, way, tolerance),
        _disc(a[:, 0] - b[:, 1], way, tolerance),
        strict=True,
    )
    low, high = np.array(lows), np.array(highs)
    empty = low > high
    return (
        np.maximum(np.where(empty, np.inf, low).min(axis=0), 0.0),
        np.minimum(np.where(empty, -np.inf, high).max(axis=0), 1.0),
    )


def _between(
    at: NDArray[np.float64], slope: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where `low <= at + slope * t <= high`."""
    level = np.abs(slope) < _SLACK
    steep = np.where(level, 1.0, slope)
    one, two = (low - at) / steep, (high - at) / steep
    inside = (low - _SLACK <= at) & (at <= high + _SLACK)
    return (
        np.where(level, np.where(inside, -np.inf, np.inf), np.minimum(one, two)),
        np.where(level, np.where(inside, np.inf, -np.inf), np.maximum(one, two)),
    )


def _intersect(
    one: tuple[NDArray[np.float64], NDArray[np.float64]], two: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.maximum(one[0], two[0]), np.minimum(one[1], two[1])


def _disc(
    offset: NDArray[np.float64], way: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where `offset + way * t` lies within `radius` of zero."""
    square = np.maximum((way**2).sum(axis=1), _SLACK)
    nearest = -(offset * way).sum(axis=1) / square
    gap = (offset**2).sum(axis=1) - nearest**2 * square
    half = np.sqrt(np.maximum(radius**2 - gap, 0.0) / square)
    missed = gap > radius**2 + _SLACK
    return np.where(missed, np.inf, nearest - half), np.where(missed, -np.inf, nearest + half)


def deviation(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """Return how far at most a point of either line lies from the other: segments (n, 2, 2) and (m, 2, 2).

    At corners the distance is exact. It can only be greater between them where a stretch is about as near to two
    different parts of the other line; then the answer is rounded up, by less than a thousandth. Infinite when one
    line is empty.
    """
    if not len(one) or not len(two):
        return 0.0 if len(one) == len(two) else float("inf")
    if np.array_equal(_in_order(one), _in_order(two)):
        return 0.0
    low = max(_at_corners(one, two), _at_corners(two, one))
    high = low * (1.0 + 1e-9) + 1e-6
    if _within(one, two, high):
        return low
    step = max(low * 1e-3, 1e-3)
    while not _within(one, two, high := low + step):
        step *= 2.0
        if step > _FAR:
            return float("inf")
    for _ in range(_STEPS):
        if high - low <= max(high * 1e-3, 1e-3):
            break
        middle = (low + high) / 2.0
        low, high = (low, middle) if _within(one, two, middle) else (middle, high)
    return high


def _in_order(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the segments in an order that does not depend on where the line starts, nor on the way it runs."""
    one, two = line[:, 0], line[:, 1]
    turned = (one[:, 0] > two[:, 0]) | ((one[:, 0] == two[:, 0]) & (one[:, 1] > two[:, 1]))
    flat = np.where(turned[:, None, None], line[:, ::-1], line).reshape(-1, 4)
    return flat[np.lexsort(flat.T)]


def _at_corners(line: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    corners = points_of(line.reshape(-1, 2))
    _, distance = shapely.STRtree(lines_of(other)).query_nearest(corners, return_distance=True, all_matches=False)
    return float(distance.max())


def _within(one: NDArray[np.float64], two: NDArray[np.float64], tolerance: float) -> bool:
    return bool(covered(one, two, tolerance).all() and covered(two, one, tolerance).all())
