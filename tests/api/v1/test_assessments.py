"""Assessments: templates, ratings, months that are worked out from data, and who may do and see what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.incidents.station import GRID, HERE, station_over
from tests.api.stats.cases import fill, recount
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
