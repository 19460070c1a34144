"""Sending events to subscribers: each at least once, in the order of the feed, and only what their owner may see just then.

A message that is not taken is sent again, later and later, until the receiver takes it or has failed too often; what stands
behind it waits. A message keeps its name (`webhook-id`) however often it is sent: the receiver knows by it what it has already.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson

from api.feed.cloud_event import MEDIA_TYPE, PING, RESET, cloud_event, notice, wanted
from api.feed.sign import signed
from api.who.caller import Caller, How, grants_of
from data.store import feed, webhooks
from data.store.credentials import find_grants
from data.store.scope import NOBODY, speak

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from random import Random

    from psycopg2.extensions import connection

    from api.feed.post import Answer, Client
    from api.who.pepper import Pepper
    from data.store.feed import Cursor, Page
    from data.store.pool import Pool
    from data.store.webhooks import Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How subscribers are sent to. A lease must outlast a message's deadline by far: who is only slow keeps it."""

    lease_s: float = 60.0
    turn_s: float = 10.0
    """How long one subscription is sent to before others have their turn."""
    page: int = 50
    """Events that are read at once; what their owner may see is asked as often."""
    first_s: float = 5.0
    """The longest wait after a first failure; each further one may be twice as long."""
    longest_s: float = 86_400.0
    most_failures: int = 20
    """In a row; then nothing more is sent. With the waits above this takes a week or so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """What is sent with. `reader` asks the store as the application, whose policies decide what an owner sees.

    `base` is the address of the landing page as receivers know it; empty: links begin at the root of wherever that is.
    `worker` is a name, which several may have.
    """

    reader: Pool
    client: Client
    pepper: Pepper
    draw: Random
    base: str = ""
    worker: str = ""
    pace: Pace = field(default_factory=Pace)


def deliver_due(outbox: Outbox, conn: connection, now: datetime) -> bool:
    """Send one subscription what there is for it, for a while; return whether there was one that had to be looked after.

    `conn` is the owner's, outside a transaction. To be called again at once where there was one. As many may call it as like,
    in any processes: each has another subscription.
    """
    held = webhooks.take(conn, worker=outbox.worker, lease_s=outbox.pace.lease_s, now=now)
    if held is not None:
        _Turn(outbox, conn, now, time.monotonic(), held).go()
    return held is not None


@dataclass(slots=True)
class _Turn:
    """One subscription's turn, from a moment on. `held` is None as soon as it is not ours any more."""

    outbox: Outbox
    conn: connection
    at: datetime
    began: float
    held: Held | None

    @property
    def passed_s(self) -> float:
        """How long it has gone on."""
        return time.monotonic() - self.began

    @property
    def now(self) -> datetime:
        """The time."""
        return self.at + timedelta(seconds=self.passed_s)

    def go(self) -> None:
        """Send what there is, until there is no more, something was not taken, or others wait."""
        self.ping()
        more = True
        while more and self.held is not None and self.passed_s < self.outbox.pace.turn_s:
            page = self.next(self.held)
            more = self.deliver(page) and page.more
        if self.held is not None:
            # Behind those that have waited longer than since this turn began.
            webhooks.let_go(self.conn, self.held, next_at=self.at)

    def ping(self) -> None:
        """Send the test message that is wanted. Whatever comes of it, it is sent once and counts for nothing."""
        if self.held is None or self.held.ping is None:
            return
        identity = f"ping_{self.held.ping}"
        event = notice(PING, identity, self.outbox.base, self.now, {"webhook": self.held.id})
        answer = self.post(self.held, event)
        self.held = webhooks.pinged(self.conn, self.held, status=answer.status, fault=answer.fault, now=self.now)

    def next(self, held: Held) -> Page:
        """Return what stands next, as the owner sees it now; a message about the feed where the place is none any more."""
        with self.outbox.reader.read(NOBODY) as conn:
            edge = feed.now_at(conn)
            if not feed.is_here(held.cursor, edge):
                data = {"reason": "epoch", "cursor": str(edge)}
                void = notice(RESET, f"reset_{edge.epoch}", self.outbox.base, self.now, data)
                return feed.Page(rows=((void, edge),), cursor=edge, more=False)
            grants = grants_of(find_grants(conn, held.owner, self.now))
            speak(conn, Caller(person_id=held.owner, grants=grants, how=How.KEY).scope())
            page = feed.events(conn, held.cursor, wanted(held.types, held.path), limit=self.outbox.pace.page)
        rows = [(cloud_event(told, self.outbox.base), told.cursor) for told in page.rows]
        return replace(page, rows=rows)

    def deliver(self, page: Page) -> bool:
        """Send a page; return whether all of it was taken and the subscription is still ours."""
        for event, cursor in page.rows:
            if self.held is None or not self.note(self.post(self.held, event), self.held, cursor):
                return False
        if self.held is not None and self.held.cursor != page.cursor:
            self.held = webhooks.passed(self.conn, self.held, page.cursor, lease_s=self.outbox.pace.lease_s)
        return self.held is not None

    def note(self, answer: Answer, held: Held, cursor: Cursor) -> bool:
        """Write down what came of a message; return whether to go on."""
        pace = self.outbox.pace
        if answer.is_taken and answer.status is not None:
            self.held = webhooks.taken(self.conn, held, cursor, status=answer.status, lease_s=pace.lease_s, now=self.now)
            return self.held is not None
        count = held.failures + 1
        wait_s = max(wait_after(count, pace, self.outbox.draw), float(answer.wait_s))
        webhooks.failed(
            self.conn,
            held,
            status=answer.status,
            fault=answer.fault,
            now=self.now,
            next_at=self.now + timedelta(seconds=wait_s),
            disable=answer.is_gone or count >= pace.most_failures,
        )
        self.held = None
        return False

    def post(self, held: Held, event: Mapping[str, Any]) -> Answer:
        """Send a message."""
        body = orjson.dumps(event)
        headers = signed(self.outbox.pepper, held.id, event["id"], body, self.now)
        return self.outbox.client.post(held.url, body, {"Content-Type": MEDIA_TYPE, **headers})


def wait_after(failures: int, pace: Pace, draw: Random) -> float:
    """Return the seconds until a message is sent again that was not taken so often in a row: twice as many each time.

    Drawn from the upper half, so that receivers that failed together are not asked together.
    """
    longest = min(pace.first_s * 2.0 ** min(failures - 1, 60), pace.longest_s)
    return draw.uniform(longest / 2, longest)
