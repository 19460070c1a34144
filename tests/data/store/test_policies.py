"""Row-level security: what a scope sees, that it costs no index, and that forgetting it shows nothing."""

from contextlib import closing, contextmanager

import psycopg2
import pytest

from data.store.migrate import make_leakproof
from data.store.pool import connect
from data.store.scope import NOBODY, Scope
from data.store.sql import many, one, run
from tests.stored import unmark

BOX = "ST_MakeEnvelope(117.0, 36.5, 117.01, 36.51, 4490)"


@pytest.fixture(scope="module")
def points(cluster, template):
    """Two districts of two streets of two communities, 2,500 household points in each community, all over the same ground."""
    with cluster.clone(template) as made:
        with closing(connect(made.admin)) as conn:
            run(
                conn,
                """INSERT INTO wangge.area (code, level) VALUES ('d1', 'district'), ('d2', 'district');
                   INSERT INTO wangge.area (code, level, parent_id)
                     SELECT code || 's' || n, 'street', id FROM wangge.area, generate_series(1, 2) n WHERE level = 'district';
                   INSERT INTO wangge.area (code, level, parent_id)
                     SELECT code || 'c' || n, 'community', id FROM wangge.area, generate_series(1, 2) n WHERE level = 'street';
                   INSERT INTO wangge.town (name, frame, on_overlap, area_id, path)
                     SELECT 't', 4548, 'error', id, path FROM wangge.area WHERE code = 'd1';
                   INSERT INTO wangge.household_point (town_id, seen, external_id, path, households, persons,
                     compound, building, shape)
                   SELECT t.id, '[1,)', a.code || n, a.path, 1, 0, '', '',
                     ST_Transform(ST_SetSRID(ST_MakePoint(117 + 0.1 * random(), 36.5 + 0.1 * random()), 4490), 4548)
                   FROM wangge.area a, wangge.town t, generate_series(1, 2500) n WHERE a.level = 'community';
                   ANALYZE wangge.household_point""",
            )
        yield made


@contextmanager
def asking(db, scope, dsn=None):
    """Give the application's connection in a transaction that speaks for a scope."""
    with closing(connect(dsn or db.app)) as conn:
        run(conn, "BEGIN")
        for name, value in scope.settings().items():
            run(conn, "SELECT set_config(%s, %s, true)", [name, value])
        yield conn


def path(db, code):
    with closing(connect(db.admin)) as conn:
        return one(conn, "SELECT path::text FROM wangge.area WHERE code = %s", [code])[0]


@pytest.mark.parametrize(
    ("codes", "count"), [((), 0), (("d1s1c1",), 2500), (("d1s1",), 5000), (("d1",), 10000), (("d1s1c1", "d2"), 12500)]
)
def test_a_scope_sees_its_areas_and_no_more(points, codes, count) -> None:
    """Points of one community, street, district, or several areas: all of those and none of the others."""
    with asking(points, Scope(areas_3=tuple(path(points, code) for code in codes))) as conn:
        assert one(conn, "SELECT count(*) FROM wangge.household_point") == (count,)


def test_drafts_are_not_points(points) -> None:
    """Somebody who may see drafts in an area does not see its household points for that."""
    with asking(points, Scope(areas_1=(path(points, "d1"),), areas_2=(path(points, "d1"),))) as conn:
        assert one(conn, "SELECT count(*) FROM wangge.household_point") == (0,)


def test_ids_are_labels_and_not_prefixes(points) -> None:
    """An area whose id begins like another's is not below it."""
    district = path(points, "d1")
    with asking(points, Scope(areas_3=(f"{district}0",))) as conn:
        assert one(conn, "SELECT count(*) FROM wangge.household_point") == (0,)


@pytest.mark.usefixtures("marked")
def test_a_box_uses_the_index_below_the_policy(points) -> None:
    """For a map the planner goes by place, and by area, in one index; the policy does not switch it off."""
    with asking(points, Scope(areas_3=(path(points, "d1s1c1"),))) as conn:
        plan = "\n".join(row for (row,) in many(conn, f"EXPLAIN SELECT * FROM wangge.household_point WHERE geom && {BOX}"))
    assert "household_point_place" in plan
    assert "geom &&" in plan.partition("Filter")[0]


def test_without_the_mark_the_function_answers_the_same(points) -> None:
    """Where operators are not leakproof the index is lost below the policy, and the function gives the same points by it."""
    scope = Scope(areas_3=(path(points, "d1s1"),))
    direct = f"SELECT id FROM wangge.household_point WHERE geom && {BOX} ORDER BY id"
    function = f"SELECT id FROM wangge.household_points_within({BOX}) ORDER BY id"
    with closing(connect(points.admin)) as admin:
        try:
            unmark(admin)
            with asking(points, scope) as conn:
                plan = "\n".join(row for (row,) in many(conn, f"EXPLAIN {direct}"))
                found, by_function = many(conn, direct), many(conn, function)
            with asking(points, NOBODY) as conn:
                assert many(conn, function) == []
        finally:
            make_leakproof(admin)
        theirs = many(
            admin,
            f"SELECT id FROM wangge.household_point WHERE geom && {BOX} AND path <@ %s::ltree ORDER BY id",
            [scope.areas_3[0]],
        )
    assert "geom &&" in plan.partition("Filter")[2]
    assert found == by_function == theirs != []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO wangge.household_point DEFAULT VALUES",
        "UPDATE wangge.household_point SET households = 2",
        "DELETE FROM wangge.household_point",
        "TRUNCATE wangge.household_point",
        "DELETE FROM wangge.grid_code",
        "UPDATE wangge.area SET path = '1'",
        "UPDATE wangge.plan_version SET digest = ''",
        "UPDATE wangge.decision SET verdict = 'pass'",
        "DELETE FROM wangge.decision",
        "CREATE TABLE wangge.mine ()",
        "CREATE TABLE public.mine ()",
        "SET ROLE wangge_admin",
        "ALTER TABLE wangge.household_point DISABLE ROW LEVEL SECURITY",
    ],
)
def test_what_the_application_cannot_do(points, statement) -> None:
    """The role that answers requests changes no point, no decision and no code, makes nothing, and becomes nobody else."""
    scope = Scope(areas_3=(path(points, "d1"),), rights=("edit_plan",))
    with asking(points, scope) as conn, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run(conn, statement)
