"""A condition in SQL with the values that it binds.

Everything that narrows or orders a collection is a `Filter`: what a caller typed is in `params` and never in `sql`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

from psycopg2 import sql

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Filter:
    """SQL whose `%s` stand in the order of `params`."""

    sql: sql.Composable
    params: tuple[object, ...] = ()


EVERYTHING = Filter(sql.SQL("TRUE"))


def bound(value: object) -> Filter:
    """Return one bound value."""
    return Filter(sql.Placeholder(), (value,))


def build(template: LiteralString, *parts: Filter) -> Filter:
    """Put parts into the `{}` of a template, in their order, and their values behind one another."""
    text = sql.SQL(template).format(*(part.sql for part in parts))
    return Filter(text, tuple(value for part in parts for value in part.params))


def all_of(parts: Sequence[Filter]) -> Filter:
    """Return the condition that every part holds; of no parts, that anything goes."""
    return _joined(" AND ", parts) if parts else EVERYTHING


def any_of(parts: Sequence[Filter]) -> Filter:
    """Return the condition that one part or more holds; of no parts, that nothing does."""
    return _joined(" OR ", parts) if parts else Filter(sql.SQL("FALSE"))


def _joined(word: LiteralString, parts: Sequence[Filter]) -> Filter:
    if len(parts) == 1:
        return parts[0]
    text = sql.SQL("({})").format(sql.SQL(word).join(part.sql for part in parts))
    return Filter(text, tuple(value for part in parts for value in part.params))
