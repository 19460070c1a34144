"""Pages behind a proxy that lets no stream through: they ask instead, say so, and go back to the stream when it holds."""

import pytest
from playwright.sync_api import expect

from api.feed.stream import EventStream
from tests.api.incidents.station import station_over
from tests.maps.conftest import Watched
from tests.proxies import proxy_before
from tests.windows import PASSWORD, SOON_MS, is_ready

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town with people at every desk, whose streams say something twice a second: the pages' clocks run fast."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(EventStream.__init__.__kwdefaults__, "quiet_s", 0.5)
        with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as station:
            yield station


@pytest.fixture
def behind(chromium):
    """Give the function that opens a page behind a proxy, with a clock that a test turns on."""
    contexts = []

    def open_page(proxy, path):
        context = chromium.new_context(base_url=proxy.address, locale="zh-CN", reduced_motion="reduce")
        contexts.append(context)
        assert context.request.post("/v1/session", data={"login": "district", "password": PASSWORD}).status == 201
        watched = Watched(context.new_page())
        watched.page.clock.install()
        watched.page.goto(path)
        return is_ready(watched)

    yield open_page
    for context in contexts:
        context.close()


KNOWS = {
    "/wall": "no => wanggeWall.cases.find(no) !== undefined",
    "/command": "no => wanggeDesk.rows.find(no) !== undefined",
}


def pass_time(page, seconds, until=lambda: False):
    """Turn the page's clock on, second by second, and leave it time for what it asks meanwhile; or until something is so."""
    for _ in range(seconds):
        if until():
            return
        page.clock.run_for(1000)
        page.wait_for_timeout(40)


def follows(page, path, no):
    """Wait until a page knows an incident, however it hears of it."""
    pass_time(page, 60, lambda: page.evaluate(KNOWS[path], no))
    assert page.evaluate(KNOWS[path], no)


@pytest.mark.parametrize(("path", "way"), [("/wall", "cut"), ("/command", "cut"), ("/wall", "hold")])
def test_where_streams_are_cut_the_page_asks(town, behind, path, way):
    """Behind a proxy that cuts streams, or holds them back, the page asks every ten seconds and says so; nothing is missed."""
    with proxy_before(town.hall.client.base_url, way) as proxy:
        page = behind(proxy, path)
        page.evaluate("window.unmoved = true")
        link = page.locator("#link-text")
        pass_time(page, 60, lambda: link.text_content() == "每 10 秒查询")
        expect(link).to_have_text("每 10 秒查询", timeout=SOON_MS)
        expect(page.locator("#stale")).to_be_hidden()
        follows(page, path, town.reports(category="rubbish", title="by asking")["no"])
        tried, asked = proxy.streams, len(proxy.asked)
        pass_time(page, 60)
        assert proxy.streams == tried, "while it asks a stream is tried every two minutes at most"
        assert 3 <= len(proxy.asked) - asked <= 7

        proxy.way = "pass"
        pass_time(page, 120, lambda: link.text_content() == "实时")
        expect(link).to_have_text("实时", timeout=SOON_MS)
        assert proxy.streams == tried + 1
        asked = len(proxy.asked)
        follows(page, path, town.reports(category="rubbish", title="by the stream")["no"])
        pass_time(page, 30)
        assert len(proxy.asked) <= asked + 1
        assert page.evaluate("window.unmoved")


def test_what_comes_both_ways_is_heard_once(town, behind):
    """While a stream is tried and events are asked for, the wall's list tells of each once."""
    with proxy_before(town.hall.client.base_url, "hold") as proxy:
        page = behind(proxy, "/wall")
        pass_time(page, 25)
        expect(page.locator("#link-text")).to_have_text("每 10 秒查询", timeout=SOON_MS)
        tried, proxy.way = proxy.streams, "pass"
        pass_time(page, 130, lambda: proxy.streams > tried)
        no = town.reports(category="rubbish", title="both ways")["no"]
        follows(page, "/wall", no)
        pass_time(page, 25)
        assert page.locator(f"#feed button[title='{no}']").count() == 1
