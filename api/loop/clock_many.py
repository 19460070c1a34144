"""Deadlines and work time for many moments at once; the same answers as `clock`, in columns.

Moments are `datetime64` in UTC, as the store keeps them, and fractions of a second are dropped. All days that can matter
stand in one table with the work seconds before each: a deadline is then one search in it, work time one subtraction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from api.loop.calendar import SATURDAY
from api.loop.clock import SHANGHAI, UNIT_S, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from api.loop.calendar import Calendar
    from api.loop.clock import Limit

    Int = NDArray[np.int64]
    Moments = NDArray[np.datetime64]

DAY_S = 86_400
WEEK = 7
_WORK_WEEK = 5
_EPOCH = date(1970, 1, 1)
_THURSDAY = 3
"""The weekday of day 0, from Monday as 0."""

_FIRST = int(np.datetime64("0001-01-02T00:00:00", "s").astype(np.int64))
_END = int(np.datetime64("9999-12-31T00:00:00", "s").astype(np.int64))
"""What `datetime` can hold, in UTC as in Shanghai; NaT lies outside."""

_AHEAD_S = int(SHANGHAI.utcoffset(None).total_seconds())


@dataclass(frozen=True, slots=True)
class DueMany:
    """When each thing is due, in UTC, to the second; `is_fallback` as in `clock.Due`."""

    at: Moments
    is_fallback: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SpentMany:
    """Seconds between pairs of moments; `is_fallback` as in `clock.Spent`."""

    seconds: Int
    is_fallback: NDArray[np.bool_]


def due_many(start: Moments, limits: Sequence[Limit], limit_of: NDArray[np.intp], calendar: Calendar) -> DueMany:
    """Return when each of `start` is due: limit `limit_of[i]` of `limits` holds for `start[i]`.

    Raises
    ------
    ValueError
        A moment is NaT, or beyond the years 1 to 9999.
    """
    day, second = _on_the_wall(start)
    value = np.array([limit.value for limit in limits], dtype=np.int64)
    # A work day has no length; as 0 it falls to the branch that counts days.
    length = np.array([UNIT_S.get(limit.unit, 0) for limit in limits], dtype=np.int64)
    is_work = np.array([limit.unit.is_work for limit in limits], dtype=np.bool_)
    is_days = np.array([limit.unit is Unit.WORK_DAY for limit in limits], dtype=np.bool_)

    seconds = (value * length)[limit_of]
    at = day * DAY_S + second + seconds
    is_fallback = np.zeros(len(start), dtype=np.bool_)
    by_work = np.flatnonzero(is_work[limit_of])
    if by_work.size:
        table = _table(calendar, day[by_work], ahead_days=_reach(limits, calendar))
        by_days = is_days[limit_of[by_work]]
        for rows, chosen in ((by_work[~by_days], False), (by_work[by_days], True)):
            if chosen:
                last, moment = table.add_days(day[rows], second[rows], value[limit_of[rows]])
            else:
                last, moment = table.add_seconds(day[rows], second[rows], seconds[rows])
            at[rows] = last * DAY_S + moment
            is_fallback[rows] = table.is_fallback(day[rows], last)
    return DueMany((at - _AHEAD_S).astype("datetime64[s]"), is_fallback)


def work_seconds_many(start: Moments, end: Moments, calendar: Calendar) -> SpentMany:
    """Return the work seconds from each of `start` to that of `end`, below zero where `end` is earlier.

    Raises
    ------
    ValueError
        A moment is NaT, or beyond the years 1 to 9999.
    """
    (first, from_s), (last, to_s) = _on_the_wall(start), _on_the_wall(end)
    if not first.size:
        return SpentMany(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_))
    table = _table(calendar, np.concatenate((first, last)), ahead_days=0)
    seconds = table.worked(last, to_s) - table.worked(first, from_s)
    return SpentMany(seconds, table.is_fallback(np.minimum(first, last), np.maximum(first, last)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Days in a row from `first` (counted from 1970) on, each with its pattern of sessions.

    `opens` and `lengths` (patterns x sessions, in seconds) hold the patterns, short ones filled up with sessions of no
    length. `before` has the work seconds before each day, `work_days_before` the work days, `unknown_before` the days of
    years that the calendar does not cover; all three go one day further. `work_days` are the days that are worked.
    """

    first: int
    pattern: NDArray[np.intp]
    opens: Int
    lengths: Int
    before: Int
    work_days_before: Int
    work_days: Int
    unknown_before: Int
    opening: int
    closing: int

    def worked(self, day: Int, second: Int) -> Int:
        """Return the work seconds from the table's first day to each moment."""
        row = day - self.first
        pattern = self.pattern[row]
        total = self.before[row]
        for opens, lengths in zip(self.opens.T, self.lengths.T, strict=True):
            total += np.clip(second - opens[pattern], 0, lengths[pattern])
        return total

    def add_seconds(self, day: Int, second: Int, seconds: Int) -> tuple[Int, Int]:
        """Return day and second by which so many more work seconds (not 0) have passed."""
        target = self.worked(day, second) + seconds
        row = np.searchsorted(self.before, target, side="left") - 1
        left = target - self.before[row]
        pattern = self.pattern[row]
        at = np.zeros_like(left)
        for opens, lengths in zip(self.opens.T, self.lengths.T, strict=True):
            taken = np.minimum(left, lengths[pattern])
            at = np.where(taken > 0, opens[pattern] + taken, at)
            left -= taken
        return row + self.first, at

    def add_days(self, day: Int, second: Int, days: Int) -> tuple[Int, Int]:
        """Return day and second at which so many work days are over."""
        row = day - self.first
        is_worked = self.work_days_before[row + 1] > self.work_days_before[row]
        at = np.where(is_worked, np.clip(second, self.opening, self.closing), self.closing)
        return self.work_days[self.work_days_before[row + 1] + days - 1], at

    def is_fallback(self, first: Int, last: Int) -> NDArray[np.bool_]:
        """Say of each stretch of days whether the calendar does not know a year of it."""
        return self.unknown_before[last - self.first + 1] > self.unknown_before[first - self.first]


def _table(calendar: Calendar, days: Int, *, ahead_days: int) -> _Table:
    """Return the table from the earliest of `days` to `ahead_days` after the latest."""
    first, last = int(days.min()), int(days.max()) + ahead_days
    day = np.arange(first, last + 1)
    patterns = [(), calendar.office_hours]
    pattern = ((day + _THURSDAY) % WEEK < SATURDAY).astype(np.intp)
    for stated, sessions in calendar.stated.items():
        if first <= (row := (stated - _EPOCH).days) <= last:
            if sessions not in patterns:
                patterns.append(sessions)
            pattern[row - first] = patterns.index(sessions)
    opens = np.zeros((len(patterns), max(map(len, patterns))), dtype=np.int64)
    lengths = np.zeros_like(opens)
    for number, sessions in enumerate(patterns):
        opens[number, : len(sessions)] = [session.opens for session in sessions]
        lengths[number, : len(sessions)] = [session.closes - session.opens for session in sessions]
    is_worked = pattern > 0
    year = day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + _EPOCH.year
    return _Table(
        first=first,
        pattern=pattern,
        opens=opens,
        lengths=lengths,
        before=_before(lengths.sum(axis=1)[pattern]),
        work_days_before=_before(is_worked),
        work_days=day[is_worked],
        unknown_before=_before(~np.isin(year, sorted(calendar.years))),
        opening=calendar.office_hours[0].opens,
        closing=calendar.office_hours[-1].closes,
    )


def _reach(limits: Sequence[Limit], calendar: Calendar) -> int:
    """Return how many days after its start the longest of `limits` is over, at most.

    A row of the calendar takes a whole work day away, at most.
    """
    office_s = sum(session.closes - session.opens for session in calendar.office_hours)
    needed = max(
        limit.value if limit.unit is Unit.WORK_DAY else -(-limit.value * UNIT_S[limit.unit] // office_s)
        for limit in limits
        if limit.unit.is_work
    )
    return ((needed + len(calendar.stated)) // _WORK_WEEK + 2) * WEEK


def _before(counts: NDArray[np.bool_] | Int) -> Int:
    """Return the sum before each of `counts`, and the sum of all."""
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))


def _on_the_wall(moments: Moments) -> tuple[Int, Int]:
    """Return the days from 1970 on and the seconds of the day, in Shanghai."""
    utc = moments.astype("datetime64[s]").astype(np.int64)
    if utc.size and (utc.min() < _FIRST or utc.max() >= _END):
        raise ValueError("there is a moment that is none, or beyond the years 1 to 9999")
    day, second = np.divmod(utc + _AHEAD_S, DAY_S)
    return day, second
