"""The clocks of a town, kept in memory until its calendar or its limits change: a report alone would read them every time."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from api.loop.deadlines import Deadlines
from api.matters.clocks import town_calendar, town_limits
from data.store.incidents import clock_rows, rules_version

if TYPE_CHECKING:
    from psycopg2.extensions import connection


class Rulebook:
    """The deadlines of one store."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: tuple[int, Deadlines] | None = None

    def deadlines(self, conn: connection, version: int | None = None) -> Deadlines:
        """Return the clocks as they are; `version` is that of calendar and limits, where it is known already.

        What a town does not state itself is as in a fresh installation (api/matters/clocks.py).
        """
        version = rules_version(conn) if version is None else version
        with self._lock:
            kept = self._kept
        if kept is not None and kept[0] == version:
            return kept[1]
        days, limits, matters = clock_rows(conn)
        made = Deadlines(town_limits(limits, matters), town_calendar(days))
        with self._lock:
            self._kept = (version, made)
        return made
