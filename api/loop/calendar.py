"""Work days and office hours: which days are worked, and from when to when.

Rows state single days: public holidays, and the weekend days that make up for them (调休). Every other day follows the
weekday rule: Monday to Friday are worked. A year is covered where the rows state its public holidays of fixed date; in
any other year the weekday rule alone decides, and whoever asks is told.

`assets/work_calendar.csv` holds mainland China's public holidays and make-up work days as the State Council announces
them, a year at a time.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

from gis.errors import InputError
from gis.finding import Finding, Severity, first_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SATURDAY = 5
"""The first weekday, from Monday as 0, that the weekday rule leaves free."""

_FIXED_HOLIDAYS = ((1, 1), (5, 1), (10, 1))
"""New Year, Labour Day, National Day: every announcement names them, and a row or two of somebody's own does not."""

_SESSION = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_END_OF_DAY = 24 * 60 * 60


class DayKind(StrEnum):
    """What a row says about its day."""

    WORKDAY = "workday"
    RESTDAY = "restday"


@dataclass(frozen=True, slots=True)
class Session:
    """A stretch of a day that is worked, in seconds after midnight: `[opens, closes]`."""

    opens: int
    closes: int


Sessions = tuple[Session, ...]
"""The sessions of one day, in order; none on a rest day."""

Row = tuple[date | str, str, str | None]
"""A day (text as 2026-10-01), its kind, and its sessions where they are its own (`08:30-12:00 13:30-17:30`)."""

OFFICE_HOURS: Sessions = (Session(30_600, 43_200), Session(48_600, 63_000))
"""08:30 to 12:00 and 13:30 to 17:30."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Which days are worked, and when; made by `calendar_from`.

    `office_hours` are the sessions of a day whose row names none; `stated` holds the sessions of each day that has a
    row; `years` are the years that the rows cover.
    """

    office_hours: Sessions
    stated: Mapping[date, Sessions]
    years: frozenset[int]

    def sessions(self, day: date) -> Sessions:
        """Return when `day` is worked."""
        stated = self.stated.get(day)
        if stated is not None:
            return stated
        return self.office_hours if day.weekday() < SATURDAY else ()

    def is_work_day(self, day: date) -> bool:
        """Say whether `day` is worked at all."""
        return bool(self.sessions(day))

    def covers(self, first: date, last: date) -> bool:
        """Say whether the rows cover the years of all the days from `first` to `last`."""
        return all(year in self.years for year in range(first.year, last.year + 1))


def calendar_from(rows: Iterable[Row], *, office_hours: Sessions = OFFICE_HOURS) -> Calendar:
    """Make a calendar of rows.

    Raises
    ------
    InputError
        Days that are no days or stand twice, unknown kinds, sessions that are none, touch or overlap, or stand on a rest day:
        all of them, each with its row.
    """
    found: list[Finding] = []
    stated: dict[date, Sessions] = {}
    row_of: dict[date, int] = {}
    if not office_hours or not _in_order(office_hours):
        found.append(
            _fault(
                "calendar_hours", None, "sessions", "Office hours are missing, touch or overlap.", "工作时段缺失、相接或重叠。"
            )
        )
    for row, (written, kind, hours) in enumerate(rows, 1):
        day = _day(written)
        sessions = _sessions(kind, hours, office_hours)
        if day is None:
            en = f"Row {row} has the day {str(written)!r}; write it as 2026-10-01."
            zh = f"第{row}行的日期{str(written)!r}无效,应写作2026-10-01。"
            found.append(_fault("calendar_day", row, "day", en, zh))
        elif (first := row_of.setdefault(day, row)) != row:
            en = f"Rows {first} and {row} both state {day}: keep one of them."
            zh = f"第{first}行与第{row}行重复规定{day},请保留其一。"
            found.append(_fault("calendar_twice", row, "day", en, zh))
        if sessions is None:
            what = f"{kind!r} {hours or ''!r}"
            en = f"Row {row} says {what}; write restday alone, or workday, with hours as 08:30-12:00 13:30-17:30 or without."
            zh = f"第{row}行为{what};休息日只写restday,工作日写workday,时段可不写,或写作08:30-12:00 13:30-17:30。"
            found.append(_fault("calendar_kind", row, "kind", en, zh))
        if day is not None and sessions is not None:
            stated[day] = sessions
    if found:
        raise InputError(f"The work calendar cannot be used: {first_of(found)}", found)
    return Calendar(office_hours=office_hours, stated=MappingProxyType(stated), years=_covered(stated))


@lru_cache(maxsize=1)
def default_calendar() -> Calendar:
    """Return the calendar of `assets/work_calendar.csv`."""
    text = files("api.loop").joinpath("assets/work_calendar.csv").read_text(encoding="utf-8")
    return calendar_from((day, kind, hours) for day, kind, hours in list(csv.reader(text.splitlines()))[1:])


def _covered(stated: Mapping[date, Sessions]) -> frozenset[int]:
    """Return the years whose holidays of fixed date are all stated."""
    years = {day.year for day in stated}
    return frozenset(year for year in years if all(date(year, *holiday) in stated for holiday in _FIXED_HOLIDAYS))


def _day(written: date | str) -> date | None:
    try:
        return date.fromisoformat(str(written))
    except ValueError:
        return None


def _sessions(kind: str, hours: str | None, office_hours: Sessions) -> Sessions | None:
    """Return the sessions that a row states; None where kind and hours make no sense."""
    if kind == DayKind.RESTDAY:
        return None if hours else ()
    if kind != DayKind.WORKDAY:
        return None
    if not hours:
        return office_hours
    sessions: list[Session] = []
    for text in hours.split():
        match = _SESSION.fullmatch(text)
        if match is None:
            return None
        opens_h, opens_m, closes_h, closes_m = map(int, match.groups())
        sessions.append(Session(opens_h * 3600 + opens_m * 60, closes_h * 3600 + closes_m * 60))
    return tuple(sessions) if sessions and _in_order(sessions) else None


def _in_order(sessions: Iterable[Session]) -> bool:
    """Say whether sessions lie in one day, each after the one before and longer than nothing."""
    bounds = [bound for session in sessions for bound in (session.opens, session.closes)]
    inside = bounds[0] >= 0 and bounds[-1] <= _END_OF_DAY
    return inside and all(earlier < later for earlier, later in pairwise(bounds))


def _fault(kind: str, row: int | None, field: str, en: str, zh: str) -> Finding:
    return Finding(kind=kind, severity=Severity.ERROR, en=en, zh=zh, row=row, field=field)
