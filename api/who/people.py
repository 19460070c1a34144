"""Managing people: what has a rule of its own before it reaches the store."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from api.who.caller import Right, Role
from api.who.keys import new_key
from api.who.passwords import check_new_password
from api.who.sign_in import check_login, login_of
from data.store import people
from data.store.credentials import end_sessions
from gis.errors import Conflict, ParameterError

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg2.extensions import connection

    from api.who.caller import Caller
    from api.who.keys import NewKey
    from api.who.passwords import Passwords
    from api.who.pepper import Pepper

LONGEST_KEY = timedelta(days=366)
"""How long a key may serve: whoever needs it longer gets another."""
LONGEST_NAME, LONGEST_SUBJECT = 100, 512
"""Characters."""


def first_administrator(
    conn: connection, *, login: str, name: str, password: str, passwords: Passwords, now: datetime, another: bool = False
) -> str:
    """Make an administrator at the console, and return their id; `conn` is the owner's.

    Raises `Conflict` where there is one already, unless `another` is wanted: whoever has the machine has the store, and an
    office whose only administrator has left must be able to go on.
    """
    called = login_of(login)
    check_login(called)
    check_new_password(password, called)
    _check_text("name", name)
    people.hold_roles(conn)
    if not another and people.has_administrator(conn, now):
        msg = "there is an administrator already; say so if you want another"
        raise Conflict(msg, code="has-administrator")
    with passwords.turn():
        password_hash = passwords.hash(password)
    person = people.add_person(conn, login=called, name=name, now=now, by=None, password_hash=password_hash)
    people.give_role(conn, person, role=Role.ADMINISTRATOR, area=None, starts_at=now, by=None)
    return person


def add_person(
    conn: connection,
    caller: Caller,
    *,
    login: str,
    name: str,
    now: datetime,
    password_hash: str | None = None,
    subject: str | None = None,
) -> str:
    """Add somebody without any role and return their id."""
    caller.require(Right.MANAGE_PEOPLE)
    called = login_of(login)
    check_login(called)
    _check_text("name", name)
    if subject is not None:
        _check_text("subject", subject, longest=LONGEST_SUBJECT)
    return people.add_person(
        conn, login=called, name=name, now=now, by=caller.person_id, password_hash=password_hash, subject=subject
    )


def give_password(conn: connection, caller: Caller, person: str, password_hash: str | None) -> None:
    """Give somebody else a password, or none, and end their sessions. The hash is made before a connection is taken."""
    caller.require(Right.MANAGE_PEOPLE)
    people.set_password(conn, person, password_hash)
    end_sessions(conn, person)


def shut_out(conn: connection, caller: Caller, person: str) -> None:
    """Let somebody else in no more, from this moment on, and end their sessions."""
    caller.require(Right.MANAGE_PEOPLE)
    people.set_active(conn, person, active=False)
    end_sessions(conn, person)


def give_role(
    conn: connection,
    caller: Caller,
    person: str,
    *,
    role: Role,
    area: str | None,
    now: datetime,
    ends_at: datetime | None = None,
    categories: tuple[str, ...] = ("*",),
) -> int:
    """Give somebody else a role from now on, in the area with that code, and return the grant's number."""
    caller.require(Right.MANAGE_PEOPLE)
    if (area is None) != (role is Role.ADMINISTRATOR) and role is not Role.AUDITOR:
        msg = "an administrator has no area" if area is not None else f"the role {role} needs an area"
        raise ParameterError("area", msg)
    if ends_at is not None and ends_at <= now:
        msg = "a role ends after it begins"
        raise ParameterError("ends_at", msg)
    if not categories or any("," in category or not category for category in categories):
        msg = "say at least one category, or * for all; their names have no commas"
        raise ParameterError("categories", msg)
    return people.give_role(
        conn, person, role=role, area=area, starts_at=now, ends_at=ends_at, categories=categories, by=caller.person_id
    )


def make_key(
    conn: connection, caller: Caller, person: str, *, name: str, expires_at: datetime, pepper: Pepper, now: datetime
) -> NewKey:
    """Make a key that may do what `person` may; its text is shown this once."""
    caller.require(Right.MANAGE_PEOPLE)
    if not now < expires_at <= now + LONGEST_KEY:
        msg = f"a key serves for at most {LONGEST_KEY.days} days"
        raise ParameterError("expires_at", msg)
    _check_text("name", name)
    key = new_key(pepper)
    people.add_key(
        conn,
        person,
        prefix=key.prefix,
        secret_mac=key.secret_mac,
        name=name,
        now=now,
        expires_at=expires_at,
        by=caller.person_id,
    )
    return key


def _check_text(parameter: str, text: str, *, longest: int = LONGEST_NAME) -> None:
    if not text.strip() or len(text) > longest or not text.isprintable():
        msg = f"a {parameter} has 1 to {longest} characters, on one line"
        raise ParameterError(parameter, msg)
