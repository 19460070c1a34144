"""What time does by itself: facts once each, whoever ticks; archive, reopening, yellow cards, escalation."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from threading import Barrier, Thread

import pytest

from api.incidents.rulebook import Rulebook
from api.incidents.ticker import tick
from data.store.pool import connect
from data.store.sql import run
from tests.api.incidents.proof import faults
from tests.api.incidents.station import HERE

RULES = Rulebook()


def ticks(station) -> int:
    """Tick until nothing is left to do, and check that the rows say what the log says."""
    with closing(connect(station.hall.db.admin)) as conn:
        total = 0
        while (woken := tick(conn, station.hall.now, RULES)) > 0:
            total += woken
        assert faults(conn) == []
        return total


def facts(station, no) -> list[tuple[str, str]]:
    """What the log tells of an incident's clocks, in order."""
    return station.hall.rows(
        """SELECT kind, body ->> 'clock' FROM wangge.event WHERE subject = %s AND body ? 'clock' ORDER BY seq""", [no]
    )


def test_a_deadline_is_told_of_before_and_after_once_each(station) -> None:
    """At four fifths of two work hours it is due soon, after them overdue; however often anybody ticks, each is told once."""
    no = station.reports()["no"]
    assert ticks(station) == 0
    station.passes(minutes=97)
    ticks(station)
    ticks(station)
    assert facts(station, no) == [("incident.due-soon", "stage")]
    assert station.shown(no)["clocks"]["stage"]["light"] == "yellow"
    station.passes(minutes=24)
    ticks(station)
    ticks(station)
    assert facts(station, no) == [("incident.due-soon", "stage"), ("incident.overdue", "stage")]
    assert station.shown(no)["clocks"]["stage"]["light"] == "red"


def test_those_above_are_told_of_an_urgent_one_at_once_and_daily(station) -> None:
    """Half an hour by the clock, at night too, then a day: what is not reported upwards is overdue, once each time."""
    made = station.reports(urgent=True)
    quiet = station.reports()["no"]
    no, due = made["no"], lambda: station.shown(made["no"])["key_due_at"]
    assert due().startswith("2026-03-02T01:30:00")

    def late() -> int:
        ticks(station)
        return facts(station, no).count(("incident.overdue", "key_report"))

    def unreported() -> list[str]:
        listed = station.asks("community", "GET", "/v1/visits/called-for").json()["unreported"]
        return [each["no"] for each in listed]

    station.passes(minutes=30)
    assert (late(), unreported()) == (0, [no])
    station.passes(seconds=1)
    assert (late(), late()) == (1, 1)
    station.done("community", no, "key_report", text="two are hurt, the road is closed")
    assert (due()[:19], unreported()) == ("2026-03-03T01:30:01", [])
    station.passes(days=1, seconds=1)
    assert (late(), unreported()) == (2, [no])
    station.done("community", no, "key_report", text="all are well")
    assert unreported() == []
    assert ("incident.overdue", "key_report") not in facts(station, quiet)
    assert station.shown(quiet)["key_due_at"] is None


def test_who_was_away_is_told_that_it_is_overdue(station) -> None:
    """After a day without a service the deadline that passed is told as passed, and not as near."""
    no = station.reports()["no"]
    station.passes(days=1)
    ticks(station)
    assert facts(station, no) == [("incident.overdue", "stage")]


def test_two_servers_tell_once(station) -> None:
    """Four services that tick at once tell of fifty deadlines fifty times."""
    for n in range(50):
        station.reports(title=f"heap {n}")
    station.passes(days=1)
    barrier = Barrier(4)

    def go() -> None:
        with closing(connect(station.hall.db.admin)) as conn:
            barrier.wait()
            while tick(conn, station.hall.now, Rulebook(), limit=7):
                pass

    threads = [Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    told = "SELECT count(*), count(DISTINCT subject) FROM wangge.event WHERE kind = 'incident.overdue'"
    assert station.hall.rows(told) == [(50, 50)]


def test_what_is_overdue_goes_up(station) -> None:
    """A claim that nobody makes in time goes to the community's center, with the reason; then up to the street's."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    station.passes(hours=2, minutes=1)
    ticks(station)
    shown = station.shown(no)
    assert (shown["state"], shown["tier"], shown["owner"]) == ("assigned", "community", {"org": f"center:{HERE}"})
    log = station.asks("district", "GET", f"/v1/incidents/{no}/events").json()["events"]
    assert (log[-1]["event"], log[-1]["actor"], log[-1]["payload"]["reason"]) == ("escalate", None, "overdue")


def closed(station, result="satisfied") -> str:
    """An incident that was closed just now."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    station.done("worker", no, "handle", result="taken away", outcome="resolved", evidence=["photo"])
    station.done("community", no, "check_pass")
    station.done("community", no, "feedback", result=result, answer="it is gone")
    return no


def test_what_is_closed_is_archived(station) -> None:
    """Fifteen days after it was closed an incident that nobody evaluates is archived, not before."""
    no = closed(station)
    station.passes(days=14)
    assert ticks(station) == 0
    station.passes(days=2)
    ticks(station)
    shown = station.shown(no)
    assert (shown["state"], shown["archived_at"] is not None) == ("archived", True)


def test_who_is_not_satisfied_is_heard_once_more(station) -> None:
    """An unsatisfied answer reopens the case by itself, once."""
    no = closed(station, result="unsatisfied")
    ticks(station)
    assert (station.shown(no)["state"], station.shown(no)["reopens"]) == ("in_progress", 1)


def test_a_suspension_is_looked_at_again(station) -> None:
    """No clock runs while a case is suspended; on the day of its review the log says so, once."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    until = station.hall.now + timedelta(days=20)
    station.done("worker", no, "ask_suspend", until=until.isoformat(), reason="frost")
    station.done("community", no, "suspend")
    station.passes(days=19)
    assert ticks(station) == 0
    assert station.shown(no)["clocks"]["stage"]["light"] is None
    station.passes(days=2)
    ticks(station)
    ticks(station)
    assert facts(station, no) == [("incident.review-due", "review")]


@pytest.mark.usefixtures("superuser")
def test_a_broken_log_stops_no_other_clock(station) -> None:
    """Where somebody has tampered with one incident's log, its clocks stand still and the others' run on."""
    bad, good = station.reports()["no"], station.reports(title="another")["no"]
    with closing(connect(station.hall.db.admin)) as conn:
        run(conn, "SET session_replication_role = replica")
        run(conn, "UPDATE wangge.event SET body = jsonb_set(body, '{seq}', '7') WHERE subject = %s", [bad])
    station.passes(days=1)
    with closing(connect(station.hall.db.admin)) as conn:
        assert tick(conn, station.hall.now, RULES) == 2
        assert tick(conn, station.hall.now, RULES) == 0
    assert (facts(station, bad), facts(station, good)) == ([], [("incident.overdue", "stage")])
