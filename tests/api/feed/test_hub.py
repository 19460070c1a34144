"""The hub of streams: one look for all, back-pressure, and a clean end."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api.feed.cloud_event import wanted
from api.feed.frames import END
from api.feed.hub import PAGE, QUEUE, Ask, Hub
from api.feed.stream import EventStream
from api.secret import read_secret
from api.who.caller import How
from api.who.door import Door, Shown
from api.who.keys import new_key
from api.who.passwords import Passwords
from api.who.pepper import Pepper
from data.store import feed, people
from data.store.feed import Cursor
from data.store.pool import connect
from data.store.sql import run
from gis.errors import StoreBusy
from tests.api.feed.follow import blocks
from tests.api.feed.mailed import NOW, post_office

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def post(db):
    """A store with two districts."""
    with post_office(db) as made:
        yield made


def key_of(post, person, pepper):
    """Make a key for somebody."""
    key = new_key(pepper)
    people.add_key(
        post.conn, person, prefix=key.prefix, secret_mac=key.secret_mac, name="k", now=NOW,
        expires_at=NOW + timedelta(days=360), by=None,
    )  # fmt: skip
    return key.text


@pytest.fixture
def ask(post):
    """What an auditor of the first district asks for, from the beginning of the log."""
    pepper = Pepper(b"p" * 32)
    text = key_of(post, post.person("a", ("auditor", "d")), pepper)
    shown = Shown(how=How.KEY, credential=text)
    return Ask(shown=shown, wanted=wanted([]), base="", cursor=Cursor(epoch=feed.now_at(post.conn).epoch, xid=0))


def hub_over(post, **more):
    """A hub over the store, that looks often."""
    return Hub(post.reader, Door(pepper=Pepper(b"p" * 32), passwords=Passwords()), lambda: post.now, beat_s=0.02, **more)


def bulk(post, count, *, path="1"):
    """Write many events at once."""
    run(
        post.conn,
        """INSERT INTO wangge.event (chain, seq, at, hash, path, kind, subject)
           SELECT '', 0, now(), '', %s, 'incident.urge', n::text FROM generate_series(1, %s) n""",
        [path, count],
    )


async def until(condition, within_s=20.0):
    """Wait until something is so."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not come to be"
        await asyncio.sleep(0.01)


def test_whoever_catches_up_is_read_to_as_fast_as_they_take_it(post, ask) -> None:
    """A follower from long ago gets everything in order, never more at once than its queue holds, however slowly it takes."""
    bulk(post, 3 * QUEUE)

    async def go():
        hub, found, fullest = hub_over(post), [], 0
        with hub.follow(ask) as follower:
            await until(lambda: follower.room < PAGE)
            await asyncio.sleep(0.2)
            assert len(hub) == 1, "one that has not caught up is not let go"
            while len(found) < 3 * QUEUE:
                fullest = max(fullest, follower.queue.qsize())
                found.append(await asyncio.wait_for(follower.queue.get(), 10))
        return found, fullest

    found, fullest = asyncio.run(go())
    assert fullest <= QUEUE
    subjects = [next(blocks(iter(frame.decode().split("\n")))).data["subject"] for frame in found]
    assert subjects == [str(n) for n in range(1, 3 * QUEUE + 1)]


def test_who_has_caught_up_and_takes_nothing_is_let_go(post, ask) -> None:
    """A live follower whose queue is full is told `reset` and nothing else, without a place: it comes again from its last."""

    async def go():
        hub = hub_over(post)
        with hub.follow(ask) as slow, hub.follow(ask) as quick:
            await until(lambda: slow.has_caught_up and quick.has_caught_up)
            taken = 0
            for _ in range(QUEUE // 100 + 2):
                bulk(post, 100)
                await until(lambda: quick.queue.qsize() == 100)
                while not quick.queue.empty():
                    quick.queue.get_nowait()
                    taken += 1
            assert len(hub) == 1
            words = [slow.queue.get_nowait() for _ in range(slow.queue.qsize())]
        return words, taken

    words, taken = asyncio.run(go())
    assert taken == 100 * (QUEUE // 100 + 2)
    assert words == [b'event: reset\ndata: {"reason":"slow","cursor":null}\n\n', END]


def test_many_who_ask_the_same_are_one_question(post, ask, monkeypatch) -> None:
    """Ten followers of one person cost one reading of the log a beat, and none while nothing is written."""
    asked = []
    real = feed.events
    monkeypatch.setattr("data.store.feed.events", lambda *said, **more: asked.append(said) or real(*said, **more))

    async def go():
        hub = hub_over(post)
        followers = [hub.follow(ask) for _ in range(10)]
        inside = [each.__enter__() for each in followers]
        await until(lambda: all(one.has_caught_up for one in inside))
        await asyncio.sleep(0.1)
        before = len(asked)
        await asyncio.sleep(0.3)
        quiet = len(asked) - before
        bulk(post, 5)
        await until(lambda: all(one.queue.qsize() == 5 for one in inside))
        for each in followers:
            each.__exit__(None, None, None)
        return quiet, len(asked) - before

    quiet, loud = asyncio.run(go())
    assert quiet == 0
    assert loud <= 2


def test_a_store_that_is_away_ends_no_stream(post, ask) -> None:
    """While the store does not answer followers wait, and afterwards they get what they have missed."""

    async def go():
        hub = hub_over(post)
        with hub.follow(ask) as follower:
            await until(lambda: follower.has_caught_up)
            with closing(connect(post.db.admin)) as conn:
                run(
                    conn,
                    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE usename = 'wangge_app' AND datname = current_database()""",
                )
            bulk(post, 1)
            assert b'"subject":"1"' in await asyncio.wait_for(follower.queue.get(), 10)

    asyncio.run(go())


def test_only_so_many_and_none_after_the_end(post, ask) -> None:
    """One more than may be is told to come again; at the end all are let go with nothing more said, and nobody comes in."""

    async def go():
        hub = hub_over(post, most=1)
        with hub.follow(ask) as one:
            with pytest.raises(StoreBusy), hub.follow(ask):
                pass
            hub.end()
            assert one.queue.get_nowait() == END
            assert len(hub) == 0
        with pytest.raises(StoreBusy), hub.follow(ask):
            pass

    asyncio.run(go())


def answered(stream, *, until_s=5.0):
    """Let a stream answer somebody who stays; return what was sent."""
    sent = []

    async def go():
        async def send(message):
            sent.append(message)

        await asyncio.wait_for(stream({"type": "http"}, asyncio.Event().wait, send), until_s)

    asyncio.run(go())
    return sent


def test_a_stream_pings_moves_on_and_ends_in_time(post, ask) -> None:
    """Where nothing is told a line goes out all the same, with the place where it has moved; in time the stream ends whole."""
    bulk(post, 30, path="2")
    sent = answered(EventStream(hub_over(post), ask, is_reset=False, longest_s=1.0, quiet_s=0.15))
    assert sent[0]["headers"] == [
        (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"), (b"vary", b"Authorization, Cookie, Accept"),
        (b"content-type", b"text/event-stream; charset=utf-8"),
    ]  # fmt: skip
    text = b"".join(message["body"] for message in sent[1:]).decode()
    found = list(blocks(iter(text.split("\n"))))
    assert sum(each.comments == ["ping"] for each in found) >= 3
    places = [each.id for each in found if each.name == "position"]
    assert len(places) == 2
    assert places[0] == str(ask.cursor)
    assert Cursor.read(places[1]).xid > 0
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


def is_up(client):
    """Whether a server answers."""
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_process_that_is_asked_to_end_does_so_at_once(post, tmp_path) -> None:
    """On SIGTERM a server with open streams ends them whole and is gone in a moment, long before requests are broken off."""
    person = post.person("a", ("auditor", "d"))
    run(post.conn, "UPDATE wangge.role_grant SET valid = tstzrange('2020-01-01', NULL)")
    pepper = Pepper(read_secret(tmp_path / "secret").derive("pepper"))
    key = new_key(pepper)
    run(
        post.conn,
        """INSERT INTO wangge.api_key (prefix, secret_mac, person_id, name, created_at, expires_at)
           VALUES (%s, %s, %s, 'k', now(), now() + interval '1 day')""",
        [key.prefix, key.secret_mac, person],
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.api.feed.served_feed", post.db.app, str(tmp_path), str(port)], cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=15, trust_env=False) as client:
            end = time.monotonic() + 60
            while not is_up(client):
                assert time.monotonic() < end, "the server did not come up"
                assert process.poll() is None, "the server went away"
                time.sleep(0.1)
            with client.stream("GET", "/v1/events", headers={"X-API-Key": key.text}) as answer:
                lines = answer.iter_lines()
                assert next(lines).startswith("retry")
                time.sleep(0.5)
                began = time.monotonic()
                process.send_signal(signal.SIGTERM)
                list(lines)  # an answer that was broken off would raise
        process.wait(timeout=10)
        assert time.monotonic() - began < 3
    finally:
        process.kill()
        process.wait()
