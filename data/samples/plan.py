"""What a sample town is asked to be."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gis.errors import InputError

LEAST_HOUSEHOLDS = 1_000
LEAST_COMMUNITIES = 2
MOST_COMMUNITIES = 6_000
"""The streets with codes of their own have room for a few more."""

HOUSEHOLDS_PER_COMMUNITY = 2_520
"""What an ordinary community of superblock size holds."""

PARK_COMMUNITIES = 6
"""Communities from which one is a business park where nobody lives."""

SMALLEST_SCALE = 0.66
LARGEST_SCALE = 1.15


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePlan:
    """How many superblocks, how large, and which features.

    `households` is the number that the town has in all. `scale` multiplies the side of every superblock. `hard` sends
    the river through more communities and adds a railway. `rich` adds what a town has but a benchmark should not: a
    community without households, an expressway, buildings with two doors.
    """

    columns: int
    rows: int
    households: int
    scale: float = 1.0
    hard: bool = False
    rich: bool = False

    @property
    def communities(self) -> int:
        """Number of superblocks, each of which is one community."""
        return self.columns * self.rows


def plan_quads(columns: int, rows: int, *, hard: bool) -> SamplePlan:
    """Plan a benchmark town: the larger it is, the denser, as cities are; a railway and a wide river cost homes.

    Raises
    ------
    InputError
        When the town would have fewer than two or too many superblocks.
    """
    communities = columns * rows
    if min(columns, rows) < 1 or not LEAST_COMMUNITIES <= communities <= MOST_COMMUNITIES:
        allowed = f"{LEAST_COMMUNITIES} to {MOST_COMMUNITIES:,}"
        msg = f"{columns} by {rows} superblocks: a sample town has {allowed} communities"
        raise InputError(msg)
    each = 2_470 * (communities / 20) ** 0.03 * (0.89 if hard else 1.0)
    return SamplePlan(columns=columns, rows=rows, households=round(communities * each), hard=hard)


def plan_for(households: int) -> SamplePlan:
    """Choose columns, rows and the size of superblocks for a town of `households`.

    Raises
    ------
    InputError
        When `households` is too small for a town or too large for the codes there are.
    """
    most = MOST_COMMUNITIES * HOUSEHOLDS_PER_COMMUNITY
    if not LEAST_HOUSEHOLDS <= households <= most:
        msg = f"{households:,} households: a sample town has {LEAST_HOUSEHOLDS:,} to {most:,}"
        raise InputError(msg)
    # One community of a larger town is a business park without households.
    wanted = max(float(LEAST_COMMUNITIES), households / HOUSEHOLDS_PER_COMMUNITY)
    wanted += wanted >= PARK_COMMUNITIES
    best = (math.inf, 2, 1)
    for rows in range(1, math.isqrt(math.ceil(wanted)) + 2):
        for columns in {math.floor(wanted / rows), math.ceil(wanted / rows)}:
            if not rows <= columns <= 3 * rows:
                continue
            misfit = abs(math.log(columns * rows / wanted)) + 0.05 * abs(math.log(columns / rows / 1.4))
            best = min(best, (misfit, columns, rows))
    _, columns, rows = best
    homes = columns * rows - (columns * rows >= PARK_COMMUNITIES)
    scale = math.sqrt(households / (homes * HOUSEHOLDS_PER_COMMUNITY))
    return SamplePlan(
        columns=columns,
        rows=rows,
        households=households,
        scale=min(LARGEST_SCALE, max(SMALLEST_SCALE, scale)),
        rich=True,
    )
