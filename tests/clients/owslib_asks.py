"""Make every call of OWSLib's client that reads; told the service's address and a box; prints JSON."""

# pyright: reportMissingImports=false, reportMissingModuleSource=false
# OWSLib stands in .venv-clients.

import json
import sys

from owslib.ogcapi.features import Features

address, box = sys.argv[1:]
service = Features(address)
page = service.collection_items("grids", limit=10, bbox=json.loads(box))
told = {
    "title": service.links[0]["href"],
    "api": service.api()["openapi"],
    "conforms": service.conformance()["conformsTo"],
    "collections": [each["id"] for each in service.collections()["collections"]],
    "features": service.feature_collections(),
    "collection": service.collection("grids")["id"],
    "schema": sorted(service.collection_schema("grids")["properties"]),
    "queryables": sorted(service.collection_queryables("grids")["properties"]),
    "page": [each["id"] for each in page["features"]],
    "matched": page["numberMatched"],
    "filtered": service.collection_items("grids", filter="households > 490", limit=1000)["numberReturned"],
    "item": service.collection_item("grids", page["features"][0]["id"])["properties"]["code"],
}
sys.stdout.write(json.dumps(told) + "\n")
