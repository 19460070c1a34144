"""What row-level security costs on household points: a box, a count and one point, below the policy and as a superuser.

    .venv/bin/python benchmarks/policies.py [--points 400000]

Least of nine runs, milliseconds in the server (EXPLAIN ANALYZE), with the operators marked leakproof and without.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from data.store.cluster import Cluster
from data.store.migrate import make_leakproof, migrate
from data.store.pool import connect
from data.store.scope import Scope
from data.store.sql import many, one, run

if TYPE_CHECKING:
    from psycopg2.extensions import connection

QUESTIONS = {
    "box of about 100 points": "SELECT * FROM wangge.household_point WHERE geom && {box}",
    "the same by the function": "SELECT * FROM wangge.household_points_within({box})",
    "count of all that is seen": "SELECT count(*) FROM wangge.household_point",
    "one point by its id": "SELECT * FROM wangge.household_point WHERE id = 200000",
}
BOX = "ST_MakeEnvelope(117.05, 36.55, 117.0516, 36.5516, 4490)"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=400_000)
    points = parser.parse_args().points
    with (
        tempfile.TemporaryDirectory(prefix="wangge-") as home,
        Cluster(Path(home), die_with_parent=True) as cluster,
        closing(connect(cluster.dsn("wangge_admin"))) as admin,
        closing(connect(cluster.dsn("wangge_app"))) as app,
    ):
        migrate(admin)
        fill(admin, points)
        paths = {level: one(admin, "SELECT min(path::text) FROM wangge.area WHERE level = %s", [level])[0] for level in LEVELS}
        print("| question | superuser | " + " | ".join(f"{level}'s scope" for level in paths) + " | district's, no leakproof |")
        print("|---|---|" + "---|" * (len(paths) + 1))
        for name, question in QUESTIONS.items():
            cells = [best(admin, question)]
            for path in paths.values():
                speak(app, path)
                cells.append(best(app, question))
                run(app, "ROLLBACK")
            run(admin, "ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF")
            speak(app, paths["district"])
            cells.append(best(app, question))
            run(app, "ROLLBACK")
            make_leakproof(admin)
            print(f"| {name} | " + " | ".join(f"{ms:.2f}" for ms in cells) + " |")


LEVELS = ("district", "street", "community")


def fill(conn: connection, points: int) -> None:
    """Write a district of 20 streets of 20 communities, and points over a square of 0.1 degrees."""
    run(
        conn,
        """INSERT INTO wangge.area (code, level) VALUES ('d', 'district');
           INSERT INTO wangge.area (code, level, parent_id)
             SELECT 's' || n, 'street', id FROM wangge.area, generate_series(1, 20) n WHERE level = 'district';
           INSERT INTO wangge.area (code, level, parent_id)
             SELECT code || 'c' || n, 'community', id FROM wangge.area, generate_series(1, 20) n WHERE level = 'street';
           INSERT INTO wangge.town (name, frame, on_overlap, area_id, path)
             SELECT 't', 4548, 'error', id, path FROM wangge.area WHERE code = 'd';""",
    )
    run(
        conn,
        """INSERT INTO wangge.household_point (town_id, seen, external_id, path, households, persons, compound,
             building, shape)
           SELECT t.id, '[1,)', p.n::text, a.path, 1, 0, '', '',
             ST_Transform(ST_SetSRID(ST_MakePoint(117 + 0.005 * (a.rank %% 20) + 0.005 * random(),
               36.5 + 0.005 * (a.rank / 20) + 0.005 * random()), 4490), 4548)
           FROM wangge.town t, generate_series(0, %s) AS p (n)
             JOIN (SELECT path, row_number() OVER (ORDER BY path) - 1 AS rank FROM wangge.area WHERE level = 'community') a
               ON a.rank = p.n %% 400""",
        [points - 1],
    )
    run(conn, "VACUUM ANALYZE wangge.household_point")


def speak(conn: connection, path: str) -> None:
    """Begin a transaction for an area."""
    run(conn, "BEGIN")
    for name, value in Scope(areas_1=(path,), areas_2=(path,), areas_3=(path,)).settings().items():
        run(conn, "SELECT set_config(%s, %s, true)", [name, value])


def best(conn: connection, question: str) -> float:
    """Return the least execution time of nine runs, milliseconds."""
    explain = "EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) " + question.replace("{box}", BOX)
    return min(many(conn, explain)[0][0][0]["Execution Time"] for _ in range(9))  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
