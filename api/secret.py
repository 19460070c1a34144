"""The service's one secret: 32 random bytes in a file of its own, from which every key is derived that is needed.

Without it nobody's API key is known any more, and webhooks are signed with other secrets than their receivers have.
"""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from gis.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

SECRET_BYTES = 32


class Secret:
    """The secret; it shows itself to nobody."""

    def __init__(self, material: bytes) -> None:
        self._material = material

    def __repr__(self) -> str:
        """Show nothing: values are printed in logs."""
        return "Secret(…)"

    def derive(self, purpose: Literal["pepper", "cursor"]) -> bytes:
        """Return 32 bytes for one purpose; they tell nothing about those for another."""
        return hmac.digest(self._material, purpose.encode(), "sha256")


def read_secret(path: Path) -> Secret:
    """Return the secret in a file, made there if there is none; `StoreError` where others may read it, or it is too short.

    Whoever loses the file loses all keys and sessions with it, and nothing else.
    """
    try:
        if not path.exists():
            _make(path)
        material = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        raise StoreError(f"the service's secret cannot be used: {error}") from error
    if mode & 0o077:
        raise StoreError(f"others can read the service's secret: take it away from them with  chmod 600 {path}")
    if len(material) < SECRET_BYTES:
        raise StoreError(f"{path} holds {len(material)} bytes; the service's secret is {SECRET_BYTES} random ones")
    return Secret(material)


def _make(path: Path) -> None:
    """Make the file, whole or not at all; of several who come at once one wins and the others read what it made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(new, path)
    finally:
        new.unlink()
