"""Small counts: what is hidden, and that nobody can work it out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from partition.suppress import suppressed, suppressed_levels

K = 10
FEWER = settings(max_examples=60, deadline=None, derandomize=True)
MANY = settings(max_examples=300, deadline=None, derandomize=True)

COUNTS = st.one_of(st.integers(0, 3), st.integers(0, 30), st.sampled_from([0, 1, 9, 10, 400]))


@st.composite
def trees(draw, *, least=0):
    """Draw counts of a lowest level and one to three levels above, the highest of which may have several areas."""
    sizes = [draw(st.integers(1, 12))]
    for _ in range(draw(st.integers(1, 3))):
        sizes.append(draw(st.integers(1, sizes[-1])))
    parents = [
        np.array([*range(above), *(draw(st.integers(0, above - 1)) for _ in range(below - above))])
        for below, above in itertools.pairwise(sizes)
    ]
    counts = draw(st.lists(COUNTS.filter(lambda count: count == 0 or count >= least), min_size=sizes[0], max_size=sizes[0]))
    return np.array(counts), parents


def totals(counts, parents):
    levels = [counts]
    for parent in parents:
        levels.append(np.bincount(parent, weights=levels[-1], minlength=int(parent.max()) + 1).astype(int))
    return levels


def equations(parents, sizes):
    """Return the matrix of all sums: each total less what is below it is 0; one column a count, the lowest level first."""
    offset = np.r_[0, np.cumsum(sizes)]
    rows = []
    for level, parent in enumerate(parents):
        for area in range(sizes[level + 1]):
            row = np.zeros(offset[-1])
            row[offset[level] + np.flatnonzero(parent == area)] = 1
            row[offset[level + 1] + area] = -1
            rows.append(row)
    return np.array(rows)


def recovered(counts, parents, masks):
    """Attack: return the hidden counts that the published ones determine by linear algebra."""
    levels = totals(counts, parents)
    hidden = np.concatenate(masks)
    matrix = equations(parents, [len(level) for level in levels])[:, hidden]
    _, values, base = np.linalg.svd(matrix)
    free = base[int((values > 1e-9).sum()) :]
    return np.flatnonzero(np.abs(free).max(axis=0, initial=0.0) < 1e-9).tolist()


@MANY
@given(trees())
def test_differencing_recovers_no_hidden_count(tree):
    """Whoever solves all published sums of all levels together determines none of the hidden counts."""
    counts, parents = tree
    assert recovered(counts, parents, suppressed_levels(counts, parents)) == []


def test_the_attack_works():
    """The attack finds what is hidden badly: alone in its group, or alone below a total that its own neighbours give away."""
    counts, parents = np.array([3, 20, 40, 30]), [np.array([0, 0, 1, 1]), np.array([0, 0])]
    alone = (np.array([True, False, False, False]), np.zeros(2, bool), np.zeros(1, bool))
    assert recovered(counts, parents, alone) == [0]
    below_hidden = (np.array([True, False, False, False]), np.array([True, True]), np.zeros(1, bool))
    assert recovered(counts, parents, below_hidden) == [0, 1, 2]


@MANY
@given(trees())
def test_every_small_count_is_hidden_and_no_zero(tree):
    """On every level counts from 1 to k − 1 are hidden, and zeros are shown."""
    counts, parents = tree
    for count, mask in zip(totals(counts, parents), suppressed_levels(counts, parents), strict=True):
        assert mask[(count > 0) & (count < K)].all()
        assert not mask[count == 0].any()


@MANY
@given(trees(least=K))
def test_where_nothing_is_small_nothing_is_hidden(tree):
    """Without small counts everything is published."""
    counts, parents = tree
    assert not any(mask.any() for mask in suppressed_levels(counts, parents))


@FEWER
@given(trees())
def test_knowing_that_nobody_hides_a_zero_does_not_help(tree):
    """With all published sums, and at least 1 for each hidden count, every hidden count may still be two numbers."""
    counts, parents = tree
    levels, masks = totals(counts, parents), suppressed_levels(counts, parents)
    hidden, flat = np.concatenate(masks), np.concatenate(levels)
    if not hidden.any():
        return
    matrix = equations(parents, [len(level) for level in levels])
    known = -matrix[:, ~hidden] @ flat[~hidden]
    # Hidden totals have no bound but that of what lies below them; the sum of the highest level is not published.
    for cell in range(int(hidden.sum())):
        way = np.zeros(int(hidden.sum()))
        way[cell] = 1
        ends = []
        for sign in (1, -1):
            # Above a billion is as good as anything.
            solved = linprog(sign * way, A_eq=matrix[:, hidden], b_eq=known, bounds=(1, 1e9))
            assert solved.success
            ends.append(solved.x[cell])
        assert ends[1] - ends[0] >= 1 - 1e-6


@MANY
@given(trees())
def test_what_is_hidden_below_a_shown_total_is_large_together(tree):
    """A shown total less the shown counts below it is 0, or k or more and more than as many ones."""
    counts, parents = tree
    levels, masks = totals(counts, parents), suppressed_levels(counts, parents)
    for level, parent in enumerate(parents):
        for area in np.flatnonzero(~masks[level + 1]):
            hidden = levels[level][masks[level] & (parent == area)]
            assert len(hidden) == 0 or (len(hidden) > 1 and hidden.sum() >= K and hidden.sum() > len(hidden))


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ([3, 20, 40], [0, 1]),  # alone: the smallest shown joins it
        ([3, 4, 20, 40], [0, 1, 2]),  # two, but 7 together
        ([6, 4, 20, 40], [0, 1]),  # two, 10 together
        ([3, 0, 20, 20], [0, 2]),  # no zero helps, and of equal ones the first does
        ([*[1] * 10, 50], [*range(11)]),  # 10 of ten can only be ones
        ([20, 40, 0], []),
        ([], []),
    ],
)
def test_one_group(counts, hidden):
    """The smallest shown count that is not zero joins hidden ones that are alone, few, or give themselves away."""
    assert np.flatnonzero(suppressed(np.array(counts, dtype=int), np.zeros(len(counts), dtype=int))).tolist() == hidden


def test_groups_do_not_mix():
    """A group where nothing is small shows everything, whatever its neighbour hides; the rows may stand in any order."""
    groups = np.array([1, 0, 1, 0, 1])
    assert suppressed(np.array([5, 20, 30, 40, 60]), groups).tolist() == [True, False, True, False, False]
    assert suppressed(np.array([5, 20, 30, 40, 60]), groups, k=5).tolist() == [False] * 5


def test_a_total_that_is_hidden_is_not_given_away_from_below():
    """A street's small community takes another with it, and that one hides a grid, or its grids would add up to it."""
    counts, community = np.array([3, 50, 60, 70, 80]), np.array([0, 1, 1, 2, 2])
    grids, communities, street = suppressed_levels(counts, [community, np.zeros(3, dtype=int)])
    assert grids.tolist() == [True, True, False, False, False]
    assert communities.tolist() == [True, True, False]
    assert street.tolist() == [False]


def test_a_total_of_ones_is_hidden():
    """Ten grids with one household each: their total of 10 would say that each has one."""
    community = np.array([0] * 10 + [1, 1])
    grids, communities, _ = suppressed_levels(np.array([1] * 10 + [50, 60]), [community, np.zeros(2, dtype=int)])
    assert grids.tolist() == [True] * 11 + [False]
    assert communities.tolist() == [True, True]


@pytest.mark.parametrize("k", [0, 2])
def test_a_threshold_that_hides_only_ones_is_refused(k):
    """Below 3 a hidden count can only be 1."""
    with pytest.raises(ValueError, match="at least 3"):
        suppressed(np.array([1, 5]), np.array([0, 0]), k=k)


def test_nothing_to_publish():
    """No areas at all are no fault."""
    none = np.zeros(0, dtype=int)
    assert [mask.tolist() for mask in suppressed_levels(none, [none, none])] == [[], [], []]
