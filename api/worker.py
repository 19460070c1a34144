"""Workers: they take jobs from the store, one after another.

As many as there are machines and processors may run: the store gives every job to one of them at a time. A worker tends
the job while another process works on it (work_process.py): it renews the lease, tells how far the work is, and hears
whether somebody wants it stopped. The job of a worker that is killed, at any moment, is taken by another and leaves one
result; the job of one that is asked to go waits again, as if it had not been begun. Beside that a worker does the chores
(chores.py).

A worker comes as the store's owner, because it acts for the authors of jobs (data/store/jobs.py).
"""

from __future__ import annotations

import logging
import signal
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from threading import Event, Thread
from typing import TYPE_CHECKING, Self, TypeVar

from api.chores import do_once, doing
from api.do_job import do_job
from api.work_process import AWAY, Failed, Hand, Order, Over, Progress, wait_for_parent
from data.store import jobs
from data.store.jobs import MOST_TRIES, Hold
from data.store.pool import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from contextlib import AbstractContextManager
    from multiprocessing.context import SpawnProcess

    from psycopg2.extensions import connection

    from api.chores import Chore
    from api.work_process import Do
    from data.store.jobs import Job

T = TypeVar("T")

_log = logging.getLogger("wangge.worker")
_GRACE_S = 10.0
"""How long a worker beside the server may take to give its job back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds. A lease must outlast many beats: a worker that is only slow keeps its job."""

    lease: float = 20.0
    """How long a job belongs to a worker that is not heard of."""
    beat: float = 1.0
    """Between two renewals: progress, and a wish to stop, are noticed so late."""
    idle: float = 0.5
    """Between two looks at an empty queue."""
    warm: float = 60.0
    """How long the process that works is kept when there is no work; its memory goes with it."""


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def work(
    admin_dsn: str,
    *,
    name: str,
    stop: Event,
    once: bool = False,
    now: Callable[[], datetime] = utc_now,
    pace: Pace = Pace(),
    processes: int = 1,
    do: Do = do_job,
    chores: Sequence[Chore] = (),
) -> None:
    """Work on jobs until `stop` is set.

    Parameters
    ----------
    admin_dsn
        The store's address for its owner.
    name
        What the worker is called in the store; several may have the same name.
    stop
        Looked at all the time, never waited for; may be set by a signal's handler.
    once
        Return when nothing is waiting.
    now
        The clock of what people read, and of what is over; leases run by the store's.
    processes
        How many the units of one job are spread over.
    do
        How a job is done; this and `now` are functions that stand in modules.
    chores
        What is done beside the jobs; with `once`, when none is left.
    """
    with (
        nullcontext() if once else doing(chores, admin_dsn, now),
        _Worker(_Store(admin_dsn), Hand(Order(admin_dsn, do, now, processes)), name, stop, now, pace) as worker,
    ):
        idle_since = time.monotonic()
        while not stop.is_set():
            try:
                job = worker.take()
            except AWAY as error:
                if once:
                    raise
                _log.warning("the store does not answer: %s", error)
                job = None
            if job is not None:
                worker.tend(job)
                idle_since = time.monotonic()
            elif once:
                do_once(chores, admin_dsn, now)
                return
            else:
                if time.monotonic() - idle_since > pace.warm:
                    worker.hand.kill()
                # Not `stop.wait`: a signal's handler that sets what its own thread waits for may wait for itself.
                time.sleep(pace.idle)


class _Store:
    """The worker's own connection, opened again after it broke."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._conn: connection | None = None

    def ask(self, question: Callable[[connection], T]) -> T:
        """Return the store's answer; each statement is a transaction."""
        if self._conn is None or self._conn.closed:
            self._conn = connect(self._dsn)
        return question(self._conn)

    def close(self) -> None:
        """Close the connection."""
        if self._conn is not None:
            self._conn.close()


@dataclass(slots=True)
class _Worker:
    store: _Store
    hand: Hand
    name: str
    stop: Event
    now: Callable[[], datetime]
    pace: Pace

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hand.kill()
        self.store.close()

    def take(self) -> Job | None:
        """Take a job, if one waits."""
        return self.store.ask(partial(jobs.take, worker=self.name, lease_s=self.pace.lease, now=self.now()))

    def tend(self, job: Job) -> None:
        """Have a job done, stopped, or let go: when this returns, this worker has nothing to do with it any more."""
        self.hand.begin(job)
        so_far = Progress(0, 0)
        held = beat = time.monotonic()
        while not self.stop.is_set():
            said = self.hand.hear(beat + self.pace.beat)
            if isinstance(said, Over | Failed):
                self._end(job, said)
                return
            so_far = said or so_far
            if time.monotonic() < beat + self.pace.beat:
                continue
            beat = time.monotonic()
            match self._renew(job, so_far):
                case Hold.GOING:
                    held = beat
                case Hold.CANCEL:
                    self._break_off(partial(jobs.stopped, job=job, now=self.now()))
                    return
                case None if beat - held < self.pace.lease:
                    pass
                case Hold.LOST | None:
                    _log.warning("job %s is not ours any more", job.id)
                    self.hand.kill()
                    return
        self._break_off(partial(jobs.give_back, job=job, counts=False))

    def _renew(self, job: Job, so_far: Progress) -> Hold | None:
        """Renew the lease; None where the store does not answer."""
        how = partial(jobs.renew, job=job, done=so_far.done, total=so_far.total, lease_s=self.pace.lease)
        try:
            return self.store.ask(how)
        except AWAY as error:
            _log.warning("the lease of job %s was not renewed: %s", job.id, error)
            return None

    def _end(self, job: Job, said: Over | Failed) -> None:
        """Write the end of a job where the process that worked has not."""
        written = isinstance(said, Over) and said.written
        if isinstance(said, Failed):
            _log.error("job %s failed at try %d: %s", job.id, job.tries, said.trace)
            if said.again and job.tries < MOST_TRIES:
                written = self._note(partial(jobs.give_back, job=job, counts=True))
            else:
                written = self._note(partial(jobs.fail, job=job, problem=said.problem, now=self.now()))
        if not written:
            # Somebody wanted it stopped just then; if it is another worker's, this changes nothing.
            self._note(partial(jobs.stopped, job=job, now=self.now()))

    def _break_off(self, note: Callable[[connection], bool]) -> None:
        """Kill the work first, and only then say that nobody is at it."""
        self.hand.kill()
        self._note(note)

    def _note(self, note: Callable[[connection], bool]) -> bool:
        """Write something about a job; where the store does not answer, the lease runs out and says enough."""
        try:
            return self.store.ask(note)
        except AWAY as error:
            _log.warning("the end of a job was not written: %s", error)
            return False


def stop_at_signals() -> Event:
    """Return what SIGTERM and SIGINT set from now on; for the main thread."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


@contextmanager
def start_worker(
    admin_dsn: str,
    *,
    name: str,
    chores: Callable[[], AbstractContextManager[Sequence[Chore]]] | None = None,
    processes: int = 1,
    set_up: Callable[[], object] | None = None,
) -> Generator[SpawnProcess]:
    """Have a worker in a process beside this one, which ends with it, however it ends.

    `chores` gives what it does beside jobs, in the new process: like `set_up`, a function that stands in a module.
    `set_up` is called first in the new process, to set up its log: a function that stands in a module, or a `partial` of one.
    """
    process = get_context("spawn").Process(target=_work_beside, args=(admin_dsn, name, chores, processes, set_up), name=name)
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join(_GRACE_S)
        process.kill()
        process.join()
        process.close()


def _work_beside(
    admin_dsn: str,
    name: str,
    chores: Callable[[], AbstractContextManager[Sequence[Chore]]] | None,
    processes: int,
    set_up: Callable[[], object] | None,
) -> None:
    stop = stop_at_signals()

    def stop_with_parent() -> None:
        wait_for_parent()
        stop.set()

    Thread(target=stop_with_parent, daemon=True).start()
    if set_up is not None:
        set_up()
    with nullcontext(()) if chores is None else chores() as mine:
        work(admin_dsn, name=name, stop=stop, processes=processes, chores=mine)
