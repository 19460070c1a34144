"""Answers that were given once, so that the same request gets the same answer again.

All in the transaction of whatever the request changes: either both are kept or neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
from psycopg2.errors import LockNotAvailable

from data.store.prepared import run_again
from data.store.sql import one, run
from gis.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg2.extensions import connection

KEPT = timedelta(days=1)
"""How long an answer is kept: a client that has not asked again by then has given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """An answer as it went over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def claim(conn: connection, *, person: str, key: str, digest: bytes, now: datetime) -> GivenAnswer | None:
    """Take the key for a request with that digest and return None; where it has been answered already, return the answer.

    Waits for another transaction that holds the key, as long as the transaction waits for locks. Raises `Conflict`:
    `request-in-progress` after that, `idempotency-key-reused` where the key stands for another request.
    """
    try:
        taken = run_again(
            conn,
            "INSERT INTO wangge.answer (person, key, digest, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            [person, key, digest, now],
        )
    except LockNotAvailable as error:
        msg = "the same request is still being worked on; ask again in a moment, with the same key"
        raise Conflict(msg, code="request-in-progress") from error
    if taken:
        return None
    known, status, headers, body = one(
        conn,
        "SELECT digest, status, headers, body FROM wangge.answer WHERE person = %s AND key = %s",
        [person, key],
    )
    if bytes(known) != digest:
        raise Conflict("this key came with another request before", code="idempotency-key-reused")
    return GivenAnswer(status=status, headers=headers, body=bytes(body))


def keep(conn: connection, *, person: str, key: str, answer: GivenAnswer) -> None:
    """Keep the answer to the request that claimed the key."""
    run_again(
        conn,
        "UPDATE wangge.answer SET status = $1, headers = $2, body = $3 WHERE person = $4 AND key = $5",
        [answer.status, orjson.dumps(answer.headers).decode(), answer.body, person, key],
    )


def forget(conn: connection, before: datetime) -> int:
    """Forget answers that were given before a moment, and return how many; `conn` is the owner's."""
    return run(conn, "DELETE FROM wangge.answer WHERE at < %s", [before])
