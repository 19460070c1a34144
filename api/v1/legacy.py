"""Departments' own nets over HTTP (部门原有网格): which there are and were, and how each goes over into the one net."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Serving, Store
from api.panel.stated import departments_stated
from api.stats.window import midnight
from api.v1.answers import answer
from api.v1.parameters import NO_NUL, At, only
from api.v1.tables import AS_CSV, AsTable, table
from api.who.caller import Right
from data.store import legacy, stats
from data.store.plans import path_named
from data.store.pool import BULK_MS
from data.store.profiles import profiles_on, section_at
from gis.errors import NotFound
from partition.crosswalk import WHOLE

if TYPE_CHECKING:
    from data.store.legacy import NetRow, Share

router = APIRouter(prefix="/v1/legacy", tags=["legacy"])


@router.get("", dependencies=[Depends(only("area", "at"))])
def list_nets(
    asked: Asking,
    store: Store,
    area: Annotated[
        str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area: nets there, above it and in it.")
    ] = None,
    at: At = None,
) -> Response:
    """List departments' own nets as of a day: how many cells are in use, since when, and until when.

    `departments` are those that the nearest profile names, each with what is known of its nets: missing, active or retired.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    day = at or asked.today
    with store.read(asked.scope) as conn:
        path = path_named(conn, area)
        found = legacy.nets(conn, day, area=path)
        profile, said = section_at(profiles_on(conn, day, area=path), path, "legacy")
    return answer({
        "at": day,
        "nets": [_net(each) for each in found],
        "active": sum(each.active for each in found),
        "profile": None if profile is None else profile.name,
        "departments": [
            {"department": name, "state": state} for name, state in departments_stated(said, found).items()
        ],
    })  # fmt: skip


@router.get("/crosswalk", dependencies=[Depends(only("department", "area", "at", "f"))], responses=AS_CSV)
def show_crosswalk(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    serving: Serving,
    wish: AsTable,
    department: Annotated[str, Query(min_length=1, max_length=60, pattern=NO_NUL, description="Whose net, by its name.")],
    area: Annotated[str, Query(max_length=100, pattern=NO_NUL, description="Code of an area that you see whole.")],
    at: At = None,
) -> Response:
    """Show how a department's cells go over into the grids of a day: shares by households, or by ground where nobody lives.

    The shares of a cell are 1 together, to the last of their six digits. Cells are as they were when last in use; of one that
    reaches beyond the area, what lies in the area counts. `grid` is null for what lies in no grid.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    day = at or asked.today
    until = midnight(day + timedelta(days=1), ZoneInfo(serving.settings.zone))
    with store.read(asked.acting(Right.SEE_INTERNAL), ms=BULK_MS) as conn:
        place = stats.place_of(conn, area)
        for kind in ("residential", "dedicated"):
            asked.caller.require(Right.SEE_INTERNAL, place.path, kind)
        known = [each for each in legacy.nets(conn, day, area=place.path) if each.department == department]
        if not known:
            raise NotFound(
                f"the department {department} had no net in {area} by {day}", zh=f"{day} 前“{department}”在此没有网格"
            )
        found = legacy.shared_out(conn, department, place, day=day, until=until)
    rows = [_share(each) for each in found]
    document = {
        "department": department,
        "area": place.code,
        "at": day,
        "nets": [_net(each) for each in known],
        "cells": len({(each.area, each.cell) for each in found}),
        "rows": rows,
    }
    return table(wish, document, rows, name=f"crosswalk-{day}")


def _net(net: NetRow) -> dict[str, Any]:
    return {
        "department": net.department,
        "area": net.area,
        "state": "active" if net.active else "retired",
        "active": net.active,
        "cells": net.cells,
        "valid_from": net.valid_from,
        "valid_to": net.valid_to,
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "area": share.area,
        "cell": share.cell,
        "name": share.name,
        "grid": share.grid,
        "share": share.millionths / WHOLE,
        "by": "households" if share.is_by_households else "ground",
        "households": share.households,
        "ground_m2": share.ground_m2,
    }
