"""What nobody asks in good faith: the server says no, at once, and goes on."""

from __future__ import annotations

import time
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

pytestmark = pytest.mark.clients

ITEMS = "/collections/grids/items"
INJECTION = "1'; DROP TABLE wangge.grid; SELECT pg_sleep(5) --"
PARAMETERS = ("limit", "offset", "cursor", "bbox", "bbox-crs", "crs", "datetime", "at", "as-of", "sortby", "properties",
              "filter", "filter-lang", "filter-crs", "skipGeometry", "count", "f", "lang", "households", "kind")  # fmt: skip
AT_ONCE_S = 4.0

CIRCLE = ",".join(f"{117 + k / 1_000_000:.6f} 36.5" for k in range(700_000))
"""Ten megabytes of vertices."""


def asked(service, path, **question):
    """Ask, and see that the answer came at once."""
    began = time.monotonic()
    answer = service.client.request(question.pop("method", "GET"), path, **question)
    assert time.monotonic() - began < AT_ONCE_S
    assert answer.status_code < 500, answer.text
    return answer


FILTERS = {
    "function": "pg_sleep(5) = 0",
    "function_null": "pg_sleep(5) IS NOT NULL",
    "file": "pg_read_file('/etc/hostname') LIKE 'a%'",
    "select": "households > (SELECT 1)",
    "two_statements": "households > 1; SELECT pg_sleep(5)",
    "column": "households_public > 1",
    "quoted_column": '"f"."households" > 1',
    "hidden_column": "path = '1'",
    "nan": "households > NaN",
    "infinite": "households = 1e400",
    "long_number": "households = " + "9" * 5_000,
    "point_nan": "S_INTERSECTS(geometry, POINT(NaN 36))",
    "box_infinite": "S_INTERSECTS(geometry, BBOX(1e308, 1e308, 1e309, 1e309))",
    "parentheses": "(" * 5_000 + "households > 1" + ")" * 5_000,
    "nots": "NOT " * 10_000 + "households > 1",
    "ors": " OR ".join(["households > 1"] * 3_000),
    "nul": "name = 'a\x00b'",
    "not_utf8": b"name = '\xff\xfe'",
}


@pytest.mark.parametrize("text", FILTERS.values(), ids=FILTERS)
def test_filter_that_is_none_is_refused(service, text):
    """A filter that calls functions, names what is not shown, is no number, or is too deep or too long gives 400 at once."""
    assert asked(service, ITEMS, params={"filter": text}).status_code in {400, 414}


@pytest.mark.parametrize("name", PARAMETERS)
def test_sql_in_a_parameter_is_a_wrong_value(service, name):
    """SQL in a parameter is a value that does not fit, or a text that nothing equals: no statement ever has it in it."""
    answer = asked(service, ITEMS, params={name: INJECTION})
    if name == "kind":
        assert (answer.status_code, answer.json().get("numberReturned", 0)) in {(200, 0), (400, 0)}
    else:
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/collections/{INJECTION}/items", 404),
        (f"{ITEMS}/{INJECTION}", 404),
        ("/collections/grids/tiles/WebMercatorQuad/99/0/0", 404),
        ("/collections/grids/tiles/WebMercatorQuad/14/-1/0", 404),
        (f"/collections/grids/tiles/WebMercatorQuad/{'9' * 400}/0/0", 404),
        (f"/v1/locate?lon={INJECTION}&lat=36", 400),
        ("/v1/locate?lon=NaN&lat=inf", 400),
        ("/v1/locate?lon=1e400&lat=36", 400),
    ],
)
def test_path_that_leads_nowhere(service, path, status):
    """A name, a code, a tile or a place that cannot be is not found, or not understood."""
    assert asked(service, path).status_code == status


@pytest.mark.parametrize(
    "box", ["NaN,0,1,1", "0,0,inf,1", "1e308,0,1e309,1", "0,0,1", "1,2,3,4,5", "118,36,117,91", ",,,", "0,0,1,1;"]
)
def test_box_that_is_none_is_refused(service, box):
    """A box of other than numbers in their bounds gives 400."""
    assert asked(service, ITEMS, params={"bbox": box}).status_code == 400


def raw_status(service, path, **question):
    """Ask at an address of any length, which httpx would not, and give the status."""
    address = f"{path}?{urlencode(question)}"
    began = time.monotonic()
    with closing(HTTPConnection(service.client.base_url.host, service.client.base_url.port, timeout=10)) as link:
        link.request("GET", address)
        status = link.getresponse().status
    assert time.monotonic() - began < AT_ONCE_S
    return status


def test_polygon_of_ten_megabytes_is_too_much(service):
    """A polygon of ten megabytes is refused at once, in an address or in a body."""
    polygon = f"S_INTERSECTS(geometry, POLYGON(({CIRCLE})))"
    assert len(polygon) > 10_000_000
    assert raw_status(service, ITEMS, filter=polygon) in {400, 413, 414}
    assert asked(service, ITEMS, method="POST", content=polygon.encode()).status_code in {404, 405, 413}


@pytest.mark.parametrize("language", ["cql2-text", "cql2-json"])
@pytest.mark.parametrize(
    "text", ["(" * 100_000, "[" * 100_000, '{"op":"not","args":[' * 20_000], ids=["round", "square", "json"]
)
def test_hundred_thousand_parentheses_are_refused(service, text, language):
    """Parentheses without end do not exhaust the stack."""
    assert raw_status(service, ITEMS, filter=text, **{"filter-lang": language}) in {400, 413, 414}


def test_pattern_of_ten_thousand_parts_is_answered_at_once(service):
    """A pattern that a backtracking matcher would spend a lifetime on matches nothing, at once."""
    answer = asked(service, ITEMS, params={"filter": "name LIKE '" + "%网" * 5_000 + "x'"})
    assert answer.status_code == 400 or answer.json()["numberReturned"] == 0


def test_service_lives_on(service):
    """After all of that the same process answers, and no grid is gone."""
    assert asked(service, "/readyz").status_code == 200
    assert asked(service, ITEMS, params={"count": "exact", "limit": 1}).json()["numberMatched"] == len(service.truth("true"))
