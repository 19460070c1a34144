"""An outbox over a store, for tests: subscriptions of people in two districts, events, and what is sent with."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from api.feed.post import Client
from api.feed.sender import Outbox, Pace, deliver_due
from api.feed.sign import secret_of
from api.who.pepper import Pepper
from data.store import people
from data.store.feed import Cursor, now_at
from data.store.log import record
from data.store.pool import Pool, connect
from data.store.sql import many, one, run
from tests.api.feed.receiver import HERE

if TYPE_CHECKING:
    from collections.abc import Generator

    from psycopg2.extensions import connection

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PEPPER = Pepper(b"p" * 32)
QUICK = Pace(lease_s=1.0, first_s=0.1, longest_s=0.4, most_failures=1000)
"""For tests that wait in earnest."""


@dataclass
class Post:
    """A post office: `now` can be set."""

    db: Any
    conn: connection
    reader: Pool
    now: datetime = NOW
    pace: Pace = field(default_factory=Pace)
    deadline_s: float = 2.0
    base: str = "https://grid.example"

    def outbox(self, worker: str = "w") -> Outbox:
        """What is sent with."""
        client = Client(allowed=HERE, deadline_s=self.deadline_s)
        draw = Random(1)  # noqa: S311 - waits that are the same each time
        return Outbox(
            reader=self.reader, client=client, pepper=PEPPER, draw=draw, base=self.base, worker=worker, pace=self.pace
        )  # fmt: skip

    def delivers(self) -> int:
        """Send all there is, and return in how many turns."""
        turns = 0
        while deliver_due(self.outbox(), self.conn, self.now):
            turns += 1
        return turns

    def person(self, login: str, *roles: tuple[str, str | None]) -> str:
        """Add somebody with roles."""
        run(self.conn, "BEGIN")
        person = people.add_person(self.conn, login=login, name=login, now=NOW, by=None)
        for role, area in roles:
            people.give_role(self.conn, person, role=role, area=area, starts_at=NOW - timedelta(days=9), by=None)
        run(self.conn, "COMMIT")
        return person

    def subscribes(self, person: str, url: str, *types: str, area: str | None = None, cursor: Cursor | None = None) -> str:
        """Subscribe somebody to what comes from now on; return the subscription's id."""
        at = cursor or now_at(self.conn)
        return one(
            self.conn,
            """INSERT INTO wangge.webhook (owner, name, url, types, area_id, created_at, epoch, xid, chain, seq, next_at)
               VALUES (%s, '', %s, %s, (SELECT id FROM wangge.area WHERE code = %s), %s, %s, %s::xid8, %s, %s, %s)
               RETURNING id::text""",
            [
                person, url, list(types) or ["cn.gridgov.incident.*", "cn.gridgov.plan.*"], area, NOW, at.epoch, str(at.xid),
                at.chain, at.seq, NOW,
            ],
        )[0]  # fmt: skip

    def tells(self, subject: str, *, path: str = "1", kind: str = "incident.urge") -> None:
        """Write an event."""
        record(self.conn, kind, path=path, subject=subject)

    def row(self, webhook: str, *names: str) -> Any:
        """Columns of a subscription."""
        row = dict(
            zip(
                COLUMNS,
                one(self.conn, f"SELECT {', '.join(COLUMNS)} FROM wangge.webhook WHERE id = %s", [webhook]),
                strict=True,
            )
        )
        return row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)

    @staticmethod
    def secret(webhook: str) -> str:
        """The secret of a subscription."""
        return secret_of(PEPPER, webhook)


COLUMNS = (
    "state",
    "failures",
    "status",
    "fault",
    "next_at",
    "tried_at",
    "taken_at",
    "ping",
    "worker",
    "epoch",
    "xid::text",
    "chain",
    "seq",
)


@contextmanager
def post_office(db: Any, **said: Any) -> Generator[Post]:
    """Open a post office in a store with two districts, whose paths are 1 and 2, and their streets 1.3 and 2.4."""
    with closing(connect(db.admin)) as conn, closing(Pool(db.app, size=2)) as reader:
        run(conn, "INSERT INTO wangge.area (code, level) VALUES ('d', 'district'), ('e', 'district')")
        for code, parent in (("ds", "d"), ("es", "e")):
            run(
                conn,
                "INSERT INTO wangge.area (code, level, parent_id) SELECT %s, 'street', id FROM wangge.area WHERE code = %s",
                [code, parent],
            )
        assert many(conn, "SELECT path::text FROM wangge.area ORDER BY id") == [("1",), ("2",), ("1.3",), ("2.4",)]
        yield Post(db, conn, reader, **said)
