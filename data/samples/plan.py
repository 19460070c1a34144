"""What a sample town is asked to be."""

from __future__ import annotations

import math
from dataclasses import dataclass

HOUSEHOLDS_PER_COMMUNITY = 2_520
"""What an ordinary community of superblock size holds."""

SMALLEST_SCALE = 0.66
LARGEST_SCALE = 1.15


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePlan:
    """How many superblocks, how large, and which features.

    `households` is the number that the town must have in all; where it is None, density decides. `scale` multiplies the side
    of every superblock. `hard` sends the river through more communities and adds a railway. `rich` adds what a town has but
    a benchmark should not: a community without households, an expressway, buildings with two doors.
    """

    columns: int
    rows: int
    households: int | None = None
    scale: float = 1.0
    hard: bool = False
    rich: bool = False

    @property
    def communities(self) -> int:
        """Number of superblocks, each of which is one community."""
        return self.columns * self.rows


def plan_for(households: int) -> SamplePlan:
    """Choose columns, rows and the size of superblocks for a town of `households`."""
    # One community of a larger town is a business park without households.
    wanted = max(2.0, households / HOUSEHOLDS_PER_COMMUNITY)
    wanted += wanted >= 6
    best = (math.inf, 2, 1)
    for rows in range(1, math.isqrt(math.ceil(wanted)) + 2):
        for columns in {math.floor(wanted / rows), math.ceil(wanted / rows)}:
            if not rows <= columns <= 3 * rows:
                continue
            misfit = abs(math.log(columns * rows / wanted)) + 0.05 * abs(math.log(columns / rows / 1.4))
            best = min(best, (misfit, columns, rows))
    _, columns, rows = best
    homes = columns * rows - (columns * rows >= 6)
    scale = math.sqrt(households / (homes * HOUSEHOLDS_PER_COMMUNITY))
    return SamplePlan(
        columns=columns,
        rows=rows,
        households=households,
        scale=min(LARGEST_SCALE, max(SMALLEST_SCALE, scale)),
        rich=True,
    )
