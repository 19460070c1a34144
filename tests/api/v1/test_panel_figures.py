"""The figures of the panel worked out by hand, over HTTP: rounds, stations, balance, matters; of today and of days before."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api.panel.figures import FIGURES
from api.profile_load import load
from data.profile import profile_from
from data.store.sql import run
from tests.api.incidents.station import GRID, HERE, MONDAY, NEXT, at
from tests.api.rounds.homes import HOUSEHOLDS, POINTS, furnish
from tests.api.v1.hall import problem
from tests.api.v1.test_panel import town_over
from tests.published import COMMUNITIES, DISTRICT, STREETS
from tests.stored import owner

if TYPE_CHECKING:
    from tests.api.incidents.station import Station

OTHER = f"{HERE}002"
DUTIES = ["party", "environment", "health", "emergency", "insurance"]


@pytest.fixture
def station(db, tmp_path):
    """The small town with homes in every grid, and its panel."""
    with town_over(db, tmp_path) as made:
        with owner(db.admin) as conn:
            furnish(conn)
        yield made


def panel(station: Station, area: str = DISTRICT, who: str = "district", **params: str) -> dict[str, Any]:
    answer = station.asks(who, "GET", "/v1/panel", params={"area": area, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


def figure(station: Station, name: str, area: str = DISTRICT, who: str = "district", **params: str) -> dict[str, Any]:
    """Return one figure of an area."""
    (found,) = panel(station, area, who, metrics=name, **params)["figures"]
    return found


def line(found: dict[str, Any]) -> tuple[Any, Any, Any]:
    return found["n"], found["d"], found["value"]


def adds_up(document: dict[str, Any]) -> None:
    """Say where the parts of a panel and what lies in none of them are not the whole, in any count."""
    whole = {each["id"]: each for each in document["figures"]}
    rows = [*(part["figures"] for part in document["parts"]), document["elsewhere"]]
    for metric in FIGURES:
        if not metric.is_sum:
            continue
        told = whole[metric.id]
        for name in ("n", "d") if metric.denominator is not None else ("value",):
            assert sum(row[metric.id][name] or 0 for row in rows) == pytest.approx(told[name] or 0), (metric.id, name)
        for part, number in told.get("parts", {}).items():
            assert sum(row[metric.id]["parts"][part] for row in rows) == number, (metric.id, part)


def visits(station: Station, *homes: int, who: str = "worker", **said: Any) -> None:
    for n in homes:
        wanted = {"grid": GRID, "target": {"kind": "household_point", "id": f"{GRID}-{n}"}, "purpose": "call", **said}
        answer = station.asks(who, "POST", "/v1/visits", json=wanted)
        assert answer.status_code == 201, answer.text


def opens(station: Station, code: str, *, etag: str | None = None, **said: Any) -> str:
    """Open or change a station in the middle of the first grid's homes; return its ETag."""
    place = {name: value for name, value in at(100, 200).items() if name != "coord_sys"}
    wanted = {"area": HERE, "name": "民悦驿站", "level": "community", **place, **said}
    headers = {} if etag is None else {"If-Match": etag}
    answer = station.asks("community", "PUT", f"/v1/stations/{code}", json=wanted, headers=headers)
    assert answer.status_code in {200, 201}, answer.text
    return answer.headers["ETag"]


def test_everything_happens_and_adds_up(station) -> None:
    """With visits, groups, patrols, stations, orders and disputes at work, every count of every figure is its parts' sum."""
    visits(station, 1, 2)
    station.asks("worker", "PUT", f"/v1/visits/groups/{GRID}", json={"homes": {f"{GRID}-1": 1}})
    opens(station, "S1")
    opens(station, "C1", kind="service_center", area_m2="300.25")
    station.reports(category="dispute")
    document = panel(station)
    adds_up(document)
    adds_up(panel(station, STREETS[0]))
    whole = {each["id"]: each for each in document["figures"]}
    assert document["withheld"] == []
    for name in ("visit_coverage", "group_coverage", "station_coverage", "facility_m2_per_100hh", "patrol_compliance"):
        assert whole[name]["d"] > 0, name
    for name in ("visit_coverage", "group_coverage", "station_coverage", "facility_m2_per_100hh"):
        assert whole[name]["n"] > 0, name


def test_visits_and_groups_are_told_as_of_the_day(station) -> None:
    """Who was visited or said to be in the group later is not counted on the day before."""
    points = 3 * POINTS
    visits(station, 1, 2, day="2026-02-20")
    visits(station, 2, 3)
    station.asks("worker", "PUT", f"/v1/visits/groups/{GRID}", json={"homes": {f"{GRID}-1": 2}})
    station.passes(days=3)
    station.asks("worker", "PUT", f"/v1/visits/groups/{GRID}", json={"homes": {f"{GRID}-1": 1, f"{GRID}-2": HOUSEHOLDS}})
    assert line(figure(station, "visit_coverage", HERE))[:2] == (3, points)
    assert line(figure(station, "visit_coverage", HERE, at="2026-03-01"))[:2] == (2, points)
    assert line(figure(station, "visit_coverage", HERE, at="2026-02-19"))[:2] == (0, points)
    groups = [figure(station, "group_coverage", HERE, at=day)["n"] for day in ("2026-03-05", "2026-03-02", "2026-03-01")]
    assert groups == [1 + HOUSEHOLDS, 2, 0]
    assert figure(station, "group_coverage", HERE)["d"] == points * HOUSEHOLDS
    assert line(figure(station, "visit_coverage", NEXT))[0] == 0


def test_patrols_are_for_those_who_direct_them(station) -> None:
    """Days with two hours of patrol, of the work days until yesterday; to a worker the figure is withheld, and said to be."""
    station.hall.now += timedelta(days=4)  # Friday: Monday to Thursday are over
    for day in ("2026-03-02", "2026-03-03", "2026-03-06"):
        told = station.asks("worker", "PUT", "/v1/patrols", json={"grid": GRID, "day": day, "minutes": 120})
        assert told.status_code == 200, told.text
    owed = figure(station, "patrol_compliance", HERE)["d"]
    assert figure(station, "patrol_compliance", HERE)["n"] == 2
    days = station.asks(
        "community", "GET", "/v1/patrols/compliance", params={"from": "2026-01-01", "to": "2026-03-05", "area": HERE}
    ).json()
    assert (owed, 2) == (days["total"]["owed"], days["total"]["met"])
    assert figure(station, "patrol_compliance", HERE, at="2026-03-02")["n"] == 1
    station.passes(days=1)
    assert figure(station, "patrol_compliance", HERE)["n"] == 3
    seen = panel(station, HERE, "worker", metrics="patrol_compliance,visit_coverage")
    assert seen["withheld"] == ["patrol_compliance"]
    assert {each["id"]: each["value"] for each in seen["figures"]} == {"patrol_compliance": None, "visit_coverage": 0.0}


def test_stations_are_those_of_the_day(station) -> None:
    """A station counts from the day on which it was opened until it was closed, with the circle that it had."""
    tag = opens(station, "S1", radius_m=5_000)
    opens(station, "S2", radius_m=1)
    opens(station, "C1", kind="service_center")
    assert figure(station, "stations")["value"] == 2
    assert figure(station, "stations", at="2026-03-01")["value"] == 0
    everybody = 12 * POINTS * HOUSEHOLDS
    assert line(figure(station, "station_coverage")) == (everybody, everybody, 100.0)
    station.passes(days=1)
    tag = opens(station, "S1", etag=tag, radius_m=1)
    station.passes(days=1)
    opens(station, "S1", etag=tag, active=False, radius_m=1)
    days = ("2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04")
    assert [figure(station, "stations", at=day)["value"] for day in days] == [0, 2, 2, 1]
    reached = [figure(station, "station_coverage", at=day)["n"] for day in days]
    assert reached[:2] == [0, everybody]
    assert reached[2] == reached[3] < everybody
    assert figure(station, "grids_per_station")["d"] == 1
    past = station.hall.rows("SELECT count(*) FROM wangge.station_past")
    assert past == [(2,)]


def test_people_walk_as_far_as_their_place_says(station) -> None:
    """A station without a circle reaches as far as the nearest profile says, of the day; a street's own circle is its own."""
    opens(station, "S1")
    total = 12 * POINTS * HOUSEHOLDS

    def reached(area: str = DISTRICT, **query: str) -> int:
        return figure(station, "station_coverage", area, **query)["n"]

    def walks(name: str, area: str, minutes: float) -> None:
        with owner(station.hall.db.admin) as conn:
            doc = {"id": name, "zh": name, "en": name, "area": area}
            said = {"circle": {"minutes": minutes, "metres_a_minute": 1, "detour": 1}}
            load(conn, profile_from(doc | said), day=station.hall.now.date(), now=station.hall.now)

    usual = reached()
    assert 2 * HOUSEHOLDS < usual < total
    station.passes(days=1)
    walks("near", DISTRICT, 10.1)
    assert (reached(), reached(STREETS[0]), reached(at=MONDAY.date().isoformat())) == (2 * HOUSEHOLDS, 2 * HOUSEHOLDS, usual)
    walks("far", STREETS[1], 2000)
    assert (reached(STREETS[0]), reached(STREETS[1]), reached()) == (2 * HOUSEHOLDS, total // 2, 2 * HOUSEHOLDS + total // 2)
    adds_up(panel(station))


def test_what_has_exited_is_counted_by_what_it_was(station) -> None:
    """A matter that has exited counts from that day on, by what it was that exited, and on no day before."""

    def exited(**query: str) -> dict[str, int]:
        found = figure(station, "exits", **query)
        return {"exits": found["value"]} | {kind: count for kind, count in found["parts"].items() if count}

    assert exited() == {"exits": 0}
    said = {"action": "exit", "reason": "not_grid_duty", "kind": "stamp"}
    answer = station.asks("district", "POST", "/v1/matters/0101/decisions", json=said)
    assert answer.status_code == 201, answer.text
    assert (exited(), exited(at="2026-03-01")) == ({"exits": 1, "exit_stamp": 1}, {"exits": 0})
    adds_up(panel(station))


def test_centers_are_as_large_as_they_were(station) -> None:
    """A community's center of 300.25 square metres over its households, in hundreds; none where no size is known."""
    assert figure(station, "facility_m2_per_100hh", HERE)["value"] is None
    tag = opens(station, "C1", kind="service_center", area_m2="300.25")
    households = figure(station, "households", HERE)["value"]
    found = figure(station, "facility_m2_per_100hh", HERE)
    assert line(found)[:2] == (30_025, households)
    assert found["value"] == round(30_025 / households, 1)
    assert figure(station, "facility_m2_per_100hh")["d"] == households
    station.passes(days=1)
    opens(station, "C1", etag=tag, kind="service_center", area_m2="600")
    assert [figure(station, "facility_m2_per_100hh", HERE, at=day)["n"] for day in ("2026-03-02", "2026-03-03")] == [
        30_025, 60_000,
    ]  # fmt: skip


def test_who_has_left_was_there(station) -> None:
    """Somebody who leaves is counted on the days before, and no longer on the day of leaving."""
    (staff,) = station.hall.rows("SELECT id::text FROM wangge.staff WHERE person_id = %s", [station.ids["worker"]])[0]
    before = figure(station, "workers_per_grid")
    assert before["n"] == 2
    left = station.asks("community", "PATCH", f"/v1/staff/{staff}", json={"status": "left"})
    assert left.status_code == 200, left.text
    assert figure(station, "workers_per_grid")["n"] == 1
    assert figure(station, "workers_per_grid", at="2026-03-01")["n"] == 2


def test_balance_by_hand(station) -> None:
    """Grids of 300, 301 and 302 households vary by the root of 2/3 over 301, and 302 / 300 is 1.01."""
    held = [n for (n,) in station.hall.rows(
        "SELECT households FROM wangge.grid WHERE code LIKE %s AND upper_inf(in_force) ORDER BY code", [f"{HERE}%"]
    )]  # fmt: skip
    assert held == [300, 301, 302]
    found = figure(station, "balance_cv", HERE)
    assert (found["value"], found["n"], found["d"], found["parts"]) == (0.003, 271_805, 903, {"residential": 3})
    assert line(figure(station, "balance_ratio", HERE)) == (302, 300, 1.01)
    ends = station.hall.rows(
        "SELECT max(households), min(households) FROM wangge.grid WHERE upper_inf(in_force) AND kind = 'residential'"
    )
    assert [line(figure(station, "balance_ratio"))[:2]] == ends


def test_ground_in_no_grid_and_in_two(station) -> None:
    """The published net leaves no gap; a grid that is moved by ten metres leaves one of its height, and overlaps by as much."""
    found = figure(station, "coverage_defect_m2")
    assert (found["value"], found["parts"]) == (0.0, {"gap_cm2": 0, "overlap_cm2": 0})
    with owner(station.hall.db.admin) as conn:
        for statement in (
            "ALTER TABLE wangge.grid DISABLE TRIGGER USER",  # what is published does not change
            f"UPDATE wangge.grid SET shape = ST_Translate(shape, 10, 0) WHERE code = '{GRID}' AND upper_inf(in_force)",
            "ALTER TABLE wangge.grid ENABLE TRIGGER USER",
        ):
            run(conn, statement)
    found = figure(station, "coverage_defect_m2")
    assert found["parts"] == {"gap_cm2": 10 * 400 * 10_000, "overlap_cm2": 10 * 400 * 10_000}
    assert (found["value"], found["text"]) == (8000.0, "8,000.00 m²")
    assert figure(station, "coverage_defect_m2", STREETS[1])["value"] == 0.0
    assert figure(station, "coverage_defect_m2", at="2023-05-01")["value"] is None


def test_matters_in_force_per_grid(station) -> None:
    """Every grid answers for what holds where it lies, or for what is named for it; from the day on which it was admitted."""
    with owner(station.hall.db.admin) as conn:
        run(conn, "DELETE FROM wangge.matter")
        run(
            conn,
            """INSERT INTO wangge.matter (code, area_id, path, name, category, power_delegated, funding, updated_at)
               SELECT 'm' || n, id, path, 'm', 'rubbish', true, '区财政', %s
               FROM wangge.area, generate_series(1, 3) n WHERE code = %s""",
            [MONDAY, DISTRICT],
        )
        run(
            conn,
            """INSERT INTO wangge.matter_decision (matter, path, action, aspects, actor, at)
               SELECT code, path, 'admit', '{"management": "", "procedure": "", "funding": "", "assessment": ""}', %s,
                 %s::timestamptz + interval '1 day' * right(code, 1)::int FROM wangge.matter""",
            [station.ids["district"], MONDAY - timedelta(days=3)],
        )
    assert line(figure(station, "matter_in_force")) == (36, 12, 3.0)
    assert line(figure(station, "matter_in_force", at="2026-03-01")) == (24, 12, 2.0)
    named = station.asks("community", "PUT", f"/v1/grid-matters/{GRID}", json={"codes": ["m1"]})
    assert named.status_code == 200, named.text
    assert line(figure(station, "matter_in_force", HERE)) == (7, 3, 2.33)


def test_workers_with_every_duty(station) -> None:
    """Of two full-time posts one carries all five duties and one four: half; where no profile names duties, none."""
    assert figure(station, "duty_roles_full")["value"] is None
    with owner(station.hall.db.admin) as conn:
        doc = {"id": "five", "zh": "x", "en": "x", "area": DISTRICT, "duty_roles": {"names": DUTIES}}
        load(conn, profile_from(doc), day=date(2026, 3, 2), now=MONDAY)
    station.hall.do("UPDATE wangge.post SET duty_roles = %s WHERE letter = 'A'", [DUTIES])
    station.hall.do("UPDATE wangge.post SET duty_roles = %s WHERE letter = 'B'", [DUTIES[:4]])
    assert line(figure(station, "duty_roles_full")) == (1, 2, 50.0)
    assert figure(station, "duty_roles_full", STREETS[1])["value"] is None


@pytest.mark.parametrize(("finished", "value"), [(4122, 98.1), (4123, 98.2), (4124, 98.2), (4126, 98.2), (4127, 98.3)])
def test_orders_of_a_published_account(station, finished: int, value: float) -> None:
    """4,123 to 4,126 of 4,200 orders are 98.2 %, 4,122 are 98.1 % and 4,127 are 98.3 %, in the street as in the district."""
    station.hall.do(
        """INSERT INTO wangge.service_order (no, path, grid_code, variant, category, title, state, placed_at, sorted_at,
             dispatched_at, taken_at, finished_at, target_org, revision, at)
           SELECT 'O' || n, a.path, %s, 'yunyang', 'service', '订单', CASE WHEN n <= %s THEN 'finished' ELSE 'placed' END, t, t,
             CASE WHEN n <= %s THEN t END, CASE WHEN n <= %s THEN t END, CASE WHEN n <= %s THEN t END,
             CASE WHEN n <= %s THEN 'water' END, 1, t
           FROM wangge.area a, generate_series(1, 4200) n, (SELECT %s::timestamptz AS t) t WHERE a.code = %s""",
        [GRID, *[finished] * 5, MONDAY - timedelta(days=5), HERE],
    )
    for area in (DISTRICT, STREETS[0], HERE):
        assert line(figure(station, "order_finish_rate", area)) == (finished, 4200, value)
    assert figure(station, "order_finish_rate", STREETS[1])["value"] is None
    assert figure(station, "order_finish_rate", at="2026-02-24")["value"] is None


def test_what_is_no_figure_of_a_panel_is_refused(station) -> None:
    """A figure of incidents alone, one that there is not, and key groups, whose small counts are hidden: not of a panel."""
    for name in ("on_time_rate", "made_up", "key_group_coverage", ""):
        answer = station.asks("district", "GET", "/v1/panel", params={"area": DISTRICT, "metrics": name})
        problem(answer, 400, "unknown-metric")
    assert [each["id"] for each in panel(station, metrics="stations, grids")["figures"]] == ["grids", "stations"]
    assert [part["code"] for part in panel(station, STREETS[0], metrics="grids")["parts"]] == list(COMMUNITIES[:2])
