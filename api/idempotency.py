"""A request that is sent twice is done once: the header Idempotency-Key on whatever changes something.

    @router.post("/v1/plans")
    def make(asked: Asking, store: Store, once: OnlyOnce, wanted: NewPlan) -> Response:
        with store.write(asked.acting(Right.EDIT_PLAN)) as conn:
            return once(conn, lambda: created(add_plan(conn, wanted)))

Only what succeeded is kept, with what it changed and in the same transaction: whatever was refused may be sent again. So
all that judges the state of things, If-Match above all, belongs into the work: sent again, a request is answered as before,
though it would be refused now.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Header
from starlette.requests import Request  # noqa: TC002 - FastAPI reads it when a route is made
from starlette.responses import Response

from api.asked import Asked, Asking, service
from data.store.answers import GivenAnswer, claim, keep
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from psycopg2.extensions import connection

    from api.who.pepper import Pepper

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = (
    "content-type",
    "content-language",
    "content-crs",
    "location",
    "link",
    "etag",
    "cache-control",
    "vary",
    "retry-after",
)
"""What belongs to an answer, and not to the moment in which it is given; cookies do not."""
TOLD_IN = ("if-match", "content-crs")
"""Headers that say what a request means: with another value it is another request."""
ABOUT_KEY = "Sent again with the same key, the same request changes nothing more and is answered as before."

KEY_PATTERN = "^[!#-~]{1,200}$"
"""A key as clients are told to write it."""
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One request that may come twice; `key` None: it does not say so. `digest` covers what is asked and of whom."""

    person: str
    key: str | None
    digest: bytes
    now: datetime

    def __call__(self, conn: connection, work: Callable[[], Response]) -> Response:
        """Return the answer that was given before, or what `work` answers; `conn` is the transaction that `work` writes in."""
        if self.key is None:
            return work()
        given = claim(conn, person=self.person, key=self.key, digest=self.digest, now=self.now)
        if given is not None:
            return Response(given.body, given.status, {**given.headers, REPLAYED: "true"})
        response = work()
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        keep(
            conn,
            person=self.person,
            key=self.key,
            answer=GivenAnswer(status=response.status_code, headers=headers, body=bytes(response.body)),
        )
        return response


def once_for(request: Request, asked: Asked, body: bytes) -> Once:
    """Return what makes a request be done once. Callers whom nobody knows have no keys: theirs would be everybody's."""
    key = request.headers.get(HEADER)
    if key is None or not asked.caller.is_known:
        return Once(person="", key=None, digest=b"", now=asked.now)
    # The draft of the header writes it as a quoted string; most clients write it bare.
    key = key.strip().removeprefix('"').removesuffix('"')
    if not _KEY.fullmatch(key):
        zh = "键为 1 至 200 个 ASCII 字符，不含空格"
        raise ParameterError(HEADER, "a key has 1 to 200 characters of ASCII, without blanks", zh=zh)
    return Once(
        person=asked.caller.person_id,
        key=key,
        digest=digest_of(request, body, service(request).door.pepper),
        now=asked.now,
    )


def digest_of(request: Request, body: bytes, pepper: Pepper) -> bytes:
    """Return 32 bytes by which a request is known again; without the pepper nobody can try bodies, which may be passwords."""
    told = hashlib.sha256()
    parts = [request.method.encode(), request.url.path.encode(), request.url.query.encode(), body]
    parts += [request.headers.get(name, "").encode() for name in TOLD_IN]
    for part in parts:
        told.update(len(part).to_bytes(8, "big") + part)
    return pepper.mac("request", told.hexdigest())


async def once(
    request: Request,
    asked: Asking,
    _: Annotated[str | None, Header(alias=HEADER, description=ABOUT_KEY, json_schema_extra={"pattern": KEY_PATTERN})] = None,
) -> Once:
    """Return what makes a request of a FastAPI route be done once."""
    return once_for(request, asked, await request.body())


OnlyOnce = Annotated[Once, Depends(once)]
"""Does a request once, however often it comes."""
