"""Grids of drafts, changed one at a time by people who draw.

People write where a grid lies, what it is called and what kind it is; everything else follows from that and from the
households of the plan's snapshot, and is found anew here: counts of every grid that the change reaches, measures,
exceptions, the four bounds. One grid is changed at a time, so gaps and overlaps come and go while a line is moved; the
check of the plan finds those that are left.

`row_version` counts what people have written into a grid. Figures that follow, and vertices that a neighbour's new corner
puts on a grid's line, do not count: whoever moves a line writes both its grids, and the first must not spoil the second.
Nothing is lost by that: what follows is found again after whatever is written next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from data.store.approval import sealed
from data.store.draft_figures import back_to_draft, count, draft_sheet, measures_of, rebound
from data.store.draft_shapes import REACH_M, beyond, fault_of, near, settled, through, vertices_of
from data.store.log import record
from data.store.nets import assign
from data.store.plan_blocks import drop
from data.store.sql import many, maybe, one, run
from gis.code import scheme_for
from gis.errors import Conflict, NotFound, RequestError
from gis.locate import NOWHERE, locate, rank_of

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from psycopg2.extensions import connection
    from shapely import Geometry

    from data.store.draft_figures import DraftSheet, Land
    from data.store.plans import PlanRow

OPEN_STATES = ("draft", "validated")


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftGrid:
    """One grid of a plan's current version, as people have written it; `community` by its code."""

    id: int
    plan: str
    row_version: int
    code: str
    name: str
    kind: str
    subtype: str
    community: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a grid is to be: `shape` in the town's frame, as it was sent, None to leave it; an empty `code` means a free one."""

    community: str
    code: str
    name: str
    kind: str
    subtype: str
    shape: Geometry | None


def grid_named(conn: connection, text: str) -> DraftGrid:
    """Return the grid with an id, if it is one of a plan's current version that the caller sees as a draft."""
    found = maybe(
        conn,
        """SELECT g.id, g.plan_id::text, g.row_version, g.code, g.name, g.kind, g.subtype, a.code
           FROM wangge.grid g JOIN wangge.plan p ON p.id = g.plan_id AND p.version = g.version
             JOIN wangge.area a ON a.id = g.area_id
           WHERE g.id = %s AND g.path <@ ANY ((SELECT wangge.scope(2))::ltree[]) AND wangge.sees_category(g.kind)""",
        [_number(text)],
    )
    if found is None:
        msg = f"there is no draft grid {text[:60]!r}, or it is not yours to see"
        raise NotFound(msg)
    identity, plan, row_version, code, name, kind, subtype, community = found
    return DraftGrid(
        id=identity, plan=plan, row_version=row_version, code=code, name=name, kind=kind, subtype=subtype, community=community
    )


def _number(text: str) -> int:
    """Return the id that a text writes; -1, which is no grid's, where it writes none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else -1  # noqa: PLR2004 - what a bigint holds


def require_open(conn: connection, plan: PlanRow) -> None:
    """Raise `Conflict` unless a plan's grids may be changed now."""
    if plan.state not in OPEN_STATES:
        msg = f"plan {plan.number} is {plan.state}: only the grids of a draft are changed"
        raise Conflict(msg, code="illegal-transition", state=plan.state)
    if plan.version in sealed(conn, plan):
        msg = (
            f"version {plan.version} of plan {plan.number} is submitted for a part of its communities and does not change: "
            "it can be edited again when it has been sent back"
        )
        raise Conflict(msg, code="frozen", version=plan.version)


def add(conn: connection, plan: PlanRow, wanted: Wanted, *, now: datetime) -> int:
    """Write a new grid into a plan and return its id. The plan is locked, and `require_open` has let it through."""
    sheet = draft_sheet(conn, plan)
    community = _community(sheet, wanted.community)
    code = wanted.code or scheme_for(wanted.community).next(wanted.community, set(sheet.drawn.code))
    _refuse_code(sheet, code, None)
    shape = _fitted(sheet, wanted, None)
    area, perimeter, compactness = measures_of(shape)
    (identity,) = one(
        conn,
        """INSERT INTO wangge.grid (plan_id, version, area_id, path, code, name, kind, subtype, households, persons, buildings,
             area_m2, perimeter_m, compactness, shape)
           SELECT %s, %s, %s, %s, %s, %s, %s, %s, 0, 0, 0, %s, %s, %s, ST_GeomFromWKB(%s, t.frame)
           FROM wangge.town t WHERE t.id = %s RETURNING id""",
        [
            plan.id, plan.version, community.id, community.path, code, wanted.name, wanted.kind, wanted.subtype,
            area, perimeter, compactness, shapely.to_wkb(shape), plan.town,
        ],
    )  # fmt: skip
    _follow(conn, plan, shape, now=now, written=identity)
    _tell(conn, plan, "add", community, identity=identity, code=code)
    return identity


def change(conn: connection, plan: PlanRow, grid: DraftGrid, wanted: Wanted, *, now: datetime) -> None:
    """Write a grid of a plan anew, if anything of it is to be different. The plan is locked and open."""
    sheet = draft_sheet(conn, plan)
    community = _community(sheet, wanted.community)
    code = wanted.code or grid.code
    _refuse_code(sheet, code, grid.id)
    old = sheet.shape(sheet.row(grid.id))
    moved = wanted.community != grid.community
    shape = old if wanted.shape is None and not moved else _fitted(sheet, wanted, grid.id)
    if shapely.equals_identical(shapely.normalize(shape), shapely.normalize(old)):
        shape = old  # to the byte
    words = (code, wanted.name, wanted.kind, wanted.subtype, wanted.community)
    if shape is old and words == (grid.code, grid.name, grid.kind, grid.subtype, grid.community):
        return
    area, perimeter, compactness = measures_of(shape)
    run(
        conn,
        """UPDATE wangge.grid SET area_id = %s, path = %s, code = %s, name = %s, kind = %s, subtype = %s, area_m2 = %s,
             perimeter_m = %s, compactness = %s, shape = ST_GeomFromWKB(%s, ST_SRID(shape)), row_version = row_version + 1
           WHERE id = %s""",
        [
            community.id, community.path, code, wanted.name, wanted.kind, wanted.subtype, area, perimeter, compactness,
            shapely.to_wkb(shape), grid.id,
        ],
    )  # fmt: skip
    _follow(conn, plan, shapely.GeometryCollection([old, shape]), now=now, written=grid.id)
    _tell(conn, plan, "change", community, identity=grid.id, code=code)


def remove(conn: connection, plan: PlanRow, grid: DraftGrid, *, now: datetime) -> None:
    """Take a grid out of a plan; its ground is a gap until another has it. The plan is locked and open."""
    sheet = draft_sheet(conn, plan)
    old = sheet.shape(sheet.row(grid.id))
    run(
        conn,
        "DELETE FROM wangge.assignment WHERE plan_id = %s AND version = %s AND grid_id = %s",
        [plan.id, plan.version, grid.id],
    )
    run(conn, "DELETE FROM wangge.grid WHERE id = %s", [grid.id])
    _follow(conn, plan, old, now=now, written=None)
    _tell(conn, plan, "remove", sheet.communities[grid.community], identity=grid.id, code=grid.code)


# --- what is written ----------------------------------------------------------------------------------------------------


def _community(sheet: DraftSheet, code: str) -> Land:
    found = sheet.communities.get(code)
    if found is None:
        msg = f"community {code[:60]!r} is none of this plan's; they are {', '.join(sorted(sheet.communities)[:20])}"
        fault = {"pointer": "/properties/community", "code": "invalid-value", "detail": msg}
        raise RequestError(msg, code="invalid-body", errors=[fault])
    return found


def _refuse_code(sheet: DraftSheet, code: str, own: int | None) -> None:
    users = [identity for identity, used in zip(sheet.id.tolist(), sheet.drawn.code, strict=True) if used == code]
    if users and users != [own]:
        msg = f"another grid of this plan has the code {code}"
        raise Conflict(msg, code="already-exists")


def _fitted(sheet: DraftSheet, wanted: Wanted, own: int | None) -> Geometry:
    """Return the wanted shape on the lines of the plan, or raise what is wrong with it."""
    drawn = wanted.shape if wanted.shape is not None or own is None else sheet.shape(sheet.row(own))
    if drawn is None:
        msg = "a grid needs a geometry"
        raise _invalid(msg, None, sheet.frame)
    shapes = np.concatenate([sheet.drawn.shape, sheet.outlines()])
    shape = settled(drawn, vertices_of(shapes[near(shapes, shapely.bounds(drawn), REACH_M)]))
    fault = fault_of(shape)
    if fault is not None:
        raise _invalid(f"the geometry cannot be a grid: {fault[0]}", fault[1], sheet.frame)
    outside = beyond(shape, sheet.communities[wanted.community].outline)
    if outside is not None:
        raise _invalid(f"the grid reaches beyond its community {wanted.community}", outside, sheet.frame)
    return shape


def _invalid(message: str, at: tuple[float, float] | None, frame: str) -> RequestError:
    """Return the error of a geometry, with the place in the town's frame where there is one."""
    fault: dict[str, object] = {"pointer": "/geometry", "code": "geometry-invalid", "detail": message}
    if at is not None:
        fault["place"] = {"x": round(at[0], 3), "y": round(at[1], 3), "crs": frame}
    return RequestError(message, code="geometry-invalid", errors=[fault])


def _tell(conn: connection, plan: PlanRow, what: str, community: Land, *, identity: int, code: str) -> None:
    body = {"version": plan.version, "grid": identity, "code": code}
    record(conn, f"plan.grid.{what}", path=community.path, subject=plan.id, body=body)


# --- what follows -------------------------------------------------------------------------------------------------------


def _follow(conn: connection, plan: PlanRow, ground: Geometry, *, now: datetime, written: int | None) -> None:
    """Find everything anew that follows from a change on some ground, before and after; `written` is the grid that has it."""
    drop(conn, plan)
    box = shapely.bounds(ground)
    _share_vertices(conn, plan, draft_sheet(conn, plan), written)
    sheet = draft_sheet(conn, plan)
    _recount(conn, plan, sheet, box, written)
    rebound(conn, plan, sheet, [box])
    back_to_draft(conn, plan, draft_sheet(conn, plan), now)


def _share_vertices(conn: connection, plan: PlanRow, sheet: DraftSheet, written: int | None) -> None:
    """Put the vertices of what was written on the lines of the communities and of the other grids that they lie on."""
    if written is None:
        return
    own = sheet.shape(sheet.row(written))
    box, vertices = shapely.bounds(own), vertices_of(np.array([own], dtype=object))
    for community in sheet.communities.values():
        outline = through(community.outline, vertices)
        if outline is not community.outline:
            run(
                conn,
                """UPDATE wangge.plan_community SET noded = ST_GeomFromWKB(%s, ST_SRID(noded))
                   WHERE plan_id = %s AND area_id = %s""",
                [shapely.to_wkb(outline), plan.id, community.id],
            )
    for g in near(sheet.drawn.shape, box, REACH_M).tolist():
        old = sheet.shape(g)
        shape = through(old, vertices)
        if shape is not old:
            area, perimeter, compactness = measures_of(shape)
            run(
                conn,
                """UPDATE wangge.grid SET shape = ST_GeomFromWKB(%s, ST_SRID(shape)), area_m2 = %s, perimeter_m = %s,
                     compactness = %s WHERE id = %s""",
                [shapely.to_wkb(shape), area, perimeter, compactness, int(sheet.id[g])],
            )


def _recount(conn: connection, plan: PlanRow, sheet: DraftSheet, box: NDArray[np.float64], written: int | None) -> None:
    """Find the grid of every household point on the changed ground, and count the grids that may hold some of them."""
    some = near(sheet.drawn.shape, box, REACH_M)
    points = many(
        conn,
        """SELECT h.id, ST_X(h.shape), ST_Y(h.shape) FROM wangge.household_point h JOIN wangge.town t ON t.id = h.town_id
           WHERE h.town_id = %s AND h.seen @> %s AND h.path <@ ANY (%s::ltree[])
             AND h.shape && ST_Expand(ST_MakeEnvelope(%s, %s, %s, %s, t.frame), %s)""",
        [plan.town, plan.snapshot, list(plan.paths), *box.tolist(), REACH_M],
    )
    ids = np.array([row[0] for row in points], dtype=np.int64)
    xy = np.array([row[1:] for row in points], dtype=np.float64).reshape(-1, 2)
    run(
        conn,
        """DELETE FROM wangge.assignment
           WHERE plan_id = %s AND version = %s AND snapshot = %s AND household_id = ANY (%s)""",
        [plan.id, plan.version, plan.snapshot, ids.tolist()],
    )
    if len(some) and len(ids):
        home = locate(xy, sheet.drawn.shape[some], order=rank_of(sheet.drawn.code)[some])
        held = home != NOWHERE
        assign(conn, ids[held], sheet.id[some[home[held]]], plan=plan.id, version=plan.version, snapshot=plan.snapshot)
    count(conn, plan, sheet, some, () if written is None else (written,))
