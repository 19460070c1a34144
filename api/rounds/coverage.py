"""Coverage: how many of those that there are were reached. Nothing to reach is no rate, neither 0 % nor 100 %."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from api.stats.metric import decimal, percent_tenths
from partition.suppress import suppressed_levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


def percent(reached: int, there: int) -> float | None:
    """Return a rate in per cent with one decimal, halves rounded up; None where there is nothing to reach."""
    tenths = percent_tenths(reached, there)
    return None if tenths is None else decimal(tenths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was counted in a grid or in all of an area: household points, households, and households in the grid's group."""

    points: int = 0
    visited: int = 0
    households: int = 0
    in_group: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            points=self.points + other.points,
            visited=self.visited + other.visited,
            households=self.households + other.households,
            in_group=self.in_group + other.in_group,
        )


def sums_up(of_path: Iterable[tuple[str, Tally]], top: str = "") -> dict[str, Tally]:
    """Return the tallies of every area at or above some paths, down from `top`: what lies in an area is counted in it once.

    '' is everything there is; it stands in the answer where `top` does not name an area.
    """
    found: dict[str, Tally] = {top: Tally()}
    for path, tally in of_path:
        labels = path.split(".")
        least = len(top.split(".")) if top else 0
        for n in range(least, len(labels) + 1):
            area = ".".join(labels[:n])
            found[area] = found.get(area, Tally()) + tally
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCount:
    """How many of a key group there are in a grid, and how many of them were visited in the month; None: not told."""

    grid: str
    path: str
    total: int | None
    visited: int | None


def told(counts: Sequence[GroupCount], k: int) -> tuple[tuple[GroupCount, ...], dict[str, tuple[int | None, int | None]]]:
    """Return counts of one group and one month as they may be told, and the sums of every area above them by path.

    Counts below k are hidden, and with them what would tell them (partition/suppress.py). How many were visited is hidden
    wherever that is small, or where the count itself is.
    """
    if not counts:
        return (), {}
    paths = [each.path for each in counts]
    chain = [sorted(set(paths))]
    while chain[-1] != [""]:
        chain.append(sorted({_above(path) for path in chain[-1]}))
    parents = [_index(paths, chain[0])]
    parents += [_index([_above(path) for path in level], above) for level, above in pairwise(chain)]
    levels = {
        name: _levels(np.array([getattr(each, name) or 0 for each in counts], dtype=np.int64), parents)
        for name in ("total", "visited")
    }
    hidden_total = suppressed_levels(levels["total"][0], parents, k=k)
    hidden_visited = tuple(
        one | other for one, other in zip(suppressed_levels(levels["visited"][0], parents, k=k), hidden_total, strict=True)
    )
    shown = [
        [(None if t else int(total), None if v else int(visited)) for total, visited, t, v in zip(*level, strict=True)]
        for level in zip(levels["total"], levels["visited"], hidden_total, hidden_visited, strict=True)
    ]
    grids = tuple(
        GroupCount(grid=each.grid, path=each.path, total=total, visited=visited)
        for each, (total, visited) in zip(counts, shown[0], strict=True)
    )
    sums = {path: pair for level, pairs in zip(chain, shown[1:], strict=True) for path, pair in zip(level, pairs, strict=True)}
    return grids, sums


def told_reach(counts: Sequence[tuple[int, int]], k: int | None) -> tuple[list[int | None], int | None]:
    """Return how many of the households of each grid are reached, and of all, as they may be told; None: not told.

    `counts` are, for each grid, the households there and those reached. How many live there is known, so that who is reached
    tells who is not: a count is hidden where either is below k, and with it what would tell it. Without k all is told.
    """
    reached = [each for _, each in counts]
    if k is None or not counts:
        return list(reached), sum(reached)
    alone = np.zeros(len(counts), dtype=np.int64)
    tables = (reached, [there - each for there, each in counts])
    hidden = [suppressed_levels(np.array(table, dtype=np.int64), [alone], k=k) for table in tables]
    each_hidden, whole_hidden = hidden[0][0] | hidden[1][0], bool(hidden[0][1].any() or hidden[1][1].any())
    told = [None if is_hidden else each for each, is_hidden in zip(reached, each_hidden.tolist(), strict=True)]
    return told, None if whole_hidden else sum(reached)


def _above(path: str) -> str:
    return path.rpartition(".")[0]


def _index(values: Sequence[str], among: Sequence[str]) -> NDArray[np.int64]:
    """Return where each value stands among others."""
    place = {value: n for n, value in enumerate(among)}
    return np.array([place[value] for value in values], dtype=np.int64)


def _levels(counts: NDArray[np.int64], parents: Sequence[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """Return the counts of every level, the lowest first."""
    found = [counts]
    for parent in parents:
        above = np.zeros(int(parent.max()) + 1, dtype=np.int64)
        np.add.at(above, parent, found[-1])
        found.append(above)
    return found
