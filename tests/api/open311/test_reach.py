"""How much the store reads for a page: no more than the page, however much there is."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from data.store import open311
from data.store.open311 import Page, Span
from data.store.pool import Pool
from data.store.scope import Scope
from data.store.sql import many
from tests.published import DISTRICT, publish
from tests.stored import owner

MANY = 20_000
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = Span(since=FIRST + timedelta(days=300), until=FIRST + timedelta(days=390))
WITHIN = 90 * 48
"""How many were reported in that time."""
PAGE = Page(offset=0, limit=100)
FILL = """
    INSERT INTO wangge.matter (code, area_id, path, name, category, power_delegated, funding, status, updated_at)
    SELECT 'm' || n, id, path, 'matter', 'c', true, 'x', 'admitted', now()
    FROM wangge.area, generate_series(0, 9) n WHERE code = %(district)s;
    INSERT INTO wangge.incident (no, path, geom, source, reported_at, state, tier, kind, category, matter, revision, at)
    SELECT 'n' || n, a.path, ST_SetSRID(ST_MakePoint(117, 36.5), 4490), 'grid', %(first)s + n * interval '30 minutes', 'closed',
      1, 'problem', 'c', 'm' || n %% 10, 1, now()
    FROM generate_series(1, %(many)s) n, wangge.area a WHERE a.code = %(district)s;
    ALTER TABLE wangge.event DISABLE TRIGGER USER;
    INSERT INTO wangge.event (chain, seq, at, kind, subject, body, hash, xid)
    SELECT 'x', i.id, i.reported_at, 'incident.report', i.no, jsonb_build_object('seq', 1, 'event', 'report', 'to_state',
      'reported', 'at', i.reported_at), '', pg_current_xact_id()
    FROM wangge.incident i;
    ANALYZE wangge.incident, wangge.event, wangge.matter, wangge.open311_request, wangge.attachment"""
READ = """SELECT relname, coalesce(seq_tup_read, 0), coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
    FROM pg_stat_xact_user_tables WHERE schemaname = 'wangge' AND relname IN ('incident', 'event')"""


@pytest.fixture(scope="module")
def pool(cluster, template):
    """Many incidents, behind the application's role."""
    with cluster.clone(template) as db:
        publish(db.admin)
        with owner(db.admin) as conn:
            many(conn, FILL + "; SELECT 1", {"district": DISTRICT, "first": FIRST, "many": MANY})
        with closing(Pool(db.app, size=1)) as made:
            yield made


def read_by(pool, ask) -> tuple[int, dict[str, int]]:
    """Return how many answers there were, and how many rows of each table were read for them; none of them one by one."""
    with pool.read(Scope(public=("open311",))) as conn:
        before = {name: (one_by_one, rows) for name, one_by_one, rows in many(conn, READ)}
        answers = ask(conn)
        after = {name: (one_by_one, rows) for name, one_by_one, rows in many(conn, READ)}
    assert {name: each for name, (each, _) in after.items()} == {name: before.get(name, (0, 0))[0] for name in after}
    return len(answers), {name: rows - before.get(name, (0, 0))[1] for name, (_, rows) in after.items()}


def test_a_page_is_read_from_its_index(pool) -> None:
    """A page of a hundred among many reads few more rows than that; a narrower list never all there is."""
    count, rows = read_by(pool, lambda conn: open311.listed(conn, SPAN, PAGE))
    assert count == 100
    assert rows["incident"] <= 110
    count, rows = read_by(pool, lambda conn: open311.listed(conn, SPAN, PAGE, service_codes=["m3"], is_open=False))
    assert count == 100
    # Never all: of the time that is asked for, by an index that knows blocks of the table.
    assert WITHIN / 10 < rows["incident"] < MANY
    day = Span(since=FIRST, until=FIRST + timedelta(days=1))
    count, rows = read_by(pool, lambda conn: open311.listed(conn, day, PAGE, service_codes=["nothing"]))
    assert count == 0
    assert rows["incident"] <= 60


def test_lines_and_updates_are_read_from_their_index(pool) -> None:
    """What happened to a hundred incidents, and the first hundred updates of a time, read few more rows than that."""
    nos = [f"n{n}" for n in range(1, 101)]
    count, rows = read_by(pool, lambda conn: open311.lines(conn, nos))
    assert count == 100
    assert rows["event"] <= 110
    count, rows = read_by(pool, lambda conn: open311.updates(conn, SPAN, PAGE))
    assert count == 100
    assert rows["event"] <= 110
    assert rows["incident"] <= 110
