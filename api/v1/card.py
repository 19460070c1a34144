"""Who is my grid worker? The public card of a grid, by a place or by its code.

Names, roles, duty phones; how many kinds of forces are there; what is done for people. Nothing else of anybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

import numpy as np
from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Store
from api.duty.card import public_card
from api.v1.answers import answer
from api.v1.parameters import At, Code, only
from api.who.caller import Right
from data.store.card import grid_named
from data.store.locate import locate_points
from gis.chinese_frames import SHIFTED, to_wgs84
from gis.errors import NotFound

if TYPE_CHECKING:
    from datetime import date

    from psycopg2.extensions import connection

    from api.asked import Asked

_NOBODY: dict[str, Any] = {"grid": None, "people": [], "forces": None, "services": [], "stations": []}
"""The card of a place in no grid."""

router = APIRouter(prefix="/v1", tags=["card"])


@router.get("/card", dependencies=[Depends(only("lon", "lat", "coord_sys", "at"))])
def show_card(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False, description="Degrees.")],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False, description="Degrees.")],
    coord_sys: Annotated[Literal["wgs84", "cgcs2000", "gcj02", "bd09"], Query()] = "wgs84",
    at: At = None,
) -> Response:
    """Show who answers for a place. `grid` is null where it lies in no grid: then it is nobody's guess."""
    _require(asked)
    day = at or asked.today
    if coord_sys in SHIFTED:
        ((lon, lat),) = to_wgs84(np.array([[lon, lat]]), coord_sys).tolist()
    with store.read(asked.scope) as conn:
        (code,) = locate_points(conn, [lon], [lat], day)
        return answer(_NOBODY | {"at": day} if code is None else _card(conn, code, day, asked))


@router.get("/grids/{code}/card", dependencies=[Depends(only("at"))])
def show_grid_card(code: Code, asked: Asking, store: Store, at: At = None) -> Response:
    """Show who answers for a grid: whoever is there that day, and who stands in for those who are not."""
    _require(asked)
    with store.read(asked.scope) as conn:
        return answer(_card(conn, code, at or asked.today, asked))


def _require(asked: Asked) -> None:
    """Let everybody through where grids are public; else those who work there, whom the store's policies then sort."""
    if "grids" not in asked.scope.public:
        asked.caller.require(Right.SEE_INTERNAL)


def _card(conn: connection, code: str, day: date, asked: Asked) -> dict[str, Any]:
    grid = grid_named(conn, code, day)
    if grid is None:
        raise NotFound(f"no grid {code} was in force on {day}, or it is not yours to see")
    here = f"{asked.base}/v1/grids/{quote(code, safe='')}"
    return {
        "at": day,
        "grid": grid,
        **public_card(conn, code, day, asked.lang),
        "links": [
            {"rel": "self", "href": f"{here}/card", "type": "application/json"},
            {"rel": "grid", "href": here, "type": "application/json"},
            {"rel": "sheet", "href": f"{asked.base}/sheet/{quote(code, safe='')}", "type": "application/pdf"},
        ],
    }
