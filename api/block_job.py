"""A job of kind `blocks`: the blocks of a plan, so that it can be edited by them.

The ground of the whole town is surveyed, as it was when the plan was made. The job comes as the store's owner and acts for its
author, whose rights were asked when it was made.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from api.block_drawing import drawing_of
from data.store import plan_blocks, plans
from data.store.log import record
from data.store.plan_blocks import Borders, NewEdition
from data.store.pool import connect
from data.store.publish import town_of
from data.store.sql import many, run
from gis.errors import Stale
from gis.frame import WGS84, transform_geometry
from gis.locate import NOWHERE
from partition.sheet import sheet_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from psycopg2.extensions import connection

    from api.block_drawing import Drawing
    from data.store.jobs import Job
    from data.store.plans import PlanRow
    from gis.town import Town
    from partition.net import Net
    from partition.sheet import Sheet

PLAN = "plan"
"""What the wants of such a job name: the plan, by its id."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A plan as it was when its blocks were made: of each grid, by its code, the id and the row's version."""

    plan: PlanRow
    net: Net
    grids: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What such a job came to; nothing is left to be computed while the plan is locked."""

    job: Job
    seen: _Seen
    town: Town
    sheet: Sheet
    drawing: Drawing

    def write(self, conn: connection, now: datetime) -> dict[str, Any]:
        """Write the edition, in a transaction of the owner's, and return the job's result.

        Raises
        ------
        Stale
            The plan was drawn otherwise meanwhile.
        """
        run(conn, "SELECT set_config('wangge.person', %s, true)", [self.job.author or ""])
        plan = plans.get(conn, self.seen.plan.id, lock=True)
        if plan.version != self.seen.plan.version or _grids(conn, plan) != self.seen.grids:
            msg = "the plan was changed while its blocks were made; ask for them again"
            raise Stale(msg, zh="生成地块期间方案已改动，请重新发起")
        edition = plan_blocks.write(conn, plan, self._edition(conn, plan), now=now)
        record(
            conn, "plan.blocks", path=plan.path, subject=plan.id, body={"job": self.job.id, "blocks": len(self.sheet.blocks)}
        )
        return {"plan": plan.id, "edition": str(edition), "blocks": len(self.sheet.blocks)}

    def _edition(self, conn: connection, plan: PlanRow) -> NewEdition:
        sheet, drawing = self.sheet, self.drawing
        blocks = sheet.blocks
        areas = _areas(conn, sheet.communities)
        ids = [self.seen.grids[code][0] for code in self.seen.net.code]
        return NewEdition(
            settled=sheet.settled,
            origin=(drawing.origin.x, drawing.origin.y),
            compounds=sheet.compounds,
            borders=Borders(a=blocks.a, b=blocks.b, shared_m=blocks.shared_m),
            srid=int(self.town.frame.crs.removeprefix("EPSG:")),
            area=[areas[c][0] for c in blocks.community.tolist()],
            path=[areas[c][1] for c in blocks.community.tolist()],
            grid=np.array([*ids, NOWHERE], dtype=np.int64)[sheet.grid],
            dedicated=blocks.dedicated != NOWHERE,
            compound=blocks.compound,
            households=blocks.households,
            persons=blocks.persons,
            buildings=blocks.buildings,
            area_m2=blocks.area_m2,
            perimeter_m=blocks.perimeter_m,
            homes=_homes(conn, plan, self.town, sheet),
            shape=sheet.polygon,
            drawn=drawing.rings,
            spot=drawing.spots,
        )


def block_job(dsn: str, job: Job, progress: Callable[[int, int], None], processes: int) -> Prepared:
    """Do the work of a job: survey, then find the block of everything.

    Raises
    ------
    NotFound
        The plan is not there.
    """
    del processes  # one survey cannot be spread
    progress(0, 2)
    with closing(connect(dsn)) as conn:
        # Nothing that is drawn meanwhile comes into it.
        run(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0")
        plan = plans.get(conn, job.wants[PLAN])
        net = plans.net(conn, plan)
        seen = _Seen(plan, net, _grids(conn, plan))
        town = town_of(conn, plan, communities=None)
        own = town_of(conn, plan, communities=tuple(net.outline), divided=net)
    sheet = sheet_of(town, own, net)
    progress(1, 2)
    drawing = drawing_of(transform_geometry(sheet.polygon, own.frame.crs, WGS84))
    progress(2, 2)
    return Prepared(job, seen, own, sheet, drawing)


def _grids(conn: connection, plan: PlanRow) -> dict[str, tuple[int, int]]:
    rows = many(
        conn,
        "SELECT code, id, row_version FROM wangge.grid WHERE plan_id = %s AND version = %s",
        [plan.id, plan.version],
    )
    return {code: (identity, version) for code, identity, version in rows}


def _areas(conn: connection, codes: Sequence[str]) -> list[tuple[int, str]]:
    """Return id and path of each community."""
    rows = many(
        conn,
        "SELECT code, id, path::text FROM wangge.area WHERE level = 'community' AND code = ANY (%s)",
        [list(codes)],
    )
    found = {code: (identity, path) for code, identity, path in rows}
    return [found[code] for code in codes]


def _homes(conn: connection, plan: PlanRow, town: Town, sheet: Sheet) -> list[list[int]]:
    """Return the ids of each block's household points."""
    rows = many(
        conn,
        "SELECT external_id, id FROM wangge.household_point WHERE town_id = %s AND seen @> %s",
        [plan.town, plan.snapshot],
    )
    number = dict(rows)
    homes: list[list[int]] = [[] for _ in range(len(sheet.blocks))]
    for identity, block in zip(town.households.id, sheet.home_block.tolist(), strict=True):
        if block != NOWHERE:
            homes[block].append(number[identity])
    return homes
