"""Coverage: rates, sums up the tree, and counts of few people that nobody is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rounds.coverage import GroupCount, Tally, percent, sums_up, told, told_reach


@pytest.mark.parametrize(
    ("reached", "there", "rate"), [(0, 0, None), (0, 5, 0.0), (5, 5, 100.0), (1920, 2027, 94.7), (1, 16, 6.3), (1, 2000, 0.1)]
)
def test_rates(reached, there, rate) -> None:
    """A rate has one decimal, halves go up, and nothing to reach has no rate."""
    assert percent(reached, there) == rate


paths = st.sampled_from(["1.2.3", "1.2.4", "1.5.6", "1.5.7"])
tallies = st.builds(Tally, points=st.integers(0, 99), visited=st.integers(0, 9), households=st.integers(0, 99))


@given(st.lists(st.tuples(paths, tallies)))
def test_children_add_up_to_their_parent(counted) -> None:
    """What is counted in an area is the sum of what is counted in those right below it, on every level."""
    sums = sums_up(counted)
    for parent in ("", "1", "1.2", "1.5"):
        below = [tally for path, tally in sums.items() if path and path.rpartition(".")[0] == parent]
        assert sum(below, Tally()) == sums.get(parent, Tally())
    assert sums[""] == sum((tally for _, tally in counted), Tally())


def test_sums_begin_at_the_area_that_was_asked_for() -> None:
    """Asked for a street, nobody is told of the district; what lies in the street is the street's."""
    sums = sums_up([("1.2.3", Tally(points=2)), ("1.2.4", Tally(points=3))], "1.2")
    assert {path: tally.points for path, tally in sums.items()} == {"1.2": 5, "1.2.3": 2, "1.2.4": 3}
    assert sums_up([], "1.2") == {"1.2": Tally()}


def test_small_counts_are_told_to_nobody() -> None:
    """A count below k is hidden, with another one beside it that would tell it; sums and zeros stay."""
    counts = [
        GroupCount(grid=f"g{n}", path=path, total=total, visited=total)
        for n, (path, total) in enumerate([("1.2.3", 4), ("1.2.3", 30), ("1.2.3", 0), ("1.2.4", 20), ("1.2.4", 25)])
    ]
    grids, sums = told(counts, 10)
    assert [each.total for each in grids] == [None, None, 0, 20, 25]
    assert (sums["1.2.3"], sums["1.2.4"], sums["1.2"], sums[""]) == ((34, 34), (45, 45), (79, 79), (79, 79))
    assert told([], 10) == ((), {})


def test_few_visits_are_hidden_where_the_count_is_not() -> None:
    """How many were visited is hidden where that is a small number, though how many there are is told."""
    grids, _ = told([GroupCount(grid="g", path="1.2.3", total=40, visited=3)], 10)
    assert grids == (GroupCount(grid="g", path="1.2.3", total=40, visited=None),)


@given(st.lists(st.tuples(paths, st.integers(0, 40), st.integers(0, 40)), max_size=12))
def test_nothing_small_is_told(rows) -> None:
    """Whatever the counts, none from 1 to k − 1 is in the answer, and what is told is true."""
    counts = [GroupCount(grid=str(n), path=p, total=t, visited=min(t, v)) for n, (p, t, v) in enumerate(rows)]
    grids, sums = told(counts, 10)
    for one, other in zip(counts, grids, strict=True):
        assert other.total in {None, one.total}
        assert other.visited in {None, one.visited}
        assert other.total is None or other.total == 0 or other.total >= 10
        assert other.visited is None or other.visited == 0 or other.visited >= 10
    assert all(value is None or value == 0 or value >= 10 for pair in sums.values() for value in pair)


def test_who_is_not_reached_is_not_told_where_they_are_few() -> None:
    """Three of forty not reached tell as much as three reached: both counts are hidden, and a second with them; or the sum."""
    assert told_reach([(40, 37), (50, 30), (30, 0), (60, 60)], 10) == ([None, None, 0, 60], 127)
    assert told_reach([(40, 3)], 10) == ([None], None)
    assert told_reach([(40, 3), (9, 9)], None) == ([3, 9], 12)
    assert told_reach([], 10) == ([], 0)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=10))
def test_nothing_small_of_reach_is_told(rows) -> None:
    """Whatever the counts, neither who is reached nor who is not is told where they are one to nine."""
    counts = [(there, min(there, reached)) for there, reached in rows]
    grids, whole = told_reach(counts, 10)
    for (there, true), reached in zip(counts, grids, strict=True):
        assert reached in {None, true}
        assert reached is None or not (0 < reached < 10 or 0 < there - reached < 10)
    assert whole in {None, sum(reached for _, reached in counts)}
