"""Weeks of review (一周一点评): Monday to Sunday, as ISO 8601 numbers them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
DAYS = 7
FLOWS = ("received", "closed", "rework")
"""What happens on a day, and so adds up over days: to weeks, and to months across weeks."""


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week, by its Monday."""

    monday: date

    @property
    def after(self) -> date:
        """The Monday after it."""
        return self.monday + timedelta(days=DAYS)

    @property
    def name(self) -> str:
        """What it is called: 2026-W10."""
        year, week, _ = self.monday.isocalendar()
        return f"{year:04}-W{week:02}"


def read_week(text: str) -> Week:
    """Return the week of a name; `ParameterError` where there is none."""
    match = _WEEK.fullmatch(text)
    try:
        # Week 0 is none, in any year.
        year, number = (int(match[1]), int(match[2])) if match else (1, 0)
        return Week(date.fromisocalendar(year, number, 1))
    except ValueError:
        raise ParameterError("week", "write a week as 2026-W10", code="invalid-week") from None


def week_of(day: date) -> Week:
    """Return the week that a day lies in."""
    return Week(day - timedelta(days=day.weekday()))


def weeks_between(since: date, until: date) -> tuple[Week, ...]:
    """Return the weeks that have a day from `since` on and before `until`."""
    first = week_of(since).monday
    count = max(0, -(-(until - first).days // DAYS)) if since < until else 0
    return tuple(Week(first + timedelta(days=DAYS * number)) for number in range(count))


def without_review(weeks: Iterable[Week], reviewed: Collection[date], today: date) -> tuple[Week, ...]:
    """Return the weeks that are over and that nobody has reviewed."""
    return tuple(week for week in weeks if week.after <= today and week.monday not in reviewed)


def added(days: Mapping[date, Mapping[str, int]], since: date, until: date) -> dict[str, int]:
    """Return what happened on the days from `since` on and before `until`, together."""
    return {flow: sum(of[flow] for day, of in days.items() if since <= day < until) for flow in FLOWS}
