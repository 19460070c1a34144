"""The hub of a process: one look at the log for all who follow it, and each follower's own part of what is there.

Twice a second, while anybody follows, it asks whether anything was written. Only then are followers asked about: who each of
them is at that moment, and what they see. Those who ask the same of the same place are asked about once. Nothing of this holds
a connection or a thread while it waits.

A follower has a queue. Whoever comes from an earlier place is read to as fast as they take it. Whoever has caught up and does
not empty their queue in time is let go with a word; their place is what they were last sent.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
import orjson
import psycopg2

from api.feed.cloud_event import cloud_event
from api.feed.frames import END, event_frame, reset_frame
from api.who.door import Shown, identify
from data.store import feed
from data.store.prepared import many_again
from data.store.scope import NOBODY, speak
from gis.errors import Refused, StoreBusy, StoreError, Unidentified

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from datetime import datetime
    from types import FrameType

    from api.who.door import Door
    from data.store.feed import Cursor, Page, Wanted
    from data.store.pool import Pool

MOST = 200
"""Streams of one process; each is a connection that stays open."""
QUEUE, PAGE = 1000, 200
"""Events that may wait for a follower, and that are read at once; behind what it takes, a follower is read to no more."""
BEAT_S = 0.5
"""Between two looks at the log."""
AWAY_S = 2.0
"""Between two looks where the store did not answer."""

_log = logging.getLogger("wangge.feed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked of the log for a follower: who they show that they are, what they want, from which place on."""

    shown: Shown
    wanted: Wanted
    base: str
    cursor: Cursor


class Why(Enum):
    """Why a follower is let go."""

    NOT_KNOWN = "not-known"
    """What they showed does not hold any more."""
    SLOW = "slow"
    EPOCH = "epoch"
    """The store was restored: their place is none."""


@dataclass(eq=False, slots=True)
class Follower:
    """Somebody who follows, as the hub sees them. `ask.cursor` is the place that everything in the queue stands before."""

    ask: Ask
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUE + 2))
    has_caught_up: bool = False

    @property
    def room(self) -> int:
        """How many events it takes now; two places are kept for the last words."""
        return QUEUE - self.queue.qsize()


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look found: where the log ends, and what is there for each that was asked."""

    edge: Cursor
    pages: dict[Ask, Page | Why]


class Hub:
    """Who follows the log in this process; made and used in its event loop, save `end`."""

    def __init__(
        self, pool: Pool, door: Door, now: Callable[[], datetime], *, most: int = MOST, beat_s: float = BEAT_S
    ) -> None:
        self._pool = pool
        self._door = door
        self._now = now
        self._most = most
        self._beat_s = beat_s
        self._followers: set[Follower] = set()
        self._poller: asyncio.Task[None] | None = None
        self._edge: Cursor | None = None
        """Where the log ended at the last look."""
        self._over = False

    def __len__(self) -> int:
        return len(self._followers)

    @contextmanager
    def follow(self, ask: Ask) -> Generator[Follower]:
        """Have somebody followed up until the end of the block; `StoreBusy` where there are too many already."""
        if len(self._followers) >= self._most or self._over:
            raise StoreBusy(f"{len(self._followers)} follow the log already, as many as may; come again in a moment")
        one = Follower(ask)
        self._followers.add(one)
        if self._poller is None or self._poller.done():
            self._edge = None
            self._poller = asyncio.create_task(self._poll(), name="wangge-feed")
        try:
            yield one
        finally:
            self._followers.discard(one)

    def end(self) -> None:
        """Let everybody go: the service ends. They come again, to another one."""
        self._over = True
        for one in tuple(self._followers):
            self._let_go(one, END)

    # --- the one look -----------------------------------------------------------------------------------------------------

    async def _poll(self) -> None:
        with _heard_of_the_end(asyncio.get_running_loop(), self.end):
            while self._followers:
                wait_s = self._beat_s
                try:
                    if await self._beat():
                        wait_s = 0.0
                except (StoreError, psycopg2.Error) as error:
                    _log.warning("the log was not read: %s", error)
                    wait_s = AWAY_S
                await asyncio.sleep(wait_s)

    async def _beat(self) -> bool:
        """Look once for everybody; return whether somebody has more to be read at once."""
        asks = frozenset(one.ask for one in self._followers if one.has_caught_up or one.room >= PAGE)
        look = await anyio.to_thread.run_sync(self._look, asks, self._edge)
        self._edge = look.edge
        frames = {ask: _frames(page, ask.base) for ask, page in look.pages.items() if not isinstance(page, Why)}
        more = False
        for one in tuple(self._followers):
            page = look.pages.get(one.ask)
            if isinstance(page, Why):
                self._let_go(one, *_last_words(page, look.edge))
            elif page is not None:
                more |= self._give(one, page, frames[one.ask])
        return more

    def _give(self, one: Follower, page: Page, frames: Sequence[bytes]) -> bool:
        """Put a page into somebody's queue; return whether there is more that they would take at once."""
        if len(frames) > one.room:
            if one.has_caught_up:
                self._let_go(one, *_last_words(Why.SLOW, page.cursor))
            return False
        for frame in frames:
            one.queue.put_nowait(frame)
        one.ask = replace(one.ask, cursor=page.cursor)
        one.has_caught_up = not page.more
        return page.more and one.room >= PAGE

    def _let_go(self, one: Follower, *words: bytes) -> None:
        """Throw away what somebody has not taken, and leave them the last words."""
        self._followers.discard(one)
        while not one.queue.empty():
            one.queue.get_nowait()
        for each in words:
            one.queue.put_nowait(each)

    def _look(self, asks: frozenset[Ask], before: Cursor | None) -> _Look:
        """Look at the log, in a thread: once for everybody, then for each who has anything to be asked about."""
        with self._pool.read(NOBODY) as conn:
            edge = feed.now_at(conn)
            stirred = before is None or before.epoch != edge.epoch or feed.is_stirred(conn, before, edge)
        pages: dict[Ask, Page | Why] = {}
        for ask in asks:
            if not feed.is_here(ask.cursor, edge):
                pages[ask] = Why.EPOCH
            elif not stirred and ask.cursor == before:
                pages[ask] = feed.Page(rows=(), cursor=edge, more=False)
            else:
                pages[ask] = self._page(ask)
        return _Look(edge, pages)

    def _page(self, ask: Ask) -> Page | Why:
        """Read what stands next for somebody, as who they are at this moment."""
        with self._pool.read(NOBODY) as conn:
            try:
                caller = identify(partial(many_again, conn), ask.shown, self._door, self._now())
            except (Unidentified, Refused):
                return Why.NOT_KNOWN
            speak(conn, caller.scope())
            return feed.events(conn, ask.cursor, ask.wanted, limit=PAGE)


def _frames(page: Page, base: str) -> list[bytes]:
    return [event_frame(str(told.cursor), orjson.dumps(cloud_event(told, base))) for told in page.rows]


def _last_words(why: Why, edge: Cursor) -> tuple[bytes, ...]:
    """Return what is said last to somebody who is let go. Whose place is none is told where to go on from."""
    if why is Why.NOT_KNOWN:
        return (END,)
    return (reset_frame(why.value, str(edge) if why is Why.EPOCH else None), END)


@contextmanager
def _heard_of_the_end(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> Generator[None]:
    """Call `end` when the process is asked to end, before whoever else hears of it: the server waits for open answers first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def hear(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(end)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in before:
        signal.signal(number, hear)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is hear:
                signal.signal(number, handler)
