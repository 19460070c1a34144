"""What the wall and the desk may cost with fifty thousand incidents: counts and bytes, which are the same on every machine.

How long they take is measured by `benchmarks/wall.py` and `benchmarks/desk.py`, on a quiet machine.
"""

import json
from collections import Counter
from urllib.parse import urlsplit

import pytest

from tests.api.incidents.station import station_over
from tests.windows import SOON_MS

pytestmark = pytest.mark.browser

MANY = 50_000
LONG_MS = 60_000
COUNTED = """
  window.drawn = 0;
  for (const name of ["drawImage", "fill", "stroke", "fillText", "strokeText", "putImageData", "fillRect", "strokeRect"]) {
    const own = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...how) {
      window.drawn += 1;
      return own.apply(this, how);
    };
  }
"""
"""Counts what is drawn on any canvas."""
PAGES = {
    "/wall": ("wanggeWall", "/v1/wall/incidents", "wanggeWall.cases.size"),
    "/command": ("wanggeDesk", "/v1/desk/incidents", "wanggeDesk.rows.size"),
}


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town with people at every desk, and a few incidents."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as station:
        for n in range(8):
            station.reports(title=f"number {n}")
        yield station


def many(document):
    """Return an answer that has fifty thousand incidents: those that it has, again and again, by other numbers, elsewhere."""
    columns = document["incidents"]
    few = len(columns["no"])

    def longer(name, column):
        if isinstance(column, dict):
            return {"of": column["of"], "at": [column["at"][i % few] for i in range(MANY)]}
        if name == "no":
            return [f"{column[i % few]}-{i}" for i in range(MANY)]
        if name in {"x", "y"}:
            return [column[i % few] + (i * 7919 + (name == "y") * 104_729) % 2000 for i in range(MANY)]
        return [column[i % few] for i in range(MANY)]

    return document | {"incidents": {name: longer(name, column) for name, column in columns.items()}}


@pytest.fixture
def crowded(town, window):
    """Give the function that opens a page with fifty thousand incidents, and counts what it draws."""

    def open_page(path):
        _, incidents, size = PAGES[path]
        watched = window(town.hall.client.base_url, "/openapi.json", size=(1920, 1080), login="district")
        page = watched.page

        def give_many(route):
            route.fulfill(json=many(route.fetch().json()))

        page.route(lambda url: urlsplit(url).path == incidents and "no=" not in url, give_many)
        page.add_init_script(COUNTED)
        watched.requests.clear()
        watched.complaints.clear()
        page.goto(path)
        page.wait_for_function(f"() => window.{PAGES[path][0]} && {size} >= {MANY}", timeout=LONG_MS)
        page.locator("#cover").wait_for(state="hidden")
        watched.settle()
        return watched

    return open_page


def heap_mb(page):
    """Return the megabytes that a page holds when what nobody holds is gone."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return session.send("Runtime.getHeapUsage")["usedSize"] / 1e6


def asked(watched):
    """Count what was asked of the service, by path."""
    return Counter(urlsplit(url).path for url in watched.requests if not url.startswith("data:"))


@pytest.mark.parametrize(("path", "most_nodes", "most_calls"), [("/wall", 400, 250), ("/command", 900, 250)])
def test_fifty_thousand_incidents_cost_little(town, crowded, path, most_nodes, most_calls):
    """With fifty thousand incidents the page holds under 30 MB and few elements; an event costs one question, few strokes."""
    watched = crowded(path)
    page = watched.page
    size = PAGES[path][2]
    nodes = "document.querySelectorAll('*').length"
    first = {"heap": heap_mb(page), "nodes": page.evaluate(nodes), "asked": sum(asked(watched).values())}
    assert first["heap"] < 30, first
    assert first["nodes"] < most_nodes, first
    opened = asked(watched)
    assert sum(opened.values()) <= 16, opened
    assert {name for name, n in opened.items() if n > 1} <= {"/v1/stats", "/v1/stations", "/v1/problem-points", "/v1/calls"}, (
        opened
    )

    for n in range(5):
        watched.requests.clear()
        page.evaluate("window.drawn = 0")
        before = page.evaluate(size)
        town.reports(title=f"meanwhile {n}")
        page.wait_for_function(f"before => {size} > before", arg=before, timeout=SOON_MS)
        page.wait_for_timeout(600)
        assert asked(watched)[PAGES[path][1]] == 1
        assert page.evaluate("window.drawn") < most_calls
    assert heap_mb(page) < first["heap"] + 2
    assert page.evaluate(nodes) < first["nodes"] + 60
    assert watched.complaints == []


def test_bytes_on_the_line(town, window):
    """A page and what it asks for are small: packed pages, and an incident in about a hundred letters, unpacked."""
    for path, most_kb in (("/wall", 140), ("/command", 170)):
        page = town.asks("district", "GET", path, headers={"Accept-Encoding": "gzip"})
        assert page.headers["content-encoding"] == "gzip"
        assert int(page.headers["content-length"]) < most_kb * 1000, path
    for path, most in (("/v1/wall/incidents", 110), ("/v1/desk/incidents", 160)):
        few = town.asks("district", "GET", path)
        document = many(few.json())
        assert len(json.dumps(document, separators=(",", ":"), ensure_ascii=False)) / MANY < most
    watched = window(town.hall.client.base_url, "/wall", login="district")
    watched.settle()
    told = watched.page.evaluate(
        """() => performance.getEntriesByType("resource")
             .map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize])"""
    )
    assert told
    assert max(size for _, size in told) < 12_000, told
