"""Signing in with a password, and changing it.

An attempt counts as failed from before the password is looked at until it has succeeded, in a transaction of its own:
guesses made at once count like guesses in a row, and a refusal takes no count back. No connection is held while a password
is being checked.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Protocol

from api.who.passwords import check_new_password
from api.who.sessions import open_session
from data.store.credentials import (
    count_attempt,
    end_sessions,
    find_login,
    forget_failures,
    replace_password,
)
from gis.errors import ParameterError, Refused, Unidentified

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime

    from psycopg2.extensions import connection

    from api.who.door import Door
    from api.who.sessions import NewSession

LONGEST_LOGIN = 64


class Begin(Protocol):
    """Begins a transaction that may write, committed at its end: `pool.write(scope)`, in a lambda."""

    def __call__(self) -> AbstractContextManager[connection]:
        """Begin one."""
        ...


def login_of(typed: str) -> str:
    """Return a login as it is kept: however it is typed, full-width or in capitals, it is the same one."""
    return unicodedata.normalize("NFKC", typed).strip().casefold()


def is_login(login: str) -> bool:
    """Say whether anybody can be called that."""
    return 1 <= len(login) <= LONGEST_LOGIN and login.isprintable() and not any(map(str.isspace, login))


def check_login(login: str) -> None:
    """Raise `ParameterError` where nobody can be called that."""
    if not is_login(login):
        msg = f"a login has 1 to {LONGEST_LOGIN} characters and no blanks"
        raise ParameterError("login", msg)


def sign_in(begin: Begin, *, login: str, password: str, door: Door, now: datetime, replaces: str = "") -> NewSession:
    """Open a session for whoever is called `login` and has that password; the session `replaces` (its token) ends.

    `begin` speaks for nobody. Raises `Unidentified` (`wrong-password`, the same for an unknown login) and `Refused`
    (`rate-limited`, with `retryAfter` in seconds) after too many failures, or while too many people sign in.
    """
    called = login_of(login)
    name = door.pepper.mac("login", called)
    with door.passwords.turn():
        with begin() as conn:
            locked_until = count_attempt(conn, name, now)
            known = find_login(conn, called) if is_login(called) else None
        if locked_until is not None:
            wait_s = max(1, round((locked_until - now).total_seconds()))
            msg = f"too many attempts to sign in as this person have failed; try again in {wait_s} seconds"
            raise Refused(msg, code="rate-limited", retryAfter=wait_s)
        fits = door.passwords.fits(password, known.password_hash if known else None)
        if known is None or not fits:
            msg = "the login or the password is wrong"
            raise Unidentified(msg, code="wrong-password")
        better = door.passwords.hash(password) if door.passwords.is_outdated(known.password_hash) else ""
    with begin() as conn:
        forget_failures(conn, name)
        if better:
            replace_password(conn, known.person, old_hash=known.password_hash, new_hash=better)
        return open_session(conn, known.person, door.pepper, now, replaces=replaces)


def change_password(begin: Begin, *, login: str, old: str, new: str, door: Door, now: datetime) -> NewSession:
    """Change one's own password, end all one's sessions, and open a new one.

    `begin` speaks for that person. Raises what `sign_in` raises for the old password, `ParameterError` for the new one.
    """
    called = login_of(login)
    check_new_password(new, called)
    sign_in_again = sign_in(begin, login=login, password=old, door=door, now=now)
    with door.passwords.turn():
        new_hash = door.passwords.hash(new)
    with begin() as conn:
        known = find_login(conn, called)
        if known is None or not replace_password(conn, known.person, old_hash=known.password_hash, new_hash=new_hash):
            msg = "the password has been changed by somebody else just now"
            raise Unidentified(msg, code="wrong-password")
        end_sessions(conn, known.person, keep=door.pepper.mac("session", sign_in_again.token))
    return sign_in_again
