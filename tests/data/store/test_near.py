"""What a new report may repeat: found by its place, however many there are, whatever the store knew when it planned."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from data.store import incidents
from data.store.pool import Pool, connect
from data.store.scope import Scope
from data.store.sql import one, run
from tests.stored import owner, unmark

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SPOT = (117.5, 36.5)
MANY = 10_000
"""All of one category and of one hour, on a lattice of a hundred by a hundred, 900 m apart and more."""
ARRIVAL = {"source": "grid", "kind": "problem", "located_by": "point", "reported_at": NOW}
ARRIVAL.update(dict.fromkeys(("title", "description", "address", "contact"), ""))
STANDING = {
    "path": "", "state": "reported", "tier": 1, "owner_org": "center:1", "category": "rubbish", "mode": "normal", "revision": 1,
    "at": NOW,
}  # fmt: skip
STANDING.update(dict.fromkeys(("urgent", "on_the_spot", "is_answered"), False))
STANDING.update(dict.fromkeys(("supervision", "returns", "reworks", "reopens", "extensions"), 0))
WORKER = Scope(rights=("handle_incidents",), areas_1=("1",), categories=("*",))


def arrives(conn) -> tuple[str, list[incidents.Near]]:
    """Write down a report at the spot, and return its number and what is near."""
    return incidents.arrive(
        conn,
        district="370103",
        day=NOW.date(),
        at=SPOT,
        arrival=ARRIVAL,
        standing=dict.fromkeys(incidents.STANDING) | STANDING,
        body={"seq": 1, "event": "report"},
        metres=100.0,
        time=timedelta(days=1),
    )


def rows_read(conn) -> int:
    """Return how many incidents the transaction has read, by whatever way."""
    return one(
        conn,
        """SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_all_tables
           WHERE relid = 'wangge.incident'::regclass""",
    )[0]


@pytest.mark.parametrize("leakproof", [True, False])
def test_a_report_reads_what_is_near_and_no_more(db, leakproof) -> None:
    """With ten thousand of its category that day it reads a handful, though its plan is as old as the empty table."""
    with closing(connect(db.admin)) as conn:
        if not leakproof:
            unmark(conn)
        run(conn, "VACUUM (ANALYZE) wangge.incident")  # the planner knows that there is nothing
    with closing(Pool(db.app, size=1)) as pool:
        with pool.write(WORKER) as conn:
            assert arrives(conn)[1] == []
        with owner(db.admin) as conn:
            run(
                conn,
                """INSERT INTO wangge.incident
                     (no, path, geom, source, reported_at, state, tier, owner_org, kind, category, revision, at)
                   SELECT 'n' || k, '1.2', ST_SetSRID(ST_MakePoint(117 + (k %% 100) * 0.01, 36 + (k / 100) * 0.01), 4490),
                     'grid', %(now)s, 'reported', 1, 'center:1', 'problem', 'rubbish', 1, %(now)s
                   FROM generate_series(0, %(many)s - 1) AS k""",
                {"now": NOW, "many": MANY},
            )
        with pool.write(WORKER) as conn:
            no, near = arrives(conn)
            assert rows_read(conn) < 20
    assert [(each.no, each.away_m) for each in near] == [("n5050", 0.0)]
    assert no.endswith("00002")
