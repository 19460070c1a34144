"""The whole way in a browser: a town is divided, edited, submitted, reviewed, approved, in force; a report, the wall, a sheet.

Each person has a window of their own. With WANGGE_PICTURES the windows are kept there as pictures, one a station.
"""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from api.who.caller import Role
from api.worker import Pace
from data.sample import write_sample
from data.store.adopt import adopt
from data.store.plans import Maker, Origin, create
from data.store.sql import many, one
from data.store.towns import import_town
from data.town import read_town
from partition.engine import divide
from partition.net import net_of
from partition.rules import Rules
from tests.api.who.office import PASSWORD
from tests.maps.conftest import Watched
from tests.paged import paged
from tests.stored import cut, owner
from tests.work import working

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOW = datetime.now(UTC)
"""The clock of the whole way: what is told as it happens goes by the store's, which is the real one."""
BEFORE = {"minimum": 800, "target": 1000, "maximum": 1200}
SIZE = {"width": 1360, "height": 765}
SOON_MS, LONG_MS = 15_000, 180_000


@pytest.fixture
def hall(db, tmp_path):
    """A sample town of 6,000 households whose grids, in force since last autumn, are far too large; and its people."""
    folder = tmp_path / "town"
    write_sample(folder, households=6_000, seed=5)
    town = read_town(folder)
    since = (NOW - timedelta(days=120)).date()
    rules = Rules(**BEFORE)
    with owner(db.admin) as conn:
        imported = import_town(conn, town, day=since, now=NOW)
        maker = Maker(town=imported.town, snapshot=imported.snapshot, srid=int(town.frame.crs[5:]), author=None, now=NOW)
        origin = Origin(title="现行网格", reason="", made_with={"rules": BEFORE}, metrics={})
        net = net_of(divide(town, rules, seed=1), town)
        adopt(conn, create(conn, net, maker, origin), cut(since, today=since))
        (district,) = one(conn, "SELECT code FROM wangge.area WHERE level = 'district'")
        streets = [code for (code,) in many(conn, "SELECT code FROM wangge.area WHERE level = 'street' ORDER BY code")]
    with paged(db, tmp_path / "home") as made:
        made.now = NOW
        made.person("planner", (Role.COMMUNITY, district))
        made.person("street", *((Role.STREET, code) for code in streets))
        made.person("district", (Role.DISTRICT, district))
        made.person("screen", (Role.VIEWER, district))
        with working(db, pace=Pace()):
            yield made


@pytest.fixture
def window(hall, chromium):
    """Give the function that opens a page in the window of somebody, which is theirs for the whole way."""
    windows = {}

    def show(who, path, *, lang="zh-CN"):
        if who not in windows:
            context = chromium.new_context(
                viewport=SIZE,
                locale=lang,
                base_url=str(hall.client.base_url),
                timezone_id="Asia/Shanghai",
                reduced_motion="reduce",
            )
            assert context.request.post("/v1/session", data={"login": who, "password": PASSWORD}).status == 201
            windows[who] = Watched(context.new_page())
        page = windows[who].page
        page.goto(path)
        return page

    yield show
    complaints = {who: watched.complaints for who, watched in windows.items()}
    for watched in windows.values():
        watched.page.context.close()
    assert not any(complaints.values()), complaints


def kept(page, name):
    """Keep what a window shows as a picture, where somebody asked for pictures."""
    if folder := os.environ.get("WANGGE_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def act(page, action):
    """Take a step of the approval, and wait for what is said about it."""
    page.locator(f"#acts [data-action={action}]").click()
    page.locator("#act-do").click()
    expect(page.locator("#act")).to_be_hidden(timeout=SOON_MS)
    expect(page.locator("#done")).not_to_be_empty()


def divide_on_the_page(page):
    """Have all communities divided, and follow the work to its draft."""
    page.locator("#all").check()
    kept(page, "1-divide")
    page.get_by_role("button", name="开始划分").click()
    expect(page.locator("#job-text")).to_contain_text("划分完成", timeout=LONG_MS)
    page.get_by_role("link", name="查看方案").click()
    expect(page.locator("#state")).to_have_text("草案")
    return page.url.rpartition("/")[2]


def edit_on_the_map(page, plan):
    """Give a block to the grid beside it, as a planner does with the brush, and save."""
    page.goto(f"/edit/{plan}")
    expect(page.locator("#cover")).to_be_hidden(timeout=LONG_MS)
    while page.locator("#size-text").text_content() != "一块":
        page.keyboard.press("[")
    block, slot = page.evaluate(
        """() => { const { of, grids, neighbours } = window.__editor;
          for (const [block, mine] of of.entries()) {
            const slot = neighbours(block).map((other) => of[other]).find((other) => other !== mine && other > 0 && other < 10);
            if (mine && slot && !grids[mine].isDedicated && !grids[slot].isDedicated) return [block, slot];
          } }"""
    )
    page.keyboard.press(str(slot))
    at = page.evaluate("block => window.__editor.spot(block)", block)
    box = page.locator(".folium-map").bounding_box()
    page.mouse.click(box["x"] + at["x"], box["y"] + at["y"])
    assert page.evaluate("block => window.__editor.of[block]", block) == slot
    kept(page, "2-edit")
    page.keyboard.press("Control+s")
    expect(page.locator("#saved.clean")).to_be_visible(timeout=SOON_MS)


def report_at_the_desk(page):
    """Report what lies in the middle of the map, and return its number and its grid's code."""
    expect(page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    page.locator("#report").click()
    page.locator("#report-box button", has_text="取地图中心").click()
    page.locator("#report-category").fill("路面破损")
    page.locator("#report-title").fill("小区门口路面塌陷")
    page.locator("#report-box button[type=submit]").click()
    page.locator("#report-box .primary").click(timeout=SOON_MS)
    number = page.locator("#drawer-no").text_content()
    expect(page.locator("#drawer .standing em").first).to_have_text("已上报")
    return number


def test_from_a_town_to_a_printed_sheet(hall, window, tmp_path):
    """One after the other, people of three tiers lead a town from its households to the sheet that hangs at the door."""
    page = window("planner", "/")
    page.wait_for_load_state("networkidle")
    page.get_by_role("link", name="方案").first.click()
    page.get_by_role("link", name="新建划分方案").click()
    expect(page.locator("#rows tr")).not_to_have_count(0)
    plan = divide_on_the_page(page)
    expect(page.locator("#diff-figures dd")).to_have_count(4, timeout=SOON_MS)
    before, after = (int(text.replace(",", "")) for text in page.locator("#diff-figures dd").all_text_contents()[:2])
    assert before < after

    edit_on_the_map(page, plan)
    page.goto(f"/plans/{plan}")
    act(page, "validate")
    act(page, "submit")
    expect(page.locator("#state")).to_have_text("已提报")
    page = window("street", f"/plans/{plan}")
    act(page, "street_review")
    page = window("district", f"/plans/{plan}")
    kept(page, "3-approve")
    act(page, "district_approve")
    act(page, "notice")
    act(page, "put_in_force")
    expect(page.locator("#state")).to_have_text("已生效")

    wall = window("screen", "/wall")
    expect(wall.locator("#link.live")).to_be_visible(timeout=SOON_MS)
    wall.evaluate("window.unmoved = true")
    page = window("district", "/command")
    number = report_at_the_desk(page)
    expect(page.locator("#count")).to_contain_text("1 件", timeout=SOON_MS)
    kept(page, "4-report")
    expect(wall.locator(f"#feed li button[title='{number}']")).to_be_visible(timeout=SOON_MS)
    assert wall.evaluate("window.unmoved")
    kept(wall, "5-watch")

    code = hall.value("SELECT grid_code FROM wangge.incident WHERE no = %s", [number])
    (name,) = hall.rows("SELECT name FROM wangge.grid WHERE code = %s AND plan_id = %s", [code, plan])[0]
    sheet = page.context.request.get(f"/sheet/{code}?format=pdf", timeout=LONG_MS)
    assert sheet.status == 200
    (tmp_path / "sheet.pdf").write_bytes(sheet.body())
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "sheet.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    assert code in text
    assert name in "".join(text.split())
