"""From the editor a plan is taken away as a file, and another draft begins where it stands."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.api.editor.hand import SOON_MS, saved

pytestmark = pytest.mark.browser


def test_a_file_holds_what_was_painted(at_work):
    """The page saves first: the file has the grid with the block that was just painted. By keys alone."""
    hand, page = at_work, at_work.page
    block, _ = hand.beside(1)
    hand.chooses(1)
    hand.drags(block, block)
    homes = hand.grid(1)["households"]
    page.locator("#files summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-file=gpkg]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-file=gpkg]")).to_be_hidden()
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        page.locator("[data-file=geojson]").press("Enter")
    assert download.value.suggested_filename.endswith("-v1.geojson")
    features = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["features"]
    (mine,) = [each for each in features if each["id"] == hand.grid(1)["code"]]
    assert mine["properties"]["households"] == homes != 400
    expect(page.locator("#saved.clean")).to_be_visible()
    expect(hand.says()).to_contain_text("已导出")


def test_a_copy_is_another_draft(at_work, draft):
    """What was painted goes along; what is painted then stays in the copy."""
    hand, page = at_work, at_work.page
    block, other = hand.beside(1)
    assert other != 1
    hand.chooses(1)
    hand.drags(block, block)
    page.locator("#files summary").click()
    page.locator("#copy-begin").click()
    expect(page.locator("#copy-title-text")).to_have_value("网格调整方案（副本）")
    page.locator("#copy-title-text").fill("比选一")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: draft.plan not in address)
    copy = page.url.rsplit("/", 1)[1]
    told = draft.hall.client.get(f"/v1/plans/{copy}", headers=draft.planner).json()
    assert (told["title"], told["state"]) == ("比选一", "draft")
    first = draft.hall.client.get(f"/v1/plans/{draft.plan}", headers=draft.planner).json()
    assert told["metrics"]["in_band"] == first["metrics"]["in_band"]
    assert replace(draft, plan=copy).painting.edition
    expect(page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    assert hand.of[block] == 1
    hand.sizes("一块")
    hand.chooses(other)
    hand.drags(block, block)
    saved(hand)
    assert hand.of[block] == other
    page.goto(f"{draft.hall.client.base_url}{draft.path}")
    expect(page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    assert hand.of[block] == 1


def test_a_copy_asked_for_again_is_one(at_work, draft):
    """Where the answer is lost, whoever asks again is led to the draft that was made; there is no second one."""
    page, lost = at_work.page, []

    def lose(route):
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().json()["id"])
        route.abort()

    page.route("**/copies", lose)
    page.locator("#files summary").click()
    page.locator("#copy-begin").click()
    page.locator("#copy-do").click()
    expect(page.locator("#copy-problem")).to_be_visible()
    page.locator("#copy-do").click()
    page.wait_for_url(lambda address: draft.plan not in address)
    assert page.url.rsplit("/", 1)[1] == lost[0]
