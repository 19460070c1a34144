"""One grid over HTTP: its card on a day, and its history. Maps and filters are the collections' (`/collections/grids`)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from api.asked import Asking, Store
from api.v1.answers import answer
from api.v1.parameters import At, Code, only
from data.store.history import area_on, grid_on, grid_versions, lineage_of_grid, parents_on
from gis.bounds import FourBounds, bounds_text
from gis.errors import NotFound

if TYPE_CHECKING:
    from datetime import date

    from psycopg2.extensions import connection

    from api.asked import Asked

router = APIRouter(prefix="/v1/grids", tags=["grids"])

_PER_PLAN = ("name", "kind", "subtype", "plan", "households", "persons", "area_m2", "valid_from", "valid_to", "since")


@router.get("/{code}", dependencies=[Depends(only("at"))])
def show_grid(code: Code, asked: Asking, store: Store, at: At = None) -> Response:
    """Show a grid as it is in force on a day: size, four bounds in words, and the areas that it lies in."""
    day = at or asked.today
    with store.read(asked.scope) as conn:
        grid = grid_on(conn, code, day)
        if grid is None:
            raise NotFound(f"no grid {code} was in force on {day}, or it is not yours to see")
        areas = _areas(conn, grid["community"], day)
    bounds = FourBounds(*(grid[side] for side in ("east", "south", "west", "north")))
    here = _address(asked, code)
    document = grid | {
        "at": day,
        "four_bounds": {lang: bounds_text(bounds, lang) for lang in ("zh", "en")},
        "areas": areas,
        "links": [
            {"rel": "self", "href": here, "type": "application/json"},
            {"rel": "history", "href": f"{here}/history", "type": "application/json"},
            {
                "rel": "item",
                "href": f"{asked.base}/collections/grids/items/{quote(code, safe='')}?at={day}",
                "type": "application/geo+json",
            },
        ],
    }
    return answer(document)


@router.get("/{code}/history", dependencies=[Depends(only())])
def show_history(code: Code, asked: Asking, store: Store) -> Response:
    """Show what a grid was under every plan, where it came from and what became of it. A code is never used again."""
    with store.read(asked.scope) as conn:
        versions = grid_versions(conn, code)
        came_from, became = lineage_of_grid(conn, code)
    if not versions:
        raise NotFound(f"there never was a grid {code}, or it is not yours to see")
    document = {
        "code": code,
        "versions": [{name: version[name] for name in _PER_PLAN} for version in versions],
        "came_from": came_from,
        "became": became,
        "in_force": versions[-1]["valid_to"] is None or versions[-1]["valid_to"] > asked.today,
    }
    return answer(document)


def _areas(conn: connection, community: str | None, day: date) -> list[dict[str, str]]:
    """Return the areas that a grid lies in, from the top down, as they were on the day."""
    own = None if community is None else area_on(conn, community, day)
    if community is None or own is None:
        return []
    return [*parents_on(conn, community, day), {name: own[name] for name in ("code", "level", "name")}]


def _address(asked: Asked, code: str) -> str:
    return f"{asked.base}/v1/grids/{quote(code, safe='')}"
