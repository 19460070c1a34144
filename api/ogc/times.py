"""Dates, instants and spans of time as callers write them, and when a feature lies in one.

Instants are RFC 3339. GDAL writes less when it knows less (`2024-05-01T`, `2024-05-01T08Z`), and that is read too. A
date beside instants is a day of UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

from api.ogc.fields import Kind
from api.ogc.where import Filter, all_of, bound, build

if TYPE_CHECKING:
    from api.ogc.fields import Field

WRITTEN = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:[Tt ](?P<clock>\d{2}(?::\d{2}(?::\d{2}(?P<part>\.\d{1,9})?)?)?)?(?P<zone>[Zz]|[+-]\d{2}:\d{2})?)?",
    re.ASCII,
)
OPEN = ("", "..")


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time with both ends in it; an end that is None is open."""

    first: datetime | None
    last: datetime | None


def parse_instant(text: str) -> date | datetime | None:
    """Return the date, or the instant in UTC, that a text writes; None if it writes neither."""
    match = WRITTEN.fullmatch(text)
    if not match:
        return None
    try:
        day = date.fromisoformat(match["day"])
        if not match["clock"]:
            return None if match["zone"] else day
        hour, minute, second = (*map(int, match["clock"].partition(".")[0].split(":")), 0, 0)[:3]
        micro = int((match["part"] or ".")[1:7].ljust(6, "0"))
        clock = time(hour, minute, second, micro, tzinfo=_zone(match["zone"]))
        return datetime.combine(day, clock).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> timezone:
    """Return the zone; an instant without one is UTC's."""
    if not text or text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    if minutes >= 60:  # noqa: PLR2004 - an hour has sixty minutes
        raise ValueError(text)
    away = timedelta(hours=hours, minutes=minutes)
    return timezone(-away if text[0] == "-" else away)


def begins(when: date | datetime) -> datetime:
    """Return the first instant of a day; an instant is its own."""
    return when if isinstance(when, datetime) else datetime.combine(when, time(), tzinfo=UTC)


def ends(when: date | datetime) -> datetime:
    """Return the last instant of a day, to the microsecond that PostgreSQL keeps; an instant is its own."""
    return when if isinstance(when, datetime) else datetime.combine(when, time.max, tzinfo=UTC)


def parse_span(text: str) -> Span | None:
    """Return the span that `datetime` writes: an instant, a day, or two of them around a slash; None if it is none."""
    head, slash, tail = text.partition("/")
    if not slash:
        tail = head
        if head in OPEN:
            return None
    first = None if head in OPEN else parse_instant(head)
    last = None if tail in OPEN else parse_instant(tail)
    if (first is None and head not in OPEN) or (last is None and tail not in OPEN):
        return None
    span = Span(None if first is None else begins(first), None if last is None else ends(last))
    backwards = span.first is not None and span.last is not None and span.first > span.last
    return None if backwards else span


def in_span(span: Span, start: Field, end: Field | None = None) -> Filter:
    """Return the condition that a feature's time meets the span, ends included; no time meets every span.

    `end` is the field in which the feature's time ends; without it `start` is an instant.
    """
    last = end or start
    parts: list[Filter] = []
    if span.first is not None:
        value = bound(span.first.date() if last.kind is Kind.DATE else span.first)
        parts.append(build("({} IS NULL OR {} >= {})", Filter(last.sql), Filter(last.sql), value))
    if span.last is not None:
        value = bound(span.last.date() if start.kind is Kind.DATE else span.last)
        parts.append(build("({} IS NULL OR {} <= {})", Filter(start.sql), Filter(start.sql), value))
    return all_of(parts)
