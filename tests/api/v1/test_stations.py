"""Stations over HTTP: the register, the grids and homes that they reach, what they lack, and who is on duty."""

from __future__ import annotations

import pytest

from data.store.sql import run
from tests.api.incidents.station import GRID, HERE, NEXT, at, station_over
from tests.api.rounds.homes import HOUSEHOLDS, POINTS, furnish
from tests.api.v1.hall import problem
from tests.published import COMMUNITIES, DISTRICT, STREETS
from tests.stored import owner

GRIDS = [f"{HERE}00{n}" for n in (1, 2, 3)]
EVERYBODY = 12 * POINTS * HOUSEHOLDS


@pytest.fixture
def station(db, tmp_path):
    """A town with people at every desk and homes in every grid."""
    with station_over(db, tmp_path) as made:
        with owner(db.admin) as conn:
            furnish(conn)
        yield made


def place(x, y):
    return {name: value for name, value in at(x, y).items() if name != "coord_sys"}


def wanted(x=100, y=200, **said):
    """Describe a station in the middle of the first grid's homes, unless another place is said."""
    return {"area": HERE, "name": "民悦驿站", "level": "community", **place(x, y), **said}


def put(station, code="S1", who="community", headers=None, **said):
    return station.asks(who, "PUT", f"/v1/stations/{code}", json=wanted(**said), headers=headers or {})


def made(station, code="S1", **said):
    answer = put(station, code, **said)
    assert answer.status_code == 201, answer.text
    return answer


def seen(station, what, /, who="district", **query):
    answer = station.asks(who, "GET", f"/v1/stations/{what}".rstrip("/"), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def box(west, south, east, north):
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return {"type": "Polygon", "coordinates": [[[p["lon"], p["lat"]] for p in (place(x, y) for x, y in corners)]]}


def test_the_register(station) -> None:
    """A station is written once, changed by who has seen it, found by what it offers, and in the log; its own see it."""
    answer = made(station, services=["rest", "legal aid"], facilities={"desk": True, "map": True}, area_m2="85.5")
    shown = station.asks("worker", "GET", "/v1/stations/S1")
    assert shown.json() == answer.json()
    assert (shown.json()["facilities_met"], shown.json()["area_m2"]) == (2, 85.5)
    assert [each["code"] for each in seen(station, "", who="worker", service="rest")["stations"]] == ["S1"]
    assert seen(station, "", service="nothing")["stations"] == []
    assert seen(station, "", who="other_street")["stations"] == []
    problem(put(station), 428, "precondition-required")
    problem(put(station, headers={"If-Match": '"S1-9"'}), 412, "stale-version")
    changed = put(station, headers={"If-Match": shown.headers["ETag"]}, brand="红色微家")
    assert (changed.status_code, changed.json()["brand"], changed.json()["services"]) == (200, "红色微家", [])
    gone = put(station, headers={"If-Match": changed.headers["ETag"]}, active=False)
    assert gone.status_code == 200
    assert seen(station, "")["stations"] == []
    kinds = station.hall.rows("SELECT kind FROM wangge.event WHERE kind LIKE 'station.%%' ORDER BY seq")
    assert [kind for (kind,) in kinds] == ["station.added", "station.changed", "station.changed"]


def test_who_keeps_stations(station) -> None:
    """Who manages staff keeps those of their areas; not workers, not neighbours, not for an area above their own."""
    problem(put(station, who="worker"), 403, "scope-denied")
    problem(put(station, who="other_street"), 403, "scope-denied")
    problem(put(station, who="community", area=DISTRICT), 403, "scope-denied")
    made(station)
    problem(put(station, who="other_street", area=COMMUNITIES[2]), 409, "already-exists")
    problem(station.asks("other_street", "PUT", "/v1/stations/S1/grids", json={"grids": []}), 404, "not-found")
    assert put(station, "D", who="district", area=DISTRICT, level="district").status_code == 201
    assert [each["code"] for each in seen(station, "", who="worker")["stations"]] == ["D", "S1"]
    problem(station.asks("worker", "PUT", "/v1/stations/D/grids", json={"grids": []}), 403, "scope-denied")
    problem(station.asks("community", "PUT", "/v1/stations/D/grids", json={"grids": []}), 403, "scope-denied")
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    for shape in (bow, {"type": "Point", "coordinates": [0, 0]}, {"type": "Polygon"}, {}):
        assert put(station, "S2", service_area=shape).json()["code"] == "geometry-invalid"


def test_which_grids_a_station_serves(station) -> None:
    """A circle reaches the grids whose middle lies in it; grids that were given go before; every grid is served or listed."""
    made(station, radius_m=250)
    told = seen(station, "grids", area=HERE)
    assert told["stations"] == [{"station": "S1", "grids": GRIDS[:2]}]
    assert (told["served"], told["unserved"], told["mean_grids"]) == (2, GRIDS[2:], 2.0)
    made(station, "S2", service_area=box(390, 0, 880, 400))
    told = seen(station, "grids")
    assert {each["station"]: each["grids"] for each in told["stations"]} == {"S1": GRIDS[:2], "S2": [GRIDS[2], f"{NEXT}001"]}
    assert (len(told["unserved"]), told["mean_grids"]) == (8, 2.0)
    assert station.asks("community", "PUT", "/v1/stations/S1/grids", json={"grids": GRIDS}).status_code == 200
    told = seen(station, "grids", area=HERE)
    assert {each["station"]: each["grids"] for each in told["stations"]} == {"S1": GRIDS, "S2": GRIDS[2:]}
    assert (told["unserved"], told["mean_grids"]) == ([], 2.0)
    problem(station.asks("community", "PUT", "/v1/stations/S1/grids", json={"grids": ["x"]}), 400, "unknown-target")


def test_households_within_a_radius(station) -> None:
    """Homes 5, 10, 15 and 20 m away: a circle of 10 m reaches two of them, and each household counts once."""
    made(station, radius_m=11)
    made(station, "S2", radius_m=11)
    told = seen(station, "coverage")
    assert told["total"] == {"households": EVERYBODY, "reached": 2 * HOUSEHOLDS, "station_coverage": 4.2}
    (grid,) = [each for each in told["grids"] if each["grid"] == GRID]
    assert (grid["points_reached"], grid["uncovered"], grid["station_coverage"]) == (2, 2 * HOUSEHOLDS, 50.0)
    left = seen(station, "uncovered", grid=GRID)
    assert [each["target"] for each in left["uncovered"]] == [f"{GRID}-3", f"{GRID}-4"]
    assert seen(station, "uncovered", grid=GRID, limit=1)["next"] == f"{GRID}-3"
    assert seen(station, "coverage", kind="canteen")["total"]["reached"] == 0
    problem(station.asks("worker", "GET", "/v1/stations/uncovered", params={"grid": GRID}), 403, "scope-denied")
    assert [each["grid"] for each in seen(station, "coverage", who="worker")["grids"]] == GRIDS


def test_a_service_area_may_cross_the_line_of_a_community(station) -> None:
    """A station serves its area, in two communities and over both; its circle then does not count."""
    made(station, radius_m=5000, service_area=box(390, 0, 880, 400))
    told = {each["grid"]: each["reached"] for each in seen(station, "coverage")["grids"]}
    assert {grid for grid, reached in told.items() if reached} == {f"{HERE}003", f"{NEXT}001"}
    assert seen(station, "coverage", who="worker")["total"]["reached"] == POINTS * HOUSEHOLDS


def test_fifteen_minutes_on_foot(station) -> None:
    """The walk is a straight line shortened by a detour, and the answer says so; a longer detour reaches fewer."""
    made(station, radius_m=1)
    near = seen(station, "coverage", way="walk")
    assert near["method"] == {
        "way": "walk", "kind": "straight-line", "minutes": 15.0, "metres_per_minute": 75.0, "detour": 1.3, "reach_m": 865.4,
        "profile": None,
    }  # fmt: skip
    far = seen(station, "coverage", way="walk", minutes=15, pace=80, detour=1)
    less = seen(station, "coverage", way="walk", detour=5)
    assert 0 < less["total"]["reached"] < near["total"]["reached"] < far["total"]["reached"] == EVERYBODY
    assert seen(station, "coverage")["total"]["reached"] == 0
    problem(station.asks("district", "GET", "/v1/stations/coverage", params={"detour": 0.5}), 400, "invalid-parameter")


def test_reach_is_narrowed_as_maps_narrow_it(station) -> None:
    """By kind and by level those alone count that are asked for, and a station by itself reaches what it reaches alone."""
    made(station, radius_m=11)
    made(station, "S2", x=400, kind="canteen", level="grid", radius_m=5000)
    told = {level: seen(station, "coverage", level=level)["total"]["reached"] for level in ("community", "grid", "district")}
    assert told == {"community": 2 * HOUSEHOLDS, "grid": EVERYBODY, "district": 0}
    assert seen(station, "coverage", level=["community", "district"], kind="canteen")["total"]["reached"] == 0
    assert seen(station, "coverage", station="S1")["total"]["reached"] == 2 * HOUSEHOLDS
    assert seen(station, "coverage", station="nothing")["total"]["reached"] == 0
    assert seen(station, "uncovered", grid=GRID, level="grid")["uncovered"] == []
    assert len(seen(station, "uncovered", grid=GRID, level="community")["uncovered"]) == 2
    problem(station.asks("district", "GET", "/v1/stations/coverage", params={"level": "moon"}), 400, "invalid-parameter")


def test_small_counts_are_for_those_who_may_see_households(station, db) -> None:
    """To a grid worker what is below ten is not told, nor what would tell it; a planner sees the same figures whole."""
    with owner(db.admin) as conn:
        run(conn, "UPDATE wangge.household_point SET households = 3 WHERE external_id = %s", [f"{GRID}-1"])
    made(station, radius_m=6)
    (whole,) = [each for each in seen(station, "coverage")["grids"] if each["grid"] == GRID]
    assert (whole["reached"], whole["points_reached"]) == (3, 1)
    told = seen(station, "coverage", who="worker")
    (grid,) = [each for each in told["grids"] if each["grid"] == GRID]
    assert [grid[name] for name in ("reached", "uncovered", "points_reached", "station_coverage")] == [None] * 4
    assert told["total"]["reached"] is None
    assert told["total"]["station_coverage"] is None
    assert grid["households"] == whole["households"]


def test_centers_that_are_too_small(station) -> None:
    """A community needs 0.3 square metres a household and a street 1,000; a little less, or none at all, is unmet."""
    households = station.hall.value(
        "SELECT sum(g.households)::int FROM wangge.grid g JOIN wangge.area a ON a.path = g.path "
        "WHERE a.code = %s AND upper_inf(g.in_force)", [HERE]
    )  # fmt: skip
    need = round(0.3 * households, 2)
    first = made(station, kind="service_center", area_m2=str(round(need - 0.01, 2)))
    made(station, "ST", who="street", area=STREETS[0], level="street", kind="service_center", area_m2="1000")
    told = {each["area"]: each for each in seen(station, "facilities")["centers"]}
    assert (told[HERE]["households"], told[HERE]["needed_m2"], told[HERE]["met"]) == (households, need, False)
    assert (told[STREETS[0]]["met"], told[STREETS[1]]["met"], told[NEXT]["area_m2"]) == (True, False, None)
    answer = put(station, headers={"If-Match": first.headers["ETag"]}, kind="service_center", area_m2=str(need))
    assert answer.status_code == 200
    assert HERE not in seen(station, "facilities")["unmet"]
    assert [each["area"] for each in seen(station, "facilities", area=HERE)["centers"]] == [HERE]


def test_who_is_on_duty(station) -> None:
    """Who is on duty is said day by day; said again it is replaced, and nobody is no duty; strangers are not on it."""
    made(station)
    (one, other) = (
        station.hall.value("SELECT id::text FROM wangge.staff WHERE person_id = %s", [station.ids[who]])
        for who in ("worker", "stand_in")
    )
    address = "/v1/stations/S1/duty"
    for day, staff in (("2026-03-02", [one]), ("2026-03-03", [one, other]), ("2026-03-03", [other]), ("2026-03-04", [])):
        assert station.asks("community", "PUT", f"{address}/{day}", json={"staff": staff}).status_code == 200
    week = {"from": "2026-03-02", "to": "2026-03-08"}
    told = station.asks("worker", "GET", address, params=week).json()["days"]
    assert told == [{"day": "2026-03-02", "staff": [one]}, {"day": "2026-03-03", "staff": [other]}]
    problem(station.asks("worker", "PUT", f"{address}/2026-03-02", json={"staff": []}), 403, "scope-denied")
    stranger = {"staff": ["11111111-2222-4333-8444-555555555555"]}
    problem(station.asks("community", "PUT", f"{address}/2026-03-02", json=stranger), 400, "unknown-target")
