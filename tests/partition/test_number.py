"""Grid numbers: raster order, series, codes never used again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import RulesError, SequenceExhausted
from partition.number import number, raster_order
from partition.rules import Rules

SHUNGENG = "370103016001"

POINTS = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1, max_size=30, unique=True)


def numbers(xy, *, dedicated=(), community=SHUNGENG, taken=frozenset(), **rules):
    """Give the last three digits of the codes of grids at `xy`."""
    mask = np.isin(np.arange(len(xy)), list(dedicated))
    codes = number(community, np.array(xy, dtype=float), dedicated=mask, rules=Rules(**rules), taken=taken)
    assert all(code.startswith(community) for code in codes)
    return [int(code[-3:]) for code in codes]


def test_numbers_run_from_west_to_east_in_bands_from_north_to_south():
    """In a band of 100 m the west comes first, however far north the others lie."""
    xy = [(500, 150), (100, 110), (300, 199), (200, 250), (50, 99), (10, 0)]
    assert numbers(xy) == [4, 2, 3, 1, 6, 5]


def test_a_lower_band_tells_north_from_south_more_finely():
    """The band comes from the rules."""
    xy = [(100, 110), (300, 190)]
    assert numbers(xy) == [1, 2]
    assert numbers(xy, band_m=50.0) == [2, 1]


def test_grids_on_one_key_are_told_apart_by_north_then_by_place():
    """Two grids straight above each other: the northern first; in one point: as they come."""
    assert numbers([(10, 20), (10, 30), (10, 30)]) == [3, 1, 2]


def test_noise_below_a_centimetre_changes_nothing():
    """Centroids that differ in the last bits count as equal."""
    noise = 1e-7
    assert numbers([(10 + noise, 200 - noise), (10, 250), (20, 200)]) == [2, 1, 3]


def test_bands_reach_below_zero():
    """A frame's origin may lie inside the town."""
    assert numbers([(0, -1), (0, 1), (-5, -101)]) == [2, 1, 3]


def test_dedicated_grids_are_numbered_with_the_others_unless_they_have_a_series():
    """`dedicated_from` 0 makes one series, 801 two."""
    xy = [(0, 0), (1, 0), (2, 0), (3, 0)]
    assert numbers(xy, dedicated=(0, 2)) == [1, 2, 3, 4]
    assert numbers(xy, dedicated=(0, 2), dedicated_from=801) == [801, 1, 802, 2]


def test_codes_ever_used_are_passed_over():
    """Reserved and retired codes are given to nobody, in either series."""
    xy = [(0, 0), (1, 0), (2, 0)]
    taken = [SHUNGENG + "001", SHUNGENG + "003", SHUNGENG + "801"]
    assert numbers(xy, taken=taken) == [2, 4, 5]
    assert numbers(xy, dedicated=(1,), dedicated_from=801, taken=taken) == [2, 802, 4]


def test_a_series_that_is_full_is_an_error():
    """801 residential grids do not fit below number 801."""
    xy = [(x, 0) for x in range(801)]
    assert max(numbers(xy)) == 801
    with pytest.raises(SequenceExhausted, match="from 001 to 800"):
        numbers(xy, dedicated_from=801)
    with pytest.raises(SequenceExhausted, match="from 801 to 999"):
        numbers(xy[:200], dedicated=range(200), dedicated_from=801)
    with pytest.raises(SequenceExhausted, match="from 001 to 999"):
        numbers([(x, 0) for x in range(1000)])


@pytest.mark.parametrize("rules", [{"dedicated_from": -1}, {"dedicated_from": 1000}, {"band_m": 0.0}, {"band_m": -5.0}])
def test_rules_that_leave_no_numbers_or_no_bands_are_refused(rules):
    """A series must begin within the scheme, a band must have height."""
    with pytest.raises(RulesError):
        numbers([(0, 0)], **rules)


def test_a_community_of_another_kind_of_code_gets_local_numbers():
    """Codes that are not of 12 digits are followed by a hyphen and the number."""
    codes = number("BS-01", np.array([(5.0, 0.0), (0.0, 0.0)]), dedicated=np.zeros(2, dtype=bool), rules=Rules())
    assert codes == ("BS-01-002", "BS-01-001")


def test_no_grids_get_no_numbers():
    """An empty community is no error."""
    assert number(SHUNGENG, np.zeros((0, 2)), dedicated=np.zeros(0, dtype=bool), rules=Rules()) == ()


@given(POINTS, st.randoms(use_true_random=False))
def test_the_number_of_a_place_does_not_depend_on_the_order_of_the_grids(points, random):
    """Shuffled grids keep their numbers, and each number from 1 on is given once."""
    shuffled = random.sample(points, len(points))
    first = dict(zip(points, numbers(points), strict=True))
    assert dict(zip(shuffled, numbers(shuffled), strict=True)) == first
    assert sorted(first.values()) == list(range(1, len(points) + 1))


@given(POINTS)
def test_raster_order_is_sorted_by_its_key(points):
    """The sort key is (−floor(y / band), x)."""
    xy = np.array(points, dtype=float)
    ordered = xy[raster_order(xy, 100.0)].tolist()
    keys = [(-(y // 100), x) for x, y in ordered]
    assert keys == sorted(keys)
