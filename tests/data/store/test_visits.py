"""Visits in the store: what follows a household point through its snapshots, and what the store itself refuses."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import psycopg2
import pytest

from data.store import visits
from data.store.pool import Pool
from data.store.scope import Scope
from data.store.sql import many, one, run
from tests.api.rounds.homes import HOUSEHOLDS, POINTS, furnish
from tests.published import COMMUNITIES, DISTRICT, publish
from tests.stored import owner

DAY = date(2026, 3, 2)
HERE = COMMUNITIES[0]
GRID = f"{HERE}001"
LATER = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def town(db):
    """The small town with homes, one worker, and one visit of the first home: paths of areas, and the worker's ids."""
    path = publish(db.admin)
    with owner(db.admin) as conn:
        furnish(conn)
        (person,) = one(
            conn, "INSERT INTO wangge.person (login, name, created_at) VALUES ('ann', 'Ann', now()) RETURNING id::text"
        )
        (staff,) = one(
            conn,
            """INSERT INTO wangge.staff (name, person_id, area_id, path, created_at, updated_at)
               SELECT 'Ann', %s, id, path, now(), now() FROM wangge.area WHERE code = %s RETURNING id::text""",
            [person, HERE],
        )
        run(
            conn,
            """INSERT INTO wangge.post (staff_id, grid_code, area_id, path, role, valid)
               SELECT %s, %s, id, path, 'part_time_worker', '[2020-01-01,)' FROM wangge.area WHERE code = %s""",
            [staff, GRID, HERE],
        )
    return path, person, staff


def works(path, person, *, level=3, rights=("handle_incidents",), code=HERE):
    """Say for whom a transaction speaks: somebody with rights, who sees up to a level in an area."""
    areas = {f"areas_{n}": (path[code],) if n <= level else () for n in (1, 2, 3)}
    return Scope(person=person, rights=rights, categories=("*",), **areas)


def visit(staff, **said):
    wanted = {"grid": GRID, "kind": "household_point", "target": f"{GRID}-1", "purpose": "call", "day": DAY, "minutes": 0}
    return visits.NewVisit(**wanted, staff=staff, **said)


def counted(conn, day=DAY):
    until = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    rows = visits.coverage(conn, area="", day=day, until=until, since={"": day - timedelta(days=183)})
    return next((row.points, row.visited, row.households) for row in rows if row.grid == GRID)


def test_a_visit_follows_its_home_through_imports(db, town) -> None:
    """A home that an import changes has been visited still; a day before the import is counted with the homes of that day."""
    path, person, staff = town
    with closing(Pool(db.app, size=1)) as pool:
        with pool.write(works(path, person)) as conn:
            visits.add_visit(conn, visit(staff))
        with owner(db.admin) as conn:
            run(conn, "UPDATE wangge.household_point SET seen = '[1,2)' WHERE external_id = %s", [f"{GRID}-1"])
            run(
                conn,
                """INSERT INTO wangge.snapshot (town_id, number, taken_at, path, has_persons, digests, findings, changes)
                   SELECT id, 2, %s, path, true, '{}', '[]', '{}' FROM wangge.town""",
                [LATER],
            )
            run(
                conn,
                """WITH home AS (
                     INSERT INTO wangge.household_point (town_id, seen, external_id, path, households, persons, compound,
                       building, shape)
                     SELECT town_id, '[2,)', external_id, path, 99, 99, compound, building, shape FROM wangge.household_point
                     WHERE external_id = %(home)s RETURNING id)
                   INSERT INTO wangge.assignment (plan_id, version, snapshot, household_id, grid_id)
                   SELECT g.plan_id, g.version, 2, home.id, g.id FROM home, wangge.grid g
                   WHERE g.code = %(grid)s AND upper_inf(g.in_force)
                   UNION ALL
                   SELECT a.plan_id, a.version, 2, a.household_id, a.grid_id FROM wangge.assignment a
                     JOIN wangge.household_point h ON h.id = a.household_id AND upper_inf(h.seen)""",
                {"home": f"{GRID}-1", "grid": GRID},
            )
        with pool.read(works(path, person)) as conn:
            assert counted(conn, LATER.date()) == (POINTS, 1, (POINTS - 1) * HOUSEHOLDS + 99)
            assert counted(conn) == (POINTS, 1, POINTS * HOUSEHOLDS)


def test_only_sums_are_for_everybody_who_works_there(db, town) -> None:
    """Whoever sees no homes reads how many were visited, in their area alone, and never which."""
    path, person, staff = town
    with closing(Pool(db.app, size=1)) as pool:
        with pool.write(works(path, person)) as conn:
            visits.add_visit(conn, visit(staff))
        other = works(path, str(uuid4()), level=1)
        with pool.read(other) as conn:
            assert counted(conn) == (POINTS, 1, POINTS * HOUSEHOLDS)
            rows = visits.coverage(conn, area="", day=DAY, until=LATER, since={"": DAY})
            assert {row.grid[:-3] for row in rows} == {HERE}
            assert many(conn, "SELECT FROM wangge.visit") == []
            assert visits.homes_due(conn, GRID, day=DAY, until=LATER, since=DAY, after="", limit=9) == []
        with pool.read(Scope()) as conn:
            assert visits.coverage(conn, area="", day=DAY, until=LATER, since={"": DAY}) == []
        with pool.read(works(path, person, level=1)) as conn:
            due = visits.homes_due(conn, GRID, day=DAY, until=LATER, since=DAY, after="", limit=9)
            assert [(home.target, home.last) for home in due] == [(f"{GRID}-{n}", None) for n in (2, 3, 4)]


def test_the_store_refuses_what_is_not_theirs(db, town) -> None:
    """A visit of another's, without the right or for another place, and any change of one, are refused by the store."""
    path, person, staff = town
    with closing(Pool(db.app, size=1)) as pool:
        with pool.write(works(path, person)) as conn:
            visits.add_visit(conn, visit(staff))
        for scope in (
            works(path, str(uuid4()), level=1),
            works(path, person, rights=("see_internal",)),
            works(path, person, code=COMMUNITIES[2]),
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege), pool.write(scope) as conn:
                run(
                    conn,
                    """INSERT INTO wangge.visit (grid_code, path, kind, target, purpose, day, staff_id)
                       VALUES (%s, %s, 'unit', 'school', 'call', %s, %s)""",
                    [GRID, path[HERE], DAY, staff],
                )
        for statement in (
            "UPDATE wangge.visit SET day = '2026-01-01'",
            "DELETE FROM wangge.visit",
            "SELECT FROM wangge.home_group",
            "SELECT * FROM wangge.homes_of_grids('', '2026-03-02', now())",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege), pool.write(works(path, person)) as conn:
                run(conn, statement)


def test_key_groups_are_below_a_policy_of_their_own(db, town) -> None:
    """Every right there is does not show a key group's count; a role that names the category does, in its area."""
    path, person, _ = town
    with owner(db.admin) as conn:
        run(
            conn,
            """INSERT INTO wangge.key_group (grid_code, kind, month, path, total, visited)
               VALUES (%s, 'k', '2026-03-01', %s, 9, 9)""",
            [GRID, path[HERE]],
        )
    with closing(Pool(db.app, size=1)) as pool:
        scope = works(path, person, rights=("handle_incidents", "see_households", "manage_staff"), code=DISTRICT)

        def seen():
            with pool.read(scope) as conn:
                return len(many(conn, "SELECT FROM wangge.key_group"))

        assert seen() == 0
        give = """INSERT INTO wangge.role_grant (person_id, role, area_id, categories, valid)
                  SELECT %s, 'community', id, %s, '[2020-01-01,)' FROM wangge.area WHERE code = %s"""
        for categories, code, count in ((["*"], HERE, 0), (["key_group"], COMMUNITIES[1], 0), (["*", "key_group"], HERE, 1)):
            with owner(db.admin) as conn:
                run(conn, "DELETE FROM wangge.role_grant")
                run(conn, give, [person, categories, code])
            assert seen() == count


def test_more_cannot_be_visited_than_there_are(tx) -> None:
    """The store refuses a key group of which more were visited than there are, and a month that begins on its second."""
    for month, total, visited in (("2026-03-01", 3, 4), ("2026-03-02", 3, 3)):
        run(tx, "SAVEPOINT before")
        with pytest.raises(psycopg2.errors.CheckViolation):
            run(
                tx,
                """INSERT INTO wangge.key_group (grid_code, kind, month, path, total, visited)
                   VALUES ('g', 'k', %s, '1', %s, %s)""",
                [month, total, visited],
            )
        run(tx, "ROLLBACK TO before")
