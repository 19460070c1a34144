"""400,000 reports of another system at once: what loading them costs, in this program and in PostgreSQL.

    .venv/bin/python benchmarks/incidents.py [--rows 400000] [--try no-place-index]

Reports lie all over 5,041 irregular grids and a little beyond, over a year, six of seven closed. What is counted is the CPU
time of this process and of the server's process that answers it; the text that PostgreSQL's background writes later is not.
Beside it the same rows, as text that is there already, go by a bare COPY into a plain table with the same columns and indexes,
and no checks, policies, seals or log: what is left when a program has nothing to do. `--try` changes the scratch store first,
to see what something costs.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import resource
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from serving_ground import EXTENT, irregular_grids, publish

from api.incidents.load import load
from api.incidents.rulebook import Rulebook
from data.incident_file import Arrivals
from data.store.cluster import Cluster
from data.store.cluster_home import ADMIN
from data.store.incident_load import broken_batches
from data.store.pool import connect
from data.store.sql import many, run

if TYPE_CHECKING:
    from psycopg2.extensions import connection

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FIRST = np.datetime64("2025-03-01T00:00:00", "us")
SECONDS = 365 * 86_400
TICKS = 100
WANTED = 20_000
"""Rows for a second of CPU time, of both together."""
CHANGES = {
    "no-place-index": "DROP INDEX wangge.incident_place",
}


def reports(count: int) -> Arrivals:
    """Draw reports."""
    rng = np.random.default_rng(5)
    west, south, east, north = EXTENT
    never = np.full(count, np.datetime64("NaT", "us"))
    reported = FIRST + np.sort(rng.integers(0, SECONDS, count)) * np.timedelta64(1, "s")
    is_closed = rng.random(count) < 6 / 7
    closed = np.minimum(
        reported + rng.integers(600, 864_000, count) * np.timedelta64(1, "s"), np.datetime64(NOW.replace(tzinfo=None))
    )

    def some(*words: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        return np.array(words, dtype=object)[rng.integers(0, len(words), count)]

    return Arrivals(
        source="hotline_12345",
        row=np.arange(1, count + 1),
        external_id=np.array([f"W{k:09}" for k in range(count)], dtype=object),
        lon_lat=rng.uniform((west - 0.002, south - 0.002), (east + 0.002, north + 0.002), (count, 2)),
        kind=some("problem", "problem", "opinion", "request"),
        category=some("rubbish", "pipes", "noise", "parking", "lamps", "safety", "other"),
        title=some("垃圾堆积", "路灯不亮", "占道经营", "噪音扰民"),
        description=some("小区东门外垃圾堆积多日无人清理，请尽快处理。", "路口路灯已三天不亮，夜间行人不便。"),
        address=some("经十路 88 号", "纬二路 15 号", "舜耕路 3 号院"),
        reported_at=reported,
        accepted_at=np.where(is_closed, reported, never),
        closed_at=np.where(is_closed, np.maximum(closed, reported), never),
        due_at=never,
        outcome=np.where(is_closed, "resolved", ""),
        satisfaction=np.where(is_closed, some("satisfied", "basic", ""), ""),
    )


def main() -> None:
    """Print what it costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--try", dest="changes", default="", help=", ".join(CHANGES))
    parser.add_argument("--profile", action="store_true", help="say where this program's time goes; it takes longer then")
    wanted = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="wangge-") as home,
        Cluster(Path(home), die_with_parent=True) as cluster,
    ):
        publish(cluster.dsn(ADMIN), irregular_grids(71))
        with closing(connect(cluster.dsn(ADMIN))) as conn:
            run(conn, "SET idle_in_transaction_session_timeout = 0")
            for name in filter(None, wanted.changes.split(",")):
                run(conn, CHANGES[name])
            measure(conn, reports(wanted.rows), is_profiled=wanted.profile)


def measure(conn: connection, given: Arrivals, *, is_profiled: bool) -> None:
    """Load the reports, once for new and once again, and check the seals."""
    deadlines = Rulebook().deadlines(conn)
    profile = cProfile.Profile(time.process_time)
    print("| step | rows | CPU s, program | CPU s, server | rows for a CPU second |\n|---|---|---|---|---|")
    for name in ("load", "the same again"):
        before = _cpu(conn)
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        run(conn, "BEGIN")
        if is_profiled and name == "load":
            profile.enable()
        done = load(conn, given, now=NOW, zone="Asia/Shanghai", deadlines=deadlines)
        profile.disable()
        run(conn, "COMMIT")
        _print(conn, name, len(given), before)
        if name == "load":
            new, outside, spent = done.rows, done.outside, sum(_cpu(conn)) - sum(before)
            more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held
            bare = _peer(conn, len(given))
    before = _cpu(conn)
    if broken_batches(conn):
        raise SystemExit("the batches do not close")
    _print(conn, "verify the seals", len(given), before)
    print(f"\nthe load costs {spent / bare:.2f} times the bare COPY")
    print(f"at most {more / 1024:.0f} MB more in memory than before the load")
    print(f"{new} new, {outside} outside every grid; then {done.rows} new and {done.known} known; wanted: {WANTED:,}")
    sizes = many(
        conn,
        """SELECT indexrelname, pg_relation_size(indexrelid) FROM pg_stat_user_indexes WHERE relname = 'incident'
           UNION ALL SELECT 'the table', pg_table_size('wangge.incident') ORDER BY 2 DESC""",
    )
    print("bytes a row: " + ", ".join(f"{name} {size / len(given):.0f}" for name, size in sizes))
    if is_profiled:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


def _peer(conn: connection, count: int) -> float:
    """Copy the rows that were loaded into a table of the same columns and indexes; return the CPU seconds of both."""
    run(conn, "CREATE TABLE public.peer (LIKE wangge.incident INCLUDING DEFAULTS INCLUDING INDEXES)")
    with tempfile.TemporaryFile() as file, conn.cursor() as cursor:
        cursor.copy_expert("COPY (SELECT * FROM wangge.incident ORDER BY id) TO STDOUT", file)
        file.seek(0)
        before = _cpu(conn)
        cursor.copy_expert("COPY public.peer FROM STDIN", file, 2**16)
    _print(conn, "bare COPY", count, before)
    spent = sum(_cpu(conn)) - sum(before)
    run(conn, "DROP TABLE public.peer")
    return spent


def _print(conn: connection, name: str, rows: int, before: tuple[float, float]) -> None:
    ours, servers = (now - then for now, then in zip(_cpu(conn), before, strict=True))
    print(f"| {name} | {rows} | {ours:.2f} | {servers:.2f} | {rows / (ours + servers):,.0f} |", flush=True)


def _cpu(conn: connection) -> tuple[float, float]:
    """Return the processor seconds of this process and of the server process that answers `conn`."""
    fields = Path(f"/proc/{conn.info.backend_pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime, (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main()
