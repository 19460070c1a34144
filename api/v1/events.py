"""What happens, as it happens: events of the log to whoever may see them, as a stream that browsers follow."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Annotated

import orjson
from fastapi import APIRouter, Depends, Header, Query, Response
from starlette.requests import Request

from api.asked import Asking, Store, service
from api.feed.asyncapi import MEDIA_TYPE, document
from api.feed.cloud_event import cloud_event, wanted
from api.feed.hub import PAGE, Ask, Hub
from api.feed.stream import VARY, EventStream
from api.v1.answers import answer, private
from api.v1.parameters import NO_NUL, only
from api.who.caller import Right
from api.who.door import examine
from data.store.feed import Cursor, events, is_here, now_at
from data.store.plans import path_named
from gis.errors import ParameterError

if TYPE_CHECKING:
    from api.asked import Asked
    from api.who.caller import Caller
    from data.store.feed import Wanted
    from data.store.pool import Pool

router = APIRouter(tags=["events"])

ABOUT_TYPES = "Types of events, separated by commas; one that ends with `.*` stands for all that begin so. All where left out."
_making = Lock()


@router.get(
    "/v1/events",
    dependencies=[Depends(only("types", "area", "after"))],
    status_code=200,
    response_class=EventStream,
    responses={
        200: {
            "description": "The stream; /asyncapi describes it. As JSON: what there is now.",
            "content": {"text/event-stream": {}, "application/json": {"schema": {"type": "object"}}},
        }
    },
)
def follow(  # noqa: PLR0917 - FastAPI passes by name
    request: Request,
    asked: Asking,
    store: Store,
    types: Annotated[str | None, Query(max_length=4000, pattern=NO_NUL, description=ABOUT_TYPES)] = None,
    area: Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Code of an area.")] = None,
    after: Annotated[str | None, Query(max_length=400, description="From which place on; where left out, from now.")] = None,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", description="The same, by a browser.")] = None,
) -> Response:
    """Follow what happens to incidents and plans that you see, as CloudEvents, for an hour at most; then come again.

    Where something on the way cuts streams, ask for `application/json` again and again: what there is behind `after` comes at
    once, with the place behind it (`cursor`).

    Each event carries the place behind it (`id`, `cursor`). Whoever comes again with it gets everything since, once. `reset`
    says that there is a gap: read `/v1/feeds/incidents` from the beginning, and go on.
    """
    require_some_sight(asked.caller)
    wish = wanted(split(types))
    with store.read(asked.scope) as conn:
        edge = now_at(conn)
        wish = replace(wish, path=path_named(conn, area))
    came_from = _place(last_event_id, after)
    is_reset = came_from is not None and not is_here(came_from, edge)
    held = service(request)
    shown = examine(
        held.door,
        method=request.method,
        headers=request.headers,
        cookies=request.cookies,
        query=request.url.query,
        now=asked.now,
    )
    cursor = edge if came_from is None or is_reset else came_from
    if wants_json(request.headers.get("accept", "")):
        return _page(asked, store, cursor, wish, is_reset=is_reset)
    ask = Ask(shown=shown, wanted=wish, base=asked.base, cursor=cursor)
    return EventStream(hub(request), ask, is_reset=is_reset)


def wants_json(accept: str) -> bool:
    """Return whether somebody asks for JSON and not for the stream."""
    kinds = {each.partition(";")[0].strip().lower() for each in accept.split(",")}
    return "application/json" in kinds and not kinds & {"text/event-stream", "text/*"}


def _page(asked: Asked, store: Pool, cursor: Cursor, wish: Wanted, *, is_reset: bool) -> Response:
    """Return what there is behind a place, and where to go on from."""
    with store.read(asked.scope) as conn:
        page = events(conn, cursor, wish, limit=PAGE)
    told = [cloud_event(each, asked.base) for each in page.rows]
    made = private(answer({"events": told, "cursor": str(page.cursor), "more": page.more, "reset": is_reset}))
    made.headers["Vary"] = VARY
    return made


@router.get("/asyncapi", dependencies=[Depends(only())], response_class=Response)
def describe(asked: Asking) -> Response:
    """Describe the stream, and the messages to subscribers, as AsyncAPI 3."""
    return Response(orjson.dumps(document(asked.base)), media_type=MEDIA_TYPE)


def hub(request: Request) -> Hub:
    """Return the hub of this process, made when it is first asked for."""
    state, held = request.app.state, service(request)
    with _making:
        if not hasattr(state, "hub"):
            state.hub = Hub(held.pool, held.door, held.now)
        return state.hub


def require_some_sight(caller: Caller) -> None:
    """Raise unless the caller sees anything at all of what is told: who works here, or reads the log."""
    if not caller.may(Right.READ_LOG):
        caller.require(Right.WATCH)


def split(types: str | None) -> tuple[str, ...]:
    """Return the types that a parameter lists."""
    return tuple(part.strip() for part in (types or "").split(",") if part.strip())


def _place(last_event_id: str | None, after: str | None) -> Cursor | None:
    """Return the place that somebody comes from: a browser repeats the address that it began with, and knows better."""
    if last_event_id:
        try:
            return Cursor.read(last_event_id)
        except ParameterError:
            return Cursor(epoch="", xid=0)  # no place of ours: they begin anew
    return None if after is None else Cursor.read(after, "after")
