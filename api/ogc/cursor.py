"""Keyset cursors: where a page ended, sealed, and the condition that the next one begins after it.

A cursor holds the values by which the last feature of a page was ordered, its id, and a digest of the question that it
belongs to. It is signed: one that was altered, or that answers another question, is refused.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from psycopg2 import sql

from api.ogc.fields import Kind
from api.ogc.where import Filter, all_of, any_of, bound, build
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.ogc.fields import Field

SEAL_BYTES = 16


@dataclass(frozen=True, slots=True)
class Key:
    """A field to order by, and whether downwards. What has no value comes last either way."""

    field: Field
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """A feature's place in an order: its value for each key, None where it has none, and its id."""

    values: tuple[object, ...]
    id: object


def digest(*parts: object) -> str:
    """Return a short digest of the question that a cursor belongs to: collection, filter, order, version."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:16]


def seal(secret: bytes, question: str, position: Position) -> str:
    """Return the cursor of a position in the answer to the question with this digest."""
    values = [None if value is None else _written(value) for value in (*position.values, position.id)]
    body = json.dumps([question, values], ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mac(secret, body) + body).rstrip(b"=").decode()


def unseal(secret: bytes, question: str, cursor: str, keys: Sequence[Key], id_kind: Kind) -> Position:
    """Return the position that a cursor holds.

    Raises
    ------
    ParameterError
        `invalid-cursor`, if it was not sealed with this secret, or for another question.

    """
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    mac, body = raw[:SEAL_BYTES], raw[SEAL_BYTES:]
    # Bits that the last letter of base64 leaves unused would let one cursor be written in several ways.
    again = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    if again != cursor or not body or not hmac.compare_digest(mac, _mac(secret, body)):
        raise ParameterError("cursor", "This cursor is not one of ours; follow the link next.", code="invalid-cursor")
    asked, values = cast("tuple[str, list[str | None]]", tuple(json.loads(body)))
    kinds = [*(key.field.kind for key in keys), id_kind]
    if asked != question or len(values) != len(kinds):
        raise ParameterError(
            "cursor",
            "This cursor belongs to another question, or the data have changed; begin again without it.",
            code="invalid-cursor",
        )
    *read, last = [None if text is None else _read(text, kind) for text, kind in zip(values, kinds, strict=True)]
    return Position(tuple(read), last)


def after(keys: Sequence[Key], id_sql: sql.Composable, position: Position) -> Filter:
    """Return the condition that a feature comes after a position in the order of `keys`, then id upwards."""
    own_id = Filter(id_sql)
    plain = not any(key.descending or key.field.nullable for key in keys)
    if plain and keys:
        # One comparison of rows, which one index answers from start to end.
        own = sql.SQL("({})").format(sql.SQL(", ").join([*(key.field.sql for key in keys), id_sql]))
        values = (*position.values, position.id)
        marks = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(values)))
        return Filter(sql.SQL("{} > {}").format(own, marks), values)
    same: list[Filter] = []
    ways: list[Filter] = []
    for key, value in zip(keys, position.values, strict=True):
        own = Filter(key.field.sql)
        if value is None:  # nothing comes after what has no value; only the same is left
            same.append(build("{} IS NULL", own))
            continue
        beyond = build("{} < {}", own, bound(value)) if key.descending else build("{} > {}", own, bound(value))
        if key.field.nullable:
            beyond = build("({} OR {} IS NULL)", beyond, own)
        ways.append(all_of([*same, beyond]))
        same.append(build("{} = {}", own, bound(value)))
    ways.append(all_of([*same, build("{} > {}", own_id, bound(position.id))]))
    return any_of(ways)


def order_by(keys: Sequence[Key], id_sql: sql.Composable) -> sql.Composable:
    """Return what stands behind ORDER BY."""
    return sql.SQL(", ").join([*(_ordered(key) for key in keys), id_sql])


def _ordered(key: Key) -> sql.Composable:
    # NULLS LAST is left out where there are none: with it, an index could not be read backwards.
    ways = {
        (False, False): sql.SQL("{}"),
        (False, True): sql.SQL("{} NULLS LAST"),
        (True, False): sql.SQL("{} DESC"),
        (True, True): sql.SQL("{} DESC NULLS LAST"),
    }
    return ways[key.descending, key.field.nullable].format(key.field.sql)


def _mac(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, b"wangge cursor\0" + body, "sha256")[:SEAL_BYTES]


def _written(value: object) -> str:
    """Return a value as text from which it can be read back, whole."""
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _read(text: str, kind: Kind) -> object:
    match kind:
        case Kind.INTEGER:
            return int(text)
        case Kind.NUMBER:
            # Decimal keeps what numeric and double precision hold; psycopg2 writes an infinite one as NaN.
            return Decimal(text) if math.isfinite(float(text)) else float(text)
        case Kind.BOOLEAN:
            return text == "True"
        case Kind.DATE:
            return date.fromisoformat(text)
        case Kind.DATETIME:
            return datetime.fromisoformat(text)
        case Kind.TEXT:
            return text
