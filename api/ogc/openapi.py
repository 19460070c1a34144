"""The description of the OGC API: OpenAPI 3.0.3, composed from the registry of collections.

It is composed by hand because clients read it as it stands: GDAL looks for the very path of each collection's items, for
a `$ref` to a parameter whose name contains `limit`, for parameters named like properties, and for the word `cql-text`
among the values of `filter-lang`; conformance tests look at `style` and `explode`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from api.asked import ask
from api.idempotency import ABOUT_KEY, HEADER, KEY_PATTERN
from api.ogc.answers import GEOJSON, HTML, JSON, MVT, OPENAPI, PAGED, SCHEMA_JSON, document, parameters
from api.ogc.bulk import FORMATS
from api.ogc.collections import COLLECTIONS, DRAFTS, GEOMETRY, INCIDENTS, sees_drafts, sees_incidents
from api.ogc.cql import LANGUAGES
from api.ogc.cql_terms import HIGHEST_INTEGER, LOWEST_INTEGER
from api.ogc.fields import SCHEMAS, Kind, queryables
from api.ogc.items import DAYS
from api.ogc.query import DEFAULT_LIMIT, HIGHEST_LIMIT, HIGHEST_OFFSET, LANGS, PARAMETERS
from api.ogc.tiles import HIGHEST_ZOOM, MATRIX_SET

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from api.lang import Lang
    from api.ogc.collections import Collection
    from api.ogc.fields import Field

_Node = dict[str, object]

_FORMS = {"json": OPENAPI, "html": HTML}
_ITEM = ("crs", "at", "as-of", "datetime", "properties", "skipGeometry", "f-items", "lang")
_ITEMS = (
    "limit", "offset", "cursor", "bbox", "bbox-crs", "crs", "datetime", "at", "as-of", "filter", "filter-lang", "filter-crs",
    "sortby", "properties", "skipGeometry", "count", "f-items", "lang",
)  # fmt: skip
_DRAFT = ("crs", "properties", "skipGeometry", "f-items", "lang")
_BULK = (
    "bbox", "bbox-crs", "crs", "datetime", "at", "as-of", "filter", "filter-lang", "filter-crs", "properties", "f-bulk", "lang",
)  # fmt: skip
_TILE = ("v", "at", "as-of", "datetime", "f-tile", "lang")
_LIVE_TILE = ("datetime", "filter", "filter-lang", "filter-crs", "f-tile", "lang")


def description(request: Request) -> Response:
    """Answer with the description."""
    asked = ask(request)
    parameters(request)
    scope = asked.scope
    described = describe(asked.lang, asked.base, drafts=sees_drafts(scope), incidents=sees_incidents(scope))
    return document(request, asked, "api", described, media=OPENAPI, forms=_FORMS)


def describe(lang: Lang, base: str, *, drafts: bool = False, incidents: bool = False) -> _Node:
    """Return the description in a language, of the service at an address; for those who see them, with drafts and incidents."""

    def say(zh: str, en: str) -> str:
        return zh if lang == "zh" else en

    document_of = _get_document
    paths: _Node = {
        "/": document_of("landing", "landing", say("入口", "Landing page")),
        "/conformance": document_of("conformance", "conformance", say("符合的标准", "What it conforms to")),
        "/api": document_of("api", "api", say("本描述", "This description"), OPENAPI),
        "/collections": document_of("collections", "collections", say("集合", "Collections")),
        "/tileMatrixSets": document_of("tileMatrixSets", "tile-matrix-sets", say("瓦片矩阵集", "Tile matrix sets")),
        f"/tileMatrixSets/{MATRIX_SET}": document_of(
            f"tileMatrixSet.{MATRIX_SET}", "tile-matrix-set", say("瓦片矩阵集", "Tile matrix set")
        ),
    }
    shown = (*COLLECTIONS.values(), *((INCIDENTS,) if incidents else ()))
    for collection in shown:
        paths.update(_paths(collection, lang))
    if drafts:
        paths.update(_draft_paths(lang))
    return {
        "openapi": "3.0.3",
        "info": {
            "title": say("网格：OGC API", "Governance grids: OGC API"),
            "version": "1",
            "description": say(
                "治理网格及其所属区域的要素与矢量瓦片。", "Features and vector tiles of governance grids and their areas."
            ),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "servers": [{"url": base}],
        "tags": [{"name": each.id, "description": each.description(lang)} for each in (*shown, *((DRAFTS,) if drafts else ()))],
        "paths": paths,
        "components": {
            "parameters": _shared_parameters(lang),
            "responses": _responses(lang),
            "schemas": _schemas(),
        },
    }


def _paths(collection: Collection, lang: Lang) -> _Node:
    here, name = f"/collections/{collection.id}", collection.title(lang)

    def say(zh: str, en: str) -> str:
        return zh if lang == "zh" else en

    def get(what: str, title: str, known: tuple[str, ...], content: _Node, more: tuple[_Node, ...] = ()) -> _Node:
        return _get(
            f"{what}.{collection.id}",
            f"{name}: {title}",
            _lively(known) if collection.is_live else known,
            content,
            more,
            tag=collection.id,
            kind="" if collection is DRAFTS else what,
        )

    asks = tuple(_queryable(field, lang) for field in queryables(collection.fields).values() if field.name not in PARAMETERS)
    feature_id: _Node = _in_path("featureId", say("要素编码", "The feature's code"), {"type": "string"})
    place = tuple(_in_path(word, text, _zoom(word)) for word, text in _places(lang))
    binary: _Node = {"schema": {"type": "string", "format": "binary"}}
    documents: dict[str, tuple[str, str, str]] = {
        "": ("collection", say("说明", "description"), JSON),
        "/schema": ("schema", say("结构", "schema"), SCHEMA_JSON),
        "/queryables": ("queryables", say("可查询字段", "what can be asked for"), SCHEMA_JSON),
        "/sortables": ("sortables", say("可排序字段", "what can be ordered by"), SCHEMA_JSON),
        "/tiles": ("tilesets", say("瓦片集", "tile sets"), JSON),
    }
    paths: _Node = {
        f"{here}{path}": get(what, title, ("f", "lang"), {media: {"schema": {"type": "object"}}})
        for path, (what, title, media) in documents.items()
    }
    paths[f"{here}/items"] = get(
        "items", say("要素", "features"), _ITEMS, {GEOJSON: {"schema": {"$ref": "#/components/schemas/features"}}}, asks
    )
    paths[f"{here}/items/{{featureId}}"] = get(
        "item",
        say("单个要素", "one feature"),
        tuple(each for each in _ITEM if each != "datetime") if collection.is_live else _ITEM,
        {GEOJSON: {"schema": {"$ref": "#/components/schemas/feature"}}},
        (feature_id,),
    )
    paths[f"{here}/bulk"] = get("bulk", say("整体下载", "as one file"), _BULK, dict.fromkeys(FORMATS.values(), binary), asks)
    paths[f"{here}/tiles/{MATRIX_SET}"] = get(
        "tileset",
        say("瓦片集", "tile set"),
        ("f-tileset", "lang") if collection.is_live else ("at", "as-of", "datetime", "f-tileset", "lang"),
        {JSON: {"schema": {"type": "object"}}},
    )
    tiles = {
        f"{here}/tiles/{MATRIX_SET}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": ("tile", place),
        f"/tiles/{collection.id}/{{z}}/{{x}}/{{y}}.mvt": ("xyz", tuple(_renamed(place))),
    }
    known, chosen = (_LIVE_TILE, asks) if collection.is_live else (_TILE, ())
    for path, (what, where) in tiles.items():
        paths[path] = get(what, say("矢量瓦片", "vector tile"), known, {MVT: binary}, (*where, *chosen))
    return paths


def _lively(known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the parameters of a live collection among those of any: it has no days, and features with a life."""
    return tuple("datetime-life" if each == "datetime" else each for each in known if each not in DAYS)


def _draft_paths(lang: Lang) -> _Node:
    """Return the paths of the drafts: those of any collection but tiles and files, and the operations that write."""

    def say(zh: str, en: str) -> str:
        return zh if lang == "zh" else en

    items = f"/collections/{DRAFTS.id}/items"
    paths = {path: node for path, node in _paths(DRAFTS, lang).items() if "/tiles/" not in f"{path}/" and "/bulk" not in path}
    where = _in_path("featureId", say("网格标识", "The grid's id"), {"type": "string"})
    seen: _Node = {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": say("所依据版本的 ETag，或 *", "The ETag of the grid as you have seen it, or *"),
        "schema": {"type": "string"},
    }
    system: _Node = {
        "name": "Content-Crs",
        "in": "header",
        "required": False,
        "description": say("正文坐标的坐标系，缺省为 CRS84", "The system of the body's coordinates; CRS84 unless it is given"),
        "schema": {"type": "string"},
    }
    once: _Node = {
        "name": HEADER,
        "in": "header",
        "required": False,
        "description": say("同一键重发同一请求不会重复执行，应答与首次相同", ABOUT_KEY),
        "schema": {"type": "string", "pattern": KEY_PATTERN},
    }
    one: _Node = {GEOJSON: {"schema": {"$ref": "#/components/schemas/feature"}}}
    sent: _Node = {GEOJSON: {"schema": {"$ref": "#/components/schemas/draftGrid"}}}
    patch: _Node = {"application/merge-patch+json": {"schema": {"type": "object"}}}
    faults = ("400", "401", "403", "404")

    def write(name: str, title: str, status: str, asks: list[_Node], body: _Node | None) -> _Node:
        answered: _Node = {"description": title, "headers": _HEADERS, "content": one} if body else {"description": title}
        return {
            "operationId": f"{name}.{DRAFTS.id}",
            "summary": f"{DRAFTS.title(lang)}: {title}",
            "tags": [DRAFTS.id],
            "parameters": [*asks, {"$ref": "#/components/parameters/lang"}],
            **({"requestBody": {"required": True, "content": body}} if body else {}),
            "responses": {
                status: answered,
                **{fault: {"$ref": f"#/components/responses/{fault}"} for fault in faults},
                "default": {"$ref": "#/components/responses/default"},
            },
        }

    def options(name: str, asks: list[_Node]) -> _Node:
        title = say("可用的方法", "the methods that there are")
        return write(name, title, "204", asks, None)

    read = _get(
        f"item.{DRAFTS.id}", f"{DRAFTS.title(lang)}: {say('单个网格', 'one grid')}", _DRAFT, one, (where,), tag=DRAFTS.id
    )
    paths[items] = {
        **cast("_Node", paths[items]),
        "post": write("add", say("新增", "add a grid"), "201", [system, once], sent),
        "options": options("options", []),
    }
    paths[f"{items}/{{featureId}}"] = {
        **read,
        "put": write("replace", say("替换", "replace a grid"), "200", [where, seen, system, once], sent),
        "patch": write("update", say("修改", "change some of a grid"), "200", [where, seen, system, once], patch),
        "delete": write("remove", say("删除", "remove a grid"), "204", [where, seen, once], None),
        "options": options("itemOptions", [where]),
    }
    return paths


def _places(lang: Lang) -> tuple[tuple[str, str], ...]:
    words = ("缩放级别", "行", "列") if lang == "zh" else ("Zoom", "Row", "Column")
    return tuple(zip(("tileMatrix", "tileRow", "tileCol"), words, strict=True))


def _renamed(place: tuple[_Node, ...]) -> list[_Node]:
    zoom, row, column = place
    return [{**zoom, "name": "z"}, {**column, "name": "x"}, {**row, "name": "y"}]


def _zoom(word: str) -> _Node:
    highest = HIGHEST_ZOOM if word == "tileMatrix" else 2**HIGHEST_ZOOM - 1
    return {"type": "integer", "minimum": 0, "maximum": highest}


def _get_document(name: str, kind: str, title: str, media: str = JSON) -> _Node:
    return _get(name, title, ("f", "lang"), {media: {"schema": {"type": "object"}}}, kind=kind)


def _get(
    name: str,
    title: str,
    known: tuple[str, ...],
    content: _Node,
    more: tuple[_Node, ...] = (),
    *,
    tag: str = "",
    kind: str = "",
) -> _Node:
    """Return a path with its one operation; where documents of the `kind` have a page, it is one of the answers."""
    if kind in PAGED:
        content = {**content, HTML: {"schema": {"type": "string"}}}
        known = tuple(f"{each}-page" if each in {"f", "f-items"} else each for each in known)
    statuses = ("304", "400", "401", "403", "404", "503")
    answers: _Node = {"200": {"description": title, "headers": _HEADERS, "content": content}}
    if MVT in content:
        answers["204"] = {"$ref": "#/components/responses/204"}
    answers |= {status: {"$ref": f"#/components/responses/{status}"} for status in statuses}
    answers["default"] = {"$ref": "#/components/responses/default"}
    return {
        "get": {
            "operationId": name,
            "summary": title,
            **({"tags": [tag]} if tag else {}),
            "parameters": [*more, *({"$ref": f"#/components/parameters/{each}"} for each in known)],
            "responses": answers,
        }
    }


_HEADERS: _Node = {
    "ETag": {"schema": {"type": "string"}},
    "Link": {"schema": {"type": "string"}},
}


def _in_path(name: str, text: str, schema: _Node) -> _Node:
    return {"name": name, "in": "path", "required": True, "description": text, "schema": schema}


def _queryable(field: Field, lang: Lang) -> _Node:
    words: _Node = {"enum": list(field.enum)} if field.enum else {}
    range_: _Node = {"minimum": LOWEST_INTEGER, "maximum": HIGHEST_INTEGER} if field.kind is Kind.INTEGER else {}
    return _in_query(field.name, field.title(lang), {**SCHEMAS[field.kind], **range_, **words})


def _in_query(name: str, text: str, schema: _Node) -> _Node:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": text,
        "schema": schema,
        "style": "form",
        "explode": False,
    }


def _shared_parameters(lang: Lang) -> _Node:
    """Return the parameters that operations refer to, by the name of the reference."""

    def query(name: str, zh: str, en: str, schema: _Node) -> _Node:
        return _in_query(name, zh if lang == "zh" else en, schema)

    text: _Node = {"type": "string", "minLength": 1}
    crs: _Node = {"type": "string", "format": "uri", "default": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}
    day: _Node = {"type": "string", "format": "date"}
    names: _Node = {"type": "array", "items": {"type": "string"}}
    return {
        "limit": query(
            "limit", "每页要素数", "Features on a page; a higher number is lowered",
            {"type": "integer", "minimum": 1, "maximum": HIGHEST_LIMIT, "default": DEFAULT_LIMIT},
        ),
        "offset": query(
            "offset", "跳过的要素数；翻页请沿 next 链接", "Features to skip; to page, follow the links named next",
            {"type": "integer", "minimum": 0, "maximum": HIGHEST_OFFSET, "default": 0},
        ),
        "cursor": query("cursor", "next 链接中的翻页标记", "Where the page begins, as the link next says it", text),
        "bbox": query(
            "bbox", "范围", "A box",
            {"type": "array", "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
             "minItems": 4, "maxItems": 6, "items": {"type": "number"}},
        ),
        "bbox-crs": query("bbox-crs", "bbox 的坐标系", "The system of bbox", crs),
        "crs": query("crs", "输出的坐标系", "The system of the answer", crs),
        "datetime": query(
            "datetime", "时刻或时段；时段取其中离今日最近的一天",
            "An instant or an interval; of an interval the day nearest to today is meant", text,
        ),
        "datetime-life": query(
            "datetime", "时刻或时段；返回其时存续的要素", "An instant or an interval; who lived then is given", text
        ),
        "at": query("at", "哪一天的网格，缺省为今日", "The day that is meant; today unless it is given", day),
        "as-of": query("as-of", "同 at", "The same as at", day),
        "filter": query("filter", "CQL2 过滤条件", "A filter in CQL2", text),
        "filter-lang": query(
            "filter-lang", "过滤条件的写法", "How the filter is written",
            {"type": "string", "enum": list(LANGUAGES), "default": "cql2-text"},
        ),
        "filter-crs": query("filter-crs", "过滤条件中几何的坐标系", "The system of geometries in the filter", crs),
        "sortby": query("sortby", "排序字段，前缀 - 为降序", "What to order by; - before a name turns it round", names),
        "properties": query("properties", "要返回的字段", "The properties to give", names),
        "skipGeometry": query(
            "skipGeometry", "不返回几何", "Leave the geometry out", {"type": "boolean", "default": False}
        ),
        "count": query(
            "count", "是否给出总数", "Whether to say how many there are in all", {"type": "string", "enum": ["exact", "none"]}
        ),
        "v": query("v", "版本，取自 TileJSON", "The version, from the TileJSON", text),
        "f": query("f", "格式", "The form of the answer", {"type": "string", "enum": ["json"]}),
        "f-page": query("f", "格式", "The form of the answer", {"type": "string", "enum": ["json", "html"]}),
        "f-items-page": query(
            "f", "格式", "The form of the answer", {"type": "string", "enum": ["json", "geojson", "html"]}
        ),
        "f-items": query("f", "格式", "The form of the answer", {"type": "string", "enum": ["json", "geojson"]}),
        "f-bulk": query(
            "f", "格式", "The form of the answer", {"type": "string", "enum": list(FORMATS), "default": "geojsonseq"}
        ),
        "f-tile": query("f", "格式", "The form of the answer", {"type": "string", "enum": ["mvt"]}),
        "f-tileset": query("f", "格式", "The form of the answer", {"type": "string", "enum": ["json", "tilejson"]}),
        "lang": query("lang", "语言", "The language", {"type": "string", "enum": list(LANGS)}),
    }  # fmt: skip


def _responses(lang: Lang) -> _Node:
    def say(zh: str, en: str) -> str:
        return zh if lang == "zh" else en

    problem: _Node = {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}},
        HTML: {"schema": {"type": "string"}},
    }
    faults = {
        "400": say("参数有误", "A parameter cannot be used"),
        "401": say("请先登录", "Sign in first"),
        "403": say("没有权限", "Not allowed"),
        "404": say("没有", "There is no such thing"),
        "503": say("暂不可用", "Come again"),
        "default": say("出错", "Something went wrong"),
    }
    return {
        "204": {"description": say("此处为空", "There is nothing here")},
        "304": {"description": say("未改变", "Nothing has changed")},
        **{status: {"description": text, "content": problem} for status, text in faults.items()},
    }


def _schemas() -> _Node:
    links: _Node = {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["href", "rel"],
            "properties": {name: {"type": "string"} for name in ("href", "rel", "type", "title")},
        },
    }
    feature: _Node = {
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string"},
            GEOMETRY.name: {"type": "object", "nullable": True},
            "properties": {"type": "object"},
            "links": links,
        },
    }
    return {
        "feature": feature,
        "draftGrid": {
            "type": "object",
            "required": ["type", "geometry", "properties"],
            "properties": {
                "type": {"type": "string", "enum": ["Feature"]},
                GEOMETRY.name: {"type": "object"},
                "properties": {
                    "type": "object",
                    "properties": {
                        "plan": {"type": "string"},
                        "code": {"type": "string"},
                        "name": {"type": "string"},
                        "kind": {"type": "string", "enum": ["residential", "dedicated"]},
                        "subtype": {"type": "string"},
                        "community": {"type": "string"},
                    },
                },
            },
        },
        "features": {
            "type": "object",
            "required": ["type", "features"],
            "properties": {
                "type": {"type": "string", "enum": ["FeatureCollection"]},
                "features": {"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
                "numberMatched": {"type": "integer", "minimum": 0},
                "numberReturned": {"type": "integer", "minimum": 0},
                "timeStamp": {"type": "string", "format": "date-time"},
                "links": links,
            },
        },
        "problem": {
            "type": "object",
            "required": ["type", "title", "status"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "code": {"type": "string"},
            },
        },
    }
