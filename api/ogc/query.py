"""What a caller asks of a collection's items: the parameters, read and checked, every fault of them at once."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn, TypeVar

from api.ogc.cql import LANGUAGES, Language, compile_filter
from api.ogc.cql_terms import HIGHEST_INTEGER, LOWEST_INTEGER
from api.ogc.crs import CRS84, Crs, parse_crs
from api.ogc.cursor import Key
from api.ogc.fields import Kind, queryables, sortables
from api.ogc.literal import boxes
from api.ogc.times import begins, parse_instant, parse_span
from api.ogc.where import EVERYTHING, Filter, all_of, bound, build
from api.parameters import refuse, taken
from data.spelling import did_you_mean, listed
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from api.ogc.fields import Field, Geometry
    from api.ogc.literal import Box
    from api.ogc.times import Span

T = TypeVar("T")

DEFAULT_LIMIT = 100
HIGHEST_LIMIT = 10_000
HIGHEST_OFFSET = 10_000
MOST_NAMED = 100
"""Names in `properties` or `sortby`."""
INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{0,40})?([eE][+-]?\d{1,4})?", re.ASCII)
TRUTHS = {"true": True, "1": True, "false": False, "0": False}
LANGS = ("zh", "en")

PARAMETERS = (
    "limit",
    "offset",
    "cursor",
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "at",
    "as-of",
    "filter",
    "filter-lang",
    "filter-crs",
    "sortby",
    "properties",
    "skipGeometry",
    "count",
    "f",
    "lang",
)
"""Every parameter that is not a queryable; where a queryable has the same name, the parameter wins."""


class Count(StrEnum):
    """Whether the answer says how many features there are: always, or never."""

    EXACT = "exact"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsQuery:
    """A question to a collection's items, with nothing left to check but the cursor."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0
    cursor: str | None = None
    bbox: tuple[Box, ...] = ()
    """Boxes in `bbox_crs`, x first: none, one, or the two halves of one across the antimeridian."""
    bbox_crs: Crs = CRS84
    crs: Crs = CRS84
    span: Span | None = None
    at: date | None = None
    where: Filter = EVERYTHING
    """`filter` and the queryables, which must all hold."""
    sortby: tuple[Key, ...] = ()
    properties: tuple[str, ...] | None = None
    """Names of the properties to give, in the order of the collection; None for all."""
    skip_geometry: bool = False
    count: Count | None = None
    """None: the server says how many there are where that is cheap."""
    form: str | None = None
    """The parameter `f`, as it was written."""
    lang: str | None = None
    asked: tuple[tuple[str, str], ...] = ()
    """What a cursor's question is digested from: every parameter that chooses or orders features, by name."""


PAGING = frozenset({"limit", "offset", "cursor", "crs", "properties", "skipGeometry", "count", "f", "lang"})
"""Parameters that may change from page to page: they choose and order nothing."""


def parse_items(
    pairs: Iterable[tuple[str, str]], fields: Sequence[Field], geometry: Geometry | None, *, without: Sequence[str] = ()
) -> ItemsQuery:
    """Return the question that the parameters of a request write; those in `without` are unknown to the collection.

    Raises
    ------
    ParameterError
        For the first fault; `errors` in its `extra` lists all of them as `parameter`, `code` and `detail`.

    """
    reader = _Reader(pairs, fields, geometry, without)
    query = reader.query()
    refuse(reader.faults)
    return query


class _Reader:
    """Reads the parameters of one request and gathers their faults."""

    def __init__(
        self, pairs: Iterable[tuple[str, str]], fields: Sequence[Field], geometry: Geometry | None, without: Sequence[str]
    ) -> None:
        self.fields = fields
        self.geometry = geometry
        self.asks = queryables(fields)
        known = (name for name in (*PARAMETERS, *self.asks) if name not in without)
        self.given, self.faults = taken(pairs, tuple(known))

    def _read(self, name: str, parse: Callable[[str, str], T], otherwise: T) -> T:
        """Return what a parameter says; where it is absent or wrong, something else to go on with."""
        text = self.given.get(name)
        if text is None:
            return otherwise
        try:
            return parse(name, text)
        except ParameterError as fault:
            self.faults.append(fault)
            return otherwise

    def query(self) -> ItemsQuery:
        """Read every parameter."""
        bbox_crs = self._read("bbox-crs", _crs, CRS84)
        bbox: tuple[Box, ...] = ()
        # Numbers in a system that is not known cannot be judged.
        if "bbox-crs" not in self._failed():
            bbox = self._read("bbox", lambda name, text: self._bbox(name, text, bbox_crs), bbox)
        if "at" in self.given and "as-of" in self.given:
            self.faults.append(ParameterError("as-of", "at and as-of are the same; give one of them."))
        if "cursor" in self.given and "offset" in self.given:
            self.faults.append(ParameterError("offset", "A cursor says where the page begins; leave offset out."))
        return ItemsQuery(
            limit=self._read("limit", _limit, DEFAULT_LIMIT),
            offset=self._read("offset", _offset, 0),
            cursor=self._read("cursor", _text, None),
            bbox=bbox,
            bbox_crs=bbox_crs,
            crs=self._read("crs", _crs, CRS84),
            span=self._read("datetime", _span, None),
            at=self._read("at" if "at" in self.given else "as-of", _day, None),
            where=self._where(),
            sortby=self._read("sortby", self._sortby, ()),
            properties=self._read("properties", self._properties, None),
            skip_geometry=self._read("skipGeometry", _truth, otherwise=False),
            count=self._read("count", _count, None),
            form=self._read("f", _text, None),
            lang=self._read("lang", _lang, None),
            asked=tuple(sorted((name, text) for name, text in self.given.items() if name not in PAGING)),
        )

    def _failed(self) -> set[str]:
        return {fault.parameter for fault in self.faults}

    def _bbox(self, name: str, text: str, crs: Crs) -> tuple[Box, ...]:
        if self.geometry is None:
            _refuse(name, "This collection has no geometry.")
        words = text.split(",", maxsplit=7)
        numbers = [_number(name, word) for word in words]
        return boxes(numbers, crs, name, "invalid-parameter")

    def _where(self) -> Filter:
        """Return the condition of the filter and of every queryable that is asked for."""
        parts = [
            self._read(name, lambda _, text, field=field: _equals(field, text), EVERYTHING)
            for name, field in self.asks.items()
            if name in self.given and name not in PARAMETERS
        ]
        language = self._read("filter-lang", _language, None)
        crs = self._read("filter-crs", _crs, CRS84)
        if "filter" in self.given and not self._failed() & {"filter-lang", "filter-crs"}:
            parts.append(self._read("filter", lambda _, text: self._filter(text, language, crs), EVERYTHING))
        return all_of([part for part in parts if part is not EVERYTHING])

    def _filter(self, text: str, language: Language | None, crs: Crs) -> Filter:
        return compile_filter(text, language or Language.TEXT, self.asks, self.geometry, crs)

    def _sortby(self, name: str, text: str) -> tuple[Key, ...]:
        known = sortables(self.fields)
        keys: list[Key] = []
        for word in _words(name, text):
            # In a URL a plus sign is a space, so one that nobody escaped arrives as such.
            bare = word.strip().removeprefix("+") if word[:1] != "-" else word[1:]
            field = known.get(bare)
            if field is None:
                _refuse(name, f"Nothing is sorted by {bare[:60]!r}{did_you_mean(bare[:60], known)['hint']}; {_offer(known)}.")
            if any(key.field is field for key in keys):
                _refuse(name, f"{bare} is named twice.")
            keys.append(Key(field, descending=word.startswith("-")))
        return tuple(keys)

    def _properties(self, name: str, text: str) -> tuple[str, ...]:
        known = {field.name: field for field in self.fields}
        wanted = set(_words(name, text)) if text else set[str]()
        for word in sorted(wanted - known.keys()):
            _refuse(name, f"There is no property {word[:60]!r}{did_you_mean(word[:60], known)['hint']}; {_offer(known)}.")
        return tuple(field for field in known if field in wanted)


def _offer(known: Mapping[str, Field]) -> str:
    return f"there are {listed(known, most=60)}" if known else "there is nothing to name"


def _words(name: str, text: str) -> list[str]:
    words = text.split(",", maxsplit=MOST_NAMED)
    if len(words) > MOST_NAMED:
        _refuse(name, f"{name} names at most {MOST_NAMED} properties.")
    if not all(word.strip() for word in words):
        _refuse(name, f"{name} names properties with a comma between two; one of them is empty.")
    return words


def _equals(field: Field, text: str) -> Filter:
    """Return the condition that a field has the value that a parameter writes."""
    name = field.name
    values: dict[Kind, Callable[[str, str], object]] = {
        Kind.TEXT: lambda name, text: _word(name, text, field.enum),
        Kind.INTEGER: _integer,
        Kind.NUMBER: _number,
        Kind.BOOLEAN: _truth,
        Kind.DATE: _day,
        Kind.DATETIME: _instant,
    }
    return build("({} = {})", Filter(field.sql), bound(values[field.kind](name, text)))


def _text(name: str, text: str) -> str:
    if not text or "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        _refuse(name, f"{name} is empty or holds a character that no text can hold.")
    return text


def _word(name: str, text: str, words: tuple[str, ...]) -> str:
    if text:
        _text(name, text)
    if words and text not in words:
        _refuse(name, f"{name} is never {text[:60]!r}{did_you_mean(text[:60], words)['hint']}; it is {listed(words, most=40)}.")
    return text


def _integer(name: str, text: str) -> int:
    number = int(text) if INTEGER.fullmatch(text) else None
    if number is None or not LOWEST_INTEGER <= number <= HIGHEST_INTEGER:
        _refuse(name, f"{name} is a whole number, not {text[:60]!r}.")
    return number


def _number(name: str, text: str) -> float:
    word = text.strip()
    number = float(word) if NUMBER.fullmatch(word) else math.nan
    if not math.isfinite(number):
        _refuse(name, f"{name}: {text[:60]!r} is not a finite number.")
    return number


def _truth(name: str, text: str) -> bool:
    if text.lower() not in TRUTHS:
        _refuse(name, f"{name} is true or false, not {text[:60]!r}.")
    return TRUTHS[text.lower()]


def _day(name: str, text: str) -> date:
    day = parse_instant(text)
    if day is None or isinstance(day, datetime):
        _refuse(name, f"{name} is a date such as 2024-05-01, not {text[:60]!r}.")
    return day


def _instant(name: str, text: str) -> datetime:
    when = parse_instant(text)
    if when is None:
        _refuse(name, f"{name} is an instant such as 2024-05-01T08:00:00Z, not {text[:60]!r}.")
    return begins(when)


def _span(name: str, text: str) -> Span:
    span = parse_span(text)
    if span is None:
        _refuse(
            name,
            f"{text[:80]!r} is no instant, date or interval; write 2024-05-01T08:00:00Z, 2024-05-01, "
            "2024-05-01/2024-05-31, or .. for an end that is open.",
        )
    return span


def _limit(name: str, text: str) -> int:
    # A limit above the highest is no error, however long: it is lowered.
    if not text.isascii() or not text.isdigit() or not text.strip("0"):
        _refuse(name, f"limit is a whole number from 1, not {text[:60]!r}; above {HIGHEST_LIMIT} it is {HIGHEST_LIMIT}.")
    return HIGHEST_LIMIT if len(text) > len(str(HIGHEST_LIMIT)) else min(int(text), HIGHEST_LIMIT)


def _offset(name: str, text: str) -> int:
    number = _integer(name, text)
    if number < 0:
        _refuse(name, f"offset is a whole number from 0, not {text[:60]!r}.")
    if number > HIGHEST_OFFSET:
        _refuse(name, f"offset goes up to {HIGHEST_OFFSET}; beyond it follow the link next, which is faster as well.")
    return number


def _crs(name: str, text: str) -> Crs:
    return parse_crs(text, name)


def _language(name: str, text: str) -> Language:
    if text not in LANGUAGES:
        _refuse(name, f"{name} is cql2-text or cql2-json, not {text[:60]!r}.")
    return LANGUAGES[text]


def _count(name: str, text: str) -> Count:
    if text not in set(Count):
        _refuse(name, f"{name} is exact or none, not {text[:60]!r}.")
    return Count(text)


def _lang(name: str, text: str) -> str:
    if text not in LANGS:
        _refuse(name, f"{name} is zh or en, not {text[:60]!r}.")
    return text


def _refuse(parameter: str, message: str) -> NoReturn:
    raise ParameterError(parameter, message)
