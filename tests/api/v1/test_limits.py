"""Time limits over HTTP: the usual ones, the town's own, and what they do to incidents."""

from __future__ import annotations

import pytest

from tests.api.incidents.station import station_over
from tests.api.v1.hall import problem
from tests.published import STREETS

NAMES = ("matter", "category", "tier", "stage", "value", "unit", "mode")


@pytest.fixture
def station(db, tmp_path):
    """The small town."""
    with station_over(db, tmp_path) as made:
        yield made


def shown(station, who="worker"):
    """The limits that hold: the town's own, and the usual ones."""
    answer = station.asks(who, "GET", "/v1/limits")
    assert answer.status_code == 200, answer.text
    rows = answer.json()["limits"]
    own, usual = ([tuple(row[name] for name in NAMES) for row in rows if row["is_default"] is flag] for flag in (False, True))
    return own, usual


def states(station, *rows, who="district", **more):
    """State the town's limits."""
    told = [dict(zip(NAMES, row, strict=False)) for row in rows]
    return station.asks(who, "PUT", "/v1/limits", json={"limits": told}, **more)


def test_the_usual_limits_are_shown(station) -> None:
    """A town that states none has those of a fresh installation, each shown as such."""
    own, usual = shown(station)
    assert own == []
    assert len(usual) == 14
    assert (None, None, "grid", "solve", 1, "work_day", "normal") in usual
    assert (None, None, None, "key_report", 30, "minute", "normal") in usual


def test_a_towns_limits_are_the_clocks(station) -> None:
    """A limit that is stated holds for the next incident, and only for what it is about; without it the usual one again."""
    assert station.reports()["stage_due_at"] == "2026-03-02T03:00:00+00:00"
    answer = states(station, (None, "rubbish", None, "accept", 1, "work_hour", "normal"))
    assert answer.json() == station.asks("worker", "GET", "/v1/limits").json()
    assert station.reports()["stage_due_at"] == "2026-03-02T02:00:00+00:00"
    assert station.reports(category="noise")["stage_due_at"] == "2026-03-02T03:00:00+00:00"
    own, usual = shown(station)
    assert (len(own), len(usual)) == (1, 14)
    rows = [(None, None, None, "solve", 2, "day"), ("0101", None, "street", "solve", 3, "hour", "emergency")]
    assert states(station, *rows).status_code == 200
    own, usual = shown(station)
    assert own == [(*rows[0], "normal"), rows[1]]
    assert [row for row in usual if row[3] == "solve"] == []
    assert len(usual) == 10
    no = station.reports()["no"]
    assert station.done("community", no, "accept", matter="0101")["clocks"]["total"]["due_at"] == "2026-03-04T01:00:00+00:00"
    states(station)
    assert station.reports()["stage_due_at"] == "2026-03-02T03:00:00+00:00"
    logged = station.hall.rows("SELECT body FROM wangge.event WHERE kind = 'limits.stated' ORDER BY at")
    assert [len(body["limits"]) for (body,) in logged] == [1, 2, 0]


def test_all_faults_of_the_limits_come_at_once(station) -> None:
    """Words that are none, numbers out of range, matters that nobody has and rows that say the same are told by row."""
    answer = states(
        station,
        ("9", None, "village", "sleep", 0, "week", "panic"),
        ("0101", None, None, "solve", 1, "day", "normal"),
        ("0101", "", "", "solve", 2, "day", "normal"),
    )
    told = [(each["code"], each["row"], each["field"]) for each in problem(answer, 422, "invalid-input")["errors"]]
    assert told == [
        ("limit_matter", 1, "matter"),
        ("limit_tier", 1, "tier"),
        ("limit_stage", 1, "stage"),
        ("limit_unit", 1, "unit"),
        ("limit_mode", 1, "mode"),
        ("limit_value", 1, "value"),
        ("limit_twice", 3, "stage"),
    ]
    assert shown(station)[0] == []


def test_whose_the_limits_are(station) -> None:
    """A district's data people state them, by their tag and once for a key; who has a street, or another role, does not."""
    row = (None, None, None, "solve", 2, "day", "normal")
    for who in ("worker", "community", "street"):
        problem(states(station, row, who=who), 403, "scope-denied")
    station.who["small"] = station.hall.comes("small", ("district", STREETS[0]))
    problem(states(station, row, who="small"), 403, "scope-denied")
    etag = station.asks("district", "GET", "/v1/limits").headers["etag"]
    told = {"headers": {"Idempotency-Key": "k", "If-Match": etag}}
    first, second = (states(station, row, **told) for _ in range(2))
    assert (first.status_code, second.headers["idempotency-replayed"]) == (200, "true")
    problem(states(station, row, headers={"If-Match": etag}), 412, "stale-version")
    assert states(station, row, headers={"If-Match": first.headers["etag"]}).status_code == 200
    problem(station.asks("auditor", "GET", "/v1/limits"), 403, "scope-denied")
