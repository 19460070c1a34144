"""What a wall costs that shows 50,000 open incidents among 400,000: pages of them, and tiles at every kind of zoom.

    .venv/bin/python benchmarks/incident_map.py [--rows 400000] [--home FOLDER] [--try open-index]

The incidents are those of `incidents.py`, one of seven open, and a district's command center asks. Each question goes through
the whole application, with nothing between it and its caller; what is counted is the CPU time of this process and of its
connection's process in PostgreSQL. `--home` keeps the store for the next run, `--try` changes it first.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import mapbox_vector_tile
import orjson
from incidents import NOW, reports
from psycopg2.sql import SQL, Identifier
from serving_ground import DISTRICT, irregular_grids, publish

from api.app import create_app
from api.incidents.load import load
from api.incidents.rulebook import Rulebook
from api.settings import Settings
from api.who.keys import new_key
from data.store import people
from data.store.cluster import Cluster
from data.store.cluster_home import ADMIN, APP
from data.store.pool import Pool, connect
from data.store.scope import NOBODY
from data.store.sql import maybe, one, run

if TYPE_CHECKING:
    from datetime import datetime

    from fastapi import FastAPI
    from psycopg2.extensions import connection
    from starlette.types import Message

TICKS = 100
TIMES = 7
DATABASE = "incident_map"
MIDDLE = (117.0, 36.6)
OPEN = "state NOT IN ('closed', 'archived', 'rejected', 'voided')"
CHANGES = {
    "open-index": f"""CREATE INDEX IF NOT EXISTS incident_open ON wangge.incident (no) INCLUDE (path, geom, state, category,
        kind, urgent, due_at, soon_at, stage_due_at, stage_soon_at, supervision, grid_code, reported_at) WHERE {OPEN}""",
    "open-place": f"CREATE INDEX IF NOT EXISTS incident_open_place ON wangge.incident USING gist (geom) WHERE {OPEN}",
    "plain": "DROP INDEX IF EXISTS wangge.incident_open, wangge.incident_open_place",
}
QUESTIONS = (
    ("first page of 10,000 open", "/collections/incidents/items?is_open=true&limit=10000"),
    ("first page of 10,000, no geometry, 4 fields",
     "/collections/incidents/items?is_open=true&limit=10000&skipGeometry=true&properties=state,category,light,grid_code"),
    ("page of 100 open", "/collections/incidents/items?is_open=true&limit=100"),
    ("page of 100 of all", "/collections/incidents/items?limit=100"),
    ("page of 100 red in a street", "/collections/incidents/items?light=red&limit=100&community=370103001001"),
    ("one incident", "/collections/incidents/items/{no}"),
    ("tile z0, open", "/tiles/incidents/0/0/0.mvt?is_open=true"),
    ("tile z10, open", "/tiles/incidents/10/{x10}/{y10}.mvt?is_open=true"),
    ("tile z12, open", "/tiles/incidents/12/{x12}/{y12}.mvt?is_open=true"),
    ("tile z12, all", "/tiles/incidents/12/{x12}/{y12}.mvt"),
    ("tile z14, open", "/tiles/incidents/14/{x14}/{y14}.mvt?is_open=true"),
    ("tile z15, open", "/tiles/incidents/15/{x15}/{y15}.mvt?is_open=true"),
    ("tile z17, open", "/tiles/incidents/17/{x17}/{y17}.mvt?is_open=true"),
)  # fmt: skip


async def asked(app: FastAPI, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Return the status and the body of an answer, straight from the application."""
    where, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": where,
        "raw_path": where.encode(), "query_string": query.encode(), "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip
    status, body = 0, b""

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, body
        status = message.get("status", status)
        body += message.get("body", b"")

    await app(scope, receive, send)
    return status, body


def _fill(cluster: Cluster, rows: int) -> None:
    with closing(connect(cluster.dsn(ADMIN))) as conn:
        if maybe(conn, "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]):
            return
        run(conn, SQL("CREATE DATABASE {}").format(Identifier(DATABASE)))
    dsn = cluster.dsn(ADMIN, DATABASE)
    publish(dsn, irregular_grids(71))
    with closing(connect(dsn)) as conn:
        run(conn, "SET idle_in_transaction_session_timeout = 0")
        run(conn, "BEGIN")
        load(conn, reports(rows), now=NOW, zone="Asia/Shanghai", deadlines=Rulebook().deadlines(conn))
        run(conn, "COMMIT")
        run(conn, "VACUUM (ANALYZE)")


def _key(conn: connection, app: FastAPI, now: datetime) -> dict[str, str]:
    """Return the header by which a district's command center is known."""
    key = new_key(app.state.service.door.pepper)
    run(conn, "BEGIN")
    person = people.add_person(conn, login=f"wall{key.prefix}", name="wall", now=now, by=None)
    people.give_role(conn, person, role="district", area=DISTRICT, starts_at=now, by=None)
    until = now.replace(year=now.year + 1)
    people.add_key(conn, person, prefix=key.prefix, secret_mac=key.secret_mac, name="b", now=now, expires_at=until, by=None)
    run(conn, "COMMIT")
    return {"X-API-Key": key.text}


def _size(path: str, body: bytes) -> int:
    """Return how many incidents an answer tells of."""
    if not path.startswith("/tiles/"):
        told = orjson.loads(body)
        return told.get("numberReturned", 1)
    layers = mapbox_vector_tile.decode(body) if body else {}
    return sum(each["properties"]["count"] for layer in layers.values() for each in layer["features"])


def _server_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def main() -> None:
    """Print what each question costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--try", dest="changes", default="", help=", ".join(CHANGES))
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wangge-") as scratch:
        home = wanted.home or Path(scratch) / "store"
        with Cluster(home, die_with_parent=True, extra={"max_parallel_workers_per_gather": "0"}) as cluster:
            _fill(cluster, wanted.rows)
            with (
                closing(connect(cluster.dsn(ADMIN, DATABASE))) as conn,
                closing(Pool(cluster.dsn(APP, DATABASE), size=1)) as pool,
            ):
                run(conn, "SET idle_in_transaction_session_timeout = 0; SET lock_timeout = 0")
                for name in filter(None, wanted.changes.split(",")):
                    run(conn, SQL(CHANGES[name]))
                run(conn, "VACUUM (ANALYZE) wangge.incident")
                app = create_app(Settings(home=Path(scratch)), pool, now=lambda: NOW)
                asyncio.run(measure(app, pool, _key(conn, app, NOW), conn))


async def measure(app: FastAPI, pool: Pool, headers: dict[str, str], conn: connection) -> None:
    """Ask each question some times, and print the middle of what it cost."""
    ((pid,),) = pool.ask(NOBODY, "SELECT pg_backend_pid()")
    every, still_open = one(conn, f"SELECT count(*), count(*) FILTER (WHERE {OPEN}) FROM wangge.incident")  # noqa: S608
    (no,) = one(conn, "SELECT max(no) FROM wangge.incident")
    print(f"{every:,} incidents, {still_open:,} open\n")
    print("| question | incidents | KB | ms, wall | CPU ms, program | CPU ms, PostgreSQL |\n|---|---|---|---|---|---|")
    places = {}
    for zoom in (10, 12, 14, 15, 17):
        down = 0.5 - math.asinh(math.tan(math.radians(MIDDLE[1]))) / 2 / math.pi
        places |= {f"x{zoom}": int((MIDDLE[0] + 180) / 360 * 2**zoom), f"y{zoom}": int(down * 2**zoom)}
    for title, path in QUESTIONS:
        address = path.format(no=no, **places)
        await asked(app, address, headers)
        walls: list[float] = []
        status, body = 0, b""
        before, server = time.process_time(), _server_ms(pid)
        for _ in range(TIMES):
            begun = time.perf_counter()
            status, body = await asked(app, address, headers)
            walls.append(time.perf_counter() - begun)
        ours, servers = (time.process_time() - before) * 1000 / TIMES, (_server_ms(pid) - server) / TIMES
        if status != 200:  # noqa: PLR2004 - an answer
            raise SystemExit(f"{address}: {status} {body[:300]!r}")
        count = _size(address, body)
        wall = statistics.median(walls) * 1000
        print(f"| {title} | {count:,} | {len(body) / 1024:.0f} | {wall:.1f} | {ours:.1f} | {servers:.1f} |", flush=True)


if __name__ == "__main__":
    main()
