"""Normal and emergency over HTTP: who switches, where it holds, and what it does to what is reported."""

from __future__ import annotations

import pytest

from tests.api.incidents.station import at, station_over
from tests.api.v1.hall import problem
from tests.published import DISTRICT, HIGH, STREETS


@pytest.fixture
def station(db, tmp_path):
    """The small town."""
    with station_over(db, tmp_path) as made:
        yield made


def switched(station, area, mode, who="district", **more):
    """Switch an area over."""
    return station.asks(who, "POST", "/v1/modes", json={"area": area, "mode": mode, "reason": "flood"}, **more)


def test_an_emergency_goes_by_the_clock(station) -> None:
    """Reported at half past five in an emergency, an incident is to be accepted within two hours of the clock, not of work."""
    station.passes(hours=8, minutes=15)
    calm = station.reports()
    assert calm["stage_due_at"] == "2026-03-03T02:15:00+00:00"
    assert switched(station, DISTRICT, "emergency").status_code == 201
    urgent = station.reports()
    assert urgent["stage_due_at"] == "2026-03-02T11:15:00+00:00"
    assert (station.shown(urgent["no"])["mode"], station.shown(calm["no"])["mode"]) == ("emergency", "normal")
    station.passes(minutes=1)
    assert switched(station, DISTRICT, "normal").json()["ended"] == [DISTRICT]
    after = station.reports()
    assert station.shown(after["no"])["mode"] == "normal"
    assert station.shown(urgent["no"])["mode"] == "emergency"


def test_a_streets_emergency_is_its_own(station) -> None:
    """An emergency in one street is none in the other; that of the district is everybody's, whatever was said below before."""
    switched(station, STREETS[0], "emergency")
    here, there = station.reports(), station.reports("district", **at(50, HIGH + 50))
    assert [station.shown(each["no"])["mode"] for each in (here, there)] == ["emergency", "normal"]
    station.passes(minutes=1)
    told = switched(station, DISTRICT, "emergency").json()
    assert (told["before"], told["ended"]) == ("normal", [STREETS[0]])
    assert station.shown(station.reports("district", **at(50, HIGH + 50))["no"])["mode"] == "emergency"


def test_switches_are_listed_and_logged(station) -> None:
    """What holds is listed with its reason and who switched; what is over on demand; each switch is one event in the log."""
    assert station.asks("worker", "GET", "/v1/modes", params={"area": DISTRICT}).json() == {
        "switches": [], "area": DISTRICT, "mode": "normal",
    }  # fmt: skip
    key = {"headers": {"Idempotency-Key": "k"}}
    first, second = (switched(station, DISTRICT, "emergency", **key) for _ in range(2))
    assert (first.content, second.headers["idempotency-replayed"]) == (second.content, "true")
    station.passes(minutes=5)
    switched(station, DISTRICT, "normal")
    found = station.asks("worker", "GET", "/v1/modes").json()["switches"]
    assert found == [
        {
            "area": DISTRICT, "mode": "normal", "reason": "flood", "starts_at": "2026-03-02T01:05:00+00:00", "ends_at": None,
            "actor": station.ids["district"], "actor_name": "District",
        }
    ]  # fmt: skip
    past = station.asks("worker", "GET", "/v1/modes", params={"past": "true", "area": STREETS[0]}).json()
    assert [(each["mode"], each["ends_at"]) for each in past["switches"]] == [
        ("normal", None),
        ("emergency", "2026-03-02T01:05:00+00:00"),
    ]
    assert past["mode"] == "normal"
    logged = station.hall.rows("SELECT subject, body FROM wangge.event WHERE kind = 'mode.switched' ORDER BY at")
    assert logged == [
        (DISTRICT, {"mode": "emergency", "before": "normal", "reason": "flood", "ended": []}),
        (DISTRICT, {"mode": "normal", "before": "emergency", "reason": "flood", "ended": [DISTRICT]}),
    ]


def test_who_switches(station) -> None:
    """Whoever approves for the district switches in their own area, with a reason; nobody else does."""
    for who in ("worker", "community", "street"):
        problem(switched(station, STREETS[0], "emergency", who=who), 403, "scope-denied")
    station.who["small"] = station.hall.comes("small", ("district", STREETS[0]))
    problem(switched(station, DISTRICT, "emergency", who="small"), 403, "scope-denied")
    problem(switched(station, STREETS[1], "emergency", who="small"), 403, "scope-denied")
    problem(switched(station, DISTRICT, "war"), 422, "invalid-body")
    silent = {"area": DISTRICT, "mode": "emergency", "reason": " "}
    problem(station.asks("district", "POST", "/v1/modes", json=silent), 422, "invalid-body")
    problem(station.asks("auditor", "GET", "/v1/modes"), 403, "scope-denied")
    assert station.hall.value("SELECT count(*) FROM wangge.operation_mode") == 0
