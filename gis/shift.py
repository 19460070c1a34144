"""Whether one layer of a town lies beside the others by exactly the shift of GCJ-02 or BD-09.

Two layers that belong together fit: households lie inside communities and compounds and not on the middle of roads,
community boundaries follow roads. The fit of layer A on layer B is the share of A's sample points that fit, and it has
a sharp best where both lie right. The shift of a web-map system is known at every place, so it is enough to compare a
few positions of A: as it stands; moved by the known shift (back, if A is thought to be shifted; forth, if B is); and,
as controls, moved just as far in the seven other directions of the compass. A shift is suspected when the known move

* gains at least 3 % of the points, and 12 of them;
* gains at least 4 standard deviations, where the points that change their mind are counted as coin tosses (McNemar's
  test);
* beats every control likewise by 3 standard deviations, so that a town whose neighbours' households are in its file,
  which gains by moving towards them, is not suspected;
* and leaves the layers fitting as layers that belong together do (`Pair.good`).

Neighbouring points change together, so samples are thinned to one per 25 m cell before they are counted. A fit is
relative: whether A is shifted or B was shifted back without need is decided by what the layers declare, by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.chinese_frames import SHIFTED, from_wgs84, to_wgs84
from gis.frame import WGS84, transform

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gis.frame import Frame

_CELL_M = 25.0
_MOST_SAMPLES = 3000
_LEAST_SHARE, _LEAST_POINTS = 0.03, 12
_SIGMA_HERE, _SIGMA_CONTROL = 4.0, 3.0
_CONTROLS = tuple(np.pi * turn / 4.0 for turn in range(1, 8))


@dataclass(frozen=True, slots=True)
class Pair:
    """Layer `a`, by sample points (n, 2) in metres, and how they fit on layer `b`."""

    a: str
    b: str
    samples: NDArray[np.float64]
    fits: Callable[[NDArray[np.float64]], NDArray[np.bool_]]
    good: float
    """Share of samples that fit where the two layers belong together."""
    what: str
    """Word for the fit, for whoever writes the sentence."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Layer `shifted` lies where `system` would put it, seen from layer `against`."""

    shifted: str
    against: str
    system: str
    what: str
    before: float
    """Share of the samples that fit as the layers stand."""
    after: float
    """Share that would fit without the shift."""


def find_shift(pair: Pair, frame: Frame) -> Shift | None:
    """Find the system, if any, that one layer of the pair is shifted by against the other."""
    samples = thin(pair.samples)
    here = pair.fits(samples) if len(samples) else np.zeros(0, dtype=np.bool_)
    shifts = [
        shift
        for system in SHIFTED
        for a_is_shifted in (True, False)
        if (shift := _tried(pair, samples, here, frame, system, a_is_shifted=a_is_shifted)) is not None
    ]
    return max(shifts, key=lambda shift: shift.after, default=None)


def thin(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep one point per 25 m cell, and not more than can be asked quickly, spread evenly over the file."""
    _, first = np.unique(np.floor(points / _CELL_M), axis=0, return_index=True)
    step = -(-len(first) // _MOST_SAMPLES) if len(first) else 1
    return points[np.sort(first)[::step]]


def _tried(
    pair: Pair,
    samples: NDArray[np.float64],
    here: NDArray[np.bool_],
    frame: Frame,
    system: str,
    *,
    a_is_shifted: bool,
) -> Shift | None:
    move = _move(samples, frame, system, back=a_is_shifted)
    there = pair.fits(samples + move)
    if not (_beats(there, here, _SIGMA_HERE) and there.mean() >= pair.good):
        return None
    if not all(_beats(there, pair.fits(samples + _turned(move, angle)), _SIGMA_CONTROL) for angle in _CONTROLS):
        return None
    shifted, against = (pair.a, pair.b) if a_is_shifted else (pair.b, pair.a)
    return Shift(shifted, against, system, pair.what, float(here.mean()), float(there.mean()))


def _beats(better: NDArray[np.bool_], worse: NDArray[np.bool_], sigma: float) -> bool:
    gained, lost = int((better & ~worse).sum()), int((worse & ~better).sum())
    enough = max(_LEAST_POINTS, _LEAST_SHARE * len(better))
    return gained - lost >= enough and gained - lost >= sigma * float(np.sqrt(gained + lost))


def _move(samples: NDArray[np.float64], frame: Frame, system: str, *, back: bool) -> NDArray[np.float64]:
    """Give the known shift at each sample, metres; `back` undoes it."""
    lon_lat = transform(samples, frame.crs, WGS84)
    moved = to_wgs84(lon_lat, system) if back else from_wgs84(lon_lat, system)
    return transform(moved, WGS84, frame.crs) - samples


def _turned(move: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    cosine, sine = np.cos(angle), np.sin(angle)
    return move @ np.array([[cosine, sine], [-sine, cosine]])
