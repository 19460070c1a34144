"""@camptocamp/ogc-client, which GeoNetwork and map viewers stand on, opens the service."""

from __future__ import annotations

import shutil

import pytest

from tests.clients.programs import OGC_CLIENT, answers_of, need

pytestmark = pytest.mark.clients


def test_every_collection_opens(service):
    """The client sees features and tiles in every collection, and reads pages, features, and what its own addresses lead to."""
    need(OGC_CLIENT)
    told = answers_of(shutil.which("node") or "node", "ogc_client_opens.mjs", service.url)
    names = ["districts", "streets", "communities", "grids"]
    assert told["features"] == told["tiles"] == list(told["collections"]) == names
    assert told["has"] == [True, True]
    grids = told["collections"]["grids"]
    assert grids["codes"] == service.truth("true")[:3]
    assert {"code", "households"} <= set(grids["queryables"])
    assert {"code", "households"} <= set(grids["sortables"])
    for each in told["collections"].values():
        assert each["one"] == each["codes"][0]
        assert each["status"] == 200, each["url"]
        assert "/tiles/WebMercatorQuad" in each["tiles"]
