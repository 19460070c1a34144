"""What is known of people is erased: who reported, when the time is over; the words of one incident, when somebody asks."""

from __future__ import annotations

from contextlib import closing

from api.chores import do_once, tidy
from api.incidents.desk import words_digest
from data.store.pool import connect
from data.store.sql import many
from tests.api.incidents.proof import faults, faults_in
from tests.api.v1.hall import problem

SAID = {"title": "张三家漏水", "description": "张三, 138 0000 0000", "address": "幸福里 3-201"}
CONTACT = {"name": "张三", "phone": "13800000000"}


def tidied(station, days=180) -> None:
    """Throw away what is over, by the station's clock."""
    do_once((tidy(contact_days=days),), station.hall.db.admin, lambda: station.hall.now)
    assert faults_in(station.hall.db.admin) == []


def kept(station) -> set[str]:
    """Return the numbers of incidents of which it is kept who reported them: as others see it too, and in rows that were."""
    return {
        no
        for (no,) in station.hall.rows(
            """SELECT no FROM wangge.incident_contact UNION SELECT no FROM wangge.incident WHERE contact <> ''
               UNION SELECT no FROM wangge.incident_past WHERE contact <> ''"""
        )
    }


def test_who_reported_is_kept_for_a_time_after_the_end(station) -> None:
    """Days after the end, and not before, it is erased who reported; of what is open never; the log has the count alone."""
    over = [station.reports(title=f"{n}", contact=CONTACT)["no"] for n in range(2)]
    still = station.reports(title="open", contact=CONTACT)["no"]
    for no in over:
        station.done("community", no, "reject", reason="insufficient", answer="no")
    assert kept(station) == {*over, still}
    station.passes(days=179)
    tidied(station)
    assert kept(station) == {*over, still}
    station.passes(days=1, seconds=1)
    tidied(station)
    tidied(station)
    assert kept(station) == {still}
    assert [station.shown(no)["contact"] for no in (*over, still)] == ["", "", "138****0000"]
    ((count, text),) = station.hall.rows("SELECT body ->> 'count', body::text FROM wangge.event WHERE kind = 'contact.erased'")
    assert (count, "张三" in text, over[0] in text) == ("2", False, False)


def test_how_long_is_for_the_town_to_say(station) -> None:
    """With one day it is erased after one day; what was closed counts from when it was archived."""
    no = station.reports(contact=CONTACT)["no"]
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    station.done("worker", no, "handle", result="taken away", outcome="resolved", evidence=["photo"])
    station.done("community", no, "check_pass")
    station.done("community", no, "feedback", result="satisfied", answer="it is gone")
    station.passes(days=10)
    tidied(station, days=1)
    assert kept(station) == {no}
    station.hall.do("UPDATE wangge.incident SET state = 'archived', at = %s WHERE no = %s", [station.hall.now, no])
    station.passes(days=1, seconds=1)
    do_once((tidy(contact_days=1),), station.hall.db.admin, lambda: station.hall.now)
    assert kept(station) == set()


def test_words_are_erased_when_somebody_asks(station) -> None:
    """Who dispatches for the district erases what was said, in every row; the log keeps why, and the digest."""
    no = station.reports(**SAID, contact=CONTACT)["no"]
    station.done("community", no, "accept", matter="0101")
    here = f"/v1/incidents/{no}/erasure"
    problem(station.asks("worker", "POST", here, json={"reason": "request"}), 403, "scope-denied")
    problem(station.asks("other_street", "POST", here, json={"reason": "request"}), 404, "not-found")
    problem(station.asks("street", "POST", here, json={"reason": "request"}), 403, "wrong-tier")
    problem(station.asks("district", "POST", here, json={"reason": "张三 asked"}), 422, "invalid-body")
    assert station.shown(no)["title"] == SAID["title"]
    for _ in range(2):
        answer = station.asks("district", "POST", here, json={"reason": "request"})
        assert answer.status_code == 200, answer.text
    shown = station.shown(no)
    assert [shown[name] for name in SAID] == ["", "", ""]
    assert shown["words_erased_at"] is not None
    assert (shown["state"], shown["contact"]) == ("accepted", "138****0000")
    with closing(connect(station.hall.db.admin)) as conn:
        assert faults(conn) == []
        stored = " ".join(text for (text,) in many(
            conn,
            """SELECT to_jsonb(i)::text FROM wangge.incident i UNION ALL SELECT to_jsonb(p)::text FROM wangge.incident_past p
               UNION ALL SELECT to_jsonb(e)::text FROM wangge.event e""",
        ))  # fmt: skip
    assert not any(words in stored for words in SAID.values())
    told = station.hall.rows("SELECT body FROM wangge.event WHERE kind = 'incident.words-erased'")
    assert told == [({"words": words_digest(*SAID.values()), "reason": "request"},)]
    station.done("worker", no, "claim")


def test_of_what_is_over_the_contact_goes_with_the_words(station) -> None:
    """Once nobody has to be answered any more, it is erased with the words who reported."""
    no = station.reports(**SAID, contact=CONTACT)["no"]
    station.done("community", no, "reject", reason="insufficient", answer="no")
    assert station.asks("district", "POST", f"/v1/incidents/{no}/erasure", json={"reason": "unlawful"}).status_code == 200
    assert kept(station) == set()
    assert faults_in(station.hall.db.admin) == []


def test_whoever_follows_incidents_is_told(station) -> None:
    """The feed of incidents as they are now gives what was erased once more, without the words."""
    no = station.reports(**SAID)["no"]
    feed = "/v1/feeds/incidents"
    cursor = station.asks("district", "GET", feed).json()["next"]
    assert station.asks("district", "GET", feed, params={"cursor": cursor}).json()["incidents"] == []
    station.asks("district", "POST", f"/v1/incidents/{no}/erasure", json={"reason": "request"})
    again = station.asks("district", "GET", feed, params={"cursor": cursor}).json()["incidents"]
    assert [each["no"] for each in again] == [no]


def test_what_one_has_seen_is_not_current_once_it_is_erased(station) -> None:
    """With the words, or with the contact when its time is over, the ETag changes: nobody is told that they have it already."""
    no = station.reports(**SAID, contact=CONTACT)["no"]
    addresses = [f"/v1/incidents/{no}", f"/v1/incidents/{no}/events"]

    def tags() -> list[str]:
        return [station.asks("district", "GET", each).headers["ETag"] for each in addresses]

    seen = [tags(), tags()]
    assert seen[0] == seen[1]
    station.asks("district", "POST", f"/v1/incidents/{no}/erasure", json={"reason": "request"})
    seen.append(tags())
    step = {"json": {"event": "reject", "reason": "insufficient", "answer": "no"}}
    here = f"/v1/incidents/{no}/transitions"
    problem(station.asks("community", "POST", here, headers={"If-Match": seen[0][0]}, **step), 412, "stale-version")
    assert station.asks("community", "POST", here, headers={"If-Match": seen[2][0]}, **step).status_code == 200
    seen.append(tags())
    station.passes(days=181)
    tidied(station)
    seen.append(tags())
    assert all(len({each[k] for each in seen}) == 4 for k in range(2))
