"""From days to moments: a day begins at midnight of the service's zone, and what is asked of today is asked of now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from gis.errors import ParameterError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_DECEMBER = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Days from `since` on and before `until`, as known at the end of the day `at`."""

    at: date
    since: date
    until: date


def days_of(at: date | None, since: date | None, until: date | None, *, today: date) -> Days:
    """Return which days are meant: as of today, from New Year to the day itself, unless others are said.

    Raises
    ------
    ParameterError
        The window is empty, or lies in days of which nothing is known yet.
    """
    day = at or today
    if day > today:
        raise ParameterError("at", f"nothing is known of {day} yet; today is {today}", code="future-day")
    first = since or date(day.year, 1, 1)
    if day == date.max or first == date.min:
        raise ParameterError("from", "this day is beyond what can be counted")
    last = until or day + _DAY
    if first >= last:
        raise ParameterError("from", f"no day lies from {first} on and before {last}", code="empty-window")
    return Days(at=day, since=first, until=last)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins."""
    return datetime.combine(day, time(), zone)


def moment_of(at: date, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment that a day is told as of: its end, or now where it has not ended."""
    return min(now, midnight(at + _DAY, zone))


def read_month(text: str) -> tuple[date, date]:
    """Return the first day of a month (2026-02) and that of the next; `ParameterError` where it is none."""
    match = _MONTH.fullmatch(text)
    if match is None or not 1 < int(match[1]) < date.max.year:
        raise ParameterError("month", "write a month as 2026-02", code="invalid-month")
    first = date(int(match[1]), int(match[2]), 1)
    return first, next_month(first)


def next_month(first: date) -> date:
    """Return the first day of the month after that of `first`."""
    return date(first.year + first.month // _DECEMBER, first.month % _DECEMBER + 1, 1)
