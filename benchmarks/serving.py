"""Serve the same grids from the same PostGIS with wangge and with TiPg, and count what an answer costs in CPU time.

Run it as `.venv-peers/bin/python benchmarks/serving.py`, after `script/bootstrap --peers` and `apt-get install wrk`. Each
server is one process with eight connections, and answers eight clients. What is counted is the CPU time of that process and
of its own connections' processes in PostgreSQL; the time of the clients and of PostgreSQL's housekeeping is not.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import httpx
import numpy as np
from mapbox_vector_tile import decode
from psycopg2.sql import SQL, Identifier
from serving_ground import EXTENT, irregular_grids, publish, square_grids

from data.store.cluster import Cluster
from data.store.cluster_home import ADMIN, APP
from data.store.pool import connect
from data.store.sql import many, maybe, run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from numpy.typing import NDArray
    from psycopg2.extensions import connection

CLIENTS = POOL = 8
WARM_S = 2
ANSWERS, LONGEST_S = 200, 40
"""Who is slow is asked for longer, until so many answers have come or so much time has passed: eight are left half done."""
START_S = 60
TICKS = os.sysconf("SC_CLK_TCK")
ZOOM = 14
FEW, MANY = "few", "many"
"""Databases: 5,041 irregular grids, and 400,000 squares."""
DEEP = 350_000
STEADY = {"autovacuum": "off", "max_parallel_workers_per_gather": "0"}
"""All that a connection costs is used by its own process."""

# A URL for each request, over and over; with the ETag that it answers with, where the question is what a 304 costs.
_WRK = """local urls, tags, n = {}, {}, 0
for line in io.lines(os.getenv("BENCH_URLS")) do
  local url, tag = line:match("^(%S+)%s?(.*)$")
  urls[#urls + 1], tags[#tags + 1] = url, tag
end
request = function()
  n = n % #urls + 1
  if tags[n] ~= "" then wrk.headers["If-None-Match"] = tags[n] end
  return wrk.format("GET", urls[n])
end
"""


@dataclass(frozen=True)
class Server:
    """A server that runs: its address, its process, and the name of its connections."""

    address: str
    pid: int
    name: str


@dataclass(frozen=True)
class Scenario:
    """One kind of question: the paths that we and the peer are asked, and what is wanted of the cost."""

    title: str
    ours: Sequence[str]
    theirs: Sequence[str]
    wanted: str
    database: str = FEW
    cold: bool = False
    known: bool = False


@dataclass(frozen=True)
class Cost:
    """CPU milliseconds of one answer, in the server and in PostgreSQL; its size; and how many answers came in a second."""

    app_ms: float
    db_ms: float
    kb: float
    per_s: float

    @property
    def ms(self) -> float:
        """Both."""
        return self.app_ms + self.db_ms


def _scenarios(codes: Sequence[str], deep: str, rng: np.random.Generator) -> list[Scenario]:
    west, south, east, north = EXTENT
    corners = rng.uniform((west, south), (east - 0.01, north - 0.01), (200, 2))
    boxes = [f"{x:.5f},{y:.5f},{x + 0.01:.5f},{y + 0.01:.5f}" for x, y in corners]
    places = rng.uniform((west, south), (east, north), (500, 2))
    ids = rng.choice(len(codes), 500, replace=False)
    tiles = _tiles(ZOOM)
    ours, theirs = "/collections/grids/items", "/collections/peer.grids/items"
    page, their_page = [f"{ours}?limit=100"], [f"{theirs}?limit=100"]
    our_tiles = [f"/collections/grids/tiles/WebMercatorQuad/{ZOOM}/{y}/{x}" for x, y in tiles]
    their_tiles = [f"/collections/peer.grids/tiles/WebMercatorQuad/{ZOOM}/{x}/{y}" for x, y in tiles]
    within = [f"S_INTERSECTS(geom,POINT({x:.6f} {y:.6f}))" for x, y in places]
    return [
        Scenario("page of 100 grids", page, their_page, "≤ 1/4"),
        Scenario("one grid", [f"{ours}/{codes[k]}" for k in ids], [f"{theirs}/{k + 1}" for k in ids], "≤ 1/2"),
        Scenario(
            "bbox of 0.01°, limit=100",
            [f"{ours}?{urlencode({'bbox': box, 'limit': 100}, safe=',')}" for box in boxes],
            [f"{theirs}?{urlencode({'bbox': box, 'limit': 100}, safe=',')}" for box in boxes],
            "",
        ),
        Scenario(f"tile of zoom {ZOOM}, cold", our_tiles, their_tiles, "≤ 60 %", cold=True),
        Scenario(f"tile of zoom {ZOOM}, cached", our_tiles, their_tiles, "≤ 1/10"),
        Scenario("page of 100 of 400,000, the first", page, their_page, "", database=MANY),
        Scenario(
            f"page of 100 of 400,000, at row {DEEP:,}",
            [deep],
            [f"{theirs}?limit=100&offset={DEEP}"],
            "as the first",
            database=MANY,
        ),
        Scenario(
            "which grid is here? (filter)",
            [f"/v1/locate?lon={x:.6f}&lat={y:.6f}" for x, y in places],
            [f"{theirs}?limit=1&filter-lang=cql2-text&filter={quote(text)}" for text in within],
            "≤ 0.3 ms",
        ),
        Scenario("page of 100 that the client has", page, their_page, "≤ 0.5 ms", known=True),
    ]


def _tiles(zoom: int) -> list[tuple[int, int]]:
    """Return x and y of the tiles in the extent."""
    west, south, east, north = EXTENT
    lat = np.radians(np.array([north, south]))
    x0, x1 = (int((lon + 180) / 360 * 2**zoom) for lon in (west, east))
    y0, y1 = ((1 - np.arcsinh(np.tan(lat)) / np.pi) / 2 * 2**zoom).astype(int)
    return [(x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1)]


def _made(cluster: Cluster, name: str, grids: Callable[[], NDArray[np.object_]]) -> None:
    """Fill a database, unless it is there from an earlier run."""
    with closing(connect(cluster.dsn(ADMIN))) as conn:
        if maybe(conn, "SELECT 1 FROM pg_database WHERE datname = %s", [name]):
            return
        print(f"filling the database {name} …", file=sys.stderr, flush=True)
        run(conn, SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            publish(cluster.dsn(ADMIN, name), grids())
        except BaseException:
            run(conn, SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
            raise


@contextmanager
def running(name: str, command: Sequence[str], told: dict[str, str], log: Path) -> Generator[Server]:
    """Run a server until the end of the block; wait until it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - this benchmark's own servers
            [*command, "--port", port], env={**os.environ, **told}, stdout=out, stderr=out
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/collections", process, log)
            yield Server(address, process.pid, name)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(START_S)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit(f"a server did not come up:\n{log.read_text('utf-8')[-3000:]}")


def our_service(cluster: Cluster, database: str, scratch: Path, *, cache_mb: int = 64) -> tuple[str, list[str], dict[str, str]]:
    """Return our service's name, its command, and what it is told by its environment."""
    name = f"wangge-{database}-{cache_mb}"
    told = {
        "WANGGE_DSN": f"{cluster.dsn(APP, database)} application_name={name}",
        "WANGGE_HOME": str(scratch),
        "WANGGE_POOL_SIZE": str(POOL),
        "WANGGE_TILE_CACHE_MB": str(cache_mb),
        "WANGGE_LOG_LEVEL": "warning",
    }
    return name, [str(Path(sys.executable).with_name("wangge")), "serve", "--no-jobs"], told


def _theirs(cluster: Cluster, database: str) -> tuple[str, list[str], dict[str, str]]:
    name = f"tipg-{database}"
    folder = dict(part.split("=", 1) for part in cluster.dsn().split())["host"]
    told = {
        "DATABASE_URL": f"postgresql://{APP}@{quote(folder, safe='')}:5432/{database}?application_name={name}",
        "TIPG_DB_SCHEMAS": '["peer"]',
        "DB_MIN_CONN_SIZE": str(POOL),
        "DB_MAX_CONN_SIZE": str(POOL),
        "DB_MAX_INACTIVE_CONN_LIFETIME": "0",
    }
    return name, [sys.executable, "-m", "uvicorn", "tipg.main:app", "--no-access-log", "--loop", "uvloop"], told


def cpu_ms(pid: int) -> float:
    """Return the CPU milliseconds that a process has used."""
    after_name = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) * 1000 / TICKS


def backends_of(conn: connection, name: str) -> list[int]:
    """Return the processes of PostgreSQL that answer a service."""
    rows = many(conn, "SELECT pid FROM pg_stat_activity WHERE application_name = %s ORDER BY pid", [name])
    return [pid for (pid,) in rows]


def _wait_idle(conn: connection, name: str) -> None:
    """Wait until nothing is left of what clients asked who are gone."""
    busy = "SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND state <> 'idle'"
    while many(conn, busy, [name]):
        time.sleep(0.1)


def _drive(urls: Path, script: Path, address: str, seconds: float) -> tuple[int, float, float]:
    """Ask for `seconds`; return how many answers came, their mean size in bytes, and how many there were in a second."""
    command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds:.0f}s", "--timeout", "20s", "-s", str(script), address]
    told = subprocess.run(  # noqa: S603 - a Debian package
        command, check=True, capture_output=True, text=True, env={**os.environ, "BENCH_URLS": str(urls)}
    ).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise SystemExit(f"{address} did not answer as it should:\n{told}")
    count = int(re.search(r"(\d+) requests in", told)[1])
    per_s = float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])
    size, unit = re.search(r"requests in [^,]+, ([\d.]+)([KMG]?B) read", told).groups()
    return count, float(size) * 1024 ** " KMG".index(unit.removesuffix("B") or " ") / max(count, 1), per_s


def _cost(conn: connection, server: Server, paths: Sequence[str], scratch: Path, seconds: float, *, known: bool) -> Cost:
    """Ask a server these paths in turns, and return what an answer cost."""
    urls, script = scratch / "urls", scratch / "wrk.lua"
    script.write_text(_WRK, "utf-8")
    tags = [httpx.get(server.address + path, trust_env=False).headers.get("etag", "") if known else "" for path in paths]
    urls.write_text("".join(f"{path} {tag}\n" for path, tag in zip(paths, tags, strict=True)), "utf-8")
    *_, per_s = _drive(urls, script, server.address, WARM_S)
    seconds = min(max(seconds, ANSWERS / max(per_s, 1)), LONGEST_S)
    _wait_idle(conn, server.name)
    backends = backends_of(conn, server.name)
    before = cpu_ms(server.pid), [cpu_ms(pid) for pid in backends]
    count, size, per_s = _drive(urls, script, server.address, seconds)
    after = cpu_ms(server.pid), [cpu_ms(pid) for pid in backends]
    if backends_of(conn, server.name) != backends:
        raise SystemExit(f"{server.name} opened other connections while it was measured")
    return Cost((after[0] - before[0]) / count, (sum(after[1]) - sum(before[1])) / count, size / 1024, per_s)


def _middle(costs: Sequence[Cost]) -> Cost:
    return sorted(costs, key=lambda cost: cost.ms)[len(costs) // 2]


def _check_alike(scenario: Scenario, ours: Server, theirs: Server) -> None:
    """Stop where the two do not answer the same question: with as many features, or as many in a tile."""
    for our_path, their_path in list(zip(scenario.ours, scenario.theirs, strict=True))[:20]:
        mine, other = (
            httpx.get(s.address + p, trust_env=False, timeout=30) for s, p in ((ours, our_path), (theirs, their_path))
        )
        mine_has, other_has = _features(mine), _features(other)
        # In a tile of ours is also what lies in its margin; the peer looks no further than the tile's edge.
        if not other_has <= mine_has <= other_has * (1.4 if "/tiles/" in our_path else 1):
            raise SystemExit(f"{scenario.title}: {our_path} gives {mine_has} features, {their_path} {other_has}")


def _features(answer: httpx.Response) -> int:
    answer.raise_for_status()
    if "json" not in answer.headers["content-type"]:
        return sum(len(layer["features"]) for layer in decode(answer.content).values())
    body = answer.json()
    if "features" in body:
        return len(body["features"])
    return int("geometry" in body or body.get("grid") is not None)


def _row(scenario: Scenario, ours: Cost, theirs: Cost) -> str:
    cells = [scenario.title]
    for cost in (ours, theirs):
        cells += [f"{cost.app_ms:.2f} + {cost.db_ms:.2f}", f"{cost.kb:.0f}", f"{cost.per_s:.0f}"]
    return _line([*cells, f"{ours.ms / theirs.ms:.3f}", scenario.wanted])


HEAD = (
    ("CPU ms of an answer, server + PostgreSQL", -40),
    ("wangge", 13),
    ("KB", 5),
    ("per s", 6),
    ("TiPg", 14),
    ("KB", 5),
    ("per s", 6),
    ("ratio", 6),
    ("wanted", 12),
)


def _line(cells: Sequence[str]) -> str:
    padded = (cell.ljust(-width) if width < 0 else cell.rjust(width) for cell, (_, width) in zip(cells, HEAD, strict=True))
    return f"| {' | '.join(padded)} |"


def _deep_page(server: Server) -> str:
    """Return our page of 100 that begins at row `DEEP`: what following `next` comes to."""
    path = "/collections/grids/items?limit=100"
    with httpx.Client(base_url=server.address, timeout=30, trust_env=False) as client:
        for _ in range(DEEP // 100):
            links = client.get(path).raise_for_status().json()["links"]
            path = next(link["href"] for link in links if link["rel"] == "next")
    return path.removeprefix(server.address)


def main() -> None:
    """Run both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--home", type=Path, help="folder of the databases, kept for the next run; else they are made and dropped"
    )
    parser.add_argument(
        "--seconds", type=float, default=4, help="how long each server is asked each kind of question in a round"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds in turns; the middle one counts")
    parser.add_argument("--only", default="", help="ask only the kinds of questions whose title has this in it")
    wanted = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("this needs wrk: apt-get install wrk")
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wangge-")))
        cluster = stack.enter_context(Cluster(wanted.home or scratch / "store", extra=STEADY))
        _made(cluster, FEW, lambda: irregular_grids(71))
        _made(cluster, MANY, lambda: square_grids(800, 500))
        start = partial(_start, stack, scratch)
        ours = {name: start(*our_service(cluster, name, scratch)) for name in (FEW, MANY)}
        cold = start(*our_service(cluster, FEW, scratch, cache_mb=0))
        theirs = {name: start(*_theirs(cluster, name)) for name in (FEW, MANY)}
        conn = stack.enter_context(closing(connect(cluster.dsn(ADMIN))))
        with closing(connect(cluster.dsn(ADMIN, FEW))) as few:
            codes = [code for (code,) in many(few, "SELECT code FROM peer.grids ORDER BY id")]
        print(_line([title for title, _ in HEAD]))
        print("|" + "|".join("-" * (abs(width) + 1) + ("-" if width < 0 else ":") for _, width in HEAD) + "|")
        for scenario in _scenarios(codes, _deep_page(ours[MANY]), np.random.default_rng(3)):
            if wanted.only not in scenario.title:
                continue
            mine, other = cold if scenario.cold else ours[scenario.database], theirs[scenario.database]
            _check_alike(scenario, mine, other)
            costs: list[list[Cost]] = [[], []]
            for _ in range(wanted.rounds):
                for server, paths, into in zip((mine, other), (scenario.ours, scenario.theirs), costs, strict=True):
                    into.append(_cost(conn, server, paths, scratch, wanted.seconds, known=scenario.known))
            print(_row(scenario, *map(_middle, costs)), flush=True)


def _start(stack: ExitStack, scratch: Path, name: str, command: Sequence[str], told: dict[str, str]) -> Server:
    return stack.enter_context(running(name, command, told, scratch / f"{name}.log"))


if __name__ == "__main__":
    main()
