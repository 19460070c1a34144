"""Statements that a connection plans once.

Below row-level security, planning a short statement costs four times what running it does. Only statements whose best plan
does not depend on what they bind are worth keeping: one feature by its id, a page in the order of ids.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from psycopg2 import sql

from data.store.sql import many, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from psycopg2.extensions import connection

MOST = 64
"""Statements that one connection keeps: those that were asked last."""

_lock = Lock()
_kept: WeakKeyDictionary[connection, dict[str, str]] = WeakKeyDictionary()


def name_of(conn: connection, text: str) -> str:
    """Return the name under which a connection knows a statement of ours, which says `$1`, `$2`, … where it binds values."""
    with _lock:
        names = _kept.setdefault(conn, {})
    name = names.pop(text, None)
    if name is None:
        if len(names) >= MOST:
            oldest = next(iter(names))
            run(conn, sql.SQL("DEALLOCATE {}").format(sql.Identifier(names.pop(oldest))))
        name = "wangge_" + hashlib.sha256(text.encode()).hexdigest()[:20]
        run(conn, sql.SQL("PREPARE {} AS {}").format(sql.Identifier(name), sql.SQL(text.replace("%", "%%"))), [])
    names[text] = name
    return name


def many_again(conn: connection, text: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return all rows of a statement that the connection plans once; it says `$1`, `$2`, … where it binds values."""
    return many(conn, call(conn, text, len(parameters)), parameters)


def run_again(conn: connection, text: str, parameters: Sequence[Any]) -> int:
    """Run a statement that the connection plans once, and return how many rows it touched."""
    return run(conn, call(conn, text, len(parameters)), parameters)


def call(conn: connection, text: str, parameters: int) -> sql.SQL:
    """Return the call of a statement that the connection plans once, so many values to be bound; another may follow it."""
    return _call(name_of(conn, text), parameters)


@lru_cache(maxsize=1024)
def _call(name: str, parameters: int) -> sql.SQL:
    marks = ", ".join(["%s"] * parameters)
    return sql.SQL(f"EXECUTE {name} ({marks}); " if marks else f"EXECUTE {name}; ")
