"""Re-homing 400,000 household points to a plan: what finding costs, what writing costs, beside PostGIS doing it alone.

    .venv/bin/python benchmarks/rehome.py [--points 400000] [--grids 5000]

CPU seconds of this program and of the server's processes, in one run. Writing is one transaction: the new assignment and one
event in the log.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from data.store import rehome as homes
from data.store.cluster import Cluster
from data.store.log import record
from data.store.migrate import migrate
from data.store.nets import assign
from data.store.plans import get
from data.store.pool import connect
from data.store.sql import one, run
from gis.locate import NOWHERE, locate, rank_of

if TYPE_CHECKING:
    from psycopg2.extensions import connection


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=400_000)
    parser.add_argument("--grids", type=int, default=5_000)
    wanted = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="wangge-") as home,
        Cluster(Path(home), die_with_parent=True) as cluster,
        closing(connect(cluster.dsn("wangge_admin"))) as conn,
    ):
        run(conn, "SET idle_in_transaction_session_timeout = 0")
        migrate(conn)
        measure(conn, fill(conn, wanted.points, wanted.grids))


def fill(conn: connection, points: int, grids: int) -> str:
    """Write one community of square grids, turned a little, and points all over it."""
    side = round(grids**0.5)
    run(
        conn,
        """INSERT INTO wangge.area (code, level, parent_id) VALUES ('d', 'district', NULL);
           INSERT INTO wangge.area (code, level, parent_id) SELECT 's', 'street', id FROM wangge.area WHERE code = 'd';
           INSERT INTO wangge.area (code, level, parent_id) SELECT 'c', 'community', id FROM wangge.area WHERE code = 's';
           INSERT INTO wangge.town (name, frame, on_overlap, area_id, path)
             SELECT 't', 4548, 'error', id, path FROM wangge.area WHERE code = 'd';
           INSERT INTO wangge.snapshot (town_id, number, taken_at, path, has_persons, digests, findings, changes)
             SELECT id, 1, now(), path, false, '{}', '[]', '{}' FROM wangge.town;""",
    )
    (plan,) = one(
        conn,
        """INSERT INTO wangge.plan (town_id, snapshot, path, paths, title, created_at, updated_at)
           SELECT t.id, 1, a.path, ARRAY[a.path], 'p', now(), now() FROM wangge.town t, wangge.area a WHERE a.code = 'c'
           RETURNING id::text""",
    )
    run(
        conn,
        """INSERT INTO wangge.grid (plan_id, version, area_id, path, code, name, kind, households, persons, buildings, area_m2,
             perimeter_m, compactness, shape)
           SELECT %s, 1, a.id, a.path, 'c-' || x || '-' || y, '', 'residential', 0, 0, 0, 40000, 800, 0.78,
             ST_Rotate(ST_MakeEnvelope(500000 + x * 200, 4000000 + y * 200, 500200 + x * 200, 4000200 + y * 200, 4548), 0.3,
                       500000, 4000000)
           FROM wangge.area a, generate_series(0, %s) x, generate_series(0, %s) y WHERE a.code = 'c'""",
        [plan, side - 1, side - 1],
    )
    run(
        conn,
        """INSERT INTO wangge.household_point (town_id, seen, external_id, path, households, persons, compound,
             building, shape)
           SELECT t.id, '[1,)', n::text, a.path, 1, 0, '', '',
             ST_Rotate(ST_SetSRID(ST_MakePoint(500000 + random() * %s, 4000000 + random() * %s), 4548), 0.3, 500000, 4000000)
           FROM generate_series(1, %s) n, wangge.town t, wangge.area a WHERE a.code = 'c'""",
        [side * 200, side * 200, points],
    )
    run(conn, "ANALYZE wangge.household_point; ANALYZE wangge.grid")
    return plan


def measure(conn: connection, plan: str) -> None:
    """Time the parts of `rehome`, and PostGIS's own join."""
    rows: list[tuple[str, float, float]] = []

    def timed(name: str, act):  # noqa: ANN001, ANN202
        before = _cpu(conn)
        result = act()
        after = _cpu(conn)
        rows.append((name, after[0] - before[0], after[1] - before[1]))
        return result

    row = get(conn, plan)
    ids, xy, *_ = timed("read the points", lambda: homes.points_of(conn, row, 1))
    grids, codes, polygons, _ = timed("read the grids", lambda: homes._grids_of(conn, row))  # noqa: SLF001
    index = timed("find their grids", lambda: locate(xy, polygons, order=rank_of(codes)))
    inside = index != NOWHERE

    def write() -> None:
        run(conn, "BEGIN")
        assign(conn, ids[inside], grids[index[inside]], plan=plan, version=1, snapshot=1)
        record(conn, "plan.rehomed", path=row.path, subject=plan, body={"points": int(inside.sum())})
        run(conn, "COMMIT")

    timed("write the assignment and its event", write)
    timed(
        "the same by PostGIS alone: CREATE TABLE AS, ST_Covers",
        lambda: run(
            conn,
            """CREATE TEMP TABLE joined AS SELECT h.id, g.id AS grid FROM wangge.household_point h
               JOIN wangge.grid g ON ST_Covers(g.geom, h.geom)""",
        ),
    )
    print(f"{len(ids)} points, {len(grids)} grids, {int(inside.sum())} found\n")
    print("| step | CPU s, program | CPU s, server |\n|---|---|---|")
    for name, ours, servers in rows:
        print(f"| {name} | {ours:.2f} | {servers:.2f} |")


def _cpu(conn: connection) -> tuple[float, float]:
    """Return the processor seconds of this process and of the server process that answers `conn`."""
    fields = Path(f"/proc/{conn.info.backend_pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime, (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    main()
