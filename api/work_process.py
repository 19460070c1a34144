"""The process in which jobs are worked on: warm from job to job, and killed when a job has to stop.

Arithmetic in compiled code hears no request to stop; a process can be killed whatever it does. The end of a job and what
it names are written in one transaction, so that it may be killed at any moment: both are there, or neither.
"""

from __future__ import annotations

import os
import signal
import time
import traceback
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol

import psycopg2

from api.problems import problem_of
from data.plan_files import finding_record
from data.store import jobs
from data.store.pool import connect
from data.store.sql import run
from gis.errors import InputError, RequestError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from psycopg2.extensions import connection

    from data.store.jobs import Job

AWAY = (psycopg2.OperationalError, psycopg2.InterfaceError, StoreError)
"""The store does not answer now, or not to us; asking again later may succeed."""


class Work(Protocol):
    """What a job came to, ready to be written down."""

    def write(self, conn: connection, now: datetime, /) -> Mapping[str, Any]:
        """Write it in a transaction of the owner's and return the job's result."""
        ...


class Do(Protocol):
    """How a job is done. It is carried to the other process by its name: a function that stands in a module."""

    def __call__(self, dsn: str, job: Job, progress: Callable[[int, int], None], processes: int, /) -> Work:
        """Do a job: ask the owner's store by its DSN, tell `progress` (done, total), use so many processes."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """How jobs are done, whatever they are. `now` is the clock of what people read, and stands in a module too."""

    dsn: str
    do: Do
    now: Callable[[], datetime]
    processes: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How many units are done, of how many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Over:
    """The job has come to its end; `written`: the end that it has in the store is the one that was worked for."""

    written: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """The job could not be done: why, for its author and for the log; `again`: another try may do it."""

    problem: Mapping[str, Any]
    trace: str
    again: bool


class Hand:
    """The process that works, as who tends it sees it: started with its first job, and again after it was killed."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    def begin(self, job: Job) -> None:
        """Hand it a job."""
        if self._pipe is not None:
            with suppress(OSError):
                if not self._pipe.poll():
                    self._pipe.send(job)
                    return
            self.kill()  # it died while it had nothing to do
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        with theirs:
            self._process = context.Process(target=_serve, args=(theirs, self._order), name="wangge-work")
            self._process.start()
        self._pipe.send(job)

    def hear(self, until: float) -> Progress | Over | Failed | None:
        """Return what it says before `until` on the monotonic clock, or None."""
        if self._pipe is None:
            return _died(None)
        try:
            return self._pipe.recv() if self._pipe.poll(max(0.0, until - time.monotonic())) else None
        except (EOFError, OSError):
            return _died(self.kill())

    def kill(self) -> int | None:
        """End it at once, with all its helpers, and return its exit code; nothing of the job is left."""
        code = None
        if self._process is not None and self._process.pid is not None:
            # Nobody has asked for its exit before this, so that its number cannot be somebody else's by now.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.join()
            code = self._process.exitcode
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None
        return code


def _died(code: int | None) -> Failed:
    return Failed(jobs.LOST, f"the process that worked on it ended by itself (exit code {code})", again=True)


def wait_for_parent() -> None:
    """Return when the process that started this one has ended, however it ended."""
    if (parent := parent_process()) is not None:
        parent.join()


def _serve(pipe: Connection, order: Order) -> None:
    """Do the jobs that come through the pipe, until it is closed."""
    # A group of its own: whoever kills it kills its helpers too, and a Ctrl-C at the terminal is not for it.
    os.setpgid(0, 0)
    Thread(target=_die_with_parent, daemon=True).start()
    with suppress(EOFError):
        while True:
            pipe.send(_work_on(pipe.recv(), order, pipe))


def _die_with_parent() -> None:
    wait_for_parent()
    os.killpg(0, signal.SIGKILL)


def _work_on(job: Job, order: Order, pipe: Connection) -> Over | Failed:
    units = 0

    def progress(done: int, total: int) -> None:
        nonlocal units
        units = total
        pipe.send(Progress(done, total))

    try:
        work = order.do(order.dsn, job, progress, order.processes)
        return Over(_write(job, work, order, units))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong in a job is the end of the job alone
        trace = "".join(traceback.format_exception(error))
        return Failed(_problem(error), trace, again=isinstance(error, AWAY))


def _write(job: Job, work: Work, order: Order, units: int) -> bool:
    """Write what the work came to and the job's end, both or neither; False: the job is not ours to end."""
    with closing(connect(order.dsn)) as conn:
        # What is big takes its time; the transaction ends with the connection, and that with this process.
        run(conn, "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = '60s'")
        result = work.write(conn, order.now())
        ours = jobs.finish(conn, job, result, units=units, now=order.now())
        run(conn, "COMMIT" if ours else "ROLLBACK")
        return ours


def _problem(error: Exception) -> dict[str, Any]:
    """Return what is kept of an error for the author of a job: what an answer would say of it, in both languages."""
    found = problem_of(error, "en")
    kept: dict[str, Any] = {"code": found.code, "kind": found.kind, "status": found.status, "detail": found.detail}
    if isinstance(error, InputError):
        kept["findings"] = [finding_record(finding) for finding in error.findings]
    elif isinstance(error, RequestError):
        kept["more"] = dict(found.more)
    return kept
