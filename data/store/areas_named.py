"""Areas by what they are called on a day, for lists to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.store.sql import many

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from psycopg2.extensions import connection


@dataclass(frozen=True, slots=True)
class AreaNamed:
    """An area by its code, with what it is called."""

    code: str
    name: str
    level: str
    path: str


def areas_above(conn: connection, day: date, levels: Sequence[str]) -> list[AreaNamed]:
    """Return the areas of some levels that the caller sees and that have grids in force on a day, by their codes."""
    rows = many(
        conn,
        """SELECT a.code, v.name, a.level, a.path::text
           FROM wangge.area a JOIN wangge.area_version v ON v.area_id = a.id AND v.valid @> %(day)s::date
           WHERE a.level = ANY (%(levels)s)
             AND EXISTS (SELECT FROM wangge.grid g WHERE g.path <@ a.path AND g.in_force @> %(day)s::date)
           ORDER BY a.code COLLATE "C\"""",
        {"day": day, "levels": list(levels)},
    )
    return [AreaNamed(*row) for row in rows]
