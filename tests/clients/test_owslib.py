"""OWSLib reads the service."""

from __future__ import annotations

import json

import pytest

from tests.clients.programs import CLIENTS, answers_of, need

pytestmark = pytest.mark.clients


def test_every_call_is_answered(service):
    """Each call of OWSLib that reads gives what there is: documents, schemas, pages in a box or of a filter, one feature."""
    need(CLIENTS)
    told = answers_of(CLIENTS, "owslib_asks.py", service.url, json.dumps(service.box))
    within = service.truth("ST_Intersects(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4490))", service.box)
    assert told["api"].startswith("3.0.")
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in told["conforms"]
    assert told["collections"] == told["features"] == ["districts", "streets", "communities", "grids"]
    assert told["collection"] == "grids"
    assert {"code", "households"} <= set(told["schema"])
    assert {"code", "households"} <= set(told["queryables"])
    assert told["page"] == within[:10]
    assert told["matched"] == len(within)
    assert told["filtered"] == len(service.truth("households_public > 490"))
    assert told["item"] == within[0]
