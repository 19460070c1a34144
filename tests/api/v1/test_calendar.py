"""The work calendar over HTTP: the design's deadlines, years that are known and not, and a town's own days."""

from __future__ import annotations

import pytest

from tests.api.incidents.station import station_over
from tests.api.v1.hall import problem
from tests.published import DISTRICT, STREETS


@pytest.fixture
def station(db, tmp_path):
    """The small town."""
    with station_over(db, tmp_path) as made:
        yield made


def due(station, start, value, unit):
    """When something is due, and whether the calendar knew all of the way."""
    asked = {"start": f"{start}:00+08:00", "value": value, "unit": unit}
    answer = station.asks("worker", "GET", "/v1/calendar/due", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["due_at"], answer.json()["is_fallback"]


def year(station, number, who="worker"):
    """A year of the calendar."""
    answer = station.asks(who, "GET", f"/v1/calendar/{number}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def states(station, number, *days, who="district", **more):
    """State the days of a year."""
    told = [dict(zip(("day", "kind", "sessions", "note"), day, strict=False)) for day in days]
    return station.asks(who, "PUT", f"/v1/calendar/{number}", json={"days": told}, **more)


def test_the_seven_deadlines_of_the_design(station) -> None:
    """The examples of the design come out over HTTP, over lunch, weekends, National Day and days that make up for it."""
    for start, value, unit, expected in (
        ("2026-09-30T16:00", 4, "work_hour", "2026-10-08T11:00"),
        ("2026-09-18T11:00", 2, "work_hour", "2026-09-18T14:30"),
        ("2026-10-10T16:30", 2, "work_hour", "2026-10-12T09:30"),
        ("2026-09-19T10:00", 2, "work_hour", "2026-09-20T10:30"),
        ("2026-09-30T16:00", 3, "work_day", "2026-10-10T16:00"),
        ("2026-09-18T16:00", 5, "work_day", "2026-09-24T16:00"),
        ("2026-09-24T09:00", 7, "work_day", "2026-10-12T09:00"),
    ):
        assert due(station, start, value, unit) == (f"{expected}:00+08:00", False)
    assert due(station, "2026-12-31T16:00", 1, "work_day") == ("2027-01-01T16:00:00+08:00", True)


def test_a_year_that_is_missing_says_so(station) -> None:
    """2026 is known, with its holidays; 2027 is not, has no rows and plain weekdays, and is shown all the same."""
    known, unknown = year(station, 2026), year(station, 2027)
    assert (known["is_covered"], known["is_own"], known["work_days"]) == (True, False, 248)
    assert {"day": "2026-10-10", "kind": "workday", "sessions": None, "note": "", "is_default": True} in known["days"]
    assert {"day": "2026-10-01", "kind": "restday", "sessions": None, "note": "", "is_default": True} in known["days"]
    assert (unknown["is_covered"], unknown["days"], unknown["work_days"]) == (False, [], 261)
    assert unknown["office_hours"] == "08:30-12:00 13:30-17:30"


def test_a_year_is_added_and_none_is_lost(station) -> None:
    """A town that states 2027 has it known for all deadlines, at once, and 2026 as it was; taken back, it is unknown again."""
    before = year(station, 2026)
    days = [("2027-10-01", "restday"), ("2027-05-01", "restday"), ("2027-01-01", "restday", None, "元旦")]
    days += [("2027-01-04", "workday", "09:00-10:00 11:00-24:00")]
    told = states(station, 2027, *days).json()
    assert told == year(station, 2027)
    assert (told["is_covered"], told["is_own"]) == (True, True)
    assert [each["day"] for each in told["days"]] == ["2027-01-01", "2027-01-04", "2027-05-01", "2027-10-01"]
    assert told["days"][1]["sessions"] == "09:00-10:00 11:00-24:00"
    assert told["days"][0] == {
        "day": "2027-01-01", "kind": "restday", "sessions": None, "note": "元旦", "is_default": False,
    }  # fmt: skip
    assert due(station, "2026-12-31T16:00", 1, "work_day") == ("2027-01-04T16:00:00+08:00", False)
    assert due(station, "2026-12-31T17:00", 2, "work_hour") == ("2027-01-04T11:30:00+08:00", False)
    assert year(station, 2026) == before
    assert due(station, "2026-09-30T16:00", 3, "work_day") == ("2026-10-10T16:00:00+08:00", False)
    assert states(station, 2027).json()["is_covered"] is False
    assert due(station, "2026-12-31T16:00", 1, "work_day") == ("2027-01-01T16:00:00+08:00", True)
    logged = station.hall.rows("SELECT subject, body FROM wangge.event WHERE kind = 'calendar.stated' ORDER BY at")
    assert [(subject, len(body["days"])) for subject, body in logged] == [("2027", 4), ("2027", 0)]


def test_a_local_day_stands_among_the_announced(station) -> None:
    """One local rest day counts for every deadline, and leaves the year's holidays where they are."""
    told = states(station, 2026, ("2026-09-21", "restday", None, "停电")).json()
    assert (told["is_covered"], told["work_days"]) == (True, 247)
    assert [each["day"] for each in told["days"] if not each["is_default"]] == ["2026-09-21"]
    assert due(station, "2026-09-18T16:00", 5, "work_day") == ("2026-09-28T16:00:00+08:00", False)


def test_all_faults_of_a_year_come_at_once(station) -> None:
    """Days of another year, twice, of no kind, and hours that are none are told by row; nothing is written."""
    answer = states(
        station, 2027,
        ("2027-01-01", "holiday"), ("2026-01-01", "restday"), ("2027-05-01", "restday", "09:00-10:00"),
        ("2027-01-02", "workday", "10:00-09:00"), ("2027-01-02", "restday"),
    )  # fmt: skip
    told = [(each["code"], each["row"]) for each in problem(answer, 422, "invalid-input")["errors"]]
    assert told == [
        ("calendar_year", 2), ("calendar_kind", 1), ("calendar_kind", 3), ("calendar_kind", 4), ("calendar_twice", 5),
    ]  # fmt: skip
    assert station.hall.value("SELECT count(*) FROM wangge.work_calendar") == 0
    problem(states(station, 2027, ("2027-02-30", "restday")), 422, "invalid-body")


def test_whose_the_calendar_is(station) -> None:
    """A district's data people state it, once for a key; who has a street, or another role, does not; all who work read it."""
    day = ("2027-01-01", "restday")
    for who in ("worker", "community", "street"):
        problem(states(station, 2027, day, who=who), 403, "scope-denied")
    station.who["small"] = station.hall.comes("small", ("district", STREETS[0]))
    problem(states(station, 2027, day, who="small"), 403, "scope-denied")
    station.who["big"] = station.hall.comes("big", ("district", DISTRICT))
    key = {"headers": {"Idempotency-Key": "k"}}
    first, second = (states(station, 2027, day, who="big", **key) for _ in range(2))
    assert (first.status_code, second.headers["idempotency-replayed"]) == (200, "true")
    assert station.hall.value("SELECT count(*) FROM wangge.event WHERE kind = 'calendar.stated'") == 1
    problem(station.asks("auditor", "GET", "/v1/calendar/2026"), 403, "scope-denied")


@pytest.mark.parametrize(
    "asked",
    [
        {"start": "2026-09-30T16:00:00", "value": 1, "unit": "day"},
        {"start": "9999-12-31T16:00:00+08:00", "value": 1, "unit": "day"},
        {"start": "2026-09-30T16:00:00Z", "value": 0, "unit": "day"},
        {"start": "2026-09-30T16:00:00Z", "value": 10_001, "unit": "day"},
        {"start": "2026-09-30T16:00:00Z", "value": 1, "unit": "week"},
    ],
)
def test_a_question_that_has_no_answer(station, asked) -> None:
    """A moment without its zone or far away, no number, and no unit are refused; so is a year out of reach."""
    problem(station.asks("worker", "GET", "/v1/calendar/due", params=asked), 400, "invalid-parameter")
    problem(station.asks("worker", "GET", "/v1/calendar/1999"), 400, "invalid-parameter")
