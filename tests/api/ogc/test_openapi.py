"""The description of the API: valid, what clients look for in it, and true."""

from __future__ import annotations

import re
from typing import cast

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from api.ogc.collections import COLLECTIONS
from api.ogc.fields import queryables
from api.ogc.openapi import describe
from api.ogc.query import PARAMETERS
from api.ogc.routes import routes

VALUES = {
    "cursor": None,  # an address of its own, told by a page
    "v": "20250701-0123456789",
    "bbox": "116,36,118,37",
    "bbox-crs": "http://www.opengis.net/def/crs/EPSG/0/4490",
    "datetime": "2025-08-01",
    "at": "2025-08-01",
    "as-of": "2025-08-01",
    "filter": "code <> 'x'",
    "filter-crs": "http://www.opengis.net/def/crs/EPSG/0/4326",
    "sortby": "code",
    "properties": "code",
    "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
}
PLACES = {
    "z": "0", "x": "0", "y": "0", "tileMatrix": "0", "tileRow": "0", "tileCol": "0", "featureId": "370103001001001",
}  # fmt: skip


@pytest.fixture(scope="module")
def description():
    """What the API says of itself."""
    return describe("en", "http://example.test")


def parameters(description, path):
    """The parameters of a path, each resolved."""
    found = description["paths"][path]["get"]["parameters"]
    shared = description["components"]["parameters"]
    return [shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in found]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_is_openapi_3_0(lang) -> None:
    """The description is valid OpenAPI 3.0, which conformance tests and GDAL want; 3.1 they do not read."""
    made = describe(lang, "http://example.test")
    assert made["openapi"] == "3.0.3"
    OpenAPIV30SpecValidator(made).validate()


def test_it_is_served_as_such(ask) -> None:
    """The description is served under its own media type, with the service's address in it."""
    answer = ask.get("/api")
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    assert answer.json()["servers"] == [{"url": str(ask.base_url).rstrip("/")}]


def test_every_route_is_described() -> None:
    """Every address of the OGC API is in the description, and no other."""
    met: set[str] = set()
    paths = cast("dict[str, object]", describe("en", "http://example.test", drafts=True)["paths"])
    for path in paths:
        found = {route.path for route in routes if route.path_regex.match(re.sub(r"\{\w+\}", "1", path))}
        assert found, path
        met |= found
    assert met == {route.path for route in routes}


@pytest.mark.parametrize("collection", COLLECTIONS.values(), ids=COLLECTIONS)
def test_what_gdal_looks_for(description, collection) -> None:
    """GDAL sends filters only if it finds the concrete path, the word cql-text in an enumeration, and limit by reference."""
    path = f"/collections/{collection.id}/items"
    assert {"$ref": "#/components/parameters/limit"} in description["paths"][path]["get"]["parameters"]
    found = {each["name"]: each for each in parameters(description, path)}
    assert found["limit"]["schema"]["maximum"] == 10_000
    assert "cql-text" in found["filter-lang"]["schema"]["enum"]
    assert set(queryables(collection.fields)) | set(PARAMETERS) == set(found)


def test_what_conformance_tests_look_for(description) -> None:
    """The parameters of features have the definitions that the standard's tests compare word for word."""
    shared = description["components"]["parameters"]
    for name in ("bbox", "limit", "datetime"):
        assert (shared[name]["in"], shared[name]["required"], shared[name]["style"], shared[name]["explode"]) == (
            "query", False, "form", False,
        )  # fmt: skip
    box = shared["bbox"]["schema"]
    assert (box["type"], box["minItems"], box["maxItems"], box["items"]["type"]) == ("array", 4, 6, "number")
    assert shared["limit"]["schema"]["minimum"] >= 0
    assert shared["limit"]["schema"]["default"] >= 0


def test_every_parameter_works(ask, description) -> None:
    """Each parameter that the description offers for a path is taken there."""
    for path in description["paths"]:
        for each in parameters(description, path):
            if each["in"] == "path":
                continue
            schema = each["schema"]
            value = VALUES.get(each["name"], schema.get("default", schema.get("enum", ["0"])[0]))
            if each["name"] in {"valid_from", "valid_to", "since"}:
                value = "2025-07-01"
            if value is None:
                continue
            answer = ask.get(path.format(**PLACES), params={each["name"]: str(value)})
            assert answer.status_code in {200, 204, 404}, (path, each["name"], value, answer.text)


def test_every_path_answers(ask, description) -> None:
    """Every path of the description is answered, with a media type that it names."""
    for path, node in description["paths"].items():
        for collection, code in (("districts", "370103"), ("streets", "370103001"), ("communities", "370103001001")):
            if f"/{collection}/" in path:
                answer = ask.get(path.format(**(PLACES | {"featureId": code})))
                break
        else:
            answer = ask.get(path.format(**PLACES))
        assert answer.status_code == 200, (path, answer.text)
        named = {media.replace(" ", "") for media in node["get"]["responses"]["200"]["content"]}
        assert answer.headers["content-type"].replace(" ", "") in named, path


def test_operations_have_names_of_their_own(description) -> None:
    """Code generators make a function of each operation, so no two are called the same."""
    names = [node["get"]["operationId"] for node in description["paths"].values()]
    assert len(names) == len(set(names))
