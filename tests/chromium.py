"""One Chromium for all tests of a process: a second one beside it is more than Playwright's synchronous way can bear."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "chromium", "chromium-browser", "google-chrome"]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium; where there is none, the tests that need it say so and are left out.

    For a module and no longer: as long as Playwright drives it, no other test of the process can run a loop of its own.
    """
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run the browser tests")
    # Most runs open no page.
    from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415

    with sync_playwright() as play:
        try:
            browser = play.chromium.launch(executable_path=path, args=FLAGS)
        except Error as error:
            pytest.skip(f"Chromium does not start here: {error.message.splitlines()[0]}")
        yield browser
        browser.close()
