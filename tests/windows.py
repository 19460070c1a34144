"""Windows of Chromium for tests of pages that the service shows: one for each person, shut when the test ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.api.who.office import PASSWORD
from tests.maps.conftest import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    import httpx
    from playwright.sync_api import Browser, FloatRect, Locator, Page

SOON_MS = 8_000


@pytest.fixture
def window(chromium: Browser) -> Iterator[Callable[..., Watched]]:
    """Give the function that opens a page in a window of its own: where the service is, the page, who looks, and how."""
    contexts = []

    def open_page(
        base: httpx.URL | str,
        path: str,
        *,
        size: tuple[int, int] = (1440, 900),
        login: str = "",
        lang: str = "zh-CN",
        motion: str = "reduce",
        **more: Any,
    ) -> Watched:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=lang, base_url=str(base), reduced_motion=motion, **more
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


def is_ready(watched: Watched) -> Page:
    """Wait until a page that follows the service is there and does follow it."""
    expect(watched.page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    expect(watched.page.locator("#link.live")).to_be_visible()
    return watched.page


def box_of(locator: Locator) -> FloatRect:
    """Return where something in sight lies, in pixels of the window; what is drawn anew just then is looked at again."""
    for _ in range(10):
        if (box := locator.bounding_box()) is not None:
            return box
        locator.page.wait_for_timeout(50)
    raise AssertionError("it is not in sight")
