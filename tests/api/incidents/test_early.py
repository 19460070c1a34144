"""Early warnings that are told: one for each heap, whoever looks; to those who see its cases."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest

from api.chores import do_once, usual_chores
from api.incidents.early import warn
from api.settings import Settings
from api.stats.heaps import heaps
from data.store.log import broken
from data.store.pool import connect
from tests.api.feed.follow import following
from tests.api.incidents.station import GRID, HERE, NEXT, at
from tests.api.v1.hall import problem
from tests.published import DISTRICT, STREETS

ZONE = ZoneInfo("Asia/Shanghai")


def states(station, who="community", area=HERE, **said):
    """State a rule and return the answer."""
    return station.asks(who, "PUT", "/v1/warning-rules", json={"area": area, **said})


def looks(station) -> int:
    """Look for heaps as the service does; return how many were told of."""
    with closing(connect(station.hall.db.admin)) as conn:
        told = warn(conn, station.hall.now, today=station.hall.now.astimezone(ZONE).date())
        assert broken(conn) == ()
        return told


def warnings(station, who="community", **query):
    return station.asks(who, "GET", "/v1/warnings", params=query).json()["warnings"]


def test_a_heap_is_told_of_once(station) -> None:
    """Three of three cases raise one warning; a fourth comes to it and raises none; after its end a new heap is another."""
    assert states(station, least=3, hours=24, category="rubbish").status_code == 200
    numbers = []
    for _ in range(2):
        numbers.append(station.reports()["no"])
        station.passes(hours=1)
    assert looks(station) == 0
    numbers.append(station.reports()["no"])
    assert (looks(station), looks(station)) == (1, 0)
    station.passes(hours=1)
    numbers.append(station.reports()["no"])
    assert looks(station) == 0
    (one,) = warnings(station, state="open")
    assert (one["grid"], one["category"], one["count"], one["numbers"]) == (GRID, "rubbish", 4, sorted(numbers))
    assert (one["least"], one["hours"], one["radius_m"]) == (3, 24, None)
    station.passes(hours=24)
    assert (warnings(station, state="open"), len(warnings(station, state="past"))) == ([], 1)
    for _ in range(3):
        station.reports()
    assert (looks(station), len(warnings(station))) == (1, 2)
    told = "SELECT subject, path::text, body ->> 'grid' FROM wangge.event WHERE kind = 'warning.raised' ORDER BY seq"
    path = station.hall.value("SELECT path::text FROM wangge.area WHERE code = %s", [HERE])
    assert station.hall.rows(told) == [(str(each["id"]), path, GRID) for each in warnings(station)[::-1]]


def test_four_servers_tell_once(station) -> None:
    """Four services that look at once, again and again, tell of five heaps five times."""
    states(station, least=2, hours=24)
    for n in range(5):
        for _ in range(2):
            station.reports(category=f"kind {n}")
    barrier = Barrier(4)

    def go() -> None:
        with closing(connect(station.hall.db.admin)) as conn:
            barrier.wait()
            for _ in range(5):
                warn(conn, station.hall.now, today=station.hall.now.astimezone(ZONE).date())

    threads = [Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    told = "SELECT count(*), count(DISTINCT subject) FROM wangge.event WHERE kind = 'warning.raised'"
    assert station.hall.rows(told) == [(5, 5)]


@pytest.mark.parametrize("seed", range(4))
def test_looking_again_and_again_finds_what_looking_once_does(station, seed) -> None:
    """However cases come and whenever the service looks, the warnings hold the cases of the whole time's heaps, each once."""
    draw = Random(seed)  # noqa: S311 - a story that is the same each time
    states(station, least=3, hours=24)
    cases = []
    for _ in range(20):
        gap = draw.choice([0.5, 1, 3, 8, 20])
        if gap > 6 or draw.random() < 0.5:  # a service may rest, but not for a day
            looks(station)
        station.passes(hours=gap)
        category = draw.choice("aab")
        made = station.reports(category=category, **at(draw.choice([50, 250]), 200))
        cases.append((made["grid"], category, station.hall.now, made["no"]))
    looks(station)
    whole = heaps(sorted(cases), least=3, within=timedelta(hours=24))
    assert whole
    found = [(each["grid"], each["category"], each["numbers"]) for each in warnings(station)]
    assert sorted(found) == sorted((heap.grid, heap.category, sorted(heap.numbers)) for heap in whole)
    times = {(datetime.fromisoformat(each["since"]), datetime.fromisoformat(each["until"])) for each in warnings(station)}
    assert times == {(heap.since, heap.until) for heap in whole}


def test_a_service_looks_by_itself(station, tmp_path) -> None:
    """It is among what a service does again and again, as the day of its zone has the rules."""
    station.hall.now = datetime(2026, 3, 2, 17, tzinfo=UTC)
    states(station, least=2, hours=24, valid_from="2026-03-03")
    station.reports()
    station.reports()
    with usual_chores(Settings(home=tmp_path), station.hall.db.app, "w") as chores:
        do_once([chore for chore in chores if chore.name == "warn"], station.hall.db.admin, lambda: station.hall.now)
    assert [each["count"] for each in warnings(station)] == [2]


def test_the_nearest_rule_holds(station) -> None:
    """A community's rule goes before the district's, the named category before any; without one there is no warning."""
    assert looks(station) == 0
    states(station, "district", DISTRICT, least=2, hours=24)
    states(station, least=3, hours=24)
    states(station, least=4, hours=24, category="noise")
    for category, count in (("rubbish", 2), ("noise", 3)):
        for _ in range(count):
            station.reports(category=category)
    assert looks(station) == 0
    for _ in range(2):
        station.reports(**at(700, 200))
    station.reports()
    station.reports(category="noise")
    assert looks(station) == 3
    found = {(each["category"], each["least"], each["count"]) for each in warnings(station, "district")}
    assert found == {("rubbish", 2, 2), ("rubbish", 3, 3), ("noise", 4, 4)}
    states(station, least=None, hours=None)
    left = station.asks("community", "GET", "/v1/warning-rules", params={"area": HERE}).json()["rules"]
    assert [(each["area"], each["category"], each["least"]) for each in left] == [(HERE, "noise", 4), (DISTRICT, "*", 2)]


def test_duplicates_and_what_was_rejected_make_no_heap(station) -> None:
    """What repeats another case, or was none, does not count; old cases warn of nothing when a rule is made."""
    for _ in range(3):
        station.reports()
    station.passes(days=3)
    states(station, least=3, hours=24)
    assert looks(station) == 0
    first, second, third = (station.reports()["no"] for _ in range(3))
    station.done("community", second, "reject", reason="duplicate", master=first, answer="known")
    assert looks(station) == 0
    station.done("community", third, "reject", reason="insufficient", answer="nothing there")
    station.reports()
    assert looks(station) == 0
    station.reports()
    assert looks(station) == 1


def test_cases_near_each_other_are_one_whatever_grid_they_lie_in(station) -> None:
    """By a radius, cases on both sides of a line are one heap without a grid, of those who see both; farther ones are none."""
    states(station, "district", DISTRICT, least=3, hours=24, radius_m=50)
    for x in (580, 595, 720):
        station.reports(**at(x, 200))
    assert looks(station) == 0
    station.reports(**at(615, 200))
    assert looks(station) == 1
    (one,) = warnings(station, "street", area=STREETS[0])
    assert (one["grid"], one["count"], one["radius_m"]) == (None, 3, 50)
    assert warnings(station, "community") == []
    problem(station.asks("community", "GET", f"/v1/warnings/{one['id']}"), 404, "not-found")
    assert station.asks("street", "GET", f"/v1/warnings/{one['id']}").json()["numbers"] == one["numbers"]


def test_a_warning_is_told_to_those_who_see_its_cases(station) -> None:
    """It comes over the stream to who works there, to nobody of another street, and to nobody who does not see the category."""
    states(station, least=2, hours=24)
    plumber = station.hall.comes("plumber", ("grid_worker", HERE, "water"))
    station.who["plumber"] = plumber
    with (
        following(station.hall.client, station.who["worker"], types="cn.gridgov.warning.*") as worker,
        following(station.hall.client, station.who["other_street"], types="cn.gridgov.warning.raised") as other,
        following(station.hall.client, plumber, types="cn.gridgov.warning.*") as stranger,
    ):
        for stream in (worker, other, stranger):
            stream.next()
        for _ in range(3):
            station.reports()
            looks(station)
        (told,) = worker.events(1)
        assert worker.nothing(1.2)
        assert other.nothing(0.1)
        assert stranger.nothing(0.1)
    assert told["type"] == "cn.gridgov.warning.raised"
    link = told["data"].pop("link")
    assert told["data"].pop("since") <= told["data"].pop("until")
    assert told["data"] == {
        "warning": told["subject"], "event": "raised", "grid": GRID, "category": "rubbish", "count": 2, "least": 2,
        "hours": 24, "radius_m": None, "area": HERE,
    }  # fmt: skip
    path = link.removeprefix(str(station.hall.client.base_url))
    assert station.asks("worker", "GET", path).json()["count"] == 3
    assert warnings(station, "plumber") == []


def test_who_states_rules(station) -> None:
    """Who dispatches in an area states its rules, from today on; workers read them, and others' areas are not theirs."""
    problem(states(station, "worker", least=2, hours=24), 403, "scope-denied")
    problem(states(station, area=NEXT, least=2, hours=24), 403, "scope-denied")
    problem(states(station, least=2), 400, "invalid-parameter")
    problem(states(station, least=1, hours=24), 422, "invalid-body")
    problem(states(station, least=2, hours=24, valid_from="2026-03-01"), 409, "past-day")
    assert states(station, least=2, hours=24, valid_from="2026-03-04").status_code == 200
    asked = {"area": HERE}
    assert station.asks("worker", "GET", "/v1/warning-rules", params=asked).json()["rules"] == []
    (rule,) = station.asks("worker", "GET", "/v1/warning-rules", params=asked | {"at": "2026-03-04"}).json()["rules"]
    assert (rule["area"], rule["category"], rule["least"]) == (HERE, "*", 2)
    assert station.asks("other_street", "GET", "/v1/warning-rules", params={"at": "2026-03-04"}).json()["rules"] == []
    station.passes(days=2)
    station.reports()
    station.reports()
    assert looks(station) == 1


def test_warnings_come_in_pages(station) -> None:
    """Warnings are listed by category and page by page, and none is lost."""
    states(station, least=2, hours=24)
    for category in ("a", "b", "c"):
        station.reports(category=category)
        station.reports(category=category)
    assert looks(station) == 3
    page = station.asks("district", "GET", "/v1/warnings", params={"limit": 2}).json()
    rest = station.asks("district", "GET", "/v1/warnings", params={"limit": 2, "before": page["next"]}).json()
    assert [each["category"] for each in page["warnings"] + rest["warnings"]] == ["c", "b", "a"]
    assert rest["next"] is None
    assert [each["category"] for each in warnings(station, category="b")] == ["b"]
