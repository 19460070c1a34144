"""Duties that come again and again (例会、巡查走访、信息采集报送): what is owed in each period, and since when it is overdue.

A period is the calendar's: a day, a week from Monday, a month, a quarter, a year. A duty is owed by the end of the last day of
its period, or of its last work day where it is owed on work days alone; a period without one owes nothing. Neither does the
period in which a duty was first stated, unless it was stated from the first day on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from api.duty.roles import DutyRole
from data.spelling import did_you_mean, listed
from gis.errors import InputError
from gis.finding import Finding, Severity, first_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from api.loop.calendar import Calendar

MOST_TIMES = 100
LONGEST_NAME = 100
ANYBODY = ""
"""In place of a role: whoever works there."""
_DAY = timedelta(days=1)
_QUARTER, _YEAR = 3, 12


class Kind(StrEnum):
    """What is to be done."""

    MEETING = "meeting"
    PATROL = "patrol"
    COLLECTION = "collection"
    VISIT = "visit"
    DELIVERABLE = "deliverable"


class Every(StrEnum):
    """In which period."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Each(StrEnum):
    """By whom it is owed: the area itself, or each of these in it."""

    AREA = "area"
    GRID = "grid"
    COMMUNITY = "community"
    STREET = "street"
    UNIT = "unit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What is owed, so many times in every period, by each of what lies in an area, through somebody with a role there."""

    name: str
    kind: Kind
    every: Every
    times: int = 1
    each: Each = Each.AREA
    role: str = ANYBODY
    workdays: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as a place says it; `duty_from` reads it back."""
        return {name: str(value) if isinstance(value, StrEnum) else value for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A period, from a day on and before another, and the last day on which what it owes is in time."""

    since: date
    until: date
    deadline: date


def period_of(every: Every, day: date) -> tuple[date, date]:
    """Return the first day of the period that a day lies in, and the first day after it."""
    if every is Every.DAY:
        return day, day + _DAY
    if every is Every.WEEK:
        monday = day - day.weekday() * _DAY
        return monday, monday + 7 * _DAY
    months = {Every.MONTH: 1, Every.QUARTER: _QUARTER, Every.YEAR: _YEAR}[every]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    after = first.year * _YEAR + first.month - 1 + months
    return first, date(after // _YEAR, after % _YEAR + 1, 1)


def spans(duty: Duty, calendar: Calendar, *, valid: tuple[date, date | None], first: date, last: date) -> Iterator[Span]:
    """Yield the periods that owe something and whose last day for it lies from `first` to `last`, in order.

    `valid` are the days of the duty, half-open, as it was stated before it was last changed: whole periods alone owe.
    """
    day = max(first, valid[0])
    while True:
        since, until = period_of(duty.every, day)
        if since > last:
            return
        deadline = _deadline(since, until, calendar if duty.workdays else None)
        is_whole = since >= valid[0] and (valid[1] is None or (deadline is not None and deadline < valid[1]))
        if deadline is not None and is_whole and first <= deadline <= last:
            yield Span(since=since, until=until, deadline=deadline)
        day = until


def _deadline(since: date, until: date, calendar: Calendar | None) -> date | None:
    day = until - _DAY
    while calendar is not None and not calendar.is_work_day(day):
        day -= _DAY
        if day < since:
            return None
    return day


_WORDS: Mapping[str, tuple[type[StrEnum], tuple[str, ...]]] = {
    "kind": (Kind, ()), "every": (Every, ()), "each": (Each, ()), "role": (DutyRole, (ANYBODY,)),
}  # fmt: skip


def duty_from(said: Mapping[str, Any], at: str = "") -> Duty:
    """Return the duty that a table says; `InputError` names every fault, with the field after `at`."""
    found: list[Finding] = []
    known = [field.name for field in fields(Duty)]
    for name in said.keys() - set(known):
        hint, short = did_you_mean(name[:60], known), name[:60]
        there = listed(known, 20)
        found.append(
            _fault(
                at + short, f"is not known{hint['hint']}; there are {there}", f"不是可用的键{hint['hint_zh']}；可用：{there}"
            )
        )
    for name, (words, more) in _WORDS.items():
        value = said.get(name, None if name in {"kind", "every"} else "area" if name == "each" else ANYBODY)
        allowed = [*map(str, words), *more]
        if value not in allowed:
            choice = [word for word in allowed if word]
            found.append(_fault(at + name, f"must be one of {', '.join(choice)}", f"应为 {'、'.join(choice)} 之一"))
    name, times = said.get("name"), said.get("times", 1)
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME or "\0" in name:
        found.append(_fault(f"{at}name", f"must be a text of at most {LONGEST_NAME} characters", f"应为至多{LONGEST_NAME}字"))
    if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MOST_TIMES:
        found.append(_fault(f"{at}times", f"must be a whole number from 1 to {MOST_TIMES}", f"应为 1 到 {MOST_TIMES} 的整数"))
    if not isinstance(said.get("workdays", False), bool):
        found.append(_fault(f"{at}workdays", "must be true or false", "应为 true 或 false"))
    if found:
        raise InputError(f"The duty cannot be used: {first_of(found)}", found)
    return Duty(
        name=said["name"],
        kind=Kind(said["kind"]),
        every=Every(said["every"]),
        times=said.get("times", 1),
        each=Each(said.get("each", Each.AREA)),
        role=said.get("role", ANYBODY),
        workdays=said.get("workdays", False),
    )


def _fault(field: str, en: str, zh: str) -> Finding:
    return Finding(kind="duty", severity=Severity.ERROR, en=f"{field} {en}.", zh=f"{field} {zh}。", field=field)
