"""Where a collection's features lie, and since when there are any."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from psycopg2 import sql

from api.ogc.answers import audience
from api.ogc.collections import DRAFTS, is_open
from data.store.scope import Scope
from data.store.sql import one

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from api.asked import Asked
    from api.ogc.answers import Held
    from api.ogc.collections import Collection
    from data.store.pool import Pool

_DIGITS = 7


def extent(pool: Pool, kept: Held, collection: Collection, asked: Asked, day: date) -> list[float] | None:
    """Return west, south, east, north of the features on a day, as far as the caller sees them; None without any."""
    if collection.is_live:
        return list(_live(pool, kept, collection, asked)[0]) or None
    version = kept.versions.of(pool, collection.subject, day)
    is_public = is_open(collection, asked.scope)
    scope = Scope(public=asked.scope.public) if is_public else asked.scope

    def find() -> tuple[float, ...]:
        return _box(pool, collection, scope, [day])

    box = kept.fact(("extent", collection.id, version.text, "" if is_public else audience(asked)), find)
    return list(box) or None


def draft_extent(pool: Pool, asked: Asked) -> list[float] | None:
    """Return west, south, east, north of the drafts that the caller sees now; nothing of them is remembered."""
    return list(_box(pool, DRAFTS, asked.scope, [])) or None


def _live(pool: Pool, kept: Held, collection: Collection, asked: Asked) -> tuple[tuple[float, ...], date | None]:
    """Return where the features lie that the caller sees, and the first day of theirs, as they were within the last minute."""

    def find() -> tuple[tuple[float, ...], date | None]:
        with pool.read(asked.scope) as conn:
            (begun,) = one(conn, sql.SQL("SELECT min({}) FROM {}").format(collection.begins, collection.history))
        return _box(pool, collection, asked.scope, []), None if begun is None else begun.astimezone(UTC).date()

    return kept.fact(("live", collection.id, audience(asked), asked.now.replace(second=0, microsecond=0)), find)


def _box(pool: Pool, collection: Collection, scope: Scope, parameters: Sequence[object]) -> tuple[float, ...]:
    statement = sql.SQL(
        """SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b)
           FROM (SELECT ST_Extent(f.geom) AS b FROM {} WHERE {}) e"""
    ).format(collection.tile_origin, collection.tile_where)
    with pool.read(scope) as conn:
        row = one(conn, statement, parameters)
    return () if row[0] is None else tuple(round(value, _DIGITS) for value in row)


def first_day(pool: Pool, kept: Held, collection: Collection, asked: Asked) -> date | None:
    """Return the first day on which the collection has a feature that the caller may see."""
    if collection.is_live:
        return _live(pool, kept, collection, asked)[1]
    is_public = is_open(collection, asked.scope)
    scope = Scope(public=asked.scope.public) if is_public else asked.scope

    def find() -> tuple[date, ...]:
        with pool.read(scope) as conn:
            (day,) = one(conn, sql.SQL("SELECT min({}) FROM {}").format(collection.begins, collection.history))
        return () if day is None else (day,)

    found = kept.fact(("first", collection.id, kept.versions.of_data(pool), "" if is_public else audience(asked)), find)
    return found[0] if found else None
