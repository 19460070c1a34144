"""What printed sheets show of the store: the grids of a day in a frame of ground, the areas that they lie in, roads and houses.

Shapes come in the town's metric frame, named by its EPSG number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely

from data.store.sql import many, maybe, one

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from psycopg2.extensions import connection

    from data.store.plans import PlanRow

Box = tuple[float, float, float, float]
"""West, south, east, north, metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where something to be printed lies: the frame, and its bounds in it; `path` of the area that keeps it."""

    srid: int
    bounds: Box
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """A grid in force; `public` is what everybody is told of its households, None where that is nothing."""

    code: str
    name: str
    kind: str
    subtype: str
    community: int
    households: int
    public: int | None
    path: str
    area_m2: float
    bounds: tuple[str, str, str, str]
    polygon: shapely.Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityRow:
    """A community of the day, by its id, with what it belongs to."""

    id: int
    code: str
    name: str
    street: str
    district: str
    polygon: shapely.Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRow:
    """A line or a compound of the town; `kind` is the name of a `gis.town.LineKind`, empty for compounds."""

    kind: str
    name: str
    shape: shapely.Geometry


def grid_spot(conn: connection, code: str, day: date) -> Spot | None:
    """Return where a grid in force lies, or None where there is none that the caller sees."""
    row = maybe(
        conn,
        """SELECT ST_SRID(g.shape), ST_XMin(g.shape), ST_YMin(g.shape), ST_XMax(g.shape), ST_YMax(g.shape), g.path::text
           FROM wangge.grid g WHERE g.code = %s AND g.in_force @> %s""",
        [code, day],
    )
    return None if row is None else Spot(srid=row[0], bounds=row[1:5], path=row[5])


def area_spot(conn: connection, path: str, day: date) -> Spot | None:
    """Return where the grids of an area lie, or None where none is in force, or there is no town."""
    srid = frame_of(conn, path)
    row = maybe(
        conn,
        """SELECT ST_XMin(b.box), ST_YMin(b.box), ST_XMax(b.box), ST_YMax(b.box) FROM (
             SELECT ST_Extent(ST_Transform(g.geom, %(srid)s)) AS box FROM wangge.grid g
             WHERE g.path <@ %(path)s::ltree AND g.in_force @> %(day)s) b WHERE b.box IS NOT NULL""",
        {"srid": srid or 0, "path": path, "day": day},
    )
    return None if srid is None or row is None else Spot(srid=srid, bounds=(row[0], row[1], row[2], row[3]), path=path)


def count_grids(conn: connection, path: str, day: date) -> int:
    """Return how many grids of an area are in force on a day."""
    row = maybe(conn, "SELECT count(*) FROM wangge.grid g WHERE g.path <@ %s::ltree AND g.in_force @> %s", [path, day])
    return 0 if row is None else int(row[0])


def count_grids_of(conn: connection, plan: PlanRow) -> int:
    """Return how many grids of a plan as it stands the caller sees."""
    statement = "SELECT count(*) FROM wangge.grid WHERE plan_id = %s AND version = %s"
    (count,) = one(conn, statement, [plan.id, plan.version])
    return int(count)


def frame_of(conn: connection, path: str) -> int | None:
    """Return the frame of the town that an area lies in, or that lies in it: of several, that of the smallest code."""
    row = maybe(
        conn,
        """SELECT t.frame FROM wangge.town t
           WHERE t.path @> %(path)s::ltree OR t.path <@ %(path)s::ltree ORDER BY t.name LIMIT 1""",
        {"path": path},
    )
    return None if row is None else row[0]


def area_name(conn: connection, code: str, day: date) -> str:
    """Return what an area is called on a day; its code, where that is not known."""
    row = maybe(
        conn,
        """SELECT v.name FROM wangge.area_version v JOIN wangge.area a ON a.id = v.area_id
           WHERE a.code = %s AND v.valid @> %s""",
        [code, day],
    )
    return code if row is None else row[0]


def grids(conn: connection, spot: Spot, box: Box, day: date) -> list[GridRow]:
    """Return the grids in force that touch a box, by their codes."""
    rows = many(
        conn,
        """SELECT g.code, g.name, g.kind, g.subtype, g.area_id, g.households, g.households_public, g.path::text, g.area_m2,
             g.east, g.south, g.west, g.north,
             ST_AsBinary(CASE WHEN ST_SRID(g.shape) = %(srid)s THEN g.shape ELSE ST_Transform(g.geom, %(srid)s) END)
           FROM wangge.grid g
           WHERE g.in_force @> %(day)s AND g.geom && ST_Transform(ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, %(srid)s), 4490)
           ORDER BY g.code COLLATE "C\"""",
        {"day": day, "srid": spot.srid, **_corners(box)},
    )
    shapes = _shapes(row[-1] for row in rows)
    return [
        GridRow(
            code=row[0],
            name=row[1],
            kind=row[2],
            subtype=row[3],
            community=row[4],
            households=row[5],
            public=row[6],
            path=row[7],
            area_m2=row[8],
            bounds=(row[9], row[10], row[11], row[12]),
            polygon=shape,
        )
        for row, shape in zip(rows, shapes, strict=True)
    ]


def communities(conn: connection, spot: Spot, box: Box, day: date) -> list[CommunityRow]:
    """Return the communities that touch a box, and all of the street that `spot` lies in; by their codes.

    Where a plan is in force in one, its line is the one that the grids have.
    """
    rows = many(
        conn,
        """SELECT a.id, a.code, v.name, coalesce(sv.name, ''), coalesce(dv.name, ''),
             ST_AsBinary(ST_Transform(coalesce(c.noded, v.shape), %(srid)s))
           FROM wangge.area_version v JOIN wangge.area a ON a.id = v.area_id AND a.level = 'community'
             LEFT JOIN wangge.area_version sv ON sv.area_id = v.parent_id AND sv.valid @> %(day)s
             LEFT JOIN wangge.area_version dv ON dv.area_id = sv.parent_id AND dv.valid @> %(day)s
             LEFT JOIN wangge.plan_community c ON c.area_id = a.id AND c.in_force @> %(day)s
           WHERE v.valid @> %(day)s
             AND (v.geom && ST_Transform(ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, %(srid)s), 4490)
                  OR (nlevel(%(path)s::ltree) > 1 AND v.path <@ subpath(%(path)s::ltree, 0, -1)))
           ORDER BY a.code COLLATE "C\"""",
        {"day": day, "srid": spot.srid, "path": spot.path, **_corners(box)},
    )
    shapes = _shapes(row[-1] for row in rows)
    return [
        CommunityRow(id=row[0], code=row[1], name=row[2], street=row[3], district=row[4], polygon=shape)
        for row, shape in zip(rows, shapes, strict=True)
    ]


def features(conn: connection, spot: Spot, box: Box, layer: str) -> list[FeatureRow]:
    """Return the lines (`barrier`) or compounds (`compound`) that touch a box, as they were imported last."""
    rows = many(
        conn,
        """SELECT f.kind, f.name, ST_AsBinary(f.shape) FROM wangge.town_feature f
           WHERE f.layer = %(layer)s AND upper_inf(f.seen) AND ST_SRID(f.shape) = %(srid)s
             AND f.shape && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, %(srid)s)
           ORDER BY f.town_id, f.number""",
        {"layer": layer, "srid": spot.srid, **_corners(box)},
    )
    shapes = _shapes(row[-1] for row in rows)
    return [FeatureRow(kind=row[0], name=row[1], shape=shape) for row, shape in zip(rows, shapes, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a station reaches, in a town's frame; `zone` is None where it has neither an area nor a circle of its own."""

    x: float
    y: float
    zone: shapely.Geometry | None
    radius_m: int | None


def reach(conn: connection, station: str, srid: int) -> Reach:
    """Return how far a station reaches."""
    row = one(
        conn,
        """SELECT ST_X(p.at), ST_Y(p.at), ST_AsBinary(ST_Transform(s.service_area, %(srid)s)), s.radius_m
           FROM wangge.station s CROSS JOIN LATERAL (SELECT ST_Transform(s.geom, %(srid)s) AS at) p WHERE s.code = %(code)s""",
        {"srid": srid, "code": station},
    )
    return Reach(x=row[0], y=row[1], zone=None if row[2] is None else shapely.from_wkb(bytes(row[2])), radius_m=row[3])


def households_reached(conn: connection, station: str, *, reach_m: float, walk: bool) -> int:
    """Return the households that a station reaches, of those whose points the caller sees.

    With `walk` all within `reach_m` metres; without, those of its own area or circle, and the walk where it has neither.
    """
    row = maybe(
        conn,
        """SELECT coalesce(sum(h.households), 0)::bigint FROM wangge.station s
             CROSS JOIN LATERAL (SELECT CASE WHEN NOT %(walk)s THEN s.service_area END AS shape,
               CASE WHEN %(walk)s THEN %(reach)s ELSE coalesce(s.radius_m, %(reach)s) END::double precision AS metres) z
             JOIN wangge.household_point h ON upper_inf(h.seen) AND h.geom && wangge.zone_box(s.geom, z.shape, z.metres)
           WHERE s.code = %(code)s AND wangge.in_zone(h.geom, s.geom, z.shape, z.metres)""",
        {"code": station, "reach": reach_m, "walk": walk},
    )
    return 0 if row is None else int(row[0])


def on_duty(conn: connection, station: int, day: date) -> list[tuple[str, str]]:
    """Return name and telephone of those on duty in a station on a day, of those whom the caller sees."""
    return many(
        conn,
        """SELECT p.name, p.phone FROM wangge.station_duty d JOIN wangge.staff p ON p.id = d.staff_id
           WHERE d.station_id = %s AND d.day = %s ORDER BY p.name, p.id""",
        [station, day],
    )


def _corners(box: Box) -> dict[str, float]:
    return dict(zip("wsen", box, strict=True))


def _shapes(found: Iterable[memoryview]) -> list[shapely.Geometry]:
    return [shapely.from_wkb(bytes(each)) for each in found]
