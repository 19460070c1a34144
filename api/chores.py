"""Chores: what is done again and again beside the jobs, as the store's owner.

What is over is thrown away, time is told to incidents, a net that takes effect moves them. Each has a thread and a connection
of its own, so that none waits for another; any number of machines may do them at once, for the store sees to it that each
thing is done by one.
"""

from __future__ import annotations

import logging
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import psycopg2

from api.incidents.rehome import rehome_due
from api.incidents.rulebook import Rulebook
from api.incidents.ticker import tick
from data.store import answers, credentials
from data.store.pool import connect
from gis.errors import WanggeError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from datetime import datetime

    from psycopg2.extensions import connection

_log = logging.getLogger("wangge.chores")
_AT_ONCE = 200
"""Incidents that one tick looks at."""
_MOST_AT_ONCE = 1000
"""Times that a chore is done in a row before others have a look: the thread is asked to stop in between anyway."""
_GRACE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Something that is done every `every_s` seconds; `do` says whether there is more of it to do right away."""

    name: str
    every_s: float
    do: Callable[[connection, datetime], bool]


def tidy(every_s: float = 3600.0) -> Chore:
    """Return the chore of throwing away what the store keeps for a time only."""
    return Chore(name="tidy", every_s=every_s, do=_forget)


def usual_chores(zone: str) -> tuple[Chore, ...]:
    """Return what a service does by itself; `zone` is where its days begin."""
    rules = Rulebook()
    return (
        tidy(),
        Chore(name="tick", every_s=5.0, do=partial(_tick, rules)),
        Chore(name="rehome", every_s=30.0, do=partial(_rehome, rules, ZoneInfo(zone))),
    )


@contextmanager
def doing(chores: Sequence[Chore], admin_dsn: str, now: Callable[[], datetime]) -> Generator[None]:
    """Do chores in the background until the end of the block."""
    stop = Event()
    threads = [
        Thread(target=_again, args=(chore, admin_dsn, now, stop), name=f"chore-{chore.name}", daemon=True) for chore in chores
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(_GRACE_S)


def do_once(chores: Sequence[Chore], admin_dsn: str, now: Callable[[], datetime]) -> None:
    """Do each chore until nothing of it is left; errors are the caller's."""
    with closing(connect(admin_dsn)) as conn:
        for chore in chores:
            for _ in range(_MOST_AT_ONCE):
                if not chore.do(conn, now()):
                    break


def _again(chore: Chore, admin_dsn: str, now: Callable[[], datetime], stop: Event) -> None:
    conn: connection | None = None
    while not stop.is_set():
        try:
            if conn is None or conn.closed:
                conn = connect(admin_dsn)
            if chore.do(conn, now()):
                continue
        except (psycopg2.Error, WanggeError):
            # Whatever it was, it is tried again; a connection in doubt is not.
            _log.exception("%s failed and is tried again", chore.name)
            if conn is not None:
                conn.close()
        stop.wait(chore.every_s)
    if conn is not None:
        conn.close()


def _forget(conn: connection, now: datetime) -> bool:
    """Forget answers that nobody will ask for again, sessions that are over, and failed attempts to sign in that are old."""
    answers.forget(conn, now - answers.KEPT)
    credentials.forget_over(conn, now)
    return False


def _tick(rules: Rulebook, conn: connection, now: datetime) -> bool:
    return tick(conn, now, rules, limit=_AT_ONCE) == _AT_ONCE


def _rehome(rules: Rulebook, zone: ZoneInfo, conn: connection, now: datetime) -> bool:
    rehome_due(conn, now, now.astimezone(zone).date(), rules)
    return False
