"""GDAL opens the service: what it asks for is what its user asked for, and no more."""

from __future__ import annotations

import json

import pytest

from tests.clients.programs import OURS, answers_of

pytestmark = pytest.mark.clients


def read(service, layer="grids", **asked):
    """Read a layer with the GDAL that is in pyogrio's wheel."""
    return answers_of(OURS, "gdal_reads.py", service.url, layer, json.dumps(asked))


def asked_after_sample(service):
    """Give the requests for features after the first: GDAL looks at twenty before it opens any layer, whatever it is asked."""
    sample, *others = service.items_asked()
    assert sample.query == {"limit": ["20"]}
    return others


def test_filter_is_answered_by_the_server(service):
    """A filter on two properties costs GDAL one request for features, which carries all of it, and gives the rows of SQL."""
    told = read(service, where="households > 490 AND kind = 'residential'")
    (only,) = asked_after_sample(service)
    assert only.query["filter-lang"] == ["cql-text"]
    assert "households" in only.query["filter"][0]
    assert "residential" in str(only.query)
    truth = service.truth("households_public > 490 AND kind = 'residential'")
    assert 0 < len(truth) < 200
    assert told["codes"] == truth


def test_every_layer_is_there_with_its_types(service):
    """GDAL lists the four collections, and reads all 5,000 grids by following pages, each row once and with its types."""
    told = read(service)
    assert set(told["layers"]) == {"districts", "streets", "communities", "grids"}
    assert told["codes"] == service.truth("true")
    assert len(told["codes"]) == told["shapes"] == 5_000
    assert told["types"]["households"].startswith("int")
    assert told["types"]["area_m2"].startswith("float")
    assert told["types"]["valid_from"].startswith("datetime")
    assert len(service.items_asked()) <= 8


@pytest.mark.parametrize(("layer", "count"), [("districts", 1), ("streets", 2), ("communities", 4)])
def test_areas_are_read(service, layer, count):
    """Each layer of areas has as many features in GDAL as there are areas."""
    assert len(read(service, layer)["codes"]) == count


def test_box_is_answered_by_the_server(service):
    """A box costs GDAL one request, which has the box in it with north first, and gives the grids that PostGIS finds there."""
    west, south, east, north = box = service.box
    told = read(service, bbox=box)
    (only,) = asked_after_sample(service)
    assert [float(side) for side in only.query["bbox"][0].split(",")] == pytest.approx([south, west, north, east])
    assert only.query["bbox-crs"] == ["http://www.opengis.net/def/crs/EPSG/0/4490"]
    truth = service.truth("ST_Intersects(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4490))", box)
    assert 0 < len(truth) < 500
    assert told["codes"] == truth


def test_equality_is_answered_by_the_server(service):
    """A condition on one property's value comes to the server, which gives the one row."""
    told = read(service, where="code = '3701030010020007'")
    (only,) = asked_after_sample(service)
    assert "3701030010020007" in str(only.query)
    assert told["codes"] == ["3701030010020007"]


def test_page_size_is_what_is_asked(service):
    """GDAL takes the largest page it wants from the description, and gets each row once whatever the size of a page."""
    told = read(service, PAGE_SIZE="700")
    pages = asked_after_sample(service)
    assert {page.query["limit"][0] for page in pages} == {"700"}
    assert len(pages) == 8
    assert told["codes"] == service.truth("true")
