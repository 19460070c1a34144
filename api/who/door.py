"""The door: what a request shows of who asks, and who that is.

In two steps. `examine` looks at what is shown, and may ask the identity provider; `identify` asks the store. So no
connection to the store waits for a provider. What is shown and wrong is never taken for nothing: a bad key is refused, not
anonymous. A header goes before a cookie, which the browser sends without being asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api.who.caller import ANONYMOUS, Caller, How, grants_of
from api.who.keys import KEY_MARK, check_key, key_prefix, shows_key
from api.who.sessions import CSRF_HEADER, check_session, session_cookie
from api.who.tokens import subject_of
from data.store.credentials import find_subject
from gis.errors import Unidentified

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from api.who.passwords import Passwords
    from api.who.pepper import Pepper
    from api.who.provider import Provider
    from data.store.credentials import Ask

API_KEY_HEADER = "x-api-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What the application knows callers by; made once with it. `provider` None: no bearer tokens but our own keys.

    `secure`: browsers come by https.
    """

    pepper: Pepper
    passwords: Passwords
    provider: Provider | None = None
    secure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a request shows: one credential at most, as `how` says; its text, or for a token the subject it proves."""

    how: How = How.ANONYMOUS
    credential: str = field(default="", repr=False)
    csrf: str = field(default="", repr=False)
    method: str = "GET"


def examine(
    door: Door, *, method: str, headers: Mapping[str, str], cookies: Mapping[str, str], query: str, now: datetime
) -> Shown:
    """Say what a request shows; `headers` by lower-case names, `query` as it stands in the address.

    Raises `Unidentified` for everything that cannot be right, whoever asks.
    """
    if shows_key(query):
        msg = f"a key in an address is known to every log on the way: revoke it, and send keys in the header {API_KEY_HEADER}"
        raise Unidentified(msg, code="key-in-address")
    key = headers.get(API_KEY_HEADER)
    authorization = headers.get("authorization")
    if key is not None and authorization is not None:
        msg = f"show one credential: either {API_KEY_HEADER} or authorization"
        raise Unidentified(msg, code="two-credentials")
    if authorization is not None:
        scheme, _, bearer = authorization.strip().partition(" ")
        if scheme.lower() != "bearer":
            msg = "the header authorization must read: Bearer <key or token>"
            raise Unidentified(msg, code="unknown-scheme")
        bearer = bearer.strip()
        if not bearer.startswith(KEY_MARK):
            if door.provider is None:
                msg = "no identity provider is set up, so only API keys are taken as bearer tokens"
                raise Unidentified(msg, code="no-provider")
            return Shown(how=How.TOKEN, credential=subject_of(bearer, door.provider, now), method=method)
        key = bearer
    if key is not None:
        key_prefix(key)
        return Shown(how=How.KEY, credential=key, method=method)
    if token := cookies.get(session_cookie(secure=door.secure)):
        return Shown(how=How.SESSION, credential=token, csrf=headers.get(CSRF_HEADER, ""), method=method)
    return Shown(method=method)


def identify(ask: Ask, shown: Shown, door: Door, now: datetime) -> Caller:
    """Return who asks, with everything they may do at `now`; asks one question, and changes nothing.

    `Unidentified` where what is shown does not hold; `Refused` (`csrf`) where a page from elsewhere may be behind it.
    """
    if shown.how is How.KEY:
        known = check_key(ask, shown.credential, door.pepper, now)
    elif shown.how is How.SESSION:
        known = check_session(ask, shown.credential, csrf=shown.csrf, method=shown.method, pepper=door.pepper, now=now)
    elif shown.how is How.TOKEN:
        known = find_subject(ask, shown.credential, now)
        if known is None:
            msg = "the token is good, but nobody here is known by it; ask an administrator to add you"
            raise Unidentified(msg, code="subject-unknown", subject=shown.credential)
    else:
        return ANONYMOUS
    grants = grants_of(known.roles)
    key = key_prefix(shown.credential) if shown.how is How.KEY else ""
    return Caller(person_id=known.person, name=known.name, grants=grants, how=shown.how, key=key)
