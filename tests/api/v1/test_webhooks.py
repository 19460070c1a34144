"""Subscriptions over HTTP: one's own, to where messages may go, with a secret that is shown once."""

from __future__ import annotations

from contextlib import closing
from random import Random

import pytest

from api.feed.post import Client
from api.feed.sender import Outbox, deliver_due
from api.v1.webhooks import allowed
from data.store.feed import now_at, renew
from data.store.pool import Pool, connect
from data.store.sql import many
from data.store.webhooks import MOST
from tests.api.feed.receiver import HERE, is_signed, receiver
from tests.api.incidents.station import HERE as COMMUNITY
from tests.api.incidents.station import station_over
from tests.api.v1.hall import problem
from tests.stored import owner


@pytest.fixture
def station(db, tmp_path):
    """The small town, where messages may go to this machine."""
    with station_over(db, tmp_path) as made:
        made.hall.app.dependency_overrides[allowed] = lambda: HERE
        yield made


@pytest.fixture
def box():
    """A receiver that takes everything."""
    with receiver() as made:
        yield made


def subscribes(station, box, who="street", **wanted):
    """Subscribe; return what the answer says."""
    answer = station.asks(who, "POST", "/v1/webhooks", json={"url": box.url, **wanted})
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["location"].endswith(answer.json()["id"])
    return answer.json()


def delivers(station) -> None:
    """Do what a worker does, until there is nothing to do."""
    service = station.hall.app.state.service
    with closing(Pool(station.hall.db.app, size=1)) as reader, closing(connect(station.hall.db.admin)) as conn:
        outbox = Outbox(
            reader=reader,
            client=Client(allowed=HERE),
            pepper=service.door.pepper,
            draw=Random(1),  # noqa: S311 - waits that are the same each time
        )
        while deliver_due(outbox, conn, station.hall.now):
            pass


def test_what_is_done_is_sent_and_signed_with_the_secret_that_was_shown(station, box) -> None:
    """From a subscription to a message: what happens is sent, signed, without words or names, and the secret is shown once."""
    made = subscribes(station, box, name=" our wall ", types=["cn.gridgov.incident.*"])
    assert made["secret"].startswith("whsec_")
    assert (made["name"], made["state"], made["failures"], made["area"]) == ("our wall", "active", 0, None)
    no = station.reports(title="SECRET-WORDS", contact={"name": "SECRET", "phone": "13800001111"})["no"]
    station.done("community", no, "accept", matter="0101")
    delivers(station)
    assert [each.event["data"]["event"] for each in box.taken] == ["report", "accept"]
    assert all(is_signed(each, made["secret"]) for each in box.taken)
    assert b"SECRET" not in b"".join(each.body for each in box.taken)
    shown = station.asks("street", "GET", f"/v1/webhooks/{made['id']}").json()
    assert (shown["status"], shown["fault"]) == (204, "")
    assert shown["cursor"] == box.taken[-1].event["cursor"] or shown["cursor"].endswith("--0")
    everything = station.asks("street", "GET", "/v1/webhooks").text + str(shown)
    assert made["secret"] not in everything
    with owner(station.hall.db.admin) as conn:
        rows = many(conn, "SELECT w::text FROM wangge.webhook w UNION ALL SELECT e::text FROM wangge.event e")
    assert made["secret"].removeprefix("whsec_")[:40] not in str(rows)


def test_a_worker_is_sent_what_a_worker_sees(station, box) -> None:
    """Two owners with one receiver: each gets what lies in their own streets."""
    mine = subscribes(station, box, "worker")
    theirs = subscribes(station, box, "other_street")
    no = station.reports()["no"]
    delivers(station)
    assert [(each.event["subject"], is_signed(each, mine["secret"])) for each in box.taken] == [(no, True)]
    assert not is_signed(box.taken[0], theirs["secret"])


def test_a_subscription_is_its_owners_alone(station, box) -> None:
    """Nobody else sees, changes, tries or takes away a subscription, nor learns that there is one."""
    made = subscribes(station, box)
    here = f"/v1/webhooks/{made['id']}"
    for who in ("colleague", "district", "auditor"):
        assert station.asks(who, "GET", "/v1/webhooks").json()["webhooks"] == []
        problem(station.asks(who, "GET", here), 404, "not-found")
        problem(station.asks(who, "PATCH", here, json={"state": "paused"}), 404, "not-found")
        problem(station.asks(who, "POST", f"{here}/ping"), 404, "not-found")
        problem(station.asks(who, "DELETE", here), 404, "not-found")
    problem(station.hall.client.get("/v1/webhooks"), 401, "unidentified")
    clerk = station.hall.comes("clerk", ("administrator", None))
    problem(station.hall.client.post("/v1/webhooks", json={"url": box.url}, headers=clerk), 403, "scope-denied")
    assert station.asks("street", "DELETE", here).status_code == 204
    problem(station.asks("street", "GET", here), 404, "not-found")
    kinds = station.hall.rows("SELECT kind, body ->> 'host' FROM wangge.event WHERE subject = %s ORDER BY at", [made["id"]])
    assert kinds == [("webhook.added", "127.0.0.1"), ("webhook.removed", "127.0.0.1")]


def test_a_subscription_is_changed_stopped_and_sent_again(station, box) -> None:
    """A subscription takes another area, other types, a pause, and an earlier place, from which everything comes again."""
    made = subscribes(station, box, types=["cn.gridgov.incident.report"])
    here = f"/v1/webhooks/{made['id']}"

    def change(**wanted):
        answer = station.asks(
            "street", "PATCH", here, json=wanted, headers={"Idempotency-Key": str(wanted)[:60].replace(" ", "")}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert change(state="paused")["state"] == "paused"
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    delivers(station)
    assert box.taken == []
    problem(station.asks("street", "POST", f"{here}/ping"), 409, "webhook-not-active")
    assert change(state="active")["state"] == "active"
    delivers(station)
    assert box.events() == [("report", no)]
    assert change(types=[], area=COMMUNITY, cursor=made["cursor"])["area"] == COMMUNITY
    delivers(station)
    assert box.events()[1:] == [("report", no), ("accept", no)]
    assert box.taken[0].id == box.taken[1].id
    assert change(area=None)["area"] is None


def test_a_test_message_can_be_had(station, box) -> None:
    """A ping is asked for, sent by who sends, and told of by the subscription."""
    made = subscribes(station, box)
    here = f"/v1/webhooks/{made['id']}"
    answer = station.asks("street", "POST", f"{here}/ping")
    assert (answer.status_code, answer.json()["pinged"]) == (202, True)
    delivers(station)
    assert box.taken[0].event["type"] == "cn.gridgov.webhook.ping"
    shown = station.asks("street", "GET", here).json()
    assert (shown["pinged"], shown["status"]) == (False, 204)


REFUSED = {
    "http://hook.example/": "target-invalid",
    "https://user:pass@hook.example/": "target-invalid",
    "https://127.0.0.1/": "target-forbidden",
    "https://localhost/": "target-forbidden",
    "https://169.254.169.254/latest/meta-data": "target-forbidden",
    "https://100.100.100.200/": "target-forbidden",
    "https://10.1.2.3/": "target-forbidden",
    "https://[::1]/": "target-forbidden",
    "https://[fd00::1]/": "target-forbidden",
    "https://2130706433/": "target-forbidden",
    "https://no-such-host.invalid/": "target-unknown",
}


def test_messages_go_to_the_world_by_https_only(station, box) -> None:
    """Without a word in the settings neither http nor an address inside is taken, at the beginning or later."""
    made = subscribes(station, box)
    station.hall.app.dependency_overrides.clear()
    for url, code in REFUSED.items():
        answer = problem(station.asks("street", "POST", "/v1/webhooks", json={"url": url}), 400, code)
        assert answer["errors"][0]["parameter"] == "url"
        problem(station.asks("street", "PATCH", f"/v1/webhooks/{made['id']}", json={"url": url}), 400, code)
    assert station.asks("street", "GET", f"/v1/webhooks/{made['id']}").json()["url"] == box.url


def test_what_cannot_be_is_refused(station, box) -> None:
    """Wrong types, areas, places and empty changes are named; nobody has more than so many."""
    post = lambda **wanted: station.asks("street", "POST", "/v1/webhooks", json={"url": box.url, **wanted})  # noqa: E731
    problem(post(types=["cn.gridgov.person.added"]), 400, "invalid-parameter")
    problem(post(area="nowhere"), 400, "invalid-parameter")
    problem(post(cursor="x"), 400, "invalid-cursor")
    problem(post(secret="mine"), 422, "invalid-body")  # noqa: S106 - that is what is refused
    first = subscribes(station, box)
    problem(station.asks("street", "PATCH", f"/v1/webhooks/{first['id']}", json={}), 422, "invalid-body")
    problem(station.asks("street", "PATCH", f"/v1/webhooks/{first['id']}", json={"state": "disabled"}), 422, "invalid-body")
    with owner(station.hall.db.admin) as conn:
        old = str(now_at(conn))
        renew(conn)
    problem(post(cursor=old), 409, "feed-reset")
    for _ in range(MOST - 1):
        subscribes(station, box)
    problem(post(), 409, "too-many-webhooks")


def test_who_is_disabled_begins_anew(station, box) -> None:
    """One that was disabled is made active again by its owner, with no failures, and gets what it has missed."""
    made = subscribes(station, box)
    station.hall.do("UPDATE wangge.webhook SET state = 'disabled', failures = 20")
    no = station.reports()["no"]
    delivers(station)
    assert box.came == []
    answer = station.asks("street", "PATCH", f"/v1/webhooks/{made['id']}", json={"state": "active"}).json()
    assert (answer["state"], answer["failures"]) == ("active", 0)
    delivers(station)
    assert box.events() == [("report", no)]
