"""Profiles over HTTP: what holds where, with everything that its source leaves open and the profile assumes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Serving, Store
from api.panel.stated import compared
from api.stats.window import midnight
from api.v1.answers import answer
from api.v1.parameters import NO_NUL, At, only
from api.who.caller import Right
from data.profile import profile_from
from data.store.plans import area_named, path_named
from data.store.pool import BULK_MS
from data.store.profiles import nearest, profiles_on
from gis.errors import NotFound

if TYPE_CHECKING:
    from data.store.profiles import ProfileRow

router = APIRouter(prefix="/v1/profiles", tags=["profiles"])


@router.get("", dependencies=[Depends(only("area", "at"))])
def list_profiles(
    asked: Asking,
    store: Store,
    area: Annotated[
        str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area; all of yours without it.")
    ] = None,
    at: At = None,
) -> Response:
    """List the profiles of a day that hold in an area: the nearest to grids first, and that one holds."""
    asked.caller.require(Right.SEE_INTERNAL)
    day = at or asked.today
    with store.read(asked.scope) as conn:
        found = profiles_on(conn, day, area=path_named(conn, area))
    return answer({"at": day, "profiles": [_profile(row) for row in found]})


@router.get("/stated", dependencies=[Depends(only("area", "at"))])
def compare_stated(
    asked: Asking,
    store: Store,
    serving: Serving,
    area: Annotated[str, Query(max_length=100, pattern=NO_NUL, description="Code of an area that you see whole.")],
    at: At = None,
) -> Response:
    """Compare what the nearest profile says that its area has with what there is: matters, lists, stations, party units, exits.

    You have to see the whole area that the profile is for.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    day = at or asked.today
    until = midnight(day + timedelta(days=1), ZoneInfo(serving.settings.zone))
    with store.read(asked.acting(Right.SEE_INTERNAL), ms=BULK_MS) as conn:
        there = nearest(profiles_on(conn, day), area_named(conn, area).path)
        if there is None:
            raise NotFound(f"no profile holds in {area} on {day}", zh=f"{day} 当日“{area}”没有施行中的方案")
        asked.caller.require(Right.SEE_INTERNAL, there.path)
        found = list(compared(conn, there, day=day, until=until))
    stated = [
        {"section": each.section, "key": each.key, "stated": each.stated, "found": each.found, "met": each.is_met}
        for each in found
    ]
    return answer(
        {"area": there.area, "at": day, "profile": there.name, "stated": stated, "met": all(each.is_met for each in found)}
    )


def _profile(row: ProfileRow) -> dict[str, Any]:
    assumed = profile_from(row.doc).assumptions
    return {
        "name": row.name,
        "area": row.area,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "assumptions": [{"section": section, "text": text} for section, text in assumed],
        "says": row.doc,
    }
