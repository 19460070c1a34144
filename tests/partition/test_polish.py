"""Local search: grids stay in one piece, plans never get worse, prices are what adding up gives."""

from __future__ import annotations

import numpy as np
import pytest

from partition.rules import Rules
from partition.search.coarsen import pieces
from partition.search.polish import plan_price, polish
from partition.search.price import COMPOUND, grid_price
from partition.search.unit import price_list
from tests.drawn import contiguous, random_unit, unit_of_graph

PRICE = price_list(Rules())


def from_scratch(unit, grid, price=PRICE):
    """Add up the price of a plan: borders between grids, what grids span, compounds, and each grid's own price."""
    total = 0.0
    for g in np.unique(grid).tolist():
        chosen = np.flatnonzero(grid == g)
        perimeter = unit.perimeter_m[chosen].sum()
        for v in chosen.tolist():
            for e in range(unit.start[v], unit.start[v + 1]):
                same = grid[unit.neighbour[e]] == g
                perimeter -= unit.shared_m[e] if same else 0.0
                total += (unit.inside[e] if same else unit.border[e]) / 2
        total += price[COMPOUND] * len(set(unit.compound[chosen].tolist()) - {-1})
        total += grid_price(
            price, unit.households[chosen].sum(), unit.persons[chosen].sum(), unit.area_m2[chosen].sum(), perimeter
        )
    return total


def starts(seed, count=25, most=30):
    """Yield units with a first plan made of connected pieces."""
    rng = np.random.default_rng(seed)
    while count:
        unit = random_unit(rng, most=most)
        grid = pieces(unit, PRICE, whole=True, most=400)
        if grid.max() > 0:
            count -= 1
            yield unit, grid


@pytest.mark.parametrize("heat", [0.0, 0.5, 20.0])
def test_grids_stay_in_one_piece_and_plans_do_not_get_worse(heat):
    """Whatever the heat: every grid stays connected and keeps a block, the price is right and no higher than before."""
    for unit, grid in starts(4):
        before = grid.copy()
        better, score = polish(unit, PRICE, grid, seed=7, steps=200 * len(unit), heat=heat)
        assert grid.tolist() == before.tolist()
        assert np.unique(better).tolist() == np.unique(grid).tolist()
        assert all(contiguous(unit, np.flatnonzero(better == g).tolist()) for g in np.unique(better))
        assert score == pytest.approx(from_scratch(unit, better))
        assert score <= from_scratch(unit, grid) + 1e-6


@pytest.mark.parametrize("measure", ["persons", "any_of", "all_of"])
def test_prices_hold_for_every_measure(measure):
    """The price that the search keeps is the price from scratch, whatever the rules count."""
    price = price_list(Rules(measure=measure))
    for unit, grid in starts(6, count=8):
        better, score = polish(unit, price, grid, seed=1, steps=2000, heat=1.0)
        assert score == pytest.approx(from_scratch(unit, better, price))


def test_the_price_of_a_plan_is_what_adding_up_gives():
    """`plan_price` is the sum over grids and borders, computed here from scratch."""
    for unit, grid in starts(12):
        assert plan_price(unit, PRICE, grid) == pytest.approx(from_scratch(unit, grid))


def test_a_seed_gives_one_plan():
    """The same seed gives the same plan; nothing else has a part in it."""
    for unit, grid in starts(3, count=10):
        runs = [polish(unit, PRICE, grid, seed=5, steps=3000, heat=5.0) for _ in range(2)]
        assert runs[0][0].tolist() == runs[1][0].tolist()
        assert runs[0][1] == runs[1][1]


def test_fixed_blocks_stay():
    """Blocks that a planner fixed keep their grid, also where a whole compound would have moved."""
    rng = np.random.default_rng(21)
    for unit, grid in starts(8):
        fixed = rng.random(len(unit)) < 0.4
        better, _ = polish(unit, PRICE, grid, seed=2, steps=300 * len(unit), heat=10.0, fixed=fixed)
        assert better[fixed].tolist() == grid[fixed].tolist()


def test_it_does_improve():
    """A row of eight equal squares, cut one to seven, ends cut four to four."""
    unit = unit_of_graph([100] * 8, {(v, v + 1): (100.0, 0.0, 0.1) for v in range(7)})
    better, _ = polish(unit, PRICE, np.array([0, 1, 1, 1, 1, 1, 1, 1]), seed=1, steps=4000, heat=1.0)
    assert better.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


def test_no_steps_change_nothing():
    """With no steps the plan comes back as it was."""
    for unit, grid in starts(1, count=3):
        same, score = polish(unit, PRICE, grid, seed=1, steps=0, heat=9.0)
        assert same.tolist() == grid.tolist()
        assert score == pytest.approx(from_scratch(unit, grid))


def test_moving_has_its_price():
    """What is kept is the price from scratch and that of every household away from its home; blocks without one cost none."""
    rng = np.random.default_rng(8)
    for unit, grid in starts(9, count=12):
        home = np.where(rng.random(len(unit)) < 0.3, -1, rng.permutation(grid))
        better, score = polish(unit, PRICE, grid, seed=3, steps=150 * len(unit), heat=2.0, home=home, stay=0.05)
        away = unit.households[(home >= 0) & (better != home)].sum()
        assert score == pytest.approx(from_scratch(unit, better) + 0.05 * away)


def test_dear_moving_keeps_everybody_at_home():
    """Where a household that moves costs more than any plan can save, nobody does."""
    for unit, grid in starts(13, count=8):
        lived_in = unit.households > 0
        better, _ = polish(unit, PRICE, grid, seed=3, steps=150 * len(unit), heat=0.5, home=grid, stay=1e6)
        assert better[lived_in].tolist() == grid[lived_in].tolist()
