"""People, their roles and their keys, as those see them who manage people; secrets go in and never come out.

All of it needs the right `manage_people`, except to see oneself and to revoke one's own key. Nobody can change their own
roles: policies in the store refuse it, whoever asks.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.errors import CheckViolation, ExclusionViolation, ForeignKeyViolation, InsufficientPrivilege, UniqueViolation

from data.store.sql import many, maybe, one, run
from gis.errors import Conflict, NotFound, ParameterError, Refused

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from datetime import datetime

    from psycopg2.extensions import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, or a machine, who can be identified."""

    id: str
    login: str
    name: str
    has_password: bool
    subject: str | None
    active: bool
    created_at: datetime
    created_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGrant:
    """A role that somebody has, had or will have; `ends_at` None: until it is taken back."""

    id: int
    person: str
    role: str
    area: str | None
    """The area's code."""
    categories: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime | None
    granted_by: str | None
    ended_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A machine's key, without its secret."""

    prefix: str
    person: str
    name: str
    created_at: datetime
    created_by: str | None
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


def list_people(conn: connection, *, after: str = "", limit: int = 100) -> tuple[Person, ...]:
    """Return people by their logins, those after `after`."""
    rows = many(
        conn,
        """SELECT id::text, login, name, has_password, subject, active, created_at, created_by::text
        FROM wangge.person WHERE login > %s ORDER BY login LIMIT %s""",
        [after, limit],
    )
    return tuple(map(_person, rows))


def get_person(conn: connection, person: str) -> Person:
    """Return one person; `NotFound` where there is none that the caller may see."""
    row = one(
        conn,
        """SELECT id::text, login, name, has_password, subject, active, created_at, created_by::text
        FROM wangge.person WHERE id = %s""",
        [person],
        what="person",
    )
    return _person(row)


def add_person(
    conn: connection,
    *,
    login: str,
    name: str,
    now: datetime,
    by: str | None,
    password_hash: str | None = None,
    subject: str | None = None,
) -> str:
    """Add somebody without any role and return their id; `by` is who does it, None at the console."""
    with _explained():
        (person,) = one(
            conn,
            """INSERT INTO wangge.person (login, name, password_hash, subject, created_at, created_by)
            VALUES (%s, %s, %s, %s, %s, %s) RETURNING id::text""",
            [login, name, password_hash, subject, now, by],
        )
    return str(person)


def set_active(conn: connection, person: str, *, active: bool) -> None:
    """Let somebody in, or shut them out: their password, keys, tokens and sessions serve no more."""
    with _explained():
        _touched(run(conn, "UPDATE wangge.person SET active = %s WHERE id = %s", [active, person]))


def set_password(conn: connection, person: str, password_hash: str | None) -> None:
    """Give somebody else a password, or none."""
    with _explained():
        _touched(run(conn, "UPDATE wangge.person SET password_hash = %s WHERE id = %s", [password_hash, person]))


def set_subject(conn: connection, person: str, subject: str | None) -> None:
    """Say what the identity provider calls somebody else (`issuer|subject`)."""
    with _explained():
        _touched(run(conn, "UPDATE wangge.person SET subject = %s WHERE id = %s", [subject, person]))


def list_grants(conn: connection, person: str) -> tuple[RoleGrant, ...]:
    """Return all the roles that somebody has, had or will have, the oldest first."""
    rows = many(
        conn,
        """SELECT g.id, g.person_id::text, g.role, a.code, g.categories, lower(g.valid), upper(g.valid),
            g.granted_by::text, g.ended_by::text
        FROM wangge.role_grant g LEFT JOIN wangge.area a ON a.id = g.area_id
        WHERE g.person_id = %s AND NOT isempty(g.valid) ORDER BY lower(g.valid), g.id""",
        [person],
    )
    return tuple(
        RoleGrant(
            id=row[0],
            person=row[1],
            role=row[2],
            area=row[3],
            categories=tuple(row[4]),
            starts_at=row[5],
            ends_at=row[6],
            granted_by=row[7],
            ended_by=row[8],
        )
        for row in rows
    )


def give_role(
    conn: connection,
    person: str,
    *,
    role: str,
    area: str | None,
    starts_at: datetime,
    by: str | None,
    ends_at: datetime | None = None,
    categories: Sequence[str] = ("*",),
) -> int:
    """Give somebody else a role in the area with that code (None: everywhere), and return the grant's number."""
    area_id: int | None = None
    if area is not None:
        row = maybe(conn, "SELECT id FROM wangge.area WHERE code = %s", [area])
        if row is None:
            msg = f"there is no area {area!r}"
            raise ParameterError("area", msg)
        area_id = row[0]
    with _explained():
        (number,) = one(
            conn,
            """INSERT INTO wangge.role_grant (person_id, role, area_id, categories, valid, granted_by)
            VALUES (%s, %s, %s, %s, tstzrange(%s, %s), %s) RETURNING id""",
            [person, role, area_id, list(categories), starts_at, ends_at, by],
        )
    return int(number)


def end_role(conn: connection, grant: int, *, now: datetime, by: str | None) -> None:
    """Take a role back at once. One that has ended stays as it ended; nobody takes back their own."""
    with _explained():
        _touched(
            run(
                conn,
                """UPDATE wangge.role_grant
                SET valid = tstzrange(lower(valid), greatest(lower(valid), %(now)s)), ended_by = %(by)s
                WHERE id = %(grant)s AND (upper_inf(valid) OR upper(valid) > %(now)s)""",
                {"grant": grant, "now": now, "by": by},
            )
        )


def has_administrator(conn: connection, now: datetime) -> bool:
    """Say whether any active person manages people at `now`. Asks as the owner of the store."""
    (found,) = one(
        conn,
        """SELECT EXISTS (SELECT FROM wangge.role_grant g JOIN wangge.person p ON p.id = g.person_id
        WHERE g.role = 'administrator' AND g.valid @> %s AND p.active)""",
        [now],
    )
    return bool(found)


def hold_roles(conn: connection) -> None:
    """Let nobody else give or take roles until the transaction ends. Asks as the owner of the store."""
    run(conn, "LOCK TABLE wangge.role_grant IN SHARE ROW EXCLUSIVE MODE")


def list_keys(conn: connection, person: str) -> tuple[ApiKey, ...]:
    """Return somebody's keys, the oldest first."""
    rows = many(
        conn,
        """SELECT prefix, person_id::text, name, created_at, created_by::text, expires_at, revoked_at, last_used_at
        FROM wangge.api_key WHERE person_id = %s ORDER BY created_at, prefix""",
        [person],
    )
    return tuple(
        ApiKey(
            prefix=row[0],
            person=row[1],
            name=row[2],
            created_at=row[3],
            created_by=row[4],
            expires_at=row[5],
            revoked_at=row[6],
            last_used_at=row[7],
        )
        for row in rows
    )


def add_key(
    conn: connection,
    person: str,
    *,
    prefix: str,
    secret_mac: bytes,
    name: str,
    now: datetime,
    expires_at: datetime,
    by: str | None,
) -> None:
    """Keep a key of somebody's; it may do what they may."""
    with _explained():
        run(
            conn,
            """INSERT INTO wangge.api_key (prefix, secret_mac, person_id, name, created_at, created_by, expires_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s)""",
            [prefix, secret_mac, person, name, now, by, expires_at],
        )


def revoke_key(conn: connection, prefix: str, *, now: datetime) -> None:
    """Make a key serve no more; `NotFound` where there is none that serves."""
    with _explained():
        _touched(
            run(conn, "UPDATE wangge.api_key SET revoked_at = %s WHERE prefix = %s AND revoked_at IS NULL", [now, prefix]),
            what="key",
        )


def _person(row: tuple[Any, ...]) -> Person:
    return Person(
        id=row[0],
        login=row[1],
        name=row[2],
        has_password=row[3],
        subject=row[4],
        active=row[5],
        created_at=row[6],
        created_by=row[7],
    )


def _touched(count: int, *, what: str = "person or role") -> None:
    if count == 0:
        msg = f"there is no such {what}, or it is not yours to change"
        raise NotFound(msg)


@contextmanager
def _explained() -> Generator[None]:
    """Say in our words what the store refuses."""
    try:
        yield
    except InsufficientPrivilege as error:
        msg = "the store refuses this: it needs the right to manage people, and nobody changes their own roles"
        raise Refused(msg) from error
    except UniqueViolation as error:
        msg = "the login, the subject or the key is taken"
        raise Conflict(msg, code="already-taken") from error
    except ExclusionViolation as error:
        if error.diag.constraint_name == "duties_apart":
            msg = "one person cannot manage people, audit and work at the same time: give the role to somebody else"
            raise Conflict(msg, code="duties-apart") from error
        msg = "this person has that role there already"
        raise Conflict(msg, code="already-granted") from error
    except ForeignKeyViolation as error:
        msg = "there is no such person"
        raise NotFound(msg) from error
    except CheckViolation as error:
        msg = f"the store cannot keep this: {error.diag.message_primary}"
        raise Conflict(msg, code="not-kept") from error
