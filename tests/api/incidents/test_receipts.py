"""Whoever reported follows what becomes of it, wherever it lies: where it stands and what they were answered, no more."""

from __future__ import annotations

from typing import Any

from tests.api.incidents.station import at
from tests.api.v1.hall import problem
from tests.published import HIGH, STREETS

BEYOND = at(50, HIGH + 200)
"""In another street than most people of the station work in."""


def receipt(station, no: str, who: str = "worker", **headers: str) -> dict[str, Any]:
    """Return somebody's receipt."""
    answer = station.asks(who, "GET", f"/v1/incidents/{no}/receipt", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


def listed(station, who: str, **asked: Any) -> tuple[list[str], Any]:
    """Return the numbers of somebody's receipts, and from where the next page goes on."""
    answer = station.asks(who, "GET", "/v1/receipts", params=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return [each["no"] for each in found["receipts"]], found["next"]


def test_what_lies_elsewhere_is_followed(station) -> None:
    """A worker who reports from another street does not see the incident there, and follows it to the answer."""
    made = station.reports("worker", title="a heap", address="behind the school", **BEYOND)
    no = made["no"]
    assert made["links"][1]["href"].endswith(f"/v1/incidents/{no}/receipt")
    problem(station.asks("worker", "GET", f"/v1/incidents/{no}"), 404, "not-found")
    told = receipt(station, no)
    assert (told["state"], told["state_label"], told["stage"]["stage"], told["answer"], told["answered"]) == (
        "reported", "Reported", "collect", None, False,
    )  # fmt: skip
    assert (told["title"], told["address"], told["due_at"]) == ("a heap", "behind the school", None)
    station.done("other_street", no, "accept", matter="0101", tier="street")
    accepted = receipt(station, no)
    assert (accepted["state"], accepted["stage"]["stage"]) == ("accepted", "triage")
    assert accepted["due_at"] == station.shown(no)["clocks"]["total"]["due_at"] is not None
    assert receipt(station, no, **{"Accept-Language": "zh"})["state_label"] == "已受理"
    station.done("other_street", no, "comment", text="among ourselves")
    assert receipt(station, no)["stage"]["stage"] == "triage"


def test_the_answer_is_told(station) -> None:
    """What was rejected says why, and what was closed what came of it: the words of the answer, and none of the handlers'."""
    no = station.reports("worker", **BEYOND)["no"]
    station.done("other_street", no, "reject", reason="private_affair", answer="please ask the house's keeper")
    told = receipt(station, no)
    assert (told["state"], told["answered"], told["due_at"]) == ("rejected", True, None)
    assert (told["answer"]["text"], told["answer"]["reason"]) == ("please ask the house's keeper", "private_affair")
    assert told["answer"]["reason_label"]
    done = station.reports("worker")["no"]
    station.done("community", done, "accept", matter="0101")
    station.done("worker", done, "claim")
    station.done("worker", done, "handle", result="among ourselves", outcome="resolved", evidence=["photo"])
    station.done("community", done, "check_pass")
    station.done("community", done, "feedback", result="satisfied", answer="it is gone")
    told = receipt(station, done)
    assert (told["state"], told["outcome"], told["answer"]["text"]) == ("closed", "resolved", "it is gone")
    assert "reason" not in told["answer"]


def test_a_receipt_says_nothing_of_others(station) -> None:
    """No owner, department, person, remark or result stands in it: only what the reporter said, or was told."""
    no = station.reports("worker", contact={"name": "王小明", "phone": "13812345678"}, **BEYOND)["no"]
    station.done("other_street", no, "accept", matter="0101", tier="street")
    station.done("other_street", no, "comment", text="among ourselves")
    station.done("district", no, "supervise", level="normal", reason="among ourselves")
    text = station.asks("worker", "GET", f"/v1/incidents/{no}/receipt").text
    others = {*station.ids.values(), "center:", "sanitation", "among ourselves", "0101", STREETS[1], "138", "王小明"}
    # The number itself names the district and the day.
    assert [each for each in others if each in text.replace(no, "")] == []


def test_a_receipt_is_its_reporters_alone(station) -> None:
    """Whoever else asks, also one who sees the incident and works on it, is told that they have reported no such thing."""
    no = station.reports("worker", **BEYOND)["no"]
    for who in ("stand_in", "other_street", "district", "auditor"):
        problem(station.asks(who, "GET", f"/v1/incidents/{no}/receipt"), 404, "not-found")
        assert listed(station, who) == ([], None)
    problem(station.hall.client.get(f"/v1/incidents/{no}/receipt"), 401, "unidentified")
    problem(station.hall.client.get("/v1/receipts"), 401, "unidentified")
    problem(station.asks("worker", "GET", "/v1/incidents/nothing/receipt"), 404, "not-found")


def test_receipts_are_listed_by_pages(station) -> None:
    """The newest first, whatever lies where; the list of incidents has those of them that the reporter also sees."""
    nos = [station.reports("worker", title=str(n), **(BEYOND if n % 2 else at(50, 200)))["no"] for n in range(5)]
    station.reports("stand_in")
    found, following = listed(station, "worker", limit=2)
    assert found == [nos[4], nos[3]]
    found, following = listed(station, "worker", limit=2, before=following)
    assert found == [nos[2], nos[1]]
    assert listed(station, "worker", limit=2, before=following) == ([nos[0]], None)
    mine = station.asks("worker", "GET", "/v1/incidents", params={"reported": "mine"}).json()["incidents"]
    assert [each["no"] for each in mine] == [nos[4], nos[2], nos[0]]


def test_who_works_there_no_more_still_gets_the_answer(station) -> None:
    """A reporter whose role is over sees no incident any more, and still what became of their report."""
    no = station.reports("worker")["no"]
    station.hall.do(
        """UPDATE wangge.role_grant SET valid = tstzrange(lower(valid), %s) WHERE person_id = %s""",
        [station.hall.now, station.ids["worker"]],
    )
    station.passes(minutes=1)
    problem(station.asks("worker", "GET", f"/v1/incidents/{no}"), 403, "scope-denied")
    station.done("community", no, "reject", reason="insufficient", answer="where is it?")
    assert receipt(station, no)["answer"]["text"] == "where is it?"


def test_words_that_were_erased_are_gone_from_the_receipt(station) -> None:
    """Of what somebody had erased the receipt keeps no word, and says since when; what one has seen of it is not current."""
    no = station.reports("worker", title="张三家漏水", address="幸福里 3-201", **BEYOND)["no"]
    before = station.asks("worker", "GET", f"/v1/incidents/{no}/receipt").headers["ETag"]
    assert station.asks("district", "POST", f"/v1/incidents/{no}/erasure", json={"reason": "request"}).status_code == 200
    told = station.asks("worker", "GET", f"/v1/incidents/{no}/receipt")
    assert (told.json()["title"], told.json()["address"]) == ("", "")
    assert told.json()["words_erased_at"] is not None
    assert told.headers["ETag"] != before
