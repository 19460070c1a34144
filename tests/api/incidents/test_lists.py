"""Lists of incidents: a duty's work by what is due soonest, page by page, and what narrows them."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg2.sql import SQL

from data.store.incident_list import Due, Filter, soonest, soonest_of
from data.store.pool import Pool
from data.store.scope import Scope
from data.store.sql import many
from tests.api.incidents.station import GRID, HERE, MONDAY, at
from tests.api.v1.hall import problem
from tests.published import DISTRICT, HIGH, STREETS, publish
from tests.stored import owner

MANY = 30_000
HOUR = timedelta(hours=1)


def listed(station, who: str = "district", **asked: Any) -> list[str]:
    """Return the numbers of a list."""
    answer = station.asks(who, "GET", "/v1/incidents", params=asked)
    assert answer.status_code == 200, answer.text
    return [each["no"] for each in answer.json()["incidents"]]


def paged(station, limit: int, who: str = "district", **asked: Any) -> list[str]:
    """Return the numbers of what is due soonest, page by page."""
    found: list[str] = []
    while True:
        answer = station.asks(who, "GET", "/v1/incidents", params={"sort": "due", "limit": limit, **asked}).json()
        found += [each["no"] for each in answer["incidents"]]
        if answer["next"] is None:
            return found
        asked["after"] = answer["next"]


def due(station, no: str, total: datetime | None, stage: datetime | None) -> None:
    """Have both clocks of an incident run out at these moments."""
    station.hall.do("UPDATE wangge.incident SET due_at = %s, stage_due_at = %s WHERE no = %s", [total, stage, no])


def test_what_is_due_soonest_comes_first(station) -> None:
    """By the earlier of both clocks; with none, or paused, at the end; ties by age; what is over is not there at all."""
    nos = [station.reports(title=str(n))["no"] for n in range(7)]
    paused, over = nos[5], nos[6]
    due(station, nos[0], MONDAY + 5 * HOUR, None)
    due(station, nos[1], MONDAY + 9 * HOUR, MONDAY + 2 * HOUR)
    due(station, nos[2], None, None)
    due(station, nos[3], None, MONDAY + 5 * HOUR)
    due(station, nos[4], MONDAY - HOUR, MONDAY + HOUR)
    due(station, paused, MONDAY - 2 * HOUR, None)
    station.hall.do("UPDATE wangge.incident SET state = 'suspended' WHERE no = %s", [paused])
    station.done("community", over, "reject", reason="insufficient", answer="no")
    order = [nos[4], nos[1], nos[0], nos[3], nos[2], paused]
    for limit in (1, 2, 3, 5, 6, 100):
        assert paged(station, limit) == order, limit
    assert listed(station) == nos[::-1]
    assert listed(station, due_before="2026-03-02T06:00:00Z", sort="due") == [nos[4], nos[1]]
    assert listed(station, due_before="2026-03-02T06:00:01Z") == [nos[4], nos[3], nos[1], nos[0]]
    assert paged(station, 1, overdue="true") == [nos[4]]


def test_pages_hold_under_ties(station) -> None:
    """Many that are due at one moment come once each, whatever is reported or closed between two pages."""
    nos = [station.reports(title=str(n))["no"] for n in range(9)]
    station.hall.do("UPDATE wangge.incident SET due_at = %s, stage_due_at = NULL", [MONDAY + timedelta(microseconds=1)])
    first = station.asks("district", "GET", "/v1/incidents", params={"sort": "due", "limit": 4}).json()
    station.done("community", nos[1], "reject", reason="insufficient", answer="no")
    sooner = station.reports(title="sooner")["no"]
    due(station, sooner, MONDAY, None)
    assert [each["no"] for each in first["incidents"]] == nos[:4]
    assert paged(station, 2, after=first["next"]) == nos[4:]
    assert paged(station, 2) == [sooner, nos[0], *nos[2:]]


def test_what_does_not_go_together_is_refused(station) -> None:
    """A place of one order is none of the other, what is over is due no more, and a place that nobody gave is no place."""
    problem(station.asks("district", "GET", "/v1/incidents", params={"sort": "due", "open": "false"}), 400, "invalid-parameter")
    problem(station.asks("district", "GET", "/v1/incidents", params={"sort": "due", "before": 3}), 400, "invalid-parameter")
    problem(station.asks("district", "GET", "/v1/incidents", params={"after": "never-3"}), 400, "invalid-parameter")
    for made_up in ("3", "never-x", "20260230T000000000000Z-1", "never-99999999999999999999"):
        asked = {"sort": "due", "after": made_up}
        problem(station.asks("district", "GET", "/v1/incidents", params=asked), 400, "invalid-cursor")


def test_a_place_in_the_list_is_written_and_read() -> None:
    """To the microsecond, and the end of time too."""
    for place in (Due(MONDAY + timedelta(microseconds=1), 7), Due(datetime.max.replace(tzinfo=UTC), 2**63 - 1)):
        assert Due.read(str(place), "after") == place


def test_a_list_is_narrowed(station) -> None:
    """By tier, department, whose it is, how closely it is watched, and by who reported it."""
    mine = station.reports()["no"]
    theirs = station.reports("stand_in", title="theirs")["no"]
    far = station.reports("other_street", title="far", **at(50, HIGH + 50))["no"]
    station.done("community", mine, "accept", matter="0101")
    assert listed(station, tier="grid") == [far, theirs, mine]
    assert listed(station, owner=f"center:{HERE}") == [theirs, mine]
    assert listed(station, department="sanitation") == [mine]
    station.done("worker", mine, "claim")
    assert listed(station, owner=station.ids["worker"]) == [mine]
    assert listed(station, owner="nobody") == []
    station.done("street", theirs, "supervise", level="yellow", reason="slow")
    assert listed(station, supervision="yellow") == [theirs]
    assert listed(station, supervision="none") == [far, mine]
    assert listed(station, "worker", reported="mine") == [mine]
    assert listed(station, "worker", reported="mine", sort="due") == [mine]
    assert listed(station, "other_street", sort="due") == [far]
    assert listed(station, tier="district", sort="due") == []


def test_what_is_due_is_narrowed_by_department_whoever_has_it(station) -> None:
    """What the matter names a department for, and what was sent to one, is that department's."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101", tier="community")
    assert listed(station, department="water") == []
    station.done("community", no, "escalate", reason="needs_department")
    station.done("street", no, "take")
    station.done("street", no, "escalate", reason="needs_department")
    station.done("district", no, "take")
    station.done("district", no, "dispatch", to={"org": "water"})
    assert listed(station, department="water", sort="due") == [no]
    assert listed(station, department="sanitation", sort="due") == [no]


FILL = """
    INSERT INTO wangge.incident (no, path, grid_code, geom, source, reported_at, state, tier, owner_org, kind, category, due_at,
      stage_due_at, revision, at)
    SELECT 'n' || n, a.path, %(grid)s, ST_SetSRID(ST_MakePoint(117, 36.5), 4490), 'grid', now(),
      CASE WHEN n %% 3 = 0 THEN 'closed' WHEN n %% 50 = 1 THEN 'suspended' ELSE 'assigned' END, 1,
      CASE WHEN n %% 3 <> 0 THEN 'x' END, 'problem', 'c',
      CASE WHEN n %% 7 <> 0 THEN %(first)s + (n * 7919 %% %(many)s) / 4 * interval '1 minute' END, NULL, 1, now()
    FROM generate_series(1, %(many)s) n, wangge.area a WHERE a.code = %(street)s;
    ANALYZE wangge.incident"""


@pytest.fixture(scope="module")
def crowd(cluster, template):
    """Many incidents of one street, behind the application's role."""
    with cluster.clone(template) as db:
        publish(db.admin)
        with owner(db.admin) as conn:
            said = {"grid": GRID, "first": MONDAY, "many": MANY, "street": STREETS[0]}
            many(conn, FILL + "; SELECT 1", said)
            ((path,),) = many(conn, "SELECT path::text FROM wangge.area WHERE code = %s", [DISTRICT])
        with closing(Pool(db.app, size=1)) as pool:
            yield pool, Scope(rights=("handle_incidents",), areas_1=(path,), categories=("*",))


def test_the_work_list_is_read_from_its_index(crowd) -> None:
    """The first page, and one far behind it, are read in the index's own order: no row is sorted, and few are looked at."""
    pool, scope = crowd
    with pool.read(scope) as conn:
        page = soonest(conn, Filter(), now=MONDAY, after=None, limit=100)
        middle = Due.of(soonest(conn, Filter(), now=MONDAY, after=None, limit=9_000)[-1])
        for after in (None, Due.of(page[-1]), middle):
            rest, bound = soonest_of(Filter(), now=MONDAY, after=after, limit=100)
            explain = SQL("EXPLAIN (ANALYZE, FORMAT JSON) SELECT i.no FROM wangge.incident i ")
            ((plan,),) = many(conn, explain + rest, bound)
            nodes = list(walk(plan[0]["Plan"]))
            assert [each["Index Name"] for each in nodes if "Index Name" in each] == ["incident_due"]
            assert not [each for each in nodes if "Sort" in each["Node Type"] or each["Node Type"] == "Seq Scan"]
            (scan,) = [each for each in nodes if "Index Name" in each]
            assert scan["Actual Rows"] == 100
            assert scan.get("Rows Removed by Filter", 0) == 0
            if after is not None:
                assert "Index Cond" in scan


def test_all_pages_together_are_all_there_is(crowd) -> None:
    """Gone through by pages, what is open comes once each, in order, with what has no clock at the end."""
    pool, scope = crowd
    with pool.read(scope) as conn:
        found: list[Due] = []
        nos: list[str] = []
        after = None
        while rows := soonest(conn, Filter(), now=MONDAY, after=after, limit=1_000):
            found += [Due.of(row) for row in rows]
            nos += [row["no"] for row in rows]
            after = found[-1]
        ((count,),) = many(conn, "SELECT count(*) FROM wangge.incident WHERE state <> 'closed'")
    assert found == sorted(found)
    assert len(nos) == len(set(nos)) == count == MANY * 2 // 3


def walk(node: dict[str, Any]) -> Any:
    """Yield a node of a plan and all below it."""
    yield node
    for each in node.get("Plans", ()):
        yield from walk(each)
