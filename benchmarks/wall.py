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
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import httpx
import numpy as np
from browser import chromium, heap_mb, ready_s
from incidents import reports
from serving import our_service, running
from serving_ground import EXTENT, irregular_grids, publish
from somebody import key_of

from api.incidents.load import load
from api.incidents.rulebook import Rulebook
from data.store.cluster import Cluster
from data.store.cluster_home import ADMIN
from data.store.pool import connect
from data.store.sql import run

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from psycopg2.extensions import connection

ROUNDS = 5


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
        reporter, watcher = key_of(conn, scratch, "grid_worker"), key_of(conn, scratch, "district")
        name, command, told = our_service(cluster, cluster.database, scratch)
        server = stack.enter_context(running(name, command, told, scratch / "log"))
        browser = stack.enter_context(chromium())
        address = f"{server.address}/wall#key={watcher}"
        # In two halves, not in turns: what is loaded stays.
        none = [_open(browser, address) for _ in range(ROUNDS)]
        with_incidents(conn, wanted.incidents)
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
    ready = ready_s(page)
    page.wait_for_timeout(1500)
    held = heap_mb(page)
    context.close()
    return ready, held


def _follow(browser: Browser, address: str, way: tuple[str, str], events: int, *, picture: Path | None) -> None:
    """Let the page follow reports as they come, and print its heap on the way; `way` is the service and a key to report by."""
    base, key = way
    rng = np.random.default_rng(3)
    west, south, east, north = EXTENT
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    page = context.new_page()
    page.goto(address)
    ready_s(page)
    page.wait_for_timeout(1500)
    heaps, began = [heap_mb(page)], time.perf_counter()
    with httpx.Client(base_url=base, headers={"X-API-Key": key}, trust_env=False) as client:
        for number in range(1, events + 1):
            lon, lat = rng.uniform((west, south), (east, north)).tolist()
            said = {"lon": lon, "lat": lat, "category": "rubbish", "title": "垃圾堆积"}
            client.post("/v1/incidents", json=said).raise_for_status()
            if number % max(1, events // 4) == 0:
                page.wait_for_timeout(2500)
                heaps.append(heap_mb(page))
    took = time.perf_counter() - began
    there = page.evaluate("wanggeWall.cases.size")
    print(
        f"{events} reports in {took:.0f} s, {there:,} incidents on the page; heap MB: " + ", ".join(f"{mb:.1f}" for mb in heaps)
    )
    if picture is not None:
        page.screenshot(path=picture)
    context.close()


def with_incidents(conn: connection, count: int) -> None:
    """Load so many reports, all of them open."""
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


if __name__ == "__main__":
    main()
