"""Patrols over HTTP: minutes of a day, and how many days were met."""

from __future__ import annotations

import pytest

from tests.api.incidents.station import GRID, HERE, station_over
from tests.api.rounds.homes import furnish
from tests.api.v1.hall import problem
from tests.published import DISTRICT
from tests.stored import owner

OTHER = f"{HERE}002"
WEEK = {"from": "2026-02-23", "to": "2026-03-01"}
"""Monday to Sunday, after a long holiday: Monday is a rest day of it, Saturday makes up for one."""


@pytest.fixture
def station(db, tmp_path):
    """A town with people at every desk."""
    with station_over(db, tmp_path) as made:
        with owner(db.admin) as conn:
            furnish(conn)
        yield made


def tell(station, day, minutes, who="worker", grid=GRID, **said):
    answer = station.asks(who, "PUT", "/v1/patrols", json={"grid": grid, "day": day, "minutes": minutes, **said})
    assert answer.status_code == 200, answer.text


def met(station, who="community", **query):
    answer = station.asks(who, "GET", "/v1/patrols/compliance", params={**WEEK, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_day_is_met_with_two_hours(station) -> None:
    """119 minutes do not meet a day and 120 do, in several grids and with those of visits; said again they are replaced."""
    assert met(station)["total"] == {"owed": 10, "met": 0, "patrol_compliance": 0.0}
    tell(station, "2026-02-25", 119)
    assert met(station)["total"]["met"] == 0
    tell(station, "2026-02-25", 120)
    assert met(station)["total"]["met"] == 1
    tell(station, "2026-02-26", 60)
    tell(station, "2026-02-26", 60, grid=OTHER)
    assert met(station)["total"]["met"] == 2
    tell(station, "2026-02-26", 59, grid=OTHER)
    assert met(station)["total"]["met"] == 1
    said = {"grid": GRID, "target": {"kind": "unit", "id": "school"}, "purpose": "publicity", "day": "2026-02-26", "minutes": 1}
    assert station.asks("worker", "POST", "/v1/visits", json=said).status_code == 201
    assert met(station)["total"]["met"] == 2
    assert station.hall.value("SELECT count(*) FROM wangge.patrol") == 3


def test_rest_days_and_leave_are_owed_nothing(station) -> None:
    """A patrol of a Sunday or a holiday changes nothing, one of a Saturday that is worked does; leave owes nothing."""
    for day in ("2026-03-01", "2026-02-23"):
        tell(station, day, 600)
    assert met(station)["total"] == {"owed": 10, "met": 0, "patrol_compliance": 0.0}
    tell(station, "2026-02-28", 600)
    assert met(station)["total"] == {"owed": 10, "met": 1, "patrol_compliance": 10.0}
    station.hall.do(
        """INSERT INTO wangge.staff_leave (staff_id, path, days) SELECT id, path, '[2026-02-25,2026-02-27)' FROM wangge.staff
           WHERE person_id = %s""",
        [station.ids["worker"]],
    )
    assert met(station)["total"]["owed"] == 8
    sunday = met(station, **{"from": "2026-03-01", "to": "2026-03-01"})
    assert (sunday["work_days"], sunday["total"]["patrol_compliance"]) == (0, None)


def test_a_nearer_rule_holds(station) -> None:
    """A community that asks for one hour is met with one hour."""
    tell(station, "2026-02-25", 60)
    assert met(station)["total"]["met"] == 0
    rule = {"area": HERE, "target": "patrol", "period": "day", "minutes": 60}
    assert station.asks("community", "PUT", "/v1/visits/rules", json=rule).status_code == 200
    assert met(station)["total"]["met"] == 1
    seen = met(station, "district", area=DISTRICT)
    assert [(each["area"], each["met"]) for each in seen["areas"]] == [(HERE, 1)]


def test_how_long_somebody_was_out_is_for_few(station) -> None:
    """Workers see their own days, those who direct them see them too, colleagues do not; and nobody writes another's."""
    tell(station, "2026-02-25", 119)
    tell(station, "2026-02-26", 120)
    tell(station, "2026-02-26", 30, who="stand_in")

    def days(who, **query):
        answer = station.asks(who, "GET", "/v1/patrols", params={**WEEK, **query}).json()
        return [(each["day"], each["patrol_minutes"], each["met"]) for each in answer["days"]]

    mine = [("2026-02-25", 119, False), ("2026-02-26", 120, True)]
    assert days("worker") == days("worker", mine="true") == mine
    assert days("stand_in") == [("2026-02-26", 30, False)]
    assert sorted(days("community")) == sorted([*mine, ("2026-02-26", 30, False)])
    assert days("other_street") == []
    page = station.asks("community", "GET", "/v1/patrols", params={**WEEK, "limit": 2}).json()
    rest = station.asks("community", "GET", "/v1/patrols", params={**WEEK, "after": page["next"]}).json()
    assert (len(page["days"]), len(rest["days"]), rest["next"]) == (2, 1, None)
    problem(station.asks("community", "GET", "/v1/patrols", params={**WEEK, "after": "x"}), 400, "invalid-cursor")
    problem(station.asks("worker", "GET", "/v1/patrols/compliance", params=WEEK), 403, "scope-denied")
    (staff,) = station.hall.rows("SELECT id::text FROM wangge.staff WHERE person_id = %s", [station.ids["worker"]])[0]
    said = {"grid": GRID, "minutes": 5, "staff": staff}
    problem(station.asks("stand_in", "PUT", "/v1/patrols", json=said), 403, "scope-denied")
    assert station.asks("community", "PUT", "/v1/patrols", json=said).status_code == 200
    backwards = {"from": "2026-03-01", "to": "2026-02-01"}
    problem(station.asks("community", "GET", "/v1/patrols/compliance", params=backwards), 400, "invalid-parameter")
