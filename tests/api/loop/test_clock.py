"""Deadlines, work time, clocks and lights: the examples of the design, and what must hold for all moments."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.loop.calendar import Session, calendar_from, default_calendar
from api.loop.clock import (
    LONGEST,
    SHANGHAI,
    Due,
    Light,
    Limit,
    Spent,
    Suspension,
    Unit,
    add_seconds,
    begin,
    due,
    light,
    read,
    resume,
    seconds_between,
    suspend,
)
from gis.errors import Conflict
from tests.api.loop.ward import told_in_both

CALENDAR = default_calendar()
WH, WD = Unit.WORK_HOUR, Unit.WORK_DAY
WORK_DAY_S = 27_000
SECOND = timedelta(seconds=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


moments = st.datetimes(datetime(2023, 11, 1), datetime(2027, 3, 1), timezones=st.just(SHANGHAI))  # noqa: DTZ001 - the zone is given beside
covered = st.datetimes(datetime(2024, 1, 1), datetime(2026, 10, 1), timezones=st.just(SHANGHAI))  # noqa: DTZ001 - the zone is given beside
limits = st.builds(Limit, st.integers(1, 60), st.sampled_from(Unit))
work = st.booleans()


@pytest.mark.parametrize(
    ("start", "value", "unit", "expected"),
    [
        ("2026-09-30 16:00", 4, WH, "2026-10-08 11:00"),
        ("2026-09-18 11:00", 2, WH, "2026-09-18 14:30"),
        ("2026-10-10 16:30", 2, WH, "2026-10-12 09:30"),
        ("2026-09-19 10:00", 2, WH, "2026-09-20 10:30"),
        ("2026-09-30 16:00", 3, WD, "2026-10-10 16:00"),
        ("2026-09-18 16:00", 5, WD, "2026-09-24 16:00"),
        ("2026-09-24 09:00", 7, WD, "2026-10-12 09:00"),
    ],
)
def test_the_deadlines_of_the_design(start, value, unit, expected):
    """The seven examples of the design come out, over lunch, weekends, National Day and make-up work days."""
    assert due(at(start), Limit(value, unit), CALENDAR) == Due(at(expected))


@pytest.mark.parametrize(
    ("start", "value", "unit", "expected"),
    [
        ("2026-11-20 11:00", 1, WH, "2026-11-20 12:00"),  # closing time, not the next opening
        ("2026-11-20 16:30", 1, WH, "2026-11-20 17:30"),
        ("2026-11-20 12:30", 1, WH, "2026-11-20 14:30"),
        ("2026-11-20 17:30", 1, WH, "2026-11-23 09:30"),
        ("2026-11-20 12:30", 1, WD, "2026-11-23 12:30"),
        ("2026-11-20 20:00", 1, WD, "2026-11-23 17:30"),  # after closing time
        ("2026-11-21 10:00", 1, WD, "2026-11-23 17:30"),  # a Saturday
        ("2026-11-22 23:59", 1, WD, "2026-11-23 17:30"),
        ("2026-11-23 07:00", 1, WD, "2026-11-24 08:30"),  # before opening time
        ("2026-11-21 10:00", 36, Unit.HOUR, "2026-11-22 22:00"),
        ("2026-11-21 23:45", 30, Unit.MINUTE, "2026-11-22 00:15"),
        ("2026-12-31 10:00", 2, Unit.DAY, "2027-01-02 10:00"),
    ],
)
def test_deadlines_at_the_edges(start, value, unit, expected):
    """Closing time is still in time; nights, rest days and lunch take nothing and give nothing; the clock never stops."""
    assert due(at(start), Limit(value, unit), CALENDAR) == Due(at(expected))


@pytest.mark.parametrize(
    ("start", "limit", "expected", "is_fallback"),
    [
        ("2026-12-31 16:30", Limit(1, WH), "2026-12-31 17:30", False),
        ("2026-12-31 16:31", Limit(1, WH), "2027-01-01 08:31", True),
        ("2026-12-31 16:30", Limit(1, WD), "2027-01-01 16:30", True),
        ("2027-03-05 16:00", Limit(3, WH), "2027-03-08 10:00", True),
        ("2023-12-29 17:00", Limit(1, WH), "2024-01-02 09:00", True),
        ("2027-03-05 16:00", Limit(3, Unit.HOUR), "2027-03-05 19:00", False),
        ("2026-12-31 16:30", Limit(1, Unit.DAY), "2027-01-01 16:30", False),
    ],
)
def test_a_year_that_nobody_announced_is_flagged(start, limit, expected, is_fallback):
    """A deadline that touches such a year counts plain weekdays and says so; one by the clock asks no calendar."""
    assert due(at(start), limit, CALENDAR) == Due(at(expected), is_fallback)


def test_the_zone_is_shanghai_whatever_the_clock_shows():
    """The same moment in any zone has the same deadline, said in Shanghai's time; fractions of a second are dropped."""
    expected = Due(at("2026-10-08 11:00"))
    for zone in (UTC, ZoneInfo("America/New_York"), timezone(timedelta(hours=5, minutes=45))):
        answer = due(at("2026-09-30 16:00:00.999999").astimezone(zone), Limit(4, WH), CALENDAR)
        assert answer == expected
        assert answer.at.utcoffset() == timedelta(hours=8)


def test_a_moment_without_a_zone_is_refused():
    """A moment that does not say its zone could be any; it is not guessed."""
    naive = datetime(2026, 9, 30, 16)  # noqa: DTZ001 - the fault under test
    with pytest.raises(ValueError, match="no zone"):
        due(naive, Limit(1, Unit.HOUR), CALENDAR)
    with pytest.raises(ValueError, match="no zone"):
        seconds_between(at("2026-09-30"), naive, CALENDAR, work=True)


def test_shanghai_has_no_summer_time():
    """The zone of the deadlines is that of the time zone database, each hour of the years that can matter."""
    shanghai = ZoneInfo("Asia/Shanghai")
    start = datetime(1992, 1, 1, tzinfo=UTC)
    hours = range(0, (datetime(2100, 1, 1, tzinfo=UTC) - start) // timedelta(hours=1), 6)
    offsets = {(start + timedelta(hours=number)).astimezone(shanghai).utcoffset() for number in hours}
    assert offsets == {SHANGHAI.utcoffset(None)}


@given(moments, moments, limits)
def test_a_later_start_is_never_due_earlier(one, other, limit):
    """Deadlines are monotone in the start, for every unit, and never before it."""
    first, last = sorted((one.replace(microsecond=0), other.replace(microsecond=0)))
    earlier, later = (due(start, limit, CALENDAR).at for start in (first, last))
    assert first < earlier <= later


@given(moments, limits)
def test_a_longer_limit_is_never_due_earlier(start, limit):
    """Deadlines are strictly monotone in the number."""
    assert due(start, limit, CALENDAR).at < due(start, replace(limit, value=limit.value + 1), CALENDAR).at


@given(moments, st.integers(0, 30 * WORK_DAY_S), work)
def test_adding_and_measuring_give_the_number_back(start, seconds, work):
    """So many seconds after a moment lie so many seconds, and a second before that fewer: the deadline is the earliest."""
    start = start.replace(microsecond=0)
    end = add_seconds(start, seconds, CALENDAR, work=work).at
    assert seconds_between(start, end, CALENDAR, work=work).seconds == seconds
    if seconds:
        assert seconds_between(start, end - SECOND, CALENDAR, work=work).seconds == seconds - 1
    else:
        assert end == start


@given(covered, st.integers(1, 30))
def test_a_work_day_is_as_long_as_its_sessions(start, days):
    """Where every work day has the office hours, n work days hold n times their work seconds, whenever they begin."""
    end = due(start, Limit(days, WD), CALENDAR).at
    assert seconds_between(start, end, CALENDAR, work=True).seconds == days * WORK_DAY_S


@given(covered, st.integers(1, 30))
def test_work_days_are_counted_from_the_next_day_on(start, days):
    """The day of a deadline is the n-th work day after the day of the start, whatever the hour."""
    end = due(start, Limit(days, WD), CALENDAR).at
    between = [start.date() + timedelta(days=number + 1) for number in range((end.date() - start.date()).days)]
    assert sum(map(CALENDAR.is_work_day, between)) == days
    assert CALENDAR.is_work_day(between[-1])


@given(moments, st.integers(1, 60), st.integers(1, 60), st.sampled_from(Unit))
def test_limits_add_up(start, a, b, unit):
    """The sum of two limits is the one and then the other, for every unit."""
    then = due(due(start, Limit(a, unit), CALENDAR).at, Limit(b, unit), CALENDAR)
    assert then.at == due(start, Limit(a + b, unit), CALENDAR).at


@given(moments, moments, moments, work)
def test_stretches_add_up(one, other, third, work):
    """From one moment to a second and on to a third is from the first to the third, forwards and backwards."""

    def way(start, end):
        return seconds_between(start, end, CALENDAR, work=work).seconds

    assert way(one, other) + way(other, third) == way(one, third)
    assert way(other, one) == -way(one, other)


def test_a_stretch_says_where_the_calendar_ends():
    """Work time measured through a year that is not covered is flagged, whichever way; time by the clock never is."""
    old, new = at("2026-12-31 17:00"), at("2027-01-01 09:00")
    assert seconds_between(old, new, CALENDAR, work=True) == Spent(3_600, is_fallback=True)
    assert seconds_between(new, old, CALENDAR, work=True) == Spent(-3_600, is_fallback=True)
    assert seconds_between(old, at("2026-12-31 23:59:59"), CALENDAR, work=True) == Spent(1_800)
    assert seconds_between(old, new, CALENDAR, work=False) == Spent(57_600)


def test_days_with_hours_of_their_own():
    """Work hours follow the sessions of each day, to midnight; a work day stays one, at the same time of day."""
    rows = [("2026-12-24", "workday", "08:30-12:00"), ("2026-12-26", "workday", "22:00-24:00"), ("2026-12-25", "restday", "")]
    calendar = calendar_from(rows, office_hours=(Session(9 * 3_600, 17 * 3_600),))
    start = at("2026-12-23 16:00")
    assert due(start, Limit(4, WH), calendar).at == at("2026-12-24 11:30")
    assert add_seconds(start, 3_600 + 12_600 + 7_200, calendar, work=True).at == at("2026-12-27 00:00")
    assert [due(start, Limit(days, WD), calendar).at.date() for days in (1, 2, 3)] == [
        date(2026, 12, 24),
        date(2026, 12, 26),
        date(2026, 12, 28),
    ]
    assert due(start, Limit(2, WD), calendar).at == at("2026-12-26 16:00")


def test_the_longest_limit_has_a_deadline():
    """The largest number that a limit may have is counted to its end, in every unit."""
    ends = [due(at("2026-01-05 09:00"), Limit(LONGEST, unit), CALENDAR).at.year for unit in Unit]
    assert ends == [2031, 2064, 2027, 2026, 2053]


@pytest.mark.parametrize(
    ("used", "limit", "expected"),
    [
        (0, 100, Light.GREEN),
        (80, 100, Light.GREEN),
        (81, 100, Light.YELLOW),
        (100, 100, Light.YELLOW),
        (101, 100, Light.RED),
        (5_760, 7_200, Light.GREEN),
        (5_761, 7_200, Light.YELLOW),
        (7_200, 7_200, Light.YELLOW),
        (7_201, 7_200, Light.RED),
        (4, 6, Light.GREEN),
        (5, 6, Light.YELLOW),
        (0, 0, Light.GREEN),
        (1, 0, Light.RED),
    ],
)
def test_lights(used, limit, expected):
    """Up to 80 % of a limit is green, up to 100 % yellow, beyond red, exact to the second."""
    assert light(used, limit) is expected


@pytest.mark.parametrize(
    ("now", "used", "expected"),
    [
        ("2026-11-20 09:00", 0, Light.GREEN),  # before it began
        ("2026-11-20 11:00", 0, Light.GREEN),
        ("2026-11-20 13:30", 3_600, Light.GREEN),
        ("2026-11-20 14:06", 5_760, Light.GREEN),
        ("2026-11-20 14:06:01", 5_761, Light.YELLOW),
        ("2026-11-20 14:30", 7_200, Light.YELLOW),
        ("2026-11-20 14:30:01", 7_201, Light.RED),
    ],
)
def test_the_light_of_a_clock(now, used, expected):
    """A clock of two work hours turns yellow after 80 % and red after all of them; lunch does not count."""
    reading = read(begin(at("2026-11-20 11:00"), Limit(2, WH), CALENDAR), at(now), CALENDAR)
    assert (reading.used_s, reading.limit_s, reading.light) == (used, 7_200, expected)


def test_past_its_deadline_a_clock_is_red_at_night_too():
    """What was due at closing time is late a second after, though no work time has been used since."""
    clock = begin(at("2026-11-20 16:30"), Limit(1, WH), CALENDAR)
    assert read(clock, at("2026-11-20 17:30"), CALENDAR).light is Light.YELLOW
    late = read(clock, at("2026-11-20 17:30:01"), CALENDAR)
    assert (late.light, late.used_s, late.limit_s) == (Light.RED, 3_600, 3_600)


@given(moments, limits, moments)
def test_a_clock_is_red_when_it_is_late(start, limit, now):
    """The light is red after the due moment and at no other; seconds used and allowed agree with it."""
    clock = begin(start, limit, CALENDAR)
    reading = read(clock, now, CALENDAR)
    assert (reading.light is Light.RED) == (now > clock.due.at)
    if reading.light is not Light.RED:
        assert reading.light is light(reading.used_s, reading.limit_s)
    else:
        assert reading.used_s >= reading.limit_s


def test_a_clock_stands_still_while_it_is_suspended():
    """Two work hours, suspended after one for a week, leave one: the due moment is put off, the reading stands."""
    clock = suspend(begin(at("2026-11-20 09:00"), Limit(2, WH), CALENDAR), at("2026-11-20 10:00"))
    assert clock.suspended_since == at("2026-11-20 10:00")
    for now in ("2026-11-20 10:00", "2026-11-20 16:00", "2027-06-01 00:00"):
        reading = read(clock, at(now), CALENDAR)
        assert (reading.used_s, reading.limit_s, reading.light) == (3_600, 7_200, Light.GREEN)
    clock = resume(clock, at("2026-11-27 17:00"), CALENDAR)
    assert clock.suspended_since is None
    assert clock.due == Due(at("2026-11-30 09:00"))
    reading = read(clock, at("2026-11-30 08:30"), CALENDAR)
    assert (reading.used_s, reading.limit_s, reading.light) == (5_400, 7_200, Light.GREEN)
    assert read(clock, at("2026-11-30 09:00:01"), CALENDAR).light is Light.RED


def test_what_was_late_stays_late():
    """Suspending a clock that is red puts nothing off: it is red meanwhile and afterwards, and used time stands still."""
    clock = suspend(begin(at("2026-11-20 09:00"), Limit(1, WH), CALENDAR), at("2026-11-20 10:30"))
    assert read(clock, at("2026-11-23 10:30"), CALENDAR).light is Light.RED
    clock = resume(clock, at("2026-11-24 08:30"), CALENDAR)
    assert clock.due == Due(at("2026-11-20 10:00"))
    reading = read(clock, at("2026-11-24 08:31"), CALENDAR)
    assert (reading.used_s, reading.limit_s, reading.light) == (5_460, 3_600, Light.RED)


def test_what_is_due_this_second_is_not_late_yet():
    """Suspended at its due moment a clock has nothing left and is not late: it is due when it is resumed."""
    clock = suspend(begin(at("2026-11-20 09:00"), Limit(1, WH), CALENDAR), at("2026-11-20 10:00"))
    clock = resume(clock, at("2026-11-24 15:00"), CALENDAR)
    assert clock.due == Due(at("2026-11-24 15:00"))
    assert read(clock, at("2026-11-24 15:00"), CALENDAR).light is Light.YELLOW
    assert read(clock, at("2026-11-24 15:00:01"), CALENDAR).light is Light.RED


def test_an_empty_pause_takes_nothing_away():
    """A clock due at opening time, suspended and resumed at once, is not due at the closing time before."""
    clock = begin(at("2026-11-23 07:00"), Limit(1, WD), CALENDAR)
    assert clock.due.at == at("2026-11-24 08:30")
    moment = at("2026-11-23 15:00")
    assert resume(suspend(clock, moment), moment, CALENDAR).due == clock.due


def test_a_pause_into_a_year_that_nobody_announced_is_flagged():
    """A due moment that a suspension put off into such a year carries the flag, and so does every reading."""
    clock = suspend(begin(at("2026-12-31 09:00"), Limit(2, WH), CALENDAR), at("2026-12-31 10:00"))
    assert not read(clock, at("2026-12-31 11:00"), CALENDAR).is_fallback
    clock = resume(clock, at("2027-01-04 09:00"), CALENDAR)
    assert clock.due == Due(at("2027-01-04 10:00"), is_fallback=True)
    assert read(clock, at("2026-12-31 09:30"), CALENDAR).is_fallback


def test_a_clock_is_suspended_once_and_resumed_once():
    """Suspending what stands still, resuming what runs, and going back in time are refused."""
    ten, eleven, noon = (at(f"2026-11-20 {hour}:00") for hour in (10, 11, 12))
    clock = begin(ten, Limit(2, WH), CALENDAR)
    with pytest.raises(Conflict, match="not suspended") as runs_already:
        resume(clock, eleven, CALENDAR)
    with pytest.raises(Conflict, match="already") as stands_already:
        suspend(clock, ten - SECOND)
    assert told_in_both(runs_already.value)
    assert told_in_both(stands_already.value)
    stands = suspend(clock, eleven)
    with pytest.raises(Conflict, match="already"):
        suspend(stands, noon)
    with pytest.raises(Conflict, match="not suspended at that moment"):
        resume(stands, ten, CALENDAR)
    runs = resume(stands, noon, CALENDAR)
    assert runs.suspensions == (Suspension(eleven, noon),)
    with pytest.raises(Conflict, match="already"):
        suspend(runs, eleven)
    assert suspend(runs, noon).suspended_since == noon


pauses = st.lists(st.integers(1, 20 * 86_400), min_size=2, max_size=8).map(lambda steps: steps[: len(steps) // 2 * 2])


@given(covered, limits, pauses)
def test_suspended_time_never_counts(start, limit, steps):
    """However often a clock is suspended before it is due, its limit stays, and at the due moment just that is used."""
    start = start.replace(microsecond=0)
    clock, now = begin(start, limit, CALENDAR), start
    whole = read(clock, start, CALENDAR).limit_s
    used = 0
    for run, pause in zip(steps[::2], steps[1::2], strict=True):
        since = now + run * SECOND
        if since > clock.due.at:
            break
        used += seconds_between(now, since, CALENDAR, work=clock.is_work).seconds
        now = since + pause * SECOND
        stands = suspend(clock, since)
        assert read(stands, now, CALENDAR) == read(clock, since, CALENDAR)
        clock = resume(stands, now, CALENDAR)
        assert read(clock, now, CALENDAR).used_s == used
        assert read(clock, now, CALENDAR).limit_s == whole
    last = read(clock, clock.due.at, CALENDAR)
    assert (last.used_s, last.limit_s, last.light) == (whole, whole, Light.YELLOW)


@given(
    covered, st.lists(st.tuples(st.integers(0, 500_000), st.integers(0, 500_000)), max_size=5), st.integers(0, 900_000), work
)
def test_pauses_that_overlap_count_once(start, pieces, length, work):
    """Time in several pauses at once is left out once, in whatever order they stand; counted here second by second."""
    start = start.replace(microsecond=0)
    limit = Limit(200, WH if work else Unit.HOUR)
    pause = tuple(Suspension(start + a * SECOND, start + (a + b) * SECOND) for a, b in pieces)
    clock = replace(begin(start, limit, CALENDAR), suspensions=pause)
    bounds = sorted({0, length, *(bound for a, b in pieces for bound in (a, a + b) if bound < length)})
    used = sum(
        seconds_between(start + first * SECOND, start + last * SECOND, CALENDAR, work=work).seconds
        for first, last in pairwise(bounds)
        if not any(a <= first and last <= a + b for a, b in pieces)
    )
    assert read(clock, start + length * SECOND, CALENDAR).used_s == used


@given(covered, st.lists(st.integers(0, 400_000), min_size=1, max_size=6), work)
def test_stage_clocks_add_up_to_the_total_clock(start, steps, work):
    """Stage clocks begun one after the other use, together, what the total clock uses."""
    limit = Limit(2, WH if work else Unit.HOUR)
    total, now, used = begin(start, limit, CALENDAR), start, 0
    for step in steps:
        stage, now = begin(now, limit, CALENDAR), now + step * SECOND
        used += read(stage, now, CALENDAR).used_s
    assert read(total, now, CALENDAR).used_s == used
