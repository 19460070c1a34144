"""CQL2 filters, in text or JSON, to SQL.

A filter is read into a tree and the tree is compiled by a whitelist: a property must be a queryable, an operator must
stand in a table below, a literal must fit what it is compared with and is always bound. What is not known here never
reaches the database. Comparisons with NULL give NULL, as in SQL; dividing by nothing does too.
"""

from __future__ import annotations

import json
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, LiteralString, NoReturn, cast

from psycopg2 import sql

from api.ogc.cql_terms import (
    HIGHEST_INTEGER,
    LOWEST_INTEGER,
    SORTS,
    Sort,
    Term,
    as_sort,
    instant,
    last,
    literal,
    refuse,
    same_clock,
    shown,
)
from api.ogc.cql_text import MOST_NESTED, parse_text
from api.ogc.cql_words import (
    COLLECTIONS_TOO,
    COMPARED,
    COMPUTED,
    DISJOINT,
    KNOWN,
    LOGICAL,
    PREDICATES,
    SPATIAL,
    TEMPORAL,
    WORDS,
)
from api.ogc.crs import CRS84, column
from api.ogc.fields import Kind
from api.ogc.literal import bind, box_shape, boxes, read_geometry
from api.ogc.times import begins, ends
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


class Language(StrEnum):
    """How a filter is written."""

    TEXT = "cql2-text"
    JSON = "cql2-json"


LANGUAGES = {"cql2-text": Language.TEXT, "cql-text": Language.TEXT, "cql2-json": Language.JSON}
"""The values of `filter-lang`; GDAL looks for the old name of the text, and sends it."""


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
        refuse(f"The filter has {len(text)} characters; at most {LONGEST} are read.")
    tree = parse_text(text) if language is Language.TEXT else _parse_json(text)
    return _Compiler(fields, geometry, filter_crs).predicate(tree, 1)


def _parse_json(text: str) -> object:
    def no_number(word: str) -> NoReturn:
        refuse(f"{word} is not a number that can be compared.")

    try:
        return json.loads(text, parse_constant=no_number)
    except ParameterError:
        raise  # it is a ValueError as well
    except RecursionError:
        refuse(f"More than {MOST_NESTED} levels in one another; write a flatter filter.")
    except json.JSONDecodeError as error:
        refuse(f"Position {error.pos + 1}: this is not JSON: {error.msg}.", position=error.pos + 1)
    except ValueError:  # Python reads no integer of thousands of digits
        refuse(f"An integer lies outside {LOWEST_INTEGER} to {HIGHEST_INTEGER}.")


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
            refuse(f"The filter has more than {MOST_NODES} operators, properties and values.")
        if depth > MOST_NESTED:
            refuse(f"More than {MOST_NESTED} levels in one another; write a flatter filter.")

    def _operation(self, tree: dict[str, object]) -> tuple[str, list[object]]:
        """Return the operator of a node, in the spelling of the tables, and its arguments."""
        name, args = tree.get("op"), tree.get("args", [])
        if not isinstance(name, str) or not isinstance(args, list):
            refuse(f"An operation has an operator in op and a list in args; here is {shown(tree)}.")
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
            refuse(f"A condition is wanted where {shown(tree)} stands.")
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
            refuse(f"True and false can be compared by = and <>, not by {name}.")
        return build(COMPARED[name], left.filter, right.filter)

    def _unknown(self, name: str, why: str | None) -> NoReturn:
        said = f"{name[:60]} {why}." if why else None
        if reason := WORDS.get(name):
            said = f"{name} is not supported: {reason}."
        refuse(said or f"There is no operator or function {name[:60]!r}{did_you_mean(name[:60], KNOWN)['hint']}.")

    def _logical(self, name: str, args: list[object], depth: int) -> Filter:
        if name == "not":
            return build("(NOT {})", self.predicate(_exactly(1, name, args)[0], depth))
        if len(args) < 2:  # noqa: PLR2004 - both sides
            refuse(f"{name} joins two conditions or more.")
        parts = [self.predicate(arg, depth) for arg in args]
        return all_of(parts) if name == "and" else any_of(parts)

    def scalar(self, tree: object, depth: int) -> Term:
        """Compile a property, a literal, a sum or a function that gives a value."""
        node = _node(tree)
        if node is None:
            self._count(depth)
            return literal(tree)
        if "property" in node:
            self._count(depth)
            return self._property(node["property"])
        for word in ("date", "timestamp"):
            if word in node:
                self._count(depth)
                return instant(word, node[word])
        if "op" not in node:
            refuse(f"A value is wanted where {shown(tree)} stands.")
        name, args = self._operation(node)
        self._count(depth)
        if name == "casei":
            term = self.scalar(_exactly(1, name, args)[0], depth + 1)
            if term.sort is not Sort.TEXT:
                refuse(f"casei() takes a text, not a {term.sort}.")
            return Term(Sort.TEXT, Kind.TEXT, build("lower(CAST({} AS text))", term.filter), literal=term.literal)
        if name not in COMPUTED:
            self._unknown(name, "is a condition, not a value" if name in KNOWN else None)
        left, right = (self.scalar(arg, depth + 1) for arg in _exactly(2, name, args))
        if not left.sort is right.sort is Sort.NUMBER:
            refuse(f"{name} computes with numbers, not with a {left.sort} and a {right.sort}.")
        return Term(Sort.NUMBER, Kind.NUMBER, build(COMPUTED[name], left.filter, right.filter))

    def _property(self, name: object) -> Term:
        field = self.fields.get(name) if isinstance(name, str) else None
        if field is None:
            word = str(name)[:60]
            if self.geometry is not None and name == self.geometry.name:
                refuse(f"{word} is a geometry; ask for it by {listed(SPATIAL)} or IS NULL.")
            refuse(
                f"There is no queryable {word!r}{did_you_mean(word, self.fields)['hint']}; "
                f"there are {listed(self.fields, most=40)}.",
            )
        return Term(SORTS[field.kind], field.kind, Filter(field.sql))

    def _alike(self, name: str, terms: Sequence[Term]) -> list[Term]:
        """Return terms that can be compared with one another: literals become what they stand beside."""
        sorts = {term.sort for term in terms if term.literal is None}
        if len(sorts) == 1:
            terms = [as_sort(term, *sorts) for term in terms]
        found = {term.sort for term in terms}
        if len(found) > 1:
            refuse(f"{name} cannot compare a {' with a '.join(sorted(found))}.")
        return same_clock(terms) if found == {Sort.TIME} else list(terms)

    def _like(self, name: str, args: list[object], depth: int) -> Filter:
        value, pattern = (self.scalar(arg, depth) for arg in _exactly(2, name, args))
        if not isinstance(pattern.literal, str):
            refuse("The pattern of LIKE is a text in quotation marks, or casei() of one.")
        if value.sort is not Sort.TEXT:
            refuse(f"LIKE compares texts; on its left stands a {value.sort}.")
        written = pattern.literal
        if (len(written) - len(written.rstrip("\\"))) % 2:
            refuse("The pattern of LIKE ends in a backslash that has nothing to protect; write two.")
        return build("({} LIKE {})", value.filter, pattern.filter)

    def _between(self, name: str, args: list[object], depth: int) -> Filter:
        terms = self._alike(name, [self.scalar(arg, depth) for arg in _exactly(3, name, args)])
        if terms[0].sort is Sort.BOOLEAN:
            refuse("BETWEEN has no meaning for true and false.")
        return build("({} BETWEEN {} AND {})", *(term.filter for term in terms))

    def _in(self, name: str, args: list[object], depth: int) -> Filter:
        subject, items = _exactly(2, name, args)
        if not isinstance(items, list) or not items:
            refuse("IN has a list of values on its right.")
        wanted = cast("list[object]", items)
        self.listed += len(wanted)
        if self.listed > MOST_LISTED:
            refuse(f"IN lists more than {MOST_LISTED} values; ask in several requests.")
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
            refuse(f"IS NULL asks for a property, not for {shown(arg)}.")
        if self.geometry is not None and node["property"] == self.geometry.name:
            self._count(depth)
            return build("({} IS NULL)", Filter(column(self.geometry, CRS84)[1]))
        return build("({} IS NULL)", self.scalar(arg, depth).filter)

    def _spatial(self, name: str, args: list[object], depth: int) -> Filter:
        if self.geometry is None:
            refuse(f"{name} asks for a geometry, and this collection has none.")
        srid, own = column(self.geometry, self.crs)
        left, right = (self._geometry(arg, name, srid, own, depth) for arg in _exactly(2, name, args))
        asked = build(SPATIAL[name], left, right)
        return asked if name == "s_disjoint" else build("({} && {} AND {})", left, right, asked)

    def _geometry(self, tree: object, name: str, srid: int, own: sql.Composable, depth: int) -> Filter:
        self._count(depth)
        node = _node(tree)
        if node is None:
            refuse(f"{name} compares geometries; here is {shown(tree)}.")
        if "property" in node:
            if self.geometry is None or node["property"] != self.geometry.name:
                wanted = self.geometry.name if self.geometry else "none"
                refuse(f"{name}: the geometry of this collection is called {wanted}, not {shown(tree)}.")
            return Filter(own)
        if "bbox" in node:
            numbers = node["bbox"]
            if not isinstance(numbers, list):
                refuse("A bbox is a list of numbers.")
            self._vertices(4)
            found = boxes(cast("list[object]", numbers), self.crs, "filter", "invalid-filter")
            return bind(box_shape(found), self.crs, srid)
        if "op" in node:
            self._unknown(self._operation(node)[0], "gives no geometry")
        if node.get("type") == "GeometryCollection" and name not in COLLECTIONS_TOO:
            refuse(f"{name} cannot be asked of a GeometryCollection; ask for each geometry by itself.")
        shape, vertices = read_geometry(node, self.crs, most=MOST_VERTICES - self.vertices)
        self._vertices(vertices)
        return bind(shape, self.crs, srid)

    def _vertices(self, more: int) -> None:
        self.vertices += more
        if self.vertices > MOST_VERTICES:
            refuse(f"The filter's geometries have more than {MOST_VERTICES} vertices.")

    def _temporal(self, name: str, args: list[object], depth: int) -> Filter:
        spans = [self._span(arg, name, depth) for arg in _exactly(2, name, args)]
        instants = any(term.kind is Kind.DATETIME for span in spans for term in span if not term.open)
        # A day that ends a span beside instants lasts until its own end.
        ended = [(span[0], last(span[1]) if instants and span[0] is not span[1] else span[1]) for span in spans]
        a0, a1, b0, b1 = same_clock([term for span in ended for term in span])
        a, b = (a0.filter, a1.filter), (b0.filter, b1.filter)
        if name == DISJOINT:
            return any_of([build(COMPARED["<"], a[1], b[0]), build(COMPARED[">"], a[0], b[1])])
        return all_of([build(COMPARED[sign], a[mine], b[other]) for mine, sign, other in TEMPORAL[name]])

    def _span(self, tree: object, name: str, depth: int) -> tuple[Term, Term]:
        """Return the start and the end of an interval; an instant is both."""
        node = _node(tree)
        if node is None or "interval" not in node:
            term = as_sort(self.scalar(tree, depth), Sort.TIME)
            if term.sort is not Sort.TIME:
                refuse(f"{name} compares times; here is a {term.sort}.")
            return term, term
        self._count(depth)
        ends_ = node["interval"]
        if not isinstance(ends_, list) or len(cast("list[object]", ends_)) != 2:  # noqa: PLR2004 - start and end
            refuse("An interval has a start and an end.")
        first, last = cast("list[object]", ends_)
        start, end = self._end(first, "-infinity", name, depth + 1), self._end(last, "infinity", name, depth + 1)
        if isinstance(start.literal, date) and isinstance(end.literal, date) and begins(start.literal) > ends(end.literal):
            refuse(f"An interval ends before it starts: {shown(tree)}.")
        return start, end

    def _end(self, tree: object, far: LiteralString, name: str, depth: int) -> Term:
        """Compile one end of an interval; `..`, and a property that is NULL, leave it open."""
        if tree == "..":
            self._count(depth)
            return Term(Sort.TIME, Kind.DATE, Filter(sql.SQL("CAST({} AS date)").format(sql.Literal(far))), open=True)
        term = as_sort(self.scalar(tree, depth), Sort.TIME)
        if term.sort is not Sort.TIME:
            refuse(f"{name}: an interval has times for its ends; here is a {term.sort}.")
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
        refuse(f"{name} takes {count} argument{'s' if count > 1 else ''}; here are {len(args)}.")
    return args
