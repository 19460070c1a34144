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

_C = "/collections/{collection}"
_DRAFTS = f"/collections/{DRAFTS.id}/items"

routes: list[Route] = [
    Route("/", landing),
    Route("/api", description),
    Route("/conformance", conformance),
    Route("/collections", collections),
    Route(_C, collection),
    Route(f"{_C}/schema", schema),
    Route(f"{_C}/queryables", queryable_fields),
    Route(f"{_C}/sortables", sortable_fields),
    Route(_DRAFTS, drafts.collection_options, methods=["OPTIONS"]),
    Route(_DRAFTS, drafts.add, methods=["POST"]),
    Route(f"{_DRAFTS}/{{feature}}", drafts.item_options, methods=["OPTIONS"]),
    Route(f"{_DRAFTS}/{{feature}}", drafts.show),
    Route(f"{_DRAFTS}/{{feature}}", drafts.replace, methods=["PUT"]),
    Route(f"{_DRAFTS}/{{feature}}", drafts.update, methods=["PATCH"]),
    Route(f"{_DRAFTS}/{{feature}}", drafts.remove, methods=["DELETE"]),
    Route(f"{_C}/items", items),
    Route(f"{_C}/items/{{feature}}", item),
    Route(f"{_C}/bulk", bulk),
    Route(f"{_C}/tiles", tilesets),
    Route(f"{_C}/tiles/{{matrix_set}}", tileset),
    Route(f"{_C}/tiles/{{matrix_set}}/{{matrix}}/{{row}}/{{column}}", tile),
    Route("/tiles/{collection}/{z}/{x}/{y}.mvt", xyz_tile),
    Route("/tileMatrixSets", matrix_sets),
    Route("/tileMatrixSets/{matrix_set}", matrix_set),
]
"""Plain routes: what FastAPI would add to each of them costs more than the answer."""
