"""What became of every grid."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.locate import locate, rank_of
from partition.audit import audit
from partition.lineage import Flag, GridNet, Op, diff
from partition.rules import Rules
from tests.haikou import haikou
from tests.nets import read, redraws

MANY = settings(max_examples=80, deadline=None, derandomize=True)

KEEP, RESHAPE, SPLIT, MERGE, NEW, RETIRE = Op.KEEP, Op.RESHAPE, Op.SPLIT, Op.MERGE, Op.NEW, Op.RETIRE


def told(redraw):
    """Return the fate of each old grid and the origin of each new one, by key."""
    found = redraw.diff()
    return (
        dict(zip(found.old.key, found.fate, strict=True)),
        dict(zip(found.new.key, found.origin, strict=True)),
    )


def lines(redraw):
    """Return the register as from, to, op, households, moved, share in per cent."""
    rows = redraw.diff().rows()
    return {(r.from_code, r.to_code): (r.op, r.households, r.households_moved, round(100 * r.share)) for r in rows}


def flags(redraw):
    found = redraw.diff()
    return "".join(found.old_flag), "".join(found.new_flag)


def test_what_stays_is_kept():
    """The same ground in the same community is kept, whatever its key; nobody moves."""
    redraw = read("A A B\nA A B", "Q Q P\nQ Q P")
    assert told(redraw) == ({"A": KEEP, "B": KEEP}, {"Q": KEEP, "P": KEEP})
    assert lines(redraw) == {("A", "Q"): (KEEP, 80, 0, 100), ("B", "P"): (KEEP, 40, 0, 100)}
    assert flags(redraw) == ("UU", "UU")
    assert (redraw.diff().households_moved, redraw.diff().touched_old, redraw.diff().touched_new) == (0, 0, 0)


def test_a_split_leaves_the_grid_to_the_part_with_most_households():
    """Of a grid that is cut in two, the part with most households continues it, although it is smaller."""
    redraw = read("A A A B", "P Q Q B", "90 20 20 50")
    assert told(redraw) == ({"A": SPLIT, "B": KEEP}, {"P": SPLIT, "Q": SPLIT, "B": KEEP})
    assert lines(redraw)["A", "P"] == (SPLIT, 90, 0, 69)
    assert lines(redraw)["A", "Q"] == (SPLIT, 40, 40, 31)
    assert redraw.diff().continued.tolist() == [1, 0, -1]
    assert flags(redraw) == ("SU", "USS")


def test_a_merge_continues_the_larger():
    """Of grids that become one, the one with most households is continued; the others are merged into it."""
    redraw = read("A B B C", "P P P C", "90 20 20 50")
    assert told(redraw) == ({"A": MERGE, "B": MERGE, "C": KEEP}, {"P": MERGE, "C": KEEP})
    assert lines(redraw)["A", "P"] == (MERGE, 90, 0, 100)
    assert lines(redraw)["B", "P"] == (MERGE, 40, 40, 100)
    assert flags(redraw) == ("MMU", "UM")


def test_a_line_that_moves_reshapes_both_sides():
    """Where a block goes from one grid to its neighbour, both are reshaped and only its households move."""
    redraw = read("A A A B B B", "P P Q Q Q Q")
    assert told(redraw) == ({"A": RESHAPE, "B": RESHAPE}, {"P": RESHAPE, "Q": RESHAPE})
    assert lines(redraw) == {
        ("A", "P"): (RESHAPE, 40, 0, 67),
        ("A", "Q"): (RESHAPE, 20, 20, 33),
        ("B", "Q"): (RESHAPE, 60, 0, 100),
    }
    assert flags(redraw) == ("XX", "XX")
    assert redraw.diff().households_moved == 20


def test_three_out_of_two():
    """A third grid between two is split off the one that gives it most; the other is only reshaped."""
    redraw = read("A A A A A B B B B", "P P P Q Q Q R R R")
    assert told(redraw) == ({"A": SPLIT, "B": RESHAPE}, {"P": SPLIT, "Q": SPLIT, "R": RESHAPE})
    assert [lines(redraw)[pair] for pair in (("A", "Q"), ("B", "Q"))] == [(SPLIT, 40, 40, 40), (RESHAPE, 20, 20, 25)]


def test_two_out_of_three():
    """A grid that is shared out between its neighbours is merged into the one that takes most of it."""
    redraw = read("A A A B B B C C C", "P P P P P Q Q Q Q")
    assert told(redraw) == ({"A": MERGE, "B": MERGE, "C": RESHAPE}, {"P": MERGE, "Q": RESHAPE})
    assert [lines(redraw)[pair] for pair in (("B", "P"), ("B", "Q"))] == [(MERGE, 40, 40, 67), (RESHAPE, 20, 20, 33)]


def test_split_and_merged_at_once():
    """A grid that gives a part away and takes another in was split; the one that continues it was merged."""
    redraw = read("A A A A B", "Q P P P P")
    assert told(redraw) == ({"A": SPLIT, "B": MERGE}, {"Q": SPLIT, "P": MERGE})
    assert lines(redraw)["A", "P"] == (SPLIT, 60, 0, 75)


def test_a_taken_heir_leaves_the_next_best():
    """Each code has one heir: a grid whose best part continues another is continued by its next best."""
    redraw = read("A A A A A B B B B", "P P P P P P P Q Q")
    assert told(redraw)[0] == {"A": RESHAPE, "B": RESHAPE}
    assert redraw.diff().continued.tolist() == [0, 1]


def test_ground_that_comes_and_goes():
    """Where the nets do not cover the same ground, grids are new or retired, and nobody moves between grids."""
    redraw = read("A A . .", ". . P P")
    assert told(redraw) == ({"A": RETIRE}, {"P": NEW})
    assert lines(redraw) == {("A", None): (RETIRE, 40, 0, 100), (None, "P"): (NEW, 40, 0, 0)}
    redraw = read("A A . .", ". P P P")
    assert lines(redraw) == {
        ("A", "P"): (RESHAPE, 20, 0, 50),
        ("A", None): (RESHAPE, 20, 0, 50),
        (None, "P"): (RESHAPE, 40, 0, 0),
    }
    assert flags(redraw) == ("X", "X")


def test_a_twentieth_makes_a_link():
    """What is less than 5 % of both its grids makes neither an heir nor a part; from 5 % of one on it does."""
    redraw = read("A A .", ". P P", "97 3 97")
    assert told(redraw) == ({"A": RETIRE}, {"P": NEW})
    assert lines(redraw)["A", "P"] == (RESHAPE, 3, 3, 3)
    redraw = read("A A .", ". P P", "95 5 97")
    assert told(redraw) == ({"A": RESHAPE}, {"P": RESHAPE})


def test_empty_grids_are_compared_by_their_ground():
    """Where nobody lives, ground decides who continues whom, and the shares are shares of ground."""
    redraw = read("A A A B", "P Q Q B", 0)
    assert told(redraw) == ({"A": SPLIT, "B": KEEP}, {"P": SPLIT, "Q": SPLIT, "B": KEEP})
    assert redraw.diff().continued.tolist() == [1, -1, 0]
    assert lines(redraw)["A", "P"] == (SPLIT, 0, 0, 33)


def test_equal_parts_are_told_apart_by_their_keys():
    """Of two parts alike in all, the one with the smaller key continues; of two grids alike, the one with the smaller code."""
    redraw = read("A A", "P Q")
    assert redraw.diff().continued.tolist() == [0, -1]
    assert replace(redraw, new=replace(redraw.new, key=("Z", "Y"))).diff().continued.tolist() == [-1, 0]
    assert read("B A", "P P").diff().continued.tolist() == [0]


def test_the_same_ground_in_another_community_or_of_another_kind_is_reshaped():
    """A grid that changes community or kind is continued, but it is not kept; its ground is unchanged."""
    redraw = read("A B", "A B", community_after={"B": "other"})
    assert told(redraw)[0] == {"A": KEEP, "B": RESHAPE}
    assert flags(redraw) == ("UU", "UU")
    assert told(read("A B", "A b"))[0] == {"A": KEEP, "B": RESHAPE}


def test_a_dedicated_grid_carved_out_is_split_off():
    """A park taken out of a grid without anybody in it: the grid goes on, the park is its part."""
    redraw = read("A A A A", "P P P p", "20 20 20 0")
    assert told(redraw) == ({"A": SPLIT}, {"P": SPLIT, "p": SPLIT})
    assert lines(redraw)["A", "p"] == (SPLIT, 0, 0, 0)


def net_of(*polygons, keys="AB"):
    made = np.empty(len(polygons), dtype=object)
    made[:] = polygons
    count = len(polygons)
    return GridNet(key=tuple(keys[:count]), community=("A",) * count, polygon=made, dedicated=np.zeros(count, dtype=bool))


NOBODY = {"households": np.zeros(0, dtype=int), "in_old": np.zeros(0, dtype=int), "in_new": np.zeros(0, dtype=int)}


@pytest.mark.parametrize(("off", "op", "flag"), [(0.0, KEEP, "U"), (0.007, KEEP, "U"), (1.0, RESHAPE, "X")])
def test_noding_noise_is_no_change(off, op, flag):
    """A vertex that a neighbour's new line adds, up to a centimetre off, leaves a grid as it was; a metre does not."""
    west = shapely.Polygon([(0, 0), (100, 0), (100, 100), (0, 100)])
    east = shapely.Polygon([(100, 0), (200, 0), (200, 100), (100, 100)])
    at = (100 + off, 50)
    new = (
        shapely.Polygon([(0, 0), (100, 0), at, (100, 100), (0, 100)]),
        shapely.Polygon([(100, 0), (200, 0), (200, 100), (100, 100), at]),
    )
    found = diff(net_of(west, east), net_of(*new), **NOBODY)
    assert found.fate == (op, op)
    assert found.old_flag == (flag, flag)
    assert len(found.pairs) == (2 if op is KEEP else 3)


def test_the_same_corners_in_another_order_are_another_shape():
    """Two shapes with the same vertices are not the same ground."""
    notched_above = shapely.Polygon([(0, 0), (100, 0), (100, 100), (50, 50), (0, 100)])
    notched_left = shapely.Polygon([(0, 0), (100, 0), (100, 100), (0, 100), (50, 50)])
    assert diff(net_of(notched_above), net_of(notched_left), **NOBODY).fate == (RESHAPE,)


def test_nets_without_grids():
    """A first plan has nothing before it: all is new. A net that ends leaves all retired."""
    redraw = read("A B", "P Q")
    nothing = net_of()
    in_none = np.full(2, -1)
    first = diff(nothing, redraw.new, households=redraw.households, in_old=in_none, in_new=redraw.in_new)
    assert (first.origin, first.continued.tolist()) == ((NEW, NEW), [-1, -1])
    last = diff(redraw.old, nothing, households=redraw.households, in_old=redraw.in_old, in_new=in_none)
    assert (last.fate, last.continued.tolist(), last.households_moved) == ((RETIRE, RETIRE), [], 0)
    assert [(row.from_code, row.to_code, row.op) for row in last.rows()] == [("A", None, RETIRE), ("B", None, RETIRE)]


def test_final_codes_stand_in_the_register():
    """The register names the new grids by the codes that they are given."""
    rows = read("A A", "P Q").diff().rows(("A", "C"))
    assert [(row.from_code, row.to_code) for row in rows] == [("A", "A"), ("A", "C")]


@MANY
@given(redraws())
def test_households_are_conserved(redraw):
    """All that leave a grid arrive in another: by the lines of each grid, and moved out as moved in, over all."""
    found = redraw.diff()
    rows = list(found.rows())
    for key, index, side in ((found.old.key, redraw.in_old, "from_code"), (found.new.key, redraw.in_new, "to_code")):
        for k, code in enumerate(key):
            assert sum(row.households for row in rows if getattr(row, side) == code) == redraw.households[index == k].sum()
    stays = {old: new for new, old in enumerate(found.continued.tolist())}
    both = (redraw.in_old >= 0) & (redraw.in_new >= 0)
    away = both & np.array([stays.get(o) != n for o, n in zip(redraw.in_old.tolist(), redraw.in_new.tolist(), strict=True)])
    assert sum(row.households_moved for row in rows) == redraw.households[away].sum() == found.households_moved


@MANY
@given(redraws())
def test_the_shares_of_a_grid_add_up_to_one(redraw):
    """The lines of each old grid share it out whole."""
    found = redraw.diff()
    shares = Counter()
    for row in found.rows():
        shares[row.from_code] += row.share
    assert shares.pop(None, 0) == 0
    assert [shares[code] for code in found.old.key] == pytest.approx([1.0] * len(found.old), abs=1e-9)


@MANY
@given(redraws())
def test_every_grid_has_one_fate_that_fits_its_lines(redraw):
    """Kept, reshaped: one line to its heir; split: an heir and lines to parts; merged: a line to what took it in."""
    found = redraw.diff()
    lines = {(row.from_code, row.to_code): row for row in found.rows()}
    heir = dict(zip(found.continued.tolist(), found.new.key, strict=True))
    for k, (code, fate) in enumerate(zip(found.old.key, found.fate, strict=True)):
        ops = Counter(row.op for (start, _), row in lines.items() if start == code)
        goes_on = k in heir
        assert not goes_on or lines[code, heir[k]].op is fate
        assert (fate is RETIRE) == ((code, None) in lines and lines[code, None].op is RETIRE)
        assert goes_on or fate in {MERGE, RETIRE}
        assert (ops[SPLIT] >= 2) == (fate is SPLIT)
        assert ops[KEEP] == (fate is KEEP)
    for code, origin in zip(found.new.key, found.origin, strict=True):
        ops = Counter(row.op for (_, end), row in lines.items() if end == code)
        assert (origin is NEW) == (ops[NEW] == 1)
        assert ops[KEEP] == (origin is KEEP)
        assert origin is not MERGE or ops[MERGE] >= 1
    come = sum(k < 0 for k in found.continued.tolist())
    go = len(found.old) - len(set(found.continued.tolist()) - {-1})
    assert len(found.new) - len(found.old) == come - go


@MANY
@given(redraws())
def test_flags_read_backwards_are_the_same_with_split_and_merged_exchanged(redraw):
    """Undoing a redraw turns its splits into merges; unchanged and irregular ground stays so."""
    forth = redraw.diff()
    back = replace(redraw, old=redraw.new, new=redraw.old, in_old=redraw.in_new, in_new=redraw.in_old).diff()
    turned = {Flag.SPLIT: Flag.MERGED, Flag.MERGED: Flag.SPLIT}
    assert back.old_flag == tuple(turned.get(flag, flag) for flag in forth.new_flag)
    assert back.new_flag == tuple(turned.get(flag, flag) for flag in forth.old_flag)


@MANY
@given(redraws(), st.randoms(use_true_random=False))
def test_the_order_of_the_grids_does_not_matter(redraw, random):
    """Shuffled nets have the same lineage."""
    nets = []
    for net, index in ((redraw.old, redraw.in_old), (redraw.new, redraw.in_new)):
        order = random.sample(range(len(net)), len(net))
        place = np.array([*np.argsort(order).tolist(), -1], dtype=np.int64)
        shuffled = GridNet(
            key=tuple(net.key[k] for k in order),
            community=tuple(net.community[k] for k in order),
            polygon=net.polygon[order],
            dedicated=net.dedicated[order],
        )
        nets.append((shuffled, place[index]))
    (old, in_old), (new, in_new) = nets
    again = replace(redraw, old=old, new=new, in_old=in_old, in_new=in_new)
    assert lines(again) == lines(redraw)
    assert told(again) == told(redraw)


@MANY
@given(redraws())
def test_a_net_that_does_not_change_is_kept_whole(redraw):
    """A net compared with itself has no touched grids and no moved households."""
    same = replace(redraw, new=redraw.old, in_new=redraw.in_old).diff()
    assert set(same.fate) <= {KEEP}
    assert set(same.old_flag) <= {Flag.UNCHANGED}
    assert (same.touched_old, same.touched_new, same.households_moved) == (0, 0, 0)


def test_haikou():
    """The yearbook's redraw: 623 grids, 190 touched, 50 more, 673 afterwards, and no household lost."""
    town = haikou()
    found = diff(town.old, town.new, households=town.households.households, in_old=town.in_old, in_new=town.in_new)
    assert (len(town.communities.code), len(town.old), found.touched_old, found.touched_new, len(town.new)) == (
        49,
        623,
        190,
        240,
        673,
    )
    assert Counter(found.fate) == {KEEP: 433, RESHAPE: 122, SPLIT: 56, MERGE: 12}
    rows = list(found.rows())
    assert sum(row.households for row in rows) == town.households.households.sum()
    out, into = Counter(), Counter()
    for row in rows:
        out[row.from_code] += row.households_moved
        into[row.to_code] += row.households_moved
    assert out.total() == into.total() == found.households_moved > 0
    assert all(row.from_code and row.to_code for row in rows)


@pytest.mark.parametrize("when", ["old", "new"])
def test_haikou_is_two_proven_plans(when):
    """Both nets tile each community by equality, all grids in band, and every household lies in the grid that counts it."""
    town = haikou()
    net, index = (town.old, town.in_old) if when == "old" else (town.new, town.in_new)
    report = audit(town.layer(net, index), town=town.town(), rules=Rules(), communities=town.noded())
    assert (report.exact, report.findings) == (True, ())
    assert locate(town.households.xy, net.polygon, order=rank_of(net.key)).tolist() == index.tolist()
