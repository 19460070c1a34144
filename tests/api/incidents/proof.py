"""The proof of incidents for tests: everything that is wrong in a store."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from api.incidents.verify import verify
from data.store.pool import connect

if TYPE_CHECKING:
    from api.incidents.fault import Fault

_PAGE = 7
"""So few at once that a page ends in the middle of every test."""


def faults(conn: Any) -> list[Fault]:
    """Return everything that is wrong with all incidents of a store."""
    found: list[Fault] = []
    verify(conn, found.append, page=_PAGE)
    return found


def faults_in(dsn: str) -> list[Fault]:
    """Return the same, over a connection of its own."""
    with closing(connect(dsn)) as conn:
        return faults(conn)
