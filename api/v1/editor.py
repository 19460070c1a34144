"""A plan as it is edited: by giving its blocks to grids.

Blocks are made once, by a job; which grid each is in is asked and written as often as somebody paints. Blocks are named by
their numbers, communities by their places in the document of the blocks, grids by their ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import shapely
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request

from api.asked import Asking, Store
from api.block_job import PLAN
from api.editor_view import (
    blocks_columns,
    borders_columns,
    colours,
    compounds_shown,
    ground_columns,
    in_force_columns,
    rules_columns,
)
from api.idempotency import OnlyOnce
from api.kept import Kept
from api.ogc.answers import digested, is_known_tag, unchanged
from api.v1.answers import answer, tag
from api.v1.jobs import GOES_ON, shown
from api.v1.parameters import WHOLE, Code, only
from api.v1.plans import offered
from api.who.caller import ALL_CATEGORIES, Right
from api.zipped import answer_once, answer_zipped, zipped
from data.store import drafts, jobs, paint, paint_board, plan_blocks, plan_cuts, plan_ground, plans
from data.store.draft_figures import frame_of
from data.store.log import record
from data.store.paint_board import NewGrid, Stroke
from data.store.scope import speak
from data.store.sql import many, one
from gis.errors import Conflict, Refused, RequestError
from gis.locate import NOWHERE
from maps.packing import Origin

if TYPE_CHECKING:
    from datetime import date

    from psycopg2.extensions import connection

    from api.asked import Asked
    from data.store.plan_blocks import Edition
    from data.store.plans import PlanRow

router = APIRouter(prefix="/v1/plans", tags=["plans"])

PACKED_BYTES = 64 << 20
"""Of the blocks that a process keeps packed; each is one edition as one kind of caller sees it."""
ROOMY_MS = 30_000
MOST_BLOCKS = 200_000
"""Of one stroke."""
KINDS = ("residential", "dedicated")
_PREPARES = (Right.RUN_JOBS, Right.SEE_HOUSEHOLDS)


Number = Annotated[int, Field(strict=True, ge=0, le=2**31 - 1), WHOLE]
Key = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]*$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


class GridToMake(BaseModel):
    """A grid that is to be made: a key of your own, the place of its community, and a name; without one it gets the usual."""

    model_config = ConfigDict(extra="forbid")

    key: Key
    community: Number
    name: Name = ""


class GridToName(BaseModel):
    """A grid that is to be called something else."""

    model_config = ConfigDict(extra="forbid")

    key: Key
    name: Annotated[Name, Field(min_length=1)]


class GridsToo(BaseModel):
    """What becomes of grids beside their blocks."""

    model_config = ConfigDict(extra="forbid")

    new: list[GridToMake] = Field(default_factory=list[GridToMake], max_length=paint_board.MOST_GRIDS)
    renamed: list[GridToName] = Field(default_factory=list[GridToName], max_length=paint_board.MOST_GRIDS)


class Painted(BaseModel):
    """What was painted since `base`, the revision of the plan that you have seen, on an edition of its blocks.

    Each of `blocks` is a number and the key of the grid that it is to be in: a grid's id, a key of `grids.new`, or null for
    none.
    """

    model_config = ConfigDict(extra="forbid")

    edition: Key
    base: Number
    blocks: list[tuple[Number, Key | None]] = Field(max_length=MOST_BLOCKS)
    grids: GridsToo = Field(default_factory=GridsToo)


@router.post("/{plan_id}/blocks", dependencies=[Depends(only())], responses=GOES_ON)
def prepare_blocks(plan_id: Code, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Have the blocks of a plan made. 200: they are there; 202: a job makes them, the same one for all who ask."""
    for right in _PREPARES:
        asked.caller.require(right)

    def prepare(conn: connection) -> Response:
        # One after the other, so that whoever comes second finds the job of the first.
        plan = plans.get(conn, plan_id, lock=True)
        edition = plan_blocks.edition_of(conn, plan)
        if edition is not None:
            return answer({"state": "ready", "edition": edition.tag})
        if not all(asked.caller.may(right, path) for path in plan.paths for right in _PREPARES):
            msg = "parts of this plan lie outside your areas; somebody who has them all prepares it"
            raise Refused(msg)
        job = jobs.going_on(conn, jobs.BLOCKS, {PLAN: plan.id})
        if job is None:
            # In one of its communities: they may be the caller's one by one, and not the area that holds them all.
            path = min(plan.paths)
            job = jobs.enqueue(
                conn, kind=jobs.BLOCKS, path=path, wants={PLAN: plan.id}, author=asked.caller.person_id, now=asked.now
            )
            record(conn, "job.start", path=path, subject=job.id, body={"kind": job.kind})
        return shown(job, asked, status=202, location=f"{asked.base}/v1/jobs/{job.id}")

    with store.write(asked.acting(*_PREPARES)) as conn:
        return once(conn, lambda: prepare(conn))


@router.get("/{plan_id}/blocks", dependencies=[Depends(only())])
def show_blocks(request: Request, plan_id: Code, asked: Asking, store: Store) -> Response:
    """Show the blocks of a plan and their ground, in columns; they do not change while the edition stands.

    Coordinates are steps in micro-degrees from `origin`. `made` are numbers that mean other ground since a revision of the
    plan, as blocks were cut or joined, each with that revision and the block that it is of. 404 (`no-blocks`) where they
    have not been made.
    """
    asked.caller.require(Right.SEE_HOUSEHOLDS)
    # Roles for some categories that somebody has elsewhere hide no block here: pages know blocks by their places among all.
    scope = asked.acting(Right.SEE_HOUSEHOLDS)
    with store.read(scope, ms=ROOMY_MS) as conn:
        plan = plans.get(conn, plan_id)
        edition = plan_blocks.edition_there(conn, plan)
        # Also by what the caller may see: whoever comes to see more blocks must not be told that nothing has changed.
        seen = digested(scope.areas_1, scope.areas_2, scope.areas_3, scope.categories, scope.public)
        mark = tag(edition.tag, plan_ground.stamp(conn, plan, asked.today), seen)
        if is_known_tag(request, mark):
            return unchanged(_headers(mark))
        packed = _kept(request).get(mark, lambda: _packed(conn, plan, edition, asked.today))
    return answer_zipped(request, packed, _headers(mark))


@router.get("/{plan_id}/assignments", dependencies=[Depends(only())])
def show_assignments(request: Request, plan_id: Code, asked: Asking, store: Store) -> Response:
    """Show which grid each block is in, the grids, and what you may do with the plan. The ETag is the plan's.

    `edition` is null where the blocks have not been made.
    """
    asked.caller.require(Right.SEE_HOUSEHOLDS)
    with store.read(asked.acting(Right.SEE_HOUSEHOLDS)) as conn:
        plan = plans.get(conn, plan_id)
        edition = plan_blocks.edition_of(conn, plan)
        document = assignments(conn, plan, edition, asked)
    headers = _headers(tag(plan.id, plan.revision))
    return answer_once(request, document, headers)


@router.patch("/{plan_id}/assignments", dependencies=[Depends(only())])
def save_assignments(plan_id: Code, painted: Painted, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Give blocks to grids, all at once or not at all; the plan is a draft again.

    What others have painted since `base` stays and comes as `theirs`, where it is about other blocks; else all is refused
    (409 `overlapping-edits`). A grid without blocks is taken away.
    """
    asked.caller.require(Right.EDIT_PLAN)

    def write(conn: connection) -> Response:
        plan, edition, drawn = opened(conn, plan_id, asked, painted.edition)
        plan_cuts.refuse_unseen(conn, edition, [number for number, _ in painted.blocks], drawn)
        saved = paint.save(conn, plan, edition, _stroke(painted, plan_ground.land_ids(conn, plan)), now=asked.now)
        grids, _ = grids_and_blocks(conn, saved.plan, edition)
        document = {
            "revision": saved.plan.revision,
            "edition": edition.tag,
            "keys": {key: str(grid) for key, grid in saved.keys.items()},
            "theirs": [[number, None if grid == NOWHERE else str(grid)] for number, grid in saved.theirs],
            "grids": grids,
        }
        return answer(document, etag=tag(plan.id, saved.plan.revision))

    with store.write(asked.scope, ms=ROOMY_MS) as conn:
        return once(conn, lambda: write(conn))


def opened(conn: connection, plan_id: str, asked: Asked, tag: str) -> tuple[PlanRow, Edition, int]:
    """Return a plan that is locked for its painter, its edition, and the `drawn` of what they have seen of that.

    From here on the transaction speaks for them as one who edits. 403 where parts of the plan are not theirs, 409 where it is
    closed, or its blocks have been made anew since.
    """
    plan = plans.get(conn, plan_id)
    if not may_paint(plan, asked):
        msg = "parts of this plan lie outside your areas or categories; its grids and blocks are not yours to change"
        raise Refused(msg)
    speak(conn, asked.acting(Right.EDIT_PLAN))
    plan = plans.get(conn, plan.id, lock=True)
    drafts.require_open(conn, plan)
    edition = plan_blocks.edition_of(conn, plan)
    drawn = None if edition is None else edition.seen_by(tag)
    if edition is None or drawn is None:
        msg = "the blocks of this plan were made anew since you have seen them: fetch them again"
        raise Conflict(msg, code="stale-edition", zh="该方案的地块已重新生成，请重新取得")
    return plan, edition, drawn


def _stroke(painted: Painted, lands: list[int]) -> Stroke:
    """Return what is to be saved; raises where a new grid is for a community that the plan does not have."""
    places = [grid.community for grid in painted.grids.new]
    faults = [
        {"pointer": f"/grids/new/{n}/community", "code": "invalid-value", "detail": f"the plan has {len(lands)} communities"}
        for n, place in enumerate(places)
        if place >= len(lands)
    ]
    if faults:
        msg = "a new grid is for a community that this plan does not have"
        raise RequestError(msg, code="invalid-body", errors=faults)
    return Stroke(
        base=painted.base,
        blocks=painted.blocks,
        new=[NewGrid(key=grid.key, community=lands[grid.community], name=grid.name) for grid in painted.grids.new],
        renamed=[(grid.key, grid.name) for grid in painted.grids.renamed],
    )


def assignments(conn: connection, plan: PlanRow, edition: Edition | None, asked: Asked) -> dict[str, Any]:
    """Return what changes while a plan is painted, as the caller sees it."""
    grids, of_block = grids_and_blocks(conn, plan, edition)
    why_not = why_not_editable(conn, plan, asked)
    return {
        "edition": None if edition is None else edition.tag,
        "plan": {
            "id": plan.id,
            "number": plan.number,
            "title": plan.title,
            "state": plan.state,
            "version": plan.version,
            "revision": plan.revision,
        },
        "editable": why_not is None,
        "why_not": why_not,
        "grids": grids,
        "of_block": of_block,
        "transitions": offered(conn, plan, asked),
    }


def grids_and_blocks(conn: connection, plan: PlanRow, edition: Edition | None) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the grids of a plan that the caller sees, and for each block the place of its grid among them, or `NOWHERE`.

    Without an edition there are no blocks.
    """
    lands = {identity: index for index, identity in enumerate(plan_ground.land_ids(conn, plan))}
    rows = many(
        conn,
        """SELECT g.id, g.code, g.name, g.kind, g.area_id FROM wangge.grid g JOIN wangge.area a ON a.id = g.area_id
           WHERE g.plan_id = %s AND g.version = %s AND g.path <@ ANY ((SELECT wangge.scope(2))::ltree[])
             AND wangge.sees_category(g.kind) ORDER BY a.code COLLATE "C", g.code COLLATE "C\"""",
        [plan.id, plan.version],
    )
    place = {identity: index for index, (identity, *_) in enumerate(rows)} | {NOWHERE: NOWHERE}
    found = [] if edition is None else plan_blocks.grids_of_blocks(conn, edition)
    of_block = [place.get(grid, NOWHERE) for _, grid in found]
    by_number = np.full(max((number for number, _ in found), default=NOWHERE) + 1, NOWHERE, dtype=np.int64)
    by_number[[number for number, _ in found]] = of_block
    borders = plan_blocks.NO_BORDERS if edition is None else plan_blocks.borders_of(conn, edition)
    chosen = colours(by_number, len(rows), borders)
    grids = [
        {"id": str(identity), "code": code, "name": name, "kind": kind, "community": lands[area], "colour": colour}
        for (identity, code, name, kind, area), colour in zip(rows, chosen, strict=True)
    ]
    return grids, of_block


def why_not_editable(conn: connection, plan: PlanRow, asked: Asked) -> str | None:
    """Return the code of what keeps a caller from painting a plan now, or None where nothing does."""
    if not may_paint(plan, asked):
        return Refused.code
    try:
        drafts.require_open(conn, plan)
    except Conflict as refusal:
        return refusal.code
    return None


def may_paint(plan: PlanRow, asked: Asked) -> bool:
    """Say whether somebody may edit all of a plan, and sees all of it: what follows from a change may lie anywhere in it."""
    seen = asked.acting(Right.EDIT_PLAN).categories
    sees_all = ALL_CATEGORIES in seen or {*KINDS} <= {*seen}
    return sees_all and all(asked.caller.may(Right.EDIT_PLAN, path, kind) for path in plan.paths for kind in KINDS)


def _packed(conn: connection, plan: PlanRow, edition: Edition, day: date) -> bytes:
    origin, crs = Origin(*edition.origin), frame_of(conn, plan)
    lands = plan_ground.lands(conn, plan, day)
    blocks = plan_blocks.blocks_of(conn, edition)
    box = shapely.total_bounds(lands.polygon).tolist()
    compounds, names = compounds_shown(blocks, edition)
    document = {
        "edition": edition.tag,
        "plan": plan.id,
        "origin": edition.origin,
        "blocks": blocks_columns(blocks, plan_blocks.drawings_of(conn, edition), lands, compounds),
        "made": plan_blocks.made_anew(conn, edition),
        "homes": _homes(conn, plan),
        "compounds": {"name": names},
        "borders": borders_columns(blocks, plan_blocks.borders_of(conn, edition)),
        **ground_columns(
            origin,
            crs,
            lands,
            plan_ground.features(conn, plan, "barrier", box),
            plan_ground.features(conn, plan, "compound", box),
        ),
        "in_force": in_force_columns(origin, crs, plan_ground.in_force(conn, plan, day), plan_blocks.shapes_of(conn, edition)),
        "rules": rules_columns(plans.rules_of(plan)),
        "limits": {"max_grids": paint_board.MOST_GRIDS},
    }
    return zipped(document)


def _homes(conn: connection, plan: PlanRow) -> dict[str, Any]:
    """Return the town and the snapshot whose household points a plan holds, by name and number."""
    (name,) = one(conn, "SELECT name FROM wangge.town WHERE id = %s", [plan.town], what="town")
    return {"town": name, "snapshot": plan.snapshot}


def _kept(request: Request) -> Kept[bytes]:
    state = request.app.state
    if not hasattr(state, "editions"):
        state.editions = Kept(PACKED_BYTES)
    return state.editions


def _headers(mark: str) -> dict[str, str]:
    vary = "Authorization, Cookie, Accept-Encoding, Accept-Language"
    return {"Cache-Control": "private, no-cache", "Vary": vary, "ETag": mark}
