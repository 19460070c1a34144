"""Pairs and shares of two nets, departments' old nets among them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from partition.crosswalk import WHOLE, Crosswalk, crosswalk, in_millionths, pairs_of
from tests.nets import read, redraws

MANY = settings(max_examples=80, deadline=None, derandomize=True)
NOBODY = {"households": np.zeros(0, dtype=int), "in_old": np.zeros(0, dtype=int), "in_new": np.zeros(0, dtype=int)}


def areas(*made):
    array = np.empty(len(made), dtype=object)
    array[:] = made
    return array


def shared_out(old, new, **counted):
    """Return the shares as old, new, share."""
    found = crosswalk(pairs_of(old, new, **(counted or NOBODY)))
    return list(zip(found.old.tolist(), found.new.tolist(), found.share.round(9).tolist(), strict=True))


def test_a_legacy_grid_is_shared_out_by_its_households():
    """Households decide, not ground: two thirds of the ground with a tenth of the households is a tenth."""
    redraw = read("L L L", "A B B", "90 10 0")
    pairs = redraw.diff().pairs
    found = crosswalk(pairs)
    assert (found.old.tolist(), found.new.tolist(), found.share.tolist()) == ([0, 0], [0, 1], [0.9, 0.1])
    assert pairs.area_m2.tolist() == [10_000.0, 20_000.0]


def test_where_nobody_lives_ground_decides():
    """A market's grid without households is shared out by ground, and what lies outside the new net goes nowhere."""
    old = areas(shapely.box(0, 0, 10, 10))
    assert shared_out(old, areas(shapely.box(0, 0, 5, 10), shapely.box(5, 0, 8, 10))) == [
        (0, 0, 0.5),
        (0, 1, 0.3),
        (0, -1, 0.2),
    ]


def test_ground_that_is_counted_twice_is_shared_out_once():
    """Where the new areas overlap, the shares still add up to 1."""
    old = areas(shapely.box(0, 0, 10, 10))
    assert shared_out(old, areas(shapely.box(0, 0, 10, 10), shapely.box(0, 0, 10, 10))) == [(0, 0, 0.5), (0, 1, 0.5)]


def test_departments_areas_may_overlap():
    """Each area of a legacy net is shared out by itself, whatever lies over it."""
    old = areas(shapely.box(0, 0, 10, 10), shapely.box(0, 0, 20, 10))
    new = areas(shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10))
    assert shared_out(old, new) == [(0, 0, 1.0), (1, 0, 0.5), (1, 1, 0.5)]


def test_an_area_without_ground_goes_nowhere():
    """Missing and empty areas, and such as lie outside the new net, go nowhere, whole."""
    old = areas(None, shapely.Polygon(), shapely.box(50, 50, 60, 60))
    assert shared_out(old, areas(shapely.box(0, 0, 10, 10))) == [(0, -1, 1.0), (1, -1, 1.0), (2, -1, 1.0)]
    assert shared_out(old, areas()) == [(0, -1, 1.0), (1, -1, 1.0), (2, -1, 1.0)]
    assert shared_out(areas(), old) == []


def test_a_strip_as_thin_as_the_snap_grid_is_noise():
    """Areas that overlap by a centimetre are no pair and lose nothing; by a decimetre they do."""
    old = areas(shapely.box(0, 0, 10, 10))
    assert shared_out(old, areas(shapely.box(0, 0, 9.99, 10), shapely.box(9.99, 0, 20, 10))) == [(0, 0, 1.0)]
    assert shared_out(old, areas(shapely.box(0, 0, 9.9, 10), shapely.box(9.9, 0, 20, 10))) == [(0, 0, 0.99), (0, 1, 0.01)]


def test_households_make_a_pair_without_ground():
    """A household that the two nets count in areas that only touch is still handed on."""
    counted = {"households": np.array([4, 6]), "in_old": np.array([0, 0]), "in_new": np.array([0, 1])}
    old, new = areas(shapely.box(0, 0, 10, 10)), areas(shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10))
    assert shared_out(old, new, **counted) == [(0, 0, 0.4), (0, 1, 0.6)]


@MANY
@given(redraws(), st.booleans())
def test_shares_add_up_to_one(redraw, nobody):
    """The shares of each legacy area, whoever lives in it, add up to 1 within a billionth, and figures handed on are kept."""
    households = redraw.households * (not nobody)
    pairs = pairs_of(redraw.old.polygon, redraw.new.polygon, households=households, in_old=redraw.in_old, in_new=redraw.in_new)
    found = crosswalk(pairs)
    assert (found.share > 0).all()
    total = np.bincount(found.old, weights=found.share, minlength=len(redraw.old))
    assert total == pytest.approx(np.ones(len(redraw.old)), abs=1e-9)
    assert len(set(zip(found.old.tolist(), found.new.tolist(), strict=True))) == len(found.old)
    figures = np.bincount(redraw.in_old[redraw.in_old >= 0], minlength=len(redraw.old)).astype(float)
    assert (figures[found.old] * found.share).sum() == pytest.approx(figures.sum())


def walk_of(*cells):
    """Return a crosswalk of cells, each the households that go to one area after another."""
    share = [np.array(cell, dtype=float) / sum(cell) for cell in cells]
    old = np.repeat(np.arange(len(cells)), [len(cell) for cell in cells])
    new = np.concatenate([np.arange(len(cell)) for cell in cells])
    return Crosswalk(old=old, new=new, share=np.concatenate(share))


def test_thirds_are_a_whole():
    """Three equal shares are a million together: the first gets what is left over."""
    assert in_millionths(walk_of([1, 1, 1], [7], [1, 2])).tolist() == [333_334, 333_333, 333_333, WHOLE, 333_333, 666_667]
    assert in_millionths(crosswalk(pairs_of(areas(), areas(), **NOBODY))).tolist() == []


@MANY
@given(st.lists(st.lists(st.integers(1, 5000), min_size=1, max_size=30), min_size=1, max_size=6))
def test_millionths_are_exact_and_near(cells):
    """Whatever the households, the shares of each cell are exactly a million, and none is a millionth away from its own."""
    walk = walk_of(*cells)
    parts = in_millionths(walk)
    assert np.bincount(walk.old, weights=parts).tolist() == [WHOLE] * len(cells)
    assert (np.abs(parts - walk.share * WHOLE) < 1).all()
