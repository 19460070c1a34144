"""Which of many sites are opened, and which grids each serves, so that people walk least: the p-median.

The model is that of ReVelle and Swain (1970): one choice for each pair of a grid and a site near enough to matter. A station
stands in the area that it serves, and its area hangs together: whenever a part of an answer is cut off from its station, the
model learns that some neighbour of the part has to be served from there as well, and is solved again. That is exact: no
connected answer is lost. Where the model would be too large, sites are exchanged one by one from the best that a
Lagrangian relaxation suggests, whose value bounds every answer (Cornuejols, Fisher and Nemhauser 1977).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import highspy
import numpy as np
from scipy.sparse import csc_array

from partition.search.cover import Status, quiet_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_MOST_PAIRS = 30_000
"""Pairs of a grid and a site that the exact model may have."""
_PAIRS_OF_SHARE = 6
"""Of how many sites a grid may choose, in shares of the grids that one station serves."""
_FEWEST_PAIRS = 20
_MOST_NODES = 1
_TINY = 1e-6
_TURNS = 400
_PATIENCE = 15
_PENALTY = 2.0
"""What a site that may not serve a grid costs, in prices of the dearest that may."""
_CLOSE = 1e-4
"""Share of its price within which HiGHS calls an answer the best."""


@dataclass(frozen=True, slots=True)
class Median:
    """Which site (n,) serves each grid, the price of that, and a bound below the price of any answer."""

    status: Status
    site: NDArray[np.int64]
    price: float
    bound: float


def median(
    price: NDArray[np.float64],
    *,
    home: NDArray[np.int64],
    near: Sequence[NDArray[np.int64]],
    count: int,
    fixed: NDArray[np.bool_],
) -> Median:
    """Open `count` sites and give each grid to one of them, at the least price.

    Parameters
    ----------
    price
        (n, m) what it costs to serve a grid from a site; infinite where that may not be.
    home
        (m,) the grid that each site lies in; a site that is opened serves it.
    near
        For each grid its neighbours; all grids are joined by them.
    count
        How many sites are opened, those of `fixed` among them.
    fixed
        (m,) sites that are open whatever they cost.
    """
    n, m = price.shape
    wanted = min(m, max(_FEWEST_PAIRS, _PAIRS_OF_SHARE * n // count))
    if np.minimum(np.isfinite(price).sum(axis=1), wanted).sum() <= _MOST_PAIRS:
        return _exact(price, home, near, count, fixed, wanted)
    bound, opened = _relaxed(price, count, fixed)
    opened = _exchange(price, opened, fixed)
    settled = _exact(price[:, opened], home[opened], near, count, np.ones(count, dtype=bool), min(count, _FEWEST_PAIRS))
    if settled.status is Status.IMPOSSIBLE:
        return Median(Status.UNKNOWN, settled.site, settled.price, bound)
    near_enough = settled.price - bound <= _CLOSE * settled.price
    return Median(Status.OPTIMAL if near_enough else Status.BOUNDED, opened[settled.site], settled.price, bound)


def fewest(may: NDArray[np.bool_], fixed: NDArray[np.bool_]) -> tuple[int, int]:
    """Return how many open sites are enough for each grid to have one that may (n, m) serve it, and how many are needed."""
    n, m = may.shape
    model = quiet_model()
    if may.sum() > _MOST_PAIRS:
        model.setOptionValue("mip_max_nodes", _MOST_NODES)
    column = csc_array(may.astype(np.float64))
    _load(model, column, cost=np.ones(m), low=fixed.astype(np.float64), row_low=np.ones(n), row_high=np.full(n, np.inf))
    model.run()
    told = model.getInfo()
    return round(told.objective_function_value), math.ceil(told.mip_dual_bound - _TINY)


# --- the exact model ------------------------------------------------------------------------------------------------------


def _exact(
    price: NDArray[np.float64],
    home: NDArray[np.int64],
    near: Sequence[NDArray[np.int64]],
    count: int,
    fixed: NDArray[np.bool_],
    wanted: int,
) -> Median:
    """Solve the model over the `wanted` cheapest sites of each grid, over more if some grid would rather have another."""
    n, m = price.shape
    while True:
        model = _Model(price, home, count, fixed, wanted)
        site = model.solve()
        while site is not None and (cuts := list(_cut_off(site, home, near))):
            for part, around, away in cuts:
                model.hold(part, around, away)
            site = model.solve()
        if site is not None:
            return Median(Status.OPTIMAL, site, float(price[np.arange(n), site].sum()), model.bound)
        if wanted >= m:
            return Median(Status.IMPOSSIBLE, np.full(n, -1), np.inf, np.inf)
        wanted = min(m, 2 * wanted)


class _Model:
    """One choice for each grid and each of its cheapest sites, and one for its being served by none of them."""

    def __init__(
        self, price: NDArray[np.float64], home: NDArray[np.int64], count: int, fixed: NDArray[np.bool_], wanted: int
    ) -> None:
        n, m = price.shape
        order = np.argsort(price, axis=1, kind="stable")
        chosen = np.zeros((n, m), dtype=bool)
        np.put_along_axis(chosen, order[:, :wanted], values=True, axis=1)
        chosen &= np.isfinite(price)
        chosen[home, np.arange(m)] = True
        self.grid, self.site = np.nonzero(chosen)
        self.number = np.full((n, m), -1)
        self.number[self.grid, self.site] = pair = np.arange(len(self.grid))
        left_out = price.copy()
        left_out[chosen] = np.inf
        beyond = left_out.min(axis=1)
        # Where there is no other site, none is dearer than all of them together.
        dear = float(price[np.isfinite(price)].sum()) + 1.0
        cost = np.concatenate([price[self.grid, self.site], np.where(np.isfinite(beyond), beyond, dear)])
        opened = self.number[home, np.arange(m)]
        away = self.grid != home[self.site]
        rows = np.arange(int(away.sum()))
        entry = [
            (self.grid, pair, np.ones(len(pair))),
            (np.arange(n), len(pair) + np.arange(n), np.ones(n)),
            (n + rows, pair[away], np.ones(len(rows))),
            (n + rows, opened[self.site[away]], -np.ones(len(rows))),
            (np.full(m, n + len(rows)), opened, np.ones(m)),
        ]
        row, column, value = (np.concatenate(part) for part in zip(*entry, strict=True))
        height, width = n + len(rows) + 1, len(pair) + n
        low = np.zeros(width)
        low[opened[fixed]] = 1.0
        self.model = quiet_model()
        _load(
            self.model,
            csc_array((value, (row, column)), shape=(height, width)),
            cost=cost,
            low=low,
            row_low=np.concatenate([np.ones(n), np.full(len(rows), -np.inf), [count]]),
            row_high=np.concatenate([np.ones(n), np.zeros(len(rows)), [count]]),
        )
        self.bound = -np.inf

    def solve(self) -> NDArray[np.int64] | None:
        """Return the site of each grid, or None where a grid would rather be served by a site that is not in the model."""
        self.model.run()
        if self.model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        self.bound = float(self.model.getInfo().mip_dual_bound)
        taken = np.asarray(self.model.getSolution().col_value)[: len(self.grid)] > 0.5  # noqa: PLR2004 - a choice is 0 or 1
        site = np.full(len(self.number), -1)
        site[self.grid[taken]] = self.site[taken]
        return None if (site < 0).any() else site

    def hold(self, part: NDArray[np.int64], around: NDArray[np.int64], site: int) -> None:
        """Have a site serve no grid of a part unless it serves one of those around the part."""
        through = self.number[around, site]
        through = through[through >= 0]
        for pair in self.number[part, site].tolist():
            index = np.array([pair, *through.tolist()], dtype=np.int32)
            value = np.concatenate([[1.0], -np.ones(len(through))])
            self.model.addRow(-highspy.kHighsInf, 0.0, len(index), index, value)


def _load(
    model: highspy.Highs,
    matrix: csc_array,
    *,
    cost: NDArray[np.float64],
    low: NDArray[np.float64],
    row_low: NDArray[np.float64],
    row_high: NDArray[np.float64],
) -> None:
    """Hand a model of 0–1 choices over."""
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = len(row_low), len(cost)
    program.col_cost_, program.col_lower_, program.col_upper_ = cost, low, np.ones(len(cost))
    program.row_lower_, program.row_upper_ = row_low, row_high
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.asarray(matrix.indptr, dtype=np.int32)
    program.a_matrix_.index_ = np.asarray(matrix.indices, dtype=np.int32)
    program.a_matrix_.value_ = np.asarray(matrix.data, dtype=np.float64)
    program.integrality_ = [highspy.HighsVarType.kInteger] * len(cost)
    model.passModel(program)


def _cut_off(
    site: NDArray[np.int64], home: NDArray[np.int64], near: Sequence[NDArray[np.int64]]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], int]]:
    """Yield each part of an area that does not hang together with its station: the part, its neighbours, the site."""
    seen = np.zeros(len(site), dtype=bool)
    for each in np.unique(site).tolist():
        seen[_walk_from(int(home[each]), site, near)] = True
    for first in range(len(site)):
        if not seen[first]:
            part = _walk_from(first, site, near)
            seen[part] = True
            around = np.unique(np.concatenate([near[grid] for grid in part]))
            yield np.array(part), np.setdiff1d(around, part), int(site[first])


def _walk_from(first: int, site: NDArray[np.int64], near: Sequence[NDArray[np.int64]]) -> list[int]:
    """Return the grids that are reached from one through neighbours that the same site serves."""
    found, front = {first}, [first]
    while front:
        for grid in near[front.pop()].tolist():
            if site[grid] == site[first] and grid not in found:
                found.add(grid)
                front.append(grid)
    return sorted(found)


# --- where that is too large ----------------------------------------------------------------------------------------------


def _relaxed(price: NDArray[np.float64], count: int, fixed: NDArray[np.bool_]) -> tuple[float, NDArray[np.int64]]:
    """Return a bound below every answer, and the best sites that were met on the way to it.

    Each grid offers what it would pay; a site is worth what the grids that it saves something would have paid more. The
    offers move to where each grid is served once (a subgradient).
    """
    price = _finite(price)
    offer = np.sort(price, axis=1)[:, min(price.shape[1] - 1, max(1, len(price) // count))]
    bound, at, step, idle = -np.inf, offer, 1.0, 0
    best, opened = np.inf, np.flatnonzero(fixed)
    for _ in range(_TURNS):
        worth = np.minimum(0.0, price - offer[:, None]).sum(axis=0)
        rank = np.where(fixed, -np.inf, worth)
        tried = np.argsort(rank, kind="stable")[:count]
        value = float(offer.sum() + worth[tried].sum())
        paid = float(price[:, tried].min(axis=1).sum())
        if paid < best:
            best, opened = paid, tried
        if value > bound:
            bound, at, idle = value, offer, 0
        else:
            idle += 1
        if idle >= _PATIENCE:
            step, idle, offer = step * 0.6, 0, at
            continue
        astray = 1 - (price[:, tried] < offer[:, None]).sum(axis=1)
        if not astray.any():
            break
        offer = offer + step * (1.01 * best - value) / float(astray @ astray) * astray
    return bound, np.sort(opened)


def _exchange(price: NDArray[np.float64], opened: NDArray[np.int64], fixed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Close one site for another as long as that is cheaper (Teitz and Bart 1968), the greatest saving first."""
    price = _finite(price)
    opened = opened.copy()
    while True:
        here = price[:, opened]
        rank = np.argsort(here, axis=1, kind="stable")[:, :2]
        first = np.take_along_axis(here, rank[:, :1], 1)
        # Where one alone is open, nobody has another.
        second = np.take_along_axis(here, rank[:, 1:], 1) if len(opened) > 1 else np.inf
        saved = np.maximum(0.0, first - price).sum(axis=0)
        lost = np.zeros((len(opened), price.shape[1]))
        np.add.at(lost, rank[:, 0], np.maximum(0.0, np.minimum(second, price) - first))
        change = lost - saved
        change[:, opened] = np.inf
        change[fixed[opened]] = np.inf
        out, into = np.unravel_index(int(change.argmin()), change.shape)
        if change[out, into] >= -1e-9 * float(first.sum()):
            return np.sort(opened)
        opened[out] = into


def _finite(price: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return prices of which none is infinite: a bound for these holds for those. Dearer, and the offers would find no rest."""
    dearest = np.where(np.isfinite(price), price, 0.0).max(axis=1, keepdims=True)
    return np.where(np.isfinite(price), price, _PENALTY * dearest)
