"""A stream of server-sent events: the answer that goes on until its follower has gone, for an hour at most.

It lives in the event loop and holds neither a thread nor a connection to the store.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio
from starlette.responses import Response

from api.feed.frames import END, PING, position_frame, reset_frame
from api.feed.hub import Why

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from api.feed.hub import Ask, Follower, Hub

LONGEST_S = 3600.0
"""How long a stream goes on; then its follower comes again, and is asked anew who they are."""
QUIET_S = 15.0
"""After so long without an event something is sent all the same."""
STUCK_S = 30.0
"""How long a follower may take nothing at all."""
TOGETHER = 64
"""Events that are sent at once."""
VARY = "Authorization, Cookie, Accept"
"""What the answer depends on: whoever asks for JSON is given what there is now."""


class EventStream(Response):
    """Tells somebody what they ask for, from `ask.cursor` on; `is_reset`: they came from a place that is none any more."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, ask: Ask, *, is_reset: bool, longest_s: float = LONGEST_S, quiet_s: float = QUIET_S) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": VARY})
        del self.headers["content-length"]
        self._hub = hub
        self._ask = ask
        self._is_reset = is_reset
        self._longest_s = longest_s
        self._quiet_s = quiet_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI calls it
        """Answer; `StoreBusy`, before anything is said, where there are as many streams as may be."""
        with self._hub.follow(self._ask) as follower:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with anyio.create_task_group() as group:

                async def wait_for_leaving() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    group.cancel_scope.cancel()

                group.start_soon(wait_for_leaving)
                await self._tell(follower, send)
                group.cancel_scope.cancel()

    async def _tell(self, follower: Follower, send: Send) -> None:
        """Send what comes, until it ends."""
        cursor = str(self._ask.cursor)
        first = position_frame(cursor, first=True)
        if self._is_reset:
            first += reset_frame(Why.EPOCH.value, cursor)
        sent = self._ask.cursor
        end = asyncio.get_running_loop().time() + self._longest_s
        chunk = first
        while await _sent(send, chunk, more=True):
            left = end - asyncio.get_running_loop().time()
            try:
                chunk = await asyncio.wait_for(follower.queue.get(), max(0.0, min(self._quiet_s, left)))
            except TimeoutError:
                if left <= self._quiet_s:
                    break
                chunk = PING
                # The queue is empty, so that everything before this place has been sent.
                if follower.queue.empty() and follower.ask.cursor != sent:
                    sent = follower.ask.cursor
                    chunk += position_frame(str(sent))
                continue
            if not (chunk := _together(chunk, follower)):
                break
        await _sent(send, END, more=False)


def _together(chunk: bytes, follower: Follower) -> bytes:
    """Return what waits for a follower, in one piece, up to the end of the stream."""
    frames = [chunk]
    while frames[-1] != END and len(frames) < TOGETHER and not follower.queue.empty():
        frames.append(follower.queue.get_nowait())
    if frames[-1] == END and len(frames) > 1:
        follower.queue.put_nowait(END)
    return b"".join(frames)


async def _sent(send: Send, chunk: bytes, *, more: bool) -> bool:
    """Send a piece; return whether the follower took it in time."""
    with anyio.move_on_after(STUCK_S) as patience:
        await send({"type": "http.response.body", "body": chunk, "more_body": more})
    return not patience.cancelled_caught
