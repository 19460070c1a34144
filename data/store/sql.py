"""Asking the store: a statement of ours, its parameters, and rows as tuples.

Statements are `LiteralString`s, or composed with `psycopg2.sql` from such; values are always bound.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg2.extras import execute_values
from psycopg2.sql import SQL, Composable, Identifier

from gis.errors import NotFound, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg2.extensions import connection, cursor

Statement = LiteralString | Composable
Parameters = "Sequence[Any] | Mapping[str, Any]"


def many(conn: connection, statement: Statement, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """Return all rows."""
    with conn.cursor() as cursor:
        _execute(cursor, statement, parameters)
        return cursor.fetchall()


def maybe(conn: connection, statement: Statement, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> tuple[Any, ...] | None:
    """Return the first row, or None."""
    with conn.cursor() as cursor:
        _execute(cursor, statement, parameters)
        return cursor.fetchone()


def one(
    conn: connection, statement: Statement, parameters: Sequence[Any] | Mapping[str, Any] = (), *, what: str = "row"
) -> tuple[Any, ...]:
    """Return the first row; `NotFound` says that there is no such `what`."""
    row = maybe(conn, statement, parameters)
    if row is None:
        msg = f"there is no such {what}"
        raise NotFound(msg)
    return row


def run(conn: connection, statement: Statement, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """Run a statement and return how many rows it touched."""
    with conn.cursor() as cursor:
        _execute(cursor, statement, parameters)
        return cursor.rowcount


def _execute(asking: cursor, statement: Statement, parameters: Sequence[Any] | Mapping[str, Any]) -> None:
    try:
        asking.execute(statement, parameters)
    except ValueError as error:
        if "NUL" not in str(error):
            raise
        raise ParameterError("text", "a text holds the character NUL, which no text may") from error


def insert(conn: connection, statement: Statement, rows: Iterable[Sequence[Any]], *, template: str | None = None) -> None:
    """Insert rows by a statement that ends with `VALUES %s`, many at a time."""
    with conn.cursor() as cursor:
        execute_values(cursor, statement, rows, template=template, page_size=1000)


def copy_in(conn: connection, table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Load `lines` (tab-separated, escaped as COPY's text format asks, each with its line end) into `wangge.<table>`."""
    copy = SQL("COPY wangge.{} ({}) FROM STDIN").format(Identifier(table), SQL(", ").join(map(Identifier, columns)))
    with conn.cursor() as cursor:
        cursor.copy_expert(copy, BytesIO("".join(lines).encode()), _PIECE)


_PIECE = 2**16
"""Bytes that COPY sends at once."""
# All that PostgreSQL escapes itself, so that what comes back is the text that went in.
_ESCAPES = str.maketrans({"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"})


_ESCAPED = re.compile(r"[\\\b\f\n\r\t\v]")


def copy_text(text: str) -> str:
    """Escape a text for COPY's text format."""
    return text.translate(_ESCAPES) if _ESCAPED.search(text) else text


def array_text(values: Iterable[object]) -> str:
    """Return an array as PostgreSQL writes it, of numbers or of paths: an adapter for each value costs six times as much."""
    return "{" + ",".join(map(str, values)) + "}"


def words_text(values: Iterable[str]) -> str:
    """Return an array of texts as PostgreSQL writes it, whatever stands in them."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"
