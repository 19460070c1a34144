"""CQL2 filters, in text or JSON, to SQL.

A filter is read into a tree and the tree is compiled by a whitelist: a property must be a queryable, an operator must
stand in a table below, a literal must fit what it is compared with and is always bound. What is not known here never
reaches the database. Comparisons with NULL give NULL, as in SQL; dividing by nothing does too.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, LiteralString, NoReturn, cast

from psycopg2 import sql

from api.ogc.cql_text import MOST_NESTED, parse_text
from api.ogc.crs import CRS84, column
from api.ogc.fields import Kind
from api.ogc.literal import bind, box_shape, boxes, read_geometry
from api.ogc.times import begins, ends, parse_instant
from api.ogc.where import Filter, all_of, any_of, bound, build
from data.spelling import did_you_mean, listed
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from api.ogc.crs import Crs
    from api.ogc.fields import Field, Geometry

LONGEST = 64 * 1024
"""Characters of a filter."""
MOST_NODES = 100
"""Operators, properties and literals of a filter; what IN lists is counted by itself."""
MOST_LISTED = 1000
"""Values that all the IN of a filter may list together."""
MOST_VERTICES = 10_000
LOWEST_INTEGER, HIGHEST_INTEGER = -(2**63), 2**63 - 1


class Language(StrEnum):
    """How a filter is written."""

    TEXT = "cql2-text"
    JSON = "cql2-json"


LANGUAGES = {"cql2-text": Language.TEXT, "cql-text": Language.TEXT, "cql2-json": Language.JSON}
"""The values of `filter-lang`; GDAL looks for the old name of the text, and sends it."""


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

COMPARED: dict[str, LiteralString] = {
    "=": "({} = {})",
    "<>": "({} <> {})",
    "<": "({} < {})",
    "<=": "({} <= {})",
    ">": "({} > {})",
    ">=": "({} >= {})",
}

# Sums are exact and cannot run over in numeric, which bigint and double precision can.
COMPUTED: dict[str, LiteralString] = {
    "+": "(CAST({} AS numeric) + CAST({} AS numeric))",
    "-": "(CAST({} AS numeric) - CAST({} AS numeric))",
    "*": "(CAST({} AS numeric) * CAST({} AS numeric))",
    "/": "(CAST({} AS numeric) / NULLIF(CAST({} AS numeric), 0))",
    "%": "mod(CAST({} AS numeric), NULLIF(CAST({} AS numeric), 0))",
    "div": "div(CAST({} AS numeric), NULLIF(CAST({} AS numeric), 0))",
}

# The boxes come first: their operator is leakproof, so row security lets the index answer it.
SPATIAL: dict[str, LiteralString] = {
    "s_intersects": "ST_Intersects({}, {})",
    "s_within": "ST_Within({}, {})",
    "s_contains": "ST_Contains({}, {})",
    "s_equals": "ST_Equals({}, {})",
    "s_touches": "ST_Touches({}, {})",
    "s_crosses": "ST_Crosses({}, {})",
    "s_overlaps": "ST_Overlaps({}, {})",
    "s_disjoint": "ST_Disjoint({}, {})",
}
COLLECTIONS_TOO = frozenset({"s_intersects", "s_disjoint"})
"""What PostGIS can ask of a GeometryCollection."""

# Each is a set of comparisons between the starts (0) and ends (1) of a and b, all of which must hold.
TEMPORAL: dict[str, tuple[tuple[int, str, int], ...]] = {
    "t_after": ((0, ">", 1),),
    "t_before": ((1, "<", 0),),
    "t_contains": ((0, "<", 0), (1, ">", 1)),
    "t_during": ((0, ">", 0), (1, "<", 1)),
    "t_equals": ((0, "=", 0), (1, "=", 1)),
    "t_finishedby": ((0, "<", 0), (1, "=", 1)),
    "t_finishes": ((0, ">", 0), (1, "=", 1)),
    "t_intersects": ((0, "<=", 1), (1, ">=", 0)),
    "t_meets": ((1, "=", 0),),
    "t_metby": ((0, "=", 1),),
    "t_overlappedby": ((0, ">", 0), (0, "<", 1), (1, ">", 1)),
    "t_overlaps": ((0, "<", 0), (1, ">", 0), (1, "<", 1)),
    "t_startedby": ((0, "=", 0), (1, ">", 1)),
    "t_starts": ((0, "=", 0), (1, "<", 1)),
}
DISJOINT = "t_disjoint"
"""The one that holds where either of two comparisons does."""

WORDS: dict[str, str] = {
    "accenti": "letters are compared with their accents; compare without accenti()",
    "^": "write a product",
    "a_contains": "no property is an array",
    "a_containedby": "no property is an array",
    "a_equals": "no property is an array",
    "a_overlaps": "no property is an array",
}
"""Why some operators of CQL2 are not answered, or what to do instead."""
LOGICAL = ("and", "or", "not")
PREDICATES = (*LOGICAL, *COMPARED, "like", "between", "in", "isNull", *SPATIAL, *TEMPORAL, DISJOINT)
KNOWN = (*PREDICATES, *COMPUTED, "casei")


@dataclass(frozen=True, slots=True)
class Term:
    """A scalar: its sort, its kind where that says more, its SQL, and its value if it is a literal."""

    sort: Sort
    kind: Kind
    filter: Filter
    literal: object = None
    open: bool = False
    """Whether it is an end of an interval that lies infinitely far."""


def compile_filter(
    text: str, language: Language, fields: Mapping[str, Field], geometry: Geometry | None, filter_crs: Crs = CRS84
) -> Filter:
    """Return the condition that a filter writes.

    `fields` are the queryables; coordinates in the filter are in `filter_crs`, axes in its authority's order.

    Raises
    ------
    ParameterError
        `invalid-filter`, if the filter is not CQL2, asks for what is not there, or asks too much.

    """
    if len(text) > LONGEST:
        _refuse(f"The filter has {len(text)} characters; at most {LONGEST} are read.")
    tree = parse_text(text) if language is Language.TEXT else _parse_json(text)
    return _Compiler(fields, geometry, filter_crs).predicate(tree, 1)


def _parse_json(text: str) -> object:
    def no_number(word: str) -> NoReturn:
        _refuse(f"{word} is not a number that can be compared.")

    try:
        return json.loads(text, parse_constant=no_number)
    except ParameterError:
        raise  # it is a ValueError as well
    except RecursionError:
        _refuse(f"More than {MOST_NESTED} levels in one another; write a flatter filter.")
    except json.JSONDecodeError as error:
        _refuse(f"Position {error.pos + 1}: this is not JSON: {error.msg}.", position=error.pos + 1)
    except ValueError:  # Python reads no integer of thousands of digits
        _refuse(f"An integer lies outside {LOWEST_INTEGER} to {HIGHEST_INTEGER}.")


class _Compiler:
    """Compiles one tree, and counts what it meets."""

    def __init__(self, fields: Mapping[str, Field], geometry: Geometry | None, crs: Crs) -> None:
        self.fields = fields
        self.geometry = geometry
        self.crs = crs
        self.nodes = 0
        self.listed = 0
        self.vertices = 0

    def _count(self, depth: int) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            _refuse(f"The filter has more than {MOST_NODES} operators, properties and values.")
        if depth > MOST_NESTED:
            _refuse(f"More than {MOST_NESTED} levels in one another; write a flatter filter.")

    def _operation(self, tree: dict[str, object]) -> tuple[str, list[object]]:
        """Return the operator of a node, in the spelling of the tables, and its arguments."""
        name, args = tree.get("op"), tree.get("args", [])
        if not isinstance(name, str) or not isinstance(args, list):
            _refuse(f"An operation has an operator in op and a list in args; here is {_shown(tree)}.")
        word = name.lower()
        return {"isnull": "isNull"}.get(word, word), cast("list[object]", args)

    def predicate(self, tree: object, depth: int) -> Filter:
        """Compile what is true, false or NULL."""
        if isinstance(tree, bool):
            self._count(depth)
            return bound(tree)
        node = _node(tree)
        if node is not None and "op" in node:
            name, args = self._operation(node)
            if name not in PREDICATES:
                self._unknown(name, "is a value, not a condition" if name in KNOWN else None)
            self._count(depth)
            return self._operator(name)(name, args, depth + 1)
        term = self.scalar(tree, depth) if node is not None and "property" in node else None
        if term is None or term.sort is not Sort.BOOLEAN:
            _refuse(f"A condition is wanted where {_shown(tree)} stands.")
        return term.filter

    def _operator(self, name: str) -> Callable[[str, list[object], int], Filter]:
        """Return what compiles a predicate's operator."""
        families: tuple[tuple[Container[str], Callable[[str, list[object], int], Filter]], ...] = (
            (LOGICAL, self._logical),
            (COMPARED, self._compare),
            (SPATIAL, self._spatial),
            ({"like"}, self._like),
            ({"between"}, self._between),
            ({"in"}, self._in),
            ({"isNull"}, self._is_null),
        )
        return next((method for names, method in families if name in names), self._temporal)

    def _compare(self, name: str, args: list[object], depth: int) -> Filter:
        left, right = self._alike(name, [self.scalar(arg, depth) for arg in _exactly(2, name, args)])
        if left.sort is Sort.BOOLEAN and name not in {"=", "<>"}:
            _refuse(f"True and false can be compared by = and <>, not by {name}.")
        return build(COMPARED[name], left.filter, right.filter)

    def _unknown(self, name: str, why: str | None) -> NoReturn:
        said = f"{name[:60]} {why}." if why else None
        if reason := WORDS.get(name):
            said = f"{name} is not supported: {reason}."
        _refuse(said or f"There is no operator or function {name[:60]!r}{did_you_mean(name[:60], KNOWN)['hint']}.")

    def _logical(self, name: str, args: list[object], depth: int) -> Filter:
        if name == "not":
            return build("(NOT {})", self.predicate(_exactly(1, name, args)[0], depth))
        if len(args) < 2:  # noqa: PLR2004 - both sides
            _refuse(f"{name} joins two conditions or more.")
        parts = [self.predicate(arg, depth) for arg in args]
        return all_of(parts) if name == "and" else any_of(parts)

    def scalar(self, tree: object, depth: int) -> Term:
        """Compile a property, a literal, a sum or a function that gives a value."""
        node = _node(tree)
        if node is None:
            self._count(depth)
            return _literal(tree)
        if "property" in node:
            self._count(depth)
            return self._property(node["property"])
        for word in ("date", "timestamp"):
            if word in node:
                self._count(depth)
                return _instant(word, node[word])
        if "op" not in node:
            _refuse(f"A value is wanted where {_shown(tree)} stands.")
        name, args = self._operation(node)
        self._count(depth)
        if name == "casei":
            term = self.scalar(_exactly(1, name, args)[0], depth + 1)
            if term.sort is not Sort.TEXT:
                _refuse(f"casei() takes a text, not a {term.sort}.")
            return Term(Sort.TEXT, Kind.TEXT, build("lower(CAST({} AS text))", term.filter), literal=term.literal)
        if name not in COMPUTED:
            self._unknown(name, "is a condition, not a value" if name in KNOWN else None)
        left, right = (self.scalar(arg, depth + 1) for arg in _exactly(2, name, args))
        if not left.sort is right.sort is Sort.NUMBER:
            _refuse(f"{name} computes with numbers, not with a {left.sort} and a {right.sort}.")
        return Term(Sort.NUMBER, Kind.NUMBER, build(COMPUTED[name], left.filter, right.filter))

    def _property(self, name: object) -> Term:
        field = self.fields.get(name) if isinstance(name, str) else None
        if field is None:
            shown = str(name)[:60]
            if self.geometry is not None and name == self.geometry.name:
                _refuse(f"{shown} is a geometry; ask for it by {listed(SPATIAL)} or IS NULL.")
            _refuse(
                f"There is no queryable {shown!r}{did_you_mean(shown, self.fields)['hint']}; "
                f"there are {listed(self.fields, most=40)}.",
            )
        return Term(SORTS[field.kind], field.kind, Filter(field.sql))

    def _alike(self, name: str, terms: Sequence[Term]) -> list[Term]:
        """Return terms that can be compared with one another: literals become what they stand beside."""
        sorts = {term.sort for term in terms if term.literal is None}
        if len(sorts) == 1:
            terms = [_as_sort(term, *sorts) for term in terms]
        found = {term.sort for term in terms}
        if len(found) > 1:
            _refuse(f"{name} cannot compare a {' with a '.join(sorted(found))}.")
        return _same_clock(terms) if found == {Sort.TIME} else list(terms)

    def _like(self, name: str, args: list[object], depth: int) -> Filter:
        value, pattern = (self.scalar(arg, depth) for arg in _exactly(2, name, args))
        if not isinstance(pattern.literal, str):
            _refuse("The pattern of LIKE is a text in quotation marks, or casei() of one.")
        if value.sort is not Sort.TEXT:
            _refuse(f"LIKE compares texts; on its left stands a {value.sort}.")
        written = pattern.literal
        if (len(written) - len(written.rstrip("\\"))) % 2:
            _refuse("The pattern of LIKE ends in a backslash that has nothing to protect; write two.")
        return build("({} LIKE {})", value.filter, pattern.filter)

    def _between(self, name: str, args: list[object], depth: int) -> Filter:
        terms = self._alike(name, [self.scalar(arg, depth) for arg in _exactly(3, name, args)])
        if terms[0].sort is Sort.BOOLEAN:
            _refuse("BETWEEN has no meaning for true and false.")
        return build("({} BETWEEN {} AND {})", *(term.filter for term in terms))

    def _in(self, name: str, args: list[object], depth: int) -> Filter:
        subject, items = _exactly(2, name, args)
        if not isinstance(items, list) or not items:
            _refuse("IN has a list of values on its right.")
        wanted = cast("list[object]", items)
        self.listed += len(wanted)
        if self.listed > MOST_LISTED:
            _refuse(f"IN lists more than {MOST_LISTED} values; ask in several requests.")
        terms = [self.scalar(subject, depth)]
        before = self.nodes
        for item in wanted:
            self.nodes = before
            terms.append(self.scalar(item, depth))
        head, *tail = self._alike(name, terms)
        text = sql.SQL("({} IN ({}))").format(head.filter.sql, sql.SQL(", ").join(term.filter.sql for term in tail))
        return Filter(text, tuple(value for term in (head, *tail) for value in term.filter.params))

    def _is_null(self, name: str, args: list[object], depth: int) -> Filter:
        (arg,) = _exactly(1, name, args)
        node = _node(arg)
        if node is None or "property" not in node:
            _refuse(f"IS NULL asks for a property, not for {_shown(arg)}.")
        if self.geometry is not None and node["property"] == self.geometry.name:
            self._count(depth)
            return build("({} IS NULL)", Filter(column(self.geometry, CRS84)[1]))
        return build("({} IS NULL)", self.scalar(arg, depth).filter)

    def _spatial(self, name: str, args: list[object], depth: int) -> Filter:
        if self.geometry is None:
            _refuse(f"{name} asks for a geometry, and this collection has none.")
        srid, own = column(self.geometry, self.crs)
        left, right = (self._geometry(arg, name, srid, own, depth) for arg in _exactly(2, name, args))
        asked = build(SPATIAL[name], left, right)
        return asked if name == "s_disjoint" else build("({} && {} AND {})", left, right, asked)

    def _geometry(self, tree: object, name: str, srid: int, own: sql.Composable, depth: int) -> Filter:
        self._count(depth)
        node = _node(tree)
        if node is None:
            _refuse(f"{name} compares geometries; here is {_shown(tree)}.")
        if "property" in node:
            if self.geometry is None or node["property"] != self.geometry.name:
                wanted = self.geometry.name if self.geometry else "none"
                _refuse(f"{name}: the geometry of this collection is called {wanted}, not {_shown(tree)}.")
            return Filter(own)
        if "bbox" in node:
            numbers = node["bbox"]
            if not isinstance(numbers, list):
                _refuse("A bbox is a list of numbers.")
            self._vertices(4)
            found = boxes(cast("list[object]", numbers), self.crs, "filter", "invalid-filter")
            return bind(box_shape(found), self.crs, srid)
        if "op" in node:
            self._unknown(self._operation(node)[0], "gives no geometry")
        if node.get("type") == "GeometryCollection" and name not in COLLECTIONS_TOO:
            _refuse(f"{name} cannot be asked of a GeometryCollection; ask for each geometry by itself.")
        shape, vertices = read_geometry(node, self.crs, most=MOST_VERTICES - self.vertices)
        self._vertices(vertices)
        return bind(shape, self.crs, srid)

    def _vertices(self, more: int) -> None:
        self.vertices += more
        if self.vertices > MOST_VERTICES:
            _refuse(f"The filter's geometries have more than {MOST_VERTICES} vertices.")

    def _temporal(self, name: str, args: list[object], depth: int) -> Filter:
        spans = [self._span(arg, name, depth) for arg in _exactly(2, name, args)]
        instants = any(term.kind is Kind.DATETIME for span in spans for term in span if not term.open)
        # A day that ends a span beside instants lasts until its own end.
        ended = [(span[0], _last(span[1]) if instants and span[0] is not span[1] else span[1]) for span in spans]
        a0, a1, b0, b1 = _same_clock([term for span in ended for term in span])
        a, b = (a0.filter, a1.filter), (b0.filter, b1.filter)
        if name == DISJOINT:
            return any_of([build(COMPARED["<"], a[1], b[0]), build(COMPARED[">"], a[0], b[1])])
        return all_of([build(COMPARED[sign], a[mine], b[other]) for mine, sign, other in TEMPORAL[name]])

    def _span(self, tree: object, name: str, depth: int) -> tuple[Term, Term]:
        """Return the start and the end of an interval; an instant is both."""
        node = _node(tree)
        if node is None or "interval" not in node:
            term = _as_sort(self.scalar(tree, depth), Sort.TIME)
            if term.sort is not Sort.TIME:
                _refuse(f"{name} compares times; here is a {term.sort}.")
            return term, term
        self._count(depth)
        ends_ = node["interval"]
        if not isinstance(ends_, list) or len(cast("list[object]", ends_)) != 2:  # noqa: PLR2004 - start and end
            _refuse("An interval has a start and an end.")
        first, last = cast("list[object]", ends_)
        start, end = self._end(first, "-infinity", name, depth + 1), self._end(last, "infinity", name, depth + 1)
        if isinstance(start.literal, date) and isinstance(end.literal, date) and begins(start.literal) > ends(end.literal):
            _refuse(f"An interval ends before it starts: {_shown(tree)}.")
        return start, end

    def _end(self, tree: object, far: LiteralString, name: str, depth: int) -> Term:
        """Compile one end of an interval; `..`, and a property that is NULL, leave it open."""
        if tree == "..":
            self._count(depth)
            return Term(Sort.TIME, Kind.DATE, Filter(sql.SQL("CAST({} AS date)").format(sql.Literal(far))), open=True)
        term = _as_sort(self.scalar(tree, depth), Sort.TIME)
        if term.sort is not Sort.TIME:
            _refuse(f"{name}: an interval has times for its ends; here is a {term.sort}.")
        if term.literal is not None:
            return term
        kind = "date" if term.kind is Kind.DATE else "timestamptz"
        text = sql.SQL("COALESCE({}, {})").format(
            term.filter.sql, sql.SQL("CAST({} AS {})").format(sql.Literal(far), sql.SQL(kind))
        )
        return Term(Sort.TIME, term.kind, Filter(text, term.filter.params))


def _node(tree: object) -> dict[str, object] | None:
    return cast("dict[str, object]", tree) if isinstance(tree, dict) else None


def _exactly(count: int, name: str, args: list[object]) -> list[object]:
    if len(args) != count:
        _refuse(f"{name} takes {count} argument{'s' if count > 1 else ''}; here are {len(args)}.")
    return args


def _literal(value: object) -> Term:
    """Return a literal as a bound term."""
    if isinstance(value, bool):
        return Term(Sort.BOOLEAN, Kind.BOOLEAN, bound(value), literal=value)
    if isinstance(value, int):
        if not LOWEST_INTEGER <= value <= HIGHEST_INTEGER:
            _refuse(f"An integer lies outside {LOWEST_INTEGER} to {HIGHEST_INTEGER}.")
        return Term(Sort.NUMBER, Kind.INTEGER, bound(value), literal=value)
    if isinstance(value, float):
        if not math.isfinite(value):
            _refuse("A number is too large to be compared.")
        return Term(Sort.NUMBER, Kind.NUMBER, bound(value), literal=value)
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            _refuse("A text holds a character that no text in the store can hold.")
        return Term(Sort.TEXT, Kind.TEXT, bound(value), literal=value)
    if value is None:
        _refuse("Nothing is equal to null; write IS NULL.")
    return _refuse(f"A value is wanted where {_shown(value)} stands.")


def _instant(word: str, value: object) -> Term:
    """Return a `date` or `timestamp` literal."""
    when = parse_instant(value) if isinstance(value, str) else None
    if when is None or isinstance(when, datetime) != (word == "timestamp"):
        wanted = "2024-05-01" if word == "date" else "2024-05-01T08:00:00Z"
        _refuse(f"{_shown(value)} is no {word}; write it like {wanted}.")
    return _timed(when)


def _timed(when: date | datetime) -> Term:
    return Term(Sort.TIME, Kind.DATETIME if isinstance(when, datetime) else Kind.DATE, bound(when), literal=when)


def _as_sort(term: Term, sort: Sort) -> Term:
    """Return a literal as what it is compared with: a text may write a time, 0 and 1 may be false and true."""
    if sort is Sort.TIME and isinstance(term.literal, str):
        when = parse_instant(term.literal)
        if when is None:
            _refuse(f"{term.literal[:60]!r} is no time; write 2024-05-01 or 2024-05-01T08:00:00Z.")
        return _timed(when)
    if sort is Sort.BOOLEAN and term.sort is Sort.NUMBER and term.literal in {0, 1}:
        return _literal(bool(term.literal))
    return term


def _same_clock(terms: Sequence[Term]) -> list[Term]:
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


def _last(term: Term) -> Term:
    """Return the last instant of a day; anything else as it is."""
    when = term.literal
    return _timed(ends(when)) if isinstance(when, date) else term


def _shown(tree: object) -> str:
    """Return a piece of a filter, short enough for a sentence."""
    text = json.dumps(tree, ensure_ascii=True, default=str)
    return text if len(text) <= 80 else text[:80] + "…"  # noqa: PLR2004 - a line


def _refuse(message: str, **extra: Any) -> NoReturn:  # noqa: ANN401 - anything that JSON can say
    raise ParameterError("filter", message, code="invalid-filter", **extra)
