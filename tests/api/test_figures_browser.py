"""The page of figures, in a real Chromium: the figures of a place, of its parts, and of nobody else."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from api.pages.figures import GROUPS, OVERVIEW
from api.pages.words import LANGUAGES, catalogue
from api.stats.register import PANEL, REGISTER, STATS
from tests.journeys.test_profiles import filled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.api.v1.hall import Hall

LONG_MS = 60_000
DISTRICT = "370103"
WIDE, NARROW = (1440, 900), (390, 844)


@pytest.fixture(scope="module")
def hall(cluster, template, tmp_path_factory) -> Iterator[Hall]:
    """A district of 17 streets with exactly what its account says; a screen may watch it, and somebody sees one street."""
    with (
        cluster.clone(template) as db,
        pytest.MonkeyPatch.context() as patch,
        filled("shizhong", db, tmp_path_factory.mktemp("home"), patch) as (made, client),
    ):
        streets = client.get("/v1/panel", params={"area": DISTRICT, "metrics": "grids"}, timeout=60).json()["parts"]
        made.person("viewer", ("viewer", DISTRICT))
        made.person("street", ("street", streets[0]["code"]))
        made.person("two", ("street", streets[0]["code"]), ("street", streets[1]["code"]))
        made.person("nobody")
        brought = {"zh": "入户", "en": "Visits to homes", "until": "2025-01-01", "number": 150_000, "is_lower_bound": True}
        answer = client.put("/v1/stats/counters/visits", params={"area": DISTRICT}, json=brought)
        assert answer.is_success, answer.text
        yield made


def came(page: Page) -> Page:
    """Wait until every figure has come."""
    expect(page.locator("#loading")).to_be_hidden(timeout=LONG_MS)
    expect(page.locator("#body")).to_be_visible(timeout=LONG_MS)
    expect(page.locator("#parts-rows tr").first).to_be_visible(timeout=LONG_MS)
    expect(page.locator(".tally b", has_text="…")).to_have_count(0, timeout=LONG_MS)
    return page


def numbers(page: Page, line: str, column: int) -> list[int]:
    """Return the numbers of a column of the table in some of its lines."""
    said = page.locator(f"#parts-rows :is({line}) td:nth-of-type({column})").all_inner_texts()
    return [int(re.sub(r"[^\d]", "", each.split("\n")[0])) for each in said]


def test_every_figure_has_its_place():
    """Each figure of the register that areas have stands in one group of the page, and the overview repeats what is there."""
    told = {name for name, known in REGISTER.items() if known.told_at in {STATS, PANEL}}
    placed = [name for group, names in GROUPS.items() if group != OVERVIEW for name in names]
    assert sorted(placed) == sorted(told)
    assert set(GROUPS[OVERVIEW]) <= told
    assert all(len({REGISTER[name].told_at for name in names}) == 1 for names in GROUPS.values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_part_of_a_figure_has_a_word(lang):
    """What stands beside a figure (how old what is late is, with whom it was mediated) is called something."""
    parts = {part for known in REGISTER.values() for part in known.metric.parts}
    assert {part for part in parts if f"figures.part.{part}" not in catalogue(lang)} == set()


@pytest.mark.slow
@pytest.mark.browser
def test_a_district_sees_its_figures_and_goes_down(hall, window):
    """The page tells the district's figures to the digit, with their numbers; its streets add up to it, and so do theirs."""
    watched = window(hall.client.base_url, "/figures?show=staff", login="official")
    page = came(watched.page)
    expect(page.locator(".crumbs [aria-current]")).to_have_text(page.locator("#title").inner_text())
    for figure, text, made in (
        ("grids", "1,157", ""),
        ("full_time_filled", "63.0 %", "592 ÷ 939"),
        ("full_time_gap", "347", ""),
        ("yuan_per_worker", "62,500", "37,000,000 ÷ 592"),
    ):
        cell = page.locator(f"#place [data-figure={figure}] td")
        expect(cell.locator("b")).to_have_text(text)
        expect(cell.locator("small")).to_have_text(made)
    expect(page.locator("#place [data-figure=grids] .parts")).to_have_text("居民区 939 · 专属 218")
    expect(page.locator("#headline [data-figure=grids] dd")).to_have_text("1,157")
    nothing = page.locator("#cases [data-figure=resolution_rate] td")
    expect(nothing.locator("b")).to_have_text("—")
    expect(nothing.locator("small")).to_have_text("分母为零，不计算")

    expect(page.locator("#parts-rows [data-code]")).to_have_count(17)
    gap = 1 + GROUPS["staff"].index("full_time_gap")
    assert numbers(page, ".whole", gap) == [347]
    assert sum(numbers(page, "[data-code]", gap)) == 347
    name = page.locator("#parts-rows [data-code] a").first.inner_text()
    (below,) = numbers(page, "[data-code]:nth-child(2)", gap)

    page.locator("#parts-rows [data-code] a").first.click()
    page = came(page)
    expect(page.locator("#title")).to_have_text(name)
    assert numbers(page, ".whole", gap) == [below]
    assert sum(numbers(page, "[data-code], .elsewhere", gap)) == below
    page.locator(".crumbs a", has_text=re.compile(r"\S")).last.click()
    expect(came(page).locator("#place [data-figure=grids] b")).to_have_text("1,157")
    assert watched.complaints == []


@pytest.mark.slow
@pytest.mark.browser
def test_what_was_done_is_told_beside_what_there_is(window, db, tmp_path, monkeypatch):
    """1,920 of 2,027 disputes resolved and 4,124 of 4,200 orders finished stand side by side; streets and categories add up."""
    with filled("yunyang", db, tmp_path, monkeypatch) as (made, _):
        watched = window(made.client.base_url, "/figures?show=disputes", login="official")
        page = came(watched.page)
        for place, figure, text, of in (
            ("#cases", "resolution_rate", "94.7 %", "1,920 ÷ 2,027"),
            ("#place", "order_finish_rate", "98.2 %", "4,124 ÷ 4,200"),
        ):
            cell = page.locator(f"{place} [data-figure={figure}] td")
            expect(cell.locator("b")).to_have_text(text)
            expect(cell.locator("small")).to_have_text(of)
        expect(page.locator("#headline [data-figure=resolution_rate] dd")).to_have_text("94.7 %")
        for by in ("", "category", "grid"):
            page.locator("[name=by]").select_option(by)
            page.locator("#ask button").click()
            came(page)
            assert len(numbers(page, "[data-code]", 1)) > 0
            assert sum(numbers(page, "[data-code], .elsewhere", 1)) == numbers(page, ".whole", 1)[0] == 1920
        assert watched.complaints == []


@pytest.mark.slow
@pytest.mark.browser
def test_the_table_that_is_taken_is_the_one_that_is_shown(hall, window):
    """The CSV beside a table has its columns, its lines and its numbers."""
    watched = window(hall.client.base_url, "/figures?show=staff", login="official", lang="en-GB")
    page = came(watched.page)
    href = page.locator("#parts-count a").get_attribute("href")
    lines = page.request.get(href).text().removeprefix("\ufeff").splitlines()
    assert len(lines) == 1 + 1 + 17 + 1  # what they are called, the district, its streets, and what is in none
    column = lines[0].split(",").index("figures.full_time_gap.value")
    gap = 1 + GROUPS["staff"].index("full_time_gap")
    assert [int(line.split(",")[column]) for line in lines[2:19]] == numbers(page, "[data-code]", gap)
    assert watched.complaints == []


@pytest.mark.slow
@pytest.mark.browser
def test_what_was_brought_along_and_weeks(hall, window):
    """Numbers from before are told as what they are, at least so many; weeks that nobody has said anything about say so."""
    watched = window(hall.client.base_url, "/figures?window=month", login="official")
    page = came(watched.page)
    expect(page.locator("#counters-rows [data-code=visits] b")).to_have_text("15万余")
    expect(page.locator("#reviews-rows tr").nth(1)).to_be_visible()
    page.locator(".tabs a", has_text="在办与超期").click()
    expect(page).to_have_url(re.compile(r"window=month.*show=open#parts$"))
    expect(came(page).locator("#parts-heads th")).to_have_text(["名称", "在办", "超期未结"])
    page.locator("[name=by]").select_option("board")
    page.get_by_role("button", name="查看").click()
    expect(came(page).locator("#parts-rows [data-code] th")).to_have_text(["经济发展", "民生服务", "党的建设", "平安法治"])
    day = (hall.now - timedelta(days=3)).date().isoformat()
    page.locator("[name=at]").fill(day)
    page.get_by_role("button", name="查看").click()
    came(page)
    assert dict(httpx.URL(page.url).params) == {"area": DISTRICT, "show": "open", "window": "month", "at": day, "by": "board"}
    assert watched.complaints == []


@pytest.mark.slow
@pytest.mark.browser
def test_everybody_sees_their_own(hall, window):
    """A screen sees incidents alone; whoever has one street begins there and goes no higher; of two, each is one step away."""
    viewer = window(hall.client.base_url, "/figures", login="viewer")
    page = came(viewer.page)
    expect(page.locator("#place-shut")).to_be_visible()
    expect(page.locator("#place [data-figure]")).to_have_count(0)
    expect(page.locator("#headline [data-figure=grids]")).to_have_count(0)

    street = window(hall.client.base_url, "/figures", login="street")
    page = came(street.page)
    expect(page.locator("#level")).to_have_text("街道")
    expect(page.locator(".crumbs a")).to_have_text(["首页", "统计指标"])
    expect(page.locator("#roots")).to_be_hidden()

    two = window(hall.client.base_url, "/figures", login="two")
    page = came(two.page)
    links = page.locator("#roots li a")
    expect(links).to_have_count(2)
    name = links.last.inner_text()
    links.last.click()
    expect(came(page).locator("#title")).to_have_text(name)
    assert viewer.complaints == street.complaints == two.complaints == []


@pytest.mark.slow
@pytest.mark.browser
def test_what_is_refused_is_said(hall, window):
    """Without a right, outside one's area, or of a day that is to come, the page says why, and shows no figure."""
    for login, address, place in (
        ("nobody", "/figures", "#problem"),
        ("street", f"/figures?area={DISTRICT}", "#problem"),
        ("official", "/figures?area=nowhere", "#problem"),
        ("official", "/figures?at=2099-01-01", ".problem"),
        ("official", "/figures?window=decade", ".problem"),
    ):
        page = window(hall.client.base_url, address, login=login).page
        expect(page.locator(place)).to_be_visible()
        expect(page.locator(place)).not_to_be_empty()
        expect(page.locator("[data-figure]")).to_have_count(0)
    stranger = window(hall.client.base_url, "/figures?show=staff&window=month")
    expect(stranger.page).to_have_url(re.compile(r"/sign-in\?next=%2Ffigures%3Fshow%3Dstaff%26window%3Dmonth$"))


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("lang", ["zh-CN", "en-GB"])
def test_it_fits_a_telephone(hall, window, lang):
    """On a telephone nothing of the page is wider than the screen."""
    watched = window(hall.client.base_url, "/figures?show=service", login="official", size=NARROW, lang=lang)
    page = came(watched.page)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    assert watched.complaints == []
