"""The wall in a real Chromium: what it asks for, what comes in by itself, what a broken line does to it, what names may do."""

import pytest
from playwright.sync_api import expect

from data.store.sql import many, run
from tests.api.incidents.station import HERE, at, station_over
from tests.maps.conftest import Watched
from tests.paged import NASTY
from tests.published import COMMUNITIES, DISTRICT, STREETS
from tests.served import apart, free_port
from tests.stored import owner
from tests.windows import SOON_MS, box_of, is_ready

pytestmark = pytest.mark.browser

SCREEN, ROW, TELEPHONE = (1920, 1080), (3840, 1080), (390, 844)


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town with people at every desk."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as station:
        yield station


@pytest.fixture
def browse(window):
    """Give the function that opens the wall in a window of its own."""

    def open_wall(base, path="/wall", *, size=SCREEN, **how):
        return window(base, path, size=size, **how)

    return open_wall


def figure(page, name):
    """Return one of the figures on the left."""
    return page.locator(f"[data-figure={name}] dd").first


def painted(page):
    """Count the pixels that the map's canvases have drawn."""
    return page.evaluate(
        """() => [...document.querySelectorAll("canvas.surface")].map((canvas) => {
             const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
             let n = 0;
             for (let i = 3; i < data.length; i += 4) n += data[i] > 0;
             return n;
           })"""
    )


@pytest.mark.parametrize("size", [SCREEN, ROW, TELEPHONE], ids=["16:9", "32:9", "telephone"])
def test_the_wall_fits_and_is_quiet(town, browse, size):
    """On a screen, a row of screens and a telephone it fits, draws its map, asks only its own server, and nothing complains."""
    town.reports()
    watched = browse(town.hall.client.base_url, size=size, login="district")
    page = is_ready(watched)
    page.wait_for_load_state("load")

    assert watched.complaints == []
    assert all(url.startswith((str(town.hall.client.base_url), "data:")) for url in watched.requests)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    ground, _, marks = painted(page)
    assert ground > 10_000
    assert marks > 100
    assert page.locator("a[href*='leaflet']").count() == 0


@pytest.mark.parametrize(("size", "language"), [(SCREEN, "zh-CN"), (SCREEN, "en-GB"), (TELEPHONE, "en-GB")])
def test_figures_stand_in_columns(town, browse, size, language):
    """In the table of places each figure stands under its own head, which is one line; names take what is left."""
    page = is_ready(browse(town.hall.client.base_url, size=size, login="district", lang=language))
    heads = [box_of(head) for head in page.locator("#places thead th:visible").all()]
    row = [box_of(cell) for cell in page.locator("#place-rows tr").first.locator("th, td").all()]
    assert len(heads) >= 3
    assert {round(head["x"]) for head in heads} == {round(cell["x"]) for cell in row[: len(heads)]}
    assert all(head["width"] > 40 for head in heads)
    assert max(head["height"] for head in heads) < 30
    assert row[0]["width"] > 80


def test_what_is_reported_appears(town, browse):
    """A report is on the wall within seconds without a reload: in the figures, in the list of areas and in the live list."""
    page = is_ready(browse(town.hall.client.base_url, login="district"))
    before = int(figure(page, "open").text_content().replace(",", ""))
    page.evaluate("window.unmoved = true")
    no = town.reports(category="占道经营")["no"]

    expect(figure(page, "open")).to_have_text(str(before + 1), timeout=SOON_MS)
    expect(page.locator("#feed li").first).to_contain_text("占道经营")
    expect(page.locator("#feed li button").first).to_have_attribute("title", no)
    town.done("community", no, "reject", reason="private_affair", answer="see to it yourself")
    expect(figure(page, "open")).to_have_text(str(before), timeout=SOON_MS)
    expect(page.locator("#feed li", has_text="不予受理").first).to_be_visible()
    assert page.evaluate("window.unmoved")


def test_time_makes_late(town, browse):
    """An incident whose time runs out stands in the list of late ones, and as a triangle with its words in the card."""
    no = town.reports(category="lamps")["no"]
    town.done("community", no, "accept", matter="0101")
    town.passes(days=40)
    page = is_ready(browse(town.hall.client.base_url, login="district"))
    row = page.locator(f"#late button[title='{no}']")
    expect(row).to_contain_text("超期")
    row.click()

    expect(page.locator("#card")).to_contain_text(no)
    expect(page.locator("#card")).to_have_class("card is-late")
    expect(page.locator("#card")).to_contain_text("超期")


def test_a_station_leads_to_its_sheet(town, browse):
    """A click on a station's sign says what it is and leads to its printed sheet, and to those of its whole area."""
    place = {name: value for name, value in at(100, 200).items() if name != "coord_sys"}
    said = {
        "area": HERE,
        "name": "民悦驿站",
        "level": "community",
        "radius_m": 250,
        "services": ["法律咨询", "应急充电"],
        **place,
    }
    assert town.asks("community", "PUT", "/v1/stations/S1", json=said).status_code == 201
    watched = browse(town.hall.client.base_url, login="district")
    page = is_ready(watched)
    with page.expect_response("**/v1/stations?*"):
        page.locator("#layers [data-name=stations]").click()
    spot = page.evaluate(
        "([lat, lng]) => window.wanggeWall.map.latLngToContainerPoint([lat, lng])", [place["lat"], place["lon"]]
    )
    box = page.locator(".folium-map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + spot["x"] + 3, box["y"] + spot["y"] - 3)

    card = page.locator("#card")
    expect(card).to_contain_text("民悦驿站")
    expect(card).to_contain_text("法律咨询、应急充电")
    links = [link.get_attribute("href") for link in card.locator("a").all()]
    assert links == ["/sheet/stations/S1?lang=zh", f"/sheet/stations?area={HERE}&lang=zh"]
    for link in links:
        sheet = page.request.get(link, timeout=60_000)
        assert (sheet.status, sheet.headers["content-type"]) == (200, "application/pdf")
    page.locator("#layers [data-name=stations]").click()
    expect(card).to_be_hidden()
    assert watched.complaints == []


def test_down_to_a_grid_and_back(town, browse):
    """From the district one goes down by street and community to a grid; the address keeps the place; Escape leads back."""
    page = is_ready(browse(town.hall.client.base_url, login="district"))
    for name in ("街道1", "社区1"):
        page.locator("#place-rows button", has_text=name).click()
        expect(page.locator("#title")).to_contain_text(name)
    assert f"area={HERE}" in page.url
    expect(page.locator("#place-rows tr")).to_have_count(3)
    page.locator("#place-rows button").first.click()
    expect(page.locator("#card")).to_contain_text(HERE)
    page.reload()
    page = is_ready(Watched(page))
    expect(page.locator("#title")).to_contain_text("社区1")
    page.keyboard.press("Escape")
    expect(page.locator("#title")).to_contain_text("街道1")
    page.locator("#crumbs button").first.click()
    expect(page.locator("#title")).not_to_contain_text("街道1")


def test_figures_say_how_they_are_reckoned(town, browse):
    """By a key or the button every figure shows its formula, and hides it again; those that are tables lead to the desk."""
    page = is_ready(browse(town.hall.client.base_url, login="district"))
    formulas = page.locator("#tiles .formula")
    expect(formulas).to_have_count(6)
    expect(formulas.first).to_be_hidden()
    page.keyboard.press("i")
    for formula in formulas.all():
        expect(formula).to_be_visible()
        expect(formula).not_to_be_empty()
    expect(page.locator("#formulas")).to_have_attribute("aria-pressed", "true")
    page.locator("#formulas").click()
    expect(formulas.first).to_be_hidden()
    expect(figure(page, "open").locator("a")).to_have_attribute("href", "/command")
    page.locator("#place-rows button", has_text="街道1").click()
    expect(figure(page, "overdue_open").locator("a")).to_have_attribute("href", f"/command?area={STREETS[0]}&light=red")


def test_layers_are_painted(town, browse):
    """Heat, stations with the area that they serve, and places in need of mending: each paints the map, and goes again."""
    town.reports()
    corners = [(20, 20), (180, 20), (180, 380), (20, 380), (20, 20)]
    ring = [[place["lon"], place["lat"]] for place in (at(x, y) for x, y in corners)]
    here = {name: value for name, value in at(100, 200).items() if name != "coord_sys"}
    served = {"type": "Polygon", "coordinates": [ring]}
    station = {"area": HERE, "name": "民悦驿站", "level": "community", **here, "service_area": served}
    assert town.asks("community", "PUT", "/v1/stations/S2", json=station).is_success
    assert town.asks("worker", "POST", "/v1/problem-points", json={"kind": "dirty", **at(60, 300)}).is_success
    page = is_ready(browse(town.hall.client.base_url, login="district"))
    usually = painted(page)[2]
    for name, least in (("heat", 200), ("stations", 5_000), ("points", 100)):
        page.locator(f"#layers [data-name={name}]").click()
        page.wait_for_timeout(600)
        assert painted(page)[2] > usually + least, name
        page.locator(f"#layers [data-name={name}]").click()
        page.wait_for_timeout(200)
        assert painted(page)[2] == usually, name


def test_keys_and_languages(town, browse):
    """Keys choose what grids are shaded by, layers and the language; every word on the page changes, and none is a bare key."""
    page = is_ready(browse(town.hall.client.base_url, login="district"))
    for key, name in (("2", "late"), ("3", "band"), ("4", "staffing"), ("1", "open")):
        page.keyboard.press(key)
        expect(page.locator(f"#shades [data-name={name}]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("5")
    expect(page.locator("#layers [data-name=cases]")).to_have_attribute("aria-pressed", "false")
    for key in "6789":
        page.keyboard.press(key)
    page.keyboard.press("l")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    said = page.locator("body").inner_text()
    assert not [line for line in said.splitlines() if line.startswith(("wall.", "map.", "event.", "state."))]
    expect(page.locator("#layers")).to_contain_text("Incidents")


def test_the_last_day_again(town, browse):
    """The slider shows the hours before now as they were, and says so; its right end is live again."""
    town.passes(hours=3)
    no = town.reports(category="回放")["no"]
    page = is_ready(browse(town.hall.client.base_url, login="district"))
    now = int(figure(page, "open").text_content())
    page.locator("#when").fill("276")
    expect(page.locator("#when-text")).to_contain_text("回放")
    expect(figure(page, "open")).to_have_text(str(now - 1))
    assert no not in page.evaluate("wanggeWall.page.shown().map((each) => each.no)")
    page.locator("#when").fill("288")
    expect(page.locator("#when-text")).to_have_text("实时")
    expect(figure(page, "open")).to_have_text(str(now))


def test_a_screen_by_a_link(town, browse):
    """A screen without anybody shows the wall by a viewer's key behind its address's #, which is in no request's address."""
    key = town.hall.comes("screen", ("viewer", DISTRICT))["X-API-Key"]
    watched = browse(town.hall.client.base_url, f"/wall#key={key}")
    page = is_ready(watched)
    expect(page.locator("#place-rows tr")).not_to_have_count(0)

    assert not [url for url in watched.requests if key in url]
    assert watched.complaints == []
    layers = [each.get_attribute("data-name") for each in page.locator("#layers button").all()]
    assert layers == ["cases", "heat", "clusters"], "stations, trouble spots, calls and names are for those who work here"


def test_who_may_not_see_it(town, browse):
    """Nobody in particular is led to sign in and back; a key that does not hold is told so in words."""
    page = browse(town.hall.client.base_url).page
    page.wait_for_url("**/sign-in?next=%2Fwall")
    page = browse(town.hall.client.base_url, "/wall#key=wg_nonsense").page
    expect(page.locator("#cover-text")).to_contain_text("没有查看权限", timeout=SOON_MS)


def test_names_are_only_text(cluster, template, tmp_path, browse):
    """Whatever areas, grids and categories are called is shown letter by letter, and nothing of it runs."""
    with cluster.clone(template) as db, station_over(db, tmp_path) as town:
        for category in NASTY:
            town.reports(category=category[:60])
        with owner(db.admin) as conn:
            run(conn, "ALTER TABLE wangge.grid DISABLE TRIGGER USER")
            codes = [code for (code,) in many(conn, "SELECT DISTINCT code FROM wangge.grid ORDER BY code")]
            for code, name in zip(codes, NASTY, strict=False):
                run(conn, "UPDATE wangge.grid SET name = %s WHERE code = %s", [name, code])
            for code, name in zip((*COMMUNITIES, *STREETS, DISTRICT), NASTY, strict=False):
                run(
                    conn,
                    "UPDATE wangge.area_version SET name = %s WHERE area_id = (SELECT id FROM wangge.area WHERE code = %s)",
                    [name, code],
                )
        town.passes(days=60)
        watched = browse(town.hall.client.base_url, f"/wall?area={HERE}", login="district")
        page = is_ready(watched)
        for row in page.locator("#place-rows button").all():
            row.click()
        for row in page.locator("#late button").all():
            row.click()
        page.keyboard.press("l")
        seen = page.locator("body").inner_text()

        assert NASTY[0] in seen
        assert watched.complaints == []
        assert page.locator("img, iframe, aside svg, #card svg").count() == 0
        watched.page.context.close()


def test_the_line_breaks_and_comes_back(cluster, template, tmp_path, browse):
    """Killed, the server leaves a page that says how old it is; served again, it goes on by itself, and nothing was missed."""
    with cluster.clone(template) as db, station_over(db, tmp_path) as town:
        town.hall.do("UPDATE wangge.api_key SET expires_at = now() + interval '1 day'")  # a process apart goes by the real time
        port = free_port()
        with apart(db.app, tmp_path, port) as server:
            page = is_ready(browse(f"http://127.0.0.1:{port}", f"/wall#key={town.who['district']['X-API-Key']}"))
            page.evaluate("window.unmoved = true")
            server.kill()
            expect(page.locator("#stale")).to_be_visible(timeout=SOON_MS)
            expect(page.locator("#stale")).to_contain_text("连接中断")
            expect(page.locator("#link")).to_have_class("link broken")
        missed = town.reports(category="断线之间")["no"]
        with apart(db.app, tmp_path, port):
            expect(page.locator("#link.live")).to_be_visible(timeout=40_000)
            expect(page.locator("#stale")).to_be_hidden()
            page.wait_for_function("no => wanggeWall.page.shown().some((each) => each.no === no)", arg=missed, timeout=SOON_MS)
            later = town.reports(category="恢复之后")["no"]
            page.wait_for_function("no => wanggeWall.page.shown().some((each) => each.no === no)", arg=later, timeout=SOON_MS)
            assert page.evaluate("window.unmoved")
            page.context.close()


def test_a_place_without_grids(cluster, template, tmp_path, browse):
    """Where no net is in force the page says so, and what is to be done."""
    with cluster.clone(template) as db, station_over(db, tmp_path) as town:
        with owner(db.admin) as conn:
            run(conn, "ALTER TABLE wangge.grid DISABLE TRIGGER USER")
            run(conn, "UPDATE wangge.grid SET in_force = NULL")
        page = browse(town.hall.client.base_url, login="district").page
        expect(page.locator("#cover-text")).to_contain_text("还没有生效的网格", timeout=SOON_MS)
        page.context.close()


MARKS = """() => [64, 4900].map((count) => {
  const { colours } = JSON.parse(document.getElementById("wall-setup").textContent);
  const looks = ["late", "working", "waiting", "checking"];
  const place = (i) => ({ x: 20 + 12 * (i % 70), y: 20 + 12 * Math.floor(i / 70) });
  const cases = [...Array(count).keys()].map((i) => ({ ...place(i), look: looks[i % 4] }));
  const layers = { cases: true, heat: false };
  const page = { shown: () => cases, isLate: (each) => each.look === "late", isSoon: () => false, layers };
  const canvas = wangge.make("canvas", { width: 880, height: 880 });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const box = { left: 0, top: 0, right: 880, bottom: 880 };
  const frame = { width: 880, height: 880, zoom: 11, box, toScreen: () => {}, x: (x) => x, y: (y) => y };
  wangge.dots(page, colours).draw(pen, frame);
  const ink = (aside) => ({ x, y }) => [...pen.getImageData(x + aside, y + aside, 1, 1).data].join();
  return { marks: cases.slice(0, 64).map(ink(0)), between: cases.slice(0, 64).map(ink(6)), last: ink(0)(cases.at(-1)) };
})"""
"""Draws a few marks, and many, twelve pixels apart, and reads their middles and what lies between."""


def test_marks_without_number_are_marks(town, browse):
    """Five thousand marks, written at once, have the colours and the places of a few that are drawn one by one."""
    page = is_ready(browse(town.hall.client.base_url, login="district"))
    few, many = page.evaluate(MARKS)

    assert len(set(many["marks"])) == 4
    assert many["marks"] == few["marks"]
    assert set(many["between"]) == {"0,0,0,0"}
    assert many["last"] == many["marks"][3]
