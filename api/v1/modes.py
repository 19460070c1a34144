"""The mode of operation over HTTP: normal or emergency (平战转换), switched for an area and all that lies below.

What is reported in an emergency goes by its limits, and by the clock rather than by office hours; what was reported before
keeps the mode in which it came.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from api.asked import Asking, Store
from api.idempotency import OnlyOnce
from api.loop.words import Mode
from api.v1.answers import answer
from api.v1.parameters import NO_NUL, SOMETHING, Limit, only
from api.who.caller import Right
from data.store import clock_tables
from data.store.log import record
from data.store.plans import area_named, path_named

if TYPE_CHECKING:
    from psycopg2.extensions import connection

router = APIRouter(prefix="/v1/modes", tags=["modes"])


class NewMode(BaseModel):
    """A switch, from now on, for an area and all that lies below."""

    model_config = ConfigDict(extra="forbid")

    area: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]
    mode: Mode
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=SOMETHING)]


@router.get("", dependencies=[Depends(only("area", "past", "limit"))])
def list_modes(
    asked: Asking,
    store: Store,
    area: Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area.")] = None,
    past: Annotated[bool, Query(description="Also what is over.")] = False,  # noqa: FBT002
    limit: Limit = 100,
) -> Response:
    """List the switches that hold, the newest first; with `area`, those around and in it, and the `mode` that holds there."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        place = path_named(conn, area)
        found = clock_tables.modes(conn, place=place, past=past, limit=limit, now=asked.now)
        document: dict[str, Any] = {"switches": [asdict(each) for each in found]}
        if place is not None:
            document |= {"area": area, "mode": clock_tables.mode_at(conn, place, now=asked.now)}
    return answer(document)


@router.post("", status_code=201, dependencies=[Depends(only())])
def switch_mode(wanted: NewMode, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Switch an area, and all that lies below, over to a mode from now on. `ended` names the areas whose own switch it ends."""
    asked.caller.require(Right.DISTRICT_APPROVE)

    def switch(conn: connection) -> Response:
        area = area_named(conn, wanted.area)
        asked.caller.require(Right.DISTRICT_APPROVE, area.path)
        before = clock_tables.mode_at(conn, area.path, now=asked.now)
        ended = clock_tables.switch(
            conn, area=area.id, mode=wanted.mode, reason=wanted.reason, actor=asked.caller.person_id, now=asked.now
        )
        said = {"mode": wanted.mode, "before": before, "reason": wanted.reason, "ended": ended}
        record(conn, "mode.switched", path=area.path, subject=wanted.area, body=said)
        return answer({"area": wanted.area, **said, "starts_at": asked.now}, status=201)

    with store.write(asked.acting(Right.DISTRICT_APPROVE)) as conn:
        return once(conn, lambda: switch(conn))
