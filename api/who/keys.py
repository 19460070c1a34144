"""API keys of machines: `wg_<prefix>.<secret>`, shown once.

The prefix finds the key and may be shown in lists; the secret has 256 random bits, of which only a MAC is kept. No slow
hash: nobody guesses 256 bits.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data.store.credentials import find_key
from gis.errors import Unidentified

if TYPE_CHECKING:
    from datetime import datetime

    from api.who.pepper import Pepper
    from data.store.credentials import Ask, KnownKey

KEY_MARK = "wg_"
"""How every key begins, so that people, log filters and secret scanners recognise one."""

_SHAPE = re.compile(r"wg_([0-9a-f]{16})\.([A-Za-z0-9_-]{43})")
_IN_ADDRESS = re.compile(r"wg_[0-9a-f]{16}(?:\.|%2e)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made: `text` goes to its owner and nowhere else, `prefix` and `secret_mac` into the store."""

    text: str = field(repr=False)
    prefix: str
    secret_mac: bytes


def new_key(pepper: Pepper) -> NewKey:
    """Make a key."""
    prefix = secrets.token_hex(8)
    text = f"{KEY_MARK}{prefix}.{secrets.token_urlsafe(32)}"
    return NewKey(text=text, prefix=prefix, secret_mac=pepper.mac("key", text))


def key_prefix(text: str) -> str:
    """Return the prefix of a key; `Unidentified` where it does not look like one."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        msg = "this is not an API key: one reads wg_<prefix>.<secret>"
        raise Unidentified(msg, code="key-unknown")
    return shape[1]


def shows_key(query: str) -> bool:
    """Say whether there is a key in the query of an address, where it would stay in every log on the way."""
    return _IN_ADDRESS.search(query) is not None


def check_key(ask: Ask, text: str, pepper: Pepper, now: datetime) -> KnownKey:
    """Return whose key it is; `Unidentified` says why it does not serve, the details only to who has the secret."""
    found = find_key(ask, key_prefix(text), now)
    # Without such a key something is compared all the same, so that the time does not tell which prefixes exist.
    fits = pepper.matches("key", text, found.secret_mac if found else bytes(32))
    if found is None or not fits:
        msg = "there is no such API key"
        raise Unidentified(msg, code="key-unknown")
    if found.revoked_at is not None:
        msg = "this API key has been revoked; ask an administrator for another"
        raise Unidentified(msg, code="key-revoked")
    if found.expires_at <= now:
        msg = f"this API key expired at {found.expires_at.isoformat()}; ask an administrator for another"
        raise Unidentified(msg, code="key-expired")
    return found
