"""Addresses that are written out beside others of which they could be cases: each has its own methods."""

from __future__ import annotations

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from api.app import create_app
from api.settings import Settings
from data.store.pool import Pool
from tests.served import served, utc_now

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture
def app(tmp_path):
    """The whole application; it has no store, and needs none to say what it does not do."""
    pool = Pool("host=/nonexistent dbname=x", size=1)
    yield create_app(Settings(home=tmp_path), pool, now=utc_now)
    pool.close()


def test_an_address_that_is_written_out_has_its_own_methods(app):
    """Of two addresses that fit, the one without a parameter decides which methods there are; 405 names exactly these."""
    of: dict[str, set[str]] = {}
    patterns = {}
    for route in iter_route_contexts(app.routes):
        of.setdefault(route.path, set()).update(route.methods or ())
        if route.param_convertors:
            patterns[route.path] = route.path_regex
    beside = [path for path in of if path.startswith("/v1/") and any(regex.match(path) for regex in patterns.values())]
    assert {"/v1/calendar/due", "/v1/matters/import", "/v1/stations/grids"} <= set(beside)
    with served(app) as client:
        for path in beside:
            for method in METHODS - of[path]:
                answer = client.request(method, path)
                told = (path, answer.status_code, answer.headers.get("allow"))
                assert told == (path, httpx.codes.METHOD_NOT_ALLOWED, ", ".join(sorted(of[path])))
