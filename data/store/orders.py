"""Service orders in the store: where they stand, and their log, in the transaction of whoever acts.

What follows from a step is the rules' to say (api/loop/order.py), which hand it in as plain values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json
from psycopg2.sql import SQL, Identifier

from data.store.log import record
from data.store.sql import many, maybe, one, run
from gis.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

EVENT = "order."
"""What the kinds of an order's events begin with."""
STANDING = (
    "state", "placed_by", "target_org", "target_person", "satisfaction", "placed_at", "sorted_at", "dispatched_at", "taken_at",
    "finished_at", "rated_at", "revision", "at",
)  # fmt: skip
"""The columns that the log decides."""
_MOVED = tuple(name for name in STANDING if name not in {"placed_by", "placed_at"})
_ARRIVAL = ("no", "path", "grid_code", "variant", "category", "title", "description", "address", "client_uuid")
FIELDS = ("id", *_ARRIVAL, *STANDING)
"""What a row of an order says, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list is narrowed by; None leaves it open. `area` is a path, `targets` are organisations and one person."""

    states: Sequence[str] | None = None
    category: str | None = None
    area: str | None = None
    grid: str | None = None
    targets: tuple[Sequence[str], str | None] | None = None
    placed_by: str | None = None
    placed_from: datetime | None = None
    placed_to: datetime | None = None


# --- variants -----------------------------------------------------------------------------------------------------------


def variants(conn: connection) -> dict[str, list[dict[str, str]]]:
    """Return the steps of every variant, by its name."""
    return dict(many(conn, 'SELECT name, steps FROM wangge.order_variant ORDER BY name COLLATE "C"'))


def variant(conn: connection, name: str) -> list[dict[str, str]]:
    """Return the steps of a variant."""
    (steps,) = one(conn, "SELECT steps FROM wangge.order_variant WHERE name = %s", [name], what="variant of orders")
    return steps


def add_variant(conn: connection, name: str, steps: Sequence[Mapping[str, str]]) -> None:
    """Keep a variant, as the store's owner; one that is there is left as it is."""
    run(conn, "INSERT INTO wangge.order_variant VALUES (%s, %s) ON CONFLICT DO NOTHING", [name, Json(list(steps))])


def variant_at(conn: connection, path: str) -> str | None:
    """Return the variant by which orders go where a path lies; None where no area says one."""
    (name,) = one(conn, "SELECT wangge.order_variant_at(%s::ltree)", [path])
    return name


def set_flow(conn: connection, area: int, path: str, name: str) -> None:
    """Say by which variant the orders of an area go from now on."""
    run(
        conn,
        """INSERT INTO wangge.order_flow (area_id, path, variant) VALUES (%s, %s, %s)
           ON CONFLICT (area_id) DO UPDATE SET variant = excluded.variant""",
        [area, path, name],
    )
    record(conn, "order_flow.stated", path=path, subject=name)


def district_of(conn: connection, path: str) -> str:
    """Return the code of the district that a path lies in, or of the city where there is none."""
    row = maybe(
        conn,
        """SELECT code FROM wangge.area WHERE path @> %s::ltree AND level IN ('city', 'district')
           ORDER BY nlevel(path) DESC LIMIT 1""",
        [path],
    )
    return "" if row is None else row[0]


# --- one ----------------------------------------------------------------------------------------------------------------


def kept_as(conn: connection, client_uuid: str | None) -> str | None:
    """Return the number of the order that a terminal has sent already."""
    if client_uuid is None:
        return None
    (no,) = one(conn, "SELECT wangge.order_kept(%s)", [client_uuid])
    return no


def number(conn: connection, *, district: str, day: date) -> str:
    """Return the next number of a district's day; whoever else wants one waits until this transaction ends."""
    (last,) = one(
        conn,
        """INSERT INTO wangge.order_number AS n (district, day, last) VALUES (%s, %s, 1)
           ON CONFLICT (district, day) DO UPDATE SET last = n.last + 1 RETURNING last""",
        [district, day],
    )
    return f"O{day:%Y%m%d}{district}{last:05d}"


_ADD = SQL("INSERT INTO wangge.service_order ({}) VALUES ({})").format(
    SQL(", ").join(map(Identifier, (*_ARRIVAL, *STANDING))), SQL(", ").join([SQL("%s")] * len((*_ARRIVAL, *STANDING)))
)
_SELECT = SQL("SELECT {} FROM wangge.service_order o ").format(
    SQL(", ").join(
        SQL("{0}::text").format(Identifier(name))
        if name in {"path", "client_uuid", "placed_by", "target_person"}
        else Identifier(name)
        for name in FIELDS
    )
)
_MOVE = SQL("UPDATE wangge.service_order SET {} WHERE no = %s AND revision = %s").format(
    SQL(", ").join(SQL("{} = %s").format(Identifier(name)) for name in _MOVED)
)


def add(conn: connection, *, arrival: Mapping[str, Any], standing: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """Write down a new order, with the first record of its log."""
    run(conn, _ADD, [*(arrival[name] for name in _ARRIVAL), *(standing[name] for name in STANDING)])
    _log(conn, str(arrival["no"]), str(arrival["path"]), standing, body)


def get(conn: connection, no: str, *, lock: bool = False) -> dict[str, Any]:
    """Return an order that the caller may see; with `lock`, nobody else changes it until the transaction ends."""
    row = maybe(conn, _SELECT + SQL("WHERE no = %s") + SQL(" FOR UPDATE" if lock else ""), [no])
    if row is None:
        raise NotFound(f"there is no order {no}, or it is not yours to see")
    return dict(zip(FIELDS, row, strict=True))


def records(conn: connection, no: str) -> list[dict[str, Any]]:
    """Return the log of an order, in order."""
    rows = many(
        conn,
        """SELECT body FROM wangge.event WHERE subject = %s AND kind LIKE 'order.%%' AND body ? 'seq'
           ORDER BY (body ->> 'seq')::integer""",
        [no],
    )
    return [body for (body,) in rows]


def move(conn: connection, row: Mapping[str, Any], *, standing: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """Write where an order stands now, with the record that says so; whoever calls has locked its `row`."""
    if not run(conn, _MOVE, [*(standing[name] for name in _MOVED), row["no"], standing["revision"] - 1]):
        raise NotFound(f"there is no order {row['no']} that you may change")
    _log(conn, row["no"], row["path"], standing, body)


def _log(conn: connection, no: str, path: str, standing: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    told = {**body, "seq": standing["revision"]}
    record(conn, EVENT + str(body["step"]), path=path, subject=no, body=told)


# --- many ---------------------------------------------------------------------------------------------------------------


def listed(conn: connection, wanted: Filter, *, before: int | None, limit: int) -> list[dict[str, Any]]:
    """Return the orders that the caller may see, the newest first; those before the id `before`."""
    orgs, person = wanted.targets or ((), None)
    statement = _SELECT + SQL(
        """WHERE (%(before)s::bigint IS NULL OR id < %(before)s)
           AND (%(states)s::text[] IS NULL OR state = ANY (%(states)s::text[]))
           AND (%(category)s::text IS NULL OR category = %(category)s)
           AND (%(area)s::ltree IS NULL OR path <@ %(area)s::ltree)
           AND (%(grid)s::text IS NULL OR grid_code = %(grid)s)
           AND (NOT %(mine)s OR target_org = ANY (%(orgs)s::text[]) OR target_person = %(person)s::uuid)
           AND (%(placed_by)s::uuid IS NULL OR placed_by = %(placed_by)s::uuid)
           AND (%(since)s::timestamptz IS NULL OR placed_at >= %(since)s)
           AND (%(until)s::timestamptz IS NULL OR placed_at < %(until)s)
           ORDER BY id DESC LIMIT %(limit)s"""
    )
    rows = many(
        conn,
        statement,
        {
            "before": before, "states": None if wanted.states is None else list(wanted.states), "category": wanted.category,
            "area": wanted.area, "grid": wanted.grid, "mine": wanted.targets is not None, "orgs": list(orgs), "person": person,
            "placed_by": wanted.placed_by, "since": wanted.placed_from, "until": wanted.placed_to, "limit": limit,
        },
    )  # fmt: skip
    return [dict(zip(FIELDS, row, strict=True)) for row in rows]


def finished(conn: connection, *, area: str | None, placed_from: datetime, placed_to: datetime) -> tuple[int, int]:
    """Return how many orders placed in a time are finished, and how many there are (办结率), of those the caller may see."""
    row = one(
        conn,
        """SELECT count(*) FILTER (WHERE finished_at IS NOT NULL), count(*) FROM wangge.service_order
           WHERE placed_at >= %s AND placed_at < %s AND (%s::ltree IS NULL OR path <@ %s::ltree)""",
        [placed_from, placed_to, area, area],
    )
    return row[0], row[1]
