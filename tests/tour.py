"""The round of all pages, for what must hold of each of them: that nothing runs, nobody is kept out, nothing is cut off.

A new page joins by one line in `STOPS`, with `stir` where it shows things only when they are asked for: it stops (`yield`) at
each state that is worth a look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from playwright.sync_api import expect

from tests.api.who.office import PASSWORD
from tests.maps.conftest import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.tour_town import TourTown

DESK, TELEPHONE, SCREEN = {"width": 1440, "height": 900}, {"width": 390, "height": 844}, {"width": 1920, "height": 1080}
SOON_MS = 10_000


def rest(_page: Page, _town: TourTown) -> Iterator[None]:
    """Leave the page as it opened."""
    yield from ()


def shapes(page: Page, _town: TourTown) -> Iterator[None]:
    """Point at areas of a page's map and choose them, so that it says what they are."""
    places = page.locator("#map path.leaflet-interactive")
    expect(places).not_to_have_count(0)
    for place in places.element_handles()[:2]:
        # By their elements: what is chosen comes to the front, and the map moves under the pointer.
        place.dispatch_event("mouseover")
        place.dispatch_event("click")
        expect(page.locator(".leaflet-popup-content")).not_to_have_count(0)
    yield


def find(page: Page) -> None:
    """Type how codes begin into a page's field that finds, and go down its list."""
    page.locator("#find").fill("37")
    expect(page.locator("#find-list [role=option]")).not_to_have_count(0)
    page.keyboard.press("ArrowDown")


def start(page: Page, town: TourTown) -> Iterator[None]:
    """Look at the map, find something, and look for what is not there."""
    for _ in shapes(page, town):
        pass
    find(page)
    yield
    page.keyboard.press("Enter")
    expect(page.locator("#located")).not_to_be_empty()
    page.locator("#find").fill("qqqq")
    expect(page.locator("#find-told")).to_be_visible()
    yield


def plan(page: Page, town: TourTown) -> Iterator[None]:
    """Look at a plan's map, and at the form of its next step."""
    for _ in shapes(page, town):
        pass
    for button in page.locator("#acts button").all()[:1]:
        button.click()
    yield


def figures(page: Page, _town: TourTown) -> Iterator[None]:
    """Open every group, go down to a part, and have cases told apart by what they are about."""
    for summary in page.locator("details:not([open]) > summary").all():
        summary.click()
    yield
    page.locator("#parts-rows [data-code] a").first.click()
    expect(page.locator(".tally b", has_text="…")).to_have_count(0)
    page.locator("[name=by]").select_option("category")
    page.locator("#ask button").click()
    expect(page.locator("#parts-rows [data-code]")).not_to_have_count(0)
    yield


def sort(page: Page, _town: TourTown) -> Iterator[None]:
    """Sort a list by its second column, and back."""
    page.locator("th[data-column] button").nth(1).click()
    yield


def standing(page: Page) -> Iterator[None]:
    """Go through the panel of what stands on the ground, and choose the first of each list."""
    if page.locator("#stand-open").is_visible():
        page.locator("#stand-open").click()
    for tab in page.locator("#stand-tabs button").all():
        tab.click()
        expect(page.locator("#stand-body .nothing[role=status]")).to_have_count(0, timeout=SOON_MS)
        yield
        if page.locator("#stand-body :is([data-key^='station:'], [data-key^='spot:'], [data-key^='call:'])").count():
            page.locator("#stand-body :is([data-key^='station:'], [data-key^='spot:'], [data-key^='call:'])").first.click()
            yield
            page.locator("#card .close").click()


def wall(page: Page, _town: TourTown) -> Iterator[None]:
    """Choose what is late and what lies below, show all layers, and look at the wall in both languages."""
    for row in page.locator("#late button").all()[:1]:
        row.click()
    for name in [node.get_attribute("data-name") for node in page.locator("#layers button[aria-pressed=false]").all()]:
        page.locator(f"#layers [data-name={name}]").click()
    for row in page.locator("#place-rows button").all()[:1]:
        row.click()
    for key in ("2", "3", "4", "1", "l", "l"):
        page.keyboard.press(key)
    yield
    yield from standing(page)
    page.keyboard.press("/")
    find(page)
    yield


def desk(page: Page, _town: TourTown) -> Iterator[None]:
    """Open an incident with one of its steps, what narrows, what can be taken away, and the form of a report."""
    for group in "#shades", "#layers":
        for name in [node.get_attribute("data-name") for node in page.locator(f"{group} [aria-pressed=false]:visible").all()]:
            page.locator(f"{group} [data-name={name}]").click()
    page.locator("#formulas").click()
    yield
    if page.locator("#stands, #stand-open").filter(visible=True).count():
        yield from standing(page)
        page.locator("#stands-close").click()
    page.locator("#rows .row:visible").last.click()
    expect(page.locator("#drawer .log li")).not_to_have_count(0)
    page.locator("#drawer .steps [data-event]").first.click()
    expect(page.locator("form.step")).to_be_visible()
    for button in page.locator("#drawer section > div > button.quiet").all():
        button.click()  # who reported it
    if page.locator("#filters").is_visible():
        page.locator("#filters").click()
    for summary in page.locator("#facets details:not([open]):visible summary").all():
        summary.click()
    page.locator("#facets [data-facet=grid]").first.click()
    expect(page.locator("#chips button")).to_have_count(1)
    yield
    page.locator("#rows").focus()
    page.keyboard.press("Escape")
    page.locator("#take summary").click()
    yield
    page.keyboard.press("Escape")
    page.locator("#report").click()
    page.locator("#report-box button").first.click()
    page.locator("#report-category").fill("rubbish")
    page.locator("#report-title").click()
    page.locator("#report-box button[type=submit]").scroll_into_view_if_needed()
    yield
    find(page)
    yield
    page.keyboard.press("Enter")
    for _ in "zh", "en":
        page.locator("#language").click()
    yield


def editor(page: Page, town: TourTown) -> Iterator[None]:
    """Choose a grid, open the layers, have the engine suggest, audit, and go through changes, comments and dialogs."""
    page.locator("#layers summary").click()
    page.locator("#grids tr[data-slot]").nth(2).click()
    page.locator("#next-nobody").click()
    box = page.locator(".folium-map").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
    yield
    with page.expect_response("**/suggestions"):
        page.locator("#suggest").click()
    town.works()
    expect(page.locator("#suggest-panel")).to_be_visible()
    page.locator("#tab-changes").click()
    expect(page.locator("#change-rows li")).not_to_have_count(0)
    yield
    page.locator("#suggest-close").click()
    page.locator("#tab-notes").click()
    page.locator(".thread .head").first.click()
    page.locator("#check").click()
    expect(page.locator("#finding-rows li")).not_to_have_count(0)
    yield
    page.locator("#findings-close").click()
    page.locator("[data-shade=heat]").click()
    expect(page.locator("[data-shade=heat]")).to_have_attribute("aria-pressed", "true")
    page.locator("button[data-tool=part]").click()
    page.locator("#files summary").click()
    yield
    page.locator("#copy-begin").click()
    yield
    page.locator("#copy-cancel").click()
    page.locator("#tab-grids").click()
    page.locator("#grids tr[data-slot]").nth(2).click()
    for opens, closes in (("#rename", "#name-cancel"), ("#steps button", "#act-cancel"), ("#help", "#keys-close")):
        page.locator(opens).first.click()
        expect(page.locator("dialog[open]")).to_be_visible()
        yield
        page.locator(closes).click()
    find(page)
    yield
    page.keyboard.press("Enter")
    for _ in "zh", "en":
        page.locator("#language").click()
    yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A page: its address with places of the town in braces, who opens it, and what shows that it is there.

    `{text}` in the address is a hostile word. `named` says that it shows names of the town's; `dark` that it has one
    look, whatever the reader's screen prefers.
    """

    name: str
    path: str
    login: str = ""
    there: str = "main h1"
    stir: Callable[[Page, TourTown], Iterator[None]] = rest
    named: bool = True
    dark: bool = False
    size: dict[str, int] | None = None

    def address(self, town: TourTown, text: str = "") -> str:
        """Return its address in a town."""
        path = self.path.replace("{text}", quote(text, safe=""))
        for place, value in town.places.items():
            path = path.replace(f"{{{place}}}", value)
        return path


PUBLIC = "/collections"
STOPS = (
    Stop(name="start", path="/", stir=start),
    Stop(name="start, signed in", path="/", login="district", stir=start),
    Stop(name="sign in", path="/sign-in?next={text}", named=False),
    Stop(name="standards", path="/conformance?f=html", login="district"),
    Stop(name="description", path="/api.html", login="district"),
    Stop(name="collections", path=PUBLIC, login="district"),
    Stop(name="collection", path=f"{PUBLIC}/grids", login="district"),
    Stop(name="fields", path=f"{PUBLIC}/grids/queryables", login="district"),
    Stop(name="grids", path=f"{PUBLIC}/grids/items", stir=shapes),
    Stop(name="communities", path=f"{PUBLIC}/communities/items?parent={{text}}", named=False),
    Stop(name="grid", path=f"{PUBLIC}/grids/items/{{grid}}", stir=shapes),
    Stop(name="grid, staffed", path=f"{PUBLIC}/grids/items/{{grid}}", login="author", there=".staffing table"),
    Stop(name="community", path=f"{PUBLIC}/communities/items/{{community}}", stir=shapes),
    Stop(name="incidents", path=f"{PUBLIC}/incidents/items", login="district", stir=shapes),
    Stop(name="incident", path=f"{PUBLIC}/incidents/items/{{no}}", login="district", stir=shapes),
    Stop(name="plans", path="/plans", login="district", there="#table"),
    Stop(name="new plan", path="/plans/new", login="author", there="#wanted:visible"),
    Stop(name="prints", path="/prints", login="author", there="#order"),
    Stop(name="plan", path="/plans/{plan}", login="author", there="#way li", stir=plan),
    Stop(name="editor", path="/edit/{draft}", login="author", there="#cover[hidden]", stir=editor),
    Stop(name="desk", path="/command", login="chief", there="#link.live", stir=desk),
    Stop(name="figures", path="/figures", login="district", there="#parts-rows tr", stir=figures),
    Stop(name="workspace", path="/workspace", login="chief", there='.part[aria-busy="false"] li'),
    Stop(name="workspace of a district", path="/workspace", login="district", there='.part[aria-busy="false"] li'),
    *(
        Stop(name=f"list of {name}", path=f"/workspace/{name}", login=login, there="#rows tr", stir=sort)
        for name, login in (
            ("visits", "district"),
            ("duties", "chief"),
            ("warnings", "chief"),
            ("problems", "district"),
            ("assessments", "district"),
            ("reviews", "district"),
            ("facilities", "district"),
            ("orders", "chief"),
        )
    ),
    Stop(name="wall", path="/wall", login="district", there="#link.live", stir=wall, dark=True, size=SCREEN),
)
"""Every page, in the state in which it has something to show."""

TROUBLES = (
    Stop(name="no such page", path="/nothing/{text}", there=".problem", named=False),
    Stop(name="no such grid", path=f"{PUBLIC}/grids/items/{{text}}", there=".problem", named=False),
    Stop(name="no such collection", path=f"{PUBLIC}/{{text}}", there=".problem", named=False),
    Stop(name="no such parameter", path=f"{PUBLIC}/grids/items?f=html&{{text}}={{text}}", there=".problem", named=False),
    Stop(name="no such filter", path=f"{PUBLIC}/grids/items?filter={{text}}&f=html", there=".problem", named=False),
    Stop(name="no such plan", path="/plans/{text}", login="district", there="#problem:visible, .problem", named=False),
    Stop(name="no plans", path="/plans?state=filed", login="district", there="#none:visible"),
    Stop(name="no rights", path="/plans", login="nobody", there="#none:visible, .problem, .alarm"),
    Stop(name="no rights to divide", path="/plans/new", login="nobody", there="#none:visible, #problem:visible, .problem"),
    Stop(name="no rights to print", path="/prints", login="nobody", there="#may-not", named=False),
    Stop(name="nothing to edit", path="/edit/{text}", login="author", there="#again:visible, .problem", named=False),
    Stop(name="no rights to edit", path="/edit/{draft}", login="nobody", there="#again:visible", named=False),
    Stop(name="no desk", path="/command", login="nobody", there="#again:visible", named=False),
    Stop(name="nothing on the desk", path="/command?area={text}&category={text}&text={text}&no={text}", login="chief",
         there="#no-rows:visible", named=False),
    Stop(name="no figures", path="/figures", login="nobody", there="#problem:visible", named=False),
    Stop(name="figures of nowhere", path="/figures?area={text}", login="district", there="#problem:visible", named=False),
    Stop(name="figures in no way", path="/figures?by={text}&window={text}", login="district", there=".problem", named=False),
    Stop(name="nothing to do", path="/workspace", login="nobody", there="#calm:visible", named=False),
    Stop(name="no rights to a list", path="/workspace/visits", login="nobody", there=".problem", named=False),
    Stop(name="no such list", path="/workspace/{text}", login="district", there=".problem", named=False),
    Stop(name="a list of nowhere", path="/workspace/problems?area={text}", login="chief", there="#problem:visible",
         named=False),
    Stop(name="no such week", path="/workspace/reviews?area={text}", login="chief", there="#problem:visible", named=False),
    Stop(name="a list in no way", path="/workspace/problems?state={text}", login="chief", there=".problem", named=False),
    Stop(name="no wall", path="/wall", login="nobody", there="#again:visible", named=False, dark=True, size=SCREEN),
    Stop(name="nowhere on the wall", path="/wall?area={text}&shade={text}", login="viewer", there="#link.live", named=False,
         dark=True, size=SCREEN),
)  # fmt: skip
"""The same pages where there is nothing, or not for whoever asks, or the address says what nobody understands."""


class Round:
    """Somebody's way round the pages: a window for each person, all of one size, language and light."""

    def __init__(self, browser: Browser, town: TourTown, *, lang: str = "zh-CN", light: str = "light") -> None:
        self.browser, self.town, self.lang, self.light = browser, town, lang, light
        self.windows: dict[tuple[str, int], BrowserContext] = {}

    def window(self, login: str, size: dict[str, int]) -> BrowserContext:
        """Return somebody's window; it is opened, and they sign in, when it is asked for first."""
        key = (login, size["width"])
        if key not in self.windows:
            window = self.browser.new_context(
                viewport=size,
                locale=self.lang,
                color_scheme=self.light,
                base_url=str(self.town.hall.client.base_url),
                reduced_motion="reduce",
                timezone_id="Asia/Shanghai",
            )
            window.set_default_timeout(SOON_MS)
            if login:
                answer = window.request.post("/v1/session", data={"login": login, "password": PASSWORD})
                assert answer.status == 201, answer.text()
            self.windows[key] = window
        return self.windows[key]

    def open(self, stop: Stop, text: str = "", *, size: dict[str, int] | None = None) -> Watched:
        """Open a page and wait until it is there; whoever asked for it closes it."""
        watched = Watched(self.window(stop.login, size or stop.size or DESK).new_page())
        watched.page.goto(stop.address(self.town, text))
        watched.page.locator(stop.there).first.wait_for(state="attached" if "[hidden]" in stop.there else "visible")
        watched.settle()
        return watched

    def stir(self, stop: Stop, watched: Watched) -> Iterator[None]:
        """Have a page show what it shows on demand; stops at each state, when nothing is on its way to it any more."""
        for _ in stop.stir(watched.page, self.town):
            watched.settle()
            yield

    def close(self) -> None:
        """Shut all windows."""
        for window in self.windows.values():
            window.close()
