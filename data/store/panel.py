"""What a panel is made of: how many there are of what in an area on a day, by the path of where it stands.

Whoever asks counts what they may see: the policies are those of the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.store.sql import many, one

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from data.store.stats import Window


@dataclass(frozen=True, slots=True)
class AreaThere:
    """An area that there was on a day, under the name that it had then."""

    path: str
    code: str
    level: str
    name: str


def areas_in(conn: connection, area: str, day: date) -> list[AreaThere]:
    """Return the areas in one (a path), itself among them, that there were on a day, by code."""
    rows = many(
        conn,
        """SELECT a.path::text, a.code, a.level, v.name FROM wangge.area a JOIN wangge.area_version v ON v.area_id = a.id
           WHERE a.path <@ %s::ltree AND v.valid @> %s::date ORDER BY a.code COLLATE "C" """,
        [area, day],
    )
    return [AreaThere(*row) for row in rows]


def grid_counts(conn: connection, area: str, day: date) -> dict[str, tuple[int, int]]:
    """Return households and persons of the grids of a day in an area (a path) whose internal data the caller may see."""
    rows = many(
        conn,
        """SELECT g.code, g.households, g.persons FROM wangge.grid g
           WHERE g.in_force IS NOT NULL AND g.in_force @> %s::date AND g.path <@ %s::ltree
             AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND wangge.sees_category(g.kind)""",
        [day, area],
    )
    return {code: (households, persons) for code, households, persons in rows}


def people(conn: connection, area: str, day: date) -> list[tuple[str, str | None, int]]:
    """Return how many had a post on a day: by the path of who employs them and by role, and (None) whatever their role.

    Whoever has left since had it still: leaving ends posts.
    """
    return many(
        conn,
        """SELECT s.path::text, p.role, count(DISTINCT s.id)
           FROM wangge.post p JOIN wangge.staff s ON s.id = p.staff_id
           WHERE p.valid @> %s::date AND s.path <@ %s::ltree
           GROUP BY GROUPING SETS ((s.path, p.role), (s.path))""",
        [day, area],
    )


def matters(conn: connection, area: str, until: datetime) -> list[tuple[str, str, bool, int]]:
    """Return how many matters were in force before a moment, by path, list, and whether a department answers for them."""
    return many(
        conn,
        """SELECT m.path::text, m.list_class, m.department IS NOT NULL, count(*) FROM wangge.matter m
           WHERE m.path <@ %s::ltree AND (
             SELECT d.action FROM wangge.matter_decision d WHERE d.matter = m.code AND d.at < %s
             ORDER BY d.id DESC LIMIT 1) = 'admit'
           GROUP BY 1, 2, 3""",
        [area, until],
    )


def departments(conn: connection, area: str, until: datetime) -> list[tuple[str, int]]:
    """Return how many departments answered for matters that were in force before a moment, by their path."""
    return many(
        conn,
        """SELECT o.path::text, count(*) FROM wangge.org o
           WHERE o.path <@ %s::ltree AND EXISTS (
             SELECT FROM wangge.matter m WHERE m.department = o.code AND (
               SELECT d.action FROM wangge.matter_decision d WHERE d.matter = m.code AND d.at < %s
               ORDER BY d.id DESC LIMIT 1) = 'admit')
           GROUP BY 1""",
        [area, until],
    )


def exits(conn: connection, area: str, until: datetime) -> list[tuple[str, str, int]]:
    """Return how many matters had exited before a moment and not come back, by path and by what it was that exited."""
    return many(
        conn,
        """SELECT m.path::text, d.kind, count(*) FROM wangge.matter m CROSS JOIN LATERAL (
             SELECT l.action, l.kind FROM wangge.matter_decision l WHERE l.matter = m.code AND l.at < %s
             ORDER BY l.id DESC LIMIT 1) d
           WHERE m.path <@ %s::ltree AND d.action = 'exit' AND d.kind IS NOT NULL GROUP BY 1, 2""",
        [until, area],
    )


def aspects_filled(conn: connection, area: str, aspects: Sequence[str], until: datetime) -> int:
    """Return how many of some aspects no admission of an area before a moment has left empty."""
    (number,) = one(
        conn,
        """SELECT count(*) FROM unnest(%s::text[]) AS a (aspect) WHERE NOT EXISTS (
             SELECT FROM wangge.matter_decision d
             WHERE d.path <@ %s::ltree AND d.action = 'admit' AND d.at < %s AND coalesce(d.aspects ->> a.aspect, '') = '')""",
        [list(aspects), area, until],
    )
    return number


def brought(conn: connection, area: str, codes: Sequence[str], day: date) -> list[tuple[str, str, int]]:
    """Return what areas brought along by a day under some codes: path, code, number."""
    return many(
        conn,
        """SELECT path::text, code, number FROM wangge.counter
           WHERE path <@ %s::ltree AND code = ANY (%s) AND until <= %s""",
        [area, list(codes), day],
    )


def stations(conn: connection, area: str, until: datetime) -> list[tuple[str, int]]:
    """Return how many stations were open before a moment, by the path of who kept them; a center of services is no station."""
    return many(
        conn,
        """SELECT path::text, count(*) FROM wangge.stations_at(%s)
           WHERE active AND kind = 'station' AND path <@ %s::ltree GROUP BY 1""",
        [until, area],
    )


def orders(conn: connection, area: str, window: Window) -> list[tuple[str, str, int, int]]:
    """Return how many orders were placed in a window, and how many of them were finished by its moment: path, grid, numbers."""
    return many(
        conn,
        """SELECT path::text, coalesce(grid_code, ''), count(*), count(*) FILTER (WHERE finished_at <= %s)
           FROM wangge.service_order
           WHERE path <@ %s::ltree AND placed_at >= %s AND placed_at < %s GROUP BY 1, 2""",
        [window.moment, area, window.since, window.until],
    )


def matters_of_grids(conn: connection, area: str, day: date, until: datetime) -> list[tuple[str, str, int]]:
    """Return how many matters, of those in force before a moment, each grid of a day answers for: path, grid, number.

    Those that were named for it on the day; all that held where it lies, where none was.
    """
    return many(
        conn,
        """WITH held AS MATERIALIZED (
             SELECT m.code, m.path FROM wangge.matter m WHERE (
               SELECT d.action FROM wangge.matter_decision d WHERE d.matter = m.code AND d.at < %(until)s
               ORDER BY d.id DESC LIMIT 1) = 'admit'
           ), places AS (
             SELECT p.path, (SELECT count(*) FROM held WHERE held.path @> p.path) AS count
             FROM (SELECT DISTINCT g.path FROM wangge.grid g WHERE g.in_force @> %(day)s::date AND g.path <@ %(area)s::ltree) p
           ), own AS (
             SELECT n.grid_code, count(h.code) AS count FROM wangge.grid_matter n LEFT JOIN held h ON h.code = n.matter
             WHERE n.valid @> %(day)s::date GROUP BY n.grid_code
           )
           SELECT g.path::text, g.code, coalesce(o.count, p.count)
           FROM wangge.grid g JOIN places p ON p.path = g.path LEFT JOIN own o ON o.grid_code = g.code
           WHERE g.in_force @> %(day)s::date AND g.path <@ %(area)s::ltree
             AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND wangge.sees_category(g.kind)""",
        {"area": area, "day": day, "until": until},
    )


def defects(conn: connection, area: str, day: date) -> list[tuple[str, int, int]]:
    """Return the ground of each community with grids that was in none on a day, and that in two or beyond it, in cm².

    Measured anew from the shapes in force, whatever the plan said of itself; nothing to whoever does not see all grids.
    """
    return many(
        conn,
        """SELECT n.path::text, round(ST_Area(ST_Difference(v.shape, n.whole)) * 10000)::bigint,
             greatest(0, round((n.sum - ST_Area(n.whole) + ST_Area(ST_Difference(n.whole, v.shape))) * 10000))::bigint
           FROM (SELECT g.area_id, g.path, sum(ST_Area(g.shape)) AS sum, ST_Union(g.shape) AS whole FROM wangge.grid g
                 WHERE g.in_force @> %(day)s::date AND g.path <@ %(area)s::ltree
                   AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[])
                   AND wangge.sees_category('residential') AND wangge.sees_category('dedicated')
                 GROUP BY g.area_id, g.path) n
             CROSS JOIN LATERAL (
               SELECT ST_Transform(a.shape, ST_SRID(n.whole)) AS shape FROM wangge.area_version a
               WHERE a.area_id = n.area_id AND a.valid @> %(day)s::date) v""",
        {"area": area, "day": day},
    )
