"""What areas and grids were from day to day: their versions, where they lay, and what became of them.

Rights are the store's policies. Figures that are too small to be told are replaced here, as in the published collections:
only who may see the internal data of a place sees the true ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from data.store.sql import many, maybe

if TYPE_CHECKING:
    from datetime import date

    from psycopg2.extensions import connection

_GRID = (
    "code", "name", "kind", "subtype", "community", "plan", "households", "persons", "buildings", "area_m2", "perimeter_m",
    "compactness", "east", "south", "west", "north", "exception", "valid_from", "valid_to", "since",
)  # fmt: skip
_SELECT_GRID: LiteralString = """SELECT g.code, g.name, g.kind, g.subtype, c.code, g.plan_id::text,
    CASE WHEN o.own THEN g.households ELSE g.households_public END,
    CASE WHEN o.own THEN g.persons ELSE g.persons_public END,
    g.buildings, g.area_m2, g.perimeter_m, g.compactness, g.east, g.south, g.west, g.north,
    CASE WHEN o.own OR g.households_public IS NOT NULL THEN g.exception->>'reason' END,
    lower(g.in_force), upper(g.in_force), g.since
    FROM wangge.grid g LEFT JOIN wangge.area c ON c.id = g.area_id CROSS JOIN LATERAL (
      SELECT g.path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND wangge.sees_category(g.kind) AS own) o
    WHERE g.code = %(code)s AND g.in_force IS NOT NULL """
"""Every day on which a grid is in force; `plan` and `exception` tell what the caller may know."""

_AREA = ("code", "level", "name", "kind", "parent", "valid_from", "valid_to", "replaced_by")
_SELECT_AREA: LiteralString = """SELECT a.code, a.level, v.name, v.kind, p.code, lower(v.valid), upper(v.valid), r.code
    FROM wangge.area_version v JOIN wangge.area a ON a.id = v.area_id
      LEFT JOIN wangge.area p ON p.id = v.parent_id LEFT JOIN wangge.area r ON r.id = v.replaced_by """


def area_on(conn: connection, code: str, day: date) -> dict[str, Any] | None:
    """Return what an area was on a day, or None where it was none then."""
    row = maybe(conn, _SELECT_AREA + "WHERE a.code = %s AND v.valid @> %s::date", [code, day])
    return None if row is None else dict(zip(_AREA, row, strict=True))


def area_versions(conn: connection, code: str) -> list[dict[str, Any]]:
    """Return everything that an area ever was, oldest first."""
    rows = many(conn, _SELECT_AREA + "WHERE a.code = %s ORDER BY lower(v.valid)", [code])
    return [dict(zip(_AREA, row, strict=True)) for row in rows]


def parents_on(conn: connection, code: str, day: date) -> list[dict[str, str]]:
    """Return what an area belonged to on a day, from the top down; not the area itself."""
    rows = many(
        conn,
        """WITH RECURSIVE above AS (
             SELECT v.parent_id AS id, 1 AS steps FROM wangge.area_version v JOIN wangge.area a ON a.id = v.area_id
             WHERE a.code = %(code)s AND v.valid @> %(day)s::date
             UNION ALL SELECT v.parent_id, b.steps + 1 FROM above b JOIN wangge.area_version v ON v.area_id = b.id
             WHERE v.valid @> %(day)s::date)
           SELECT a.code, a.level, v.name FROM above b JOIN wangge.area a ON a.id = b.id
             LEFT JOIN wangge.area_version v ON v.area_id = a.id AND v.valid @> %(day)s::date ORDER BY b.steps DESC""",
        {"code": code, "day": day},
    )
    return [{"code": code, "level": level, "name": name} for code, level, name in rows]


def children_on(conn: connection, code: str, day: date, *, limit: int) -> list[dict[str, str]]:
    """Return what belonged to an area on a day, by code."""
    rows = many(
        conn,
        """SELECT a.code, a.level, v.name FROM wangge.area_version v JOIN wangge.area a ON a.id = v.area_id
             JOIN wangge.area p ON p.id = v.parent_id
           WHERE p.code = %s AND v.valid @> %s::date ORDER BY a.code COLLATE "C" LIMIT %s""",
        [code, day, limit],
    )
    return [{"code": code, "level": level, "name": name} for code, level, name in rows]


def grids_within(conn: connection, code: str, day: date) -> dict[str, int]:
    """Count the grids that were in force in an area on a day, by kind; those that the caller sees."""
    found = dict(
        many(
            conn,
            """SELECT g.kind, count(*) FROM wangge.grid g JOIN wangge.area a ON g.path <@ a.path
               WHERE a.code = %s AND g.in_force @> %s::date GROUP BY g.kind""",
            [code, day],
        )
    )
    return {kind: found.get(kind, 0) for kind in ("residential", "dedicated")}


def grid_on(conn: connection, code: str, day: date) -> dict[str, Any] | None:
    """Return what a grid was on a day, or None where it was not in force."""
    row = maybe(conn, _SELECT_GRID + "AND g.in_force @> %(day)s::date", {"code": code, "day": day})
    return None if row is None else dict(zip(_GRID, row, strict=True))


def grid_versions(conn: connection, code: str) -> list[dict[str, Any]]:
    """Return every plan's grid of that code, oldest first."""
    rows = many(conn, _SELECT_GRID + "ORDER BY lower(g.in_force)", {"code": code})
    return [dict(zip(_GRID, row, strict=True)) for row in rows]


_LINE = ("from", "to", "op", "households_moved", "share", "plan", "effective_from")
_SELECT_LINE: LiteralString = """SELECT l.from_code, l.to_code, l.op,
    CASE WHEN l.path <@ ANY ((SELECT wangge.scope(1))::ltree[]) THEN l.households_moved END, l.share, l.plan_id::text,
    b.effective_from FROM wangge.lineage l JOIN wangge.publication b ON b.plan_id = l.plan_id """
"""Lines of the register. How many households went where would tell how few there were: that is for the place itself."""


def lineage_of_plan(conn: connection, plan: str) -> list[dict[str, Any]]:
    """Return what became of every grid when a plan took effect; nothing before it has."""
    rows = many(
        conn,
        _SELECT_LINE + """WHERE l.plan_id::text = %s ORDER BY from_code COLLATE "C" NULLS LAST, to_code COLLATE "C\"""",
        [plan],
    )
    return [dict(zip(_LINE, row, strict=True)) for row in rows]


def lineage_of_grid(conn: connection, code: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return where a grid came from, and what became of it, oldest first."""
    order = """ORDER BY b.effective_from, b.number, from_code COLLATE "C", to_code COLLATE "C\""""
    into = many(conn, _SELECT_LINE + "WHERE l.to_code = %s " + order, [code])
    out_of = many(conn, _SELECT_LINE + "WHERE l.from_code = %s " + order, [code])
    return [dict(zip(_LINE, row, strict=True)) for row in into], [dict(zip(_LINE, row, strict=True)) for row in out_of]
