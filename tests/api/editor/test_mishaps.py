"""What goes wrong on a long day of painting: lost answers, several windows, somebody else's steps, hands in a hurry."""

import pytest
from playwright.sync_api import expect

from tests.api.editor.hand import SOON_MS, Hand, saved
from tests.api.v1.painted import do_next
from tests.api.who.office import PASSWORD
from tests.maps.conftest import Watched

pytestmark = pytest.mark.browser

ASSIGNMENTS = "**/assignments"


def ids_of(hand):
    """The service's ids of the grids that the page knows, by their numbers."""
    return {each["number"]: each["id"] for each in hand.tells("grids")}


def test_a_grid_that_was_taken_away_comes_back(draft, at_work):
    """A merge is saved, and so its second grid is gone; undone, that grid is made anew under its name, and saved."""
    hand, page = at_work, at_work.page
    start, name = hand.of, hand.grid(2)["name"]
    hand.chooses(1)
    hand.uses("m")
    page.mouse.click(*hand.at(start.index(2)))
    assert hand.grid(2)["blocks"] == 0
    saved(hand)
    page.keyboard.press("Control+z")
    assert hand.of == start
    saved(hand)
    found = draft.painting.state()
    assert name in [each["name"] for each in found["grids"]]
    assert [ids_of(hand)[number] for number in hand.of] == draft.painting.grid_of()
    assert hand.watched.complaints == []


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_a_clash_with_a_new_grid(draft, at_work, choice):
    """Somebody else has put blocks into a grid that this page has never seen: whichever way is chosen, page and plan agree."""
    hand, page = at_work, at_work.page
    first, second, *_ = [block for block, slot in enumerate(hand.of) if slot == 2]
    new = {"key": "n", "community": hand.grid(2)["community"], "name": "新设网格"}
    assert draft.painting.save([(first, "n"), (second, "n")], new=[new]).status_code == 200
    theirs = draft.painting.grid_of()[second]
    hand.chooses(1)
    hand.drags(first, first)
    page.keyboard.press("Control+s")
    expect(page.locator("#clash")).to_be_visible(timeout=SOON_MS)
    page.locator(f"#clash-{choice}").click()
    expect(page.locator("#saved.clean")).to_be_visible(timeout=SOON_MS)
    ids = ids_of(hand)
    assert [ids[number] for number in hand.of] == draft.painting.grid_of()
    assert ids[hand.of[second]] == theirs
    assert ids[hand.of[first]] == {"mine": ids[1], "theirs": theirs}[choice]


def test_a_clash_that_waits(draft, at_work):
    """A clash that is put off stays to be decided, in the other language too; Ctrl+S asks again."""
    hand, page = at_work, at_work.page
    block = hand.of.index(2)
    assert draft.painting.save([(block, ids_of(hand)[3])]).status_code == 200
    hand.chooses(1)
    hand.drags(block, block)
    page.keyboard.press("Control+s")
    expect(page.locator("#clash")).to_be_visible(timeout=SOON_MS)
    page.keyboard.press("Escape")
    page.locator("#language").click()
    expect(page.locator("#saved.conflict")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.locator("#clash")).to_be_visible()
    page.locator("#clash-mine").click()
    expect(page.locator("#saved.clean")).to_be_visible(timeout=SOON_MS)
    assert draft.painting.grid_of()[block] == ids_of(hand)[1]
    assert not [each for each in hand.watched.complaints if "409" not in each]


def test_handed_in_while_painted(draft, at_work):
    """Somebody hands the plan in while it is painted: the page says so, only shows, and keeps what was not saved."""
    hand, page = at_work, at_work.page
    block = hand.of.index(2)
    hand.chooses(1)
    hand.drags(block, block)
    here = f"/v1/plans/{draft.plan}"
    for action in ("validate", "submit"):
        tag = draft.hall.client.get(here, headers=draft.planner).headers["ETag"]
        how = draft.planner | {"If-Match": tag}
        assert draft.hall.client.post(f"{here}/transitions", json={"action": action}, headers=how).status_code == 200
    page.keyboard.press("Control+s")
    expect(page.locator("#offline")).to_contain_text("已不能编辑", timeout=SOON_MS)
    expect(page.locator("#offline")).not_to_contain_text("undefined")
    expect(page.locator("[data-tool=brush]").first).to_be_disabled()
    page.locator("#language").click()
    expect(page.locator("#offline")).to_be_visible()
    assert not [each for each in hand.watched.complaints if "409" not in each]
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('wangge.edit:')).length") == 1


def never_hides(page):
    """Let a page end as if it crashed: one that goes out of sight saves."""
    page.evaluate("() => Object.defineProperty(document, 'visibilityState', { value: 'visible' })")


def lose_answers(page, wanted=1):
    """Let saves reach the service, and their answers get lost on the way back; returns what was so sent."""
    lost = []

    def handle(route):
        if route.request.method != "PATCH" or len(lost) >= wanted:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route(ASSIGNMENTS, handle)
    return lost


def test_a_lost_answer(draft, at_work):
    """A save whose answer is lost is not done twice: what was painted since is saved too, one grid is new, nobody is asked."""
    hand, page = at_work, at_work.page
    lost = lose_answers(page)
    two = [block for block, slot in enumerate(hand.of) if slot == 2]
    hand.chooses(2)
    page.keyboard.press("a")
    hand.drags(two[0], two[0])
    page.keyboard.press("Control+s")
    expect(page.locator("#offline")).to_be_visible(timeout=SOON_MS)
    assert lost == [200]
    hand.drags(two[1], two[1])
    page.keyboard.press("Control+s")
    expect(page.locator("#saved.clean")).to_be_visible(timeout=SOON_MS)
    assert [ids_of(hand)[number] for number in hand.of] == draft.painting.grid_of()
    assert len(draft.painting.state()["grids"]) == 7


def test_the_last_save_of_a_page_that_ends(draft, browse):
    """The last save of a page arrives, its answer finds nobody: opened again, nothing is doubled and nobody is asked."""
    hand = Hand(browse(draft))
    hand.sizes("一块")
    again = Hand(Watched(hand.page.context.new_page()))
    lost = lose_answers(hand.page)
    two = [block for block, slot in enumerate(hand.of) if slot == 2]
    hand.chooses(2)
    hand.page.keyboard.press("a")
    hand.drags(two[0], two[0])
    hand.page.keyboard.press("Control+s")
    expect(hand.page.locator("#offline")).to_be_visible(timeout=SOON_MS)
    assert lost == [200]
    hand.page.close(run_before_unload=False)
    again.page.goto(draft.path)
    expect(again.page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    expect(again.page.locator("#restored")).to_be_hidden()
    assert len(again.tells("grids")) == 8
    again.sizes("一块")
    again.chooses(again.of[two[0]])
    again.drags(two[1], two[1])
    saved(again)
    assert len(draft.painting.state()["grids"]) == 7


def test_two_windows_of_one_plan(draft, browse):
    """A second window begins with what is saved, not with what the first is about to save; neither loses the other's draft."""
    one = Hand(browse(draft))
    one.sizes("一块")
    block = one.of.index(2)
    never_hides(one.page)
    one.chooses(1)
    one.drags(block, block)
    two = Hand(Watched(one.page.context.new_page()))
    two.page.goto(draft.path)
    expect(two.page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    expect(two.page.locator("#restored")).to_be_hidden()
    assert two.of[block] == 2
    two.sizes("一块")
    other = two.of.index(5)
    two.chooses(6)
    two.drags(other, other)
    saved(two)
    two.page.close()
    three = Hand(Watched(one.page.context.new_page()))
    one.page.close(run_before_unload=False)
    three.page.goto(draft.path)
    expect(three.page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    expect(three.page.locator("#restored")).to_be_visible(timeout=SOON_MS)
    assert (three.of[block], three.of[other]) == (1, 6)


def test_filling_waits_for_the_hand(at_work):
    """The key that fills does nothing amid a stroke; the stroke goes on, and is undone as one."""
    hand, page = at_work, at_work.page
    lone, slot = hand.beside(1)
    first, second = [block for block, each in enumerate(hand.of) if each == slot and block != lone][:2]
    hand.uses("e")
    hand.drags(lone, lone)
    hand.uses("b")
    before = hand.of
    hand.chooses(1)
    page.mouse.move(*hand.at(first))
    page.mouse.down()
    page.keyboard.press("g")
    page.mouse.move(*hand.at(second), steps=6)
    page.mouse.up()
    assert (hand.of[first], hand.of[second]) == (1, 1)
    assert hand.of[lone] == 0
    page.keyboard.press("Control+z")
    assert hand.of == before
    assert hand.watched.complaints == []


def test_what_comes_back_may_be_discarded_as_long_as_nothing_follows(draft, browse):
    """A crash costs no name either; what came back is discarded whole, and only by steps once something is painted over it."""
    hand = Hand(browse(draft))
    page = hand.page
    hand.sizes("一块")
    start, name = hand.of, hand.grid(1)["name"]
    block = start.index(2)
    hand.chooses(2)
    page.keyboard.press("a")
    for number, said in ((7, "新设一"), (1, "改名")):
        hand.chooses(number)
        page.keyboard.press("r")
        page.locator("#name-text").fill(said)
        page.keyboard.press("Enter")
        page.locator(".folium-map").focus()
    hand.chooses(7)
    hand.drags(block, block)

    def crash(hand):
        never_hides(hand.page)
        again = Hand(Watched(hand.page.context.new_page()))
        hand.page.close(run_before_unload=False)
        again.page.goto(draft.path)
        expect(again.page.locator("#restored-drop")).to_be_visible(timeout=SOON_MS)
        return again

    hand = crash(hand)
    assert (hand.grid(7)["name"], hand.grid(1)["name"]) == ("新设一", "改名")
    other = start.index(5)
    hand.sizes("一块")
    hand.chooses(6)
    hand.drags(other, other)
    expect(hand.page.locator("#restored-drop")).to_be_hidden()
    hand = crash(hand)
    hand.page.locator("#restored-drop").click()
    assert hand.of == start
    assert hand.grid(1)["name"] == name
    expect(hand.page.locator("#saved.clean")).to_be_visible()


def test_names_are_steps_too(draft, at_work):
    """A name is undone as a stroke is; an empty one changes nothing, and keeps nothing from being saved."""
    hand, page = at_work, at_work.page
    name = hand.grid(1)["name"]
    block = hand.of.index(2)
    hand.chooses(1)
    hand.drags(block, block)
    page.keyboard.press("r")
    page.locator("#name-text").fill("")
    page.keyboard.press("Enter")
    assert hand.grid(1)["name"] == name
    page.keyboard.press("r")
    page.locator("#name-text").fill("pinyin")
    page.locator("#name-text").evaluate(
        "node => node.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }))"
    )
    expect(page.locator("#name")).to_be_visible()
    page.keyboard.press("Enter")
    page.locator(".folium-map").focus()
    assert hand.grid(1)["name"] == "pinyin"
    page.keyboard.press("Control+z")
    assert hand.grid(1)["name"] == name
    assert hand.of[block] == 1
    expect(hand.says()).to_contain_text("已撤销：改名")
    saved(hand)
    assert {each["id"]: each["name"] for each in draft.painting.state()["grids"]}[ids_of(hand)[1]] == name
    assert hand.watched.complaints == []


def test_a_comment_is_sent_once(draft, at_work):
    """Ctrl+Enter twice in a hurry is one comment; what is typed while it is on its way stays."""
    page = at_work.page
    page.locator("#tab-notes").click()

    def slow(route):
        if route.request.method == "POST":
            page.wait_for_timeout(400)
        route.continue_()

    page.route("**/comments", slow)
    page.locator("#note-text").fill("请核对")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    page.keyboard.type("还有")
    expect(page.locator(".thread p")).to_have_text(["请核对"], timeout=SOON_MS)
    said = draft.hall.client.get(f"/v1/plans/{draft.plan}/comments", headers=draft.planner).json()["comments"]
    assert [each["text"] for each in said] == ["请核对"]
    assert page.locator("#note-text").input_value().endswith("还有")


def test_a_session_that_ends(draft, at_work):
    """Whoever is signed out while painting is told so and where to sign in; after that the same page saves what they have."""
    hand, page = at_work, at_work.page
    block = hand.of.index(2)
    hand.chooses(1)
    hand.drags(block, block)
    page.context.clear_cookies()
    page.keyboard.press("Control+s")
    expect(page.locator("#offline")).to_contain_text("登录已失效", timeout=SOON_MS)
    assert page.locator("#offline-sign-in").get_attribute("href").startswith("/sign-in")
    assert page.context.request.post("/v1/session", data={"login": "planner", "password": PASSWORD}).status == 201
    page.locator("#offline-again").click()
    expect(page.locator("#saved.clean")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("#offline")).to_be_hidden()
    assert draft.painting.grid_of()[block] == ids_of(hand)[1]


def test_a_suggestion_is_of_what_is_saved(draft, at_work):
    """What is unsaved is saved first, so a suggestion is of the plan as it is; what is painted then makes it an old one."""
    hand, page = at_work, at_work.page
    erased, painted, other = hand.of.index(6), *[block for block, slot in enumerate(hand.of) if slot == 2][:2]
    hand.uses("e")
    hand.drags(erased, erased)
    hand.uses("b")
    hand.chooses(1)
    hand.drags(painted, painted)
    with page.expect_response("**/suggestions"):
        page.locator("#suggest").click()
    assert draft.painting.grid_of()[painted] == ids_of(hand)[1]
    do_next(draft.hall)
    expect(page.locator("#suggest-panel")).to_be_visible(timeout=SOON_MS)
    hand.drags(other, other)
    before = hand.of
    page.locator("#suggest-take").click()
    expect(hand.says()).to_contain_text("请重新")
    assert hand.of == before
    assert hand.watched.complaints == []


def test_moving_the_map_draws_it_once(at_work):
    """Moving the map with the right button draws it when it is let go, not at each step of the hand."""
    hand, page = at_work, at_work.page
    page.evaluate("() => { window.ends = 0; window.__editor.map.on('moveend', () => { window.ends += 1; }); }")
    x, y = hand.at(hand.of.index(1))
    page.mouse.move(x, y)
    page.mouse.down(button="right")
    page.mouse.move(x + 60, y + 40, steps=30)
    page.mouse.up(button="right")
    moved = hand.at(hand.of.index(1))
    assert (round(moved[0] - x), round(moved[1] - y)) == (60, 40)
    assert page.evaluate("window.ends") == 1


def test_a_draft_of_blocks_that_are_no_more(draft, browse):
    """A draft that belongs to blocks of another making cannot come back, and that is what the page says when it opens."""
    hand = Hand(browse(draft))
    person = hand.page.evaluate("fetch('/v1/session').then((answer) => answer.json()).then(({ person }) => person)")
    kept = '{"edition":"0","base":1,"blocks":[[0,"1"]],"grids":{"new":[],"renamed":[]}}'
    hand.page.evaluate("([name, kept]) => localStorage.setItem(name, kept)", [f"wangge.edit:{person}:{draft.plan}", kept])
    hand.page.reload()
    expect(hand.page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    expect(hand.says()).to_contain_text("无法恢复")


def test_what_is_written_for_a_step(draft, at_work):
    """What is written for a step outlives Escape, and a page that is read anew as the plan has changed; sent, it is gone."""
    hand, page = at_work, at_work.page
    validate = page.locator("#steps [data-action=validate]")
    validate.click()
    page.locator("#act-comment").fill("第一处：小区已并回；第二处：沿河改线。")
    page.keyboard.press("Escape")
    validate.click()
    expect(page.locator("#act-comment")).to_have_value("第一处：小区已并回；第二处：沿河改线。")
    new = [{"key": ids_of(hand)[1], "name": "改过的名字"}]
    assert draft.painting.save([], renamed=new).status_code == 200
    page.locator("#act-do").click()
    expect(hand.says()).to_contain_text("刚被他人更新", timeout=SOON_MS)
    assert hand.grid(1)["name"] == "改过的名字"
    validate.click()
    expect(page.locator("#act-comment")).to_have_value("第一处：小区已并回；第二处：沿河改线。")
    page.locator("#act-do").click()
    expect(page.locator("#subtitle")).to_contain_text("已校核", timeout=SOON_MS)
    page.locator("#steps [data-action=submit]").click()
    expect(page.locator("#act-comment")).to_have_value("")
    assert hand.watched.complaints == []
