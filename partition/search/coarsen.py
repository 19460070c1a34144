"""Larger pieces from blocks: whole compounds first, finer only where the band asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from partition.search.price import too_big

ACROSS = 0.3
"""Loose blocks are not joined over a border dearer to span than this, points: 10 m of river."""

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.search.unit import Unit


def pieces(unit: Unit, price: NDArray[np.float64], *, whole: bool, most: int, share_out: bool = True) -> NDArray[np.int64]:
    """Return a label (0 … k-1) for each block of `unit`, labels in order of their first block.

    Every piece is connected. With `whole`, a compound that is not too big for a grid is one piece where it hangs together.
    What is left is joined, best pair first, while a piece has at most `most` households; compounds do not mix. Land without
    households is shared out last, since every piece without households doubles the number of sets; without `share_out` it
    stays as it is.
    """
    label = _join(
        unit.households, unit.persons, unit.area_m2, unit.perimeter_m, unit.compound, unit.compound_households,
        unit.start, unit.neighbour, unit.shared_m, unit.near, unit.inside, unit.border, price, whole, most, share_out,
    )  # fmt: skip
    _, first, index = np.unique(label, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[index]


@njit(cache=True)
def _join(
    households, persons, area, perimeter, compound, compound_households, start, neighbour, shared, near, inside, border,
    price, whole, most, share_out,
):  # fmt: skip
    n = len(households)
    m = len(neighbour)
    label = np.arange(n)
    w = households.copy()
    p = persons.copy()
    a = area.copy()
    per = perimeter.copy()
    com = compound.copy()
    row = np.empty(m, np.int64)
    for i in range(n):
        for e in range(start[i], start[i + 1]):
            row[e] = i
    metres = np.zeros((n, n), np.float64)
    value = np.zeros((n, n), np.float64)
    touch = np.zeros((n, n), np.bool_)
    for e in range(m):
        metres[row[e], neighbour[e]] = shared[e]
        value[row[e], neighbour[e]] = border[e] - inside[e]
        touch[row[e], neighbour[e]] = near[e]
    alive = np.ones(n, np.bool_)
    for phase in range(2):
        while True:
            best = -1e18
            one, other = -1, -1
            for e in range(m):
                i = label[row[e]]
                j = label[neighbour[e]]
                if i >= j or not touch[i, j]:
                    continue
                if phase == 0:
                    fits = (
                        whole
                        and com[i] >= 0
                        and com[i] == com[j]
                        and not too_big(price, compound_households[com[i]], p[i] + p[j])
                    )
                else:
                    fits = com[i] == com[j] and w[i] > 0 and w[j] > 0 and w[i] + w[j] <= most and value[i, j] > -ACROSS
                if not fits:
                    continue
                score = value[i, j] + metres[i, j] / min(per[i], per[j])
                if score > best:
                    best = score
                    one, other = i, j
            if one < 0:
                break
            # `one` takes `other` in.
            alive[other] = False
            w[one] += w[other]
            p[one] += p[other]
            a[one] += a[other]
            per[one] += per[other] - 2.0 * metres[one, other]
            for k in range(n):
                if alive[k] and k != one and (metres[other, k] > 0.0 or touch[other, k]):
                    metres[one, k] += metres[other, k]
                    metres[k, one] = metres[one, k]
                    value[one, k] += value[other, k]
                    value[k, one] = value[one, k]
                    touch[one, k] = touch[one, k] or touch[other, k]
                    touch[k, one] = touch[one, k]
            for k in range(n):
                if label[k] == other:
                    label[k] = one
    if share_out:
        _share_out(label, alive, w, a, com, metres, value, touch)
    return label


@njit(cache=True)
def _share_out(label, alive, households, area, compound, metres, value, touch):
    """Give each piece of empty land to the lived-in piece that is nearest by way of land: neighbours take a share each.

    The way into a piece is as long as the piece is wide; crossing a strong line costs its price in hundreds of metres.
    """
    n = len(label)
    far = np.full(n, 1e18)
    owner = np.arange(n)
    done = np.zeros(n, np.bool_)
    for i in range(n):
        if alive[i] and households[i] > 0:
            far[i] = 0.0
    while True:
        best = 1e18
        at = -1
        for i in range(n):
            if alive[i] and not done[i] and far[i] < best:
                best = far[i]
                at = i
        if at < 0:
            break
        done[at] = True
        for j in range(n):
            if alive[j] and not done[j] and touch[at, j] and households[j] == 0:
                way = best + np.sqrt(area[j]) + 100.0 * max(0.0, -value[at, j]) - 1e-3 * metres[at, j]
                if compound[j] >= 0 and compound[j] != compound[at]:
                    way += 300.0
                if way < far[j]:
                    far[j] = way
                    owner[j] = owner[at]
    for k in range(n):
        label[k] = owner[label[k]]
