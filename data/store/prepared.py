"""Statements that a connection plans once.

Below row-level security, planning a short statement costs four times what running it does. Only statements whose best plan
does not depend on what they bind are worth keeping: one feature by its id, a page in the order of ids.
"""

from __future__ import annotations

import hashlib
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from psycopg2 import sql

from data.store.sql import many, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import connection

MOST = 64
"""Statements that one connection keeps; one more, and all are forgotten."""

_lock = Lock()
_kept: WeakKeyDictionary[connection, dict[str, str]] = WeakKeyDictionary()


def rows_of(conn: connection, text: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a statement of ours, which says `$1`, `$2`, … where it binds `parameters`."""
    with _lock:
        names = _kept.setdefault(conn, {})
    name = names.get(text)
    if name is None:
        if len(names) >= MOST:
            run(conn, "DEALLOCATE ALL")
            names.clear()
        name = "ogc_" + hashlib.sha256(text.encode()).hexdigest()[:20]
        run(conn, sql.SQL("PREPARE {} AS {}").format(sql.Identifier(name), sql.SQL(text.replace("%", "%%"))), [])
        names[text] = name
    marks = sql.SQL(", ").join([sql.Placeholder()] * len(parameters))
    return many(conn, sql.SQL("EXECUTE {} ({})").format(sql.Identifier(name), marks), parameters)
