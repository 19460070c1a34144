"""Batches in the store: where thousands of reports lie, and what a superuser who edits a batch leaves."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from pyproj import Transformer

from api.incidents.load import load
from api.incidents.rulebook import Rulebook
from data.store.incident_load import broken_batches
from data.store.incident_places import spots
from data.store.log import broken
from data.store.sql import many, one, run
from tests.api.incidents.test_load import drawn
from tests.published import EAST0, FRAME, HIGH, NEW, NORTH0, OLD, WIDE, publish
from tests.stored import need_superuser, owner

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TO_DEGREES = Transformer.from_crs(FRAME, 4490, always_xy=True)


@pytest.fixture
def conn(db):
    """Open a store with a town and a batch of its reports, in two streets and outside, in a transaction that ends with it."""
    publish(db.admin)
    with owner(db.admin) as conn:
        load(conn, drawn(120), now=NOW, zone="Asia/Shanghai", deadlines=Rulebook().deadlines(conn))
        yield conn


def said(conn, lon_lat, day) -> list[tuple[str | None, str]]:
    """Return what the store says of each point."""
    return [
        one(conn, "SELECT grid_code, path FROM wangge.incident_place(ST_SetSRID(ST_MakePoint(%s, %s), 4490), %s)", [*at, on])
        for at, on in zip(lon_lat.tolist(), day.tolist(), strict=True)
    ]


def test_every_point_lies_where_the_store_says(conn) -> None:
    """Inside, on lines and corners, a hair beside them, outside grids and areas, under every net: the store's own answer."""
    rng = np.random.default_rng(2)
    lines = [(k * WIDE / 6, y) for k in range(13) for y in (0.0, HIGH / 2, HIGH, 1.5 * HIGH, 2 * HIGH)]
    spread = rng.uniform((-100, -100), (2 * WIDE + 100, 2 * HIGH + 100), (400, 2)).tolist()
    metres = np.array([*lines, *spread])
    on = np.column_stack(TO_DEGREES.transform(EAST0 + metres[:, 0], NORTH0 + metres[:, 1]))
    vertices = np.array(
        many(conn, "SELECT ST_X(d.geom), ST_Y(d.geom) FROM wangge.grid g, ST_DumpPoints(g.geom) d WHERE g.in_force IS NOT NULL")
    )
    middles = (vertices[1:] + vertices[:-1]) / 2
    beside = [middles + shift for shift in ((0, 0), (1e-9, 0), (0, -1e-9), (4e-9, 4e-9))]
    lon_lat = np.concatenate([on, vertices, *beside])
    days = np.array([date(2023, 5, 1), OLD, date(2025, 6, 30), NEW, date(2026, 3, 2)], dtype="datetime64[D]")
    day = days[rng.integers(0, len(days), len(lon_lat))]
    there, which = spots(conn, lon_lat, day)
    found = [(there[k].grid_code, there[k].path) for k in which.tolist()]
    wanted = said(conn, lon_lat, day)
    assert found == wanted
    assert {code is None for code, _ in wanted} == {True, False}
    assert (None, "") in wanted
    assert any(code is None and path for code, path in wanted)


def test_nowhere_and_nobody(tx) -> None:
    """No reports lie nowhere, and where there is no area at all each lies in none, with nobody in charge."""
    none = np.zeros((0, 2))
    _, which = spots(tx, none, np.zeros(0, dtype="datetime64[D]"))
    assert which.shape == (0,)
    there, which = spots(tx, np.array([[117.0, 36.6]]), np.array(["2026-03-02"], dtype="datetime64[D]"))
    assert (there[which[0]].grid_code, there[which[0]].path, there[which[0]].areas) == (None, "", {})


def test_every_street_has_its_event(conn) -> None:
    """The rows of a street are one run with one event, in the street's chain; together they are the batch."""
    batches = many(conn, "SELECT id, rows FROM wangge.incident_batch ORDER BY id")
    events = many(
        conn,
        """SELECT subject::bigint, sum((body ->> 'rows')::integer)::integer, count(*), count(DISTINCT chain)
           FROM wangge.event WHERE kind = 'incident.batch' GROUP BY subject ORDER BY 1""",
    )
    assert [row[:2] for row in events] == batches
    assert all(count == chains for *_, count, chains in events)
    assert {chains for *_, chains in events} == {3}
    assert broken(conn) == ()
    assert broken_batches(conn) == ()


MIDDLE = "(SELECT id FROM wangge.incident WHERE batch_id = %(batch)s ORDER BY id OFFSET 20 LIMIT 1)"
LAST = "(SELECT max(id) FROM wangge.incident WHERE batch_id = %(batch)s)"


@pytest.mark.parametrize(
    ("done", "places"),
    [
        (f"UPDATE wangge.incident SET log = replace(log, 'T', 'T0') WHERE id = {MIDDLE}", [20]),
        (f"UPDATE wangge.incident SET log = log || ' ' WHERE id = {MIDDLE}", [20]),
        (f"UPDATE wangge.incident SET log = replace(log, '#', '#0') WHERE id = {MIDDLE}", [20]),
        # The next one is bound to a link that is not there any more.
        (f"UPDATE wangge.incident SET log = 'x' || log WHERE id = {MIDDLE}", [20, 21]),
        (f"UPDATE wangge.incident SET log = '' WHERE id = {MIDDLE}", [20, 21]),
        (f"UPDATE wangge.incident SET log = NULL WHERE id = {MIDDLE}", [20, 21]),
        (f"UPDATE wangge.incident SET log = '7' WHERE id = {MIDDLE}", [20, 21]),
        (f"UPDATE wangge.incident SET no = no || '1' WHERE id = {MIDDLE}", [20]),
        (f"UPDATE wangge.incident SET log = replace(log, '+', '-') WHERE id = {LAST}", [-1]),
        (f"UPDATE wangge.incident SET log = log || '7' WHERE id IN ({MIDDLE}, {LAST})", [20, -1]),
        (f"DELETE FROM wangge.incident WHERE id = {MIDDLE}", [21]),
        (f"UPDATE wangge.incident SET batch_id = NULL WHERE id = {MIDDLE}", [21]),
        (f"DELETE FROM wangge.incident WHERE id = {LAST}", []),
        ("DELETE FROM wangge.incident WHERE batch_id = %(batch)s", []),
        ('UPDATE wangge.event SET body = body || \'{"rows": "x"}\' WHERE subject = %(batch)s::text', []),
        ("UPDATE wangge.event SET subject = 'x' WHERE subject = %(batch)s::text", []),
    ],
)
def test_an_edit_is_found(conn, done, places) -> None:
    """A record that was changed, a row that was taken out: the batch is named, and every row where the chain parts."""
    need_superuser(conn)
    (batch,) = one(conn, "SELECT id FROM wangge.incident_batch ORDER BY rows DESC LIMIT 1")
    rows = [no for (no,) in many(conn, "SELECT no FROM wangge.incident WHERE batch_id = %s ORDER BY id", [batch])]
    more = "1" if "SET no" in done else ""
    run(conn, "SET session_replication_role = replica")
    run(conn, done, {"batch": batch})
    found = broken_batches(conn)
    wanted = {(batch, rows[k] + more) for k in places} or {(batch, "")}
    assert {(each.batch, each.no) for each in found} == wanted
    assert len(found) == max(1, len(places))


@pytest.mark.parametrize(
    ("done", "is_of"),
    [
        (
            """UPDATE wangge.incident_batch_part SET body = replace(body, '"import"', '"report"')""",
            "split_part(log, ' ', 2) = %s",
        ),
        ("UPDATE wangge.incident_batch_part SET body = replace(body, '%%', '%%s') || E'\\n'", "split_part(log, ' ', 2) = %s"),
        ("UPDATE wangge.incident_batch_part SET body = ''", "split_part(log, ' ', 2) = %s"),
        ("DELETE FROM wangge.incident_batch_part", "split_part(log, ' ', 2) = %s"),
        ("UPDATE wangge.incident_batch_part SET body = '{}'", "'#' || %s = ANY (string_to_array(log, ' '))"),
        ("DELETE FROM wangge.incident_batch_part", "'#' || %s = ANY (string_to_array(log, ' '))"),
    ],
)
def test_an_edited_part_is_found_in_every_row_that_has_it(conn, done, is_of) -> None:
    """What many records share is in the seal of each: all of them part, and those that do not have it do not."""
    need_superuser(conn)
    (batch,) = one(conn, "SELECT id FROM wangge.incident_batch ORDER BY rows DESC LIMIT 1")
    whose = f"SELECT count(*) FROM wangge.incident WHERE batch_id = p.batch_id AND {is_of.replace('%s', 'p.part')}"
    some = f"SELECT part, ({whose}) FROM wangge.incident_batch_part p WHERE batch_id = %s ORDER BY 2 DESC, 1 LIMIT 1"
    part, count = one(conn, some.replace("%%", "%"), [batch])
    rows = many(conn, f"SELECT no FROM wangge.incident WHERE batch_id = %s AND {is_of} ORDER BY no", [batch, part])
    assert 0 < len(rows) == count < one(conn, "SELECT rows FROM wangge.incident_batch WHERE id = %s", [batch])[0]
    run(conn, f"{done} WHERE batch_id = %s AND part = %s", [batch, part])
    assert [(each.batch, each.no) for each in broken_batches(conn)] == [(batch, no) for (no,) in rows]


def test_one_who_seals_a_row_anew_parts_it_from_the_next(conn) -> None:
    """Whoever edits a record and computes its own link is found at the next row; who computes them all, by the last link."""
    need_superuser(conn)
    (batch,) = one(conn, "SELECT id FROM wangge.incident_batch ORDER BY rows DESC LIMIT 1")
    seal = """UPDATE wangge.incident i SET log = encode(sha256(convert_to(
        (SELECT split_part(b.log, ' ', 1) FROM wangge.incident b WHERE b.batch_id = i.batch_id AND b.id < i.id
         ORDER BY b.id DESC LIMIT 1)
        || i.no || wangge.first_record(i.batch_id, l.log), 'UTF8')), 'hex') || substr(l.log, 65)
      FROM (SELECT id, replace(log, 'T', 'T0') AS log FROM wangge.incident) l WHERE l.id = i.id AND i.id = %s"""
    rows = many(conn, "SELECT id, no FROM wangge.incident WHERE batch_id = %s ORDER BY id", [batch])
    run(conn, seal, [rows[20][0]])
    assert [(each.batch, each.no) for each in broken_batches(conn)] == [(batch, rows[21][1])]
    run(conn, seal, [rows[-1][0]])
    run(conn, "UPDATE wangge.incident SET log = replace(log, 'T0', 'T') WHERE id = %s", [rows[20][0]])
    assert {each.batch for each in broken_batches(conn)} == {batch}
