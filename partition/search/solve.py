"""One unit divided: the exact core on larger pieces first, finer where the band asks for it, then polished on blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from partition.search.coarsen import pieces
from partition.search.cover import Status, cover
from partition.search.enumerate import connected_sets
from partition.search.polish import plan_price, polish
from partition.search.price import band_miss, too_big
from partition.search.unit import contract, price_list
from partition.units import totals_possible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from partition.rules import Rules
    from partition.search.enumerate import Columns
    from partition.search.unit import Unit

LEVELS = ((True, 0.16), (True, 0.30), (False, 0.35), (False, 0.24), (False, 0.20), (False, 0.16), (False, 0.0))
"""How fine the pieces are, from coarse to single blocks: are compounds kept whole, and the most households of a piece
made of loose blocks, as a share of the target."""
LAST_CHANCE = 1_500_000
"""The most sets where only single blocks or finer pieces than a fifth of the target are left to try."""
POLISH_STEPS = 300
"""Moves tried per block after the exact core."""
SEARCH_STEPS = 6_000
"""Moves tried per block where the exact core found nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """How a unit was divided.

    `grid` (n,) the grid of each block, 0 … k-1. `status` is how the exact core ended; `bound` a lower bound on the price of
    any plan made of the same `pieces` many pieces, or `-inf`; `score` the price of this plan, points; it may lie below the
    bound, since polishing also moves what lies inside the pieces. `impossible_for`
    counts the pieces of the finest complete model that was proven to have no solution, or 0; its `granularity` is the most
    households that such a piece of several buildings holds.
    """

    grid: NDArray[np.int64]
    status: Status
    score: float
    bound: float
    pieces: int
    columns: int
    compounds_whole: bool
    impossible_for: int
    granularity: int
    whole_impossible_for: int = 0
    """Pieces of the finest complete model with whole compounds that has no solution, or 0: why compounds are cut."""


def divide_unit(unit: Unit, rules: Rules, *, seed: int) -> Division:
    """Divide one unit."""
    price = price_list(rules)
    if len(unit) == 1 or _one_grid(unit, price):
        return _alone(unit, price)
    impossible_for, granularity, whole_impossible_for = 0, 0, 0
    for whole, share in () if _hopeless(unit, rules, price) else LEVELS:
        most = int(share * rules.target)
        label = pieces(unit, price, whole=whole, most=most, share_out=most > 0)
        coarse = contract(unit, label)
        last = not whole and most <= rules.target // 5
        columns = connected_sets(coarse, price, most=LAST_CHANCE if last else None)
        if not columns.complete:
            continue
        found = cover(columns, len(coarse))
        if found.status in {Status.OPTIMAL, Status.BOUNDED}:
            grid = assignment(columns, found.chosen, len(coarse))[label]
            # What the pieces hide inside is the same in every plan made of them.
            offset = plan_price(unit, price, grid) - found.price
            better, score = polish(unit, price, grid, seed=seed, steps=POLISH_STEPS * len(unit), heat=0.1)
            return Division(
                grid=better,
                status=found.status,
                score=score,
                bound=found.bound + offset,
                pieces=len(coarse),
                columns=len(columns),
                compounds_whole=whole,
                impossible_for=impossible_for,
                granularity=granularity,
                whole_impossible_for=whole_impossible_for,
            )
        if found.status is Status.IMPOSSIBLE:
            impossible_for, granularity = len(coarse), most
            whole_impossible_for = len(coarse) if whole else whole_impossible_for
    grid, score = _search(unit, price, rules, seed)
    return Division(
        grid=grid,
        status=Status.UNKNOWN,
        score=score,
        bound=-np.inf,
        pieces=len(unit),
        columns=0,
        compounds_whole=False,
        impossible_for=impossible_for,
        granularity=granularity,
        whole_impossible_for=whole_impossible_for,
    )


def _one_grid(unit: Unit, price: NDArray[np.float64]) -> bool:
    """Say whether the whole unit is too small for two grids by its totals."""
    households, persons = int(unit.households.sum()), int(unit.persons.sum())
    return not too_big(price, households, persons) and band_miss(price, households // 2, persons // 2) > 0.0


def _hopeless(unit: Unit, rules: Rules, price: NDArray[np.float64]) -> bool:
    """Say whether the totals alone rule out every plan, so that only the nearest to the band is to be looked for."""
    giant = any(too_big(price, h, p) for h, p in zip(unit.households.tolist(), unit.persons.tolist(), strict=True))
    return not giant and not totals_possible(rules, float(unit.households.sum()), float(unit.persons.sum()))


def _alone(unit: Unit, price: NDArray[np.float64]) -> Division:
    grid = np.zeros(len(unit), dtype=np.int64)
    score = plan_price(unit, price, grid)
    return Division(
        grid=grid,
        status=Status.OPTIMAL,
        score=score,
        bound=score,
        pieces=1,
        columns=1,
        compounds_whole=True,
        impossible_for=0,
        granularity=0,
    )


def assignment(columns: Columns, chosen: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return for each of `count` pieces which of the `chosen` columns holds it, counted from 0."""
    grid = np.full(count, -1, dtype=np.int64)
    for index, column in enumerate(chosen.tolist()):
        grid[columns.member[columns.start[column] : columns.start[column + 1]]] = index
    return grid


def _search(unit: Unit, price: NDArray[np.float64], rules: Rules, seed: int) -> tuple[NDArray[np.int64], float]:
    """Divide by local search alone: the best of several numbers of grids, each from a rough division."""
    best: tuple[NDArray[np.int64], float] | None = None
    for attempt, start in enumerate(_rough(unit, price, rules)):
        found = polish(unit, price, start, seed=seed + attempt, steps=SEARCH_STEPS * len(unit), heat=20.0)
        found = polish(unit, price, found[0], seed=seed + attempt, steps=SEARCH_STEPS * len(unit) // 4, heat=0.5)
        if best is None or found[1] < best[1] - 1e-9:
            best = found
    assert best is not None  # noqa: S101 - `_rough` always gives at least one
    return best


def _rough(unit: Unit, price: NDArray[np.float64], rules: Rules) -> Iterator[NDArray[np.int64]]:
    """Yield rough divisions into numbers of grids near what the totals ask for.

    Blocks are joined up to different sizes; then the smallest piece joins its smallest neighbour until the number is right.
    """
    by_persons = rules.measure == "persons"
    total = int((unit.persons if by_persons else unit.households).sum())
    wanted = max(1, round(total / (rules.target_persons if by_persons else rules.target)))
    for share in (1.0, 0.8):
        for count in sorted({wanted, max(1, wanted - 1), wanted + 1}):
            yield _merged(unit, pieces(unit, price, whole=share == 1.0, most=int(share * rules.target)), count)


def _merged(unit: Unit, label: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Join the smallest piece with its smallest neighbour until at most `count` are left, or none touches another."""
    while int(label.max()) + 1 > count:
        coarse = contract(unit, label)
        for small in np.argsort(coarse.households, kind="stable").tolist():
            row = slice(coarse.start[small], coarse.start[small + 1])
            near = coarse.neighbour[row][coarse.near[row]]
            if len(near):
                into = int(near[np.argmin(coarse.households[near])])
                label = np.where(label == small, into, label)
                label = np.unique(label, return_inverse=True)[1]
                break
        else:
            return label
    return label
