"""Several at once: whatever they do and whoever commits when, one plan a community and day, and no two grids on one ground."""

import threading
from collections import Counter
from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest
import shapely

from data.store.adopt import put_in_force
from data.store.plans import get, note_check
from data.store.pool import connect
from data.store.sql import many, one, run
from gis.errors import Conflict
from tests.stored import NOW, TODAY, cut, drafted, owner, published

ROUNDS, APPROVERS = 40, 6


def together(count, act):
    """Run `act(n)` in `count` threads that start as one; return what each gave or raised."""
    results, ready = [None] * count, threading.Barrier(count)

    def one_of_them(n):
        ready.wait()
        try:
            results[n] = act(n)
        except (Conflict, psycopg2.Error) as error:
            results[n] = error

    threads = [threading.Thread(target=one_of_them, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return results


@pytest.mark.slow
def test_of_six_plans_for_one_community_one_takes_effect(db) -> None:
    """In each of 40 rounds six approved plans for the same communities are put in force at once: exactly one gets there."""
    with owner(db.admin) as conn:
        made, _ = published(conn, communities=1)
    day = TODAY
    for _ in range(ROUNDS):
        day += timedelta(days=1)
        with owner(db.admin) as conn:
            ids = []
            for _ in range(APPROVERS):
                plan = note_check(conn, drafted(conn, made), findings=[], digest="x", now=NOW)
                run(conn, "UPDATE wangge.plan SET state = 'district_approved' WHERE id = %s", [plan.id])
                ids.append(plan.id)

        def approve(n, ids=ids, day=day):
            with owner(db.admin) as conn:
                return put_in_force(conn, get(conn, ids[n], lock=True), cut(day)).state

        assert Counter(str(r) if r == "effective" else type(r).__name__ for r in together(APPROVERS, approve)) == {
            "effective": 1,
            "Conflict": APPROVERS - 1,
        }
        with owner(db.admin) as conn:
            in_force = "SELECT count(*), count(DISTINCT plan_id) FROM wangge.grid WHERE in_force @> %s::date"
            assert one(conn, in_force, [day]) == (3, 1)
            assert one(conn, "SELECT count(*) FROM wangge.plan_community WHERE in_force @> %s::date", [day]) == (1,)


def in_force(conn, plan, code, shape):
    """Put one grid in force past all of our own code, as a stray statement would."""
    run(
        conn,
        """INSERT INTO wangge.grid (plan_id, version, area_id, path, in_force, code, name, kind, households, persons, buildings,
             area_m2, perimeter_m, compactness, shape)
           SELECT p.id, p.version, a.id, a.path, daterange('2026-01-01', NULL), %s, '', 'residential', 0, 0, 0, 1, 1, 1,
             ST_GeomFromText(%s, 4548)
           FROM wangge.plan p, wangge.area a WHERE p.id = %s AND a.level = 'community' LIMIT 1""",
        [code, shape.wkt, plan],
    )


@pytest.mark.slow
def test_of_four_overlapping_grids_one_stays(db) -> None:
    """In each of 40 rounds four sessions put overlapping grids in force at once: no two that overlap are ever committed."""
    with owner(db.admin) as conn:
        made, _ = published(conn, communities=1)
        plan = drafted(conn, made).id
    for round_ in range(ROUNDS):
        west = 600_000 + 1000 * round_

        def draw(n, west=west, round_=round_):
            with owner(db.admin) as conn:
                in_force(conn, plan, f"r{round_}-{n}", shapely.box(west + n, 0, west + n + 50, 50))
            return "in"

        assert Counter(str(r) if r == "in" else type(r).__name__ for r in together(4, draw)) == {
            "in": 1,
            "ExclusionViolation": 3,
        }
    with owner(db.admin) as conn:
        overlaps = """SELECT count(*) FROM wangge.grid a JOIN wangge.grid b ON a.id < b.id AND a.in_force && b.in_force
                      AND a.geom && b.geom AND ST_Relate(a.shape, b.shape, '2********')"""
        assert one(conn, overlaps) == (0,)


def test_grids_may_share_a_line(db) -> None:
    """Two grids that share an edge, and a third in the notch of a concave one, are all in force: boxes do not count."""
    with owner(db.admin) as conn:
        made, _ = published(conn, communities=1)
        plan = drafted(conn, made).id
        in_force(
            conn,
            plan,
            "a",
            shapely.Polygon([(700000, 0), (700100, 0), (700100, 50), (700050, 50), (700050, 100), (700000, 100)]),
        )
        in_force(conn, plan, "b", shapely.box(700050, 50, 700100, 100))
        in_force(conn, plan, "c", shapely.box(700100, 0, 700200, 100))


def test_overlap_is_found_at_any_isolation_but_ours_by_refusal(db) -> None:
    """Grids are put in force in READ COMMITTED only: an older snapshot would not see what another has just committed."""
    with owner(db.admin) as conn:
        made, _ = published(conn, communities=1)
        plan = drafted(conn, made).id
    with closing(connect(db.admin)) as conn:
        run(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ")
        in_force(conn, plan, "a", shapely.box(700000, 0, 700100, 100))
        with pytest.raises(psycopg2.Error, match="READ COMMITTED"):
            run(conn, "COMMIT")


def test_one_plan_a_day_whoever_writes(db) -> None:
    """The store itself refuses a second plan in force for a community on one day, and a second grid of one code."""
    with owner(db.admin) as conn:
        made, _ = published(conn, communities=1)
        plan = drafted(conn, made).id
    with closing(connect(db.admin)) as conn, pytest.raises(psycopg2.errors.ExclusionViolation, match="one_plan_in_force"):
        run(conn, "UPDATE wangge.plan_community SET in_force = daterange('2027-01-01', NULL) WHERE plan_id = %s", [plan])
    with closing(connect(db.admin)) as conn:
        (code,) = one(conn, "SELECT code FROM wangge.grid WHERE in_force IS NOT NULL LIMIT 1")
        run(conn, "DELETE FROM wangge.grid WHERE plan_id = %s AND code = %s", [plan, code])
        with pytest.raises(psycopg2.errors.ExclusionViolation, match="one_grid_of_a_code"):
            in_force(conn, plan, code, shapely.box(700000, 0, 700100, 100))
        assert many(conn, "SELECT count(*) FROM wangge.grid WHERE in_force IS NOT NULL") == [(3,)]
