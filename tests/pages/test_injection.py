"""Whatever people write is text on every page: nothing of it runs, loads or leads anywhere, in a real Chromium.

The channels are those of `RENAMED` (tests/tour_town.py), addresses of pages, and files that are opened from disk.
Stock folium, which runs most of them, shows that this test would see it.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import folium
import jinja2
import pytest

from maps.canvas import vendored
from maps.grids import plan_page
from tests.maps.conftest import Watched, draw_plan
from tests.tour import STOPS, TROUBLES, Round, Stop

if TYPE_CHECKING:
    from tests.tour_town import TourTown

pytestmark = pytest.mark.browser

PAYLOADS = {
    "picture": "<img src=x onerror=ran()>",
    "script": "</script><script>ran()</script>",
    "template": "${ran()}",
    "braces": "{{7*7}}{%set x=1%}{{ran()}}",
    "drawing": "'\"><svg onload=ran()>",
    "link": "javascript:ran()",
    "anchor": "<a href='javascript:ran()'>here</a>",
    "ticks": "`+ran()+`\\",
    "comment": "<!--<script>ran()",
    "lines": "one\u2028ran()\u2029two",
    "marks": "\u202eran()\u2067&lt;b&gt;\u2069",
    "elsewhere": "<img src=//elsewhere><link rel=stylesheet href=//elsewhere>",
}
PARTS = {
    "elements": ("picture", "drawing", "script", "comment"),
    "addresses": ("anchor", "elsewhere"),
    "code": ("template", "braces", "marks", "lines", "ticks"),
    "link": ("link",),
}
ROUNDS = {name: " ".join(PAYLOADS[part] for part in parts) for name, parts in PARTS.items()}
"""The same in as few names as there is room for: none hides another of its round (`test_rounds_hide_nothing`)."""
REPORT = "window.ran = () => { window.hasRun = true; };"
"""What the payloads call: it is there before the page is, and no policy of the page's keeps it from being called."""
FOREIGN = "img[src='x'], img[src*='elsewhere'], link[href*='elsewhere'], [onload], [onerror], a[href^='javascript' i], iframe"


def faults(watched: Watched, base: str) -> list[str]:
    """Say what a page did that it should not: ran a payload, complained, asked elsewhere, or made elements of text."""
    found = list(watched.complaints)
    page = watched.page
    if page.evaluate("window.hasRun === true"):
        found.append("it ran")
    found += [f"asked {url}" for url in watched.requests if not url.startswith((base, "data:"))]
    found += [f"made {node.evaluate('node => node.outerHTML')[:80]}" for node in page.locator(FOREIGN).all()]
    return found


@pytest.fixture
def way(chromium, town):
    """Go round the pages as a reader of Chinese."""
    made = Round(chromium, town)
    yield made
    made.close()


def called(town: TourTown, name: str) -> str:
    """Call everything by the name of a round; return it."""
    town.call_all(ROUNDS[name], [PAYLOADS[part] for part in PARTS[name]])
    return ROUNDS[name]


@pytest.mark.parametrize("name", ROUNDS)
def test_names_run_nowhere(town, way, name):
    """Every page on which everything is called so shows the name letter by letter, and does nothing else with it."""
    text = called(town, name)
    base = str(town.hall.client.base_url)
    found = {}
    for stop in STOPS:
        way.window(stop.login, stop.size or {"width": 1440, "height": 900}).add_init_script(REPORT)
        watched = way.open(stop, text)
        for _ in way.stir(stop, watched):
            pass
        told = faults(watched, base)
        if stop.named and text not in watched.page.locator("body").text_content():
            told.append("the name is not shown")
        if told:
            found[stop.name] = told
        watched.page.close()

    assert found == {}


@pytest.mark.parametrize("text", ROUNDS.values(), ids=ROUNDS.keys())
def test_addresses_run_nowhere(town, way, text):
    """What an address holds, as a path, a parameter, its name, or the place to go on to, runs on no page and in no problem."""
    base = str(town.hall.client.base_url)
    found = {}
    for stop in TROUBLES:
        way.window(stop.login, stop.size or {"width": 1440, "height": 900}).add_init_script(REPORT)
        watched = way.open(stop, text)
        # That a page answers 404 is what Chromium calls a failure of the page.
        watched.complaints = [said for said in watched.complaints if "Failed to load resource" not in said]
        if told := faults(watched, base):
            found[stop.name] = told
        watched.page.close()

    assert found == {}


def test_going_on_stays_here(town, way):
    """Where somebody goes after signing in is this service, whatever the address of the form says."""
    for next_page in ("javascript:ran()", "//elsewhere.example/", "https://elsewhere.example/", "/\\elsewhere.example"):
        window = way.browser.new_context(base_url=str(town.hall.client.base_url))
        page = window.new_page()
        page.goto(f"/sign-in?next={next_page}")
        assert page.locator("#sign-in").get_attribute("data-onward") == "/"
        window.close()


TAKEN = ("/command/export.html", "/sheet/{grid}?format=svg&show=names,phones,internal", "/sheet/stations/s1?format=svg")
"""What a person takes away as a file that a browser opens."""


def a_plan(text: str, folder: Path) -> Path:
    """Write a plan's page on which everything is called so."""
    view = draw_plan(
        2, title=text, attribution=text, code=(text, "B", "C", "D"), name=(text,) * 4, subtype=(text,) * 4,
        community=(text,) * 4, street=(text,) * 4, bounds_text=(text,) * 4, bounds_text_en=(text,) * 4,
        exception=(text, "", "", ""), exception_en=(text, "", "", ""),
    )  # fmt: skip
    file = folder / "map.html"
    file.write_text(plan_page(view), encoding="utf-8")
    return file


@pytest.fixture
def from_disk(chromium):
    """Give the function that opens a file from disk."""
    window = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    window.add_init_script(REPORT)

    def open_file(file: Path) -> Watched:
        watched = Watched(window.new_page())
        watched.page.goto(file.as_uri())
        return watched

    yield open_file
    window.close()


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_plan_s_file_runs_nothing(from_disk, tmp_path, text):
    """A plan's page that is opened from disk asks for itself alone, and nothing that it shows runs."""
    file = a_plan(text, tmp_path)
    watched = from_disk(file)
    watched.press("e", "c", "l", "c", "l")
    assert text in watched.page.locator("#card").text_content()
    watched.settle()

    assert faults(watched, file.as_uri()) == []


@pytest.mark.parametrize("name", ROUNDS)
def test_what_is_taken_away_runs_nothing(town, way, from_disk, tmp_path, name):
    """The desk as a file, and sheets as SVG, show such names as they are written; opened from disk, nothing of them runs."""
    text = called(town, name)
    window = way.window("chief", {"width": 1440, "height": 900})
    for path in TAKEN:
        answer = window.request.get(Stop(name="", path=path).address(town))
        assert answer.ok, answer.text()
        file = tmp_path / ("taken.svg" if "svg" in path else "taken.html")
        file.write_bytes(answer.body())
        watched = from_disk(file)
        if file.suffix == ".html":
            watched.page.locator("#rows .row").first.click()
            shown = watched.page.locator("body").text_content()
        else:
            shown = "".join(watched.page.locator("svg title, svg desc, svg text, svg metadata").all_text_contents())
        watched.settle()

        assert faults(watched, file.as_uri()) == []
        assert text in shown
        watched.page.close()


STOCK = {
    "a tooltip of markup": ("tooltip", PAYLOADS["picture"]),
    "a tooltip of a template": ("tooltip", PAYLOADS["template"]),
    "a tooltip that ends its script": ("tooltip", PAYLOADS["script"]),
    "an icon of markup": ("icon", PAYLOADS["drawing"]),
}


@pytest.mark.parametrize(("channel", "text"), STOCK.values(), ids=STOCK.keys())
def test_stock_folium_is_seen_to_run(chromium, channel, text):
    """The same payloads do run on folium's own map, and what they do is seen: a page that runs nothing is no blind spot."""
    drawn = folium.Map([36.6, 117.0], zoom_start=12, tiles=None)
    given = {"tooltip": text} if channel == "tooltip" else {"icon": folium.DivIcon(html=text)}
    folium.Marker([36.6, 117.0], **given).add_to(drawn)
    html = drawn.get_root().render()
    window = chromium.new_context(viewport={"width": 1440, "height": 900})
    window.add_init_script(REPORT)

    def lend(route):
        # Of what folium links, Leaflet is here; of the rest nothing is needed, and nothing is asked of the network.
        name = Path(urlsplit(route.request.url).path).name
        if name == "stock.html":
            route.fulfill(body=html, content_type="text/html")
        elif name in {"leaflet.js", "leaflet.css"}:
            route.fulfill(body=vendored(f"vendor/leaflet/{name}"))
        else:
            route.fulfill(body=b"", content_type="text/plain")

    window.route("**/*", lend)
    watched = Watched(window.new_page())
    watched.page.goto("http://stock.example/stock.html")
    marker = watched.page.locator(".leaflet-marker-icon")
    if marker.count():
        marker.first.hover(force=True)
    watched.page.wait_for_function("window.hasRun === true")

    assert "it ran" in faults(watched, "http://stock.example")
    window.close()


SINKS = {
    "markup": lambda text: f"<p id=shown>{text}</p>",
    "a template": lambda text: f"<p id=shown>{escape(jinja2.Template(text).render(ran=lambda: 'ran'))}</p>",
    "an attribute": lambda text: f"<p title='{text}'>x</p>",
    "another attribute": lambda text: f'<p title="{text}">x</p>',
    "a script's string": lambda text: f'<script>const it = "{text}";</script>',
    "a script's other string": lambda text: f"<script>const it = '{text}';</script>",
    "a script's template": lambda text: f"<script>const it = `{text}`;</script>",
    "a script's remark": lambda text: f"<script>// {text}\n</script>",
    "an address": lambda text: f'<a href="{text}" id="go">x</a>',
}
"""Places of a page where text that nobody looks after comes to life, or is not itself any more."""


@pytest.fixture
def notices(chromium):
    """Give the function that says whether a round would notice what becomes of a text in such a place."""
    window = chromium.new_context()
    window.add_init_script(REPORT)
    bodies = []
    here = "http://sink.example/"
    window.route("**/*", lambda route: route.abort())
    window.route(here, lambda route: route.fulfill(body=bodies[-1], content_type="text/html; charset=utf-8"))
    watched = Watched(window.new_page())
    page = watched.page

    def say(sink: str, text: str) -> bool:
        try:
            bodies.append(SINKS[sink](text))
        except jinja2.TemplateError:
            return True
        watched.complaints.clear()
        watched.requests.clear()
        page.goto(here)
        if page.locator("#go[href^=javascript]").count():
            page.locator("#go").click()
        watched.settle()
        is_other = page.locator("#shown").count() and text not in (page.locator("#shown").text_content() or "")
        return bool(faults(watched, here) or is_other)

    yield say
    window.close()


def test_rounds_hide_nothing(notices):
    """Wherever one name alone would be noticed, so is the round that it goes with; and there is such a place for each."""
    found = {sink: {name for name, text in PAYLOADS.items() if notices(sink, text)} for sink in SINKS}
    hidden = [
        f"{sink}: {name}"
        for sink, names in found.items()
        for name, parts in PARTS.items()
        if names & {*parts} and not notices(sink, ROUNDS[name])
    ]

    assert hidden == []
    assert set().union(*found.values()) == PAYLOADS.keys()
