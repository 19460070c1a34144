"""A month of an assessment: the figures and the ratings of everybody who is assessed, and the scores that they come to."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from api.panel.figures import FIGURES
from api.panel.panel import Ask, add, gathered
from api.stats.catalogue import chosen
from api.stats.metric import decimal, tenths
from api.stats.panel import panel
from api.stats.register import PANEL, REGISTER, STATS
from api.stats.score import read_dimension, score
from data.store import assessments
from data.store.assessments import Result
from data.store.stats import Window

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from api.loop.calendar import Calendar
    from api.stats.score import Dimension
    from data.store.assessments import Target, Template

    _Figures = dict[tuple[str, str], Fraction | None]
    """Figures by the code of a target and their id."""

_ROWS = {"village": "community"}
"""What figures are told apart by, where it is not called as what is assessed."""


def results_of(
    conn: connection,
    template: Template,
    month: date,
    *,
    since: datetime,
    until: datetime,
    day: date,
    calendar: Calendar,
    known: datetime | None = None,
) -> tuple[Result, ...]:
    """Return what a month comes to for everybody who is assessed, as things stood at its end.

    `known`: as it is known at this later moment; for a place whose past was brought in after it was over.
    """
    dimensions = [read_dimension(each) for each in template.dimensions]
    ids = {dimension.metric for dimension in dimensions if dimension.metric is not None}
    window = Window(moment=known or until, since=since, until=until, area=template.path)
    targets = assessments.targets(conn, template.target, template.path, day)
    ask = Ask(conn=conn, window=window, day=day, calendar=calendar, sees_patrols=True)
    figures = _of_incidents(ask, template.target, ids) | _of_panels(ask, template.target, targets, ids)
    given = assessments.ratings(conn, template.code, month)
    results: list[Result] = []
    for target in targets:
        values = {
            each.id: _rated(given.get((target.code, each.id)))
            if each.metric is None
            else figures.get((target.code, each.metric))
            for each in dimensions
        }  # fmt: skip
        results.append(
            Result(
                month=month,
                target=target.code,
                path=target.path,
                name=target.name,
                score=score(dimensions, values).tenths,
                dimensions=[_part(each, values[each.id]) for each in dimensions],
            )
        )
    return tuple(results)


def _of_incidents(ask: Ask, target: str, ids: AbstractSet[str]) -> _Figures:
    """Return the figures of incidents, where a target had any."""
    metrics = chosen(name for name in ids if REGISTER[name].told_at == STATS)
    found = panel(ask.conn, ask.window, _ROWS.get(target, target), metrics, day=ask.day, calendar=ask.calendar)
    return {(row.code, metric.id): metric.value(row.counts) for row in found.rows for metric in metrics}


def _of_panels(ask: Ask, target: str, targets: Iterable[Target], ids: AbstractSet[str]) -> _Figures:
    """Return the figures of panels, each of those that are told of such targets."""
    metrics = [each for each in FIGURES if each.id in ids and REGISTER[each.id].told_at == PANEL]
    metrics = [each for each in metrics if target in REGISTER[each.id].targets]
    if not metrics:
        return {}
    code_of = {each.code if target == "grid" else each.path: each.code for each in targets}
    sums = {code: Counter[str]() for code in code_of.values()}
    for (path, grid), counts in gathered(ask, metrics).items():
        labels = path.split(".")
        keys = [grid] if target == "grid" else [".".join(labels[:n]) for n in range(1, len(labels) + 1)]
        for code in {code_of[key] for key in keys if key in code_of}:
            add(sums[code], counts)
    return {(code, metric.id): metric.value(counts) for code, counts in sums.items() for metric in metrics}


def _rated(given: tuple[int, int] | None) -> Fraction | None:
    """Return the mean of what raters gave; None where nobody gave anything."""
    return None if given is None else Fraction(*given)


def _part(dimension: Dimension, value: Fraction | None) -> dict[str, Any]:
    points = dimension.points(value)
    return {
        "id": dimension.id,
        "weight": dimension.weight,
        "value": None if value is None else decimal(tenths(value)),
        "points": None if points is None else decimal(tenths(points)),
    }
