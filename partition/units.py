"""Units: the parts of a community that are divided each by itself.

A river, a surface railway or an expressway parts a community, unless a part could not have grids in the band by itself and
could together with the part across the line: then the line is spanned, and the plan says so. Parts that do not touch at all
(islands, parcels behind a dedicated area) are always units of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.locate import NOWHERE
from gis.town import LineKind
from partition.block import root_of
from partition.search.parts import parts_of
from partition.search.unit import THREAD_M, strong_metres

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.block import Blocks
    from partition.rules import Rules


@dataclass(frozen=True, slots=True)
class UnitBlocks:
    """A unit as ids of its blocks (ascending); `spans` says that it reaches across a strong line for want of households."""

    community: int
    blocks: NDArray[np.int64]
    spans: bool


def totals_possible(rules: Rules, households: float, persons: float) -> bool:
    """Say whether some number of grids could all be in the band, going by the totals alone (certificate T)."""

    def by(count: float, low: int, high: int) -> bool:
        return count >= low and np.ceil(count / high) <= np.floor(count / low)

    by_households = by(households, rules.minimum, rules.maximum)
    by_persons = by(persons, rules.minimum_persons, rules.maximum_persons)
    if rules.measure == "households":
        return by_households
    if rules.measure == "persons":
        return by_persons
    if rules.measure == "any_of":
        return households >= rules.minimum or persons >= rules.minimum_persons
    return by_households and by_persons


def units(blocks: Blocks, rules: Rules) -> list[UnitBlocks]:
    """Part every community into units, in order of community and first block."""
    residential = blocks.dedicated == NOWHERE
    within = residential[blocks.a] & residential[blocks.b] & (blocks.community[blocks.a] == blocks.community[blocks.b])
    hard = [LineKind[name.upper()] for name in rules.hard_barriers]
    walkable = blocks.shared_m.sum(axis=1) - blocks.shared_m[:, hard].sum(axis=1) >= THREAD_M
    strong = strong_metres(blocks.shared_m)
    easy = blocks.shared_m.sum(axis=1) - strong >= THREAD_M
    part = parts_of(len(blocks), blocks.a[within & easy & walkable], blocks.b[within & easy & walkable])
    across = within & walkable & ~easy
    joined = _join_parts(blocks, rules, part, (blocks.a[across], blocks.b[across]), strong[across])
    spans = np.zeros(int(joined.max(initial=0)) + 1, dtype=bool)
    lived_in = np.unique(np.column_stack([joined, part])[residential & (blocks.households > 0)], axis=0)
    owner, count = np.unique(lived_in[:, 0], return_counts=True)
    spans[owner[count > 1]] = True
    found = [
        UnitBlocks(int(blocks.community[chosen[0]]), chosen, bool(spans[joined[chosen[0]]]))
        for chosen in _groups(joined, residential)
    ]
    return sorted(found, key=lambda unit: (unit.community, int(unit.blocks[0])))


def _groups(label: NDArray[np.int64], chosen: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Return the chosen indices of each label, ascending."""
    index = np.flatnonzero(chosen)
    order = index[np.argsort(label[index], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if len(order) else []


@dataclass(slots=True)
class _Parts:
    """Parts of communities while they are joined: what they hold, what they face across strong lines, who took them in."""

    households: list[float]
    persons: list[float]
    facing: dict[int, dict[int, float]]
    root: list[int]
    rules: Rules

    def join(self, x: int, into: int) -> None:
        """Let the part `into` take `x` in."""
        self.root[x] = into
        self.households[into] += self.households[x]
        self.persons[into] += self.persons[x]
        for y, length in self.facing.pop(x).items():
            del self.facing[y][x]
            if y != into:
                self.facing[into][y] = self.facing[y][into] = self.facing[into].get(y, 0.0) + length

    def chain(self, x: int) -> list[int]:
        """Return parts to join to `x` one after the other until they could have grids in the band, or none."""
        joined = [x]
        while True:
            facing: dict[int, float] = {}
            for part in joined:
                for y, length in self.facing[part].items():
                    if y not in joined:
                        facing[y] = facing.get(y, 0.0) + length
            if not facing:
                return []
            joined.append(max(facing, key=lambda y, of=facing: (self.households[y] > 0, of[y], -y)))
            if self.possible(*joined):
                return joined[1:]

    def possible(self, *parts: int) -> bool:
        """Say whether these parts together could have grids in the band."""
        return totals_possible(self.rules, sum(self.households[x] for x in parts), sum(self.persons[x] for x in parts))


def _join_parts(
    blocks: Blocks, rules: Rules, part: NDArray[np.int64], pairs: tuple[NDArray[np.int64], ...], metres: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Join parts across strong lines: empty ones to the neighbour they face longest, others only for want of households."""
    households = np.bincount(part, weights=blocks.households).tolist()
    parts = _Parts(
        households=households,
        persons=np.bincount(part, weights=blocks.persons).tolist(),
        facing=_facing(part[pairs[0]].tolist(), part[pairs[1]].tolist(), metres.tolist()),
        root=list(range(len(households))),
        rules=rules,
    )
    for empty in (True, False):
        waiting = sorted(parts.facing, key=lambda x: (parts.households[x], x))
        while waiting:
            x = waiting.pop(0)
            done = parts.root[x] != x or not parts.facing.get(x)
            if done or (parts.households[x] == 0) != empty or parts.possible(x):
                continue
            choices = [y for y in parts.facing[x] if empty or parts.possible(x, y)] or parts.chain(x)[:1]
            if choices:
                into = max(choices, key=lambda y, x=x: (parts.households[y] > 0, parts.facing[x][y], -y))
                parts.join(x, into)
                waiting.append(into)
    return np.array([root_of(parts.root, x) for x in part.tolist()])


def _facing(one: list[int], other: list[int], metres: list[float]) -> dict[int, dict[int, float]]:
    """Return for each part the metres over which it faces others."""
    facing: dict[int, dict[int, float]] = {}
    for a, b, length in zip(one, other, metres, strict=True):
        if a != b:
            for x, y in ((a, b), (b, a)):
                of = facing.setdefault(x, {})
                of[y] = of.get(y, 0.0) + length
    return facing
