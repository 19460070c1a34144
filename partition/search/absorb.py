"""Pieces without a grid join the grids beside them, one at a time, whichever costs least."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from partition.search.price import COMPOUND, grid_price

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.search.unit import Unit


def absorb(unit: Unit, price: NDArray[np.float64], grid: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the assignment in which every piece below 0 in `grid` (n,) has joined a grid that it can be reached from.

    Grids that were connected stay so. A piece that no grid reaches stays below 0.
    """
    return _absorb(
        unit.households, unit.persons, unit.area_m2, unit.perimeter_m, unit.compound, len(unit.compound_households),
        unit.start, unit.neighbour, unit.shared_m, unit.near, unit.inside, unit.border, price, grid.astype(np.int64),
    )  # fmt: skip


@njit(cache=True)
def _absorb(
    households, persons, area, perimeter, compound, compounds, start, neighbour, shared, near, inside, border, price, grid,
):  # fmt: skip
    n = len(households)
    k = max(grid.max() + 1, 1)
    w = np.zeros(k, np.int64)
    p = np.zeros(k, np.int64)
    a = np.zeros(k, np.float64)
    per = np.zeros(k, np.float64)
    in_compound = np.zeros((compounds + 1, k), np.int64)
    for v in range(n):
        g = grid[v]
        if g < 0:
            continue
        w[g] += households[v]
        p[g] += persons[v]
        a[g] += area[v]
        per[g] += perimeter[v]
        if compound[v] >= 0:
            in_compound[compound[v], g] += 1
        for e in range(start[v], start[v + 1]):
            if neighbour[e] > v and grid[neighbour[e]] == g:
                per[g] -= 2.0 * shared[e]
    while True:
        best = 1e18
        who, into, ring = -1, -1, 0.0
        for v in range(n):
            if grid[v] >= 0:
                continue
            for e in range(start[v], start[v + 1]):
                g = grid[neighbour[e]]
                if g < 0 or not near[e]:
                    continue
                outline = per[g] + perimeter[v]
                cost = 0.0
                for f in range(start[v], start[v + 1]):
                    if grid[neighbour[f]] == g:
                        outline -= 2.0 * shared[f]
                        cost += inside[f] - border[f]
                if compound[v] >= 0 and in_compound[compound[v], g] == 0:
                    cost += price[COMPOUND]
                cost += grid_price(price, w[g] + households[v], p[g] + persons[v], a[g] + area[v], outline)
                cost -= grid_price(price, w[g], p[g], a[g], per[g])
                if cost < best:
                    best = cost
                    who, into, ring = v, g, outline
        if who < 0:
            return grid
        grid[who] = into
        w[into] += households[who]
        p[into] += persons[who]
        a[into] += area[who]
        per[into] = ring
        if compound[who] >= 0:
            in_compound[compound[who], into] += 1
