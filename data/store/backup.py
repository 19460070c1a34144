"""Backups: all that is ours in the store, in one file, by PostgreSQL's own programs."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from data.store.migrate import ensure_app_role, migrate
from data.store.pool import connect
from data.store.sql import maybe, one, run
from gis.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import connection


def backup(dsn: str, file: Path, *, bindir: Path) -> None:
    """Write the store that `dsn` (its owner's) names into `file`, whole or not at all.

    `bindir` is the folder of `pg_dump`, whose version must not be older than the server's.
    """
    with closing(connect(dsn)) as conn:
        (is_super,) = one(conn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    # An owner who is no superuser is bound by policies. It has one that shows it everything, but must ask for that, and the
    # rows can then be given back by INSERT only.
    rows = [] if is_super else ["--enable-row-security", "--rows-per-insert=1000"]
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as folder:
        draft = Path(folder, "dump")
        wanted = ["--format=custom", "--no-owner", "--schema=wangge", f"--file={draft}", *rows]
        _run([bindir / "pg_dump", *wanted, f"--dbname={dsn}"])
        draft.chmod(0o600)
        draft.rename(file)


def restore(dsn: str, file: Path, *, bindir: Path) -> tuple[str, ...]:
    """Fill an empty store from a backup and bring it up to date; return the migrations that the backup had not had.

    A store that holds anything is refused.
    """
    if not file.is_file():
        raise StoreError(f"there is no backup {file}")
    with closing(connect(dsn)) as conn:
        _make_room(conn)
        _run([bindir / "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={dsn}", file])
        return migrate(conn)


def _make_room(conn: connection) -> None:
    """Take away the empty schema that a first start leaves, and see that what the backup stands on is there."""
    is_there = maybe(conn, "SELECT to_regclass('wangge.town') IS NOT NULL") == (True,)
    if is_there and maybe(conn, "SELECT FROM wangge.town LIMIT 1") is not None:
        raise StoreError("the store is not empty; restore into a new one (another home, or an empty database)")
    ensure_app_role(conn)
    run(conn, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS wangge CASCADE")
    run(
        conn,
        """CREATE EXTENSION IF NOT EXISTS postgis; CREATE EXTENSION IF NOT EXISTS ltree;
           CREATE EXTENSION IF NOT EXISTS btree_gist""",
    )


def _run(command: Sequence[object]) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - PostgreSQL's own programs
    if done.returncode:
        raise StoreError(f"{Path(words[0]).name} failed: {done.stderr.strip()}")
