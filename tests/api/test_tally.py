"""Requests counted by several processes in one memory."""

import math
import os
import signal
from contextlib import closing, contextmanager
from multiprocessing import get_context

import pytest

from api import tally
from api.tally import BOUNDS_S, REST, Series, Tally

GET = Series("GET", "/things/{name}", "200")


def _count(shared, pipe):
    """Take a part, and do what comes: so many requests more, open or answered."""
    shared.take()
    pipe.send(os.getpid())
    while (wanted := pipe.recv()) is not None:
        began, ended = wanted
        for _ in range(began):
            shared.began()
        for _ in range(ended):
            shared.ended(GET, 0.003)
        pipe.send((shared.counted()[GET].between[2] if shared.counted() else 0, shared.open(), len(shared.processes())))


@contextmanager
def counting(shared):
    """Have a process that counts; give it and the way to ask it."""
    context = get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_count, args=(shared, theirs))
    process.start()
    try:
        assert mine.poll(60)
        assert mine.recv() == process.pid
        yield process, lambda *wanted: (mine.send(wanted), mine.recv())[1]
    finally:
        process.kill()
        process.join()
        mine.close()
        theirs.close()


def test_what_one_counts_every_other_tells():
    """Each of two processes tells what both have counted, at once; only requests of living ones are open."""
    with closing(Tally(3)) as shared, counting(shared) as (_, ask), counting(shared) as (second, ask_second):
        assert ask(5, 3) == (3, 2, 2)
        assert ask_second(4, 2) == (5, 4, 2)
        assert ask(0, 0) == (5, 4, 2)
        os.kill(second.pid, signal.SIGKILL)
        second.join()
        assert ask(0, 0) == (5, 2, 1)
        with counting(shared) as (_, ask_third):
            # It goes on in the part of the one that was killed: nothing is lost, and what that had open is closed.
            assert ask_third(2, 1) == (6, 3, 2)
            assert ask(0, 0) == (6, 3, 2)
        assert len(shared.counted()) == 1


def test_no_more_processes_than_parts(monkeypatch):
    """Where every part is taken, one more process is told so."""
    monkeypatch.setattr(tally, "_TAKE_S", 0.1)
    with closing(Tally(1)) as shared, counting(shared), pytest.raises(tally.StoreError):
        shared.take()


def test_durations_fall_between_their_bounds():
    """A duration is counted at the first bound that it does not exceed, and beyond the last one where it exceeds all."""
    with closing(Tally()) as alone:
        for seconds in (0, BOUNDS_S[0], math.nextafter(BOUNDS_S[0], 1), BOUNDS_S[-1], 1e9):
            alone.began()
            alone.ended(GET, seconds)
        counted = alone.counted()[GET]
        assert counted.between == (2, 1, *[0] * (len(BOUNDS_S) - 3), 1, 1)
        assert counted.seconds == pytest.approx(1e9 + 60.002)
        assert alone.open() == 0


def test_a_full_part_counts_the_rest_together(monkeypatch):
    """Series beyond those that a part holds are counted as others, and none is lost."""
    monkeypatch.setattr(tally, "_SERIES", 4)
    with closing(Tally()) as alone:
        for n in range(10):
            alone.began()
            alone.ended(Series("GET", f"/{n}", "200"), 0)
        counted = {series: sum(each.between) for series, each in alone.counted().items()}
    assert counted == {**{Series("GET", f"/{n}", "200"): 1 for n in range(3)}, REST: 7}


def test_a_long_route_is_cut():
    """A route longer than a key has room for is counted under its beginning, with its method and status."""
    with closing(Tally()) as alone:
        alone.began()
        alone.ended(Series("GET", "/网" * 100, "200"), 0)
        (series,) = alone.counted()
    assert (series.method, series.status) == ("GET", "200")
    assert 20 < len(series.route) < 100
    assert ("/网" * 100).startswith(series.route)
