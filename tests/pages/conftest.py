"""The town that all pages are shown of; tests of a module share it, and it is nobody else's."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.api.who.office import PASSWORD
from tests.tour import SCREEN, SOON_MS
from tests.tour_town import TourTown, tour_town


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory) -> Iterator[TourTown]:
    """Serve the village."""
    with cluster.clone(template) as db, tour_town(db, tmp_path_factory.mktemp("home")) as made:
        yield made


def opened_wall(
    browser: Browser, town: TourTown, query: str = "", *, size: dict[str, int] = SCREEN, clock: bool = False
) -> Page:
    """Open the wall as the district and wait until it follows what happens; with `clock` its time can be put forward."""
    window = browser.new_context(
        viewport=size, locale="zh-CN", base_url=str(town.hall.client.base_url), reduced_motion="reduce"
    )
    window.set_default_timeout(SOON_MS)
    assert window.request.post("/v1/session", data={"login": "district", "password": PASSWORD}).status == 201
    page = window.new_page()
    if clock:
        page.clock.install()
    page.goto(f"/wall{query}")
    page.locator("#link.live").wait_for()
    return page
