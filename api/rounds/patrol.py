"""Patrols (每天走访巡查不少于 2 小时): which days are owed, and how many of them were met. Minutes of a day, never a way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.loop.calendar import Calendar


@dataclass(frozen=True, slots=True)
class WorkDays:
    """The days from one to another that are worked; `is_stated` is false where the calendar does not know all their years."""

    days: tuple[date, ...]
    is_stated: bool


def work_days(calendar: Calendar, first: date, last: date) -> WorkDays:
    """Return the work days from `first` to `last`, both included: on the others nobody owes a patrol."""
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return WorkDays(tuple(day for day in every if calendar.is_work_day(day)), calendar.covers(first, last))


def is_met(minutes: int, wanted: int) -> bool:
    """Say whether a day's minutes are enough."""
    return minutes >= wanted
