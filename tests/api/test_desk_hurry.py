"""The desk under hands in a hurry: answers that come late, places that are corrected, keys that must not lose their place."""

import pytest
from playwright.sync_api import expect

from tests.api.incidents.station import at, station_over
from tests.api.test_desk_browser import numbers, shows
from tests.api.who.office import PASSWORD
from tests.windows import SOON_MS, box_of, is_ready

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town with people at every desk, and incidents of two kinds."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as station:
        for title in ("bins", "lamp", "noise"):
            station.reports(category="rubbish" if title == "bins" else title, title=title)
        station.reports("district", category="parking", title="far away", **at(50, 600), urgent=True)
        yield station


@pytest.fixture
def desk(town, window):
    """Somebody of the district at the desk, which is ready."""
    return is_ready(window(town.hall.client.base_url, "/command", login="district"))


def held(router):
    """Hold the first of the requests that a test routes here; returns them as they come."""
    routes = []

    def handle(route):
        if routes or not router(route.request.url):
            route.continue_()
        else:
            routes.append(route)

    return routes, handle


def test_a_place_is_corrected(desk):
    """A second click on the map corrects where something lies; what has been written about it stays."""
    box = box_of(desk.locator("#town_map"))
    desk.locator("#report").click()
    desk.mouse.click(box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.45)
    desk.locator("#report-category").fill("lamp")
    desk.locator("#report-title").fill("灯不亮")
    desk.locator("#report-description").fill("整条街都黑")
    x, y = box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6
    desk.mouse.click(x, y)
    expect(desk.locator("#report-title")).to_have_value("灯不亮")
    expect(desk.locator("#report-description")).to_have_value("整条街都黑")
    grid = desk.evaluate(
        """([x, y]) => {
          const { page } = wanggeDesk;
          return page.gridName(page.codeOf(page.gridAt(page.toWorld(town_map.containerPointToLatLng([x, y])))));
        }""",
        [x - box["x"], y - box["y"]],
    )
    expect(desk.locator("#report-box .hint").first).to_contain_text(grid)
    desk.locator("#report-box [type=submit]").click()
    expect(desk.locator("#report-box dl")).to_contain_text(grid, timeout=SOON_MS)


def test_the_keyboard_keeps_its_place(town, desk):
    """What has the focus has it still when something comes in, when it sorts, and when a chip is taken away."""
    focused = "() => { const { dataset, id } = document.activeElement; return { ...dataset, id }; }"
    desk.locator("[data-sort=reported]").focus()
    desk.keyboard.press("Enter")
    desk.wait_for_function("() => wanggeDesk.page.wish.sort === 'newest'")
    assert desk.evaluate(focused)["sort"] == "reported"
    made = town.reports(category="keys", title="one more")["no"]
    desk.wait_for_function("no => wanggeDesk.shown()[0].no === no", arg=made, timeout=SOON_MS)
    assert desk.evaluate(focused)["sort"] == "reported"

    desk.locator("[data-facet=category][data-value=lamp]").click()
    desk.locator("[data-chip=category]").focus()
    town.reports(category="lamp", title="another lamp")
    desk.wait_for_function("() => wanggeDesk.shown().length > 1", timeout=SOON_MS)
    assert desk.evaluate(focused)["chip"] == "category"
    desk.keyboard.press("Enter")
    expect(desk.locator("#chips button")).to_have_count(0)
    assert desk.evaluate(focused)["id"] == "search"
    desk.locator("#areas button").first.focus()
    desk.keyboard.press("Enter")
    expect(desk.locator("#crumbs button")).to_have_count(1)
    assert desk.evaluate("document.activeElement.closest('#areas, #crumbs') !== null")


def test_a_late_answer_tells_nothing_old(town, desk):
    """What happens while a list is on its way is known, though the list does not know it."""
    no = town.reports(category="late", title="a race")["no"]
    desk.wait_for_function("no => wanggeDesk.rows.find(no)", arg=no, timeout=SOON_MS)
    routes, handle = held(lambda url: "from=" in url)
    desk.route("**/v1/desk/incidents?*", handle)
    desk.locator("[data-days='7']").click()
    desk.wait_for_timeout(200)
    (route,) = routes
    old = route.fetch()
    town.done("community", no, "reject", reason="private_affair", answer="see to it yourself")
    desk.wait_for_function("no => wanggeDesk.rows.find(no)?.state === 'rejected'", arg=no, timeout=SOON_MS)
    route.fulfill(response=old)
    desk.wait_for_function("() => !document.body.classList.contains('fetching')")
    desk.wait_for_function("no => wanggeDesk.rows.find(no)?.state === 'rejected'", arg=no, timeout=SOON_MS)


def test_back_to_now_before_the_past_has_come(town, desk):
    """Whoever is back at now before the past has come sees now; a past that cannot be had leaves now, and says why."""
    routes, handle = held(lambda _: True)
    desk.route("**/v1/wall/replay?*", handle)
    desk.locator("#when").fill("200")
    desk.wait_for_timeout(200)
    desk.locator("#when").fill("288")
    (route,) = routes
    route.continue_()
    desk.wait_for_timeout(600)
    assert desk.evaluate("wanggeDesk.page.past === undefined")
    count = len(numbers(desk))
    town.reports(category="replay", title="after all")
    shows(desk, count + 1)


def test_a_past_that_cannot_be_had(desk):
    """Where the past cannot be had the slider goes back to now, and the reason stands beside it; play is no second clock."""
    desk.route("**/v1/wall/replay?*", lambda route: route.abort())
    desk.locator("#when").fill("200")
    expect(desk.locator("#when-text")).to_contain_text("连接不上")
    expect(desk.locator("#when")).to_have_value("288")
    desk.unroute("**/v1/wall/replay?*")
    routes, handle = held(lambda _: True)
    desk.route("**/v1/wall/replay?*", handle)
    desk.locator("#play").click()
    desk.locator("#play").click()
    desk.locator("#play").click()
    desk.wait_for_timeout(200)
    routes[0].continue_()
    expect(desk.locator("#play")).to_have_attribute("aria-pressed", "true")
    desk.locator("#play").click()
    desk.wait_for_timeout(300)
    stopped = desk.locator("#when").input_value()
    desk.wait_for_timeout(600)
    assert desk.locator("#when").input_value() == stopped


def test_pictures_that_cannot_be_had(desk):
    """Pictures that cannot be had are not shown as none: the drawer says so."""
    desk.route("**/pictures?*", lambda route: route.abort())
    desk.locator("#rows .row").first.click()
    expect(desk.locator("#drawer .album .alarm")).to_contain_text("连接不上", timeout=SOON_MS)


def test_signed_out_while_writing(town, desk):
    """Whoever is signed out amid a form keeps it, may sign in elsewhere and send it; only then is the page closed to them."""
    box = box_of(desk.locator("#town_map"))
    desk.locator("#report").click()
    desk.mouse.click(box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.45)
    desk.locator("#report-category").fill("lamp")
    desk.locator("#report-title").fill("灯不亮")
    desk.context.clear_cookies()
    town.reports(category="lamp", title="meanwhile")
    expect(desk.locator("#stale")).to_be_visible(timeout=SOON_MS)
    submit = desk.locator("#report-box [type=submit]")
    submit.click()
    expect(desk.locator("#report-box .alarm")).to_contain_text("登录", timeout=SOON_MS)
    expect(desk.locator("#report-title")).to_have_value("灯不亮")
    assert desk.context.request.post("/v1/session", data={"login": "district", "password": PASSWORD}).status == 201
    submit.click()
    expect(desk.locator("#report-box dl")).to_be_attached(timeout=SOON_MS)
    expect(desk.locator("#cover-text")).to_contain_text("登录已失效", timeout=SOON_MS)


def test_a_report_that_is_corrected_after_its_answer_was_lost(desk):
    """What is written anew after a try without an answer is another report, and is not refused for the first one's sake."""
    lost = []

    def lose(route):
        if route.request.method != "POST" or lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    desk.route("**/v1/incidents?*", lose)
    box = box_of(desk.locator("#town_map"))
    desk.locator("#report").click()
    desk.mouse.click(box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.45)
    desk.locator("#report-category").fill("lamp")
    desk.locator("#report-title").fill("灯不亮")
    submit = desk.locator("#report-box [type=submit]")
    submit.click()
    expect(desk.locator("#report-box .alarm")).to_be_visible(timeout=SOON_MS)
    assert lost == [201]
    desk.locator("#report-title").fill("路灯不亮")
    submit.click()
    expect(desk.locator("#report-box dl")).to_be_attached(timeout=SOON_MS)
