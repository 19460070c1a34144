"""Duties over HTTP: what is owed, who did it, and what is overdue."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from data.store.sql import run
from tests.api.incidents.station import GRID, HERE, NEXT, station_over
from tests.api.v1.hall import problem
from tests.published import COMMUNITIES, DISTRICT, STREETS
from tests.stored import owner

WEEKLY = {"name": "工作例会", "kind": "meeting", "every": "week", "valid_from": "2026-02-23"}


@pytest.fixture
def station(db, tmp_path):
    """A town with people at every desk, on a Monday in March."""
    with station_over(db, tmp_path) as made:
        yield made


def states(station, who="district", area=DISTRICT, code="meeting", **said):
    return station.asks(who, "PUT", f"/v1/duties/{area}/{code}", json={**WEEKLY, **said})


def stated(station, *args, **said):
    answer = states(station, *args, **said)
    assert answer.status_code == 200, answer.text
    return answer.json()


def logs(station, who, target=None, code="meeting", area=DISTRICT, **said):
    sent = said if target is None else {"target": target, **said}
    return station.asks(who, "POST", f"/v1/duties/{area}/{code}/log", json=sent)


def shown(station, who="district", **query):
    answer = station.asks(who, "GET", "/v1/duties", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["duties"]


def overdue(station, who="district", code="meeting", area=DISTRICT, **query):
    answer = station.asks(who, "GET", f"/v1/duties/{area}/{code}/overdue", params=query)
    assert answer.status_code == 200, answer.text
    return [(each["target"], each["since"], each["missing"]) for each in answer.json()["overdue"]]


def test_a_weekly_meeting_of_each_community(station) -> None:
    """Each community owes one a week; done in its week it counts, later not; areas add up; the running week is not overdue."""
    stated(station, each="community")
    assert logs(station, "community", HERE, day="2026-02-27").status_code == 201
    assert logs(station, "community", HERE).status_code == 201
    (duty,) = shown(station)
    assert (duty["periods"], duty["owed"], duty["done"], duty["overdue"]) == (1, 4, 1, 3)
    current = duty["current"]
    assert (current["since"], current["deadline"]) == ("2026-03-02", "2026-03-08")
    assert (current["targets"], current["owed"], current["done"], current["to_do"]) == (4, 4, 1, 3)
    by_area = {each["area"]: (each["owed"], each["done"], each["overdue"]) for each in duty["areas"]}
    assert by_area[DISTRICT] == (4, 1, 3)
    assert by_area[STREETS[0]] == (2, 1, 1)
    assert by_area[STREETS[1]] == (2, 0, 2)
    assert [by_area[each] for each in COMMUNITIES] == [(1, 1, 0), (1, 0, 1), (1, 0, 1), (1, 0, 1)]
    assert overdue(station) == [(each, "2026-02-23", 1) for each in COMMUNITIES[1:]]
    assert overdue(station, within=STREETS[1]) == [(each, "2026-02-23", 1) for each in COMMUNITIES[2:]]
    station.passes(days=7)
    assert len(overdue(station)) == 6
    assert len(overdue(station, at="2026-03-08")) == 3
    assert overdue(station, **{"from": "2026-03-02", "at": "2026-03-08"}) == []


def test_workdays_end_on_friday(station) -> None:
    """On Saturday a meeting that is owed on work days is overdue, one that is owed on any day is not."""
    stated(station, code="any", each="street", valid_from="2026-03-02")
    stated(station, code="work", each="street", valid_from="2026-03-02", workdays=True)
    station.hall.now = datetime(2026, 3, 6, 12, tzinfo=UTC)
    assert [each["overdue"] for each in shown(station)] == [0, 0]
    station.passes(days=1)
    assert {each["code"]: each["overdue"] for each in shown(station)} == {"any": 0, "work": 2}


def test_party_units_owe_visits_and_deliverables(station) -> None:
    """805 units owe a visit each quarter and two deliverables each year: 3220 and 1610 in a year; who owes is listed (4.24)."""
    with owner(station.hall.db.admin) as conn:
        run(
            conn,
            """INSERT INTO wangge.org (code, kind, tier, name, area_id, path)
               SELECT 'unit' || n, 'unit', 'district', '单位' || n, a.id, a.path
               FROM wangge.area a, generate_series(1, 805) n WHERE a.code = %s""",
            [DISTRICT],
        )
    first = {"valid_from": "2026-01-01", "each": "unit"}
    stated(station, code="visit", kind="visit", every="quarter", **first)
    stated(station, code="works", kind="deliverable", every="year", times=2, **first)
    assert logs(station, "district", "unit7", "works", day="2026-02-01").status_code == 201
    assert logs(station, "district", "unit7", "visit", day="2026-02-01").status_code == 201
    assert logs(station, "district", "unit7", "visit", day="2026-02-02").status_code == 201
    station.hall.do("UPDATE wangge.api_key SET expires_at = %s", ["2030-01-01"])
    station.hall.now = datetime(2027, 1, 4, 4, tzinfo=UTC)
    year = {"from": "2026-01-01", "at": "2027-01-04"}
    found = {each["code"]: each for each in shown(station, **year)}
    assert (found["visit"]["owed"], found["visit"]["done"]) == (3220, 1)
    assert (found["works"]["owed"], found["works"]["done"]) == (1610, 1)
    listed = overdue(station, code="works", limit=1000, **year)
    assert len(listed) == 805
    assert ("unit7", "2026-01-01", 1) in listed
    assert ("unit8", "2026-01-01", 2) in listed


def test_who_has_the_role_says_that_it_was_done(station) -> None:
    """A duty of full-time workers is done by those with the post on that grid; their managers may say so for them."""
    stated(station, code="patrol", kind="patrol", every="day", each="grid", role="full_time_worker", area=HERE)
    said = {"code": "patrol", "area": HERE}
    assert logs(station, "worker", GRID, **said).status_code == 201
    problem(logs(station, "worker", f"{HERE}002", **said), 403, "scope-denied")
    problem(logs(station, "stranger", GRID, **said), 404, "not-found")
    problem(logs(station, "auditor", GRID, **said), 403, "scope-denied")
    assert logs(station, "colleague", f"{HERE}002", **said).status_code == 201
    problem(logs(station, "worker", f"{NEXT}001", **said), 400, "unknown-target")
    problem(logs(station, "worker", GRID, day="2026-03-03", **said), 400, "invalid-parameter")
    problem(logs(station, "worker", GRID, code="none", area=HERE), 404, "not-found")


def test_sent_twice_it_was_done_once(station) -> None:
    """A terminal that sends the same twice has done it once; somebody else's id is not taken for one's own."""
    stated(station, times=2, each="area", area=HERE)
    sent = {"client_uuid": str(uuid4()), "area": HERE}
    one, again = (logs(station, "community", **sent) for _ in range(2))
    assert (one.status_code, again.status_code, again.json()["id"]) == (201, 200, one.json()["id"])
    (duty,) = shown(station)
    assert (duty["current"]["done"], duty["current"]["to_do"]) == (1, 1)
    stated(station, area=NEXT)
    problem(logs(station, "stranger", client_uuid=sent["client_uuid"], area=NEXT), 409, "already-exists")
    (log,) = station.asks("community", "GET", f"/v1/duties/{HERE}/meeting/log").json()["log"]
    assert (log["target"], log["day"], log["note"]) == (HERE, "2026-03-02", "")


def test_who_sees_what(station) -> None:
    """A street is shown what lies in it and nothing of its neighbour; a worker what their community owes; others nothing."""
    stated(station, each="grid")
    assert [each["overdue"] for each in shown(station, "street")] == [6]
    (duty,) = shown(station, "worker")
    assert (duty["overdue"], {each["area"] for each in duty["areas"] if each["overdue"]} & set(COMMUNITIES)) == (3, {HERE})
    assert overdue(station, "other_street", within=STREETS[0]) == []
    problem(station.asks("auditor", "GET", "/v1/duties"), 403, "scope-denied")
    problem(station.hall.client.get("/v1/duties"), 401, "unidentified")


def test_who_states_duties(station) -> None:
    """Who manages staff in an area states and ends its duties; days that are over are not changed."""
    problem(states(station, "worker", HERE), 403, "scope-denied")
    problem(states(station, "community", DISTRICT), 403, "scope-denied")
    problem(states(station, valid_from="2025-12-31"), 409, "past-day")
    problem(states(station, every="fortnight"), 422, "invalid-body")
    problem(states(station, code="Meeting"), 400, "invalid-parameter")
    stated(station, each="community")
    problem(states(station, valid_from="2026-02-25"), 409, "past-day")
    problem(states(station, valid_from="2026-01-05"), 409, "past-day")
    changed = stated(station, each="community", times=2, valid_from="2026-03-02")
    assert (changed["times"], changed["valid_from"]) == (2, "2026-03-02")
    station.passes(days=7)
    first, second = shown(station)
    assert [(each["owed"], each["valid_to"]) for each in (first, second)] == [(4, "2026-03-02"), (8, None)]
    assert station.asks("district", "DELETE", f"/v1/duties/{DISTRICT}/meeting").json()["valid_to"] == "2026-03-09"
    assert shown(station, **{"from": "2026-03-09"}) == []
    assert sum(each["overdue"] for each in shown(station)) == 12
    problem(station.asks("district", "DELETE", f"/v1/duties/{DISTRICT}/meeting"), 404, "not-found")
    problem(station.asks("district", "GET", "/v1/duties", params={"at": "2026-03-10"}), 400, "future-day")


def test_a_change_in_the_middle_owes_the_week_once(station) -> None:
    """A duty that is changed on Wednesday owes that week as it stands on its last day, not twice and not at all."""
    stated(station, each="area")
    stated(station, each="area", times=3, valid_from="2026-03-04")
    station.passes(days=7)
    found = shown(station, **{"from": "2026-03-02"})
    assert sum(each["owed"] for each in found) == 3
