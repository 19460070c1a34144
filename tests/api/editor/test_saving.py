"""What becomes of what was painted: saved, merged, decided about, kept while the line is down."""

import pytest
from playwright.sync_api import expect

from tests.api.editor.hand import SOON_MS, Hand, saved
from tests.maps.conftest import Watched
from tests.paged import NASTY

pytestmark = pytest.mark.browser


def test_saving_by_hand(draft, at_work):
    """What was painted and renamed is on the service after Ctrl+S, under codes that it gives, and comes back so."""
    hand, page = at_work, at_work.page
    block, _ = hand.beside(1)
    hand.chooses(1)
    hand.drags(block, block)
    two = [each for each, slot in enumerate(hand.of) if slot == 2]
    page.keyboard.press("a")
    fresh = hand.tells("chosen")
    hand.drags(*two[:3])
    page.keyboard.press("r")
    page.locator("#name-text").fill(NASTY[0])
    page.keyboard.press("Enter")
    page.locator(".folium-map").focus()
    saved(hand)
    grid = hand.grid(fresh)
    state = draft.painting.state()
    ids = [each["id"] for each in state["grids"]]

    assert grid["id"] in ids
    assert len(grid["code"]) == 15
    assert {each["id"]: each["name"] for each in state["grids"]}[grid["id"]] == NASTY[0]
    numbers = {each["id"]: each["number"] for each in hand.tells("grids")}
    assert [numbers[ids[index]] for index in state["of_block"]] == hand.of
    page.reload()
    expect(page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    expect(page.locator("#grids")).to_contain_text(NASTY[0])
    assert hand.tells("counts")["grids"] == 7
    assert hand.watched.complaints == []


def test_saving_by_itself(draft, at_work):
    """Half a minute after the last stroke the page saves by itself, never amid one, and at once when out of sight."""
    hand, page = at_work, at_work.page
    page.clock.install()
    page.reload()
    expect(page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    hand.sizes("一块")
    first, second = [block for block, slot in enumerate(hand.of) if slot == 2][:2]
    hand.chooses(3)
    hand.drags(first, first)
    expect(page.locator("#saved.dirty")).to_be_visible()
    page.clock.fast_forward(29_000)
    page.mouse.move(*hand.at(second))
    page.mouse.down()
    page.clock.fast_forward(5_000)
    expect(page.locator("#saved.dirty")).to_be_visible()
    page.mouse.up()
    page.clock.fast_forward(31_000)
    expect(page.locator("#saved.clean")).to_be_visible(timeout=SOON_MS)
    assert draft.painting.state()["plan"]["revision"] == hand.tells("save")["base"]
    hand.drags(first + 2, first + 2)
    page.evaluate(
        """() => {
          Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    expect(page.locator("#saved.clean")).to_be_visible(timeout=SOON_MS)


def test_after_a_crash(draft, browse):
    """What was not saved is there when the page is opened again, and can be discarded; leaving with it asks first."""
    hand = Hand(browse(draft))
    hand.sizes("一块")
    block, other = hand.beside(1)
    hand.chooses(1)
    hand.drags(block, block)
    again = Hand(Watched(hand.page.context.new_page()))
    hand.page.context.set_offline(True)  # a page that goes out of sight saves; one that crashes does not
    hand.page.close(run_before_unload=False)
    again.page.context.set_offline(False)
    again.page.goto(draft.path)
    expect(again.page.locator("#restored")).to_contain_text("已恢复", timeout=SOON_MS)
    assert again.of[block] == 1
    again.page.locator("#restored-drop").click()
    assert again.of[block] == other
    again.sizes("一块")
    again.chooses(1)
    again.drags(block, block)
    again.page.close(run_before_unload=True)
    again.page.wait_for_timeout(300)
    assert any(each.startswith("dialog") for each in again.watched.complaints)


def test_two_planners_apart(draft, at_work):
    """Somebody else's edits that touch nothing of ours are merged into the page when it saves."""
    hand = at_work
    mine, theirs = hand.of.index(2), hand.of.index(5)
    ids = {each["number"]: each["id"] for each in hand.tells("grids")}
    assert draft.painting.save([(theirs, ids[6])]).status_code == 200
    hand.chooses(3)
    hand.drags(mine, mine)
    saved(hand)
    assert hand.of[theirs] == 6
    assert hand.of[mine] == 3
    state = draft.painting.grid_of()
    assert (state[mine], state[theirs]) == (ids[3], ids[6])


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_two_planners_at_one_block(draft, at_work, choice):
    """Where somebody else moved the same block the planner says whose stands; nothing is written before."""
    hand, page = at_work, at_work.page
    block = hand.of.index(2)
    ids = {each["number"]: each["id"] for each in hand.tells("grids")}
    assert draft.painting.save([(block, ids[1])]).status_code == 200
    hand.chooses(3)
    hand.drags(block, block)
    page.keyboard.press("Control+s")
    expect(page.locator("#clash")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("#clash-text")).to_contain_text("1 个地块")
    assert draft.painting.grid_of()[block] == ids[1]
    page.locator(f"#clash-{choice}").click()
    expect(page.locator("#saved.clean")).to_be_visible(timeout=SOON_MS)
    number = {"mine": 3, "theirs": 1}[choice]
    assert hand.of[block] == number
    assert draft.painting.grid_of()[block] == ids[number]


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_two_planners_at_one_name(draft, at_work, choice):
    """Where somebody else has named the same grid otherwise the planner sees both names, and says which stands."""
    hand, page = at_work, at_work.page
    ids = {each["number"]: each["id"] for each in hand.tells("grids")}
    assert draft.painting.save([], renamed=[{"key": ids[2], "name": "泉城网格"}]).status_code == 200
    hand.chooses(2)
    page.keyboard.press("r")
    page.locator("#name-text").fill("大明湖网格")
    page.keyboard.press("Enter")
    page.locator(".folium-map").focus()
    page.keyboard.press("Control+s")
    expect(page.locator("#clash-text")).to_contain_text("大明湖网格（他人：泉城网格）", timeout=SOON_MS)
    page.locator("#clash-see").click()
    page.keyboard.press("Control+s")
    page.locator(f"#clash-{choice}").click()
    expect(page.locator("#saved.clean")).to_be_visible(timeout=SOON_MS)
    name = {"mine": "大明湖网格", "theirs": "泉城网格"}[choice]
    assert hand.grid(2)["name"] == name
    assert {grid["id"]: grid["name"] for grid in draft.painting.state()["grids"]}[ids[2]] == name


def test_without_the_service(at_work):
    """While the line is down the page says so, keeps what is painted, and saves when it is back."""
    hand, page = at_work, at_work.page
    block, _ = hand.beside(1)
    page.context.set_offline(True)
    hand.chooses(1)
    hand.drags(block, block)
    page.keyboard.press("Control+s")
    expect(page.locator("#offline")).to_contain_text("连接中断", timeout=SOON_MS)
    expect(page.locator("#saved")).to_contain_text("已存本机")
    page.context.set_offline(False)
    expect(page.locator("#saved.clean")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("#offline")).to_be_hidden()
