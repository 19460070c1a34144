"""A street's call for departments over HTTP: its four steps, who comes and who does not, who sees it, what is proposed."""

from __future__ import annotations

import random
from contextlib import closing
from typing import Any

import pytest

from api.incidents.rulebook import Rulebook
from api.incidents.ticker import tick
from api.who.caller import Caller, Grant, How, Right, Role
from data.store.pool import connect
from data.store.sql import run
from tests.api.incidents.proof import faults_in
from tests.api.incidents.station import GRID, HERE, NEXT
from tests.api.v1.hall import problem
from tests.published import COMMUNITIES, DISTRICT, STREETS

LEAD = {"org": "sanitation", "lead": True, "mandatory": False}
WATER = {"org": "water", "lead": False, "mandatory": True}
PARKS = {"org": "parks", "lead": False, "mandatory": False}
WORK = {"result": "taken away", "outcome": "resolved", "evidence": ["photo"]}


@pytest.fixture
def town(station):
    """The station, with a third department, and the people of two: those handle another category in another community."""
    station.hall.do(
        """INSERT INTO wangge.org (code, kind, tier, name, area_id, path)
           SELECT 'parks', 'department', 'district', '园林局', id, path FROM wangge.area WHERE code = %s""",
        [DISTRICT],
    )
    for login, org in (("plumber", "water"), ("gardener", "parks")):
        person = station.hall.person(login, ("grid_worker", NEXT, "pipes"))
        station.who[login], station.ids[login] = station.hall.key(person), person
        station.hall.do(
            """INSERT INTO wangge.org_member (org_id, person_id, valid, path)
               SELECT id, %s, '[2020-01-01,)', path FROM wangge.org WHERE code = %s""",
            [person, org],
        )
    return station


def assigned(town, *departments: dict[str, Any]) -> str:
    """Return an incident for which these departments were called just now."""
    no = town.at_street()
    town.done("street", no, "call", summary="a heap as high as a house")
    town.done("district", no, "assign", departments=list(departments or (LEAD, WATER, PARKS)))
    return no


def handled(town) -> str:
    """Return an incident that both departments have handled, checked and told of."""
    no = assigned(town, LEAD, WATER)
    town.passes(minutes=10)
    town.done("plumber", no, "join")
    town.passes(minutes=10)
    town.done("office", no, "join")
    town.passes(minutes=10)
    town.done("office", no, "handle", **WORK)
    town.done("street", no, "check_pass")
    town.done("street", no, "feedback", result="satisfied", answer="it is gone")
    return no


def call(town, no: str, who: str = "district", **more: Any) -> dict[str, Any]:
    """Return the call of an incident."""
    answer = town.asks(who, "GET", f"/v1/calls/{no}", **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(town, who: str = "district", **wanted: Any) -> list[str]:
    """Return the incidents whose calls somebody finds, the newest first."""
    answer = town.asks(who, "GET", "/v1/calls", params=wanted)
    assert answer.status_code == 200, answer.text
    return [each["no"] for each in answer.json()["calls"]]


def mine(town, who: str) -> list[str]:
    """Return the incidents that are for somebody to do something about."""
    return [each["no"] for each in town.asks(who, "GET", "/v1/incidents", params={"mine": "true"}).json()["incidents"]]


def offered(document: dict[str, Any], event: str) -> dict[str, Any]:
    """Return what is said of a step that is offered."""
    (found,) = [each for each in document["transitions"] if each["event"] == event]
    return found


def wrong(town) -> list[tuple[str | None, tuple[str, ...]]]:
    """Return the calls that are not as their log says."""
    return [(each.no, each.fields) for each in faults_in(town.hall.db.admin) if each.kind == "call_wrong"]


def test_a_call_goes_its_four_steps(town) -> None:
    """Call, assign, join, clear off: each is found by where it stands, has its moment and its name; the rows are the log."""
    no = town.at_street()
    problem(town.asks("street", "GET", f"/v1/calls/{no}"), 404, "not-found")
    assert (listed(town), wrong(town)) == ([], [])
    called_at = town.hall.now
    town.done("street", no, "call", summary="a heap as high as a house")
    assert (listed(town, state="called"), listed(town, state="assigned"), wrong(town)) == ([no], [], [])
    town.passes(minutes=30)
    town.done("district", no, "assign", departments=[LEAD, WATER])
    assert (listed(town, state="assigned"), wrong(town)) == ([no], [])
    town.passes(minutes=30)
    town.done("office", no, "join")
    assert (listed(town, state="assigned"), listed(town, state="joint")) == ([no], [])
    town.passes(minutes=30)
    town.done("plumber", no, "join")
    assert (listed(town, state="joint"), wrong(town)) == ([no], [])
    town.passes(minutes=30)
    town.done("office", no, "handle", **WORK)
    assert (listed(town, state="handled"), wrong(town)) == ([no], [])
    town.done("street", no, "check_pass")
    town.done("street", no, "feedback", result="satisfied", answer="it is gone")
    town.passes(minutes=30)
    town.done("street", no, "clear_off", ratings={"sanitation": 90, "water": 75})
    assert (listed(town, state="cleared"), listed(town, state="handled"), wrong(town)) == ([no], [], [])

    shown = call(town, no)
    moments = [(called_at + n * (town.hall.now - called_at) / 5).isoformat() for n in (0, 1, 3, 5)]
    assert [(each["step"], each["at"]) for each in shown["steps"]] == list(
        zip(["call", "assign", "join", "clear_off"], moments, strict=True)
    )
    assert [each["label"] for each in shown["steps"]] == ["Call", "Assign", "Join", "Clear off"]
    in_chinese = call(town, no, headers={"Accept-Language": "zh"})
    assert [each["label"] for each in in_chinese["steps"]] == ["呼叫", "分办", "联动", "销号"]
    assert (in_chinese["state_label"], shown["street"], shown["late"]) == ("已销号", f"center:{STREETS[0]}", False)
    assert [(each["org"], each["lead"], each["mandatory"], each["late"], each["rating"]) for each in shown["participants"]] == [
        ("sanitation", True, True, False, 90), ("water", False, True, False, 75),
    ]  # fmt: skip
    assert shown["incident"] == {
        "state": "closed", "state_label": "Closed", "category": "rubbish", "title": "a heap", "grid": GRID,
    }  # fmt: skip
    hrefs = {each["rel"]: each["href"] for each in shown["links"]}
    assert hrefs["incident"].endswith(f"/v1/incidents/{no}")
    by_rel = {each["rel"]: each["href"] for each in town.shown(no)["links"]}
    assert by_rel["call"] == hrefs["self"]
    assert faults_in(town.hall.db.admin) == []


def test_each_step_is_for_its_own_people(town) -> None:
    """Another street neither sees nor makes a call, a department does not name departments, and the district does not clear."""
    no = town.at_street()
    problem(town.does("other_street", no, "call", summary="come"), 404, "not-found")
    problem(town.does("community", no, "call", summary="come"), 403, "wrong-tier")
    town.done("street", no, "call", summary="come")
    problem(town.does("street", no, "assign", departments=[LEAD]), 403, "wrong-tier")
    town.done("district", no, "assign", departments=[LEAD, WATER])
    problem(town.does("gardener", no, "join"), 404, "not-found")
    problem(town.does("other_street", no, "join"), 404, "not-found")
    town.done("office", no, "join")
    town.done("plumber", no, "join")
    problem(town.does("plumber", no, "join"), 403, "not-called")
    problem(town.does("plumber", no, "handle", **WORK), 403, "not-the-owner")
    town.done("office", no, "handle", **WORK)
    town.done("street", no, "check_pass")
    town.done("street", no, "feedback", result="satisfied", answer="done")
    problem(town.does("district", no, "clear_off", ratings={"sanitation": 90, "water": 75}), 403, "not-the-caller")
    problem(town.does("street", no, "clear_off", ratings={"sanitation": 90}), 400, "rate-all")
    problem(town.does("other_street", no, "clear_off", ratings={"sanitation": 90, "water": 75}), 404, "not-found")
    problem(town.asks("auditor", "GET", "/v1/calls"), 403, "scope-denied")


def test_who_is_called_sees_it_and_comes(town) -> None:
    """A department that handles another category elsewhere finds the call, sees the incident and joins; nobody else does."""
    before = town.at_street()
    assert (listed(town, "plumber"), mine(town, "plumber")) == ([], [])
    problem(town.asks("plumber", "GET", f"/v1/incidents/{before}"), 404, "not-found")
    no = assigned(town, LEAD, WATER)
    for stranger in ("gardener", "stranger", "other_street"):
        assert (listed(town, stranger), mine(town, stranger)) == ([], [])
        problem(town.asks(stranger, "GET", f"/v1/calls/{no}"), 404, "not-found")
        problem(town.asks(stranger, "GET", f"/v1/incidents/{no}"), 404, "not-found")
    assert (listed(town, "plumber"), mine(town, "plumber"), mine(town, "office")) == ([no], [no], [no])
    shown = call(town, no, "plumber")
    assert offered(shown, "join")["label"] == "Join"
    assert {"accept", "handle", "dispatch", "clear_off", "supervise"}.isdisjoint(each["event"] for each in shown["transitions"])
    log = town.asks("plumber", "GET", f"/v1/incidents/{no}/events").json()["events"]
    assert log[-1]["event"] == "assign"
    town.done("plumber", no, "join")
    assert mine(town, "plumber") == []
    assert town.shown(no, "plumber")["state"] == "assigned"
    assert wrong(town) == []


def test_a_lead_from_elsewhere_works_on_it(town) -> None:
    """A lead that handles another category elsewhere joins and handles; and may give back what is not its duty."""
    no = assigned(town, {"org": "water", "lead": True})
    given_back = town.done("plumber", no, "return", reason="not_our_duty")
    assert given_back == {"no": no, "state": "accepted", "transitions": []}
    problem(town.asks("plumber", "GET", f"/v1/incidents/{no}"), 404, "not-found")
    shown = call(town, no)
    assert (shown["state"], shown["participants"], shown["join_due_at"]) == ("called", [], None)
    assert wrong(town) == []
    town.done("district", no, "assign", departments=[{"org": "water", "lead": True}])
    town.done("plumber", no, "join")
    assert town.done("plumber", no, "handle", **WORK)["state"] == "handled"
    town.done("street", no, "check_fail", reason="half of it is there")
    assert (call(town, no)["state"], wrong(town)) == ("joint", [])


def test_a_call_that_the_district_gives_back_is_gone(town) -> None:
    """What the district returns to the street is no call any more, for any list; and the street may call again."""
    no = town.at_street()
    town.done("street", no, "call", summary="come")
    town.done("district", no, "return", reason="insufficient")
    problem(town.asks("district", "GET", f"/v1/calls/{no}"), 404, "not-found")
    assert (listed(town), wrong(town)) == ([], [])
    town.done("street", no, "call", summary="come, with a lorry")
    assert (call(town, no)["summary"], wrong(town)) == ("come, with a lorry", [])


def test_a_void_incident_takes_its_call_along(town) -> None:
    """A call whose incident turns out to be none waits for nobody."""
    town.hall.do(
        """INSERT INTO wangge.org_member (org_id, person_id, is_duty_chief, valid, path)
           SELECT id, %s, true, '[2020-01-01,)', path FROM wangge.org WHERE code = %s""",
        [town.ids["district"], f"center:{DISTRICT}"],
    )
    no = assigned(town, LEAD)
    town.done("office", no, "return", reason="insufficient")
    town.done("district", no, "void", reason="a painting of a heap")
    assert (listed(town, state="voided"), listed(town, state="called"), wrong(town)) == ([no], [], [])


def test_who_does_not_come_in_time_brings_the_yellow_card(town) -> None:
    """A department that has not joined when its time is over is late, brings the card once, and stays late when it comes."""
    no = assigned(town, LEAD, WATER)
    town.passes(hours=1)
    town.done("office", no, "join")
    assert (listed(town, late="true"), listed(town, late="false")) == ([], [no])
    town.passes(days=3)
    with closing(connect(town.hall.db.admin)) as conn:
        for _ in range(3):
            tick(conn, town.hall.now, Rulebook())
    assert town.shown(no)["supervision"] == "yellow"
    log = town.asks("district", "GET", f"/v1/incidents/{no}/events").json()["events"]
    cards = [each for each in log if each["event"] == "supervise"]
    assert [(each["actor"], each["payload"]["reason"]) for each in cards] == [(None, "late_join")]
    assert (listed(town, late="true"), listed(town, late="false")) == ([no], [])
    town.done("plumber", no, "join")
    shown = call(town, no)
    assert (shown["state"], shown["late"]) == ("joint", True)
    assert {each["org"]: each["late"] for each in shown["participants"]} == {"sanitation": False, "water": True}
    assert wrong(town) == []


def test_calls_are_found_by_place_and_by_organisation(town) -> None:
    """A list is narrowed by area, by who has called or was called, and read page by page; a wrong word is refused."""
    first, second = handled(town), assigned(town, LEAD, PARKS)
    assert listed(town) == [second, first]
    assert listed(town, area=HERE) == [second, first]
    assert (listed(town, area=COMMUNITIES[1]), listed(town, area=STREETS[1])) == ([], [])
    assert (listed(town, org="water"), listed(town, org="parks"), listed(town, org="fire")) == ([first], [second], [])
    assert listed(town, org=f"center:{STREETS[0]}") == [second, first]
    assert listed(town, org="sanitation", state=["handled", "cleared"]) == [first]
    page = town.asks("district", "GET", "/v1/calls", params={"limit": 1}).json()
    rest = town.asks("district", "GET", "/v1/calls", params={"limit": 1, "before": page["next"]}).json()
    assert [each["no"] for each in page["calls"] + rest["calls"]] == [second, first]
    assert rest["next"] is None
    problem(town.asks("district", "GET", "/v1/calls", params={"state": "open"}), 400, "invalid-parameter")
    problem(town.asks("district", "GET", "/v1/calls", params={"status": "called"}), 400, "unknown-parameter")


def test_the_matter_says_who_is_called_and_what_is_asked(town) -> None:
    """Lead and co-departments are proposed as they can be named, one that has ended is not; conditions stand beside steps."""
    town.hall.do(
        """UPDATE wangge.matter SET co_departments = '{water,parks,sanitation}', filing_condition = 'it smells',
             closing_condition = 'nothing is left', standard = 'sweep' WHERE code = '0101'"""
    )
    no = town.reports()["no"]
    (matter,) = offered(town.shown(no, "community"), "accept")["matters"]
    assert (matter["code"], matter["name"], matter["condition"], matter["standard"]) == (
        "0101", "暴露垃圾", "it smells", "sweep",
    )  # fmt: skip
    assert town.asks("community", "GET", matter["href"]).json()["code"] == "0101"
    assert offered(town.shown(town.reports(category="noise")["no"], "community"), "accept")["matters"] == []
    town.done("community", no, "accept", matter="0101")
    (matter,) = offered(town.done("worker", no, "claim"), "handle")["matters"]
    assert matter["condition"] == "nothing is left"
    no = town.at_street()
    town.done("street", no, "call", summary="come")
    co_departments = [{**each, "mandatory": False} for each in (WATER, PARKS)]
    assert offered(call(town, no), "assign")["proposes"] == {"departments": [LEAD, *co_departments]}
    town.hall.do("UPDATE wangge.org SET active = false WHERE code = 'parks'")
    proposed = offered(call(town, no), "assign")["proposes"]
    assert proposed == {"departments": [LEAD, co_departments[0]]}
    assert town.done("district", no, "assign", **proposed)["call"]["participants"][1]["org"] == "water"


def test_whatever_happens_to_a_call_its_rows_are_its_log(town) -> None:
    """Who is offered a step of a call can take it, from wherever they come; after each the rows say what the log says."""
    rng = random.Random(7)  # noqa: S311 - a story, no secret
    numbers, seen = [town.at_street() for _ in range(3)], list[str]()
    said = {
        "call": {"summary": "come"},
        "return": {"reason": "not_our_duty"},
        "handle": WORK,
        "feedback": {"result": "satisfied", "answer": "done"},
        "reopen": {"reason": "it is back"},
    } | {event: {} for event in ("assign", "join", "check_pass", "clear_off")}
    for _ in range(170):
        town.passes(minutes=1)
        no, who = rng.choice(numbers), rng.choice(["street", "district", "office", "plumber", "gardener"])
        document = town.asks(who, "GET", f"/v1/incidents/{no}").json()
        steps = {each["event"] for each in document.get("transitions", ())} & said.keys()
        if not steps:
            continue
        step = rng.choice(sorted(steps))
        payload: dict[str, Any] = said[step]
        if step == "assign":
            lead = rng.choice([LEAD, WATER, PARKS])["org"]
            payload = {"departments": [{**each, "lead": each["org"] == lead} for each in (LEAD, WATER, PARKS)]}
        elif step == "clear_off":
            payload = {"ratings": {each["org"]: 50 for each in document["call"]["participants"]}}
        town.done(who, no, step, **payload)
        seen.append(step)
        assert wrong(town) == []
    assert said.keys() == set(seen)
    assert faults_in(town.hall.db.admin) == []


@pytest.mark.parametrize(
    ("statement", "fields"),
    [
        ("UPDATE wangge.call_participant SET rating = 100 WHERE org = 'water'", ("participants",)),
        ("UPDATE wangge.call_participant SET joined_at = joined_at - interval '1 minute'", ("participants",)),
        ("DELETE FROM wangge.call_participant WHERE org = 'water'", ("participants",)),
        (
            "UPDATE wangge.district_call SET summary = 'nothing', called_at = called_at - interval '1 h'",
            ("called_at", "summary"),
        ),
        ("DELETE FROM wangge.district_call", ("call",)),
    ],
)
def test_a_call_that_is_not_as_its_log_says_is_found(town, statement, fields) -> None:
    """Whoever changes or deletes rows of a call beside the log is found, with what they have changed."""
    no = handled(town)
    town.done("street", no, "clear_off", ratings={"sanitation": 90, "water": 75})
    assert wrong(town) == []
    town.hall.do(statement)
    assert wrong(town) == [(no, fields)]


def test_the_store_keeps_the_order_of_steps(town) -> None:
    """No row says that a call was handled before all were there, cleared before it was handled, or led by two."""
    no = assigned(town)
    for statement in (
        "UPDATE wangge.district_call SET handled_at = now()",
        "UPDATE wangge.district_call SET cleared_at = now()",
        "UPDATE wangge.district_call SET assigned_at = called_at - interval '1 s'",
        "UPDATE wangge.call_participant SET lead = true",
    ):
        with pytest.raises(Exception, match="violates"):
            town.hall.do(statement)
    assert (call(town, no)["state"], wrong(town)) == ("assigned", [])


def test_nobody_writes_a_call_that_they_do_not_see(town) -> None:
    """The store's own policies let neither a stranger nor anybody without a right change the rows of a call."""
    assigned(town, LEAD, WATER)
    path = dict(town.hall.rows("SELECT code, path::text FROM wangge.area"))

    def touched(login: str, area: str, *rights: Right) -> tuple[int, int]:
        grants = (Grant(role=Role.GRID_WORKER, area=path[area]),)
        caller = Caller(person_id=town.ids[login], name=login, how=How.KEY, grants=grants)
        with town.hall.app.state.service.pool.write(caller.scope(*rights)) as conn:
            return (
                run(conn, "UPDATE wangge.district_call SET join_due_at = join_due_at"),
                run(conn, "UPDATE wangge.call_participant SET rating = 1 WHERE org = 'water'"),
            )

    assert touched("stranger", NEXT, Right.HANDLE_INCIDENTS) == (0, 0)
    assert touched("gardener", NEXT, Right.HANDLE_INCIDENTS) == (0, 0)
    assert touched("plumber", NEXT, Right.SEE_INTERNAL) == (0, 0)
    assert touched("plumber", NEXT, Right.HANDLE_INCIDENTS) == (1, 1)
