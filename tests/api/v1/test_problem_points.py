"""Problem points over HTTP: where they lie, which are one problem, and who mends it."""

from __future__ import annotations

import pytest

from tests.api.incidents.station import GRID, HERE, at, station_over
from tests.api.v1.hall import problem
from tests.published import DISTRICT


@pytest.fixture
def station(db, tmp_path):
    """A town with people at every desk."""
    with station_over(db, tmp_path) as made:
        yield made


def point(station, x, y=200, kind="dirty", who="worker", **said):
    return station.asks(who, "POST", "/v1/problem-points", json={"kind": kind, **at(x, y), **said})


def added(station, *args, **said):
    answer = point(station, *args, **said)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def gathered(station, within_m=50, who="community", area=HERE):
    answer = station.asks(who, "POST", "/v1/problem-points/clusters", json={"area": area, "within_m": within_m})
    assert answer.status_code == 200, answer.text
    return answer.json()["made"]


def clusters(station, who="district", **query):
    return station.asks(who, "GET", "/v1/problem-points/clusters", params=query).json()["clusters"]


def test_a_point_has_its_grid(station) -> None:
    """A point's grid is found by its place; outside every community, and where somebody does not work, there is none."""
    number = added(station, 50, note="a heap")
    (shown,) = station.asks("community", "GET", "/v1/problem-points").json()["points"]
    assert (shown["id"], shown["grid"], shown["kind"], shown["note"], shown["cluster"]) == (
        number,
        GRID,
        "dirty",
        "a heap",
        None,
    )
    problem(point(station, -5000), 400, "out-of-area")
    problem(point(station, 700), 403, "scope-denied")
    problem(point(station, 50, kind="ugly"), 422, "invalid-body")
    assert station.asks("other_street", "GET", "/v1/problem-points").json()["points"] == []
    assert station.hall.value("SELECT count(*) FROM wangge.event WHERE kind = 'problem_point.found'") == 1


def test_sent_twice_it_is_one_point(station) -> None:
    """A terminal that sends a point twice makes one."""
    uuid = "11111111-2222-4333-8444-555555555555"
    number = added(station, 50, client_uuid=uuid)
    again = point(station, 50, client_uuid=uuid)
    assert (again.status_code, again.json()["id"]) == (200, number)


def test_lists_come_in_pages(station) -> None:
    """Points are listed by class, by grid and page by page, and none is lost."""
    numbers = [added(station, 50, kind=kind) for kind in ("dirty", "messy", "poor")]
    page = station.asks("district", "GET", "/v1/problem-points", params={"limit": 2}).json()
    rest = station.asks("district", "GET", "/v1/problem-points", params={"before": page["next"], "area": DISTRICT}).json()
    assert [each["id"] for each in page["points"] + rest["points"]] == numbers[::-1]
    messy = station.asks("district", "GET", "/v1/problem-points", params={"kind": "messy", "grid": GRID}).json()["points"]
    assert [each["id"] for each in messy] == [numbers[1]]


def test_near_points_of_a_class_are_one_problem(station) -> None:
    """Points 49 m apart are one, in a chain too; 51 m apart, of another class or in another community they are not."""
    for x in (10, 59, 108, 160):
        added(station, x)
    added(station, 60, kind="messy")
    for x, who in ((590, "worker"), (610, "stranger")):
        added(station, x, who=who)
    made = gathered(station) + gathered(station, who="district", area=DISTRICT)
    assert len(made) == 5
    told = {(each["kind"], each["points"], tuple(each["grids"])) for each in clusters(station)}
    assert told == {
        ("dirty", 3, (GRID,)), ("dirty", 1, (GRID,)), ("messy", 1, (GRID,)), ("dirty", 1, (f"{HERE}003",)),
        ("dirty", 1, ("370103001002001",)),
    }  # fmt: skip
    assert gathered(station) == []


def test_a_later_point_joins_the_cluster_that_is_there(station) -> None:
    """A point near an open cluster joins the nearest; the number and what was planned stay as they were."""
    added(station, 10)
    (number,) = gathered(station)
    added(station, 40)
    assert gathered(station) == []
    (told,) = clusters(station)
    assert (told["id"], told["points"]) == (number, 2)
    problem(station.asks("worker", "POST", "/v1/problem-points/clusters", json={"area": HERE}), 403, "scope-denied")
    problem(station.asks("community", "POST", "/v1/problem-points/clusters", json={"area": DISTRICT}), 403, "scope-denied")


def test_a_cluster_is_mended(station) -> None:
    """A cluster has a department, a measure and a deadline before anything is planned; found, planned, rectified, cleared."""
    added(station, 10)
    (number,) = gathered(station)
    address = f"/v1/problem-points/clusters/{number}"
    plan = {"department": "sanitation", "measure": "sweep", "deadline": "2026-03-05"}

    def mend(who="community", **said):
        seen = station.asks("community", "GET", address).headers["ETag"]
        return station.asks(who, "PUT", address, json={**plan, **said}, headers={"If-Match": seen})

    problem(station.asks("community", "PUT", address, json=plan), 428, "precondition-required")
    problem(mend(department="nobody"), 400, "unknown-party")
    problem(mend(department=f"center:{HERE}"), 400, "unknown-party")
    problem(mend(measure=" "), 422, "invalid-body")
    problem(mend(who="worker"), 403, "scope-denied")
    problem(mend(who="other_street"), 404, "not-found")
    assert problem(mend(state="cleared"), 409, "illegal-transition")["allowed"] == ["found", "planned"]
    assert mend().json()["state"] == "planned"
    told = station.asks("community", "GET", "/v1/problem-points/clusters").json()
    assert told["orgs"] == {"sanitation": "环卫局"}
    assert clusters(station)[0]["overdue"] is False
    station.passes(days=4)
    assert clusters(station)[0]["overdue"] is True
    for state in ("rectified", "planned", "rectified", "cleared"):
        assert mend(state=state).json()["state"] == state
    problem(mend(state="planned"), 409, "illegal-transition")
    assert [each["state"] for each in clusters(station, state="cleared")] == ["cleared"]
    added(station, 12)
    assert len(gathered(station)) == 1
