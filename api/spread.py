"""How work on the units of a plan is spread over processes."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from partition.engine import Spread

T = TypeVar("T")
R = TypeVar("R")

WORTH_A_POOL = 60
"""A pool starts in about two seconds of processor time; fewer units than this are done before it stands."""
_TASKS_AT_ONCE = 4


@contextmanager
def spread_over(workers: int | None, progress: Callable[[int, int], None]) -> Generator[Spread]:
    """Give a `map` over at most `workers` processes (all processors where None) that reports (done, total).

    Results come in the order of the tasks whatever finishes first, so that the plan does not depend on the workers.
    """
    count = workers or os.cpu_count() or 1

    def run(function: Callable[[T], R], tasks: Sequence[T]) -> Iterable[R]:
        if count == 1 or len(tasks) < WORTH_A_POOL:
            yield from _counted(map(function, tasks), len(tasks), progress)
            return
        # Spawned, not forked: the solver keeps threads, which a fork would lose.
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            yield from _counted(pool.map(function, tasks, chunksize=_TASKS_AT_ONCE), len(tasks), progress)

    yield run


def _counted(results: Iterable[R], total: int, progress: Callable[[int, int], None]) -> Iterator[R]:
    for done, result in enumerate(results, start=1):
        progress(done, total)
        yield result
