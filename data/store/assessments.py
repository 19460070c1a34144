"""Assessments: templates, what raters gave, and what the months came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg2.extras import Json

from data.store.sql import insert, many, maybe, one, run
from gis.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """How organisations of one kind (`target`) in an area are assessed. `raters` are tiers; `dimensions` plain values."""

    code: str
    area_id: int
    area: str
    path: str
    name: str
    target: str
    dimensions: Sequence[Mapping[str, Any]]
    raters: tuple[str, ...]
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Somebody who is assessed: an area, a grid or an organisation."""

    code: str
    path: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a month came to for a target: tenths of a point, and each dimension's part in it."""

    month: date
    target: str
    path: str
    name: str
    score: int | None
    dimensions: Sequence[Mapping[str, Any]]


_SELECT: LiteralString = """SELECT t.code, t.area_id, a.code, t.path::text, t.name, t.target, t.dimensions, t.raters, t.revision
    FROM wangge.assessment t JOIN wangge.area a ON a.id = t.area_id """

# A community without a kind is a villagers' committee's by its number.
_TARGETS: Mapping[str, LiteralString] = {
    "grid": """SELECT g.code, g.path::text, g.name FROM wangge.grid g
        WHERE g.in_force @> %(day)s::date AND g.path <@ %(area)s::ltree ORDER BY 1""",
    "department": """SELECT o.code, o.path::text, o.name FROM wangge.org o
        WHERE o.kind = 'department' AND o.active AND o.path <@ %(area)s::ltree ORDER BY 1""",
    "area": """SELECT a.code, a.path::text, v.name FROM wangge.area a JOIN wangge.area_version v ON v.area_id = a.id
        WHERE a.path <@ %(area)s::ltree AND a.level = CASE %(target)s WHEN 'street' THEN 'street' ELSE 'community' END
            AND v.valid @> %(day)s::date AND (a.level = 'street' OR (%(target)s = 'village')
                = CASE v.kind WHEN '' THEN a.code ~ '^[0-9]{9}[23][0-9]{2}$' ELSE v.kind = 'village' END)
        ORDER BY a.code COLLATE "C\"""",
}


def templates(conn: connection) -> tuple[Template, ...]:
    """Return the templates that the caller may read, by code."""
    return tuple(_template(row) for row in many(conn, _SELECT + "ORDER BY t.code"))


def template(conn: connection, code: str) -> Template:
    """Return a template; `NotFound` where there is none that the caller may read."""
    row = maybe(conn, _SELECT + "WHERE t.code = %s", [code])
    if row is None:
        raise NotFound(f"there is no assessment {code}, or it is not yours to see")
    return _template(row)


def is_taken(conn: connection, code: str) -> bool:
    """Say whether there is a template of that code that the caller may read."""
    return maybe(conn, "SELECT FROM wangge.assessment WHERE code = %s", [code]) is not None


def keep(  # noqa: PLR0917 - one row, in its order
    conn: connection,
    code: str,
    area: int,
    name: str,
    target: str,
    dimensions: Sequence[Mapping[str, Any]],
    raters: Sequence[str],
    *,
    now: datetime,
) -> int:
    """Write a template down in the place of the one before, and return which revision it is."""
    (revision,) = one(
        conn,
        """INSERT INTO wangge.assessment AS t (code, area_id, path, name, target, dimensions, raters, at)
           VALUES (%s, %s, '', %s, %s, %s, %s, %s)
           ON CONFLICT (code) DO UPDATE SET name = excluded.name, target = excluded.target, dimensions = excluded.dimensions,
             raters = excluded.raters, at = excluded.at, revision = t.revision + 1
           RETURNING revision""",
        [code, area, name, target, Json(list(dimensions)), list(raters), now],
    )
    return revision


def targets(conn: connection, kind: str, area: str, day: date) -> tuple[Target, ...]:
    """Return who is assessed of a kind in an area (a path) on a day, by code."""
    statement = _TARGETS.get(kind, _TARGETS["area"])
    rows = many(conn, statement, {"area": area, "day": day, "target": kind})
    return tuple(Target(code=code, path=path, name=name) for code, path, name in rows)


def rate(
    conn: connection, code: str, month: date, target: Target, given: Mapping[str, int], *, actor: str, now: datetime
) -> None:
    """Write down what somebody gives a target in a month, by dimension, in the place of what they gave before."""
    insert(
        conn,
        """INSERT INTO wangge.assessment_rating (assessment, month, target, path, dimension, actor, rating, at) VALUES %s
           ON CONFLICT (assessment, month, target, dimension, actor) DO UPDATE
             SET rating = excluded.rating, at = excluded.at""",
        [[code, month, target.code, target.path, dimension, actor, rating, now] for dimension, rating in given.items()],
    )


def ratings(conn: connection, code: str, month: date) -> dict[tuple[str, str], tuple[int, int]]:
    """Return what raters gave in a month: the sum and the number of ratings, by target and dimension."""
    rows = many(
        conn,
        """SELECT target, dimension, sum(rating), count(*) FROM wangge.assessment_rating
           WHERE assessment = %s AND month = %s GROUP BY 1, 2""",
        [code, month],
    )
    return {(target, dimension): (int(total), count) for target, dimension, total, count in rows}


def keep_results(conn: connection, code: str, month: date, results: Sequence[Result], *, now: datetime) -> None:
    """Write down what a month came to, in the place of what it came to before."""
    run(conn, "DELETE FROM wangge.assessment_result WHERE assessment = %s AND month = %s", [code, month])
    insert(
        conn,
        "INSERT INTO wangge.assessment_result (assessment, month, target, path, name, score, dimensions, at) VALUES %s",
        [[code, month, r.target, r.path, r.name, r.score, Json(list(r.dimensions)), now] for r in results],
    )


def results(conn: connection, code: str, months: Sequence[date]) -> tuple[Result, ...]:
    """Return what some months came to, for whom the caller may see, by target and month."""
    rows = many(
        conn,
        """SELECT month, target, path::text, name, score, dimensions FROM wangge.assessment_result
           WHERE assessment = %s AND month = ANY (%s) ORDER BY target, month""",
        [code, list(months)],
    )
    return tuple(
        Result(month=month, target=target, path=path, name=name, score=score, dimensions=dimensions)
        for month, target, path, name, score, dimensions in rows
    )


def has_results(conn: connection, code: str) -> bool:
    """Say whether any month of a template has been worked out."""
    return maybe(conn, "SELECT FROM wangge.assessment_result WHERE assessment = %s LIMIT 1", [code]) is not None


def _template(row: tuple[Any, ...]) -> Template:
    code, area_id, area, path, name, target, dimensions, raters, revision = row
    return Template(
        code=code, area_id=area_id, area=area, path=path, name=name, target=target, dimensions=dimensions,
        raters=tuple(raters), revision=revision,
    )  # fmt: skip
