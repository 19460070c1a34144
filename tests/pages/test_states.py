"""What pages say where there is nothing, not yet, not for you, or not just now: in words, and with a way on."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from playwright.sync_api import expect
from starlette.routing import Route

from data.store.sql import run
from tests.api.v1.hall import hall_over
from tests.api.who.office import PASSWORD
from tests.maps.conftest import Watched
from tests.stored import brought, owner, village
from tests.tour import DESK, SOON_MS, TELEPHONE

pytestmark = pytest.mark.browser

TOLD = "Failed to load resource"
"""How Chromium says on its console that a page answered 404 or 503, which is meant."""


@contextmanager
def opened(chromium, hall, path, *, login="", lang="zh-CN", size=DESK, stir=None):
    """Open a page in a window of its own; `stir` sees it before it asks for anything."""
    window = chromium.new_context(viewport=size, locale=lang, base_url=str(hall.client.base_url), reduced_motion="reduce")
    window.set_default_timeout(SOON_MS)
    if login:
        assert window.request.post("/v1/session", data={"login": login, "password": PASSWORD}).status == 201
    watched = Watched(window.new_page())
    if stir:
        stir(watched.page)
    watched.page.goto(path)
    yield watched
    window.close()


def complaints(watched):
    """What the console said beside the status of answers that are meant to be no success."""
    return [said for said in watched.complaints if TOLD not in said]


@pytest.fixture(scope="module")
def bare(cluster, template, tmp_path_factory):
    """Serve a store in which nothing is."""
    with cluster.clone(template) as db, hall_over(db, tmp_path_factory.mktemp("home")) as hall:
        yield hall


@pytest.mark.parametrize(("lang", "title"), [("zh-CN", "还没有生效的网格"), ("en-GB", "Nothing is in force yet")])
@pytest.mark.parametrize("size", [DESK, TELEPHONE], ids=["desk", "telephone"])
def test_first_steps(chromium, bare, lang, title, size):
    """Over an empty store the start page says what to do first, with the commands, in both languages, and nothing complains."""
    with opened(chromium, bare, "/", lang=lang, size=size) as watched:
        page = watched.page
        expect(page.locator("#first-title")).to_contain_text(title)
        expect(page.locator("#first li")).to_have_count(4)
        expect(page.locator("#first li.done")).to_have_count(0)
        expect(page.locator("#first code").first).to_have_text("wangge import TOWN")
        expect(page.locator("#figures dd")).to_have_text(["0", "0", "0"])
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert watched.complaints == []


def test_first_steps_that_are_done(chromium, db, tmp_path):
    """A town that is in, and an account that signed in, are done: what is left is to divide and to publish."""
    with hall_over(db, tmp_path) as hall:
        with owner(db.admin) as conn:
            brought(conn, village().town())
        hall.person("planner", ("district", "区"))
        with opened(chromium, hall, "/", login="planner") as watched:
            expect(watched.page.locator("#first li.done")).to_have_count(2)
            expect(watched.page.locator("#first li:not(.done) b")).to_have_text(["划分网格", "公布生效"])
            watched.page.goto("/wall")
            expect(watched.page.locator("#cover-text")).to_contain_text("还没有生效的网格")
            watched.page.goto("/plans")
            expect(watched.page.locator("#none")).to_be_visible()
            watched.page.goto("/collections/grids/items")
            expect(watched.page.locator(".empty")).to_be_visible()
            assert complaints(watched) == []


def test_doors_for_nobody_in_particular(chromium, town):
    """Whoever is not signed in is told what is in force, which doors are for staff, and where they sign in for each."""
    with opened(chromium, town.hall, "/") as watched:
        page = watched.page
        expect(page.locator("#door-public")).to_have_text("4 个网格生效，覆盖 2 个社区")
        for door, onward in (("planner", "%2Fplans"), ("command", "%2Fwall")):
            expect(page.locator(f"#door-{door}")).to_have_text("供工作人员使用，请先登录")
            expect(page.locator(f"#door-{door} a")).to_have_attribute("href", f"/sign-in?next={onward}")
        expect(page.locator("#first")).to_be_hidden()
        expect(page.locator("[data-needs]:visible")).to_have_count(0)
        assert watched.complaints == []


def test_doors_for_those_who_work_here(chromium, town):
    """Whoever may see them is told at the doors how many plans are on their way, and how many incidents are open and late."""
    with opened(chromium, town.hall, "/", login="district") as watched:
        expect(watched.page.locator("#door-planner")).to_have_text("审批中 0 个，草案 2 个")
        expect(watched.page.locator("#door-command")).to_have_text("在办 6 件，超期 1 件")
        expect(watched.page.locator("[data-needs=run_jobs]")).to_be_visible()
        assert watched.complaints == []


def test_doors_without_rights(chromium, town):
    """An account without any role is told so at the doors and by the pages behind them, and whom to ask."""
    with opened(chromium, town.hall, "/", login="nobody") as watched:
        page = watched.page
        for door in ("planner", "command"):
            expect(page.locator(f"#door-{door}")).to_contain_text("请联系本单位管理员")
        assert watched.complaints == []
        page.goto("/plans")
        expect(page.locator("#count.alarm")).to_contain_text("联系管理员")
        expect(page.locator("#ask")).to_be_hidden()
        page.goto("/wall")
        expect(page.locator("#cover-text")).to_contain_text("没有查看权限")
        expect(page.locator("#again")).to_be_visible()
        assert complaints(watched) == []


def test_grids_that_are_not_for_everybody(chromium, town, tmp_path):
    """Where grids are closed to the public the start page says so instead of counting none."""
    with hall_over(town.hall.db, tmp_path, public="areas") as hall:
        hall.now = town.hall.now
        with opened(chromium, hall, "/") as watched:
            expect(watched.page.locator("#door-public")).to_have_text("网格暂未对外公开")
            expect(watched.page.locator("#figures dd").first).to_have_text("—")
            expect(watched.page.locator("#first")).to_be_hidden()
            assert complaints(watched) == []


@pytest.mark.parametrize(
    ("path", "asked", "place"),
    [
        ("/plans", "**/v1/plans?*", "#count"),
        ("/plans/{plan}", "**/v1/plans/*", "#loading"),
        ("/plans/new", "**/v1/towns?*", "#loading"),
        ("/edit/{draft}", "**/v1/plans/*/blocks", "#cover"),
        ("/command", "**/v1/wall/ground", "#cover"),
        ("/figures", "**/v1/stats/metrics", "#loading"),
        ("/workspace", "**/v1/warnings?*", "#panel-warnings [data-note]"),
        ("/workspace/problems", "**/v1/problem-points/*", "#count"),
        ("/wall", "**/v1/wall/ground", "#cover"),
    ],
)
def test_it_is_being_read(chromium, town, path, asked, place):
    """Until what a page shows has come, it says that it is on its way; then that is gone."""
    waiting = []

    def hold(page):
        # Playwright looks at the function that it is handed, and finds none of Python's own.
        page.route(asked, lambda route: waiting.append(route))  # noqa: PLW0108

    path = path.format(**town.places)
    with opened(chromium, town.hall, path, login="district", stir=hold) as watched:
        expect(watched.page.locator(place)).to_contain_text("正在")
        watched.page.wait_for_timeout(50)
        assert waiting
        watched.page.unroute(asked)  # whatever waits goes on
        expect(watched.page.locator(place).filter(has_text="正在").locator("visible=true")).to_have_count(0)
        assert watched.complaints == []


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/plans", "#count.alarm"),
        ("/plans/{plan}", "#problem"),
        ("/plans/new", "#problem"),
        ("/", "#door-public"),
        ("/edit/{draft}", "#cover"),
        ("/command", "#cover"),
        ("/figures", "#problem"),
        ("/workspace", "#panel-warnings .alarm"),
        ("/workspace/problems", "#problem"),
        ("/wall", "#cover"),
    ],
)
def test_the_service_does_not_answer(chromium, town, path, place):
    """Where the service answers no more a page says so in a sentence, and stays a page."""

    def away(page):
        page.route("**/v1/**", lambda route: route.abort())

    path = path.format(**town.places)
    with opened(chromium, town.hall, path, login="district", stir=away) as watched:
        if path == "/":
            expect(watched.page.locator("#door-planner")).to_contain_text("连接不上服务")
            expect(watched.page.locator("#door-command")).to_contain_text("连接不上服务")
        else:
            expect(watched.page.locator(place)).to_contain_text("连接不上服务")
        expect(watched.page.locator("h1")).to_be_visible()
        assert [said for said in complaints(watched) if not said.startswith("failed:")] == []


def test_the_store_is_away(chromium, cluster, template, tmp_path):
    """While the store cannot be asked pages say that they cannot be shown just now, and by what name to ask about it."""
    with cluster.clone(template) as db, hall_over(db, tmp_path) as hall:
        hall.person("district")
        with opened(chromium, hall, "/", login="district") as watched:
            with owner(cluster.admin) as conn:
                run(conn, f'ALTER DATABASE "{db.name}" ALLOW_CONNECTIONS false')
                run(conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [db.name])
            try:
                answer = watched.page.goto("/collections/grids/items")
                assert answer.status == 503
                expect(watched.page.locator(".problem h1")).not_to_be_empty()
                expect(watched.page.locator(".problem .larger")).not_to_be_empty()
                expect(watched.page.locator(".problem code").first).to_have_text(answer.headers["x-request-id"])
            finally:
                with owner(cluster.admin) as conn:
                    run(conn, f'ALTER DATABASE "{db.name}" ALLOW_CONNECTIONS true')


@pytest.mark.parametrize(("lang", "home"), [("zh-CN", "回到首页"), ("en-GB", "To the home page")])
def test_a_fault_of_ours(chromium, town, lang, home, caplog):
    """A defect of the service is told as one, without a word about its inside, with the request's name and the way home."""

    def broken(_request):
        msg = "secret of the house"
        raise RuntimeError(msg)

    town.hall.app.router.routes.insert(0, Route("/broken", broken))
    try:
        with opened(chromium, town.hall, "/broken", lang=lang) as watched:
            page = watched.page
            expect(page.locator(".status")).to_have_text("500")
            assert "secret" not in page.content()
            expect(page.get_by_role("link", name=home)).to_have_attribute("href", "/")
            assert complaints(watched) == []
    finally:
        town.hall.app.router.routes.pop(0)
    assert "secret of the house" in caplog.text
