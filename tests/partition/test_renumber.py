"""Codes of a net that follows another."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from gis.code import GB15, LOCAL
from gis.errors import SequenceExhausted
from partition.lineage import GridNet, diff
from partition.number import number
from partition.renumber import renumber
from partition.rules import Rules
from tests.haikou import haikou
from tests.nets import Redraw, read, redraws

MANY = settings(max_examples=80, deadline=None, derandomize=True)
SHUNGENG = "370103016001"
NEXT_DOOR = "370103016002"


def coded(redraw: Redraw, codes, *, community=SHUNGENG, communities=None) -> Redraw:
    """Give the old grids, in order of their letters, these numbers or codes, and all grids their communities."""
    old = tuple(code if isinstance(code, str) else GB15.format(community, code) for code in codes)
    after = communities or (community,) * len(redraw.new)
    return replace(
        redraw,
        old=replace(redraw.old, key=old, community=(community,) * len(old)),
        new=replace(redraw.new, community=tuple(after)),
    )


def numbers(redraw: Redraw, *, ever=(), **rules):
    """Return the number of each new grid by its letter; `ever` are numbers of its community that were used once."""
    used = {GB15.format(SHUNGENG, k) for k in ever}
    codes = renumber(redraw.diff(), ever_used=used, rules=Rules(**rules))
    return {key: int(code[-3:]) for key, code in zip(redraw.new.key, codes, strict=True)}


def test_kept_and_reshaped_grids_keep_their_codes():
    """A line that moves changes no code, wherever the grids lie in raster order."""
    assert numbers(coded(read("A A A B B C", "P P Q Q Q R"), [7, 3, 5])) == {"P": 7, "Q": 3, "R": 5}


def test_a_split_gives_the_parts_the_numbers_after_the_highest():
    """The part with most households keeps the code; the others are numbered on, from west to east."""
    redraw = coded(read("A A A B", "P Q R B", "30 90 30 50"), [1, 2])
    assert numbers(redraw) == {"P": 3, "Q": 1, "R": 4, "B": 2}


def test_a_merge_keeps_the_code_of_the_larger():
    """The code of the grid with most households serves for the whole, the other is retired."""
    assert numbers(coded(read("A B B C", "P P P C", "90 20 20 50"), [4, 1, 2])) == {"P": 4, "C": 2}


def test_a_retired_code_is_never_used_again():
    """New numbers begin after the highest that was ever used, retired ones and gaps included."""
    redraw = coded(read("A A B", "P Q B"), [1, 3])
    assert numbers(redraw, ever=[2]) == {"P": 1, "Q": 4, "B": 3}
    assert numbers(redraw, ever=[17]) == {"P": 1, "Q": 18, "B": 3}


def test_codes_of_other_communities_do_not_count():
    """Numbers used next door, or in another scheme, are no numbers of this community."""
    redraw = coded(read("A A", "P Q"), [1])
    used = {GB15.format(NEXT_DOOR, 40), f"{SHUNGENG}-050", SHUNGENG + "06A", "7", ""}
    assert renumber(redraw.diff(), ever_used=used, rules=Rules()) == (SHUNGENG + "001", SHUNGENG + "002")


def test_a_grid_that_changes_community_changes_its_code():
    """A code begins with its community, so a grid handed over gets a number there, and its old one stays retired."""
    redraw = coded(read("A B", "P Q"), [1, 2], communities=[SHUNGENG, NEXT_DOOR])
    assert renumber(redraw.diff(), ever_used={NEXT_DOOR + "009"}, rules=Rules()) == (SHUNGENG + "001", NEXT_DOOR + "010")


def test_a_code_that_is_none_is_replaced():
    """Grids that were drawn by hand and named at will get codes; one that has a code already keeps it."""
    redraw = coded(read("A B C", "P Q R"), ["Herr Li's", SHUNGENG + "002", SHUNGENG + "000"])
    assert numbers(redraw) == {"P": 3, "Q": 2, "R": 4}


def test_dedicated_grids_have_a_series_of_their_own_where_the_rules_say_so():
    """A grid that becomes dedicated leaves the residential series; each series goes on after its own highest."""
    redraw = coded(read("A B C c", "P q r R", "50 50 50 0"), [1, 2, 3, 801])
    assert numbers(redraw) == {"P": 1, "R": 801, "q": 2, "r": 3}
    assert numbers(redraw, dedicated_from=801) == {"P": 1, "R": 4, "q": 802, "r": 803}
    assert numbers(redraw, dedicated_from=801, ever=[9, 900]) == {"P": 1, "R": 10, "q": 901, "r": 902}


def test_local_codes_go_on_too():
    """A community that is no Chinese one has a hyphen before the number; its code may itself end in digits."""
    redraw = coded(read("A A B", "P Q R"), ["BS-01-004", "BS-01-002"], community="BS-01")
    assert renumber(redraw.diff(), ever_used={"BS-01-007", "BS-010", "BS-01999"}, rules=Rules()) == (
        "BS-01-004",
        "BS-01-008",
        "BS-01-002",
    )


def test_a_community_without_numbers_is_named():
    """After number 999 nothing can be numbered, and the message says where; nothing new needs no number."""
    redraw = coded(read("A A", "P Q"), [1])
    with pytest.raises(SequenceExhausted, match=f"{SHUNGENG} .* from 001 to 999"):
        numbers(redraw, ever=[999])
    with pytest.raises(SequenceExhausted, match=f"{SHUNGENG} .* from 001 to 800"):
        numbers(redraw, ever=[800], dedicated_from=801)
    assert numbers(redraw, ever=[998]) == {"P": 1, "Q": 999}
    assert numbers(coded(read("A A", "P P"), [1]), ever=[999]) == {"P": 1}


@MANY
@given(redraws())
def test_a_first_plan_is_numbered_as_ever(redraw):
    """A community without a past gets the codes that `number` gives it."""
    net = redraw.new
    nothing = GridNet(key=(), community=(), polygon=redraw.old.polygon[:0], dedicated=redraw.old.dedicated[:0])
    found = diff(nothing, net, households=redraw.households, in_old=np.full_like(redraw.in_new, -1), in_new=redraw.in_new)
    codes = np.array(renumber(found, rules=Rules(dedicated_from=801)))
    for community in set(net.community):
        some = np.array([own == community for own in net.community])
        xy = shapely.get_coordinates(shapely.centroid(net.polygon[some]))
        expected = number(community, xy, dedicated=net.dedicated[some], rules=Rules(dedicated_from=801))
        assert codes[some].tolist() == list(expected)


@MANY
@given(redraws())
def test_no_code_ever_means_two_grids(redraw):
    """Codes are distinct; one that was used before stays with the grid that continues its own, and none comes back."""
    old = tuple(LOCAL.format(own, k + 1) for k, own in enumerate(redraw.old.community))
    retired = {LOCAL.format(own, 30) for own in ("A", "B")}
    changed = replace(redraw, old=replace(redraw.old, key=old))
    found = changed.diff()
    codes = renumber(found, ever_used=retired, rules=Rules())
    assert max(Counter(codes).values(), default=1) == 1
    assert not retired & set(codes)
    for code, own, before in zip(codes, redraw.new.community, found.continued.tolist(), strict=True):
        assert code.startswith(own)
        assert (code in old) == (before >= 0 and redraw.old.community[before] == own)
        assert code not in old or code == old[before]


def test_haikou_keeps_what_goes_on():
    """617 grids keep their codes, 56 get new ones after the highest of their community, 6 are retired."""
    town = haikou()
    found = diff(town.old, town.new, households=town.households.households, in_old=town.in_old, in_new=town.in_new)
    codes = renumber(found, rules=Rules())
    fresh = set(codes) - set(town.old.key)
    assert (len(set(codes)), len(fresh), len(set(town.old.key) - set(codes))) == (673, 56, 6)
    highest = {community: max(k for k in town.old.key if k.startswith(community)) for community in town.communities.code}
    assert all(code > highest[code[:12]] for code in fresh)
