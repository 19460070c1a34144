"""The wall's panels in a real Chromium: who is on duty, the way down to a grid, what is overdue by hours, how old it is."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.api.incidents.station import GRID, HERE, MONDAY
from tests.api.v1.staffed import made, posted, staffed
from tests.published import DISTRICT
from tests.windows import SOON_MS, is_ready

pytestmark = pytest.mark.browser

SECOND = f"{HERE}002"


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town: A, B and one more on the first grid, who has the second, too; B is on leave. Two incidents are late."""
    with cluster.clone(template) as db, staffed(db, tmp_path_factory.mktemp("home")) as station:
        one = made(station, name="李明")
        for grid in (GRID, SECOND):
            posted(station, one, grid, "part_time_worker")
        people = {each["name"]: each["id"] for each in station.asks("community", "GET", "/v1/staff").json()["staff"]}
        today = MONDAY.date()
        days = {"valid_from": str(today), "valid_to": str(today + timedelta(days=90))}
        assert station.asks("community", "POST", f"/v1/staff/{people['Stand_In']}/leave", json=days).is_success
        for title in ("first", "second"):
            station.done("community", station.reports(title=title)["no"], "accept", matter="0101")
            station.passes(hours=30)
        station.passes(days=40)
        station.who["screen"] = station.hall.comes("screen", ("viewer", DISTRICT))
        yield station


@pytest.fixture
def browse(town, window):
    """Give the function that opens the wall in a window of its own."""

    def open_wall(path="/wall", *, login="district", **how):
        return window(town.hall.client.base_url, path, login=login, size=(1920, 1080), **how)

    return open_wall


def test_who_is_on_duty(town, browse):
    """People on duty are counted by area and by grid, each once, without those on leave; nobody is named."""
    page = is_ready(browse())
    expect(page.locator("#places-note")).to_contain_text("今日在岗 2 人", timeout=SOON_MS)
    page.locator("#place-rows button", has_text="街道1").click()
    page.locator("#place-rows button", has_text="社区1").click()
    row = page.locator("#place-rows tr", has=page.locator(f"button[title='{GRID}']"))
    expect(row.locator("td").last).to_have_text("2")
    expect(row.locator("td").last).to_have_attribute("title", "请假 1 人")
    row.locator("button").click()
    expect(page.locator("#card")).to_contain_text("2 人、请假 1 人")
    told = town.asks("district", "GET", "/v1/wall/on-duty").json()
    assert set(told) == {"at", "posts"}
    assert set(told["posts"]) == {"grid", "who", "away"}
    assert len(set(told["posts"]["who"])) == 3
    assert town.asks("worker", "GET", "/v1/wall/on-duty").json()["posts"]["grid"]["of"] == [GRID, SECOND]


def test_a_screen_counts_nobody(town, browse):
    """A screen without anybody has no column of people on duty, and does not ask for them."""
    watched = browse(f"/wall#key={town.who['screen']['X-API-Key']}", login="")
    page = is_ready(watched)
    expect(page.locator("#places-present")).to_be_hidden()
    assert page.locator("#place-rows tr").first.locator("td").count() == 2
    assert [url for url in watched.requests if "on-duty" in url] == []
    assert town.asks("screen", "GET", "/v1/wall/on-duty").status_code == 403
    assert watched.complaints == []


def test_the_way_leads_down_to_a_grid(browse):
    """A grid that is chosen ends the way down to it, whose steps lead back; without it the way is that of the place."""
    page = is_ready(browse())
    assert page.locator("#crumbs").is_hidden()
    page.evaluate("wanggeWall.page.choose(0)")
    crumbs = page.locator("#crumbs > *")
    expect(crumbs).to_have_count(4)
    expect(page.locator("#crumbs [aria-current]")).to_have_count(1)
    expect(crumbs.nth(2)).to_have_text("社区1")
    crumbs.nth(1).click()
    expect(page.locator("#title")).to_contain_text("街道1")
    expect(page.locator("#crumbs [aria-current]")).to_have_text("街道1")


def test_what_is_overdue_is_sorted_by_hours(browse):
    """What is overdue for longest stands first, or by the button what has just become so; the keyboard stays on the button."""
    page = is_ready(browse())
    found = [each.get_attribute("title") for each in page.locator("#late button").all()]
    assert len(found) == 2
    order = page.locator("#late-order")
    expect(order).to_have_text("久者在前")
    order.focus()
    page.keyboard.press("Enter")
    expect(order).to_have_text("新者在前")
    assert [each.get_attribute("title") for each in page.locator("#late button").all()] == found[::-1]
    assert page.evaluate("document.activeElement.id") == "late-order"


def test_the_foot_says_how_old_it_is(browse):
    """The foot says until when the page knows what happened; while the line is down that stands still."""
    page = is_ready(browse())
    expect(page.locator("#updated")).to_contain_text("数据截至")
    page.context.set_offline(True)
    page.evaluate("wanggeWall.live.failed(Object.assign(new Error('down'), { status: 0 }))")
    expect(page.locator("#stale")).to_be_visible(timeout=SOON_MS)
    stood = page.locator("#updated").text_content()
    page.wait_for_timeout(2500)
    assert page.locator("#updated").text_content() == stood
