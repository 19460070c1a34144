"""Which matters a grid answers for, over HTTP: those named for it, or all that are admitted where it lies."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Asking, Serving, Store
from api.idempotency import OnlyOnce
from api.stats.window import days_of, midnight
from api.v1.answers import answer
from api.v1.matter_documents import MOST_AT_ONCE, MatterCode, address
from api.v1.matters import After, fault, refuse
from api.v1.parameters import NO_NUL, At, Code, Limit, only
from api.who.caller import Right
from data.store import matters
from data.store.log import record
from data.store.plans import path_named
from data.store.scope import speak

if TYPE_CHECKING:
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from api.asked import Asked, Service

router = APIRouter(prefix="/v1/grid-matters", tags=["matters"])


class Named(BaseModel):
    """Which matters a grid answers for; none: all that are admitted where it lies."""

    model_config = ConfigDict(extra="forbid")

    codes: list[MatterCode] = Field(max_length=MOST_AT_ONCE)


@router.get("", dependencies=[Depends(only("area", "at", "without", "after", "limit"))])
def list_grids(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    serving: Serving,
    area: Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area.")] = None,
    at: At = None,
    without: Annotated[bool, Query(description="Only grids for which no matter is named.")] = False,  # noqa: FBT002
    after: After = "",
    limit: Limit = 100,
) -> Response:
    """List the grids that you work in, with how many matters are named for each; as of any day."""
    asked.caller.require(Right.SEE_INTERNAL)
    day, until = _as_of(at, asked, serving)
    with store.read(asked.scope) as conn:
        place = path_named(conn, area)
        rows = matters.grids(conn, area=place, day=day, until=until, without=without, after=after, limit=limit + 1)
    shown = [{"grid": grid, "name": name, "community": community, "matters": n} for grid, name, community, n in rows[:limit]]
    return answer({"grids": shown, "next": shown[-1]["grid"] if len(rows) > limit else None})


@router.get("/{grid}", dependencies=[Depends(only("at"))])
def show_grid(grid: Code, asked: Asking, store: Store, serving: Serving, at: At = None) -> Response:
    """Show what a grid answers for: the matters named for it, or where none is, all that are admitted where it lies."""
    asked.caller.require(Right.SEE_INTERNAL)
    day, until = _as_of(at, asked, serving)
    with store.read(asked.scope) as conn:
        return _grid(conn, grid, asked, day, until)


@router.put("/{grid}", dependencies=[Depends(only())])
def name_matters(grid: Code, wanted: Named, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Name the matters that a grid answers for from today on, in the place of those named before."""
    asked.caller.require(Right.MANAGE_STAFF)
    codes = list(dict.fromkeys(wanted.codes))

    def name(conn: connection) -> Response:
        found = matters.grid_matters(conn, grid, day=asked.today)
        asked.caller.require(Right.MANAGE_STAFF, found.path)
        known = matters.matters_at(conn, found.path, codes)
        refuse(
            [
                fault(
                    "matter_not_here", f"codes.{n}", code,
                    f"{code} is not admitted where the grid lies; leave it away.", f"{code}未在该网格所在地准入，请去掉。",
                )
                for n, code in enumerate(codes)
                if code not in known
            ]
        )  # fmt: skip
        speak(conn, asked.acting(Right.MANAGE_STAFF))
        matters.name_matters(conn, grid, codes, day=asked.today)
        record(conn, "grid.matters", path=found.path, subject=grid, body={"codes": codes})
        return _grid(conn, grid, asked, asked.today, None)

    with store.write(asked.scope) as conn:
        return once(conn, lambda: name(conn))


def _as_of(at: date | None, asked: Asked, serving: Service) -> tuple[date, datetime | None]:
    """Return the day that is meant, and its end where it is over; `ParameterError` for one that is to come."""
    if at is None or at == asked.today:
        return asked.today, None
    day = days_of(at, at, None, today=asked.today).at
    return day, midnight(day + timedelta(days=1), ZoneInfo(serving.settings.zone))


def _grid(conn: connection, grid: str, asked: Asked, day: date, until: datetime | None) -> Response:
    found = matters.grid_matters(conn, grid, day=day, until=until)
    return answer(
        {
            "grid": found.grid,
            "at": day,
            "is_named": found.is_named,
            "matters": [{"code": code, "name": name, "href": address(asked, code)} for code, name in found.matters],
        }
    )
