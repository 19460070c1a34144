"""Features of a collection: pages of them, and one by its id.

Values go from the store's rows into the answer's bytes with nothing between; geometry is text from PostGIS, never parsed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import orjson
from psycopg2 import sql
from psycopg2.extensions import AsIs
from starlette.responses import HTMLResponse, Response

from api.asked import ask, service
from api.ogc.answers import (
    FORMS,
    GEOJSON,
    HTML,
    JSON,
    NO_STORE,
    VARY,
    address_of,
    audience,
    caching,
    digested,
    form_of,
    held,
    is_known_tag,
    link,
    link_header,
    parameters,
    title_of,
    unchanged,
)
from api.ogc.collections import DRAFTS, GRIDS, INCIDENTS, Collection, collection_for, collection_shown, require_reader
from api.ogc.crs import output
from api.ogc.cursor import Position, after, order_by, seal, unseal
from api.ogc.grid_people import people_of
from api.ogc.incident_names import names_of
from api.ogc.literal import meets_box
from api.ogc.query import Count, ItemsQuery, parse_items
from api.ogc.reader import Reader
from api.ogc.times import in_span
from api.ogc.where import EVERYTHING, Filter, all_of
from gis.errors import NotFound, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from starlette.requests import Request

    from api.asked import Asked
    from api.ogc.cursor import Key
    from api.ogc.fields import Field

CHEAP_COUNT = 10_000
"""Unless it is asked for, features are counted up to here; where there are more, nothing is said of their number."""

WHEN = ("at", "as-of", "datetime")
"""The parameters that say which day is meant."""
DAYS = ("at", "as-of")
"""Those of them that only a collection takes which is read on a day."""
_ITEM = ("crs", "properties", "skipGeometry")
_MOMENT = AsIs("$2")
_DIGEST = 16
_ITEM_FORMS = {"json": GEOJSON, "geojson": GEOJSON, "html": HTML}
_FORMS = {**FORMS, "geojson": GEOJSON}
_DRAFT_FORMS = {"json": GEOJSON, "geojson": GEOJSON}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a collection, with the day that it is asked about; of a live one, with the moment."""

    collection: Collection
    fields: tuple[Field, ...]
    """The collection's, as the caller reads them."""
    query: ItemsQuery
    day: date
    now: datetime

    @property
    def moment(self) -> date | datetime:
        """What the collection's origin binds."""
        return self.now if self.collection.is_live else self.day

    @property
    def variant(self) -> tuple[str, bool]:
        """What of the question decides the SQL of the collection's fields."""
        return self.collection.id, self.fields is self.collection.fields

    @property
    def asked(self) -> tuple[object, ...]:
        """What decides which features there are and in which order; the day counts, however it was said."""
        if self.collection.is_live:
            return self.collection.id, self.query.asked
        words = tuple(pair for pair in self.query.asked if pair[0] not in WHEN)
        return self.collection.id, self.day, words

    @property
    def names(self) -> tuple[str, ...]:
        """The properties that are wanted, in the collection's order."""
        return tuple(f.name for f in self.fields) if self.query.properties is None else self.query.properties

    @property
    def condition(self) -> Filter:
        """What the features that are wanted must satisfy, wherever the page begins."""
        query, life = self.query, self.collection.life
        parts = [meets_box(query.bbox, query.bbox_crs, self.collection.geometry)] if query.bbox else []
        if life is not None and query.span is not None:
            parts.append(in_span(query.span, *life))
        return all_of([*parts, query.where])


def ask_about(asked: Asked, collection: Collection, pairs: Iterable[tuple[str, str]]) -> Question:
    """Return the question that parameters write to a collection; a live one knows no days."""
    fields = collection.fields_for(asked.scope)
    query = parse_items(pairs, fields, collection.geometry, without=DAYS if collection.is_live else ())
    return Question(collection, fields, query, asked.today if collection.is_live else day_of(query, asked.today), asked.now)


def items(request: Request) -> Response:
    """Answer with a page of a collection's features."""
    asked = ask(request)
    collection = collection_for(request.path_params["collection"], asked.scope)
    require_reader(collection, asked.scope, known=asked.caller.is_known)
    question = ask_about(asked, collection, request.query_params.multi_items())
    query = question.query
    is_draft = collection is DRAFTS
    form = form_of(request, query.form, "items", _DRAFT_FORMS if is_draft else _FORMS)
    kept, pool = held(request), service(request).pool
    data = kept.versions.of_data(pool)
    if is_draft:
        data = digested(data, *pool.ask(asked.scope, "SELECT count(*), sum(revision)::text FROM wangge.plan")[0])
    tag = digested(data, question.day, audience(asked), _shown(asked, form), asked.base, request.url.path, request.url.query)
    headers = _headers(asked, query, f'"{tag}"')
    if is_draft:
        headers["Cache-Control"] = NO_STORE
    # A live page is known by what is on it.
    if not collection.is_live and is_known_tag(request, headers["ETag"]):
        return unchanged(headers)

    key = service(request).cursor_key
    mark = digested(*question.asked)
    position = None if query.cursor is None else unseal(key, mark, query.cursor, query.sortby, collection.key.kind)
    store = Reader(pool, asked.scope, kept)
    rows = _page(store, question, position)
    more = len(rows) > query.limit
    del rows[query.limit :]
    matched = _matched(store, question, (data, *question.asked, audience(asked)), found=len(rows), more=more)

    links = [link(address_of(request, asked), "self", GEOJSON)]
    if not is_draft:
        links.append(link(_with(request, asked, f="html"), "alternate", HTML))
    links.append(link(f"{asked.base}/collections/{collection.id}", "collection", JSON, collection.title(asked.lang)))
    if more:
        keys = tuple(rows[-1][len(rows[-1]) - len(query.sortby) :])
        cursor = seal(key, mark, Position(keys, rows[-1][0]))
        links.append(link(_next(request, asked, question, cursor), "next", GEOJSON, title_of(asked, "下一页", "Next page")))
    names = question.names
    if form == "html":
        rows = [_told_here(row, request) for row in rows]
    features = [feature(row, names) for row in rows]
    body: dict[str, object] = {
        "type": "FeatureCollection",
        "numberReturned": len(rows),
        **({} if matched is None else {"numberMatched": matched}),
        "links": links,
        "features": features,
        **_called(store, question, features, form),
    }
    if collection.is_live:
        shown = repr(_shown(asked, form)).encode()
        headers["ETag"] = f'"{hashlib.sha256(orjson.dumps(body) + shown).hexdigest()[:_DIGEST]}"'
        if is_known_tag(request, headers["ETag"]):
            return unchanged(headers)
    body["timeStamp"] = asked.now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    headers["Link"] = link_header(links)
    return _answer(request, "items", body, asked, form=form, headers=headers)


def item(request: Request) -> Response:
    """Answer with one feature."""
    asked = ask(request)
    collection = collection_shown(request.path_params["collection"], asked.scope)
    require_reader(collection, asked.scope, known=asked.caller.is_known)
    given = parameters(request, *_ITEM, *(() if collection.is_live else WHEN))
    question = ask_about(asked, collection, given.items())
    query = question.query
    form = form_of(request, query.form, "item", _ITEM_FORMS)
    kept, pool = held(request), service(request).pool
    code = request.path_params["feature"]
    variant = digested(
        kept.versions.of_data(pool),
        question.day,
        audience(asked),
        _shown(asked, form),
        asked.base,
        request.url.path,
        request.url.query,
    )
    store = Reader(pool, asked.scope, kept)
    wanted = [code, question.now] if collection.is_live else [code]
    is_named = form == "html" and (collection is GRIDS or collection is INCIDENTS)
    # What a page calls things by, and who answers for a grid, is found out with the page.
    if "if-none-match" in request.headers and not is_named:
        seen = store.ask_again(_row_text(store, question), wanted)
        headers = _headers(asked, query, f'"{_tag_text(code)}-{seen[0][0] if seen else ""}-{variant}"')
        if seen and is_known_tag(request, headers["ETag"]):
            return unchanged(headers)
    found = store.ask_again(_item_text(store, question), wanted)
    if not found:
        when = "" if collection.is_live else f" on {question.day}"
        msg = f"there is no {code[:60]!r} in {collection.id}{when}"
        raise NotFound(msg, zh=f"没有“{code[:60]}”，或您无权查看")
    row = _told_here(found[0], request) if form == "html" else found[0]
    shown = feature(row, question.names)
    called = _called(store, question, [shown], form)
    if form == "html" and collection is GRIDS:
        called |= people_of(pool, asked, code, question.day)
    mark = f"{variant}-{digested(called)}" if is_named else variant
    headers = _headers(asked, query, f'"{_tag_text(code)}-{row[-1]}-{mark}"')
    if is_named and is_known_tag(request, headers["ETag"]):
        return unchanged(headers)
    links = [link(address_of(request, asked), "self", GEOJSON)]
    links.append(link(_with(request, asked, f="html"), "alternate", HTML))
    links.append(link(f"{asked.base}/collections/{collection.id}", "collection", JSON, collection.title(asked.lang)))
    if collection is INCIDENTS:
        links.append(link(f"{asked.base}/v1/incidents/{quote(code, safe='')}", "related", JSON))
    headers["Link"] = link_header(links)
    return _answer(request, "item", {**shown, "links": links, **called}, asked, form=form, headers=headers)


def day_of(query: ItemsQuery, today: date) -> date:
    """Return the day whose features are wanted: `at`, or of the days in `datetime` the one nearest to today; else today.

    Raises
    ------
    ParameterError
        If both are given.

    """
    if query.at is not None and query.span is not None:
        raise ParameterError("datetime", "at and datetime both say which day is meant; give one of them.")
    if query.at is not None:
        return query.at
    if query.span is None:
        return today
    first = today if query.span.first is None else query.span.first.date()
    last = today if query.span.last is None else query.span.last.date()
    return first if first > today else min(last, today)


def _told_here(row: tuple[object, ...], request: Request) -> tuple[object, ...]:
    """Return a row with its moments as clocks here show them: a page is read by people."""
    zone = ZoneInfo(service(request).settings.zone)
    return tuple(value.astimezone(zone) if isinstance(value, datetime) else value for value in row)


def feature(row: tuple[object, ...], names: tuple[str, ...]) -> dict[str, object]:
    """Return a row of id, geometry as GeoJSON text, and properties, as a feature; the geometry is not parsed."""
    text = row[1]
    return {
        "type": "Feature",
        "id": row[0],
        "geometry": orjson.Fragment(text) if isinstance(text, str) else None,
        "properties": dict(zip(names, row[2:], strict=False)),
    }


def _called(store: Reader, question: Question, features: list[dict[str, object]], form: str) -> dict[str, object]:
    """Return what a page of incidents calls their codes by; programs have no use for it."""
    if form != "html" or question.collection is not INCIDENTS:
        return {}
    properties = [cast("dict[str, object]", each["properties"]) for each in features]
    return {"names": names_of(store, properties, question.day)}


def select(question: Question, extra: tuple[sql.Composable, ...] = ()) -> sql.Composable:
    """Return the statement up to the condition on features: id, geometry, the properties that are wanted, and `extra`."""
    collection, query = question.collection, question.query
    own = {field.name: field.sql for field in question.fields}
    shape = sql.SQL("NULL") if query.skip_geometry else output(collection.geometry, query.crs)
    columns = [collection.key.sql, shape, *(own[name] for name in question.names), *extra]
    return sql.SQL("SELECT {} FROM {} WHERE {} AND ").format(sql.SQL(", ").join(columns), collection.origin, collection.where)


def _page(store: Reader, question: Question, position: Position | None) -> list[tuple[object, ...]]:
    """Return the rows of a page, and one more where there is one; their last values are those that order them."""
    collection, query = question.collection, question.query
    # What is kept planned is planned for a day: a live collection is too large for a plan that suits any page.
    if not collection.is_live and not query.sortby and not query.bbox and query.where is EVERYTHING:
        return _plain_page(store, question, position)
    head, order = store.kept.fact(
        ("page", *question.variant, query.crs.uri, query.skip_geometry, query.properties, _order(query.sortby)),
        lambda: (
            store.text(select(question, tuple(key.field.sql for key in query.sortby))),
            store.text(order_by(query.sortby, collection.key.sql)),
        ),
    )
    condition = question.condition
    if position is not None:
        condition = all_of([condition, after(query.sortby, collection.key.sql, position)])
    statement = sql.Composed(
        [sql.SQL(head), condition.sql, sql.SQL(f" ORDER BY {order} LIMIT {query.limit + 1} OFFSET {query.offset}")]
    )
    return store.ask(statement, [question.moment, *condition.params])


def _plain_page(store: Reader, question: Question, position: Position | None) -> list[tuple[object, ...]]:
    """Return the rows of a page of all features in the order of their ids: what most who page through a collection ask."""
    query, key = question.query, question.collection.key.sql
    first = position is None

    def compose() -> str:
        begin = sql.SQL("TRUE") if first else sql.SQL("{} > $3").format(key)
        tail = sql.SQL(" ORDER BY {} LIMIT CAST($1 AS bigint) OFFSET CAST($2 AS bigint)").format(key)
        return store.text(sql.Composed([select(question), begin, tail]), question.day)

    text = store.kept.fact(
        ("plain", *question.variant, question.day, query.crs.uri, query.skip_geometry, query.properties, first), compose
    )
    return store.ask_again(text, [query.limit + 1, query.offset, *([] if position is None else [position.id])])


def _order(keys: tuple[Key, ...]) -> tuple[tuple[str, bool], ...]:
    return tuple((key.field.name, key.descending) for key in keys)


def _matched(store: Reader, question: Question, counted: tuple[object, ...], *, found: int, more: bool) -> int | None:
    """Return how many features there are in all; None where nobody asked and counting them would be dear."""
    query = question.query
    if query.count is Count.NONE:
        return None
    if not more and query.cursor is None and (found or not query.offset):
        return query.offset + found
    exact = query.count is Count.EXACT
    most = None if exact else CHEAP_COUNT + 1
    if question.collection.is_live:
        count = _count(store, question, most)
    else:
        count = store.kept.fact(("count", exact, *counted), lambda: _count(store, question, most))
    return count if exact or count <= CHEAP_COUNT else None


def _count(store: Reader, question: Question, most: int | None) -> int:
    collection, condition = question.collection, question.condition
    statement = sql.SQL("SELECT count(*) FROM (SELECT FROM {} WHERE {} AND {} LIMIT {}) counted").format(
        collection.origin, collection.where, condition.sql, sql.Literal(most)
    )
    return store.ask(statement, [question.moment, *condition.params])[0][0]


def _item_text(store: Reader, question: Question) -> str:
    collection, query = question.collection, question.query
    return store.kept.fact(
        ("item", *question.variant, _written(question), query.crs.uri, query.skip_geometry, query.properties),
        lambda: store.text(
            sql.Composed([select(question, (collection.row,)), collection.key.sql, sql.SQL(" = $1")]), _written(question)
        ),
    )


def _row_text(store: Reader, question: Question) -> str:
    collection = question.collection
    return store.kept.fact(
        ("row", collection.id, _written(question)),
        lambda: store.text(
            sql.SQL("SELECT {} FROM {} WHERE {} AND {} = $1").format(
                collection.row, collection.origin, collection.where, collection.key.sql
            ),
            _written(question),
        ),
    )


def _written(question: Question) -> date | AsIs:
    """Return what stands in the statement of one feature for what the origin binds: the day, or a place for the moment."""
    return _MOMENT if question.collection.is_live else question.day


def _headers(asked: Asked, query: ItemsQuery, tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": caching(asked), "Vary": VARY, "Content-Crs": query.crs.content_crs}


def _shown(asked: Asked, form: str) -> tuple[str, ...]:
    """Return what an answer in a form depends on beside its features: a page has a language, and names who reads it."""
    return (form, asked.lang, asked.caller.person_id, asked.caller.name) if form == "html" else (form, asked.lang)


def _tag_text(code: str) -> str:
    """Return a code as it may stand in a header."""
    return quote(code, safe="")


def _answer(
    request: Request, kind: str, body: dict[str, object], asked: Asked, *, form: str, headers: dict[str, str]
) -> Response:
    raw = orjson.dumps(body)
    if form == "html":
        return HTMLResponse(service(request).pages[kind](orjson.loads(raw), asked), headers=headers)
    return Response(raw, headers=headers, media_type=GEOJSON)


def _with(request: Request, asked: Asked, **more: str) -> str:
    address = address_of(request, asked)
    return f"{address}{'&' if '?' in address else '?'}{urlencode(more)}"


def _next(request: Request, asked: Asked, question: Question, cursor: str) -> str:
    """Return the address of the next page: the same question, asked about the same day."""
    left_out = {"cursor", "offset"}
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in left_out]
    if not question.collection.is_live and question.query.at is None and question.query.span is None:
        kept.append(("at", question.day.isoformat()))
    path = f"/collections/{question.collection.id}/items"
    return f"{asked.base}{path}?{urlencode([*kept, ('cursor', cursor)])}"
