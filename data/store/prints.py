"""Ordered prints in the store: who may see one, and its files, kept one by one as a worker makes them.

The order itself is a job (`jobs.py`). Files are as private as all that is on them, and are thrown away after a while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json

from data.store.jobs import PRINT
from data.store.sql import many, maybe, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from psycopg2.extensions import connection


def open_print(conn: connection, job: str, paths: Sequence[str]) -> None:
    """Say of a job that prints which areas it prints, by their paths."""
    run(conn, "INSERT INTO wangge.print (job_id, paths) VALUES (%s, %s::ltree[])", [job, list(paths)])


def paths_of(conn: connection, job: str) -> list[str] | None:
    """Return the paths of what a job prints; None where there is no such print that the caller may see."""
    row = maybe(conn, "SELECT paths::text[] FROM wangge.print WHERE job_id = %s::uuid", [job])
    return None if row is None else list(row[0])


def listed(conn: connection) -> list[tuple[str, list[str]]]:
    """Return the jobs of the prints that the caller may see, newest first, each with the paths of what it prints."""
    rows = many(
        conn,
        """SELECT j.id::text, p.paths::text[] FROM wangge.job j JOIN wangge.print p ON p.job_id = j.id
           WHERE j.kind = %s ORDER BY j.created_at DESC, j.id""",
        [PRINT],
    )
    return [(identity, list(paths)) for identity, paths in rows]


def keep(conn: connection, job: str, entry: Mapping[str, Any], body: bytes) -> None:
    """Keep a file of a print, in place of the one of its name."""
    run(
        conn,
        """INSERT INTO wangge.print_file (job_id, file, entry, body) VALUES (%s, %s, %s, %s)
           ON CONFLICT (job_id, file) DO UPDATE SET entry = excluded.entry, body = excluded.body""",
        [job, entry["file"], Json(dict(entry)), body],
    )


def entries(conn: connection, job: str) -> list[dict[str, Any]]:
    """Return what the manifest says of each file of a print: those bound of many first, then by their names."""
    rows = many(
        conn,
        "SELECT entry FROM wangge.print_file WHERE job_id = %s::uuid ORDER BY (entry ->> 'kind') = 'sheet', file",
        [job],
    )
    return [entry for (entry,) in rows]


def body_of(conn: connection, job: str, file: str) -> bytes | None:
    """Return a file of a print; None where there is none that the caller may see."""
    row = maybe(conn, "SELECT body FROM wangge.print_file WHERE job_id = %s::uuid AND file = %s", [job, file])
    return None if row is None else bytes(row[0])


def forget(conn: connection, before: datetime) -> int:
    """Throw away the files of prints that ended before a moment, and return how many; `conn` is the owner's."""
    return run(
        conn,
        """DELETE FROM wangge.print_file f USING wangge.job j WHERE j.id = f.job_id AND j.finished_at < %s""",
        [before],
    )
