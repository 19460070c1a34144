"""QGIS opens the service."""

from __future__ import annotations

import json

import pytest

from tests.clients.programs import DEBIANS, QGIS, answers_of, need

pytestmark = pytest.mark.clients

NAMES = ("districts", "streets", "communities", "grids")


def test_every_collection_opens(service, tmp_path):
    """QGIS opens each collection, reads every feature of it, and asks the server for what lies in a box."""
    need(DEBIANS, QGIS)
    box = service.box
    surroundings = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    told = answers_of(DEBIANS, "qgis_opens.py", service.url, json.dumps(box), *NAMES, **surroundings)
    assert [name for name in NAMES if told[name]["valid"]] == list(NAMES)
    assert {name: len(told[name]["codes"]) for name in NAMES} == {
        "districts": 1,
        "streets": 2,
        "communities": 4,
        "grids": 5_000,
    }
    assert told["grids"]["codes"] == service.truth("true")
    within = service.truth("ST_Intersects(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4490))", box)
    assert 0 < len(within) < 500
    assert told["grids"]["within"] == within
    assert any("bbox" in asked.query for asked in service.items_asked())
    assert told["grids"]["fields"]["households"] == "Integer"
