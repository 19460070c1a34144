"""Exact covers by their reduced costs: the best whole choice of sets, by going through all that could be better.

With the duals of the linear relaxation, a choice of sets that covers every piece once costs the bound plus the reduced costs
of its sets, all of which are at least zero. So the best choice is the one with the least sum of reduced costs, and a search
that takes the rarest uncovered piece first and never lets the sum exceed a budget is complete for that budget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORD = 64
ENDED, OUT_OF_STEPS = 0, 1


def least_sum(
    set_start: NDArray[np.int64],
    member: NDArray[np.int16],
    reduced: NDArray[np.float64],
    count: int,
    *,
    budget: float,
    most_steps: int,
) -> tuple[NDArray[np.int64] | None, bool]:
    """Return the exact cover of `count` pieces with the least sum of reduced costs, as indices, and whether it is proven.

    Only sums up to `budget` are looked at. None and true: there is none within the budget. The search gives up after
    `most_steps` steps; what it has found by then may not be the best.
    """
    chosen = np.flatnonzero(reduced <= budget)
    cost = np.maximum(reduced[chosen], 0.0)
    size = np.diff(set_start)[chosen]
    flat = member[np.repeat(set_start[chosen] - np.concatenate([[0], np.cumsum(size)[:-1]]), size) + np.arange(size.sum())]
    owner = np.repeat(np.arange(len(chosen)), size)
    rarity = np.bincount(flat, minlength=count)
    if len(chosen) == 0 or rarity.min() == 0:
        return None, True
    # Pieces by rarity: the first uncovered one is the one to branch on, and each set is listed under its rarest piece only.
    order = np.argsort(rarity, kind="stable")
    place = np.argsort(order)[flat].astype(np.int64)
    words = (count + WORD - 1) // WORD
    mask = np.zeros((len(chosen), words), dtype=np.uint64)
    np.bitwise_or.at(mask, (owner, place // WORD), np.uint64(1) << (place % WORD).astype(np.uint64))
    first = np.full(len(chosen), count, dtype=np.int64)
    np.minimum.at(first, owner, place)
    listed = np.lexsort((cost, first))
    start = np.searchsorted(first[listed], np.arange(count + 1))
    found, picks, ended = _search(mask[listed], cost[listed], start, count, budget, most_steps)
    if not found:
        return None, bool(ended)
    return np.sort(chosen[listed[picks]]), bool(ended)


@njit(cache=True)
def _search(mask, cost, start, count, budget, most_steps):
    words = mask.shape[1]
    covered = np.zeros((count + 1, words), np.uint64)
    spent = np.zeros(count + 1, np.float64)
    piece = np.zeros(count + 1, np.int64)
    at = np.zeros(count + 1, np.int64)
    pick = np.zeros(count + 1, np.int64)
    best = np.zeros(count, np.int64)
    best_size = 0
    limit = budget + 1e-9
    steps = 0
    depth = 0
    at[0] = start[0]
    while depth >= 0:
        moved = False
        p = piece[depth]
        while at[depth] < start[p + 1]:
            j = at[depth]
            at[depth] += 1
            steps += 1
            if spent[depth] + cost[j] >= limit:
                # The sets of a piece come by rising cost.
                at[depth] = start[p + 1]
                break
            clash = False
            for w in range(words):
                if covered[depth, w] & mask[j, w]:
                    clash = True
                    break
            if clash:
                continue
            pick[depth] = j
            d = depth + 1
            spent[d] = spent[depth] + cost[j]
            for w in range(words):
                covered[d, w] = covered[depth, w] | mask[j, w]
            q = p + 1
            while q < count and (covered[d, q // 64] >> np.uint64(q % 64)) & np.uint64(1):
                q += 1
            if q == count:
                limit = spent[d]
                best_size = d
                for i in range(d):
                    best[i] = pick[i]
            else:
                piece[d] = q
                at[d] = start[q]
                depth = d
                moved = True
            break
        if steps >= most_steps:
            return best_size > 0, best[:best_size].copy(), False
        if not moved and at[depth] >= start[piece[depth] + 1]:
            depth -= 1
    return best_size > 0, best[:best_size].copy(), True
