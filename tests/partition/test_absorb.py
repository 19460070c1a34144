"""Blocks without a grid join one that they touch; parts of units are units."""

from __future__ import annotations

import numpy as np
import pytest

from partition.rules import Rules
from partition.search.absorb import absorb
from partition.search.coarsen import pieces
from partition.search.unit import part_of, price_list
from tests.drawn import contiguous, random_unit, unit_of_graph
from tests.partition.test_polish import from_scratch

PRICE = price_list(Rules())


def test_everything_within_reach_finds_a_grid():
    """What had a grid keeps it, what a grid reaches gets one, and grids hang together."""
    rng = np.random.default_rng(2)
    for _ in range(60):
        unit = random_unit(rng, most=20)
        grid = pieces(unit, PRICE, whole=True, most=300)
        loose = np.where(rng.random(grid.max() + 1)[grid] < 0.5, -1, grid)
        filled = absorb(unit, PRICE, loose)
        assert filled[loose >= 0].tolist() == loose[loose >= 0].tolist()
        # The pieces of a drawn unit can all be reached from each other.
        assert (filled >= 0).all() == (loose >= 0).any()
        for g in set(filled.tolist()) - {-1}:
            assert contiguous(unit, np.flatnonzero(filled == g).tolist())


def test_the_cheapest_comes_first():
    """A block between two grids joins the one with room, though the other has the longer border."""
    unit = unit_of_graph([450, 100, 250], {(0, 1): (30.0, 0.0, 0.0), (1, 2): (20.0, 0.0, 0.0)})
    assert absorb(unit, PRICE, np.array([0, -1, 1])).tolist() == [0, 1, 1]


def test_far_blocks_stay():
    """A block that touches a grid only across what nobody may cross stays in none."""
    unit = unit_of_graph([300, 100], {(0, 1): (30.0, 0.0, 0.0)}, far=[(0, 1)])
    assert absorb(unit, PRICE, np.array([0, -1])).tolist() == [0, -1]


def test_a_part_is_priced_as_it_was_in_the_whole():
    """The part of a unit costs what its pieces and the borders between them cost in it."""
    rng = np.random.default_rng(5)
    for _ in range(30):
        unit = random_unit(rng, most=12)
        chosen = np.flatnonzero(rng.random(len(unit)) < 0.6)
        if not len(chosen):
            continue
        part = part_of(unit, chosen)
        assert part.households.tolist() == unit.households[chosen].tolist()
        place = {v: i for i, v in enumerate(chosen.tolist())}
        for v in chosen.tolist():
            row = slice(int(unit.start[v]), int(unit.start[v + 1]))
            kept = [(place[u], m) for u, m in zip(unit.neighbour[row], unit.shared_m[row], strict=True) if u in place]
            mine = slice(int(part.start[place[v]]), int(part.start[place[v] + 1]))
            assert kept == list(zip(part.neighbour[mine].tolist(), part.shared_m[mine].tolist(), strict=True))
        # Alone in one grid, the part costs what it does in the whole, where all else is a grid too, less that.
        alone = from_scratch(part, np.zeros(len(part), dtype=np.int64))
        other = np.setdiff1d(np.arange(len(unit)), chosen)
        if len(other):
            both = from_scratch(unit, np.isin(np.arange(len(unit)), other).astype(np.int64))
            rest = from_scratch(part_of(unit, other), np.zeros(len(other), dtype=np.int64))
            row = np.repeat(np.arange(len(unit)), np.diff(unit.start))
            between = np.isin(row, chosen) != np.isin(unit.neighbour, chosen)
            assert both == pytest.approx(alone + rest + unit.border[between].sum() / 2)
