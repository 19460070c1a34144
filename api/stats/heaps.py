"""Early warning: many cases of one kind in one grid within a short time are one warning, not many."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

Arrival = tuple[str, str, "datetime", str]
"""A grid, a category, when it was reported, and the case's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heap:
    """Cases of one category in one grid that came so close together that any of them stands in a window that is full."""

    grid: str
    category: str
    since: datetime
    until: datetime
    numbers: tuple[str, ...]


def heaps(arrivals: Iterable[Arrival], *, least: int, within: timedelta) -> tuple[Heap, ...]:
    """Return a warning for each heap: `least` cases or more of one category in one grid, less than `within` apart in all.

    Windows that share a case are one heap. `arrivals` come in order of grid, category, time.
    """
    found: list[Heap] = []
    for (grid, category), those in groupby(arrivals, key=lambda each: (each[0], each[1])):
        cases = list(those)
        for first, last in _runs([at for _, _, at, _ in cases], least, within):
            run = cases[first : last + 1]
            found.append(
                Heap(
                    grid=grid, category=category, since=run[0][2], until=run[-1][2], numbers=tuple(no for _, _, _, no in run)
                )
            )  # fmt: skip
    return tuple(found)


def _runs(times: Sequence[datetime], least: int, within: timedelta) -> list[tuple[int, int]]:
    """Return the first and the last index of each run of times that full windows cover together."""
    runs: list[tuple[int, int]] = []
    for first in range(len(times) - least + 1):
        last = first + least - 1
        if times[last] - times[first] >= within:
            continue
        if runs and first <= runs[-1][1]:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs
