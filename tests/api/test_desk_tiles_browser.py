"""The figures above the desk's list in a real Chromium: each says how it is reckoned, and leads to those that it counts."""

import re
from http import HTTPStatus

import pytest
from playwright.sync_api import expect

from tests.api.incidents.station import at, station_over
from tests.api.test_desk_browser import shows
from tests.maps.conftest import Watched
from tests.windows import SOON_MS, is_ready

pytestmark = pytest.mark.browser

LATER_MS = 20_000
"""The service is asked for its figures every fifteen seconds at most."""


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town with people at every desk: of four incidents one is late and one is over."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as station:
        late = station.reports(category="lamp", title="late")["no"]
        station.done("community", late, "accept", matter="0101")
        station.passes(days=40)
        station.reports(category="lamp", title="lamp")
        station.reports("district", category="parking", title="far away", **at(50, 600))
        over = station.reports(category="rubbish", title="bins")["no"]
        station.done("community", over, "accept", matter="0101")
        station.done("worker", over, "claim")
        station.done("worker", over, "handle", result="done", outcome="resolved", evidence=["seen"])
        station.done("community", over, "check_pass")
        station.done("community", over, "feedback", result="satisfied", answer="done")
        yield station


@pytest.fixture
def desk(town, window):
    """Somebody of the district at the desk, which is ready."""
    return is_ready(window(town.hall.client.base_url, "/command", login="district"))


def tile(page, name):
    """Return one of the figures."""
    return page.locator(f"#tiles [data-figure={name}]")


def reads(page, name, text):
    """Wait until a figure says something."""
    expect(tile(page, name).locator("b")).to_have_text(text, timeout=SOON_MS)


def test_each_figure_lists_what_it_counts(desk):
    """A figure leads to a list of as many as it says; the address is that list's, and whatever else narrows stays."""
    reads(desk, "received", "3")
    found = {name: tile(desk, name).locator("b").text_content() for name in ("open", "late", "soon", "received", "closed")}
    assert found == {"open": "3", "late": "1", "soon": "0", "received": "3", "closed": "1"}
    reads(desk, "on_time", "100%")
    expect(tile(desk, "on_time").locator("small")).to_have_text("1÷1")
    for name, parameter in (("late", "light=red"), ("received", "from="), ("closed", "closed_from="), ("open", "")):
        tile(desk, name).click()
        shows(desk, int(found[name]))
        expect(tile(desk, name)).to_have_attribute("aria-current", "true")
        assert parameter in desk.url
        for each, text in found.items():
            reads(desk, each, text)
    desk.locator("#search").fill("LA")
    reads(desk, "open", "2")
    reads(desk, "received", "1")
    reads(desk, "closed", "0")
    tile(desk, "late").focus()
    desk.keyboard.press("Enter")
    shows(desk, 1)
    assert "text=LA" in desk.url
    assert "light=red" in desk.url
    assert desk.evaluate("document.activeElement.dataset.figure") == "late"
    assert desk.request.get(tile(desk, "late").get_attribute("href")).ok
    desk.reload()
    page = is_ready(Watched(desk))
    reads(page, "open", "2")
    expect(tile(page, "late")).to_have_attribute("aria-current", "true")


def test_a_day_of_the_end_is_a_filter(desk):
    """Days of the end narrow the list and stand as a chip that takes them away; no button of the report's days is pressed."""
    tile(desk, "closed").click()
    shows(desk, 1)
    expect(desk.locator("[data-days][aria-pressed=true]")).to_have_count(0)
    expect(desk.locator("[data-chip=closed]")).to_contain_text("办结时段")
    desk.locator("#take summary").click()
    with desk.expect_download() as waiting:
        desk.locator("#csv").click()
    assert len(waiting.value.path().read_text(encoding="utf-8").splitlines()) == 2
    desk.locator("[data-chip=closed]").click()
    shows(desk, 3)
    tile(desk, "closed").click()
    shows(desk, 1)
    desk.locator("[data-days='0']").click()
    shows(desk, 3)


def test_figures_say_how_they_are_reckoned(desk):
    """By the button each figure shows its formula, and hides it again; whoever points at it reads it at once."""
    formulas = desk.locator("#tiles .formula")
    expect(formulas).to_have_count(6)
    expect(formulas.first).to_be_hidden()
    desk.locator("#formulas").click()
    for formula in formulas.all():
        expect(formula).to_be_visible()
        expect(formula).not_to_be_empty()
    assert tile(desk, "late").get_attribute("title") == formulas.nth(1).text_content()
    desk.locator("#formulas").click()
    expect(formulas.first).to_be_hidden()


def test_figures_follow(town, desk):
    """What is reported is counted without a reload: what is open at once, what the service counts soon after."""
    reads(desk, "received", "3")
    town.reports(category="noise", title="one more")
    reads(desk, "open", "4")
    expect(tile(desk, "received").locator("b")).to_have_text("4", timeout=LATER_MS)


def test_figures_that_were_not_had_come(town, window):
    """A question that failed is asked again as soon as it may be: the figures do not stay unknown."""
    watched = window(town.hall.client.base_url, "/wall", login="district")
    desk = is_ready(watched)
    desk.route("**/v1/desk/figures*", lambda route: route.abort())
    desk.goto("/command")
    desk = is_ready(Watched(desk))
    reads(desk, "received", "–")
    desk.unroute("**/v1/desk/figures*")
    expect(tile(desk, "received").locator("b")).to_have_text(re.compile(r"\d"), timeout=LATER_MS)


def test_a_filter_that_names_nothing_does_not_break_the_line(town, window):
    """Of an area that is not there nothing is counted; the page goes on saying that it is live."""
    watched = window(town.hall.client.base_url, "/wall", login="district")
    with watched.page.expect_response(lambda answer: "/v1/desk/figures" in answer.url) as answered:
        watched.page.goto("/command?area=nowhere")
    assert answered.value.status == HTTPStatus.NOT_FOUND
    expect(watched.page.locator("#no-rows")).to_be_visible()
    reads(watched.page, "received", "–")
    watched.page.wait_for_timeout(500)
    expect(watched.page.locator("#link")).to_have_class("link live")
    expect(watched.page.locator("#stale")).to_be_hidden()


def test_a_file_has_the_figures_that_it_can_know(desk, chromium, tmp_path):
    """A file that is taken away says what is open, late and nearly so among what it has, and nothing of what it has not."""
    desk.locator("#take summary").click()
    with desk.expect_download() as waiting:
        desk.locator("#html").click()
    file = tmp_path / "incidents.html"
    waiting.value.save_as(file)
    context = chromium.new_context(offline=True, reduced_motion="reduce")
    watched = Watched(context.new_page())
    watched.page.goto(file.as_uri())
    expect(watched.page.locator("#tiles a")).to_have_count(3)
    reads(watched.page, "late", "1")
    tile(watched.page, "late").click()
    shown = watched.page.locator("#rows .row:visible")
    expect(shown).to_have_count(1)
    assert [url for url in watched.requests if not url.startswith("data:")] == [file.as_uri()]
    assert watched.complaints == []
    context.close()
