"""Connections, shared: each request borrows one for one transaction that says for whom it speaks.

The settings of a transaction end with it. A connection that comes back has no caller: what forgets to say one sees nothing.
A single question needs no more than one round trip: what is sent together is one transaction.
"""

from __future__ import annotations

import queue
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INERROR, connection, make_dsn, parse_dsn

from data.store.prepared import call
from data.store.scope import NOBODY
from data.store.sql import Statement, many, run
from gis.errors import StoreBusy, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from data.store.scope import Scope

T = TypeVar("T")

QUICK_MS, TILE_MS, BULK_MS = 5_000, 2_000, 60_000
"""How long one statement may take: an answer, a tile, a download."""
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 2,
    "tcp_user_timeout": 3000,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
}
"""Without these a call on a cut network hangs for half a minute and longer."""

_SETTINGS = (*NOBODY.settings(), "statement_timeout")
# Left to itself PostgreSQL goes on planning what was prepared (data/store/prepared.py), because it cannot weigh what planning
# below policies costs: as much again as running a page of a hundred grids.
_PLAN_ONCE = ", set_config('plan_cache_mode', 'force_generic_plan', true)"
_BEGIN = (
    "BEGIN ISOLATION LEVEL READ COMMITTED READ {}; SELECT "
    + ", ".join(f"set_config('{name}', %s, true)" for name in _SETTINGS)
    + _PLAN_ONCE
)
_BEGIN_READ = _BEGIN.replace("{}", "ONLY")
_BEGIN_WRITE = _BEGIN.replace("{}", "WRITE")
_SPEAK = (
    "SELECT "
    + ", ".join(f"set_config('{name}', ${n}::text, true)" for n, name in enumerate(_SETTINGS, 1))
    + ", set_config('transaction_read_only', 'on', true)"
    + _PLAN_ONCE
)


def connect(dsn: str) -> connection:
    """Open a connection outside any transaction; `StoreError` says why not."""
    try:
        conn = psycopg2.connect(patient(dsn))
    except psycopg2.OperationalError as error:
        msg = f"the store does not answer: {str(error).strip()}"
        raise StoreBusy(msg) from error
    conn.autocommit = True
    run(conn, "SET lock_timeout = '2s'; SET idle_in_transaction_session_timeout = '15s'; SET timezone = 'UTC'")
    return conn


def patient(dsn: str) -> str:
    """Return an address, however it is written, with limits on how long it is waited for; those that it names itself win."""
    return make_dsn(None, **_PATIENCE | parse_dsn(dsn))


class Pool:
    """At most `size` connections to one store; whoever waits longer than `patience_s` for one is told to come again."""

    def __init__(self, dsn: str, *, size: int = 8, patience_s: float = 2.0) -> None:
        self._dsn = dsn
        self._patience_s = patience_s
        self._closed = False
        # Last in, first out: the connections that are used stay warm. None stands for one that is not open yet.
        self._free: queue.LifoQueue[connection | None] = queue.LifoQueue()
        for _ in range(size):
            self._free.put(None)
        self._size = size

    def __repr__(self) -> str:
        """Say how many connections there may be and how many are free; never the address, which may hold a password."""
        return f"Pool(size={self._size}, free={self._free.qsize()})"

    @contextmanager
    def read(self, scope: Scope, *, ms: int = QUICK_MS) -> Generator[connection]:
        """Give a transaction that reads as `scope`; each statement may take `ms` milliseconds."""
        with self._borrowed(partial(_begin, _BEGIN_READ, scope, ms)) as (conn, _):
            yield conn
            _commit(conn)

    def ask(
        self, scope: Scope, statement: Statement, parameters: Sequence[Any] = (), *, ms: int = QUICK_MS
    ) -> list[tuple[Any, ...]]:
        """Return the rows of one statement, read as `scope`, in a transaction of its own."""
        with self._borrowed(partial(_ask, scope, statement, parameters, ms)) as (_, rows):
            return rows

    def ask_again(self, scope: Scope, text: str, parameters: Sequence[Any], *, ms: int = QUICK_MS) -> list[tuple[Any, ...]]:
        """Return the rows of one statement, as `ask` does, that each connection plans but once (`prepared.name_of`)."""
        with self._borrowed(partial(_ask_prepared, scope, text, parameters, ms)) as (_, rows):
            return rows

    @contextmanager
    def write(self, scope: Scope, *, ms: int = QUICK_MS) -> Generator[connection]:
        """Give a transaction that reads and writes as `scope`; it is committed at the end, or rolled back by an exception."""
        with self._borrowed(partial(_begin, _BEGIN_WRITE, scope, ms)) as (conn, _):
            yield conn
            _commit(conn)

    def close(self) -> None:
        """Close every connection; those that are borrowed, when they come back."""
        self._closed = True
        while True:
            try:
                conn = self._free.get_nowait()
            except queue.Empty:
                return
            if conn is not None:
                conn.close()

    @contextmanager
    def _borrowed(self, first: Callable[[connection], T]) -> Generator[tuple[connection, T]]:
        """Lend a connection, with what is done on it `first`: on a new one where the old one has died meanwhile."""
        if self._closed:
            msg = "the store has been closed"
            raise StoreError(msg)
        try:
            conn = self._free.get(timeout=self._patience_s)
        except queue.Empty:
            msg = "all connections to the store are in use; try again in a moment"
            raise StoreBusy(msg) from None
        try:
            done: tuple[T] | None = None
            if conn is not None:
                try:
                    done = (first(conn),)
                except psycopg2.Error:
                    # It died while nobody used it, which psycopg2 says in three ways. Nothing has been changed yet, so a new
                    # one can begin in its place.
                    if not conn.closed:
                        raise
                    conn.close()
                    conn = None
            if conn is None:
                conn = connect(self._dsn)
            if done is None:
                done = (first(conn),)
            yield conn, done[0]
        finally:
            self._free.put(_clean(conn, keep=not self._closed))


def _begin(begin: str, scope: Scope, ms: int, conn: connection) -> None:
    """Begin a transaction for `scope`."""
    with conn.cursor() as cursor:
        cursor.execute(begin, _told(scope, ms))


def _told(scope: Scope, ms: int) -> list[str]:
    """Return the values of `_SETTINGS`."""
    return [*scope.settings().values(), str(ms)]


def _ask(scope: Scope, statement: Statement, parameters: Sequence[Any], ms: int, conn: connection) -> list[tuple[Any, ...]]:
    asked = statement if isinstance(statement, sql.Composable) else sql.SQL(statement)
    told = _told(scope, ms)
    return many(conn, sql.Composed([call(conn, _SPEAK, len(told)), asked]), [*told, *parameters])


def _ask_prepared(scope: Scope, text: str, parameters: Sequence[Any], ms: int, conn: connection) -> list[tuple[Any, ...]]:
    return _ask(scope, call(conn, text, len(parameters)), parameters, ms, conn)


def _commit(conn: connection) -> None:
    """Commit; the server takes a broken transaction back without a word, and whoever caught its error would not know."""
    if conn.info.transaction_status == TRANSACTION_STATUS_INERROR:
        msg = "a transaction went on after one of its statements had failed; it was taken back"
        raise StoreError(msg)
    run(conn, "COMMIT")


def _clean(conn: connection | None, *, keep: bool) -> connection | None:
    """Return the connection with no transaction open, or None where it is of no more use."""
    if conn is None or conn.closed:
        return None
    if keep:
        try:
            if conn.info.transaction_status != TRANSACTION_STATUS_IDLE:
                run(conn, "ROLLBACK")
        except psycopg2.Error:
            pass
        else:
            return conn
    conn.close()
    return None
