"""Vector tiles of the collections, and what says where they are: tile sets, TileJSON, the tile matrix set.

A tile shows what the public sees, whoever asks for it, so one copy serves everybody; only where a layer is closed to the
public does each scope get tiles of its own. What a tile shows follows from its place and the layer's version: with the
version in the address it may be kept for ever, and without it one look at the version says whether it has changed. Incidents
have no version: their tiles are drawn each time (`incident_tiles`).

Nothing is dropped. What is smaller than a step of the tile's own grid is drawn as one step.
"""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from psycopg2 import sql
from starlette.responses import Response

from api.asked import ask, service
from api.ogc import incident_tiles
from api.ogc.answers import (
    HTML,
    JSON,
    MVT,
    REL,
    audience,
    document,
    held,
    is_known_tag,
    link,
    parameters,
    self_links,
    title_of,
    unchanged,
)
from api.ogc.collections import INCIDENTS, Collection, collection_named, collection_shown, require_reader
from api.ogc.crs import MERCATOR_EDGE, WEB_MERCATOR
from api.ogc.extents import extent
from api.ogc.fields import SCHEMAS, queryables
from api.ogc.items import WHEN, ask_about, day_of
from api.ogc.query import parse_items
from api.ogc.reader import Reader
from api.ogc.versions import day_of as day_of_version
from data.store.pool import QUICK_MS, TILE_MS
from data.store.scope import Scope
from gis.errors import NotFound, ParameterError

if TYPE_CHECKING:
    from datetime import date

    from starlette.requests import Request

    from api.asked import Asked

MATRIX_SET = "WebMercatorQuad"
MATRIX_SET_URI = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{MATRIX_SET}"
HIGHEST_ZOOM = 22
STEPS = 4096
"""Steps of a tile's own grid along its side."""
_MARGIN = 64
"""Steps beyond the side within which features are looked for: a line is as wide as that, at most."""
_CUT = 80
"""Steps beyond the side at which features are cut off: beyond the margin, so that whatever is found keeps a part."""
_EFFORT = 4
"""Of gzip, on tiles: the usual 6 takes up to a third longer and saves one part in a hundred."""
_PIXEL_M = 0.00028
"""The side of a pixel from which OGC reckons scales."""
_TILE_PIXELS = 256
_TILEJSON = "application/json"
_CHOOSING = ("datetime", "filter", "filter-lang", "filter-crs")
"""What a tile of a live collection takes, beside its fields, to choose features."""
_DIGEST = 16
_TILESET_FORMS = {"json": JSON, "tilejson": _TILEJSON, "html": HTML}


def tile(request: Request) -> Response:
    """Answer with a tile by OGC's address: matrix, row, column."""
    path = request.path_params
    _require_set(path["matrix_set"])
    return _tile(request, path["matrix"], path["column"], path["row"])


def xyz_tile(request: Request) -> Response:
    """Answer with a tile by its zoom, column and row, as web maps count."""
    path = request.path_params
    return _tile(request, path["z"], path["x"], path["y"])


def _tile(request: Request, zoom: str, column: str, row: str) -> Response:
    place = _place(zoom, column, row)
    if request.path_params["collection"] == INCIDENTS.id:
        return _incidents(request, place)
    collection = collection_named(request.path_params["collection"])
    given = parameters(request, "v", *WHEN)
    _require_mvt(given)
    serving = service(request)
    if collection.subject in serving.settings.public:
        # What everybody may see is answered without asking who it is.
        scope, mine = Scope(public=serving.settings.public), ""
        today = serving.now().astimezone(ZoneInfo(serving.settings.zone)).date()
    else:
        asked = ask(request)
        require_reader(collection, asked.scope, known=asked.caller.is_known)
        scope, mine, today = asked.scope, audience(asked), asked.today
    wanted = given.get("v")
    kept, pool = held(request), serving.pool
    day = _day(given, collection, today) if wanted is None else day_of_version(wanted)
    if wanted is not None and any(name in given for name in WHEN):
        raise ParameterError("v", "A version says which day is meant; give no day beside it.")
    version = kept.versions.of(pool, collection.subject, day)
    mark = "-".join([collection.id, version.text, *([mine] if mine else []), *map(str, place)])
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    tags = f'"{mark}"', f'"{mark}-gzip"'
    headers = {"ETag": tags[zipped], **_keeping(is_public=not mine, wanted=wanted, version=version.text)}
    if is_known_tag(request, *tags):
        return unchanged(headers)

    def make() -> bytes:
        raw = draw(Reader(pool, scope, kept, TILE_MS), collection, place, day)
        return gzip.compress(raw, _EFFORT, mtime=0) if raw and zipped else raw

    return _sent(kept.tiles.get((mark, zipped), make), headers, zipped=zipped)


def _incidents(request: Request, place: tuple[int, int, int]) -> Response:
    """Answer with a tile of the incidents that somebody sees now; nobody keeps it without asking whether it has changed."""
    asked = ask(request)
    collection = collection_shown(INCIDENTS.id, asked.scope)
    given = parameters(request, *_CHOOSING, *queryables(collection.fields))
    _require_mvt(given)
    store = Reader(service(request).pool, asked.scope, held(request), QUICK_MS)
    raw = incident_tiles.draw(store, ask_about(asked, collection, given.items()), place)
    mark = hashlib.sha256(raw).hexdigest()[:_DIGEST]
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    tags = f'"{mark}"', f'"{mark}-gzip"'
    headers = {"ETag": tags[zipped], **_keeping(is_public=False, wanted=None, version="")}
    if is_known_tag(request, *tags):
        return unchanged(headers)
    return _sent(gzip.compress(raw, _EFFORT, mtime=0) if raw and zipped else raw, headers, zipped=zipped)


def _sent(body: bytes, headers: dict[str, str], *, zipped: bool) -> Response:
    """Return the answer of a tile; there is none where there is nothing."""
    if not body:
        return Response(status_code=204, headers=headers)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type=MVT)


def _require_mvt(given: dict[str, str]) -> None:
    if given.get("f", "mvt") != "mvt":
        raise ParameterError("f", f"f is mvt here, not {given['f'][:40]!r}.")


def _keeping(*, is_public: bool, wanted: str | None, version: str) -> dict[str, str]:
    """Return the headers that say who may keep a tile for how long."""
    if not is_public:
        return {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Authorization, Cookie"}
    if wanted is None:
        return {"Cache-Control": "public, max-age=60", "Vary": "Accept-Encoding"}
    # A version that has been overtaken is shown as its day is now, and asked about again.
    keep = "max-age=31536000, immutable" if wanted == version else "no-cache"
    return {"Cache-Control": f"public, {keep}", "Vary": "Accept-Encoding"}


def _place(zoom: str, column: str, row: str) -> tuple[int, int, int]:
    """Return zoom, column and row of a tile that there is."""
    words = (zoom, column, row)
    if all(word.isascii() and word.isdigit() and len(word) <= 8 for word in words):  # noqa: PLR2004 - the longest has seven
        z, x, y = map(int, words)
        if z <= HIGHEST_ZOOM and x < 2**z and y < 2**z:
            return z, x, y
    msg = f"there is no tile {'/'.join(word[:10] for word in words)}; zooms run from 0 to {HIGHEST_ZOOM}"
    raise NotFound(msg)


def _require_set(name: str) -> None:
    if name != MATRIX_SET:
        msg = f"there is no tile matrix set {name[:60]!r}; there is {MATRIX_SET}"
        raise NotFound(msg)


def _day(given: dict[str, str], collection: Collection, today: date) -> date:
    """Return the day that the parameters of a tile mean."""
    when = {name: text for name, text in given.items() if name in WHEN}
    return day_of(parse_items(when.items(), collection.fields, None), today) if when else today


_TILE = sql.SQL(
    """SELECT ST_AsMVT(t, {layer}, {steps}, 'geom') FROM (
      SELECT {columns}, CASE WHEN greatest(ST_XMax(f.web) - ST_XMin(f.web), ST_YMax(f.web) - ST_YMin(f.web)) < s.step
          THEN ST_AsMVTGeom(ST_Expand(ST_SetSRID(ST_MakePoint(
              (ST_XMin(f.web) + ST_XMax(f.web)) / 2, (ST_YMin(f.web) + ST_YMax(f.web)) / 2), 3857), s.step * 0.6),
            s.tile, {steps}, {cut}, true)
          ELSE coalesce(ST_AsMVTGeom(f.web, s.tile, {steps}, {cut}, true),
            ST_AsMVTGeom(ST_Expand(ST_ClosestPoint(f.web, ST_Centroid(s.wide)), s.step * 0.6), s.tile, {steps}, {cut}, true))
        END AS geom
      FROM (SELECT ST_TileEnvelope($1, $2, $3) AS tile, ST_TileEnvelope($1, $2, $3, margin => {margin}) AS wide,
          CAST($4 AS double precision) AS step) s
        CROSS JOIN {origin}
      WHERE {where} AND f.web && s.wide AND ST_Intersects(f.web, s.wide) ORDER BY {key}) t"""
)


def draw(store: Reader, collection: Collection, place: tuple[int, int, int], day: date) -> bytes:
    """Return a tile as the reader sees it; empty where there is nothing."""
    fields = [field for field in collection.fields_for(store.scope) if field.in_tiles]
    text = store.kept.fact(
        ("tile", collection.id, day, bool(store.scope.areas_1)),
        lambda: store.text(
            _TILE.format(
                layer=sql.Literal(collection.id),
                steps=sql.Literal(STEPS),
                cut=sql.Literal(_CUT),
                margin=sql.Literal(_MARGIN / STEPS),
                columns=sql.SQL(", ").join(sql.SQL("{} AS {}").format(f.sql, sql.Identifier(f.name)) for f in fields),
                origin=collection.tile_origin,
                where=collection.tile_where,
                key=collection.key.sql,
            ),
            day,
        ),
    )
    step = 2 * MERCATOR_EDGE / 2 ** place[0] / STEPS
    return bytes(store.ask_again(text, [*place, step])[0][0])


def tilesets(request: Request) -> Response:
    """Answer with the list of a collection's tile sets: one."""
    asked = ask(request)
    collection = collection_shown(request.path_params["collection"], asked.scope)
    parameters(request)
    body: dict[str, object] = {
        "links": [*self_links(request, asked, "tilesets"), _collection_link(asked, collection)],
        "tilesets": [
            {
                "title": collection.title(asked.lang),
                "dataType": "vector",
                "crs": WEB_MERCATOR.uri,
                "tileMatrixSetURI": MATRIX_SET_URI,
                "links": [
                    link(f"{asked.base}/collections/{collection.id}/tiles/{MATRIX_SET}", "self", JSON),
                    link(f"{asked.base}/tileMatrixSets/{MATRIX_SET}", f"{REL}tiling-scheme", JSON),
                ],
            }
        ],
    }
    return document(request, asked, "tilesets", body)


def tileset(request: Request) -> Response:
    """Answer with a collection's tile set: where its tiles are and what is in them; `f=tilejson` says it as TileJSON."""
    asked = ask(request)
    collection = collection_shown(request.path_params["collection"], asked.scope)
    _require_set(request.path_params["matrix_set"])
    kept, pool = held(request), service(request).pool
    given = parameters(request, *(() if collection.is_live else WHEN))
    day = _day(given, collection, asked.today)
    version = "" if collection.is_live else f"?v={kept.versions.of(pool, collection.subject, day).text}"
    box = extent(pool, kept, collection, asked, day)
    if given.get("f") == "tilejson":
        return document(request, asked, "tileset", _tilejson(asked, collection, version, box), forms=_TILESET_FORMS)
    here = f"{asked.base}/collections/{collection.id}/tiles/{MATRIX_SET}"
    body: dict[str, object] = {
        "title": collection.title(asked.lang),
        "description": collection.description(asked.lang),
        "dataType": "vector",
        "crs": WEB_MERCATOR.uri,
        "tileMatrixSetURI": MATRIX_SET_URI,
        "links": [
            *self_links(request, asked, "tileset"),
            link(f"{here}?f=tilejson", "alternate", _TILEJSON, "TileJSON"),
            link(f"{asked.base}/tileMatrixSets/{MATRIX_SET}", f"{REL}tiling-scheme", JSON),
            link(f"{here}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}{version}", "item", MVT, templated=True),
            _collection_link(asked, collection),
        ],
        "layers": [
            {
                "id": collection.id,
                "title": collection.title(asked.lang),
                "dataType": "vector",
                "geometryDimension": 0 if collection.geometry.shape == "Point" else 2,
                "propertiesSchema": {
                    "type": "object",
                    "properties": {field.name: field.schema(asked.lang) for field in collection.tile_fields},
                },
            }
        ],
    }
    if box:
        body["boundingBox"] = {
            "lowerLeft": box[:2],
            "upperRight": box[2:],
            "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        }
    return document(request, asked, "tileset", body, forms=_TILESET_FORMS)


def _tilejson(asked: Asked, collection: Collection, version: str, box: list[float] | None) -> dict[str, object]:
    kinds = {"string": "String", "integer": "Number", "number": "Number", "boolean": "Boolean"}
    return {
        "tilejson": "3.0.0",
        "name": collection.title(asked.lang),
        "description": collection.description(asked.lang),
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [f"{asked.base}/tiles/{collection.id}/{{z}}/{{x}}/{{y}}.mvt{version}"],
        "minzoom": 0,
        "maxzoom": HIGHEST_ZOOM,
        **({"bounds": box} if box else {}),
        "vector_layers": [
            {
                "id": collection.id,
                "description": collection.title(asked.lang),
                "fields": {field.name: kinds[SCHEMAS[field.kind]["type"]] for field in collection.tile_fields},
            }
        ],
    }


def _collection_link(asked: Asked, collection: Collection) -> dict[str, object]:
    return link(f"{asked.base}/collections/{collection.id}", "collection", JSON, collection.title(asked.lang))


def matrix_sets(request: Request) -> Response:
    """Answer with the list of tile matrix sets: one."""
    asked = ask(request)
    parameters(request)
    own = link(f"{asked.base}/tileMatrixSets/{MATRIX_SET}", "self", JSON)
    body: dict[str, object] = {
        "links": self_links(request, asked, "tile-matrix-sets"),
        "tileMatrixSets": [
            {"id": MATRIX_SET, "title": title_of(asked, "网络墨卡托", "Web Mercator"), "uri": MATRIX_SET_URI, "links": [own]}
        ],
    }
    return document(request, asked, "tile-matrix-sets", body)


def matrix_set(request: Request) -> Response:
    """Answer with the definition of the tile matrix set, down to the zoom that there are tiles for."""
    _require_set(request.path_params["matrix_set"])
    asked = ask(request)
    parameters(request)
    body: dict[str, object] = {
        "id": MATRIX_SET,
        "title": title_of(asked, "网络墨卡托", "Web Mercator"),
        "uri": MATRIX_SET_URI,
        "crs": WEB_MERCATOR.uri,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [_matrix(zoom) for zoom in range(HIGHEST_ZOOM + 1)],
        "links": self_links(request, asked, "tile-matrix-set"),
    }
    return document(request, asked, "tile-matrix-set", body)


def _matrix(zoom: int) -> dict[str, object]:
    cell = 2 * MERCATOR_EDGE / _TILE_PIXELS / 2**zoom
    return {
        "id": str(zoom),
        "scaleDenominator": cell / _PIXEL_M,
        "cellSize": cell,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-MERCATOR_EDGE, MERCATOR_EDGE],
        "tileWidth": _TILE_PIXELS,
        "tileHeight": _TILE_PIXELS,
        "matrixWidth": 2**zoom,
        "matrixHeight": 2**zoom,
    }
