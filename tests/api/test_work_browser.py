"""The workspace and its lists, in a real Chromium: everybody's own desk, and what each list shows of what `/v1` says."""

from __future__ import annotations

import csv
import io
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from api.incidents.early import warn
from api.pages.words import LANGUAGES, catalogue
from api.pages.work import NEEDS, PANELS, TO_WATCH
from api.pages.work_lists import LISTS
from api.who.workspace import LABELS, Workspace
from data.store.pool import connect
from tests.api.incidents.station import GRID, HERE, at, station_over
from tests.api.rounds.homes import POINTS, furnish
from tests.api.who.office import PASSWORD
from tests.published import DISTRICT, STREETS
from tests.stored import owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.api.incidents.station import Station

SOON_MS = 20_000
WIDE, NARROW = (1440, 900), (390, 844)
TEMPLATE = {
    "area": DISTRICT,
    "name": "网格评估",
    "target": "grid",
    "dimensions": [
        {"id": "handling", "name": "事件处置", "weight": 60, "metric": "finish_rate"},
        {"id": "visits", "name": "入户走访", "weight": 40, "metric": "visit_coverage"},
    ],
}


def done(answer) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def put(station: Station, who: str, address: str, body: dict[str, Any], method: str = "PUT") -> Any:
    return done(station.asks(who, method, address, json=body))


@pytest.fixture(scope="module")
def station(cluster, template, tmp_path_factory) -> Iterator[Station]:
    """A town where something waits for everybody, and for its second street nothing but visits."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as made:
        with owner(db.admin) as conn:
            furnish(conn)
        visited = {"grid": GRID, "target": {"kind": "household_point", "id": f"{GRID}-1"}, "purpose": "call"}
        put(made, "worker", "/v1/visits", visited, "POST")
        put(made, "district", "/v1/warning-rules", {"area": DISTRICT, "least": 3, "hours": 24})
        numbers = [made.reports()["no"] for _ in range(3)]
        with closing(connect(db.admin)) as conn:
            assert warn(conn, made.hall.now, today=made.hall.now.date()) == 1
        made.done("community", numbers[0], "accept", matter="0101")
        made.done("worker", numbers[0], "claim")
        for x in (50, 60, 300):
            put(made, "worker", "/v1/problem-points", {"kind": "dirty", **at(x, 200)}, "POST")
        put(made, "community", "/v1/problem-points/clusters", {"area": HERE, "within_m": 50}, "POST")
        first = done(made.asks("district", "GET", "/v1/problem-points/clusters"))["clusters"][-1]["id"]
        mending = {"department": "sanitation", "measure": "清运", "deadline": "2026-02-27"}
        seen = made.asks("district", "GET", f"/v1/problem-points/clusters/{first}").headers["ETag"]
        answer = made.asks(
            "community", "PUT", f"/v1/problem-points/clusters/{first}", json=mending, headers={"If-Match": seen}
        )  # fmt: skip
        done(answer)
        duty = {"name": "每周巡查", "kind": "patrol", "every": "week", "each": "grid", "valid_from": "2026-02-02"}
        put(made, "community", f"/v1/duties/{HERE}/rounds", duty)
        centre = {"area": HERE, "name": "中心", "level": "community", "kind": "service_center", "tenure": "rented"}
        put(
            made,
            "community",
            "/v1/stations/centre",
            centre | {"lon": at(50, 200)["lon"], "lat": at(50, 200)["lat"], "area_m2": 12.5},
        )
        put(made, "district", "/v1/assessments/grids", TEMPLATE)
        put(made, "district", "/v1/assessments/grids/months/2026-02", {}, "POST")
        put(made, "district", f"/v1/reviews/{DISTRICT}/2026-W08", {"comment": "来件平稳"})
        order = {"category": "care", "title": "装扶手", "community": HERE, "for_resident": True}
        put(made, "worker", "/v1/orders", order, "POST")
        called = made.at_street()
        made.done("street", called, "call", summary="多部门")
        to = [{"org": "sanitation", "lead": True, "mandatory": True}]
        made.done("district", called, "assign", departments=to)
        yield made


def came(page: Page) -> Page:
    """Wait until every part of a desk has what it asked for."""
    expect(page.locator('.part[aria-busy="true"]')).to_have_count(0, timeout=SOON_MS)
    return page


def listed(page: Page) -> Page:
    """Wait until a list has come, or that it is empty."""
    expect(page.locator("#table:not([hidden]), #none:not([hidden]), #problem:not([hidden])").first).to_be_visible(
        timeout=SOON_MS
    )
    return page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_desk_and_list_has_its_words(lang):
    """Each part of a desk, each list, each column and each word that narrows one is called something; each part has a right."""
    words = catalogue(lang)
    parts = {each for parts in PANELS.values() for each in parts} | set(TO_WATCH)
    wanted = {f"work.{what}.{each}" for each in parts for what in ("tile", "panel", "formula", "js.calm")}
    wanted |= {f"work.list.{name}{end}" for name in LISTS for end in ("", ".text")} | {f"work.nothing.{name}" for name in LISTS}
    for each in LISTS.values():
        wanted |= {f"work.column.{column.title or column.name}" for column in each.columns}
        for narrow in each.narrows:
            wanted |= {f"work.narrow.{narrow.name}"} | {f"work.word.{narrow.family}.{word}" for word in narrow.words}
    wanted |= {f"work.js.alarm.{name}" for name, each in LISTS.items() if each.alarm}
    assert wanted - words.keys() == set()
    assert set(PANELS) == set(Workspace)
    assert parts - LISTS.keys() - NEEDS.keys() == {"reported"}


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(
    ("login", "desk", "due"),
    [
        ("worker", Workspace.OPERATION, {"mine": "1", "visits": str(POINTS - 1), "duties": None}),
        ("community", Workspace.OPERATION, {"visits": str(3 * POINTS - 1), "problems": "2", "orders": "1"}),
        ("street", Workspace.COMMAND, {"warnings": "1", "calls": "1", "problems": "2", "facilities": None}),
        ("district", Workspace.COMMAND, {"warnings": "1", "calls": "1", "assessments": "1", "reviews": None}),
        ("office", Workspace.SERVICE, {"called_here": "1", "mine": "1"}),
        ("auditor", Workspace.AUDIT, {"log": None}),
    ],
)
def test_each_lands_at_their_own_desk(station, window, login, desk, due):
    """Whoever signs in comes to their own desk, with what waits for them counted; and nothing of it fails."""
    watched = window(station.hall.client.base_url, "/sign-in")
    page = watched.page
    page.locator("#login").fill(login)
    page.locator("#password").fill(PASSWORD)
    page.locator("#sign-in .go").click()
    page.wait_for_url("**/workspace")
    came(page)
    expect(page.locator("h1 .sub")).to_have_text(LABELS[desk]["zh"])
    assert [part.get_attribute("data-panel") for part in page.locator(".part").all()] == [
        # Workers in grids see no drafts.
        each
        for each in PANELS[desk]
        if (login, each) != ("worker", "plans")
    ]
    for part, count in due.items():
        tile = page.locator(f"[data-tile={part}] dd")
        expect(tile).to_have_text(count if count is not None else re.compile(r"^[1-9]"))
        expect(page.locator(f"#panel-{part} li").first).to_be_visible()
    expect(page.locator(".part .alarm")).to_have_count(0)
    assert all(tile.get_attribute("title") for tile in page.locator("[data-tile]").all())
    # Everything leads somewhere.
    for link in page.locator(".part a").all():
        href = link.get_attribute("href")
        assert page.request.get(href).ok, href
    assert watched.complaints == []


@pytest.mark.slow
@pytest.mark.browser
def test_who_has_nothing_due_is_told_so(station, window):
    """A desk on which nothing waits says that, calmly, and each of its parts too; one without any role says whom to ask."""
    station.hall.person("new")
    watched = window(station.hall.client.base_url, "/workspace", login="new")
    page = came(watched.page)
    expect(page.locator("#calm")).to_be_visible()
    expect(page.locator("#panel-reported [data-note]")).to_have_text(catalogue("zh")["work.js.calm.reported"])
    expect(page.locator(".shelf")).to_have_count(0)
    assert watched.complaints == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_screen_is_shown_where_to_look(station, window):
    """Who may only watch is told how many are open, and led to the wall; no list is offered, and nothing fails."""
    station.hall.person("screen", ("viewer", STREETS[0]))
    watched = window(station.hall.client.base_url, "/workspace", login="screen")
    page = came(watched.page)
    expect(page.locator("[data-tile=open] dd")).to_have_text(re.compile(r"^[1-9]"))
    expect(page.locator("#panel-open a[href$='/wall']")).to_be_visible()
    expect(page.locator(".shelf")).to_have_count(0)
    assert watched.complaints == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_part_that_fails_says_so_alone(station, window):
    """Where one address does not answer, its part says that it did not, and the others stand."""
    watched = window(station.hall.client.base_url, "/", login="street")
    page = watched.page
    page.route("**/v1/warnings?*", lambda route: route.fulfill(status=503, json={"title": "忙"}))
    page.goto("/workspace")
    came(page)
    expect(page.locator("#panel-warnings .alarm")).to_have_text("忙")
    expect(page.locator("[data-tile=warnings] dd")).to_have_text("—")
    expect(page.locator(".part .alarm")).to_have_count(1)
    expect(page.locator("#panel-problems li").first).to_be_visible()
    expect(page.locator("#calm")).to_be_hidden()


def answered(station, window, name: str, login: str, query: str) -> tuple[Page, Any, Any]:
    """Open a list as somebody; return its page, what the service answered it, and its window."""
    watched = window(station.hall.client.base_url, "/", login=login)
    path = LISTS[name].ask.partition("{")[0]
    with watched.page.expect_response(lambda answer: path in answer.url and "f=csv" not in answer.url) as heard:
        watched.page.goto(f"/workspace/{name}{query}")
    return listed(watched.page), heard.value.json(), watched


ASKED = {
    "visits": ("district", ""),
    "homes": ("worker", f"?grid={GRID}"),
    "duties": ("community", ""),
    "warnings": ("street", ""),
    "problems": ("community", ""),
    "assessments": ("district", "?code=grids&period=2026-02"),
    "reviews": ("district", f"?area={DISTRICT}"),
    "facilities": ("district", ""),
    "calls": ("office", ""),
    "orders": ("community", ""),
}
"""Who looks at each list that has something on it, and with what in the address."""


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("name", ASKED)
def test_a_list_shows_what_the_service_says(station, window, name):
    """A list has a line for each row of its address under /v1, no more and no other; its CSV has as many."""
    login, query = ASKED[name]
    page, told, watched = answered(station, window, name, login, query)
    rows = told[LISTS[name].rows]
    assert rows
    assert page.locator("#rows tr").count() == len(rows)
    shown = page.locator("#rows").inner_text()
    for row in rows:
        for column in LISTS[name].columns:
            value = row.get(column.name)
            if column.show in {"text", "code", "incident"} and value:
                assert str(value) in shown, (column.name, value)
    taken = page.request.get(page.locator("#count a").get_attribute("href"))
    assert "text/csv" in taken.headers["content-type"]
    lines = list(csv.DictReader(io.StringIO(taken.text().removeprefix("\ufeff"))))
    assert len(lines) == len(rows)
    assert watched.complaints == []


@pytest.mark.slow
@pytest.mark.browser
def test_what_narrows_a_list_survives_a_reload(station, window):
    """What is chosen, and how it is sorted, stands in the address: read again, the page is the same; and so is its CSV."""
    watched = window(station.hall.client.base_url, "/workspace/problems", login="street")
    page = listed(watched.page)
    assert page.locator("#rows tr").count() == 2
    expect(page.locator("#rows tr.late")).to_have_count(1)
    page.locator("[name=area]").select_option(HERE)
    page.locator("[name=state]").select_option("planned")
    page.locator("#ask button").click()
    page.wait_for_url(re.compile(rf"area={HERE}.*state=planned"))
    assert listed(page).locator("#rows tr").count() == 1
    expect(page.locator("#rows")).to_contain_text("环卫局")
    page.locator("th[data-column=points] button").click()
    assert "sort=-points" in page.url
    page.reload()
    listed(page)
    expect(page.locator("[name=state]")).to_have_value("planned")
    expect(page.locator("[name=area]")).to_have_value(HERE)
    expect(page.locator("th[data-column=points]")).to_have_attribute("aria-sort", "descending")
    assert page.locator("#rows tr").count() == 1
    expect(page.locator("#count a")).to_have_attribute("href", re.compile("state=planned"))
    assert watched.complaints == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_list_is_sorted_by_any_column(station, window):
    """Pressed, a column sorts the list by it, numbers from the largest; pressed again the other way round."""
    watched = window(station.hall.client.base_url, "/workspace/visits", login="district")
    page = listed(watched.page)
    head = page.locator("th[data-column=visited] button")
    column = 1 + [each.get_attribute("data-column") for each in page.locator("th[data-column]").all()].index("visited")
    numbers = lambda: [int(each) for each in page.locator(f"#rows td:nth-child({column})").all_inner_texts()]  # noqa: E731
    head.click()
    assert numbers() == sorted(numbers(), reverse=True)
    assert numbers()[0] == 1
    head.press("Enter")
    assert numbers() == sorted(numbers())
    page.locator(f"#rows a[href$='/homes?grid={GRID}']").click()
    page.wait_for_url(f"**/workspace/homes?grid={GRID}")
    assert listed(page).locator("#rows tr").count() == POINTS - 1
    assert watched.complaints == []


@pytest.mark.slow
@pytest.mark.browser
def test_assessments_rank_one_kind_of_target(station, window):
    """Targets of one kind are ranked, each dimension in a column of its own with its weight; the weights are 100 together."""
    page, told, _ = answered(station, window, "assessments", "district", "?code=grids&period=2026-02")
    assert {row["rank"] for row in told["results"]} >= {1}
    expect(page.locator("#weights")).to_contain_text("合计 100")
    expect(page.locator("th[data-column='dimensions.visits']")).to_contain_text("40")
    ranks = [each for each in page.locator("#rows td:first-child").all_inner_texts() if each != "—"]
    assert ranks == sorted(ranks, key=int)
    shown = page.locator("[name=code] option").all_inner_texts()
    assert all(catalogue("zh")["work.word.target.grid"] in each for each in shown)


@pytest.mark.slow
@pytest.mark.browser
def test_nothing_and_trouble_are_said(station, window):
    """An empty list says what it is empty of; an area that is not one's own, and a right that one has not, are told."""
    watched = window(station.hall.client.base_url, "/workspace/warnings?state=past", login="district")
    page = listed(watched.page)
    expect(page.locator("#none")).to_contain_text(catalogue("zh")["work.nothing.warnings"])
    expect(page.locator("#table")).to_be_hidden()
    assert watched.complaints == []
    page.goto("/workspace/reviews?area=nowhere")
    expect(listed(page).locator("#problem")).to_be_visible()
    assert page.request.get("/workspace/nothing").status == 404
    assert page.request.get("/workspace/warnings?state=ajar").status == 400
    other = window(station.hall.client.base_url, "/workspace", login="auditor").page
    assert other.request.get("/workspace/visits").status == 403


def test_strangers_sign_in_first_and_come_back(station):
    """Nobody in particular is sent to sign in, and from there to where they wanted to; who had no wish comes to their desk."""
    client = station.hall.client
    html = {"Accept": "text/html"}
    answer = client.get("/workspace/warnings?state=open", headers=html)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fworkspace%2Fwarnings%3Fstate%3Dopen")
    assert 'name="next" value="/workspace"' in client.get("/sign-in", headers=html).text
    with station.hall.browser("worker") as browser:
        assert browser.get("/sign-in", headers=html).headers["location"] == "/workspace"


SAID = {"homes": {"grid": GRID}, "assessments": {"period": "2026-02"}, "reviews": {"from": "2026-01-05", "to": "2026-03-03"}}
"""What the address of a list has to say."""
PAGED = ("homes", "called", "warnings", "problems", "calls", "orders")


@pytest.mark.parametrize("name", LISTS)
def test_lists_come_as_csv(station, name):
    """What is a list as JSON is a table as CSV, in one piece whatever `limit` says, with a line for each row."""
    address = LISTS[name].ask.format(code="grids", area=DISTRICT)
    said = SAID.get(name, {})
    rows = done(station.asks("district", "GET", address, params=said))[LISTS[name].rows]
    short = {"limit": 1} if name in PAGED else {}
    answer = station.asks("district", "GET", address, params=said | short | {"f": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert len(list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))) == len(rows)
    asked = station.asks("district", "GET", address, params=said | short, headers={"Accept": "text/csv"})
    assert asked.text == answer.text


def test_lists_are_narrowed_by_what_they_say(station):
    """Clusters come by their class, centres by whether they are large enough; the months of an assessment have a mean."""

    def clusters(**query):
        return done(station.asks("district", "GET", "/v1/problem-points/clusters", params=query))["clusters"]

    assert (len(clusters(kind="dirty")), clusters(kind="poor")) == (2, [])
    every = done(station.asks("district", "GET", "/v1/stations/facilities"))["centers"]
    for met in (True, False):
        some = done(station.asks("district", "GET", "/v1/stations/facilities", params={"met": met}))["centers"]
        assert some == [each for each in every if each["met"] is met]
    here = next(each for each in every if each["area"] == HERE)
    assert (here["area_m2"], here["tenure"]) == (12.5, {"allocated": 0, "rented": 1, "borrowed": 0})
    month = done(station.asks("district", "GET", "/v1/assessments/grids/results", params={"period": "2026-02"}))["results"]
    for each in month:
        assert each["dimensions"] == {part["id"]: part["points"] for part in each["by_month"][0]["dimensions"]}


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("name", ["", *ASKED])
def test_pages_fit_a_telephone(station, window, name):
    """On a narrow screen the page itself never scrolls sideways: wide tables do, in themselves."""
    login, query = ASKED.get(name, ("community", ""))
    page = window(station.hall.client.base_url, f"/workspace/{name}{query}".rstrip("/"), login=login, size=NARROW).page
    (listed if name else came)(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
