"""What stands on the ground, on wall and desk, in a real Chromium: stations, whom they reach, trouble spots, calls."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from data.store.sql import run
from tests.api.incidents.station import HERE, NEXT, at, station_over
from tests.api.rounds.homes import HOUSEHOLDS, POINTS, furnish
from tests.maps.conftest import Watched
from tests.paged import NASTY
from tests.published import STREETS
from tests.stored import owner
from tests.windows import SOON_MS, box_of, is_ready

pytestmark = pytest.mark.browser

SCREEN, TELEPHONE = (1920, 1080), (390, 844)
EVERYBODY = 12 * POINTS * HOUSEHOLDS
RIVER = "https://river.example/cameras/1?view=live"
LEAD = {"org": "sanitation", "lead": True, "mandatory": True}
WATER = {"org": "water", "lead": False, "mandatory": True}


def place(x, y):
    """Return a place as a station says it."""
    return {name: value for name, value in at(x, y).items() if name != "coord_sys"}


def opens(town, code, x, y, **said):
    """Open a station."""
    wanted = {"area": HERE, "name": code, "level": "community", **place(x, y), **said}
    answer = town.asks("district", "PUT", f"/v1/stations/{code}", json=wanted)
    assert answer.status_code == 201, answer.text


def watches(town, code, x, y, **said):
    """Write down what another system watches over."""
    answer = town.asks("district", "PUT", f"/v1/assets/{code}", json={"area": HERE, "name": code, **place(x, y), **said})
    assert answer.status_code == 201, answer.text


def settle(db, town):
    """Give the town homes, stations of three kinds, a problem of two spots and one of one, two calls, and two assets."""
    with owner(db.admin) as conn:
        furnish(conn)
    opens(town, "station", 100, 200, name="民悦驿站", services=["法律咨询"], radius_m=60)
    opens(town, "center", 690, 200, name="党群中心", kind="service_center", level="street", area=STREETS[0])
    opens(town, "canteen", 100, 600, name="爱心食堂", kind="canteen", level="grid", area=NEXT)
    watches(town, "cam", 400, 300, name="小清河1号", theme="river", url=RIVER)
    watches(town, "school", 500, 100, name="实验小学", theme="campus", kind="site")
    for x in (60, 80):
        assert town.asks(
            "worker", "POST", "/v1/problem-points", json={"kind": "dirty", "note": "a heap", **at(x, 300)}
        ).is_success
    assert town.asks("worker", "POST", "/v1/problem-points", json={"kind": "poor", **at(150, 100)}).is_success
    made = town.asks("community", "POST", "/v1/problem-points/clusters", json={"area": HERE}).json()["made"]
    etag = town.asks("community", "GET", f"/v1/problem-points/clusters/{made[0]}").headers["ETag"]
    plan = {"department": "sanitation", "measure": "清运", "deadline": str(town.hall.now.date() + timedelta(days=3))}
    mended = town.asks("community", "PUT", f"/v1/problem-points/clusters/{made[0]}", json=plan, headers={"If-Match": etag})
    assert mended.is_success, mended.text
    called = [town.at_street(title="a house of rubbish", **at(30 + 100 * k, 30)) for k in range(2)]
    for no in called:
        town.done("street", no, "call", summary="come all of you")
    town.done("district", called[0], "assign", departments=[LEAD, WATER])
    town.done("office", called[0], "join")


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town with all of that."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as station:
        settle(db, station)
        yield station


@pytest.fixture(params=["/wall", "/command"], ids=["wall", "desk"])
def page(request, town, window):
    """The wall and the desk: what stands on the ground is the same on both. Nothing that they do may complain."""
    watched = window(town.hall.client.base_url, request.param, size=SCREEN, login="district")
    yield is_ready(watched)
    assert watched.complaints == []


def lay(page, *names):
    """Put layers on the map, and no other of the ground's."""
    for button in page.locator("#layers button").all():
        name = button.get_attribute("data-name")
        if name not in {"cases", "heat"} and (button.get_attribute("aria-pressed") == "true") != (name in names):
            button.click()
    expect(page.locator("#stand-body .nothing[role=status]")).to_have_count(0, timeout=SOON_MS)
    page.wait_for_timeout(300)


def rows(page, kind):
    """Return the rows of a list in the panel."""
    return page.locator(f"#stand-body [data-key^='{kind}:']")


def ink(page, canvas="surface"):
    """Count the pixels of each canvas that something is painted on."""
    return page.evaluate(
        """name => [...document.querySelectorAll(`canvas.${name}`)].map((canvas) => {
             const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
             let n = 0;
             for (let i = 3; i < data.length; i += 4) n += data[i] > 0;
             return n;
           })""",
        canvas,
    )


def colours(page, x, y, reach=60):
    """Return the colours, as `r,g,b`, that the map's upper canvases have around a place of the town."""
    lon, lat = place(x, y).values()
    return page.evaluate(
        """([lat, lon, reach]) => {
             const { map } = window.wanggeWall ?? window.wanggeDesk;
             const at = map.latLngToContainerPoint([lat, lon]);
             const whole = map.getContainer().getBoundingClientRect();
             const found = new Set();
             for (const canvas of document.querySelectorAll("canvas.surface:last-of-type, canvas.wires")) {
               const box = canvas.getBoundingClientRect();
               const [left, top] = [at.x + whole.left - box.left - reach, at.y + whole.top - box.top - reach];
               const { data } = canvas.getContext("2d").getImageData(left, top, 2 * reach, 2 * reach);
               for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 250) found.add(data.slice(i, i + 3).join());
             }
             return [...found];
           }""",
        [lat, lon, reach],
    )


def click_at(page, x, y, aside=(0, 0)):
    """Click a place of the town on the map."""
    lon, lat = place(x, y).values()
    spot = page.evaluate(
        "([lat, lon]) => (window.wanggeWall ?? window.wanggeDesk).map.latLngToContainerPoint([lat, lon])", [lat, lon]
    )
    box = box_of(page.locator(".folium-map"))
    page.mouse.click(box["x"] + spot["x"] + aside[0], box["y"] + spot["y"] + aside[1])


def test_stations_by_kind_and_level(page):
    """The panel opens with the layer, counts each kind and level, and narrows; each kind has a shape of its own on the map."""
    lay(page, "stations")
    expect(rows(page, "station")).to_have_count(3)
    counts = {
        button.get_attribute("data-key"): button.locator("b").text_content() for button in page.locator(".chips button").all()
    }
    assert counts == {
        "kind:station": "1", "kind:service_center": "1", "kind:activity_site": "0", "kind:canteen": "1", "kind:rest_stop": "0",
        "level:district": "0", "level:street": "1", "level:community": "1", "level:grid": "1",
    }  # fmt: skip
    everything = ink(page)[-1]
    page.locator("[data-key='kind:canteen']").click()
    expect(rows(page, "station")).to_have_count(2)
    assert ink(page)[-1] < everything
    page.locator("[data-key='level:street']").click()
    expect(rows(page, "station")).to_have_text([re.compile("民悦驿站")])
    page.locator("[data-key='kind:station']").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#stand-body .nothing").last).to_contain_text("没有符合筛选")
    expect(page.locator("[data-key='kind:station']")).to_be_focused()
    shapes = page.evaluate(
        """() => Object.keys(wangge.signs.OUTLINES).map((kind) => {
             const picture = wangge.signs.picture((pen) => wangge.signs.station(pen, 0, 0, kind));
             return [...picture.getContext("2d").getImageData(0, 0, picture.width, picture.height).data].join();
           })"""
    )
    assert len(set(shapes)) == 5


def test_a_station_by_keyboard(page):
    """From the list, by keys alone: its card says whom it reaches, of how many, and its circle and its grids stand out."""
    lay(page, "stations")
    rows(page, "station").first.focus()
    page.keyboard.press("ArrowDown")
    usual = ink(page)[-1]
    page.keyboard.press("Enter")
    card = page.locator("#card")
    expect(card).to_contain_text("民悦驿站")
    expect(card).to_contain_text("便民驿站 · 社区级")
    expect(card).to_contain_text("360 / 480 户（75.0%），涉及 9 个网格")
    expect(card).to_contain_text(f"{POINTS * HOUSEHOLDS} / {EVERYBODY} 户")
    expect(card).to_contain_text("步行15分钟")
    assert [link.get_attribute("href") for link in card.locator("a").all()] == [
        "/sheet/stations/station?lang=zh",
        f"/sheet/stations?area={HERE}&lang=zh",
    ]
    page.wait_for_timeout(300)
    assert ink(page)[-1] > usual + 2000
    page.keyboard.press("Escape")
    if card.is_visible():  # on the wall the keyboard stayed in the list: its panel went first
        page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_assets_by_theme(page):
    """What other systems watch over is listed by theme, narrowed to some; its card leads there, the page asks nothing."""
    strange = []
    page.on("request", lambda request: strange.append(request.url) if "river.example" in request.url else None)
    lay(page, "assets")
    expect(rows(page, "asset")).to_have_text([re.compile("实验小学场所"), re.compile("小清河1号摄像头")])
    expect(page.locator("#stand-body [data-key^='theme:']")).to_have_text(
        ["智慧校园1", "河长制1", "森林防火0", "市场监管0", "物业管理0", "宗教场所0"]
    )
    everything = ink(page)[-1]
    page.locator("[data-key='theme:campus']").click()
    expect(rows(page, "asset")).to_have_text([re.compile("小清河1号")])
    assert ink(page)[-1] < everything
    rows(page, "asset").first.focus()
    page.keyboard.press("Enter")
    card = page.locator("#card")
    expect(card).to_contain_text("河长制 · 摄像头")
    link = card.locator("a")
    expect(link).to_have_text("在所属系统查看")
    assert [link.get_attribute(name) for name in ("href", "target", "rel")] == [RIVER, "_blank", "noopener noreferrer"]
    assert strange == []
    pictures = page.evaluate(
        """() => wangge.signs.THEMES.flatMap((theme) => ["camera", "site"].map((kind) => {
             const draw = (pen) => wangge.signs.asset(pen, 0, 0, theme[0] + theme[1], "sans-serif", kind);
             const picture = wangge.signs.picture(draw, 26);
             return [...picture.getContext("2d").getImageData(0, 0, picture.width, picture.height).data].join();
           }))"""
    )
    assert len(set(pictures)) == 12


def test_an_asset_without_a_way(page):
    """What nobody has said the address of has no link."""
    lay(page, "assets")
    page.locator("[data-key='theme:river']").click()
    expect(rows(page, "asset")).to_have_count(1)
    rows(page, "asset").first.click()
    expect(page.locator("#card")).to_contain_text("实验小学")
    expect(page.locator("#card a")).to_have_count(0)


def test_a_card_stays_while_its_sign_is_seen(page):
    """Another layer that is switched off leaves the card of a station; its own takes it away."""
    lay(page, "stations", "points")
    page.locator("#stand-tabs [data-key='tab:stations']").click()
    rows(page, "station").first.click()
    expect(page.locator("#card")).to_contain_text("党群中心")
    page.locator("#layers [data-name=points]").click()
    expect(page.locator("#layers [data-name=points]")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#card")).to_be_visible()
    page.locator("#layers [data-name=stations]").click()
    expect(page.locator("#card")).to_be_hidden()


@pytest.mark.parametrize("path", ["/wall", "/command"], ids=["wall", "desk"])
def test_whom_a_station_reaches_is_asked_once(town, window, path):
    """While the answer is on its way its card asks no second time, however often it is shown; lost, it asks again."""
    page, asked = is_ready(window(town.hall.client.base_url, path, size=SCREEN, login="district")), []
    lay(page, "stations")
    # Playwright notes on a handler what it made of it; a built-in one has no room for that.
    page.route("**/v1/stations/coverage?station=*", lambda route: asked.append(route))  # noqa: PLW0108
    for _ in range(3):
        rows(page, "station").first.click()
        expect(page.locator("#card")).to_be_visible()
        page.locator("#card .close").click()
    assert len(asked) == 1
    asked[0].abort()
    page.unroute("**/v1/stations/coverage?station=*")
    rows(page, "station").first.click()
    expect(page.locator("#card")).to_contain_text(f"/ {EVERYBODY} 户")


def test_whom_the_circle_leaves_out(page, town):
    """The circle of a short walk: covered of all with the figures, the grids left out by how many, each led to and painted."""
    walk = {"minutes": 1, "pace": 60, "detour": 1}
    seen = []

    def shorter(route):
        seen.append(route.request.url)
        route.continue_(url=f"{route.request.url}&{urlencode(walk)}")

    page.route("**/v1/stations/coverage?*", shorter)
    lay(page, "stations")
    page.locator(".switch").click()
    # Two of the three stations stand near the homes of a grid; the third is between them.
    answer = town.asks("district", "GET", "/v1/stations/coverage", params={"way": "walk", **walk}).json()
    total = answer["total"]
    assert 0 < total["reached"] < EVERYBODY
    expect(page.locator(".sum")).to_contain_text(f"已覆盖 {total['reached']} / 共 {EVERYBODY} 户")
    expect(page.locator(".sum b")).to_have_text(f"{total['station_coverage']}%")
    left = [each for each in answer["grids"] if each["uncovered"]]
    expect(rows(page, "gap")).to_have_count(len(left))
    counts = [int(each.text_content().split()[0]) for each in rows(page, "gap").locator("b").all()]
    assert counts == sorted((each["uncovered"] for each in left), reverse=True)
    usual = ink(page)[-1]
    page.locator("[data-key='kind:canteen']").click()
    expect(page.locator(".sum")).not_to_contain_text(f"已覆盖 {total['reached']} /")
    assert parse_qs(urlsplit(seen[-1]).query)["kind"] == ["station", "service_center", "activity_site", "rest_stop"]
    page.locator("[data-key='kind:canteen']").click()
    expect(rows(page, "gap")).to_have_count(len(left))
    rows(page, "gap").first.focus()
    page.keyboard.press("Enter")
    expect(rows(page, "gap").first).to_have_attribute("aria-current", "true")
    page.locator("#layers [data-name=circle]").click()
    expect(page.locator(".sum")).to_have_count(0)
    page.wait_for_timeout(300)
    assert ink(page)[-1] < usual - 2000


def test_spots_that_are_one_problem(page):
    """Two spots are one mark with its number; its card says of what class, whose, what is done and by when; so by keys."""
    lay(page, "points")
    expect(rows(page, "spot")).to_have_count(2)
    expect(rows(page, "spot").first).to_contain_text("×2")
    click_at(page, 70, 300)
    card = page.locator("#card")
    expect(card).to_contain_text("脏点 · 2 处合并")
    for said in ("整改中", "环卫局", "清运", "2026年3月"):
        expect(card).to_contain_text(said)
    if page.url.endswith("/wall"):
        expect(card).not_to_contain_text("a heap")  # what people wrote is for those who work with it
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    page.locator("[data-key='class:dirty']").click()
    rows(page, "spot").first.focus()
    page.keyboard.press("Enter")
    expect(card).to_contain_text("差点")
    expect(card).to_contain_text("尚未明确部门")


def test_calls_are_lines_to_departments(page, town):
    """Each department that was called has its plate, and a line from the street; the card has the four steps."""
    lay(page, "calls")
    plates = page.locator("#plates button")
    expect(plates).to_have_text([re.compile("环卫局"), re.compile("水务局"), re.compile("待分办")])
    before = ink(page, "wires")[0]
    assert before > 1000
    click_at(page, 30, 30, aside=(11, -11))
    card = page.locator("#card")
    expect(card).to_contain_text("街道1的呼叫")
    expect(card.locator(".steps-made li.is-done")).to_have_count(2)
    expect(card.locator(".parties li")).to_have_count(2)
    expect(card.locator(".parties .is-done")).to_contain_text("环卫局（牵头）")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="待分办").first.focus()
    page.keyboard.press("Enter")
    expect(plates.last).to_have_attribute("aria-pressed", "true")
    expect(rows(page, "call")).to_have_count(1)
    rows(page, "call").first.click()
    expect(card).to_contain_text("已呼叫，待分办")
    (waiting,) = town.asks("district", "GET", "/v1/calls", params={"state": "called"}).json()["calls"]
    card.get_by_role("button", name="查看事件").click()
    expect(page.locator("#card, #drawer").filter(has_text=waiting["no"]).first).to_be_visible()
    lay(page)
    expect(page.locator("#plates")).to_be_hidden()
    assert ink(page, "wires") == []


def test_a_late_call_is_told_apart_without_colour(page):
    """A line of a department that is late is broken and has a sign of its own: with all colour taken away it differs."""
    pictures = page.evaluate(
        """() => [false, true].map((late) => {
             const picture = wangge.signs.picture((pen) => wangge.signs.call(pen, -11, 11, 2, late, "sans-serif"));
             const { data } = picture.getContext("2d").getImageData(0, 0, picture.width, picture.height);
             let shape = "";
             for (let i = 3; i < data.length; i += 4) shape += data[i] > 127 ? 1 : 0;
             return shape;
           })"""
    )
    assert pictures[0] != pictures[1]


def test_what_is_shown_stands_in_the_address(town, window):
    """Layers chosen on the desk are there again when its address is opened anew, and the panel waits for whoever wants it."""
    watched = window(town.hall.client.base_url, "/command?layers=cases-stations-points-circle", login="district")
    page = is_ready(watched)
    expect(page.locator("#layers [aria-pressed=true]")).to_have_count(4)
    expect(page.locator("#stands")).to_be_hidden()
    page.locator("#stand-open").click()
    expect(page.locator("#stand-tabs button")).to_have_count(2)
    expect(rows(page, "station")).to_have_count(3)
    page.locator("#layers [data-name=points]").click()
    assert "layers=cases-stations-circle" in page.url
    page.keyboard.press("Escape")
    page.reload()
    page = is_ready(Watched(page))
    expect(page.locator("#layers [data-name=circle]")).to_have_attribute("aria-pressed", "true")


def test_only_what_is_shown_is_listed(town, window):
    """In a community the wall lists its own stations and counts its own households."""
    page = is_ready(
        window(town.hall.client.base_url, f"/wall?area={NEXT}&layers=cases-stations-circle", size=SCREEN, login="district")
    )
    page.locator("#stand-open").click()
    expect(page.locator(".sum")).to_contain_text(f"共 {3 * POINTS * HOUSEHOLDS} 户")
    page.locator("#crumbs button").first.click()
    expect(page.locator(".sum")).to_contain_text(f"共 {EVERYBODY} 户")


def test_what_cannot_be_had(town, window):
    """Where stations cannot be fetched the panel says so, and has a way to ask again; where there is nothing it says that."""
    watched = window(town.hall.client.base_url, "/wall", size=SCREEN, login="district")
    page = is_ready(watched)
    page.route("**/v1/stations?*", lambda route: route.abort())
    page.locator("#layers [data-name=stations]").click()
    expect(page.locator("#stand-body [role=alert]")).to_contain_text("没有取到数据")
    page.unroute("**/v1/stations?*")
    page.route(
        "**/v1/problem-points**", lambda route: route.fulfill(json={"points": [], "clusters": [], "orgs": {}, "next": None})
    )
    page.locator("#stand-body [data-key=again]").click()
    expect(rows(page, "station")).to_have_count(3, timeout=SOON_MS)
    page.locator("#layers [data-name=points]").click()
    expect(page.locator("#stand-body")).to_contain_text("这里没有待治理的问题点")


def test_it_fits_a_telephone(town, window):
    """On a telephone the panel and a card lie inside the window, on the wall and on the desk."""
    for path, tab in (("/wall", ""), ("/command", "[data-tab=map]")):
        page = is_ready(window(town.hall.client.base_url, path, size=TELEPHONE, login="district"))
        if tab:
            page.locator(f"button{tab}").click()
        page.locator("#layers [data-name=stations]").click()
        rows(page, "station").first.click()
        expect(page.locator("#card")).to_be_visible()
        assert box_of(page.locator("#stand-body .chips .sign").first)["width"] > 0, "kinds are told by their shapes"
        for box in (box_of(page.locator("#card")), box_of(page.locator("#stands"))):
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= TELEPHONE[0]
        assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE[0]


def test_names_are_only_text(cluster, template, tmp_path, window):
    """Whatever stations, departments, measures and calls are called is shown letter by letter, and nothing of it runs."""
    with cluster.clone(template) as db, station_over(db, tmp_path) as town:
        settle(db, town)
        with owner(db.admin) as conn:
            run(conn, "UPDATE wangge.station SET name = %s, services = ARRAY[%s]", [NASTY[0][:100], NASTY[0][:100]])
            run(conn, "UPDATE wangge.org SET name = %s WHERE code IN ('sanitation', 'water')", [NASTY[0][:100]])
            run(conn, "UPDATE wangge.asset SET name = %s", [NASTY[0][:100]])
            run(conn, "UPDATE wangge.problem_cluster SET measure = %s", [NASTY[0]])
            run(conn, "UPDATE wangge.problem_point SET note = %s", [NASTY[0]])
        for path in ("/wall", "/command"):
            watched = window(town.hall.client.base_url, path, size=SCREEN, login="district")
            page = is_ready(watched)
            for layer, kind in (("stations", "station"), ("points", "spot"), ("assets", "asset"), ("calls", "call")):
                lay(page, layer)
                for row in rows(page, kind).all():
                    row.click(force=True)
                    assert page.locator("#card").is_visible()
                    assert page.locator("#card img, #stands img, #plates img, #card script, #stands script").count() == 0
                    page.locator("#card .close").click()
            expect(page.locator("#plates")).to_contain_text(NASTY[0][:30])
            assert watched.complaints == []
            page.context.close()
