"""Patrols: which days are owed, and when one is met."""

from datetime import date

from api.loop.calendar import default_calendar
from api.rounds.cadence import USUAL, Target
from api.rounds.patrol import is_met, work_days


def test_two_hours_are_enough_and_one_minute_less_is_not() -> None:
    """Of the 120 minutes that are usual, 119 are not met and 120 are."""
    wanted = USUAL[Target.PATROL].minutes
    assert [is_met(minutes, wanted) for minutes in (119, 120, 121)] == [False, True, True]


def test_rest_days_are_owed_nothing() -> None:
    """National Day of 2026 is no work day, the Saturday that makes up for it is one, and a year unknown is said to be."""
    calendar = default_calendar()
    around = work_days(calendar, date(2026, 10, 5), date(2026, 10, 11))
    assert around.days == (date(2026, 10, 8), date(2026, 10, 9), date(2026, 10, 10))
    assert around.is_stated
    assert not work_days(calendar, date(2026, 12, 31), date(2099, 1, 1)).is_stated
