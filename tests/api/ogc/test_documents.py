"""The documents: that their links lead where they say, and that nothing is claimed beyond what is there."""

from __future__ import annotations

import pytest

from api.ogc.collections import COLLECTIONS
from api.ogc.documents import CONFORMANCE, HTML_CONFORMANCE

DOCUMENTS = [
    "/",
    "/conformance",
    "/collections",
    "/collections/grids",
    "/collections/grids/schema",
    "/collections/grids/queryables",
    "/collections/grids/sortables",
    "/collections/grids/tiles",
    "/collections/grids/tiles/WebMercatorQuad",
    "/tileMatrixSets",
    "/tileMatrixSets/WebMercatorQuad",
    "/api",
]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_links_lead_somewhere(ask, path) -> None:
    """Every link of a document is answered, with the media type that it names."""
    for each in ask.get(path).json().get("links", []):
        if "templated" in each or each["rel"] == "service-doc":
            continue
        answer = ask.get(each["href"], headers={"accept": each["type"]})
        assert answer.status_code == 200, each
        told, said = (
            media.replace(" ", "").removesuffix(";charset=utf-8") for media in (each["type"], answer.headers["content-type"])
        )
        assert told == said, each


@pytest.mark.parametrize("path", DOCUMENTS)
def test_unknown_parameters_are_refused(ask, path) -> None:
    """No document takes a parameter that it does not know: a typing mistake is told, not ignored."""
    answer = ask.get(f"{path}?colour=red")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown-parameter")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_unchanged_documents(ask, path) -> None:
    """A document that has not changed is not sent again."""
    first = ask.get(path)
    again = ask.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_unknown_form_is_refused(ask, path) -> None:
    """A form that there is not is refused by name."""
    answer = ask.get(f"{path}?f=gml")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-parameter")


def test_landing_page_names_everything(ask) -> None:
    """From the landing page a client finds the description, what is claimed, the data and the tiles."""
    rels = {each["rel"] for each in ask.get("/").json()["links"]}
    assert {"self", "service-desc", "conformance", "data", "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"} <= rels


def test_languages(ask) -> None:
    """Titles come in the language that is asked for, and the answer says which it is."""
    for lang, title in (("zh", "网格"), ("en", "Grids")):
        answer = ask.get(f"/collections/grids?lang={lang}")
        assert (answer.headers["content-language"], answer.json()["title"]) == (lang, title)
    assert ask.get("/collections?lang=fr").status_code == 400


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_collection_is_told_alike(ask, collection) -> None:
    """A collection alone is word for word what it is among all."""
    listed = {each["id"]: each for each in ask.get("/collections").json()["collections"]}
    assert ask.get(f"/collections/{collection}").json() == listed[collection]


def test_extent(ask) -> None:
    """The extent is where the features of today are, and since when there have been any."""
    extent = ask.get("/collections/grids").json()["extent"]
    assert extent["spatial"]["bbox"][0] == pytest.approx([117.0, 36.490767, 117.013394, 36.497977], abs=1e-6)
    assert extent["temporal"]["interval"] == [["2024-01-01T00:00:00Z", None]]


def test_storage_system_is_offered(ask) -> None:
    """The system that features are kept in is among those that can be asked for, and all of them can."""
    collection = ask.get("/collections/grids").json()
    assert collection["storageCrs"] in collection["crs"]
    for crs in collection["crs"]:
        assert ask.get(f"/collections/grids/items?limit=1&crs={crs}").status_code == 200, crs


def test_claims(ask) -> None:
    """What is claimed holds what QGIS and GDAL look for before they send filters; pages are claimed where there are some."""
    claimed = ask.get("/conformance").json()["conformsTo"]
    assert set(CONFORMANCE) <= set(claimed) <= {*CONFORMANCE, *HTML_CONFORMANCE}
    for needed in (
        "ogcapi-features-1/1.0/conf/core",
        "ogcapi-features-3/1.0/conf/filter",
        "ogcapi-features-3/1.0/conf/features-filter",
        "cql2/1.0/conf/cql2-text",
        "cql2/1.0/conf/basic-cql2",
    ):
        assert f"http://www.opengis.net/spec/{needed}" in claimed


# One filter for each class of CQL2 that is claimed; the codes that must come out.
CLASSES = {
    "basic-cql2": ("code = '370103001001001' AND NOT (households IS NULL)", 1),
    "advanced-comparison-operators": ("name LIKE '第1%' AND buildings BETWEEN 1 AND 9 AND kind IN ('residential')", 4),
    "case-insensitive-comparison": ("CASEI(kind) = CASEI('RESIDENTIAL')", 11),
    "basic-spatial-functions": ("S_INTERSECTS(geometry, POINT(117.0001 36.491))", 1),
    "basic-spatial-functions-plus": ("S_INTERSECTS(geometry, LINESTRING(116.9 36.492, 117.003 36.492))", 2),
    "spatial-functions": ("S_WITHIN(geometry, POLYGON((116 36, 118 36, 118 37, 116 37, 116 36)))", 12),
    "temporal-functions": ("T_AFTER(since, DATE('2025-06-30'))", 12),
    "property-property": ("households < persons", 11),
    "arithmetic": ("households * 3 = persons", 11),
}  # fmt: skip


@pytest.mark.parametrize(("filter_", "count"), CLASSES.values(), ids=CLASSES)
def test_filter_classes(ask, filter_, count) -> None:
    """Each class of CQL2 that is claimed is answered."""
    answer = ask.get("/collections/grids/items", params={"filter": filter_})
    assert answer.status_code == 200, answer.text
    assert answer.json()["numberMatched"] == count


def test_filter_in_json(ask) -> None:
    """The same filter may be written in JSON."""
    text = '{"op": "=", "args": [{"property": "kind"}, "dedicated"]}'
    answer = ask.get("/collections/grids/items", params={"filter": text, "filter-lang": "cql2-json"})
    assert answer.json()["numberMatched"] == 1


def test_schemas_name_what_comes_out(ask) -> None:
    """The schema has every property that features have; queryables and sortables are among them, with one id."""
    (first, *_) = ask.get("/collections/grids/items").json()["features"]
    found = {kind: ask.get(f"/collections/grids/{kind}").json()["properties"] for kind in ("schema", "queryables", "sortables")}
    assert list(found["schema"]) == [*first["properties"], "geometry"]
    assert set(found["queryables"]) <= set(found["schema"])
    assert set(found["sortables"]) <= set(first["properties"])
    assert [name for name, each in found["schema"].items() if each.get("x-ogc-role") == "id"] == ["code"]


def test_sortables_sort(ask) -> None:
    """Features can be ordered by everything that says so."""
    for name in ask.get("/collections/communities/sortables").json()["properties"]:
        assert len(ask.get(f"/collections/communities/items?sortby=-{name}").json()["features"]) == 4, name
