"""The desk with many open incidents, in a real Chromium: how soon it is there, how much it holds, how long a filter takes.

    .venv/bin/python benchmarks/desk.py [--grids 1024] [--incidents 50000]

The peer is the same table as plain rows of the page's own elements, from the same answer of the service, narrowed by hiding
rows: what a page without a virtual table does. "Ready" is from the navigation's start to the second frame after what is shown
has been laid out; a filter's time goes to the second frame after it; the heap is what is left after a collection.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from browser import chromium, heap_mb, ready_s
from serving import our_service, running
from serving_ground import irregular_grids, publish
from somebody import key_of
from wall import with_incidents

from data.store.cluster import Cluster
from data.store.cluster_home import ADMIN
from data.store.pool import connect
from data.store.sql import run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROUNDS = 5
FILTER = """async (wish) => {
  const began = performance.now();
  await wanggeDesk.page.want(wish);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - began;
}"""
PLAIN = """async ([key, frames]) => {
  const began = performance.now();
  const told = await (await fetch("/v1/desk/incidents?open=true", { headers: { "X-API-Key": key } })).json();
  const columns = told.incidents;
  const cell = (name) => Array.isArray(columns[name]) ? (i) => columns[name][i] : (i) => columns[name].of[columns[name].at[i]];
  const names = ["no", "state", "category", "title", "grid", "owner", "reported", "due", "supervision"].map(cell);
  const body = document.createElement("tbody");
  columns.no.forEach((_, i) => {
    const row = document.createElement("tr");
    for (const of of names) {
      const one = document.createElement("td");
      one.textContent = of(i) ?? "";
      row.append(one);
    }
    row.dataset.category = cell("category")(i);
    row.dataset.state = cell("state")(i);
    body.append(row);
  });
  const table = document.createElement("table");
  table.append(body);
  document.body.replaceChildren(table);
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await frame();
  const ready = performance.now() - began;
  const times = [];
  for (const wish of frames) {
    const from = performance.now();
    const wanted = Object.entries(wish);
    for (const row of body.rows) row.hidden = wanted.some(([name, value]) => row.dataset[name] !== value);
    await frame();
    times.push(performance.now() - from);
  }
  return [ready, times];
}"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grids", type=int, default=1024)
    parser.add_argument("--incidents", type=int, default=50_000)
    wanted = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wangge-")))
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wangge-")))
        cluster = stack.enter_context(Cluster(home, die_with_parent=True))
        publish(cluster.dsn(ADMIN), irregular_grids(math.isqrt(wanted.grids)))
        conn = stack.enter_context(closing(connect(cluster.dsn(ADMIN))))
        run(conn, "SET idle_in_transaction_session_timeout = 0")
        officer = key_of(conn, scratch, "district")
        with_incidents(conn, wanted.incidents)
        name, command, told = our_service(cluster, cluster.database, scratch)
        server = stack.enter_context(running(name, command, told, scratch / "log"))
        browser = stack.enter_context(chromium())
        # In turns, so that a busy moment falls on both.
        ours, plain = [], []
        for _ in range(ROUNDS):
            ours.append(_desk(browser, f"{server.address}/command#key={officer}"))
            plain.append(_rows(browser, server.address, officer))
        print(f"{wanted.incidents:,} open incidents, {wanted.grids} grids; medians of {ROUNDS}\n")
        print("| | ready s | heap MB | elements | filter ms |\n|---|---|---|---|---|")
        for title, found in (("the desk", ours), ("plain rows", plain)):
            ready, heap, elements, narrow = (median(values) for values in zip(*found, strict=True))
            print(f"| {title} | {ready:.2f} | {heap:.1f} | {elements:,.0f} | {narrow:.0f} |")


def _desk(browser: Browser, address: str) -> tuple[float, float, int, float]:
    """Open the desk in a new window; return seconds until ready, megabytes held, elements, milliseconds of a filter."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN", reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    ready = ready_s(page)
    page.wait_for_timeout(1000)
    times = [float(page.evaluate(FILTER, wish)) for wish in _wishes(page)]
    found = ready, heap_mb(page), int(page.evaluate("document.querySelectorAll('*').length")), median(times)
    context.close()
    return found


def _wishes(page: Page) -> list[dict[str, object]]:
    first, second = page.evaluate("[...wanggeDesk.page.counts.category.keys()].slice(0, 2)")
    return [
        {"category": first},
        {"category": second},
        {"category": None},
        {"category": first, "sort": "newest"},
        {"category": None},
    ]


def _rows(browser: Browser, address: str, key: str) -> tuple[float, float, int, float]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    wishes = [{"category": "rubbish"}, {"category": "lamps"}, {}, {"state": "reported"}, {}]
    ready, times = page.evaluate(PLAIN, [key, wishes])
    found = float(ready) / 1000, heap_mb(page), int(page.evaluate("document.querySelectorAll('*').length")), median(times)
    context.close()
    return found


if __name__ == "__main__":
    main()
