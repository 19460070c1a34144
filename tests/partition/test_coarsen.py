"""Larger pieces: connected, whole compounds whole, no larger than asked for."""

from __future__ import annotations

import numpy as np
import pytest

from partition.rules import Rules
from partition.search.coarsen import pieces
from partition.search.unit import contract, price_list
from tests.drawn import contiguous, random_unit, unit_of_graph

PRICE = price_list(Rules())


def members(label):
    """Return the blocks of each piece."""
    return [np.flatnonzero(label == k) for k in range(int(label.max()) + 1)]


def grid_of_squares(wide, high, households, compound=None, border=0.4):
    """Make a unit of wide × high squares of 100 m with this price between any two."""
    borders = {}
    for v in range(wide * high):
        if v % wide + 1 < wide:
            borders[v, v + 1] = (100.0, 0.0, border)
        if v // wide + 1 < high:
            borders[v, v + wide] = (100.0, 0.0, border)
    return unit_of_graph(households, borders, compound=compound)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("most", [0, 60, 140, 200])
def test_pieces_are_connected_and_no_larger_than_asked_for(whole, most):
    """Each piece hangs together; several lived-in blocks are joined up to the limit, or because they are one compound."""
    rng = np.random.default_rng(most + whole)
    for _ in range(40):
        unit = random_unit(rng, most=14)
        label = pieces(unit, PRICE, whole=whole, most=most)
        assert np.unique(label).tolist() == list(range(int(label.max()) + 1))
        firsts = [int(np.flatnonzero(label == k)[0]) for k in range(int(label.max()) + 1)]
        assert firsts == sorted(firsts)
        for piece in members(label):
            assert contiguous(unit, piece.tolist())
            lived_in = piece[unit.households[piece] > 0]
            if len(lived_in) > 1 and unit.households[piece].sum() > most:
                kinds = np.unique(unit.compound[lived_in])
                assert whole
                assert kinds.tolist() == [kinds[0]]
                assert kinds[0] >= 0
                assert unit.compound_households[kinds[0]] <= Rules().maximum


def test_lived_in_compounds_do_not_mix():
    """Blocks with households are never joined with those of another compound or of none."""
    rng = np.random.default_rng(9)
    for _ in range(40):
        unit = random_unit(rng, most=14)
        for piece in members(pieces(unit, PRICE, whole=True, most=400)):
            lived_in = piece[unit.households[piece] > 0]
            assert len(np.unique(unit.compound[lived_in])) <= 1


def test_a_compound_that_fits_is_one_piece_and_a_larger_one_is_not():
    """A compound of 480 stays whole at a limit of 100; one of 600 is cut, since no grid may hold it."""
    compound = [0, 0, 1, 1, 1, -1]
    for each, parts in ((160, 1), (200, 3)):
        unit = grid_of_squares(6, 1, [100, 100, each, each, each, 90], compound)
        label = pieces(unit, PRICE, whole=True, most=100)
        assert len(np.unique(label[:2])) == 1
        assert len(np.unique(label[2:5])) == parts


def test_without_whole_a_compound_is_cut_at_the_limit():
    """With `whole` off a compound's blocks are joined only up to the limit."""
    unit = grid_of_squares(4, 1, [100] * 4, [0] * 4)
    assert len(np.unique(pieces(unit, PRICE, whole=True, most=100))) == 1
    assert len(np.unique(pieces(unit, PRICE, whole=False, most=200))) == 2
    assert len(np.unique(pieces(unit, PRICE, whole=False, most=0))) == 4


def test_land_without_households_joins_a_neighbour():
    """No piece is empty where some block next to it has households: every empty piece would double the sets."""
    unit = grid_of_squares(3, 3, [100, 0, 100, 0, 0, 0, 100, 0, 100])
    label = pieces(unit, PRICE, whole=True, most=0)
    assert all(unit.households[piece].sum() == 100 for piece in members(label))


def test_blocks_are_not_joined_across_a_river():
    """A border that is dear to span keeps loose blocks apart."""
    apart = unit_of_graph([100, 100], {(0, 1): (100.0, 3.0, 0.0)})
    together = unit_of_graph([100, 100], {(0, 1): (100.0, 0.0, 0.4)})
    assert pieces(apart, PRICE, whole=True, most=400).tolist() == [0, 1]
    assert pieces(together, PRICE, whole=True, most=400).tolist() == [0, 0]


def test_contracting_keeps_every_sum():
    """The unit made of larger pieces has the same households, area and outline, and the borders between them add up."""
    rng = np.random.default_rng(2)
    for _ in range(20):
        unit = random_unit(rng, most=12)
        label = pieces(unit, PRICE, whole=True, most=200)
        coarse = contract(unit, label)
        outline = (unit.perimeter_m.sum() - unit.shared_m.sum(), coarse.perimeter_m.sum() - coarse.shared_m.sum())
        assert coarse.households.sum() == unit.households.sum()
        assert coarse.persons.sum() == unit.persons.sum()
        assert coarse.area_m2.sum() == pytest.approx(unit.area_m2.sum())
        assert outline[0] == pytest.approx(outline[1])
        row = np.repeat(np.arange(len(unit)), np.diff(unit.start))
        between = label[row] != label[unit.neighbour]
        assert coarse.border.sum() == pytest.approx(unit.border[between].sum())
        assert coarse.inside.sum() == pytest.approx(unit.inside[between].sum())
