"""62,238 work orders of a real city, from their file into grids over their own extent, where it lies beside the checkout."""

from __future__ import annotations

import gzip
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from pyproj import Transformer

from api.incidents.load import load
from api.incidents.rulebook import Rulebook
from data.incident_file import read_incidents
from data.store.incident_load import broken_batches
from data.store.log import broken
from data.store.pool import connect
from data.store.sql import many, one, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection

    from api.incidents.load import Loaded
    from data.incident_file import Arrivals
    from gis.finding import Finding

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "boston_311" / "boston_311_2013_2023.csv.gz"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILE.is_file(), reason="the work orders of Boston do not lie beside the checkout"),
]

NOW = datetime(2024, 4, 1, tzinfo=UTC)
FRAME = 32619
SIDES, GRIDS = 4, 5
"""Communities along each side of the net, and grids along each side of a community."""
MANIFEST = """[incidents]
file = "orders.csv"
source = "boston_311"
zone = "America/New_York"
coordinates = "wgs84"
external_id = "case_enquiry_id"
lon = "longitude"
lat = "latitude"
reported_at = "open_dt"
accepted_at = "open_dt"
due_at = "sla_target_dt"
closed_at = "closed_dt"
outcome = { value = "resolved" }
category = "type"
kind = { value = "request" }
title = "case_title"
address = "location"
"""


@dataclass(frozen=True)
class Boston:
    """The orders in a store: as they were read, what was found, and what became of them."""

    conn: connection
    given: Arrivals
    found: tuple[Finding, ...]
    done: Loaded
    flag: dict[str, str]
    """What the file itself says of each: ONTIME or OVERDUE."""


@pytest.fixture(scope="module")
def boston(cluster, template, tmp_path_factory) -> Iterator[Boston]:
    """Load the orders into a net over their own extent."""
    folder = tmp_path_factory.mktemp("boston")
    (folder / "orders.csv").write_bytes(gzip.decompress(FILE.read_bytes()))
    (folder / "orders.toml").write_text(MANIFEST, "utf-8")
    flags = pd.read_csv(folder / "orders.csv", usecols=["case_enquiry_id", "on_time"], dtype=str)
    given, found = read_incidents(folder / "orders.toml", now=NOW)
    with cluster.clone(template) as db, closing(connect(db.admin)) as conn:
        run(conn, "SET idle_in_transaction_session_timeout = 0")
        run(conn, "BEGIN")
        publish(conn, given.lon_lat)
        done = brought(conn, given)
        yield Boston(conn, given, found, done, dict(zip(flags["case_enquiry_id"], flags["on_time"], strict=True)))
        run(conn, "ROLLBACK")


def brought(conn: connection, given: Arrivals) -> Loaded:
    return load(conn, given, now=NOW, zone="America/New_York", deadlines=Rulebook().deadlines(conn))


def publish(conn: connection, lon_lat: np.ndarray) -> None:
    """Put square grids in force over the extent of some points: 4 streets of 4 communities of 25 grids."""
    x, y = Transformer.from_crs(4326, FRAME, always_xy=True).transform(*lon_lat.T)
    west, south = (np.floor(np.array([x.min(), y.min()]) / 100) * 100 - 100).tolist()
    wide = float(np.ceil(max(np.ptp(x), np.ptp(y)) / (SIDES * GRIDS * 100)) * 100 + 100)
    whole = SIDES * GRIDS * wide
    boxes = [("b", "district", None, (0, 0, whole, whole))]
    side = GRIDS * wide
    for row in range(SIDES):
        boxes.append((f"b{row}", "street", "b", (0, row * side, whole, (row + 1) * side)))
        boxes += [
            (f"b{row}{col}", "community", f"b{row}", (col * side, row * side, (col + 1) * side, (row + 1) * side))
            for col in range(SIDES)
        ]
    for code, level, parent, (left, low, right, high) in boxes:
        run(
            conn,
            "INSERT INTO wangge.area (code, level, parent_id) VALUES (%s, %s, (SELECT id FROM wangge.area WHERE code = %s))",
            [code, level, parent],
        )
        run(
            conn,
            """INSERT INTO wangge.area_version (area_id, path, valid, name, parent_id, shape)
               SELECT id, path, '[2010-01-01,)', code, parent_id, ST_MakeEnvelope(%s, %s, %s, %s, %s)
               FROM wangge.area WHERE code = %s""",
            [west + left, south + low, west + right, south + high, FRAME, code],
        )
    run(
        conn,
        """INSERT INTO wangge.town (name, frame, on_overlap, area_id, path)
             SELECT 'boston', %(frame)s, 'error', id, path FROM wangge.area WHERE code = 'b';
           INSERT INTO wangge.snapshot (town_id, number, taken_at, path, has_persons, digests, findings, changes)
             SELECT id, 1, %(now)s, path, false, '{}', '[]', '{}' FROM wangge.town;
           INSERT INTO wangge.plan (town_id, snapshot, path, paths, title, created_at, updated_at)
             SELECT id, 1, path, ARRAY[path], 'squares', %(now)s, %(now)s FROM wangge.town;
           INSERT INTO wangge.grid (plan_id, version, area_id, path, in_force, since, code, name, kind, households, persons,
             buildings, area_m2, perimeter_m, compactness, shape)
             SELECT p.id, 1, a.id, a.path, '[2010-01-01,)', '2010-01-01', a.code || '-' || r || c, '', 'residential', 0, 0, 0,
               %(wide)s ^ 2, 4 * %(wide)s, 0.78, ST_MakeEnvelope(
                 %(west)s + (substr(a.code, 3)::integer * %(grids)s + c) * %(wide)s,
                 %(south)s + (substr(a.code, 2, 1)::integer * %(grids)s + r) * %(wide)s,
                 %(west)s + (substr(a.code, 3)::integer * %(grids)s + c + 1) * %(wide)s,
                 %(south)s + (substr(a.code, 2, 1)::integer * %(grids)s + r + 1) * %(wide)s, %(frame)s)
             FROM wangge.plan p, wangge.area a, generate_series(0, %(grids)s - 1) r, generate_series(0, %(grids)s - 1) c
             WHERE a.level = 'community';
           UPDATE wangge.plan SET state = 'effective', effective_from = '2010-01-01'""",
        {"frame": FRAME, "now": NOW, "wide": wide, "west": west, "south": south, "grids": GRIDS},
    )


def judged(boston: Boston, source: str) -> Counter[tuple[bool, str, bool | None]]:
    """Count the closed orders by whether the file gives a deadline, what it says, and whether ours was kept (None: none)."""
    rows = many(
        boston.conn,
        "SELECT external_id, closed_at <= due_at FROM wangge.incident WHERE source = %s AND state = 'closed'",
        [source],
    )
    has_due = dict(zip(boston.given.external_id.tolist(), (~np.isnat(boston.given.due_at)).tolist(), strict=True))
    return Counter((has_due[each], boston.flag[each], is_kept) for each, is_kept in rows)


def test_their_dirt_is_said(boston) -> None:
    """90 orders have no place and 10 were closed before they were opened: these are left out; the rest has odd spaces only."""
    said = Counter((each.kind, each.field, str(each.severity)) for each in boston.found)
    assert said == {
        ("incident_no_place", "longitude", "warning"): 90,
        ("incident_backwards", "closed_dt", "warning"): 10,
        ("spaces_stripped", "location", "note"): 10_377,
        ("spaces_stripped", "case_title", "note"): 35,
    }
    assert all(each.row is not None for each in boston.found)
    assert len(boston.given) == 62_238 - 90 - 10


def test_every_order_is_located(boston) -> None:
    """All of them lie in a grid of the net over their extent: the one that the store names for each."""
    assert (boston.done.rows, boston.done.outside, boston.done.unplaced) == (62_138, 0, 0)
    wrong = one(
        boston.conn,
        """SELECT count(*) FROM (SELECT * FROM wangge.incident TABLESAMPLE SYSTEM (5) REPEATABLE (1)) i,
             LATERAL wangge.incident_place(i.geom, i.reported_at::date) p
           WHERE (i.grid_code, i.path::text) IS DISTINCT FROM (p.grid_code, p.path)""",
    )
    assert wrong == (0,)
    assert one(boston.conn, "SELECT count(DISTINCT grid_code) > 100 FROM wangge.incident") == (True,)


def test_their_deadlines_give_their_flag(boston) -> None:
    """Where the file gives a deadline, closing by it is what its flag says, for every order.

    Where it gives none it says ONTIME, whatever happened; there our own limits judge, and find 1,034 late. What is open has
    come to the desk here, and its clock begins with its arrival: of these the file calls 3,309 late.
    """
    assert judged(boston, "boston_311") == {
        (True, "ONTIME", True): 23_467,
        (True, "OVERDUE", False): 1_064,
        (False, "ONTIME", True): 15_160,
        (False, "ONTIME", False): 1_034,
    }
    rows = many(boston.conn, "SELECT external_id, due_at FROM wangge.incident WHERE state = 'reported'")
    assert Counter((boston.flag[each], due_at) for each, due_at in rows) == {("ONTIME", None): 18_104, ("OVERDUE", None): 3_309}


def test_our_limits_are_others(boston) -> None:
    """By our limits, seven work days for every sort of order, 92.2 % are kept; theirs are from one day to four months.

    So 461 that the file calls late are kept by ours (a dead animal has one day there), and 1,539 the other way round.
    """
    run(boston.conn, "SAVEPOINT ours")
    never = np.full(len(boston.given), np.datetime64("NaT", "us"))
    brought(boston.conn, replace(boston.given, source="ours", due_at=never))
    found = judged(boston, "ours")
    run(boston.conn, "ROLLBACK TO SAVEPOINT ours")
    assert {(flag, is_kept): count for (has_due, flag, is_kept), count in found.items() if has_due} == {
        ("ONTIME", True): 21_928,
        ("ONTIME", False): 1_539,
        ("OVERDUE", True): 461,
        ("OVERDUE", False): 603,
    }
    kept, closed = sum(count for (*_, is_kept), count in found.items() if is_kept), sum(found.values())
    assert (kept, closed) == (37_549, 40_725)
    with_due = {key: count for key, count in found.items() if key[0]}
    agree = sum(count for (_, flag, is_kept), count in with_due.items() if (flag == "ONTIME") is is_kept)
    assert (agree, sum(with_due.values())) == (22_531, 24_531)


def test_a_second_time_nothing_is_new(boston) -> None:
    """The same file again makes no order, and none is told of differently; the seals hold, and so does the log."""
    again = brought(boston.conn, boston.given)
    assert (again.rows, again.known, again.changed) == (0, 62_138, ())
    assert broken_batches(boston.conn) == ()
    assert broken(boston.conn) == ()
