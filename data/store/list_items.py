"""The lists of a place in the store: what was promised, powers, duties, services. Problems are in `problem_points`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json
from psycopg2.sql import SQL, Identifier

from data.store.log import record
from data.store.sql import many, maybe, one, run
from gis.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg2.extensions import connection

    from data.store.plans import AreaRow

PROMISES, POWERS, DUTIES, SERVICES, PROBLEMS = 1, 2, 3, 4, 5
"""The lists, by number."""
OVER = ("done", "dropped", "ended")
"""The states of items with which nothing is to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListItem:
    """An item of a list, of an area by its code; `source` None: nobody has said which channel it came by."""

    id: int
    list: int
    area: str
    path: str
    year: int
    title: str
    detail: str
    source: str | None
    contact: str
    mode: str | None
    flow: tuple[str, ...]
    status: str
    review_score: int | None
    revision: int


_SELECT = """SELECT i.id, i.list, a.code, i.path::text, i.year, i.title, i.detail, i.source, i.contact, i.mode, i.flow,
      i.status, i.review_score, i.revision
    FROM wangge.list_item i JOIN wangge.area a ON a.id = i.area_id
    WHERE (%(id)s::bigint IS NULL OR i.id = %(id)s) AND (%(before)s::bigint IS NULL OR i.id < %(before)s)
      AND (%(area)s::ltree IS NULL OR i.path <@ %(area)s::ltree) AND (%(list)s::integer IS NULL OR i.list = %(list)s)
      AND (%(year)s::integer IS NULL OR i.year = %(year)s) AND (%(status)s::text IS NULL OR i.status = %(status)s)
      AND (%(due)s::integer IS NULL OR (i.list = 1 AND i.year <= %(due)s AND i.status IN ('promised', 'in_progress')))
    ORDER BY i.id DESC LIMIT %(limit)s"""
_ASKED = ("id", "before", "area", "list", "year", "status", "due")


def listed(conn: connection, *, limit: int, **asked: Any) -> list[ListItem]:  # noqa: ANN401 - of several types
    """Return the items that the caller may see, the newest first.

    `asked`: `before` (an id), `area` (a path), `list`, `year`, `status`; `due`: promises of that year or before it that are
    not kept.
    """
    return [_read(row) for row in many(conn, _SELECT, {**dict.fromkeys(_ASKED), **asked, "limit": limit})]


def item(conn: connection, number: int, *, lock: bool = False) -> ListItem:
    """Return an item that the caller may see; with `lock`, nobody else changes it until the transaction ends."""
    if lock:
        run(conn, "SELECT FROM wangge.list_item WHERE id = %s FOR UPDATE", [number])
    row = maybe(conn, _SELECT, {**dict.fromkeys(_ASKED), "id": number, "limit": 1})
    if row is None:
        raise NotFound(f"there is no item {number}, or it is not yours to see", zh=f"没有清单事项“{number}”，或您无权查看")
    return _read(row)


def add(conn: connection, area: AreaRow, row: Mapping[str, Any], *, now: datetime) -> int:
    """Add an item to a list of an area and return its number."""
    (number,) = one(
        conn,
        """INSERT INTO wangge.list_item (list, area_id, year, title, detail, source, contact, mode, flow, status, added_at,
             updated_at)
           VALUES (%(list)s, %(area_id)s, %(year)s, %(title)s, %(detail)s, %(source)s, %(contact)s, %(mode)s, %(flow)s,
             %(status)s, %(now)s, %(now)s) RETURNING id""",
        {**row, "area_id": area.id, "flow": Json(row["flow"]), "now": now},
    )
    body = {"list": row["list"], "year": row["year"], "status": row["status"]}
    record(conn, "list_item.added", path=area.path, subject=str(number), body=body)
    return number


def change(conn: connection, it: ListItem, changes: Mapping[str, Any], *, now: datetime) -> None:
    """Change columns of an item; whoever calls has locked it."""
    said = {name: Json(value) if name == "flow" else value for name, value in changes.items()}
    columns = SQL(", ").join(SQL("{} = %s").format(Identifier(name)) for name in said)
    statement = SQL("UPDATE wangge.list_item SET {}, revision = revision + 1, updated_at = %s WHERE id = %s").format(columns)
    if not run(conn, statement, [*said.values(), now, it.id]):
        raise NotFound(f"there is no item {it.id} that you may change", zh=f"没有您可以改动的清单事项“{it.id}”")
    # What was written stays out of the log, which is for ever; what became of the promise does not.
    body = {name: changes[name] for name in ("status", "source", "review_score") if name in changes}
    record(conn, "list_item.changed", path=it.path, subject=str(it.id), body={**body, "fields": sorted(changes)})


def totals(conn: connection, area: str | None) -> dict[int, tuple[int, int, int]]:
    """Return how many items there are by list in an area, how many of them are not over, and how many lack what they need."""
    rows = many(
        conn,
        """SELECT list, count(*), count(*) FILTER (WHERE status <> ALL (%(over)s)),
             count(*) FILTER (WHERE (list = 1 AND source IS NULL) OR (list = 4 AND contact = ''))
           FROM wangge.list_item WHERE %(area)s::ltree IS NULL OR path <@ %(area)s::ltree GROUP BY list""",
        {"over": list(OVER), "area": area},
    )
    return {number: (count, held, lacking) for number, count, held, lacking in rows}


def incomplete(conn: connection, area: str, until: datetime) -> list[tuple[str, int, int, int]]:
    """Return, by path, how many items were added before a moment, and how many lack a source or a contact now."""
    return many(
        conn,
        """SELECT path::text, count(*), count(*) FILTER (WHERE list = 1 AND source IS NULL),
             count(*) FILTER (WHERE list = 4 AND contact = '')
           FROM wangge.list_item WHERE path <@ %s::ltree AND added_at < %s GROUP BY path""",
        [area, until],
    )


def problems(conn: connection, area: str | None) -> tuple[int, int]:
    """Return how many clusters of problem points there are in an area, and how many of them are not cleared."""
    row = one(
        conn,
        """SELECT count(*), count(*) FILTER (WHERE state <> 'cleared') FROM wangge.problem_cluster
           WHERE %(area)s::ltree IS NULL OR path <@ %(area)s::ltree""",
        {"area": area},
    )
    return row[0], row[1]


def _read(row: tuple[Any, ...]) -> ListItem:
    values: dict[str, Any] = dict(zip(ListItem.__slots__, row, strict=True))
    values["flow"] = tuple(values["flow"])
    return ListItem(**values)
