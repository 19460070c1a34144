"""The colours of the maps, each with one meaning on every page.

Six soft fills tell neighbouring grids apart; a diverging scale (blue, paper, orange) says how a grid stands to the
household band. Dark pages have scales of their own. All keep their steps apart for protan, deutan and tritan eyes
(`tests/maps/test_palette.py` measures), and what matters never rests on colour alone: dedicated grids are hatched,
exceptions carry a triangle, incidents have a shape for each state.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FILLS = ("#fcf1cb", "#a8c0e6", "#d5ebd8", "#dfbfa8", "#c2e8f5", "#bebbc8")
"""Fills that tell neighbours apart; six, because six always suffice on a flat map."""


class Band(IntEnum):
    """How a grid stands to the household band."""

    FAR_BELOW = 0
    """Fewer than half the minimum."""
    BELOW = 1
    IN = 2
    ABOVE = 3
    FAR_ABOVE = 4
    """More than half as much again as the maximum."""
    NOBODY = 5
    """No household at all."""
    DEDICATED = 6
    """A dedicated grid (专属网格): the band does not apply."""


BAND_FILLS = ("#437db3", "#9cc5e2", "#f6f3eb", "#f5c283", "#c96f2c", "#d0d1d5", "#e4e1e8")
"""One fill for each `Band`."""

NIGHT = "#0e1620"
"""What lies behind everything on the dark pages of a command centre."""

NIGHT_SCALE = ("#16324f", "#1f5a7a", "#3d8a8f", "#8fb67a", "#f2d15c")
"""From little to much, on dark pages; the first is close to what lies behind it, so borders are always drawn."""

NIGHT_BAND_FILLS = ("#3f8fd0", "#2b577d", "#22303f", "#8a5a2b", "#e08a3c", "#6a6d72", "#3a3350")
"""One fill for each `Band`, on dark pages."""

NIGHT_MARKS = {"waiting": "#56b4e9", "working": "#f0e442", "checking": "#a3a8ad", "late": "#ff6b35"}
"""Incidents on dark pages, each with a shape of its own: square, circle, diamond, and for what is past its time a triangle."""

DAY = "#fbfaf7"
"""The land of light maps."""

DAY_SCALE = ("#fbfaf7", "#dfd3ec", "#bda6d6", "#9578bb", "#6b4a9b")
"""From little to much, on light pages."""

DAY_MARKS = {"waiting": "#2f7fd6", "working": "#a87f00", "checking": "#3f4a55", "late": "#9a0f0f"}
"""Incidents on light pages, in the shapes of the dark ones."""

CARDS = {"yellow": "#f7c600", "red": "#c3172b", "edge": "#10181f"}
"""The cards of supervision beside incidents, on dark pages and light ones; the red one has a stroke across it besides."""

DAY_OVER = "#808a93"
"""Incidents that are over, on light pages, as small rings."""


def band_of(
    households: NDArray[np.int64],
    in_band: NDArray[np.bool_],
    dedicated: NDArray[np.bool_],
    *,
    minimum: int,
    target: int,
    maximum: int,
) -> NDArray[np.int64]:
    """Say for each grid how it stands to the band, as `Band` values.

    `in_band` has the last word on whether a grid is inside: a town may also count persons.
    """
    above = np.where(households > maximum, households > maximum, (households >= minimum) & (households > target))
    steps = np.where(
        above,
        np.where(households > 1.5 * maximum, Band.FAR_ABOVE, Band.ABOVE),
        np.where(households < 0.5 * minimum, Band.FAR_BELOW, Band.BELOW),
    )
    steps = np.where(in_band, Band.IN, np.where(households == 0, Band.NOBODY, steps))
    return np.where(dedicated, Band.DEDICATED, steps).astype(np.int64)


def neighbours(polygons: NDArray[np.object_]) -> NDArray[np.int64]:
    """Find the pairs that share a border of some length, or overlap: (m, 2), each once, the smaller index first."""
    if not len(polygons):
        return np.empty((0, 2), dtype=np.int64)
    # An outline that crosses itself (somebody's hand-drawn grid) would stop the intersection.
    polygons = np.where(shapely.is_valid(polygons), polygons, shapely.make_valid(polygons))
    left, right = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    once = left < right
    pairs = np.column_stack([left[once], right[once]]).astype(np.int64)
    shared = shapely.length(shapely.intersection(polygons[pairs[:, 0]], polygons[pairs[:, 1]]))
    pairs = pairs[shared > 0]
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def colouring(count: int, pairs: NDArray[np.int64], colours: int = len(FILLS)) -> list[int]:
    """Give each of `count` grids a colour so that the two of each pair differ.

    The grid with the fewest neighbours left is put aside, again and again; then they are coloured in the other order.
    On a flat map each meets at most five coloured neighbours, so six colours always do. Of the free colours the least
    used is taken, which keeps the map even; where none is free (grids in several parts), the one that clashes least.
    """
    beside: list[set[int]] = [set() for _ in range(count)]
    for a, b in pairs.tolist():
        beside[a].add(b)
        beside[b].add(a)

    result = [-1] * count
    used = [0] * colours
    for grid in reversed(_smallest_last(beside)):
        clashes = [0] * colours
        for other in beside[grid]:
            if result[other] >= 0:
                clashes[result[other]] += 1
        colour = min(range(colours), key=lambda c: (clashes[c], used[c], c))
        result[grid] = colour
        used[colour] += 1
    return result


def _smallest_last(beside: Sequence[set[int]]) -> list[int]:
    degree = [len(others) for others in beside]
    shelves: dict[int, set[int]] = {}
    for grid, left in enumerate(degree):
        shelves.setdefault(left, set()).add(grid)

    order: list[int] = []
    gone = [False] * len(degree)
    least = 0
    while len(order) < len(degree):
        while not shelves.get(least):
            least += 1
        grid = min(shelves[least])
        shelves[least].remove(grid)
        gone[grid] = True
        order.append(grid)
        for other in beside[grid]:
            if not gone[other]:
                shelves[degree[other]].remove(other)
                degree[other] -= 1
                shelves.setdefault(degree[other], set()).add(other)
        least = max(0, least - 1)
    return order
