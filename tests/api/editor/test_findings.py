"""What an audit finds has a place: the editor and the plan's page lead there."""

import pytest
from playwright.sync_api import expect
from pyproj import Transformer

from tests.api.editor.hand import SOON_MS

pytestmark = pytest.mark.browser


@pytest.fixture
def gap(draft):
    """A draft with a block that is in no grid, and what the audit finds there."""
    assert draft.painting.save([(0, None)]).is_success
    found = draft.hall.client.get(f"/v1/plans/{draft.plan}/checks", headers=draft.planner).json()["findings"]
    (first, *_) = (each for each in found if each["kind"] == "missing_grid")
    return first


def test_places_are_in_degrees_too(gap) -> None:
    """The place of a finding is in the town's frame and, for whoever has a map, in degrees: the same place."""
    place = gap["place"]
    lon, lat = Transformer.from_crs(place["crs"], 4490, always_xy=True).transform(place["x"], place["y"])
    assert (place["lon"], place["lat"]) == (pytest.approx(lon, abs=1e-7), pytest.approx(lat, abs=1e-7))
    assert 117 < place["lon"] < 118


def test_a_finding_leads_to_its_place_in_the_editor(gap, draft, browse) -> None:
    """Pressed, a finding of the audit brings its very place to the middle of the map and marks it, until all is closed."""
    watched = browse(draft)
    page = watched.page
    page.locator("#check").click()
    button = page.locator("#finding-rows button", has_text=gap["zh"])
    expect(button).to_be_visible(timeout=SOON_MS)
    button.click()
    middle = page.evaluate("(({ lat, lng }) => [lng, lat])(window.__editor.map.getCenter())")
    assert middle == [pytest.approx(gap["place"]["lon"], abs=2e-5), pytest.approx(gap["place"]["lat"], abs=2e-5)]
    assert page.evaluate("window.__editor.map.getZoom()") >= 18
    mark = page.evaluate("(({ lat, lng }) => [lng, lat])(window.__editor.found)")
    assert mark == [pytest.approx(gap["place"]["lon"], abs=1e-6), pytest.approx(gap["place"]["lat"], abs=1e-6)]
    page.locator("#findings-close").click()
    assert page.evaluate("window.__editor.found") is None
    assert watched.complaints == []


def test_a_finding_leads_to_its_place_on_the_plans_page(draft, gap, window) -> None:
    """A plan that failed its check says of each finding where it is: the map goes there, marks it and repeats what is wrong."""
    here = f"/v1/plans/{draft.plan}"
    tag = draft.hall.client.get(here, headers=draft.planner).headers["ETag"]
    headers = draft.planner | {"If-Match": tag}
    assert draft.hall.client.post(f"{here}/transitions", json={"action": "validate"}, headers=headers).is_success
    watched = window(draft.hall.client.base_url, f"/plans/{draft.plan}", login="planner")
    page = watched.page
    item = page.locator("#findings-list li", has_text=gap["zh"])
    expect(page.locator("#map path.leaflet-interactive")).not_to_have_count(0, timeout=SOON_MS)
    item.get_by_role("button", name="在地图上看").click()
    expect(page.locator("#map path.spot")).to_have_count(1)
    expect(page.locator(".leaflet-popup-content")).to_have_text(gap["zh"])
    expect(page.locator("#map")).to_be_in_viewport()
    ring, ground = page.locator("#map path.spot").bounding_box(), page.locator("#map").bounding_box()
    assert ring is not None
    assert ground is not None
    assert ring["x"] + ring["width"] / 2 == pytest.approx(ground["x"] + ground["width"] / 2, abs=40)
    assert watched.complaints == []


def test_what_a_plan_changes_can_be_printed_from_its_page(draft, window) -> None:
    """Those who see a plan's households get a link to its sheets, of all or of one community; others are offered none."""
    page = window(draft.hall.client.base_url, f"/plans/{draft.plan}", login="planner").page
    link, pick = page.locator("#sheet-link"), page.locator("#sheet-community")
    expect(link).to_have_attribute("href", f"/sheet/plans/{draft.plan}", timeout=SOON_MS)
    expect(pick.locator("option")).to_have_count(3)
    pick.select_option("370103016002")
    expect(link).to_have_attribute("href", f"/sheet/plans/{draft.plan}?community=370103016002")
    sheet = page.request.get(str(link.get_attribute("href")), timeout=60_000)
    assert (sheet.status, sheet.headers["content-type"]) == (200, "application/pdf")
