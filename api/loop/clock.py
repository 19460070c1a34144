"""Work time, deadlines, and the clocks of an incident with their lights.

Everything is whole seconds on the wall clock of Shanghai; a fraction of a second is dropped. Moments carry their zone.

**Work hours** count while the office is open. What takes v work seconds is due at the earliest moment by which v of them
have passed: never in the night that follows, but at closing time.

**Work days**: n of them are over on the n-th work day after the day of the start, at the start's time of day. Earlier than
opening time counts as opening time, later than closing time as closing time, and a start on a rest day as closing time.
So a later start is never due earlier, and a + b days are a days and then b.

A **clock** runs from its start to its due moment and stands still while it is suspended. The total clock of an incident is
begun when the incident is accepted, and never again; the stage clock is begun anew whenever the owner changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import TYPE_CHECKING

from gis.errors import Conflict, RulesError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from api.loop.calendar import Calendar

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The zone of all deadlines. It has had no summer time since 1991, so this is all there is to it."""

LONGEST = 10_000
"""The largest number in a time limit: more is a slip of the pen."""

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


class Unit(StrEnum):
    """What a time limit is counted in. Hours, minutes and days without `work` go by the clock."""

    WORK_HOUR = "work_hour"
    WORK_DAY = "work_day"
    HOUR = "hour"
    MINUTE = "minute"
    DAY = "day"

    @property
    def is_work(self) -> bool:
        """Whether only work time counts."""
        return self in {Unit.WORK_HOUR, Unit.WORK_DAY}


UNIT_S = {Unit.WORK_HOUR: 3_600, Unit.HOUR: 3_600, Unit.MINUTE: 60, Unit.DAY: 86_400}
"""Seconds, by unit; a work day is as long as its sessions."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something may take; raises `RulesError` where the number is none."""

    value: int
    unit: Unit

    def __post_init__(self) -> None:
        """Refuse what is no time."""
        if not 1 <= self.value <= LONGEST:
            raise RulesError(f"a time limit of {self.value} is out of range: write 1 to {LONGEST}")


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due, in Shanghai; `is_fallback` where the calendar did not know a year on the way there."""

    at: datetime
    is_fallback: bool = False


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds between two moments; `is_fallback` as in `Due`."""

    seconds: int
    is_fallback: bool = False


def due(start: datetime, limit: Limit, calendar: Calendar) -> Due:
    """Return when that which began at `start` is due.

    Raises
    ------
    ValueError
        `start` has no zone.
    """
    if limit.unit is Unit.WORK_DAY:
        day, second = _on_the_wall(start)
        return _due(day, *_add_work_days(day, second, limit.value, calendar), calendar)
    return add_seconds(start, limit.value * UNIT_S[limit.unit], calendar, work=limit.unit.is_work)


def add_seconds(start: datetime, seconds: int, calendar: Calendar, *, work: bool) -> Due:
    """Return the earliest moment by which `seconds` of work time, or of any time, have passed since `start`."""
    day, second = _on_the_wall(start)
    if not work:
        days, second = divmod(second + seconds, 86_400)
        return Due(_moment(day + days * _DAY, second))
    return _due(day, *_add_work_seconds(day, second, seconds, calendar), calendar)


def seconds_between(start: datetime, end: datetime, calendar: Calendar, *, work: bool) -> Spent:
    """Return the seconds of work time, or of all time, from `start` to `end`; below zero where `end` is earlier."""
    (first, from_s), (last, to_s) = _on_the_wall(start), _on_the_wall(end)
    if not work:
        return Spent((last - first) // _SECOND + to_s - from_s)
    if (last, to_s) < (first, from_s):
        back = seconds_between(end, start, calendar, work=True)
        return Spent(-back.seconds, back.is_fallback)
    whole = sum(_worked(day, 86_400, calendar) for day in _days(first, last))
    seconds = whole + _worked(last, to_s, calendar) - _worked(first, from_s, calendar)
    return Spent(seconds, not calendar.covers(first, last))


class Light(StrEnum):
    """How much of a time limit is used."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


def light(used_s: int, limit_s: int) -> Light:
    """Return the light for seconds used of seconds allowed: green up to 80 %, yellow up to 100 %, red beyond."""
    if used_s > limit_s:
        return Light.RED
    return Light.GREEN if 5 * used_s <= 4 * limit_s else Light.YELLOW


@dataclass(frozen=True, slots=True)
class Suspension:
    """A stretch of time that does not count; `until` is None while it lasts."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A clock that was begun.

    `due` holds what earlier suspensions have put off; one that lasts puts it off when it ends (`resume`). `is_work` where
    only work time counts. An extension replaces `due`.
    """

    start: datetime
    due: Due
    is_work: bool
    suspensions: tuple[Suspension, ...] = ()

    @property
    def suspended_since(self) -> datetime | None:
        """Since when the clock stands still; None where it runs."""
        return self.suspensions[-1].since if self.suspensions and self.suspensions[-1].until is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a clock says: seconds used and allowed, without suspended time, in all, and the light."""

    used_s: int
    limit_s: int
    light: Light
    is_fallback: bool


def begin(start: datetime, limit: Limit, calendar: Calendar) -> Clock:
    """Return a clock that begins to run at `start`."""
    return Clock(start=start, due=due(start, limit, calendar), is_work=limit.unit.is_work)


def suspend(clock: Clock, at: datetime) -> Clock:
    """Return the clock, standing still from `at` on; raises `Conflict` where it stands still already, or ran later."""
    last = clock.suspensions[-1].until if clock.suspensions else clock.start
    if last is None or at < last:
        msg = "the clock is suspended already, or was begun or resumed after that moment"
        raise Conflict(msg, zh="计时已经暂停，或在该时间之后才开始、恢复")
    return replace(clock, suspensions=(*clock.suspensions, Suspension(at)))


def resume(clock: Clock, at: datetime, calendar: Calendar) -> Clock:
    """Return the clock, running again from `at` on, with as much time left as when it was suspended.

    What was late by then stays late. Raises `Conflict` where the clock runs, or was suspended after `at`.
    """
    since = clock.suspended_since
    if since is None or at < since:
        raise Conflict("the clock is not suspended at that moment", zh="计时在该时间没有暂停")
    suspensions = (*clock.suspensions[:-1], Suspension(since, at))
    if since > clock.due.at:
        return replace(clock, suspensions=suspensions)
    left = seconds_between(since, clock.due.at, calendar, work=clock.is_work)
    put_off = add_seconds(at, left.seconds, calendar, work=clock.is_work)
    # Closing time and the opening that follows have the same work before them; a pause takes nobody back to the former.
    moment = max(clock.due.at, put_off.at)
    return replace(clock, suspensions=suspensions, due=Due(moment, clock.due.is_fallback or put_off.is_fallback))


def read(clock: Clock, now: datetime, calendar: Calendar) -> Reading:
    """Return what the clock says at `now`; while it is suspended, what it said when that began.

    Past its due moment a clock is red, also in the night that follows, when no further work time is used.
    """
    since = clock.suspended_since
    moment = now if since is None else min(now, since)
    pauses = [(pause.since, pause.until) for pause in clock.suspensions if pause.until is not None]
    used = _total(_running(clock.start, moment, pauses), clock, calendar)
    limit = _total(_running(clock.start, clock.due.at, pauses), clock, calendar)
    return Reading(
        used_s=used.seconds,
        limit_s=limit.seconds,
        light=Light.RED if moment > clock.due.at else light(used.seconds, limit.seconds),
        is_fallback=used.is_fallback or limit.is_fallback,
    )


def _running(
    start: datetime, end: datetime, pauses: Iterable[tuple[datetime, datetime]]
) -> Iterator[tuple[datetime, datetime]]:
    """Give the stretches from `start` to `end` that lie in no pause; pauses may overlap."""
    for since, until in sorted(pauses):
        if start < min(since, end):
            yield start, min(since, end)
        start = max(start, until)
    if start < end:
        yield start, end


def _total(stretches: Iterable[tuple[datetime, datetime]], clock: Clock, calendar: Calendar) -> Spent:
    """Add stretches up, as the clock counts."""
    spent = [seconds_between(since, until, calendar, work=clock.is_work) for since, until in stretches]
    return Spent(sum(one.seconds for one in spent), any(one.is_fallback for one in spent))


def _on_the_wall(moment: datetime) -> tuple[date, int]:
    """Return the day and the second of the day in Shanghai."""
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} has no zone")
    there = moment.astimezone(SHANGHAI)
    return there.date(), there.hour * 3_600 + there.minute * 60 + there.second


def _moment(day: date, second: int) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + second * _SECOND


def _due(start: date, day: date, second: int, calendar: Calendar) -> Due:
    return Due(_moment(day, second), not calendar.covers(start, day))


def _days(first: date, last: date) -> Iterator[date]:
    """Give the days from `first` on, before `last`."""
    return (first + number * _DAY for number in range((last - first).days))


def _worked(day: date, second: int, calendar: Calendar) -> int:
    """Return the work seconds of `day` before its `second`."""
    return sum(max(0, min(second, session.closes) - session.opens) for session in calendar.sessions(day))


def _add_work_seconds(day: date, second: int, seconds: int, calendar: Calendar) -> tuple[date, int]:
    """Return the day and second by which so many more work seconds have passed."""
    if not seconds:
        return day, second
    left = seconds + _worked(day, second, calendar)
    while True:
        for session in calendar.sessions(day):
            length = session.closes - session.opens
            if left <= length:
                return day, session.opens + left
            left -= length
        day += _DAY


def _add_work_days(day: date, second: int, days: int, calendar: Calendar) -> tuple[date, int]:
    """Return the day and second at which so many work days are over."""
    opens, closes = calendar.office_hours[0].opens, calendar.office_hours[-1].closes
    second = min(max(second, opens), closes) if calendar.is_work_day(day) else closes
    while days:
        day += _DAY
        days -= calendar.is_work_day(day)
    return day, second
