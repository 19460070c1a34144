"""Which grid is here? Points to grids of the net that is in force on a day.

A point on the line between grids belongs to the one with the smaller code; one in no grid is in none, never in the nearest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data.store.sql import many

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from psycopg2.extensions import connection

    from data.store.pool import Pool
    from data.store.scope import Scope

# The box is asked for by itself: below a policy only `&&` may use the index.
_POINT = """SELECT g.code, g.name, g.kind, g.subtype, c.code, cv.name, s.code, sv.name, lower(g.in_force)
    FROM (SELECT code, name, kind, subtype, area_id, in_force FROM wangge.grid
          WHERE geom && ST_SetSRID(ST_MakePoint($1::float8, $2::float8), 4490)
            AND ST_Covers(geom, ST_SetSRID(ST_MakePoint($1::float8, $2::float8), 4490)) AND in_force @> $3::date
          ORDER BY code COLLATE "C" LIMIT 1) g
      JOIN wangge.area c ON c.id = g.area_id JOIN wangge.area s ON s.id = c.parent_id
      LEFT JOIN wangge.area_version cv ON cv.area_id = c.id AND cv.valid @> $3::date
      LEFT JOIN wangge.area_version sv ON sv.area_id = s.id AND sv.valid @> $3::date"""

FIELDS = ("code", "name", "kind", "subtype", "community", "community_name", "street", "street_name", "valid_from")


def locate_point(pool: Pool, scope: Scope, lon: float, lat: float, day: date) -> dict[str, Any] | None:
    """Return the grid at a place (degrees, CGCS2000) on a day, or None."""
    rows = pool.ask_again(scope, _POINT, [lon, lat, day])
    return dict(zip(FIELDS, rows[0], strict=True)) if rows else None


def locate_points(conn: connection, lon: Sequence[float], lat: Sequence[float], day: date) -> list[str | None]:
    """Return the code of the grid at each place on a day, in order; None where there is none."""
    rows = many(
        conn,
        # By a function of the owner's: below a policy no index serves an operand that is still to be worked out, nor, where
        # the operators are not marked, any other. What it finds is seen by whoever may see it.
        """WITH place AS MATERIALIZED (
             SELECT n, ST_SetSRID(ST_MakePoint(lon, lat), 4490) AS at
             FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS given (lon, lat, n)
           ), found AS MATERIALIZED (
             SELECT * FROM wangge.grids_at((SELECT array_agg(at ORDER BY n) FROM place), %s::date)
           ), seen AS (
             SELECT DISTINCT ON (n) n, code FROM found JOIN wangge.grid USING (id) ORDER BY n, code COLLATE "C"
           )
           SELECT code FROM place LEFT JOIN seen USING (n) ORDER BY n""",
        [list(lon), list(lat), day],
    )
    return [code for (code,) in rows]
