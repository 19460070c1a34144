"""What other systems watch over, in the store: cameras and sites by theme, each with the way to the system that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg2.sql import SQL

from data.store.log import record
from data.store.sql import many, maybe, run
from gis.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from psycopg2.extensions import connection

PLAIN = ("code", "theme", "kind", "name", "url", "active")
"""The columns that people write as they are."""
FIELDS = ("id", "path", "area", "revision", "lon", "lat", *PLAIN)
"""What a row says, by name; degrees in CGCS2000."""

_SELECT = SQL(
    """SELECT s.id, s.path::text, a.code, s.revision, ST_X(s.geom), ST_Y(s.geom),
         s.code, s.theme, s.kind, s.name, s.url, s.active
       FROM wangge.asset s JOIN wangge.area a ON a.id = s.area_id """
)


def get(conn: connection, code: str, *, lock: bool = False) -> dict[str, Any]:
    """Return what has a code, as the caller may see it; with `lock`, nobody else changes it until the transaction ends."""
    row = maybe(conn, _SELECT + SQL("WHERE s.code = %s") + SQL(" FOR UPDATE OF s" if lock else ""), [code])
    if row is None:
        raise NotFound(f"there is no asset {code}, or it is not yours to see")
    return dict(zip(FIELDS, row, strict=True))


def listed(conn: connection, *, area: str | None, themes: Sequence[str], after: str, limit: int) -> list[dict[str, Any]]:
    """Return what is in use in an area, of some themes, by its codes: those after `after`."""
    statement = _SELECT + SQL(
        """WHERE s.active AND s.code > %(after)s AND s.theme = ANY (%(themes)s)
             AND (%(area)s::ltree IS NULL OR s.path <@ %(area)s::ltree)
           ORDER BY s.code LIMIT %(limit)s"""
    )
    rows = many(conn, statement, {"after": after, "area": area, "themes": list(themes), "limit": limit})
    return [dict(zip(FIELDS, row, strict=True)) for row in rows]


def put(conn: connection, *, area: tuple[int, str], at: tuple[float, float], asset: Mapping[str, Any], now: datetime) -> bool:
    """Write something at a place (longitude, latitude) down by its code, and say whether it is new.

    `area` is the id and the path of whose it is, `asset` the values of `PLAIN`. Whoever calls has locked the one that is there.
    """
    values = {**asset, "area": area[0], "path": area[1], "lon": at[0], "lat": at[1], "now": now}
    here = maybe(conn, "SELECT path::text FROM wangge.asset WHERE code = %s", [asset["code"]])
    if here is None:
        if not run(
            conn,
            """INSERT INTO wangge.asset (area_id, path, geom, updated_at, code, theme, kind, name, url, active)
               VALUES (%(area)s, %(path)s, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4490), %(now)s,
                 %(code)s, %(theme)s, %(kind)s, %(name)s, %(url)s, %(active)s) ON CONFLICT (code) DO NOTHING""",
            values,
        ):
            raise Conflict(f"there is an asset {asset['code']} of somebody else", code="already-exists")
    elif not run(
        conn,
        """UPDATE wangge.asset SET area_id = %(area)s, path = %(path)s, geom = ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4490),
             updated_at = %(now)s, theme = %(theme)s, kind = %(kind)s, name = %(name)s, url = %(url)s, active = %(active)s,
             revision = revision + 1
           WHERE code = %(code)s""",
        values,
    ):
        raise NotFound(f"there is no asset {asset['code']} that you may change")
    told = {name: asset[name] for name in ("theme", "kind", "name", "active")}
    record(conn, "asset.added" if here is None else "asset.changed", path=area[1], subject=asset["code"], body=told)
    return here is None
