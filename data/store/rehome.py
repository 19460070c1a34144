"""Household points find their grid anew: when the town's households are renewed while a plan is in force.

All points of the town are looked up at once, in memory and exactly; what comes of it is written as one batch, with one event
in the log that carries its digest. Nothing that was there is changed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from data.store.log import record
from data.store.nets import assign
from data.store.plans import get, rules_of
from data.store.sql import many, maybe
from gis.locate import NOWHERE, locate, rank_of
from partition.score import in_band

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

    from data.store.plans import PlanRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehomed:
    """What became of a plan's grids under new households: `outside` are points of its communities in none of its grids.

    `out_of_band` are the residential grids that the rules would not make today, by code, with their households: where
    the plan should be looked at again.
    """

    plan: str
    snapshot: int
    points: int
    outside: int
    out_of_band: Mapping[str, int]


def rehome(conn: connection, plan: PlanRow, snapshot: int) -> Rehomed:
    """Find for every point of a snapshot its grid in a plan's current version, and write it as one batch."""
    ids, xy, households, persons, own = points_of(conn, plan, snapshot)
    grids, codes, polygons, dedicated = _grids_of(conn, plan)
    index = locate(xy, polygons, order=rank_of(codes))
    inside = index != NOWHERE
    points, homes = ids[inside], grids[index[inside]]
    assign(conn, points, homes, plan=plan.id, version=plan.version, snapshot=snapshot)
    counted, heads = (
        np.bincount(index[inside], weights=of[inside], minlength=len(codes)).astype(np.int64) for of in (households, persons)
    )
    missed = ~(dedicated | in_band(rules_of(plan), counted, heads))
    done = Rehomed(
        plan=plan.id,
        snapshot=snapshot,
        points=len(points),
        outside=int((own & ~inside).sum()),
        out_of_band={codes[g]: int(counted[g]) for g in np.flatnonzero(missed).tolist()},
    )
    batch = hashlib.sha256(np.column_stack([points, homes]).tobytes()).hexdigest()
    body = {"snapshot": snapshot, "points": done.points, "outside": done.outside, "digest": batch}
    record(conn, "plan.rehomed", path=plan.path, subject=plan.id, body=body)
    return done


def rehome_town(conn: connection, town: int, snapshot: int, day: date) -> list[Rehomed]:
    """Find every point's grid in all plans of a town that are in force on `day` or later, for a new snapshot."""
    rows = many(
        conn,
        """SELECT DISTINCT p.id::text, p.number FROM wangge.plan p JOIN wangge.plan_community c ON c.plan_id = p.id
           WHERE p.town_id = %s AND (upper_inf(c.in_force) OR upper(c.in_force) > %s) ORDER BY p.number""",
        [town, day],
    )
    return [
        rehome(conn, get(conn, plan), snapshot)
        for plan, _ in rows
        if maybe(conn, "SELECT FROM wangge.assignment WHERE plan_id = %s AND snapshot = %s LIMIT 1", [plan, snapshot]) is None
    ]


def points_of(
    conn: connection, plan: PlanRow, snapshot: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return ids (n,), places (n, 2) metres, households, persons, and whether they are the plan's own (n,), of points.

    A plan's own points are a snapshot's in its communities. Beside them come the town's that are in no community: the strip
    that they lie in may belong to a grid.
    """
    own: list[tuple[Any, ...]] = many(
        conn,
        """SELECT id, ST_X(shape), ST_Y(shape), households, persons FROM wangge.household_point
           WHERE town_id = %s AND seen @> %s AND path <@ ANY (%s::ltree[])""",
        [plan.town, snapshot, list(plan.paths)],
    )
    astray: list[tuple[Any, ...]] = many(
        conn,
        """SELECT id, ST_X(shape), ST_Y(shape), households, persons FROM wangge.household_point
           WHERE town_id = %s AND seen @> %s AND path = (SELECT path FROM wangge.town WHERE id = %s)""",
        [plan.town, snapshot, plan.town],
    )
    table = np.array([*own, *astray], dtype=np.float64).reshape(-1, 5)
    households, persons = table[:, 3:].T.astype(np.int64)
    return table[:, 0].astype(np.int64), table[:, 1:3], households, persons, np.arange(len(table)) < len(own)


def _grids_of(
    conn: connection, plan: PlanRow
) -> tuple[NDArray[np.int64], tuple[str, ...], NDArray[np.object_], NDArray[np.bool_]]:
    rows = many(
        conn,
        """SELECT id, code, ST_AsBinary(shape), kind = 'dedicated' FROM wangge.grid
           WHERE plan_id = %s AND version = %s AND (in_force IS NULL OR upper_inf(in_force)) ORDER BY code COLLATE "C\"""",
        [plan.id, plan.version],
    )
    return (
        np.array([row[0] for row in rows], dtype=np.int64),
        tuple(row[1] for row in rows),
        np.array([shapely.from_wkb(bytes(row[2])) for row in rows], dtype=object),
        np.array([row[3] for row in rows], dtype=np.bool_),
    )
