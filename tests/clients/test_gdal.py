"""GDAL opens the service: what it asks for is what its user asked for, and no more."""

from __future__ import annotations

import pyogrio
import pytest

pytestmark = pytest.mark.clients


def read(service, layer="grids", **more):
    return pyogrio.read_dataframe(f"OAPIF:{service.url}", layer=layer, **more)


def test_filter_is_answered_by_the_server(service):
    """A filter on two properties costs GDAL one request for features, which carries the whole filter, and gives SQL's rows."""
    wanted = "households > 490 AND kind = 'residential'"
    frame = read(service, where=wanted)
    (only,) = service.items_asked()
    assert only.query["filter-lang"] == ["cql-text"]
    assert "households" in only.query["filter"][0]
    assert "kind" in str(only.query)
    truth = service.truth("households_public > 490 AND kind = 'residential'")
    assert len(truth) == 4 * 4 * 9
    assert frame["code"].tolist() == truth
