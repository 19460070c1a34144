"""The log: it is only added to, and whatever a superuser changes afterwards is found at its place."""

import psycopg2
import pytest

from data.store.log import Break, broken, heads, record
from data.store.pool import connect
from data.store.scope import Scope
from data.store.sql import many, one, run


@pytest.fixture
def logged(tx):
    """Ten events in two chains."""
    run(tx, "INSERT INTO wangge.area (code, level) VALUES ('d', 'district')")
    run(tx, "INSERT INTO wangge.area (code, level, parent_id) SELECT 's', 'street', id FROM wangge.area WHERE code = 'd'")
    (street,) = one(tx, "SELECT path::text FROM wangge.area WHERE code = 's'")
    (district,) = one(tx, "SELECT path::text FROM wangge.area WHERE code = 'd'")
    for n in range(5):
        record(tx, "test", path=street, subject=str(n), body={"n": n})
        record(tx, "test", path=district, subject=str(n), body={"网格": n})
    return tx, street


def test_an_untouched_log_is_whole(logged) -> None:
    """Each street's events follow from each other, from the first to the head."""
    tx, street = logged
    assert broken(tx) == ()
    assert heads(tx)[street][0] == 5


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        ("UPDATE wangge.event SET body = '{}' WHERE seq = 3 AND chain = %s", (3, "edited")),
        ("UPDATE wangge.event SET at = at - interval '1 day' WHERE seq = 2 AND chain = %s", (2, "edited")),
        ("UPDATE wangge.event SET actor = gen_random_uuid() WHERE seq = 4 AND chain = %s", (4, "edited")),
        ("DELETE FROM wangge.event WHERE seq = 3 AND chain = %s", (4, "missing")),
        ("DELETE FROM wangge.event WHERE seq = 1 AND chain = %s", (2, "missing")),
        ("DELETE FROM wangge.event WHERE seq = 5 AND chain = %s", (4, "cut")),
        ("DELETE FROM wangge.event WHERE chain = %s", (0, "cut")),
    ],
)
def test_what_a_superuser_does_is_found(logged, tamper, found) -> None:
    """An edit, a deletion in the middle and a tail that was cut off are each found, in the chain and at the event."""
    tx, street = logged
    run(tx, tamper, [street])
    assert broken(tx) == (Break(street, *found),)


def test_nobody_gives_number_time_person_or_hash(logged) -> None:
    """A statement that brings its own number, time and actor gets the store's instead."""
    tx, street = logged
    run(tx, "SELECT set_config('wangge.person', '00000000-0000-0000-0000-000000000001', true)")
    run(
        tx,
        """INSERT INTO wangge.event (chain, seq, at, actor, path, kind, hash)
           VALUES ('x', 99, '1999-01-01', '00000000-0000-0000-0000-000000000002', %s, 'forged', 'x')""",
        [street],
    )
    row = one(tx, "SELECT chain, seq, at > '2020-01-01', actor::text FROM wangge.event WHERE kind = 'forged'")
    assert row == (street, 6, True, "00000000-0000-0000-0000-000000000001")
    assert broken(tx) == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE wangge.event SET kind = 'x'",
        "DELETE FROM wangge.event",
        "TRUNCATE wangge.event",
        "ALTER TABLE wangge.event DISABLE TRIGGER event_chained",
        "UPDATE wangge.event_head SET seq = 0",
        "SELECT * FROM wangge.event_head",
    ],
)
def test_the_application_only_adds(db, statement) -> None:
    """The role that answers requests can neither change nor remove an event, nor touch the heads of the chains."""
    conn = connect(db.app)
    try:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run(conn, statement)
    finally:
        conn.close()


def test_the_log_is_read_by_auditors_in_their_area(db) -> None:
    """Without the right to read the log nobody sees an event, and with it only those of their areas."""
    admin = connect(db.admin)
    run(admin, "INSERT INTO wangge.area (code, level) VALUES ('d', 'district'), ('e', 'district')")
    paths = dict(many(admin, "SELECT code, path::text FROM wangge.area"))
    for path in paths.values():
        record(admin, "test", path=path)
    admin.close()
    app = connect(db.app)
    try:
        for rights, areas, seen in (((), (paths["d"],), 0), (("read_log",), (), 0), (("read_log",), (paths["d"],), 1)):
            run(app, "BEGIN")
            for name, value in Scope(rights=rights, areas_1=areas).settings().items():
                run(app, "SELECT set_config(%s, %s, true)", [name, value])
            assert one(app, "SELECT count(*) FROM wangge.event") == (seen,)
            run(app, "ROLLBACK")
    finally:
        app.close()
