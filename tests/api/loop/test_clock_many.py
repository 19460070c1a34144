"""Deadlines and work time in columns: the same answers as one at a time."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.loop.calendar import Session, calendar_from, default_calendar
from api.loop.clock import SHANGHAI, Limit, Unit, due, seconds_between
from api.loop.clock_many import due_many, work_seconds_many

DEFAULT = default_calendar()
NIGHTS = calendar_from(
    [
        *((f"2026-{day}", "restday", None) for day in ("01-01", "05-01", "10-01", "10-02")),
        ("2026-10-03", "workday", "00:00-06:00 12:00-13:00 22:00-24:00"),
        ("2026-10-05", "workday", "10:00-10:01"),
        ("2026-12-31", "workday", "23:00-24:00"),
    ],
    office_hours=(Session(0, 3_600), Session(7_201, 10_000), Session(80_000, 86_400)),
)
"""Uneven sessions, up to midnight, and one year."""

calendars = st.sampled_from((DEFAULT, NIGHTS))
moments = st.datetimes(datetime(2023, 12, 1), datetime(2027, 2, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - the zone is given beside
    lambda moment: moment.replace(microsecond=0)
)
limits = st.builds(Limit, st.integers(1, 40) | st.sampled_from((10_000,)), st.sampled_from(Unit))
few = settings(max_examples=60, deadline=None)


def column(moments) -> np.ndarray:
    return np.array([moment.astimezone(UTC).replace(tzinfo=None) for moment in moments], dtype="datetime64[s]")


@few
@given(
    st.lists(st.tuples(moments, st.integers(0, 4)), min_size=1, max_size=30),
    st.lists(limits, min_size=5, max_size=5),
    calendars,
)
def test_deadlines_in_columns_are_those_one_at_a_time(rows, some, calendar):
    """For every unit and calendar, moments and flags are the same as the scalar function's, row by row."""
    start, limit_of = [moment for moment, _ in rows], np.array([which for _, which in rows])
    many = due_many(column(start), some, limit_of, calendar)
    alone = [due(moment, some[which], calendar) for moment, which in rows]
    assert many.at.tolist() == column(one.at for one in alone).tolist()
    assert many.is_fallback.tolist() == [one.is_fallback for one in alone]


@few
@given(st.lists(st.tuples(moments, moments), min_size=1, max_size=30), calendars)
def test_work_time_in_columns_is_that_one_at_a_time(pairs, calendar):
    """Seconds and flags are the same as the scalar function's, row by row, backwards too."""
    many = work_seconds_many(column(start for start, _ in pairs), column(end for _, end in pairs), calendar)
    alone = [seconds_between(start, end, calendar, work=True) for start, end in pairs]
    assert many.seconds.tolist() == [one.seconds for one in alone]
    assert many.is_fallback.tolist() == [one.is_fallback for one in alone]


@pytest.mark.parametrize("calendar", [DEFAULT, NIGHTS], ids=["default", "nights"])
@pytest.mark.parametrize("limit", [Limit(1, Unit.WORK_HOUR), Limit(7, Unit.WORK_HOUR), Limit(1, Unit.WORK_DAY)], ids=str)
def test_every_edge_of_a_week_is_the_same(calendar, limit):
    """At each opening and closing time over National Day, and a second before and after, both agree."""
    edges = [0, 3_600, 7_201, 10_000, 21_600, 30_600, 43_200, 48_600, 63_000, 79_200, 80_000, 82_800]
    first = datetime(2026, 9, 28, tzinfo=SHANGHAI)
    start = [first + timedelta(days=day, seconds=edge + shift) for day in range(16) for edge in edges for shift in (-1, 0, 1)]
    many = due_many(column(start), [limit], np.zeros(len(start), dtype=np.intp), calendar)
    assert many.at.tolist() == column(due(moment, limit, calendar).at for moment in start).tolist()


def test_the_longest_limit_fits_the_table():
    """From a calendar with nothing but rest days the table still reaches to the end of the longest limit."""
    first = datetime(2026, 1, 1, tzinfo=SHANGHAI)
    rows = [((first + timedelta(days=number)).date(), "restday", None) for number in range(700)]
    calendar = calendar_from(rows, office_hours=(Session(0, 1),))
    for limit in (Limit(3, Unit.WORK_HOUR), Limit(10_000, Unit.WORK_DAY)):
        many = due_many(column([first]), [limit], np.array([0]), calendar)
        assert many.at.tolist() == column([due(first, limit, calendar).at]).tolist()


def test_nothing_has_no_deadlines():
    """Empty columns give empty columns, of the right types."""
    none = np.array([], dtype="datetime64[s]")
    many = due_many(none, [Limit(1, Unit.WORK_DAY)], np.array([], dtype=np.intp), DEFAULT)
    assert (many.at.dtype, len(many.at), len(many.is_fallback)) == (np.dtype("datetime64[s]"), 0, 0)
    assert work_seconds_many(none, none, DEFAULT).seconds.tolist() == []


def test_fractions_of_a_second_are_dropped():
    """Columns in microseconds are read to the second, as single moments are, before 1970 too."""
    start = np.array(["2026-11-20T01:00:00.999999", "1969-12-30T23:59:59.999999"], dtype="datetime64[us]")
    many = due_many(start, [Limit(1, Unit.MINUTE)], np.array([0, 0]), DEFAULT)
    alone = [due(moment.replace(tzinfo=UTC), Limit(1, Unit.MINUTE), DEFAULT).at for moment in start.tolist()]
    assert many.at.tolist() == column(alone).tolist()


@pytest.mark.parametrize("moment", ["NaT", "0000-06-01", "9999-12-31T12:00:00", "12000-01-01"])
def test_a_moment_that_is_none_is_refused(moment):
    """NaT and years that no calendar has are said, not computed with."""
    column = np.array(["2026-11-20T01:00:00", moment], dtype="datetime64[s]")
    with pytest.raises(ValueError, match="beyond the years"):
        due_many(column, [Limit(1, Unit.HOUR)], np.array([0, 0]), DEFAULT)
    with pytest.raises(ValueError, match="beyond the years"):
        work_seconds_many(column, column, DEFAULT)
