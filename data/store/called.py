"""What codes are called on a day, as far as whoever asks sees them: grids, areas, organisations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.store.sql import many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from psycopg2.extensions import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCalled:
    """An area that somebody works in or around: `depth` counts from 0, those of one are listed below it."""

    code: str
    name: str
    level: str
    depth: int
    is_inside: bool
    """Whether it lies in the areas that somebody works in, and not around them."""


def areas(conn: connection, day: date) -> tuple[AreaCalled, ...]:
    """Return the areas of a day in which the caller works, and those around them, each above what belongs to it."""
    rows = many(
        conn,
        """SELECT a.code, coalesce(nullif(v.name, ''), a.code), a.level, nlevel(a.path) - 1,
             a.path <@ ANY ((SELECT wangge.scope(1))::ltree[])
           FROM wangge.area a JOIN wangge.area_version v ON v.area_id = a.id AND v.valid @> %s::date
           WHERE a.path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR a.path @> ANY ((SELECT wangge.scope(1))::ltree[])
           ORDER BY a.path""",
        [day],
    )
    return tuple(AreaCalled(**dict(zip(AreaCalled.__slots__, row, strict=True))) for row in rows)


@dataclass(frozen=True, slots=True)
class AreaWithGrids:
    """An area that has grids: its code, with what it is called."""

    code: str
    name: str
    level: str
    path: str


def areas_with_grids(conn: connection, day: date, levels: Sequence[str]) -> list[AreaWithGrids]:
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
    return [AreaWithGrids(*row) for row in rows]


def grids(conn: connection, day: date) -> Mapping[str, str]:
    """Return what the grids of a day are called in which the caller works, by code."""
    return dict(
        many(
            conn,
            """SELECT code, name FROM wangge.grid
               WHERE in_force @> %s::date AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]) ORDER BY code COLLATE "C" """,
            [day],
        )
    )


def orgs(conn: connection, day: date) -> Mapping[str, str]:
    """Return what organisations are called that the caller sees, by code; command centers as their areas."""
    return dict(
        many(
            conn,
            """SELECT o.code, CASE o.kind WHEN 'command_center' THEN coalesce(nullif(v.name, ''), o.name) ELSE o.name END
               FROM wangge.org o LEFT JOIN wangge.area_version v ON v.area_id = o.area_id AND v.valid @> %s::date""",
            [day],
        )
    )
