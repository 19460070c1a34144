"""What there is to be found by name: areas, grids in force, stations and named places, as far as the caller sees them.

`entries` is read seldom, for many: names and codes. `shown` is asked for the few that were found, and tells where they are;
both see what the policies let the caller see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, LiteralString

from data.store.sql import many, one

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from psycopg2.extensions import connection

Kind = Literal["area", "grid", "station", "place"]
KINDS: tuple[Kind, ...] = ("area", "grid", "station", "place")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something with a name. `type` is the level of an area, the kind of a grid or a station, what a place is.

    `above` is the name of what it belongs to, empty where that is nothing; places have no code.
    """

    kind: Kind
    type: str
    code: str
    name: str
    above: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Where something is: a point in it and its box (west, south, east, north), in degrees, CGCS2000.

    `way` are the codes, levels and names of the areas that it lies in, from the top down; not itself.
    """

    kind: Kind
    type: str
    code: str
    name: str
    lon: float
    lat: float
    box: tuple[float, float, float, float]
    way: tuple[tuple[str, str, str], ...]


def mark(conn: connection) -> str:
    """Return a text that changes whenever a station or the named places do, whoever asks."""
    return one(conn, "SELECT wangge.names_mark()")[0]


def entries(conn: connection, day: date) -> list[Entry]:
    """Return all that the caller may find by name on a day, but the places."""
    areas = many(
        conn,
        """SELECT 'area', a.level, a.code, v.name, coalesce(p.name, '')
           FROM wangge.area_version v JOIN wangge.area a ON a.id = v.area_id
             LEFT JOIN wangge.area_version p ON p.area_id = v.parent_id AND p.valid @> %(day)s::date
           WHERE v.valid @> %(day)s::date ORDER BY a.code COLLATE "C" """,
        {"day": day},
    )
    grids = many(
        conn,
        """SELECT 'grid', g.kind, g.code, g.name, coalesce(v.name, '')
           FROM wangge.grid g LEFT JOIN wangge.area_version v ON v.area_id = g.area_id AND v.valid @> %(day)s::date
           WHERE g.in_force @> %(day)s::date ORDER BY g.code COLLATE "C" """,
        {"day": day},
    )
    stations = many(conn, "SELECT 'station', kind, code, name, '' FROM wangge.station WHERE active ORDER BY code")
    return [
        Entry(kind=kind, type=of, code=code, name=name, above=above) for kind, of, code, name, above in areas + grids + stations
    ]


def place_entries(conn: connection, day: date) -> list[Entry]:
    """Return the names of places that the caller may find: for whoever handles incidents, or where they are public."""
    rows = many(conn, "SELECT name, kind FROM wangge.place_names(%s)", [day])
    return [Entry(kind="place", type=kind, code="", name=name) for name, kind in rows]


_SHOWN: dict[str, LiteralString] = {
    "area": """SELECT a.level, a.code, v.name, subpath(v.path, 0, -1)::text, ST_X(at), ST_Y(at),
          ST_XMin(v.geom), ST_YMin(v.geom), ST_XMax(v.geom), ST_YMax(v.geom)
        FROM wangge.area a JOIN wangge.area_version v ON v.area_id = a.id, ST_PointOnSurface(v.geom) AS at
        WHERE a.code = ANY (%(codes)s) AND v.valid @> %(day)s::date""",
    "grid": """SELECT g.kind, g.code, g.name, g.path::text, ST_X(at), ST_Y(at),
          ST_XMin(g.geom), ST_YMin(g.geom), ST_XMax(g.geom), ST_YMax(g.geom)
        FROM wangge.grid g, ST_PointOnSurface(g.geom) AS at
        WHERE g.code = ANY (%(codes)s) AND g.in_force @> %(day)s::date""",
    "station": """SELECT s.kind, s.code, s.name, s.path::text, ST_X(s.geom), ST_Y(s.geom),
          ST_X(s.geom), ST_Y(s.geom), ST_X(s.geom), ST_Y(s.geom)
        FROM wangge.station s WHERE s.code = ANY (%(codes)s) AND s.active AND %(day)s IS NOT NULL""",
}


def shown(conn: connection, kind: Literal["area", "grid", "station"], codes: Sequence[str], day: date) -> list[Shown]:
    """Return where those of one kind are that the caller sees, in no order."""
    if not codes:
        return []
    rows = many(conn, _SHOWN[kind], {"codes": list(codes), "day": day})
    return _with_ways(conn, kind, rows, day)


def shown_places(conn: connection, names: Sequence[str], day: date, *, limit: int) -> list[Shown]:
    """Return where the places with these names are, in the order of the names; for those who may find them."""
    if not names:
        return []
    rows = many(conn, "SELECT kind, name, path, lon, lat, box FROM wangge.places_named(%s, %s, %s)", [list(names), day, limit])
    return _with_ways(conn, "place", [(of, "", name, path, lon, lat, *box) for of, name, path, lon, lat, box in rows], day)


def ways(conn: connection, codes: Sequence[str], day: date) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """Return the way down to areas and themselves, by their codes."""
    paths = dict(many(conn, "SELECT path::text, code FROM wangge.area WHERE code = ANY (%s)", [list(codes)]))
    known = _areas(conn, paths, day)
    return {code: _way(path, known) for path, code in paths.items()}


def _with_ways(conn: connection, kind: Kind, rows: Sequence[tuple[Any, ...]], day: date) -> list[Shown]:
    known = _areas(conn, [row[3] for row in rows], day)
    return [
        Shown(kind=kind, type=of, code=code, name=name, lon=lon, lat=lat, box=(west, south, east, north), way=_way(path, known))
        for of, code, name, path, lon, lat, west, south, east, north in rows
    ]


def _areas(conn: connection, paths: Sequence[str] | dict[str, str], day: date) -> dict[str, tuple[str, str, str]]:
    ids = sorted({int(label) for path in paths if path for label in path.split(".")})
    rows = many(
        conn,
        """SELECT a.id::text, a.code, a.level, v.name FROM wangge.area a JOIN wangge.area_version v ON v.area_id = a.id
           WHERE a.id = ANY (%s) AND v.valid @> %s::date""",
        [ids, day],
    )
    return {area: (code, level, name) for area, code, level, name in rows}


def _way(path: str, known: dict[str, tuple[str, str, str]]) -> tuple[tuple[str, str, str], ...]:
    return tuple(known[label] for label in path.split(".") if label in known)
