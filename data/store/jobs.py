"""Jobs in the store: work that takes longer than an answer may, held by leases.

A worker takes a job and holds it by a lease that it renews. A job whose lease has run out belongs to whoever takes it
next: it is worked on at least once, and at most `MOST_TRIES` times. Its end is written once: every take is given a name of
its own, and only who still goes by that name on the job writes to it.

Callers ask through policies (`enqueue`, `get`, `listed`, `cancel`). Workers act for the authors of jobs, whose areas they
do not have, so they come as the store's owner; what they write carries the author. Leases run by the store's clock, which
all workers share.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json

from data.store.sql import many, maybe, one, run
from gis.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from psycopg2.extensions import connection

DIVIDE, BLOCKS, SUGGEST, PRINT = "divide", "blocks", "suggest", "print"
QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STATES = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)
KEPT = timedelta(days=7)
"""How long a suggestion is kept: each may be as large as the plan, and the plan has gone on since. So are printed files."""
MOST_TRIES = 3
"""A job that was begun so often and never came to an end takes its worker with it; it is not tried again."""
LOST: Mapping[str, Any] = {"code": "worker-lost", "status": 500}
"""The problem of such a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it stands; `done` of `total` units are divided, both 0 before that begins.

    `path` is the smallest area that holds all that it is about, or one of its communities where its author has these alone.
    `worker` names one take of it, by one worker. `cancel` says that somebody wants it to stop.
    """

    id: str
    kind: str
    path: str
    wants: Mapping[str, Any]
    state: str
    done: int
    total: int
    cancel: bool
    tries: int
    worker: str | None
    author: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: Mapping[str, Any] | None
    problem: Mapping[str, Any] | None


class Hold(Enum):
    """What a worker learns when it renews its lease."""

    GOING = "going"
    CANCEL = "cancel"
    """Still held, but the work is to stop."""
    LOST = "lost"
    """Somebody else has the job, or it is over."""


# What waits and is to stop is never begun, whether or not a worker has come by to write that down.
_SELECT = """SELECT * FROM (
    SELECT id::text, kind, path::text, wants, CASE WHEN cancel AND state = 'queued' THEN 'cancelled' ELSE state END AS state,
      done, total, cancel, tries, worker, author::text, created_at, started_at, finished_at, result, problem
    FROM wangge.job) j """
# Each of a thousand in a list may have painted, and been suggested, as much as there is in a plan.
_BRIEF = _SELECT.replace("wants,", "wants - 'blocks' AS wants,").replace("result,", "result - 'suggestion' AS result,")
_NAMES = (
    "id", "kind", "path", "wants", "state", "done", "total", "cancel", "tries", "worker", "author", "created_at", "started_at",
    "finished_at", "result", "problem",
)  # fmt: skip


def _job(row: Sequence[Any]) -> Job:
    return Job(**dict(zip(_NAMES, row, strict=True)))


# --- for callers --------------------------------------------------------------------------------------------------------


def enqueue(
    conn: connection, *, path: str, wants: Mapping[str, Any], author: str | None, now: datetime, kind: str = DIVIDE
) -> Job:
    """Write down a job that begins when a worker is free."""
    (identity,) = one(
        conn,
        "INSERT INTO wangge.job (kind, path, wants, author, created_at) VALUES (%s, %s, %s, %s, %s) RETURNING id::text",
        [kind, path, Json(dict(wants)), author, now],
    )
    return get(conn, identity)


def get(conn: connection, identity: str) -> Job:
    """Return a job that the caller may see."""
    row = maybe(conn, _SELECT + "WHERE id = %s", [identity])
    if row is None:
        msg = f"there is no job {identity}, or it is not yours to see"
        raise NotFound(msg)
    return _job(row)


def several(conn: connection, identities: Sequence[str]) -> list[Job]:
    """Return jobs in the order of their ids here, those that the caller may see."""
    rows = many(conn, _SELECT + "WHERE id = ANY (%(ids)s) ORDER BY array_position(%(ids)s, id)", {"ids": list(identities)})
    return [_job(row) for row in rows]


def going_on(conn: connection, kind: str, wants: Mapping[str, Any]) -> Job | None:
    """Return the oldest job of a kind that wants just this and is not over, of those that the caller sees."""
    row = maybe(
        conn,
        _SELECT
        + """WHERE kind = %s AND wants = %s AND state IN ('queued', 'running') AND NOT cancel
                     ORDER BY created_at, id LIMIT 1""",
        [kind, Json(dict(wants))],
    )
    return None if row is None else _job(row)


def listed(conn: connection, *, state: str | None = None, limit: int = 100) -> list[Job]:
    """Return the jobs that the caller may see, newest first; without what was painted for a suggestion, and without it."""
    rows = many(
        conn,
        _BRIEF + "WHERE %(state)s::text IS NULL OR state = %(state)s ORDER BY created_at DESC, id LIMIT %(limit)s",
        {"state": state, "limit": limit},
    )
    return [_job(row) for row in rows]


def cancel(conn: connection, identity: str) -> Job:
    """Ask for a job to be stopped, and return it: at once where it waits, else as soon as its worker hears of it.

    `Conflict` where it has come to an end of its own.
    """
    run(conn, "UPDATE wangge.job SET cancel = true WHERE id::text = %s AND state IN ('queued', 'running')", [identity])
    job = get(conn, identity)
    if job.state in {DONE, FAILED}:
        msg = f"this job is {job.state}; there is nothing left to stop"
        raise Conflict(msg, code="job-finished", state=job.state)
    return job


def forget(conn: connection, before: datetime) -> int:
    """Forget the suggestions of jobs that ended before a moment, and what was painted for them; return of how many jobs.

    `conn` is the owner's. The jobs themselves stay.
    """
    return run(
        conn,
        """UPDATE wangge.job SET wants = wants - 'blocks', result = result - 'suggestion'
           WHERE kind = 'suggest' AND finished_at < %s AND (wants ? 'blocks' OR result ? 'suggestion')""",
        [before],
    )


# --- for workers --------------------------------------------------------------------------------------------------------


def take(conn: connection, *, worker: str, lease_s: float, now: datetime) -> Job | None:
    """Take the oldest job that waits, or whose worker has let its lease run out; None where there is none.

    Takes that come at the same moment get different jobs, none waits for another. Jobs that nobody is to work on any more
    come to their end here.
    """
    _settle(conn, now)
    row = maybe(
        conn,
        """WITH next AS (
             SELECT id FROM wangge.job
             WHERE (state = 'queued' OR state = 'running' AND lease_until < clock_timestamp())
               AND NOT cancel AND tries < %(most)s
             ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
           UPDATE wangge.job j SET state = 'running', tries = j.tries + 1, done = 0, total = 0,
             worker = %(worker)s || '/' || left(gen_random_uuid()::text, 8),
             lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
             started_at = coalesce(j.started_at, %(now)s)
           FROM next WHERE j.id = next.id RETURNING j.id::text""",
        {"most": MOST_TRIES, "worker": worker, "lease": lease_s, "now": now},
    )
    return None if row is None else get(conn, row[0])


def _settle(conn: connection, now: datetime) -> None:
    """End the jobs that are held by nobody and will not be taken again: stopped ones, and those that were tried too often."""
    run(
        conn,
        """WITH over AS (
             SELECT id FROM wangge.job
             WHERE (state = 'queued' OR state = 'running' AND lease_until < clock_timestamp())
               AND (cancel OR tries >= %(most)s)
             FOR UPDATE SKIP LOCKED)
           UPDATE wangge.job j SET state = CASE WHEN j.cancel THEN 'cancelled' ELSE 'failed' END,
             problem = CASE WHEN j.cancel THEN NULL ELSE %(lost)s::jsonb END,
             worker = NULL, lease_until = NULL, finished_at = %(now)s
           FROM over WHERE j.id = over.id""",
        {"most": MOST_TRIES, "lost": Json(dict(LOST)), "now": now},
    )


def renew(conn: connection, job: Job, *, done: int, total: int, lease_s: float) -> Hold:
    """Hold a job for longer, say how far it is, and learn whether to go on."""
    row = maybe(
        conn,
        """UPDATE wangge.job SET lease_until = clock_timestamp() + make_interval(secs => %s), done = %s, total = %s
           WHERE id = %s AND state = 'running' AND worker = %s RETURNING cancel""",
        [lease_s, done, total, job.id, job.worker],
    )
    if row is None:
        return Hold.LOST
    return Hold.CANCEL if row[0] else Hold.GOING


def finish(conn: connection, job: Job, result: Mapping[str, Any], *, units: int, now: datetime) -> bool:
    """Write the result of a job of so many units; False where it is not this worker's any more, or was to stop.

    In the transaction that writes what the result names, and last in it: both are there, or neither.
    """
    changed = run(
        conn,
        """UPDATE wangge.job SET state = 'done', result = %s, done = %s, total = %s, finished_at = %s, worker = NULL,
             lease_until = NULL WHERE id = %s AND state = 'running' AND worker = %s AND NOT cancel""",
        [Json(dict(result)), units, units, now, job.id, job.worker],
    )
    return changed == 1


def fail(conn: connection, job: Job, problem: Mapping[str, Any], *, now: datetime) -> bool:
    """Write why a job cannot be done; False where it is not this worker's any more, or was to stop."""
    changed = run(
        conn,
        """UPDATE wangge.job SET state = 'failed', problem = %s, finished_at = %s, worker = NULL, lease_until = NULL
           WHERE id = %s AND state = 'running' AND worker = %s AND NOT cancel""",
        [Json(dict(problem)), now, job.id, job.worker],
    )
    return changed == 1


def stopped(conn: connection, job: Job, *, now: datetime) -> bool:
    """Write that a job was stopped because somebody wanted it; False where it is not this worker's any more."""
    changed = run(
        conn,
        """UPDATE wangge.job SET state = 'cancelled', finished_at = %s, worker = NULL, lease_until = NULL
           WHERE id = %s AND state = 'running' AND worker = %s AND cancel""",
        [now, job.id, job.worker],
    )
    return changed == 1


def give_back(conn: connection, job: Job, *, counts: bool) -> bool:
    """Let a job wait again, for whoever is free; False where it is not this worker's any more.

    `counts`: the try was one, as when the work broke down; a worker that was told to go has not tried.
    """
    changed = run(
        conn,
        """UPDATE wangge.job SET state = 'queued', worker = NULL, lease_until = NULL, done = 0, total = 0,
             tries = tries - %s WHERE id = %s AND state = 'running' AND worker = %s""",
        [0 if counts else 1, job.id, job.worker],
    )
    return changed == 1
