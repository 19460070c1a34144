"""Pages have room for words that are 40 % longer than the English ones: nothing is cut off, nothing lies on anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import api.pages.description
import api.pages.wall
import api.pages.words
import maps.words
from tests.maps.conftest import FRAMES
from tests.tour import DESK, SCREEN, STOPS, TELEPHONE, TROUBLES, Round

pytestmark = pytest.mark.browser

SMALL, ROW = {"width": 1366, "height": 768}, {"width": 3840, "height": 1080}
OURS = r"(?:\{\w+\})|[^\W\d_]+"

MEASURE = Path(__file__).with_name("measure.js").read_text(encoding="utf-8")


def longer(said: str) -> str:
    """Return a word 40 % longer; places to be filled stay."""

    def stretch(match: re.Match[str]) -> str:
        part = match[0]
        return part if part.startswith("{") else part + part[: round(0.4 * len(part))].lower()

    return re.sub(OURS, stretch, said)


@pytest.fixture(scope="module", autouse=True)
def long_words():
    """Have the service speak longer words instead of the English ones, while the pages of this file are looked at."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (api.pages.words, maps.words):
            usual = module.catalogue
            long = {"zh": usual("zh"), "en": {key: longer(said) for key, said in usual("en").items()}}
            patch.setattr(module, "catalogue", long.__getitem__)
        patch.setattr(api.pages.description, "catalogue", api.pages.words.catalogue)
        api.pages.wall._page.cache_clear()
        yield
    api.pages.wall._page.cache_clear()


@pytest.fixture
def way(chromium, town):
    """Go round the pages as a reader of the long language."""
    made = Round(chromium, town, lang="en-GB")
    yield made
    made.close()


NAMES = (
    "#place-rows, #late, #feed .what, #feed .where, #kinds span, .person, .me, #areas span, #chips b, #report-near b, "
    ".cell:is(.owner, .where, .title, .category, .no), #grids .name, "
    ":is([data-facet=grid], [data-facet=owner], [data-facet=department]) span, .rows-of-stands .what"
)
"""Names of the town's own, as long as they like: lists cut them off with dots, and say them whole where they are chosen."""


def test_there_is_room(way):
    """Every page has room for longer words: on a telephone as it opens, on a desk and a small screen with all that it shows."""
    found = {}

    def look(page, *sizes):
        for size in sizes:
            page.set_viewport_size(size)
            page.evaluate(FRAMES)
            told = page.evaluate(MEASURE, NAMES)
            if told:
                found.setdefault(stop.name, set()).update(f"{size['width']}: {each}" for each in told)

    for stop in STOPS:
        watched = way.open(stop, "nowhere", size=DESK)
        look(watched.page, TELEPHONE, SMALL, DESK)
        for _ in way.stir(stop, watched):
            look(watched.page, SMALL, DESK)
        watched.page.close()

    assert found == {}


@pytest.mark.parametrize(("size", "names"), [(SCREEN, {"wall", "desk", "editor"}), (ROW, {"wall"})], ids=["16:9", "32:9"])
def test_there_is_room_on_walls(way, size, names):
    """Pages that are made for large screens have room there."""
    found = {}
    for stop in STOPS:
        if stop.name in names:
            watched = way.open(stop, size=size)
            found[stop.name] = [each for _ in way.stir(stop, watched) for each in watched.page.evaluate(MEASURE, NAMES)]
            watched.page.close()

    assert found == {name: [] for name in names}


def test_there_is_room_for_trouble(way):
    """What went wrong, and that there is nothing, is said in whole sentences on a telephone too."""
    found = {}
    for stop in TROUBLES:
        watched = way.open(stop, "nowhere", size=TELEPHONE)
        if told := watched.page.evaluate(MEASURE, NAMES):
            found[stop.name] = told
        watched.page.close()

    assert found == {}


def test_too_little_room_is_seen(chromium):
    """A word that is cut off, one that sticks out, and two that lie on each other are found: what is not there is seen."""
    window = chromium.new_context(viewport=DESK)
    page = window.new_page()
    page.set_content(
        "<style>p { width: 40px; white-space: nowrap } .cut { overflow: hidden }"
        "b { position: absolute; top: 200px; left: 0 }</style>"
        "<p class=cut>Something that is cut off</p><p>Something that sticks out</p><b>one</b><b>two</b>"
    )
    told = page.evaluate(MEASURE, "")

    assert [each.split(":")[0].split()[-1] for each in told] == ["narrow", "narrow", "other"]
    window.close()


@pytest.mark.parametrize(("said", "long"), [("Grids", "Gridsgr"), ("{n} of {all}", "{n} ofo {all}"), ("", "")])
def test_words_get_longer(said, long):
    """Words are lengthened by two fifths, and what is filled into them is not."""
    assert longer(said) == long
