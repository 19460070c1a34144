"""One unit made better from where it stands: the same grids in better lines, and few households in another one.

The walk is that of `polish`, with a price on every household that leaves its grid. It starts from the draft as it was mended,
from the unit divided anew, and from the exact core's choice among connected sets that know what leaving costs; their grids take
the names of those they share most with. Grids are given up, or made of what was in others, only where more of them come into
the band by it; land that was in none may have grids of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from partition.search.absorb import absorb
from partition.search.coarsen import pieces
from partition.search.cover import cover
from partition.search.enumerate import connected_sets
from partition.search.parts import parts_of
from partition.search.polish import plan_price, polish
from partition.search.price import band_miss, enough
from partition.search.solve import LEVELS, assignment, divide_unit
from partition.search.unit import contract, part_of, price_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from partition.rules import Rules
    from partition.search.enumerate import Columns
    from partition.search.unit import Unit

WALKS = ((200, 0.0), (500, 1.0), (1_000, 12.0))
"""Walks from each start: moves tried per block, and the heat at the start, points."""
BACK = 300
"""Moves tried per block on the way back from the unit divided anew to the grids that were there."""
ROUNDS = 6
"""How often a grid out of the band may be given up or parted, one after the other."""
TIE = 1e-4
"""Points for a household that moves where moving is free: of two plans of one price the quieter is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A unit to improve.

    `grid` (n,) is the grid of each block, 0 … k-1, connected each; below 0 the blocks that need one. `home` (n,) is the grid
    that each block's households are in now, 0 … k-1, or below 0. `stays` are prices of a household that leaves it, points.
    """

    unit: Unit
    rules: Rules
    grid: NDArray[np.int64]
    home: NDArray[np.int64]
    stays: tuple[float, ...]
    seed: int


def improve(case: Case) -> tuple[NDArray[np.int64], ...]:
    """Return for each of `stays` the best assignment found; grids from k on are new, those that are missing are gone.

    Every block has a grid and every grid is connected.
    """
    found = _Found(case)
    anew = _named(case, divide_unit(case.unit, case.rules, seed=case.seed).grid)
    for start in _starts(case, found.price):
        found.add(start)
        for stay in case.stays:
            for steps, heat in WALKS:
                found.walk(start, stay, steps=steps, heat=heat)
    for made in (anew, *_covers(case, found.price)):
        found.add(made)
        for stay in case.stays:
            found.walk(made, stay, steps=BACK, heat=0.0)
            found.walk(made, stay, steps=BACK, heat=1.0)
    for stay in case.stays:
        _change_count(found, stay)
    return tuple(found.best(stay) for stay in case.stays)


class _Found:
    """All assignments met so far, and which is best at a price for those who move."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.price = price_list(case.rules)
        self.count = int(max(case.grid.max(initial=-1), case.home.max(initial=-1))) + 1
        self.known: list[tuple[NDArray[np.int64], tuple[int, int, float, float]]] = []

    def add(self, grid: NDArray[np.int64]) -> None:
        """Take an assignment in; its labels are those of the case."""
        if not any(np.array_equal(grid, other) for other, _ in self.known):
            self.known.append((grid, self._worth(grid)))

    def walk(self, start: NDArray[np.int64], stay: float, *, steps: int, heat: float) -> None:
        """Take in the best assignment met on a walk from `start`."""
        label, local = np.unique(start, return_inverse=True)
        place = np.full(max(self.count, int(label.max()) + 1), -1)
        place[label] = np.arange(len(label))
        # A grid that is not on the walk is a home that nobody can go back to.
        home = np.where(self.case.home >= 0, np.append(place, -1)[self.case.home], -1)
        better, _ = polish(
            self.case.unit, self.price, local, seed=self.case.seed, steps=steps * len(local), heat=heat, home=home, stay=stay
        )
        self.add(label[better])

    def best(self, stay: float) -> NDArray[np.int64]:
        """Return the best: fewest out of the band, then fewest grids come and gone, then the price with that of moving."""
        keyed = ((out, changed, price + max(stay, TIE) * moved, moved) for _, (out, changed, price, moved) in self.known)
        return self.known[min((key, index) for index, key in enumerate(keyed))[1]][0]

    def out_of_band(self, grid: NDArray[np.int64]) -> list[tuple[int, int, int]]:
        """Return the grids out of the band, smallest first: households, persons, label."""
        unit, price = self.case.unit, self.price
        households = np.bincount(grid, weights=unit.households).astype(np.int64).tolist()
        persons = np.bincount(grid, weights=unit.persons).astype(np.int64).tolist()
        there = np.unique(grid).tolist()
        return sorted((households[g], persons[g], g) for g in there if band_miss(price, households[g], persons[g]) > 0.0)

    def _worth(self, grid: NDArray[np.int64]) -> tuple[int, int, float, float]:
        case = self.case
        label, local = np.unique(grid, return_inverse=True)
        moved = float(case.unit.households[(case.home >= 0) & (grid != case.home)].sum())
        return len(self.out_of_band(grid)), self._changed(label, grid), plan_price(case.unit, self.price, local), moved

    def _changed(self, label: NDArray[np.int64], grid: NDArray[np.int64]) -> int:
        """Count the grids that are gone, and those that are new where most had a grid: land that had none may have its own."""
        case = self.case
        there = np.unique(case.grid[case.grid >= 0])
        gone = len(np.setdiff1d(there, label))
        weight = case.unit.households + case.unit.area_m2 / (1.0 + case.unit.area_m2.sum())
        settled = np.bincount(grid, weights=np.where(case.home >= 0, weight, 0.0))
        new = np.setdiff1d(label, there)
        return gone + int((2.0 * settled[new] > np.bincount(grid, weights=weight)[new]).sum())


def _starts(case: Case, price: NDArray[np.float64]) -> Iterator[NDArray[np.int64]]:
    """Yield mended drafts: what needs a grid joins those beside it, or has grids of its own where it can fill them."""
    joined = absorb(case.unit, price, case.grid)
    if (joined >= 0).all():
        yield joined
    own = case.grid.copy()
    for chosen in _loose_parts(case):
        unit = part_of(case.unit, chosen)
        if enough(price, int(unit.households.sum()), int(unit.persons.sum())):
            grid = divide_unit(unit, case.rules, seed=case.seed).grid
            own[chosen] = int(max(own.max(), case.home.max())) + 1 + grid
    own = absorb(case.unit, price, own)
    if not np.array_equal(own, joined) and (own >= 0).all():
        yield own


def _covers(case: Case, price: NDArray[np.float64]) -> Iterator[NDArray[np.int64]]:
    """Yield the exact core's choice for each price of leaving that is above nothing.

    It is made of the coarsest pieces with a solution, none of which reaches over the line of a grid that is there, so that
    everybody may stay.
    """
    unit, dear = case.unit, [stay for stay in case.stays if stay > 0.0]
    for whole, share in LEVELS:
        most = int(share * case.rules.target)
        label = _within_homes(unit, pieces(unit, price, whole=whole, most=most, share_out=most > 0), case.home)
        coarse = contract(unit, label)
        columns = connected_sets(coarse, price)
        if not columns.complete:
            continue
        away = _away(columns, label, case)
        found = [cover(replace(columns, price=columns.price + stay * away), len(coarse)) for stay in dear]
        if all(len(one.chosen) for one in found):
            for one in found:
                grid = assignment(columns, one.chosen, len(coarse))
                yield _named(case, grid[label])
            return


def _within_homes(unit: Unit, label: NDArray[np.int64], home: NDArray[np.int64]) -> NDArray[np.int64]:
    """Part pieces where the homes of their blocks change, and where they do not hang together any more."""
    row = np.repeat(np.arange(len(unit)), np.diff(unit.start))
    same = unit.near & (label[row] == label[unit.neighbour]) & (home[row] == home[unit.neighbour])
    return parts_of(len(unit), row[same], unit.neighbour[same])


def _away(columns: Columns, label: NDArray[np.int64], case: Case) -> NDArray[np.float64]:
    """Return for each set how many of its households would leave their grids if it took the name of most of them."""
    settled = np.where(case.home >= 0, case.unit.households, 0)
    total = np.zeros(len(columns))
    most = np.zeros(len(columns))
    for home in np.unique(case.home[case.home >= 0]).tolist():
        of_piece = np.bincount(label, weights=np.where(case.home == home, settled, 0))
        held = np.add.reduceat(of_piece[columns.member], columns.start[:-1])
        total += held
        most = np.maximum(most, held)
    return total - most


def _loose_parts(case: Case) -> list[NDArray[np.int64]]:
    """Return the blocks of each connected part that needs a grid."""
    unit, loose = case.unit, case.grid < 0
    row = np.repeat(np.arange(len(unit)), np.diff(unit.start))
    used = unit.near & loose[row] & loose[unit.neighbour]
    part = parts_of(len(unit), row[used], unit.neighbour[used])
    return [np.flatnonzero(loose & (part == label)) for label in np.unique(part[loose])]


def _named(case: Case, grid: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the grids of a division the names of those they share most households with; the others get new ones."""
    # The pieces of a grid count with it, but not those of a grid that has its main one in another unit.
    home = np.where(np.isin(case.home, case.grid[case.grid >= 0]), case.home, -1)
    count, known = int(grid.max()) + 1, int(max(case.grid.max(initial=-1), case.home.max(initial=-1))) + 1
    kept = home >= 0
    shared = np.zeros((count, known + 1))
    # Land without households decides where no household does.
    weight = case.unit.households + case.unit.area_m2 / (1.0 + case.unit.area_m2.sum())
    np.add.at(shared, (grid[kept], home[kept]), weight[kept])
    name = np.full(count, -1, dtype=np.int64)
    for row, column in zip(*linear_sum_assignment(-shared), strict=True):
        if shared[row, column] > 0.0:
            name[row] = column
    name[name < 0] = known + np.arange(int((name < 0).sum()))
    return name[grid]


def _change_count(found: _Found, stay: float) -> None:
    """Give up or part grids that stay out of the band, while that brings more of them into it."""
    for _ in range(ROUNDS):
        best = found.best(stay)
        out = found.out_of_band(best)
        for changed in _others(found, best, [label for _, _, label in out]):
            found.walk(changed, stay, steps=WALKS[1][0], heat=WALKS[1][1])
        if len(found.out_of_band(found.best(stay))) >= len(out):
            return


def _others(found: _Found, grid: NDArray[np.int64], out: Sequence[int]) -> Iterator[NDArray[np.int64]]:
    """Yield assignments with one grid less, the smallest out of the band, or with the largest one parted."""
    case = found.case
    if not out:
        return
    without = absorb(case.unit, found.price, np.where(grid == out[0], -1, grid))
    if (without >= 0).all():
        yield without
    chosen = np.flatnonzero(grid == out[-1])
    parts = divide_unit(part_of(case.unit, chosen), case.rules, seed=case.seed).grid
    if parts.max() > 0:
        parted = grid.copy()
        most = int(np.bincount(parts, weights=case.unit.households[chosen]).argmax())
        new = int(max(grid.max(), found.count - 1)) + 1
        parted[chosen] = np.where(parts == most, out[-1], new + parts)
        yield parted
