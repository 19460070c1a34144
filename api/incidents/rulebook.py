"""The clocks of a town, kept in memory until its calendar or its limits change: a report alone would read them every time."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from api.loop.calendar import calendar_from, default_calendar
from api.loop.deadlines import Deadlines
from api.loop.limits import default_limits, limits_from
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

        A town that states no days or no limits of its own has those of a fresh installation.
        """
        version = rules_version(conn) if version is None else version
        with self._lock:
            kept = self._kept
        if kept is not None and kept[0] == version:
            return kept[1]
        days, limits = clock_rows(conn)
        made = Deadlines(
            limits_from(limits) if limits else default_limits(), calendar_from(days) if days else default_calendar()
        )
        with self._lock:
            self._kept = (version, made)
        return made
