"""A month of an assessment: the figures and the ratings of everybody who is assessed, and the scores that they come to."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from api.stats.catalogue import chosen
from api.stats.metric import decimal, tenths
from api.stats.panel import panel
from api.stats.score import read_dimension, score
from data.store import assessments
from data.store.assessments import Result
from data.store.stats import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from api.loop.calendar import Calendar
    from api.stats.metric import Metric
    from api.stats.score import Dimension
    from data.store.assessments import Template

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
) -> tuple[Result, ...]:
    """Return what a month comes to for everybody who is assessed, as things stood at its end."""
    dimensions = [read_dimension(each) for each in template.dimensions]
    metrics = chosen(dimension.metric for dimension in dimensions if dimension.metric is not None)
    window = Window(moment=until, since=since, until=until, area=template.path)
    by = _ROWS.get(template.target, template.target)
    found = panel(conn, window, by, metrics, day=day, calendar=calendar)
    counts = {row.code: row.counts for row in found.rows}
    given = assessments.ratings(conn, template.code, month)
    results: list[Result] = []
    for target in assessments.targets(conn, template.target, template.path, day):
        values = {
            each.id: _value(each, metrics, counts.get(target.code, {}), given.get((target.code, each.id)))
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


def _value(
    dimension: Dimension, metrics: Sequence[Metric], counts: Mapping[str, int], given: tuple[int, int] | None
) -> Fraction | None:
    """Return the figure of a dimension: the catalogue's, or the mean of what raters gave; None where there is none."""
    if dimension.metric is None:
        return None if given is None else Fraction(*given)
    metric = next(each for each in metrics if each.id == dimension.metric)
    return metric.value(counts) if counts else None


def _part(dimension: Dimension, value: Fraction | None) -> dict[str, Any]:
    points = dimension.points(value)
    return {
        "id": dimension.id,
        "weight": dimension.weight,
        "value": None if value is None else decimal(tenths(value)),
        "points": None if points is None else decimal(tenths(points)),
    }
