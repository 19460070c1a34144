"""Chores: what is done again and again beside the jobs, as the store's owner.

What is over is thrown away, time is told to incidents, heaps of cases are warned of, a net that takes effect moves them, what
somebody leaves behind goes to whoever stands in, webhooks go out. Each has a thread and a connection of its own, so that none
waits for another; any number of machines may do them at once, for the store sees to it that each thing is done by one.
"""

from __future__ import annotations

import logging
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import SystemRandom
from threading import Event, Thread
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import psycopg2
from psycopg2.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

from api.feed.post import Client
from api.feed.sender import Outbox, deliver_due
from api.feed.targets import Allowed, networks
from api.incidents.early import warn
from api.incidents.hand_over import hand_over_due
from api.incidents.rehome import rehome_due
from api.incidents.rulebook import Rulebook
from api.incidents.ticker import tick
from api.secret import read_secret
from api.who.pepper import Pepper
from data.store import answers, contacts, credentials, jobs, prints
from data.store.pool import Pool, connect
from gis.errors import StoreBusy, WanggeError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from datetime import datetime

    from psycopg2.extensions import connection

    from api.settings import Settings

_log = logging.getLogger("wangge.chores")
_AT_ONCE = 200
"""Incidents that one tick looks at."""
_MOST_AT_ONCE = 1000
"""Times that a chore is done in a row before others have a look: the thread is asked to stop in between anyway."""
_IN_THE_WAY = (DeadlockDetected, LockNotAvailable, SerializationFailure, StoreBusy)
"""Others hold what a chore wants: no fault of anybody."""
_GRACE_S = 15.0
"""What is under way may end: a message has ten seconds."""
_LANES = 2
"""Webhooks that are sent at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Something that is done every `every_s` seconds; `do` says whether there is more of it to do right away."""

    name: str
    every_s: float
    do: Callable[[connection, datetime], bool]


def tidy(every_s: float = 3600.0, contact_days: int = contacts.KEPT_DAYS) -> Chore:
    """Return the chore of throwing away what the store keeps for a time only; who reported, for days after the end."""
    return Chore(name="tidy", every_s=every_s, do=partial(_forget, timedelta(days=contact_days)))


@contextmanager
def usual_chores(settings: Settings, app_dsn: str, name: str) -> Generator[tuple[Chore, ...]]:
    """Give what a service does by itself; `name` is the worker's.

    Webhooks are signed with the service's secret: a machine that does not have it leaves them to those that do.
    """
    rules, zone = Rulebook(), ZoneInfo(settings.zone)
    chores = (
        tidy(contact_days=settings.contact_days),
        Chore(name="tick", every_s=5.0, do=partial(_tick, rules, zone)),
        Chore(name="rehome", every_s=30.0, do=partial(_rehome, rules, zone)),
        Chore(name="hand-over", every_s=60.0, do=partial(_hand_over, rules, zone)),
        Chore(name="warn", every_s=30.0, do=partial(_warn, zone)),
    )
    if not settings.secret_path.exists():
        _log.warning("webhooks are sent by others: there is no secret at %s", settings.secret_path)
        yield chores
        return
    with closing(Pool(app_dsn, size=_LANES)) as reader:
        outbox = Outbox(
            reader=reader,
            client=Client(allowed=Allowed(plain=settings.webhook_plain, networks=networks(settings.webhook_networks))),
            pepper=Pepper(read_secret(settings.secret_path).derive("pepper")),
            draw=SystemRandom(),
            base=settings.base_url,
            worker=name,
        )
        # One slow receiver holds up a lane for as long as a message may take.
        lanes = (Chore(name=f"webhooks-{n}", every_s=0.5, do=partial(deliver_due, outbox)) for n in range(1, _LANES + 1))
        yield (*chores, *lanes)


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
        except (psycopg2.Error, WanggeError) as error:
            # Whatever it was, it is tried again; a connection in doubt is not.
            if isinstance(error, _IN_THE_WAY):
                _log.warning("%s gives way to others and is tried again: %s", chore.name, str(error).splitlines()[0])
            else:
                _log.exception("%s failed and is tried again", chore.name)
            if conn is not None:
                conn.close()
        stop.wait(chore.every_s)
    if conn is not None:
        conn.close()


def _forget(contact_kept: timedelta, conn: connection, now: datetime) -> bool:
    """Forget answers nobody asks for again, sessions that are over, failures to sign in, who reported, suggestions, prints."""
    answers.forget(conn, now - answers.KEPT)
    credentials.forget_over(conn, now)
    contacts.erase_contacts(conn, now - contact_kept)
    jobs.forget(conn, now - jobs.KEPT)
    prints.forget(conn, now - jobs.KEPT)
    return False


def _tick(rules: Rulebook, zone: ZoneInfo, conn: connection, now: datetime) -> bool:
    return tick(conn, now, rules, today=now.astimezone(zone).date(), limit=_AT_ONCE) == _AT_ONCE


def _hand_over(rules: Rulebook, zone: ZoneInfo, conn: connection, now: datetime) -> bool:
    return hand_over_due(conn, now, zone, rules, limit=_AT_ONCE) == _AT_ONCE


def _warn(zone: ZoneInfo, conn: connection, now: datetime) -> bool:
    warn(conn, now, today=now.astimezone(zone).date())
    return False


def _rehome(rules: Rulebook, zone: ZoneInfo, conn: connection, now: datetime) -> bool:
    rehome_due(conn, now, now.astimezone(zone).date(), rules)
    return False
