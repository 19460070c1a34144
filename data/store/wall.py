"""What a command centre looks at: the net of a day, what is open and where it stands, and where everything stood before.

Of those areas whose internal data the caller sees; the policies decide which these are. Places come in longitude and latitude.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shapely
from psycopg2.sql import SQL

from data.store.sql import many, one
from partition.rules import rules_from

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRow:
    """An area of the day; `parent` is the id of what it belongs to, None at the top."""

    id: int
    code: str
    level: str
    name: str
    parent: int | None
    polygon: shapely.Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """A grid in force. `area` is the id of its community; `band` what its plan allowed: minimum, target, maximum."""

    code: str
    name: str
    kind: str
    area: int
    households: int
    band: tuple[int, int, int] | None
    polygon: shapely.Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """A line of the ground; `kind` is the name of a `gis.town.LineKind`."""

    kind: str
    name: str
    line: shapely.Geometry


def stamp(conn: connection, day: date) -> str:
    """Return a text that changes with what `areas`, `grids` and `lines` say to this caller on a day."""
    (found,) = one(
        conn,
        """SELECT md5(concat_ws('|',
             (SELECT string_agg(v.id::text || ':' || v.xmin, ',' ORDER BY v.id) FROM wangge.area_version v
              WHERE v.valid @> %(day)s::date AND v.path <@ ANY ((SELECT wangge.scope(1))::ltree[])),
             (SELECT string_agg(g.id::text || ':' || g.row_version, ',' ORDER BY g.id) FROM wangge.grid g
              WHERE g.in_force @> %(day)s::date AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[])),
             (SELECT string_agg(s.town_id || ':' || s.last, ',' ORDER BY s.town_id) FROM (
                SELECT f.town_id, max(lower(f.seen)) AS last FROM wangge.town_feature f
                WHERE f.layer = 'barrier' AND upper_inf(f.seen) GROUP BY f.town_id) s)))""",
        {"day": day},
    )
    return found


def areas(conn: connection, day: date) -> list[AreaRow]:
    """Return the areas of a day that the caller sees inside of, from the top down, by code."""
    rows = many(
        conn,
        """SELECT a.id, a.code, a.level, v.name, v.parent_id, ST_AsBinary(v.geom)
           FROM wangge.area_version v JOIN wangge.area a ON a.id = v.area_id
           WHERE v.valid @> %s::date AND v.path <@ ANY ((SELECT wangge.scope(1))::ltree[])
           ORDER BY nlevel(v.path), a.code COLLATE "C" """,
        [day],
    )
    shapes = _shapes([row[-1] for row in rows])
    return [
        AreaRow(id=row[0], code=row[1], level=row[2], name=row[3], parent=row[4], polygon=shape)
        for row, shape in zip(rows, shapes, strict=True)
    ]


def grids(conn: connection, day: date) -> list[GridRow]:
    """Return the grids in force on a day, by code."""
    rows = many(
        conn,
        """SELECT g.code, g.name, g.kind, g.area_id, g.households, (p.made_with -> 'rules')::text, ST_AsBinary(g.geom)
           FROM wangge.grid g LEFT JOIN wangge.plan p ON p.id = g.plan_id
           WHERE g.in_force @> %s::date AND g.path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND wangge.sees_category(g.kind)
           ORDER BY g.code COLLATE "C" """,
        [day],
    )
    shapes = _shapes([row[-1] for row in rows])
    bands: dict[str | None, tuple[int, int, int] | None] = {None: None}
    for text in {row[5] for row in rows} - {None}:
        rules = rules_from(json.loads(text))
        bands[text] = (rules.minimum, rules.target, rules.maximum)
    return [
        GridRow(code=row[0], name=row[1], kind=row[2], area=row[3], households=row[4], band=bands[row[5]], polygon=shape)
        for row, shape in zip(rows, shapes, strict=True)
    ]


def lines(conn: connection) -> list[LineRow]:
    """Return the lines of the towns as they were imported last."""
    rows = many(
        conn,
        """SELECT f.kind, f.name, ST_AsBinary(ST_Transform(f.shape, 4490)) FROM wangge.town_feature f
           WHERE f.layer = 'barrier' AND upper_inf(f.seen) ORDER BY f.town_id, f.number""",
    )
    shapes = _shapes([row[-1] for row in rows])
    return [LineRow(kind=row[0], name=row[1], line=shape) for row, shape in zip(rows, shapes, strict=True)]


def _shapes(found: Sequence[Any]) -> list[shapely.Geometry]:
    return shapely.from_wkb([bytes(each) for each in found]).tolist() if found else []


CASE = (
    "no", "x", "y", "state", "category", "grid", "area", "supervision", "reported", "due", "soon",
)  # fmt: skip
"""What is said of each incident: `x` and `y` in micro-degrees, moments in seconds since 1970, `area` the id of the smallest."""


_CASES = SQL(
    """SELECT i.no, round(ST_X(i.geom) * 1000000)::integer, round(ST_Y(i.geom) * 1000000)::integer, i.state, i.category,
         i.grid_code, CASE WHEN nlevel(i.path) > 0 THEN ltree2text(subpath(i.path, -1))::bigint END,
         i.supervision, floor(date_part('epoch', i.reported_at))::bigint, floor(date_part('epoch', i.due_at))::bigint,
         floor(date_part('epoch', i.soon_at))::bigint
       FROM wangge.incident i WHERE {which} ORDER BY i.no"""
)
_OPEN = SQL(
    "i.state NOT IN ('closed', 'archived', 'rejected', 'voided') AND (%(path)s::ltree IS NULL OR i.path <@ %(path)s::ltree)"
)
_THESE = SQL("i.no = ANY (%(numbers)s)")


def cases(conn: connection, *, path: str | None = None) -> list[tuple[Any, ...]]:
    """Return what is open in an area (None: wherever the caller sees), as rows of `CASE` by number."""
    return many(conn, _CASES.format(which=_OPEN), {"path": path})


def cases_of(conn: connection, numbers: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return those of the incidents that the caller sees, open or over, as rows of `CASE` by number."""
    return many(conn, _CASES.format(which=_THESE), {"numbers": list(numbers)})


LIFE = ("no", "x", "y", "state", "category", "grid", "area", "supervision", "due", "since", "until")
"""What is said of each stretch of time in which an incident stood still; `until` None: it stands so yet."""


def lives(conn: connection, *, since: datetime, until: datetime, path: str | None = None) -> list[tuple[Any, ...]]:
    """Return how incidents stood between two moments, as rows of `LIFE` by number and time: each stretch in which one was open.

    A stretch goes from one record of an incident to its next.
    """
    return many(
        conn,
        """SELECT no, round(ST_X(geom) * 1000000)::integer, round(ST_Y(geom) * 1000000)::integer, state, category,
             grid_code,
             CASE WHEN nlevel(path) > 0 THEN ltree2text(subpath(path, -1))::bigint END,
             supervision, floor(date_part('epoch', due_at))::bigint, floor(date_part('epoch', at))::bigint,
             floor(date_part('epoch', until))::bigint
           FROM (SELECT no, geom, state, category, grid_code, path, supervision, due_at, at,
                   NULL::timestamptz AS until FROM wangge.incident
                 WHERE at < %(until)s AND state NOT IN ('closed', 'archived', 'rejected', 'voided')
                 UNION ALL SELECT no, geom, state, category, grid_code, path, supervision, due_at, at, until
                 FROM wangge.incident_past
                 WHERE until > %(since)s AND at < %(until)s
                   AND state NOT IN ('closed', 'archived', 'rejected', 'voided')) i
           WHERE %(path)s::ltree IS NULL OR path <@ %(path)s::ltree
           ORDER BY no, at""",
        {"since": since, "until": until, "path": path},
    )
