"""Weekly reviews: figures that reconcile with the log and add up over a month, and what somebody in charge says."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.api.incidents.station import GRID, HERE, MONDAY, NEXT, at, station_over
from tests.api.stats.cases import fill
from tests.api.v1.hall import problem
from tests.published import DISTRICT, STREETS
from tests.stored import owner

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
WEEK = "2026-W10"
"""The week of `MONDAY`, the second of March."""


@pytest.fixture
def station(db, tmp_path):
    """A town with its incidents, empty yet, and its reviews."""
    with station_over(db, tmp_path) as made:
        yield made


def shown(station, who: str = "district", area: str = DISTRICT, week: str = WEEK) -> dict[str, Any]:
    answer = station.asks(who, "GET", f"/v1/reviews/{area}/{week}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(station, since: date, until: date, area: str = DISTRICT, who: str = "district") -> dict[str, Any]:
    answer = station.asks(who, "GET", f"/v1/reviews/{area}", params={"from": str(since), "to": str(until)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def closes(station, no: str, *, fails: int = 0) -> None:
    """Take a case to its end; the check fails so many times first."""
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    for again in range(fails + 1):
        station.done("worker", no, "handle", result="done", outcome="resolved", evidence=["photo"])
        if again < fails:
            station.passes(hours=5)
            station.done("community", no, "check_fail", reason="not yet")
    station.done("community", no, "check_pass")
    station.done("community", no, "feedback", result="satisfied", answer="done")


def lives(station) -> None:
    """Let ten days pass over the turn of a week, with cases that are closed, sent back, reopened, and left."""
    station.hall.now = datetime(2026, 3, 7, 15, 50, tzinfo=UTC)  # ten to midnight on a Saturday
    station.reports(title="left", **at(700, 200))
    for day in range(4):
        no = station.reports(title=f"day {day}")["no"]
        station.passes(minutes=20)
        closes(station, no, fails=day % 3)
        if day % 2:
            station.passes(hours=9)
            station.done("street", no, "reopen", reason="look again")
            station.passes(hours=9)
            station.done("worker", no, "handle", result="done", outcome="resolved", evidence=["photo"])
            station.done("community", no, "check_pass")
            station.done("community", no, "feedback", result="satisfied", answer="done")
        station.passes(hours=13)


def from_log(station, since: date, until: date) -> Counter[str]:
    """Count what the log of the store says about days in Shanghai, record by record."""
    counts: Counter[str] = Counter()
    for (body,) in station.hall.rows("SELECT body FROM wangge.event WHERE kind LIKE 'incident.%%' AND body ? 'seq'"):
        if since <= datetime.fromisoformat(body["at"]).astimezone(ZONE).date() < until:
            counts["received"] += body["event"] == "report"
            counts["rework"] += body["event"] == "check_fail"
            counts["closed"] += body["to_state"] == "closed" and body["from_state"] != "closed"
    return counts


def test_weeks_reconcile_with_the_log(station) -> None:
    """What a week says was received, closed and sent back is what its records say, on each day: also what was closed twice."""
    lives(station)
    seen: Counter[str] = Counter()
    for week, monday in (("2026-W10", date(2026, 3, 2)), ("2026-W11", date(2026, 3, 9))):
        document = shown(station, week=week)
        right = from_log(station, monday, monday + 7 * DAY)
        assert {flow: document[flow] for flow in ("received", "closed", "rework")} == {
            flow: right[flow] for flow in ("received", "closed", "rework")
        }
        for number, day in enumerate(document["days"]):
            own = from_log(station, monday + number * DAY, monday + (number + 1) * DAY)
            assert (day["received"], day["closed"], day["rework"]) == (own["received"], own["closed"], own["rework"])
        seen += right
    assert (seen["received"], seen["closed"], seen["rework"]) == (5, 6, 3)


@pytest.mark.parametrize("by", ["department", "tier"])
def test_departments_and_tiers_reconcile_with_the_log(station, by: str) -> None:
    """What a week says of each department and tier is what the records of its cases say; together they are the week."""
    lives(station)
    for no in station.hall.rows("SELECT no FROM wangge.incident WHERE title IN ('day 1', 'day 2') ORDER BY no"):
        station.hall.do(
            """UPDATE wangge.incident SET department = 'water', tier = 4, due_at = reported_at, revision = revision + 1,
                 state = 'in_progress', owner_org = 'water' WHERE no = %s""",
            no,
        )
    has = dict(station.hall.rows(f"SELECT no, {by}::text FROM wangge.incident"))
    document = station.asks("district", "GET", f"/v1/reviews/{DISTRICT}/2026-W11", params={"by": by}).json()
    monday = date(2026, 3, 9)
    right: dict[str | None, Counter[str]] = {}
    for no, body in station.hall.rows(
        "SELECT subject, body FROM wangge.event WHERE kind LIKE 'incident.%%' AND body ? 'seq'"
    ):  # fmt: skip
        if monday <= datetime.fromisoformat(body["at"]).astimezone(ZONE).date() < monday + 7 * DAY:
            counts = right.setdefault(has[no], Counter())
            counts["received"] += body["event"] == "report"
            counts["rework"] += body["event"] == "check_fail"
            counts["closed"] += body["to_state"] == "closed" and body["from_state"] != "closed"
    flows = ("received", "closed", "rework")
    told = {row[by]: row for row in document["rows"]}
    assert len(told) > 1
    for key, row in told.items():
        assert {flow: row[flow] for flow in flows} == {flow: right.get(key, Counter())[flow] for flow in flows}, key
    for flow in (*flows, "overdue"):
        assert sum(row[flow] for row in document["rows"]) == document[flow], flow
    assert document["overdue"] > 0
    problem(
        station.asks("district", "GET", f"/v1/reviews/{DISTRICT}/2026-W11", params={"by": "person"}), 400, "invalid-parameter"
    )


def test_weeks_add_up_to_the_month(station) -> None:
    """The weeks of March, cut to its days, are March; and what streets say adds up to the district, day by day."""
    lives(station)
    march = listed(station, date(2026, 3, 1), date(2026, 4, 1))
    for flow in ("received", "closed", "rework"):
        assert sum(week[flow] for week in march["weeks"]) == march["total"][flow]
    assert march["total"]["received"] == 5
    assert [week["week"] for week in march["weeks"]] == [f"2026-W{number:02}" for number in range(9, 15)]
    assert (march["weeks"][0]["from"], march["weeks"][0]["to"]) == ("2026-03-01", "2026-03-02")
    streets = [listed(station, date(2026, 3, 1), date(2026, 4, 1), street)["total"] for street in STREETS]
    assert {flow: sum(each[flow] for each in streets) for flow in march["total"]} == march["total"]


def test_many_cases_of_two_months_are_told_as_they_were(station) -> None:
    """Of six hundred drawn cases the days say what a recount says, by the first closing of each that was never reopened."""
    with owner(station.hall.db.admin) as conn:
        cases = [case for case in fill(conn, 600) if case.place is not None]
    since, until = date(2026, 1, 15), date(2026, 2, 15)
    received = [case.versions[0]["reported_at"].astimezone(ZONE).date() for case in cases]
    closed = [
        case.versions[-1]["closed_at"].astimezone(ZONE).date()
        for case in cases
        if case.versions[-1]["closed_at"] and not case.versions[-1]["reopens"]
    ]
    total = listed(station, since, until)["total"]
    assert total["received"] == sum(since <= day < until for day in received) > 100
    assert total["closed"] == sum(since <= day < until for day in closed) > 50


def test_a_week_names_what_stands_out(station) -> None:
    """The categories and grids with most reports come first, five at most; the latest cases are the three longest overdue."""
    for number, category in enumerate("aabbbcdefgg"):
        station.reports(category=category, title=str(number), **at(50 if number % 3 else 250, 200))
    document = shown(station)
    assert [each["category"] for each in document["top_categories"]] == ["b", "a", "g", "c", "d"]
    assert [(each["grid"], each["received"]) for each in document["top_grids"]] == [(GRID, 7), (f"{HERE}002", 4)]
    assert (document["overdue"], document["worst"]) == (0, [])
    numbers = [row["no"] for row in station.asks("district", "GET", "/v1/incidents").json()["incidents"]]
    station.hall.do("UPDATE wangge.incident SET due_at = reported_at + interval '1 hour' * right(no, 2)::int")
    station.hall.now = MONDAY + 6 * DAY
    document = shown(station)
    assert document["overdue"] == 11
    worst = sorted(numbers)[:3]
    assert [each["no"] for each in document["worst"]] == worst
    assert document["worst"][0]["late_s"] == 6 * 86_400 - 3_600


def test_a_week_is_reviewed_once(station) -> None:
    """One comment for an area and a week; another one needs the ETag of the first, and both stand in the log."""
    address = f"/v1/reviews/{HERE}/{WEEK}"
    assert shown(station, area=HERE)["review"] is None
    first = station.asks("community", "PUT", address, json={"comment": "good"})
    assert first.status_code == 200, first.text
    assert (first.json()["review"]["comment"], first.json()["review"]["reviewer"]) == ("good", "Community")
    problem(station.asks("colleague", "PUT", address, json={"comment": "bad"}), 428, "precondition-required")
    stale = {"If-Match": '"other"'}
    problem(station.asks("colleague", "PUT", address, json={"comment": "bad"}, headers=stale), 412, "stale-version")
    again = station.asks("colleague", "PUT", address, json={"comment": "fair"}, headers={"If-Match": first.headers["ETag"]})
    assert (again.json()["review"]["comment"], again.json()["review"]["reviewer"]) == ("fair", "Colleague")
    assert station.hall.value("SELECT count(*) FROM wangge.weekly_review") == 1
    said = station.hall.rows("SELECT body ->> 'comment' FROM wangge.event WHERE kind = 'review.said' ORDER BY seq")
    assert said == [("good",), ("fair",)]


def test_weeks_without_a_review_are_listed(station) -> None:
    """Weeks that are over and that nobody reviewed are named; the running one is not."""
    station.hall.now = MONDAY + 15 * DAY
    station.asks("street", "PUT", f"/v1/reviews/{STREETS[0]}/2026-W11", json={"comment": "good"})
    found = listed(station, date(2026, 3, 2), date(2026, 3, 23), STREETS[0], "street")
    assert found["missing"] == ["2026-W10"]
    assert [each["review"] and each["review"]["comment"] for each in found["weeks"]] == [None, "good", None]


def test_who_reviews(station) -> None:
    """Only whoever dispatches there says something; neighbours learn nothing; a week that has not begun has no review."""
    said = {"comment": "good"}
    problem(station.asks("worker", "PUT", f"/v1/reviews/{HERE}/{WEEK}", json=said), 403, "scope-denied")
    problem(station.asks("other_street", "PUT", f"/v1/reviews/{HERE}/{WEEK}", json=said), 404, "not-found")
    problem(station.asks("other_street", "GET", f"/v1/reviews/{HERE}/{WEEK}"), 404, "not-found")
    problem(station.asks("community", "GET", f"/v1/reviews/{NEXT}/{WEEK}"), 404, "not-found")
    problem(station.hall.client.get(f"/v1/reviews/{HERE}/{WEEK}"), 401, "unidentified")
    problem(station.asks("community", "PUT", f"/v1/reviews/{HERE}/2026-W11", json=said), 400, "future-week")
    problem(station.asks("community", "GET", f"/v1/reviews/{HERE}/2026-W60"), 400, "invalid-week")
    window = {"from": "2026-03-01", "to": "2026-03-01"}
    problem(station.asks("community", "GET", f"/v1/reviews/{HERE}", params=window), 400, "empty-window")
