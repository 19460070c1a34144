"""Covers: the best choice of sets, a bound that holds, and "impossible" exactly when nothing covers."""

from __future__ import annotations

import numpy as np
import pytest

import partition.search.cover as model
from partition.rules import Rules
from partition.search.cover import Status, cover, phase_one_gap
from partition.search.enumerate import Columns, connected_sets
from partition.search.unit import price_list
from tests.drawn import random_unit


def columns_of(sets, prices):
    """Make columns of lists of pieces."""
    return Columns(
        start=np.concatenate([[0], np.cumsum([len(s) for s in sets])]).astype(np.int64),
        member=np.array([v for s in sets for v in s], dtype=np.int16),
        price=np.array(prices, dtype=np.float64),
        complete=True,
    )


def masks_of(columns):
    """Return each set as a number whose bits are its pieces."""
    return [sum(1 << v for v in columns.member[columns.start[j] : columns.start[j + 1]].tolist()) for j in range(len(columns))]


def by_brute_force(columns, count):
    """Return the least price of an exact cover, trying every one; None where there is none."""
    every = (1 << count) - 1
    by_first = [[] for _ in range(count)]
    for mask, price in zip(masks_of(columns), columns.price.tolist(), strict=True):
        by_first[(mask & -mask).bit_length() - 1].append((mask, price))
    best = {0: 0.0}
    for covered in range(every):
        if covered in best:
            first = (~covered & -~covered).bit_length() - 1
            for mask, price in by_first[first]:
                if not mask & covered:
                    best[covered | mask] = min(best.get(covered | mask, np.inf), best[covered] + price)
    return best.get(every)


def check(columns, count):
    """Hold a cover against trying everything; return its status."""
    found, expected = cover(columns, count), by_brute_force(columns, count)
    if expected is None:
        assert found.status is Status.IMPOSSIBLE
        return found.status
    assert found.status is Status.OPTIMAL
    assert found.price == pytest.approx(expected, abs=1e-5)
    assert found.bound <= found.price + 1e-9
    assert found.price == pytest.approx(columns.price[found.chosen].sum())
    masks = masks_of(columns)
    assert sum(masks[j] for j in found.chosen.tolist()) == (1 << count) - 1
    assert len(columns.start) < 2 or phase_one_gap(columns, count) == pytest.approx(0.0, abs=1e-6)
    return found.status


def test_equals_trying_every_cover_of_random_sets():
    """For random sets the cover is the cheapest there is, its bound holds, and it is impossible exactly when it is."""
    rng = np.random.default_rng(3)
    seen = []
    for _ in range(80):
        count = int(rng.integers(2, 9))
        masks = np.unique(rng.integers(1, 1 << count, int(rng.integers(1, 40))))
        sets = [[v for v in range(count) if mask >> v & 1] for mask in masks.tolist()]
        seen.append(check(columns_of(sets, rng.uniform(-3.0, 40.0, len(sets))), count))
    assert {*seen} == {Status.OPTIMAL, Status.IMPOSSIBLE}


def test_equals_trying_every_cover_of_connected_sets():
    """The same over the sets of small units, priced as they are when a community is divided."""
    rng = np.random.default_rng(5)
    price = price_list(Rules())
    seen = []
    for _ in range(60):
        unit = random_unit(rng, most=12)
        columns = connected_sets(unit, price)
        seen.append(check(columns, len(unit)))
    assert {*seen} == {Status.OPTIMAL, Status.IMPOSSIBLE}


def test_a_fractional_cover_is_no_cover():
    """Three pieces and every pair of them: half of each pair would cover, but no choice of whole pairs does."""
    odd = columns_of([[0, 1], [1, 2], [0, 2]], [1.0, 1.0, 1.0])
    assert phase_one_gap(odd, 3) == pytest.approx(0.0, abs=1e-6)
    assert cover(odd, 3).status is Status.IMPOSSIBLE


def test_the_gap_of_phase_one_names_what_is_left():
    """Pieces that no set holds are a gap of one each, and they are named; prices have no part in it."""
    columns = columns_of([[0], [0, 1]], [50_000.0, -7.0])
    assert phase_one_gap(columns, 4) == pytest.approx(2.0)
    found = cover(columns, 4)
    assert found.status is Status.IMPOSSIBLE
    assert found.uncovered.tolist() == [2, 3]
    assert cover(columns_of([], []), 2).status is Status.IMPOSSIBLE


def test_dear_sets_still_cover():
    """A cover is found however dear its sets are: one building of thirty thousand households is a grid by itself."""
    found = cover(columns_of([[0], [1]], [60_000.0, 1.0]), 2)
    assert found.status is Status.OPTIMAL
    assert found.price == pytest.approx(60_001.0)


def test_a_short_budget_never_claims_too_much(monkeypatch):
    """With next to no nodes and columns a cover may be weaker, but what it claims is still true."""
    monkeypatch.setattr(model, "_MOST_NODES", 1)
    monkeypatch.setattr(model, "_MOST_INTEGER_COLUMNS", 12)
    rng = np.random.default_rng(8)
    price = price_list(Rules())
    for _ in range(30):
        unit = random_unit(rng, most=11)
        columns = connected_sets(unit, price)
        found, expected = cover(columns, len(unit)), by_brute_force(columns, len(unit))
        if found.status in {Status.OPTIMAL, Status.BOUNDED}:
            assert expected is not None
            assert found.bound <= expected + 1e-5
            assert found.price >= expected - 1e-5
            assert found.status is Status.BOUNDED or found.price == pytest.approx(expected, abs=1e-5)
        elif found.status is Status.IMPOSSIBLE:
            assert expected is None
