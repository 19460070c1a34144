"""The addresses of the OGC API."""

from __future__ import annotations

from starlette.routing import Route

from api.ogc import drafts
from api.ogc.bulk import bulk
from api.ogc.collections import DRAFTS
from api.ogc.documents import collection, collections, conformance, landing
from api.ogc.items import item, items
from api.ogc.openapi import description
from api.ogc.schemas import queryable_fields, schema, sortable_fields
from api.ogc.tiles import matrix_set, matrix_sets, tile, tileset, tilesets, xyz_tile
from api.plain import in_thread

_C = "/collections/{collection}"
_DRAFTS = f"/collections/{DRAFTS.id}/items"

routes: list[Route] = [
    Route("/", in_thread(landing)),
    Route("/api", in_thread(description)),
    Route("/conformance", in_thread(conformance)),
    Route("/collections", in_thread(collections)),
    Route(_C, in_thread(collection)),
    Route(f"{_C}/schema", in_thread(schema)),
    Route(f"{_C}/queryables", in_thread(queryable_fields)),
    Route(f"{_C}/sortables", in_thread(sortable_fields)),
    Route(_DRAFTS, drafts.collection_options, methods=["OPTIONS"]),
    Route(_DRAFTS, drafts.add, methods=["POST"]),
    Route(f"{_DRAFTS}/{{feature}}", drafts.item_options, methods=["OPTIONS"]),
    Route(f"{_DRAFTS}/{{feature}}", in_thread(drafts.show)),
    Route(f"{_DRAFTS}/{{feature}}", drafts.replace, methods=["PUT"]),
    Route(f"{_DRAFTS}/{{feature}}", drafts.update, methods=["PATCH"]),
    Route(f"{_DRAFTS}/{{feature}}", drafts.remove, methods=["DELETE"]),
    Route(f"{_C}/items", in_thread(items)),
    Route(f"{_C}/items/{{feature}}", in_thread(item)),
    Route(f"{_C}/bulk", in_thread(bulk)),
    Route(f"{_C}/tiles", in_thread(tilesets)),
    Route(f"{_C}/tiles/{{matrix_set}}", in_thread(tileset)),
    Route(f"{_C}/tiles/{{matrix_set}}/{{matrix}}/{{row}}/{{column}}", in_thread(tile)),
    Route("/tiles/{collection}/{z}/{x}/{y}.mvt", in_thread(xyz_tile)),
    Route("/tileMatrixSets", in_thread(matrix_sets)),
    Route("/tileMatrixSets/{matrix_set}", in_thread(matrix_set)),
]
"""Plain routes (`api/plain.py`). What reads a body needs one of Starlette's own threads."""
