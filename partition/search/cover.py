"""The best choice of sets that covers every piece exactly once: set partitioning with HiGHS, with its bound.

The linear relaxation is solved over a growing part of the columns until no column left outside could lower it: its value
then bounds every plan that the columns can make. Columns whose reduced cost exceeds the gap between the best plan known and
the bound are in no better plan, so the integer model that remains is small.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import highspy
import numpy as np

from partition.search.exact_cover import least_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.search.enumerate import Columns

_LEFT_OUT = 10.0
"""Price of leaving a piece uncovered, in prices of the dearest set."""
_TINY = 1e-6
_SEED_COLUMNS = 20
_BATCH = 400
_FIRST_GAP = 0.25
_MOST_STEPS = 40_000_000
_NONE = np.array([], dtype=np.int64)
_MOST_INTEGER_COLUMNS = 2_000
_MOST_NODES = 60
_NEAR_ENOUGH = 0.002
"""Share of its price within which a plan may miss the best; the bound says how near it is."""


class Status(StrEnum):
    """How a cover ended."""

    OPTIMAL = "optimal"
    BOUNDED = "bounded"
    """A plan and a bound, not proven to meet."""
    IMPOSSIBLE = "impossible"
    """No choice of these columns covers every piece once."""
    UNKNOWN = "unknown"
    """Neither a plan nor a proof that there is none."""


@dataclass(frozen=True, slots=True)
class Cover:
    """A choice of columns (indices), its price and the lower bound on any choice, points.

    `uncovered` are pieces at the root of an impossibility: those that the relaxation cannot cover, where it says so.
    """

    status: Status
    chosen: NDArray[np.int64]
    price: float
    bound: float
    uncovered: NDArray[np.int64]


def cover(columns: Columns, count: int) -> Cover:
    """Choose columns so that each of `count` pieces is in exactly one, at the least price."""
    if not len(columns):
        return Cover(Status.IMPOSSIBLE, _NONE, np.inf, np.inf, np.arange(count))
    relaxed = _Relaxation(columns, count)
    bound, reduced, left_out = relaxed.solve()
    if left_out.max(initial=0.0) > _TINY:
        short = np.flatnonzero(left_out > _TINY)
        proven = phase_one_gap(columns, count) > _TINY
        return Cover(Status.IMPOSSIBLE if proven else Status.UNKNOWN, _NONE, np.inf, np.inf, short)
    return _integer(columns, count, bound, reduced)


def phase_one_gap(columns: Columns, count: int) -> float:
    """Return how many pieces (fractionally) no choice of the columns can cover; above zero it proves that none exists."""
    free = type(columns)(columns.start, columns.member, np.zeros(len(columns)), columns.complete)
    bound, _, _ = _Relaxation(free, count, left_out=1.0).solve()
    return bound


class _Relaxation:
    """The linear model over a growing set of columns."""

    def __init__(self, columns: Columns, count: int, *, left_out: float | None = None) -> None:
        if left_out is None:
            left_out = _LEFT_OUT * (1.0 + float(columns.price.max()))
        self.columns = columns
        self.count = count
        self.model = quiet_model()
        one = np.ones(count)
        self.model.addRows(count, one, one, 0, np.zeros(count, np.int32), np.zeros(0, np.int32), np.zeros(0))
        self.model.addCols(
            count,
            np.full(count, left_out),
            np.zeros(count),
            np.full(count, highspy.kHighsInf),
            count,
            np.arange(count, dtype=np.int32),
            np.arange(count, dtype=np.int32),
            one,
        )
        self.inside = np.zeros(len(columns), dtype=bool)
        self._add(_cheapest_of_each(columns))

    def _add(self, chosen: NDArray[np.int64]) -> None:
        self.inside[chosen] = True
        add_columns(self.model, self.columns, chosen)

    def solve(self) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Return the bound, the reduced cost of every column, and how much of each piece is left out."""
        while True:
            self.model.run()
            solution = self.model.getSolution()
            dual = np.asarray(solution.row_dual)
            reduced = self.columns.price - np.add.reduceat(dual[self.columns.member], self.columns.start[:-1])
            promising = np.flatnonzero((reduced < -_TINY) & ~self.inside)
            if not len(promising):
                left_out = np.asarray(solution.col_value)[: self.count]
                return float(self.model.getInfo().objective_function_value), reduced, left_out
            self._add(promising[np.argsort(reduced[promising], kind="stable")[:_BATCH]])


def _cheapest_of_each(columns: Columns) -> NDArray[np.int64]:
    """Return the cheapest few columns of each piece, once each."""
    column = np.repeat(np.arange(len(columns)), np.diff(columns.start))
    order = np.lexsort((column, columns.price[column], columns.member))
    piece = columns.member[order]
    rank = np.arange(len(order)) - np.searchsorted(piece, piece, side="left")
    return np.unique(column[order[rank < _SEED_COLUMNS]])


def _integer(columns: Columns, count: int, bound: float, reduced: NDArray[np.float64]) -> Cover:
    """Find the best whole choice: by its reduced costs where that ends, else by branch and bound."""
    budget, widest = _FIRST_GAP, float(reduced.max()) * count + 1.0
    start = None
    while start is None:
        start, ended = least_sum(columns.start, columns.member, reduced, count, budget=budget, most_steps=_MOST_STEPS)
        if start is not None and ended:
            price = float(columns.price[start].sum())
            return Cover(Status.OPTIMAL, start, price, price, _NONE)
        if ended and budget >= widest:
            return Cover(Status.IMPOSSIBLE, _NONE, np.inf, np.inf, _NONE)
        if not ended:
            break
        budget *= 2.0
    if start is not None:
        return Cover(Status.BOUNDED, start, float(columns.price[start].sum()), bound, _NONE)
    return _branch_and_bound(columns, count, bound, reduced, gap=budget)


def _branch_and_bound(columns: Columns, count: int, bound: float, reduced: NDArray[np.float64], *, gap: float) -> Cover:
    """Find a good whole choice with HiGHS among the most promising columns, widening them while there is none.

    Any choice with a column left out costs at least the bound and that column's reduced cost.
    """
    ranked = np.argsort(reduced, kind="stable")
    while True:
        order = np.sort(ranked[: min(int((reduced <= gap).sum()), _MOST_INTEGER_COLUMNS)])
        widest = len(order) in {len(columns), _MOST_INTEGER_COLUMNS}
        found = _solve_integer(columns, count, order)
        if found.chosen is not None:
            price = float(columns.price[found.chosen].sum())
            outside = bound + float(reduced[ranked[len(order)]]) if len(order) < len(columns) else np.inf
            lowest = min(price, max(bound, min(found.bound, outside)))
            status = Status.OPTIMAL if price - lowest <= _TINY else Status.BOUNDED
            return Cover(status, found.chosen, price, lowest, _NONE)
        if widest:
            impossible = found.ended and len(order) == len(columns)
            return Cover(Status.IMPOSSIBLE if impossible else Status.UNKNOWN, _NONE, np.inf, bound, _NONE)
        gap *= 2.0


@dataclass(frozen=True, slots=True)
class _Whole:
    """A whole choice among some columns, or none; whether the search came to its end; its bound over these columns."""

    chosen: NDArray[np.int64] | None
    ended: bool
    bound: float


def _solve_integer(columns: Columns, count: int, order: NDArray[np.int64]) -> _Whole:
    """Return the best whole choice among the columns `order`."""
    model = quiet_model()
    one = np.ones(count)
    model.addRows(count, one, one, 0, np.zeros(count, np.int32), np.zeros(0, np.int32), np.zeros(0))
    add_columns(model, columns, order)
    model.changeColsIntegrality(
        len(order), np.arange(len(order), dtype=np.int32), np.full(len(order), highspy.HighsVarType.kInteger)
    )
    model.setOptionValue("mip_max_nodes", _MOST_NODES)
    model.setOptionValue("mip_rel_gap", _NEAR_ENOUGH)
    model.setOptionValue("mip_abs_gap", _TINY)
    model.run()
    status = model.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return _Whole(None, ended=True, bound=np.inf)
    value = np.asarray(model.getSolution().col_value)
    if len(value) != len(order):
        return _Whole(None, ended=False, bound=-np.inf)
    whole = np.flatnonzero(np.rint(value) == 1)
    covered = np.bincount(
        np.concatenate([columns.member[columns.start[j] : columns.start[j + 1]] for j in order[whole]])
        if len(whole)
        else np.array([], dtype=np.int64),
        minlength=count,
    )
    ended = status == highspy.HighsModelStatus.kOptimal
    bound = float(model.getInfo().mip_dual_bound)
    return _Whole(order[whole] if (covered == 1).all() else None, ended, bound)


def quiet_model() -> highspy.Highs:
    """Return an empty model that prints nothing and runs on one thread, so that it always ends the same way."""
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)  # noqa: FBT003 - the library's own signature
    model.setOptionValue("threads", 1)
    model.setOptionValue("random_seed", 0)
    return model


def add_columns(model: highspy.Highs, columns: Columns, chosen: NDArray[np.int64]) -> None:
    """Add the `chosen` columns to `model`, each a 0–1 choice."""
    size = np.diff(columns.start)[chosen]
    start = np.zeros(len(chosen), dtype=np.int32)
    np.cumsum(size[:-1], out=start[1:])
    member = columns.member[np.repeat(columns.start[chosen] - start, size) + np.arange(int(size.sum()))]
    model.addCols(
        len(chosen),
        columns.price[chosen],
        np.zeros(len(chosen)),
        np.full(len(chosen), highspy.kHighsInf),
        len(member),
        start,
        member.astype(np.int32),
        np.ones(len(member)),
    )
