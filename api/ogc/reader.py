"""The store as one caller reads it: questions that are sent in one piece, and the texts of those that come again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.store.pool import QUICK_MS
from data.store.scope import NOBODY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from psycopg2 import sql
    from psycopg2.extensions import AsIs

    from api.ogc.answers import Held
    from data.store.pool import Pool
    from data.store.scope import Scope


@dataclass(frozen=True, slots=True)
class Reader:
    """The store, for whom it is read, and what is remembered between requests; each statement may take `ms` milliseconds."""

    pool: Pool
    scope: Scope
    kept: Held
    ms: int = QUICK_MS

    def ask(self, statement: sql.Composable, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        return self.pool.ask(self.scope, statement, parameters, ms=self.ms)

    def ask_again(self, text: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that each connection plans once; it says `$1`, `$2`, … where it binds."""
        return self.pool.ask_again(self.scope, text, parameters, ms=self.ms)

    def text(self, statement: sql.Composable, day: date | AsIs | None = None) -> str:
        """Return the text of a statement, with the day that it is about in it where one is given.

        A plan that holds for any day knows too little of how many features there are. For a moment, a place (`$2`) is given.
        """
        with self.pool.read(NOBODY) as conn:
            if day is None:
                return statement.as_string(conn)
            with conn.cursor() as cursor:
                return cursor.mogrify(statement, [day]).decode()
