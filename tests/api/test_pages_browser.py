"""The pages in a real Chromium: what runs, what is asked for, what fits on the screen, and the plans' way through the steps."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import expect

from data.store import plans
from data.store.adopt import adopt
from data.store.sql import many, run
from partition.engine import divide
from partition.net import net_of
from partition.rules import Rules
from tests.api.v1.hall import Hall
from tests.api.who.office import PASSWORD
from tests.paged import NASTY, paged
from tests.published import COMMUNITIES, HIDDEN
from tests.stored import NOW, brought, cut, owner, village

pytestmark = pytest.mark.browser

C1, C2, STREET, DISTRICT = "370103016001", "370103016002", "街道", "区"
WIDE, NARROW = (1440, 900), (360, 740)
PATHS = (
    "/",
    "/conformance",
    "/collections",
    "/collections/grids",
    "/collections/grids/queryables",
    "/collections/grids/items",
    f"/collections/grids/items/{HIDDEN}",
    "/api.html",
    "/sign-in",
)


@pytest.fixture(scope="module")
def net(cluster, template, tmp_path_factory):
    """The published town with its pages, where the first grids and communities are called what would run if it could."""
    with cluster.clone(template) as db, paged(db, tmp_path_factory.mktemp("home"), town=True) as hall:
        hall.now = datetime(2026, 3, 2, 4, tzinfo=UTC)
        with owner(db.admin) as conn:
            codes = [code for (code,) in many(conn, "SELECT DISTINCT code FROM wangge.grid ORDER BY code")]
            # What is published does not change; this is how it would have come in.
            run(conn, "ALTER TABLE wangge.grid DISABLE TRIGGER USER")
            for code, name in zip(codes, NASTY, strict=False):
                run(conn, "UPDATE wangge.grid SET name = %s, east = %s WHERE code = %s", [name, name, code])
            run(conn, "ALTER TABLE wangge.grid ENABLE TRIGGER USER")
            for code, name in zip(COMMUNITIES, NASTY, strict=False):
                run(
                    conn,
                    "UPDATE wangge.area_version SET name = %s WHERE area_id = (SELECT id FROM wangge.area WHERE code = %s)",
                    [name, code],
                )
        yield hall


@pytest.fixture
def browse(window):
    """Give the function that opens a page in a window of its own."""

    def open_page(hall, path, *, size=WIDE, **how):
        watched = window(hall.client.base_url, path, size=size, timezone_id="Asia/Shanghai", **how)
        watched.page.wait_for_load_state("networkidle")
        return watched

    return open_page


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_fits_and_is_quiet(net, browse, path, size):
    """On a wide screen and on a telephone a page fits, asks only its own server, and nothing fails or complains."""
    watched = browse(net, path, size=size)

    assert watched.complaints == []
    assert all(url.startswith((str(net.client.base_url), "data:")) for url in watched.requests)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_figures_of_the_net(net, browse):
    """The landing page tells how many grids, communities and streets there are, and draws the grids."""
    page = browse(net, "/").page

    expect(page.locator("#figures dd")).to_have_text(["12", "4", "2"])
    expect(page.locator("#map path.leaflet-interactive")).to_have_count(12)
    expect(page.locator(".legend li:visible")).to_have_count(2)


def test_which_grid_is_here(net, browse):
    """A place by its coordinates leads to its grid; one beyond the town is said to lie in none."""
    page = browse(net, "/").page
    page.get_by_label("经度").fill("117.0005")
    page.get_by_label("纬度").fill("36.4912")
    page.get_by_role("button", name="查询").click()
    expect(page.locator("#located a")).to_have_attribute("href", "/collections/grids/items/370103001001001")
    expect(page.locator("#located .note")).to_have_text("今天这里没有人在岗，或岗位还没有配备。")
    page.get_by_label("经度").fill("110")
    page.keyboard.press("Enter")
    expect(page.locator("#located")).to_have_text("此处不在任何现行网格内。")


@pytest.mark.parametrize("path", ["/", "/collections/grids/items", "/collections/communities/items"])
def test_names_are_only_text(net, browse, path):
    """Whatever a grid or a community is called is shown letter by letter in popups, tips and tables, and nothing of it runs."""
    watched = browse(net, path)
    page = watched.page
    shapes = page.locator("#map path.leaflet-interactive")
    expect(shapes).not_to_have_count(0)
    told = []
    # By their elements: what is chosen comes to the front of the others.
    for shape in shapes.element_handles():
        shape.dispatch_event("mouseover")
        shape.dispatch_event("click")
        told.append(page.locator(".leaflet-popup-content b").last.text_content())
        page.keyboard.press("Escape")

    assert set(NASTY[: len(COMMUNITIES)]) <= set(told)
    assert watched.complaints == []
    assert page.locator("main img, main svg:not(.key):not(.icon):not(.leaflet-zoom-animated), main iframe").count() == 0
    ours = page.locator("script[src^='/static/'], script[type='application/json']")
    assert page.evaluate("document.scripts.length") == ours.count()


def test_a_page_of_one_nasty_name(net, browse):
    """Names in headings, titles, bounds and links of one grid's page are text as well."""
    for number, name in enumerate(NASTY):
        code = f"{COMMUNITIES[number // 3]}{number % 3 + 1:03}"
        watched = browse(net, f"/collections/grids/items/{code}")
        assert name.strip() in watched.page.locator("h1").text_content()
        assert f"东至{name}" in watched.page.locator(".bounds").text_content()
        assert watched.complaints == []


def test_a_row_and_its_area(net, browse):
    """Choosing a row shows its grid on the map; choosing a grid marks its row."""
    page = browse(net, "/collections/grids/items").page
    page.locator(f"tr[data-id='{HIDDEN}'] td").nth(2).click()
    expect(page.locator(".leaflet-popup-content")).to_contain_text(HIDDEN)
    page.locator("#map path.leaflet-interactive").first.dispatch_event("click")
    expect(page.locator("tr.chosen")).to_have_count(1)
    expect(page.locator("tr.chosen")).not_to_have_attribute("data-id", HIDDEN)


def test_empty_fields_ask_for_nothing(net, browse):
    """The form sends only what was filled in, and the answer says what it was."""
    page = browse(net, "/collections/grids/items").page
    page.get_by_label("类型").select_option("dedicated")
    page.get_by_role("button", name="查询").click()
    page.wait_for_load_state("networkidle")
    assert page.url.partition("?")[2] == "kind=dedicated&limit=100"
    expect(page.locator(".chips li")).to_have_count(1)


def test_by_keyboard(net, browse):
    """The first key leads past the header, and the map is reached and moved without a mouse."""
    page = browse(net, "/collections/grids/items").page
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.locator("#map").focus()
    before = page.locator("#map path.leaflet-interactive").first.get_attribute("d")
    page.keyboard.press("+")
    page.wait_for_function("d => document.querySelector('#map path.leaflet-interactive').getAttribute('d') !== d", arg=before)


def test_on_paper(net, browse):
    """Printed, a page has its title, map and table, and nothing to press."""
    page = browse(net, "/collections/grids/items").page
    page.emulate_media(media="print")
    for hidden in (".ask", "nav", ".leaflet-control-zoom", ".self"):
        expect(page.locator(hidden).first).to_be_hidden()
    for shown in ("h1", "#map", "#rows"):
        expect(page.locator(shown)).to_be_visible()


@dataclass(frozen=True)
class Village:
    """A hall with a plan in it, and the plan's page."""

    hall: Hall
    plan: str


@pytest.fixture(scope="module")
def drafted(cluster, template, tmp_path_factory):
    """A village with two grids a community in force, a draft with three, and everybody whom the draft concerns."""
    with cluster.clone(template) as db, paged(db, tmp_path_factory.mktemp("home")) as made:
        with owner(db.admin) as conn:
            town = brought(conn, village().town())
            fewer = Rules(minimum=500, target=600, maximum=700)
            old = net_of(divide(town.town, fewer, seed=3), town.town)
            rules = {"minimum": 500, "target": 600, "maximum": 700}
            adopt(conn, _draft(conn, town, old, rules=rules, title="首批"), cut(made.now.date()))
        both = [("community", C1), ("community", C2)]
        author = made.person("author", *both)
        for login, roles in (("planner", both), ("street", [("street", STREET)]), ("district", [("district", DISTRICT)])):
            made.person(login, *roles)
        with owner(db.admin) as conn:
            plan = _draft(conn, town, town.net, rules={}, title=NASTY[0], author=author)
        yield Village(made, f"/plans/{plan.id}")


def _draft(conn, town, net, *, rules, title, author=None):
    maker = plans.Maker(
        town=town.imported.town, snapshot=town.imported.snapshot, srid=int(town.town.frame.crs[5:]), author=author, now=NOW
    )
    return plans.create(conn, net, maker, plans.Origin(title=title, reason=NASTY[1], made_with={"rules": rules}, metrics={}))


def act(page, action, *, comment=""):
    """Take a step as people do, and wait for what is said about it."""
    page.locator(f"#acts [data-action={action}]").click()
    if comment:
        page.locator("#act-comment").fill(comment)
    page.locator("#act-do").click()
    expect(page.locator("#act")).to_be_hidden()
    expect(page.locator("#done")).not_to_be_empty()


def test_signing_in_and_out(drafted, browse):
    """A wrong password is said beside the form; the right one leads to where somebody wanted to go; signing out ends it."""
    watched = browse(drafted.hall, "/plans")
    page = watched.page
    assert page.url.endswith("/sign-in?next=%2Fplans")
    page.get_by_label("用户名").fill("street")
    page.get_by_label("口令").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.locator("#sign-in-problem")).to_have_text("用户名或口令不正确。")
    page.get_by_label("口令").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/plans")
    expect(page.locator(".person")).to_have_text("Street")
    page.get_by_role("button", name="退出").click()
    page.wait_for_url(re.compile(r"/$"))
    page.goto("/plans")
    assert "/sign-in" in page.url


def test_the_way_of_a_plan(drafted, browse):
    """A plan is checked, submitted, sent back with a reason, and checked again as a new version; each sees their own steps."""
    hall, path = drafted.hall, drafted.plan
    watched = browse(hall, path, login="author")
    page = watched.page
    expect(page.locator("#title")).to_have_text(NASTY[0])
    expect(page.locator("#reason")).to_have_text(NASTY[1])
    expect(page.locator("#diff-figures dd")).to_have_text(["4", "6", "6", "800"])
    expect(page.locator("#map path.leaflet-interactive")).to_have_count(6)
    expect(page.locator("[aria-current=step]")).to_contain_text("校核")
    act(page, "validate")
    expect(page.locator("#state")).to_have_text("已校核")
    assert watched.complaints == []

    planner = browse(hall, path, login="planner").page
    act(planner, "submit", comment=NASTY[4])
    expect(planner.locator("#decisions-rows tr")).to_have_count(2)
    expect(planner.locator("#decisions-rows tr").first).to_contain_text(NASTY[4])
    expect(planner.locator("#decisions-rows tr").first).to_contain_text("本人")

    street = browse(hall, path, login="street").page
    expect(street.locator("#decisions-rows tr").first).to_contain_text("Planner")
    expect(street.locator("#acts button")).to_have_text(["初审通过", "退回"])
    street.locator("[data-action=reject]").click()
    street.locator("#act-do").click()
    expect(street.locator("#act-problem")).to_have_text("请写明理由。")
    street.keyboard.press("Escape")
    act(street, "reject", comment="请核对道路")
    expect(street.locator("#state")).to_have_text("草案")
    expect(street.locator("#acts button")).to_have_text(["校核"])
    expect(street.locator("#decisions-rows")).to_contain_text("退回")


def test_times_are_those_of_the_place(drafted, window):
    """Whoever looks from elsewhere reads the times of the place that is looked after, as everybody there does."""
    told = []
    for zone in ("Asia/Shanghai", "America/New_York"):
        page = window(drafted.hall.client.base_url, drafted.plan, login="author", timezone_id=zone).page
        expect(page.locator("#about")).not_to_be_empty()
        told.append(page.locator("#about").inner_text())
    assert told[0] == told[1]


def test_somebody_else_was_faster(drafted, browse):
    """A step on a plan that has changed meanwhile is not taken: the page says so and shows how it stands now."""
    hall, path = drafted.hall, drafted.plan
    page = browse(hall, path, login="author").page
    page.locator("[data-action=validate]").click()
    with hall.browser("author") as other:
        seen = other.get(f"/v1{path}")
        again = other.post(f"/v1{path}/transitions", json={"action": "validate"}, headers={"If-Match": seen.headers["ETag"]})
        assert again.status_code == 200
    page.locator("#act-do").click()
    expect(page.locator("#problem")).to_contain_text("方案刚被他人更新")
    expect(page.locator("#state")).to_have_text("已校核")
    assert httpx.URL(page.url).path == path


def test_a_remark(drafted, browse):
    """A remark is shown as it was written, with the grid that it is about; one to a grid that is none is refused beside it."""
    watched = browse(drafted.hall, drafted.plan, login="street")
    page = watched.page
    page.get_by_label("写批注").fill(NASTY[5] + NASTY[0])
    page.get_by_label("针对的网格编码").fill(f"{C1}001")
    page.get_by_role("button", name="提交批注").click()
    expect(page.locator("#comments li")).to_have_count(1)
    expect(page.locator("#comments li p")).to_have_text(NASTY[5] + NASTY[0])
    expect(page.locator("#comments li small")).to_contain_text("本人")
    assert watched.complaints == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_plans_fit_in_both_languages(drafted, browse, size):
    """The list and the plan fit on a wide screen and on a telephone, in Chinese and in English."""
    for lang in ("zh-CN", "en-GB"):
        for path in ("/plans", drafted.plan):
            watched = browse(drafted.hall, path, size=size, lang=lang, login="district")
            assert watched.complaints == []
            assert watched.page.evaluate("document.documentElement.scrollWidth") <= size[0]
            assert watched.page.evaluate("document.documentElement.lang") == ("en" if lang == "en-GB" else "zh-CN")
