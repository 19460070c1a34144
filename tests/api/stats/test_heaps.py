"""Early warnings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.stats.heaps import heaps

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
