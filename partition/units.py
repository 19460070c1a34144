"""Units: the parts of a community that are divided each by itself.

A river, a surface railway or an expressway parts a community, unless a part could not have grids in the band by itself and
could together with the part across the line: then the line is spanned, and the plan says so. Parts that do not touch at all
(islands, parcels behind a dedicated area) are always units of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.town import LineKind
from partition.ground import NOWHERE
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
    within = (
        residential[blocks.a] & residential[blocks.b] & (blocks.community[blocks.a] == blocks.community[blocks.b])
    )
    hard = [LineKind[name.upper()] for name in rules.hard_barriers]
    walkable = blocks.shared_m.sum(axis=1) - blocks.shared_m[:, hard].sum(axis=1) >= THREAD_M
    strong = strong_metres(blocks.shared_m)
    easy = blocks.shared_m.sum(axis=1) - strong >= THREAD_M
    part = _components(len(blocks), blocks.a[within & easy], blocks.b[within & easy])
    across = within & walkable & ~easy
    joined = _join_parts(blocks, rules, part, blocks.a[across], blocks.b[across], strong[across])
    spans = np.zeros(int(joined.max(initial=0)) + 1, dtype=bool)
    lived_in = np.unique(np.column_stack([joined, part])[residential & (blocks.households > 0)], axis=0)
    owner, count = np.unique(lived_in[:, 0], return_counts=True)
    spans[owner[count > 1]] = True
    found = [
        UnitBlocks(int(blocks.community[chosen[0]]), chosen, bool(spans[joined[chosen[0]]]))
        for chosen in _groups(joined, residential)
    ]
    return sorted(found, key=lambda unit: (unit.community, int(unit.blocks[0])))


def _components(count: int, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _groups(label: NDArray[np.int64], chosen: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Return the chosen indices of each label, ascending."""
    index = np.flatnonzero(chosen)
    order = index[np.argsort(label[index], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if len(order) else []


def _join_parts(
    blocks: Blocks,
    rules: Rules,
    part: NDArray[np.int64],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    metres: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Join parts across strong lines: empty ones to the neighbour they face longest, others only for want of households."""
    households = np.bincount(part, weights=blocks.households).tolist()
    persons = np.bincount(part, weights=blocks.persons).tolist()
    facing: dict[int, dict[int, float]] = {}
    for one, other, length in zip(part[a].tolist(), part[b].tolist(), metres.tolist(), strict=True):
        if one != other:
            for x, y in ((one, other), (other, one)):
                of = facing.setdefault(x, {})
                of[y] = of.get(y, 0.0) + length
    root = list(range(len(households)))

    def join(x: int, into: int) -> None:
        root[x] = into
        households[into] += households[x]
        persons[into] += persons[x]
        for y, length in facing.pop(x).items():
            del facing[y][x]
            if y != into:
                facing[into][y] = facing[y][into] = facing[into].get(y, 0.0) + length

    def want(x: int) -> bool:
        return not totals_possible(rules, households[x], persons[x])

    for empty in (True, False):
        waiting = sorted(facing, key=lambda x: (households[x], x))
        while waiting:
            x = waiting.pop(0)
            if root[x] != x or not facing.get(x) or (households[x] > 0) == empty or not want(x):
                continue
            choices = [y for y in facing[x] if empty or _helps(rules, households, persons, x, y)]
            if not choices:
                continue
            into = max(choices, key=lambda y: (households[y] > 0, facing[x][y], -y))
            join(x, into)
            waiting.append(into)
    return np.array([_root(root, x) for x in part.tolist()])


def _helps(rules: Rules, households: list[float], persons: list[float], x: int, y: int) -> bool:
    """Say whether joining two parts makes a band possible that one of them could not have."""
    return totals_possible(rules, households[x] + households[y], persons[x] + persons[y])


def _root(root: list[int], x: int) -> int:
    while root[x] != x:
        x = root[x]
    return x
