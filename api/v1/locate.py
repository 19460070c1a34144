"""Which grid is here? One place by its address in the query, or thousands at once in a body."""

from __future__ import annotations

import math
from datetime import date
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Asking, Store, ask, store
from api.v1.answers import answer
from api.v1.parameters import Day, only
from data.store.locate import locate_point, locate_points
from gis.chinese_frames import SHIFTED, to_wgs84
from gis.errors import ParameterError

MOST_POINTS = 10_000
SYSTEMS = ("wgs84", "cgcs2000", *SHIFTED)


def _degrees_of(name: str, most: int) -> dict[str, Any]:
    schema = {"type": "number", "minimum": -most, "maximum": most}
    return {"name": name, "in": "query", "required": True, "description": "Degrees.", "schema": schema}


_ASKED = [
    _degrees_of("lon", 180),
    _degrees_of("lat", 90),
    {"name": "coord_sys", "in": "query", "schema": {"type": "string", "enum": list(SYSTEMS), "default": SYSTEMS[0]}},
    {"name": "at", "in": "query", "schema": {"type": "string", "format": "date"}},
]
"""What one place is asked by: read by hand, because that costs less than a model, and therefore described by hand."""

router = APIRouter(prefix="/v1/locate", tags=["locate"])


class Points(BaseModel):
    """Places by longitude and latitude, in degrees, and the coordinates' system; there is no usual one to guess."""

    model_config = ConfigDict(extra="forbid")

    points: list[
        tuple[Annotated[float, Field(ge=-180, le=180, strict=True)], Annotated[float, Field(ge=-90, le=90, strict=True)]]
    ] = Field(min_length=1, max_length=MOST_POINTS)
    coord_sys: Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
    at: Day | None = None


@router.post("")
def locate_many(wanted: Points, asked: Asking, store: Store) -> Response:
    """Say for each place the code of the grid that it lies in, in their order; null where it lies in none."""
    lonlat = _unshifted(np.array(wanted.points, dtype=np.float64), wanted.coord_sys)
    with store.read(asked.scope) as conn:
        codes = locate_points(conn, lonlat[:, 0].tolist(), lonlat[:, 1].tolist(), wanted.at or asked.today)
    return answer({"at": wanted.at or asked.today, "grids": codes, "outside": codes.count(None)})


@router.get("", dependencies=[Depends(only("lon", "lat", "coord_sys", "at"))], openapi_extra={"parameters": _ASKED})
def locate_one(request: Request) -> Response:
    """Say which grid a place lies in; `grid` is null where it lies in none: then it is nobody's guess."""
    asked = ask(request)
    given = dict(request.query_params)
    lon, lat = _degrees(given, "lon", 180), _degrees(given, "lat", 90)
    system = given.get("coord_sys", "wgs84")
    if system not in SYSTEMS:
        raise ParameterError("coord_sys", f"must be one of {', '.join(SYSTEMS)}")
    if system in SHIFTED:
        ((lon, lat),) = _unshifted(np.array([[lon, lat]]), system).tolist()
    day = _day(given.get("at"), asked.today)
    grid = locate_point(store(request), asked.scope, lon, lat, day)
    return answer({"lon": lon, "lat": lat, "at": day, "grid": grid})


def _unshifted(
    lonlat: np.ndarray[tuple[int, ...], np.dtype[np.float64]], system: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return to_wgs84(lonlat, system) if system in SHIFTED else lonlat


def _degrees(given: dict[str, str], name: str, most: int) -> float:
    try:
        value = float(given[name])
    except KeyError:
        raise ParameterError(name, f"{name} is missing: degrees, as in lon=117.0&lat=36.65", code="missing-parameter") from None
    except ValueError:
        raise ParameterError(name, f"{given[name][:40]!r} is no number") from None
    if not (math.isfinite(value) and abs(value) <= most):
        raise ParameterError(name, f"must lie between -{most} and {most} degrees")
    return value


def _day(text: str | None, today: date) -> date:
    if text is None:
        return today
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ParameterError("at", f"{text[:40]!r} is no day; write it as 2024-05-01") from None
