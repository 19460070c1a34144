"""What the editor costs, counted and not timed: requests, bytes for a block, nodes, and what a stroke touches."""

import gzip
import json

import pytest
from playwright.sync_api import expect

from tests.api.editor.hand import SOON_MS, Hand

pytestmark = pytest.mark.browser

REQUESTS = {"/v1/session", "/assignments", "/blocks", "/comments"}
BYTES = 60
"""Of the packed document for a block of the village, its ground included."""
NODES = 700
"""Of the page, whatever the number of blocks; a grid has a row of 25 more."""


def test_the_page_costs_little(draft, browse):
    """The page asks four times, once each; a block costs few bytes and no node; a stroke sends what it moved."""
    asked = []
    watched = browse(draft)
    watched.page.wait_for_load_state("networkidle")
    watched.page.on("request", lambda request: asked.append(request) if "/v1/" in request.url else None)
    watched.page.reload()
    expect(watched.page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    watched.page.wait_for_load_state("networkidle")
    tails = [next(tail for tail in REQUESTS if request.url.endswith(tail)) for request in asked]
    assert sorted(tails) == sorted(REQUESTS)
    hand = Hand(watched)
    document = draft.hall.client.get(f"/v1/plans/{draft.plan}/blocks", headers=draft.planner).json()
    count = len(document["blocks"]["community"])
    assert len(gzip.compress(json.dumps(document["blocks"]).encode())) / count < BYTES
    rows = len(hand.tells("grids"))
    assert watched.page.evaluate("document.querySelectorAll('*').length") < NODES + 25 * rows
    assert watched.page.locator("path").count() < 80, "blocks are on a canvas, not in the document"

    hand.sizes("一块")
    hand.chooses(1)
    block, _ = hand.beside(1)
    hand.drags(block, block)
    asked.clear()
    hand.page.keyboard.press("Control+s")
    expect(hand.page.locator("#saved.clean")).to_be_visible(timeout=SOON_MS)
    sent = [request for request in asked if request.method == "PATCH"]
    assert len(sent) == 1
    assert json.loads(sent[0].post_data)["blocks"] == [[block, hand.grid(1)["id"]]]
