"""One report over HTTP: what POST /v1/incidents costs in the application and in PostgreSQL, beside asking for one grid.

    .venv/bin/python benchmarks/report.py [--requests 2000] [--profile]

The service is one process over 5,041 grids, and answers one client that comes by a key. What is counted is the CPU time of that
process and of its own connections' processes in PostgreSQL. `--profile` runs the application in this process, on one thread,
and says where its time goes: it takes longer then.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio.to_thread
import httpx
import numpy as np
from serving import STEADY, backends_of, cpu_ms, our_service, running
from serving_ground import EXTENT, irregular_grids, publish
from somebody import key_of

from api.app import create_app
from api.settings import Settings
from data.store.cluster import Cluster
from data.store.cluster_home import ADMIN, APP
from data.store.pool import Pool, connect
from data.store.sql import many, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg2.extensions import connection

WARM = 200
WANTED_MS = 2.0
"""CPU milliseconds of a report in the application."""

Request = tuple[str, str, dict[str, Any] | None, dict[str, str]]


@dataclass(frozen=True)
class Kind:
    """One kind of request; `make` gives the next one."""

    title: str
    make: Callable[[], Request]


def kinds(codes: list[str], key: str) -> list[Kind]:
    """Return what is asked."""
    rng = np.random.default_rng(7)
    west, south, east, north = EXTENT
    who = {"X-API-Key": key}

    def report(*, is_once: bool) -> Request:
        lon, lat = rng.uniform((west, south), (east, north)).tolist()
        said = {
            "lon": lon,
            "lat": lat,
            "category": "rubbish",
            "title": "垃圾堆积",
            "description": "小区东门外垃圾堆积多日无人清理。",
        }
        return "POST", "/v1/incidents", said, who | ({"Idempotency-Key": uuid4().hex} if is_once else {})

    def grid(headers: dict[str, str]) -> Request:
        return "GET", f"/collections/grids/items/{codes[rng.integers(len(codes))]}", None, headers

    def here() -> Request:
        lon, lat = rng.uniform((west, south), (east, north)).tolist()
        return "GET", f"/v1/locate?lon={lon:.6f}&lat={lat:.6f}", None, who

    return [
        Kind("report, with an Idempotency-Key", lambda: report(is_once=True)),
        Kind("report, without one", lambda: report(is_once=False)),
        Kind("one grid, by the same key", lambda: grid(who)),
        Kind("one grid, by nobody", lambda: grid({})),
        Kind("which grid is here?", here),
    ]


def main() -> None:
    """Print the table, and where the time goes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3, help="rounds in turns; the middle one counts")
    parser.add_argument("--profile", action="store_true")
    wanted = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wangge-")))
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wangge-")))
        cluster = stack.enter_context(Cluster(home, die_with_parent=True, extra=STEADY))
        publish(cluster.dsn(ADMIN), irregular_grids(71))
        conn = stack.enter_context(closing(connect(cluster.dsn(ADMIN))))
        run(conn, "SET idle_in_transaction_session_timeout = 0")
        asked = kinds([code for (code,) in many(conn, "SELECT code FROM wangge.grid")], key_of(conn, scratch, "grid_worker"))
        if wanted.profile:
            _profile(cluster, scratch, asked[0], wanted.requests)
            return
        name, command, told = our_service(cluster, cluster.database, scratch)
        server = stack.enter_context(running(name, command, told, scratch / "log"))
        client = stack.enter_context(httpx.Client(base_url=server.address, trust_env=False))
        costs: dict[str, list[tuple[float, float, float]]] = {kind.title: [] for kind in asked}
        for kind in asked:
            _ask(client, kind, WARM)
        run(conn, "VACUUM (ANALYZE)")  # what autovacuum, off here, does by itself: tables that were empty have rows now
        for kind in asked:
            _ask(client, kind, WARM)
        for _ in range(wanted.rounds):
            for kind in asked:
                costs[kind.title].append(_cost(conn, client, kind, wanted.requests, (server.pid, server.name)))
        print("| request | CPU ms, application | CPU ms, PostgreSQL | ms, one after the other |\n|---|---|---|---|")
        for title, found in costs.items():
            ours, servers, wall = sorted(found)[len(found) // 2]
            print(f"| {title} | {ours:.2f} | {servers:.2f} | {wall:.2f} |")
        print(f"\nwanted of a report: less than {WANTED_MS} in the application")


def _ask(client: httpx.Client, kind: Kind, count: int) -> None:
    for _ in range(count):
        method, path, said, headers = kind.make()
        client.request(method, path, json=said, headers=headers).raise_for_status()


def _cost(
    conn: connection, client: httpx.Client, kind: Kind, count: int, server: tuple[int, str]
) -> tuple[float, float, float]:
    """Return the CPU milliseconds of one request, in the application and in PostgreSQL, and how long it took."""
    pid, name = server
    backends = backends_of(conn, name)
    before, began = [cpu_ms(pid), sum(map(cpu_ms, backends))], time.perf_counter()
    _ask(client, kind, count)
    wall = (time.perf_counter() - began) * 1000
    after = [cpu_ms(pid), sum(map(cpu_ms, backends))]
    if backends_of(conn, name) != backends:
        raise SystemExit("the service opened other connections while it was measured")
    return (after[0] - before[0]) / count, (after[1] - before[1]) / count, wall / count


def _profile(cluster: Cluster, home: Path, kind: Kind, count: int) -> None:
    """Answer requests in this process, and print which functions its time went to."""

    async def here(call: Callable[..., Any], *arguments: Any, **_: Any) -> Any:  # noqa: ANN401 - in place of a thread
        return call(*arguments)

    anyio.to_thread.run_sync = here  # all on one thread, for the profiler
    with closing(Pool(cluster.dsn(APP), size=1)) as pool:
        app = create_app(Settings(home=home, log_level="warning"), pool, now=lambda: datetime.now(UTC))
        profile = cProfile.Profile(time.process_time)
        asyncio.run(_answer(app, kind, count, profile))
    for order in ("cumulative", "tottime"):
        pstats.Stats(profile).strip_dirs().sort_stats(order).print_stats(90)


async def _answer(app: Any, kind: Kind, count: int, profile: cProfile.Profile) -> None:  # noqa: ANN401 - an application
    loop = asyncio.get_running_loop()

    async def here(_: object, call: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - in place of a thread
        return call(*arguments)

    loop.run_in_executor = here  # pyright: ignore[reportAttributeAccessIssue] - for the profiler
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for number, (method, path, said, headers) in enumerate(_next(kind, count + WARM)):
            if number == WARM:
                profile.enable()
            (await client.request(method, path, json=said, headers=headers)).raise_for_status()
        profile.disable()


def _next(kind: Kind, count: int) -> Iterator[Request]:
    for _ in range(count):
        yield kind.make()


if __name__ == "__main__":
    main()
