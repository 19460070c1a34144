"""Addresses in the store: which compounds, buildings, sites and named lines of the towns a text may mean, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.store.sql import many

if TYPE_CHECKING:
    from datetime import date

    from psycopg2.extensions import connection

_FIELDS = ("kind", "name", "number", "lon", "lat", "area")
MOST = 20
"""So many candidates are told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What an address may mean: its name by the town's files and its place (degrees, CGCS2000).

    `number` is what stood behind the name: a house's number, of which along a street nobody here knows where it is. `area` is
    the code of the smallest area around the place.
    """

    kind: str
    name: str
    number: str
    lon: float
    lat: float
    area: str | None


def candidates(
    conn: connection, text: str, *, within: str | None, day: date, begins: bool = False, limit: int = MOST
) -> tuple[list[Candidate], int]:
    """Return what a text may mean, `limit` at most, and how many there are in all.

    `within` is the path of an area; without one, the areas count for which the caller may handle incidents. `begins`: also
    what is not called so, but begins so.
    """
    rows = many(
        conn,
        """SELECT f.kind, f.name, f.number, f.lon, f.lat, f.area, f.total
           FROM wangge.address_found(%(text)s, CASE WHEN %(within)s::ltree IS NULL THEN wangge.scope(1)
             ELSE ARRAY[%(within)s::ltree] END, %(day)s, %(begins)s, %(limit)s) f""",
        {"text": text, "within": within, "day": day, "begins": begins, "limit": limit},
    )
    return [Candidate(**dict(zip(_FIELDS, row, strict=False))) for row in rows], rows[0][-1] if rows else 0
