"""Duties: which periods owe something, until when."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.loop.calendar import calendar_from, default_calendar
from api.rounds.duty import Duty, Every, Kind, Span, duty_from, period_of, spans
from gis.errors import InputError

DAY = timedelta(days=1)
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def owed(every, first, last, *, valid=(date(2020, 1, 1), None), workdays=False, calendar=None):
    duty = Duty(name="x", kind=Kind.MEETING, every=every, workdays=workdays)
    return list(spans(duty, calendar or default_calendar(), valid=valid, first=first, last=last))


@given(st.sampled_from(list(Every)), DAYS)
def test_periods_part_the_days(every: Every, day: date) -> None:
    """Every day lies in one period, which has the same ends for all of its days; the next begins where it ends."""
    since, until = period_of(every, day)
    assert since <= day < until
    assert period_of(every, since) == period_of(every, until - DAY) == (since, until)
    assert period_of(every, until)[0] == until


@given(st.sampled_from(list(Every)), DAYS, st.integers(0, 500), st.booleans())
def test_nothing_is_owed_twice_or_passed_over(every: Every, first: date, length: int, workdays: bool) -> None:  # noqa: FBT001
    """Windows side by side owe what they owe together; each deadline lies in its period, and on a work day where it must."""
    last, middle = first + length * DAY, first + length // 2 * DAY
    whole = owed(every, first, last, workdays=workdays)
    assert whole == owed(every, first, middle, workdays=workdays) + owed(every, middle + DAY, last, workdays=workdays)
    for each in whole:
        assert (each.since, each.until) == period_of(every, each.deadline)
        after = (each.deadline + n * DAY for n in range(1, (each.until - each.deadline).days))
        assert not workdays or default_calendar().is_work_day(each.deadline)
        assert not any(default_calendar().is_work_day(day) for day in after) if workdays else not list(after)


def test_on_work_days_a_week_ends_on_its_last_one() -> None:
    """A weekly meeting on work days is owed by Friday, by Saturday where that is worked, and not at all in a week off."""
    rows = [(date(2026, 10, 1) + n * DAY, "restday", None) for n in range(8)]
    rows += [(date(2026, 10, 10), "workday", None), *((date(2026, 9, 28) + n * DAY, "restday", None) for n in range(3))]
    calendar = calendar_from(rows)
    found = owed(Every.WEEK, date(2026, 9, 21), date(2026, 10, 18), workdays=True, calendar=calendar)
    assert [each.deadline for each in found] == [date(2026, 9, 25), date(2026, 10, 10), date(2026, 10, 16)]
    daily = owed(Every.DAY, date(2026, 10, 5), date(2026, 10, 11), workdays=True, calendar=calendar)
    assert [each.since for each in daily] == [date(2026, 10, 9), date(2026, 10, 10)]


def test_whole_periods_alone_owe() -> None:
    """A quarter that a duty was stated in, or ended in, owes nothing; stated from its first day on it does."""
    year = (date(2026, 1, 1), date(2026, 12, 31))
    assert [each.since.month for each in owed(Every.QUARTER, *year, valid=(date(2026, 1, 1), None))] == [1, 4, 7, 10]
    assert [each.since.month for each in owed(Every.QUARTER, *year, valid=(date(2026, 1, 2), date(2026, 12, 31)))] == [4, 7]
    assert owed(Every.YEAR, *year, valid=(date(2026, 1, 1), date(2027, 1, 1))) == [
        Span(since=date(2026, 1, 1), until=date(2027, 1, 1), deadline=date(2026, 12, 31))
    ]


def test_a_duty_is_read_back_as_it_was_said() -> None:
    """What a duty says as JSON is the same duty when read again; every fault of another is named."""
    duty = Duty(name="工作例会", kind=Kind.MEETING, every=Every.WEEK, times=2, role="grid_leader", workdays=True)
    assert duty_from(duty.as_json()) == duty
    wrong = {"name": " ", "kind": "party", "every": "fortnight", "times": 0, "each": "person", "role": "mayor", "workdays": 1}
    with pytest.raises(InputError) as caught:
        duty_from({**wrong, "tmies": 1}, "duties.0.")
    fields = {finding.field for finding in caught.value.findings}
    assert fields == {f"duties.0.{name}" for name in (*wrong, "tmies")}
