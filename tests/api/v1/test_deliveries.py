"""What visits bring to homes (四到户), and what makes them due where a place's profile says so (四必访)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from api.profile_load import load
from api.rounds.visit import Delivery, Reason
from data.profile import place
from tests.api.incidents.station import GRID, HERE, station_over
from tests.api.rounds.homes import furnish
from tests.api.v1.hall import problem
from tests.published import DISTRICT, STREETS
from tests.stored import owner

if TYPE_CHECKING:
    from data.profile import Profile

OTHER = f"{HERE}002"


@pytest.fixture
def station(db, tmp_path):
    """A town with people at every desk and homes in every grid, which Gangcheng's profile holds for."""
    with station_over(db, tmp_path) as made:
        with owner(made.hall.db.admin) as conn:
            furnish(conn)
            load(conn, replace(place("gangcheng"), area=DISTRICT), day=made.hall.now.date(), now=made.hall.now)
        made.passes(minutes=1)
        yield made


def visit(station, n=1, **said):
    wanted = {"grid": GRID, "target": {"kind": "household_point", "id": f"{GRID}-{n}"}, "purpose": "publicity", **said}
    return station.asks("worker", "POST", "/v1/visits", json=wanted)


def brought(station, who="district", **query):
    answer = station.asks(who, "GET", "/v1/visits/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    return {each["grid"]: (each["brought"], each["missing"]) for each in answer.json()["grids"]}


def test_what_a_visit_brings_is_counted_by_home(station) -> None:
    """Each home counts once for what it was brought; what the place wants and nobody was brought is missing, grid by grid."""
    for n, delivery in ((1, "policy"), (1, "policy"), (2, "policy"), (2, "opinion"), (3, None)):
        said = {} if delivery is None else {"delivery": delivery}
        assert visit(station, n, **said).status_code == 201
    found = brought(station, area=HERE)
    assert len(found) == 3
    assert found[GRID] == ({"policy": 2, "opinion": 1}, ["decision", "activity"])
    assert found[OTHER] == ({}, [str(each) for each in Delivery])
    assert brought(station, "worker", area=HERE)[GRID] == found[GRID]
    assert brought(station, to="2026-03-01", area=HERE)[GRID][0] == {}
    listed = station.asks("worker", "GET", "/v1/visits").json()["visits"]
    assert [each["delivery"] for each in listed] == [None, "opinion", "policy", "policy", "policy"]


def test_it_is_for_those_who_see_the_visits(station) -> None:
    """Another street is shown its own grids alone; a stranger of the next community sees nothing of these homes."""
    visit(station, delivery="activity")
    assert not {code for code in brought(station, "other_street") if code.startswith(STREETS[0])}
    assert brought(station, "stranger").get(GRID, ({}, []))[0] == {}
    problem(station.asks("auditor", "GET", "/v1/visits/deliveries"), 403, "scope-denied")
    problem(visit(station, delivery="gift"), 422, "invalid-body")


def test_what_gangcheng_says_makes_visits_due(station) -> None:
    """Loading its profile wires the four triggers: a case of each kind asks for a visit within three days, others do not."""
    for reason in Reason:
        station.reports(category=str(reason))
    station.reports(category="rubbish")
    due = station.asks("worker", "GET", "/v1/visits/called-for").json()["visits"]
    assert sorted((each["reason"], each["due"]) for each in due) == sorted((str(reason), "2026-03-05") for reason in Reason)


def test_loaded_again_it_changes_nothing(station) -> None:
    """A profile that says the same is not stated again; a trigger that was put off is put on again."""

    def again() -> tuple[str, ...]:
        told: Profile = replace(place("gangcheng"), area=DISTRICT)
        with owner(station.hall.db.admin) as conn:
            return load(conn, told, day=station.hall.now.date(), now=station.hall.now).changed

    assert again() == ()
    off = {"area": DISTRICT, "category": "dispute", "reason": "dispute", "within_days": 3, "active": False}
    assert station.asks("district", "PUT", "/v1/visits/triggers", json=off).status_code == 200
    assert again() == ("visits.dispute",)
