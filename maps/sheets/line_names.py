"""Where the name of a road or a river is written: along it, bending with it, and beside it where the boundary runs on it.

Latin text is turned with the line. So is Chinese while it can be read across; along a steep line its characters stand one
above the other, as on Chinese maps, the first on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, hypot, radians, sin
from typing import TYPE_CHECKING

import numpy as np
import shapely

from maps.sheets.pen import Glyphs
from maps.sheets.setting import DEPTH, POINT, RISE, Setter, is_han

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from maps.sheets.board import Board

STEEP = 52.0
"""Degrees from the horizontal: from here on Chinese is stacked."""
SHARPEST = 28.0
"""The most that a line may turn from one character to the next, degrees."""
FLAT = 0.3
"""How far a line may leave the straight for text on it to be straight, in ems."""
APART = 30.0
"""The least between two names of one line, from the end of one to the beginning of the other, units."""
TRIES = 9
"""Places tried along a line."""
LEAST_CHORD = 0.8
"""The least share of its length that a name spans in the straight; a hairpin is no place for one."""
STACKED = 1.12
"""From one stacked character to the next, in ems."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A name that is to be written along a line."""

    text: str
    size: float
    setter: Setter

    @property
    def em(self) -> float:
        """The size, in units."""
        return self.size * POINT

    @property
    def wide(self) -> float:
        """How wide it is on one line, units."""
        return self.setter.width(self.text, self.size)


@dataclass(frozen=True, slots=True)
class Written:
    """A name along a line: its runs, and the ground that they take."""

    runs: tuple[Glyphs, ...]
    footprint: shapely.Geometry
    middle: tuple[float, float]
    on_line: bool
    """Whether it stands on the line, not beside it."""


def write_along(
    board: Board,
    line: shapely.LineString,
    wanted: Wanted,
    shifts: Sequence[float],
    like: Sequence[tuple[float, float]] = (),
) -> Written | None:
    """Find room for a name along a LineString and take it; `shifts` are distances from the line, the best first.

    It keeps away from the places `like`, where the same was written before.
    """
    for written in _candidates(line, wanted, shifts, like):
        if board.free(np.array([written.footprint], dtype=object))[0]:
            board.take(written.footprint)
            return written
    return None


def _candidates(
    line: shapely.LineString, wanted: Wanted, shifts: Sequence[float], like: Sequence[tuple[float, float]]
) -> Iterator[Written]:
    length = line.length
    room = (length - wanted.wide - wanted.em) / 2
    if room < 0:
        return
    steps = np.linspace(0.0, room, TRIES // 2 + 1)
    places = length / 2 + np.column_stack([steps, -steps]).ravel()[1:]
    away = APART + wanted.wide
    points = _points(line, places).tolist()
    places = [
        place
        for place, (x, y) in zip(places.tolist(), points, strict=True)
        if all(hypot(x - a, y - b) >= away for a, b in like)
    ]
    for shift in shifts:
        for place in places:
            found = _at(line, place, wanted, shift)
            if found is not None:
                yield found


def _at(line: shapely.LineString, place: float, wanted: Wanted, shift: float) -> Written | None:
    em, wide = wanted.em, wanted.wide
    ends = _points(line, np.array([place - wide / 2, place + wide / 2]))
    along = ends[1] - ends[0]
    chord = float(np.hypot(*along))
    if chord < LEAST_CHORD * wide:
        return None
    angle = float(np.degrees(np.arctan2(along[1], along[0])))
    stacked = all(map(is_han, wanted.text)) and STEEP < abs(angle) < 180.0 - STEEP
    # Read from left to right, or from the top down.
    turned = angle > 0 if stacked else not -90.0 < angle <= 90.0  # noqa: PLR2004 - a right angle
    beside = -shift if turned else shift
    if not stacked:
        path = _points(line, np.linspace(place - wide / 2, place + wide / 2, 9))
        normal = np.array([-along[1], along[0]]) / chord
        off = (path - ends[0]) @ normal
        if np.abs(off).max() <= FLAT * em:
            centre = ends.mean(axis=0) + normal * (float(off.mean()) + beside)
            tilt = (angle + (180.0 if angle <= 0 else -180.0)) if turned else angle
            return _straight(wanted, centre, tilt, on_line=shift == 0.0)
    middles = place + _middles(wanted, STACKED if stacked else 0.0) * (-1.0 if turned else 1.0)
    return _bent(line, wanted, middles, beside, turned=turned, stacked=stacked)


def _straight(wanted: Wanted, centre: NDArray[np.float64], angle: float, *, on_line: bool) -> Written:
    way = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    start = centre - way * wanted.wide / 2
    run = Glyphs(wanted.text, float(start[0]), float(start[1]), wanted.size, angle)
    slab = _slab(centre, way, wanted.wide / 2, _half_height(wanted.size))
    return Written((run,), slab, (float(centre[0]), float(centre[1])), on_line)


def _bent(
    line: shapely.LineString,
    wanted: Wanted,
    middles: NDArray[np.float64],
    shift: float,
    *,
    turned: bool,
    stacked: bool,
) -> Written | None:
    em = wanted.em
    if middles.min() < em / 2 or middles.max() > line.length - em / 2:
        return None
    ahead = _points(line, middles + em / 2) - _points(line, middles - em / 2)
    way = ahead / np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    at = _points(line, middles) + np.column_stack([-way[:, 1], way[:, 0]]) * shift
    angles = np.degrees(np.arctan2(way[:, 1], way[:, 0])) + (180.0 if turned else 0.0) + (90.0 if stacked else 0.0)
    angles = (angles + 180.0) % 360.0 - 180.0
    if len(angles) > 1 and np.abs((np.diff(angles) + 180.0) % 360.0 - 180.0).max() > SHARPEST:
        return None
    runs: list[Glyphs] = []
    for character, (x, y), angle in zip(wanted.text, at.tolist(), angles.tolist(), strict=True):
        half = wanted.setter.width(character, wanted.size) / 2
        turn = radians(angle)
        runs.append(Glyphs(character, x - cos(turn) * half, y - sin(turn) * half, wanted.size, angle))
    middle = at[len(at) // 2]
    # The ground of its characters: a band as high as they are, along their middles and half a character farther.
    reach = way[[0, -1]] * (em / 2) * (-1.0 if turned else 1.0)
    spine = shapely.LineString(np.vstack([at[0] - reach[0], at, at[-1] + reach[1]]))
    band = shapely.buffer(spine, (em if stacked else 2 * _half_height(wanted.size)) / 2, cap_style="flat")
    return Written(tuple(runs), band, (float(middle[0]), float(middle[1])), shift == 0.0)


def _middles(wanted: Wanted, pitch: float) -> NDArray[np.float64]:
    """Return where the characters' middles are along the line, from the middle of the text; every `pitch` ems, if given."""
    widths = np.array([wanted.em * pitch if pitch else wanted.setter.width(c, wanted.size) for c in wanted.text])
    ends = np.cumsum(widths)
    return ends - widths / 2 - ends[-1] / 2


def _points(line: shapely.LineString, distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return shapely.get_coordinates(
        shapely.line_interpolate_point(np.array(line, dtype=object), np.clip(distance, 0.0, line.length))
    )


def _half_height(size: float) -> float:
    return size * POINT * (RISE + DEPTH) / 2


def _slab(centre: NDArray[np.float64], way: NDArray[np.float64], half_w: float, half_h: float) -> shapely.Geometry:
    """Return a rectangle around `centre` that lies along `way`."""
    across = np.array([-way[1], way[0]])
    corners = [centre + way * a * half_w + across * b * half_h for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return shapely.Polygon(corners)
