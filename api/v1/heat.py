"""Where a draft has its work: incidents of the last ninety days by block, never as points."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Depends, Response

from api.asked import Asking, Store
from api.v1.answers import answer, private
from api.v1.editor import ROOMY_MS
from api.v1.parameters import Code, only
from api.who.caller import Right
from data.store import plan_blocks, plans
from data.store.plan_heat import incidents_of_blocks

router = APIRouter(prefix="/v1/plans", tags=["plans"])

DAYS = 90
_NEEDED = (Right.SEE_HOUSEHOLDS, Right.HANDLE_INCIDENTS)


@router.get("/{plan_id}/heat", dependencies=[Depends(only())])
def show_heat(plan_id: Code, asked: Asking, store: Store) -> Response:
    """Count the incidents of the last 90 days in each block of a plan, by number, as far as you see them.

    404 (`no-blocks`) where the blocks have not been made.
    """
    for right in _NEEDED:
        asked.caller.require(right)
    with store.read(asked.acting(*_NEEDED), ms=ROOMY_MS) as conn:
        plan = plans.get(conn, plan_id)
        edition = plan_blocks.edition_there(conn, plan)
        found = incidents_of_blocks(conn, plan, edition, asked.now - timedelta(days=DAYS), asked.now)
    return private(answer({"edition": edition.tag, "days": DAYS, "incidents": sum(found), "of_block": found}))
