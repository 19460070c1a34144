"""The town's own days and limits over those of a fresh installation: what gives way, and what stays."""

from datetime import date, datetime

import pytest

from api.loop.calendar import default_calendar
from api.loop.clock import SHANGHAI, Due, Limit, Unit, due
from api.loop.limits import Timed, default_limits
from api.loop.words import Mode
from api.matters.clocks import town_calendar, town_limits
from api.who.caller import Tier
from gis.errors import InputError

WD, WH = Unit.WORK_DAY, Unit.WORK_HOUR
NEW_YEAR = [(f"2027-{day}", "restday", None) for day in ("01-01", "05-01", "10-01")]


def test_a_town_that_states_nothing_has_what_there_is():
    """Without rows the calendar and the limits are those of a fresh installation, to the last day and row."""
    assert town_calendar([]) == default_calendar()
    assert town_limits([]) == default_limits()


def test_one_more_year_takes_none_away():
    """A town that adds 2027 has 2027 from itself and 2024 to 2026 as they were announced."""
    calendar = town_calendar(NEW_YEAR)
    assert calendar.years == default_calendar().years | {2027}
    assert not calendar.is_work_day(date(2027, 10, 1))
    start = datetime(2026, 9, 30, 16, tzinfo=SHANGHAI)
    assert due(start, Limit(3, WD), calendar) == due(start, Limit(3, WD), default_calendar())
    friday = datetime(2026, 12, 31, 16, tzinfo=SHANGHAI)
    assert due(friday, Limit(1, WD), default_calendar()) == Due(datetime(2027, 1, 1, 16, tzinfo=SHANGHAI), is_fallback=True)
    assert due(friday, Limit(1, WD), calendar) == Due(datetime(2027, 1, 4, 16, tzinfo=SHANGHAI))


def test_a_year_that_is_stated_is_all_the_towns():
    """With its holidays of fixed date a year of the town's own takes the place of the announced one, make-up days and all."""
    own = [(f"2026-{day}", "restday", None) for day in ("01-01", "05-01", "10-01")]
    calendar = town_calendar(own)
    assert calendar.is_work_day(date(2026, 10, 2))  # announced as a holiday, and not stated
    assert not calendar.is_work_day(date(2026, 10, 10))  # announced as made up for
    assert not calendar.is_work_day(date(2025, 10, 2))
    assert calendar.years == default_calendar().years


def test_one_local_day_stands_among_the_announced():
    """A rest day of the town's own, or hours of its own, leave the holidays of the year as they were announced."""
    calendar = town_calendar([("2026-03-02", "restday", None), ("2026-10-02", "workday", "09:00-10:00")])
    assert not calendar.is_work_day(date(2026, 3, 2))
    assert [session.opens for session in calendar.sessions(date(2026, 10, 2))] == [9 * 3600]
    assert not calendar.is_work_day(date(2026, 10, 5))
    assert 2026 in calendar.years


def test_a_limit_gives_way_to_one_for_all_that_it_is_about():
    """A row for a category leaves the usual limits; one for all tiers takes the place of each tier's; a tier's, that one's."""
    usual = default_limits()
    fire = town_limits([(None, "fire", None, "solve", 1, "day", "normal")])
    assert fire.find(Timed.SOLVE, tier=Tier.GRID, category="fire") == Limit(1, Unit.DAY)
    assert fire.find(Timed.SOLVE, tier=Tier.GRID, category="noise") == Limit(1, WD)
    every = town_limits([(None, None, None, "solve", 2, "work_day", "normal")])
    assert {every.find(Timed.SOLVE, tier=tier) for tier in Tier} == {Limit(2, WD)}
    assert every.find(Timed.ACCEPT) == usual.find(Timed.ACCEPT)
    street = town_limits([(None, None, "street", "solve", 9, "work_day", "normal")])
    assert [street.find(Timed.SOLVE, tier=tier) for tier in (Tier.GRID, Tier.STREET)] == [Limit(1, WD), Limit(9, WD)]
    siren = town_limits([(None, None, None, "accept", 10, "minute", "emergency")])
    assert siren.find(Timed.ACCEPT) == Limit(2, WH)
    assert siren.find(Timed.ACCEPT, mode=Mode.EMERGENCY) == Limit(10, Unit.MINUTE)


def test_a_matter_brings_its_own_limit():
    """A matter's limit is that to solve it at any tier; a row of the town's for the same goes before it, without a quarrel."""
    limits = town_limits([], [("0101", 3, "work_day")])
    assert {limits.find(Timed.SOLVE, tier=tier, matter="0101") for tier in Tier} == {Limit(3, WD)}
    assert limits.find(Timed.CLAIM, tier=Tier.GRID, matter="0101") == Limit(2, WH)
    assert limits.find(Timed.SOLVE, tier=Tier.GRID, matter="0102") == Limit(1, WD)
    rows = [("0101", None, None, "solve", 5, "hour", "normal"), ("0101", None, "street", "solve", 6, "hour", "normal")]
    both = town_limits(rows, [("0101", 3, "work_day")])
    assert both.find(Timed.SOLVE, tier=Tier.GRID, matter="0101") == Limit(5, Unit.HOUR)
    assert both.find(Timed.SOLVE, tier=Tier.STREET, matter="0101") == Limit(6, Unit.HOUR)


def test_rows_that_cannot_be_used_are_told():
    """Faults of a town's rows are those that the readers of rows find."""
    with pytest.raises(InputError, match="2026-02-30"):
        town_calendar([("2026-02-30", "restday", None)])
    with pytest.raises(InputError, match="equally specific"):
        town_limits([(None, None, None, "solve", n, "day", "normal") for n in (1, 2)])
