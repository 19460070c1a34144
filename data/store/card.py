"""The public card of a grid in the store: what everybody may know of those who answer for it.

Staff are nobody's to see but their own areas'. A function of the owner's gives the columns of the card and no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.store.sql import many, maybe

if TYPE_CHECKING:
    from datetime import date

    from psycopg2.extensions import connection


@dataclass(frozen=True, slots=True)
class Carded:
    """Somebody as the card shows them; `phone` is that of their duty."""

    role: str
    kind: str
    name: str
    phone: str
    duty_roles: tuple[str, ...]
    stands_in: bool


def card_of(conn: connection, grid: str, day: date) -> list[Carded]:
    """Return those whom the card of a grid shows on a day; none where the caller may not see the grid."""
    rows = many(
        conn,
        "SELECT role, kind, name, phone, duty_roles, stands_in FROM wangge.grid_card(%s, %s)",
        [grid, day],
    )
    return [Carded(role, kind, name, phone, tuple(duties), own) for role, kind, name, phone, duties, own in rows]


def grid_named(conn: connection, code: str, day: date) -> dict[str, Any] | None:
    """Return what a grid is called and where it lies, or None where none is in force that the caller sees."""
    row = maybe(
        conn,
        """SELECT g.code, g.name, g.kind, c.code, cv.name, s.code, sv.name
           FROM wangge.grid g LEFT JOIN wangge.area c ON c.id = g.area_id LEFT JOIN wangge.area s ON s.id = c.parent_id
             LEFT JOIN wangge.area_version cv ON cv.area_id = c.id AND cv.valid @> %(day)s::date
             LEFT JOIN wangge.area_version sv ON sv.area_id = s.id AND sv.valid @> %(day)s::date
           WHERE g.code = %(code)s AND g.in_force IS NOT NULL AND g.in_force @> %(day)s::date""",
        {"code": code, "day": day},
    )
    names = ("code", "name", "kind", "community", "community_name", "street", "street_name")
    return None if row is None else dict(zip(names, row, strict=True))
