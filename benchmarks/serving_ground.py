"""The ground that benchmarks/serving.py serves: irregular grids in force, in our tables and in a plain one beside them."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np
import shapely
from psycopg2.extras import execute_values
from scipy.spatial import Voronoi

from data.store.migrate import migrate
from data.store.pool import connect
from data.store.sql import one, run
from gis.frame import snap_geometry

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from psycopg2.extensions import connection

FRAME = 4548
CORNER = (491_043.0, 4_041_027.0)
"""The south-western corner of the ground, in metres of the frame."""
SIZE = (17_900.0, 22_190.0)
EXTENT = (116.901, 36.501, 117.099, 36.699)
"""Degrees within the ground: whatever is asked for lies in here."""
DISTRICT, COMMUNITIES = "370103", 100
FIRST_DAY = date(2024, 1, 1)
_NOW = datetime(2024, 1, 1, tzinfo=UTC)
_STEPS = 7
_ASIDE = 0.06
_BATCH = 5_000


def irregular_grids(side: int) -> NDArray[np.object_]:
    """Return side² cells that cover the ground without gaps; the lines between them wiggle."""
    rng = np.random.default_rng(1)
    lattice = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    seeds = (lattice + 0.5 + rng.uniform(-0.35, 0.35, lattice.shape)) / side
    # Mirrored at each edge of the unit square, the seeds beyond it make the edges.
    mirrored = [seeds, seeds * (-1, 1), seeds * (1, -1), (2, 0) + seeds * (-1, 1), (0, 2) + seeds * (1, -1)]
    net = Voronoi(np.concatenate(mirrored))
    lines: dict[tuple[int, int], NDArray[np.float64]] = {}
    for a, b in net.ridge_vertices:
        if a >= 0 and b >= 0:
            lines[a, b] = _wiggled(net.vertices[a] * SIZE, net.vertices[b] * SIZE, rng)
            lines[b, a] = lines[a, b][::-1]
    rings = []
    for seed in range(len(seeds)):
        corners = net.regions[net.point_region[seed]]
        sides = [lines[pair] for pair in zip(corners, [*corners[1:], corners[0]], strict=True)]
        rings.append(np.concatenate([line[:-1] for line in sides]))
    return _placed(np.array([shapely.Polygon(ring) for ring in rings]))


def square_grids(columns: int, rows: int) -> NDArray[np.object_]:
    """Return a checkerboard, for a collection with very many features."""
    x, y = (at.ravel() for at in np.meshgrid(np.arange(columns), np.arange(rows)))
    wide, high = SIZE[0] / columns, SIZE[1] / rows
    return _placed(shapely.box(x * wide, y * high, (x + 1) * wide, (y + 1) * high))


def publish(dsn: str, grids: NDArray[np.object_]) -> None:
    """Fill an empty database, as its owner: the grids are in force, and a plain copy of what we show lies in peer.grids."""
    with closing(connect(dsn)) as conn:
        run(conn, "SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0")
        migrate(conn)
        run(conn, "BEGIN")
        _areas(conn)
        _grids(conn, _plan(conn), grids)
        run(conn, "COMMIT")
        _plain_copy(conn)
        run(conn, "VACUUM (ANALYZE, FREEZE)")
        run(conn, "CHECKPOINT")


def _wiggled(start: NDArray[np.float64], end: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a line whose vertices between its ends lie beside it by up to `_ASIDE` of its length."""
    share = np.linspace(0, 1, _STEPS + 1)[:, None]
    aside = rng.uniform(-_ASIDE, _ASIDE, share.shape)
    aside[[0, -1]] = 0
    along = end - start
    return start + share * along + aside * along[::-1] * (-1, 1)


def _placed(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    return snap_geometry(shapely.transform(shapes, lambda xy: xy + CORNER))


def _areas(conn: connection) -> None:
    street = f"{DISTRICT}001"
    rows = [("3701", "city", None), (DISTRICT, "district", "3701"), (street, "street", DISTRICT)]
    rows += [(f"{street}{n + 1:03}", "community", street) for n in range(COMMUNITIES)]
    for code, level, parent in rows:
        run(
            conn,
            "INSERT INTO wangge.area (code, level, parent_id) VALUES (%s, %s, (SELECT id FROM wangge.area WHERE code = %s))",
            [code, level, parent],
        )
    run(
        conn,
        """INSERT INTO wangge.area_version (area_id, path, valid, name, parent_id, shape)
           SELECT id, path, daterange(%s, NULL), code, parent_id, ST_MakeEnvelope(%s, %s, %s, %s, %s) FROM wangge.area""",
        [FIRST_DAY, *CORNER, CORNER[0] + SIZE[0], CORNER[1] + SIZE[1], FRAME],
    )


def _plan(conn: connection) -> str:
    run(
        conn,
        """INSERT INTO wangge.town (name, frame, on_overlap, area_id, path)
           SELECT 'ground', %s, 'error', id, path FROM wangge.area WHERE code = %s""",
        [FRAME, DISTRICT],
    )
    run(
        conn,
        """INSERT INTO wangge.snapshot (town_id, number, taken_at, path, has_persons, digests, findings, changes)
           SELECT id, 1, %s, path, true, '{}', '[]', '{}' FROM wangge.town""",
        [_NOW],
    )
    (plan,) = one(
        conn,
        """INSERT INTO wangge.plan (town_id, snapshot, path, paths, title, state, effective_from, created_at, updated_at)
           SELECT id, 1, path, ARRAY[path], 'ground', 'effective', %s, %s, %s FROM wangge.town RETURNING id::text""",
        [FIRST_DAY, _NOW, _NOW],
    )
    run(
        conn,
        """INSERT INTO wangge.publication (plan_id, path, effective_from, published_at)
           SELECT id, path, %s, %s FROM wangge.plan""",
        [FIRST_DAY, _NOW],
    )
    return plan


def _grids(conn: connection, plan: str, grids: NDArray[np.object_]) -> None:
    """Write the grids, in force. They do not overlap; asking it of each of 400,000 would take longer than all the rest."""
    run(conn, "SET LOCAL session_replication_role = replica")
    rng = np.random.default_rng(2)
    households = rng.integers(250, 600, len(grids)).tolist()
    shape = shapely.to_wkb(shapely.set_srid(grids, FRAME), hex=True, include_srid=True).tolist()
    area, length = shapely.area(grids).tolist(), shapely.length(grids).tolist()
    width = len(str(len(grids)))
    rows = [
        (
            plan,
            f"{DISTRICT}001{k % COMMUNITIES + 1:03}",
            f"{k:0{width}}",
            households[k],
            area[k],
            length[k],
            shape[k],
        )
        for k in range(len(grids))
    ]
    with conn.cursor() as cursor:
        execute_values(
            cursor,
            """INSERT INTO wangge.grid (plan_id, version, area_id, path, in_force, since, code, name, kind, households, persons,
                 buildings, households_public, persons_public, area_m2, perimeter_m, compactness, east, south, west, north,
                 shape)
               SELECT v.plan::uuid, 1, a.id, a.path, '[2024-01-01,)', '2024-01-01', a.code || v.number,
                 '第' || v.number || '网格', 'residential', v.households, 3 * v.households, v.households / 20, v.households,
                 3 * v.households, v.area, v.length, 4 * pi() * v.area / v.length ^ 2, '经十路', '纬二路', '青年路', '文化路',
                 v.shape::geometry
               FROM (VALUES %s) v (plan, community, number, households, area, length, shape)
                 JOIN wangge.area a ON a.code = v.community""",
            rows,
            page_size=_BATCH,
        )


def _plain_copy(conn: connection) -> None:
    """Make the table that a server without versions, rights and hidden figures reads: the same properties and shapes."""
    run(conn, "CREATE SCHEMA peer")
    run(
        conn,
        """CREATE TABLE peer.grids AS SELECT row_number() OVER (ORDER BY g.code)::integer AS id, g.code, g.name, g.kind,
             g.subtype, c.code AS community, s.code AS street, g.households, g.persons, g.buildings, g.area_m2, g.perimeter_m,
             g.compactness, g.east, g.south, g.west, g.north, g.exception->>'reason' AS exception,
             lower(g.in_force) AS valid_from, upper(g.in_force) AS valid_to, g.since, g.plan_id::text AS plan,
             ST_SetSRID(g.geom, 4326)::geometry(Polygon, 4326) AS geom
           FROM wangge.grid g JOIN wangge.area c ON c.id = g.area_id JOIN wangge.area s ON s.id = c.parent_id
           ORDER BY g.code""",
    )
    run(conn, "ALTER TABLE peer.grids ADD PRIMARY KEY (id)")
    run(conn, "CREATE INDEX ON peer.grids USING gist (geom)")
    run(conn, "GRANT USAGE ON SCHEMA peer TO wangge_app")
    run(conn, "GRANT SELECT ON peer.grids TO wangge_app")
