"""The desk in a real Chromium: filters, table, map, the steps of an incident by those concerned, and what is taken away."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from api.incidents.rulebook import Rulebook
from api.incidents.ticker import tick
from data.store.sql import many, run
from tests.api.incidents.station import GRID, HERE, NEXT, at, station_over
from tests.api.incidents.test_photos import photo
from tests.api.who.office import PASSWORD
from tests.maps.conftest import Watched
from tests.paged import NASTY
from tests.published import DISTRICT, STREETS
from tests.served import apart, free_port
from tests.stored import owner
from tests.windows import SOON_MS, box_of, is_ready

pytestmark = pytest.mark.browser

OFFICE, WIDE, SMALL, TELEPHONE = (1440, 900), (1920, 1080), (1024, 768), (390, 844)
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
def browse(window):
    """Give the function that opens the desk, or another page, in a window of its own."""

    def open_desk(town, path="/command", *, login="district", **how):
        return window(town.hall.client.base_url, path, login=login, **how)

    return open_desk


@pytest.fixture(scope="module")
def plumbers(town):
    """The water department's people, who handle another category in another community."""
    person = town.hall.person("plumber", ("grid_worker", NEXT, "pipes"))
    town.who["plumber"] = town.hall.key(person)
    town.hall.do(
        """INSERT INTO wangge.org_member (org_id, person_id, valid, path)
           SELECT id, %s, '[2020-01-01,)', path FROM wangge.org WHERE code = 'water'""",
        [person],
    )


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
    before = box_of(row(page, held))["y"]
    made = town.reports(category="crowd", title="one more")["no"]
    page.wait_for_function("no => wanggeDesk.shown()[0].no === no", arg=made, timeout=SOON_MS)

    expect(row(page, held)).to_have_attribute("aria-selected", "true")
    assert abs(box_of(row(page, held))["y"] - before) < 2
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
    box = box_of(page.locator("#town_map"))
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


@pytest.mark.usefixtures("plumbers")
def test_a_call_of_four_steps(town, browse):  # noqa: PLR0915 - one story
    """The street calls, the district names who comes, each joins, the lead handles, and the street rates them: all by the page.

    A department whose people work elsewhere, for another category, finds the incident on its desk once it is called.
    """
    no = town.at_street(title="a house of rubbish")
    street = is_ready(browse(town, f"/command?no={no}", login="street"))
    step(street, "call", summary="a heap as high as a house")
    call = street.locator("#drawer .call li")
    expect(street.locator("#drawer .told")).to_contain_text("呼叫", timeout=SOON_MS)
    expect(call.filter(has_text="呼叫")).to_have_class("is-done")
    expect(call.filter(has_text="分办")).not_to_have_class("is-done")
    water = is_ready(browse(town, login="plumber"))
    assert no not in numbers(water)

    district = is_ready(browse(town, f"/command?no={no}"))
    district.locator(".steps [data-event=assign]").click()
    departments = district.locator("form.step .departments li")
    expect(departments.filter(has_text="环卫局").locator("input").first).to_be_checked()
    # By keyboard alone: to the water department, which is chosen, and must come.
    departments.filter(has_text="水务局").locator("input").first.focus()
    district.keyboard.press("Space")
    district.keyboard.press("Tab")
    district.keyboard.press("Space")
    assert [box.is_checked() for box in departments.filter(has_text="水务局").locator("input").all()] == [True, False, True]
    district.locator("form.step button[type=submit]").click()
    expect(district.locator("#drawer .told")).to_contain_text("分办", timeout=SOON_MS)
    people = district.locator("#drawer .call .who")
    expect(people).to_have_text([re.compile("环卫局 · 牵头.*待报到"), re.compile("水务局 · 必须到场.*待报到")])
    expect(district.locator("#drawer")).to_contain_text("a heap as high as a house")
    expect(district.locator("#drawer")).to_contain_text("前报到")

    # Called, it comes to the department's desk by itself.
    water.wait_for_function("no => wanggeDesk.shown().some((each) => each.no === no)", arg=no, timeout=SOON_MS)
    row(water, no).click()
    step(water, "join")
    expect(water.locator("#drawer .told")).to_contain_text("报到", timeout=SOON_MS)
    expect(people.nth(1)).to_have_class("who is-done", timeout=SOON_MS)
    office = is_ready(browse(town, f"/command?no={no}", login="office"))
    step(office, "join")
    expect(office.locator("#drawer .standing em").first).to_have_text("处置中", timeout=SOON_MS)
    step(office, "handle", result="taken away", outcome="resolved", evidence="two lorries")
    expect(office.locator("#drawer .standing em").first).to_have_text("待核查", timeout=SOON_MS)

    expect(street.locator(".steps [data-event=check_pass]")).to_be_visible(timeout=SOON_MS)
    step(street, "check_pass")
    expect(street.locator(".steps [data-event=feedback]")).to_be_visible(timeout=SOON_MS)
    step(street, "feedback", result="satisfied", answer="it is gone")
    expect(street.locator(".steps [data-event=clear_off]")).to_be_visible(timeout=SOON_MS)
    street.locator(".steps [data-event=clear_off]").click()
    rates = street.locator("form.step .score")
    expect(rates).to_have_text(["环卫局", "水务局"])
    rates.nth(0).locator("input").fill("90")
    street.locator("form.step button[type=submit]").click()
    expect(street.locator("#field-ratings-wrong")).to_be_visible(timeout=SOON_MS)
    rates.nth(1).locator("input").fill("101")
    street.locator("form.step button[type=submit]").click()
    expect(street.locator("#field-ratings-wrong")).to_be_visible(timeout=SOON_MS)
    rates.nth(1).locator("input").fill("75")
    street.keyboard.press("Enter")
    expect(street.locator("#drawer .standing em").first).to_have_text("已结案", timeout=SOON_MS)
    expect(call.filter(has_text="销号")).to_have_class("is-done")
    expect(street.locator("#drawer .call .who")).to_have_text([re.compile("环卫局.*评分 90"), re.compile("水务局.*评分 75")])
    kept = town.asks("street", "GET", f"/v1/calls/{no}").json()
    assert (kept["state"], [each["rating"] for each in kept["participants"]]) == ("cleared", [90, 75])


@pytest.mark.usefixtures("plumbers")
def test_who_came_late_to_a_call(town, browse):
    """A department that has not come when its time is over is marked as late, and stays so when it has come."""
    no = town.at_street(title="late to come")
    town.done("street", no, "call", summary="come")
    both = [{"org": "sanitation", "lead": True, "mandatory": True}, {"org": "water", "lead": False, "mandatory": True}]
    town.done("district", no, "assign", departments=both)
    town.done("office", no, "join")
    town.passes(days=4)
    page = is_ready(browse(town, f"/command?no={no}"))
    people = page.locator("#drawer .call .who")
    expect(people).to_have_text([re.compile("环卫局.*报到$"), re.compile("水务局.*待报到、逾期")], timeout=SOON_MS)
    town.done("plumber", no, "join")
    expect(people.nth(1)).to_have_class("who is-done is-late", timeout=SOON_MS)


def claimed(town, title):
    """Return an incident that the worker has in hand."""
    no = town.reports(title=title)["no"]
    town.done("community", no, "accept", matter="0101")
    town.done("worker", no, "claim")
    return no


def pictured(tmp_path, *names):
    """Write pictures to disk, each with where it was taken; return their paths."""
    paths = [tmp_path / f"{name}.jpg" for name in names]
    for n, path in enumerate(paths):
        path.write_bytes(photo(size=(400 + 40 * n, 240)))
    return paths


def attach(page, *files):
    """Choose files by the button of the evidence, as one does with the mouse."""
    with page.expect_file_chooser() as waiting:
        page.locator("form.step .file input").click()
    waiting.value.set_files(files)


def test_pictures_as_evidence(town, browse, tmp_path):
    """Pictures that are chosen in a step's form are sent, seen beside the incident at once, and named in what the step says.

    What is no picture is refused by its name, and the others stay.
    """
    no = claimed(town, "with pictures")
    page = is_ready(browse(town, f"/command?no={no}", login="worker"))
    page.locator(".steps [data-event=handle]").click()
    page.locator("#field-result").fill("swept")
    page.locator("#field-outcome").select_option("resolved")
    before, after = pictured(tmp_path, "before", "after")
    attach(page, before, after)
    hint = page.locator("form.step .field", has=page.locator(".file")).locator("[role=status]")
    expect(hint).to_contain_text("已上传 2 张照片", timeout=SOON_MS)
    album = page.locator("#drawer .album .picture")
    expect(album).to_have_count(2, timeout=SOON_MS)
    assert page.evaluate("[...document.querySelectorAll('.album img')].every((each) => each.naturalWidth >= 400)")
    text = tmp_path / "notes.jpg"
    text.write_text("no picture at all")
    attach(page, text)
    expect(hint).to_contain_text("notes.jpg", timeout=SOON_MS)
    expect(hint).to_contain_text("已上传 2 张照片")
    page.locator("form.step button[type=submit]").click()
    expect(page.locator("#drawer .standing em").first).to_have_text("待核查", timeout=SOON_MS)
    expect(page.locator("#drawer .log li").first).to_contain_text("照片、照片")
    expect(album).to_have_count(2)
    album.first.click()
    expect(album.first).to_have_class("picture is-large")
    log = town.asks("district", "GET", f"/v1/incidents/{no}/events").json()["events"]
    kept = town.asks("district", "GET", f"/v1/incidents/{no}/pictures").json()["pictures"]
    assert sorted(log[-1]["payload"]["evidence"]) == sorted(f"picture:{each['id']}" for each in kept)

    # Whoever checks sees them too.
    checks = is_ready(browse(town, f"/command?no={no}", login="community"))
    expect(checks.locator("#drawer .album .picture")).to_have_count(2, timeout=SOON_MS)


def test_a_step_waits_for_its_pictures(town, browse, tmp_path):
    """Sent while a picture is still on its way, a step takes the picture along."""
    no = claimed(town, "in haste")
    page = is_ready(browse(town, f"/command?no={no}", login="worker"))
    held = []

    def hold(route):
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    page.route("**/pictures?*", hold)
    page.locator(".steps [data-event=handle]").click()
    page.locator("#field-result").fill("swept")
    page.locator("#field-outcome").select_option("resolved")
    with page.expect_request("**/pictures?*"):
        attach(page, *pictured(tmp_path, "slow"))
    submit = page.locator("form.step button[type=submit]")
    submit.click()
    expect(submit).to_be_disabled()
    assert town.shown(no)["state"] == "in_progress"
    held[0].continue_()
    expect(page.locator("#drawer .standing em").first).to_have_text("待核查", timeout=SOON_MS)
    log = town.asks("district", "GET", f"/v1/incidents/{no}/events").json()["events"]
    assert len(log[-1]["payload"]["evidence"]) == 1


def lose_answer(page, pattern):
    """Let the next change at an address reach the service, and its answer be lost on the way back."""
    lost = []

    def pass_on(route):
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().status)
            route.abort("connectionreset")
        else:
            route.fallback()

    page.route(pattern, pass_on)
    return lost


def test_an_answer_that_is_lost(town, browse, tmp_path):
    """Where the service has done what was asked and the answer was lost, the form stays; sent again it is not done twice."""
    no = claimed(town, "lost answers")
    page = is_ready(browse(town, f"/command?no={no}", login="worker"))
    page.locator(".steps [data-event=handle]").click()
    page.locator("#field-result").fill("swept")
    page.locator("#field-outcome").select_option("resolved")
    lost = lose_answer(page, "**/pictures?*")
    attach(page, *pictured(tmp_path, "once"))
    page.locator("form.step button", has_text="重新上传").click(timeout=SOON_MS)
    expect(page.locator("#drawer .album .picture")).to_have_count(1, timeout=SOON_MS)
    assert lost == [201]
    lost = lose_answer(page, "**/transitions?*")
    submit = page.locator("form.step button[type=submit]")
    submit.click()
    expect(page.locator("form.step .alarm")).to_contain_text("只会办理一次", timeout=SOON_MS)
    assert lost == [200]
    submit.click()
    expect(page.locator("#drawer .standing em").first).to_have_text("待核查", timeout=SOON_MS)
    log = town.asks("district", "GET", f"/v1/incidents/{no}/events").json()["events"]
    assert [each["event"] for each in log].count("handle") == 1
    assert len(log[-1]["payload"]["evidence"]) == 1


def test_what_was_written_outlives_a_refusal(town, browse):
    """A step that came too late is refused; where it is still offered its form stands as it was written, and goes through."""
    no = town.reports(category="rubbish", title="talked about")["no"]
    page = is_ready(browse(town, f"/command?no={no}", login="community"))
    page.locator(".steps [data-event=reject]").click()
    page.locator("#field-reason").select_option("private_affair")
    page.locator("#field-answer").fill("a long answer, weighed word by word")
    town.done("colleague", no, "comment", text="I know who that is")
    expect(page.locator("#drawer [role=status]").first).to_contain_text("新动态", timeout=SOON_MS)
    page.locator("form.step button[type=submit]").click()
    expect(page.locator("#drawer [role=status]").first).to_contain_text("未能办理", timeout=SOON_MS)
    expect(page.locator("#drawer .log li").first).to_contain_text("I know who that is")
    expect(page.locator("#field-answer")).to_have_value("a long answer, weighed word by word")
    expect(page.locator("#field-reason")).to_have_value("private_affair")
    page.locator("form.step button[type=submit]").click()
    expect(page.locator("#drawer .standing em").first).to_have_text("不予受理", timeout=SOON_MS)


def test_the_server_is_killed(cluster, template, tmp_path, window):  # noqa: PLR0915 - one story
    """Killed, the service leaves a desk that says how old it is and loses nothing of it: rows, drawer, and forms half written.

    Served again, the desk follows again without a reload, shows what was missed and what was wished for meanwhile, and what
    was sent in vain goes through once.
    """
    with cluster.clone(template) as db, station_over(db, tmp_path) as town:
        town.hall.do("UPDATE wangge.api_key SET expires_at = now() + interval '1 day'")  # a process apart goes by the real time
        town.hall.now = datetime.now(UTC)
        first, second = (town.reports(category=each, title=each)["no"] for each in ("rubbish", "lamp"))
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        with apart(db.app, tmp_path, port) as server:
            page = is_ready(window(base, f"/command?no={first}", login="community"))
            page.evaluate("window.unmoved = true")
            page.locator(".steps [data-event=reject]").click(timeout=SOON_MS)
            page.locator("#field-reason").select_option("private_affair")
            page.locator("#field-answer").click()
            page.keyboard.type("see to it yourself")
            page.locator("#report").click()
            here = at(60, 180)
            page.evaluate(
                "([lat, lon]) => wanggeDesk.map.setView([lat, lon], 17, { animate: false })", [here["lat"], here["lon"]]
            )
            page.locator("#report-box button", has_text="取地图中心").click()
            page.keyboard.type("noise")
            page.locator("#report-title").fill("half written")
            before = numbers(page)
            assert set(before) == {first, second}
            server.kill()
            expect(page.locator("#stale")).to_contain_text("连接中断", timeout=SOON_MS)
            expect(page.locator("#link")).to_have_class("link broken")
            assert numbers(page) == before

            page.locator("form.step button[type=submit]").click()
            expect(page.locator("form.step .alarm")).to_contain_text("连接不上", timeout=SOON_MS)
            page.locator("#report-box button[type=submit]").click()
            expect(page.locator("#report-box .alarm")).to_contain_text("连接不上", timeout=SOON_MS)
            page.locator("[data-days='7']").click()
            expect(page.locator("#stale")).to_be_visible()
            assert numbers(page) == before
        missed = town.reports(category="parking", title="meanwhile")["no"]
        over = town.reports(category="parking", title="over meanwhile")["no"]
        town.done("community", over, "reject", reason="private_affair", answer="no")
        with apart(db.app, tmp_path, port):
            expect(page.locator("#link.live")).to_be_visible(timeout=40_000)
            expect(page.locator("#stale")).to_be_hidden()
            # Seven days were wished for, which hold what is over too.
            shows(page, 4)
            assert set(numbers(page)) == {first, second, missed, over}
            expect(page.locator("#field-answer")).to_have_value("see to it yourself")
            expect(page.locator("#field-reason")).to_have_value("private_affair")
            expect(page.locator("#report-title")).to_have_value("half written")
            page.locator("#report-box button[type=submit]").click()
            expect(page.locator("#report-box h2")).to_have_text("已上报", timeout=SOON_MS)
            page.locator("form.step button[type=submit]").click()
            expect(page.locator("#drawer .standing em").first).to_have_text("不予受理", timeout=SOON_MS)
            shows(page, 5)
            later = town.reports(category="lamp", title="after")["no"]
            page.wait_for_function("no => wanggeDesk.shown().some((each) => each.no === no)", arg=later, timeout=SOON_MS)
            shows(page, 6)
            assert len(set(numbers(page))) == 6
            log = town.asks("district", "GET", f"/v1/incidents/{first}/events").json()["events"]
            assert [each["event"] for each in log].count("reject") == 1
            assert page.evaluate("window.unmoved")
            page.context.close()


def test_what_could_not_be_opened_opens_by_itself(town, browse):
    """An incident that is opened while the line is down says why it is not there, and is shown when the line is back."""
    page = is_ready(browse(town))
    no = numbers(page)[0]
    page.context.set_offline(True)
    row(page, no).click()
    expect(page.locator("#drawer .alarm")).to_contain_text("连接不上", timeout=SOON_MS)
    page.context.set_offline(False)
    page.evaluate("wanggeDesk.page.again()")
    expect(page.locator("#drawer .log li").first).to_be_visible(timeout=SOON_MS)


def test_a_place_without_grids(cluster, template, tmp_path, browse):
    """Where no net is in force the desk says so, and what is to be done."""
    with cluster.clone(template) as db, station_over(db, tmp_path) as town:
        with owner(db.admin) as conn:
            run(conn, "ALTER TABLE wangge.grid DISABLE TRIGGER USER")
            run(conn, "UPDATE wangge.grid SET in_force = NULL")
        page = browse(town).page
        expect(page.locator("#cover-text")).to_contain_text("还没有生效的网格", timeout=SOON_MS)
        page.context.close()
