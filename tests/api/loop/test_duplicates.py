"""Which reports are proposed as duplicates: by category, distance and time, and nothing is ever dropped."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.loop.duplicates import Arrival, Nearness, proposals
from tests.api.loop.ward import HOUR, START

HERE = Arrival(id="new", category="pipes", x=500_000, y=4_000_000, at=START)
NEAR = Nearness(metres=50, time=24 * HOUR)


@pytest.mark.parametrize(
    ("changes", "is_proposed"),
    [
        ({}, True),
        ({"x": HERE.x + 30, "y": HERE.y + 40}, True),
        ({"x": HERE.x + 30, "y": HERE.y + 40.01}, False),
        ({"at": START - 24 * HOUR}, True),
        ({"at": START + 24 * HOUR}, True),
        ({"at": START - 24 * HOUR - timedelta(seconds=1)}, False),
        ({"category": "noise"}, False),
        ({"id": "new"}, False),
    ],
)
def test_the_limits_are_inclusive(changes, is_proposed) -> None:
    """The same category, at most so many metres and at most so many hours: just within is proposed, just beyond is not."""
    old = replace(HERE, **({"id": "old"} | changes))
    assert bool(proposals(HERE, [old], NEAR)) is is_proposed


def test_the_nearest_comes_first() -> None:
    """Proposals come by distance, with how far apart they are; of two as near the smaller id comes first."""
    kept = [replace(HERE, id=name, x=HERE.x + away) for name, away in (("c", 20.0), ("b", 10.0), ("a", 20.0))]
    found = proposals(HERE, kept, NEAR)
    assert [each.id for each in found] == ["b", "a", "c"]
    assert [each.away_m for each in found] == [10, 20, 20]


arrivals = st.builds(
    Arrival,
    id=st.integers(1, 99).map(str),
    category=st.sampled_from(["pipes", "noise"]),
    x=st.integers(0, 120).map(float),
    y=st.just(0.0),
    at=st.integers(0, 60).map(lambda hours: START + hours * HOUR),
)


@settings(deadline=None)
@given(st.lists(arrivals, max_size=12), arrivals)
def test_what_is_proposed_is_near_and_whoever_is_near_is_proposed(kept, new) -> None:
    """The proposals are exactly the near ones, whatever order they were kept in."""
    near = {
        each.id
        for each in kept
        if each.id != new.id
        and each.category == new.category
        and abs(each.x - new.x) <= 50
        and abs(each.at - new.at) <= 24 * HOUR
    }
    assert {each.id for each in proposals(new, kept)} == near
    assert proposals(new, kept) == proposals(new, kept[::-1]) or len({each.id for each in kept}) < len(kept)
