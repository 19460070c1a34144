"""Early warnings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.stats.heaps import heaps, near_heaps

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def case(number: int, hours: float, grid: str = "g", category: str = "noise") -> tuple[str, str, datetime, str]:
    return grid, category, START + hours * HOUR, f"n{number}"


def test_one_heap_is_one_warning() -> None:
    """Six cases within a day, of five that it takes, are one warning with all six, and not two or six."""
    (found,) = heaps([case(k, 4 * k) for k in range(6)], least=5, within=24 * HOUR)
    assert (found.grid, found.category, len(found.numbers)) == ("g", "noise", 6)
    assert (found.since, found.until) == (START, START + 20 * HOUR)


def test_four_of_five_are_none() -> None:
    """Fewer cases than it takes, or as many over a longer time, warn of nothing; a window is half-open."""
    assert heaps([case(k, k) for k in range(4)], least=5, within=24 * HOUR) == ()
    assert heaps([case(0, 0), case(1, 24)], least=2, within=24 * HOUR) == ()
    assert len(heaps([case(0, 0), case(1, 23.9)], least=2, within=24 * HOUR)) == 1


def test_grids_and_categories_do_not_mix() -> None:
    """Cases of two grids, or of two categories, never make a warning together; two heaps apart are two."""
    mixed = [case(1, 0, "a"), case(2, 1, "a", "water"), case(3, 0, "b")]
    assert heaps(mixed, least=2, within=24 * HOUR) == ()
    apart = [case(k, 100 * (k // 3) + k) for k in range(6)]
    assert [each.numbers for each in heaps(apart, least=3, within=10 * HOUR)] == [("n0", "n1", "n2"), ("n3", "n4", "n5")]


@given(st.lists(st.integers(0, 300), max_size=40), st.integers(2, 6), st.integers(1, 60))
def test_who_is_in_a_heap(hours: list[int], least: int, within: int) -> None:
    """Exactly those cases stand in a warning that lie in some full window, each in one, and each warning has enough of them."""
    cases = [case(number, hour) for number, hour in enumerate(sorted(hours))]
    found = heaps(cases, least=least, within=within * HOUR)
    full = {
        each[3]
        for first in cases
        if len(window := [c for c in cases if first[2] <= c[2] < first[2] + within * HOUR]) >= least
        for each in window
    }
    listed = [number for heap in found for number in heap.numbers]
    assert len(listed) == len(set(listed))
    assert set(listed) == full
    assert all(len(heap.numbers) >= least for heap in found)


M = 1 / 111_195
"""A metre along a meridian, in degrees."""


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=25),
    st.integers(2, 5),
    st.integers(1, 30),
    st.integers(5, 40),
)
def test_who_is_in_a_heap_of_near_cases(places: list[tuple[int, int]], least: int, within: int, metres: int) -> None:
    """Those cases stand in a warning, each in one, that lie in a full window around one; windows that share a case are one."""
    cases = [(None, "noise", START + hour * HOUR, f"n{n}", 117.0, 36.0 + y * M) for n, (hour, y) in enumerate(sorted(places))]
    found = near_heaps(cases, least=least, within=within * HOUR, metres=metres + 0.5)
    windows = []
    for middle in cases:
        for first in cases:
            end = first[2] + within * HOUR
            window = {c[3] for c in cases if first[2] <= c[2] < end and abs(c[5] - middle[5]) / M <= metres + 0.25}
            if first[2] <= middle[2] < end and len(window) >= least:
                windows.append(window)
    listed = [number for heap in found for number in heap.numbers]
    assert len(listed) == len(set(listed))
    assert set(listed) == set().union(*windows)
    heap_of = {number: k for k, heap in enumerate(found) for number in heap.numbers}
    assert all(len({heap_of[number] for number in window}) == 1 for window in windows)
    for heap in found:
        # None falls apart: its windows hang together.
        mine = [window for window in windows if window <= set(heap.numbers)]
        joined = set(mine[0])
        while more := [window for window in mine if window & joined and not window <= joined]:
            joined |= set().union(*more)
        assert joined == set(heap.numbers)


def test_a_heap_of_one_grid_has_that_grid() -> None:
    """Near cases of one grid have its code, those of several none; a case of another category is not among them."""
    near = [("g", "noise", START, "n1", 117.0, 36.0), ("g", "noise", START + HOUR, "n2", 117.0, 36.0 + 10 * M)]
    (one,) = near_heaps(near, least=2, within=2 * HOUR, metres=11)
    assert (one.grid, one.numbers) == ("g", ("n1", "n2"))
    (one,) = near_heaps([near[0], ("h", *near[1][1:])], least=2, within=2 * HOUR, metres=11)
    assert one.grid is None
    assert near_heaps(near, least=2, within=HOUR, metres=11) == near_heaps(near, least=2, within=2 * HOUR, metres=9) == ()
    assert near_heaps([near[0], ("g", "water", *near[1][2:])], least=2, within=2 * HOUR, metres=11) == ()
