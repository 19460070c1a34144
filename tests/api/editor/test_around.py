"""What else the editor shows: changes, suggestions, steps, comments, its beginning, and how it looks on every desk."""

import pytest
from playwright.sync_api import expect

from data.store.sql import run
from tests.api.editor.hand import FULL, SMALL, SOON_MS, WIDE, Draft, Hand, drafted
from tests.api.v1.painted import do_next
from tests.paged import NASTY
from tests.stored import owner

pytestmark = pytest.mark.browser


def test_against_the_net_in_force(at_work):
    """The list counts blocks, households and grids against the net in force, shows them, and follows each stroke."""
    hand, page = at_work, at_work.page
    expect(page.locator("#tab-changes small")).to_have_text("4")
    page.locator("#tab-changes").click()
    expect(page.locator("#change-figures dd")).to_have_text(["32", "800", "6", "0"])
    expect(page.locator("#change-rows li")).to_have_count(4)
    row = page.locator("#change-rows button").first
    expect(row).to_contain_text("200 户")
    row.click()
    page.keyboard.press("o")
    assert page.locator("[data-layer=old]").is_checked()
    first = hand.tells("changes.rows[0]")
    page.locator("#fit").click()
    hand.chooses(hand.tells("changes.heir")[first["from"]])
    hand.drags(first["blocks"][0], first["blocks"][0])
    expect(page.locator("#change-figures dd")).to_have_text(["31", "775", "6", "0"])
    assert hand.watched.complaints == []


def test_the_notice(at_work):
    """The text of the public notice and the list as CSV are the service's, of what is saved, and come as files."""
    page = at_work.page
    page.locator("#tab-changes").click()
    for button, ending in (("#notice-text", ".txt"), ("#notice-csv", ".csv")):
        with page.expect_download() as download:
            page.locator(button).click()
        assert download.value.suggested_filename.endswith(ending)
        assert "800" in download.value.path().read_text(encoding="utf-8") or ending == ".csv"
    expect(at_work.says()).to_contain_text("已导出")
    assert at_work.watched.complaints == []


def test_a_suggestion(draft, at_work):
    """What the engine would do is shown before it is done; taken it is one stroke, and one undo takes it back."""
    hand, page = at_work, at_work.page
    start = hand.of
    block = start.index(6)
    hand.uses("e")
    hand.drags(block, block)
    with page.expect_response("**/suggestions"):
        page.locator("#suggest").click()
    do_next(draft.hall)
    expect(page.locator("#suggest-panel")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("#suggest-figures tr")).to_have_count(6)
    assert hand.of[block] == 0
    page.locator("#suggest-take").click()
    assert hand.tells("counts")["nobody"] == 0
    page.keyboard.press("Control+z")
    assert hand.tells("counts")["nobody"] == 1
    page.keyboard.press("Control+z")
    assert hand.of == start
    assert hand.watched.complaints == []


def test_check_and_steps(at_work):
    """The plan is audited, checked and handed in from the editor; from then on the page only shows."""
    hand, page = at_work, at_work.page
    page.locator("#check").click()
    expect(page.locator("#findings-title")).to_contain_text("检查通过", timeout=SOON_MS)
    page.locator("#findings-close").click()
    page.locator("#steps [data-action=validate]").click()
    page.locator("#act-do").click()
    expect(page.locator("#subtitle")).to_contain_text("已校核", timeout=SOON_MS)
    page.locator("#steps [data-action=submit]").click()
    page.locator("#act-do").click()
    expect(page.locator("#reading")).to_contain_text("已提报", timeout=SOON_MS)
    expect(page.locator("[data-tool=brush]").first).to_be_disabled()
    start = hand.of
    hand.drags(0, 5)
    assert hand.of == start
    assert hand.watched.complaints == []


def test_a_reviewer(draft, browse):
    """Whoever reviews sees the page without tools, compares, and pins what they think to a place; others answer."""
    for action in ("validate", "submit"):
        here = f"/v1/plans/{draft.plan}"
        tag = draft.hall.client.get(here, headers=draft.planner).headers["ETag"]
        answer = draft.hall.client.post(
            f"{here}/transitions", json={"action": action}, headers=draft.planner | {"If-Match": tag}
        )
        assert answer.status_code == 200, answer.text
    planner = Hand(browse(draft))
    street = Hand(browse(draft, login="street", more="?compare=1"))
    page = street.page
    expect(page.locator("#reading")).to_be_visible()
    expect(page.locator("#reading")).to_contain_text("已提报")
    expect(page.locator("#change-rows li")).to_have_count(4)
    assert page.locator("#save").is_hidden()
    page.keyboard.press("n")
    page.mouse.click(*street.at(3))
    page.locator("#note-text").fill(NASTY[1])
    page.keyboard.press("Control+Enter")
    expect(page.locator(".thread p")).to_have_text(NASTY[1])
    planner.page.reload()
    expect(planner.page.locator("#tab-notes small")).to_have_text("1", timeout=SOON_MS)
    planner.uses("v")
    planner.page.mouse.click(planner.at(3)[0], planner.at(3)[1] - 12)
    expect(planner.page.locator(".thread.chosen p")).to_have_text(NASTY[1])
    planner.page.locator(".thread.chosen .plain").click()
    planner.page.locator("#note-text").fill("已改")
    planner.page.locator("#note-send").click()
    expect(planner.page.locator(".thread p")).to_have_text([NASTY[1], "已改"])
    assert planner.watched.complaints == []
    assert street.watched.complaints == []


def test_the_first_opening(office, browse):
    """A plan without blocks has them made when it is opened, says so meanwhile, and goes on by itself."""
    hall, town, author, planner = office
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, town, town.net, rules={}, title="新方案", author=author)
    page = browse(Draft(hall, plan.id, planner), ready=False).page
    expect(page.locator("#cover-text")).to_contain_text("正在生成地块", timeout=SOON_MS)
    expect(page.locator("#cover-progress")).to_be_visible()
    do_next(hall)
    expect(page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    assert page.evaluate("window.__editor.of.length") == 96


def test_who_may_not_open_it(draft, browse):
    """Nobody in particular is led to sign in and back; a plan that is not there, or is not theirs to see, is said to be so."""
    page = browse(draft, login="", ready=False).page
    assert f"/sign-in?next=%2Fedit%2F{draft.plan}" in page.url
    nothing = Draft(draft.hall, "0b5a3c1e-0000-4000-8000-000000000000", draft.planner)
    page = browse(nothing, ready=False).page
    expect(page.locator("#cover-text")).to_contain_text("找不到这个方案", timeout=SOON_MS)


@pytest.mark.parametrize("size", [WIDE, FULL, SMALL], ids=["1440", "1920", "1024"])
def test_it_fits_and_is_quiet(draft, browse, size):
    """On every desk it fits in both languages, asks only its own server, and no word on it is a bare key."""
    watched = browse(draft, size=size)
    page = watched.page
    for lang in ("zh-CN", "en"):
        assert page.locator("html").get_attribute("lang") == lang
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert page.evaluate(
            """[...document.querySelectorAll('.tools > *, .tabs > *')].every(
              (node) => node.scrollWidth <= node.clientWidth + 1 || node.clientWidth === 0)"""
        )
        for tab in ("changes", "notes", "grids"):
            page.locator(f"#tab-{tab}").click()
            said = page.locator("body").inner_text()
            assert not [line for line in said.splitlines() if line.startswith(("edit.", "map.", "act.", "do.", "state."))]
        page.locator("#language").click()
    assert watched.complaints == []
    assert all(url.startswith((str(draft.hall.client.base_url), "data:")) for url in watched.requests)


def test_names_are_only_text(office, browse):
    """Whatever plans, grids and communities are called is shown letter by letter, and nothing of it runs."""
    hall, town, author, planner = office
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, town, town.net, rules={}, title=NASTY[0], author=author)
        for number, name in enumerate(NASTY[:6]):
            run(
                conn,
                "UPDATE wangge.grid SET name = %s WHERE plan_id = %s AND code LIKE %s",
                [name, plan.id, f"%00{number // 3 + 1}00{number % 3 + 1}"],
            )
    made = Draft(hall, plan.id, planner)
    assert made.painting.edition
    hand = Hand(browse(made))
    for number in range(1, 7):
        hand.chooses(number)
    hand.page.locator("#tab-changes").click()
    hand.page.keyboard.press("l")
    seen = hand.page.locator("body").inner_text()
    assert NASTY[0] in seen
    assert hand.watched.complaints == []
    assert hand.page.locator("main img, aside img, iframe").count() == 0


def test_a_grid_and_a_place_are_found(draft, browse):
    """A slash leads to the field: a grid of the draft is chosen by what it is called here, a community shown by its pinyin."""
    page = browse(draft).page
    page.locator("#town_map").focus()
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    name = page.evaluate("window.__editor.grids.find((each) => each.number === 2).name")
    page.keyboard.type(name)
    expect(page.locator("#find-list [role=option]").first).to_be_visible(timeout=SOON_MS)
    page.keyboard.press("Enter")
    assert page.evaluate("window.__editor.grids.find((each) => each.number === window.__editor.chosen).name") == name
    # The keyboard is the map's again: what is typed now is no name.
    page.keyboard.press("Escape")
    assert page.evaluate("window.__editor.chosen") == -1
