"""Sending to subscribers: everything their owner sees, in order, signed, until it is taken; and nothing else."""

from __future__ import annotations

import importlib
import importlib.util
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from api.feed.cloud_event import EVERYTHING
from api.feed.sender import Pace, deliver_due, wait_after
from data.store import webhooks
from data.store.feed import renew
from data.store.pool import connect
from data.store.sql import many, run
from tests.api.feed.mailed import NOW, QUICK, post_office
from tests.api.feed.receiver import is_signed, receiver


@pytest.fixture
def post(db):
    """A post office."""
    with post_office(db) as made:
        yield made


@pytest.fixture
def box():
    """A receiver that takes everything."""
    with receiver() as made:
        yield made


def test_what_is_seen_is_sent_in_order_and_once(post, box) -> None:
    """A subscription gets the events of its owner's areas and types, each once, in the order of the feed, and then rests."""
    auditor = post.person("a", ("auditor", "d"))
    webhook = post.subscribes(auditor, box.url, "cn.gridgov.incident.*")
    for n in range(5):
        post.tells(f"{n}", path="1.3")
        post.tells(f"other {n}", path="2")
        post.tells(f"plan {n}", kind="plan.submit")
    assert post.delivers() >= 1
    assert box.events() == [("urge", str(n)) for n in range(5)]
    message = box.taken[0]
    assert message.headers["content-type"] == "application/cloudevents+json"
    assert message.event["source"] == "https://grid.example/v1/events"
    assert (message.id, message.event["id"]) == ("1-3_1", "1-3_1")
    assert post.row(webhook, "state", "failures", "status", "fault", "worker") == ("active", 0, 204, "", None)
    # Nothing new, nobody has anything to do: what was somebody else's has been passed.
    assert post.delivers() == 0
    post.tells("later")
    post.delivers()
    assert box.events()[5:] == [("urge", "later")]


def test_all_that_is_told_is_sent(post, box) -> None:
    """Orders, modes, warnings, problem points and ends are sent as plans are; what is not taken comes again, by its name."""
    post.subscribes(post.person("a", ("auditor", "d")), box.url, *EVERYTHING)
    kinds = [
        "incident.closed", "plan.submit", "order.placed", "mode.switched", "warning.raised", "problem_point.found",
        "problem_cluster.gathered",
    ]  # fmt: skip
    box.answer = lambda n: 500 if n == 1 else 204
    for n, kind in enumerate([*kinds, "order_flow.stated", "staff.added", "visit.made"]):
        post.tells(str(n), kind=kind)
    post.delivers()
    post.now += timedelta(minutes=1)
    post.delivers()
    names = [message.headers["webhook-id"] for message in box.came]
    assert names[0] == names[1]
    assert len(set(names)) == len(names) - 1 == len(kinds)
    assert [message.event["type"] for message in box.taken] == [f"cn.gridgov.{kind.replace('_', '-')}" for kind in kinds]


def test_an_outsider_verifies_what_we_sign(post, box) -> None:
    """The signature is that of Standard Webhooks: its own library accepts a message, and none that was changed."""
    webhook = post.subscribes(post.person("a", ("auditor", None)), box.url)
    post.now = datetime.now(UTC)
    post.tells("a")
    post.delivers()
    (message,) = box.taken
    secret = post.secret(webhook)
    assert is_signed(message, secret)
    assert not is_signed(replace(message, body=message.body + b" "), secret)
    assert not is_signed(message, post.secret("another"))
    if importlib.util.find_spec("standardwebhooks") is None:
        pytest.skip("verified by our own reckoning only: standardwebhooks is not installed here")
    theirs = importlib.import_module("standardwebhooks")
    assert theirs.Webhook(secret).verify(message.body, message.headers)["subject"] == "a"
    for changed in (
        replace(message, body=message.body + b" "),
        replace(message, headers=message.headers | {"webhook-id": "x"}),
    ):
        with pytest.raises(theirs.WebhookVerificationError):
            theirs.Webhook(secret).verify(changed.body, changed.headers)
    with pytest.raises(theirs.WebhookVerificationError):
        theirs.Webhook(post.secret("another")).verify(message.body, message.headers)


def test_only_what_its_owner_may_see_now_is_sent(post, box) -> None:
    """A role that was taken back counts at once, for what was written before too; one who is shut out is sent nothing."""
    person = post.person("a", ("auditor", "d"))
    webhook = post.subscribes(person, box.url)
    post.tells("before")
    run(post.conn, "UPDATE wangge.role_grant SET valid = tstzrange(lower(valid), %s)", [NOW])
    post.delivers()
    assert box.came == []
    run(post.conn, "UPDATE wangge.role_grant SET valid = tstzrange(lower(valid), NULL)")
    post.tells("after")
    run(post.conn, "UPDATE wangge.person SET active = false")
    assert post.delivers() == 0
    run(post.conn, "UPDATE wangge.person SET active = true")
    post.delivers()
    assert box.events() == [("urge", "after")]
    run(post.conn, "UPDATE wangge.webhook SET area_id = (SELECT id FROM wangge.area WHERE code = 'ds')")
    post.tells("beside")
    post.tells("inside", path="1.3")
    post.delivers()
    assert box.events()[1:] == [("urge", "inside")]
    assert post.row(webhook, "failures") == 0


def test_what_is_not_taken_comes_again_later_and_later(post, box) -> None:
    """After a failure the same message comes again, under its name, and what is behind it waits; the waits double."""
    webhook = post.subscribes(post.person("a", ("auditor", "d")), box.url)
    box.answer = lambda n: 500 if n <= 3 else 204
    post.tells("first")
    post.tells("second")
    waits = []
    for _ in range(4):
        assert post.delivers() == 1
        assert post.delivers() == 0
        waits.append((post.row(webhook, "next_at") - post.now).total_seconds())
        post.now += timedelta(seconds=waits[-1] + 1)
    assert [each.id for each in box.came] == ["1_1"] * 4 + ["1_2"]
    assert all(low <= wait <= 2 * low + 1 for wait, low in zip(waits, (2.5, 5, 10), strict=False))
    assert post.row(webhook, "failures", "status", "state") == (0, 204, "active")


def test_waits_grow_to_a_day_and_are_never_the_same() -> None:
    """The longest wait after n failures is 5 s doubled n - 1 times, a day at most, and at least half of it is waited."""
    draw = Random(3)  # noqa: S311 - waits that are the same each time
    for failures in (1, 2, 5, 14, 15, 16, 20, 500):
        longest = min(5.0 * 2.0 ** (failures - 1), 86_400.0)
        drawn = [wait_after(failures, Pace(), draw) for _ in range(200)]
        assert longest / 2 <= min(drawn) < longest * 0.6
        assert longest * 0.9 < max(drawn) <= longest
    total = sum(min(5.0 * 2.0**n, 86_400.0) for n in range(Pace().most_failures - 1))
    assert timedelta(days=5) < timedelta(seconds=total) < timedelta(days=8)


def test_who_never_takes_anything_is_given_up(post, box) -> None:
    """After so many failures in a row, or at once on 410, a subscription is disabled, which stands in the log."""
    person = post.person("a", ("auditor", "d"))
    webhook = post.subscribes(person, box.url)
    box.answer = lambda _: 500
    post.pace = Pace(most_failures=3)
    post.tells("a")
    for _ in range(5):
        post.delivers()
        post.now += timedelta(days=2)
    assert len(box.came) == 3
    assert post.row(webhook, "state", "failures") == ("disabled", 3)
    told = many(post.conn, "SELECT subject, body FROM wangge.event WHERE kind = 'webhook.disabled'")
    assert told == [(webhook, {"failures": 3, "status": 500, "fault": ""})]
    box.answer = lambda _: 410
    gone = post.subscribes(person, box.url)
    post.tells("b")
    post.delivers()
    assert post.row(gone, "state", "status") == ("disabled", 410)


def test_a_receiver_that_asks_for_time_gets_it(post, box) -> None:
    """Retry-After longer than our own wait is kept to."""
    webhook = post.subscribes(post.person("a", ("auditor", "d")), box.url)
    box.answer, box.more = (lambda _: 429), {"Retry-After": "3600"}
    post.tells("a")
    post.delivers()
    assert (post.row(webhook, "next_at") - NOW).total_seconds() >= 3600


def test_a_test_message_is_sent_once_and_counts_for_nothing(post, box) -> None:
    """A ping goes out at once, before what waits; whether or not it is taken, it is not sent again and nothing is put off."""
    webhook = post.subscribes(post.person("a", ("auditor", "d")), box.url)
    run(post.conn, "UPDATE wangge.webhook SET ping = gen_random_uuid()")
    box.answer = lambda n: 500 if n == 1 else 204
    post.tells("a")
    post.delivers()
    assert [each.event["type"] for each in box.came] == ["cn.gridgov.webhook.ping", "cn.gridgov.incident.urge"]
    assert box.came[0].id.startswith("ping_")
    assert box.came[0].event["data"] == {"webhook": webhook}
    assert is_signed(box.came[0], post.secret(webhook))
    assert post.row(webhook, "ping", "failures") == (None, 0)
    assert post.delivers() == 0


def test_after_a_restore_subscribers_are_told_so(post, box) -> None:
    """Where the epoch is another, the receiver is told to read anew, until it has taken that, and goes on from there."""
    webhook = post.subscribes(post.person("a", ("auditor", "d")), box.url)
    post.tells("old")
    renew(post.conn)
    post.tells("older")
    box.answer = lambda n: 500 if n == 1 else 204
    post.delivers()
    post.now += timedelta(minutes=1)
    post.delivers()
    post.tells("new")
    post.delivers()
    assert [each.event["type"].rpartition(".")[2] for each in box.came] == ["reset", "reset", "urge"]
    assert box.came[0].id == box.came[1].id == f"reset_{post.row(webhook, 'epoch')}"
    assert box.events()[1:] == [("urge", "new")]


def test_a_subscription_is_sent_by_one_at_a_time(post, box) -> None:
    """Of several who look at once one sends, and the others find nothing: each event arrives once."""
    post.subscribes(post.person("a", ("auditor", "d")), box.url)
    for n in range(20):
        post.tells(str(n))
    ready, done = threading.Barrier(4), []

    def go(n):
        conn = connect(post.db.admin)
        try:
            ready.wait()
            done.append(deliver_due(post.outbox(f"w{n}"), conn, NOW))
        finally:
            conn.close()

    threads = [threading.Thread(target=go, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 1
    assert [subject for _, subject in box.events()] == [str(n) for n in range(20)]


def test_one_that_is_slow_does_not_hold_up_the_others(post, box) -> None:
    """Each subscription has its turn, however much there is for another, or however long that takes."""
    person = post.person("a", ("auditor", "d"))
    post.pace = Pace(turn_s=0.3, page=2)
    with receiver() as slow:
        slow.answer, slow.stall_s = (lambda _: "stall"), 0.2
        post.deadline_s = 0.2
        post.subscribes(person, slow.url)
        post.subscribes(person, box.url)
        for n in range(30):
            post.tells(str(n))
        post.delivers()
        assert len(box.taken) == 30
        assert len(slow.came) == 1


def test_who_has_lost_a_subscription_writes_nothing_more(post, box) -> None:
    """One whose lease ran out, or whose subscription its owner has changed, stops, and leaves the place where it is."""
    webhook = post.subscribes(post.person("a", ("auditor", "d")), box.url)
    post.tells("a")
    first = webhooks.take(post.conn, worker="w", lease_s=0.0, now=NOW)
    second = webhooks.take(post.conn, worker="w", lease_s=60.0, now=NOW)
    assert first.id == second.id == webhook
    assert webhooks.take(post.conn, worker="w", lease_s=60.0, now=NOW) is None
    before = post.row(webhook, "xid::text", "chain", "seq", "worker")
    far = replace(first.cursor, xid=first.cursor.xid + 100)
    assert webhooks.taken(post.conn, first, far, status=200, lease_s=9, now=NOW) is None
    assert webhooks.passed(post.conn, first, far, lease_s=9) is None
    assert webhooks.pinged(post.conn, first, status=200, fault="", now=NOW) is None
    webhooks.failed(post.conn, first, status=500, fault="", now=NOW, next_at=NOW, disable=True)
    webhooks.let_go(post.conn, first, next_at=NOW + timedelta(days=1))
    assert post.row(webhook, "xid::text", "chain", "seq", "worker") == before
    assert many(post.conn, "SELECT FROM wangge.event WHERE kind = 'webhook.disabled'") == []
    assert webhooks.taken(post.conn, second, far, status=200, lease_s=9, now=NOW).cursor == far


def test_a_change_while_it_is_sent_wins(post, box) -> None:
    """An owner who goes back to an earlier place while messages go out gets everything from there on."""
    webhook = post.subscribes(post.person("a", ("auditor", "d")), box.url)
    start = post.row(webhook, "xid::text")
    for n in range(4):
        post.tells(str(n))

    def go_back(n):
        if n == 3:
            conn = connect(post.db.admin)
            run(
                conn,
                "UPDATE wangge.webhook SET xid = %s::xid8, chain = '', seq = 0, worker = NULL, lease_until = NULL",
                [start],
            )
            conn.close()
        return 204

    box.answer = go_back
    post.delivers()
    assert [subject for _, subject in box.events()] == ["0", "1", "2", "0", "1", "2", "3"]
    assert QUICK.lease_s < 2
