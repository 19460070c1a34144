"""Nothing is lost on the way out: dispatchers are killed, the receiver misbehaves, and every event still arrives."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from data.store.log import record
from data.store.pool import connect
from tests.api.feed.mailed import post_office
from tests.api.feed.receiver import is_signed, receiver

ROOT = Path(__file__).resolve().parents[3]
EVENTS, KILLS = 150, 5


def dispatcher(db, name):
    """Start a dispatcher, and wait until it is at work."""
    command = [sys.executable, "-m", "tests.api.feed.dispatching", db.admin, db.app, name]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout.readline() == "at work\n"
    return process


def end(process) -> None:
    """Kill a dispatcher where it stands."""
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


def test_every_event_arrives_though_dispatchers_are_killed(db) -> None:
    """Two dispatchers, five kills, a receiver that fails, stalls and drops its answers: each event arrives, and in order.

    What arrives again carries the name that it had, so that the receiver can keep it once.
    """
    draw = random.Random(5)  # noqa: S311 - the same trouble each time
    with post_office(db) as post, receiver() as box:
        # Of what is dropped the receiver has the message, and we do not know it.
        box.answer = lambda _: draw.choices((204, 500, "stall", "drop"), (88, 6, 2, 4))[0]
        box.stall_s = 0.5
        webhooks = {post.subscribes(post.person(f"p{n}", ("auditor", "d")), f"{box.url}&n={n}"): n for n in range(2)}

        def write() -> None:
            conn = connect(db.admin)
            for n in range(EVENTS):
                record(conn, "incident.urge", path="1.3" if n % 3 else "1", subject=str(n))
                time.sleep(0.02)
            conn.close()

        writer = threading.Thread(target=write)
        writer.start()
        running = [dispatcher(db, f"d{n}") for n in range(2)]
        try:
            for kill in range(KILLS):
                time.sleep(0.5)
                end(running[kill % 2])
                running[kill % 2] = dispatcher(db, f"d{kill + 2}")
            writer.join()
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                if all(len(got(box, n)) == EVENTS for n in range(2)) and all(is_done(post, each) for each in webhooks):
                    break
                time.sleep(0.1)
        finally:
            for process in running:
                end(process)
        for webhook, n in webhooks.items():
            taken = got(box, n)
            assert set(taken) == {str(k) for k in range(EVENTS)}, "an event never arrived"
            mine = [each for each in box.taken if each.path.endswith(f"n={n}")]
            # Once each by name, in the order in which each came first.
            assert list(dict.fromkeys(each.id for each in mine)) == list(
                dict.fromkeys(each.id for each in sorted(mine, key=seen_at))
            )
            assert len({each.id for each in mine}) == EVENTS
            assert all(is_signed(each, post.secret(webhook)) for each in mine)
            assert post.row(webhook, "state", "failures") == ("active", 0)
        again = len(box.taken) - 2 * EVENTS
        assert 0 < again < 2 * EVENTS, "the receiver lost no answer, so that nothing was tried"


def got(box, n) -> Counter:
    """How often each event was taken for a subscription."""
    return Counter(each.event["subject"] for each in list(box.taken) if each.path.endswith(f"n={n}"))


def is_done(post, webhook) -> bool:
    """Whether nobody holds a subscription."""
    return post.row(webhook, "worker") is None


def seen_at(message):
    """An event's place in the feed."""
    _, xid, chain, seq = message.event["cursor"].split("-")
    return int(xid), chain, int(seq)
