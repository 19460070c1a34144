"""The approval of plans in the store: what was decided, what was submitted for ever, what was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.store.plans import get
from data.store.sql import insert, many, one, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg2.extensions import connection

    from data.store.plans import AreaRow, PlanRow


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One decision, for one area, in one version."""

    version: int
    step: str
    verdict: str
    area: int
    area_code: str
    actor: str | None
    comment: str
    at: datetime


def decisions(conn: connection, plan: PlanRow) -> tuple[DecisionRow, ...]:
    """Return everything that was decided about a plan, in all versions, oldest first."""
    rows = many(
        conn,
        """SELECT d.version, d.step, d.verdict, d.area_id, a.code, d.actor::text, d.comment, d.at
           FROM wangge.decision d JOIN wangge.area a ON a.id = d.area_id WHERE d.plan_id = %s ORDER BY d.id""",
        [plan.id],
    )
    return tuple(
        DecisionRow(version=version, step=step, verdict=verdict, area=area, area_code=code, actor=actor, comment=comment, at=at)
        for version, step, verdict, area, code, actor, comment, at in rows
    )


def decide(
    conn: connection,
    plan: PlanRow,
    *,
    step: str,
    verdict: str,
    areas: Sequence[AreaRow],
    actor: str | None,
    comment: str,
    now: datetime,
) -> None:
    """Write a decision for each of `areas`. The store refuses a second one, and the same person at two tiers."""
    insert(
        conn,
        "INSERT INTO wangge.decision (plan_id, version, step, verdict, area_id, path, actor, comment, at) VALUES %s",
        [(plan.id, plan.version, step, verdict, area.id, area.path, actor, comment, now) for area in areas],
    )


def seal(conn: connection, plan: PlanRow, *, actor: str | None, now: datetime) -> None:
    """Keep what is submitted, for ever: from now on this version does not change, whatever becomes of the plan."""
    run(
        conn,
        """INSERT INTO wangge.plan_version (plan_id, version, digest, made_at, made_by) VALUES (%s, %s, %s, %s, %s)
           ON CONFLICT DO NOTHING""",
        [plan.id, plan.version, plan.digest, now, actor],
    )


def sealed(conn: connection, plan: PlanRow) -> dict[int, str]:
    """Return the digest of each version that was submitted."""
    return dict(many(conn, "SELECT version, digest FROM wangge.plan_version WHERE plan_id = %s ORDER BY version", [plan.id]))


def reopen(conn: connection, plan: PlanRow, *, now: datetime) -> PlanRow:
    """Return a plan that can be changed: one that was sent back gets a new version with the same grids.

    What was submitted stays as it is. The caller must see all communities of the plan, or a part would be left behind.
    """
    if plan.version not in sealed(conn, plan):
        return plan
    version = plan.version + 1
    run(
        conn,
        "UPDATE wangge.plan SET state = 'draft', version = %s, revision = revision + 1, updated_at = %s WHERE id = %s",
        [version, now, plan.id],
    )
    run(
        conn,
        """INSERT INTO wangge.grid (plan_id, version, area_id, path, code, name, kind, subtype, households, persons, buildings,
             area_m2, perimeter_m, compactness, east, south, west, north, exception, shape)
           SELECT plan_id, %s, area_id, path, code, name, kind, subtype, households, persons, buildings,
             area_m2, perimeter_m, compactness, east, south, west, north, exception, shape
           FROM wangge.grid WHERE plan_id = %s AND version = %s ORDER BY id""",
        [version, plan.id, plan.version],
    )
    run(
        conn,
        """INSERT INTO wangge.assignment (plan_id, version, snapshot, household_id, grid_id)
           SELECT s.plan_id, %s, s.snapshot, s.household_id, n.id
           FROM wangge.assignment s JOIN wangge.grid o ON o.id = s.grid_id
             JOIN wangge.grid n ON (n.plan_id, n.version, n.code) = (o.plan_id, %s, o.code)
           WHERE s.plan_id = %s AND s.version = %s""",
        [version, version, plan.id, plan.version],
    )
    return get(conn, plan.id)


def comment(
    conn: connection,
    plan: PlanRow,
    text: str,
    *,
    actor: str,
    now: datetime,
    grid: str | None = None,
    at: tuple[float, float] | None = None,
) -> int:
    """Write a remark, to a grid or a place (longitude, latitude) where one is given, and return its number."""
    lon, lat = at or (None, None)
    (number,) = one(
        conn,
        """INSERT INTO wangge.plan_comment (plan_id, version, path, actor, at, text, grid_code, geom)
           VALUES (%s, %s, %s, %s, %s, %s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4490)) RETURNING id""",
        [plan.id, plan.version, plan.path, actor, now, text, grid, lon, lat],
    )
    return number


def comments(conn: connection, plan: PlanRow) -> list[dict[str, Any]]:
    """Return what was said about a plan, oldest first."""
    rows = many(
        conn,
        """SELECT id, version, actor::text, at, text, grid_code, ST_X(geom), ST_Y(geom) FROM wangge.plan_comment
           WHERE plan_id = %s ORDER BY id""",
        [plan.id],
    )
    names = ("id", "version", "actor", "at", "text", "grid", "lon", "lat")
    return [dict(zip(names, row, strict=True)) for row in rows]
