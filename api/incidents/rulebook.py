"""The rules of a town, kept in memory until they change: a report alone would read them every time.

Calendar, limits, policies and the words of profiles have one version; whoever knows it already asks nothing at all.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from api.loop.deadlines import Deadlines
from api.loop.policy import policy_of
from api.loop.rings import Words, words_from
from api.matters.clocks import town_calendar, town_limits
from data.store.incidents import clock_rows, rules_version
from data.store.policies import kept_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from psycopg2.extensions import connection

    from api.loop.facts import Policy
    from data.store.policies import Saying

_MOST = 10_000
"""Places whose policies, and whose words, are remembered: more than a city has communities."""


class Book:
    """The rules of one version. What places say is looked up once for each of them and each day."""

    def __init__(self, version: int, deadlines: Deadlines, policies: Sequence[Saying], words: Sequence[Saying]) -> None:
        self.version = version
        self.deadlines = deadlines
        self._policies, self._words = policies, words
        self._policy: dict[tuple[str, date], Policy] = {}
        self._called: dict[tuple[str, date], Words] = {}

    def policy(self, path: str, day: date) -> Policy:
        """Return the policy that holds at a path: each number as the nearest area says it, else a fresh installation's."""
        found = self._policy.get((path, day))
        if found is None:
            found = policy_of(each.says for each in _at(self._policies, path, day))
            self._forget()
            self._policy[path, day] = found
        return found

    def words(self, path: str, day: date) -> Words:
        """Return what the nearest profile calls stages and tiers; one that says nothing of either leaves it to those above."""
        found = self._called.get((path, day))
        if found is None:
            there = _at(self._words, path, day)
            stages = next((each.says for each in reversed(there) if each.says["stages"]), {})
            tiers = next((each.says for each in reversed(there) if each.says["tiers"]), {})
            found = words_from(stages.get("stages"), tiers.get("tiers"), profile=stages.get("name"))
            self._forget()
            self._called[path, day] = found
        return found

    def _forget(self) -> None:
        """Throw away what was looked up, before it is more than there is room for."""
        for memory in (self._policy, self._called):
            if len(memory) >= _MOST:
                memory.clear()


class Rulebook:
    """The rules of one store."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: Book | None = None

    def read(self, conn: connection, version: int | None = None) -> Book:
        """Return the rules as they are; `version` is theirs, where it is known already.

        What a town does not state itself is as in a fresh installation (api/matters/clocks.py, api/loop/policy.py).
        """
        version = rules_version(conn) if version is None else version
        with self._lock:
            kept = self._kept
        if kept is not None and kept.version == version:
            return kept
        days, limits, matters = clock_rows(conn)
        made = Book(version, Deadlines(town_limits(limits, matters), town_calendar(days)), *kept_rows(conn))
        with self._lock:
            self._kept = made
        return made

    def deadlines(self, conn: connection, version: int | None = None) -> Deadlines:
        """Return the clocks alone."""
        return self.read(conn, version).deadlines


def _at(rows: Sequence[Saying], path: str, day: date) -> list[Saying]:
    """Return what is said at a path on a day, the highest area first."""
    there = [
        each
        for each in rows
        if f"{path}.".startswith(f"{each.path}.") and each.valid_from <= day and (each.valid_to is None or day < each.valid_to)
    ]
    return sorted(there, key=lambda each: each.path.count("."))
