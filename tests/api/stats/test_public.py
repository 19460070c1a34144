"""What everybody is told of a month: that no hidden count follows from what is told."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from api.stats.public import LEVELS, Told, told

K = 10
COUNT = st.one_of(st.integers(1, 3), st.integers(1, 30), st.sampled_from([1, 9, 10, 400]))


@st.composite
def places(draw):
    """Draw counts of communities, and of what lies in a street, a district, or nowhere; the tree may lack a city."""
    found = {}
    top = ["city=C"] if draw(st.booleans()) else []
    for district in range(draw(st.integers(1, 2))):
        for street in range(draw(st.integers(1, 3))):
            for community in range(draw(st.integers(0, 4))):
                codes = (
                    *top,
                    f"district=D{district}",
                    f"street=S{district}{street}",
                    f"community=Q{district}{street}{community}",
                )
                found[codes] = draw(COUNT)
            if draw(st.booleans()):
                found[*top, f"district=D{district}", f"street=S{district}{street}"] = draw(COUNT)
        if draw(st.booleans()):
            found[*top, f"district=D{district}"] = draw(COUNT)
    if draw(st.booleans()):
        found[()] = draw(COUNT)
    return found


def recovered(counts, rows, total):
    """Attack: return the hidden counts that follow from the told ones; every leaf is unknown, also those nobody is told of."""
    leaves = list(counts)
    cells = {(row.level, row.code): row.received for row in rows}
    equations, right = [], []
    for (level, code), received in cells.items():
        if received is not None:
            equations.append([float(f"{level}={code}" in leaf) for leaf in leaves])
            right.append(received)
    if total is not None:
        equations.append([1.0] * len(leaves))
        right.append(total)
    hidden = [cell for cell, received in cells.items() if received is None]
    if not equations:
        return []
    matrix = np.array(equations)
    rank = np.linalg.matrix_rank(matrix)
    # A hidden count is known where its sum over leaves is a combination of the sums that are told.
    return [
        (level, code)
        for level, code in hidden
        if np.linalg.matrix_rank(np.vstack([matrix, [float(f"{level}={code}" in leaf) for leaf in leaves]])) == rank
    ]


@settings(max_examples=300, derandomize=True)
@given(places())
def test_no_hidden_count_follows_from_what_is_told(counts) -> None:
    """Whoever solves everything that is told of a month determines no hidden count, in towns with and without a city."""
    rows, total = told(counts.items(), k=K)
    assert recovered(counts, rows, total) == []


@settings(max_examples=200, derandomize=True)
@given(places())
def test_what_is_told_is_right_and_not_small(counts) -> None:
    """Every count that is told is the true sum, and k or more; every area with a report is listed once."""
    rows, total = told(counts.items(), k=K)
    for row in rows:
        true = sum(count for leaf, count in counts.items() if f"{row.level}={row.code}" in leaf)
        assert row.received in {None, true}
        assert row.received is None or true >= K
    listed = [f"{row.level}={row.code}" for row in rows]
    assert len(listed) == len(set(listed))
    assert set(listed) == {code for leaf in counts for code in leaf}
    assert total in {None, sum(counts.values())}
    assert {row.level for row in rows} <= set(LEVELS)


def test_the_attack_works() -> None:
    """The attack finds a small count that is hidden alone beside its street's total."""
    counts = {("district=D", "street=S", "community=A"): 3, ("district=D", "street=S", "community=B"): 40}
    rows = [Told("community", "A", None), Told("community", "B", 40), Told("street", "S", 43)]
    assert recovered(counts, rows, None) == [("community", "A")]


def test_nothing_is_told_of_nothing() -> None:
    """A month without reports is no fault."""
    assert told([], k=K) == ((), 0)
