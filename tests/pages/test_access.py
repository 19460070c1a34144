"""Nobody is kept out: axe-core finds no fault on any page, in Chinese and English, on a light screen and a dark one."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from maps.grids import plan_page
from tests.maps.conftest import Watched, draw_plan
from tests.tour import DESK, STOPS, TELEPHONE, TROUBLES, Round

pytestmark = pytest.mark.browser


def faults(page) -> list[str]:
    """Say what axe-core finds on a page, with the first place of each fault."""
    found = Axe().run(page).response["violations"]
    return [f"{each['impact']} {each['id']}: {each['nodes'][0]['html'][:120]}" for each in found]


@pytest.fixture(params=[("zh-CN", "light"), ("en-GB", "dark")], ids=["zh, light", "en, dark"])
def way(chromium, town, request):
    """Go round the pages as somebody with a language and a screen of their own."""
    made = Round(chromium, town, lang=request.param[0], light=request.param[1])
    yield made
    made.close()


@pytest.mark.parametrize("stops", [STOPS, TROUBLES], ids=["full", "empty or refused"])
def test_no_page_keeps_anybody_out(way, stops):
    """On a page as it opens, and with all opened that it has to show, nothing has a fault of any weight."""
    found = {}
    for stop in stops:
        watched = way.open(stop, "nowhere")
        told = faults(watched.page)
        for _ in way.stir(stop, watched):
            told += [each for each in faults(watched.page) if each not in told]
        if told:
            found[stop.name] = told
        watched.page.close()

    assert found == {}


def test_no_page_keeps_a_telephone_out(chromium, town):
    """Where pages are laid out for a telephone they have no fault either. What they say is looked at on a desk."""
    way = Round(chromium, town)
    found = {}
    for stop in STOPS:
        watched = way.open(stop, "nowhere", size=TELEPHONE)
        if told := faults(watched.page):
            found[stop.name] = told
        watched.page.close()
    way.close()

    assert found == {}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_plan_s_file_keeps_nobody_out(chromium, tmp_path, lang):
    """A plan's page from disk has no fault: as it opens, with a grid chosen, with its exceptions listed, and empty."""
    window = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    found = []
    for side in (3, 0):
        file = tmp_path / f"{side}.html"
        file.write_text(plan_page(draw_plan(side), lang=lang), encoding="utf-8")
        watched = Watched(window.new_page())
        watched.page.goto(file.as_uri())
        watched.page.wait_for_selector("canvas.surface")
        found += faults(watched.page)
        if side:
            watched.press("n")
            watched.page.click("#tab-exceptions")
            found += faults(watched.page)
        watched.page.close()
    window.close()

    assert found == []


def test_a_fault_is_seen(chromium):
    """A picture without words, and a field without a name, are found: a page without a fault is no blind spot."""
    window = chromium.new_context()
    page = window.new_page()
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><img src='data:,'><input></main>")

    assert {each.split()[1] for each in faults(page)} >= {"image-alt:", "label:"}
    window.close()
