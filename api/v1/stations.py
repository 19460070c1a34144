"""Stations over HTTP (驿站、党群服务中心): the register, whom they reach, what they must have, and who is on duty."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import shapely
from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from api.asked import Asking, Serving, Store
from api.idempotency import OnlyOnce
from api.rounds.coverage import percent, told_reach
from api.rounds.facility import community_centre, standard_of, street_centre, walk_of
from api.v1.addresses import kept_apart
from api.v1.answers import NEW_OR_THERE, answer, private, tag
from api.v1.parameters import NO_NUL, SOMETHING, WHOLE, At, Code, Day, Latitude, Limit, Longitude, only
from api.v1.register import write_down
from api.v1.tables import AS_CSV, AsTable, table
from api.who.caller import Right
from data.store import stations
from data.store.plans import path_named
from data.store.pool import BULK_MS
from data.store.profiles import profiles_on, section_at
from data.store.sql import many
from data.store.visits import grid_path
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.rounds.facility import Walk
    from data.store.profiles import ProfileRow

router = APIRouter(prefix="/v1/stations", tags=["stations"], route_class=kept_apart())

IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the station, where there is one already.")]
_Area = Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area; all of yours without it.")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=NO_NUL)]
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=SOMETHING)]
MOST_DAYS = 366


_SQUARE_METRES = re.compile(r"[0-9]{1,8}(\.[0-9]{1,2})?")


def _hundredths(value: object) -> object:
    """Take a number to its hundredth, which 0.1 + 0.2 is not; a text has to be there already."""
    if isinstance(value, bool) or (isinstance(value, str) and not _SQUARE_METRES.fullmatch(value)):
        raise ValueError("write square metres as 1234.56")
    return round(value, 2) if isinstance(value, float) else value


SquareMetres = Annotated[
    Decimal,
    Field(ge=0, max_digits=10, decimal_places=2),
    BeforeValidator(_hundredths),
    WithJsonSchema({
        "anyOf": [
            {"type": "number", "minimum": 0, "maximum": 99_999_999.99},
            {"type": "string", "pattern": f"^{_SQUARE_METRES.pattern}$"},
        ]
    }),
]  # fmt: skip


class Kind(StrEnum):
    """What a station is."""

    STATION = "station"
    SERVICE_CENTER = "service_center"
    ACTIVITY_SITE = "activity_site"
    CANTEEN = "canteen"
    REST_STOP = "rest_stop"


Tenure = Literal["allocated", "rented", "borrowed"]
TENURES: tuple[Tenure, ...] = get_args(Tenure)
"""How the ground or the rooms are held (划拨、租赁、借用)."""


class Level(StrEnum):
    """Whose place a station is: the four tiers of places of service (四级服务阵地)."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"


class Facilities(BaseModel):
    """The four ones (四个一): a desk, a room to talk in, a cabinet with medicine and tools, a map of the grids around."""

    model_config = ConfigDict(extra="forbid")

    desk: bool = Field(default=False, strict=True)
    room: bool = Field(default=False, strict=True)
    cabinet: bool = Field(default=False, strict=True)
    map: bool = Field(default=False, strict=True)


_RING: dict[str, Any] = {
    "type": "array",
    "items": {"type": "array", "items": {"type": "number", "minimum": -180, "maximum": 180}, "minItems": 2, "maxItems": 2},
    "minItems": 4,
}
_RINGS: dict[str, Any] = {"type": "array", "items": _RING, "minItems": 1}
_SHAPES: list[dict[str, Any]] = [
    {
        "type": "object",
        "properties": {"type": {"const": kind}, "coordinates": coordinates},
        "required": ["type", "coordinates"],
    }
    for kind, coordinates in (
        ("Polygon", _RINGS),
        ("MultiPolygon", {"type": "array", "items": _RINGS, "minItems": 1}),
    )
]
"""How a service area is described. That rings are closed and do not cross, no schema can say."""


class Station(BaseModel):
    """A station as it is kept; degrees in CGCS2000. It may serve across the lines of communities."""

    model_config = ConfigDict(extra="forbid")

    area: Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)]
    name: Said
    level: Level
    kind: Kind = Kind.STATION
    brand: Line = ""
    lon: Longitude
    lat: Latitude
    radius_m: Annotated[int, Field(strict=True, ge=1, le=20_000), WHOLE] | None = None
    service_area: dict[str, Any] | None = Field(
        default=None,
        description="GeoJSON, a Polygon or a MultiPolygon.",
        json_schema_extra={"anyOf": [*_SHAPES, {"type": "null"}]},
    )
    facilities: Facilities = Facilities()
    services: list[Said] = Field(default_factory=list[str], max_length=50)
    area_m2: SquareMetres | None = None
    tenure: Tenure | Literal[""] = ""
    active: bool = Field(default=True, strict=True)


class Given(BaseModel):
    """The grids that a station serves; none: those whose middle it reaches."""

    model_config = ConfigDict(extra="forbid")

    grids: list[Annotated[str, StringConstraints(max_length=60, pattern=NO_NUL)]] = Field(max_length=1000)


class OnDuty(BaseModel):
    """Who is on duty on a day, by the ids of the staff; nobody is no duty."""

    model_config = ConfigDict(extra="forbid")

    staff: list[UUID] = Field(max_length=100)


def reaching(
    minutes: Annotated[
        float | None, Query(ge=1, le=120, description="How long people walk; else as the nearest profile says, or 15.")
    ] = None,
    pace: Annotated[
        float | None, Query(ge=1, le=200, description="How far they come in a minute, in metres; else the profile's, or 75.")
    ] = None,
    detour: Annotated[
        float | None, Query(ge=1, le=5, description="How much longer ways are than straight lines; else the profile's, or 1.3.")
    ] = None,
) -> dict[str, float | None]:
    """Return what somebody states of how far people walk."""
    return {"minutes": minutes, "pace": pace, "detour": detour}


_Walk = Annotated[dict[str, float | None], Depends(reaching)]
_WALKS = ("minutes", "pace", "detour")
_Kinds = Annotated[list[Kind] | None, Query(description="Stations of these kinds; of all without it.")]
_Levels = Annotated[list[Level] | None, Query(description="Stations of these levels; of all without it.")]
_Way = Annotated[
    Literal["own", "walk"], Query(description="own: as each station says, else the walk; walk: the walk from every station.")
]


@router.get("", dependencies=[Depends(only("area", "kind", "service", "after", "limit"))])
def list_stations(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    area: _Area = None,
    kind: Annotated[Kind | None, Query()] = None,
    service: Annotated[str | None, Query(max_length=100, pattern=NO_NUL)] = None,
    after: Annotated[str, Query(max_length=60, pattern=NO_NUL, description="`next` of the page before.")] = "",
    limit: Limit = 100,
) -> Response:
    """List the stations that are open, by their codes."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        rows = stations.listed(conn, area=path_named(conn, area), kind=kind, service=service, after=after, limit=limit + 1)
    shown = rows[:limit]
    return answer({"stations": [_view(row) for row in shown], "next": shown[-1]["code"] if len(rows) > limit else None})


@router.get("/grids", dependencies=[Depends(only("area", "at", *_WALKS))])
def show_grids(asked: Asking, store: Store, wanted: _Walk, area: _Area = None, at: At = None) -> Response:
    """Show which grids each station serves, which none does, and how many grids there are to a station on average."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        path, day = path_named(conn, area), at or asked.today
        walk, whose = _walk(conn, wanted, path, day)
        served, unserved = stations.served(conn, area=path, day=day, reach_m=walk.reach_m)
    grids = {grid for several in served.values() for grid in several}
    links = sum(len(several) for several in served.values())
    return answer(
        {
            "stations": [{"station": code, "grids": several} for code, several in sorted(served.items())],
            "served": len(grids),
            "unserved": unserved,
            "mean_grids": round(links / len(served), 2) if served else None,
            "method": _method(walk, whose),
        }
    )


@router.get("/coverage", dependencies=[Depends(only("area", "at", "station", "way", *_WALKS, several=("kind", "level")))])
def show_coverage(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    serving: Serving,
    wanted: _Walk,
    kind: _Kinds = None,
    level: _Levels = None,
    station: Annotated[
        str | None, Query(max_length=60, pattern=NO_NUL, description="Code of a station: what that one reaches alone.")
    ] = None,
    way: _Way = "own",
    area: _Area = None,
    at: At = None,
) -> Response:
    """Show how many households stations reach (15 分钟服务圈), grid by grid and in all.

    No network of ways is asked: `method` says how far a straight line counts for the walk, and which profile says so. Who may
    not see households one by one is not told small counts, nor what would tell them: these are null.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    day = at or asked.today
    with store.read(asked.scope, ms=BULK_MS) as conn:
        path = path_named(conn, area)
        walk, whose = _walk(conn, wanted, path, day)
        rows = stations.coverage(
            conn,
            area=path or "",
            day=day,
            until=_end(day, serving.settings.zone),
            kinds=_words(kind or Kind),
            levels=_words(level or Level),
            station=station,
            reach_m=walk.reach_m,
            walk=way == "walk",
        )
        codes = dict(many(conn, "SELECT path::text, code FROM wangge.area"))
    there = sum(row.households for row in rows)
    sees_all = all(asked.caller.may(Right.SEE_HOUSEHOLDS, path) for path in {row.path for row in rows})
    told, whole = told_reach([(row.households, row.reached) for row in rows], None if sees_all else serving.settings.k_public)
    total = {"households": there, "reached": whole, "station_coverage": None if whole is None else percent(whole, there)}
    grids = [
        {
            "grid": row.grid,
            "community": codes.get(row.path),
            "points": row.points,
            "points_reached": None if reached is None else row.points_reached,
            "households": row.households,
            "reached": reached,
            "uncovered": None if reached is None else row.households - reached,
            "station_coverage": None if reached is None else percent(reached, row.households),
        }
        for row, reached in zip(rows, told, strict=True)
    ]
    return answer({"at": day, "total": total, "grids": grids, "method": {"way": way, **_method(walk, whose)}})


@router.get(
    "/uncovered", dependencies=[Depends(only("grid", "at", "way", "after", "limit", *_WALKS, several=("kind", "level")))]
)
def show_uncovered(  # noqa: PLR0917 - FastAPI passes by name
    grid: Annotated[str, Query(max_length=60, pattern=NO_NUL)],
    asked: Asking,
    store: Store,
    serving: Serving,
    wanted: _Walk,
    kind: _Kinds = None,
    level: _Levels = None,
    way: _Way = "own",
    at: At = None,
    after: Annotated[str, Query(max_length=200, pattern=NO_NUL, description="`next` of the page before.")] = "",
    limit: Limit = 100,
) -> Response:
    """Show the household points of a grid that no station reaches, to those who plan there."""
    asked.caller.require(Right.SEE_HOUSEHOLDS)
    day = at or asked.today
    with store.read(asked.acting(Right.SEE_HOUSEHOLDS)) as conn:
        walk, whose = _walk(conn, wanted, grid_path(conn, grid, day), day)
        rows = stations.unreached(
            conn,
            grid,
            day=day,
            until=_end(day, serving.settings.zone),
            kinds=_words(kind or Kind),
            levels=_words(level or Level),
            reach_m=walk.reach_m,
            walk=way == "walk",
            after=after,
            limit=limit + 1,
        )
    shown = rows[:limit]
    more = shown[-1]["target"] if len(rows) > limit else None
    method = {"way": way, **_method(walk, whose)}
    return private(answer({"grid": grid, "at": day, "uncovered": shown, "next": more, "method": method}))


@router.get("/facilities", dependencies=[Depends(only("area", "met", "at", "f"))], responses=AS_CSV)
def show_facilities(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    serving: Serving,
    wish: AsTable,
    area: _Area = None,
    met: Annotated[bool | None, Query(description="Only those that are large enough, or that are not.")] = None,
    at: At = None,
) -> Response:
    """Show whether the centers of streets and communities are large enough for those who live there.

    `tenure` counts the places of service there now by how they are held. As CSV: a line for each area.
    """
    asked.caller.require(Right.SEE_INTERNAL)
    day = at or asked.today
    with store.read(asked.scope) as conn:
        profiles = profiles_on(conn, day)
        rows = stations.centres(conn, area=path_named(conn, area), day=day, until=_end(day, serving.settings.zone))
    found: list[dict[str, Any]] = []
    for code, path, level, has, households, tenure in rows:
        known = has or Decimal(0)
        whose, said = section_at(profiles, path, "facilities")
        standard = standard_of(said)
        it = street_centre(known, standard) if level == "street" else community_centre(known, households, standard)
        if met is not None and met != it.is_met:
            continue
        found.append({
            "area": code,
            "level": level,
            "households": households,
            "area_m2": None if has is None else float(has),
            "needed_m2": float(it.needs),
            "facility_m2_per_100hh": None if has is None or it.per_100 is None else float(it.per_100),
            "met": it.is_met,
            "tenure": {kind: tenure.get(kind, 0) for kind in TENURES},
            "profile": None if whose is None else whose.name,
        })  # fmt: skip
    document = {"centers": found, "unmet": [each["area"] for each in found if not each["met"]]}
    return table(wish, document, found, name=f"facilities-{day}")


@router.get("/{code}", dependencies=[Depends(only())])
def show_station(code: Code, asked: Asking, store: Store) -> Response:
    """Show a station."""
    asked.caller.require(Right.SEE_INTERNAL)
    with store.read(asked.scope) as conn:
        row = stations.get(conn, code)
    return answer(_view(row), etag=tag(code, row["revision"]))


@router.put("/{code}", responses=NEW_OR_THERE, dependencies=[Depends(only())])
def put_station(  # noqa: PLR0917 - FastAPI passes by name
    code: Annotated[Code, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\s\x00-\x1f\x7f]+$")],
    wanted: Station,
    asked: Asking,
    store: Store,
    once: OnlyOnce,
    if_match: IfMatch = None,
) -> Response:
    """Write a station down by its code; one that is there needs If-Match. It is never removed: it is no longer active."""
    asked.caller.require(Right.MANAGE_STAFF)
    shape = _shape(wanted.service_area)

    row = wanted.model_dump(include={"name", "level", "brand", "radius_m", "services", "area_m2", "tenure", "active"})
    has = {f"has_{name}": value for name, value in wanted.facilities.model_dump().items()}
    station = {**row, **has, "code": code, "kind": str(wanted.kind), "level": str(wanted.level)}

    def put(conn: connection, area: tuple[int, str]) -> bool:
        at = (wanted.lon, wanted.lat)
        return stations.put(conn, area=area, at=at, service_area=shape, station=station, now=asked.now)

    def write(conn: connection) -> Response:
        return write_down(
            conn,
            asked,
            code,
            register="stations",
            area=wanted.area,
            if_match=if_match,
            get=stations.get,
            put=lambda area: put(conn, area),
            show=_view,
        )

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: write(conn))


@router.put("/{code}/grids", dependencies=[Depends(only())])
def give_grids(code: Code, wanted: Given, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Say which grids a station serves."""
    asked.caller.require(Right.MANAGE_STAFF)

    def write(conn: connection) -> Response:
        station = _mine(conn, code, asked)
        stations.give_grids(conn, station, wanted.grids, asked.today)
        return answer({"station": code, "grids": sorted(set(wanted.grids))})

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: write(conn))


@router.get("/{code}/duty", dependencies=[Depends(only("from", "to"))])
def show_duty(
    code: Code,
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to")],
    asked: Asking,
    store: Store,
) -> Response:
    """Show who is on duty in a station on the days from one to another."""
    asked.caller.require(Right.SEE_INTERNAL)
    if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
        raise ParameterError("to", f"write a day from `from` on, and within {MOST_DAYS} days")
    with store.read(asked.scope) as conn:
        rows = stations.duty(conn, stations.get(conn, code)["id"], first, last)
    days: dict[date, list[str]] = {}
    for day, staff in rows:
        days.setdefault(day, []).append(staff)
    return private(answer({"station": code, "days": [{"day": day, "staff": staff} for day, staff in days.items()]}))


@router.put("/{code}/duty/{day}", dependencies=[Depends(only())])
def set_duty(  # noqa: PLR0917 - FastAPI passes by name
    code: Code, day: Day, wanted: OnDuty, asked: Asking, store: Store, once: OnlyOnce
) -> Response:
    """Say who is on duty in a station on a day; who was is replaced."""
    asked.caller.require(Right.MANAGE_STAFF)

    def write(conn: connection) -> Response:
        station = _mine(conn, code, asked)
        staff = sorted({str(each) for each in wanted.staff})
        stations.set_duty(conn, station, day, staff)
        return private(answer({"station": code, "day": day, "staff": staff}))

    with store.write(asked.acting(Right.MANAGE_STAFF)) as conn:
        return once(conn, lambda: write(conn))


def _mine(conn: connection, code: str, asked: Asked) -> dict[str, Any]:
    """Return a station that the caller keeps."""
    station = stations.get(conn, code)
    asked.caller.require(Right.MANAGE_STAFF, station["path"])
    return station


def _shape(value: Mapping[str, Any] | None) -> str | None:
    """Return a service area as GeoJSON that the store can read."""
    if value is None:
        return None
    try:
        shape = shapely.from_geojson(orjson.dumps(value))
    except (shapely.errors.ShapelyError, TypeError):
        shape = None
    if shape is None or shape.geom_type not in {"Polygon", "MultiPolygon"} or shape.is_empty or not shape.is_valid:
        message = "write a Polygon or a MultiPolygon whose rings do not cross"
        raise ParameterError("service_area", message, code="geometry-invalid")
    return shapely.to_geojson(shape)


def _words(wanted: Iterable[StrEnum]) -> list[str]:
    return [str(each) for each in wanted]


def _walk(conn: connection, wanted: Mapping[str, float | None], path: str | None, day: date) -> tuple[Walk, ProfileRow | None]:
    """Return how far people walk at a path, and whose profile says so, where one does."""
    whose, said = section_at(profiles_on(conn, day), path, "circle")
    return walk_of(said, wanted), whose


def _method(walk: Walk, whose: ProfileRow | None) -> dict[str, Any]:
    """Say how far people are taken to walk, and that no network of ways was asked."""
    profile = None if whose is None else whose.name
    return {"kind": "straight-line", **asdict(walk), "reach_m": round(walk.reach_m, 1), "profile": profile}


def _end(day: date, zone: str) -> datetime:
    """Return the moment at which a day is over."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))


def _view(row: Mapping[str, Any]) -> dict[str, Any]:
    has = {name: row[f"has_{name}"] for name in ("desk", "room", "cabinet", "map")}
    shown = {
        name: value for name, value in row.items() if name not in {"id", "path", "revision"} and not name.startswith("has_")
    }
    area_m2 = None if row["area_m2"] is None else float(row["area_m2"])
    return {**shown, "area_m2": area_m2, "facilities": has, "facilities_met": sum(has.values())}
