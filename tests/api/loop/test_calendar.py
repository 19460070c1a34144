"""Which days are worked, and when: the announced years, other years, and rows that cannot be used."""

from datetime import date, datetime, timedelta

import pytest

from api.loop.calendar import OFFICE_HOURS, Calendar, Session, calendar_from, default_calendar
from gis.errors import InputError

ANNOUNCED = {
    2024: (
        ("01-01", "02-10..17", "04-04..06", "05-01..05", "06-10", "09-15..17", "10-01..07"),
        ("02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"),
    ),
    2025: (
        ("01-01", "01-28..31", "02-01..04", "04-04..06", "05-01..05", "05-31", "06-01..02", "10-01..08"),
        ("01-26", "02-08", "04-27", "09-28", "10-11"),
    ),
    2026: (
        ("01-01..03", "02-15..23", "04-04..06", "05-01..05", "06-19..21", "09-25..27", "10-01..07"),
        ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10"),
    ),
}
"""Holidays and make-up work days as announced, in another form than the file's."""


def days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=number) for number in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]


def named(year: int, stretches: tuple[str, ...]) -> set[date]:
    days: set[date] = set()
    for stretch in stretches:
        first, _, last = stretch.partition("..")
        month, day = map(int, first.split("-"))
        days |= {date(year, month, number) for number in range(day, int(last or day) + 1)}
    return days


@pytest.mark.parametrize("year", ANNOUNCED)
def test_the_announced_years_are_as_announced(year):
    """Every day of 2024, 2025 and 2026 is worked or free as the State Council announced, with make-up days."""
    holidays, made_up = (named(year, stretches) for stretches in ANNOUNCED[year])
    worked = {day for day in days_of(year) if (day.weekday() < 5 or day in made_up) and day not in holidays}
    calendar = default_calendar()
    assert {day for day in days_of(year) if calendar.is_work_day(day)} == worked
    assert {calendar.sessions(day) for day in worked} == {OFFICE_HOURS}
    assert calendar.covers(date(year, 1, 1), date(year, 12, 31))


@pytest.mark.parametrize(("year", "work_days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_the_work_days_of_a_year(year, work_days):
    """The announced years have as many work days as calendars print for them."""
    assert sum(default_calendar().is_work_day(day) for day in days_of(year)) == work_days


def test_a_year_without_rows_has_plain_weekdays():
    """In 2027, not announced, Monday to Friday are worked, New Year too, and nobody is told that it is known."""
    calendar = default_calendar()
    assert all(calendar.is_work_day(day) == (day.weekday() < 5) for day in days_of(2027))
    assert not calendar.covers(date(2027, 1, 1), date(2027, 1, 1))
    assert not calendar.covers(date(2026, 12, 31), date(2027, 1, 1))
    assert not calendar.covers(date(2023, 12, 31), date(2024, 1, 1))


def test_a_row_of_ones_own_does_not_cover_its_year():
    """A local rest day holds in its year, but does not make the year known: the holidays are still missing."""
    calendar = calendar_from([("2027-01-01", "restday", None), ("2027-01-08", "restday", "")])
    assert not calendar.is_work_day(date(2027, 1, 8))
    assert not calendar.covers(date(2027, 1, 8), date(2027, 1, 8))
    fixed = [(f"2027-{day}", "restday", None) for day in ("01-01", "05-01", "10-01")]
    assert calendar_from(fixed).years == {2027}
    assert all(not calendar_from(fixed[:number] + fixed[number + 1 :]).years for number in range(3))


def test_a_day_may_have_hours_of_its_own():
    """A row may state the sessions of its day, to midnight at the latest; those without have the office hours given."""
    short = (Session(9 * 3600, 12 * 3600),)
    rows = [
        (date(2026, 12, 24), "workday", "08:30-12:00"),
        (date(2026, 12, 26), "workday", ""),
        (date(2026, 12, 27), "workday", "00:00-06:00 22:15-24:00"),
    ]
    calendar = calendar_from(rows, office_hours=short)
    assert calendar.sessions(date(2026, 12, 23)) == short
    assert calendar.sessions(date(2026, 12, 24)) == (Session(30_600, 43_200),)
    assert calendar.sessions(date(2026, 12, 26)) == short
    assert calendar.sessions(date(2026, 12, 27)) == (Session(0, 21_600), Session(80_100, 86_400))
    assert isinstance(calendar, Calendar)


@pytest.mark.parametrize(
    ("kind", "hours"),
    [
        ("holiday", None),
        ("", None),
        ("restday", "08:30-12:00"),
        ("workday", "8:30-12:00"),
        ("workday", "08:30-12:60"),
        ("workday", "08:30-24:01"),
        ("workday", "12:00-08:30"),
        ("workday", "08:30-08:30"),
        ("workday", "08:30-12:00 11:59-17:30"),
        ("workday", "08:30-12:00,13:30-17:30"),
        ("workday", " "),
        ("workday", "０８:30-12:00"),
    ],
)
def test_hours_that_are_none_are_refused(kind, hours):
    """A kind that is none, hours on a rest day, and hours that are none, too late, empty or overlap are faults."""
    with pytest.raises(InputError) as caught:
        calendar_from([("2026-12-24", kind, hours)])
    assert [(fault.kind, fault.row) for fault in caught.value.findings] == [("calendar_kind", 1)]


def test_all_faults_of_a_calendar_come_at_once():
    """Each row that cannot be used is named, in both languages; a day stated twice names both its rows."""
    rows = [
        ("2026-12-24", "workday", None),
        ("2026-02-30", "rest", None),
        ("2026-12-24", "restday", None),
        (datetime(2026, 12, 25), "workday", None),  # noqa: DTZ001 - what no column of days holds
    ]
    with pytest.raises(InputError, match=r"2026-02-30.*and 3 more") as caught:
        calendar_from(rows)
    found = caught.value.findings
    assert [(fault.kind, fault.row) for fault in found] == [
        ("calendar_day", 2),
        ("calendar_kind", 2),
        ("calendar_twice", 3),
        ("calendar_day", 4),
    ]
    assert "Rows 1 and 3" in found[2].text("en")
    assert "第1行与第3行" in found[2].text("zh")


@pytest.mark.parametrize("hours", [(), (Session(100, 50),), (Session(-1, 50),), (Session(50, 86_401),)])
def test_office_hours_must_be_some(hours):
    """Without office hours in order, inside one day, nothing would ever be due."""
    with pytest.raises(InputError, match="Office hours"):
        calendar_from([], office_hours=hours)
