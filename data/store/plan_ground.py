"""What lies around and below the blocks of a plan: its communities, lines of the ground, compounds, and the net in force.

Shapes come in the town's frame, metres; the policies decide what of it the caller sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from data.store.sql import many, one

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

    from data.store.plans import PlanRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Lands:
    """Communities of a plan by code: ids, names, their streets' names, and their noded outlines."""

    id: tuple[int, ...]
    code: tuple[str, ...]
    name: tuple[str, ...]
    street: tuple[str, ...]
    polygon: NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Features of a layer of the ground; `kind` names a `gis.town.LineKind` where it is one of lines."""

    name: tuple[str, ...]
    kind: tuple[str, ...]
    shape: NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Grids in force in a plan's communities, by code, and the names of those who work in each."""

    code: tuple[str, ...]
    name: tuple[str, ...]
    workers: tuple[tuple[str, ...], ...]
    polygon: NDArray[np.object_]


def stamp(conn: connection, plan: PlanRow, day: date) -> str:
    """Return a text that changes with what `lands` and `in_force` say to this caller on a day."""
    (found,) = one(
        conn,
        """SELECT md5(concat_ws('|',
             (SELECT string_agg(concat_ws(':', c.area_id, c.xmin, v.name, s.name), ',' ORDER BY c.area_id)
              FROM wangge.plan_community c
                LEFT JOIN wangge.area_version v ON v.area_id = c.area_id AND v.valid @> %(day)s::date
                LEFT JOIN wangge.area_version s ON s.area_id = v.parent_id AND s.valid @> %(day)s::date
              WHERE c.plan_id = %(plan)s AND c.path <@ ANY ((SELECT wangge.scope(2))::ltree[])),
             (SELECT string_agg(g.id::text || ':' || g.row_version, ',' ORDER BY g.id) FROM wangge.grid g
              WHERE g.in_force @> %(day)s::date AND g.path <@ ANY (%(paths)s::ltree[])),
             (SELECT string_agg(concat_ws(':', p.id, p.grid_code, p.letter, s.name), ',' ORDER BY p.id) FROM wangge.post p
                JOIN wangge.staff s ON s.id = p.staff_id
              WHERE p.role = 'full_time_worker' AND p.valid @> %(day)s::date AND p.path <@ ANY (%(paths)s::ltree[]))))""",
        {"plan": plan.id, "paths": list(plan.paths), "day": day},
    )
    return found


def lands(conn: connection, plan: PlanRow, day: date) -> Lands:
    """Return those communities of a plan whose drafts the caller sees, as they are called on a day."""
    rows = many(
        conn,
        """SELECT c.area_id, a.code, coalesce(v.name, a.code), coalesce(s.name, ''), ST_AsBinary(c.noded)
           FROM wangge.plan_community c JOIN wangge.area a ON a.id = c.area_id
             LEFT JOIN wangge.area_version v ON v.area_id = c.area_id AND v.valid @> %s::date
             LEFT JOIN wangge.area_version s ON s.area_id = v.parent_id AND s.valid @> %s::date
           WHERE c.plan_id = %s AND c.path <@ ANY ((SELECT wangge.scope(2))::ltree[]) ORDER BY a.code COLLATE "C\"""",
        [day, day, plan.id],
    )
    return Lands(
        id=tuple(row[0] for row in rows),
        code=tuple(row[1] for row in rows),
        name=tuple(row[2] for row in rows),
        street=tuple(row[3] for row in rows),
        polygon=_shapes([row[4] for row in rows]),
    )


def land_ids(conn: connection, plan: PlanRow) -> list[int]:
    """Return the ids of the communities that `lands` returns, in the same order."""
    rows = many(
        conn,
        """SELECT c.area_id FROM wangge.plan_community c JOIN wangge.area a ON a.id = c.area_id
           WHERE c.plan_id = %s AND c.path <@ ANY ((SELECT wangge.scope(2))::ltree[]) ORDER BY a.code COLLATE "C\"""",
        [plan.id],
    )
    return [identity for (identity,) in rows]


def features(conn: connection, plan: PlanRow, layer: str, box: Sequence[float]) -> Features:
    """Return the features of a layer that meet a box (west, south, east, north), as they were in the plan's snapshot."""
    rows = many(
        conn,
        """SELECT f.name, f.kind, ST_AsBinary(f.shape) FROM wangge.town_feature f JOIN wangge.town t ON t.id = f.town_id
           WHERE f.town_id = %s AND f.layer = %s AND f.seen @> %s
             AND f.shape && ST_MakeEnvelope(%s, %s, %s, %s, t.frame) ORDER BY f.number""",
        [plan.town, layer, plan.snapshot, *box],
    )
    return Features(
        name=tuple(row[0] for row in rows), kind=tuple(row[1] for row in rows), shape=_shapes([row[2] for row in rows])
    )


def in_force(conn: connection, plan: PlanRow, day: date) -> InForce:
    """Return the net that holds in a plan's communities on a day: what of it the caller sees inside of."""
    rows = many(
        conn,
        """SELECT g.code, g.name, ST_AsBinary(CASE WHEN ST_SRID(g.shape) = t.frame THEN g.shape
                                              ELSE ST_Transform(g.shape, t.frame) END)
           FROM wangge.grid g CROSS JOIN (SELECT frame FROM wangge.town WHERE id = %s) t
           WHERE g.in_force @> %s::date AND g.path <@ ANY (%s::ltree[]) AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[])
             AND wangge.sees_category(g.kind) ORDER BY g.code COLLATE "C\"""",
        [plan.town, day, list(plan.paths)],
    )
    named = workers(conn, plan, day)
    return InForce(
        code=tuple(row[0] for row in rows),
        name=tuple(row[1] for row in rows),
        workers=tuple(named.get(row[0], ()) for row in rows),
        polygon=_shapes([row[2] for row in rows]),
    )


def workers(conn: connection, plan: PlanRow, day: date) -> dict[str, tuple[str, ...]]:
    """Return the names of the full-time workers of each grid of a plan's communities on a day, by its code, A before B."""
    posts = many(
        conn,
        """SELECT p.grid_code, s.name FROM wangge.post p JOIN wangge.staff s ON s.id = p.staff_id
           WHERE p.role = 'full_time_worker' AND p.valid @> %s::date AND p.path <@ ANY (%s::ltree[])
           ORDER BY p.letter, s.name, p.id""",
        [day, list(plan.paths)],
    )
    found: dict[str, list[str]] = {}
    for code, name in posts:
        found.setdefault(code, []).append(name)
    return {code: tuple(names) for code, names in found.items()}


def _shapes(found: Sequence[Any]) -> NDArray[np.object_]:
    shapes = np.empty(len(found), dtype=object)
    shapes[:] = [shapely.from_wkb(bytes(wkb)) for wkb in found]
    return shapes
