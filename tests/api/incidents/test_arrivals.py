"""What arrives: outside of everything, twice, at the same moment, beside another; and what is claimed by many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from data.store import areas
from data.store.sql import many
from tests.api.incidents.proof import faults_in
from tests.api.incidents.station import HERE, at
from tests.api.v1.hall import problem
from tests.published import DISTRICT, HIGH, STREETS, WIDE
from tests.stored import owner

if TYPE_CHECKING:
    from collections.abc import Callable

    from httpx import Response

AT_ONCE = 8
SEEN = {"result": "taken away", "outcome": "resolved", "evidence": ["photo"]}


def at_once(ask: Callable[[int], Response]) -> list[Response]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(ask, range(AT_ONCE)))


def counted(station: Any, statement: str, *values: Any) -> int:
    ((count,),) = station.hall.rows(statement, values)
    return count


# --- outside ----------------------------------------------------------------------------------------------------------------


def test_what_lies_in_no_area_is_answered(station) -> None:
    """Whoever speaks for the district rejects it as out of the area, with an answer; nobody lower even sees it."""
    no = station.reports("worker", **at(-5000, 0))["no"]
    offered = {each["event"] for each in station.shown(no)["transitions"]}
    assert {"accept", "reject", "verify"} <= offered
    for who in ("community", "street", "other_street"):
        problem(station.does(who, no, "reject", reason="out_of_area", answer="no"), 404, "not-found")
    done = station.done("district", no, "reject", reason="out_of_area", answer="it is the next county's")
    assert (done["state"], done["answered"], done["owner"]) == ("rejected", True, None)


def test_what_lies_in_no_area_goes_round(station) -> None:
    """The district accepts it at its own tier, a department of the district does the work, and it is told of and closed."""
    no = station.reports("worker", **at(-5000, 0))["no"]
    problem(station.does("district", no, "accept", matter="0101", tier="grid"), 400, "no-grid")
    assert station.done("district", no, "accept", matter="0101")["tier"] == "district"
    station.done("district", no, "dispatch", to={"org": "sanitation"})
    station.done("office", no, "take")
    station.done("office", no, "handle", **SEEN)
    station.done("district", no, "check_pass")
    assert station.done("district", no, "feedback", result="satisfied", answer="gone")["state"] == "closed"


def test_what_lies_in_no_street_is_the_districts(station) -> None:
    """Where a district has no street, its center accepts, and asks somebody to look."""
    station.hall.do(
        """UPDATE wangge.area_version SET shape = ST_Expand(shape, 9000)
           WHERE area_id IN (SELECT id FROM wangge.area WHERE level = 'district')"""
    )
    made = station.reports(**at(-500, -500))
    assert (made["outside"], made["owner"]) == (True, {"org": f"center:{DISTRICT}"})
    station.done("district", made["no"], "verify")
    station.done("district", made["no"], "verified", result="true")
    assert station.done("district", made["no"], "accept", matter="0101")["state"] == "accepted"


# --- twice ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [{"client_uuid": str(uuid4())}, {"source": "hotline", "external_id": "A-7"}])
def test_the_same_report_is_one(station, named) -> None:
    """What a terminal or another system sends again, by its own id, gets the number that it has, and adds nothing."""
    first, again = station.reports(**named), station.reports(**named, title="again")
    assert (again["no"], again["is_new"], first["is_new"]) == (first["no"], False, True)
    assert counted(station, "SELECT count(*) FROM wangge.incident") == 1
    assert counted(station, "SELECT count(*) FROM wangge.event WHERE kind = 'incident.report'") == 1


def test_the_same_id_of_two_systems_is_two_reports(station) -> None:
    """An id is unique within its system."""
    numbers = {station.reports(source=source, external_id="7")["no"] for source in ("hotline", "police")}
    assert len(numbers) == 2


@pytest.mark.parametrize("named", [{"client_uuid": str(uuid4())}, {"source": "hotline", "external_id": "A-7"}])
def test_the_same_report_at_the_same_moment_is_one(station, named) -> None:
    """Eight that send the same at once are told one number: one made it, the others are answered like who asks again."""
    said = {**at(50, 200), "category": "rubbish", **named}
    told = at_once(lambda _: station.asks("worker", "POST", "/v1/incidents", json=said))
    assert sorted(each.status_code for each in told) == [200] * (AT_ONCE - 1) + [201]
    assert len({each.json()["no"] for each in told}) == 1
    assert counted(station, "SELECT count(*) FROM wangge.incident") == 1


def test_of_many_who_claim_one_does(station) -> None:
    """A and B press at once, several times: one has it, and everybody else is told that it is taken."""
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    told = at_once(lambda n: station.does(("worker", "stand_in")[n % 2], no, "claim"))
    refused = [each for each in told if each.status_code != 200]
    assert len(refused) == AT_ONCE - 1
    assert {(each.status_code, each.json()["code"]) for each in refused} == {(409, "already-claimed")}
    assert counted(station, "SELECT count(*) FROM wangge.event WHERE kind = 'incident.claim'") == 1


# --- beside another ---------------------------------------------------------------------------------------------------------


def test_who_judges_sees_what_it_may_repeat(station) -> None:
    """An open one of the same category within 50 m and 24 h is proposed to the reporter and to who accepts; no other is."""
    first = station.reports(**at(50, 200))
    station.reports(**at(60, 200), category="noise")
    station.reports(**at(101, 200))
    station.passes(hours=23, minutes=59)
    again = station.reports(**at(99, 200))
    assert {each["no"] for each in again["duplicates"]} >= {first["no"]}
    proposed = station.shown(again["no"], "community")["duplicates"]
    assert [each["no"] for each in proposed][-1] == first["no"]
    assert all(each["away_m"] <= 50 and each["apart_s"] <= 86_400 for each in proposed)
    assert again["no"] in {each["no"] for each in station.shown(first["no"], "community")["duplicates"]}
    station.passes(minutes=2)
    late = station.reports(**at(50, 200))
    assert first["no"] not in {each["no"] for each in late["duplicates"]}
    station.done("community", first["no"], "accept", matter="0101")
    assert "duplicates" not in station.shown(first["no"], "community")


def test_a_duplicate_names_its_master(station) -> None:
    """It is another that the duty sees and that is none itself: neither a made-up number, nor itself, nor another street's."""
    first, second, third = (station.reports()["no"] for _ in range(3))
    there = station.reports("stranger", **at(WIDE * 1.5, HIGH * 1.5))["no"]
    duplicate = {"reason": "duplicate", "answer": "known"}
    for master in ("7", second, there):
        problem(station.does("community", second, "reject", **duplicate, master=master), 400, "unknown-master")
    assert station.done("community", second, "reject", **duplicate, master=first)["master"] == first
    problem(station.does("community", third, "reject", **duplicate, master=second), 400, "unknown-master")


# --- a year that nobody has stated ------------------------------------------------------------------------------------------


def test_a_deadline_over_an_unstated_year_says_so(station) -> None:
    """Work days of a year that the town has not stated are guessed, and the deadline that counts them is marked."""
    station.hall.do("UPDATE wangge.api_key SET expires_at = '2030-01-01'")
    now = station.reports()
    station.done("community", now["no"], "accept", matter="0101")
    station.passes(days=301)  # the 28th of December
    then = station.reports()
    station.done("community", then["no"], "accept", matter="0101")
    marks = [station.shown(no)["clocks"]["total"] for no in (now["no"], then["no"])]
    assert [mark["is_fallback"] for mark in marks] == [False, True]
    assert marks[1]["due_at"].startswith("2027-01")


def test_an_area_that_is_hung_elsewhere_takes_its_incidents_along(station) -> None:
    """A community goes to another street: its open incidents are that street's to see, and rows go on saying what logs say."""
    no = station.reports()["no"]
    with owner(station.hall.db.admin) as conn:
        ids = dict(many(conn, "SELECT code, id FROM wangge.area WHERE code = ANY (%s)", [[HERE, STREETS[1]]]))
        areas._move(conn, ids[HERE], ids[STREETS[1]])  # importing a whole town again would do the same
    station.done("other_street", no, "accept", matter="0101")
    assert station.shown(no, "other_street")["state"] == "accepted"
    problem(station.asks("street", "GET", f"/v1/incidents/{no}"), 404, "not-found")
    assert faults_in(station.hall.db.admin) == []
