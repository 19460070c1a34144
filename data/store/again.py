"""Doing a transaction again that another one got in the way of."""

from __future__ import annotations

import time
from random import SystemRandom
from typing import TYPE_CHECKING, TypeVar

from psycopg2.errors import DeadlockDetected, SerializationFailure

from gis.errors import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES = 6
FIRST_WAIT_S = 0.02
"""The longest first wait; each further one may be twice as long."""

T = TypeVar("T")


def again(work: Callable[[], T], *, sleep: Callable[[float], object] = time.sleep) -> T:
    """Return what `work` returns: one whole transaction, begun anew each time that the server broke it off for another's sake.

    The waits are drawn between nothing and their longest, so that two that met do not meet again. `StoreBusy` after the
    last try.
    """
    draw = SystemRandom()
    for attempt in range(TRIES):
        try:
            return work()
        except (SerializationFailure, DeadlockDetected) as error:
            if attempt == TRIES - 1:
                raise StoreBusy("others are changing the same at this moment; try again in a moment") from error
            sleep(draw.uniform(0, FIRST_WAIT_S * 2**attempt))
    raise AssertionError("unreachable: the last try returns or raises")
