"""Backups: all that is ours in the store, in one file, by PostgreSQL's own programs."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg2.extensions import make_dsn, parse_dsn

from data.store.cluster_programs import find_clients
from data.store.feed import renew
from data.store.migrate import ensure_app_role, ensure_extensions, migrate
from data.store.pool import connect
from data.store.sql import maybe, run
from gis.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import connection


def backup(dsn: str, file: Path, *, bindir: Path | None = None) -> None:
    """Write the store that `dsn` (its owner's) names into `file`, whole or not at all.

    `bindir` is the folder of `pg_dump`, where it is not to be the installed one that fits the server.
    """
    with closing(connect(dsn)) as conn:
        program = _clients(conn, bindir) / "pg_dump"
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as folder:
        draft = Path(folder, "dump")
        # An owner who is no superuser is bound by policies. It has one that shows it everything, but must ask for that.
        wanted = ["--format=custom", "--no-owner", "--schema=wangge", "--enable-row-security", f"--file={draft}"]
        _run([program, *wanted], dsn)
        draft.chmod(0o600)
        draft.rename(file)


def restore(dsn: str, file: Path, *, bindir: Path | None = None) -> tuple[str, ...]:
    """Fill an empty store from a backup and bring it up to date; return the migrations that the backup had not had.

    A store that holds anything is refused. Whoever followed the log where the backup was made begins anew (data/store/feed.py).
    """
    if not file.is_file():
        raise StoreError(f"there is no backup {file}")
    with closing(connect(dsn)) as conn, tempfile.TemporaryDirectory() as folder:
        program = _clients(conn, bindir) / "pg_restore"
        _make_room(conn)
        # What lets the owner see its rows names the owner of the store that was backed up; `migrate` lets ours see them.
        contents = _run([program, "--list", file]).splitlines(keepends=True)
        (chosen := Path(folder, "contents")).write_text("".join(line for line in contents if not _is_keeper(line)), "utf-8")
        _run([program, "--no-owner", "--exit-on-error", "--single-transaction", f"--use-list={chosen}", file], dsn)
        new = migrate(conn)
        # The numbers of another server's transactions mean nothing on this one.
        run(conn, "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
        renew(conn)
        run(conn, "COMMIT")
        return new


def _is_keeper(line: str) -> bool:
    """Say whether a line of a backup's contents, `1; 2 3 POLICY wangge table policy owner`, is an owner's policy."""
    words = line.split()
    return words[3:5] == ["POLICY", "wangge"] and words[6] == "keeper"


def _make_room(conn: connection) -> None:
    """Take away the empty schema that a first start leaves, and see that what the backup stands on is there."""
    is_there = maybe(conn, "SELECT to_regclass('wangge.town') IS NOT NULL") == (True,)
    if is_there and maybe(conn, "SELECT FROM wangge.town LIMIT 1") is not None:
        raise StoreError("the store is not empty; restore into a new one (another home, or an empty database)")
    ensure_app_role(conn)
    ensure_extensions(conn)
    run(conn, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS wangge CASCADE")


def _clients(conn: connection, wish: Path | None) -> Path:
    """Return the folder of the programs that fit the server of a connection."""
    return find_clients(conn.info.server_version // 10_000, wish)


def _run(command: Sequence[object], dsn: str | None = None) -> str:
    """Run a program of PostgreSQL on the store at `dsn` and return what it printed."""
    words = [str(word) for word in command]
    surroundings = dict(os.environ)
    if dsn is not None:
        told = parse_dsn(dsn)
        # Everybody on the machine can read a program's arguments; its environment is its user's own.
        if password := told.pop("password", None):
            surroundings["PGPASSWORD"] = password
        words.append(f"--dbname={make_dsn(**told)}")
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=surroundings)  # noqa: S603 - PostgreSQL's own
    if done.returncode:
        raise StoreError(f"{Path(words[0]).name} failed: {done.stderr.strip()}")
    return done.stdout
