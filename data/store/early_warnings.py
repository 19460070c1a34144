"""Early warnings in the store: the rules of areas, the cases that they look at, and the heaps that were told of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.store.dated import say_from
from data.store.log import record
from data.store.sql import many, maybe, one, run
from gis.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from data.store.plans import AreaRow

ANY = "*"
"""In place of a category: each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningRule:
    """So many cases of one category within so many hours, in one grid or (`radius_m`) near each other, in an area."""

    id: int
    area: str
    path: str
    category: str
    least: int
    hours: int
    radius_m: int | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A valid case, by number, where it lies (degrees, CGCS2000), and the rule that looks at it, by id."""

    rule: int
    grid: str | None
    category: str
    at: datetime
    no: str
    lon: float
    lat: float
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyWarning:
    """A heap that was told of. `numbers` are its cases in order; `since` and `until` the times of its first and last."""

    id: int
    path: str
    grid: str | None
    category: str
    least: int
    hours: int
    radius_m: int | None
    since: datetime
    until: datetime
    raised_at: datetime
    numbers: tuple[str, ...]


# --- rules ------------------------------------------------------------------------------------------------------------------


def rules_on(conn: connection, day: date, *, area: str | None = None) -> list[WarningRule]:
    """Return the rules of a day that the caller may see, the nearest to grids first; with a path those around and in it."""
    rows = many(
        conn,
        """SELECT r.id, a.code, r.path::text, r.category, r.least, r.hours, r.radius_m, lower(r.valid), upper(r.valid)
           FROM wangge.warning_rule r JOIN wangge.area a ON a.id = r.area_id
           WHERE r.valid @> %(day)s::date
             AND (%(area)s::ltree IS NULL OR r.path <@ %(area)s::ltree OR r.path @> %(area)s::ltree)
           ORDER BY nlevel(r.path) DESC, r.path, r.category""",
        {"day": day, "area": area},
    )
    return [WarningRule(**dict(zip(WarningRule.__slots__, row, strict=True))) for row in rows]


def state(conn: connection, area: AreaRow, category: str, says: Mapping[str, int | None] | None, *, day: date) -> bool:
    """State an area's rule for a category from `day` on (None: none of its own); return whether that changes anything."""
    changed = say_from(conn, "warning_rule", {"area_id": area.id, "category": category}, says, day=day)
    if changed:
        body = {"category": category, "valid_from": day.isoformat(), "says": says}
        record(conn, "warning_rule.stated", path=area.path, subject=area.code, body=body)
    return changed


# --- raising them, as the store's owner -------------------------------------------------------------------------------------


def alone(conn: connection) -> bool:
    """Say whether nobody else raises warnings until the transaction ends."""
    (is_ours,) = one(conn, "SELECT pg_try_advisory_xact_lock(hashtextextended('wangge.warnings', 0))")
    return bool(is_ours)


def cases(conn: connection, rules: Sequence[WarningRule], *, longest_h: int, now: datetime) -> list[Case]:
    """Return the valid cases that rules look at, each with the one that holds for it, in order of rule, category, time.

    Those that were reported in the last `longest_h` hours, and in twice the hours of their rule or two days if that is more.
    """
    rows = many(
        conn,
        """WITH rule AS (
             SELECT * FROM unnest(%(ids)s::bigint[], %(paths)s::ltree[], %(categories)s::text[], %(hours)s::integer[])
               AS r (id, path, category, hours))
           SELECT r.id, i.grid_code, i.category, i.reported_at, i.no, ST_X(i.geom), ST_Y(i.geom), i.path::text
           FROM wangge.incident i JOIN LATERAL (
             SELECT r.* FROM rule r WHERE r.path @> i.path AND r.category IN (i.category, '*')
             ORDER BY nlevel(r.path) DESC, r.category = '*' LIMIT 1) r ON true
           WHERE i.reported_at > %(now)s - make_interval(hours => %(longest)s) AND i.reported_at <= %(now)s
             AND i.reported_at > %(now)s - 2 * make_interval(hours => greatest(r.hours, 24))
             AND i.master IS NULL AND i.state NOT IN ('rejected', 'voided')
           ORDER BY r.id, i.category COLLATE "C", i.reported_at, i.no""",
        {
            "ids": [rule.id for rule in rules], "paths": [rule.path for rule in rules],
            "categories": [rule.category for rule in rules], "hours": [rule.hours for rule in rules], "now": now,
            "longest": longest_h,
        },
    )  # fmt: skip
    return [Case(**dict(zip(Case.__slots__, row, strict=True))) for row in rows]


def told_with(conn: connection, category: str, numbers: Sequence[str]) -> int | None:
    """Return the warning that stands for a heap already: the first of those that have a case of it."""
    row = maybe(
        conn,
        "SELECT min(warning_id) FROM wangge.warning_case WHERE category = %s AND no = ANY (%s)",
        [category, list(numbers)],
    )
    return None if row is None else row[0]


def grow(conn: connection, warning: int, category: str, numbers: Sequence[str], until: datetime) -> None:
    """Let a warning have these cases too, the last of which came at `until`; nobody is told."""
    run(conn, "UPDATE wangge.warning SET until = greatest(until, %s) WHERE id = %s", [until, warning])
    run(
        conn,
        """INSERT INTO wangge.warning_case (no, category, warning_id) SELECT no, %s, %s FROM unnest(%s::text[]) AS n (no)
           ON CONFLICT DO NOTHING""",
        [category, warning, list(numbers)],
    )


def raise_one(conn: connection, found: Mapping[str, object], numbers: Sequence[str], *, path: str, now: datetime) -> int:
    """Raise a warning and tell of it; `found` has grid, category, least, hours, radius_m, since and until. Return its id."""
    (warning,) = one(
        conn,
        """INSERT INTO wangge.warning (path, grid_code, category, least, hours, radius_m, since, until, raised_at)
           VALUES (%(path)s, %(grid)s, %(category)s, %(least)s, %(hours)s, %(radius_m)s, %(since)s, %(until)s, %(now)s)
           RETURNING id""",
        {**found, "path": path, "now": now},
    )
    run(
        conn,
        "INSERT INTO wangge.warning_case (no, category, warning_id) SELECT no, %s, %s FROM unnest(%s::text[]) AS n (no)",
        [found["category"], warning, list(numbers)],
    )
    return warning


# --- reading them -----------------------------------------------------------------------------------------------------------

_SELECT = """SELECT w.id, w.path::text, w.grid_code, w.category, w.least, w.hours, w.radius_m, w.since, w.until, w.raised_at,
      ARRAY(SELECT c.no FROM wangge.warning_case c WHERE c.warning_id = w.id ORDER BY c.no)
    FROM wangge.warning w
    WHERE (%(id)s::bigint IS NULL OR w.id = %(id)s) AND (%(before)s::bigint IS NULL OR w.id < %(before)s)
      AND (%(area)s::ltree IS NULL OR w.path <@ %(area)s::ltree) AND (%(category)s::text IS NULL OR w.category = %(category)s)
      AND (%(open)s::boolean IS NULL OR (w.until > %(now)s::timestamptz - make_interval(hours => w.hours)) = %(open)s)
    ORDER BY w.id DESC LIMIT %(limit)s"""


def listed(
    conn: connection,
    *,
    area: str | None,
    category: str | None,
    is_open: bool | None,
    now: datetime,
    before: int | None,
    limit: int,
) -> list[EarlyWarning]:
    """Return the warnings that the caller may see, the newest first; open are those that another case would join."""
    asked = {"id": None, "area": area, "category": category, "open": is_open, "now": now, "before": before, "limit": limit}
    return [_read(row) for row in many(conn, _SELECT, asked)]


def warning(conn: connection, number: int) -> EarlyWarning:
    """Return a warning that the caller may see."""
    nothing = dict.fromkeys(("area", "category", "open", "now", "before"))
    row = maybe(conn, _SELECT, {**nothing, "id": number, "limit": 1})
    if row is None:
        raise NotFound(f"there is no warning {number}, or it is not yours to see", zh=f"没有预警“{number}”，或您无权查看")
    return _read(row)


def _read(row: Sequence[object]) -> EarlyWarning:
    values = dict(zip(EarlyWarning.__slots__, row, strict=True))
    return EarlyWarning(**{**values, "numbers": tuple(values["numbers"])})  # pyright: ignore[reportArgumentType] - as selected
