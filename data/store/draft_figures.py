"""What follows from the grids of a draft: counts, measures, exceptions, four bounds, and what the plan says of itself.

People write where grids lie; whichever way they do it (data/store/drafts.py, data/store/paint.py), everything else is
found anew here.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from psycopg2.extras import Json

from data.plan_files import finding_record
from data.store.draft_bounds import NO_BOUNDS, Drawn, bounds_of
from data.store.draft_shapes import near
from data.store.plans import rules_of
from data.store.sql import insert, many, one, run
from gis.finding import Finding, Place, Severity
from partition.exceptions import GridException, Reason
from partition.score import in_band

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from psycopg2.extensions import connection
    from shapely import Geometry

    from data.store.plans import PlanRow

_NEIGHBOURS_M = 1.0
"""Grids whose boxes come so near to a change may have it in their bounds."""
_BY_HAND = GridException(
    Reason.UNPROVEN,
    "unproven: the grid was drawn by hand, and its count is not in the band",
    "未证明：手工划定，规模不在范围内",
)


@dataclass(frozen=True, slots=True)
class Land:
    """A community of a plan: its id and path, and its noded outline."""

    id: int
    path: str
    outline: Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftSheet:
    """All grids of a plan's version: one row one index into each column; and its communities by code."""

    id: NDArray[np.int64]
    drawn: Drawn
    dedicated: NDArray[np.bool_]
    bounds: tuple[tuple[str, str, str, str], ...]
    communities: Mapping[str, Land]
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


def frame_of(conn: connection, plan: PlanRow) -> str:
    """Return the frame of the town that a plan divides, by its registry name."""
    (srid,) = one(conn, "SELECT frame FROM wangge.town WHERE id = %s", [plan.town], what="town")
    return f"EPSG:{srid}"


def draft_sheet(conn: connection, plan: PlanRow) -> DraftSheet:
    """Return the grids of a plan's current version as they are now."""
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
    return DraftSheet(
        id=np.array([row[0] for row in rows], dtype=np.int64),
        drawn=Drawn(
            code=tuple(row[1] for row in rows),
            name=tuple(row[2] for row in rows),
            community=tuple(row[4] for row in rows),
            shape=shape,
        ),
        dedicated=np.array([row[3] for row in rows], dtype=np.bool_),
        bounds=tuple((row[5], row[6], row[7], row[8]) for row in rows),
        communities={code: Land(area, path, shapely.from_wkb(bytes(wkb))) for code, area, path, wkb in communities},
        frame=frame_of(conn, plan),
    )


def measures_of(shape: Geometry) -> tuple[float, float, float]:
    """Return area (m²), perimeter (m) and compactness of a shape."""
    area, perimeter = float(shapely.area(shape)), float(shapely.length(shape))
    return area, perimeter, 4 * np.pi * area / perimeter**2


def count(conn: connection, plan: PlanRow, sheet: DraftSheet, some: NDArray[np.int64], written: Collection[int]) -> None:
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
    changed = [row for row in rows if row[0] in written or row[1:4] != row[4:7]]
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


def rebound(conn: connection, plan: PlanRow, sheet: DraftSheet, boxes: Sequence[NDArray[np.float64]]) -> None:
    """Find the four bounds anew around changes, each in a box; take those away that can no longer be known."""
    codes, outlines = list(sheet.communities), sheet.outlines()
    beside = sorted({k for box in boxes for k in near(outlines, box, _NEIGHBOURS_M).tolist()})
    touched = {codes[k]: sheet.communities[codes[k]].outline for k in beside}
    found = bounds_of(conn, plan, sheet.drawn, touched)
    close = {g for box in boxes for g in near(sheet.drawn.shape, box, _NEIGHBOURS_M).tolist()}
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


def back_to_draft(conn: connection, plan: PlanRow, sheet: DraftSheet, now: datetime) -> None:
    """Let the plan say what it is now: a draft, with the figures that follow from its grids and what is known of them."""
    findings = [finding_record(_no_bounds(sheet, g)) for g, four in enumerate(sheet.bounds) if not any(four)]
    run(
        conn,
        """UPDATE wangge.plan SET state = 'draft', digest = NULL, findings = %s, metrics = %s,
             made_with = made_with || '{"drawn_by_hand": true}', revision = revision + 1, updated_at = %s
           WHERE id = %s""",
        [Json(findings), Json(_metrics(conn, plan)), now, plan.id],
    )


def _no_bounds(sheet: DraftSheet, g: int) -> Finding:
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
