"""The notice of a plan: what it changes against the net in force, as a text to be put up or as a table."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Serving, Store
from api.csv_table import csv_lines
from api.notice import notice_of, notice_rows, notice_text
from api.v1.parameters import Code, only
from api.v1.plans import compared_by
from api.who.caller import Right
from data.store import plan_ground, plans

router = APIRouter(prefix="/v1/plans", tags=["plans"])

MEDIA = {"txt": "text/plain; charset=utf-8", "csv": "text/csv; charset=utf-8"}
COLUMNS = ("community", "from_code", "from_name", "to_code", "to_name", "change", "households_moved", "workers")


@router.get(
    "/{plan_id}/notice",
    dependencies=[Depends(only("lang", "format"))],
    response_class=Response,
    responses={200: {"content": {media.partition(";")[0]: {"schema": {"type": "string"}} for media in MEDIA.values()}}},
)
def show_notice(
    plan_id: Code,
    asked: Asking,
    store: Store,
    serving: Serving,
    wanted: Annotated[Literal["txt", "csv"], Query(alias="format")] = "txt",
) -> Response:
    """Say what a plan changes, grid by grid, with households and those who work there; small numbers are not told."""
    asked.caller.require(Right.SEE_HOUSEHOLDS)
    smallest = serving.settings.k_public
    with store.read(asked.acting(Right.SEE_HOUSEHOLDS), ms=60_000) as conn:
        plan = plans.get(conn, plan_id)
        found, town = compared_by(conn, plan, asked.caller)
        notice = notice_of(found, town, plan_ground.workers(conn, plan, asked.today))
    if wanted == "csv":
        body = csv_lines(COLUMNS, notice_rows(notice, asked.lang, smallest=smallest))
    else:
        body = notice_text(plan, notice, asked.lang, smallest=smallest).encode()
    headers = {
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie, Accept-Language",
        "Content-Disposition": f'attachment; filename="notice-{plan.number}.{wanted}"',
    }
    return Response(body, headers=headers, media_type=MEDIA[wanted])
