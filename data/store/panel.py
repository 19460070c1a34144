"""What a panel is made of: how many there are of what in an area on a day, by the path of where it stands.

Whoever asks counts what they may see: the policies are those of the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.store.sql import many

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection


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
    """Return how many have a post on a day: by the path of who employs them and by role, and (None) whatever their role."""
    return many(
        conn,
        """SELECT s.path::text, p.role, count(DISTINCT s.id)
           FROM wangge.post p JOIN wangge.staff s ON s.id = p.staff_id
           WHERE p.valid @> %s::date AND s.status <> 'left' AND s.path <@ %s::ltree
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


def brought(conn: connection, area: str, codes: Sequence[str], day: date) -> list[tuple[str, str, int]]:
    """Return what areas brought along by a day under some codes: path, code, number."""
    return many(
        conn,
        """SELECT path::text, code, number FROM wangge.counter
           WHERE path <@ %s::ltree AND code = ANY (%s) AND until <= %s""",
        [area, list(codes), day],
    )


def stations(conn: connection, area: str) -> list[tuple[str, int]]:
    """Return how many stations are open, by the path of who keeps them; what is a center of services is no station."""
    return many(
        conn,
        """SELECT path::text, count(*) FROM wangge.station
           WHERE active AND kind = 'station' AND path <@ %s::ltree GROUP BY 1""",
        [area],
    )


def orders(conn: connection, area: str, since: datetime, until: datetime, moment: datetime) -> list[tuple[str, int, int]]:
    """Return how many orders were placed in a window, and how many of them were finished by a moment, by their path."""
    return many(
        conn,
        """SELECT path::text, count(*), count(*) FILTER (WHERE finished_at <= %s) FROM wangge.service_order
           WHERE path <@ %s::ltree AND placed_at >= %s AND placed_at < %s GROUP BY 1""",
        [moment, area, since, until],
    )
