"""The identity provider's public keys (OpenID Connect discovery, JWKS): fetched when needed, kept, and fetched again.

A key that is not known yet makes us ask again, so that providers may change keys whenever they like; but not more often
than once a minute, so that nobody makes us knock on the provider's door with invented key names.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from gis.errors import StoreError, Unidentified

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from joserfc.jwk import Key

KEEP_KEYS = timedelta(hours=1)
"""After this keys are fetched again, known or not: a provider that takes a key away is heard."""
KEEP_KEYS_AT_MOST = timedelta(hours=24)
"""While the provider does not answer, keys serve so long."""
ASK_AT_MOST_EVERY = timedelta(minutes=1)
ANSWER_BYTES = 1 << 20
"""More than this is no key list."""

_KEY_TYPES = frozenset({"RSA", "EC", "OKP"})
"""Public keys. A shared secret (`oct`) in a public list is no secret."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class _KeyRing:
    """The keys by their ids (a list with one key may leave its id away: then it is ''), and when they were fetched."""

    keys: Mapping[str, Key]
    fetched_at: datetime


class Provider:
    """One identity provider: who it is, for whom its tokens must be made, and its keys.

    `client` fetches; it is handed in with its time limits and trusted certificates, and closed by whoever made it.
    """

    def __init__(self, issuer: str, audience: str, client: httpx.Client) -> None:
        _check_address(issuer)
        self.issuer = issuer
        self.audience = audience
        self._client = client
        self._ring: _KeyRing | None = None
        self._asked_at: datetime | None = None
        self._lock = Lock()

    def key(self, kid: str, now: datetime) -> Key:
        """Return the key called `kid` ('': the only one there is).

        Raises `Unidentified`: `token-key-unknown` where the provider has no such key, `provider-unreachable` where nobody
        can say, which is no fault of the caller.
        """
        ring = self._ring
        if ring is None or now - ring.fetched_at >= KEEP_KEYS or _pick(ring, kid) is None:
            ring = self._refreshed(kid, now)
        if ring is None or now - ring.fetched_at >= KEEP_KEYS_AT_MOST:
            msg = "the identity provider does not answer, so tokens cannot be checked; try again in a minute"
            raise Unidentified(msg, code="provider-unreachable")
        found = _pick(ring, kid)
        if found is None:
            msg = "the token is signed with a key that the identity provider does not have"
            raise Unidentified(msg, code="token-key-unknown")
        return found

    def _refreshed(self, kid: str, now: datetime) -> _KeyRing | None:
        """Fetch the keys, unless that was done just now; return what there is then.

        One thread asks; those wait that can do nothing without the answer.
        """
        have = self._ring
        if not self._lock.acquire(blocking=have is None or _pick(have, kid) is None):
            return have
        try:
            if self._asked_at is None or now - self._asked_at >= ASK_AT_MOST_EVERY:
                self._asked_at = now
                with suppress(httpx.HTTPError, httpx.InvalidURL, ValueError, StoreError):
                    self._ring = _KeyRing(self._fetch(), now)
            return self._ring
        finally:
            self._lock.release()

    def _fetch(self) -> dict[str, Key]:
        about = self._get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if about.get("issuer") != self.issuer:
            msg = f"the provider at {self.issuer} calls itself {about.get('issuer')!r}"
            raise StoreError(msg)
        address = about.get("jwks_uri")
        if not isinstance(address, str):
            msg = f"the provider at {self.issuer} does not say where its keys are"
            raise StoreError(msg)
        _check_address(address)
        listed = self._get(address).get("keys")
        if not isinstance(listed, list):
            msg = f"there is no list of keys at {address}"
            raise StoreError(msg)
        keys: dict[str, Key] = {}
        for entry in listed:
            if isinstance(entry, dict) and entry.get("kty") in _KEY_TYPES and entry.get("use", "sig") == "sig":
                try:
                    keys[str(entry.get("kid") or "")] = JWKRegistry.import_key(entry)
                except (JoseError, ValueError, LookupError, TypeError, AttributeError):
                    continue  # of a curve or a form that the library does not know; the other keys are good
        return keys

    def _get(self, address: str) -> dict[str, Any]:
        """Return the JSON object at an address."""
        with self._client.stream("GET", address, headers={"accept": "application/json"}) as answer:
            answer.raise_for_status()
            body = bytearray()
            for part in answer.iter_bytes():
                body += part
                if len(body) > ANSWER_BYTES:
                    msg = f"the answer of {address} does not end"
                    raise StoreError(msg)
        found = httpx.Response(200, content=bytes(body)).json()
        if not isinstance(found, dict):
            msg = f"there is no JSON object at {address}"
            raise StoreError(msg)
        return found


def _pick(ring: _KeyRing, kid: str) -> Key | None:
    """Return the key called `kid`; without a name, the only one."""
    if kid:
        return ring.keys.get(kid)
    return next(iter(ring.keys.values())) if len(ring.keys) == 1 else None


def _check_address(address: str) -> None:
    """Refuse an address whose answer anybody on the way could change."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        msg = f"the identity provider must be reached by https: {address}"
        raise StoreError(msg)
