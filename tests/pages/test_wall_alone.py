"""A wall that nobody sits at, in a real Chromium: it goes round, it is heard, it keeps its shape, it takes up a new net."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from data.store import plans
from data.store.publish import publish
from tests.pages.conftest import opened_wall
from tests.stored import cut, owner
from tests.tour_town import tour_town

pytestmark = pytest.mark.browser

DAYS_MS = 86_400_000


@pytest.fixture
def wall(chromium, town):
    """Give the function that opens the wall of the village; the page's clock can be put forward."""
    windows = []

    def open_it(query="", **more):
        page = opened_wall(chromium, town, query, **more)
        windows.append(page.context)
        return page

    yield open_it
    for window in windows:
        window.close()


def test_it_goes_round(wall):
    """On request the wall looks at one place below after the other, every thirty seconds, until somebody takes hold of it."""
    page = wall("?rounds", clock=True)
    expect(page.locator("#rounds")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#title")).to_contain_text("街道")
    page.evaluate("window.went = []; const go = wanggeWall.page.go; wanggeWall.page.go = (at) => { went.push(at); go(at); }")
    # The page's clock goes on beside what is added to it, so a slow machine may see one step more.
    page.clock.run_for(31_000)
    assert page.evaluate("went.length") in {1, 2}
    page.locator("#place-rows button").first.click()
    expect(page.locator("#rounds")).to_have_attribute("aria-pressed", "false")
    went = page.evaluate("went.length")
    page.clock.run_for(61_000)
    assert page.evaluate("went.length") == went, "no step after the click"
    page.keyboard.press("r")
    expect(page.locator("#rounds")).to_have_attribute("aria-pressed", "true")


def test_it_stays_where_it_is(wall):
    """Nobody has asked: the wall neither goes round nor makes a sound."""
    page = wall(clock=True)
    for name in ("rounds", "chime"):
        expect(page.locator(f"#{name}")).to_have_attribute("aria-pressed", "false")
    before = page.locator("#title").text_content()
    page.clock.run_for(95_000)
    assert page.locator("#title").text_content() == before
    assert page.evaluate("wanggeWall.chime.rung") == 0


def test_it_is_heard(wall, town):
    """With the sound on, an incident that becomes late is heard once, and one that was late before is not."""
    again = town.reports(325, 145)
    taken = {"event": "accept", "matter": "0101"}
    assert town.hall.client.post(f"/v1/incidents/{again}/transitions", json=taken, headers=town.chief).is_success
    page = wall(clock=True)
    page.wait_for_function("no => wanggeWall.page.shown().some((each) => each.no === no)", arg=again)
    page.keyboard.press("s")
    expect(page.locator("#chime")).to_have_attribute("aria-pressed", "true")
    page.clock.run_for(31_000)
    assert page.evaluate("wanggeWall.chime.rung") == 0
    page.clock.fast_forward(40 * DAYS_MS)
    page.clock.run_for(31_000)
    assert page.evaluate("wanggeWall.chime.rung") == 1
    page.clock.run_for(61_000)
    assert page.evaluate("wanggeWall.chime.rung") == 1


@pytest.mark.parametrize(
    ("size", "query", "shape"),
    [
        ((1920, 1080), "", "screen"),
        ((3840, 1080), "", "row"),
        ((1920, 1080), "?preset=32:9", "row"),
        ((3840, 1080), "?preset=16:9", "screen"),
        ((1920, 1080), "?preset=<b>", "screen"),
    ],
)
def test_it_keeps_its_shape(wall, size, query, shape):
    """The window's shape decides how the wall is laid out, unless the address does; P goes on, and the address keeps it."""
    page = wall(query, size=dict(zip(("width", "height"), size, strict=True)))
    columns = "getComputedStyle(document.querySelector('.left')).display"
    assert page.evaluate("document.documentElement.dataset.shape") == shape
    assert page.evaluate(columns) == ("grid" if shape == "row" else "flex")
    page.keyboard.press("p")
    if "preset=3" not in query:
        assert "preset=" in page.url
    else:
        assert "preset=" not in page.url


def test_a_new_net_comes_by_itself(chromium, cluster, template, tmp_path):
    """A plan that takes effect brings its grids to the wall without anybody's hand."""
    with cluster.clone(template) as db, tour_town(db, tmp_path) as town:
        page = opened_wall(chromium, town)
        assert page.evaluate("wanggeWall.cases.size") == 6
        expect(page.locator("#source")).to_contain_text("网格 4 个")
        with owner(db.admin) as conn:
            day = town.hall.now.date()
            publish(conn, plans.get(conn, town.places["plan"]), cut(day, today=day))
        expect(page.locator("#source")).to_contain_text("网格 6 个", timeout=20_000)
        expect(page.locator("#link.live")).to_be_visible()
        page.context.close()
