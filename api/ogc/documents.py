"""The documents of the OGC API: the landing page, what it conforms to, and the collections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.asked import ask, service
from api.ogc.answers import (
    GEOJSON,
    HTML,
    JSON,
    NO_STORE,
    OPENAPI,
    REL,
    SCHEMA_JSON,
    document,
    held,
    link,
    parameters,
    self_links,
    title_of,
)
from api.ogc.bulk import FORMATS
from api.ogc.collections import COLLECTIONS, DRAFTS, INCIDENTS, collection_for, sees_drafts, sees_incidents
from api.ogc.crs import CGCS2000, CRS84, SYSTEMS
from api.ogc.extents import draft_extent, extent, first_day

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from api.asked import Asked
    from api.ogc.collections import Collection

_SPEC = "http://www.opengis.net/spec"
CONFORMANCE = (
    *(f"{_SPEC}/ogcapi-common-1/1.0/conf/{name}" for name in ("core", "landing-page", "json", "oas30")),
    *(f"{_SPEC}/ogcapi-common-2/1.0/conf/{name}" for name in ("collections", "json")),
    *(f"{_SPEC}/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "geojson", "oas30")),
    f"{_SPEC}/ogcapi-features-2/1.0/conf/crs",
    # For drafts, which those who plan may edit (drafts.py).
    *(
        f"{_SPEC}/ogcapi-features-4/1.0/conf/{name}"
        for name in ("create-replace-delete", "update", "optimistic-locking-etags", "features")
    ),
    *(
        f"{_SPEC}/ogcapi-features-3/1.0/conf/{name}"
        for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(
        f"{_SPEC}/cql2/1.0/conf/{name}"
        for name in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "property-property",
            "arithmetic",
        )
    ),
    *(f"{_SPEC}/ogcapi-features-5/1.0/conf/{name}" for name in ("schemas", "queryables", "sortables")),
    f"{_SPEC}/ogcapi-features-8/1.0/conf/sorting",
    *(
        f"{_SPEC}/ogcapi-tiles-1/1.0/conf/{name}"
        for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt", "oas30")
    ),
)
"""What is claimed, and tested."""
HTML_CONFORMANCE = (
    f"{_SPEC}/ogcapi-common-1/1.0/conf/html",
    f"{_SPEC}/ogcapi-common-2/1.0/conf/html",
    f"{_SPEC}/ogcapi-features-1/1.0/conf/html",
)
"""What is claimed beside, where there are pages."""
CRS_LIST = tuple(system.uri for system in SYSTEMS)


def landing(request: Request) -> Response:
    """Answer with where everything is."""
    asked = ask(request)
    parameters(request)
    base = asked.base
    body: dict[str, object] = {
        "title": title_of(asked, "网格", "Governance grids"),
        "description": title_of(
            asked,
            "治理网格及其所属社区、街道、区县：要素与矢量瓦片，遵循 OGC API 标准。",
            "Governance grids, and the communities, streets and districts that they belong to: features and vector tiles, "
            "by the OGC API standards.",
        ),
        "links": [
            *self_links(request, asked, "landing"),
            link(f"{base}/api", "service-desc", OPENAPI, title_of(asked, "接口描述", "The API's description")),
            link(f"{base}/api.html", "service-doc", HTML),
            link(f"{base}/conformance", "conformance", JSON, title_of(asked, "符合的标准", "What it conforms to")),
            link(f"{base}/conformance", f"{REL}conformance", JSON),
            link(f"{base}/collections", "data", JSON, title_of(asked, "集合", "Collections")),
            link(f"{base}/collections", f"{REL}data", JSON),
            link(f"{base}/tileMatrixSets", f"{REL}tiling-schemes", JSON),
        ],
    }
    return document(request, asked, "landing", body)


def conformance(request: Request) -> Response:
    """Answer with the classes of the standards that are kept."""
    asked = ask(request)
    parameters(request)
    claimed = [*CONFORMANCE, *HTML_CONFORMANCE]
    return document(request, asked, "conformance", {"links": self_links(request, asked, "conformance"), "conformsTo": claimed})


def collections(request: Request) -> Response:
    """Answer with all collections."""
    asked = ask(request)
    parameters(request)
    body: dict[str, object] = {
        "links": self_links(request, asked, "collections"),
        "crs": list(CRS_LIST),
        "collections": [_described(request, asked, each) for each in COLLECTIONS.values()]
        + ([_described(request, asked, INCIDENTS)] if sees_incidents(asked.scope) else [])
        + ([_described_drafts(request, asked)] if sees_drafts(asked.scope) else []),
    }
    return document(request, asked, "collections", body)


def collection(request: Request) -> Response:
    """Answer with one collection, word for word as it stands among all."""
    asked = ask(request)
    parameters(request)
    found = collection_for(request.path_params["collection"], asked.scope)
    if found is not DRAFTS:
        return document(request, asked, "collection", _described(request, asked, found))
    answer = document(request, asked, "collection", _described_drafts(request, asked), forms={"json": JSON})
    answer.headers["Cache-Control"] = NO_STORE
    return answer


def _described_drafts(request: Request, asked: Asked) -> dict[str, object]:
    """Return what there is to know of the drafts: they have no days, no tiles, no files and no pages."""
    box = draft_extent(service(request).pool, asked)
    here = f"{asked.base}/collections/{DRAFTS.id}"
    return {
        "id": DRAFTS.id,
        "title": DRAFTS.title(asked.lang),
        "description": DRAFTS.description(asked.lang),
        "extent": {"spatial": {"bbox": [box or [-180.0, -90.0, 180.0, 90.0]], "crs": CRS84.uri}},
        "itemType": "feature",
        "crs": list(CRS_LIST),
        "storageCrs": CGCS2000.uri,
        "links": [
            link(here, "self", JSON),
            link(f"{here}/items", "items", GEOJSON, title_of(asked, "网格", "Grids")),
            link(f"{here}/schema", "describedby", SCHEMA_JSON),
            link(f"{here}/schema", f"{REL}schema", SCHEMA_JSON),
            link(f"{here}/queryables", f"{REL}queryables", SCHEMA_JSON),
            link(f"{here}/sortables", f"{REL}sortables", SCHEMA_JSON),
        ],
    }


def _described(request: Request, asked: Asked, each: Collection) -> dict[str, object]:
    """Return what there is to know of a collection; it is the same wherever it is told."""
    kept, pool = held(request), service(request).pool
    box = extent(pool, kept, each, asked, asked.today)
    since = first_day(pool, kept, each, asked)
    here = f"{asked.base}/collections/{each.id}"
    span = None if since is None else f"{since}T00:00:00Z"
    return {
        "id": each.id,
        "title": each.title(asked.lang),
        "description": each.description(asked.lang),
        "extent": {
            "spatial": {"bbox": [box or [-180.0, -90.0, 180.0, 90.0]], "crs": CRS84.uri},
            "temporal": {"interval": [[span, None]], "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"},
        },
        "itemType": "feature",
        "crs": list(CRS_LIST),
        "storageCrs": CGCS2000.uri,
        "links": [
            link(here, "self", JSON),
            link(f"{here}?f=html", "alternate", HTML),
            link(f"{here}/items", "items", GEOJSON, title_of(asked, "要素", "Features")),
            *([] if collection is DRAFTS else [link(f"{here}/items?f=html", "items", HTML)]),
            link(f"{here}/schema", "describedby", SCHEMA_JSON),
            link(f"{here}/schema", f"{REL}schema", SCHEMA_JSON),
            link(f"{here}/queryables", f"{REL}queryables", SCHEMA_JSON),
            link(f"{here}/sortables", f"{REL}sortables", SCHEMA_JSON),
            link(f"{here}/tiles", f"{REL}tilesets-vector", JSON),
            *(link(f"{here}/bulk?f={name}", "enclosure", media) for name, media in FORMATS.items()),
        ],
    }
