"""Having communities divided, in a real Chromium: what is offered, what is refused, how far it is, and where it leads."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from api.worker import Pace
from tests.paged import paged
from tests.stored import brought, owner, village
from tests.work import working

pytestmark = pytest.mark.browser

C1, C2 = "370103016001", "370103016002"
WIDE, NARROW = (1440, 900), (360, 740)
LONG_MS = 60_000


@pytest.fixture
def hall(db, tmp_path):
    """A drawn village of two communities with 1,200 households each and no grids; somebody plans both, somebody the first."""
    with paged(db, tmp_path) as made:
        with owner(db.admin) as conn:
            brought(conn, village().town())
        made.person("both", ("community", C1), ("community", C2))
        made.person("district", ("district", "区"))
        made.person("first", ("community", C1))
        yield made


@pytest.fixture
def browse(hall, window):
    """Give the function that opens the form as somebody."""

    def open_form(login, path="/plans/new", **how):
        watched = window(hall.client.base_url, path, login=login, **how)
        expect(watched.page.locator("#loading")).to_be_hidden()
        return watched

    return open_form


def test_a_community_is_divided(hall, browse, db):
    """Chosen, named and begun, the division leads to its draft; its address shows how far it is to whoever comes back."""
    watched = browse("first")
    page = watched.page
    expect(page.locator("#rows tr")).to_have_count(1)
    expect(page.locator("#chosen")).to_have_text("已选 1 个社区，1,200 户；现有网格 0 个，划分后 3–4 个。")
    expect(page.locator("#plan-title")).to_have_value("2026年1月网格划分")
    page.get_by_role("button", name="开始划分").click()
    expect(page.locator("#job-text")).to_have_text("排队等候中…")
    again = browse("first", page.url.removeprefix(str(hall.client.base_url)))
    page = again.page
    expect(page.locator("#job-title")).to_have_text("2026年1月网格划分")
    with working(db, pace=Pace()):
        expect(page.locator("#job-text")).to_contain_text("划分完成", timeout=LONG_MS)
    expect(page.locator("#bar")).to_be_hidden()
    page.get_by_role("link", name="查看方案").click()
    expect(page.locator("#title")).to_have_text("2026年1月网格划分")
    expect(page.locator("#map path.leaflet-interactive")).to_have_count(3)
    assert watched.complaints == again.complaints == []
    made = hall.rows("SELECT made_with->'rules'->>'target' FROM wangge.plan")
    assert made == [("400",)]


def test_communities_that_are_ones_own_one_by_one(hall, browse, db):
    """Whoever plans all communities of a street, and not the street, has them divided in one job, into one draft of theirs."""
    watched = browse("both")
    page = watched.page
    page.locator("#all").check()
    page.get_by_role("button", name="开始划分").click()
    with working(db, pace=Pace()):
        expect(page.locator("#job-text")).to_contain_text("划分完成", timeout=LONG_MS)
    page.get_by_role("link", name="查看方案").click()
    expect(page.locator("#map path.leaflet-interactive")).to_have_count(6)
    assert watched.complaints == []
    assert hall.value("SELECT count(*) FROM wangge.plan_community") == 2


def test_what_cannot_be_begun_is_said(browse):
    """Nothing chosen, sizes that contradict themselves, and no name are each said beside the form, and the field is reached."""
    page = browse("both").page
    begin = page.get_by_role("button", name="开始划分")
    begin.click()
    expect(page.locator("#fault")).to_have_text("请至少选择一个社区。")
    page.locator("#all").check()
    expect(page.locator("#chosen")).to_contain_text("已选 2 个社区，2,400 户")
    page.get_by_label("最少（户）").fill("600")
    expect(page.locator("#rows tr").first).to_contain_text("—")
    begin.click()
    expect(page.locator("#fault")).to_contain_text("最少不大于最好")
    expect(page.get_by_label("最少（户）")).to_be_focused()
    page.get_by_label("最少（户）").fill("300")
    page.get_by_label("名称", exact=True).fill("  ")
    begin.click()
    expect(page.locator("#fault")).to_have_text("请填写方案名称。")


def test_found_by_name_chosen_by_key(browse):
    """A part of a code finds its community; what is out of sight is not chosen by the box that chooses all."""
    page = browse("both").page
    page.get_by_label("查找社区").fill(C2[-3:])
    expect(page.locator("#rows tr:visible")).to_have_count(1)
    page.locator("#all").focus()
    page.keyboard.press("Space")
    page.get_by_label("查找社区").fill("")
    assert [box.is_checked() for box in page.locator("#rows input").all()] == [False, True]
    expect(page.locator("#chosen")).to_contain_text("已选 1 个社区")


def test_a_division_is_stopped(hall, browse):
    """One that waits for its turn is stopped by a button, leaves no plan, and another can be begun."""
    page = browse("first").page
    page.get_by_role("button", name="开始划分").click()
    page.get_by_role("button", name="停止划分").click()
    expect(page.locator("#job-text")).to_have_text("已停止，没有留下方案。")
    assert hall.value("SELECT count(*) FROM wangge.plan") == 0
    page.get_by_role("link", name="再建一个方案").click()
    expect(page.locator("#wanted")).to_be_visible()


def test_whoever_plans_nothing(hall, browse):
    """Where there is no town the page says what to do; whoever may not plan is told so; neither sees an empty form."""
    page = browse("first").page
    page.route("**/v1/towns?*", lambda route: route.fulfill(json={"towns": [], "next": None}))
    page.reload()
    expect(page.locator("#none")).to_be_visible()
    expect(page.locator("#wanted")).to_be_hidden()
    hall.person("stranger", ("grid_worker", C1))
    page = browse("stranger").page
    expect(page.locator("#problem")).not_to_be_empty()
    expect(page.locator("#wanted")).to_be_hidden()


def test_the_town_that_was_chosen_last(browse):
    """Two towns chosen one after the other: what comes late of the first never stands below the second's name."""
    page = browse("first").page
    names = ["甲镇", "乙镇"]
    late = []

    def communities(route):
        name = names[1] if quote(names[1]) in route.request.url else names[0]
        one = {"code": name, "name": name, "street": "", "district": "", "households": 900, "persons": 2700, "grids": 0,
               "outside_band": 0, "drafts": [], "may_divide": True}  # fmt: skip
        sizes = {"measure": "households", "minimum": 300, "target": 400, "maximum": 500}
        said = {"town": name, "sizes": sizes, "sizes_of": None, "communities": [one]}
        if name == names[0]:
            late.append(lambda: route.fulfill(json=said))
        else:
            route.fulfill(json=said)

    page.route("**/v1/towns?*", lambda route: route.fulfill(json={"towns": [{"name": each} for each in names], "next": None}))
    page.route("**/communities", communities)
    page.reload()
    expect(page.locator("#town")).to_have_value(names[0])
    page.select_option("#town", names[1])
    expect(page.locator("#rows")).to_contain_text(names[1])
    late[0]()
    page.wait_for_timeout(200)
    expect(page.locator("#rows")).to_contain_text(names[1])


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("lang", ["zh-CN", "en-GB"])
def test_it_fits(browse, size, lang):
    """In both languages and on a telephone the form fits, and no word is a bare key."""
    watched = browse("both", size=size, lang=lang)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert not re.search(r"new_plan\.", watched.page.locator("main").inner_text())
    # A line is as high as its words, and its box stands in their middle.
    for line in watched.page.locator("#rows tr").all():
        box, name, whole = (line.locator(each).bounding_box() for each in ("input", "b", "xpath=."))
        assert whole["height"] < 66
        assert abs(box["y"] + box["height"] / 2 - whole["y"] - whole["height"] / 2) < 2
        assert abs(box["y"] + box["height"] / 2 - name["y"] - name["height"] / 2) < (2 if size is WIDE else 14)
    assert watched.complaints == []
