"""Early warning: many cases of one kind in one grid, or near each other, within a short time are one warning, not many."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import groupby
from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, timedelta

Arrival = tuple[str, str, "datetime", str]
"""A grid, a category, when it was reported, and the case's number."""
Located = tuple[str | None, str, "datetime", str, float, float]
"""The same with longitude and latitude; there may be no grid."""
_EARTH_M = 6_371_008.8
"""The mean radius of the earth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heap:
    """Cases of one category that came so close together that any of them stands in a window that is full.

    `grid` is the one that all of them lie in, None where there is none.
    """

    grid: str | None
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


def near_heaps(arrivals: Iterable[Located], *, least: int, within: timedelta, metres: float) -> tuple[Heap, ...]:
    """Return a warning for each heap of cases near each other, whatever grids they lie in.

    A window is full where `least` cases or more of one category, less than `within` apart in all, lie no farther than `metres`
    from one of them. Windows that share a case are one heap. `arrivals` come in order of category, time.
    """
    found: list[Heap] = []
    for category, those in groupby(arrivals, key=lambda each: each[1]):
        cases = list(those)
        heap_of = list(range(len(cases)))
        full: set[int] = set()
        for window in _full(cases, least, within, metres):
            full |= set(window)
            first = min(_root(heap_of, each) for each in window)
            for each in window:
                heap_of[_root(heap_of, each)] = first
        for root in sorted({_root(heap_of, each) for each in full}):
            those_of = [cases[each] for each in sorted(full) if _root(heap_of, each) == root]
            grids = {case[0] for case in those_of}
            found.append(
                Heap(
                    grid=those_of[0][0] if len(grids) == 1 else None,
                    category=category,
                    since=those_of[0][2],
                    until=those_of[-1][2],
                    numbers=tuple(case[3] for case in those_of),
                )
            )
    return tuple(found)


def _full(cases: Sequence[Located], least: int, within: timedelta, metres: float) -> Iterator[list[int]]:
    """Yield the indices of the cases of each full window, around each case that it is near."""
    times = [case[2] for case in cases]
    for middle, case in enumerate(cases):
        first, last = bisect_right(times, case[2] - within), bisect_left(times, case[2] + within)
        near = [each for each in range(first, last) if _away_m(case, cases[each]) <= metres]
        for start, each in enumerate(near):
            if each > middle:
                break
            end = bisect_left(near, bisect_left(times, times[each] + within))
            if middle in (window := near[start:end]) and len(window) >= least:
                yield window


def _root(heap_of: list[int], case: int) -> int:
    """Return the case that stands for the heap of another, and remember it."""
    while heap_of[case] != case:
        heap_of[case] = heap_of[heap_of[case]]
        case = heap_of[case]
    return case


def _away_m(one: Located, other: Located) -> float:
    """Return the metres between two cases, over the sphere."""
    (east, north), (far_east, far_north) = (map(radians, each[4:]) for each in (one, other))
    across = sin((far_north - north) / 2) ** 2 + cos(north) * cos(far_north) * sin((far_east - east) / 2) ** 2
    return 2 * _EARTH_M * asin(min(1.0, sqrt(across)))


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
