"""Subscriptions in the store: who wants to be sent which events, where to, and how far they have been told.

Their owners ask through policies. Whoever sends comes as the store's owner (`take` and what follows it), holds one subscription
at a time by a lease that runs by the store's clock, and goes by a name of its own: once the lease is somebody else's, or the
owner has changed what is sent, it writes nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from data.store.feed import Cursor
from data.store.log import record
from data.store.sql import many, maybe, one, run
from gis.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg2.extensions import connection

ACTIVE, PAUSED, DISABLED = "active", "paused", "disabled"
MOST = 20
"""Subscriptions of one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A subscription as its owner sees it. `area` is an area's code (None: wherever they see), `cursor` the last place told of.

    `failures` are those in a row, `status` what the receiver answered last (None: nothing), `fault` a word for why not.
    """

    id: str
    name: str
    url: str
    types: tuple[str, ...]
    area: str | None
    state: str
    created_at: datetime
    cursor: Cursor
    pinged: bool
    """Whether a test message is still to be sent."""
    failures: int
    next_at: datetime
    tried_at: datetime | None
    taken_at: datetime | None
    status: int | None
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """A subscription that is to be made, or what is to be different of one: where to, of what, where."""

    name: str
    url: str
    types: tuple[str, ...]
    area_id: int | None


_SELECT = """SELECT w.id::text, w.name, w.url, w.types, a.code, w.state, w.created_at, w.epoch, w.xid::text, w.chain, w.seq,
               w.ping IS NOT NULL, w.failures, w.next_at, w.tried_at, w.taken_at, w.status, w.fault
             FROM wangge.webhook w LEFT JOIN wangge.area a ON a.id = w.area_id """


def _webhook(row: Sequence[Any]) -> Webhook:
    identity, name, url, types, area, state, created_at, epoch, xid, chain, seq, pinged, failures, *when, status, fault = row
    next_at, tried_at, taken_at = when
    return Webhook(
        id=identity,
        name=name,
        url=url,
        types=tuple(types),
        area=area,
        state=state,
        created_at=created_at,
        cursor=Cursor(epoch=epoch, xid=int(xid), chain=chain, seq=seq),
        pinged=pinged,
        failures=failures,
        next_at=next_at,
        tried_at=tried_at,
        taken_at=taken_at,
        status=status,
        fault=fault,
    )


# --- for owners -------------------------------------------------------------------------------------------------------------


def add(conn: connection, wanted: New, *, owner: str, cursor: Cursor, now: datetime) -> Webhook:
    """Write down a subscription to what comes behind a place."""
    (count,) = one(conn, "SELECT count(*) FROM wangge.webhook WHERE owner = %s", [owner])
    if count >= MOST:
        raise Conflict(f"nobody has more than {MOST} subscriptions; take one away first", code="too-many-webhooks", most=MOST)
    (identity,) = one(
        conn,
        """INSERT INTO wangge.webhook (owner, name, url, types, area_id, created_at, epoch, xid, chain, seq, next_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s::xid8, %s, %s, %s) RETURNING id::text""",
        [
            owner, wanted.name, wanted.url, list(wanted.types), wanted.area_id, now, cursor.epoch, str(cursor.xid),
            cursor.chain, cursor.seq, now,
        ],
    )  # fmt: skip
    return get(conn, identity)


def get(conn: connection, identity: str) -> Webhook:
    """Return a subscription of the caller's own."""
    row = maybe(conn, _SELECT + "WHERE w.id = %s", [identity])
    if row is None:
        raise NotFound(f"there is no subscription {identity}, or it is not yours")
    return _webhook(row)


def listed(conn: connection) -> list[Webhook]:
    """Return the caller's own subscriptions, the oldest first."""
    return [_webhook(row) for row in many(conn, _SELECT + "ORDER BY w.created_at, w.id")]


def change(
    conn: connection,
    identity: str,
    wanted: New,
    *,
    state: Literal["active", "paused"] | None,
    cursor: Cursor | None,
    now: datetime,
) -> Webhook:
    """Write what a subscription is from now on; whoever sends it just now stops.

    With a `state` it begins to count failures anew, from `cursor` on it is told again.
    """
    touched = run(
        conn,
        """UPDATE wangge.webhook SET name = %(name)s, url = %(url)s, types = %(types)s, area_id = %(area)s,
             state = coalesce(%(state)s, state), failures = CASE WHEN %(state)s IS NULL THEN failures ELSE 0 END,
             next_at = %(now)s, worker = NULL, lease_until = NULL, epoch = coalesce(%(epoch)s, epoch),
             xid = coalesce(%(xid)s::xid8, xid), chain = coalesce(%(chain)s, chain), seq = coalesce(%(seq)s, seq)
           WHERE id = %(id)s""",
        {
            "id": identity, "name": wanted.name, "url": wanted.url, "types": list(wanted.types), "area": wanted.area_id,
            "state": state, "now": now, "epoch": cursor and cursor.epoch, "xid": cursor and str(cursor.xid),
            "chain": None if cursor is None else cursor.chain, "seq": None if cursor is None else cursor.seq,
        },
    )  # fmt: skip
    if not touched:
        raise NotFound(f"there is no subscription {identity}, or it is not yours")
    return get(conn, identity)


def want_ping(conn: connection, identity: str, *, now: datetime) -> Webhook:
    """Have a test message sent, at once and whatever happened before."""
    found = get(conn, identity)
    if found.state != ACTIVE:
        raise Conflict(
            f"this subscription is {found.state}; make it active first", code="webhook-not-active", state=found.state
        )
    run(conn, "UPDATE wangge.webhook SET ping = gen_random_uuid(), next_at = %s WHERE id = %s", [now, identity])
    return get(conn, identity)


def remove(conn: connection, identity: str) -> None:
    """Take a subscription away."""
    if not run(conn, "DELETE FROM wangge.webhook WHERE id = %s", [identity]):
        raise NotFound(f"there is no subscription {identity}, or it is not yours")


# --- for whoever sends: each a transaction of its own ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A subscription that somebody holds: `worker` names one hold. `path` is its area's, as it is today (None: any).

    `ping` is the test message that is wanted.
    """

    id: str
    worker: str
    owner: str
    url: str
    types: tuple[str, ...]
    path: str | None
    cursor: Cursor
    ping: str | None
    failures: int


def take(conn: connection, *, worker: str, lease_s: float, now: datetime) -> Held | None:
    """Take the subscription that has waited longest of those with anything to be sent, perhaps; None where there is none.

    Of several who come at once each gets another, and none waits.
    """
    row = maybe(
        conn,
        """WITH due AS (
             SELECT w.id FROM wangge.webhook w JOIN wangge.person p ON p.id = w.owner
             WHERE w.state = 'active' AND w.next_at <= %(now)s AND p.active
               AND (w.lease_until IS NULL OR w.lease_until < clock_timestamp())
               AND (w.ping IS NOT NULL OR w.epoch <> (SELECT epoch FROM wangge.feed_epoch) OR EXISTS (
                 SELECT FROM wangge.event e
                 WHERE (e.xid, e.chain, e.seq) > (w.xid, w.chain, w.seq) AND e.xid < pg_snapshot_xmin(pg_current_snapshot())))
             ORDER BY w.next_at, w.id LIMIT 1 FOR UPDATE OF w SKIP LOCKED)
           UPDATE wangge.webhook w SET worker = %(worker)s || '/' || left(gen_random_uuid()::text, 8),
             lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
           FROM due WHERE w.id = due.id
           RETURNING w.id::text, w.worker, w.owner::text, w.url, w.types,
             (SELECT a.path::text FROM wangge.area a WHERE a.id = w.area_id), w.epoch, w.xid::text, w.chain, w.seq,
             w.ping::text, w.failures""",
        {"worker": worker, "lease": lease_s, "now": now},
    )
    if row is None:
        return None
    identity, name, owner, url, types, path, epoch, xid, chain, seq, ping, failures = row
    return Held(
        id=identity,
        worker=name,
        owner=owner,
        url=url,
        types=tuple(types),
        path=path,
        cursor=Cursor(epoch=epoch, xid=int(xid), chain=chain, seq=seq),
        ping=ping,
        failures=failures,
    )


def taken(conn: connection, held: Held, cursor: Cursor, *, status: int, lease_s: float, now: datetime) -> Held | None:
    """Write that the receiver has what stands before a place, and hold on; None where it is not this worker's any more."""
    return _moved(
        held,
        cursor,
        run(
            conn,
            """UPDATE wangge.webhook SET epoch = %s, xid = %s::xid8, chain = %s, seq = %s, failures = 0, tried_at = %s,
                 taken_at = %s, status = %s, fault = '', lease_until = clock_timestamp() + make_interval(secs => %s)
               WHERE id = %s AND worker = %s""",
            [cursor.epoch, str(cursor.xid), cursor.chain, cursor.seq, now, now, status, lease_s, held.id, held.worker],
        ),
    )


def passed(conn: connection, held: Held, cursor: Cursor, *, lease_s: float) -> Held | None:
    """Write that nothing up to a place is the receiver's, and hold on; None where it is not this worker's any more."""
    return _moved(
        held,
        cursor,
        run(
            conn,
            """UPDATE wangge.webhook SET epoch = %s, xid = %s::xid8, chain = %s, seq = %s,
                 lease_until = clock_timestamp() + make_interval(secs => %s) WHERE id = %s AND worker = %s""",
            [cursor.epoch, str(cursor.xid), cursor.chain, cursor.seq, lease_s, held.id, held.worker],
        ),
    )


def pinged(conn: connection, held: Held, *, status: int | None, fault: str, now: datetime) -> Held | None:
    """Write what came of a test message; None where the subscription is not this worker's any more."""
    touched = run(
        conn,
        """UPDATE wangge.webhook SET ping = NULLIF(ping, %s::uuid), tried_at = %s, status = %s, fault = %s
           WHERE id = %s AND worker = %s""",
        [held.ping, now, status, fault, held.id, held.worker],
    )
    return replace(held, ping=None) if touched else None


def let_go(conn: connection, held: Held, *, next_at: datetime) -> None:
    """Give a subscription back: it waits until a moment."""
    run(
        conn,
        "UPDATE wangge.webhook SET worker = NULL, lease_until = NULL, next_at = %s WHERE id = %s AND worker = %s",
        [next_at, held.id, held.worker],
    )


def failed(
    conn: connection, held: Held, *, status: int | None, fault: str, now: datetime, next_at: datetime, disable: bool
) -> None:
    """Write that a message was not taken, and give the subscription back until a moment, or for good: the log says so."""
    run(conn, "BEGIN")
    try:
        touched = run(
            conn,
            """UPDATE wangge.webhook SET failures = failures + 1, tried_at = %s, status = %s, fault = %s, next_at = %s,
                 worker = NULL, lease_until = NULL, state = CASE WHEN %s THEN 'disabled' ELSE state END
               WHERE id = %s AND worker = %s""",
            [now, status, fault, next_at, disable, held.id, held.worker],
        )
        if touched and disable:
            body = {"failures": held.failures + 1, "status": status, "fault": fault}
            record(conn, "webhook.disabled", path=held.path, subject=held.id, body=body)
    except BaseException:
        run(conn, "ROLLBACK")
        raise
    run(conn, "COMMIT")


def _moved(held: Held, cursor: Cursor, touched: int) -> Held | None:
    return replace(held, cursor=cursor, failures=0) if touched else None
