"""The desk in a real Chromium: filters, table, map, the steps of an incident by those concerned, and what is taken away."""

import csv
import io
import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from api.incidents.rulebook import Rulebook
from api.incidents.ticker import tick
from data.store.sql import many
from tests.api.incidents.station import GRID, HERE, at, station_over
from tests.api.who.office import PASSWORD
from tests.maps.conftest import Watched
from tests.paged import NASTY
from tests.published import DISTRICT, STREETS
from tests.stored import owner

pytestmark = pytest.mark.browser

OFFICE, WIDE, SMALL, TELEPHONE = (1440, 900), (1920, 1080), (1024, 768), (390, 844)
SOON_MS = 8_000
KEY = re.compile(r"^(desk|wall|map|event|state|light|kind|tier)\.[a-z_.]+$")


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town with people at every desk, and some incidents in two streets."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as station:
        for title in ("bins", "lamp", "noise"):
            station.reports(category="rubbish" if title == "bins" else title, title=title)
        station.reports(category="rubbish", title="next door", **at(250, 200))
        station.reports("district", category="parking", title="far away", **at(50, 600), urgent=True)
        yield station


@pytest.fixture
def browse(chromium):
    """Give the function that opens a page of the service in a window of its own; windows are shut when the test ends."""
    contexts = []

    def open_page(town, path="/command", *, login="district", size=OFFICE, lang="zh-CN"):
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=lang,
            base_url=str(town.hall.client.base_url),
            reduced_motion="reduce",
        )
        contexts.append(context)
        if login:
            assert context.request.post("/v1/session", data={"login": login, "password": PASSWORD}).status == 201
        watched = Watched(context.new_page())
        watched.page.goto(path)
        return watched

    yield open_page
    for context in contexts:
        context.close()


def is_ready(watched):
    """Wait until the desk is there and follows what happens."""
    expect(watched.page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    expect(watched.page.locator("#link.live")).to_be_visible()
    return watched.page


def numbers(page):
    """Return the numbers of what the table holds, in its order."""
    return page.evaluate("wanggeDesk.shown().map((each) => each.no)")


def shows(page, count):
    """Wait until the table holds so many."""
    page.wait_for_function("count => wanggeDesk.shown().length === count", arg=count, timeout=SOON_MS)


def row(page, no):
    """Return the row of an incident."""
    return page.locator(f"#rows .row[data-no='{no}']")


def step(page, event, **said):
    """Take a step by its form: what is said goes into its fields."""
    page.locator(f".steps [data-event={event}]").click()
    form = page.locator(f"form.step[data-event={event}]")
    expect(form).to_be_visible(timeout=SOON_MS)
    for name, value in said.items():
        field = form.locator(f"#field-{name}")
        if field.evaluate("(node) => node.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("button[type=submit]").click()
    return form


@pytest.mark.parametrize("size", [OFFICE, WIDE, SMALL, TELEPHONE], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("lang", ["zh-CN", "en-GB"])
def test_the_desk_fits_and_is_quiet(town, browse, size, lang):
    """On every screen and in both languages it fits, asks only its own server, nothing complains, and no word is a bare key."""
    watched = browse(town, size=size, lang=lang)
    page = is_ready(watched)
    page.locator("#rows .row").first.click()
    expect(page.locator("#drawer .log li").first).to_be_attached(timeout=SOON_MS)

    assert watched.complaints == []
    assert all(url.startswith((str(town.hall.client.base_url), "data:")) for url in watched.requests)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert [line for line in page.locator("body").inner_text().splitlines() if KEY.match(line)] == []
    assert page.evaluate("document.documentElement.lang") == ("zh-CN" if lang == "zh-CN" else "en")


def test_filters_stand_in_the_address(town, browse):
    """A value that is chosen narrows table and map, stands in the address and as a chip; back, forward and reset undo it."""
    page = is_ready(browse(town))
    whole = len(numbers(page))
    page.locator("[data-facet=category][data-value=lamp]").click()
    shows(page, 1)
    assert "category=lamp" in page.url
    expect(page.locator("#chips button")).to_have_count(1)
    assert page.evaluate("wanggeDesk.page.shown().length") == 1
    # Beside the value that is chosen the others still say how many there would be.
    expect(page.locator("[data-facet=category][data-value=noise] b")).to_have_text("1")
    page.go_back()
    shows(page, whole)
    page.go_forward()
    shows(page, 1)
    page.locator("#reset").click()
    shows(page, whole)
    page.locator("#search").fill("NOI")
    shows(page, 1)
    assert "text=NOI" in page.url
    page.reload()
    page = is_ready(Watched(page))
    shows(page, 1)
    expect(page.locator("#search")).to_have_value("NOI")


def test_down_to_an_area_and_a_grid(town, browse):
    """Areas lead down as on the wall, and the map's grids narrow too; the crumbs lead back up."""
    page = is_ready(browse(town))
    for name in ("街道1", "社区1"):
        page.locator("#areas button", has_text=name).click()
        expect(page.locator("#crumbs [aria-current]")).to_have_text(name)
    assert f"area={HERE}" in page.url
    page.locator("#facets summary", has_text="网格").click()
    page.locator(f"[data-facet=grid][data-value='{GRID}']").click()
    assert f"grid={GRID}" in page.url
    assert page.evaluate("code => wanggeDesk.shown().every((each) => each.code === code)", GRID)
    page.locator("#crumbs button").first.click()
    expect(page.locator("#crumbs [aria-current]")).to_have_text("市中区")
    assert "area=" not in page.url


def test_the_table_by_keyboard(town, browse):
    """Arrows choose a row, which is marked on the map too; Enter opens it, Escape shuts it; a heading sorts."""
    page = is_ready(browse(town))
    page.locator("#rows").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    second = numbers(page)[1]
    expect(row(page, second)).to_have_attribute("aria-selected", "true")
    assert page.evaluate("wanggeDesk.page.case") == second
    assert page.locator("#rows").get_attribute("aria-activedescendant") == row(page, second).get_attribute("id")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer-no")).to_have_text(second)
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    page.locator("[data-sort=reported]").click()
    newest = numbers(page)
    page.locator("[data-sort=reported]").click()
    assert numbers(page) == newest[::-1]
    assert "sort=oldest" in page.url


def test_it_lives_without_losing_the_place(town, browse):
    """What is reported comes in by itself; the incident that is chosen stays chosen, and what is in sight stays in sight."""
    for n in range(40):
        town.reports(category="crowd", title=f"crowd {n}")
    page = is_ready(browse(town, "/command?sort=newest"))
    page.evaluate("document.getElementById('rows').scrollTop = 36 * 12")
    page.wait_for_timeout(100)
    held = numbers(page)[14]
    row(page, held).click()
    before = row(page, held).bounding_box()["y"]
    made = town.reports(category="crowd", title="one more")["no"]
    page.wait_for_function("no => wanggeDesk.shown()[0].no === no", arg=made, timeout=SOON_MS)

    expect(row(page, held)).to_have_attribute("aria-selected", "true")
    assert abs(row(page, held).bounding_box()["y"] - before) < 2
    town.done("community", made, "reject", reason="private_affair", answer="see to it yourself")
    page.wait_for_function("no => !wanggeDesk.rows.find(no)", arg=made, timeout=SOON_MS)


def test_from_report_to_archive(town, browse):
    """Through the page a report is made, accepted, claimed, handled, checked and answered by whose step it is; then filed."""
    page = is_ready(browse(town, login="community"))
    here = at(50, 200)
    page.evaluate("([lat, lon]) => wanggeDesk.map.setView([lat, lon], 16, { animate: false })", [here["lat"], here["lon"]])
    page.locator("#report").click()
    page.locator("#report-box button", has_text="取地图中心").click()
    expect(page.locator("#report-box .hint").first).to_contain_text("位置")
    page.locator("#report-box button[type=submit]").click()
    expect(page.locator("#report-category-wrong")).to_be_visible()
    page.locator("#report-category").fill("rubbish")
    page.locator("#report-title").fill("a heap at the gate")
    page.locator("#report-phone").fill("13800000000")
    page.evaluate("at => { wanggeDesk.page.middle; }", 0)
    page.locator("#report-box button[type=submit]").click()
    page.locator("#report-box .primary").click(timeout=SOON_MS)
    no = page.locator("#drawer-no").text_content()
    expect(page.locator("#drawer .standing em").first).to_have_text("已上报")
    assert town.shown(no)["grid"] == GRID
    page.locator("#drawer button", has_text="查看联系方式").click()
    expect(page.locator("#drawer dd", has_text="13800000000")).to_be_visible()

    step(page, "accept", matter="0101")
    expect(page.locator("#drawer .told")).to_contain_text("已受理", timeout=SOON_MS)
    mine = is_ready(browse(town, f"/command?no={no}", login="worker"))
    step(mine, "claim")
    expect(mine.locator("#drawer .standing em").first).to_have_text("处置中", timeout=SOON_MS)
    form = step(mine, "handle", result="cleared")
    expect(form.locator("#field-outcome-wrong")).to_be_visible()
    expect(form.locator("#field-evidence-wrong")).to_be_visible()
    form.locator("#field-outcome").select_option("resolved")
    form.locator("#field-evidence").fill("swept and washed")
    form.locator("button[type=submit]").click()
    expect(mine.locator("#drawer .standing em").first).to_have_text("待核查", timeout=SOON_MS)

    checks = is_ready(browse(town, f"/command?no={no}", login="community"))
    step(checks, "check_pass")
    step(checks, "feedback", result="satisfied", answer="thank you")
    expect(checks.locator("#drawer .standing em").first).to_have_text("已结案", timeout=SOON_MS)
    town.passes(days=40)
    with owner(town.hall.db.admin) as conn:
        while tick(conn, town.hall.now, Rulebook()):
            pass
    last = is_ready(browse(town, f"/command?state=archived&no={no}"))
    assert numbers(last) == [no]
    expect(last.locator("#drawer .log li").first).to_contain_text("归档")


def test_somebody_was_faster(town, browse):
    """A step on what has changed meanwhile is refused; the page shows how it stands now, and who did what."""
    no = town.reports(category="rubbish", title="two at once")["no"]
    page = is_ready(browse(town, f"/command?no={no}", login="community"))
    page.locator(".steps [data-event=reject]").click()
    page.locator("#field-reason").select_option("private_affair")
    page.locator("#field-answer").fill("yours")
    town.done("community", no, "accept", matter="0101")
    page.locator("form.step button[type=submit]").click()

    expect(page.locator("#drawer [role=status]")).to_contain_text("未能办理", timeout=SOON_MS)
    expect(page.locator("#drawer [role=status]")).to_contain_text("受理")
    expect(page.locator("#drawer .standing em").first).to_have_text("已受理")


def test_what_is_wrong_stands_at_its_field(town, browse):
    """What the service says of a field stands below it, in the reader's language."""
    no = town.reports(category="rubbish", title="wrong")["no"]
    page = is_ready(browse(town, f"/command?no={no}", login="community"))
    page.locator(".steps [data-event=reject]").click()
    page.locator("#field-reason").select_option("duplicate")
    page.locator("#field-answer").fill("seen before")
    page.locator("#field-master").fill("nothing of the kind")
    page.locator("form.step button[type=submit]").click()
    expect(page.locator("#field-master-wrong")).to_contain_text("没有可作为主件的事件", timeout=SOON_MS)
    expect(page.locator("#field-master")).to_have_attribute("aria-invalid", "true")
    assert town.shown(no)["state"] == "reported"


def test_the_table_to_take_away(town, browse):
    """The CSV holds exactly what the table shows, in its order, under Chinese headings, after a mark for spreadsheets."""
    page = is_ready(browse(town, "/command?category=lamp&sort=oldest"))
    page.locator("#take summary").click()
    with page.expect_download() as waiting:
        page.locator("#csv").click()
    text = waiting.value.path().read_text(encoding="utf-8")
    assert text.startswith("\ufeff编号,状态,")
    taken = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [each["编号"] for each in taken] == numbers(page)
    assert {each["标题"] for each in taken} == {"lamp"}


def test_one_file_that_asks_nobody(town, browse, chromium, tmp_path):
    """What was taken away opens from disk with no network: same incidents, map drawn, filters work, one request: itself."""
    page = is_ready(browse(town, "/command?area=" + STREETS[0]))
    shown = numbers(page)
    page.locator("#take summary").click()
    with page.expect_download() as waiting:
        page.locator("#html").click()
    file = tmp_path / "incidents.html"
    waiting.value.save_as(file)
    assert "13800000000" not in file.read_text(encoding="utf-8")
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, offline=True, reduced_motion="reduce")
    watched = Watched(context.new_page())
    watched.page.route(lambda url: not url.startswith(("file:", "data:")), lambda route: route.abort())
    watched.page.goto(file.as_uri())
    expect(watched.page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    watched.page.wait_for_function("document.querySelectorAll('#rows .row:not([hidden])').length > 0")

    assert [url for url in watched.requests if not url.startswith("data:")] == [file.as_uri()]
    assert watched.complaints == []
    expect(watched.page.locator("#count")).to_contain_text(str(len(shown)))
    ink = watched.page.evaluate(
        """() => { const c = document.querySelector("canvas.surface");
             const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
             let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }"""
    )
    assert ink > 10_000
    watched.page.locator("#rows .row").first.click()
    expect(watched.page.locator("#drawer .standing em").first).to_be_visible()
    assert watched.page.locator(".asks:visible").count() == 0
    context.close()
    with owner(town.hall.db.admin) as conn:
        kinds = many(
            conn, "SELECT body ->> 'form' FROM wangge.event WHERE kind = 'export' AND subject = 'incidents' ORDER BY at"
        )
    assert ("html",) in kinds


def test_who_sits_at_it(town, browse):
    """Nobody in particular signs in first and comes back to the same filter; a screen's viewer is told it is not theirs."""
    page = browse(town, "/command?category=lamp", login="").page
    page.wait_for_url("**/sign-in?next=%2Fcommand%3Fcategory%3Dlamp")
    page.locator("input[name=login]").fill("street")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("#sign-in button").click()
    page.wait_for_url("**/command?category=lamp")
    expect(page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    shows(page, 1)
    town.hall.person("screen", ("viewer", DISTRICT))
    page = browse(town, login="screen").page
    expect(page.locator("#cover-text")).to_contain_text("没有处理事件的权限", timeout=SOON_MS)
    assert page.locator("#rows .row").count() == 0


def test_each_sees_their_own(town, browse):
    """A worker of another community sees nothing of the first; the street sees its own; the district all."""
    seen = {login: set(numbers(is_ready(browse(town, login=login)))) for login in ("stranger", "street", "district")}
    assert seen["stranger"].isdisjoint(seen["street"]) or not seen["stranger"]
    assert seen["street"] < seen["district"]


def test_measuring(town, browse):
    """Clicks on the map measure a way and what it encloses; Escape takes them back, one by one."""
    page = is_ready(browse(town))
    page.locator("#measure").click()
    box = page.locator("#town_map").bounding_box()
    corners = [(0.4, 0.3), (0.6, 0.3), (0.6, 0.6)]
    for x, y in corners:
        page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
    expect(page.locator("#measure-text")).to_contain_text("面积")
    page.keyboard.press("Escape")
    expect(page.locator("#measure-text")).to_contain_text("长度")
    for _ in range(3):
        page.keyboard.press("Escape")
    expect(page.locator("#measure-text")).to_be_hidden()


def test_the_last_day_again(town, browse):
    """The slider shows the map as it was hours ago, and says so; its right end is now."""
    town.passes(hours=3)
    no = town.reports(category="replay", title="later")["no"]
    page = is_ready(browse(town))
    page.locator("#when").fill("276")
    expect(page.locator("#when-text")).to_contain_text("回放")
    page.wait_for_function("no => !wanggeDesk.page.shown().some((each) => each.no === no)", arg=no)
    page.locator("#when").fill("288")
    page.wait_for_function("no => wanggeDesk.page.shown().some((each) => each.no === no)", arg=no)


def test_words_are_only_text(cluster, template, tmp_path, browse):
    """Whatever somebody writes in a report is shown letter by letter, in table, drawer and file; nothing of it runs."""
    with cluster.clone(template) as db, station_over(db, tmp_path) as town:
        for text in NASTY:
            town.reports(category=text[:60], title=text, description=text, address=text)
        watched = browse(town, lang="en-GB")
        page = is_ready(watched)
        for each in numbers(page):
            row(page, each).click()
            expect(page.locator("#drawer-no")).to_have_text(each)
            expect(page.locator("#drawer .log li").first).to_be_attached(timeout=SOON_MS)
        assert NASTY[0] in page.locator("#rows").inner_text()
        assert watched.complaints == []
        assert page.locator("#drawer img, #drawer svg, #rows img, iframe").count() == 0
        page.context.close()


def test_time_passes_the_light(town, browse):
    """An incident whose time is over stands among the overdue ones, with how late it is, and is in sight where it is opened."""
    no = town.reports(category="rubbish", title="late")["no"]
    town.done("community", no, "accept", matter="0101")
    town.hall.now += timedelta(days=40)
    page = is_ready(browse(town, f"/command?light=red&no={no}"))
    assert no in numbers(page)
    expect(row(page, no)).to_contain_text("超期")
