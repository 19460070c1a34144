"""Signatures of messages to subscribers, as Standard Webhooks has them.

A subscription's secret is made of the service's own and its id: it is shown once, stands nowhere, and whoever has only the
database cannot sign.
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from api.who.pepper import Pepper

SECRET_MARK = "whsec_"  # noqa: S105 - how every secret begins, not one


def secret_of(pepper: Pepper, webhook: str) -> str:
    """Return the secret of a subscription, as its receiver is told it."""
    return SECRET_MARK + base64.b64encode(_key(pepper, webhook)).decode()


def signed(pepper: Pepper, webhook: str, message: str, body: bytes, now: datetime) -> Mapping[str, str]:
    """Return the headers by which a receiver knows a message: its name, the moment, and what signs both and the body."""
    stamp = str(int(now.timestamp()))
    mac = hmac.digest(_key(pepper, webhook), f"{message}.{stamp}.".encode() + body, "sha256")
    return {
        "webhook-id": message,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def _key(pepper: Pepper, webhook: str) -> bytes:
    return pepper.mac("webhook", webhook)
