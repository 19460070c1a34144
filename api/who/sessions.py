"""Sessions in a browser: a random token in a cookie, and a second one that a page must send along to change anything.

Only MACs of both are kept. The first cookie is out of reach for scripts; the second is for our pages to read and to put
into the header `X-CSRF-Token`, which a page from elsewhere cannot do.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from data.store.credentials import end_session, find_session, start_session
from gis.errors import Refused, Unidentified

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg2.extensions import connection

    from api.who.pepper import Pepper
    from data.store.credentials import Ask, KnownSession

SESSION_LIFETIME = timedelta(hours=12)
"""One long shift."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""These change nothing, so they may come from anywhere."""

CSRF_HEADER = "x-csrf-token"
CSRF_COOKIE = "wangge_csrf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie to be set, by the names of Starlette's `set_cookie`; `max_age` in seconds, 0: to be forgotten."""

    key: str
    value: str = field(repr=False)
    max_age: int
    httponly: bool
    secure: bool
    samesite: Literal["lax"] = "lax"
    path: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session that was just opened: its two secrets, which go to the browser and nowhere else."""

    person: str
    token: str = field(repr=False)
    csrf: str = field(repr=False)
    lifetime: timedelta = SESSION_LIFETIME

    def cookies(self, *, secure: bool) -> tuple[Cookie, Cookie]:
        """Return the cookies to set; `secure` where the browser came by https."""
        return _cookies(self.token, self.csrf, int(self.lifetime.total_seconds()), secure=secure)


def session_cookie(*, secure: bool) -> str:
    """Return the name of the cookie. With https a browser lets no other host or path set one that begins so."""
    return "__Host-wangge_session" if secure else "wangge_session"


def forgotten_cookies(*, secure: bool) -> tuple[Cookie, Cookie]:
    """Return the cookies that take both away: at sign-out, and where a session has ended."""
    return _cookies("", "", 0, secure=secure)


def open_session(conn: connection, person: str, pepper: Pepper, now: datetime, *, replaces: str = "") -> NewSession:
    """Open a session with new secrets; the one whose token the browser showed ends: nobody can plant one."""
    if replaces:
        close_session(conn, replaces, pepper)
    session = NewSession(person=person, token=secrets.token_urlsafe(32), csrf=secrets.token_urlsafe(32))
    start_session(
        conn,
        token_mac=pepper.mac("session", session.token),
        person=person,
        csrf_mac=pepper.mac("csrf", session.csrf),
        now=now,
        expires_at=now + session.lifetime,
    )
    return session


def close_session(conn: connection, token: str, pepper: Pepper) -> None:
    """End a session; one that is over may be ended again."""
    end_session(conn, pepper.mac("session", token))


def check_session(ask: Ask, token: str, *, csrf: str, method: str, pepper: Pepper, now: datetime) -> KnownSession:
    """Return whose session it is.

    `Unidentified` (`session-ended`) where it is over; `Refused` (`csrf`) where a request that may change something does not
    carry the session's second secret.
    """
    found = find_session(ask, pepper.mac("session", token), now)
    if found is None:
        msg = "your session has ended; sign in again"
        raise Unidentified(msg, code="session-ended")
    if method.upper() not in SAFE_METHODS and not pepper.matches("csrf", csrf, found.csrf_mac):
        msg = f"this request does not come from a page of ours: it lacks the header {CSRF_HEADER}"
        raise Refused(msg, code="csrf")
    return found


def _cookies(token: str, csrf: str, max_age: int, *, secure: bool) -> tuple[Cookie, Cookie]:
    return (
        Cookie(key=session_cookie(secure=secure), value=token, max_age=max_age, httponly=True, secure=secure),
        Cookie(key=CSRF_COOKIE, value=csrf, max_age=max_age, httponly=False, secure=secure),
    )
