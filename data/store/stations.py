"""Stations in the store: the register, which grids and households they reach, what they have, and who is on duty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.sql import SQL, Identifier

from data.store.log import record
from data.store.sql import many, maybe, run
from gis.errors import Conflict, NotFound, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from decimal import Decimal

    from psycopg2.extensions import connection

PLAIN = (
    "code", "name", "level", "kind", "brand", "radius_m", "has_desk", "has_room", "has_cabinet", "has_map", "services",
    "area_m2", "tenure", "active",
)  # fmt: skip
"""The columns that people write as they are."""
LEVELS = ("district", "street", "community", "grid")
"""Whose a station may be, from the widest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What stations reach in a grid: household points and households, of those that there are."""

    grid: str
    path: str
    points: int
    points_reached: int
    households: int
    reached: int


_SELECT = SQL(
    """SELECT s.id, s.path::text, a.code, s.revision, ST_X(s.geom), ST_Y(s.geom), ST_AsGeoJSON(s.service_area, 9)::jsonb, {}
       FROM wangge.station s JOIN wangge.area a ON a.id = s.area_id """
).format(SQL(", ").join(SQL("s.{}").format(Identifier(name)) for name in PLAIN))
FIELDS = ("id", "path", "area", "revision", "lon", "lat", "service_area", *PLAIN)
"""What a row of a station says, by name."""


def get(conn: connection, code: str, *, lock: bool = False) -> dict[str, Any]:
    """Return a station that the caller may see; with `lock`, nobody else changes it until the transaction ends."""
    row = maybe(conn, _SELECT + SQL("WHERE s.code = %s") + SQL(" FOR UPDATE OF s" if lock else ""), [code])
    if row is None:
        raise NotFound(f"there is no station {code}, or it is not yours to see")
    return dict(zip(FIELDS, row, strict=True))


def listed(
    conn: connection, *, area: str | None, kind: str | None, service: str | None, after: str, limit: int
) -> list[dict[str, Any]]:
    """Return the active stations of an area by their codes, those after `after`."""
    statement = _SELECT + SQL(
        """WHERE s.active AND s.code > %(after)s AND (%(area)s::ltree IS NULL OR s.path <@ %(area)s::ltree)
             AND (%(kind)s::text IS NULL OR s.kind = %(kind)s)
             AND (%(service)s::text IS NULL OR %(service)s = ANY (s.services))
           ORDER BY s.code LIMIT %(limit)s"""
    )
    rows = many(conn, statement, {"after": after, "area": area, "kind": kind, "service": service, "limit": limit})
    return [dict(zip(FIELDS, row, strict=True)) for row in rows]


_VALUES = SQL(", ").join([SQL("%s")] * len(PLAIN))
_ADD = SQL(
    """INSERT INTO wangge.station (area_id, path, geom, service_area, updated_at, {})
       VALUES (%s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4490), ST_SetSRID(ST_GeomFromGeoJSON(%s), 4490), %s, {})
       ON CONFLICT (code) DO NOTHING"""
).format(SQL(", ").join(map(Identifier, PLAIN)), _VALUES)
_CHANGE = SQL(
    """UPDATE wangge.station SET area_id = %s, path = %s, geom = ST_SetSRID(ST_MakePoint(%s, %s), 4490),
         service_area = ST_SetSRID(ST_GeomFromGeoJSON(%s), 4490), updated_at = %s, revision = revision + 1, {}
       WHERE code = %s"""
).format(SQL(", ").join(SQL("{} = %s").format(Identifier(name)) for name in PLAIN if name != "code"))


def put(
    conn: connection,
    *,
    area: tuple[int, str],
    at: tuple[float, float],
    service_area: str | None,
    station: Mapping[str, Any],
    now: datetime,
) -> bool:
    """Write a station at a place (longitude, latitude) down by its code, and say whether it is new.

    `area` is the id and the path of who keeps it, `service_area` GeoJSON, `station` the values of `PLAIN`. Whoever calls has
    locked the one that is there.
    """
    values = [*area, *at, service_area, now]
    here = maybe(conn, "SELECT path::text FROM wangge.station WHERE code = %s", [station["code"]])
    if here is None:
        if not run(conn, _ADD, [*values, *(station[name] for name in PLAIN)]):
            raise Conflict(f"there is a station {station['code']} of somebody else", code="already-exists")
    elif not run(conn, _CHANGE, [*values, *(station[name] for name in PLAIN if name != "code"), station["code"]]):
        raise NotFound(f"there is no station {station['code']} that you may change")
    told = {name: station[name] for name in ("name", "level", "kind", "active")}
    record(conn, "station.added" if here is None else "station.changed", path=area[1], subject=station["code"], body=told)
    return here is None


# --- grids --------------------------------------------------------------------------------------------------------------


def give_grids(conn: connection, station: Mapping[str, Any], grids: Sequence[str], day: date) -> None:
    """Say which grids a station serves; none: those whose middle it reaches."""
    known = {code for (code,) in many(conn, "SELECT code FROM wangge.grid WHERE code = ANY (%s) AND in_force @> %s",
                                      [list(grids), day])}  # fmt: skip
    unknown = [code for code in grids if code not in known]
    if unknown:
        raise ParameterError("grids", f"no grid {unknown[0]} is in force on {day}", code="unknown-target")
    run(conn, "DELETE FROM wangge.station_grid WHERE station_id = %s", [station["id"]])
    run(
        conn,
        """INSERT INTO wangge.station_grid (station_id, grid_code, path)
           SELECT %s, grid, %s FROM unnest(%s::text[]) AS grid ON CONFLICT DO NOTHING""",
        [station["id"], station["path"], list(grids)],
    )
    record(conn, "station.grids", path=station["path"], subject=station["code"], body={"grids": list(grids)})


def served(conn: connection, *, area: str | None, day: date, reach_m: float) -> tuple[dict[str, list[str]], list[str]]:
    """Return the grids of an area that each active station serves, by the station's code, and those that none serves.

    A station serves the grids that were given to it; else those in force whose middle lies in its service area, in its circle,
    or no farther than `reach_m` metres.
    """
    rows = many(
        conn,
        """WITH ours AS (
             SELECT g.code, ST_PointOnSurface(g.geom) AS middle FROM wangge.grid g
             WHERE g.in_force @> %(day)s AND (%(area)s::ltree IS NULL OR g.path <@ %(area)s::ltree)
               AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[])
           ), given AS (
             SELECT s.code AS station, o.code AS grid FROM wangge.station s JOIN wangge.station_grid t ON t.station_id = s.id
               JOIN ours o ON o.code = t.grid_code WHERE s.active
             UNION
             SELECT s.code, o.code FROM wangge.station s
               JOIN ours o ON wangge.in_zone(o.middle, s.geom, s.service_area, coalesce(s.radius_m, %(reach)s))
             WHERE s.active AND NOT EXISTS (SELECT FROM wangge.station_grid t WHERE t.station_id = s.id)
           )
           SELECT n.station, o.code FROM ours o LEFT JOIN given n ON n.grid = o.code ORDER BY o.code, n.station""",
        {"day": day, "area": area, "reach": reach_m},
    )
    found: dict[str, list[str]] = {}
    for station, grid in rows:
        if station is not None:
            found.setdefault(station, []).append(grid)
    return found, [grid for station, grid in rows if station is None]


# --- households ---------------------------------------------------------------------------------------------------------


def coverage(
    conn: connection,
    *,
    area: str,
    day: date,
    until: datetime,
    kinds: Sequence[str],
    levels: Sequence[str] = LEVELS,
    station: str | None = None,
    reach_m: float,
    walk: bool,
) -> list[Reached]:
    """Return how many households active stations reach, grid by grid, in an area by its path ('': everywhere).

    Those of some kinds and levels count, or, by its code, one of them. With `walk`, all that live within `reach_m` metres of a
    station count; without, a station's own area or circle says whom it reaches, and the walk only where it has neither. `until`
    is the end of the day.
    """
    rows = many(
        conn,
        """SELECT grid_code, path::text, points, points_reached, households, reached
           FROM wangge.station_coverage(%s::ltree, %s, %s, %s::text[], %s::text[], %s, %s, %s)""",
        [area, day, until, list(kinds), list(levels), station, reach_m, walk],
    )
    return [Reached(**dict(zip(Reached.__slots__, row, strict=True))) for row in rows]


def unreached(
    conn: connection,
    grid: str,
    *,
    day: date,
    until: datetime,
    kinds: Sequence[str],
    levels: Sequence[str] = LEVELS,
    reach_m: float,
    walk: bool,
    after: str,
    limit: int,
) -> list[dict[str, Any]]:
    """Return the household points of a grid that no station reaches, by their ids, those after `after`; to who plans there."""
    rows = many(
        conn,
        "SELECT * FROM wangge.homes_unreached(%s, %s, %s, %s::text[], %s::text[], %s, %s, %s, %s)",
        [grid, day, until, list(kinds), list(levels), reach_m, walk, after, limit],
    )
    return [dict(zip(("target", "households", "lon", "lat"), row, strict=True)) for row in rows]


def centres(
    conn: connection, *, area: str | None, day: date, until: datetime
) -> list[tuple[str, str, str, Decimal | None, int, dict[str, int]]]:
    """Return every street and community of an area: code, path, level, the square metres of its active centres, households.

    Last comes how many places of service there are now, of each kind of tenure that anybody has said. `until` is the end of the
    day. The square metres are None where it has no centre, or nobody has said how large it is.
    """
    return many(
        conn,
        """SELECT a.code, a.path::text, a.level, sum(s.area_m2),
             (SELECT coalesce(sum(g.households), 0)::integer FROM wangge.grid g
              WHERE g.path <@ a.path AND g.in_force @> %(day)s),
             (SELECT coalesce(jsonb_object_agg(t.tenure, t.many), '{}') FROM (
                SELECT t.tenure, count(*) AS many FROM wangge.station t
                WHERE t.path <@ a.path AND t.active AND t.tenure <> '' GROUP BY t.tenure) t)
           FROM wangge.area a
             LEFT JOIN wangge.stations_at(%(until)s) s
               ON s.area_id = a.id AND s.active AND s.kind = 'service_center' AND s.level = a.level
           WHERE a.level IN ('street', 'community') AND (%(area)s::ltree IS NULL OR a.path <@ %(area)s::ltree)
             AND a.path <@ ANY ((SELECT wangge.scope(1))::ltree[])
           GROUP BY a.id ORDER BY a.code""",
        {"day": day, "area": area, "until": until},
    )


# --- duty ---------------------------------------------------------------------------------------------------------------


def set_duty(conn: connection, station: Mapping[str, Any], day: date, staff: Sequence[str]) -> None:
    """Say who is on duty in a station on a day: what was said before is replaced."""
    known = dict(many(conn, "SELECT id::text, true FROM wangge.staff WHERE id = ANY (%s::uuid[])", [list(staff)]))
    unknown = [each for each in staff if each not in known]
    if unknown:
        raise ParameterError("staff", f"there is nobody by the id {unknown[0]} on your staff", code="unknown-target")
    run(conn, "DELETE FROM wangge.station_duty WHERE station_id = %s AND day = %s", [station["id"], day])
    run(
        conn,
        """INSERT INTO wangge.station_duty (station_id, day, staff_id, path)
           SELECT %s, %s, staff, %s FROM unnest(%s::uuid[]) AS staff ON CONFLICT DO NOTHING""",
        [station["id"], day, station["path"], list(staff)],
    )
    told = {"day": day.isoformat(), "staff": list(staff)}
    record(conn, "station.duty", path=station["path"], subject=station["code"], body=told)


def duty(conn: connection, station: int, first: date, last: date) -> list[tuple[date, str]]:
    """Return who is on duty in a station from one day to another: the day, and the worker."""
    return many(
        conn,
        """SELECT day, staff_id::text FROM wangge.station_duty WHERE station_id = %s AND day BETWEEN %s AND %s
           ORDER BY day, staff_id""",
        [station, first, last],
    )
