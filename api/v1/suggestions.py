"""Suggestions over HTTP: what the engine would do with a plan that is being painted. A job finds them; nothing is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Asking, Store
from api.idempotency import OnlyOnce
from api.suggest_job import BASE, BLOCKS, COMMUNITIES, EDITION, LOCKED, PLAN, SEED, as_seen
from api.v1.editor import MOST_BLOCKS, Key, Number, may_paint
from api.v1.jobs import shown
from api.v1.parameters import WHOLE, Code, only
from api.who.caller import Right
from data.store import drafts, jobs, paint_board, plans
from data.store.log import record
from data.store.plan_standing import standing
from data.store.scope import speak
from gis.errors import Refused

if TYPE_CHECKING:
    from psycopg2.extensions import connection

router = APIRouter(prefix="/v1/plans", tags=["plans"])

_NEEDED = (Right.RUN_JOBS, Right.EDIT_PLAN, Right.SEE_HOUSEHOLDS)


class Wanted(BaseModel):
    """What a suggestion is asked about: what was painted on an edition of the blocks since `base`, and is not saved yet.

    Each of `blocks` is a number and the key of the grid that it was given to, or null for none: a grid's id, or a key of
    your own for one that is not saved. Nothing goes into or out of a grid of `locked`. `communities` are places in the
    document of the blocks; null for all.
    """

    model_config = ConfigDict(extra="forbid")

    edition: Key
    base: Number
    blocks: list[tuple[Number, Key | None]] = Field(default_factory=list[tuple[int, str | None]], max_length=MOST_BLOCKS)
    locked: list[Key] = Field(default_factory=list[str], max_length=paint_board.MOST_GRIDS)
    communities: list[Number] | None = Field(default=None, min_length=1, max_length=5000)
    seed: Annotated[
        int, Field(strict=True, ge=0, le=2**53 - 1, description="The same seed gives the same suggestions."), WHOLE
    ] = 1


@router.post("/{plan_id}/suggestions", status_code=202, dependencies=[Depends(only())])
def start_suggestions(plan_id: Code, wanted: Wanted, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Have a plan improved as far as it is not locked, with few households changing grid. The answer is the job that does it.

    When it is done, its `suggestion` has alternatives to choose from; what one says can be saved as it stands.
    """
    for right in _NEEDED:
        asked.caller.require(right)

    def begin(conn: connection) -> Response:
        plan = plans.get(conn, plan_id)
        path = min(plan.paths)
        if not may_paint(plan, asked) or not all(asked.caller.may(right, each) for each in plan.paths for right in _NEEDED):
            msg = "parts of this plan lie outside your areas or categories; somebody who has them all may ask"
            raise Refused(msg)
        drafts.require_open(conn, plan)
        speak(conn, asked.acting(*_NEEDED))
        edition = as_seen(conn, plan, wanted.edition, wanted.base)
        # What does not fit is said now, and not by a job that fails.
        standing(conn, plan, edition, wanted.blocks, locked=wanted.locked, communities=wanted.communities)
        wants = {
            PLAN: plan.id,
            EDITION: wanted.edition,
            BASE: wanted.base,
            BLOCKS: wanted.blocks,
            LOCKED: wanted.locked,
            COMMUNITIES: wanted.communities,
            SEED: wanted.seed,
        }
        job = jobs.enqueue(conn, kind=jobs.SUGGEST, path=path, wants=wants, author=asked.caller.person_id, now=asked.now)
        record(conn, "job.start", path=path, subject=job.id, body={"kind": job.kind})
        return shown(job, asked, status=202, location=f"{asked.base}/v1/jobs/{job.id}")

    with store.write(asked.scope) as conn:
        return once(conn, lambda: begin(conn))
