"""Weeks of an area: what happened on each day, what was late at the end, and what somebody in charge says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg2.sql import SQL

from data.store.sql import many, maybe, one
from data.store.stats import LOG

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from psycopg2.extensions import connection

KEYS: Mapping[str | None, LiteralString] = {None: "NULL::text", "department": "i.department", "tier": "i.tier::text"}
"""What a week is told apart by."""
_LATE = SQL(
    """FROM wangge.incidents_at(%(moment)s) AS i
       WHERE (%(area)s::ltree IS NULL OR i.path <@ %(area)s::ltree) AND i.master IS NULL AND i.due_at < %(moment)s"""
)
_OPEN = SQL("i.state NOT IN ('suspended', 'closed', 'archived', 'rejected', 'voided')")
_HERE = SQL("FROM wangge.incident AS i WHERE (%(area)s::ltree IS NULL OR i.path <@ %(area)s::ltree) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What somebody says about a week of an area."""

    monday: date
    comment: str
    actor: str
    actor_name: str
    revision: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A case that was closed, or still is open, after its deadline: by so many seconds."""

    no: str
    grid: str | None
    category: str
    state: str
    due_at: datetime
    late_s: int


def days(
    conn: connection, area: str | None, *, since: datetime, until: datetime, zone: str, by: str | None = None
) -> dict[tuple[str | None, date], tuple[int, int, int]]:
    """Count what was reported, closed and sent back to work on each day of a zone; days on which nothing was are left out.

    Told apart by `by` (`KEYS`), as each case has it now; None: by nothing. Each closing counts, also of what was reopened
    later: the numbers are those of the log, and add up over days, areas and whatever they are told apart by.
    """
    statement = SQL(
        """WITH flow AS (
             SELECT 'received' AS what, i.reported_at AS at, {key} AS key {here}
               AND i.reported_at >= %(since)s AND i.reported_at < %(until)s
             UNION ALL
             SELECT 'closed', i.closed_at, {key} {here}
               AND i.reopens = 0 AND i.closed_at >= %(since)s AND i.closed_at < %(until)s
             UNION ALL
             SELECT CASE r.body ->> 'event' WHEN 'check_fail' THEN 'rework' ELSE 'closed' END,
               (r.body ->> 'at')::timestamptz, c.key
             FROM (SELECT i.no, i.batch_id, i.log, i.reopens, {key} AS key {here}
               AND (i.reworks > 0 OR i.reopens > 0) AND i.reported_at < %(until)s AND i.at >= %(since)s) AS c {log}
             WHERE r.body ->> 'event' = 'check_fail'
               OR c.reopens > 0 AND r.body ->> 'to_state' = 'closed' AND r.body ->> 'from_state' <> 'closed'
           )
           SELECT key, (at AT TIME ZONE %(zone)s)::date, count(*) FILTER (WHERE what = 'received'),
             count(*) FILTER (WHERE what = 'closed'), count(*) FILTER (WHERE what = 'rework')
           FROM flow WHERE at >= %(since)s AND at < %(until)s GROUP BY 1, 2 ORDER BY 1, 2"""
    ).format(key=SQL(KEYS[by]), here=_HERE, log=LOG)
    rows = many(conn, statement, {"area": area, "since": since, "until": until, "zone": zone})
    return {(key, day): (received, closed, rework) for key, day, received, closed, rework in rows}


def overdue(conn: connection, area: str | None, *, moment: datetime, by: str) -> dict[str | None, int]:
    """Return how many cases were open past their deadline at a moment, by what they are told apart by (`KEYS`)."""
    statement = SQL("SELECT {}, count(*) {} AND {} GROUP BY 1").format(SQL(KEYS[by]), _LATE, _OPEN)
    return dict(many(conn, statement, {"area": area, "moment": moment}))


def top(
    conn: connection, area: str | None, *, since: datetime, until: datetime, count: int
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Return the categories and the grids from which most was reported, each with how much; of equals the first by name."""
    bound = {"area": area, "since": since, "until": until, "count": count}
    reported = _HERE + SQL("AND i.reported_at >= %(since)s AND i.reported_at < %(until)s ")
    categories = SQL('SELECT i.category, count(*) {} GROUP BY 1 ORDER BY 2 DESC, i.category COLLATE "C" LIMIT %(count)s')
    grids = SQL("SELECT i.grid_code, count(*) {} AND i.grid_code IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(count)s")
    return many(conn, categories.format(reported), bound), many(conn, grids.format(reported), bound)


def worst(
    conn: connection, area: str | None, *, since: datetime, until: datetime, moment: datetime, count: int
) -> tuple[int, list[Late]]:
    """Return how many cases were open past their deadline at a moment, and the latest of those and of what was closed late."""
    bound = {"area": area, "since": since, "until": until, "moment": moment, "count": count}
    (still_open,) = one(conn, SQL("SELECT count(*) {} AND {}").format(_LATE, _OPEN), bound)
    statement = SQL(
        """SELECT i.no, i.grid_code, i.category, i.state, i.due_at,
             floor(extract(epoch FROM coalesce(i.closed_at, %(moment)s) - i.due_at))::bigint {late} AND ({is_open}
               OR i.state IN ('closed', 'archived') AND i.closed_at > i.due_at
                 AND i.closed_at >= %(since)s AND i.closed_at < %(until)s)
           ORDER BY 6 DESC, i.no LIMIT %(count)s"""
    ).format(late=_LATE, is_open=_OPEN)
    rows = many(conn, statement, bound)
    return still_open, [
        Late(no=no, grid=grid, category=category, state=state, due_at=due, late_s=late)
        for no, grid, category, state, due, late in rows
    ]


def review_of(conn: connection, area: int, monday: date) -> Review | None:
    """Return what was said about a week of an area, or None."""
    row = maybe(
        conn,
        """SELECT monday, comment, actor::text, actor_name, revision, at FROM wangge.weekly_review
           WHERE area_id = %s AND monday = %s""",
        [area, monday],
    )
    return None if row is None else _review(row)


def reviews(conn: connection, area: int, since: date, until: date) -> dict[date, Review]:
    """Return what was said about the weeks of an area whose Mondays lie from `since` on and before `until`."""
    rows = many(
        conn,
        """SELECT monday, comment, actor::text, actor_name, revision, at FROM wangge.weekly_review
           WHERE area_id = %s AND monday >= %s AND monday < %s ORDER BY monday""",
        [area, since, until],
    )
    return {row[0]: _review(row) for row in rows}


def say(conn: connection, area: int, monday: date, comment: str, *, actor: str, now: datetime) -> Review:
    """Write down what somebody says about a week of an area, in the place of what was said before."""
    row = one(
        conn,
        """INSERT INTO wangge.weekly_review AS r (area_id, path, monday, comment, actor, at)
           VALUES (%s, '', %s, %s, %s, %s)
           ON CONFLICT (area_id, monday) DO UPDATE SET comment = excluded.comment, actor = excluded.actor, at = excluded.at,
             revision = r.revision + 1
           RETURNING monday, comment, actor::text, actor_name, revision, at""",
        [area, monday, comment, actor, now],
    )
    return _review(row)


def _review(row: tuple[Any, ...]) -> Review:
    monday, comment, actor, name, revision, at = row
    return Review(monday=monday, comment=comment, actor=actor, actor_name=name, revision=revision, at=at)
