"""The log over HTTP, for auditors: what was done in their areas, by whom and when. Reading it changes nothing."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field, StringConstraints, TypeAdapter

from api.asked import Asking, Store
from api.v1.answers import answer, private
from api.v1.parameters import NO_NUL, Limit, Moment, only
from api.who.caller import Right
from data.store.log import record
from data.store.pool import BULK_MS
from data.store.sql import many
from gis.errors import ParameterError

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg2.extensions import connection

router = APIRouter(prefix="/v1/log", tags=["log"])

MOST_EXPORTED = 100_000
NDJSON = "application/x-ndjson"

_Word = Annotated[str | None, Query(min_length=1, max_length=200, pattern=NO_NUL)]
_Since = Annotated[Moment | None, Query(description="Events from this moment on.")]
_After = Annotated[str | None, Query(max_length=400, description="`next` of the page before.")]

_PLACE = TypeAdapter(tuple[Moment, Annotated[str, StringConstraints(pattern=NO_NUL)], Annotated[int, Field(ge=0, lt=2**63)]])
_NAMES = ("chain", "number", "at", "actor", "area", "kind", "subject", "body", "hash")


@router.get("", dependencies=[Depends(only("kind", "subject", "since", "after", "limit"))])
def list_events(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking,
    store: Store,
    kind: _Word = None,
    subject: _Word = None,
    since: _Since = None,
    after: _After = None,
    limit: Limit = 100,
) -> Response:
    """List the events of your areas, oldest first. `chain` and `number` tell a chain without gaps from one with."""
    asked.caller.require(Right.READ_LOG)
    with store.read(asked.acting(Right.READ_LOG)) as conn:
        rows = _events(conn, kind, subject, since, None if after is None else _unsealed(after), limit + 1)
    more = len(rows) > limit
    shown = [dict(zip(_NAMES, row, strict=True)) for row in rows[:limit]]
    return private(answer({"events": shown, "next": _sealed(rows[limit - 1]) if more else None}))


@router.get("/heads", dependencies=[Depends(only())])
def list_heads(asked: Asking, store: Store) -> Response:
    """List the last event of each chain that you see: keep it elsewhere, and compare."""
    asked.caller.require(Right.READ_LOG)
    with store.read(asked.acting(Right.READ_LOG)) as conn:
        rows = many(
            conn, "SELECT DISTINCT ON (chain) chain, seq, at, encode(hash, 'hex') FROM wangge.event ORDER BY chain, seq DESC"
        )
    names = ("chain", "number", "at", "hash")
    return private(answer({"heads": [dict(zip(names, row, strict=True)) for row in rows]}))


@router.post(
    "/export",
    dependencies=[Depends(only("kind", "subject", "since", "after"))],
    response_class=Response,
    responses={200: {"content": {NDJSON: {"schema": {"type": "string"}}}}},
)
def export(  # noqa: PLR0917 - FastAPI passes by name
    asked: Asking, store: Store, kind: _Word = None, subject: _Word = None, since: _Since = None, after: _After = None
) -> Response:
    """Take events away, one to a line of JSON. That this was done is an event itself, so it is no GET."""
    asked.caller.require(Right.READ_LOG)
    with store.write(asked.acting(Right.READ_LOG), ms=BULK_MS) as conn:
        rows = _events(conn, kind, subject, since, None if after is None else _unsealed(after), MOST_EXPORTED + 1)
        more = len(rows) > MOST_EXPORTED
        rows = rows[:MOST_EXPORTED]
        wanted = {"kind": kind, "subject": subject, "since": None if since is None else since.isoformat(), "after": after}
        for path in asked.caller.areas_for(Right.READ_LOG) or (None,):
            record(conn, "log.exported", path=path, subject=asked.caller.person_id, body=wanted | {"rows": len(rows)})
    lines = b"".join(orjson.dumps(dict(zip(_NAMES, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE) for row in rows)
    headers = {"Content-Disposition": 'attachment; filename="log.ndjson"'}
    if more:
        headers["X-Next"] = _sealed(rows[-1])
    return private(Response(lines, headers=headers, media_type=NDJSON))


def _events(  # noqa: PLR0917 - the parameters of a route, in their order
    conn: connection,
    kind: str | None,
    subject: str | None,
    since: datetime | None,
    past: tuple[datetime, str, int] | None,
    limit: int,
) -> list[tuple[Any, ...]]:
    at, chain, seq = past or (None, None, None)
    return many(
        conn,
        """SELECT e.chain, e.seq, e.at, e.actor::text, a.code, e.kind, e.subject, e.body, encode(e.hash, 'hex')
           FROM wangge.event e LEFT JOIN wangge.area a ON a.path = e.path
           WHERE (%(kind)s::text IS NULL OR e.kind = %(kind)s) AND (%(subject)s::text IS NULL OR e.subject = %(subject)s)
             AND (%(since)s::timestamptz IS NULL OR e.at >= %(since)s)
             AND (%(at)s::timestamptz IS NULL OR (e.at, e.chain, e.seq) > (%(at)s, %(chain)s, %(seq)s))
           ORDER BY e.at, e.chain, e.seq LIMIT %(limit)s""",
        {"kind": kind, "subject": subject, "since": since, "at": at, "chain": chain, "seq": seq, "limit": limit},
    )


def _sealed(row: tuple[Any, ...]) -> str:
    """Return the place of an event in the order, as a word for addresses. It needs no signature: it shows nothing."""
    chain, seq, at = row[:3]
    return base64.urlsafe_b64encode(orjson.dumps([at.isoformat(), chain, seq])).decode().rstrip("=")


def _unsealed(text: str) -> tuple[datetime, str, int]:
    try:
        return _PLACE.validate_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        raise ParameterError("after", "this is no `next` of a page; begin at the first", code="invalid-cursor") from None
