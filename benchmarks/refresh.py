"""Bringing 400,000 household points into the store, and bringing them again: what a refresh costs by how much has changed.

    .venv/bin/python benchmarks/refresh.py [--points 400000] [--side 20]

CPU seconds of this program and of the server process, in one run, each step a whole import from a town in memory to its commit:
paths, digests, rows, what changed. Beside it how many rows of points were written, and how many bytes say where in its file
each of a snapshot's points stood.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from data.store.cluster import Cluster
from data.store.migrate import migrate
from data.store.pool import connect
from data.store.sql import one, run
from data.store.towns import import_town, load_town
from gis.frame import Frame, snap
from gis.town import Barriers, Communities, Compounds, Dedicated, ExistingGrids, Households, Town, read_only

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg2.extensions import connection

CORNER_M = np.array([500_000.0, 4_000_000.0])
COMMUNITY_M = 500.0
CHANGED_SHARE = 0.01
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=400_000)
    parser.add_argument("--side", type=int, default=20, help="communities along each side of the town")
    wanted = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="wangge-") as home,
        Cluster(Path(home), die_with_parent=True) as cluster,
        closing(connect(cluster.dsn("wangge_admin"))) as conn,
    ):
        migrate(conn)
        measure(conn, town_of(wanted.points, wanted.side))


def town_of(points: int, side: int) -> Town:
    """Make a town of square communities with points all over it, in no order that the ground knows."""
    rng = np.random.default_rng(1)
    corner = np.stack(np.divmod(np.arange(side * side), side), axis=1) * COMMUNITY_M + CORNER_M
    codes = tuple(f"{370103:06}{1 + n // side:03}{1 + n % side:03}" for n in range(side * side))
    blank = ("",) * len(codes)
    numbers = read_only(np.arange(1, len(codes) + 1))
    squares = read_only(np.asarray(shapely.box(*corner.T, *(corner + COMMUNITY_M).T), dtype=object))
    ids = tuple(f"H{n:07}" for n in range(points))
    none, no_rows = read_only(np.array([], dtype=object)), read_only(np.array([], dtype=np.int64))
    return Town(
        name="t",
        frame=Frame("EPSG:4548"),
        communities=Communities(codes, codes, blank, blank, squares, numbers),
        households=Households(
            id=ids,
            xy=read_only(snap(CORNER_M + rng.uniform(0, side * COMMUNITY_M, (points, 2)))),
            households=read_only(rng.integers(1, 30, points)),
            persons=read_only(rng.integers(1, 90, points)),
            compound=tuple(f"小区{n}" for n in rng.integers(0, 2000, points).tolist()),
            building=ids,
            row=read_only(np.arange(1, points + 1)),
        ),
        barriers=Barriers(none, read_only(np.array([], dtype=np.uint8)), ()),
        compounds=Compounds((), none, no_rows),
        dedicated=Dedicated((), (), none, no_rows),
        existing_grids=ExistingGrids((), none, no_rows),
        has_persons=True,
        on_overlap="error",
        findings=(),
        digests={},
    )


def measure(conn: connection, town: Town) -> None:
    """Time a first import, the same again, a row at the top, some rows changed, and reading the last one."""
    shifted = replace(town, households=_with_one_at_the_top(town.households))
    changed = replace(shifted, households=_with_some_changed(shifted.households))
    print("| step | points written | CPU s, program | CPU s, server | bytes of row numbers |\n|---|---|---|---|---|")
    for name, brought in (
        ("first import", town),
        ("the same file again", town),
        ("one row inserted at the top", shifted),
        ("1 % of the points changed", changed),
    ):
        _timed(conn, name, lambda brought=brought: _bring(conn, brought))
    _timed(conn, "read the town", lambda: load_town(conn, town.name))


def _bring(conn: connection, town: Town) -> None:
    run(conn, "BEGIN")
    import_town(conn, town, day=date(2026, 1, 1), now=NOW)
    run(conn, "COMMIT")


def _with_one_at_the_top(points: Households) -> Households:
    columns = {f.name: _joined(getattr(points, f.name)[:1], getattr(points, f.name)) for f in fields(points)}
    columns["id"] = ("new", *points.id)
    columns["row"] = read_only(np.arange(1, len(points.id) + 2))
    return Households(**columns)


def _joined(first: Any, rest: Any) -> Any:  # noqa: ANN401 a column, of texts or of numbers
    return read_only(np.concatenate([first, rest])) if isinstance(rest, np.ndarray) else first + rest


def _with_some_changed(points: Households) -> Households:
    households = points.households.copy()
    households[:: round(1 / CHANGED_SHARE)] += 1
    return replace(points, households=read_only(households))


def _timed(conn: connection, name: str, act: Callable[[], object]) -> None:
    before, written = _cpu(conn), _written(conn)
    act()
    after = _cpu(conn)
    (kept,) = one(conn, "SELECT coalesce(octet_length(point_rows), 0) FROM wangge.snapshot ORDER BY number DESC LIMIT 1")
    print(
        f"| {name} | {_written(conn) - written:,} | {after[0] - before[0]:.2f} | {after[1] - before[1]:.2f} | {kept:,} |",
        flush=True,
    )


def _written(conn: connection) -> int:
    """Return how many rows of points have been inserted or updated."""
    run(conn, "SELECT pg_stat_force_next_flush()")
    return one(conn, "SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname = 'household_point'")[0]


def _cpu(conn: connection) -> tuple[float, float]:
    """Return the processor seconds of this process and of the server process that answers `conn`."""
    fields = Path(f"/proc/{conn.info.backend_pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime, (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    main()
