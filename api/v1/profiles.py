"""Profiles over HTTP: what holds where, with everything that its source leaves open and the profile assumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Store
from api.v1.answers import answer
from api.v1.parameters import NO_NUL, At, only
from api.who.caller import Right
from data.profile import profile_from
from data.store.plans import area_named
from data.store.profiles import profiles_on

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
        found = profiles_on(conn, day, area=None if area is None else area_named(conn, area).path)
    return answer({"at": day, "profiles": [_profile(row) for row in found]})


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
