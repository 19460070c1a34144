"""Early warnings by themselves: whenever a heap of cases comes up, those who see them are told, once for each heap.

A heap that grows is not told again; one that ended and comes again is another. A heap is told up to a day after its last case:
later than that nobody is warned by it, as after a long time without a service.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from api.stats.heaps import heaps, near_heaps
from data.store import early_warnings
from data.store.log import record
from data.store.sql import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from api.stats.heaps import Heap
    from data.store.early_warnings import Case, WarningRule

_DAY_H = 24


def warn(conn: connection, now: datetime, *, today: date) -> int:
    """Raise what is to be raised, as the store's owner; return how many heaps were told of. Whoever comes second does nothing.

    `today` is the service's day, for the rules of places.
    """
    run(conn, "BEGIN")
    try:
        told = _warn(conn, now, today) if early_warnings.alone(conn) else 0
    except BaseException:
        run(conn, "ROLLBACK")
        raise
    run(conn, "COMMIT")
    return told


def _warn(conn: connection, now: datetime, today: date) -> int:
    rules = {rule.id: rule for rule in early_warnings.rules_on(conn, today)}
    if not rules:
        return 0
    longest_h = 2 * max(_DAY_H, *(rule.hours for rule in rules.values()))
    found = early_warnings.cases(conn, list(rules.values()), longest_h=longest_h, now=now)
    told = 0
    for number, those in groupby(found, key=lambda case: case.rule):
        rule, cases = rules[number], list(those)
        path_of = {case.no: case.path for case in cases}
        # Full windows that begin before what was looked at end before this.
        recent = now - timedelta(hours=max(_DAY_H, rule.hours))
        for heap in _heaps(cases, rule):
            if heap.until <= recent:
                continue
            known = early_warnings.told_with(conn, heap.category, heap.numbers)
            if known is not None:
                early_warnings.grow(conn, known, heap.category, heap.numbers, heap.until)
                continue
            _tell(conn, heap, rule, _around([path_of[no] for no in heap.numbers]), now)
            told += 1
    return told


def _heaps(cases: Sequence[Case], rule: WarningRule) -> Iterator[Heap]:
    within = timedelta(hours=rule.hours)
    if rule.radius_m is None:
        ordered = sorted((case.grid, case.category, case.at, case.no) for case in cases if case.grid is not None)
        yield from heaps(ordered, least=rule.least, within=within)
    else:
        located = [(case.grid, case.category, case.at, case.no, case.lon, case.lat) for case in cases]
        yield from near_heaps(located, least=rule.least, within=within, metres=rule.radius_m)


def _tell(conn: connection, heap: Heap, rule: WarningRule, path: str, now: datetime) -> None:
    row: dict[str, Any] = {
        "grid": heap.grid,
        "category": heap.category,
        "least": rule.least,
        "hours": rule.hours,
        "radius_m": rule.radius_m,
        "since": heap.since,
        "until": heap.until,
    }
    warning = early_warnings.raise_one(conn, row, heap.numbers, path=path, now=now)
    times = {"since": heap.since.isoformat(), "until": heap.until.isoformat(), "count": len(heap.numbers)}
    record(conn, "warning.raised", path=path, subject=str(warning), body=row | times)


def _around(paths: Sequence[str]) -> str:
    """Return the path of the smallest area around several."""
    labels: list[str] = []
    for several in zip(*(path.split(".") for path in paths), strict=False):
        if len(set(several)) > 1:
            break
        labels.append(several[0])
    return ".".join(labels)
