"""Assessments: templates, ratings, months that are worked out from data, and who may do and see what."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from api.profile_load import load
from data.profile import place, profile_from
from data.store.sql import run
from tests.api.incidents.station import GRID, HERE, station_over
from tests.api.rounds.homes import furnish
from tests.api.stats.cases import Case, fill, recount, write
from tests.api.v1.hall import problem
from tests.api.v1.test_stats import DAY, midnight
from tests.published import COMMUNITIES, DISTRICT, STREETS
from tests.stored import owner

CLOSING = {"id": "closing", "name": "结案率", "weight": 50, "metric": "close_rate"}
REWORK = {"id": "rework", "name": "返工率", "weight": 50, "metric": "rework_rate", "direction": "-"}
PLAIN = {"area": DISTRICT, "name": "考核", "target": "street", "dimensions": [CLOSING, REWORK]}
FOUR = {
    "area": DISTRICT,
    "name": "网格考核",
    "target": "grid",
    "raters": ["street", "community"],
    "dimensions": [
        {"id": name, "name": name, "weight": weight}
        for name, weight in (("contact", 30), ("tasks", 30), ("patrol", 20), ("cooperation", 20))
    ],
}
"""Four dimensions that streets and communities rate."""


@pytest.fixture
def station(db, tmp_path):
    """A town with its incidents, empty yet, and its assessments."""
    with station_over(db, tmp_path) as made:
        yield made


def kept(station, code: str, said: dict[str, Any], who: str = "district") -> None:
    answer = station.asks(who, "PUT", f"/v1/assessments/{code}", json=said)
    assert answer.status_code == 200, answer.text


def worked(station, code: str, month: str = "2026-02", who: str = "district") -> dict[str, Any]:
    answer = station.asks(who, "POST", f"/v1/assessments/{code}/months/{month}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def results(station, code: str, period: str, who: str = "district") -> dict[str, Any]:
    answer = station.asks(who, "GET", f"/v1/assessments/{code}/results", params={"period": period})
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_hand(cases, street: str, first: str, after: str) -> int:
    """Return the score of a street for `PLAIN`, in tenths: half its closing rate, half what is not rework."""
    own = [case for case in cases if (case.place or "").startswith(street)]
    counts = recount(own, moment=midnight(after), since=midnight(first), until=midnight(after))
    above = 50 * counts["closed"] * counts["closed"] + 50 * (counts["closed"] - counts["reworked"]) * counts["owed"]
    below = counts["owed"] * counts["closed"]
    return (2 * 10 * above + below) // (2 * below)


def test_a_month_comes_to_what_data_say(station) -> None:
    """Each street's score is worked out from its own cases as they stood at the month's end, ranked, graded, and logged."""
    with owner(station.hall.db.admin) as conn:
        cases = fill(conn, 600)
    kept(station, "streets", PLAIN)
    document = worked(station, "streets")
    right = {street: by_hand(cases, street, "2026-02-01", "2026-03-01") / 10 for street in STREETS}
    assert {each["target"]: each["score"] for each in document["results"]} == right
    found = results(station, "streets", "2026-02")["results"]
    assert [each["score"] for each in found] == sorted(right.values(), reverse=True)
    assert [each["rank"] for each in found] == [1, 2]
    assert [each["months"] for each in found] == [1, 1]
    for each in found:
        assert each["grade"] == next(grade for least, grade in ((90, "A"), (75, "B"), (60, "C"), (40, "D"), (0, "E"))
                                     if each["score"] >= least)  # fmt: skip
    logged = station.hall.rows("SELECT body ->> 'digest' FROM wangge.event WHERE kind = 'assessment.worked_out'")
    assert logged == [(document["digest"],)]


def test_a_month_worked_out_again_is_the_same(station) -> None:
    """Done again later, with cases that have gone on since, a month comes to the same; quarters and years are means."""
    with owner(station.hall.db.admin) as conn:
        cases = fill(conn, 400)
    kept(station, "streets", PLAIN)
    first = worked(station, "streets")
    station.hall.now = datetime(2026, 5, 5, tzinfo=UTC)
    station.hall.do(
        """UPDATE wangge.incident SET state = 'closed', owner_org = NULL, closed_at = now(), revision = revision + 1, at = %s
           WHERE state = 'in_progress'""",
        [station.hall.now - DAY],
    )
    assert worked(station, "streets")["digest"] == first["digest"]
    worked(station, "streets", "2026-01")
    scores = [by_hand(cases, STREETS[0], *days) for days in (("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01"))]
    for period, count in (("2026-Q1", 3), ("2026", 12)):
        document = results(station, "streets", period)
        (own,) = [each for each in document["results"] if each["target"] == STREETS[0]]
        assert (own["months"], document["of_months"]) == (2, count)
        assert own["score"] == (sum(scores) + 1) // 2 / 10
    assert station.hall.value("SELECT count(*) FROM wangge.event WHERE kind = 'assessment.worked_out'") == 3


def test_who_had_nothing_to_do_has_no_score(station) -> None:
    """A month in which nothing was due comes to null, without a grade or a rank, and not to 0."""
    kept(station, "streets", PLAIN)
    document = worked(station, "streets")
    assert [(each["score"], each["grade"]) for each in document["results"]] == [(None, None)] * 2
    assert [each["rank"] for each in results(station, "streets", "2026-Q1")["results"]] == [None, None]


def test_raters_are_streets_and_communities(station) -> None:
    """Who stands on a tier that the template names rates what lies in their area; the district and workers are refused."""
    kept(station, "grids", FOUR)
    address = "/v1/assessments/grids/months/2026-02/ratings"
    given = {"target": GRID, "scores": {"contact": 80, "tasks": 90}}
    assert station.asks("community", "PUT", address, json=given).status_code == 200
    assert station.asks("street", "PUT", address, json={"target": GRID, "scores": {"contact": 91}}).status_code == 200
    problem(station.asks("district", "PUT", address, json=given), 403, "not-a-rater")
    problem(station.asks("worker", "PUT", address, json=given), 403, "scope-denied")
    problem(station.asks("other_street", "PUT", address, json=given), 404, "not-found")
    problem(station.asks("community", "PUT", address, json={**given, "target": "nobody"}), 400, "unknown-target")
    problem(station.asks("community", "PUT", address, json={**given, "scores": {"closing": 1}}), 400, "not-rated")
    problem(station.asks("community", "PUT", address, json={**given, "scores": {"contact": 101}}), 422, "invalid-body")
    document = worked(station, "grids")
    (own,) = [each for each in document["results"] if each["target"] == GRID]
    assert [(each["id"], each["points"]) for each in own["dimensions"]] == [
        ("contact", 85.5), ("tasks", 90.0), ("patrol", None), ("cooperation", None),
    ]  # fmt: skip
    assert own["score"] == 87.8  # (30 x 85.5 + 30 x 90) / 60 = 87.75
    assert {each["score"] for each in document["results"] if each["target"] != GRID} == {None}
    # Given again, a rating takes the place of the one before.
    station.asks("community", "PUT", address, json={"target": GRID, "scores": {"contact": 89}})
    again = next(each for each in worked(station, "grids")["results"] if each["target"] == GRID)
    assert again["dimensions"][0]["points"] == 90.0


def shifeng(station) -> None:
    """Let the district be assessed as Shifeng is, with homes in its grids, and work in January and in February."""
    said = place("shifeng").as_json() | {"area": DISTRICT}
    duties = said["duty_roles"]["names"]
    with owner(station.hall.db.admin) as conn:
        furnish(conn)
        load(conn, profile_from(said), day=date(2026, 1, 1), now=station.hall.now)
        # Of the first grid's workers one carries five duties, the other four; a leader, four forces: it is staffed as ruled.
        run(
            conn,
            "UPDATE wangge.post SET duty_roles = CASE letter WHEN 'A' THEN %s ELSE %s END WHERE letter IS NOT NULL",
            [duties, duties[:4]],
        )
        run(
            conn,
            """WITH one AS (
                 INSERT INTO wangge.staff (name, area_id, path, created_at, updated_at)
                 SELECT '王' || n, id, path, now(), now() FROM wangge.area, generate_series(1, 5) n WHERE code = %s
                 RETURNING id, name, area_id, path)
               INSERT INTO wangge.post (staff_id, grid_code, area_id, path, role, kind, valid)
               SELECT id, %s, area_id, path, CASE name WHEN '王1' THEN 'grid_leader' ELSE 'other_force' END,
                 CASE name WHEN '王1' THEN '' ELSE (ARRAY['department', 'water', 'power', 'telecom'])[right(name, 1)::int - 1]
                 END, '[2025-12-01,)' FROM one""",
            [HERE, GRID],
        )
        # In February one home of four was visited, and one whole home of four was in the group.
        run(
            conn,
            """INSERT INTO wangge.visit (grid_code, path, kind, town_id, target, purpose, day, staff_id)
               SELECT g.code, g.path, 'household_point', t.id, g.code || '-1', 'call', '2026-02-10', s.id
               FROM wangge.grid g, wangge.town t, wangge.staff s
               WHERE g.code = %s AND upper_inf(g.in_force) AND s.name = '王1'""",
            [GRID],
        )
        run(
            conn,
            """INSERT INTO wangge.home_group (town_id, target, path, households, day)
               SELECT t.id, g.code || '-1', g.path, 10, '2026-02-10' FROM wangge.grid g, wangge.town t
               WHERE g.code = %s AND upper_inf(g.in_force)""",
            [GRID],
        )
        write(conn, [
            closed("K1", late=False, said="satisfied", description="large", address="gate"),
            closed("K2", late=False, said="unsatisfied"),
            closed("K3", late=True, said="unreachable"),
            closed("K4", late=False, said="basic"),
        ])  # fmt: skip


def closed(no: str, *, late: bool, said: str, **told: str) -> Case:
    """Return a case of the first grid that was reported, due and closed in February."""
    reported = midnight("2026-02-03")
    due = reported + 3 * DAY
    at = due + DAY if late else due - DAY
    case = Case(no, HERE, GRID)
    case.versions.append({
        "state": "closed", "tier": 1, "kind": "problem", "category": "noise", "source": "grid", "reported_at": reported,
        "accepted_at": reported, "closed_at": at, "due_at": due, "master": None, "outcome": "resolved", "on_the_spot": False,
        "satisfaction": said, "is_answered": True, "returns": 0, "reworks": 0, "reopens": 0, "department": None,
        "matter": None, "triage": None, "title": "a heap", "description": "", "address": "", "occurred_at": None, "at": at,
        **told,
    })  # fmt: skip
    return case


def test_shifengs_eight_dimensions_are_counted(station) -> None:
    """Seven of Shifeng's eight dimensions come from data, to the tenth that is worked out by hand; people rate the last."""
    shifeng(station)
    template = station.asks("district", "GET", "/v1/assessments/shifeng.grid").json()
    rated = [each for each in template["dimensions"] if "metric" not in each]
    assert [(each["name"], bool(each["reason"])) for each in rated] == [("工作配合", True)]
    assert len(template["dimensions"]) == 8
    assert template["left_out"] == []
    scores = {"target": GRID, "scores": {rated[0]["id"]: 90}}
    assert (
        station.asks("district", "PUT", "/v1/assessments/shifeng.grid/months/2026-02/ratings", json=scores).status_code == 200
    )
    (own,) = [each for each in worked(station, "shifeng.grid")["results"] if each["target"] == GRID]
    # Staffed as ruled: 20. Three of four in time: 30 x 75 %. One home of four in the group: 10 x 25 %. One of two workers with
    # all duties: 20 x 50 %. One home of four visited: 5 x 25 %. Two of three content: 5 x 2/3. Rated 90: 5 x 90 %. One of four
    # told whole: 5 x 25 %. Together 20 + 22.5 + 2.5 + 10 + 1.25 + 3.333 + 4.5 + 1.25 = 65.333.
    assert [(each["value"], each["points"]) for each in own["dimensions"]] == [
        (100.0, 100.0), (75.0, 75.0), (25.0, 25.0), (50.0, 50.0), (25.0, 25.0), (66.7, 66.7), (90.0, 90.0), (25.0, 25.0),
    ]  # fmt: skip
    assert own["score"] == 65.3
    # In January nothing was due and nobody rated; of 20, 10, 20 and 5 that could be counted it has 20, 0, 10 and 0.
    (before,) = [each for each in worked(station, "shifeng.grid", "2026-01")["results"] if each["target"] == GRID]
    assert before["score"] == round(100 * 30 / 55, 1) == 54.5
    (quarter,) = [each for each in results(station, "shifeng.grid", "2026-Q1")["results"] if each["target"] == GRID]
    assert (quarter["score"], quarter["months"]) == (59.9, 2)
    # A neighbour without workers, work or visits has homes and a rule that nobody fulfils.
    (next_door,) = [each for each in results(station, "shifeng.grid", "2026-02")["results"] if each["target"] == f"{HERE}002"]
    assert (next_door["score"], next_door["grade"]) == (0.0, "E")


def test_an_area_is_scored_by_all_that_lies_in_it(station) -> None:
    """A street's dimensions are those of its grids together; of a department what has no data is left out, and said to be."""
    shifeng(station)
    (street,) = [each for each in worked(station, "shifeng.street")["results"] if each["target"] == STREETS[0]]
    values = {each["id"]: each["value"] for each in street["dimensions"]}
    # One of six grids is staffed as ruled; homes are 24.
    assert (values["d1"], values["d2"], values["d3"], values["d4"], values["d5"]) == (16.7, 75.0, 4.2, 50.0, 4.2)
    template = station.asks("district", "GET", "/v1/assessments/shifeng.department").json()
    assert template["left_out"] == ["d1", "d3", "d4", "d5"]
    for each in worked(station, "shifeng.department")["results"]:
        assert {part["id"] for part in each["dimensions"] if part["value"] is not None} == set()
        assert each["score"] is None


def test_key_groups_are_in_no_score(station) -> None:
    """What is hidden where it is small cannot be scored: the difference of two scores would tell it."""
    wanted = {**PLAIN, "dimensions": [{"id": "key", "name": "重点人群", "weight": 100, "metric": "key_group_coverage"}]}
    problem(station.asks("district", "PUT", "/v1/assessments/x", json=wanted), 400, "metric-not-scored")


def test_kinds_are_never_mixed(station) -> None:
    """A template has targets of one kind: villages are no communities, and departments no areas."""
    station.hall.do(
        """UPDATE wangge.area_version SET kind = 'village'
           WHERE area_id = (SELECT id FROM wangge.area WHERE code = %s)""",
        [COMMUNITIES[3]],
    )
    expected = {
        "street": set(STREETS), "community": set(COMMUNITIES[:3]), "village": {COMMUNITIES[3]},
        "department": {"sanitation", "water"}, "grid": {f"{code}00{n}" for code in COMMUNITIES for n in (1, 2, 3)},
    }  # fmt: skip
    for target, codes in expected.items():
        kept(station, target, {**PLAIN, "target": target})
        assert {each["target"] for each in worked(station, target)["results"]} == codes
    changed = {**PLAIN, "target": "community"}
    tag = station.asks("district", "GET", "/v1/assessments/street").headers["ETag"]
    problem(
        station.asks("district", "PUT", "/v1/assessments/street", json=changed, headers={"If-Match": tag}), 409, "target-fixed"
    )


def test_a_template_is_told_all_its_faults(station) -> None:
    """Weights that are not 100, a wrong direction, persons: all come at once, and nothing is kept."""
    wrong = {**PLAIN, "target": "person", "dimensions": [{**CLOSING, "direction": "-"}, {**REWORK, "weight": 20}]}
    document = problem(station.asks("district", "PUT", "/v1/assessments/x", json=wrong), 400, "wrong-direction")
    assert {each["code"] for each in document["errors"]} == {"wrong-direction", "weights-not-100", "invalid-target"}
    assert station.asks("district", "GET", "/v1/assessments").json()["assessments"] == []
    problem(
        station.asks("district", "PUT", "/v1/assessments/x", json={**PLAIN, "raters": ["street"]}), 400, "invalid-parameter"
    )


def test_changing_a_template_needs_its_etag(station) -> None:
    """A template that is there is replaced by whoever has seen it, and by nobody else."""
    kept(station, "streets", PLAIN)
    problem(station.asks("district", "PUT", "/v1/assessments/streets", json=PLAIN), 428, "precondition-required")
    tag = station.asks("district", "GET", "/v1/assessments/streets").headers["ETag"]
    again = station.asks("district", "PUT", "/v1/assessments/streets", json={**PLAIN, "name": "new"}, headers={"If-Match": tag})
    assert (again.json()["name"], again.json()["revision"]) == ("new", 2)


def test_who_is_assessed_sees_their_own(station) -> None:
    """A street reads how it is assessed and its own result, unranked; it works out nothing, and never sees its neighbour's."""
    with owner(station.hall.db.admin) as conn:
        fill(conn, 200)
    kept(station, "streets", PLAIN)
    worked(station, "streets")
    assert station.asks("street", "GET", "/v1/assessments/streets").status_code == 200
    own = results(station, "streets", "2026-02", "street")["results"]
    assert [(each["target"], each["rank"]) for each in own] == [(STREETS[0], None)]
    problem(station.asks("street", "POST", "/v1/assessments/streets/months/2026-02"), 403, "scope-denied")
    problem(station.asks("street", "PUT", "/v1/assessments/mine", json=PLAIN), 404, "not-found")
    kept(station, "mine", {**PLAIN, "area": STREETS[0], "target": "community"}, "street")
    problem(station.asks("other_street", "GET", "/v1/assessments/mine"), 404, "not-found")
    assert {each["target"] for each in worked(station, "mine", who="street")["results"]} == set(COMMUNITIES[:2])
    assert [each["target"] for each in results(station, "mine", "2026-02", "community")["results"]] == [HERE]


def test_months_that_are_not_over_wait(station) -> None:
    """A month is worked out after its end; what is no period is refused; nobody asks without signing in."""
    kept(station, "streets", PLAIN)
    problem(station.asks("district", "POST", "/v1/assessments/streets/months/2026-03"), 400, "month-not-over")
    problem(
        station.asks("district", "GET", "/v1/assessments/streets/results", params={"period": "2026-Q7"}), 400, "invalid-period"
    )
    problem(station.hall.client.get("/v1/assessments"), 401, "unidentified")
    given = {"target": GRID, "scores": {"contact": 1}}
    problem(
        station.asks("community", "PUT", "/v1/assessments/streets/months/2026-04/ratings", json=given), 400, "month-not-begun"
    )
