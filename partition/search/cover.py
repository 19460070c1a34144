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

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.search.enumerate import Columns

_LEFT_OUT = 10_000.0
"""Price of leaving a piece uncovered: dearer than any plan."""
_TINY = 1e-6
_SEED_COLUMNS = 20
_BATCH = 400
_FIRST_GAP = 0.5
_MOST_INTEGER_COLUMNS = 40_000
_MOST_NODES = 4_000


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
        return Cover(Status.IMPOSSIBLE, np.array([], dtype=np.int64), np.inf, np.inf, np.arange(count))
    relaxed = _Relaxation(columns, count)
    bound, reduced, left_out = relaxed.solve()
    if left_out.max(initial=0.0) > _TINY:
        short = np.flatnonzero(left_out > _TINY)
        proven = phase_one_gap(columns, count) > _TINY
        return Cover(Status.IMPOSSIBLE if proven else Status.UNKNOWN, short[:0], np.inf, np.inf, short)
    return _integer(columns, count, bound, reduced)


def phase_one_gap(columns: Columns, count: int) -> float:
    """Return how many pieces (fractionally) no choice of the columns can cover; above zero it proves that none exists."""
    free = type(columns)(columns.start, columns.member, np.zeros(len(columns)), columns.complete)
    bound, _, _ = _Relaxation(free, count, left_out=1.0).solve()
    return bound


class _Relaxation:
    """The linear model over a growing set of columns."""

    def __init__(self, columns: Columns, count: int, *, left_out: float = _LEFT_OUT) -> None:
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
    """Find the best whole choice, widening the set of columns until the proof holds."""
    gap = _FIRST_GAP
    start = None
    widest = float(reduced.max()) + 1.0
    while True:
        order = np.flatnonzero(reduced <= gap)
        cut_short = len(order) > _MOST_INTEGER_COLUMNS
        if cut_short:
            order = np.sort(np.argsort(reduced, kind="stable")[:_MOST_INTEGER_COLUMNS])
        chosen, ended = _solve_integer(columns, count, order, start)
        if chosen is None:
            if gap >= widest and not cut_short:
                status = Status.IMPOSSIBLE if ended else Status.UNKNOWN
                return Cover(status, np.array([], dtype=np.int64), np.inf, np.inf, np.array([], dtype=np.int64))
            if cut_short:
                return Cover(Status.UNKNOWN, np.array([], dtype=np.int64), np.inf, bound, np.array([], dtype=np.int64))
            gap *= 2.0
            continue
        price = float(columns.price[chosen].sum())
        proven = ended and (price - bound <= gap + _TINY) and not cut_short
        if proven or cut_short or not ended:
            status = Status.OPTIMAL if proven else Status.BOUNDED
            return Cover(status, chosen, price, price if proven else bound, np.array([], dtype=np.int64))
        gap, start = price - bound + _TINY, chosen


def _solve_integer(
    columns: Columns, count: int, order: NDArray[np.int64], start: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64] | None, bool]:
    """Return the best whole choice among the columns `order` (or none) and whether the search came to its end."""
    model = quiet_model()
    one = np.ones(count)
    model.addRows(count, one, one, 0, np.zeros(count, np.int32), np.zeros(0, np.int32), np.zeros(0))
    add_columns(model, columns, order)
    model.changeColsIntegrality(
        len(order), np.arange(len(order), dtype=np.int32), np.full(len(order), highspy.HighsVarType.kInteger)
    )
    model.setOptionValue("mip_max_nodes", _MOST_NODES)
    model.setOptionValue("mip_rel_gap", 0.0)
    model.setOptionValue("mip_abs_gap", _TINY)
    if start is not None:
        value = np.zeros(len(order))
        value[np.searchsorted(order, start)] = 1.0
        model.setSolution(len(order), np.arange(len(order), dtype=np.int32), value)
    model.run()
    status = model.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None, True
    value = np.asarray(model.getSolution().col_value)
    whole = np.flatnonzero(value > 0.5)
    covered = np.bincount(
        np.concatenate([columns.member[columns.start[j] : columns.start[j + 1]] for j in order[whole]])
        if len(whole)
        else np.array([], dtype=np.int64),
        minlength=count,
    )
    ended = status == highspy.HighsModelStatus.kOptimal
    return (order[whole], ended) if (covered == 1).all() else (None, ended)


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
