"""Passwords of people: argon2id, a few at a time, and the same time for everybody.

One check takes 64 MiB and a tenth of a second, so a crowd at the sign-in would be the end of the machine: whoever finds no
turn within a short wait is asked to come again.
"""

from __future__ import annotations

import unicodedata
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gis.errors import ParameterError, Refused

if TYPE_CHECKING:
    from collections.abc import Generator

SHORTEST, LONGEST = 10, 256
"""How many characters a new password has. Length helps and composition rules do not; more than the longest is no password."""


def check_new_password(password: str, login: str) -> None:
    """Raise `ParameterError` where `password` cannot become the password of `login`."""
    plain = _plain(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        msg = f"a password has {SHORTEST} to {LONGEST} characters; this one has {len(plain)}"
        raise ParameterError("password", msg, code="password-length")
    if len(set(plain)) == 1:
        msg = "a password is not one character again and again"
        raise ParameterError("password", msg, code="password-simple")
    if plain.casefold() == login.casefold():
        msg = "a password is not the login"
        raise ParameterError("password", msg, code="password-is-login")


class Passwords:
    """Hashes and checks passwords, `at_once` at a time; others wait up to `patience_s` seconds for their turn.

    Made once for an application, never at import: it computes one hash to compare unknown people with.
    """

    def __init__(self, *, at_once: int = 2, patience_s: float = 2.0, hasher: PasswordHasher | None = None) -> None:
        self._hasher = PasswordHasher() if hasher is None else hasher
        self._turns = BoundedSemaphore(at_once)
        self._patience_s = patience_s
        self._nobody = self._hasher.hash("nobody has this password")

    @contextmanager
    def turn(self) -> Generator[None]:
        """Wait for a turn; `Refused` (`rate-limited`) where too many are before."""
        if not self._turns.acquire(timeout=self._patience_s):
            msg = "too many people are signing in at this moment; try again in a few seconds"
            raise Refused(msg, code="rate-limited", retryAfter=2)
        try:
            yield
        finally:
            self._turns.release()

    def hash(self, password: str) -> str:
        """Return what is kept of a password. Call it in a `turn`."""
        return self._hasher.hash(_bytes(password))

    def fits(self, password: str, password_hash: str | None) -> bool:
        """Say whether the password fits; without a hash (nobody is called that) after the same time. Call it in a `turn`."""
        if len(password) > LONGEST:
            return False  # of the same length for everybody, so this answers at once for everybody
        try:
            self._hasher.verify(self._nobody if password_hash is None else password_hash, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Say whether a hash was made with other costs than today's."""
        return self._hasher.check_needs_rehash(password_hash)


def _plain(password: str) -> str:
    """Return the password as every keyboard and input method writes it: full-width letters are letters."""
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    """Return what is hashed; JSON can hold halves of characters, which are no reason to fall over."""
    return _plain(password).encode("utf-8", "surrogatepass")
