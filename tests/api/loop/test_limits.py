"""Time limits: the rows of a fresh installation, which row wins, and rows that cannot be used."""

from itertools import product

import pytest

from api.loop.clock import Limit, Unit
from api.loop.limits import Timed, default_limits, limits_from
from api.loop.words import Mode
from api.who.caller import Tier
from gis.errors import InputError, RulesError

WH, WD = Unit.WORK_HOUR, Unit.WORK_DAY
TIERS = (Tier.GRID, Tier.COMMUNITY, Tier.STREET, Tier.DISTRICT)


def test_the_limits_of_a_fresh_installation():
    """Accept 2 work hours, claim 2, take 2 or 4, solve 1, 3, 5 and 7 work days by tier, a call 4 hours and 1 day, and so on."""
    limits = default_limits()
    assert [limits.find(Timed.SOLVE, tier=tier) for tier in TIERS] == [Limit(days, WD) for days in (1, 3, 5, 7)]
    assert {limits.find(Timed.ACCEPT, tier=tier) for tier in (*TIERS, Tier.NONE)} == {Limit(2, WH)}
    assert limits.find(Timed.CLAIM, tier=Tier.GRID) == Limit(2, WH)
    assert [limits.find(Timed.TAKE, tier=tier) for tier in TIERS] == [Limit(hours, WH) for hours in (2, 4, 4, 4)]
    assert limits.find(Timed.CALL_ASSIGN, tier=Tier.DISTRICT) == Limit(4, WH)
    assert limits.find(Timed.CALL_JOIN, tier=Tier.DISTRICT) == Limit(1, WD)
    assert limits.find(Timed.CHECK, tier=Tier.STREET) == limits.find(Timed.FEEDBACK) == Limit(1, WD)
    assert limits.find(Timed.KEY_REPORT) == Limit(30, Unit.MINUTE)
    assert limits.find(Timed.KEY_REPORT_AGAIN) == Limit(1, Unit.DAY)


def test_what_no_row_fits_has_no_limit():
    """Only tier 1 claims: for the others no row fits, and none is made up."""
    assert default_limits().find(Timed.CLAIM, tier=Tier.STREET) is None
    assert default_limits().find(Timed.CLAIM, mode=Mode.EMERGENCY) is None


def test_the_most_specific_row_wins():
    """Matter before category before tier, in every mixture, whatever the order of the rows; without it the next one."""
    open_ = list(product(("m", None), ("c", None), ("street", None)))
    rows = [(*named, "solve", value, "work_day", "normal") for value, named in enumerate(open_, 1)]
    for order in (rows, rows[::-1]):
        for gone in range(len(rows)):
            left = [row for row in order if row[4] > gone]
            found = limits_from(left).find(Timed.SOLVE, tier=Tier.STREET, category="c", matter="m")
            assert found == Limit(gone + 1, WD)
    others = limits_from(rows[:-1])
    assert others.find(Timed.SOLVE, tier=Tier.GRID, category="d", matter="n") is None
    assert others.find(Timed.SOLVE, tier=Tier.STREET, category="d", matter="n") == Limit(7, WD)
    assert others.find(Timed.SOLVE, category="c", matter="n") == Limit(6, WD)
    assert others.find(Timed.CHECK, tier=Tier.STREET, category="c", matter="m") is None


def test_an_emergency_goes_by_the_clock():
    """Without rows for emergencies the normal ones hold, with work hours read as hours of the clock, nothing else."""
    find = default_limits().find
    assert find(Timed.ACCEPT, mode=Mode.EMERGENCY) == Limit(2, Unit.HOUR)
    assert find(Timed.SOLVE, tier=Tier.STREET, mode=Mode.EMERGENCY) == Limit(5, WD)
    assert find(Timed.KEY_REPORT, mode=Mode.EMERGENCY) == Limit(30, Unit.MINUTE)


def test_rows_for_emergencies_come_first():
    """An emergency row that fits goes before every normal one and is read as it is written; in normal times it is not there."""
    limits = limits_from(
        [
            ("m", None, "grid", "claim", 1, "work_hour", "normal"),
            ("", "", "", "claim", "3", "work_hour", "emergency"),
        ]
    )
    asked = {"tier": Tier.GRID, "matter": "m"}
    assert limits.find(Timed.CLAIM, **asked, mode=Mode.EMERGENCY) == Limit(3, WH)
    assert limits.find(Timed.CLAIM, **asked) == Limit(1, WH)
    assert limits.find(Timed.CLAIM, tier=Tier.GRID) is None


@pytest.mark.parametrize("again", [4, 2])
def test_rows_that_are_equally_specific_are_refused(again):
    """Two rows for the same question are a fault that names both, whether they say the same or not."""
    rows = [
        (None, "c", "grid", "solve", 1, "work_day", "normal"),
        (None, "c", "street", "solve", 2, "work_day", "normal"),
        (None, "c", "street", "solve", 2, "work_day", "emergency"),
        ("", "c", "street", "solve", again, "work_day", "normal"),
    ]
    with pytest.raises(InputError, match=r"Rows 2 and 4 .*solve, category c, tier street") as caught:
        limits_from(rows)
    (fault,) = caught.value.findings
    assert (fault.kind, fault.row) == ("limit_twice", 4)
    assert f"2 work_day and {again} work_day" in fault.text("en")
    assert "第2行与第4行" in fault.text("zh")


def test_all_faults_of_the_limits_come_at_once():
    """Unknown tiers, stages, units and modes, and numbers that are none, are named by row and field, all of them."""
    rows = [
        (None, None, "town", "sleep", "1.5", "week", "war"),
        (None, None, None, "solve", 0, "day", "normal"),
        (None, None, None, "check", 10_001, "day", "normal"),
        (None, None, None, "claim", "9" * 5_000, "day", "normal"),
        (None, None, None, "accept", "２", "day", "normal"),
        (None, None, None, "accept", 10_000, "day", "normal"),
    ]
    with pytest.raises(InputError, match="and 8 more") as caught:
        limits_from(rows)
    assert [(fault.row, fault.field) for fault in caught.value.findings] == [
        *((1, field) for field in ("tier", "stage", "unit", "mode", "value")),
        *((row, "value") for row in (2, 3, 4, 5)),
    ]


@pytest.mark.parametrize("value", [0, -1, 10_001])
def test_a_limit_is_some_time(value):
    """No time, less, or a lifetime is no limit."""
    with pytest.raises(RulesError, match="out of range"):
        Limit(value, WH)
