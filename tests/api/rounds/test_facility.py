"""What places of service must have, and how far people walk."""

from decimal import Decimal

import pytest

from api.rounds.facility import Walk, community_centre, street_centre


@pytest.mark.parametrize(("has", "met"), [("599", False), ("599.99", False), ("600", True)])
def test_a_community_of_2000_households_needs_600_square_metres(has, met) -> None:
    """Thirty square metres for a hundred households: of 2,000 households 600 are enough, and 599 are not."""
    it = community_centre(Decimal(has), 2000)
    assert (it.is_met, it.needs) == (met, 600)


@pytest.mark.parametrize(("has", "met"), [("999.99", False), ("1000", True)])
def test_a_street_needs_1000_square_metres(has, met) -> None:
    """A street's centre has a thousand square metres, however many live there."""
    assert street_centre(Decimal(has)).is_met is met


def test_what_there_is_for_a_hundred_households() -> None:
    """A community with 250 households needs 75 square metres; without any it needs none, and has no rate."""
    assert (community_centre(Decimal(80), 250).per_100, community_centre(Decimal(80), 250).needs) == (Decimal("32.0"), 75)
    nobody = community_centre(Decimal(0), 0)
    assert (nobody.per_100, nobody.is_met) == (None, True)


def test_a_quarter_of_an_hour() -> None:
    """Fifteen minutes at 70 to 80 metres a minute are 1,050 to 1,200 metres of way, and less in a straight line."""
    assert [Walk(metres_per_minute=pace, detour=1).reach_m for pace in (70, 80)] == [1050, 1200]
    assert Walk().reach_m == pytest.approx(865.4, abs=0.05)
