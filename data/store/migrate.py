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

EXTENSIONS = ("postgis", "ltree", "btree_gist")
"""What the schema stands on; statements look for all of it in the schema `public`."""

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
        ensure_extensions(conn)
        _ensure_schema(conn)
        todo = pending(conn, steps)
        _ensure_keepers(conn)
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


def ensure_extensions(conn: connection) -> None:
    """Make the extensions that the schema stands on, or say who must: for PostGIS most servers want a superuser."""
    there: dict[str, str] = dict(many(conn, "SELECT extname::text, extnamespace::regnamespace::text FROM pg_extension"))
    missing: list[str] = []
    for name in EXTENSIONS:
        if (schema := there.get(name, "public")) != "public":
            msg = (
                f"the extension {name} lies in the schema {schema}, and wangge looks for it in public; ask the server's "
                f"administrator for:  DROP EXTENSION {name}; CREATE EXTENSION {name} SCHEMA public"
            )
            raise StoreError(msg)
        if name not in there:
            try:
                run(conn, SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA public").format(Identifier(name)))
            except psycopg2.errors.InsufficientPrivilege:
                missing.append(name)
    if missing:
        wanted = "; ".join(f"CREATE EXTENSION {name}" for name in missing)
        msg = f"ask the server's administrator for, in the database {conn.info.dbname}:  {wanted}"
        raise StoreError(msg)


def _ensure_schema(conn: connection) -> None:
    """Make the schema and the table of what was applied, or say who could."""
    try:
        run(
            conn,
            """CREATE SCHEMA IF NOT EXISTS wangge;
               CREATE TABLE IF NOT EXISTS wangge.migration (number integer PRIMARY KEY, name text NOT NULL,
                digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())""",
        )
    except psycopg2.errors.InsufficientPrivilege as error:
        msg = (
            f"the role {conn.info.user} does not own the store in the database {conn.info.dbname}: connect as the owner of "
            "that database"
        )
        raise StoreError(msg) from error


def _ensure_keepers(conn: connection) -> None:
    """Let the owner of each table see all of it, whatever it is called here.

    An owner who is no superuser is bound by policies, and these hold for roles by name: a backup from another server, and
    tables that were handed over, bring none for the owner that they have now. Without one it would see empty tables.
    """
    strangers: list[tuple[str, str]] = many(
        conn,
        """SELECT c.relname::text, pg_get_userbyid(c.relowner)::text FROM pg_class c
           LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'keeper'
           WHERE c.relnamespace = 'wangge'::regnamespace AND c.relforcerowsecurity
             AND p.polroles IS DISTINCT FROM ARRAY[c.relowner]
           ORDER BY 1""",
    )
    for table, owner in strangers:
        run(
            conn,
            SQL(
                """DROP POLICY IF EXISTS keeper ON wangge.{table};
                   CREATE POLICY keeper ON wangge.{table} TO {owner} USING (true) WITH CHECK (true)"""
            ).format(table=Identifier(table), owner=Identifier(owner)),
        )


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
