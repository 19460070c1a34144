"""Where thousands of reports lie, each on its own day: looked up in memory, with the answers of `wangge.incident_place`.

The polygons in force are read once and asked in degrees. A point that comes within a hair of any line is put to the store
itself, so that no answer hangs on whose arithmetic rounds which way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from data.store.sql import many
from gis.locate import NOWHERE, locate, rank_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

    Days = NDArray[np.datetime64]

_SCALE = 1e7
"""`locate` works on whole hundredths: of degrees times this they are 0.1 mm."""
_HAIR = 3e-9
"""Degrees. Taken to those hundredths, a point and a line each move by less than half of this."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a report lies: its grid (None: in none), the path of the smallest area around it ('': in none), areas by level.

    Outside all areas `areas` names the one whose center answers for what is nobody's. `chain` is the part of the log that it
    belongs to: the path of its street, or its own where it is in none.
    """

    grid_code: str | None
    path: str
    areas: Mapping[str, str]
    chain: str


@dataclass(frozen=True, slots=True)
class _Layer:
    """Polygons of which one holds a point before another: code and path, the days, the shape."""

    names: tuple[tuple[str | None, str], ...]
    since: Days
    until: Days
    shape: NDArray[np.object_]
    order: NDArray[np.int64]


def spots(conn: connection, lon_lat: NDArray[np.float64], day: Days) -> tuple[tuple[Spot, ...], NDArray[np.int64]]:
    """Return the different places of points (n, 2), degrees, each on its day (n,), and which of them each point has (n,)."""
    names: dict[tuple[str | None, str], int] = {}
    which = np.full(len(lon_lat), NOWHERE, dtype=np.int64)
    asked = np.zeros(len(lon_lat), dtype=np.bool_)
    for read in (_grids, _areas):
        left = np.flatnonzero((which == NOWHERE) & ~asked)
        if left.size:
            layer = read(conn, lon_lat[left], day[left])
            number = np.array([*(names.setdefault(name, len(names)) for name in layer.names), NOWHERE], dtype=np.int64)
            which[left] = number[_holder(layer, lon_lat[left], day[left])]
            asked[left] = _near_a_line(layer.shape, lon_lat[left])
    which[which == NOWHERE] = names.setdefault((None, ""), len(names))
    which[asked] = [names.setdefault(each, len(names)) for each in _asked(conn, lon_lat[asked], day[asked])]
    return _with_areas(conn, tuple(names)), which


def _holder(layer: _Layer, lon_lat: NDArray[np.float64], day: Days) -> NDArray[np.int64]:
    """Return for each point the polygon of the layer that holds it on its day, or `NOWHERE`."""
    holder = np.full(len(lon_lat), NOWHERE, dtype=np.int64)
    # Between two of these days the same polygons hold.
    period = np.searchsorted(np.unique(np.concatenate([layer.since, layer.until])), day, side="right")
    scaled = shapely.transform(layer.shape, lambda xy: xy * _SCALE)
    for each in np.unique(period).tolist():
        rows = np.flatnonzero(period == each)
        held = np.flatnonzero((layer.since <= day[rows[0]]) & (day[rows[0]] < layer.until))
        found = locate(lon_lat[rows] * _SCALE, scaled[held], order=layer.order[held])
        holder[rows] = np.append(held, NOWHERE)[found]
    return holder


def _near_a_line(shape: NDArray[np.object_], lon_lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which points come within a hair of a polygon's line."""
    rings = shapely.get_rings(shapely.get_parts(shape))
    corner, ring = shapely.get_coordinates(rings, return_index=True)
    on = np.flatnonzero(ring[1:] == ring[:-1])
    lines: Any = shapely.linestrings(np.stack([corner[on], corner[on + 1]], axis=1))
    points: Any = shapely.points(lon_lat)
    near = np.zeros(len(lon_lat), dtype=np.bool_)
    near[shapely.STRtree(lines).query(points, predicate="dwithin", distance=_HAIR)[0]] = True
    return near


def _grids(conn: connection, lon_lat: NDArray[np.float64], day: Days) -> _Layer:
    rows = many(
        conn,
        """SELECT code, path::text, lower(in_force)::text, coalesce(upper(in_force)::text, 'NaT'), ST_AsBinary(geom)
           FROM wangge.grid
           WHERE in_force && daterange(%s, %s, '[]') AND geom && ST_MakeEnvelope(%s, %s, %s, %s, 4490)""",
        _around(lon_lat, day),
    )
    return _layer([(row[0], row[1]) for row in rows], rows, rank_of([row[0] for row in rows]))


def _areas(conn: connection, lon_lat: NDArray[np.float64], day: Days) -> _Layer:
    """Return the areas around, the smallest first."""
    rows = many(
        conn,
        """SELECT a.code, v.path::text, lower(v.valid)::text, coalesce(upper(v.valid)::text, 'NaT'), ST_AsBinary(v.geom)
           FROM wangge.area_version v JOIN wangge.area a ON a.id = v.area_id
           WHERE v.valid && daterange(%s, %s, '[]') AND v.geom && ST_MakeEnvelope(%s, %s, %s, %s, 4490)
           ORDER BY nlevel(v.path) DESC, a.code COLLATE "C\"""",
        _around(lon_lat, day),
    )
    return _layer([(None, row[1]) for row in rows], rows, np.arange(len(rows)))


def _around(lon_lat: NDArray[np.float64], day: Days) -> list[Any]:
    """Return the days and the box that points lie in, a hair wider."""
    low, high = lon_lat.min(axis=0) - _HAIR, lon_lat.max(axis=0) + _HAIR
    return [day.min().item(), day.max().item(), *low.tolist(), *high.tolist()]


def _layer(names: Sequence[tuple[str | None, str]], rows: Sequence[tuple[Any, ...]], order: NDArray[np.int64]) -> _Layer:
    until = np.array([row[3] for row in rows], dtype="datetime64[D]")
    return _Layer(
        names=tuple(names),
        since=np.array([row[2] for row in rows], dtype="datetime64[D]"),
        until=np.where(np.isnat(until), np.datetime64("9999-12-31"), until),
        shape=np.array([shapely.from_wkb(bytes(row[4])) for row in rows], dtype=object),
        order=order,
    )


def _asked(conn: connection, lon_lat: NDArray[np.float64], day: Days) -> list[tuple[str | None, str]]:
    """Return grid and path of points as the store itself says."""
    return many(
        conn,
        """SELECT p.grid_code, p.path
           FROM unnest(%s::float8[], %s::float8[], %s::date[]) WITH ORDINALITY AS given (lon, lat, day, n),
             LATERAL wangge.incident_place(ST_SetSRID(ST_MakePoint(given.lon, given.lat), 4490), given.day) p
           ORDER BY given.n""",
        [*lon_lat.T.tolist(), day.tolist()],
    )


def _with_areas(conn: connection, names: Sequence[tuple[str | None, str]]) -> tuple[Spot, ...]:
    rows = many(
        conn,
        """SELECT given.path, array_agg(a.level || '=' || a.code), max(a.path::text) FILTER (WHERE a.level = 'street')
           FROM unnest(%s::text[]) AS given (path) JOIN wangge.area a ON given.path <> '' AND a.path @> given.path::ltree
           GROUP BY given.path
           UNION ALL
           (SELECT '', ARRAY[level || '=' || code], NULL FROM wangge.area WHERE level IN ('city', 'district')
            ORDER BY level DESC, code COLLATE "C" LIMIT 1)""",
        [sorted({path for _, path in names})],
    )
    around = {path: (dict(each.split("=", 1) for each in areas), street) for path, areas, street in rows}
    return tuple(
        Spot(grid_code=code, path=path, areas=areas, chain=street or path)
        for code, path in names
        for areas, street in [around.get(path, ({}, None))]
    )
