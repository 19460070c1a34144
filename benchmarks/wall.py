"""The wall with many incidents, in a real Chromium: how soon it is there, how much it holds, whether it grows while it follows.

    .venv/bin/python benchmarks/wall.py [--grids 1024] [--incidents 50000] [--events 1000] [--picture FILE]

The peer is the same page over the same grids with no incident at all. "Ready" is from the navigation's start to the second
frame after the page has drawn its map; the heap is what is left after the browser was asked to collect.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import httpx
import numpy as np
from incidents import reports
from playwright.sync_api import sync_playwright
from serving import _ours, _running
from serving_ground import DISTRICT, EXTENT, irregular_grids, publish

from api.incidents.load import load
from api.incidents.rulebook import Rulebook
from api.secret import read_secret
from api.settings import Settings
from api.who.keys import new_key
from api.who.pepper import Pepper
from data.store import people
from data.store.cluster import Cluster
from data.store.cluster_home import ADMIN
from data.store.pool import connect
from data.store.sql import run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from psycopg2.extensions import connection

ROUNDS = 5
CHROMIUM = "/usr/bin/chromium"
ARGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--enable-precise-memory-info",
)  # fmt: skip
READY = """() => new Promise((done) => {
  const look = () => document.getElementById("cover").hidden
    ? requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())))
    : setTimeout(look, 5);
  look();
})"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grids", type=int, default=1024)
    parser.add_argument("--incidents", type=int, default=50_000)
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--picture", type=Path, help="where a picture of the full page goes")
    wanted = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wangge-")))
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wangge-")))
        cluster = stack.enter_context(Cluster(home, die_with_parent=True))
        publish(cluster.dsn(ADMIN), irregular_grids(math.isqrt(wanted.grids)))
        conn = stack.enter_context(closing(connect(cluster.dsn(ADMIN))))
        run(conn, "SET idle_in_transaction_session_timeout = 0")
        reporter, watcher = _somebody(conn, scratch, "grid_worker"), _somebody(conn, scratch, "district")
        name, command, told = _ours(cluster, cluster.database, scratch)
        server = stack.enter_context(_running(name, command, told, scratch / "log"))
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        address = f"{server.address}/wall#key={watcher}"
        # In two halves, not in turns: what is loaded stays.
        none = [_open(browser, address) for _ in range(ROUNDS)]
        _load(conn, wanted.incidents)
        many = [_open(browser, address) for _ in range(ROUNDS)]
        print(f"{wanted.grids} grids; medians of {ROUNDS}\n\n| open incidents | ready s | heap MB |\n|---|---|---|")
        for count, found in ((0, none), (wanted.incidents, many)):
            print(f"| {count:,} | {median(s for s, _ in found):.2f} | {median(mb for _, mb in found):.1f} |")
        ratio = median(s for s, _ in many) / median(s for s, _ in none)
        print(f"\nready: {ratio:.2f} times the empty page\n")
        _follow(browser, address, (server.address, reporter), wanted.events, picture=wanted.picture)


def _open(browser: Browser, address: str) -> tuple[float, float]:
    """Open the wall in a new window; return after how many seconds it was there, and the megabytes that it holds."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    page = context.new_page()
    page.goto(address)
    ready = float(page.evaluate(READY)) / 1000
    page.wait_for_timeout(1500)
    held = _heap(page)
    context.close()
    return ready, held


def _heap(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return float(page.evaluate("performance.memory.usedJSHeapSize")) / 1e6


def _follow(browser: Browser, address: str, way: tuple[str, str], events: int, *, picture: Path | None) -> None:
    """Let the page follow reports as they come, and print its heap on the way; `way` is the service and a key to report by."""
    base, key = way
    rng = np.random.default_rng(3)
    west, south, east, north = EXTENT
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    page = context.new_page()
    page.goto(address)
    page.evaluate(READY)
    page.wait_for_timeout(1500)
    heaps, began = [_heap(page)], time.perf_counter()
    with httpx.Client(base_url=base, headers={"X-API-Key": key}, trust_env=False) as client:
        for number in range(1, events + 1):
            lon, lat = rng.uniform((west, south), (east, north)).tolist()
            said = {"lon": lon, "lat": lat, "category": "rubbish", "title": "垃圾堆积"}
            client.post("/v1/incidents", json=said).raise_for_status()
            if number % max(1, events // 4) == 0:
                page.wait_for_timeout(2500)
                heaps.append(_heap(page))
    took = time.perf_counter() - began
    there = page.evaluate("wanggeWall.cases.size")
    print(
        f"{events} reports in {took:.0f} s, {there:,} incidents on the page; heap MB: " + ", ".join(f"{mb:.1f}" for mb in heaps)
    )
    if picture is not None:
        page.screenshot(path=picture)
    context.close()


def _load(conn: connection, count: int) -> None:
    never = np.full(count, np.datetime64("NaT", "us"))
    given = reports(count)
    given = replace(
        given, accepted_at=given.reported_at, closed_at=never, outcome=np.full(count, "", dtype=object),
        satisfaction=np.full(count, "", dtype=object),
    )  # fmt: skip
    run(conn, "BEGIN")
    load(conn, given, now=datetime.now(UTC), zone="Asia/Shanghai", deadlines=Rulebook().deadlines(conn))
    run(conn, "COMMIT")
    run(conn, "ANALYZE wangge.incident")


def _somebody(conn: connection, home: Path, role: str) -> str:
    """Add somebody with a role in the district, and return their key."""
    made = new_key(Pepper(read_secret(Settings(home=home).secret_path).derive("pepper")))
    now = datetime.now(UTC)
    run(conn, "BEGIN")
    person = people.add_person(conn, login=role, name=role, now=now, by=None)
    people.give_role(conn, person, role=role, area=DISTRICT, starts_at=now - timedelta(days=1), by=None)
    people.add_key(
        conn, person, prefix=made.prefix, secret_mac=made.secret_mac, name="bench", now=now, expires_at=now + timedelta(days=1),
        by=None,
    )  # fmt: skip
    run(conn, "COMMIT")
    return made.text


if __name__ == "__main__":
    main()
