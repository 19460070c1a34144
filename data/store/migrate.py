"""Migrations: numbered files, forward only, each in a transaction of its own, one migrator at a time."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import psycopg2
from psycopg2.sql import SQL, Identifier

from data.store.sql import many, maybe, one, run
from gis.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import connection

APP_ROLE = "wangge_app"
"""The role that answers requests: it owns nothing and is bound by every policy."""

LEAKPROOF = (
    "geometry_overlaps(geometry,geometry)",
    "st_intersects(geometry,geometry)",
    "range_contains_elem(anyrange,anyelement)",
    "daterange_subdiff(date,date)",
)
"""Without the first two the planner may not use a spatial index below a policy: a map would read every row of the scope.
Without the others it may not look at what it knows of the days in force, and plans for a handful of grids.
"""

_LOCK = 0x77616E67_6765
_NAME = re.compile(r"(\d{4})_\w+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from a state of the schema to the next."""

    number: int
    name: str
    statement: str

    @property
    def digest(self) -> str:
        """SHA-256 of the statements."""
        return hashlib.sha256(self.statement.encode()).hexdigest()


def migrations() -> tuple[Migration, ...]:
    """Return all migrations in order; their numbers run from 1 without a gap."""
    folder = files("data.store").joinpath("migrations")
    found = sorted(
        (
            Migration(int(match[1]), file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
            for file in folder.iterdir()
            if (match := _NAME.fullmatch(file.name))
        ),
        key=lambda m: m.number,
    )
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        msg = f"migrations are not numbered one by one: {[m.name for m in found]}"
        raise StoreError(msg)
    return tuple(found)


def applied(conn: connection) -> dict[int, str]:
    """Return the digest of each migration that the database has had, by number."""
    if maybe(conn, "SELECT to_regclass('wangge.migration')::text") == (None,):
        return {}
    return dict(many(conn, "SELECT number, digest FROM wangge.migration ORDER BY number"))


def pending(conn: connection, steps: Sequence[Migration]) -> tuple[Migration, ...]:
    """Return the steps that are still to be made; a database from the future or with another past is refused."""
    have = applied(conn)
    ahead = sorted(set(have) - {m.number for m in steps})
    if ahead:
        msg = f"the store has migration {ahead[-1]}, which this version of wangge does not know: install the newer version"
        raise StoreError(msg)
    changed = [m.name for m in steps if m.number in have and have[m.number] != m.digest]
    if changed:
        msg = f"the store was made by other files than these: {', '.join(changed)}"
        raise StoreError(msg)
    return tuple(m for m in steps if m.number not in have)


def migrate(conn: connection, steps: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Bring the database up to date and return the names of what was applied.

    `conn` belongs to the owner of the schema and is outside a transaction. Whoever comes second waits and finds nothing to do.
    """
    steps = migrations() if steps is None else steps
    run(conn, "SET lock_timeout = 0")
    run(conn, "SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        ensure_app_role(conn)
        run(
            conn,
            """CREATE SCHEMA IF NOT EXISTS wangge;
               CREATE TABLE IF NOT EXISTS wangge.migration (number integer PRIMARY KEY, name text NOT NULL,
                digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())""",
        )
        todo = pending(conn, steps)
        for step in todo:
            _apply(conn, step)
        make_leakproof(conn)
        return tuple(step.name for step in todo)
    finally:
        run(conn, "SELECT pg_advisory_unlock(%s)", [_LOCK])


def _apply(conn: connection, step: Migration) -> None:
    try:
        run(conn, "BEGIN")
        with conn.cursor() as cursor:
            cursor.execute(step.statement)
            cursor.execute(
                "INSERT INTO wangge.migration (number, name, digest) VALUES (%s, %s, %s)", [step.number, step.name, step.digest]
            )
        run(conn, "COMMIT")
    except psycopg2.Error as error:
        run(conn, "ROLLBACK")
        msg = f"migration {step.name} failed and was taken back: {str(error).strip()}"
        raise StoreError(msg) from error


def ensure_app_role(conn: connection) -> None:
    """Make the role that answers requests, or say who must; roles belong to the server and not to a database."""
    if maybe(conn, "SELECT FROM pg_roles WHERE rolname = %s", [APP_ROLE]) is not None:
        return
    try:
        run(conn, SQL("CREATE ROLE {} LOGIN").format(Identifier(APP_ROLE)))
    except psycopg2.errors.InsufficientPrivilege as error:
        msg = f"ask the server's administrator for:  CREATE ROLE {APP_ROLE} LOGIN PASSWORD '...'"
        raise StoreError(msg) from error


def make_leakproof(conn: connection) -> bool:
    """Say of the spatial operators that they leak nothing, where a superuser asks; return whether it is so now.

    Sound here because nobody but this program writes statements for the role that is bound by policies. To be repeated when
    PostGIS is updated, which takes the mark off.
    """
    if not is_leakproof(conn) and one(conn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")[0]:
        for function in LEAKPROOF:
            name, _, arguments = function.partition("(")
            alter = SQL("ALTER FUNCTION {}({}) LEAKPROOF").format(
                Identifier(name), SQL(", ").join(map(Identifier, arguments.rstrip(")").split(",")))
            )
            run(conn, alter)
    return is_leakproof(conn)


def is_leakproof(conn: connection) -> bool:
    """Say whether spatial indices work below policies."""
    (count,) = one(
        conn, "SELECT count(*) FROM pg_proc WHERE proleakproof AND oid = ANY (%s::regprocedure[])", [list(LEAKPROOF)]
    )
    return count == len(LEAKPROOF)
