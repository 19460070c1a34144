"""The feed of incidents: each change once, the last one always, whoever commits when."""

from __future__ import annotations

import threading
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from data.store.feed import renew
from tests.api.incidents.station import GRID, HERE, at, station_over
from tests.api.v1.hall import problem
from tests.stored import owner

FEED = "/v1/feeds/incidents"


@pytest.fixture
def station(db, tmp_path):
    """The small town, whose incidents can be followed."""
    with station_over(db, tmp_path) as made:
        yield made


def read(station, who="district", **parameters):
    """Read one page."""
    answer = station.asks(who, "GET", FEED, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rest(station, cursor=None, who="district", limit=3):
    """Read on to the end; return what came, and where that is."""
    found, more = [], True
    while more:
        page = read(station, who, limit=limit, **({"cursor": cursor} if cursor else {}))
        found += page["incidents"]
        cursor, more = page["next"], page["more"]
    return found, cursor


def test_each_change_comes_once_and_the_place_is_kept(station) -> None:
    """From the beginning everything comes, then only what has changed, as it is now; at the end the place stands."""
    numbers = [station.reports()["no"] for _ in range(5)]
    found, cursor = rest(station)
    assert [each["no"] for each in found] == numbers
    assert {(each["state"], each["revision"], each["grid"], each["area"]) for each in found} == {("reported", 1, GRID, HERE)}
    assert rest(station, cursor) == ([], cursor) or rest(station, cursor)[0] == []
    station.done("community", numbers[3], "accept", matter="0101")
    station.done("community", numbers[1], "accept", matter="0101")
    station.done("worker", numbers[3], "claim")
    late = station.reports()["no"]
    found, cursor = rest(station, cursor)
    assert [(each["no"], each["revision"], each["state"]) for each in found] == [
        (numbers[1], 2, "accepted"), (numbers[3], 3, "in_progress"), (late, 1, "reported"),
    ]  # fmt: skip
    assert rest(station, cursor)[0] == []


def test_a_row_says_what_the_incident_says(station) -> None:
    """A row of the feed agrees with the incident itself in everything that both say, and carries no contact."""
    no = station.reports(contact={"name": "Wang", "phone": "13800001111"}, urgent=True)["no"]
    station.reports(**at(-5000, 0))
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    station.done("worker", no, "handle", result="away", outcome="resolved", evidence=["photo"], on_the_spot=True)
    rows = {each["no"]: each for each in rest(station)[0]}
    for number, row in rows.items():
        shown = station.shown(number)
        same = set(row) & set(shown) - {"links"}
        assert len(same) > 25
        assert {"on_the_spot", "located_by"} <= same
        assert {name: row[name] for name in same} == {name: shown[name] for name in same}
        assert (row["due_at"], row["stage_due_at"]) == (shown["clocks"]["total"]["due_at"], shown["clocks"]["stage"]["due_at"])
    assert rows[no]["on_the_spot"] is True
    text = str(rows)
    assert "1380000" not in text
    assert "138****" not in text
    assert not any(person in text for person in station.ids.values())


def test_everybody_gets_their_own(station) -> None:
    """A follower gets what lies in their areas, from the beginning and afterwards; who does not work here gets none of it."""
    station.reports()
    assert rest(station, who="other_street")[0] == []
    station.reports("stranger", **at(650, 200))
    assert len(rest(station, who="worker")[0]) == 1
    assert len(rest(station, who="district")[0]) == 2
    problem(station.asks("auditor", "GET", FEED), 403, "scope-denied")
    problem(station.hall.client.get(FEED), 401, "unidentified")


def test_one_may_begin_at_a_time(station) -> None:
    """`updated_since` leaves out what has not changed since, on every page of what it began, and keeps to `next` afterwards."""
    for _ in range(4):
        station.reports()
    station.passes(hours=1)
    since = station.hall.now
    late = [station.reports()["no"] for _ in range(4)]
    page = read(station, updated_since=since.isoformat(), limit=3)
    assert [each["no"] for each in page["incidents"]] == late[:3]
    (link,) = page["links"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(link["href"]).query).items()}
    assert query["cursor"] == page["next"]
    page = read(station, **query)
    assert ([each["no"] for each in page["incidents"]], page["more"]) == (late[3:], False)


def test_a_fact_that_changes_nothing_is_no_change(station) -> None:
    """What the service only notes of an incident does not bring it up again, and an edit without a record neither."""
    station.reports()
    _, cursor = rest(station)
    station.hall.do("UPDATE wangge.incident SET told_soon = now()")
    assert rest(station, cursor)[0] == []


def test_after_a_restore_one_begins_anew(station) -> None:
    """A place of before is refused with a word, and from the beginning everything can be read."""
    no = station.reports()["no"]
    _, cursor = rest(station)
    with owner(station.hall.db.admin) as conn:
        renew(conn)
    problem(station.asks("district", "GET", FEED, params={"cursor": cursor}), 409, "feed-reset")
    assert [each["no"] for each in rest(station)[0]] == [no]
    for wrong in ("x", f"{cursor}x", ""):
        problem(station.asks("district", "GET", FEED, params={"cursor": wrong}), 400, "invalid-cursor")
    problem(station.asks("district", "GET", FEED, params={"updated_since": "2026-01-01"}), 400, "invalid-parameter")


def test_following_while_everything_changes_ends_with_what_is(station) -> None:
    """While four threads report and act, a follower who reads on gets each revision once at most, and at the end what is."""
    seen, over = [], threading.Event()

    def act(thread):
        with httpx.Client(base_url=station.hall.client.base_url, timeout=20, trust_env=False) as own:

            def ask(who, address, **body):
                answer = own.post(address, json=body, headers=station.who[who])
                assert answer.status_code in {200, 201}, answer.text
                return answer.json()

            for n in range(8):
                place = at(20 + 20 * thread, 40 + 40 * n)
                no = ask("worker", "/v1/incidents", **place, category="rubbish", title=f"{thread} {n}")["no"]
                if n % 4:
                    ask("community", f"/v1/incidents/{no}/transitions", event="accept", matter="0101")
                if n % 4 > 1:
                    ask("worker", f"/v1/incidents/{no}/transitions", event="claim")

    threads = [threading.Thread(target=act, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    cursor, reads = None, 0
    while not over.is_set():
        if not any(thread.is_alive() for thread in threads):
            over.set()  # one more look after the last commit
        found, cursor = rest(station, cursor, limit=5)
        seen += found
        reads += bool(found)
    assert reads > 3, "the follower came too late to race"
    counted = Counter((each["no"], each["revision"]) for each in seen)
    assert max(counted.values()) == 1
    last = {each["no"]: each for each in seen}
    assert len(last) == 32
    for row in station.hall.rows("SELECT no, revision, state FROM wangge.incident"):
        assert row == (row[0], last[row[0]]["revision"], last[row[0]]["state"])
