"""One unit divided: the optimum where the exact core reaches it, a proof only where there is one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from partition.rules import Rules
from partition.search.cover import Status
from partition.search.polish import plan_price
from partition.search.solve import divide_unit
from partition.search.unit import price_list
from tests.drawn import contiguous, random_unit, unit_of_graph

RULES = Rules()
PRICE = price_list(RULES)


def row_of(households, compound=None):
    """Make a unit of squares in a row."""
    borders = {(v, v + 1): (100.0, 0.0, 0.1) for v in range(len(households) - 1)}
    return unit_of_graph(households, borders, compound=compound)


def totals(unit, grid):
    """Return the households of each grid, ascending."""
    return sorted(np.bincount(grid, weights=unit.households).astype(int).tolist())


def feasible(unit):
    """Say, by trying every assignment, whether the unit can be divided into connected grids in the band."""
    n = len(unit)
    good = [
        sum(1 << v for v in members)
        for size in range(1, n + 1)
        for members in itertools.combinations(range(n), size)
        if 300 <= unit.households[list(members)].sum() <= 500 and contiguous(unit, members)
    ]
    reached = {0}
    for covered in range((1 << n) - 1):
        if covered in reached:
            first = ~covered & -~covered
            reached.update(covered | mask for mask in good if mask & first and not mask & covered)
    return (1 << n) - 1 in reached


def test_every_block_in_one_connected_grid():
    """Whatever the unit: grids are numbered 0 … k-1, none is empty, each hangs together, and the score is the price."""
    rng = np.random.default_rng(31)
    for _ in range(40):
        unit = random_unit(rng, most=16)
        found = divide_unit(unit, RULES, seed=1)
        assert np.unique(found.grid).tolist() == list(range(int(found.grid.max()) + 1))
        assert all(contiguous(unit, np.flatnonzero(found.grid == g).tolist()) for g in range(int(found.grid.max()) + 1))
        assert found.score == pytest.approx(plan_price(unit, PRICE, found.grid))


def test_in_the_band_wherever_it_can_be():
    """Where every piece is lived in and trying everything finds grids in the band, the unit gets such grids."""
    rng = np.random.default_rng(17)
    possible = 0
    for _ in range(60):
        unit = random_unit(rng, most=9)
        if unit.households.max() > RULES.maximum or unit.households.min() == 0:
            continue
        found = divide_unit(unit, RULES, seed=1)
        in_band = all(300 <= total <= 500 for total in totals(unit, found.grid))
        assert in_band == feasible(unit)
        possible += in_band
    assert possible > 5


def test_nothing_possible_is_called_impossible():
    """No unit that trying everything can divide, over land with and without homes, is said to be proven impossible."""
    rng = np.random.default_rng(18)
    for _ in range(60):
        unit = random_unit(rng, most=9)
        found = divide_unit(unit, RULES, seed=1)
        proven = found.impossible_for > 0 and found.granularity == 0
        assert not (proven and feasible(unit))


@pytest.mark.parametrize(
    ("households", "numbers"),
    [([150] * 4, {2}), ([125] * 8, {2, 3}), ([125] * 12, {3, 4, 5})],
)
def test_the_number_of_grids_is_what_the_totals_allow(households, numbers):
    """600 households make 2 grids, 1,000 make 2 or 3, 1,500 make 3 to 5."""
    unit = row_of(households)
    found = divide_unit(unit, RULES, seed=1)
    assert len(totals(unit, found.grid)) in numbers
    assert all(300 <= total <= 500 for total in totals(unit, found.grid))
    assert found.status is Status.OPTIMAL


def test_whole_compounds_come_first():
    """A compound of 400 between loose homes of 200 on both sides stays whole, although 400 + 400 could cut it."""
    unit = row_of([150, 150, 200, 200, 150, 150], [-1, -1, 0, 0, -1, -1])
    found = divide_unit(unit, RULES, seed=1)
    assert found.grid[2] == found.grid[3]
    assert found.compounds_whole
    assert totals(unit, found.grid) == [300, 300, 400]


def test_a_compound_is_cut_where_the_band_asks_for_it():
    """Three blocks of 200, the middle compound of two: whole it leaves 200 alone, so it is cut into 300 and 300."""
    unit = row_of([200, 100, 100, 200], [-1, 0, 0, -1])
    assert totals(unit, divide_unit(unit, RULES, seed=1).grid) == [300, 300]


def test_a_building_too_big_stands_alone():
    """A block of 620 is a grid by itself and the others are in the band."""
    unit = row_of([200, 200, 620, 150, 150])
    assert totals(unit, divide_unit(unit, RULES, seed=1).grid) == [300, 400, 620]


def test_no_solution_is_said_where_there_is_none():
    """Three blocks of 260 in a row: 260 is too few and 520 too many, which the exact model proves."""
    unit = row_of([260, 260, 260])
    found = divide_unit(unit, RULES, seed=1)
    assert found.impossible_for == 3
    assert found.granularity == 0


def test_an_empty_place_between_homes_is_no_wall():
    """200, 200 and 350 around an empty square: through it the 200s make 400, so the unit has a solution and gets it.

    The square belongs to the 350 by its longer border; a model that joins it there before anything else must not be
    called a proof.
    """
    borders = {(0, 3): (20.0, 0.0, 0.0), (1, 3): (20.0, 0.0, 0.0), (2, 3): (300.0, 0.0, 2.0)}
    unit = unit_of_graph([200, 200, 350, 0], borders)
    assert feasible(unit)
    found = divide_unit(unit, RULES, seed=1)
    proven = found.impossible_for > 0 and found.granularity == 0
    assert not proven
    assert totals(unit, found.grid) == [350, 400]


def test_a_seed_gives_one_division():
    """The same unit, rules and seed give the same grids; another seed gives grids as good by the band."""
    rng = np.random.default_rng(40)
    for _ in range(5):
        unit = random_unit(rng, most=25)
        first, again, other = (divide_unit(unit, RULES, seed=seed) for seed in (1, 1, 2))
        assert first.grid.tolist() == again.grid.tolist()
        assert first.score == again.score
        assert (other.status, other.impossible_for) == (first.status, first.impossible_for)


def test_the_bound_is_below_every_plan_of_whole_pieces():
    """For blocks too large to be joined into larger pieces no plan of connected grids is cheaper than the bound."""
    rng = np.random.default_rng(13)
    for _ in range(6):
        households = rng.integers(170, 330, 6).tolist()
        unit = row_of(households)
        found = divide_unit(unit, RULES, seed=1)
        if found.status is not Status.OPTIMAL:
            continue
        # Every plan of a row is a choice of the places where it is cut.
        cuts = (np.cumsum([0, *(mask >> k & 1 for k in range(5))]) for mask in range(32))
        assert found.bound <= min(plan_price(unit, PRICE, cut) for cut in cuts) + 1e-6
