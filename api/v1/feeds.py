"""Incidents for other systems, read on from where they were: each change once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Response

from api.asked import Asking, Store
from api.loop.words import Supervision, word
from api.v1.answers import answer
from api.v1.parameters import Limit, Moment, only
from api.who.caller import Right, Tier
from data.store import feed
from data.store.feed import Cursor, is_here, now_at
from gis.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from api.asked import Asked

router = APIRouter(prefix="/v1/feeds", tags=["events"])

_Since = Annotated[
    Moment | None,
    Query(description="Leaves out what has not changed since. To begin with: afterwards keep `next`, never a time."),
]


@router.get("/incidents", dependencies=[Depends(only("updated_since", "cursor", "limit"))])
def changed_incidents(
    asked: Asking,
    store: Store,
    updated_since: _Since = None,
    cursor: Annotated[str | None, Query(max_length=400, description="`next` of the answer before.")] = None,
    limit: Limit = 100,
) -> Response:
    """List incidents that have changed, as they are now, those that changed longest ago first.

    Begin without a cursor, ask again with `next` at once while `more` is true, and later whenever you like: each state of an
    incident comes once at most, and the last one comes. `next` is there on every answer and is what to keep. A time is not:
    what was written at 9:00 may be there for others to see at 9:01, when somebody has asked for all up to 9:00 and a half. One
    who cannot go on (`feed-reset`: the store was restored) begins without a cursor again. What moves out of your sight is not
    told of.
    """
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.scope) as conn:
        edge = now_at(conn)
        after = Cursor(epoch=edge.epoch, xid=0) if cursor is None else Cursor.read(cursor)
        if not is_here(after, edge):
            raise Conflict("the store was restored since: begin without a cursor", code="feed-reset", epoch=edge.epoch)
        page = feed.incidents(conn, after, since=updated_since, limit=limit)
    following = str(page.cursor)
    return answer(
        {
            "incidents": [_view(row, asked) for row in page.rows],
            "next": following,
            "more": page.more,
            "links": [{"rel": "next", "href": _address(asked, following, updated_since, limit), "type": "application/json"}],
        }
    )


def _address(asked: Asked, cursor: str, since: datetime | None, limit: int) -> str:
    query = {"cursor": cursor, "limit": str(limit)} | ({} if since is None else {"updated_since": since.isoformat()})
    return f"{asked.base}/v1/feeds/incidents?{urlencode(query)}"


def _view(row: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    return {
        **row,
        "tier": word(Tier(row["tier"])),
        "supervision": word(Supervision(row["supervision"])),
        "outside": row["grid"] is None,
        "links": [
            {"rel": "self", "href": f"{asked.base}/v1/incidents/{quote(row['no'], safe='')}", "type": "application/json"}
        ],
    }
