"""Connections that are shared: each transaction speaks for its caller and for nobody else, whatever happened before it."""

import threading
import time
from contextlib import closing
from datetime import date

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege, LockNotAvailable, QueryCanceled, ReadOnlySqlTransaction

from data.store.pool import Pool, connect
from data.store.prepared import MOST
from data.store.scope import NOBODY, Scope
from data.store.sql import many, one, run
from gis.errors import StoreBusy, StoreError

COUNT = "SELECT count(*) FROM wangge.household_point"
DROPPED = """SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
             WHERE usename = 'wangge_app' AND datname = current_database()"""


@pytest.fixture
def places(db):
    """A street with two communities, three household points in each; gives the paths of the communities."""
    with closing(connect(db.admin)) as conn:
        paths: dict[str, str] = {}
        parent = None
        for code, level in (("C", "city"), ("D", "district"), ("S", "street")):
            parent, paths[code] = one(
                conn,
                "INSERT INTO wangge.area (code, level, parent_id) VALUES (%s, %s, %s) RETURNING id, path::text",
                [code, level, parent],
            )
        (town,) = one(
            conn,
            """INSERT INTO wangge.town (name, frame, on_overlap, area_id, path)
            SELECT 'T', 4547, 'error', id, path FROM wangge.area WHERE code = 'S' RETURNING id""",
        )
        for code in ("A", "B"):
            (paths[code],) = one(
                conn,
                "INSERT INTO wangge.area (code, level, parent_id) VALUES (%s, 'community', %s) RETURNING path::text",
                [code, parent],
            )
            run(
                conn,
                """INSERT INTO wangge.household_point
                (town_id, seen, external_id, path, households, persons, compound, building, shape)
                SELECT %s, '[1,)', %s || n, %s, 1, 1, '', '', ST_SetSRID(ST_Point(500000 + n, 2500000), 4547)
                FROM generate_series(1, 3) n""",
                [town, code, paths[code]],
            )
        return paths


def scope_of(path):
    return Scope(areas_1=(path,), areas_2=(path,), areas_3=(path,))


def test_each_transaction_sees_its_own_scope(db, places):
    """One connection serves callers in turn, and each sees what is theirs: nothing is left from the one before."""
    with closing(Pool(db.app, size=1)) as pool:
        seen = []
        for scope in (scope_of(places["A"]), NOBODY, scope_of(places["S"]), scope_of(places["B"]), NOBODY):
            with pool.read(scope) as conn:
                seen.append(one(conn, COUNT)[0])

    assert seen == [3, 0, 6, 3, 0]


def test_a_reused_connection_without_a_scope_sees_nothing(db, places):
    """Whoever forgets to say for whom they ask sees nothing, on a new connection and on one that somebody used before.

    After a transaction its settings are '' and no longer unset, and ''::ltree is above everything.
    """
    with closing(connect(db.app)) as conn:
        fresh = one(conn, COUNT)
        run(conn, "BEGIN")
        for ceiling in "123":
            one(conn, "SELECT set_config('wangge.areas_' || %s, %s, true)", [ceiling, places["S"]])
        within = one(conn, COUNT)
        run(conn, "COMMIT")
        left = one(conn, "SELECT current_setting('wangge.areas_3', true)")
        after = one(conn, COUNT)

    assert (fresh, within, left, after) == ((0,), (6,), ("",), (0,))


def test_the_textbook_policy_would_fail_open(db, places):
    """The test above can see the fault that it guards against: with the policy of the textbooks everything would be shown."""
    with closing(connect(db.admin)) as owner:
        run(owner, "DROP POLICY seen ON wangge.household_point")
        run(
            owner,
            """CREATE POLICY seen ON wangge.household_point FOR SELECT TO wangge_app
            USING (path <@ current_setting('wangge.areas_3', true)::ltree)""",
        )
    with closing(Pool(db.app, size=1)) as pool:
        with pool.read(scope_of(places["A"])) as conn:
            assert one(conn, COUNT) == (3,)
        with pool.read(NOBODY) as conn:
            assert one(conn, COUNT) == (6,)


def test_each_question_is_asked_for_its_own_scope(db, places):
    """A single question sees what its caller may see, planned anew or planned once, and leaves nothing on the connection."""
    left = "SELECT current_setting('wangge.areas_3', true), current_setting('transaction_read_only')"
    with closing(Pool(db.app, size=1)) as pool:
        seen = [
            (pool.ask(scope, COUNT)[0][0], pool.ask_again(scope, COUNT, [])[0][0])
            for scope in (scope_of(places["A"]), NOBODY, scope_of(places["S"]), NOBODY)
        ]
        bound = pool.ask_again(scope_of(places["S"]), f"{COUNT} WHERE external_id = ANY ($1::text[])", [["A1", "B3", "C"]])
        with pool._borrowed(lambda conn: many(conn, left)) as (_, after):
            pass

    assert (seen, bound, after) == ([(3, 3), (0, 0), (6, 6), (0, 0)], [(2,)], [("", "off")])


def test_a_question_cannot_write(db):
    """What is asked changes nothing, whatever its caller may do."""
    person = Scope(person="00000000-0000-0000-0000-000000000001")
    insert = "INSERT INTO wangge.answer (person, key, digest, at) VALUES (wangge.actor(), 'k', '', now()) RETURNING 1"
    with closing(Pool(db.app, size=1)) as pool:
        with pytest.raises(ReadOnlySqlTransaction):
            pool.ask(person, insert)
        with pytest.raises(ReadOnlySqlTransaction):
            pool.ask_again(person, insert, [])
        with pool.write(person) as conn:
            assert many(conn, insert) == [(1,)]


def test_more_statements_than_are_kept(db):
    """Whoever asks more different questions than a connection keeps plans for is answered all the same, and so again."""
    with closing(Pool(db.app, size=1)) as pool:
        for _ in range(2):
            for n in range(MOST + 5):
                assert pool.ask_again(NOBODY, f"SELECT {n}, $1::int", [7]) == [(n, 7)]
        kept = pool.ask(NOBODY, "SELECT count(*) FROM pg_prepared_statements")

    assert kept == [(MOST,)]


def test_an_exception_takes_everything_back(db):
    """What raises inside a writing transaction leaves nothing, and its connection goes on to serve."""
    person = Scope(person="00000000-0000-0000-0000-000000000001")
    insert = "INSERT INTO wangge.answer (person, key, digest, at) VALUES (%s, 'k', '', now())"
    with closing(Pool(db.app, size=1)) as pool:
        with pytest.raises(ZeroDivisionError), pool.write(person) as conn:
            _ = run(conn, insert, [person.person]) / 0
        with pool.read(person) as conn:
            after_raise = one(conn, "SELECT count(*) FROM wangge.answer")
        with pool.write(person) as conn:
            run(conn, insert, [person.person])
        with pool.read(person) as conn:
            after_commit = one(conn, "SELECT count(*) FROM wangge.answer")

    assert (after_raise, after_commit) == ((0,), (1,))


def test_a_failed_statement_does_not_spoil_the_connection(db):
    """A connection whose transaction was broken by an error comes back clean."""
    with closing(Pool(db.app, size=1)) as pool:
        with pytest.raises(InsufficientPrivilege), pool.read(NOBODY) as conn:
            many(conn, "SELECT password_hash FROM wangge.person")
        with pool.read(NOBODY) as conn:
            assert one(conn, "SELECT 1") == (1,)


def test_reading_cannot_write(db):
    """A transaction that was opened for reading changes nothing, whatever its caller may do."""
    with (
        closing(Pool(db.app, size=1)) as pool,
        pytest.raises(ReadOnlySqlTransaction),
        pool.read(Scope(person="00000000-0000-0000-0000-000000000001")) as conn,
    ):
        run(conn, "INSERT INTO wangge.event (kind) VALUES ('x')")


def test_who_finds_no_connection_free_is_told_so(db):
    """With all connections in use the next caller waits no longer than it was promised; one that comes back serves again."""
    with closing(Pool(db.app, size=1, patience_s=0.1)) as pool:
        with pool.read(NOBODY):
            began = time.monotonic()
            with pytest.raises(StoreBusy, match="in use"), pool.read(NOBODY):
                pass
            waited = time.monotonic() - began
        with pool.read(NOBODY) as conn:
            assert one(conn, "SELECT 1") == (1,)

    assert 0.1 <= waited < 1


def test_callers_wait_for_their_turn(db):
    """Many threads share few connections: all are served, and never more connections than there may be are open."""
    most, together, guard = 0, 0, threading.Lock()

    def work():
        nonlocal most, together
        with pool.read(NOBODY) as conn:
            with guard:
                together += 1
                most = max(most, together)
            one(conn, "SELECT pg_sleep(0.01)")
            with guard:
                together -= 1

    with closing(Pool(db.app, size=2, patience_s=10)) as pool:
        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert most == 2


def test_a_connection_that_died_is_replaced(db):
    """After the server has dropped every connection, callers get new ones: none is ever handed a dead one twice."""
    served = 0
    with closing(Pool(db.app, size=3)) as pool, closing(connect(db.admin)) as owner:
        with pool.read(NOBODY), pool.read(NOBODY), pool.read(NOBODY):
            pass
        run(owner, DROPPED)
        for _ in range(6):
            try:
                with pool.read(NOBODY) as conn:
                    served += one(conn, "SELECT 1")[0]
            except (StoreBusy, psycopg2.OperationalError, psycopg2.InterfaceError):
                continue

    assert served >= 3


def test_a_question_that_finds_its_connection_dead_is_asked_again(db):
    """After the server has dropped the connection, the next question is answered on a new one, with its plan made anew."""
    with closing(Pool(db.app, size=1)) as pool, closing(connect(db.admin)) as owner:
        for _ in range(2):
            assert pool.ask_again(NOBODY, "SELECT 1", []) == [(1,)]
            run(owner, DROPPED)
        assert pool.ask(NOBODY, "SELECT 1") == [(1,)]


def test_a_connection_that_dies_in_use_is_not_used_again(db):
    """Its caller is told, and the next one gets another connection."""
    with closing(Pool(db.app, size=1)) as pool:
        with pytest.raises(psycopg2.Error), pool.read(NOBODY) as conn:
            one(conn, "SELECT pg_terminate_backend(pg_backend_pid())")
        with pool.read(NOBODY) as conn:
            assert one(conn, "SELECT 1") == (1,)


def test_no_statement_runs_for_ever(db):
    """A statement is stopped when its time is over, and the next transaction has its own time."""
    with closing(Pool(db.app, size=1)) as pool:
        began = time.monotonic()
        with pytest.raises(QueryCanceled), pool.read(NOBODY, ms=100) as conn:
            one(conn, "SELECT pg_sleep(5)")
        stopped_after = time.monotonic() - began
        with pool.read(NOBODY, ms=3000) as conn:
            assert one(conn, "SHOW statement_timeout") == ("3s",)
        with pytest.raises(QueryCanceled):
            pool.ask(NOBODY, "SELECT pg_sleep(5)", ms=100)
        with pytest.raises(QueryCanceled):
            pool.ask_again(NOBODY, "SELECT pg_sleep($1)", [5], ms=100)
        assert pool.ask(NOBODY, "SHOW statement_timeout", ms=3000) == [("3s",)]

    assert stopped_after < 2
    assert time.monotonic() - began < 2


def test_nobody_waits_long_for_a_lock(db):
    """Who meets a lock gives up after two seconds, and a transaction that its owner has forgotten is ended by the server."""
    with closing(connect(db.app)) as conn:
        assert one(conn, "SHOW lock_timeout") == ("2s",)
        assert one(conn, "SHOW idle_in_transaction_session_timeout") == ("15s",)
        with closing(connect(db.app)) as other:
            run(other, "BEGIN")
            run(other, "SELECT pg_advisory_xact_lock(1)")
            began = time.monotonic()
            with pytest.raises(LockNotAvailable):
                run(conn, "SELECT pg_advisory_xact_lock(1)")

    assert 1.5 < time.monotonic() - began < 4


def test_days_are_those_of_utc(db):
    """Every connection counts in one zone, whatever the server's own is: times are compared as moments."""
    with closing(connect(db.app)) as conn:
        assert one(conn, "SHOW timezone") == ("UTC",)
        assert one(conn, "SELECT '2024-05-01 00:30+08'::timestamptz::date") == (date(2024, 4, 30),)


def test_a_store_that_is_not_there_is_busy_at_once(tmp_path):
    """No server: `StoreBusy` with the reason, within the time of a connection and not of a hung network."""
    with closing(Pool(f"host={tmp_path} dbname=x", size=1)) as pool:
        began = time.monotonic()
        with pytest.raises(StoreBusy, match="does not answer"), pool.read(NOBODY):
            pass
        with pytest.raises(StoreBusy, match="does not answer"), pool.read(NOBODY):
            pass

    assert time.monotonic() - began < 3


def test_a_closed_pool_serves_nobody(db):
    """After the end nobody gets a connection; one that is out is closed when it comes back."""
    pool = Pool(db.app, size=2)
    with pool.read(NOBODY) as conn:
        pool.close()
    with pytest.raises(StoreError, match="closed"), pool.read(NOBODY):
        pass

    assert conn.closed


def test_a_pool_does_not_show_the_way_in():
    """Its repr, which ends up in tracebacks, holds no password."""
    pool = Pool("host=db password=hunter2")

    assert "hunter2" not in repr(pool)
