"""Frequency rules: since when a visit counts, and which rule holds where."""

from datetime import date, timedelta

import pytest

from api.rounds.cadence import USUAL, Period, Rule, Target, checked, nearest, rules_by_path
from gis.errors import ParameterError

DAY = date(2026, 3, 2)
CALENDAR = Rule(target=Target.HOUSEHOLD_POINT, period=Period.HALF_YEAR)


@pytest.mark.parametrize(("ago", "due"), [(0, False), (182, False), (183, False), (184, True)])
def test_half_a_year_that_rolls_is_183_days(ago, due) -> None:
    """Somebody visited 183 days ago is owed nothing; 184 days ago, or never, a visit."""
    rule = USUAL[Target.HOUSEHOLD_POINT]
    assert rule.is_due(DAY, DAY - timedelta(days=ago)) is due
    assert rule.is_due(DAY, None)


@pytest.mark.parametrize(
    ("day", "last", "due"),
    [
        (date(2026, 1, 1), date(2025, 12, 31), True),
        (date(2026, 1, 1), date(2026, 1, 1), False),
        (date(2026, 6, 30), date(2026, 1, 1), False),
        (date(2026, 6, 30), date(2025, 12, 31), True),
        (date(2026, 7, 1), date(2026, 6, 30), True),
        (date(2026, 7, 1), date(2026, 7, 1), False),
        (date(2026, 12, 31), date(2026, 7, 1), False),
    ],
)
def test_half_a_year_of_the_calendar_begins_twice(day, last, due) -> None:
    """The calendar's half-years begin on 1 January and 1 July: a visit of the day before counts no more."""
    assert CALENDAR.is_due(day, last) is due


def test_days_and_months() -> None:
    """A month begins on its first, a day is that day."""
    assert USUAL[Target.KEY_GROUP].since(date(2024, 2, 29)) == date(2024, 2, 1)
    assert USUAL[Target.KEY_INCIDENT].since(DAY) == DAY
    assert not USUAL[Target.KEY_GROUP].is_due(date(2026, 3, 31), date(2026, 3, 1))
    assert USUAL[Target.KEY_GROUP].is_due(date(2026, 3, 1), date(2026, 2, 28))


def test_the_nearest_rule_holds() -> None:
    """A rule holds in its area and below it, until one nearer says otherwise; 1.2 is not above 1.23."""
    rules = rules_by_path([("1.2", CALENDAR), ("1", USUAL[Target.PATROL])], Target.HOUSEHOLD_POINT)
    assert nearest(rules, "1.2") == nearest(rules, "1.2.7") == CALENDAR
    assert nearest(rules, "1.23") == nearest(rules, "1") == USUAL[Target.HOUSEHOLD_POINT]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (Rule(target=Target.KEY_GROUP, period=Period.DAY), "period"),
        (Rule(target=Target.KEY_GROUP, period=Period.MONTH, days=30), "days"),
        (Rule(target=Target.PATROL, period=Period.DAY), "minutes"),
        (Rule(target=Target.HOUSEHOLD_POINT, period=Period.HALF_YEAR, minutes=5), "minutes"),
        (Rule(target=Target.HOUSEHOLD_POINT, period=Period.HALF_YEAR, categories=("fire",)), "categories"),
    ],
)
def test_rules_that_make_no_sense(rule, field) -> None:
    """A period, days, minutes or categories where there can be none are refused, by their name; what is usual is not."""
    with pytest.raises(ParameterError) as refused:
        checked(rule)
    assert refused.value.parameter == field
    assert [checked(each) for each in USUAL.values()] == list(USUAL.values())
