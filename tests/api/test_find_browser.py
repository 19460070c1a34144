"""Finding in a real Chromium, by the keyboard: on the start page, on the wall, at the desk, and as the place of a report."""

import pytest
from playwright.sync_api import expect

from tests.api.incidents.named_town import GROUND, name_ground
from tests.api.incidents.station import GRID, station_over
from tests.paged import NASTY
from tests.published import COMMUNITIES, STREETS, box
from tests.windows import SOON_MS, is_ready

pytestmark = pytest.mark.browser

HOSTILE = NASTY[0]


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town with its names, one of which would run if it could, and a station."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as made:
        name_ground(made.hall, (*GROUND, ("compound", f"霞园{HOSTILE}", "", box(420, 220, 480, 280))))
        made.hall.do(
            """INSERT INTO wangge.station (code, area_id, path, name, level, kind, geom, updated_at)
               SELECT 'YZ-01', a.id, a.path, '泉城驿站', 'community', 'station', ST_PointOnSurface(v.geom), now()
               FROM wangge.area a JOIN wangge.area_version v ON v.area_id = a.id WHERE a.code = %s""",
            [COMMUNITIES[1]],
        )
        yield made


@pytest.fixture
def browse(town, window):
    """Give the function that opens a page of the town."""

    def open_page(path, login="district", **how):
        return window(town.hall.client.base_url, path, login=login, **how)

    return open_page


def offers(page, field="#find"):
    """Return the list of a field, once it is there."""
    options = page.locator(f"{field}-list [role=option]")
    expect(options).not_to_have_count(0, timeout=SOON_MS)
    return options


def asked(watched):
    """Return what was searched for."""
    return [url.partition("q=")[2].partition("&")[0] for url in watched.requests if "/v1/search" in url]


def test_the_start_page_finds_a_grid(browse):
    """Somebody who is not signed in types initials, goes down the list by arrows, and is shown the grid and its card."""
    watched = browse("/", login="")
    page = watched.page
    page.wait_for_load_state("networkidle")
    field = page.locator("#find")
    # Strangers are not told to look for what they cannot find.
    assert "小区" not in field.get_attribute("placeholder")
    field.focus()
    page.keyboard.type("sq1d2")
    options = offers(page)
    expect(field).to_have_attribute("aria-expanded", "true")
    assert field.get_attribute("aria-activedescendant") is None
    expect(options).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"#{field.get_attribute('aria-activedescendant')}")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator("#located a").first).to_contain_text(f"第2网格 {COMMUNITIES[0]}002")
    expect(page.locator("#located .note, #located ul")).to_have_count(1)
    expect(page.locator(".leaflet-popup-content")).to_contain_text("第2网格")
    expect(field).to_have_attribute("aria-expanded", "false")
    assert watched.complaints == []


def test_the_start_page_finds_an_address(browse):
    """Who handles incidents types an address and sees its point, its grid and who looks after it; areas lead to their page."""
    page = browse("/").page
    page.wait_for_load_state("networkidle")
    assert "小区" in page.locator("#find").get_attribute("placeholder")
    page.locator("#find").focus()
    page.keyboard.type("xingfuxq")
    offers(page)
    page.keyboard.press("Enter")
    expect(page.locator("#located")).to_contain_text("幸福小区")
    expect(page.locator("#located a").first).to_contain_text(GRID)
    assert page.locator("[name=lon]").input_value().startswith("117.")
    page.locator("#find").fill("")
    page.keyboard.type("jiedao2")
    offers(page)
    page.keyboard.press("Enter")
    expect(page.locator("#located a")).to_have_attribute("href", f"/collections/streets/items/{STREETS[1]}")


def test_nothing_and_nobody_there(browse):
    """What is not there is said to be not there; a line that is broken is told of, and the next key asks again."""
    page = browse("/", login="").page
    page.wait_for_load_state("networkidle")
    page.locator("#find").fill("qqqq")
    expect(page.locator("#find-told")).to_contain_text("没有找到“qqqq”")
    page.route("**/v1/search*", lambda route: route.abort())
    page.locator("#find").press_sequentially("q")
    expect(page.locator("#find-told")).to_contain_text("连不上服务")
    page.unroute("**/v1/search*")
    page.locator("#find").fill("shequ")
    offers(page)
    page.keyboard.press("Escape")
    expect(page.locator("#find-list")).to_be_hidden()
    assert page.locator("#find").input_value() == "shequ"
    page.keyboard.press("Escape")
    assert page.locator("#find").input_value() == ""


def test_a_late_answer_is_dropped(browse):
    """An answer to what stood there before never takes the place of the newer one, however late it comes."""
    page = browse("/", login="").page
    page.wait_for_load_state("networkidle")
    held = []

    def hold(route):
        """Keep the first answer back."""
        held.append(route)

    page.route("**/v1/search?q=jiedao1", hold)
    page.locator("#find").press_sequentially("jiedao1")
    page.wait_for_function("() => performance.now() > 0")
    while not held:
        page.wait_for_timeout(20)
    page.locator("#find").fill("shequ3")
    expect(offers(page).first).to_contain_text("社区3")
    held[0].continue_()
    page.wait_for_timeout(400)
    expect(page.locator("#find-list [role=option]").first).to_contain_text("社区3")


def test_an_input_method_is_waited_for(browse):
    """While characters are being composed nothing is asked and Enter belongs to the input method; then what was meant is."""
    watched = browse("/", login="")
    page = watched.page
    page.wait_for_load_state("networkidle")
    page.locator("#find").focus()
    hand = page.context.new_cdp_session(page)
    for n in range(1, 4):
        hand.send("Input.imeSetComposition", {"text": "she"[:n], "selectionStart": n, "selectionEnd": n})
    page.wait_for_timeout(500)
    assert asked(watched) == []
    hand.send("Input.insertText", {"text": "社区1"})
    expect(offers(page).first).to_contain_text("社区1")
    assert asked(watched) == ["%E7%A4%BE%E5%8C%BA1"]


def test_the_wall_goes_where_it_is_told(browse):
    """A slash opens the field: areas are gone down to, grids chosen, stations entered, addresses marked; Escape leads back."""
    watched = browse("/wall", size=(1920, 1080))
    page = is_ready(watched)

    def find(typed):
        """Type something and take the first that is offered."""
        page.keyboard.press("/")
        expect(page.locator("#find")).to_be_focused()
        page.keyboard.type(typed)
        offers(page)
        page.keyboard.press("Enter")
        expect(page.locator("#seek")).to_be_hidden()

    find("jiedao2")
    expect(page.locator("#crumbs [aria-current]")).to_have_text("街道2")
    find("shequ1d2wg")
    assert page.evaluate("wanggeWall.page.areaCode()") == COMMUNITIES[0]
    expect(page.locator("#card")).to_contain_text("第2网格")
    find("泉城驿站")
    expect(page.locator("#card")).to_contain_text("泉城驿站", timeout=SOON_MS)
    find("jingshi")
    assert page.evaluate("wanggeWall.find.place.name") == "经十路"
    page.keyboard.press("Escape")
    assert page.evaluate("wanggeWall.find.place === undefined")
    page.locator("#find-open").click()
    page.keyboard.press("Escape")
    expect(page.locator("#find-open")).to_be_focused()
    assert watched.complaints == []


def test_the_desk_goes_there(browse):
    """G goes to the desk's field; a compound by its pinyin moves the map and is marked, and what is listed stays."""
    page = is_ready(browse("/command"))
    before = page.evaluate("[wanggeDesk.map.getZoom(), wanggeDesk.shown().length]")
    page.locator("#rows").focus()
    page.keyboard.press("g")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("quanchenggongyuan")
    offers(page)
    page.keyboard.press("Enter")
    page.wait_for_function("wanggeDesk.find.place?.name === '泉城公园'")
    zoom, count = page.evaluate("[wanggeDesk.map.getZoom(), wanggeDesk.shown().length]")
    assert zoom > before[0]
    assert count == before[1]


def test_an_address_is_the_place_of_a_report(town, browse):
    """A report finds its place by the name of a compound: the point lies in its grid, and the address is written down."""
    page = is_ready(browse("/command"))
    page.locator("#rows").focus()
    page.keyboard.press("n")
    page.locator("#report-find").focus()
    page.keyboard.type("xingfuxiaoqu")
    offers(page, "#report-find")
    page.keyboard.press("Enter")
    expect(page.locator("#report-address")).to_have_value("幸福小区")
    expect(page.locator("#report-box [role=status]").first).to_contain_text("第1网格")
    # Another place is found in the form itself; what is no name may stand there as it is.
    page.locator("#report-address").fill("")
    page.locator("#report-address").press_sequentially("ygh")
    offers(page, "#report-address")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#report-address")).to_have_value("阳光花园")
    page.locator("#report-category").fill("rubbish")
    page.locator("#report-box button[type=submit]").click()
    expect(page.locator("#report-box h2")).to_have_text("已上报", timeout=SOON_MS)
    made = town.asks("district", "GET", "/v1/incidents?category=rubbish").json()["incidents"][0]
    assert made["address"] == "阳光花园"
    assert made["grid"][:12] in COMMUNITIES[:2]


def test_names_are_text(browse):
    """A name that would run if it could is shown as it is written, in the list and on the map."""
    watched = browse("/command")
    page = is_ready(watched)
    page.locator("#find").press_sequentially("xiayuan")
    expect(offers(page).first).to_contain_text(HOSTILE)
    assert page.locator("#find-list img, #find-list script, #find-list svg").count() == 0
    page.keyboard.press("Enter")
    assert page.evaluate("wanggeDesk.find.place.name") == f"霞园{HOSTILE}"
    assert watched.complaints == []
