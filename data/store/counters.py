"""Numbers that an area brings along from the time before: cumulated, from a day to a day, and perhaps a lower bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.store.sql import many, one

if TYPE_CHECKING:
    from datetime import date, datetime

    from psycopg2.extensions import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A cumulated number; `until` is the first day that it does not count. `adds` names what is counted on since then."""

    code: str
    zh: str
    en: str
    since: date | None
    until: date
    number: int
    is_lower_bound: bool
    adds: str | None = None
    category: str | None = None
    kind: str | None = None
    source: str = ""
    revision: int = 1


_FIELDS = (
    "code", "zh", "en", "since", "until", "number", "is_lower_bound", "adds", "category", "kind", "source", "revision",
)  # fmt: skip


def counters(conn: connection, area: int) -> tuple[Counter, ...]:
    """Return what an area brings along, by code."""
    rows = many(
        conn,
        """SELECT code, zh, en, since, until, number, is_lower_bound, adds, category, kind, source, revision
           FROM wangge.counter WHERE area_id = %s ORDER BY code""",
        [area],
    )
    return tuple(Counter(**dict(zip(_FIELDS, row, strict=True))) for row in rows)


def keep(conn: connection, area: int, counter: Counter, *, now: datetime) -> int:
    """Write a number down in the place of the one before, and return which revision it is."""
    (revision,) = one(
        conn,
        """INSERT INTO wangge.counter AS c (area_id, path, code, zh, en, since, until, number, is_lower_bound, adds, category,
             kind, source, at)
           VALUES (%s, '', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
           ON CONFLICT (area_id, code) DO UPDATE SET zh = excluded.zh, en = excluded.en, since = excluded.since,
             until = excluded.until, number = excluded.number, is_lower_bound = excluded.is_lower_bound, adds = excluded.adds,
             category = excluded.category, kind = excluded.kind, source = excluded.source, at = excluded.at,
             revision = c.revision + 1
           RETURNING revision""",
        [
            area, counter.code, counter.zh, counter.en, counter.since, counter.until, counter.number, counter.is_lower_bound,
            counter.adds, counter.category, counter.kind, counter.source, now,
        ],
    )  # fmt: skip
    return revision
