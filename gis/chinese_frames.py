"""The shifted coordinates of Chinese web maps, undone at the door.

GCJ-02 (AMap, Tencent) moves WGS 84 by 100 to 700 metres, differently at each place; BD-09 (Baidu) moves GCJ-02 once
more. Neither is a datum: no registry has them and PROJ cannot undo them. The forward formulas are the widely published
ones and are an approximation, to a metre or so, of a method that was never published. Nothing inside the house is ever
kept in these coordinates.

All arrays are (n, 2), longitude first, degrees. WGS 84 stands here for CGCS2000 too: they agree within centimetres to
decimetres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

SHIFTED = ("gcj02", "bd09")
"""The names of the shifted systems."""

_AXIS_M = 6_378_245.0
_ECCENTRICITY2 = 0.006_693_421_622_965_943
_CENTRE = np.array([105.0, 35.0])
_WEST, _SOUTH, _EAST, _NORTH = 72.004, 0.8293, 137.8347, 55.8271
_BD_TURN = np.pi * 3000.0 / 180.0
_BD_OFFSET = np.array([0.0065, 0.006])
_ROUNDS = 30
_CLOSE_DEG = 1e-13


def wgs84_to_gcj02(xy: ArrayLike) -> NDArray[np.float64]:
    """Shift WGS 84 to GCJ-02. Points outside the rectangle around China stay where they are."""
    points = _points(xy)
    return points + np.where(_shifted_here(points)[:, None], _gcj02_shift(points), 0.0)


def gcj02_to_wgs84(xy: ArrayLike) -> NDArray[np.float64]:
    """Undo GCJ-02: the point whose shift is `xy`, found by fixed point to less than a micrometre."""
    return _undo(wgs84_to_gcj02, xy)


def gcj02_to_bd09(xy: ArrayLike) -> NDArray[np.float64]:
    """Shift GCJ-02 to BD-09."""
    points = _points(xy)
    x, y = points[:, 0], points[:, 1]
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]) + _BD_OFFSET


def bd09_to_gcj02(xy: ArrayLike) -> NDArray[np.float64]:
    """Undo BD-09 by fixed point to less than a micrometre."""
    return _undo(gcj02_to_bd09, xy)


def to_wgs84(xy: ArrayLike, system: str) -> NDArray[np.float64]:
    """Undo the shifted `system` (`gcj02` or `bd09`)."""
    return gcj02_to_wgs84(bd09_to_gcj02(xy) if system == "bd09" else xy)


def from_wgs84(xy: ArrayLike, system: str) -> NDArray[np.float64]:
    """Shift WGS 84 to `system` (`gcj02` or `bd09`); for display on other people's maps, and for checks."""
    shifted = wgs84_to_gcj02(xy)
    return gcj02_to_bd09(shifted) if system == "bd09" else shifted


def _points(xy: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(xy, dtype=np.float64).reshape(-1, 2)


def _shifted_here(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which points lie in the rectangle that the published formula calls China."""
    lon, lat = points[:, 0], points[:, 1]
    return (lon >= _WEST) & (lon <= _EAST) & (lat >= _SOUTH) & (lat <= _NORTH)


def _undo(forward: Callable[[NDArray[np.float64]], NDArray[np.float64]], shifted: ArrayLike) -> NDArray[np.float64]:
    """Solve forward(p) = shifted.

    The shift hardly changes within its own length, so that each round gains two or three digits.
    """
    target = _points(shifted)
    guess = target.copy()
    for _ in range(_ROUNDS):
        step = target - forward(guess)
        guess += step
        if not np.any(np.abs(step) > _CLOSE_DEG):
            break
    return guess


def _gcj02_shift(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the shift in degrees: a distance in metres, by the ellipsoid's two radii at that latitude."""
    x, y = (points - _CENTRE).T
    latitude = np.radians(points[:, 1])
    bend = 1.0 - _ECCENTRICITY2 * np.sin(latitude) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY2) / bend**1.5
    parallel_m = _AXIS_M / np.sqrt(bend) * np.cos(latitude)
    # Far outside the rectangle the parallel's radius may be nothing; the result is thrown away there.
    parallel_m = np.where(np.abs(parallel_m) < 1.0, 1.0, parallel_m)
    return np.degrees(np.column_stack([_east_m(x, y) / parallel_m, _north_m(x, y) / meridian_m]))


def _ripple(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)


def _wave(t: NDArray[np.float64], long_m: float, longest_m: float) -> NDArray[np.float64]:
    swell = 20.0 * np.sin(np.pi * t) + 40.0 * np.sin(np.pi * t / 3.0)
    return swell + long_m * np.sin(np.pi * t / 12.0) + longest_m * np.sin(np.pi * t / 30.0)


def _east_m(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    plain = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    return plain + (_ripple(x) + _wave(x, 150.0, 300.0)) * 2.0 / 3.0


def _north_m(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    plain = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    return plain + (_ripple(x) + _wave(y, 160.0, 320.0)) * 2.0 / 3.0
