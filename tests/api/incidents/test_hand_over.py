"""Whoever is away has nothing in hand: what goes to whoever stands in, by itself and by a center, and what stays."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest

from api.incidents.hand_over import hand_over_due
from api.incidents.rehome import rehome_due
from api.incidents.rulebook import Rulebook
from data.store.pool import connect
from tests.api.feed.follow import following
from tests.api.incidents.proof import faults
from tests.api.incidents.station import GRID, HERE, at
from tests.api.incidents.test_rehome import cut_anew
from tests.api.v1.hall import problem

ZONE = ZoneInfo("Asia/Shanghai")
RULES = Rulebook()
CENTER = {"org": f"center:{HERE}"}


def handed(station, *, rehomed: bool = False) -> int:
    """Hand over as the service does, and check rows, batches and chains; return how many went."""
    with closing(connect(station.hall.db.admin)) as conn:
        if rehomed:
            rehome_due(conn, station.hall.now, station.hall.now.astimezone(ZONE).date(), RULES)
        done = hand_over_due(conn, station.hall.now, ZONE, RULES)
        assert faults(conn) == []
        return done


def claimed(station, who="worker", **said) -> str:
    """An incident that somebody has claimed."""
    no = station.reports(**said)["no"]
    station.done("community", no, "accept", matter="0101")
    station.done(who, no, "claim")
    return no


def of(station, who) -> dict[str, str]:
    """Somebody, as an owner."""
    return {"person": station.ids[who]}


def member(station, who) -> str:
    """Return somebody's number among the staff."""
    return station.hall.value("SELECT id::text FROM wangge.staff WHERE person_id = %s", [station.ids[who]])


def away(station, who, first: int, days: int = 5) -> None:
    """Put somebody on leave, from so many days after today on."""
    today = station.hall.now.astimezone(ZONE).date()
    body = {"valid_from": str(today + timedelta(days=first)), "valid_to": str(today + timedelta(days=first + days))}
    answer = station.asks("community", "POST", f"/v1/staff/{member(station, who)}/leave", json=body)
    assert answer.status_code == 201, answer.text


def log(station, no) -> list[dict]:
    """Return the hand-overs of an incident."""
    events = station.asks("district", "GET", f"/v1/incidents/{no}/events").json()["events"]
    return [each for each in events if each["event"] == "hand_over"]


def test_on_the_first_day_of_leave_b_goes_on(station) -> None:
    """On the first day of A's leave what A has in hand is B's, once, in its state and clocks; when A is back nothing moves."""
    no, waits = claimed(station), station.reports(title="nobody's yet")["no"]
    before = station.shown(no)
    away(station, "worker", 1, days=2)
    assert handed(station) == 0
    station.passes(days=1)
    assert handed(station) == 1
    assert handed(station) == 0
    after = station.shown(no)
    assert (after["state"], after["tier"], after["owner"]) == ("in_progress", "grid", of(station, "stand_in"))
    assert (after["clocks"]["stage"]["due_at"], after["clocks"]["total"]["due_at"]) == (
        before["clocks"]["stage"]["due_at"],
        before["clocks"]["total"]["due_at"],
    )
    (record,) = log(station, no)
    assert (record["actor"], record["payload"]["reason"], record["payload"]["to"]) == (None, "leave", of(station, "stand_in"))
    assert station.shown(waits)["owner"] == CENTER
    station.passes(days=2)
    assert handed(station) == 0
    assert station.shown(no)["owner"] == of(station, "stand_in")
    problem(station.does("worker", no, "handle", result="x", outcome="resolved", evidence=["p"]), 403, "not-the-owner")
    station.done("stand_in", no, "handle", result="taken away", outcome="resolved", evidence=["photo"])


def test_where_nobody_stands_in_the_center_has_it(station) -> None:
    """With both away it is the community center's, which works on it; leave that was entered late works too."""
    no = claimed(station)
    station.passes(days=3)
    for who in ("worker", "stand_in"):
        away(station, who, -2)
    assert handed(station) == 1
    assert (station.shown(no)["owner"], station.shown(no)["state"]) == (CENTER, "in_progress")
    station.done("community", no, "handle", result="taken away", outcome="resolved", evidence=["photo"])
    station.done("colleague", no, "check_fail", reason="still there")
    assert (station.shown(no)["owner"], handed(station)) == (CENTER, 0)


def test_b_is_passed_over_who_may_not_handle_it(station) -> None:
    """A B whose role has ended could do nothing with it: the center gets it."""
    no = claimed(station)
    station.hall.do("DELETE FROM wangge.role_grant WHERE person_id = %s", [station.ids["stand_in"]])
    away(station, "worker", 0)
    assert handed(station) == 1
    assert station.shown(no)["owner"] == CENTER


def test_work_that_comes_back_to_somebody_who_is_away_goes_on(station) -> None:
    """A failed check brings it back to A, who is on leave by then: it is B's at the next round."""
    no = claimed(station)
    station.done("worker", no, "handle", result="taken away", outcome="resolved", evidence=["photo"])
    away(station, "worker", 0)
    assert handed(station) == 0
    station.done("community", no, "check_fail", reason="still there")
    assert station.shown(no)["owner"] == of(station, "worker")
    assert handed(station) == 1
    assert station.shown(no)["owner"] == of(station, "stand_in")


def test_who_leaves_and_whose_post_ends(station) -> None:
    """Of somebody who leaves it goes to the other of the pair; when that one's post ends too, to the center."""
    no = claimed(station)
    answer = station.asks("community", "PATCH", f"/v1/staff/{member(station, 'worker')}", json={"status": "left"})
    assert answer.json()["open_incidents"] == [no]
    assert handed(station) == 1
    post = station.hall.value("SELECT id FROM wangge.post WHERE staff_id = %s", [member(station, "stand_in")])
    tomorrow = station.hall.now.astimezone(ZONE).date() + timedelta(days=1)
    assert station.asks("community", "DELETE", f"/v1/posts/{post}", params={"on": str(tomorrow)}).status_code == 204
    assert handed(station) == 0
    station.passes(days=1)
    assert handed(station) == 1
    assert [(each["payload"]["reason"], each["payload"]["to"]) for each in log(station, no)] == [
        ("left", of(station, "stand_in")),
        ("post_ended", CENTER),
    ]


def test_the_new_grids_own_go_on_after_re_homing(station) -> None:
    """What a new net puts into another grid is its workers' there: A's who has no post there any more goes to who has."""
    second = f"{HERE}002"
    station.hall.do(
        "UPDATE wangge.post SET grid_code = %s WHERE letter = 'A'",
        [second],
    )
    no = claimed(station, **at(250, 200))
    assert (station.shown(no)["grid"], station.shown(no)["owner"]) == (second, of(station, "worker"))
    cut_anew(station)
    station.passes(days=1)
    assert handed(station, rehomed=True) == 1
    assert (station.shown(no)["grid"], station.shown(no)["owner"]) == (GRID, of(station, "stand_in"))
    assert log(station, no)[0]["payload"]["reason"] == "rehomed"


def test_who_was_given_it_from_elsewhere_keeps_it(station) -> None:
    """Somebody to whom a center sent it on purpose, who never had a post on its grid, keeps it; until they are away."""
    station.hall.do(
        """INSERT INTO wangge.staff (name, person_id, area_id, path, created_at, updated_at)
           SELECT 'x', %s, area_id, path, now(), now() FROM wangge.staff LIMIT 1""",
        [station.ids["colleague"]],
    )
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    station.done("community", no, "dispatch", to=of(station, "colleague"))
    station.passes(days=1)
    assert handed(station) == 0
    away(station, "colleague", 0)
    assert handed(station) == 1
    shown = station.shown(no)
    assert (shown["state"], shown["tier"], shown["owner"]) == ("assigned", "community", CENTER)


def test_four_servers_hand_over_once(station) -> None:
    """Four services at once hand twelve incidents over twelve times."""
    numbers = [claimed(station, title=f"heap {n}") for n in range(12)]
    away(station, "worker", 0)
    barrier, done = Barrier(4), []

    def go() -> None:
        with closing(connect(station.hall.db.admin)) as conn:
            barrier.wait()
            while (count := hand_over_due(conn, station.hall.now, ZONE, Rulebook(), limit=3)) > 0:
                done.append(count)

    threads = [Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert handed(station) == 12 - sum(done)
    told = "SELECT count(*), count(DISTINCT subject) FROM wangge.event WHERE kind = 'incident.hand_over'"
    assert station.hall.rows(told) == [(12, 12)]
    assert all(station.shown(no)["owner"] == of(station, "stand_in") for no in numbers)


def test_a_center_hands_over_with_a_reason(station) -> None:
    """A member of the center in charge gives it to whoever has a post on the grid, or to the center; to nobody else."""
    no = claimed(station)
    to = of(station, "stand_in")
    problem(station.does("community", no, "hand_over", to=to), 400, "missing-field")
    problem(station.does("community", no, "hand_over", to=to, reason="bored"), 400, "invalid-parameter")
    problem(station.does("community", no, "hand_over", to=to, reason="other"), 400, "missing-field")
    problem(station.does("community", no, "hand_over", to=of(station, "worker"), reason="leave"), 400, "same-owner")
    problem(station.does("community", no, "hand_over", to=of(station, "stranger"), reason="leave"), 400, "no-post")
    problem(station.does("community", no, "hand_over", to={"org": "sanitation"}, reason="leave"), 400, "not-in-charge")
    shown = station.done("community", no, "hand_over", to=to, reason="other", text="he is ill")
    assert (shown["owner"], shown["state"]) == (to, "in_progress")
    assert station.done("street", no, "hand_over", to=CENTER, reason="leave")["owner"] == CENTER
    problem(station.does("community", no, "hand_over", to=to, reason="leave"), 409, "not-in-hand")
    assert [each["payload"].get("text") for each in log(station, no)] == ["he is ill", None]


def test_the_feed_tells_it(station) -> None:
    """Whoever follows the town is told that it was handed over, and not to whom."""
    no = claimed(station)
    away(station, "worker", 0)
    with following(station.hall.client, station.who["street"]) as stream:
        stream.next()
        assert handed(station) == 1
        (told,) = stream.events(1)
    assert (told["type"], told["subject"], told["data"]["state"]) == ("cn.gridgov.incident.hand-over", no, "in_progress")
    assert not any(person in str(told) for person in station.ids.values())


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("worker", 403, "scope-denied"),
        ("stand_in", 403, "scope-denied"),
        ("stranger", 404, "not-found"),
        ("other_street", 404, "not-found"),
    ],
)
def test_others_hand_nothing_over(station, who, status, code) -> None:
    """Neither the workers themselves nor those of other places give it to somebody."""
    no = claimed(station)
    problem(station.does(who, no, "hand_over", to=of(station, "stand_in"), reason="leave"), status, code)
    assert "hand_over" not in {each["event"] for each in station.shown(no, "worker")["transitions"]}
    assert "hand_over" in {each["event"] for each in station.shown(no, "community")["transitions"]}
