"""Areas over HTTP: city, district, street and community, as they are or were on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Store
from api.v1.answers import answer
from api.v1.parameters import NO_NUL, At, Code, Limit, only
from data.store.areas import areas_at
from data.store.history import area_on, area_versions, children_on, grids_within, parents_on
from gis import code as codes
from gis.errors import CodeError, NotFound, ParameterError

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from api.asked import Asked

router = APIRouter(prefix="/v1/areas", tags=["areas"])

Level = Literal["city", "district", "street", "community"]
MOST_CHILDREN = 10_000

_Scope = Annotated[
    str | None,
    Query(
        max_length=100,
        pattern=r"^[^\x00]+$",
        description="An area by its code, and what belongs to it; or the first 4, 6, 9 or 12 digits of codes.",
    ),
]
_After = Annotated[str, Query(max_length=100, pattern=NO_NUL, description="The code that the page before ended with.")]


@router.get("", dependencies=[Depends(only("scope", "level", "at", "after", "limit"))])
def list_areas(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    scope: _Scope = None,
    level: Annotated[Level | None, Query()] = None,
    at: At = None,
    after: _After = "",
    limit: Limit = 1000,
) -> Response:
    """List the areas of a day, by code."""
    day = at or asked.today
    with store.read(asked.scope) as conn:
        under, prefix = (None, "") if scope is None else _within(conn, scope)
        found = [area for area in areas_at(conn, day, level, under) if area.code.startswith(prefix)]
    rest = [area for area in found if area.code > after]
    shown = [
        {
            "code": area.code,
            "level": area.level,
            "name": area.name,
            "kind": area.kind,
            "parent": area.parent,
            "valid_from": area.valid_from,
            "valid_to": area.valid_to,
            "href": _address(asked, area.code),
        }
        for area in rest[:limit]
    ]
    more = len(rest) > limit
    return answer({"at": day, "matched": len(found), "areas": shown, "next": shown[-1]["code"] if more else None})


@router.get("/{code}", dependencies=[Depends(only("at"))])
def show_area(code: Code, asked: Asking, store: Store, at: At = None) -> Response:
    """Show an area on a day: what it belongs to, what belongs to it, and how many grids there are in it."""
    day = at or asked.today
    with store.read(asked.scope) as conn:
        area = area_on(conn, code, day)
        if area is None:
            raise NotFound(f"there was no area {code} on {day}, or it is not yours to see")
        document: dict[str, Any] = area | {
            "at": day,
            "parents": parents_on(conn, code, day),
            "children": children_on(conn, code, day, limit=MOST_CHILDREN),
            "grids": grids_within(conn, code, day),
        }
    here = _address(asked, code)
    document["links"] = [
        {"rel": "self", "href": here, "type": "application/json"},
        {"rel": "history", "href": f"{here}/history", "type": "application/json"},
    ]
    return answer(document)


@router.get("/{code}/history", dependencies=[Depends(only())])
def show_history(code: Code, asked: Asking, store: Store) -> Response:
    """Show everything that an area ever was: its names, its parents, and the days on which they changed."""
    with store.read(asked.scope) as conn:
        versions = area_versions(conn, code)
    if not versions:
        raise NotFound(f"there is no area {code}, or it is not yours to see")
    return answer({"code": code, "versions": versions})


def _within(conn: connection, scope: str) -> tuple[str | None, str]:
    """Return the code of the area that a scope names, or else what the codes in it begin with.

    Digits are only a way to type an area: one that has the code counts with all that belongs to it, whatever their codes.
    """
    if area_versions(conn, scope):
        return scope, ""
    if not (scope.isascii() and scope.isdigit()):
        raise NotFound(f"there is no area {scope}, or it is not yours to see")
    try:
        prefix = codes.scope(scope)
    except CodeError as error:
        raise ParameterError("scope", str(error), code="invalid-code") from error
    return (prefix, "") if area_versions(conn, prefix) else (None, prefix)


def _address(asked: Asked, code: str) -> str:
    return f"{asked.base}/v1/areas/{quote(code, safe='')}"
