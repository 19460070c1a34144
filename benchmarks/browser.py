"""The real Chromium that pages are timed in: how it is started, when a page is there, what it holds."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Generator

    from playwright.sync_api import Browser, Page

CHROMIUM = "/usr/bin/chromium"
ARGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--enable-precise-memory-info",
)  # fmt: skip
READY = """() => new Promise((done, fail) => {
  const look = () => {
    if (window.ready || document.getElementById("cover")?.hidden)
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
    else if (performance.now() > 60_000) fail(new Error("the page did not come up"));
    else setTimeout(look, 5);
  };
  look();
})"""


@contextmanager
def chromium() -> Generator[Browser]:
    """Start it, without a graphics card, until the end of the block."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))


def ready_s(page: Page) -> float:
    """Wait for the second frame after a page has taken its cover away; return the seconds since its navigation began."""
    return float(page.evaluate(READY)) / 1000


def heap_mb(page: Page) -> float:
    """Return what a page's scripts hold after a collection, in megabytes."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return float(page.evaluate("performance.memory.usedJSHeapSize")) / 1e6
