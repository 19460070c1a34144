"""Small counts that must not be published, and what must be hidden with them so that nobody can work them out.

Counts stand in a tree: grids in communities, communities in streets, streets in districts; each is the sum of those below it.
All counts of the tree are published but for the hidden ones, and zeros are always shown. Two kinds of count tell about few
households: a *small* one, from 1 to k − 1, and a total below which every count is 0 or 1. Both are hidden, and with them,
wherever one of these does not hold yet, the smallest shown count beside them that is not zero:

    below a shown total     none is hidden; or two or more, k or more together, not all made of ones
    below a hidden total    the same, but for the two: one hidden count of k or more is enough

Theorem. No hidden count then follows from the published ones by adding and subtracting.

*Proof.* Each total gives one equation: it is the sum of those below it. A hidden count stands in at most two, its own
and the one above, so equations that have a hidden count in common form a forest. Each equation with a hidden count in it
has two. Take any hidden count and change it by 1; in each of its equations let another hidden count take up the change,
and so on. In a forest that never comes back, and ends at counts that stand in one equation only. All equations still
hold, so the published counts say nothing about this one. ∎

It does not help to know that a hidden count is at least 1: sums that only ones could make are not published. It may help to
know this program, since the smallest count of several equal ones is hidden and the others are not. One table at one
time is protected; two tables whose grids differ, or one count by several attributes, are another matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.town import read_only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

K = 10
"""Fewer households than this are not published."""

_LEAST_K = 3


def suppressed(counts: NDArray[np.int64], groups: NDArray[np.int64], *, k: int = K) -> NDArray[np.bool_]:
    """Say which counts (n,) must be hidden when the totals of their groups are published.

    `groups` (n,) are indices. Totals that tell about few households must not be published either: `suppressed_levels`
    says which they are.
    """
    return suppressed_levels(counts, [groups], k=k)[0]


def suppressed_levels(
    counts: NDArray[np.int64], parents: Sequence[NDArray[np.int64]], *, k: int = K
) -> tuple[NDArray[np.bool_], ...]:
    """Say which counts of each level must be hidden when the counts of all levels are published.

    Parameters
    ----------
    counts
        (n,) of the lowest level, not negative.
    parents
        For each level but the highest the index of what each of its areas belongs to. Whoever publishes the sum of the
        highest level as well gives it as one level more.
    k
        At least 3: with 2 every small count is 1, so that hiding it says what it is.

    Returns
    -------
    tuple[NDArray[np.bool_], ...]
        One for each level, the lowest first, read-only; one more than `parents`.
    """
    if k < _LEAST_K:
        msg = f"k must be at least {_LEAST_K}, not {k}: below that a hidden count can only be 1"
        raise ValueError(msg)
    counted = [np.asarray(counts, dtype=np.int64)]
    # What lies above 1 in the counts of the lowest level: 0 where all of them are 0 or 1.
    spare = [np.maximum(counted[0] - 1, 0)]
    for level, parent in enumerate(parents):
        above = len(parents[level + 1]) if level + 1 < len(parents) else int(parent.max(initial=-1)) + 1
        counted.append(_sum(counted[level], parent, above))
        spare.append(_sum(spare[level], parent, above))
    hidden = [(count > 0) & ((count < k) | (over == 0)) for count, over in zip(counted, spare, strict=True)]
    for level in reversed(range(len(parents))):
        beside = _Level(count=counted[level], spare=spare[level], parent=parents[level], hidden=hidden[level])
        hidden[level] |= _company(beside, counted[level + 1], hidden[level + 1], k=k)
    return tuple(read_only(mask) for mask in hidden)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """Counts of one level, what lies above 1 in them, their totals' indices, and which tell about few households."""

    count: NDArray[np.int64]
    spare: NDArray[np.int64]
    parent: NDArray[np.int64]
    hidden: NDArray[np.bool_]


def _company(level: _Level, total: NDArray[np.int64], total_hidden: NDArray[np.bool_], *, k: int) -> NDArray[np.bool_]:
    """Say which counts must be hidden beside those that tell: at most one below each total, and that is always enough.

    One that is shown and not zero is k or more and not made of ones. Where there is none, the total itself is below k or
    made of ones, thus hidden, and everything below it is.
    """
    number, together, spare = (
        _sum(values[level.hidden], level.parent[level.hidden], len(total))
        for values in (np.ones_like(level.count), level.count, level.spare)
    )
    few = (together < k) | (spare == 0)
    # One that is hidden alone is below k or made of ones, thus few.
    needs = few & (total_hidden | (number > 0))
    shown = np.flatnonzero(~level.hidden & (level.count > 0) & needs[level.parent])
    shown = shown[np.lexsort((shown, level.count[shown], level.parent[shown]))]
    parent = level.parent[shown]
    first = np.r_[True, parent[1:] != parent[:-1]][: len(shown)]
    chosen = np.zeros(len(level.count), dtype=np.bool_)
    chosen[shown[first]] = True
    return chosen


def _sum(values: NDArray[np.int64], parent: NDArray[np.int64], parents: int) -> NDArray[np.int64]:
    total = np.zeros(parents, dtype=np.int64)
    np.add.at(total, parent, values)
    return total
