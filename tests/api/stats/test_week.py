"""Weeks."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.stats.week import FLOWS, Week, added, read_week, week_of, weeks_between, without_review
from api.stats.window import days_of, next_month, read_month
from gis.errors import ParameterError

DAYS = st.dates(date(2000, 1, 3), date(2100, 1, 1))


@given(DAYS)
def test_a_week_is_read_as_it_is_written(day: date) -> None:
    """Every day lies in one week, which runs from Monday to Monday and is found again by its name."""
    week = week_of(day)
    assert week.monday <= day < week.after
    assert week.monday.weekday() == 0
    assert read_week(week.name) == week


@pytest.mark.parametrize(
    ("day", "name"), [(date(2026, 3, 2), "2026-W10"), (date(2027, 1, 3), "2026-W53"), (date(2024, 12, 30), "2025-W01")]
)
def test_weeks_are_numbered_as_in_iso_8601(day: date, name: str) -> None:
    """A week belongs to the year that its Thursday lies in."""
    assert week_of(day).name == name


@pytest.mark.parametrize("text", ["2026-W54", "2025-W53", "2026-10", "2026-W1", "W10", "0000-W01", "2026-W10 "])
def test_what_is_no_week_is_refused(text: str) -> None:
    """A week that there is not, or that is written otherwise, is refused."""
    with pytest.raises(ParameterError):
        read_week(text)


@given(DAYS, st.integers(1, 100), st.data())
def test_weeks_add_up_to_their_days(since: date, count: int, data: st.DataObject) -> None:
    """Weeks cut to a window cover each of its days once, so that what happened in them adds up to the window."""
    until = since + timedelta(days=count)
    weeks = weeks_between(since, until)
    covered = [
        day
        for week in weeks
        for number in range(7)
        if since <= (day := week.monday + timedelta(days=number)) < until
    ]  # fmt: skip
    assert covered == [since + timedelta(days=number) for number in range(count)]
    flows = {day: dict.fromkeys(FLOWS, data.draw(st.integers(0, 9))) for day in covered}
    parts = [added(flows, max(since, week.monday), min(until, week.after)) for week in weeks]
    assert {flow: sum(part[flow] for part in parts) for flow in FLOWS} == added(flows, since, until)


def test_only_weeks_that_are_over_miss_a_review() -> None:
    """Of weeks without a review those are listed that have ended."""
    weeks = weeks_between(date(2026, 3, 2), date(2026, 3, 30))
    assert [week.name for week in weeks] == ["2026-W10", "2026-W11", "2026-W12", "2026-W13"]
    missing = without_review(weeks, {date(2026, 3, 2)}, date(2026, 3, 23))
    assert missing == (Week(date(2026, 3, 9)), Week(date(2026, 3, 16)))
    assert weeks_between(date(2026, 3, 2), date(2026, 3, 2)) == ()


def test_months() -> None:
    """A month is read with its end, over the turn of the year; what is none is refused."""
    assert read_month("2026-12") == (date(2026, 12, 1), date(2027, 1, 1))
    assert next_month(date(2026, 2, 1)) == date(2026, 3, 1)
    for text in ("2026-13", "2026-1", "2026", "0001-01"):
        with pytest.raises(ParameterError):
            read_month(text)


def test_days_that_nobody_says() -> None:
    """Left out, a window runs from New Year to the day itself; the very first and last days of all can be asked for."""
    found = days_of(None, None, None, today=date(2026, 3, 2))
    assert (found.at, found.since, found.until) == (date(2026, 3, 2), date(2026, 1, 1), date(2026, 3, 3))
    with pytest.raises(ParameterError):
        days_of(date.max, None, None, today=date.max)
