"""The desk's map in a real Chromium: what grids are shaded by, what lies on them, the same in a file that is taken away."""

import json

import pytest
from playwright.sync_api import expect

from tests.api.incidents.station import at, station_over
from tests.maps.conftest import Watched
from tests.windows import SOON_MS, box_of, is_ready

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town with people at every desk, and incidents, one of them late."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as station:
        late = station.reports(category="lamp", title="late")["no"]
        station.done("community", late, "accept", matter="0101")
        station.passes(days=40)
        for title in ("bins", "noise"):
            station.reports(category=title, title=title)
        station.reports("district", category="parking", title="far away", **at(50, 600))
        yield station


@pytest.fixture
def browse(town, window):
    """Give the function that opens the desk in a window of its own."""

    def open_desk(path="/command", *, login="district", **how):
        return window(town.hall.client.base_url, path, login=login, **how)

    return open_desk


def is_on(page, name):
    """Expect a button of the map's to be pressed."""
    expect(page.locator(f".choice [data-name={name}]")).to_have_attribute("aria-pressed", "true", timeout=SOON_MS)


def ink(page):
    """Return what the map's canvases have on them, as numbers that differ where pictures do."""
    return page.evaluate(
        """() => [...document.querySelectorAll("canvas.surface")].map((canvas) => {
             const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
             let n = 0;
             for (let i = 0; i < data.length; i += 1) n = (n * 31 + data[i]) >>> 0;
             return n;
           })"""
    )


def test_the_map_is_that_of_the_wall(browse):
    """What grids are shaded by and what lies on them is chosen by mouse and keyboard, is painted, and stands in the address."""
    watched = browse()
    page = is_ready(watched)
    names = [each.get_attribute("data-name") for each in page.locator("#shades button").all()]
    assert names == ["open", "late", "band", "staffing"]
    seen = {tuple(ink(page))}
    for name in ("late", "band", "staffing"):
        page.locator(f"#shades [data-name={name}]").click()
        is_on(page, name)
        assert f"shade={name}" in page.url
        watched.settle()
        seen.add(tuple(ink(page)))
    assert len(seen) == 4, "each shade paints another map"
    expect(page.locator("#key")).to_contain_text("配齐")
    page.locator("#layers [data-name=cases]").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    is_on(page, "heat")
    assert "layers=heat" in page.url
    assert page.evaluate("document.activeElement.dataset.name") == "heat"
    page.reload()
    page = is_ready(Watched(page))
    is_on(page, "staffing")
    is_on(page, "heat")
    expect(page.locator("#layers [data-name=cases]")).to_have_attribute("aria-pressed", "false")
    page.locator("#shades [data-name=open]").click()
    page.locator("#layers [data-name=heat]").click()
    page.locator("#layers [data-name=cases]").click()
    is_on(page, "cases")
    assert page.url.endswith("/command")
    assert watched.complaints == []


@pytest.mark.parametrize(
    ("size", "lang"), [((1440, 900), "zh-CN"), ((1440, 900), "en-GB"), ((1366, 768), "en-GB"), ((1920, 1080), "en-GB")]
)
def test_tools_leave_the_map_its_room(browse, size, lang):
    """With an incident open, and a list over the map, the tools take two rows, and the keyboard gets to the last of them."""
    page = is_ready(browse(size=size, lang=lang))
    page.locator("#layers [data-name=calls]").click()
    page.locator(".row").first.click()
    expect(page.locator("#drawer .log li")).not_to_have_count(0)
    tools, row = page.locator("#tools"), box_of(page.locator("#measure"))["height"]
    for is_beside in (True, False):
        if not is_beside:
            page.locator("#stands-close").click()
        expect(page.locator("#stands")).to_be_visible(visible=is_beside)
        assert box_of(tools)["height"] < 3 * row
        last = page.locator("#layers button").last
        last.focus()
        box, room = box_of(last), box_of(tools)
        assert box["x"] >= room["x"] - 1
        assert box["x"] + box["width"] <= room["x"] + room["width"] + 1


def test_how_it_is_looked_at_is_no_step_back(browse):
    """Back undoes a filter: how the map was looked at meanwhile is no step of its own."""
    page = is_ready(browse())
    page.locator("[data-facet=category][data-value=noise]").click()
    expect(page.locator("#chips button")).to_have_count(1)
    page.locator("#shades [data-name=late]").click()
    is_on(page, "late")
    page.go_back()
    expect(page.locator("#chips button")).to_have_count(0)


@pytest.mark.parametrize(("login", "knows"), [("district", True), ("worker", False)])
def test_a_file_shows_the_same_map(browse, chromium, tmp_path, login, knows):
    """A file that is taken away has the shade and the layers of the page; who lacks people is for those who may know."""
    page = is_ready(browse("/command?shade=staffing&layers=cases-heat", login=login))
    expect(page.locator("#shades [data-name=staffing]")).to_have_count(int(knows))
    if knows:
        is_on(page, "staffing")
    page.locator("#take summary").click()
    with page.expect_download() as waiting:
        page.locator("#html").click()
    file = tmp_path / "incidents.html"
    waiting.value.save_as(file)
    context = chromium.new_context(offline=True, reduced_motion="reduce")
    watched = Watched(context.new_page())
    watched.page.goto(file.as_uri())
    expect(watched.page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    is_on(watched.page, "heat")
    is_on(watched.page, "staffing" if knows else "open")
    watched.page.locator("#shades [data-name=band]").click()
    is_on(watched.page, "band")
    assert watched.complaints == []
    context.close()


def test_what_is_asked_for_by_hand(town):
    """A shade that there is none of is refused; one that is not for the caller to know stays out of the file."""
    assert town.asks("district", "GET", "/command/export.html?shade=mood").status_code == 400
    for who, knows in (("worker", False), ("district", True)):
        page = town.asks(who, "GET", "/command/export.html?shade=staffing").text
        setup = json.loads(page.split('id="desk-setup">')[1].split("</script>")[0])
        assert ("staffing" in setup["given"]) is knows
