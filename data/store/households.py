"""Household points in the store: what changed from one snapshot of a town to another, and what lies in a box.

A point is known by the id that its file gives it. Another place in the file is no change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import shapely

from data.store.migrate import is_leakproof
from data.store.sql import many, one

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import connection

Op = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointState:
    """What a household point says; `x`, `y` metres in the town's frame."""

    households: int
    persons: int
    compound: str
    building: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PointChange:
    """What became of a household point; before is None where it was added, after where it was removed."""

    id: str
    op: Op
    before: PointState | None
    after: PointState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointCounts:
    """How many household points became what between two snapshots, and what they hold in each."""

    added: int
    removed: int
    changed: int
    unchanged: int
    households_before: int
    households_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdPoint:
    """A household point as planners see it; `lon`, `lat` degrees in CGCS2000."""

    id: str
    households: int
    persons: int
    compound: str
    building: str
    lon: float
    lat: float


def count_changes(conn: connection, town: int, before: int, after: int) -> PointCounts:
    """Count what changed between two snapshots of a town; snapshot 0 is the nothing before the first."""
    row = one(
        conn,
        """WITH was AS (
            SELECT * FROM wangge.household_point
            WHERE town_id = %(town)s AND seen @> %(before)s AND NOT seen @> %(after)s
        ), now AS (
            SELECT * FROM wangge.household_point
            WHERE town_id = %(town)s AND seen @> %(after)s AND NOT seen @> %(before)s
        ), stays AS (
            SELECT count(*) AS points, sum(households) AS households FROM wangge.household_point
            WHERE town_id = %(town)s AND seen @> %(before)s AND seen @> %(after)s
        ), told AS (
            SELECT was.id IS NULL AS added, now.id IS NULL AS removed,
                (was.households, was.persons, was.compound, was.building, was.shape)
                    IS DISTINCT FROM (now.households, now.persons, now.compound, now.building, now.shape) AS differs,
                was.households AS before, now.households AS after
            FROM was FULL JOIN now USING (external_id)
        )
        SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE removed),
            count(*) FILTER (WHERE differs AND NOT added AND NOT removed),
            count(*) FILTER (WHERE NOT differs) + (SELECT points FROM stays),
            (coalesce(sum(before), 0) + coalesce((SELECT households FROM stays), 0))::bigint,
            (coalesce(sum(after), 0) + coalesce((SELECT households FROM stays), 0))::bigint
        FROM told""",
        {"town": town, "before": before, "after": after},
    )
    return PointCounts(**dict(zip(PointCounts.__slots__, row, strict=True)))


def changes(conn: connection, town: int, before: int, after: int, *, limit: int = 1000, past: str = "") -> list[PointChange]:
    """Return what changed between two snapshots of a town, by id, at most `limit` of those that come after `past`."""
    rows = many(
        conn,
        """WITH was AS (
            SELECT * FROM wangge.household_point
            WHERE town_id = %(town)s AND seen @> %(before)s AND NOT seen @> %(after)s
        ), now AS (
            SELECT * FROM wangge.household_point
            WHERE town_id = %(town)s AND seen @> %(after)s AND NOT seen @> %(before)s
        )
        SELECT external_id, was.id IS NOT NULL, was.households, was.persons, was.compound, was.building,
            ST_X(was.shape), ST_Y(was.shape),
            now.id IS NOT NULL, now.households, now.persons, now.compound, now.building, ST_X(now.shape), ST_Y(now.shape)
        FROM was FULL JOIN now USING (external_id)
        WHERE external_id COLLATE "C" > %(past)s AND (was.households, was.persons, was.compound, was.building, was.shape)
            IS DISTINCT FROM (now.households, now.persons, now.compound, now.building, now.shape)
        ORDER BY external_id COLLATE "C" LIMIT %(limit)s""",
        {"town": town, "before": before, "after": after, "limit": limit, "past": past},
    )
    found: list[PointChange] = []
    for external_id, was_there, *rest in rows:
        is_there = rest[6]
        was = _state(rest[:6]) if was_there else None
        now = _state(rest[7:]) if is_there else None
        op: Op = "added" if was is None else "removed" if now is None else "changed"
        found.append(PointChange(id=external_id, op=op, before=was, after=now))
    return found


def _state(values: Sequence[Any]) -> PointState:
    return PointState(**dict(zip(PointState.__slots__, values, strict=True)))


def points_within(
    conn: connection, box: tuple[float, float, float, float], *, town: int, snapshot: int, limit: int = 100_000
) -> list[HouseholdPoint]:
    """Return the household points of a snapshot in a box that the caller may see, by id.

    `box` is west, south, east, north in degrees of CGCS2000.
    """
    envelope = shapely.to_wkb(shapely.set_srid(shapely.box(*box), 4490), hex=True, include_srid=True)
    # Below a policy the index serves only where the operators are marked; elsewhere the function asks as the owner.
    statement = _WITHIN if is_leakproof(conn) else _WITHIN_BY_FUNCTION
    rows = many(conn, statement, {"box": envelope, "town": town, "snapshot": snapshot, "limit": limit})
    return [HouseholdPoint(**dict(zip(HouseholdPoint.__slots__, row, strict=True))) for row in rows]


_WITHIN = """SELECT external_id, households, persons, compound, building, ST_X(geom), ST_Y(geom)
    FROM wangge.household_point WHERE geom && %(box)s::geometry AND town_id = %(town)s AND seen @> %(snapshot)s
    ORDER BY external_id COLLATE "C" LIMIT %(limit)s"""
_WITHIN_BY_FUNCTION = """SELECT external_id, households, persons, compound, building, ST_X(geom), ST_Y(geom)
    FROM wangge.household_points_within(%(box)s::geometry) WHERE town_id = %(town)s AND seen @> %(snapshot)s
    ORDER BY external_id COLLATE "C" LIMIT %(limit)s"""
