"""Whether a store is fit to serve is found out before it serves."""

from contextlib import closing

import pytest
from psycopg2.extensions import make_dsn
from psycopg2.sql import SQL, Identifier

from data.store.again import TRIES, again
from data.store.migrate import make_leakproof
from data.store.open import open_store
from data.store.pool import connect
from data.store.preflight import preflight
from data.store.sql import one, run
from gis.errors import StoreBusy, StoreError
from gis.finding import Severity
from tests.stored import unmark


def kinds(dsn, *, only=Severity.ERROR):
    with closing(connect(dsn)) as conn:
        return [finding.kind for finding in preflight(conn) if finding.severity is only]


def test_a_store_as_we_make_it_is_fit(db):
    """Nothing is wrong with a database that has all migrations, seen as the application's role."""
    assert kinds(db.app) == []


def test_data_that_a_crash_may_lose_is_a_warning(cluster, db):
    """Each setting that trades safety for speed is named; the server of the tests has them all off."""
    with closing(connect(cluster.admin)) as conn:
        names = ("fsync", "full_page_writes", "synchronous_commit")
        off = [name for name in names if one(conn, SQL("SHOW {}").format(Identifier(name))) == ("off",)]

    with closing(connect(db.app)) as conn:
        found = [finding for finding in preflight(conn) if finding.kind == "may_lose_data"]

    assert [finding.en.split()[0] for finding in found] == off
    assert {finding.severity for finding in found} <= {Severity.WARNING}


def test_the_owner_may_not_serve(db):
    """A service that came in as superuser or owner would show everybody everything: that is an error."""
    assert set(kinds(db.admin)) == {"role_too_strong"}


@pytest.mark.usefixtures("superuser")
@pytest.mark.parametrize("strength", ["SUPERUSER", "BYPASSRLS"])
def test_a_role_above_the_policies_may_not_serve(db, strength):
    """One such attribute is enough."""
    with closing(connect(db.admin)) as owner:
        run(owner, "BEGIN")
        run(owner, SQL("ALTER ROLE wangge_app {}").format(SQL(strength)))
        run(owner, "SET LOCAL ROLE wangge_app")
        found = [finding.kind for finding in preflight(owner) if finding.severity is Severity.ERROR]
        run(owner, "ROLLBACK")

    assert found == ["role_too_strong"]


@pytest.mark.usefixtures("superuser")
def test_a_role_that_can_become_the_owner_may_not_serve(db):
    """Being a member of the owner's role is as good as being the owner."""
    with closing(connect(db.admin)) as owner:
        run(owner, "BEGIN")
        run(owner, "CREATE ROLE keeper_of_grids NOLOGIN")
        run(owner, "ALTER TABLE wangge.town OWNER TO keeper_of_grids")
        run(owner, "GRANT keeper_of_grids TO wangge_app")
        run(owner, "SET LOCAL ROLE wangge_app")
        found = [finding.kind for finding in preflight(owner) if finding.severity is Severity.ERROR]
        run(owner, "ROLLBACK")

    assert found == ["role_too_strong"]


def test_an_empty_database_is_named_as_such(cluster):
    """No extension and no table: each missing extension is named with the command that makes it, and so is the migration."""
    with cluster.clone("template0") as empty, closing(connect(empty.app)) as conn:
        found = [finding for finding in preflight(conn) if finding.severity is Severity.ERROR]

    assert [finding.kind for finding in found] == ["no_extension"] * 3 + ["no_schema"]
    assert all("CREATE EXTENSION" in finding.en and "CREATE EXTENSION" in finding.zh for finding in found[:3])


def test_an_old_store_is_not_served(db):
    """A store that lacks a migration of this program is refused, and the migration is named."""
    with closing(connect(db.admin)) as owner:
        run(owner, "GRANT SELECT ON wangge.migration TO wangge_app")
        (name,) = one(
            owner,
            "DELETE FROM wangge.migration WHERE number = (SELECT max(number) FROM wangge.migration) RETURNING name",
        )
    with closing(connect(db.app)) as conn:
        (finding,) = [finding for finding in preflight(conn) if finding.severity is Severity.ERROR]

    assert finding.kind == "old_schema"
    assert name in finding.en


def test_a_store_from_the_future_is_not_served(db):
    """A migration that this program does not know means that it would misread the store."""
    with closing(connect(db.admin)) as owner:
        run(owner, "GRANT SELECT ON wangge.migration TO wangge_app")
        run(owner, "INSERT INTO wangge.migration (number, name, digest) VALUES (9999, 'later', '')")

    assert kinds(db.app) == ["other_schema"]


def test_a_version_that_cannot_be_read_is_a_warning(db):
    """Without the right to look the version is unknown, which is said and does not pass for being right."""
    with closing(connect(db.admin)) as owner:
        run(owner, "REVOKE SELECT ON wangge.migration FROM wangge_app")

    assert "schema_unknown" in kinds(db.app, only=Severity.WARNING)


@pytest.mark.usefixtures("superuser")
def test_indices_that_policies_switch_off_are_a_warning(db):
    """After an update of PostGIS maps are slow until the owner says again that its operators leak nothing."""
    with closing(connect(db.admin)) as owner:
        unmark(owner)
        before = kinds(db.app, only=Severity.WARNING)
        make_leakproof(owner)
        after = kinds(db.app, only=Severity.WARNING)

    assert "not_leakproof" in before
    assert "not_leakproof" not in after


def test_a_named_store_is_brought_up_to_date(cluster):
    """Whoever gives the owner's address gets the migrations with it; the application's alone changes nothing."""
    with cluster.clone("template1") as empty:
        with open_store(dsn=empty.app, admin_dsn=None, home=None) as store:
            assert store.admin_dsn is None
            assert "no_schema" in kinds(store.app_dsn)
        with open_store(dsn=empty.app, admin_dsn=empty.admin, home=None) as store:
            assert kinds(store.app_dsn) == []


def test_a_store_does_not_show_the_way_in(db):
    """Its repr, which ends up in tracebacks, holds no password."""
    dsn = make_dsn(db.app, password="hunter2")  # noqa: S106 - nobody's
    with open_store(dsn=dsn, admin_dsn=None, home=None) as store:
        assert "hunter2" not in repr(store)


def test_transactions_that_meet_are_done_again(db):
    """Two that change the same under SERIALIZABLE: the one that the server breaks off is begun anew and both are done."""
    with closing(connect(db.admin)) as first, closing(connect(db.admin)) as second:
        run(first, "CREATE TABLE counter AS SELECT 0 AS n")
        tries = 0

        def raise_by_one():
            nonlocal tries
            tries += 1
            try:
                run(first, "BEGIN ISOLATION LEVEL SERIALIZABLE")
                (n,) = one(first, "SELECT n FROM counter")
                if tries == 1:
                    run(second, "UPDATE counter SET n = n + 1")
                run(first, "UPDATE counter SET n = %s", [n + 1])
                run(first, "COMMIT")
            except Exception:
                run(first, "ROLLBACK")
                raise
            return n + 1

        assert again(raise_by_one, sleep=lambda _: None) == 2
        assert tries == 2


def test_trying_again_ends(db):
    """A transaction that is broken off every time is given up after six tries, with waits that grow and differ."""
    waits, tries = [], 0
    with closing(connect(db.admin)) as conn:

        def never():
            nonlocal tries
            tries += 1
            run(conn, "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'serialization_failure'; END $$")

        with pytest.raises(StoreBusy):
            again(never, sleep=waits.append)

    assert tries == TRIES == len(waits) + 1
    assert all(0 <= wait <= 0.02 * 2**turn for turn, wait in enumerate(waits))
    assert len(set(waits)) == len(waits)


def test_other_errors_are_not_tried_again():
    """What would fail the same way again is not repeated: it may have had effects elsewhere."""
    tries = 0

    def fails():
        nonlocal tries
        tries += 1
        raise StoreError("no")

    with pytest.raises(StoreError):
        again(fails)

    assert tries == 1
