"""Rows that hold from a day until another: what an area says now, said before, and has said already for later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json
from psycopg2.sql import SQL, Composed, Identifier, Placeholder

from data.store.sql import maybe, run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from psycopg2.extensions import connection


def say_from(conn: connection, table: str, whose: Mapping[str, Any], says: Mapping[str, Any] | None, *, day: date) -> bool:
    """Let a row say something from `day` on, until what is said for later; None: nothing. Return whether that changes anything.

    `whose` and `says` are columns of `wangge.<table>`, which has the days in `valid`. What was said until then ends on `day`;
    what it said from that day on is replaced.
    """
    whole = SQL(" AND ").join(SQL("{} = {}").format(Identifier(name), Placeholder(name)) for name in whose)
    names = {"table": Identifier(table), "whose": whole}
    values: dict[str, Any] = {**whose, "day": day}
    asked = SQL("SELECT {columns} FROM wangge.{table} WHERE {whose} AND valid @> %(day)s::date FOR UPDATE")
    held = maybe(conn, asked.format(columns=_listed(says or whose), **names), values)
    if held == (None if says is None else tuple(says.values())):
        return False
    run(conn, SQL("DELETE FROM wangge.{table} WHERE {whose} AND lower(valid) = %(day)s").format(**names), values)
    cut = "UPDATE wangge.{table} SET valid = daterange(lower(valid), %(day)s) WHERE {whose} AND valid @> %(day)s::date"
    run(conn, SQL(cut).format(**names), values)
    if says is not None:
        row = {**whose, **says}
        add = SQL(
            """INSERT INTO wangge.{table} ({columns}, valid) SELECT {values}, daterange(%(day)s, (
                 SELECT min(lower(valid)) FROM wangge.{table} WHERE {whose} AND lower(valid) > %(day)s))"""
        ).format(columns=_listed(row), values=SQL(", ").join(map(Placeholder, row)), **names)
        run(conn, add, values | {name: Json(each) if isinstance(each, dict) else each for name, each in says.items()})
    return True


def _listed(names: Mapping[str, Any]) -> Composed:
    return SQL(", ").join(map(Identifier, names))
