"""A panel of figures: the counts of a window, by area, grid or kind, with the figures of calls and of work time where wanted.

Rows add up to the total: what lies in no row stands in `elsewhere`. This is the part that asks the store.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from api.stats.calls import called, tally
from api.stats.catalogue import CALLS, HOURS
from api.stats.metric import decimal, document, hours_tenths, nearest_rank
from api.stats.worked import handle_seconds
from data.store import stats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

    from api.loop.calendar import Calendar
    from api.stats.calls import Called
    from api.stats.metric import Metric
    from data.store.stats import Window

LEVELS = ("district", "street", "community")
"""Levels of areas that figures are told apart by."""
BY = (*LEVELS, *stats.ATTRIBUTES)
"""Everything that figures are told apart by."""
PERCENTILES = (50, 90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Counts of one area, grid or kind; `seconds` (n,) are the work times of what was closed, None where not asked for."""

    code: str
    name: str | None
    counts: Mapping[str, int]
    seconds: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Figures of a window. `elsewhere` is what lies in no row, `is_fallback` says that the calendar did not know a year."""

    total: Row
    rows: tuple[Row, ...]
    elsewhere: Row
    is_fallback: bool = False


@dataclass(slots=True)
class _Sum:
    """What is added up for one row."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(stats.COUNTS, 0))
    seconds: list[NDArray[np.int64]] = field(default_factory=list["NDArray[np.int64]"])
    calls: list[Called] = field(default_factory=list["Called"])

    def add(self, other: _Sum) -> None:
        """Add another's."""
        for name, count in other.counts.items():
            self.counts[name] += count
        self.seconds += other.seconds
        self.calls += other.calls


def panel(conn: connection, window: Window, by: str, metrics: Sequence[Metric], *, day: date, calendar: Calendar) -> Panel:
    """Return the figures of a window as of a day, told apart by an area level or an attribute (`BY`)."""
    wanted = {metric.id for metric in metrics}
    sums, is_fallback = _gathered(conn, window, by, wanted, calendar)
    split = _split(conn, window, by, day)
    rows, elsewhere, total = {code: _Sum() for code in split.there}, _Sum(), _Sum()
    for found, own in sums.items():
        total.add(own)
        child = split.child(found)
        if child is None:
            elsewhere.add(own)
        else:
            rows.setdefault(child, _Sum()).add(own)

    def row(code: str, name: str | None, own: _Sum) -> Row:
        counts = dict(own.counts)
        if wanted & CALLS:
            counts |= tally(own.calls, since=window.since, until=window.until, at=window.moment)
        seconds = None
        if wanted & HOURS:
            seconds = np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *own.seconds]))
            counts |= {"handled": len(seconds), "handle_seconds": int(seconds.sum())}
        return Row(code=code, name=name, counts=counts, seconds=seconds)

    return Panel(
        total=row("", None, total),
        rows=tuple(row(code, split.names.get(code), own) for code, own in sorted(rows.items())),
        elsewhere=row("", None, elsewhere),
        is_fallback=is_fallback,
    )


def _gathered(
    conn: connection, window: Window, by: str, wanted: set[str], calendar: Calendar
) -> tuple[Mapping[str | None, _Sum], bool]:
    """Return what there is, by what cases are told apart by in the store, and whether the calendar did not know a year."""
    key = "area" if by in LEVELS else by
    sums: dict[str | None, _Sum] = defaultdict(_Sum)
    if wanted - CALLS - HOURS:
        for found, counts in stats.tallies(conn, window, key).items():
            sums[found].counts = counts
    is_fallback = False
    if wanted & HOURS:
        handled, paused = stats.handled(conn, window, key)
        pauses = stats.pauses(conn, paused) if paused else []
        for found, cases in handled.items():
            seconds, unknown = handle_seconds(cases, pauses, calendar)
            sums[found].seconds.append(seconds)
            is_fallback |= unknown
    if wanted & CALLS:
        for each in called(stats.call_records(conn, window, key)):
            # What a department is called for is its own, whatever department the case is another's of.
            sums[each.org if by == "department" else each.key].calls.append(each)
    return sums, is_fallback


def shown(row: Row, metrics: Sequence[Metric]) -> dict[str, Any]:
    """Return the figures of a row as the answer shows them, by id."""
    figures = {metric.id: document(metric, row.counts) for metric in metrics}
    if row.seconds is not None:
        for metric in HOURS & figures.keys():
            figures[metric] |= {f"p{percent}": _hours(row.seconds, percent) for percent in PERCENTILES}
    return figures


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    """How cases fall into rows: `there` are rows that are shown even where nothing lies in them."""

    there: Sequence[str]
    names: Mapping[str, str]
    codes: Mapping[str, str] | None = None
    """Of areas: the code by the id that stands in a path."""

    def child(self, key: str | None) -> str | None:
        """Return the row that a case falls into; None: into none."""
        if self.codes is None:
            return key
        return next((self.codes[label] for label in (key or "").split(".") if label in self.codes), None)


def _split(conn: connection, window: Window, by: str, day: date) -> _Split:
    if by in LEVELS:
        areas = stats.areas_of(conn, by, window.area, day)
        return _Split(
            there=[code for _, code, _, lives in areas if lives],
            names={code: name for _, code, name, _ in areas},
            codes={label: code for label, code, _, _ in areas},
        )
    grids = stats.grids_of(conn, window.area, day) if by == "grid" and window.grid is None else []
    return _Split(there=[code for code, _ in grids], names=dict(grids))


def _hours(seconds: NDArray[np.int64], percent: int) -> float | None:
    found = nearest_rank(seconds.tolist(), percent)
    return None if found is None else decimal(hours_tenths(found))
