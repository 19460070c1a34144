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

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from psycopg2.extras import Json

from data.plan_files import finding_record
from data.store.approval import sealed
from data.store.draft_bounds import NO_BOUNDS, Drawn, bounds_of
from data.store.draft_shapes import REACH_M, beyond, fault_of, near, settled, through, vertices_of
from data.store.log import record
from data.store.nets import assign
from data.store.plans import rules_of
from data.store.sql import insert, many, maybe, one, run
from gis.code import scheme_for
from gis.errors import Conflict, NotFound, RequestError
from gis.finding import Finding, Place, Severity
from gis.locate import NOWHERE, locate, rank_of
from partition.exceptions import GridException, Reason
from partition.score import in_band

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray
    from psycopg2.extensions import connection
    from shapely import Geometry

    from data.store.plans import PlanRow

OPEN_STATES = ("draft", "validated")
_NEIGHBOURS_M = 1.0
"""Grids whose boxes come so near to a change may have it in their bounds."""
_BY_HAND = GridException(
    Reason.UNPROVEN,
    "unproven: the grid was drawn by hand, and its count is not in the band",
    "未证明：手工划定，规模不在范围内",
)


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


@dataclass(frozen=True, slots=True)
class _Community:
    """A community of a plan: its id and path, and its noded outline."""

    id: int
    path: str
    outline: Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """All grids of a plan's version: one row one index into each column; and its communities by code."""

    id: NDArray[np.int64]
    drawn: Drawn
    dedicated: NDArray[np.bool_]
    bounds: tuple[tuple[str, str, str, str], ...]
    communities: Mapping[str, _Community]
    frame: str

    def row(self, identity: int) -> int:
        """Return the row of a grid by its id."""
        return int(np.flatnonzero(self.id == identity)[0])

    def shape(self, row: int) -> Geometry:
        """Return the shape of a row."""
        shapes: list[Geometry] = self.drawn.shape.tolist()
        return shapes[row]

    def outlines(self) -> NDArray[np.object_]:
        """Return the communities' outlines, in their order."""
        return np.array([each.outline for each in self.communities.values()], dtype=object)


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


def frame_of(conn: connection, plan: PlanRow) -> str:
    """Return the frame of the town that a plan divides, by its registry name."""
    (srid,) = one(conn, "SELECT frame FROM wangge.town WHERE id = %s", [plan.town], what="town")
    return f"EPSG:{srid}"


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
    sheet = _sheet(conn, plan)
    community = _community(sheet, wanted.community)
    code = wanted.code or scheme_for(wanted.community).next(wanted.community, set(sheet.drawn.code))
    _refuse_code(sheet, code, None)
    shape = _fitted(sheet, wanted, None)
    area, perimeter, compactness = _measures(shape)
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
    sheet = _sheet(conn, plan)
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
    area, perimeter, compactness = _measures(shape)
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
    sheet = _sheet(conn, plan)
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


def _sheet(conn: connection, plan: PlanRow) -> _Sheet:
    rows = many(
        conn,
        """SELECT g.id, g.code, g.name, g.kind = 'dedicated', a.code, g.east, g.south, g.west, g.north, ST_AsBinary(g.shape)
           FROM wangge.grid g JOIN wangge.area a ON a.id = g.area_id
           WHERE g.plan_id = %s AND g.version = %s ORDER BY a.code COLLATE "C", g.code COLLATE "C\"""",
        [plan.id, plan.version],
    )
    communities = many(
        conn,
        """SELECT a.code, c.area_id, c.path::text, ST_AsBinary(c.noded)
           FROM wangge.plan_community c JOIN wangge.area a ON a.id = c.area_id
           WHERE c.plan_id = %s ORDER BY a.code COLLATE "C\"""",
        [plan.id],
    )
    shape = np.empty(len(rows), dtype=object)
    shape[:] = [shapely.from_wkb(bytes(row[9])) for row in rows]
    return _Sheet(
        id=np.array([row[0] for row in rows], dtype=np.int64),
        drawn=Drawn(
            code=tuple(row[1] for row in rows),
            name=tuple(row[2] for row in rows),
            community=tuple(row[4] for row in rows),
            shape=shape,
        ),
        dedicated=np.array([row[3] for row in rows], dtype=np.bool_),
        bounds=tuple((row[5], row[6], row[7], row[8]) for row in rows),
        communities={code: _Community(area, path, shapely.from_wkb(bytes(wkb))) for code, area, path, wkb in communities},
        frame=frame_of(conn, plan),
    )


def _community(sheet: _Sheet, code: str) -> _Community:
    found = sheet.communities.get(code)
    if found is None:
        msg = f"community {code[:60]!r} is none of this plan's; they are {', '.join(sorted(sheet.communities)[:20])}"
        fault = {"pointer": "/properties/community", "code": "invalid-value", "detail": msg}
        raise RequestError(msg, code="invalid-body", errors=[fault])
    return found


def _refuse_code(sheet: _Sheet, code: str, own: int | None) -> None:
    users = [identity for identity, used in zip(sheet.id.tolist(), sheet.drawn.code, strict=True) if used == code]
    if users and users != [own]:
        msg = f"another grid of this plan has the code {code}"
        raise Conflict(msg, code="already-exists")


def _fitted(sheet: _Sheet, wanted: Wanted, own: int | None) -> Geometry:
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


def _measures(shape: Geometry) -> tuple[float, float, float]:
    area, perimeter = float(shapely.area(shape)), float(shapely.length(shape))
    return area, perimeter, 4 * np.pi * area / perimeter**2


def _tell(conn: connection, plan: PlanRow, what: str, community: _Community, *, identity: int, code: str) -> None:
    body = {"version": plan.version, "grid": identity, "code": code}
    record(conn, f"plan.grid.{what}", path=community.path, subject=plan.id, body=body)


# --- what follows -------------------------------------------------------------------------------------------------------


def _follow(conn: connection, plan: PlanRow, ground: Geometry, *, now: datetime, written: int | None) -> None:
    """Find everything anew that follows from a change on some ground, before and after; `written` is the grid that has it."""
    box = shapely.bounds(ground)
    _share_vertices(conn, plan, _sheet(conn, plan), written)
    sheet = _sheet(conn, plan)
    _recount(conn, plan, sheet, box, written)
    _rebound(conn, plan, sheet, box)
    _back_to_draft(conn, plan, _sheet(conn, plan), now)


def _share_vertices(conn: connection, plan: PlanRow, sheet: _Sheet, written: int | None) -> None:
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
            area, perimeter, compactness = _measures(shape)
            run(
                conn,
                """UPDATE wangge.grid SET shape = ST_GeomFromWKB(%s, ST_SRID(shape)), area_m2 = %s, perimeter_m = %s,
                     compactness = %s WHERE id = %s""",
                [shapely.to_wkb(shape), area, perimeter, compactness, int(sheet.id[g])],
            )


def _recount(conn: connection, plan: PlanRow, sheet: _Sheet, box: NDArray[np.float64], written: int | None) -> None:
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
    _count(conn, plan, sheet, some, written)


def _count(conn: connection, plan: PlanRow, sheet: _Sheet, some: NDArray[np.int64], written: int | None) -> None:
    """Count what is in some grids, and say of those that have changed whether they are in the band."""
    rows = many(
        conn,
        """SELECT g.id, g.households, g.persons, g.buildings, coalesce(s.households, 0), coalesce(s.persons, 0),
             coalesce(s.buildings, 0)
           FROM wangge.grid g LEFT JOIN (
             SELECT a.grid_id, sum(h.households) AS households, sum(h.persons) AS persons,
               count(*) FILTER (WHERE h.households > 0) AS buildings
             FROM wangge.assignment a JOIN wangge.household_point h ON h.id = a.household_id
             WHERE a.plan_id = %s AND a.version = %s AND a.snapshot = %s AND a.grid_id = ANY (%s) GROUP BY a.grid_id) s
             ON s.grid_id = g.id
           WHERE g.id = ANY (%s)""",
        [plan.id, plan.version, plan.snapshot, sheet.id[some].tolist(), sheet.id[some].tolist()],
    )
    changed = [row for row in rows if row[0] == written or row[1:4] != row[4:7]]
    if not changed:
        return
    households, persons = (np.array([row[k] for row in changed], dtype=np.int64) for k in (4, 5))
    good = in_band(rules_of(plan), households, persons).tolist()
    insert(
        conn,
        """UPDATE wangge.grid g SET households = v.households, persons = v.persons, buildings = v.buildings,
             exception = v.exception
           FROM (VALUES %s) AS v (id, households, persons, buildings, exception) WHERE g.id = v.id""",
        [
            (identity, *now, None if fine or sheet.dedicated[sheet.row(identity)] else Json(_BY_HAND.record()))
            for (identity, _, _, _, *now), fine in zip(changed, good, strict=True)
        ],
        template="(%s, %s::integer, %s::integer, %s::integer, %s::jsonb)",
    )


def _rebound(conn: connection, plan: PlanRow, sheet: _Sheet, box: NDArray[np.float64]) -> None:
    """Find the four bounds anew around a change; take those away that can no longer be known."""
    codes, outlines = list(sheet.communities), sheet.outlines()
    touched = {codes[k]: sheet.communities[codes[k]].outline for k in near(outlines, box, _NEIGHBOURS_M).tolist()}
    found = bounds_of(conn, plan, sheet.drawn, touched)
    close = set(near(sheet.drawn.shape, box, _NEIGHBOURS_M).tolist())
    rows = [
        (int(sheet.id[g]), *astuple(bounds))
        for g, bounds in enumerate(found)
        if sheet.drawn.community[g] in touched
        and (bounds is not NO_BOUNDS or g in close)
        and astuple(bounds) != sheet.bounds[g]
    ]
    if rows:
        insert(
            conn,
            """UPDATE wangge.grid g SET east = v.east, south = v.south, west = v.west, north = v.north
               FROM (VALUES %s) AS v (id, east, south, west, north) WHERE g.id = v.id""",
            rows,
        )


def _back_to_draft(conn: connection, plan: PlanRow, sheet: _Sheet, now: datetime) -> None:
    """Let the plan say what it is now: a draft, with the figures that follow from its grids and what is known of them."""
    findings = [finding_record(_no_bounds(sheet, g)) for g, four in enumerate(sheet.bounds) if not any(four)]
    run(
        conn,
        """UPDATE wangge.plan SET state = 'draft', digest = NULL, findings = %s, metrics = %s,
             made_with = made_with || '{"drawn_by_hand": true}', revision = revision + 1, updated_at = %s
           WHERE id = %s""",
        [Json(findings), Json(_metrics(conn, plan)), now, plan.id],
    )


def _no_bounds(sheet: _Sheet, g: int) -> Finding:
    x, y = shapely.get_coordinates(shapely.point_on_surface(sheet.shape(g)))[0].tolist()
    code = sheet.drawn.code[g]
    return Finding(
        kind="bounds_cleared",
        severity=Severity.NOTE,
        en=f"Grid {code} has no four bounds while the grids of its community leave gaps or overlap: mend these.",
        zh=f"网格{code}所在社区的网格尚有空隙或重叠，四至暂缺：请先消除空隙和重叠。",
        place=Place(x, y, sheet.frame),
        subject=code,
    )


def _metrics(conn: connection, plan: PlanRow) -> dict[str, Any]:
    """Return those figures of a plan that follow from its grids alone, by the names that all plans have for them."""
    rows = many(
        conn,
        """SELECT kind = 'dedicated', households, persons, compactness, exception->>'reason' FROM wangge.grid
           WHERE plan_id = %s AND version = %s""",
        [plan.id, plan.version],
    )
    dedicated = np.array([row[0] for row in rows], dtype=np.bool_)
    households, persons = (np.array([row[k] for row in rows], dtype=np.int64) for k in (1, 2))
    shape = np.array([row[3] for row in rows], dtype=np.float64)[~dedicated]
    reasons = [row[4] for row in rows if not row[0] and row[4] is not None]
    unproven = sum(reason == Reason.UNPROVEN for reason in reasons)
    return {
        "grids": len(rows),
        "residential_grids": int((~dedicated).sum()),
        "dedicated_grids": int(dedicated.sum()),
        "households": int(households.sum()),
        "persons": int(persons.sum()),
        "in_band": int((in_band(rules_of(plan), households, persons) & ~dedicated).sum()),
        "exceptions_proven": len(reasons) - unproven,
        "exceptions_unproven": unproven,
        "compactness_mean": float(shape.mean()) if len(shape) else None,
        "compactness_least": float(shape.min()) if len(shape) else None,
    }
