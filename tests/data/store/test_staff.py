"""Staff below the policies: what a scope sees and writes, what a function of the owner's gives away, what can never be."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from psycopg2.errors import CheckViolation, ExclusionViolation, ForeignKeyViolation, InsufficientPrivilege

from data.store import people
from data.store.card import card_of, stations_serving
from data.store.pool import connect
from data.store.scope import NOBODY, Scope, speak
from data.store.sql import many, one, run
from tests.published import COMMUNITIES, TODAY, publish
from tests.stored import owner

if TYPE_CHECKING:
    from collections.abc import Generator

    from psycopg2.extensions import connection

DAY = date(2026, 3, 2)
HERE, NEXT, FAR, _ = COMMUNITIES
TABLES = ("staff", "post", "staff_leave", "staffing_rule", "org_member")
PUBLIC = Scope(public=("areas", "grids", "open311"))


@pytest.fixture
def town(db):
    """The small town: in each of two communities somebody with a post, on leave, in an organisation, under a rule."""
    path = publish(db.admin)
    with owner(db.admin) as conn:
        someone = people.add_person(conn, login="li", name="李", now=TODAY, by=None)
        for community in (HERE, FAR):
            run(
                conn,
                """INSERT INTO wangge.staff (number, name, area_id, phone, birth_year, created_at, updated_at)
                   SELECT 'N' || code, '员工' || code, id, '0531', 1987, now(), now() FROM wangge.area WHERE code = %(code)s;
                   INSERT INTO wangge.post (staff_id, grid_code, role, letter, valid)
                   SELECT id, %(code)s || '001', 'full_time_worker', 'A', '[2026-01-01,)' FROM wangge.staff
                   WHERE number = 'N' || %(code)s;
                   INSERT INTO wangge.staff_leave (staff_id, days) SELECT id, '[2026-05-01,2026-05-06)' FROM wangge.staff
                   WHERE number = 'N' || %(code)s;
                   INSERT INTO wangge.staffing_rule (area_id, grid_type, rule, valid)
                   SELECT id, 'residential', '{"terms": [{"roles": ["full_time_worker"]}]}', '[2026-01-01,)'
                   FROM wangge.area WHERE code = %(code)s;
                   INSERT INTO wangge.org (code, kind, tier, name, area_id)
                   SELECT 'unit' || code, 'unit', 'community', 'unit', id FROM wangge.area WHERE code = %(code)s;
                   INSERT INTO wangge.org_member (org_id, person_id, valid) SELECT id, %(person)s, '[2020-01-01,)'
                   FROM wangge.org WHERE code = 'unit' || %(code)s""",
                {"code": community, "person": someone},
            )
        run(
            conn,
            """INSERT INTO wangge.station (code, area_id, name, level, kind, geom, radius_m, updated_at)
               SELECT 'S', a.id, 'S', 'community', 'station', ST_PointOnSurface(g.geom), 300, now()
               FROM wangge.area a, wangge.grid g WHERE a.code = %s AND g.code = %s || '001' AND g.in_force @> %s::date""",
            [HERE, HERE, DAY],
        )
    return path


@contextmanager
def speaking(db, scope: Scope) -> Generator[connection]:
    """Give the application's connection in a transaction that speaks for a scope, and is rolled back."""
    conn = connect(db.app)
    try:
        run(conn, "BEGIN")
        speak(conn, scope)
        yield conn
    finally:
        conn.close()


def manager(path: str, *rights: str) -> Scope:
    """The scope of somebody who manages staff in an area."""
    return Scope(
        person="00000000-0000-0000-0000-000000000001", rights=rights or ("manage_staff",), areas_1=(path,), areas_2=(path,),
        categories=("*",),
    )  # fmt: skip


def count(conn: connection, table: str) -> int:
    """How many rows of one of the tables are seen."""
    (found,) = one(conn, f"SELECT count(*) FROM wangge.{table}")
    return found


def test_a_scope_sees_its_own_staff(db, town) -> None:
    """Of every table a community sees its own rows, a district both, and nobody in particular none, whatever is public."""
    for scope, found in (
        (manager(town[HERE]), 1),
        (manager(town["370103"]), 2),
        (manager(town[NEXT]), 0),
        (PUBLIC, 0),
        (NOBODY, 0),
    ):
        with speaking(db, scope) as conn:
            assert {table: count(conn, table) for table in TABLES} == dict.fromkeys(TABLES, found), scope


def test_those_who_work_here_are_seen_here(db, town) -> None:
    """Somebody whom the far community employs is seen by this one once they have a post in it, with their leave."""
    with owner(db.admin) as conn:
        run(
            conn,
            """INSERT INTO wangge.post (staff_id, grid_code, role, valid)
               SELECT id, %s, 'grid_instructor', '[2026-01-01,)' FROM wangge.staff WHERE number = %s""",
            [f"{HERE}002", f"N{FAR}"],
        )
    with speaking(db, manager(town[HERE])) as conn:
        assert [count(conn, table) for table in TABLES] == [2, 2, 2, 1, 1]


GIVE = """INSERT INTO wangge.post (staff_id, grid_code, role, valid)
    SELECT id, %(grid)s, 'grid_leader', '[2026-03-02,)' FROM wangge.staff WHERE number = %(number)s"""


def test_rights_are_asked_in_the_store(db, town) -> None:
    """Without the right nothing is added, changed or removed, and with it nothing in another area, whatever a route forgets."""
    path = town[HERE]
    add = """INSERT INTO wangge.staff (name, area_id, created_at, updated_at)
        SELECT 'x', id, now(), now() FROM wangge.area WHERE code = %s"""
    with speaking(db, manager(path, "see_internal")) as conn:
        assert run(conn, "UPDATE wangge.staff SET name = 'x'") == run(conn, "DELETE FROM wangge.post") == 0
        assert run(conn, "DELETE FROM wangge.staff_leave") == run(conn, "DELETE FROM wangge.staffing_rule") == 0
        with pytest.raises(InsufficientPrivilege):
            run(conn, add, [HERE])
    everywhere = replace(manager(path), public=("areas", "grids"))
    with speaking(db, everywhere) as conn:
        assert run(conn, add, [HERE]) == run(conn, "UPDATE wangge.staff SET name = 'y' WHERE number = %s", [f"N{HERE}"]) == 1
        assert run(conn, "UPDATE wangge.staff SET name = 'y' WHERE number = %s", [f"N{FAR}"]) == 0
        assert run(conn, GIVE, {"grid": f"{HERE}002", "number": f"N{HERE}"}) == 1
        assert run(conn, "DELETE FROM wangge.post") == 2
    for statement, parameters in ((add, [FAR]), (GIVE, {"grid": f"{FAR}002", "number": f"N{HERE}"})):
        with speaking(db, everywhere) as conn, pytest.raises(InsufficientPrivilege):
            run(conn, statement, parameters)


def test_a_stranger_is_given_no_post(db, town) -> None:
    """Whoever manages staff here posts nobody whom they do not see, though they know the id."""
    with owner(db.admin) as conn:
        (stranger,) = one(conn, "SELECT id::text FROM wangge.staff WHERE number = %s", [f"N{FAR}"])
    with speaking(db, manager(town[HERE])) as conn, pytest.raises(InsufficientPrivilege):
        run(
            conn,
            "INSERT INTO wangge.post (staff_id, grid_code, role, valid) VALUES (%s, %s, 'grid_leader', '[2026-03-02,)')",
            [stranger, f"{HERE}002"],
        )


def test_a_post_lies_where_its_grid_does(db, town) -> None:
    """Whatever community whoever writes says, a post lies in its grid's; on a grid that never was there is none."""
    with owner(db.admin) as conn:
        (staff,) = one(conn, "SELECT id::text FROM wangge.staff WHERE number = %s", [f"N{HERE}"])
        statement = """INSERT INTO wangge.post (staff_id, grid_code, role, valid, area_id, path)
            SELECT %s, %s, 'grid_leader', '[2026-03-02,)', id, path FROM wangge.area WHERE code = %s RETURNING path::text"""
        assert one(conn, statement, [staff, f"{NEXT}001", FAR]) == (town[NEXT],)
        with pytest.raises(ForeignKeyViolation):
            run(conn, statement, [staff, f"{NEXT}009", NEXT])
        run(conn, "ROLLBACK")


@pytest.mark.parametrize(
    ("grid", "letter", "number", "constraint"),
    [
        (f"{HERE}001", "B", HERE, "post_once"),
        (f"{HERE}001", "A", FAR, "one_of_a_letter"),
        (f"{FAR}002", "B", HERE, "pair_in_community"),
        (f"{HERE}002", "B", HERE, None),
    ],
)
@pytest.mark.usefixtures("town")
def test_what_can_never_be(db, grid, letter, number, constraint) -> None:
    """One person as A and B, two with one letter, and a pair across communities are refused by the store, whoever writes."""
    with owner(db.admin) as conn:
        given = """INSERT INTO wangge.post (staff_id, grid_code, role, letter, valid)
            SELECT id, %s, 'full_time_worker', %s, '[2026-03-02,)' FROM wangge.staff WHERE number = %s"""
        if constraint is None:
            assert run(conn, given, [grid, letter, f"N{number}"]) == 1
            return
        with pytest.raises(ExclusionViolation) as refused:
            run(conn, given, [grid, letter, f"N{number}"])
        assert refused.value.diag.constraint_name == constraint
        run(conn, "ROLLBACK")


@pytest.mark.usefixtures("town")
def test_a_status_never_goes_back(db) -> None:
    """Forward and to `left` a status goes, and not back, whoever writes."""
    with owner(db.admin) as conn:
        for status in ("trained", "assessed", "assessed", "left"):
            run(conn, "UPDATE wangge.staff SET status = %s", [status])
        with pytest.raises(CheckViolation, match="left"):
            run(conn, "UPDATE wangge.staff SET status = 'assigned'")
        run(conn, "ROLLBACK")


def test_functions_of_the_owner_tell_no_more(db, town) -> None:
    """An account is found by its login, and members are named, only for whoever manages staff or sees them there."""
    with speaking(db, manager(town[HERE])) as conn:
        assert one(conn, "SELECT wangge.person_called('li') IS NOT NULL, wangge.person_called('nobody') IS NULL") == (
            True,
            True,
        )
        asked = "SELECT m.name FROM wangge.org AS o, wangge.members_of(o.id) AS m"
        assert many(conn, asked) == [("李",)]
        assert many(conn, "SELECT name FROM wangge.person") == []
    with owner(db.admin) as conn:
        (far,) = one(conn, "SELECT id FROM wangge.org WHERE code = %s", [f"unit{FAR}"])
    for scope in (manager(town[HERE], "see_internal"), PUBLIC, NOBODY):
        with speaking(db, scope) as conn:
            assert one(conn, "SELECT wangge.person_called('li')") == (None,)
            assert many(conn, "SELECT * FROM wangge.members_of(%s)", [far]) == []


def test_the_card_is_public_where_grids_are(db, town) -> None:
    """The function of the card gives role, name, duty phone and duties, to whoever may see the grid, and to nobody else."""
    with speaking(db, PUBLIC) as conn, conn.cursor() as cursor:
        cursor.execute("SELECT * FROM wangge.grid_card(%s, %s)", [f"{HERE}001", DAY])
        assert [column.name for column in cursor.description or ()] == [
            "role",
            "kind",
            "name",
            "phone",
            "duty_roles",
            "services",
            "stands_in",
        ]
        assert [one.name for one in card_of(conn, f"{FAR}001", DAY)] == [f"员工{FAR}"]
    for scope, found in ((NOBODY, 0), (manager(town[HERE]), 1), (manager(town[FAR]), 0), (Scope(public=("areas",)), 0)):
        with speaking(db, scope) as conn:
            assert len(card_of(conn, f"{HERE}001", DAY)) == found
            # Neither does what the card is made by tell of a grid that they do not see.
            assert len(many(conn, "SELECT * FROM wangge.card_rules(%s, %s)", [f"{HERE}001", DAY])) == min(found, 1)
            assert len(stations_serving(conn, f"{HERE}001", DAY, reach_m=865)) == min(found, 1)
