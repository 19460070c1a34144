"""What people and machines prove themselves with, as the store keeps it: hashes and MACs, never a secret.

Each function asks about one credential that the caller already holds; none lists anything. They need no scope, since
whoever knocks has none yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.store.sql import many, maybe, one, run

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg2.extensions import connection


Ask = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Asks the store one statement that says `$1`, `$2`, … where it binds values, and returns its rows: a pool in a transaction of
its own (`Pool.ask_again`), a connection in the one that it is in (`many_again`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRole:
    """A role that somebody has now, the path of the area they have it in (None: in none), and for which categories."""

    role: str
    area: str | None
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An active person, and what they are now."""

    person: str
    name: str
    roles: tuple[HeldRole, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLogin(Known):
    """An active person who has a password."""

    password_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey(Known):
    """An active person's API key; it serves until it expires or is revoked."""

    secret_mac: bytes
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSession(Known):
    """A session that has not ended."""

    csrf_mac: bytes


def find_login(conn: connection, login: str) -> KnownLogin | None:
    """Return the active person who signs in as `login` with a password."""
    row = maybe(conn, "SELECT person_id::text, name, password_hash FROM wangge.find_login(%s)", [login])
    return None if row is None else KnownLogin(person=row[0], name=row[1], password_hash=row[2])


# One question for who it is and for what they are: every request asks it.
_SUBJECT = """SELECT k.person_id::text, k.name, g.role, g.area, g.categories
    FROM wangge.find_subject($1) AS k LEFT JOIN LATERAL wangge.find_grants(k.person_id, $2) AS g ON true"""
_KEY = """SELECT k.person_id::text, k.name, g.role, g.area, g.categories, k.secret_mac, k.expires_at, k.revoked_at
    FROM wangge.find_key($1) AS k LEFT JOIN LATERAL wangge.find_grants(k.person_id, $2) AS g ON true"""
_SESSION = """SELECT k.person_id::text, k.name, g.role, g.area, g.categories, k.csrf_mac
    FROM wangge.find_session($1, $2) AS k LEFT JOIN LATERAL wangge.find_grants(k.person_id, $2) AS g ON true"""


def find_subject(ask: Ask, subject: str, now: datetime) -> Known | None:
    """Return the active person whom an identity provider calls `subject` (`issuer|subject`)."""
    rows = ask(_SUBJECT, [subject, now])
    return Known(person=rows[0][0], name=rows[0][1], roles=_roles(rows)) if rows else None


def find_key(ask: Ask, prefix: str, now: datetime) -> KnownKey | None:
    """Return the key with that prefix, also an expired or revoked one."""
    rows = ask(_KEY, [prefix, now])
    if not rows:
        return None
    person, name, *_, secret_mac, expires_at, revoked_at = rows[0]
    return KnownKey(
        person=person,
        name=name,
        roles=_roles(rows),
        secret_mac=bytes(secret_mac),
        expires_at=expires_at,
        revoked_at=revoked_at,
    )


def find_session(ask: Ask, token_mac: bytes, now: datetime) -> KnownSession | None:
    """Return the session that is open at `now`."""
    rows = ask(_SESSION, [token_mac, now])
    if not rows:
        return None
    return KnownSession(person=rows[0][0], name=rows[0][1], roles=_roles(rows), csrf_mac=bytes(rows[0][5]))


def _roles(rows: list[tuple[Any, ...]]) -> tuple[HeldRole, ...]:
    """Return the roles in rows of a person's; somebody without any has one row that names none."""
    return tuple(HeldRole(role=row[2], area=row[3], categories=tuple(row[4])) for row in rows if row[2] is not None)


def find_grants(conn: connection, person: str, now: datetime) -> tuple[HeldRole, ...]:
    """Return the roles that a person has at `now`; an auditor over everything has every root area."""
    rows = many(conn, "SELECT role, area, categories FROM wangge.find_grants(%s, %s)", [person, now])
    return tuple(HeldRole(role=role, area=area, categories=tuple(categories)) for role, area, categories in rows)


def note_key_use(conn: connection, prefix: str, now: datetime) -> None:
    """Remember that a key was used; written at most once an hour, so it costs nothing to call."""
    run(conn, "SELECT wangge.note_key_use(%s, %s)", [prefix, now])


def start_session(
    conn: connection, *, token_mac: bytes, person: str, csrf_mac: bytes, now: datetime, expires_at: datetime
) -> None:
    """Open a session, and throw away some that are over."""
    run(conn, "SELECT wangge.start_session(%s, %s, %s, %s, %s)", [token_mac, person, csrf_mac, now, expires_at])


def end_session(conn: connection, token_mac: bytes) -> None:
    """End a session, whether or not there is one."""
    run(conn, "SELECT wangge.end_session(%s)", [token_mac])


def end_sessions(conn: connection, person: str, *, keep: bytes | None = None) -> None:
    """End somebody's sessions but `keep`; one's own, or anybody's for those who manage people."""
    run(conn, "SELECT wangge.end_sessions(%s, %s)", [person, keep])


def replace_password(conn: connection, person: str, *, old_hash: str, new_hash: str) -> bool:
    """Put one password hash in the place of another; False where the old one is there no more."""
    (replaced,) = one(conn, "SELECT wangge.replace_password(%s, %s, %s)", [person, old_hash, new_hash])
    return bool(replaced)


def count_attempt(conn: connection, login_mac: bytes, now: datetime) -> datetime | None:
    """Count an attempt to sign in as failed until it has succeeded; return until when to wait, None where it may go on.

    The transaction must be committed before the password is checked, else guesses that fail are not counted.
    """
    (locked_until,) = one(conn, "SELECT wangge.count_attempt(%s, %s)", [login_mac, now])
    return locked_until


def forget_over(conn: connection, now: datetime) -> int:
    """Forget sessions that are over and failed attempts that no longer count, and return how many; `conn` is the owner's."""
    sessions = run(conn, "DELETE FROM wangge.session WHERE expires_at <= %s", [now])
    return sessions + run(conn, "DELETE FROM wangge.login_failure WHERE last_at < %s::timestamptz - interval '1 day'", [now])


def forget_failures(conn: connection, login_mac: bytes) -> None:
    """Take all failed attempts back: one has succeeded."""
    run(conn, "SELECT wangge.forget_failures(%s)", [login_mac])
