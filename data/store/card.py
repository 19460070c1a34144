"""The public card of a grid in the store: what everybody may know of those who answer for it.

Staff are nobody's to see but their own areas'. A function of the owner's gives the columns of the card and no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.store.sql import many, maybe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
    services: tuple[str, ...]
    stands_in: bool


@dataclass(frozen=True, slots=True)
class CardRules:
    """What a grid's card is made by: the document of its staffing rule, and what the nearest profiles say; empty where none."""

    rule: Mapping[str, Any] | None
    kinds: Sequence[Mapping[str, str]]
    """Of forces."""
    circle: Mapping[str, Any]
    """How far people walk."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A station that serves a grid, and what it does for people."""

    code: str
    name: str
    kind: str
    services: tuple[str, ...]


def card_of(conn: connection, grid: str, day: date) -> list[Carded]:
    """Return those whom the card of a grid shows on a day; none where the caller may not see the grid."""
    rows = many(
        conn,
        "SELECT role, kind, name, phone, stands_in, duty_roles, services FROM wangge.grid_card(%s, %s)",
        [grid, day],
    )
    return [
        Carded(role, kind, name, phone, tuple(duties), tuple(services), stands_in)
        for role, kind, name, phone, stands_in, duties, services in rows
    ]


def card_rules(conn: connection, grid: str, day: date) -> CardRules:
    """Return what the card of a grid is made by on a day; nothing where the caller may not see the grid."""
    row = maybe(conn, "SELECT rule, kinds, circle FROM wangge.card_rules(%s, %s)", [grid, day])
    rule, kinds, circle = row or (None, None, None)
    return CardRules(rule, kinds or (), circle or {})


def stations_serving(conn: connection, grid: str, day: date, *, reach_m: float) -> list[Serving]:
    """Return the stations that serve a grid: those that it was given to, then the nearest first.

    One with neither area nor circle of its own reaches `reach_m` metres.
    """
    rows = many(
        conn,
        "SELECT code, name, kind, services FROM wangge.stations_serving(%s, %s, %s)",
        [grid, day, reach_m],
    )
    return [Serving(code, name, kind, tuple(services)) for code, name, kind, services in rows]


def cards_of(conn: connection, grids: Sequence[str], day: date) -> list[tuple[str, str, bool, str]]:
    """Return grid, role, whether they stand in, and name of those whom the cards of several grids show on a day."""
    return many(
        conn,
        """SELECT g.code, c.role, c.stands_in, c.name
           FROM unnest(%s::text[]) AS g (code), LATERAL wangge.grid_card(g.code, %s) AS c
           ORDER BY g.code COLLATE "C", c.role, c.stands_in, c.name COLLATE "C" """,
        [list(grids), day],
    )


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
