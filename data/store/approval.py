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
    actor_name: str
    """What they were called when they decided; empty where it was done at the console."""
    comment: str
    at: datetime


def decisions(conn: connection, plan: PlanRow) -> tuple[DecisionRow, ...]:
    """Return everything that was decided about a plan, in all versions, oldest first."""
    rows = many(
        conn,
        """SELECT d.version, d.step, d.verdict, d.area_id, coalesce(a.code, p.code, ''), d.actor::text, d.actor_name, d.comment,
             d.at
           FROM wangge.decision d LEFT JOIN wangge.area a ON a.id = d.area_id
             LEFT JOIN wangge.areas_of_plan(%s) p ON p.id = d.area_id
           WHERE d.plan_id = %s ORDER BY d.id""",
        [plan.id, plan.id],
    )
    names = ("version", "step", "verdict", "area", "area_code", "actor", "actor_name", "comment", "at")
    return tuple(DecisionRow(**dict(zip(names, row, strict=True))) for row in rows)


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


def send_back(conn: connection, plan: PlanRow, *, now: datetime) -> PlanRow:
    """Make a plan that was rejected a draft again: its next version, with the same grids and household points, begins at once.

    What was submitted stays as it is. The caller has written the rejection; how much of the plan they see does not matter.
    """
    run(conn, "SELECT wangge.begin_next_version(%s, %s)", [plan.id, now])
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
        """SELECT id, version, actor::text, actor_name, at, text, grid_code, ST_X(geom), ST_Y(geom) FROM wangge.plan_comment
           WHERE plan_id = %s ORDER BY id""",
        [plan.id],
    )
    names = ("id", "version", "actor", "actor_name", "at", "text", "grid", "lon", "lat")
    return [dict(zip(names, row, strict=True)) for row in rows]
