"""Household points for the small published town: some in every grid in force, each assigned to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.store.sql import run

if TYPE_CHECKING:
    from psycopg2.extensions import connection

POINTS, HOUSEHOLDS = 4, 10
"""Household points in a grid, and households in each."""


def furnish(conn: connection, *, points: int = POINTS) -> None:
    """Give every grid in force now its household points, named after it: `<grid>-1`, `<grid>-2`, …; in a row to the east."""
    run(
        conn,
        """WITH home AS (
             INSERT INTO wangge.household_point (town_id, seen, external_id, path, households, persons, compound, building,
               shape)
             SELECT t.id, '[1,)', g.code || '-' || n, g.path, %(households)s, 30, '小区', n || '号楼',
               ST_Translate(ST_Centroid(g.shape), 5 * n, 0)
             FROM wangge.grid g, wangge.town t, generate_series(1, %(points)s) n WHERE upper_inf(g.in_force)
             RETURNING id, external_id)
           INSERT INTO wangge.assignment (plan_id, version, snapshot, household_id, grid_id)
           SELECT g.plan_id, g.version, 1, h.id, g.id
           FROM home h JOIN wangge.grid g ON g.code = split_part(h.external_id, '-', 1) AND upper_inf(g.in_force)""",
        {"points": points, "households": HOUSEHOLDS},
    )
