"""What an officer's desk looks at: everything that a filter gives, in columns; and who of the people may have it in hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.sql import SQL

from data.store.incident_list import chosen
from data.store.incidents import rows_where
from data.store.sql import many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from data.store.incident_list import Filter

CASE = (
    "no", "x", "y", "state", "category", "kind", "grid", "area", "tier", "owner", "person", "department", "source", "mode",
    "supervision", "urgent", "title", "reported", "due", "soon", "closed",
)  # fmt: skip
"""What is said of each incident: `x` and `y` in micro-degrees, moments in seconds since 1970, `area` the id of the smallest.

`owner` is the code of an organisation, `person` the id of whoever has it instead; `due` is when the first of both clocks runs
out, `soon` when the first comes near to it.
"""

_CASES = SQL(
    """SELECT i.no, round(ST_X(i.geom) * 1000000)::integer, round(ST_Y(i.geom) * 1000000)::integer, i.state, i.category, i.kind,
         i.grid_code, CASE WHEN nlevel(i.path) > 0 THEN ltree2text(subpath(i.path, -1))::bigint END, i.tier,
         i.owner_org, i.owner_person::text, i.department, i.source, i.mode, i.supervision, i.urgent::integer, i.title,
         floor(date_part('epoch', i.reported_at))::bigint, floor(date_part('epoch', least(i.due_at, i.stage_due_at)))::bigint,
         floor(date_part('epoch', least(i.soon_at, i.stage_soon_at)))::bigint,
         floor(date_part('epoch', i.closed_at))::bigint
       FROM wangge.incident i WHERE {} ORDER BY i.id DESC LIMIT %(limit)s"""
)
_ORDERS: Mapping[str, SQL] = {
    "newest": SQL("i.reported_at DESC, i.id DESC"),
    "oldest": SQL("i.reported_at, i.id"),
    # Nulls last: what has no clock that runs.
    "due": SQL(
        "CASE WHEN i.state = 'suspended' OR i.state = ANY (%(ended)s::text[]) THEN NULL"
        " ELSE least(i.due_at, i.stage_due_at) END, i.id DESC"
    ),
    "state": SQL(
        "array_position(ARRAY['reported', 'verifying', 'accepted', 'assigned', 'in_progress', 'suspended', 'handled',"
        " 'feedback', 'closed', 'archived', 'rejected', 'voided'], i.state), i.id DESC"
    ),
    "grid": SQL('i.grid_code COLLATE "C", i.id DESC'),
}


def cases(conn: connection, wanted: Filter, *, now: datetime, limit: int) -> list[tuple[Any, ...]]:
    """Return what a filter gives as rows of `CASE`, the newest first."""
    condition, bound = chosen(wanted, now=now)
    return many(conn, _CASES.format(condition), bound | {"limit": limit})


def cases_of(conn: connection, numbers: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return those of the incidents that the caller sees, open or over, as rows of `CASE`."""
    return many(conn, _CASES.format(SQL("i.no = ANY (%(numbers)s)")), {"numbers": list(numbers), "limit": len(numbers)})


def ordered(conn: connection, wanted: Filter, *, now: datetime, sort: str, limit: int) -> list[dict[str, Any]]:
    """Return whole rows of what a filter gives, by `newest`, `oldest`, `due`, `state` or `grid`."""
    condition, bound = chosen(wanted, now=now)
    rest = SQL("WHERE {} ORDER BY {} LIMIT %(limit)s").format(condition, _ORDERS[sort])
    return rows_where(conn, rest, bound | {"limit": limit})


FIGURES = ("open", "late", "soon", "received", "closed", "ended", "timed", "on_time")
"""What is counted of a filter: see `figures`."""
_COUNTS = SQL(
    """SELECT count(*) FILTER (WHERE is_open), count(*) FILTER (WHERE runs AND coalesce(due < %(now)s, false)),
         count(*) FILTER (WHERE runs AND coalesce(due >= %(now)s AND soon < %(now)s, false)),
         count(*) FILTER (WHERE reported_at >= %(day)s), count(*) FILTER (WHERE closed_at >= %(day)s),
         count(*) FILTER (WHERE closed_at >= %(first)s), count(*) FILTER (WHERE closed_at >= %(first)s AND due_at IS NOT NULL),
         count(*) FILTER (WHERE closed_at >= %(first)s AND closed_at <= due_at)
       FROM (SELECT i.reported_at, i.closed_at, i.due_at, i.state <> ALL (%(ended)s::text[]) AS is_open,
               i.state <> ALL (%(ended)s::text[]) AND i.state <> 'suspended' AS runs,
               least(i.due_at, i.stage_due_at) AS due, least(i.soon_at, i.stage_soon_at) AS soon
             FROM wangge.incident i
             WHERE {} AND (i.state <> ALL (%(ended)s::text[]) OR i.reported_at >= %(day)s
               OR coalesce(i.closed_at >= %(first)s, false))
             OFFSET 0) AS i"""
)


def figures(conn: connection, wanted: Filter, *, now: datetime, day: datetime, first: datetime) -> dict[str, int]:
    """Count what a filter gives: open now, late by one of its clocks, nearly so; received and closed since `day`.

    `ended` were closed since `first`, of which `timed` had a total clock and `on_time` were closed before it ran out.
    """
    condition, bound = chosen(wanted, now=now)
    (row,) = many(conn, _COUNTS.format(condition), bound | {"day": day, "first": first})
    return dict(zip(FIGURES, row, strict=True))


def org_names(conn: connection, codes: Sequence[str], day: date) -> dict[str, tuple[str, str]]:
    """Return by code what those of the organisations are called that the caller sees, and their area.

    Command centers are called nothing: they are their area's.
    """
    rows = many(
        conn,
        """SELECT o.code, o.name, coalesce(v.name, '') FROM wangge.org o
           LEFT JOIN wangge.area_version v ON v.area_id = o.area_id AND v.valid @> %s::date
           WHERE o.code = ANY (%s)""",
        [day, list(codes)],
    )
    return {code: (name, area) for code, name, area in rows}


def area_names(conn: connection, paths: Sequence[str], day: date) -> dict[str, str]:
    """Return the names of the areas at the end of paths, as they were on a day, by path."""
    rows = many(
        conn,
        """SELECT v.path::text, v.name FROM wangge.area_version v
           WHERE v.path = ANY (%s::ltree[]) AND v.valid @> %s::date""",
        [list(paths), day],
    )
    return dict(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """One of the staff who signs in, by the id of that person; `letter` and `grid` are of a post today, empty without."""

    id: str
    name: str
    grid: str = ""
    letter: str = ""


def on_post(conn: connection, grid: str, day: date) -> list[Colleague]:
    """Return who holds a post on a grid on a day and can sign in, A before B."""
    rows = many(
        conn,
        """SELECT s.person_id::text, s.name, p.grid_code, coalesce(p.letter, '') FROM wangge.post p
           JOIN wangge.staff s ON s.id = p.staff_id
           WHERE p.grid_code = %s AND p.valid @> %s::date AND s.person_id IS NOT NULL
           ORDER BY p.letter NULLS LAST, s.name COLLATE "C", s.id""",
        [grid, day],
    )
    return [Colleague(id=row[0], name=row[1], grid=row[2], letter=row[3]) for row in rows]


def people_names(conn: connection, people: Sequence[str]) -> list[Colleague]:
    """Return those of the people, by id, whom the caller knows as staff."""
    rows = many(
        conn,
        'SELECT person_id::text, name FROM wangge.staff WHERE person_id = ANY (%s::uuid[]) ORDER BY name COLLATE "C", id',
        [list(people)],
    )
    return [Colleague(id=row[0], name=row[1]) for row in rows]
