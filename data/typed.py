"""Which of many names a text may mean, as people type them: a part of the name, its pinyin, its initials, or these mixed.

All names are one array of characters. A text is read from every character on at once: what it has been read to is a set of
places in it, one bit each, and a table says for each place and each character to which places it leads from there. So ten
thousand names cost a few passes over arrays, whatever was typed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from data.spoken import initials, plain, readings, twin, usual

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Indices = np.ndarray[tuple[int], np.dtype[np.int64]]

MOST = 60
"""Characters of a text that are read: there is one bit for each place between them."""

_END = "\n"
"""Stands behind each name, and is never typed."""


class Fit(IntEnum):
    """How a text fits a name, the best first."""

    EXACT = 0
    PREFIX = 1
    INSIDE = 2
    READING = 3
    """Only by a reading of a character that is not its usual one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Names that a text may mean: `name` is their index, `taken` the characters of it that the text stands for."""

    name: Indices
    fit: Indices
    taken: Indices


@dataclass(frozen=True, slots=True)
class _Ways:
    """Which characters, by number, a text may stand for: the whole of them, or their beginning where the text ends."""

    whole: dict[str, list[int]] = field(default_factory=dict)
    begun: dict[str, list[int]] = field(default_factory=dict)


class Names:
    """Names that can be found by how they are typed.

    `before` is what may be typed before each: what it belongs to. A text that ends in it does not mean the name.
    """

    def __init__(self, names: Sequence[str], before: Sequence[str] | None = None) -> None:
        own = [plain(name) for name in names]
        above = [""] * len(own) if before is None else [plain(each) for each in before]
        # Names often begin with what they belong to.
        above = ["" if name.startswith(each) else each for each, name in zip(above, own, strict=True)]
        whole = "".join(f"{each}{name}{_END}" for each, name in zip(above, own, strict=True))
        points = np.frombuffer(whole.encode("utf-32-le"), dtype=np.uint32)
        distinct, places = np.unique(points, return_inverse=True)
        self._at = places.astype(np.int64)
        lengths = np.array([len(each) + len(name) + 1 for each, name in zip(above, own, strict=True)], dtype=np.int64)
        self._name = np.repeat(np.arange(len(own)), lengths)
        begins = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64) if own else lengths
        self._own = begins + np.array([len(each) for each in above], dtype=np.int64)
        self._begins = begins
        self._last = begins + lengths - 1
        self._kinds = len(distinct)
        self._usual, self._every = _Ways(), _Ways()
        for kind, point in enumerate(distinct.tolist()):
            self._learn(kind, chr(point))

    def _learn(self, kind: int, character: str) -> None:
        if character == _END:
            return
        for ways, said in ((self._usual, usual(character)), (self._every, readings(character))):
            wholly = {character, twin(character), *said, *(cut for each in said for cut in initials(each))} - {""}
            _note(ways.whole, wholly, kind)
            _note(ways.begun, {each[:n] for each in said for n in range(1, len(each))} - wholly, kind)

    @property
    def size(self) -> int:
        """Bytes that are taken, about."""
        return sum(each.nbytes for each in (self._at, self._name, self._begins, self._own, self._last)) + self._kinds * 800

    def find(self, text: str) -> Found:
        """Return the names that a text may mean, each once, as well as it fits; a text with nothing in it means none."""
        said = plain(text)[:MOST]
        if not said or not len(self._at):
            return _as_found([])
        found = self._read(said, self._every)
        meant = self._read(said, self._usual)
        fit = np.full(len(self._own), Fit.READING, dtype=np.int64)
        fit[meant.name] = meant.fit
        return Found(name=found.name, fit=fit[found.name], taken=found.taken)

    def _read(self, said: str, ways: _Ways) -> Found:
        """Return the names in which a text can be read in some ways."""
        steps = self._steps(said, ways)
        full = np.int64(1 << len(said))
        starts = np.flatnonzero(steps[0][self._at])
        reached = steps[0][self._at[starts]]
        found: list[tuple[Indices, int]] = []
        for taken in range(1, len(said) + 1):
            done = (reached & full) != 0
            if done.any():
                found.append((starts[done], taken))
            reached = reached & ~full
            going = reached != 0
            starts, reached = starts[going], reached[going]
            if not len(starts):
                break
            here = self._at[starts + taken]
            # Places that somebody has reached; from each of them, on by the next character.
            ahead = np.zeros_like(reached)
            union = int(np.bitwise_or.reduce(reached))
            for place in range(taken, len(said)):
                if union >> place & 1:
                    ahead |= np.where(reached >> place & 1, steps[place][here], 0)
            reached = ahead
        return self._told(found)

    def _steps(self, said: str, ways: _Ways) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
        """Return to which places in a text each character leads from each place."""
        steps = np.zeros((len(said), self._kinds), dtype=np.int64)
        longest = 6
        for place in range(len(said)):
            for end in range(place + 1, min(place + longest, len(said)) + 1):
                kinds = ways.whole.get(said[place:end])
                if kinds:
                    steps[place, kinds] |= np.int64(1 << end)
            kinds = ways.begun.get(said[place:]) if len(said) - place < longest else None
            if kinds:
                steps[place, kinds] |= np.int64(1 << len(said))
        return steps

    def _told(self, found: Sequence[tuple[Indices, int]]) -> Found:
        told: list[np.ndarray[tuple[int, int], np.dtype[np.int64]]] = []
        for starts, taken in found:
            name = self._name[starts]
            ends = starts + taken
            about = ends > self._own[name]
            begins = (starts == self._begins[name]) | (starts == self._own[name])
            fit = np.where(begins, np.where(ends == self._last[name], Fit.EXACT, Fit.PREFIX), Fit.INSIDE)
            told.append(np.stack([name, fit, np.full_like(name, taken)])[:, about])
        return _as_found(told)


def _as_found(told: Sequence[np.ndarray[tuple[int, int], np.dtype[np.int64]]]) -> Found:
    rows = np.concatenate(told, axis=1) if told else np.zeros((3, 0), dtype=np.int64)
    rows = rows[:, np.lexsort((rows[2], rows[1], rows[0]))]
    first = np.concatenate([[True], rows[0][1:] != rows[0][:-1]]) if rows.shape[1] else np.zeros(0, dtype=bool)
    name, fit, taken = rows[:, first]
    return Found(name=name, fit=fit, taken=taken)


def _note(table: dict[str, list[int]], texts: Iterable[str], kind: int) -> None:
    for each in texts:
        table.setdefault(each, []).append(kind)
