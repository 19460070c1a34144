"""Marks on the map in a real Chromium: cards of supervision, incidents that are drawn as one, and who works in a grid."""

import pytest
from playwright.sync_api import expect

from tests.api.incidents.station import GRID, at, station_over
from tests.maps.conftest import Watched
from tests.windows import SOON_MS, box_of, is_ready

pytestmark = pytest.mark.browser

PAGES = {"/wall": "wanggeWall", "/command": "wanggeDesk"}


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town with people at every desk, and a dozen incidents near each other, three of them late; one elsewhere."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as station:
        late = [station.reports(title=f"late {n}", **at(50 + 40 * n, 200))["no"] for n in range(3)]
        for no in late:
            station.done("community", no, "accept", matter="0101")
        station.passes(days=40)
        for n in range(9):
            station.reports(title=f"here {n}", **at(50 + n % 3, 202 + n // 3))
        station.reports("district", category="parking", title="far away", **at(50, 600))
        for no, level in zip(late, ("yellow", "red"), strict=False):
            station.done("street", no, "supervise", level=level, reason="slow")
        yield station


@pytest.fixture
def browse(town, window):
    """Give the function that opens a page of the district's in a window of its own."""

    def open_page(path, **how):
        return window(town.hall.client.base_url, path, login="district", **how)

    return open_page


def ink(page):
    """Return a number that differs where what is drawn over the map does."""
    return page.evaluate(
        """() => {
             const canvas = [...document.querySelectorAll("canvas.surface")].at(-1);
             const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
             let n = 0;
             for (let i = 0; i < data.length; i += 1) n = (n * 31 + data[i]) >>> 0;
             return n;
           }"""
    )


def colours(page):
    """Count the pixels of the map's marks in the colours of cards, yellow and red."""
    return page.evaluate(
        """() => {
             const canvas = [...document.querySelectorAll("canvas.surface")].at(-1);
             const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
             const { cards } = JSON.parse(document.querySelector("[id$=-setup]").textContent).colours;
             return ["yellow", "red"].map((name) => {
               const [r, g, b] = [1, 3, 5].map((i) => parseInt(cards[name].slice(i, i + 2), 16));
               let n = 0;
               for (let i = 0; i < data.length; i += 4) n += data[i] === r && data[i + 1] === g && data[i + 2] === b;
               return n;
             });
           }"""
    )


@pytest.mark.parametrize("path", PAGES)
def test_cards_stand_on_marks(browse, path):
    """What is supervised by a yellow or a red card has it on its mark; taken away from the map it takes its card along."""
    page = is_ready(browse(path))
    yellow, red = colours(page)
    assert yellow >= 8
    assert red >= 4
    page.locator(".choice [data-name=cases]").click()
    assert colours(page) == [0, 0]
    if path == "/wall":
        page.locator(".choice [data-name=cases]").click()
        expect(page.locator("#legend-rows")).to_contain_text("黄牌督办")
        expect(page.locator("#legend-rows")).to_contain_text("红牌督办")


@pytest.mark.parametrize(("path", "name"), PAGES.items())
def test_marks_that_cover_each_other_are_drawn_as_one(browse, path, name):
    """By the switch a heap says how many it holds and how many are late; a click on it goes nearer until it falls apart."""
    watched = browse(path)
    page = is_ready(watched)
    plain = ink(page)
    page.locator(".choice [data-name=clusters]").click()
    assert ink(page) != plain
    assert "layers=" in page.url
    page.evaluate(f"{name}.map.setZoom({name}.map.getZoom() - 1, {{ animate: false }})")
    heaps = f"{name}.dots.clusters.heaps"
    assert page.evaluate(f"{heaps}.map(({{ n, late }}) => [n, late])") == [[12, 3]]
    for _ in range(8):
        if not page.evaluate(f"{heaps}.length"):
            break
        x, y = page.evaluate(
            f"""() => {{
              const heap = {heaps}[0];
              const at = {name}.map.latLngToContainerPoint({name}.ground.latLng(heap.x, heap.y));
              return [at.x, at.y];
            }}"""
        )
        box, zoom = box_of(page.locator("#town_map")), page.evaluate(f"{name}.map.getZoom()")
        page.mouse.click(box["x"] + x, box["y"] + y)
        page.wait_for_function(f"zoom => {name}.map.getZoom() > zoom", arg=zoom, timeout=SOON_MS)
    assert page.evaluate(f"{heaps}.length") == 0
    assert page.evaluate(f"{name}.map.getZoom()") <= 17
    page.reload()
    page = is_ready(Watched(page))
    expect(page.locator(".choice [data-name=clusters]")).to_have_attribute("aria-pressed", "true")
    assert watched.complaints == []


MANY = """() => {
  const { colours } = JSON.parse(document.getElementById("wall-setup").textContent);
  let seed = 7;
  const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const cases = [...Array(50000).keys()].map((i) => ({ no: String(i), x: chance() * 1600, y: chance() * 900, due: i % 10 }));
  const page = { shown: () => cases, isLate: (each) => each.due === 0, layers: { cases: true, clusters: true } };
  const clusters = wangge.clusters(page, colours);
  const alone = clusters.part(cases, { scale: 1, zoom: 11 });
  let calls = 0;
  const pen = new Proxy({}, { get: (_, name) => (name === "then" ? undefined : () => { calls += 1; }), set: () => true });
  clusters.draw(pen, { x: (x) => x, y: (y) => y });
  const { heaps } = clusters;
  let nearest = Infinity;
  for (const a of heaps) for (const b of heaps) if (a !== b) nearest = Math.min(nearest, Math.hypot(a.x - b.x, a.y - b.y));
  const sum = (name) => heaps.reduce((all, heap) => all + heap[name], 0);
  return { alone: alone.length, n: sum("n"), late: sum("late"), heaps: heaps.length, calls, nearest };
}"""
"""Heaps fifty thousand incidents on a large screen, and counts what is drawn."""


def test_many_incidents_are_few_heaps(browse):
    """Of fifty thousand incidents none is lost in a heap, heaps do not lie on each other, and a few hundred are drawn."""
    page = is_ready(browse("/wall"))
    found = page.evaluate(MANY)
    assert found["n"] + found["alone"] == 50_000
    assert found["late"] == 5_000
    assert found["heaps"] < 900
    assert found["calls"] < 20 * found["heaps"]
    assert found["nearest"] > 12


@pytest.mark.parametrize(("path", "name"), PAGES.items())
def test_who_works_in_a_grid(town, browse, path, name):
    """By the switch, from near enough, a grid has the name of its worker; once asked for it is not asked for again."""
    watched = browse(path)
    page = is_ready(watched)
    asked = [url for url in watched.requests if "/v1/wall/workers" in url]
    assert asked == [], "nobody has asked for names yet"
    page.locator(".choice [data-name=workers]").click()
    here = at(50, 200)
    with page.expect_response("**/v1/wall/workers?*") as waiting:
        page.evaluate(f"([lat, lon]) => {name}.map.setView([lat, lon], 17, {{ animate: false }})", [here["lat"], here["lon"]])
    told = dict(zip(*(waiting.value.json()[each] for each in ("grid", "name")), strict=True))
    people = town.asks("district", "GET", f"/v1/grids/{GRID}/card").json()["people"]
    assert told[GRID] == next(each["name"] for each in people if each["role"] == "full_time_worker")
    page.wait_for_function(f"() => {name}.names.people.size > 0", timeout=SOON_MS)
    named = ink(page)
    page.locator(".choice [data-name=workers]").click()
    assert ink(page) != named
    page.locator(".choice [data-name=workers]").click()
    assert ink(page) == named
    asked = len([url for url in watched.requests if "/v1/wall/workers" in url])
    page.evaluate(f"{name}.map.panBy([30, 0], {{ animate: false }})")
    page.wait_for_timeout(500)
    assert len([url for url in watched.requests if "/v1/wall/workers" in url]) <= asked + 1
    assert watched.complaints == []


def test_names_are_for_those_who_see_the_card(town):
    """The name of a map is one of the public card's; nobody else's grid is told of, and who sees nothing inside is refused."""
    mine = town.asks("worker", "GET", "/v1/wall/workers", params={"grid": [GRID, "370103002002001"]})
    assert mine.json()["grid"] == [GRID]
    assert set(mine.json()) == {"grid", "name"}
    assert town.hall.client.get("/v1/wall/workers", params={"grid": GRID}).status_code == 401
    assert town.asks("worker", "GET", "/v1/wall/workers").status_code == 400


SHAPES = """() => {
  const looks = ["waiting", "working", "checking", "late", "suspended", "over"];
  const colours = { ...Object.fromEntries([...looks, "chosen", "rim"].map((name) => [name, "#000000"])), cards: {} };
  const dots = wangge.dots({ layers: {} }, colours);
  const masks = looks.map((look) => {
    const canvas = wangge.make("canvas", { width: 60, height: 60 });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.translate(30, 30);
    dots.mark(pen, look, look === "over" ? 5 : 7.5, false, true);
    const { data } = pen.getImageData(0, 0, 60, 60);
    return [...Array(3600).keys()].filter((i) => data[4 * i + 3] > 127);
  });
  return looks.flatMap((a, i) => looks.slice(i + 1).map((b, j) => {
    const [one, other] = [new Set(masks[i]), new Set(masks[i + 1 + j])];
    const both = [...one].filter((each) => other.has(each)).length;
    return [a, b, both / (one.size + other.size - both)];
  }));
}"""
"""Draws each mark in black, without its ring, and returns for any two how much of both is in both."""


def test_marks_are_told_apart_by_shape_alone(browse):
    """In one colour any two marks of a near map still have different outlines: no more than five sixths is in both."""
    page = is_ready(browse("/wall"))
    found = page.evaluate(SHAPES)
    assert len(found) == 15
    assert [pair for pair in found if pair[2] > 5 / 6] == []
