"""Requests counted by several processes together: each counts in a part of a shared memory, and whoever is asked adds up.

The memory has no name, so nothing is left behind however the processes end. A part outlives the process that counts in it,
so that no sum falls when a worker is killed; the worker that comes in its place takes the part over and goes on. Whether a
part has a process is seen by the lock that this holds on it, which the system takes away with the process.

A part is its head (series used, process, open requests) and then its series, each a key and its numbers, all of one length.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from bisect import bisect_left
from dataclasses import dataclass
from multiprocessing.reduction import DupFd
from typing import TYPE_CHECKING, Any, NamedTuple

from gis.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)
"""Where the durations are cut: from a tile that is known already to a download."""
SPARE = 16
"""Parts beyond those of the workers: one that is replaced in peace goes only after the next has come."""

_KEY, _ROW = 128, 256
"""Bytes of a key, and of a series with it."""
_WORDS = _ROW // 8
"""Numbers of eight bytes that a series takes."""
_SERIES = 16_383
"""Of a part; memory is taken only for those that are used."""
_PART = (_SERIES + 1) * _ROW
_USED, _PROCESS, _OPEN = 0, 1, 2
_TAKE_S = 2.0
"""How long a part is waited for: whoever adds up looks at each lock for a moment."""


class Series(NamedTuple):
    """What is counted apart."""

    method: str
    route: str
    status: str


REST = Series("other", "none", "other")
"""What has no place of its own any more in a part that is full."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests of a series: how many fell between which of `BOUNDS_S`, the last beyond all, and their seconds together."""

    between: tuple[float, ...]
    seconds: float


class Tally:
    """The counts; `parts` is how many processes may count at once, 0 for this one alone, which then needs no `take`."""

    def __init__(self, parts: int = 0) -> None:
        descriptor = os.memfd_create("wangge-tally") if parts else -1
        if parts:
            os.ftruncate(descriptor, parts * _PART)
        self._open(descriptor, max(parts, 1))

    def _open(self, descriptor: int, parts: int) -> None:
        self._descriptor, self._parts = descriptor, parts
        self._memory = mmap.mmap(descriptor, parts * _PART)
        self._numbers = memoryview(self._memory).cast("d")
        self._part = 0
        self._row_of: dict[Series, int] = {}
        if descriptor == -1:
            self._begin(0)

    def __getstate__(self) -> tuple[Any, int]:
        """Return what is carried to a process that is being started."""
        return DupFd(self._descriptor), self._parts

    def __setstate__(self, carried: tuple[Any, int]) -> None:
        """Open the same memory there."""
        descriptor, parts = carried
        self._open(descriptor.detach(), parts)

    def close(self) -> None:
        """Let the memory go; other processes keep it."""
        self._numbers.release()
        self._memory.close()
        if self._descriptor != -1:
            os.close(self._descriptor)

    def take(self) -> None:
        """Take a part that no process counts in, for this process until it ends."""
        deadline = time.monotonic() + _TAKE_S
        while True:
            for part in range(self._parts):
                if self._lock(part, fcntl.LOCK_EX):
                    self._begin(part)
                    return
            if time.monotonic() > deadline:
                raise StoreError("more processes want to count requests than were planned for")
            time.sleep(_TAKE_S / 200)

    def began(self) -> None:
        """Count a request that is being answered; this and `ended` are called in one thread."""
        self._numbers[self._head(self._part) + _OPEN] += 1

    def ended(self, series: Series, seconds: float) -> None:
        """Count a request that has been answered."""
        self._numbers[self._head(self._part) + _OPEN] -= 1
        at = self._row(series) + _KEY // 8
        self._numbers[at + bisect_left(BOUNDS_S, seconds)] += 1
        self._numbers[at + len(BOUNDS_S) + 1] += seconds

    def counted(self) -> dict[Series, Counted]:
        """Return what all processes have counted, those too that are gone."""
        found: dict[Series, Counted] = {}
        for part in range(self._parts):
            for series, row in self._rows(part):
                at = row + _KEY // 8
                *between, seconds = self._numbers[at : at + len(BOUNDS_S) + 2].tolist()
                if series in found:
                    known = found[series]
                    between = [a + b for a, b in zip(known.between, between, strict=True)]
                    seconds += known.seconds
                found[series] = Counted(tuple(between), seconds)
        return found

    def open(self) -> int:
        """Return how many requests are being answered, in all processes that live."""
        return int(sum(self._numbers[self._head(part) + _OPEN] for part in self._living()))

    def processes(self) -> dict[int, int]:
        """Return the number of each process that counts, by its part."""
        return {part: int(self._numbers[self._head(part) + _PROCESS]) for part in self._living()}

    def _begin(self, part: int) -> None:
        """Go on where whoever counted in the part before was cut off; what they had open is closed."""
        self._part, head = part, self._head(part)
        self._numbers[head + _PROCESS], self._numbers[head + _OPEN] = os.getpid(), 0
        self._row_of = dict(self._rows(part))

    def _row(self, series: Series) -> int:
        """Return where the numbers of a series begin in one's own part, whose next place it takes where it has none."""
        row = self._row_of.get(series)
        if row is None:
            head = self._head(self._part)
            used = int(self._numbers[head + _USED])
            if used >= _SERIES - 1 and series != REST:
                return self._row(REST)
            row = self._row_of[series] = head + (used + 1) * _WORDS
            key = f"{series.method}\n{series.status}\n{series.route}".encode()[:_KEY]
            self._memory[row * 8 : row * 8 + len(key)] = key
            # Last: from now on others read it.
            self._numbers[head + _USED] = used + 1
        return row

    def _rows(self, part: int) -> Iterator[tuple[Series, int]]:
        head = self._head(part)
        for k in range(int(self._numbers[head + _USED])):
            row = head + (k + 1) * _WORDS
            method, status, route = self._memory[row * 8 : row * 8 + _KEY].rstrip(b"\0").decode(errors="ignore").split("\n")
            yield Series(method, route, status), row

    def _living(self) -> Sequence[int]:
        if self._descriptor == -1:
            return (0,)
        return [part for part in range(self._parts) if part == self._part or self._is_taken(part)]

    def _is_taken(self, part: int) -> bool:
        # Shared, so that two who look at the same moment do not take each other for its process.
        if not self._lock(part, fcntl.LOCK_SH):
            return True
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, part)
        return False

    def _lock(self, part: int, how: int) -> bool:
        """Lock a part's byte if no other process holds it; a process never stands in its own way."""
        try:
            fcntl.lockf(self._descriptor, how | fcntl.LOCK_NB, 1, part)
        except (BlockingIOError, PermissionError):
            return False
        return True

    @staticmethod
    def _head(part: int) -> int:
        return part * _PART // 8
