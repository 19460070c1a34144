"""A drawn town for the map tests, and a real Chromium to look at its page."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import shapely
from playwright.sync_api import ConsoleMessage, Dialog, Error, Page, Request

from gis.town import LineKind
from maps.grids import Areas, GridRows, Lines, PlanView, plan_page

SIZE = {"width": 1440, "height": 900}
STEP = 0.003
FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))"
"""Until a page has drawn twice: what came in is in use by then, and what that asks for is asked for."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: opens a page in a real Chromium")


def draw_quads(side: int, seed: int = 7) -> np.ndarray:
    """Draw side x side grids at 116°E 40°N: a lattice with shaken corners, so that every border is shared exactly."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(side + 1), np.arange(side + 1))
    corner = np.stack([x * STEP * 1.3, y * STEP], axis=-1) + rng.normal(0, STEP / 12, (side + 1, side + 1, 2)) + (116.2, 39.8)
    return np.array(
        [
            shapely.Polygon([corner[i, j], corner[i, j + 1], corner[i + 1, j + 1], corner[i + 1, j]])
            for i in range(side)
            for j in range(side)
        ],
        dtype=object,
    )


def draw_plan(side: int = 6, **changes) -> PlanView:
    """Draw a plan of one community: the second grid has 560 households (an exception), the fourth is a school."""
    quads = draw_quads(side) if side else np.empty(0, dtype=object)
    count = len(quads)
    households = np.full(count, 400)
    dedicated = np.zeros(count, dtype=bool)
    households[1:2] = 560
    dedicated[3:4] = True
    households[dedicated] = 0
    columns = {
        "code": tuple(f"110108001001{n + 1:03d}" for n in range(count)),
        "name": tuple(f"第{n + 1}网格" for n in range(count)),
        "dedicated": dedicated,
        "subtype": tuple("学校" if one else "" for one in dedicated),
        "community": ("清河社区",) * count,
        "street": ("清河街道",) * count,
        "households": households,
        "persons": households * 3,
        "area_m2": np.full(count, 52_000.0),
        "compactness": np.full(count, 0.78),
        "in_band": (households >= 300) & (households <= 500),
        "bounds_text": ("东至学府路，南至清河，西至安宁街，北至西三旗路",) * count,
        "bounds_text_en": ("East to Xuefu Rd, south to the Qing, west to Anning St, north to Xisanqi Rd",) * count,
        "exception": tuple("任何拆分都会低于下限" if n == 1 else "" for n in range(count)),
        "exception_en": tuple("Any split would fall below the minimum" if n == 1 else "" for n in range(count)),
        "polygon": quads,
    }
    columns |= {name: changes.pop(name) for name in list(changes) if name in columns}
    west, south, east, north = shapely.total_bounds(quads) if count else (116.2, 39.8, 116.21, 39.81)
    streets = [shapely.LineString([(west, y), (east, y)]) for y in np.linspace(south, north, 5)[1:-1]] if count else []
    lines = Lines(
        np.array([LineKind.MAIN_ROAD, LineKind.ROAD, LineKind.RIVER][: len(streets)], dtype=np.uint8),
        ("学府路", "安宁街", "清河")[: len(streets)],
        np.array(streets, dtype=object),
    )
    plan = {
        "title": "清河镇",
        "grids": GridRows(**columns),
        "minimum": 300,
        "target": 400,
        "maximum": 500,
        "communities": Areas(("清河社区",) * bool(count), np.array([shapely.union_all(quads)] * bool(count), dtype=object)),
        "compounds": Areas(("安宁里",) * bool(count), shapely.buffer(shapely.centroid(quads[:1]), STEP / 5)),
        "lines": lines,
        "attribution": "底图：本镇数据",
    }
    return PlanView(**(plan | changes))


@pytest.fixture
def plan() -> Callable[..., PlanView]:
    """Give the function that draws a plan."""
    return draw_plan


class Watched:
    """A page from disk with what it asked for and complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._waiting: set[Request] = set()
        page.on("request", self._ask)
        page.on("requestfinished", self._come)
        page.on("requestfailed", self._fail)
        page.on("pageerror", self._break)
        page.on("console", self._hear)
        page.on("dialog", self._refuse)

    def _ask(self, request: Request) -> None:
        self.requests.append(request.url)
        # The line on which events come in stays open.
        if "/v1/events" not in request.url:
            self._waiting.add(request)

    def _come(self, request: Request) -> None:
        self._waiting.discard(request)

    def _fail(self, request: Request) -> None:
        self._waiting.discard(request)
        # What is still asked for when the page is left, or when it asks something else itself, is dropped and no fault.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url}")

    def _break(self, error: Error) -> None:
        self.complaints.append(error.message)

    def _hear(self, message: ConsoleMessage) -> None:
        # Reading pixels, as a test does, is what Chromium would rather be told beforehand.
        if message.type in {"error", "warning"} and "willReadFrequently" not in message.text:
            self.complaints.append(message.text)

    def _refuse(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def settle(self) -> None:
        """Wait until whatever the page asked for has come, and it has done with it what it does."""
        asked = -1
        while self._waiting or asked != len(self.requests):
            asked = len(self.requests)
            if self._waiting:
                self.page.wait_for_timeout(10)
            self.page.evaluate(FRAMES)

    def pixels(self) -> list[list[int]]:
        """Return the map's pixels on a coarse lattice."""
        return self.page.evaluate(
            """() => {
                const canvas = document.querySelector('canvas.surface');
                const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                const found = [];
                for (let i = 0; i < data.length; i += 4 * 997) found.push([...data.slice(i, i + 4)]);
                return found;
            }"""
        )

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def click_grid(self, polygon: shapely.Polygon) -> None:
        """Click on the map where `polygon` lies."""
        centre = polygon.centroid
        at = self.page.evaluate(
            "([y, x]) => { const p = town_map.latLngToContainerPoint([y, x]); return [p.x, p.y]; }",
            [centre.y, centre.x],
        )
        box = self.page.locator(".folium-map").bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + at[0], box["y"] + at[1])


@pytest.fixture
def opened(chromium, tmp_path) -> Iterator[Callable[[PlanView], Watched]]:
    """Give the function that writes a plan's page to disk and opens it from there."""
    context = chromium.new_context(viewport=SIZE, reduced_motion="reduce")

    def open_plan(view: PlanView, lang: str = "zh") -> Watched:
        file = tmp_path / "map.html"
        file.write_text(plan_page(view, lang=lang), encoding="utf-8")
        watched = Watched(context.new_page())
        watched.page.goto(file.as_uri())
        watched.page.wait_for_selector("canvas.surface")
        return watched

    yield open_plan
    context.close()
