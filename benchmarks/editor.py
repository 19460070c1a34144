"""The planner's editor with many blocks, in a real Chromium: how soon it is there, what it holds, what a stroke's step takes.

    .venv/bin/python benchmarks/editor.py [--blocks 20736] [--rounds 3] [--picture FILE]

The peer is a page of the same library on the same ground in the same run: Leaflet with one polygon for each block on a
shared canvas, which only draws: it counts no households, no pieces, and has no table. "Ready" is from the navigation's start
to the second frame after the page has drawn its map; the heap is what is left after the browser was asked to collect. A step
is what one movement of the mouse costs in the page's thread, for the same blocks: of ours with all that follows from it
(totals, pieces, the table, the picture), of the peer the new style and the picture.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from browser import chromium, heap_mb, ready_s

from maps.canvas import vendored
from maps.editor import editor_page

if TYPE_CHECKING:
    from collections.abc import Generator

    from playwright.sync_api import Browser, Page, ViewportSize

SIZE: ViewportSize = {"width": 1440, "height": 900}
WEST, SOUTH = 117_000_000, 36_650_000
WIDE, HIGH = 550, 450
"""A block, in micro-degrees: some 50 m by 50 m."""
PER_GRID, PER_COMMUNITY = 8, 24
"""Blocks along a side of each."""
IN_COMPOUNDS = 0.6
STEPS = 60
PEER = """<!doctype html><meta charset="utf-8"><title>peer</title><link rel="icon" href="data:,">
<style>html, body, #map { height: 100%%; margin: 0 }</style><style>%(css)s</style>
<div id="map"></div><script>%(js)s</script><script>
(async () => {
  const data = await (await fetch("/v1/plans/p/blocks")).json();
  const now = await (await fetch("/v1/plans/p/assignments")).json();
  const fills = ["#fcf1cb", "#a8c0e6", "#d5ebd8", "#dfbfa8", "#c2e8f5", "#bebbc8"];
  const map = L.map("map", { zoomAnimation: false, attributionControl: false });
  const renderer = L.canvas();
  const [west, south] = data.origin;
  window.polygons = [];
  const all = L.latLngBounds([]);
  const layers = data.blocks.shape.map((rings, block) => {
    const at = rings.map((ring) => {
      const found = [];
      for (let i = 0, x = west, y = south; i < ring.length; i += 2) {
        x += ring[i];
        y += ring[i + 1];
        found.push([y / 1e6, x / 1e6]);
      }
      return found;
    });
    const colour = fills[now.grids[now.of_block[block]].colour];
    return L.polygon(at, { renderer, color: "#2d3e50", weight: 1, fillColor: colour, fillOpacity: 1 });
  });
  for (const layer of layers) all.extend(layer.getBounds());
  map.fitBounds(all);
  for (const layer of layers) layer.addTo(map);
  window.polygons = layers;
  window.step = (blocks, fill) => {
    const from = performance.now();
    for (const block of blocks) layers[block].setStyle({ fillColor: fill });
    renderer._redraw();
    return performance.now() - from;
  };
  window.ready = true;
})();
</script>"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=20_736)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--picture", type=Path, help="where a picture of the editor goes")
    wanted = parser.parse_args()
    side = max(1, round(math.sqrt(wanted.blocks) / PER_COMMUNITY)) * PER_COMMUNITY
    blocks, now = ground(side)
    packed = gzip.compress(json.dumps(blocks).encode(), 5)
    with _served(packed, now) as base, chromium() as browser:
        found: dict[str, list[tuple[float, float, float, float]]] = {"ours": [], "Leaflet": []}
        for _ in range(wanted.rounds):  # in turns: whatever else the machine does meets both
            found["ours"].append(_ours(browser, base, wanted.picture))
            found["Leaflet"].append(_peer(browser, base, side))
    print(f"{side * side:,} blocks, {len(now['grids'])} grids, {len(packed) / 1e3:,.0f} kB gzip; medians of {wanted.rounds}\n")
    print("| page | ready s | heap MB | step ms | slowest step ms |\n|---|---|---|---|---|")
    for name, rounds in found.items():
        ready, heap, step, slowest = (median(column) for column in zip(*rounds, strict=True))
        print(f"| {name} | {ready:.2f} | {heap:.1f} | {step:.2f} | {slowest:.1f} |")


def _ours(browser: Browser, base: str, picture: Path | None) -> tuple[float, float, float, float]:
    page, ready, heap = _open(browser, f"{base}/edit/p")
    page.keyboard.press("1")
    page.keyboard.press("Home")
    page.evaluate("window.__editor.map.setZoom(window.__editor.map.getZoom() + 2, { animate: false })")
    box = page.locator(".folium-map").bounding_box()
    if box is None:
        msg = "the page shows no map"
        raise RuntimeError(msg)
    # The middle is a corner of four communities: the grid beside it grows into the two next to it.
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.keyboard.down("Alt")
    page.mouse.click(x + 60, y + 60)
    page.keyboard.up("Alt")
    before = page.evaluate("window.__editor.took")
    page.mouse.move(x + 200, y + 60)
    page.mouse.down()
    page.mouse.move(x + 440, y + 150, steps=STEPS)
    page.mouse.up()
    if page.evaluate("window.__editor.steps.done") != 1:
        msg = "the stroke painted nothing"
        raise RuntimeError(msg)
    took = page.evaluate("window.__editor.took")
    if picture is not None:
        page.screenshot(path=picture)
    page.context.close()
    return ready, heap, (took["all_ms"] - before["all_ms"]) / (took["steps"] - before["steps"]), took["most_ms"]


def _peer(browser: Browser, base: str, side: int) -> tuple[float, float, float, float]:
    page, ready, heap = _open(browser, f"{base}/peer")
    middle = side * (side // 2) + side // 2
    times = page.evaluate(
        """([first, steps]) => [...Array(steps).keys()].map((i) => {
          const block = first + (i % 8);
          return window.step([block, block + 1], i % 2 ? "#bebbc8" : "#d5ebd8");
        })""",
        [middle, STEPS],
    )
    page.context.close()
    return ready, heap, sum(times) / len(times), max(times)


def _open(browser: Browser, address: str) -> tuple[Page, float, float]:
    """Open a page in a new window; return it, after how many seconds it was there, and the megabytes that it holds."""
    page = browser.new_context(viewport=SIZE, locale="zh-CN").new_page()
    page.goto(address)
    ready = ready_s(page)
    page.wait_for_timeout(1500)
    return page, ready, heap_mb(page)


@contextmanager
def _served(packed: bytes, now: dict[str, Any]) -> Generator[str]:
    """Serve both pages and what they read, as the service would; the page's own work is what is measured."""
    says = {"zh": {}, "en": {}}
    ours = editor_page(root="", plan="p", lang="zh", zone="Asia/Shanghai", today="2026-01-01", says=says)
    peer = PEER % {
        "css": vendored("vendor/leaflet/leaflet.css").decode(),
        "js": vendored("vendor/leaflet/leaflet.js").decode(),
    }
    html, plain = "text/html; charset=utf-8", "application/json"
    answers = {
        "/edit/p": (html, gzip.compress(ours.encode())),
        "/peer": (html, gzip.compress(peer.encode())),
        "/v1/session": (plain, gzip.compress(b'{"person": "p"}')),
        "/v1/plans/p/blocks": (plain, packed),
        "/v1/plans/p/assignments": (plain, gzip.compress(json.dumps(now).encode())),
        "/v1/plans/p/comments": (plain, gzip.compress(b'{"comments": []}')),
    }

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            media, body = answers.get(self.path, (plain, gzip.compress(b"{}")))
            self.send_response(200 if self.path in answers else 404)
            for name, value in (("Content-Type", media), ("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def ground(side: int, seed: int = 3) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw `side` x `side` blocks as the service tells them: a lattice with shaken corners, so that every border is shared."""
    rng = np.random.default_rng(seed)
    column, row = np.meshgrid(np.arange(side + 1), np.arange(side + 1))
    shake = rng.normal(0, 0.1, (2, *column.shape))
    corner = np.stack([(column + shake[0]) * WIDE, (row + shake[1]) * HIGH], axis=-1).round().astype(int)
    rows, columns = np.divmod(np.arange(side * side), side)
    ring = np.stack(
        [corner[rows, columns], corner[rows, columns + 1], corner[rows + 1, columns + 1], corner[rows + 1, columns]], 1
    )
    steps = np.diff(ring, axis=1, prepend=np.zeros((side * side, 1, 2), int)).reshape(side * side, 8)
    across = side // PER_COMMUNITY
    community = (rows // PER_COMMUNITY) * across + columns // PER_COMMUNITY
    grids_across = side // PER_GRID
    grid = (rows // PER_GRID) * grids_across + columns // PER_GRID
    number = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate([
        np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()], 1),
        np.stack([number[:-1].ravel(), number[1:].ravel()], 1),
    ])  # fmt: skip
    pairs = pairs[community[pairs[:, 0]] == community[pairs[:, 1]]]
    households = rng.poisson(400 / PER_GRID**2, side * side)
    squares = [(r, c) for r in range(across) for c in range(across)]
    outlines = [
        np.array([corner[r * PER_COMMUNITY + i, c * PER_COMMUNITY + j] for i, j in _around(PER_COMMUNITY)]) for r, c in squares
    ]
    borders = [_steps(np.concatenate([line, line[:1]])) for line in outlines]
    every = range(0, side + 1, PER_COMMUNITY // 2)
    streets = [line for k in every for line in (corner[k], corner[:, k])]
    names = [f"社区{n + 1}" for n in range(len(squares))]
    middle = ring.mean(axis=1).round().astype(int)
    blocks = {
        "edition": "1",
        "plan": "p",
        "origin": [WEST, SOUTH],
        "blocks": {
            "shape": [[one] for one in steps.tolist()],
            "spot": {"at": middle.ravel().tolist(), "radius": [int(HIGH * 0.4)] * side**2},
            "community": community.tolist(),
            "compound": np.where(rng.random(side**2) < IN_COMPOUNDS, grid * 4 + (rows % 2) * 2 + columns % 2, -1).tolist(),
            "dedicated": [0] * side**2,
            "households": households.tolist(),
            "persons": (households * 3).tolist(),
            "buildings": np.minimum(households, 2).tolist(),
            "area_m2": [2500] * side**2,
        },
        "compounds": {"name": [f"{n}" for n in range(4 * grids_across**2)]},
        "borders": {"a": pairs[:, 0].tolist(), "b": pairs[:, 1].tolist(), "shared_m": [50] * len(pairs)},
        "communities": {
            "code": [f"370103001{n + 1:03}" for n in range(len(squares))],
            "name": names,
            "street": [""] * len(squares),
            "shape": [[_steps(line)] for line in outlines],
            "border": borders,
            "spot": {
                "at": np.array([line.mean(axis=0).round() for line in outlines]).astype(int).ravel().tolist(),
                "radius": [4000] * len(squares),
            },
        },
        "lines": {
            "kind": [5] * len(streets),
            "name": {"of": [""], "at": [0] * len(streets)},
            "path": [_steps(street) for street in streets],
        },
        "compound_shapes": [],
        "in_force": {
            "code": [f"{n}" for n in range(grids_across**2)],
            "name": [""] * grids_across**2,
            "border": [],
            "of_block": grid.tolist(),
            "workers": [[]] * grids_across**2,
        },
        "rules": {
            "measure": "households",
            "min_households": 300, "target_households": 400, "max_households": 500,
            "min_persons": 900, "target_persons": 1200, "max_persons": 1500,
        },
        "limits": {"max_grids": 2000},
        "homes": {"town": "t", "snapshot": 1},
        "made": [],
    }  # fmt: skip
    abreast = PER_COMMUNITY // PER_GRID
    grids = [
        {
            "id": str(n + 1), "code": f"370103001001{n + 1:03}", "name": "", "kind": "residential",
            "community": n // grids_across // abreast * across + n % grids_across // abreast,
            "colour": (n // grids_across * 2 + n % grids_across) % 6,
        }
        for n in range(grids_across**2)
    ]  # fmt: skip
    plan = {"id": "p", "number": 1, "title": "plan", "state": "draft", "version": 1, "revision": 1}
    now = {
        "edition": "1", "plan": plan, "editable": True, "why_not": None, "grids": grids, "of_block": grid.tolist(),
        "transitions": [],
    }  # fmt: skip
    return blocks, now


def _around(side: int) -> list[tuple[int, int]]:
    """Return the corners around a square, once."""
    there = range(side)
    back = range(side, 0, -1)
    return [*((0, j) for j in there), *((i, side) for i in there), *((side, j) for j in back), *((i, 0) for i in back)]


def _steps(line: np.ndarray) -> list[int]:
    return np.diff(line, axis=0, prepend=np.zeros((1, 2), int)).ravel().tolist()


if __name__ == "__main__":
    main()
