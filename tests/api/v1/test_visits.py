"""Visits over HTTP: who writes them down, who sees them, and what is owed on a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.api.incidents.station import GRID, HERE, MONDAY, NEXT, station_over
from tests.api.rounds.homes import HOUSEHOLDS, POINTS, furnish
from tests.api.v1.hall import problem
from tests.published import DISTRICT, STREETS
from tests.stored import owner

TODAY = date(2026, 3, 2)
OTHER = f"{HERE}002"


@pytest.fixture
def station(db, tmp_path):
    """A town with people at every desk and homes in every grid."""
    with station_over(db, tmp_path) as made:
        with owner(db.admin) as conn:
            furnish(conn)
        yield made


def home(n=1, grid=GRID):
    """Name a household point of a grid."""
    return {"kind": "household_point", "id": f"{grid}-{n}"}


def visit(station, who="worker", grid=GRID, n=1, **said):
    """Visit a household point."""
    wanted = {"grid": grid, "target": home(n, grid), "purpose": "call", **said}
    return station.asks(who, "POST", "/v1/visits", json=wanted)


def visited(station, *args, **said):
    answer = visit(station, *args, **said)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def long_ago(station, days, n=1):
    """Have a point visited so many days ago: it is not told any more, so the owner of the store writes it."""
    station.hall.do(
        """INSERT INTO wangge.visit (grid_code, path, kind, town_id, target, purpose, day, staff_id)
           SELECT g.code, g.path, 'household_point', t.id, %s, 'call', %s, s.id
           FROM wangge.grid g, wangge.town t, wangge.staff s WHERE g.code = %s AND upper_inf(g.in_force) LIMIT 1""",
        [f"{GRID}-{n}", TODAY - timedelta(days=days), GRID],
    )


def covered(station, who="district", **query):
    answer = station.asks(who, "GET", "/v1/visits/coverage", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def due(station, who="worker", **query):
    answer = station.asks(who, "GET", "/v1/visits/due", params={"grid": GRID, **query})
    assert answer.status_code == 200, answer.text
    return [each["target"] for each in answer.json()["due"]]


def test_a_visit_is_written_down(station) -> None:
    """A visit has its day, its minutes and whose it is, and no hour; that it was made is in the log, and not which home."""
    visited(station, minutes=20, purpose="collection")
    visited(station, n=2, day="2026-02-27")
    first, second = station.asks("worker", "GET", "/v1/visits").json()["visits"][::-1]
    assert (first["target"], first["day"], first["minutes"], first["purpose"]) == (f"{GRID}-1", "2026-03-02", 20, "collection")
    assert second["day"] == "2026-02-27"
    columns = station.hall.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'visit' AND data_type LIKE 'timestamp%%'"
    )
    assert columns == []
    bodies = station.hall.rows("SELECT body::text FROM wangge.event WHERE kind = 'visit.made'")
    assert len(bodies) == 2
    assert not [body for (body,) in bodies if f"{GRID}-1" in body]


def test_what_is_no_visit_is_refused(station) -> None:
    """A home of another grid, a grid that is not there, a day to come or of long ago, and somebody who is no worker."""
    problem(visit(station, target=home(1, OTHER)), 400, "unknown-target")
    problem(visit(station, grid="37010300100100X", target={"kind": "unit", "id": "school"}), 404, "not-found")
    problem(visit(station, day="2026-03-03"), 400, "invalid-parameter")
    problem(visit(station, day="2025-02-01"), 400, "invalid-parameter")
    problem(visit(station, "street"), 403, "not-staff")
    problem(visit(station, incident="20260302370103009999"), 400, "unknown-incident")
    problem(visit(station, target={"kind": "person", "id": "x"}), 422, "invalid-body")
    problem(visit(station, purpose="tea"), 422, "invalid-body")
    assert station.asks("district", "GET", "/v1/visits").json()["visits"] == []


def test_whose_visit_it_is(station) -> None:
    """Who manages staff writes down what others did; workers write their own and nobody else's."""
    (worker,) = station.hall.rows("SELECT id::text FROM wangge.staff WHERE person_id = %s", [station.ids["worker"]])[0]
    assert visit(station, "community", staff=worker).status_code == 201
    problem(visit(station, "stand_in", staff=worker), 403, "scope-denied")
    problem(visit(station, "other_street", staff=worker), 404, "not-found")
    assert [each["staff"] for each in station.asks("worker", "GET", "/v1/visits").json()["visits"]] == [worker]


def test_which_homes_were_visited_is_for_few(station) -> None:
    """Those with a post on the grid and those who plan there see it; a neighbour and another street do not."""
    mine = visited(station)
    (staff,) = station.hall.rows("SELECT id::text FROM wangge.staff WHERE person_id = %s", [station.ids["worker"]])[0]
    elsewhere = visit(station, "community", grid=OTHER, n=1, staff=staff).json()["id"]

    def listed(who, **query):
        return [each["id"] for each in station.asks(who, "GET", "/v1/visits", params=query).json()["visits"]]

    assert listed("worker") == listed("community") == listed("district") == [elsewhere, mine]
    assert listed("stand_in") == [mine]
    assert listed("stranger") == listed("other_street") == []
    assert listed("worker", grid=OTHER) == [elsewhere]
    assert listed("community", area=HERE, limit=1) == [elsewhere]
    assert listed("community", before=elsewhere) == [mine]
    assert listed("worker", mine="true", to="2026-03-01") == []
    problem(station.asks("auditor", "GET", "/v1/visits"), 403, "scope-denied")


def test_sent_twice_it_is_one_visit(station) -> None:
    """A terminal that sends a visit twice, and a request with one key, make one visit."""
    uuid = "11111111-2222-4333-8444-555555555555"
    made = visited(station, client_uuid=uuid)
    again = visit(station, client_uuid=uuid)
    assert (again.status_code, again.json()["id"]) == (200, made)
    key = {"Idempotency-Key": "k"}
    one, other = (
        station.asks("worker", "POST", "/v1/visits", headers=key, json={
            "grid": GRID, "target": home(2), "purpose": "call",
        }) for _ in range(2)
    )  # fmt: skip
    assert one.json() == other.json()
    assert station.hall.value("SELECT count(*) FROM wangge.visit") == 2
    assert station.hall.value("SELECT count(*) FROM wangge.event WHERE kind = 'visit.made'") == 2


def test_who_is_owed_a_visit(station) -> None:
    """A home visited 183 days ago is owed nothing, one of 184 days ago and one never visited are; tomorrow it is one more."""
    long_ago(station, 183, 1)
    long_ago(station, 184, 2)
    assert due(station) == [f"{GRID}-2", f"{GRID}-3", f"{GRID}-4"]
    assert due(station, limit=2) == [f"{GRID}-2", f"{GRID}-3"]
    assert due(station, after=f"{GRID}-3") == [f"{GRID}-4"]
    station.passes(days=1)
    assert due(station) == [f"{GRID}-{n}" for n in (1, 2, 3, 4)]
    assert due(station, at="2026-03-02") == [f"{GRID}-2", f"{GRID}-3", f"{GRID}-4"]
    visited(station, n=3)
    assert due(station) == [f"{GRID}-{n}" for n in (1, 2, 4)]
    assert due(station, at="2026-03-02") == [f"{GRID}-2", f"{GRID}-3", f"{GRID}-4"]


def test_the_due_list_is_for_those_who_work_there(station) -> None:
    """The homes that are owed a visit are told to who has a post on the grid and who plans there, to nobody else."""
    assert due(station, "stand_in") == due(station, "community") == [f"{GRID}-{n}" for n in (1, 2, 3, 4)]
    assert due(station, "worker", grid=OTHER) == []
    problem(station.asks("auditor", "GET", "/v1/visits/due", params={"grid": GRID}), 403, "scope-denied")
    problem(station.asks("other_street", "GET", "/v1/visits/due", params={"grid": GRID}), 404, "not-found")


def test_calendar_half_years(station) -> None:
    """Where an area counts by the calendar, a visit of 31 December is over on 1 January; elsewhere it is not."""
    rule = {"area": HERE, "target": "household_point", "period": "half_year"}
    problem(station.asks("worker", "PUT", "/v1/visits/rules", json=rule), 403, "scope-denied")
    problem(station.asks("other_street", "PUT", "/v1/visits/rules", json=rule), 403, "scope-denied")
    assert station.asks("community", "PUT", "/v1/visits/rules", json=rule).json()["basis"] == "calendar"
    long_ago(station, (TODAY - date(2025, 12, 31)).days, 1)
    long_ago(station, (TODAY - date(2026, 1, 1)).days, 2)
    assert due(station) == [f"{GRID}-{n}" for n in (1, 3, 4)]
    grids = {each["grid"]: each for each in covered(station)["grids"]}
    assert (grids[GRID]["visited"], grids[GRID]["since"], grids[GRID]["rolling"]) == (1, "2026-01-01", False)
    assert (grids[f"{NEXT}001"]["since"], grids[f"{NEXT}001"]["rolling"]) == ("2025-08-31", True)
    shown = station.asks("worker", "GET", "/v1/visits/rules").json()
    assert [each["area"] for each in shown["rules"]] == [HERE]
    assert {each["target"]: each["basis"] for each in shown["usual"]}["household_point"] == "rolling"


def test_coverage_adds_up(station) -> None:
    """Homes visited twice count once; a grid's counts add up to the community's, the street's and the district's."""
    for n in (1, 1, 2):
        visited(station, n=n)
    seen = covered(station)
    grids = {each["grid"]: each for each in seen["grids"]}
    areas = {each["area"]: each for each in seen["areas"]}
    assert (grids[GRID]["points"], grids[GRID]["visited"], grids[GRID]["due"]) == (POINTS, 2, POINTS - 2)
    assert grids[GRID]["visit_coverage"] == 50.0
    assert len(grids) == 12
    assert seen["total"]["points"] == areas[DISTRICT]["points"] == 12 * POINTS
    assert areas[STREETS[0]]["points"] == areas[HERE]["points"] + areas[NEXT]["points"] == 6 * POINTS
    assert [areas[code]["visited"] for code in (DISTRICT, STREETS[0], STREETS[1], HERE, NEXT)] == [2, 2, 0, 2, 0]
    street = covered(station, "street", area=STREETS[0])
    assert (street["total"]["visited"], len(street["grids"])) == (2, 6)
    assert len(covered(station, "worker")["grids"]) == 3
    problem(station.asks("worker", "GET", "/v1/visits/coverage", params={"area": "none"}), 404, "not-found")


def test_an_incident_asks_for_a_visit(station) -> None:
    """An incident of a category that is configured makes a visit due in time; a visit that names it settles it."""
    before = station.reports(category="dispute")["no"]
    wanted = {"area": DISTRICT, "category": "dispute", "reason": "dispute", "within_days": 3}
    problem(station.asks("community", "PUT", "/v1/visits/triggers", json=wanted), 403, "scope-denied")
    station.passes(minutes=1)
    assert station.asks("district", "PUT", "/v1/visits/triggers", json=wanted).status_code == 200
    station.passes(minutes=1)
    no = station.reports(category="dispute")["no"]
    station.reports(category="rubbish")

    def called(who="worker", **query):
        return station.asks(who, "GET", "/v1/visits/called-for", params=query).json()["visits"]

    (asks,) = called()
    assert (asks["no"], asks["grid"], asks["reason"], asks["due"], asks["overdue"]) == (
        no,
        GRID,
        "dispute",
        "2026-03-05",
        False,
    )
    assert before != no
    assert called("other_street") == []
    assert called(grid=OTHER) == []
    station.passes(days=4)
    assert [each["overdue"] for each in called()] == [True]
    visited(station, purpose="mediation", incident=no)
    station.who["newcomer"] = station.hall.comes("newcomer", ("grid_worker", HERE))
    assert called() == called("newcomer") == []
    nearer = {**wanted, "area": HERE, "reason": "special_case", "within_days": 1}
    assert station.asks("community", "PUT", "/v1/visits/triggers", json=nearer).status_code == 200
    station.passes(minutes=1)
    station.reports(category="dispute")
    assert [(each["reason"], each["due"]) for each in called()] == [("special_case", "2026-03-07")]
    assert station.asks("community", "PUT", "/v1/visits/triggers", json={**nearer, "active": False}).status_code == 200
    assert called() == []


def test_key_incidents_are_reported_on_every_day(station) -> None:
    """An open key incident that is to be reported upwards by now is shown; once it is, it is not, nor one that is over."""
    no = station.reports(urgent=True)["no"]
    plain = station.reports(category="flood")["no"]

    def unreported(who="worker"):
        told = station.asks(who, "GET", "/v1/visits/called-for").json()["unreported"]
        return [each["no"] for each in told]

    assert unreported() == []
    station.passes(days=1)
    assert unreported() == [no]
    rule = {"area": STREETS[0], "target": "key_incident", "period": "day", "categories": ["flood"]}
    assert station.asks("street", "PUT", "/v1/visits/rules", json=rule).status_code == 200
    assert unreported() == [no, plain]
    station.done("community", no, "comment", text="among ourselves")
    assert unreported() == [no, plain]
    station.done("community", no, "key_report", text="the water falls")
    assert unreported() == [plain]
    station.done("community", plain, "reject", reason="insufficient", answer="say more")
    station.passes(days=1)
    assert unreported() == [no]


def test_groups(station) -> None:
    """How many households are in the group is counted by point, never more than live there; who else is missing is named."""
    address = f"/v1/visits/groups/{GRID}"
    said = {"homes": {f"{GRID}-1": HOUSEHOLDS, f"{GRID}-2": 3}, "kinds": ["power", "property"]}
    assert station.asks("worker", "PUT", address, json=said).status_code == 200
    grids = {each["grid"]: each for each in covered(station)["grids"]}
    assert (grids[GRID]["in_group"], grids[GRID]["households"]) == (HOUSEHOLDS + 3, POINTS * HOUSEHOLDS)
    assert grids[GRID]["group_coverage"] == 32.5
    assert grids[GRID]["members_missing"] == ["linked_official", "discipline_official", "deputy_or_delegate", "social_work"]
    assert len(grids[OTHER]["members_missing"]) == 6
    assert station.asks("worker", "PUT", address, json={"homes": {f"{GRID}-2": 4}}).status_code == 200
    assert covered(station)["total"]["in_group"] == HOUSEHOLDS + 4
    problem(station.asks("worker", "PUT", address, json={"homes": {f"{GRID}-1": HOUSEHOLDS + 1}}), 400, "invalid-parameter")
    problem(station.asks("worker", "PUT", address, json={"homes": {f"{OTHER}-1": 1}}), 400, "unknown-target")
    other = {"homes": {f"{OTHER}-1": 1}}
    problem(station.asks("worker", "PUT", f"/v1/visits/groups/{OTHER}", json=other), 403, "scope-denied")
    problem(station.asks("worker", "PUT", f"/v1/visits/groups/{NEXT}001", json=other), 404, "not-found")
    station.hall.do("UPDATE wangge.household_point SET households = 2 WHERE external_id = %s", [f"{GRID}-1"])
    assert covered(station)["total"]["in_group"] == 2 + 4


@pytest.fixture
def keeper(station):
    """The header of somebody who counts key groups in the first community, and works there."""
    station.who["keeper"] = station.hall.comes("keeper", ("community", HERE, "*", "key_group"))
    return station


def count(station, who, grid, total, number, **said):
    wanted = {"grid": grid, "group": "correction", "month": "2026-03", "total": total, "visited": number, **said}
    return station.asks(who, "PUT", "/v1/visits/key-groups", json=wanted)


def test_key_groups_are_counts_and_small_ones_are_hidden(keeper) -> None:
    """Of a key group there is a number for each grid, and below ten it is told to nobody; neither is what would tell it."""
    for grid, total, number in ((f"{HERE}001", 4, 4), (f"{HERE}002", 30, 15), (f"{HERE}003", 25, 25)):
        assert count(keeper, "keeper", grid, total, number).status_code == 200
    seen = keeper.asks("keeper", "GET", "/v1/visits/key-groups", params={"month": "2026-03"})
    assert seen.headers["cache-control"] == "no-store"
    (group,) = seen.json()["groups"]
    assert [each["total"] for each in group["grids"]] == [None, 30, None]
    (community,) = [each for each in group["areas"] if each["area"] == HERE]
    assert (community["total"], community["visited"], community["key_group_coverage"]) == (59, 44, 74.6)
    assert keeper.hall.value("SELECT count(*) FROM wangge.event WHERE kind = 'key_group.read'") == 1
    bodies = keeper.hall.rows("SELECT body FROM wangge.event WHERE kind = 'key_group.counted'")
    assert bodies == [({"month": "2026-03-01"},)] * 3


def test_key_groups_need_a_right_of_their_own(keeper) -> None:
    """Whoever may do everything else, to the district, neither counts nor sees key groups; nor does a keeper elsewhere."""
    for who in ("worker", "community", "street", "district"):
        problem(count(keeper, who, GRID, 20, 20), 403, "scope-denied")
        problem(keeper.asks(who, "GET", "/v1/visits/key-groups", params={"month": "2026-03"}), 403, "scope-denied")
    problem(count(keeper, "keeper", f"{NEXT}001", 20, 20), 404, "not-found")
    problem(count(keeper, "keeper", GRID, 20, 21), 400, "invalid-parameter")
    assert count(keeper, "keeper", GRID, 20, 20).status_code == 200
    assert count(keeper, "keeper", GRID, 22, 11, month="2026-02").status_code == 200
    assert count(keeper, "keeper", GRID, 21, 12).status_code == 200
    assert keeper.hall.rows("SELECT total, visited FROM wangge.key_group ORDER BY month DESC") == [(21, 12), (22, 11)]


def test_nobody_is_named(station) -> None:
    """No table of the rounds has a column for a name, a phone or an hour of somebody's."""
    columns = station.hall.rows(
        """SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'wangge'
           AND table_name IN ('visit', 'patrol', 'home_group', 'grid_group', 'key_group') ORDER BY 1, 2"""
    )
    words = ("name", "phone", "lon", "lat", "geom", "start", "end", "track", "online")
    assert len(columns) > 20
    assert [each for each in columns if any(word in each[1] for word in words)] == []
    assert MONDAY.hour == 1
