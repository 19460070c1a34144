"""The plan's page in a real Chromium, opened from disk."""

import re

import pytest

from maps.grids import plan_page
from tests.alone import seen_alone

pytestmark = pytest.mark.browser

NASTY = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "${alert(1)}",
    "{{7*7}}",
    "'\"><svg onload=alert(1)>",
    "javascript:alert(1)",
    "`+alert(1)+`",
    "<!--<script>",
    "\u2028alert(1)",
)


def test_one_request_and_a_painted_map(opened, plan):
    """Opening the page asks for the file and nothing else, complains of nothing, and paints the map in colours."""
    watched = opened(plan())

    assert (len(watched.requests), watched.complaints) == (1, [])
    assert len({tuple(pixel) for pixel in watched.pixels()}) > 6


def test_an_empty_plan_opens(opened, plan):
    """A plan without grids is a page that says so."""
    watched = opened(plan(0))

    assert (len(watched.requests), watched.complaints) == (1, [])
    assert watched.page.locator("#nothing").inner_text() == "这个方案还没有网格。"


def test_click_shows_the_grid(opened, plan):
    """A click on a grid shows what is known of it; a click beside the town clears it again."""
    view = plan()
    watched = opened(view)
    watched.click_grid(view.grids.polygon[1])
    card = watched.page.locator("#card")

    text = card.inner_text()
    for wanted in (
        "110108001001002",
        "560",
        "任何拆分都会低于下限",
        "清河街道",
        "1,680",
        "5.2 公顷",
        "0.78",
        "东至学府路",
    ):
        assert wanted in text
    assert watched.page.locator('#rows tr[aria-selected="true"]').inner_text().startswith("▲110108001001002")

    watched.press("Escape")
    assert card.is_hidden()


def test_language_switches_in_place(opened, plan):
    """The switch changes every word, the open card, the title and the page's language, and asks for nothing."""
    view = plan()
    watched = opened(view)
    watched.click_grid(view.grids.polygon[1])
    watched.page.click("#language")

    assert watched.page.evaluate("document.documentElement.lang") == "en"
    assert watched.page.title() == "清河镇 · Grid plan"
    assert "Any split would fall below the minimum" in watched.page.locator("#card").inner_text()
    body = watched.page.locator("body").inner_text()
    for name in ("清河镇", "清河社区", "清河街道", "底图：本镇数据", "中文", "第2网格"):
        body = body.replace(name, "")
    assert not re.findall(r"[\u4e00-\u9fff]+", body)
    assert (len(watched.requests), watched.complaints) == (1, [])


def test_colour_by_households(opened, plan):
    """Colouring by the band repaints the map and counts its steps in the legend."""
    watched = opened(plan())
    before = watched.pixels()
    watched.page.click("#by-band")

    assert watched.pixels() != before
    assert watched.page.locator("#by-band").get_attribute("aria-pressed") == "true"
    assert [line for line in watched.page.locator("#legend-rows").inner_text().split("\n") if line.isdigit()] == [
        "34",
        "1",
        "1",
    ]


def test_the_keyboard_alone_is_enough(opened, plan):
    """N and P go from grid to grid, E to the next exception, Z zooms, F shows the town, C and L switch, / finds."""
    watched = opened(plan())
    heading = watched.page.locator("#card h2")

    watched.press("n", "n", "n", "p")
    assert heading.inner_text() == "110108001001002"
    watched.press("n", "e")
    assert heading.inner_text() == "110108001001002"
    before = watched.page.evaluate("town_map.getZoom()")
    watched.press("z")
    assert watched.page.evaluate("town_map.getZoom()") > before
    watched.press("f")
    assert watched.page.evaluate("town_map.getZoom()") == before
    watched.press("c", "l")
    assert watched.page.locator("#by-band").get_attribute("aria-pressed") == "true"
    assert watched.page.evaluate("document.documentElement.lang") == "en"
    watched.press("/")
    watched.page.keyboard.type("1005")
    watched.press("Enter")
    assert heading.inner_text() == "110108001001005"
    assert watched.page.locator("#rows tr").count() == 1
    assert watched.complaints == []


def test_the_table_says_what_the_map_says(opened, plan):
    """The table lists every grid, sorts by a column, and its rows go by arrow keys."""
    watched = opened(plan())
    page = watched.page
    assert page.locator("#rows tr").count() == 36

    page.click('[data-sort="households"]')
    assert page.locator("#rows tr").first.inner_text().split()[0].endswith("110108001001002")
    assert page.locator('th[aria-sort="descending"]').inner_text().startswith("户数")
    page.locator("#rows tr").first.focus()
    watched.press("ArrowDown", "ArrowDown", "Home")
    assert page.locator("#card h2").inner_text() == "110108001001002"


def test_exceptions_lead_to_their_grid(opened, plan):
    """The list of exceptions gives each reason, and a click shows the grid."""
    watched = opened(plan())
    watched.page.click("#tab-exceptions")
    assert "任何拆分都会低于下限" in watched.page.locator("#reasons").inner_text()
    watched.page.click("#reasons button")

    assert watched.page.locator("#card h2").inner_text() == "110108001001002"


def test_long_tables_fill_up(opened, plan):
    """All of 400 rows arrive, though the first are there at once."""
    watched = opened(plan(20))
    watched.page.wait_for_function("document.querySelectorAll('#rows tr').length === 400")

    assert watched.complaints == []


@pytest.mark.parametrize("text", NASTY)
def test_names_do_nothing(opened, plan, text):
    """Whatever a name holds is shown as text, in every place that shows it."""
    view = plan(
        2,
        title=text,
        attribution=text,
        code=(text, "B", "C", "D"),
        name=(text,) * 4,
        subtype=(text,) * 4,
        community=(text,) * 4,
        street=(text,) * 4,
        bounds_text=(text,) * 4,
        exception=(text, "", "", ""),
    )
    watched = opened(view)
    watched.page.mouse.move(700, 500)
    watched.press("e", "c", "l", "c")
    watched.page.click("#tab-exceptions")

    assert watched.page.locator("#card h2").text_content() == text
    assert watched.page.locator("#attribution").text_content() == text
    assert watched.page.locator("img, svg[onload]").count() == 0
    assert (len(watched.requests), watched.complaints) == (1, [])


def test_the_seal_holds(opened, plan):
    """Script and pictures from elsewhere that somebody slips into the page are refused by the policy."""
    watched = opened(plan(2))
    watched.page.evaluate(
        """() => {
            window.touched = 0;
            document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="touched = 1">');
            const script = document.createElement('script');
            script.textContent = 'touched = 2';
            document.body.append(script);
        }"""
    )
    watched.page.wait_for_timeout(50)

    assert watched.page.evaluate("touched") == 0
    assert any("Content Security Policy" in complaint for complaint in watched.complaints)


def test_no_flag_and_no_foreign_words(opened, plan):
    """Leaflet's own attribution, which carries a flag and English, is not on the page."""
    watched = opened(plan(2))

    assert watched.page.locator(".leaflet-control-attribution, .leaflet-attribution-flag").count() == 0
    assert watched.page.locator("#attribution").inner_text() == "底图：本镇数据"


def test_the_scale_is_true(opened, plan):
    """The scale bar is as long on the screen as it says on the ground, within a hundredth."""
    page = opened(plan()).page
    said = page.locator("#scale-text").inner_text()
    width = page.locator("#scale-bar").bounding_box()["width"]
    metres = page.evaluate(
        """() => {
            const y = town_map.getSize().y / 2;
            const [west, east] = [[0, y], [100, y]].map((at) => town_map.containerPointToLatLng(at));
            return town_map.distance(west, east) / 100;
        }"""
    )

    assert said.endswith(" 米")
    assert width * metres == pytest.approx(float(said.split()[0]), rel=0.01)


def test_printing_keeps_the_view(opened, plan, tmp_path):
    """Printing gives a PDF with every row, and afterwards the page is as it was."""
    watched = opened(plan(12))
    before = watched.page.evaluate("[town_map.getZoom(), town_map.getSize().x]")
    watched.page.pdf(path=tmp_path / "plan.pdf", prefer_css_page_size=True)

    assert (tmp_path / "plan.pdf").stat().st_size > 50_000
    assert watched.page.evaluate("[town_map.getZoom(), town_map.getSize().x]") == before
    assert watched.page.locator("#rows tr").count() == 144


def test_without_any_network(chromium, plan, tmp_path):
    """In a network namespace with no interface at all the page opens just the same."""
    file = tmp_path / "map.html"
    file.write_text(plan_page(plan(3)), encoding="utf-8")

    seen = seen_alone(file, "#rows tr")

    assert (seen["asked"], seen["failed"], seen["rows"]) == (1, [], 9)
    assert seen["colours"] > 6
    assert chromium.is_connected()
