"""A unit: pieces of one community that can be reached from each other, as arrays for the hot loops.

The same record serves blocks and the larger pieces made of them (`contract`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.town import LineKind
from partition.block import sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.block import Blocks
    from partition.rules import Rules

THREAD_M = 1.0
"""Pieces that share less than a metre hang by a thread: they touch, but are not contiguous."""
LOOSE = -1
EMPTY_BANK = 0.1
"""Nobody has to cross the river between homes and the empty land on its other bank."""

_MODES = {"households": 0, "persons": 1, "any_of": 2, "all_of": 3}
_UNCLEAR = np.array([1.0, 1.0, 0.6, 0.35, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
"""Share of a metre, by `LineKind`, that counts as unclear as a border: open ground wholly, a drain or a wall in part."""
_STRONG = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0], dtype=np.float64)
_MAIN = np.array([0, 0, 0, 0, 0, 0.25, 1, 0, 0, 0, 0], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Unit:
    """Pieces and the borders between them.

    Per piece (n,): `households`, `persons`, `area_m2`, `perimeter_m` (the whole outline), `compound` (0 … or `LOOSE`).
    Neighbours as compressed rows: those of piece i are `neighbour[start[i]:start[i + 1]]`; per neighbour `shared_m`, `near`
    (contiguous: a border that one may walk across), `inside` (price of having both in one grid) and `border` (price of
    having them in two), points. `compound_households` (c,) the whole compound, wherever it lies.
    """

    households: NDArray[np.int64]
    persons: NDArray[np.int64]
    area_m2: NDArray[np.float64]
    perimeter_m: NDArray[np.float64]
    compound: NDArray[np.int64]
    start: NDArray[np.int64]
    neighbour: NDArray[np.int64]
    shared_m: NDArray[np.float64]
    near: NDArray[np.bool_]
    inside: NDArray[np.float64]
    border: NDArray[np.float64]
    compound_households: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the pieces."""
        return len(self.households)

    @property
    def open(self) -> NDArray[np.bool_]:
        """Say which pieces (n,) border on something outside the unit."""
        row = np.repeat(np.arange(len(self)), np.diff(self.start))
        return self.perimeter_m - np.bincount(row, weights=self.shared_m, minlength=len(self)) > THREAD_M


def prices(shared_m: NDArray[np.float64], rules: Rules) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each border (n, kind) the price of spanning it and the price of following it, points."""
    weights = rules.weights
    spanned = shared_m @ (_STRONG * weights.spanned + _MAIN * weights.spanned_road) / 1000.0
    followed = shared_m @ _UNCLEAR * weights.unclear / 1000.0
    return spanned, followed


def strong_metres(shared_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many metres of each border lie on rivers, surface railways and expressways."""
    return shared_m @ _STRONG


def unit_of(blocks: Blocks, chosen: NDArray[np.int64], rules: Rules) -> Unit:
    """Make the unit of the `chosen` blocks (ascending ids)."""
    local = np.full(len(blocks), -1, dtype=np.int64)
    local[chosen] = np.arange(len(chosen))
    used = (local[blocks.a] >= 0) & (local[blocks.b] >= 0)
    shared = blocks.shared_m[used]
    inside, border = prices(shared, rules)
    empty = blocks.households[chosen] == 0
    inside = np.where(empty[local[blocks.a[used]]] | empty[local[blocks.b[used]]], EMPTY_BANK * inside, inside)
    hard = [LineKind[name.upper()] for name in rules.hard_barriers]
    walkable = shared.sum(axis=1) - shared[:, hard].sum(axis=1)
    compound = blocks.compound[chosen]
    kept, index = np.unique(compound[compound >= 0], return_inverse=True)
    mapped = np.full(len(chosen), LOOSE, dtype=np.int64)
    mapped[compound >= 0] = index
    total = np.bincount(
        blocks.compound[blocks.compound >= 0],
        weights=blocks.households[blocks.compound >= 0],
        minlength=int(kept.max(initial=-1)) + 1,
    )
    return _assemble(
        columns=(
            blocks.households[chosen],
            blocks.persons[chosen],
            blocks.area_m2[chosen],
            blocks.perimeter_m[chosen],
            mapped,
        ),
        pairs=(local[blocks.a[used]], local[blocks.b[used]]),
        borders=(shared.sum(axis=1), walkable >= THREAD_M, inside, border),
        compound_households=total[kept].astype(np.int64),
    )


def part_of(unit: Unit, chosen: NDArray[np.int64]) -> Unit:
    """Make the unit of the `chosen` pieces (ascending) of `unit`; what they border on outside is outside."""
    local = np.full(len(unit), -1, dtype=np.int64)
    local[chosen] = np.arange(len(chosen))
    row = np.repeat(np.arange(len(unit)), np.diff(unit.start))
    used = (local[row] >= 0) & (local[unit.neighbour] >= 0)
    start = np.zeros(len(chosen) + 1, dtype=np.int64)
    np.cumsum(np.bincount(local[row[used]], minlength=len(chosen)), out=start[1:])
    return Unit(
        unit.households[chosen],
        unit.persons[chosen],
        unit.area_m2[chosen],
        unit.perimeter_m[chosen],
        unit.compound[chosen],
        start,
        local[unit.neighbour[used]],
        unit.shared_m[used],
        unit.near[used],
        unit.inside[used],
        unit.border[used],
        unit.compound_households,
    )


def contract(unit: Unit, label: NDArray[np.int64]) -> Unit:
    """Make a unit whose pieces are the pieces of `unit` with the same label (0 … k-1).

    A larger piece carries a compound where every lived-in part of it does; one that holds whole compounds is `LOOSE`,
    since nothing can cut them any more.
    """
    count = int(label.max()) + 1
    row = np.repeat(np.arange(len(unit)), np.diff(unit.start))
    a, b = label[row], label[unit.neighbour]
    once = (row < unit.neighbour) & (a != b)
    low, high = np.minimum(a, b)[once], np.maximum(a, b)[once]
    key, index = np.unique(low * count + high, return_inverse=True)
    within = (row < unit.neighbour) & (a == b)

    def total(values: NDArray[np.generic], where: NDArray[np.bool_]) -> NDArray[np.float64]:
        return sums(index, values[where], len(key))

    perimeter = sums(label, unit.perimeter_m, count)
    perimeter -= 2 * sums(label[row[within]], unit.shared_m[within], count)
    return _assemble(
        columns=(
            np.bincount(label, weights=unit.households, minlength=count).astype(np.int64),
            np.bincount(label, weights=unit.persons, minlength=count).astype(np.int64),
            sums(label, unit.area_m2, count),
            perimeter,
            _compound_of(unit, label, count),
        ),
        pairs=(key // count, key % count),
        borders=(
            total(unit.shared_m, once),
            total(unit.near, once) > 0,
            total(unit.inside, once),
            total(unit.border, once),
        ),
        compound_households=unit.compound_households,
    )


def _compound_of(unit: Unit, label: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    found = np.full(count, LOOSE, dtype=np.int64)
    if not len(unit.compound_households):
        return found
    known = unit.compound >= 0
    parts = np.zeros((count, len(unit.compound_households)), dtype=np.int64)
    np.add.at(parts, (label[known], unit.compound[known]), 1)
    split = (parts > 0).sum(axis=0) > 1
    cut = np.where(split, parts, 0)
    has = cut.max(axis=1) > 0
    found[has] = cut[has].argmax(axis=1)
    return found


def _assemble(
    *,
    columns: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    borders: tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]],
    compound_households: NDArray[np.int64],
) -> Unit:
    count = len(columns[0])
    row = np.concatenate([pairs[0], pairs[1]])
    other = np.concatenate([pairs[1], pairs[0]])
    order = np.lexsort((other, row))
    start = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=count), out=start[1:])
    shared, near, inside, border = borders
    twice = np.concatenate([np.arange(len(shared))] * 2)[order]
    return Unit(*columns, start, other[order], shared[twice], near[twice], inside[twice], border[twice], compound_households)


def price_list(rules: Rules) -> NDArray[np.float64]:
    """Lay the rules out for the hot loops; `partition.search.price` names the places."""
    w = rules.weights
    return np.array(
        [
            _MODES[rules.measure],
            rules.minimum,
            rules.target,
            rules.maximum,
            rules.minimum_persons,
            rules.target_persons,
            rules.maximum_persons,
            w.balance,
            w.shape,
            w.grid,
            w.compound,
        ],
        dtype=np.float64,
    )
