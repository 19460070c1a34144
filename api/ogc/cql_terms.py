"""The values of a filter as terms: literals, what each can be compared with, and times brought to one clock."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NoReturn

from api.ogc.fields import Kind
from api.ogc.times import begins, ends, parse_instant
from api.ogc.where import Filter, bound, build
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

LOWEST_INTEGER, HIGHEST_INTEGER = -(2**63), 2**63 - 1


class Sort(StrEnum):
    """What can be compared with what."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"


SORTS = {
    Kind.TEXT: Sort.TEXT,
    Kind.INTEGER: Sort.NUMBER,
    Kind.NUMBER: Sort.NUMBER,
    Kind.BOOLEAN: Sort.BOOLEAN,
    Kind.DATE: Sort.TIME,
    Kind.DATETIME: Sort.TIME,
}


@dataclass(frozen=True, slots=True)
class Term:
    """A scalar: its sort, its kind where that says more, its SQL, and its value if it is a literal."""

    sort: Sort
    kind: Kind
    filter: Filter
    literal: object = None
    open: bool = False
    """Whether it is an end of an interval that lies infinitely far."""


def literal(value: object) -> Term:
    """Return a literal as a bound term."""
    if isinstance(value, bool):
        return Term(Sort.BOOLEAN, Kind.BOOLEAN, bound(value), literal=value)
    if isinstance(value, int):
        if not LOWEST_INTEGER <= value <= HIGHEST_INTEGER:
            refuse(f"An integer lies outside {LOWEST_INTEGER} to {HIGHEST_INTEGER}.")
        return Term(Sort.NUMBER, Kind.INTEGER, bound(value), literal=value)
    if isinstance(value, float):
        if not math.isfinite(value):
            refuse("A number is too large to be compared.")
        return Term(Sort.NUMBER, Kind.NUMBER, bound(value), literal=value)
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            refuse("A text holds a character that no text in the store can hold.")
        return Term(Sort.TEXT, Kind.TEXT, bound(value), literal=value)
    if value is None:
        refuse("Nothing is equal to null; write IS NULL.")
    return refuse(f"A value is wanted where {shown(value)} stands.")


def instant(word: str, value: object) -> Term:
    """Return a `date` or `timestamp` literal."""
    when = parse_instant(value) if isinstance(value, str) else None
    if when is None or isinstance(when, datetime) != (word == "timestamp"):
        wanted = "2024-05-01" if word == "date" else "2024-05-01T08:00:00Z"
        refuse(f"{shown(value)} is no {word}; write it like {wanted}.")
    return _timed(when)


def _timed(when: date | datetime) -> Term:
    return Term(Sort.TIME, Kind.DATETIME if isinstance(when, datetime) else Kind.DATE, bound(when), literal=when)


def as_sort(term: Term, sort: Sort) -> Term:
    """Return a literal as what it is compared with: a text may write a time, 0 and 1 may be false and true."""
    if sort is Sort.TIME and isinstance(term.literal, str):
        when = parse_instant(term.literal)
        if when is None:
            refuse(f"{term.literal[:60]!r} is no time; write 2024-05-01 or 2024-05-01T08:00:00Z.")
        return _timed(when)
    if sort is Sort.BOOLEAN and term.sort is Sort.NUMBER and term.literal in {0, 1}:
        return literal(bool(term.literal))
    return term


def same_clock(terms: Sequence[Term]) -> list[Term]:
    """Return times that are all dates or all instants; a date stands for its first instant, in UTC."""
    stored = {term.kind for term in terms if term.literal is None and not term.open}
    kinds = {term.kind for term in terms if not term.open}
    if stored <= {Kind.DATE}:
        # An instant at midnight is as good as its date, and leaves an index on the column of use.
        terms = [_as_date(term) for term in terms]
        kinds = {term.kind for term in terms if not term.open}
    return [_as_instant(term) for term in terms] if Kind.DATETIME in kinds else list(terms)


def _as_date(term: Term) -> Term:
    when = term.literal
    return _timed(when.date()) if isinstance(when, datetime) and when.timetz() == time(tzinfo=UTC) else term


def _as_instant(term: Term) -> Term:
    if term.kind is Kind.DATETIME:
        return term
    if isinstance(term.literal, date):
        return _timed(begins(term.literal))
    if term.open:
        return Term(term.sort, Kind.DATETIME, build("CAST({} AS timestamptz)", term.filter), open=True)
    return Term(term.sort, Kind.DATETIME, build("(CAST({} AS timestamp) AT TIME ZONE 'UTC')", term.filter))


def last(term: Term) -> Term:
    """Return the last instant of a day; anything else as it is."""
    when = term.literal
    return _timed(ends(when)) if isinstance(when, date) else term


def shown(tree: object) -> str:
    """Return a piece of a filter, short enough for a sentence."""
    text = json.dumps(tree, ensure_ascii=True, default=str)
    return text if len(text) <= 80 else text[:80] + "…"  # noqa: PLR2004 - a line


def refuse(message: str, **extra: Any) -> NoReturn:  # noqa: ANN401 - anything that JSON can say
    """Raise that a filter cannot be answered, and why."""
    raise ParameterError("filter", message, code="invalid-filter", **extra)
