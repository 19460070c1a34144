"""Updates: what has happened, each with an id that stays, and what others send becomes what the loop lets them do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.published import DISTRICT

HOTLINE = """INSERT INTO wangge.org (code, kind, tier, name, area_id, path)
    SELECT 'hotline', 'hotline', 'district', '12345', id, path FROM wangge.area WHERE code = %(district)s;
    INSERT INTO wangge.org_member (org_id, person_id, valid, path)
    SELECT id, %(person)s, '[2020-01-01,)', path FROM wangge.org WHERE code = 'hotline'"""


def events(counter, no: str) -> list[tuple[str, dict]]:
    """The events of an incident, with what was said."""
    log = counter.station.asks("district", "GET", f"/v1/incidents/{no}/events").json()["events"]
    return [(each["event"], each["payload"]) for each in log]


def answered(counter, no: str) -> None:
    """Bring a case to where the reporter is asked."""
    station = counter.station
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    station.done("worker", no, "handle", result="taken away", outcome="resolved", evidence=["photo"])
    station.done("community", no, "check_pass")


def test_each_update_comes_once_and_keeps_its_id(counter) -> None:
    """What happened is listed in its order, each thing once; asked about again it has the same id and says the same."""
    station = counter.station
    no = counter.reported()
    answered(counter, no)
    station.done("community", no, "comment", text="among ourselves")
    station.done("community", no, "feedback", result="satisfied", answer="it is gone")
    found = counter.json("/servicerequestupdates", "updates")
    assert [each["update_id"] for each in found] == [f"{no}-{seq}" for seq in (1, 2, 3, 4, 5, 7)]
    assert [each["status"] for each in found] == ["OPEN", "FOR_TRIAGE", "IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS", "FIXED"]
    assert found[-1]["description"] == "The reporter has been told: it is gone"
    assert {each["service_request_id"] for each in found} == {no}
    assert counter.json("/servicerequestupdates", "updates") == found
    pages = [counter.json("/servicerequestupdates", "updates", page=page, page_size=4) for page in (1, 2)]
    assert pages[0] + pages[1] == found
    assert counter.json("/servicerequestupdates", "updates", jurisdiction_id=DISTRICT) == found
    read = counter.xml("/servicerequestupdates").findall("request_update")
    assert [each.findtext("update_id") for each in read] == [each["update_id"] for each in found]


def test_updates_are_asked_for_by_time(counter) -> None:
    """A span holds what was logged within it, both ends in it; one of more than 90 days is refused."""
    no = counter.reported()
    # The log has the store's own time, whatever the service says that it is.
    now = datetime.now(UTC)
    written = {name: (now + timedelta(hours=hours)).isoformat(timespec="seconds") for name, hours in
               {"before": -1, "after": 1, "later": 2}.items()}  # fmt: skip
    around = counter.json("/servicerequestupdates", "updates", start_date=written["before"], end_date=written["after"])
    assert [each["update_id"] for each in around] == [f"{no}-1"]
    at = around[0]["updated_datetime"]
    assert counter.json("/servicerequestupdates", "updates", start_date=at, end_date=at) == around
    assert counter.json("/servicerequestupdates", "updates", end_date=written["before"]) == []
    assert counter.json("/servicerequestupdates", "updates", start_date=written["after"], end_date=written["later"]) == []
    counter.json("/servicerequestupdates", "errors", 400, start_date="2026-01-01T00:00:00Z", end_date="2026-12-01T00:00:00Z")


@pytest.mark.parametrize(
    ("reason", "status"),
    [("duplicate", "DUPLICATE"), ("out_of_area", "NOT_COUNCILS_RESPONSIBILITY"), ("insufficient", "NO_FURTHER_ACTION")],
)
def test_a_rejection_has_its_status(counter, reason, status) -> None:
    """Why a report was not accepted is said by the status that others know."""
    no = counter.reported()
    more = {"master": counter.reported()} if reason == "duplicate" else {}
    counter.station.done("community", no, "reject", reason=reason, answer="no", **more)
    assert counter.json("/servicerequestupdates", "updates")[-1]["status"] == status


def test_closing_and_reopening_have_their_status(counter) -> None:
    """What was closed unresolved needs no further action, what is reopened is said to be, what goes up is referred."""
    station = counter.station
    no = counter.reported()
    station.done("community", no, "accept", matter="0101")
    station.done("community", no, "escalate", reason="beyond_capacity")
    station.done("community", no, "take")
    station.done("community", no, "handle", result="in vain", outcome="unresolved", evidence=["photo"])
    station.done("colleague", no, "check_pass")
    station.done("community", no, "feedback", result="unreachable", answer="nobody answers the phone")
    station.done("community", no, "feedback", result="basic", answer="we could not")
    station.done("street", no, "reopen", reason="among ourselves")
    found = counter.json("/servicerequestupdates", "updates")
    assert [each["status"] for each in found] == [
        "OPEN", "FOR_TRIAGE", "INTERNAL_REFERRAL", "IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS",
        "NO_FURTHER_ACTION", "REOPEN",
    ]  # fmt: skip
    assert found[6]["description"] == "The reporter could not be reached yet"


def test_a_push_becomes_a_comment(counter) -> None:
    """What somebody sends who deals with the case is a comment with its status in the log; nobody else reads it."""
    no = counter.reported()
    answer = counter.pushes("community", no, "INVESTIGATING", first_name="小明", email="ming@example.org")
    assert answer.status_code == 201, answer.text
    assert answer.json() == [{"update_id": f"{no}-2"}]
    assert events(counter, no)[-1] == ("comment", {"text": "INVESTIGATING: said by a stranger", "owner": {"org": OWNER}})
    assert len(counter.json("/servicerequestupdates", "updates")) == 1
    assert "stranger" not in counter.get(f"/requests/{no}.json").text
    again = counter.pushes("community", no, "INVESTIGATING", description="something else")
    assert (again.status_code, again.json()) == (200, answer.json())
    assert len(events(counter, no)) == 2


def test_the_reporters_word_closes_a_case(counter) -> None:
    """While the reporter is asked, a hotline's FIXED is a satisfied reporter; what the stranger wrote stays among ourselves."""
    station = counter.station
    station.hall.do(HOTLINE, {"district": DISTRICT, "person": station.ids["stranger"]})
    station.hall.do(
        "UPDATE wangge.role_grant SET area_id = (SELECT id FROM wangge.area WHERE code = %s) WHERE person_id = %s",
        [DISTRICT, station.ids["stranger"]],
    )
    no = counter.reported()
    answered(counter, no)
    answer = counter.pushes("stranger", no, "FIXED")
    assert (answer.status_code, answer.json()) == (201, [{"update_id": f"{no}-7"}]), answer.text
    shown = station.shown(no)
    assert (shown["state"], shown["satisfaction"]) == ("closed", "satisfied")
    last = counter.json("/servicerequestupdates", "updates")[-1]
    assert (last["update_id"], last["status"]) == (f"{no}-7", "FIXED")
    assert "stranger" not in counter.get(f"/requests/{no}.json").text


def test_reopen_reopens_what_is_closed(counter) -> None:
    """REOPEN is a reporter who is not satisfied while they are asked, and reopens a closed case for those who may."""
    station = counter.station
    no = counter.reported()
    answered(counter, no)
    assert counter.pushes("community", no, "REOPEN").status_code == 201
    assert station.shown(no)["satisfaction"] == "unsatisfied"
    counter.refused(counter.pushes("worker", no, "REOPEN"), 403)
    assert counter.pushes("community", no, "REOPEN", update_id="2").status_code == 201
    assert station.shown(no)["state"] == "in_progress"


def test_who_may_not_pushes_nothing(counter) -> None:
    """Whose the case is not is refused, however much they see of it; what is over, and what is not there, is said to be."""
    no = counter.reported()
    for who in ("worker", "stranger", "other_street", "auditor"):
        counter.refused(counter.pushes(who, no, "CLOSED"), 403)
    counter.refused(counter.pushes("community", "9999", "CLOSED"), 404)
    counter.station.done("community", no, "reject", reason="insufficient", answer="say more")
    counter.refused(counter.pushes("community", no, "CLOSED"), 400)
    assert [event for event, _ in events(counter, no)] == ["report", "reject"]


def test_a_push_that_cannot_be_is_refused(counter) -> None:
    """Everything that is wrong with an update is said at once; without a key nothing is looked at."""
    no = counter.reported()
    empty = {"service_request_id": None, "update_id": None, "description": None, "updated_datetime": None}
    assert len(counter.refused(counter.pushes("community", no, "", **empty), 400)) == 5
    wrong = {"updated_datetime": "yesterday", "update_id": "x" * 201}
    assert len(counter.refused(counter.pushes("community", no, "DONE", **wrong), 400)) == 3
    counter.refused(counter.pushes("community", no, "OPEN", api_key=None), 403)
    counter.refused(counter.pushes("community", no, "OPEN", jurisdiction_id="999999"), 404)


OWNER = "center:370103001001"
