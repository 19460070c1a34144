"""Drafts over OGC API Features, Part 4: a planner edits the grids of a plan in whatever GIS they like.

One grid is written at a time, and whoever writes says in If-Match which state of it they have seen. That is its tag,
`"{id}-{row_version}"`: it grows when somebody writes the grid, and not when figures follow from what is written beside it,
so both sides of a line can be fetched, moved and written back together. `If-Match: *` writes whatever is there: a GIS that
sends no tags of its own (QGIS) is told to send that in a header of its connection.

Properties that the server finds by itself may be sent, as a GIS sends back all that it has read, and are ignored; a
property that nobody knows is refused.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import anyio.from_thread
import numpy as np
import orjson
import shapely
from psycopg2 import sql
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.asked import ask, service
from api.idempotency import once_for
from api.ogc.answers import GEOJSON, JSON, NO_STORE, VARY, form_of, link, link_header, parameters
from api.ogc.collections import DRAFTS, GEOMETRY, collection_for
from api.ogc.crs import CRS84, parse_crs
from api.ogc.items import Question, feature, select
from api.ogc.query import ItemsQuery, parse_items
from api.v1.answers import precondition, tag
from api.who.caller import Right
from data.spelling import did_you_mean
from data.store import drafts, plans
from data.store.draft_figures import frame_of
from data.store.drafts import Wanted
from data.store.scope import speak
from data.store.sql import one
from gis.errors import NotFound, Refused, RequestError
from gis.frame import transform_geometry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg2.extensions import connection
    from shapely import MultiPolygon, Polygon
    from starlette.requests import Request

    from api.asked import Asked
    from api.idempotency import Once
    from api.ogc.crs import Crs
    from data.store.drafts import DraftGrid
    from data.store.plans import PlanRow

MERGE_PATCH = "application/merge-patch+json"
BODIES = {"POST": (GEOJSON, JSON), "PUT": (GEOJSON, JSON), "PATCH": (MERGE_PATCH,)}
"""The media types that each method reads."""
WRITABLE = ("code", "name", "kind", "subtype", "community")
KINDS = ("residential", "dedicated")
MOST_VERTICES = 10_000
LONGEST = {"code": 60, "name": 100, "subtype": 60, "community": 100}
"""Characters of the longest text of each property."""
FARTHEST_M = 1e8
"""No coordinate in metres is as large, and what cannot be transformed is infinite."""
WRITE_MS = 60_000
_RING = 4
"""Positions of the shortest ring."""
_FORMS = {"json": GEOJSON, "geojson": GEOJSON}
_ALL, _READ = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "PUT"), ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Sent:
    """What a body says: the properties and the geometry that are in it, and the system of its coordinates."""

    properties: dict[str, object]
    geometry: Polygon | MultiPolygon | None
    crs: Crs


def collection_options(request: Request) -> Response:
    """Say what may be done with the collection."""
    asked = _visible(request)
    allowed = (*_READ, "POST") if asked.caller.may(Right.EDIT_PLAN) else _READ
    return Response(status_code=204, headers={"Allow": ", ".join(allowed), "Cache-Control": NO_STORE})


def item_options(request: Request) -> Response:
    """Say what may be done with one grid now."""
    asked = _visible(request)
    with service(request).pool.read(asked.scope) as conn:
        _, body, _ = _read(conn, asked, drafts.grid_named(conn, request.path_params["feature"]).id, ItemsQuery())
    allowed = _ALL if body["properties"]["editable"] else _READ
    headers = {"Allow": ", ".join(allowed), "Accept-Patch": MERGE_PATCH, "Cache-Control": NO_STORE}
    return Response(status_code=204, headers=headers)


def show(request: Request) -> Response:
    """Answer with one grid."""
    asked = _visible(request)
    given = parameters(request, "crs", "properties", "skipGeometry")
    query = parse_items(given.items(), DRAFTS.fields, GEOMETRY)
    form_of(request, query.form, "item", _FORMS)
    with service(request).pool.read(asked.scope) as conn:
        identity = drafts.grid_named(conn, request.path_params["feature"]).id
        return _answer(conn, asked, identity, query)


def add(request: Request) -> Response:
    """Add a grid to a plan."""
    asked, once, body = _writing(request)
    sent = _sent(request, body)
    named = sent.properties.get("plan")
    if isinstance(named, bool) or not isinstance(named, str | int):
        raise _unusable([_fault("/properties/plan", "missing-field", "say which plan the grid is for: its id or its number")])

    def make(conn: connection) -> Response:
        plan = plans.get(conn, plans.find(conn, str(named).replace("\0", "")))
        _require_all(asked, plan)
        words = _words({"kind": KINDS[0], "subtype": "", "code": ""}, sent.properties, clears=("code", "kind", "subtype"))
        if sent.geometry is None:
            raise _bad_shape("a grid needs a geometry")
        speak(conn, asked.acting(Right.EDIT_PLAN))
        plan = plans.get(conn, plan.id, lock=True)
        drafts.require_open(conn, plan)
        identity = drafts.add(conn, plan, _wanted(conn, plan, words, sent), now=asked.now)
        return _answer(conn, asked, identity, ItemsQuery(crs=sent.crs), status=201)

    with service(request).pool.write(asked.scope, ms=WRITE_MS) as conn:
        return once(conn, lambda: make(conn))


def replace(request: Request) -> Response:
    """Put another grid in the place of one; its id stays, whatever the body says."""
    return _change(request, whole=True)


def update(request: Request) -> Response:
    """Change some of a grid."""
    return _change(request, whole=False)


def remove(request: Request) -> Response:
    """Take a grid out of its plan."""
    asked, once, _ = _writing(request)

    def take_out(conn: connection) -> Response:
        plan, grid = _locked(conn, request, asked, _own(conn, request, asked))
        drafts.remove(conn, plan, grid, now=asked.now)
        return Response(status_code=204, headers={"Cache-Control": NO_STORE})

    with service(request).pool.write(asked.scope, ms=WRITE_MS) as conn:
        return once(conn, lambda: take_out(conn))


def _change(request: Request, *, whole: bool) -> Response:
    asked, once, body = _writing(request)

    def change(conn: connection) -> Response:
        grid = _own(conn, request, asked)
        sent = _sent(request, body)
        if whole and sent.geometry is None:
            raise _bad_shape("a grid needs a geometry")
        plan, grid = _locked(conn, request, asked, grid)
        was = {"code": grid.code, "name": grid.name, "kind": grid.kind, "subtype": grid.subtype, "community": grid.community}
        # A code is what the plan calls the grid: without one in the body it keeps its own.
        known = {"code": grid.code, "subtype": ""} if whole else was
        words = _words(known, sent.properties, clears=("code", "subtype") if whole else ("subtype",))
        drafts.change(conn, plan, grid, _wanted(conn, plan, words, sent), now=asked.now)
        return _answer(conn, asked, grid.id, ItemsQuery(crs=sent.crs))

    with service(request).pool.write(asked.scope, ms=WRITE_MS) as conn:
        return once(conn, lambda: change(conn))


# --- who may ----------------------------------------------------------------------------------------------------------


def _visible(request: Request) -> Asked:
    """Return who asks; to those who see no drafts there is no such collection."""
    asked = ask(request)
    if collection_for(DRAFTS.id, asked.scope) is not DRAFTS:
        raise NotFound("there is no such collection")
    return asked


def _writing(request: Request) -> tuple[Asked, Once, bytes]:
    """Return who asks for a change, what does it once, and the body: all of it is here before a transaction begins."""
    asked = _visible(request)
    parameters(request)
    body = anyio.from_thread.run(request.body)
    return asked, once_for(request, asked, body), body


def _own(conn: connection, request: Request, asked: Asked) -> DraftGrid:
    """Return the grid that a request is about, if the caller may change its plan."""
    grid = drafts.grid_named(conn, request.path_params["feature"])
    _require_all(asked, plans.get(conn, grid.plan))
    return grid


def _require_all(asked: Asked, plan: PlanRow) -> None:
    """Refuse whoever may not edit all of a plan: what follows from a change may lie anywhere in it."""
    for path in plan.paths:
        for kind in KINDS:
            if not asked.caller.may(Right.EDIT_PLAN, path, kind):
                raise Refused("parts of this plan lie outside your areas or categories; its grids are not yours to change")


def _locked(conn: connection, request: Request, asked: Asked, grid: DraftGrid) -> tuple[PlanRow, DraftGrid]:
    """Return a grid's plan, which nobody else changes until the transaction ends, and the grid as it is now.

    From here on the transaction speaks for somebody who edits plans.
    """
    speak(conn, asked.acting(Right.EDIT_PLAN))
    plan = plans.get(conn, grid.plan, lock=True)
    grid = drafts.grid_named(conn, str(grid.id))
    precondition(request.headers.get("if-match"), tag(grid.id, grid.row_version))
    drafts.require_open(conn, plan)
    return plan, grid


# --- what is sent -----------------------------------------------------------------------------------------------------


def _sent(request: Request, raw: bytes) -> Sent:
    """Read a body."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    known = BODIES[request.method]
    if media not in known:
        raise HTTPException(415, f"{request.method} reads {' or '.join(known)} here")
    try:
        body: object = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _unusable([_fault("", "json-invalid", f"the body is no JSON: {error}")]) from error
    if not isinstance(body, dict):
        raise _unusable([_fault("", "wrong-type", "the body is no GeoJSON feature")])
    tree = cast("dict[str, object]", body)
    if request.method != "PATCH" and tree.get("type") != "Feature":
        raise _unusable([_fault("/type", "wrong-type", "the body is a GeoJSON feature: its type is Feature")])
    crs = _crs(request.headers.get("content-crs"), tree.get("crs"))
    properties = tree.get("properties", {} if request.method == "PATCH" else None)
    if not isinstance(properties, dict):
        raise _unusable([_fault("/properties", "wrong-type", "properties is an object")])
    geometry = tree.get("geometry")
    if "geometry" in tree and geometry is None:
        raise _bad_shape("a grid needs a geometry")
    return Sent(cast("dict[str, object]", properties), None if geometry is None else read_polygon(geometry, crs), crs)


def _crs(header: str | None, member: object) -> Crs:
    """Return the system of a body's coordinates: as the header says, or GeoJSON's old member, or else CRS84."""
    named = None if header is None else parse_crs(header.strip().removeprefix("<").removesuffix(">"), "Content-Crs")
    if member is None:
        return named or CRS84
    tree = cast("dict[str, Any]", member) if isinstance(member, dict) else {}
    name = tree.get("properties", {}).get("name") if isinstance(tree.get("properties"), dict) else None
    if not isinstance(name, str):
        raise _unusable([_fault("/crs", "wrong-type", "crs names a coordinate reference system; Content-Crs does it better")])
    said = parse_crs(name, "crs")
    if named is not None and said is not named:
        raise _unusable([_fault("/crs", "contradiction", "crs and Content-Crs name different systems")])
    return said


def _words(known: dict[str, str], sent: dict[str, object], *, clears: Iterable[str]) -> dict[str, str]:
    """Return the texts of a grid: those that are sent, else those that are known; `clears` may be sent as null."""
    words, faults = dict(known), list[dict[str, object]]()
    server_side = {field.name for field in DRAFTS.fields} - set(WRITABLE)
    for name, value in sent.items():
        if name in server_side:
            continue
        if name not in WRITABLE:
            hint = did_you_mean(name[:60], WRITABLE)["hint"]
            detail = f"a grid has no property {name[:60]!r}{hint}; {', '.join(WRITABLE)} may be written"
            faults.append(_fault(f"/properties/{name[:60]}", "unknown-field", detail))
        elif value is None and name in clears:
            continue
        elif (why := _text_fault(name, value)) is not None:
            faults.append(_fault(f"/properties/{name}", "invalid-value", why))
        else:
            words[name] = cast("str", value)
    missing = [name for name in WRITABLE if name not in words and name not in sent]
    faults += [_fault(f"/properties/{name}", "missing-field", f"a grid needs its {name}") for name in missing]
    if not faults and words["kind"] == KINDS[0] and words["subtype"]:
        if sent.get("subtype"):
            faults.append(_fault("/properties/subtype", "invalid-value", "only dedicated grids have a subtype"))
        words["subtype"] = ""
    if faults:
        raise _unusable(faults)
    return words


def _text_fault(name: str, value: object) -> str | None:
    """Say what is wrong with a value of a property, if anything is."""
    if not isinstance(value, str):
        return f"{name} is a text"
    if name == "kind":
        return None if value in KINDS else f"kind is {' or '.join(KINDS)}"
    may_be_empty = name == "subtype"
    rules = (
        (len(value) > LONGEST[name] or not (value.strip() or may_be_empty), f"{name} has 1 to {LONGEST[name]} characters"),
        (any(unicodedata.category(one)[0] == "C" for one in value), f"{name} holds a character that cannot be seen"),
        (
            name == "code" and not all(one.isalnum() or one in "-_." for one in value),
            "a code is made of letters, digits, hyphens, underscores and points",
        ),
    )
    return next((why for broken, why in rules if broken), None)


def read_polygon(tree: object, crs: Crs) -> Polygon | MultiPolygon:
    """Return the polygon or multipolygon of a GeoJSON geometry, x first, whatever the order of the system's axes.

    Whether its rings make sense is not asked here. Raises `geometry-invalid` with what is wrong.
    """
    node = cast("dict[str, object]", tree) if isinstance(tree, dict) else {}
    kind, coordinates = node.get("type"), node.get("coordinates")
    if kind not in {"Polygon", "MultiPolygon"}:
        raise _bad_shape("the geometry of a grid is a Polygon or a MultiPolygon")
    left = [MOST_VERTICES]
    parts = [coordinates] if kind == "Polygon" else _list(coordinates)
    made: list[Polygon] = []
    for part in parts:
        rings = [_ring(ring, crs, left) for ring in _list(part)]
        made.append(shapely.Polygon(rings[0], rings[1:]))
    return made[0] if kind == "Polygon" else shapely.MultiPolygon(made)


def _list(tree: object) -> list[object]:
    if not isinstance(tree, list) or not tree:
        raise _bad_shape("coordinates are lists of lists of numbers, none of them empty")
    return cast("list[object]", tree)


def _ring(tree: object, crs: Crs, left: list[int]) -> list[tuple[float, float]]:
    """Return the positions of a ring; `left` is how many more there may be."""
    positions = _list(tree)
    left[0] -= len(positions)
    if left[0] < 0:
        raise _bad_shape(f"a grid has at most {MOST_VERTICES} vertices")
    west, south, east, north = crs.domain
    ring: list[tuple[float, float]] = []
    for position in positions:
        numbers = _list(position)
        if len(numbers) not in {2, 3} or any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
            raise _bad_shape("a position is two numbers, or three with a height")
        first, second = float(cast("float", numbers[0])), float(cast("float", numbers[1]))
        x, y = (second, first) if crs.north_first else (first, second)
        if not (west <= x <= east and south <= y <= north):
            raise _bad_shape(f"position ({first}, {second}) lies outside {crs.uri}; mind the order of its axes")
        ring.append((x, y))
    if len(ring) < _RING or ring[0] != ring[-1]:
        raise _bad_shape(f"a ring has {_RING} positions or more, and ends where it began")
    return ring


def _wanted(conn: connection, plan: PlanRow, words: dict[str, str], sent: Sent) -> Wanted:
    """Return what is wanted, its shape in the town's frame."""
    shape = sent.geometry
    if shape is not None:
        (shape,) = transform_geometry(np.array([shape], dtype=object), f"EPSG:{sent.crs.stored_srid}", frame_of(conn, plan))
        if not (np.abs(shapely.get_coordinates(shape)) < FARTHEST_M).all():
            raise _bad_shape("the geometry lies nowhere near the town")
    return Wanted(**words, shape=shape)


def _fault(pointer: str, code: str, detail: str) -> dict[str, object]:
    return {"pointer": pointer, "code": code, "detail": detail}


def _unusable(faults: list[dict[str, object]]) -> RequestError:
    return RequestError(str(faults[0]["detail"]), code="invalid-body", errors=faults)


def _bad_shape(message: str) -> RequestError:
    return RequestError(message, code="geometry-invalid", errors=[_fault("/geometry", "geometry-invalid", message)])


# --- what is answered -------------------------------------------------------------------------------------------------


def _read(
    conn: connection, asked: Asked, identity: int, query: ItemsQuery
) -> tuple[int, dict[str, Any], list[dict[str, object]]]:
    """Return a grid's row version, the grid as a feature, and its links."""
    question = Question(DRAFTS, DRAFTS.fields, query, asked.today, asked.now)
    row = one(
        conn,
        sql.Composed([select(question, (sql.Identifier("f", "row_version"),)), sql.SQL("f.id = %s")]),
        [asked.today, identity],
        what="draft grid",
    )
    here = f"{asked.base}/collections/{DRAFTS.id}"
    links = [
        link(f"{here}/items/{identity}", "self", GEOJSON),
        link(here, "collection", JSON, DRAFTS.title(asked.lang)),
    ]
    return row[-1], {**feature(row, question.names), "links": links}, links


def _answer(conn: connection, asked: Asked, identity: int, query: ItemsQuery, *, status: int = 200) -> Response:
    version, body, links = _read(conn, asked, identity, query)
    headers = {
        "ETag": tag(identity, version),
        "Cache-Control": NO_STORE,
        "Vary": VARY,
        "Content-Crs": query.crs.content_crs,
        "Link": link_header(links),
    }
    if status == 201:  # noqa: PLR2004 - made
        headers["Location"] = str(links[0]["href"])
    return Response(orjson.dumps(body), status, headers, GEOJSON)
