"""Statistics in the store: how cases stood at any moment, below policies, and what the logs of batches tell."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from api.loop.calendar import default_calendar
from api.loop.record import written
from api.stats.calls import called, tally
from api.stats.worked import handle_seconds
from data.store import reviews, stats
from data.store.log import record
from data.store.pool import connect
from data.store.scope import Scope, speak
from data.store.sql import many, one, run
from data.store.stats import Window
from gis.errors import NotFound
from tests.api.stats.cases import DAY, START, fill
from tests.published import COMMUNITIES, DISTRICT, STREETS, publish
from tests.stored import owner

HOUR = timedelta(hours=1)
SINCE, UNTIL = START, START + 90 * DAY


@pytest.fixture(scope="module")
def town(cluster, template):
    """A published town with four hundred cases, by the DSN of its owner and of the application; and the cases."""
    with cluster.clone(template) as made:
        path = publish(made.admin)
        with owner(made.admin) as conn:
            cases = fill(conn, 400, seed=2)
        yield made, path, cases


def as_caller(conn: Any, *areas: str, categories: tuple[str, ...] = ("*",)) -> None:
    """Begin a transaction of somebody who sees some areas (paths)."""
    run(conn, "BEGIN")
    speak(conn, Scope(rights=("see_internal",), areas_1=areas, categories=categories))


@pytest.mark.parametrize("days", [0, 3, 17, 30, 59.5, 200])
def test_cases_are_told_as_they_stood(town, days: float) -> None:
    """At any moment each case stands once, in the version that held then; none before it was reported."""
    made, _, cases = town
    moment = START + days * DAY
    right = {case.no: now for case in cases if (now := case.at(moment)) is not None}
    with closing(connect(made.admin)) as conn:
        rows = many(
            conn,
            "SELECT no, state, tier, master, reworks, closed_at, due_at FROM wangge.incidents_at(%s) ORDER BY no",
            [moment],
        )
    assert rows == [
        (no, now["state"], now["tier"], now["master"], now["reworks"], now["closed_at"], now["due_at"])
        for no, now in sorted(right.items())
    ]


def test_at_the_moment_of_a_record_it_holds(town) -> None:
    """The version that a record made holds from its moment on, and the one before until just before it."""
    made, _, cases = town
    case = next(case for case in cases if len(case.versions) > 2)
    turn = case.versions[1]["at"]
    with closing(connect(made.admin)) as conn:
        states = [
            one(conn, "SELECT state FROM wangge.incidents_at(%s) WHERE no = %s", [moment, case.no])[0]
            for moment in (turn - timedelta(microseconds=1), turn)
        ]
    assert states == [case.versions[0]["state"], case.versions[1]["state"]]


def test_a_caller_counts_what_they_see(town) -> None:
    """Below policies the past is no wider than the present: a street, a category, or nothing at all."""
    made, path, cases = town
    moment = START + 40 * DAY
    there = [case for case in cases if case.at(moment) is not None]
    own = {case.no for case in there if (case.place or "").startswith(STREETS[0])}
    noise = {case.no for case in there if case.no in own and case.versions[0]["category"] == "noise"}
    everything = {case.no for case in there if case.place is not None}
    asked = "SELECT no FROM wangge.incidents_at(%s)"
    with closing(connect(made.app)) as conn:
        for areas, categories, right in (
            ((path[STREETS[0]],), ("*",), own),
            ((path[STREETS[0]],), ("noise",), noise),
            ((), ("*",), set()),
        ):
            as_caller(conn, *areas, categories=categories)
            assert {no for (no,) in many(conn, asked, [moment])} == right
            run(conn, "ROLLBACK")
        as_caller(conn, path[DISTRICT])
        found = {no for (no,) in many(conn, asked, [moment])}
        run(conn, "ROLLBACK")
    # Whoever works for the district also sees what lies in no area.
    assert found == {case.no for case in there}
    assert len(own) > len(noise) > 0
    assert len(found) > len(everything)


def test_the_present_needs_no_past(town) -> None:
    """As of now nothing of the past is read but by its index: what ended before the moment is never looked at."""
    made, path, _ = town
    with closing(connect(made.app)) as conn:
        as_caller(conn, path[DISTRICT])
        run(conn, "SET LOCAL enable_seqscan = off")
        plan = "\n".join(
            line for (line,) in many(conn, "EXPLAIN SELECT count(*) FROM wangge.incidents_at(%s)", [START + 300 * DAY])
        )
        run(conn, "ROLLBACK")
    assert "Index Cond: (until > " in plan
    assert "Function Scan on incidents_at" not in plan


def test_everybody_is_told_numbers_only_where_reports_are_public(town) -> None:
    """Numbers of reports by place add up to all reports of a time, and are none where reports are not for everybody."""
    made, _, cases = town
    right = sum(SINCE <= case.versions[0]["reported_at"] < SINCE + 20 * DAY for case in cases)
    with closing(connect(made.app)) as conn:
        for public, expected in ((("areas", "open311"), right), (("areas",), 0)):
            run(conn, "BEGIN")
            speak(conn, Scope(public=public))
            counted = stats.public_counts(conn, SINCE, SINCE + 20 * DAY)
            assert sum(count for _, count in counted) == expected
            assert many(conn, "SELECT no FROM wangge.incidents_at(%s)", [UNTIL]) == []
            run(conn, "ROLLBACK")


def test_an_area_is_whole_or_not_there(town) -> None:
    """Figures of an area are for who sees all of it: its neighbour finds nothing, nor does who sees a part."""
    made, path, _ = town
    with closing(connect(made.app)) as conn:
        as_caller(conn, path[COMMUNITIES[0]])
        assert stats.place_of(conn, COMMUNITIES[0]).path == path[COMMUNITIES[0]]
        for code in (COMMUNITIES[1], STREETS[0], DISTRICT):
            with pytest.raises(NotFound):
                stats.place_of(conn, code)
        run(conn, "ROLLBACK")


# --- what came in a batch -------------------------------------------------------------------------------------------------


def told(*steps: tuple[str, str, str, datetime, dict[str, Any]], org: str | None = None) -> list[dict[str, Any]]:
    """Write a log: event, from, to, when, with what."""
    return [
        {
            "seq": number, "event": event, "from_state": before, "to_state": after, "tier": "grid", "actor": None,
            "org": payload.pop("by", org), "at": written(at), "payload": payload,
        }
        for number, (event, before, after, at, payload) in enumerate(steps, 1)
    ]  # fmt: skip


def batch(conn: Any, no: str, log: list[dict[str, Any]]) -> None:
    """Write a case that came in a batch, with its first record in the row; it was sent back once, and reopened once."""
    run(conn, "INSERT INTO wangge.incident_batch_part (batch_id, part, body) VALUES (1, '0', %s)", [json.dumps(log[0])])
    run(
        conn,
        """INSERT INTO wangge.incident (no, path, grid_code, geom, source, reported_at, state, tier, kind, category,
             accepted_at, closed_at, reworks, reopens, revision, at, batch_id, log)
           SELECT %(no)s, path, code || '001', ST_SetSRID(ST_MakePoint(117, 36.6), 4490), 'grid', %(first)s, 'closed', 1,
             'problem', 'rubbish', %(accepted)s, %(last)s, 1, 1, %(revision)s, %(last)s, 1, 'link 0'
           FROM wangge.area WHERE code = %(place)s""",
        {
            "no": no, "first": log[0]["at"], "accepted": log[0]["at"], "last": log[-1]["at"], "revision": len(log),
            "place": COMMUNITIES[0],
        },
    )  # fmt: skip
    for body in log[1:]:
        record(conn, f"incident.{body['event']}", path=None, subject=no, body=body)


@pytest.fixture
def imported(db):
    """A town with one case that came in a batch, accepted: called for, suspended, sent back, closed, reopened, closed again."""
    publish(db.admin)
    at = START + 9 * HOUR
    called_for = {"departments": [{"org": "water", "lead": True, "mandatory": True}], "stage_due_at": written(at + 5 * HOUR)}
    log = told(
        ("import", "draft", "accepted", at, {}),
        ("assign", "accepted", "assigned", at + HOUR, called_for),
        ("join", "assigned", "in_progress", at + 2 * HOUR, {"by": "water"}),
        ("suspend", "in_progress", "suspended", at + 3 * HOUR, {}),
        ("comment", "suspended", "suspended", at + 4 * HOUR, {}),
        ("resume", "suspended", "in_progress", at + 6 * HOUR, {}),
        ("handle", "in_progress", "handled", at + 7 * HOUR, {}),
        ("check_fail", "handled", "in_progress", at + 8 * HOUR, {}),
        ("handle", "in_progress", "handled", at + 9 * HOUR, {}),
        ("check_pass", "handled", "feedback", at + 9 * HOUR, {}),
        ("feedback", "feedback", "closed", at + 24 * HOUR, {}),
        ("reopen", "closed", "in_progress", at + 30 * HOUR, {}),
        ("handle", "in_progress", "handled", at + 31 * HOUR, {}),
        ("check_pass", "handled", "feedback", at + 31 * HOUR, {}),
        ("clear_off", "feedback", "closed", at + 32 * HOUR, {"ratings": {"water": 70}}),
    )
    with owner(db.admin) as conn:
        batch(conn, "B1", log)
        yield conn, at


def test_a_case_that_came_closed_stood_still_until_it_was_reopened(db) -> None:
    """The record that a case brings along counts with what was done since: from its closing on, its clock stood."""
    publish(db.admin)
    closed = ("import", "draft", "closed", START, {})
    again = (
        ("reopen", "closed", "in_progress", START + 30 * HOUR, {}),
        ("clear_off", "feedback", "closed", START + 32 * HOUR, {}),
    )
    with owner(db.admin) as conn:
        batch(conn, "B1", told(closed, *again))
        found = [(pause.since, pause.until) for pause in stats.pauses(conn, ["B1"])]
    assert found == [(int(START.timestamp()), int((START + 30 * HOUR).timestamp()))]


def test_pauses_of_a_batch_are_in_its_log(imported) -> None:
    """The clocks stood still while it was suspended, whatever was said meanwhile, and while it was closed too early."""
    conn, at = imported
    window = Window(moment=UNTIL, since=SINCE, until=UNTIL)
    by_category, paused = stats.handled(conn, window, "category")
    assert paused == ["B1"]
    pauses = stats.pauses(conn, paused)
    found = [(pause.since, pause.until) for pause in pauses]
    stood = [(3, 4), (4, 6), (24, 30)]
    assert sorted(found) == [tuple(int((at + hours * HOUR).timestamp()) for hours in pair) for pair in stood]
    (cases,) = by_category.values()
    assert (cases.accepted.tolist(), cases.closed.tolist()) == (
        [int(at.timestamp())], [int((at + 32 * HOUR).timestamp())],
    )  # fmt: skip
    # From Monday 17:00 to Wednesday 01:00 in Shanghai there are eight work hours; the last pause takes half of one.
    seconds, is_fallback = handle_seconds(cases, pauses, default_calendar())
    assert (seconds.tolist(), is_fallback) == ([27_000], False)


def test_calls_of_a_batch_are_in_its_log(imported) -> None:
    """A department that joined in time, and the street's rating of it, are counted in the windows that they fall into."""
    conn, at = imported
    window = Window(moment=UNTIL, since=SINCE, until=UNTIL)
    calls = called(stats.call_records(conn, window, "grid"))
    assert [(each.key, each.org, each.joined_at) for each in calls] == [("370103001001001", "water", at + 2 * HOUR)]
    counts = tally(calls, since=SINCE, until=UNTIL, at=UNTIL)
    assert counts == {
        "calls": 1, "calls_pending": 0, "calls_due": 1, "calls_in_time": 1, "ratings_sum": 70, "ratings_full": 100,
    }  # fmt: skip
    later = tally(calls, since=at + 24 * HOUR, until=UNTIL, at=UNTIL)
    assert (later["calls"], later["ratings_sum"]) == (0, 70)


def test_days_of_a_batch_are_in_its_log(imported) -> None:
    """Sent back at one in the morning, closed that afternoon and again after the next midnight: each counts to its day."""
    conn, _ = imported
    days = reviews.days(conn, None, since=SINCE, until=UNTIL, zone="Asia/Shanghai")
    right = {date(2026, 1, 5): (1, 0, 0), date(2026, 1, 6): (0, 1, 1), date(2026, 1, 7): (0, 1, 0)}
    assert days == {(None, day): flows for day, flows in right.items()}
