"""The pepper: a secret of the service, outside the database, that everything kept there to recognise a secret is made with.

Whoever has only the database can neither recognise a key nor try logins against it.
"""

from __future__ import annotations

import hmac
from typing import Literal

from gis.errors import StoreError

PEPPER_BYTES = 32
"""At least as much as the secrets that it guards."""

Purpose = Literal["key", "session", "csrf", "login", "request", "webhook"]


class Pepper:
    """Makes message authentication codes, HMAC-SHA256, apart for each purpose."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < PEPPER_BYTES:
            msg = f"the service's secret has {len(secret)} bytes; it needs {PEPPER_BYTES} random ones"
            raise StoreError(msg)
        self._secret = secret

    def __repr__(self) -> str:
        """Show nothing: values are printed in logs."""
        return "Pepper(…)"

    def mac(self, purpose: Purpose, text: str) -> bytes:
        """Return 32 bytes by which `text` can be recognised, and nothing else can be done."""
        return hmac.digest(self._secret, f"{purpose}\0{text}".encode("utf-8", "surrogatepass"), "sha256")

    def matches(self, purpose: Purpose, text: str, mac: bytes) -> bool:
        """Say whether `mac` was made of `text`, in a time that tells nothing about either."""
        return hmac.compare_digest(self.mac(purpose, text), mac)
