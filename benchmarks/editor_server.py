"""The server of a plan's editor over 20,000 blocks: what is sent once, and what a stroke costs.

    .venv/bin/python benchmarks/editor_server.py [--blocks 20000] [--stroke 50]

The town is invented: communities of a thousand houses each, every house its own block, ten strips of grids in each community.
What is counted is the CPU time of the server's process and of its connections' processes in PostgreSQL. The peer of the blocks
is GeoJSON of them with the same figures, seven decimals, gzip of the same effort; the whole document holds their neighbours,
places for labels, the ground and the net in force besides.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import orjson
import shapely
from serving import backends_of, cpu_ms, our_service, running
from somebody import key_of

from api.do_job import do_job
from data.store import jobs, plans
from data.store.cluster import Cluster
from data.store.cluster_home import ADMIN
from data.store.migrate import migrate
from data.store.pool import connect
from data.store.sql import one, run
from data.store.towns import import_town
from gis.faces import dissolve
from gis.frame import Frame
from gis.town import Barriers, Communities, Compounds, Dedicated, ExistingGrids, Households, Town
from partition.block import make_blocks
from partition.ground import survey
from partition.net import Net
from partition.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg2.extensions import connection

    from api.work_process import Work

ROUNDS = 7
ACROSS, DEEP, PITCH_M, STRIPS = 40, 25, 25.0, 10
"""Houses of a community across and deep, metres between them, and grids of a community."""
EAST, NORTH = 500_000.0, 4_000_000.0
FIGURES = ("community", "compound", "dedicated", "households", "persons", "buildings", "area_m2")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=20_000)
    parser.add_argument("--stroke", type=int, default=50)
    wanted = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wangge-")))
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wangge-")))
        cluster = stack.enter_context(Cluster(home, die_with_parent=True))
        conn = stack.enter_context(closing(connect(cluster.dsn(ADMIN))))
        run(conn, "SET idle_in_transaction_session_timeout = 0")
        migrate(conn)
        plan = _planned(conn, _town(max(1, wanted.blocks // (ACROSS * DEEP))))
        key = key_of(conn, scratch, "district", area="区")
        run(conn, "ANALYZE")
        name, command, told = our_service(cluster, cluster.database, scratch)
        server = stack.enter_context(running(name, command, told, scratch / "log"))
        client = stack.enter_context(httpx.Client(base_url=server.address, headers={"X-API-Key": key}, timeout=60))
        _prepared(client, conn, cluster.dsn(ADMIN), plan)

        def cost(ask: Callable[[], Any]) -> tuple[float, float, float]:
            """Return CPU milliseconds of the server and of PostgreSQL, and milliseconds on the clock."""
            pids = backends_of(conn, name)
            before, start = (cpu_ms(server.pid), sum(map(cpu_ms, pids))), time.perf_counter()
            ask()
            clock = 1000 * (time.perf_counter() - start)
            return cpu_ms(server.pid) - before[0], sum(map(cpu_ms, pids)) - before[1], clock

        client.get("/v1/session")  # the connections are there
        address = f"/v1/plans/{plan}"
        first = cost(lambda: client.get(f"{address}/blocks"))
        with client.stream("GET", f"{address}/blocks") as raw:
            size = len(b"".join(raw.iter_raw()))
        document = client.get(f"{address}/blocks").json()
        peer = len(gzip.compress(_geojson(conn, document), 5, mtime=0))
        count = len(document["blocks"]["shape"])
        alone = len(gzip.compress(orjson.dumps({name: document["blocks"][name] for name in ("shape", *FIGURES)}), 5, mtime=0))
        print(
            f"{count:,} blocks: {alone / 1e3:,.0f} kB as columns, {peer / 1e3:,.0f} kB as GeoJSON ({peer / alone:.1f} times); "
            f"the document {size / 1e3:,.0f} kB\n"
        )
        print("| asked | CPU ms, server | CPU ms, PostgreSQL | ms on the clock |\n|---|---|---|---|")
        _row("GET blocks, first", [first])
        _row("GET blocks, again", [cost(lambda: client.get(f"{address}/blocks")) for _ in range(ROUNDS)])
        _row("GET assignments", [cost(lambda: client.get(f"{address}/assignments")) for _ in range(ROUNDS)])
        for blocks in (1, wanted.stroke):
            strokes = [_stroke(client, address, n, blocks) for n in range(ROUNDS)]
            _row(f"PATCH {blocks} blocks", [cost(lambda body=body: _save(client, address, body)) for body in strokes])


def _row(name: str, costs: list[tuple[float, float, float]]) -> None:
    middle = [median(column) for column in zip(*costs, strict=True)]
    print(f"| {name} | " + " | ".join(f"{value:,.0f}" for value in middle) + " |")


def _stroke(client: httpx.Client, address: str, turn: int, blocks: int) -> dict[str, Any]:
    """Return a stroke of the last blocks of one grid of a community of its own, into another grid of it."""
    state = client.get(f"{address}/assignments").json()
    of, grids = state["of_block"], state["grids"]
    source = next(g for g, grid in enumerate(grids) if grid["community"] == turn % (grids[-1]["community"] + 1))
    mine = [n for n, grid in enumerate(of) if grid == source][-blocks:]
    moved = [[n, grids[source + 1]["id"]] for n in mine]
    return {"edition": state["edition"], "base": 1, "blocks": moved}


def _save(client: httpx.Client, address: str, body: dict[str, Any]) -> None:
    answer = client.patch(f"{address}/assignments", json=body)
    answer.raise_for_status()


def _geojson(conn: connection, document: dict[str, Any]) -> bytes:
    """Return the same blocks as GeoJSON, with the same figures."""
    (text,) = one(
        conn,
        """SELECT jsonb_agg(ST_AsGeoJSON(ST_Transform(shape, 4490), 7)::jsonb ORDER BY number)::text FROM wangge.plan_block""",
    )
    columns = zip(*(document["blocks"][name] for name in FIGURES), strict=True)
    features = [
        {"type": "Feature", "geometry": geometry, "properties": dict(zip(FIGURES, values, strict=True))}
        for geometry, values in zip(orjson.loads(text), columns, strict=True)
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def _prepared(client: httpx.Client, conn: connection, dsn: str, plan: str) -> None:
    """Have the blocks made, and say how long it took."""
    client.post(f"/v1/plans/{plan}/blocks").raise_for_status()
    now = datetime.now(UTC)
    job = jobs.take(conn, worker="bench", lease_s=600, now=now)
    if job is None:
        msg = "no job waits"
        raise RuntimeError(msg)
    start = time.process_time()
    done: Work = do_job(dsn, job, lambda _done, _total: None, 1)
    found = time.process_time()
    run(conn, "BEGIN")
    jobs.finish(conn, job, done.write(conn, now), units=1, now=now)
    run(conn, "COMMIT")
    print(f"made in {found - start:.1f} s, written in {time.process_time() - found:.1f} s of CPU time\n")


def _town(communities: int) -> Town:
    """Return a town of communities side by side, ten in a row."""
    wide, high = ACROSS * PITCH_M, DEEP * PITCH_M
    corners = [(EAST + wide * (n % 10), NORTH + high * (n // 10)) for n in range(communities)]
    codes = tuple(f"3701030{n // 100:02}{n % 100:03}" for n in range(communities))
    polygon = shapely.orient_polygons(np.array([shapely.box(x, y, x + wide, y + high) for x, y in corners], dtype=object))
    inside = np.stack(np.meshgrid(np.arange(ACROSS) + 0.5, np.arange(DEEP) + 0.5), axis=-1).reshape(-1, 2) * PITCH_M
    jitter = np.round(np.random.default_rng(5).uniform(-6, 6, (communities * len(inside), 2)), 2)
    xy = np.concatenate([inside + corner for corner in corners]) + jitter
    count, none = len(xy), np.empty(0, dtype=object)
    ids = tuple(f"H{n:06}" for n in range(count))
    empty = np.empty(0, dtype=np.int64)
    return Town(
        name="invented",
        frame=Frame("EPSG:4548"),
        communities=Communities(
            codes, codes, ("街道",) * communities, ("区",) * communities, polygon, np.arange(1, communities + 1)
        ),
        households=Households(ids, xy, np.full(count, 4), np.full(count, 12), ("",) * count, ids, np.arange(1, count + 1)),
        barriers=Barriers(none, np.empty(0, dtype=np.uint8), ()),
        compounds=Compounds((), none, empty),
        dedicated=Dedicated((), (), none, empty),
        existing_grids=ExistingGrids((), none, empty),
        has_persons=True,
        on_overlap="first",
        findings=(),
        digests={},
    )


def _planned(conn: connection, town: Town) -> str:
    """Import a town and draft a plan of strips, each a union of its blocks; return the plan's id."""
    ground = survey(town)
    blocks = make_blocks(ground, town)
    face = ground.mesh.polygon
    polygon = dissolve(face, blocks.of_face, len(blocks))
    x = shapely.get_coordinates(shapely.centroid(polygon))[:, 0]
    west = shapely.bounds(town.communities.polygon)[:, 0]
    strip = np.clip((x - west[blocks.community]) // (ACROSS * PITCH_M / STRIPS), 0, STRIPS - 1).astype(np.int64)
    grid = blocks.community * STRIPS + strip
    count = len(town.communities.code) * STRIPS
    shape = dissolve(polygon, grid, count)
    homes = grid[blocks.of_face[ground.household_face]]
    households = np.bincount(homes, weights=town.households.households, minlength=count).astype(np.int64)
    area, length = shapely.area(shape), shapely.length(shape)
    codes = tuple(f"{town.communities.code[g // STRIPS]}{g % STRIPS + 1:03}" for g in range(count))
    outline = dissolve(face, ground.community, len(town.communities.code)).tolist()
    net = Net(
        code=codes,
        name=codes,
        dedicated=np.zeros(count, dtype=np.bool_),
        subtype=("",) * count,
        community=tuple(town.communities.code[g // STRIPS] for g in range(count)),
        households=households,
        persons=3 * households,
        buildings=np.bincount(homes, minlength=count),
        area_m2=area,
        perimeter_m=length,
        compactness=4 * np.pi * area / length**2,
        bounds=(("", "", "", ""),) * count,
        exception=(None,) * count,
        polygon=shape,
        outline=dict(zip(town.communities.code, outline, strict=True)),
        household_id=town.households.id,
        grid_of_household=homes,
    )
    now = datetime.now(UTC)
    run(conn, "BEGIN")
    imported = import_town(conn, town, day=date(2026, 1, 1), now=now)
    maker = plans.Maker(town=imported.town, snapshot=imported.snapshot, srid=4548, author=None, now=now)
    origin = plans.Origin(title="plan", reason="", made_with={"rules": asdict(Rules())}, metrics={})
    plan = plans.create(conn, net, maker, origin)
    run(conn, "COMMIT")
    return plan.id


if __name__ == "__main__":
    main()
