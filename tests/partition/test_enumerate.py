"""Enumeration: every connected set in the band, each once, with the price that adding up from scratch gives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import partition.search.enumerate as walk
from partition.rules import Rules
from partition.search.enumerate import connected_sets
from partition.search.price import COMPOUND, ENCLOSING, band_miss, enough, grid_price, too_big
from partition.search.unit import price_list
from tests.drawn import contiguous, random_unit, surrounds, unit_of_graph

MEASURES = ("households", "persons", "any_of", "all_of")


def set_price(unit, price, members):
    """Add up the price of a set from scratch: half its borders, what it spans, its compounds, its shape."""
    inside = set(members)
    total, perimeter = 0.0, sum(unit.perimeter_m[v] for v in inside)
    for v in inside:
        for e in range(unit.start[v], unit.start[v + 1]):
            if int(unit.neighbour[e]) in inside:
                perimeter -= unit.shared_m[e]
                total += unit.inside[e] / 2
            else:
                total += unit.border[e] / 2
    total += price[COMPOUND] * len({int(unit.compound[v]) for v in inside} - {-1})
    total += ENCLOSING * surrounds(unit, inside)
    chosen = sorted(inside)
    return total + grid_price(
        price,
        unit.households[chosen].sum(),
        unit.persons[chosen].sum(),
        unit.area_m2[chosen].sum(),
        perimeter,
    )


def by_brute_force(unit, price):
    """Try every subset: connected and in the band, or with one piece too big for it and little beside."""
    found = {}
    for size in range(1, len(unit) + 1):
        for members in itertools.combinations(range(len(unit)), size):
            households, persons = unit.households[list(members)].sum(), unit.persons[list(members)].sum()
            giants = [v for v in members if too_big(price, unit.households[v], unit.persons[v])]
            beside = sum(int(unit.households[v]) for v in members if v not in giants)
            persons_beside = sum(int(unit.persons[v]) for v in members if v not in giants)
            giant = len(giants) == 1 and not enough(price, beside, persons_beside)
            if (giant or band_miss(price, households, persons) == 0.0) and contiguous(unit, members):
                found[members] = set_price(unit, price, members)
    return found


def sets_of(columns):
    """List the sets of `columns` with their prices, as they come."""
    return [
        (tuple(sorted(columns.member[columns.start[j] : columns.start[j + 1]].tolist())), float(columns.price[j]))
        for j in range(len(columns))
    ]


@pytest.mark.parametrize("measure", MEASURES)
def test_equals_trying_every_subset(measure):
    """On small connected graphs the walk meets exactly the sets that trying every subset finds, each once, same price."""
    rng = np.random.default_rng(11)
    price = price_list(Rules(measure=measure))
    for _ in range(60):
        unit = random_unit(rng, most=10)
        columns = connected_sets(unit, price)
        expected = by_brute_force(unit, price)
        found = sets_of(columns)
        assert columns.complete
        assert len(found) == len(expected)
        assert dict(found) == pytest.approx(expected, abs=1e-6)


def test_persons_bind_where_the_rules_count_persons():
    """Sets are in or out by persons, by either or by both counts, as the rules say."""
    unit = unit_of_graph([200, 200], {(0, 1): (100.0, 0.0, 0.0)}, persons=[1000, 2000])

    def sets(measure):
        return {members for members, _ in sets_of(connected_sets(unit, price_list(Rules(measure=measure))))}

    # Piece 1 alone holds more persons than any grid may: it stands out of the band, with no more beside it than is left.
    assert sets("households") == {(0, 1)}
    assert sets("persons") == {(0,), (1,)}
    assert sets("any_of") == {(0,), (0, 1)}
    assert sets("all_of") == {(1,), (0, 1)}


def test_touching_by_a_thread_is_not_contiguous():
    """Pieces that touch but are not contiguous never make a set together."""
    borders = {(0, 1): (0.5, 0.0, 0.0)}
    price = price_list(Rules())
    assert sets_of(connected_sets(unit_of_graph([200, 200], borders, far=[(0, 1)]), price)) == []
    assert len(connected_sets(unit_of_graph([200, 200], borders), price)) == 1


def test_a_ring_around_another_grid_is_dear():
    """Eight squares around a ninth cost more than any plan saves; the same eight without a ninth inside do not."""
    borders = {(v, v + 1): (100.0, 0.0, 0.0) for v in range(9) if v % 3 < 2}
    borders |= {(v, v + 3): (100.0, 0.0, 0.0) for v in range(6)}
    unit = unit_of_graph([50] * 4 + [400] + [50] * 4, borders)
    price = dict(sets_of(connected_sets(unit, price_list(Rules()))))
    ring = (0, 1, 2, 3, 5, 6, 7, 8)
    assert surrounds(unit, ring)
    assert price[ring] > ENCLOSING


@pytest.mark.parametrize("steps_per_column", [walk.STEPS_PER_COLUMN, 1])
def test_says_when_it_stopped_early(steps_per_column, monkeypatch):
    """Where a budget ends the walk, the sets say that they are not all; the sets that are there are still right."""
    unit = unit_of_graph([60] * 9, {(v, v + 1): (50.0, 0.0, 0.3) for v in range(8)})
    price = price_list(Rules())
    every = connected_sets(unit, price)
    assert every.complete
    assert len(every) > 5
    monkeypatch.setattr(walk, "STEPS_PER_COLUMN", steps_per_column)
    some = connected_sets(unit, price, most=5)
    assert not some.complete
    assert len(some) <= 5
    assert set(sets_of(some)) <= set(sets_of(every))


def test_a_grid_in_the_band_is_cheaper_than_one_outside():
    """Being out of the band costs more than the worst balance and shape inside it, and the more the farther."""
    price = price_list(Rules())
    inside = [grid_price(price, h, 3 * h, 10_000.0, length) for h in (300, 400, 500) for length in (400.0, 4000.0)]
    outside = [grid_price(price, h, 3 * h, 10_000.0, 400.0) for h in (299, 250, 100, 0)]
    assert max(inside) < min(outside)
    assert outside == sorted(outside)
    assert grid_price(price, 400, 1200, 1e4, 400.0) < grid_price(price, 450, 1350, 1e4, 400.0)
    assert grid_price(price, 400, 1200, 1e4, 400.0) < grid_price(price, 400, 1200, 1e4, 600.0)
