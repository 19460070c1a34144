"""The feed: whatever is committed, in whatever order, is read exactly once; and a store that was restored says so."""

import random
import threading
import time
from contextlib import closing
from itertools import count

import psycopg2
import pytest

from data.store.feed import RESTORED, Cursor, Wanted, events, incidents, is_here, is_stirred, now_at, renew
from data.store.log import broken, record
from data.store.pool import connect
from data.store.scope import Scope, speak
from data.store.sql import many, one, run
from gis.errors import ParameterError

WRITERS, EACH, ENOUGH = 6, 20, 12
AUDITOR = Scope(rights=("read_log",), areas_1=("1", "2"))


@pytest.fixture
def towns(db):
    """Two districts, of which the ids are 1 and 2."""
    with closing(connect(db.admin)) as conn:
        run(conn, "INSERT INTO wangge.area (code, level) VALUES ('d', 'district'), ('e', 'district')")
        assert many(conn, "SELECT path::text FROM wangge.area ORDER BY id") == [("1",), ("2",)]
    return db


def everything(conn, cursor, *, limit=7):
    """Read on from a place to the end, as whoever the connection speaks for."""
    found, more = [], True
    while more:
        page = events(conn, cursor, Wanted(), limit=limit)
        found += page.rows
        cursor, more = page.cursor, page.more
    return found, cursor


def begin(conn, scope=AUDITOR):
    """Begin a transaction that speaks for somebody."""
    run(conn, "BEGIN")
    speak(conn, scope)


def tell(conn, subject, *, path="1", kind="incident.urge"):
    """Write an event."""
    record(conn, kind, path=path, subject=subject)


def test_overlapping_writers_are_read_exactly_once_and_in_order(towns) -> None:
    """While writers overlap, commit late and roll back, a reader gets every committed event once, in the order of places."""
    kept, seen, over, enough = set(), [], threading.Event(), threading.Event()
    deadline = time.monotonic() + 60

    def write(n: int) -> None:
        draw = random.Random(n)  # noqa: S311 - how long a transaction takes is no secret
        with closing(connect(towns.admin)) as conn:
            run(conn, "SET lock_timeout = 0")
            # On a machine that is busy the reader comes seldom: writers go on until it has come often enough to race them.
            for k in count():
                if k >= EACH and (enough.is_set() or time.monotonic() > deadline):
                    return
                run(conn, "BEGIN")
                # A number early, events late: whoever reads by number alone has passed it by then.
                run(conn, "SELECT pg_current_xact_id()")
                time.sleep(draw.choice((0, 0, 0.002, 0.03)))
                subjects = [f"{n}-{k}-{m}" for m in range(draw.randint(1, 3))]
                for subject in subjects:
                    # In pairs of chains of their own, so that they do not wait for each other.
                    tell(conn, subject, path=f"{n % 2 + 1}.{n}")
                time.sleep(draw.choice((0, 0, 0.01)))
                if draw.random() < 0.15:
                    run(conn, "ROLLBACK")
                else:
                    run(conn, "COMMIT")
                    kept.update(subjects)

    with closing(connect(towns.app)) as conn:
        begin(conn)
        cursor = now_at(conn)
        run(conn, "COMMIT")
        threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        polls = 0
        while not over.is_set():
            if not any(thread.is_alive() for thread in threads):
                over.set()  # one more look after the last commit
            begin(conn)
            told, cursor = everything(conn, cursor)
            run(conn, "COMMIT")
            seen += told
            polls += bool(told)
            if polls >= ENOUGH:
                enough.set()
    assert polls >= ENOUGH, "the reader came too late to race"
    assert sorted(each.subject for each in seen) == sorted(kept)
    places = [(each.cursor.xid, each.cursor.chain, each.cursor.seq) for each in seen]
    assert places == sorted(places)
    with closing(connect(towns.admin)) as conn:
        # Not the order of time: what would be lost by it is what this is for.
        by_time = [
            subject for (subject,) in many(conn, "SELECT subject FROM wangge.event WHERE kind = 'incident.urge' ORDER BY at")
        ]
    assert [each.subject for each in seen] != by_time


def test_what_still_runs_holds_back_what_comes_after(towns) -> None:
    """An event that was committed behind a transaction that still runs is told after that has ended, and both in order."""
    with closing(connect(towns.admin)) as slow, closing(connect(towns.admin)) as quick, closing(connect(towns.app)) as conn:
        begin(conn)
        cursor = now_at(conn)
        run(conn, "COMMIT")
        run(slow, "BEGIN; SELECT pg_current_xact_id()")
        tell(quick, "quick")
        begin(conn)
        assert everything(conn, cursor)[0] == []
        run(conn, "COMMIT")
        tell(slow, "slow", path="2")
        run(slow, "COMMIT")
        begin(conn)
        assert [each.subject for each in everything(conn, cursor)[0]] == ["slow", "quick"]


def test_a_place_is_a_word(towns) -> None:
    """A place is written and read back the same; whatever is none is refused, and named."""
    with closing(connect(towns.admin)) as conn:
        tell(conn, "a", path="1")
        place = everything(conn, Cursor(epoch="00000000", xid=0))[0][0].cursor
    assert (place.chain, place.seq) == ("1", 1)
    assert Cursor.read(str(place)) == place
    for text in (
        "",
        "x",
        "1",
        f"{place} ",
        f"{place}\n",
        str(place).upper() + "-",
        f"00000000-{2**64}--0",
        "0" * 500,
        "00000000-٣--0",
    ):
        with pytest.raises(ParameterError) as refused:
            Cursor.read(text, "after")
        assert (refused.value.parameter, refused.value.code) == ("after", "invalid-cursor")


def test_only_what_is_wanted_and_seen(towns) -> None:
    """Kinds and areas choose; what is neither an incident's nor a plan's is never told; nobody sees without a right."""
    with closing(connect(towns.admin)) as conn:
        for kind, path in (("incident.urge", "1"), ("incident.close", "1.9"), ("plan.submit", "2"), ("person.added", None)):
            tell(conn, kind, kind=kind, path=path)
    start = Cursor(epoch="00000000", xid=0)
    with closing(connect(towns.app)) as conn:
        begin(conn)

        def subjects(**wanted):
            return [each.subject for each in events(conn, start, Wanted(**wanted), limit=10).rows]

        assert subjects() == ["incident.urge", "incident.close", "plan.submit"]
        assert subjects(kinds=("incident.close",), families=()) == ["incident.close"]
        assert subjects(families=("plan.",)) == ["plan.submit"]
        assert subjects(path="1") == ["incident.urge", "incident.close"]
        run(conn, "ROLLBACK")
        for nobody in (Scope(), Scope(rights=("see_internal",), areas_1=("1",)), Scope(rights=("read_log",), areas_1=("2",))):
            begin(conn, nobody)
            assert [each.kind for each in events(conn, start, Wanted(), limit=10).rows] == (
                ["plan.submit"] if nobody.areas_1 == ("2",) else []
            )
            run(conn, "ROLLBACK")


def test_a_reader_who_sees_nothing_gets_on(towns, monkeypatch) -> None:
    """What is not the reader's is passed in strides: a page may be empty and still move the place, until the end is reached."""
    monkeypatch.setattr("data.store.feed.STRIDE", 5)
    with closing(connect(towns.admin)) as conn:
        for n in range(23):
            tell(conn, str(n), path="2")
        tell(conn, "mine", path="1")
    with closing(connect(towns.app)) as conn:
        begin(conn, Scope(rights=("read_log",), areas_1=("1",)))
        page = events(conn, Cursor(epoch="00000000", xid=0), Wanted(), limit=10)
        assert (page.rows, page.more, page.cursor.chain) == ([], True, "")
        told, end = everything(conn, page.cursor)
        assert [each.subject for each in told] == ["mine"]
        assert end.xid == now_at(conn).xid
        assert events(conn, end, Wanted(), limit=10).rows == []


def test_something_new_is_known_without_saying_what(towns) -> None:
    """Whoever sees nothing still learns whether anything was written, and only of what is told."""
    with closing(connect(towns.admin)) as conn, closing(connect(towns.app)) as nobody:
        before = now_at(nobody)
        record(conn, "session.start", path=None)
        after = now_at(nobody)
        assert not is_stirred(nobody, before, after)
        tell(conn, "a")
        assert is_stirred(nobody, before, now_at(nobody))
        assert not is_stirred(nobody, now_at(nobody), now_at(nobody))
        assert many(nobody, "SELECT FROM wangge.event") == []


def test_nobody_gives_the_number_of_a_transaction(towns) -> None:
    """A writer that brings a number gets its transaction's own, and no writer changes one afterwards."""
    with closing(connect(towns.app)) as conn:
        run(conn, "BEGIN")
        run(
            conn,
            """INSERT INTO wangge.event (chain, seq, at, hash, kind, path, xid)
               VALUES ('', 0, now(), '', 'incident.x', '1', '7')""",
        )
        (xid,) = one(conn, "SELECT pg_current_xact_id()::text")
        speak(conn, AUDITOR)
        assert many(conn, "SELECT xid::text FROM wangge.event") == [(xid,)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run(conn, "UPDATE wangge.event SET xid = '9'")


def test_another_epoch_makes_every_place_void_and_the_log_readable(towns) -> None:
    """After a restore the old places are none, all of the log can be read from the beginning, and its chains still close."""
    with closing(connect(towns.admin)) as conn:
        for n in range(3):
            tell(conn, str(n))
        # As from a server that has lived longer than this one.
        run(conn, "UPDATE wangge.event SET xid = '900000000000'")
        old = now_at(conn)
        assert everything(conn, Cursor(epoch=old.epoch, xid=0))[0] == []
        renew(conn)
        new = now_at(conn)
        assert is_here(new, new)
        assert not is_here(old, new)
        assert not is_here(Cursor(epoch=new.epoch, xid=new.xid + 1), new)
        told, _ = everything(conn, Cursor(epoch=new.epoch, xid=0))
        assert [(each.subject, each.cursor.xid) for each in told] == [(str(n), RESTORED) for n in range(3)]
        assert broken(conn) == ()
        tell(conn, "later")
        assert [each.subject for each in everything(conn, told[-1].cursor)[0]] == ["later"]


def test_the_feed_reads_by_its_indices(towns) -> None:
    """Below policies too, a page is read from its place on: nothing that lies before it is looked at."""
    with closing(connect(towns.admin)) as conn:
        run(conn, "ALTER TABLE wangge.event DISABLE TRIGGER event_chained")
        run(
            conn,
            """INSERT INTO wangge.event (chain, seq, at, path, kind, hash, xid)
               SELECT '1', n, now(), '1', 'incident.x', '', (mod(n, 300) + 3)::text::xid8 FROM generate_series(1, 30000) n""",
        )
        run(conn, "ALTER TABLE wangge.event ENABLE TRIGGER event_chained")
        run(conn, "ANALYZE wangge.event")
    with closing(connect(towns.app)) as conn:
        begin(conn)
        run(conn, "SET LOCAL plan_cache_mode = force_custom_plan")
        plan = "\n".join(
            line
            for (line,) in many(
                conn,
                """EXPLAIN SELECT e.seq FROM wangge.event e
                   WHERE (e.xid, e.chain, e.seq) > ('290'::xid8, '1', 5) AND e.xid < '300'::xid8
                     AND (e.kind = ANY ('{}'::text[]) OR e.kind ^@ ANY ('{incident.,plan.}'::text[]))
                   ORDER BY e.xid, e.chain, e.seq LIMIT 100""",
            )
        )
        assert "event_in_order" in plan
        assert "Index Cond: ((ROW(xid, chain, seq)" in plan
        assert incidents(conn, Cursor(epoch="00000000", xid=0), limit=5).rows == []
