"""A panel of figures: the counts of a window, by area, grid or kind, with the figures of calls and of work time where wanted.

Rows add up to the total: what lies in no row stands in `elsewhere`. This is the part that asks the store.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from api.stats.calls import called, tally
from api.stats.catalogue import CALLS, HOURS, MEDIATIONS, SLOW
from api.stats.metric import decimal, document, hours_tenths, nearest_rank
from api.stats.worked import handle_seconds
from data.matter_file import BOARDS
from data.store import desk, matters, stats

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
BY = (*LEVELS, *stats.ATTRIBUTES, "board")
"""Everything that figures are told apart by."""
_KEYS = {"board": "matter"}
"""What the store tells cases apart by, where it is not called as what is asked for: a board has the matters that it has."""
PERCENTILES = (50, 90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Counts of one area, grid or kind; `seconds` are how long cases took (n,), in order, by the figure that tells of them."""

    code: str
    name: str | None
    counts: Mapping[str, int]
    seconds: Mapping[str, NDArray[np.int64]] = field(default_factory=dict[str, "NDArray[np.int64]"])


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

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*stats.COUNTS, "mediations", *MEDIATIONS), 0))
    seconds: defaultdict[str, list[NDArray[np.int64]]] = field(default_factory=lambda: defaultdict(list))
    calls: list[Called] = field(default_factory=list["Called"])

    def add(self, other: _Sum) -> None:
        """Add another's."""
        for name, count in other.counts.items():
            self.counts[name] += count
        for name, several in other.seconds.items():
            self.seconds[name] += several
        self.calls += other.calls


def panel(conn: connection, window: Window, by: str, metrics: Sequence[Metric], *, day: date, calendar: Calendar) -> Panel:
    """Return the figures of a window as of a day, told apart by an area level or an attribute (`BY`)."""
    wanted = {metric.id for metric in metrics}
    sums, is_fallback = _gathered(conn, window, by, wanted, calendar)
    split = _split(conn, window, by, day, found=sorted(key for key in sums if key))
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
        seconds: dict[str, NDArray[np.int64]] = {}
        for figure in HOURS & wanted:
            seconds[figure] = took = np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *own.seconds[figure]]))
            stem = figure.removesuffix("_hours")
            counts |= {f"{stem}_cases": len(took), f"{stem}_seconds": int(took.sum())}
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
    key = "area" if by in LEVELS else _KEYS.get(by, by)
    sums: dict[str | None, _Sum] = defaultdict(_Sum)
    if wanted - SLOW:
        for found, counts in stats.tallies(conn, window, key).items():
            sums[found].counts |= counts
    if "mediations" in wanted:
        for found, channel, times in stats.mediations(conn, window, key):
            sums[found].counts["mediations"] += times
            sums[found].counts[f"mediations_{channel}"] += times
    is_fallback = _timed(conn, window, key, wanted, calendar, sums)
    if wanted & CALLS:
        for each in called(stats.call_records(conn, window, key)):
            # What a department is called for is its own, whatever department the case is another's of.
            sums[each.org if by == "department" else each.key].calls.append(each)
    return sums, is_fallback


def _timed(  # noqa: PLR0917 - one call, in the order of the story
    conn: connection, window: Window, key: str, wanted: set[str], calendar: Calendar, sums: Mapping[str | None, _Sum]
) -> bool:
    """Add how long cases took; return whether the calendar did not know a year of any of them."""
    for name in ("detection_lag", "push_lag"):
        if f"{name}_hours" in wanted:
            for found, waits in stats.waited(conn, window, key, name).items():
                sums[found].seconds[f"{name}_hours"].append(waits)
    is_fallback = False
    if "avg_handle_hours" in wanted:
        handled, paused = stats.handled(conn, window, key)
        pauses = stats.pauses(conn, paused) if paused else []
        for found, cases in handled.items():
            seconds, unknown = handle_seconds(cases, pauses, calendar)
            sums[found].seconds["avg_handle_hours"].append(seconds)
            is_fallback |= unknown
    return is_fallback


def shown(row: Row, metrics: Sequence[Metric]) -> dict[str, Any]:
    """Return the figures of a row as the answer shows them, by id."""
    figures = {metric.id: document(metric, row.counts) for metric in metrics}
    for name, seconds in row.seconds.items():
        figures[name] |= {f"p{percent}": _hours(seconds, percent) for percent in PERCENTILES}
    return figures


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    """How cases fall into rows: `there` are rows that are shown even where nothing lies in them."""

    there: Sequence[str]
    names: Mapping[str, str]
    codes: Mapping[str, str] | None = None
    """Of areas: the code by the id that stands in a path."""
    boards: Mapping[str, str] | None = None
    """Of boards: the board by its matter."""

    def child(self, key: str | None) -> str | None:
        """Return the row that a case falls into; None: into none."""
        if self.boards is not None:
            return self.boards.get(key or "")
        if self.codes is None:
            return key
        return next((self.codes[label] for label in (key or "").split(".") if label in self.codes), None)


def _split(conn: connection, window: Window, by: str, day: date, *, found: Sequence[str]) -> _Split:
    """Say how cases fall into rows, and what these are called; `found` is what the store tells them apart by."""
    if by in LEVELS:
        areas = stats.areas_of(conn, by, window.area, day)
        return _Split(
            there=[code for _, code, _, lives in areas if lives],
            names={code: name for _, code, name, _ in areas},
            codes={label: code for label, code, _, _ in areas},
        )
    if by == "board":
        return _Split(there=tuple(BOARDS), names={}, boards=stats.boards(conn))
    if by == "matter":
        return _Split(there=(), names=stats.matter_names(conn))
    if by == "category":
        return _Split(there=(), names=matters.category_names(conn, found))
    if by == "department":
        called = desk.org_names(conn, found, day)
        return _Split(there=(), names={code: name for code, (name, _) in called.items() if name})
    grids = stats.grids_of(conn, window.area, day) if by == "grid" and window.grid is None else []
    return _Split(there=[code for code, _ in grids], names=dict(grids))


def _hours(seconds: NDArray[np.int64], percent: int) -> float | None:
    found = nearest_rank(seconds.tolist(), percent)
    return None if found is None else decimal(hours_tenths(found))
