"""Migrations: from nothing, from every earlier state, by several at once, and never by files that are not the ones applied."""

import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg2.sql import SQL, Identifier

from data.store.backup import backup, restore
from data.store.feed import Wanted, events, now_at
from data.store.log import broken
from data.store.migrate import Migration, applied, is_leakproof, make_leakproof, migrate, migrations, pending
from data.store.pool import connect
from data.store.sql import many, maybe, one, run
from gis.errors import StoreError
from tests.stored import owner, published, unmark

SHAPE = """SELECT table_name, column_name, data_type, is_nullable, column_default, generation_expression
           FROM information_schema.columns WHERE table_schema = 'wangge'
           UNION ALL SELECT tablename, policyname, cmd, qual, with_check, roles::text FROM pg_policies
             WHERE schemaname = 'wangge'
           UNION ALL SELECT tablename, indexname, indexdef, '', '', '' FROM pg_indexes WHERE schemaname = 'wangge'
           UNION ALL SELECT proname, pg_get_functiondef(p.oid), '', '', '', '' FROM pg_proc p
             WHERE pronamespace = 'wangge'::regnamespace ORDER BY 1, 2, 3"""


@pytest.fixture
def empty(cluster):
    """A database with nothing in it."""
    made = cluster.database(f"wangge_test_{uuid4().hex}")
    with closing(connect(cluster.admin)) as conn:
        run(conn, SQL("CREATE DATABASE {}").format(Identifier(made.name)))
        yield made
        cluster.drop(conn, made.name)


def test_from_empty_and_again(empty) -> None:
    """An empty database gets every migration once; a second run has nothing to do."""
    with closing(connect(empty.admin)) as conn:
        assert migrate(conn) == tuple(m.name for m in migrations())
        assert migrate(conn) == ()
        assert applied(conn) == {m.number: m.digest for m in migrations()}
        assert is_leakproof(conn) or one(conn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == (False,)


@pytest.mark.parametrize("already", range(1, len(migrations())))
def test_from_every_earlier_state(empty, db, already) -> None:
    """A store that stopped at any earlier migration becomes the very schema that a new store has."""
    with closing(connect(empty.admin)) as conn, closing(connect(db.admin)) as fresh:
        migrate(conn, migrations()[:already])
        assert migrate(conn) == tuple(m.name for m in migrations()[already:])
        assert many(conn, SHAPE) == many(fresh, SHAPE)


def test_several_at_once(empty) -> None:
    """Of four that migrate at once each step is done by one, and all come back to a finished store."""
    done = []

    def go() -> None:
        with closing(connect(empty.admin)) as conn:
            done.append(migrate(conn))

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(map(len, done)) == [0, 0, 0, len(migrations())]


def test_a_step_that_fails_leaves_nothing(empty) -> None:
    """A migration that fails half-way is taken back whole, and the ones before it stay."""
    bad = Migration(2, "0002_bad", "CREATE TABLE wangge.half (); SELECT 1 / 0")
    with closing(connect(empty.admin)) as conn:
        with pytest.raises(StoreError, match="0002_bad failed and was taken back"):
            migrate(conn, (migrations()[0], bad))
        assert maybe(conn, "SELECT to_regclass('wangge.half')::text") == (None,)
        assert list(applied(conn)) == [1]


def test_other_pasts_are_refused(db) -> None:
    """A store from a newer version, or made by other files, is not touched."""
    steps = migrations()
    with closing(connect(db.admin)) as conn:
        with pytest.raises(StoreError, match="newer version"):
            pending(conn, steps[:-1])
        with pytest.raises(StoreError, match="other files"):
            pending(conn, (replace(steps[0], statement="SELECT 1"), *steps[1:]))


@pytest.mark.usefixtures("superuser")
def test_the_mark_comes_back_after_an_update_of_postgis(db) -> None:
    """When an update of PostGIS has taken the leakproof mark off, the next migration puts it on again."""
    with closing(connect(db.admin)) as conn:
        unmark(conn)
        assert not is_leakproof(conn)
        assert make_leakproof(conn)


def _kept(conn, table: str) -> list[str]:
    """The columns of a table that a backup gives back as they were."""
    names = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'wangge' AND table_name = %s ORDER BY 1"
    return [name for (name,) in many(conn, names, [table]) if name not in {"xid", "epoch"} or table == "webhook"]


def test_a_backup_gives_everything_back(db, empty, tmp_path: Path) -> None:
    """Every row, policy and chain of a store is the same after backup and restore; what is not empty is not restored into.

    All of the log can be read on. The numbers of transactions, and with them the epoch, are a server's own and differ.
    """
    with owner(db.admin) as conn:
        published(conn)
    file = tmp_path / "store.dump"
    backup(db.admin, file)
    assert file.stat().st_mode & 0o077 == 0
    assert restore(empty.admin, file) == ()
    with closing(connect(db.admin)) as old, closing(connect(empty.admin)) as new:
        assert many(old, SHAPE) == many(new, SHAPE)
        tables = [name for (name,) in many(old, "SELECT tablename FROM pg_tables WHERE schemaname = 'wangge' ORDER BY 1")]
        for table in tables:
            rows = SQL(
                "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (SELECT {} FROM wangge.{}) t"
            ).format(SQL(", ").join(map(Identifier, _kept(old, table))), Identifier(table))
            assert one(old, rows) == one(new, rows), table
        assert broken(new) == ()
        before, after = now_at(old), now_at(new)
        assert after.epoch != before.epoch
        told = [[each.subject for each in events(conn, replace(at, xid=0), Wanted(), limit=100).rows]
                for conn, at in ((old, before), (new, after))]  # fmt: skip
        assert told[0]
        assert told[0] == told[1]
    with pytest.raises(StoreError, match="not empty"):
        restore(db.admin, file)
    with pytest.raises(StoreError, match="no backup"):
        restore(empty.admin, tmp_path / "nothing.dump")
