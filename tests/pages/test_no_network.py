"""What is taken away from the desk needs nobody: it opens where there is no network at all, and keeps nobody out."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.alone import seen_alone
from tests.maps.conftest import Watched
from tests.pages.test_access import faults
from tests.tour import DESK, Round

pytestmark = pytest.mark.browser


@pytest.fixture(params=["zh-CN", "en-GB"])
def file(chromium, town, tmp_path, request):
    """Take the incidents of the village away as one page."""
    way = Round(chromium, town, lang=request.param)
    answer = way.window("chief", DESK).request.get("/command/export.html")
    assert answer.ok
    taken = tmp_path / "incidents.html"
    taken.write_bytes(answer.body())
    way.close()
    return taken


@pytest.mark.parametrize("file", ["zh-CN"], indirect=True)
def test_without_any_network(file):
    """In a network namespace with no interface the desk's file asks for itself alone, has every incident, and a painted map."""
    seen = seen_alone(file, "#rows .row")

    assert (seen["asked"], seen["failed"], seen["rows"]) == (1, [], 6)
    assert seen["colours"] > 6


def test_it_keeps_nobody_out(chromium, file):
    """The desk's file has no fault: as it opens, with an incident, and with a filter chosen."""
    window = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    watched = Watched(window.new_page())
    page = watched.page
    page.goto(file.as_uri())
    page.locator("#rows .row").first.wait_for()
    told = faults(page)
    page.locator("#rows .row").first.click()
    expect(page.locator("#drawer .standing")).to_be_visible()
    page.locator("#facets [data-facet=state]").first.click()
    expect(page.locator("#chips button")).to_have_count(1)
    told += faults(page)

    assert told == []
    assert watched.complaints == []
    window.close()
