"""What an officer's desk is made of: everything that a filter gives in columns, the same to take away, and who may have it.

The list of incidents tells all of each, a page at a time; these tell of all what a table and a map show, at once.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response
from starlette.requests import Request

from api.asked import Asking, Serving, Store
from api.csv_table import csv_lines
from api.desk_view import headers, lines, sent
from api.stats.window import midnight
from api.v1.answers import answer, private
from api.v1.incident_filter import NARROWED_BY, Narrowed
from api.v1.parameters import NO_NUL, only
from api.v1.tables import CSV
from api.who.caller import Right
from api.zipped import answer_once
from data.store import desk
from data.store.feed import now_at
from data.store.log import record
from gis.errors import ParameterError

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from api.asked import Asked

router = APIRouter(prefix="/v1/desk", tags=["incidents"])

MOST = 100_000
"""Incidents that are told at once; the newest, where there are more."""
MOST_NUMBERS = 200
DAYS = 30
"""How far back what was closed is counted, today included."""
ROOMY_MS = 30_000
Sort = Annotated[Literal["newest", "oldest", "due", "state", "grid"], Query(description="In which order.")]
_IS_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {"schema": {"type": "string"}}}}}


@router.get("/incidents", dependencies=[Depends(only(*NARROWED_BY, several=("state", "no")))])
def show_incidents(
    request: Request,
    asked: Asking,
    store: Store,
    narrowed: Narrowed,
    no: Annotated[
        list[Annotated[str, Query(max_length=100, pattern=NO_NUL)]] | None,
        Query(max_length=MOST_NUMBERS, description="Numbers of incidents: those, and no others."),
    ] = None,
) -> Response:
    """Show every incident that a filter gives, in columns, and the place in the events from which on to follow (`cursor`).

    `x`, `y` are micro-degrees (CGCS2000), moments seconds since 1970; a column `{of, at}` has each word once. Beside them
    stands what categories, organisations and people are called. `is_whole` is false where there are more than are told.
    """
    asked.caller.require(Right.HANDLE_INCIDENTS)
    if no is not None and set(request.query_params) - {"no", "lang"}:
        raise ParameterError("no", "say either numbers or a filter", zh="编号与筛选条件只能填一种")
    with store.read(asked.scope, ms=ROOMY_MS) as conn:
        cursor = now_at(conn)
        if no is None:
            rows = desk.cases(conn, narrowed.filter(conn, asked), now=asked.now, limit=MOST + 1)
        else:
            rows = desk.cases_of(conn, no)
        document = {
            "at": int(asked.now.timestamp()),
            "today": asked.today,
            "cursor": str(cursor),
            "is_whole": len(rows) <= MOST,
            **sent(conn, rows[:MOST], asked),
        }
    told = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie, Accept-Encoding"}
    return answer_once(request, document, told)


@router.get("/figures", dependencies=[Depends(only(*NARROWED_BY, several=("state",)))])
def show_figures(asked: Asking, store: Store, serving: Serving, narrowed: Narrowed) -> Response:
    """Count what a filter gives: what is open, late or nearly so now; what was received and closed today, and since 29 days.

    `late` and `soon` are by the worse of both clocks, as `light` is. Of those that were `ended` in thirty days `timed` had a
    deadline, and `on_time` were closed by it. Each is as many as the list has with the same filter.
    """
    asked.caller.require(Right.HANDLE_INCIDENTS)
    zone = ZoneInfo(serving.settings.zone)
    first = asked.today - timedelta(days=DAYS - 1)
    with store.read(asked.scope, ms=ROOMY_MS) as conn:
        found = desk.figures(
            conn,
            narrowed.filter(conn, asked),
            now=asked.now,
            day=midnight(asked.today, zone),
            first=midnight(first, zone),
        )
    return private(answer({"today": asked.today, "first": first, "figures": found}))


@router.get(
    "/incidents.csv",
    dependencies=[Depends(only(*NARROWED_BY, "sort", several=("state",)))],
    response_class=Response,
    responses=_IS_CSV,
)
def take_table(  # noqa: PLR0917 - FastAPI passes by name
    request: Request, asked: Asking, store: Store, serving: Serving, narrowed: Narrowed, sort: Sort = "newest"
) -> Response:
    """Take away every incident that a filter gives, as a table for spreadsheets, in the language that is asked for.

    Nobody's name stands in it. That it was taken stands in the log. Where there are more than are told at once, the file is
    called by which of them it has.
    """
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.write(asked.scope, ms=ROOMY_MS) as conn:
        found = desk.ordered(conn, narrowed.filter(conn, asked), now=asked.now, sort=sort, limit=MOST + 1)
        rows = found[:MOST]
        table = csv_lines(headers(asked.lang), lines(conn, rows, asked, serving.settings.zone))
        taken(conn, asked, form="csv", question=request.url.query, rows=len(rows))
    made = private(Response(table, media_type=f"{CSV}; charset=utf-8"))
    which = "" if len(rows) == len(found) else f"-first-{MOST}-by-{sort}"
    made.headers["Content-Disposition"] = f'attachment; filename="incidents-{asked.today}{which}.csv"'
    return made


@router.get("/people", dependencies=[Depends(only("grid", several=("id",)))])
def list_people(
    asked: Asking,
    store: Store,
    grid: Annotated[str | None, Query(max_length=60, pattern=NO_NUL, description="Who is on post there today.")] = None,
    ids: Annotated[list[UUID] | None, Query(alias="id", max_length=MOST_NUMBERS, description="Ids of persons.")] = None,
) -> Response:
    """List colleagues who sign in, as far as you see the staff: those on post in a grid today, or by the ids that logs have."""
    asked.caller.require(Right.HANDLE_INCIDENTS)
    if (grid is None) == (ids is None):
        raise ParameterError("grid", "say either a grid or ids", zh="请填写网格或人员编号，二者选一")
    with store.read(asked.scope) as conn:
        found = (
            desk.people_names(conn, [str(each) for each in ids or ()])
            if grid is None
            else desk.on_post(conn, grid, asked.today)
        )
    return private(answer({"people": [asdict(each) for each in found]}))


def taken(conn: connection, asked: Asked, *, form: str, question: str, rows: int) -> None:
    """Write down who took what away from the desk, in each area that they work in."""
    body = {"collection": "incidents", "form": form, "asked": question[:2000], "rows": rows}
    for path in asked.caller.areas_for(Right.HANDLE_INCIDENTS) or (None,):
        record(conn, "export", path=path, subject="incidents", body=body)
