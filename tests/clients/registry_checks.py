"""Check a description of an OGC API against what its conformance classes ask of it; told the service's address; prints JSON."""

# pyright: reportMissingImports=false, reportMissingModuleSource=false
# ogcapi-registry stands in .venv-clients.

import json
import sys

import httpx
from ogcapi_registry import OpenAPIClient, parse_conformance_classes, validate_ogc_api

(address,) = sys.argv[1:]
description, _ = OpenAPIClient().fetch(f"{address}/api")
claimed = httpx.get(f"{address}/conformance").json()["conformsTo"]
result = validate_ogc_api(description, parse_conformance_classes(claimed))
told = {"valid": result.is_valid, "critical": [str(error) for error in result.critical_errors], "claimed": len(claimed)}
sys.stdout.write(json.dumps(told) + "\n")
