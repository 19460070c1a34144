"""Visits, patrols and groups in the store: who was reached, and what is owed. Days and minutes, never an hour or a way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.store.log import record
from data.store.sql import many, maybe, one, run
from gis.errors import Conflict, NotFound, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

MOST_HOMES = 1_000
"""Household points whose groups are told at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVisit:
    """A visit: `target` is a household point's id in its file, or a unit's own. `incident` is the one that made it due."""

    grid: str
    kind: str
    target: str
    purpose: str
    day: date
    minutes: int
    staff: str
    delivery: str | None = None
    incident: str | None = None
    client_uuid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit as it is kept."""

    id: int
    grid: str
    kind: str
    target: str
    purpose: str
    day: date
    minutes: int
    staff: str
    incident: str | None
    delivery: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """What was counted in a grid: household points and those visited since a day, households and those in the group."""

    grid: str
    path: str
    since: date
    points: int
    visited: int
    households: int
    in_group: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeDue:
    """A household point that is to be visited; degrees in CGCS2000. `last` is when somebody came before."""

    target: str
    households: int
    compound: str
    building: str
    lon: float
    lat: float
    last: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentDue:
    """An incident that asks for a visit, and by when; or a key one that nobody has reported on today (`reason` None)."""

    no: str
    grid: str | None
    category: str
    reason: str | None
    due: date


# --- rules --------------------------------------------------------------------------------------------------------------


def rule_rows(conn: connection) -> list[tuple[str, str, str, str, int | None, int | None, list[str]]]:
    """Return the rules that the caller sees: path and code of the area, target, period, days, minutes, categories."""
    return many(
        conn,
        """SELECT r.path::text, a.code, r.target, r.period, r.days, r.minutes, r.categories
           FROM wangge.frequency_rule r JOIN wangge.area a ON a.id = r.area_id ORDER BY r.path, r.target""",
    )


def set_rule(conn: connection, area: int, path: str, rule: Mapping[str, Any]) -> None:
    """Keep a rule for an area; `rule` holds target, period, days, minutes and categories."""
    run(
        conn,
        """INSERT INTO wangge.frequency_rule (area_id, path, target, period, days, minutes, categories)
           VALUES (%(area)s, %(path)s, %(target)s, %(period)s, %(days)s, %(minutes)s, %(categories)s)
           ON CONFLICT (area_id, target) DO UPDATE SET period = excluded.period, days = excluded.days,
             minutes = excluded.minutes, categories = excluded.categories""",
        {**rule, "area": area, "path": path},
    )
    record(conn, "frequency.rule", path=path, subject=str(rule["target"]), body=rule)


def trigger_rows(conn: connection) -> list[tuple[str, str, str, int, bool]]:
    """Return what makes visits due, as the caller sees it: area, category, reason, days, and whether it still does."""
    return many(
        conn,
        """SELECT a.code, t.category, t.reason, t.within_days, t.active
           FROM wangge.visit_trigger t JOIN wangge.area a ON a.id = t.area_id ORDER BY t.path, t.category""",
    )


def set_trigger(  # noqa: PLR0917 - a row, in the order of its columns
    conn: connection, area: int, path: str, category: str, reason: str, within_days: int, *, active: bool, now: datetime
) -> None:
    """Let incidents of a category, reported from now on, make a visit due within some days; or no longer."""
    run(
        conn,
        """INSERT INTO wangge.visit_trigger AS t (area_id, path, category, reason, within_days, since, active)
           VALUES (%(area)s, %(path)s, %(category)s, %(reason)s, %(days)s, %(now)s, %(active)s)
           ON CONFLICT (area_id, category) DO UPDATE SET reason = excluded.reason, within_days = excluded.within_days,
             active = excluded.active, since = CASE WHEN t.active THEN t.since ELSE excluded.since END""",
        {
            "area": area, "path": path, "category": category, "reason": reason, "days": within_days, "now": now,
            "active": active,
        },
    )  # fmt: skip
    record(conn, "visit.trigger", path=path, subject=category, body={"reason": reason, "days": within_days, "active": active})


# --- who and where ------------------------------------------------------------------------------------------------------


def grid_path(conn: connection, code: str, day: date) -> str:
    """Return the path of the community of a grid that was in force on a day where the caller works."""
    row = maybe(
        conn,
        # Grids may be public; what is done in them is not.
        """SELECT path::text FROM wangge.grid
           WHERE code = %s AND in_force @> %s AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])""",
        [code, day],
    )
    if row is None:
        raise NotFound(f"no grid {code} was in force on {day}, or it does not lie in your areas")
    return row[0]


def staff_of(conn: connection, person: str) -> str | None:
    """Return somebody's id among the staff, where the caller sees it; None: they are no worker."""
    row = maybe(conn, "SELECT id::text FROM wangge.staff WHERE person_id = %s AND status <> 'left'", [person])
    return None if row is None else row[0]


def homes_in_grid(conn: connection, grid: str, targets: Sequence[str], day: date) -> dict[str, tuple[int, int]]:
    """Return of some ids those that are household points of a grid: their town, and how many households each holds."""
    rows = many(
        conn,
        "SELECT target, town_id, households FROM wangge.homes_in_grid(%s, %s::text[], %s)",
        [grid, list(targets), day],
    )
    return {target: (town, households) for target, town, households in rows}


# --- visits -------------------------------------------------------------------------------------------------------------


def add_visit(conn: connection, wanted: NewVisit) -> tuple[int, bool]:
    """Write a visit down and return its number, and whether it is new: a terminal may send it twice."""
    path = grid_path(conn, wanted.grid, wanted.day)
    town = None
    if wanted.kind == "household_point":
        found = homes_in_grid(conn, wanted.grid, [wanted.target], wanted.day)
        if wanted.target not in found:
            raise ParameterError("target", f"grid {wanted.grid} has no household point {wanted.target}", code="unknown-target")
        town = found[wanted.target][0]
    if wanted.incident and maybe(conn, "SELECT FROM wangge.incident WHERE no = %s", [wanted.incident]) is None:
        raise ParameterError("incident", f"there is no incident {wanted.incident} that you may see", code="unknown-incident")
    row = maybe(
        conn,
        """INSERT INTO wangge.visit (grid_code, path, kind, town_id, target, purpose, day, minutes, staff_id, incident,
             delivery, client_uuid)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
           ON CONFLICT (client_uuid) DO NOTHING RETURNING id""",
        [
            wanted.grid, path, wanted.kind, town, wanted.target, wanted.purpose, wanted.day, wanted.minutes, wanted.staff,
            wanted.incident, wanted.delivery, wanted.client_uuid,
        ],
    )  # fmt: skip
    if row is None:
        kept = maybe(conn, "SELECT id FROM wangge.visit WHERE client_uuid = %s", [wanted.client_uuid])
        if kept is None:
            raise Conflict("somebody else has sent a visit by this id", code="already-exists")
        return kept[0], False
    # Which home it was stays out of the log, which is for ever.
    body = {"grid": wanted.grid, "kind": wanted.kind, "purpose": wanted.purpose, "day": wanted.day.isoformat()}
    record(conn, "visit.made", path=path, subject=str(row[0]), body=body)
    return row[0], True


def visits(
    conn: connection,
    *,
    area: str | None,
    grid: str | None,
    kind: str | None,
    staff: str | None,
    first: date | None,
    last: date | None,
    before: int | None,
    limit: int,
) -> list[Visit]:
    """Return the visits that the caller may see, the newest first; those before the number `before`."""
    rows = many(
        conn,
        """SELECT id, grid_code, kind, target, purpose, day, minutes, staff_id::text, incident, delivery FROM wangge.visit
           WHERE (%(before)s::bigint IS NULL OR id < %(before)s)
             AND (%(area)s::ltree IS NULL OR path <@ %(area)s::ltree)
             AND (%(grid)s::text IS NULL OR grid_code = %(grid)s)
             AND (%(kind)s::text IS NULL OR kind = %(kind)s)
             AND (%(staff)s::uuid IS NULL OR staff_id = %(staff)s::uuid)
             AND (%(first)s::date IS NULL OR day >= %(first)s) AND (%(last)s::date IS NULL OR day <= %(last)s)
           ORDER BY id DESC LIMIT %(limit)s""",
        {
            "before": before, "area": area, "grid": grid, "kind": kind, "staff": staff, "first": first, "last": last,
            "limit": limit,
        },
    )  # fmt: skip
    return [Visit(**dict(zip(Visit.__slots__, row, strict=True))) for row in rows]


def deliveries(conn: connection, *, area: str | None, first: date, last: date) -> list[tuple[str, str, str, int]]:
    """Return grid, path, what was brought and to how many visited ones, of the visits that the caller may see, by grid."""
    return many(
        conn,
        """SELECT grid_code, path::text, delivery, count(DISTINCT (kind, town_id, target)) FROM wangge.visit
           WHERE delivery IS NOT NULL AND day BETWEEN %(first)s AND %(last)s
             AND (%(area)s::ltree IS NULL OR path <@ %(area)s::ltree)
           GROUP BY 1, 2, 3 ORDER BY grid_code COLLATE "C", delivery""",
        {"area": area, "first": first, "last": last},
    )


def coverage(conn: connection, *, area: str, day: date, until: datetime, since: Mapping[str, date]) -> list[Covered]:
    """Return what was reached, grid by grid, in an area by its path ('': everywhere that the caller works).

    `since` is the first day whose visits count, by the path of the area that says so; '' says it for the rest. `until` is the
    end of the day.
    """
    rows = many(
        conn,
        """SELECT grid_code, path::text, since, points, visited, households, in_group
           FROM wangge.visit_coverage(%s::ltree, %s, %s, %s::ltree[], %s::date[])""",
        [area, day, until, list(since), list(since.values())],
    )
    return [Covered(**dict(zip(Covered.__slots__, row, strict=True))) for row in rows]


def homes_due(conn: connection, grid: str, *, day: date, until: datetime, since: date, after: str, limit: int) -> list[HomeDue]:
    """Return the household points of a grid that nobody has visited since a day, by their ids, those after `after`.

    For whoever plans with households there, and for those with a post on the grid; nothing for others.
    """
    rows = many(conn, "SELECT * FROM wangge.homes_due(%s, %s, %s, %s, %s, %s)", [grid, day, until, since, after, limit])
    return [HomeDue(**dict(zip(HomeDue.__slots__, row, strict=True))) for row in rows]


def incidents_due(conn: connection, *, area: str | None, grid: str | None, zone: str, limit: int) -> list[IncidentDue]:
    """Return the incidents that ask for a visit which nobody has made yet, the most urgent first."""
    rows = many(
        conn,
        """SELECT i.no, i.grid_code, i.category, t.reason, (i.reported_at AT TIME ZONE %(zone)s)::date + t.within_days AS due
           FROM wangge.visit_trigger t JOIN wangge.incident i
             ON i.category = t.category AND i.path <@ t.path AND i.reported_at >= t.since
           WHERE t.active AND i.state NOT IN ('rejected', 'voided')
             AND (%(area)s::ltree IS NULL OR i.path <@ %(area)s::ltree)
             AND (%(grid)s::text IS NULL OR i.grid_code = %(grid)s)
             AND NOT EXISTS (SELECT FROM wangge.visit_trigger n
               WHERE n.category = i.category AND i.path <@ n.path AND nlevel(n.path) > nlevel(t.path))
             AND NOT wangge.was_visited_for(i.no)
           ORDER BY due, i.no LIMIT %(limit)s""",
        {"zone": zone, "area": area, "grid": grid, "limit": limit},
    )
    return [IncidentDue(**dict(zip(IncidentDue.__slots__, row, strict=True))) for row in rows]


def key_incidents_due(
    conn: connection,
    *,
    area: str | None,
    grid: str | None,
    categories: Mapping[str, Sequence[str]],
    now: datetime,
    day: date,
    zone: str,
    limit: int,
) -> list[IncidentDue]:
    """Return the open key incidents of which those above must be told by now: urgent ones by their clock, others daily.

    The others are of `categories`: those of the rule of an area, by its path; '' is for the rest.
    """
    pairs = [(path, category) for path, several in categories.items() for category in several]
    rows = many(
        conn,
        """SELECT i.no, i.grid_code, i.category, NULL::text, %(day)s::date FROM wangge.incident i
           WHERE i.state NOT IN ('closed', 'archived', 'rejected', 'voided')
             AND (%(area)s::ltree IS NULL OR i.path <@ %(area)s::ltree)
             AND (%(grid)s::text IS NULL OR i.grid_code = %(grid)s)
             AND (i.key_due_at <= %(now)s OR (NOT i.urgent AND i.category = ANY (ARRAY(
               SELECT c.category FROM unnest(%(paths)s::ltree[], %(categories)s::text[]) AS c (path, category)
               WHERE c.path = (SELECT r.path FROM unnest(%(rules)s::ltree[]) AS r (path) WHERE r.path @> i.path
                               ORDER BY nlevel(r.path) DESC LIMIT 1)))
               AND (coalesce(i.key_reported_at, i.reported_at) AT TIME ZONE %(zone)s)::date < %(day)s))
           ORDER BY i.id LIMIT %(limit)s""",
        {
            "area": area, "grid": grid, "paths": [path for path, _ in pairs], "categories": [each for _, each in pairs],
            "rules": list(categories), "zone": zone, "now": now, "day": day, "limit": limit,
        },
    )  # fmt: skip
    return [IncidentDue(**dict(zip(IncidentDue.__slots__, row, strict=True))) for row in rows]


# --- patrols ------------------------------------------------------------------------------------------------------------


def set_patrol(conn: connection, *, staff: str, grid: str, day: date, minutes: int, now: datetime) -> None:
    """Say how many minutes somebody patrolled a grid on a day: what was said before is replaced."""
    path = grid_path(conn, grid, day)
    run(
        conn,
        """INSERT INTO wangge.patrol (staff_id, grid_code, day, path, minutes, at) VALUES (%s, %s, %s, %s, %s, %s)
           ON CONFLICT (staff_id, day, grid_code) DO UPDATE SET minutes = excluded.minutes, at = excluded.at""",
        [staff, grid, day, path, minutes, now],
    )
    record(conn, "patrol.told", path=path, subject=grid, body={"day": day.isoformat(), "minutes": minutes})


def days_out(
    conn: connection,
    *,
    area: str | None,
    staff: str | None,
    first: date,
    last: date,
    after: tuple[date, str] | None,
    limit: int,
) -> list[tuple[date, str, int, int]]:
    """Return day and worker with the minutes of their patrols and of their visits, by day; those after a place in it."""
    day, person = after or (None, None)
    return many(
        conn,
        """SELECT day, staff_id::text, sum(patrolled)::integer, sum(visited)::integer FROM (
             SELECT day, staff_id, minutes AS patrolled, 0 AS visited, path FROM wangge.patrol
             UNION ALL SELECT day, staff_id, 0, minutes, path FROM wangge.visit) m
           WHERE day BETWEEN %(first)s AND %(last)s AND (%(area)s::ltree IS NULL OR path <@ %(area)s::ltree)
             AND (%(staff)s::uuid IS NULL OR staff_id = %(staff)s::uuid)
             AND (%(day)s::date IS NULL OR (day, staff_id) > (%(day)s, %(person)s::uuid))
           GROUP BY day, staff_id ORDER BY day, staff_id LIMIT %(limit)s""",
        {
            "first": first, "last": last, "area": area, "staff": staff, "day": day, "person": person, "limit": limit,
        },
    )  # fmt: skip


def patrols_met(
    conn: connection, *, area: str | None, days: Sequence[date], minutes: Mapping[str, int]
) -> list[tuple[str, int, int]]:
    """Return, by the path of who employs them, how many days full-time workers owed a patrol, and how many were met.

    Owed is each of `days` on which somebody has a full-time post and no leave. `minutes` is how long it must be, by the path
    of the area whose rule says so; '' is for the rest. Minutes of visits count: nobody has to say the same twice.
    """
    return many(
        conn,
        # People first, and then their days; what they owed and what they did meet by grouping: a year of a city is two hundred
        # thousand days, of which the planner expects a few.
        """WITH held AS MATERIALIZED (
             SELECT s.id, s.path::text AS path, p.valid, (
               SELECT r.minutes FROM unnest(%(paths)s::ltree[], %(minutes)s::integer[]) AS r (path, minutes)
               WHERE r.path @> s.path ORDER BY nlevel(r.path) DESC LIMIT 1) AS minutes
             FROM wangge.post p JOIN wangge.staff s ON s.id = p.staff_id
             WHERE p.role = 'full_time_worker' AND (%(area)s::ltree IS NULL OR s.path <@ %(area)s::ltree)
           ), told AS (
             SELECT DISTINCT h.id, d.day, h.path, h.minutes AS wanted, NULL::integer AS spent, false AS is_away
             FROM held h JOIN unnest(%(days)s::date[]) AS d (day) ON h.valid @> d.day
             UNION ALL SELECT staff_id, day, NULL, NULL, minutes, false FROM wangge.patrol WHERE day = ANY (%(days)s::date[])
             UNION ALL SELECT staff_id, day, NULL, NULL, minutes, false FROM wangge.visit WHERE day = ANY (%(days)s::date[])
             UNION ALL SELECT l.staff_id, d.day, NULL, NULL, NULL, true
             FROM wangge.staff_leave l JOIN unnest(%(days)s::date[]) AS d (day) ON l.days @> d.day
           ), owed AS (
             SELECT max(path) AS path, max(wanted) AS wanted, coalesce(sum(spent), 0) AS spent FROM told
             GROUP BY id, day HAVING max(path) IS NOT NULL AND NOT bool_or(is_away)
           )
           SELECT path, count(*), count(*) FILTER (WHERE spent >= wanted) FROM owed GROUP BY path
           ORDER BY path COLLATE "C\"""",
        {"days": list(days), "area": area, "paths": list(minutes), "minutes": list(minutes.values())},
    )


# --- groups -------------------------------------------------------------------------------------------------------------


def put_in_group(conn: connection, grid: str, homes: Mapping[str, int], day: date) -> None:
    """Say of household points of a grid how many of their households are in its group."""
    known = homes_in_grid(conn, grid, list(homes), day)
    for target, households in homes.items():
        if target not in known:
            raise ParameterError("homes", f"grid {grid} has no household point {target}", code="unknown-target")
        if households > known[target][1]:
            there = known[target][1]
            raise ParameterError("homes", f"{target} holds {there} households, so {households} cannot be in the group")
    one(conn, "SELECT wangge.put_in_group(%s, %s::text[], %s::integer[], %s)", [grid, list(homes), list(homes.values()), day])
    record(conn, "group.homes", path=grid_path(conn, grid, day), subject=grid, body={"homes": len(homes)})


def set_members(conn: connection, grid: str, kinds: Sequence[str], day: date) -> None:
    """Say which of those who must be in a grid's group are in it."""
    path = grid_path(conn, grid, day)
    run(
        conn,
        """INSERT INTO wangge.grid_group (grid_code, path, kinds, day) VALUES (%s, %s, %s, %s)
           ON CONFLICT (grid_code) DO UPDATE SET kinds = excluded.kinds, day = excluded.day, path = excluded.path""",
        [grid, path, list(kinds), day],
    )
    record(conn, "group.members", path=path, subject=grid, body={"kinds": list(kinds)})


def members(conn: connection, area: str) -> dict[str, list[str]]:
    """Return the kinds of members in the groups of the grids of an area, by the grid's code."""
    return dict(many(conn, "SELECT grid_code, kinds FROM wangge.grid_group WHERE path <@ %s::ltree", [area]))


# --- key groups ---------------------------------------------------------------------------------------------------------


def keeps_key_groups(conn: connection) -> tuple[str, ...]:
    """Return the paths of the areas whose key groups the caller may count."""
    (paths,) = one(conn, "SELECT wangge.keeps_key_groups()::text[]")
    return tuple(paths)


def set_key_group(conn: connection, *, grid: str, kind: str, month: date, total: int, visited: int, today: date) -> None:
    """Say how many of a key group there are in a grid, and how many of them were visited in a month."""
    path = grid_path(conn, grid, today)
    run(
        conn,
        """INSERT INTO wangge.key_group (grid_code, kind, month, path, total, visited) VALUES (%s, %s, %s, %s, %s, %s)
           ON CONFLICT (grid_code, kind, month) DO UPDATE SET total = excluded.total, visited = excluded.visited,
             path = excluded.path""",
        [grid, kind, month, path, total, visited],
    )
    # No number: the log is for ever, and small ones tell of persons.
    record(conn, "key_group.counted", path=path, subject=grid, body={"month": month.isoformat()})


def key_groups(conn: connection, *, area: str, month: date) -> list[tuple[str, str, str, int, int]]:
    """Return kind, grid, path, how many there are and how many were visited: true counts, to be hidden before they are told."""
    rows = many(
        conn,
        """SELECT kind, grid_code, path::text, total, visited FROM wangge.key_group
           WHERE month = %s AND path <@ %s::ltree ORDER BY kind COLLATE "C", grid_code COLLATE "C" """,
        [month, area],
    )
    record(conn, "key_group.read", path=area or None, subject=month.isoformat())
    return rows
