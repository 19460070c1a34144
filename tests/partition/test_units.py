"""Units: what parts a community, and when the line between two parts is spanned."""

from __future__ import annotations

import numpy as np
import pytest

from gis.town import LineKind
from partition.block import make_blocks
from partition.ground import survey
from partition.rules import Rules
from partition.units import totals_possible, units
from tests.drawn import Line, sketch


def parted(picture, rules=None, *, kind=LineKind.RIVER, at=(), lines=LineKind.ROAD):
    """Return households and `spans` of each unit, west to east, with lines of a kind from north to south at these places."""
    drawing = sketch(picture, lines=lines)
    drawing.lines += [Line(kind, [(x, -10), (x, 510)], f"线{x}") for x in at]
    blocks = make_blocks(survey(drawing.town()), drawing.town())
    found = units(blocks, rules or Rules())
    assert sorted(np.concatenate([unit.blocks for unit in found]).tolist()) == np.flatnonzero(blocks.dedicated < 0).tolist()
    return [(int(blocks.households[unit.blocks].sum()), unit.spans) for unit in found]


@pytest.mark.parametrize("kind", [LineKind.RIVER, LineKind.RAILWAY, LineKind.EXPRESSWAY])
def test_strong_lines_part_a_community(kind):
    """A river, a surface railway or an expressway makes two units where both can have grids in the band."""
    assert parted("A200 A200 A200 A200", kind=kind, at=[200]) == [(400, False), (400, False)]


@pytest.mark.parametrize("kind", [LineKind.MAIN_ROAD, LineKind.ROAD, LineKind.DRAIN, LineKind.UNDERGROUND, LineKind.WALL])
def test_other_lines_do_not(kind):
    """A road, a drain or an underground line parts nothing."""
    assert parted("A200 A200 A200 A200", kind=kind, at=[200], lines=LineKind.LANE) == [(800, False)]


def test_a_line_is_spanned_for_want_of_households():
    """A bank of 200 joins the other bank of 400: together they can be in the band; the unit says that it spans."""
    assert parted("A200 A200 A200", at=[100]) == [(600, True)]


def test_a_line_is_not_spanned_in_vain():
    """A bank of 150 does not join one of 400, since 550 cannot be in the band either."""
    assert parted("A150 A200 A200", at=[100]) == [(150, False), (400, False)]


def test_a_bank_may_need_two_others():
    """Banks of 200, 350 and 300: the first two make an impossible 550, all three a possible 850, so all are one unit."""
    assert parted("A200 A350 A300", at=[100, 200]) == [(850, True)]


def test_an_empty_bank_joins_without_spanning():
    """Land without homes across the river belongs to the unit it faces, and no home is parted from another by that."""
    assert parted("A A200 A200", at=[100]) == [(400, False)]


def test_hard_lines_are_never_spanned():
    """Where the rules forbid spanning a river each bank stays by itself, also the one with too few and the empty one."""
    hard = Rules(hard_barriers=("river",))
    assert parted("A200 A200 A200", hard, at=[100]) == [(200, False), (400, False)]
    assert parted("A A200 A200", hard, at=[100]) == [(0, False), (400, False)]


def test_a_main_road_may_be_hard_too():
    """Any kind of line that the rules name parts a community for good, a main road as well as a river."""
    hard = Rules(hard_barriers=("main_road",))
    assert parted("A200 A200", hard, kind=LineKind.MAIN_ROAD, at=[100], lines=None) == [(200, False), (200, False)]


def test_islands_are_units_of_their_own():
    """Parts that do not touch, or touch at a corner only, are never one unit."""
    assert parted("A200 . A400") == [(200, False), (400, False)]
    assert sorted(parted("A200 .\n. A200")) == [(200, False), (200, False)]


def test_communities_are_never_joined():
    """Each community has units of its own."""
    assert parted("A200 B200") == [(200, False), (200, False)]


def test_totals():
    """By totals alone only fewer than 300 and 501 to 599 are impossible, with the usual band."""
    impossible = {total for total in range(1, 3000) if not totals_possible(Rules(), total, 0)}
    assert impossible == {*range(1, 300), *range(501, 600)}
    by_persons = {total for total in range(1, 4000) if not totals_possible(Rules(measure="persons"), 0, total)}
    assert by_persons == {*range(1, 900), *range(1501, 1800)}
