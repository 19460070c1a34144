"""Local search that never breaks a grid in two: blocks, whole compounds and the land between them change grid.

It polishes what the exact core found on larger pieces, and it carries units that the exact core cannot. Simulated annealing
with the same prices as everywhere; budgets are counted in steps, so that a seed always gives the same plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from partition.search.enclose import encloses
from partition.search.price import COMPOUND, grid_price

TINY = 1e-9
"""Points; gains below it are rounding."""

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.search.unit import Unit


def polish(
    unit: Unit,
    price: NDArray[np.float64],
    grid: NDArray[np.int64],
    *,
    seed: int,
    steps: int,
    heat: float,
    fixed: NDArray[np.bool_] | None = None,
    home: NDArray[np.int64] | None = None,
    stay: float = 0.0,
) -> tuple[NDArray[np.int64], float]:
    """Return the best assignment met on a walk of `steps` moves from `grid` (n,), and its price, points.

    `heat` is the temperature at the start (points); 0 takes improvements only. Blocks where `fixed` is true stay. A household
    that is not in the grid `home` (n,) of its block costs `stay` points; a block whose home is below 0 has none.
    """
    held = np.zeros(len(unit), dtype=np.bool_) if fixed is None else fixed
    was = np.full(len(unit), -1, dtype=np.int64) if home is None else home.astype(np.int64)
    return _anneal(
        unit.households, unit.persons, unit.area_m2, unit.perimeter_m, unit.compound, len(unit.compound_households),
        unit.start, unit.neighbour, unit.shared_m, unit.near, unit.inside, unit.border, unit.open,
        price, grid.astype(np.int64), held, was, stay, np.uint64(seed * 2 + 1), steps, heat,
    )  # fmt: skip


def plan_price(unit: Unit, price: NDArray[np.float64], grid: NDArray[np.int64]) -> float:
    """Return the price of an assignment, points: the sum over its grids."""
    _, total = polish(unit, price, grid, seed=0, steps=0, heat=0.0)
    return total


@njit(cache=True)
def _next(state):
    """Advance a 64-bit xorshift generator."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return x


@njit(cache=True)
def _below(state, n):
    """Return a random whole number below n."""
    return np.int64((_next(state) >> np.uint64(11)) % np.uint64(n))


@njit(cache=True)
def _fraction(state):
    """Return a random number in [0, 1)."""
    return (_next(state) >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True)
def _hangs_together(grid, of, skip, size, start, neighbour, near, first, mark, stamp, queue):
    """Say whether the blocks of grid `of` without those marked in `skip` are connected; `size` of them are expected."""
    mark[first] = stamp
    queue[0] = first
    head, tail = 0, 1
    while head < tail:
        v = queue[head]
        head += 1
        for e in range(start[v], start[v + 1]):
            u = neighbour[e]
            if near[e] and grid[u] == of and not skip[u] and mark[u] != stamp:
                mark[u] = stamp
                queue[tail] = u
                tail += 1
    return tail == size


@njit(cache=True)
def _anneal(
    households, persons, area, perimeter, compound, compounds, start, neighbour, shared, near, inside, border, is_open,
    price, grid, fixed, home, stay, seed, steps, heat,
):  # fmt: skip
    n = len(households)
    k = grid.max() + 1
    state = np.empty(1, np.uint64)
    state[0] = seed * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0xD1B54A32D192ED03)
    for _ in range(8):
        _next(state)
    w = np.zeros(k, np.int64)
    p = np.zeros(k, np.int64)
    a = np.zeros(k, np.float64)
    per = np.zeros(k, np.float64)
    size = np.zeros(k, np.int64)
    in_compound = np.zeros((compounds + 1, k), np.int64)
    total = 0.0
    for v in range(n):
        g = grid[v]
        w[g] += households[v]
        p[g] += persons[v]
        a[g] += area[v]
        per[g] += perimeter[v]
        size[g] += 1
        if home[v] >= 0 and home[v] != g:
            total += stay * households[v]
        if compound[v] >= 0:
            if in_compound[compound[v], g] == 0:
                total += price[COMPOUND]
            in_compound[compound[v], g] += 1
        for e in range(start[v], start[v + 1]):
            u = neighbour[e]
            if u > v:
                if grid[u] == g:
                    per[g] -= 2.0 * shared[e]
                    total += inside[e]
                else:
                    total += border[e]
    cost = np.zeros(k, np.float64)
    for g in range(k):
        cost[g] = grid_price(price, w[g], p[g], a[g], per[g])
        total += cost[g]
    best = total
    best_grid = grid.copy()
    moved = np.zeros(n, np.bool_)
    group = np.zeros(n, np.int64)
    mark = np.zeros(n, np.int64)
    queue = np.zeros(n, np.int64)
    grown = np.zeros(n, np.bool_)
    reached = np.zeros(n, np.bool_)
    stamp = 0
    for step in range(steps):
        v = _below(state, n)
        degree = start[v + 1] - start[v]
        if degree == 0 or fixed[v]:
            continue
        e = start[v] + _below(state, degree)
        from_grid, to_grid = grid[v], grid[neighbour[e]]
        if from_grid == to_grid or not near[e]:
            continue
        # What moves: the block, or with it everything of its compound that lies in the same grid.
        count = 1
        group[0] = v
        moved[v] = True
        c = compound[v]
        allowed = True
        if c >= 0 and in_compound[c, from_grid] > 1 and _next(state) & np.uint64(3) != 0:
            stamp += 1
            mark[v] = stamp
            at = 0
            while at < count:
                for f in range(start[group[at]], start[group[at] + 1]):
                    u = neighbour[f]
                    if near[f] and mark[u] != stamp and compound[u] == c and grid[u] == from_grid:
                        mark[u] = stamp
                        group[count] = u
                        moved[u] = True
                        count += 1
                        if fixed[u]:
                            allowed = False
                at += 1
        if size[from_grid] == count:
            allowed = False
        rest = -1
        dw, dp, da, dper_from, dper_to, delta = 0, 0, 0.0, 0.0, 0.0, 0.0
        if allowed:
            for i in range(count):
                u = group[i]
                dw += households[u]
                dp += persons[u]
                da += area[u]
                dper_from -= perimeter[u]
                dper_to += perimeter[u]
                if home[u] == from_grid:
                    delta += stay * households[u]
                elif home[u] == to_grid:
                    delta -= stay * households[u]
                for f in range(start[u], start[u + 1]):
                    x = neighbour[f]
                    if moved[x]:
                        dper_from += shared[f]
                        dper_to -= shared[f]
                    elif grid[x] == from_grid:
                        dper_from += 2.0 * shared[f]
                        delta += border[f] - inside[f]
                        if near[f]:
                            rest = x
                    elif grid[x] == to_grid:
                        dper_to -= 2.0 * shared[f]
                        delta += inside[f] - border[f]
            allowed = rest >= 0
        if allowed:
            new_from = grid_price(price, w[from_grid] - dw, p[from_grid] - dp, a[from_grid] - da, per[from_grid] + dper_from)
            new_to = grid_price(price, w[to_grid] + dw, p[to_grid] + dp, a[to_grid] + da, per[to_grid] + dper_to)
            delta += new_from + new_to - cost[from_grid] - cost[to_grid]
            for i in range(count):
                c = compound[group[i]]
                if c >= 0:
                    if in_compound[c, to_grid] == 0:
                        delta += price[COMPOUND]
                    in_compound[c, to_grid] += 1
                    in_compound[c, from_grid] -= 1
                    if in_compound[c, from_grid] == 0:
                        delta -= price[COMPOUND]
            temperature = heat * (1.0 - step / steps) ** 2
            taken = delta < -TINY or (temperature > 0.0 and _fraction(state) < np.exp(-delta / temperature))
            if taken:
                stamp += 1
                taken = _hangs_together(
                    grid, from_grid, moved, size[from_grid] - count, start, neighbour, near, rest, mark, stamp, queue
                )
            if taken:
                # Only the grid that grows can come to surround another.
                for u in range(n):
                    grown[u] = moved[u] or grid[u] == to_grid
                taken = not encloses(grown, start, neighbour, is_open, reached, queue)
            if taken:
                for i in range(count):
                    grid[group[i]] = to_grid
                w[from_grid] -= dw
                w[to_grid] += dw
                p[from_grid] -= dp
                p[to_grid] += dp
                a[from_grid] -= da
                a[to_grid] += da
                per[from_grid] += dper_from
                per[to_grid] += dper_to
                size[from_grid] -= count
                size[to_grid] += count
                cost[from_grid] = new_from
                cost[to_grid] = new_to
                total += delta
                if total < best - TINY:
                    best = total
                    best_grid[:] = grid
            else:
                for i in range(count):
                    c = compound[group[i]]
                    if c >= 0:
                        in_compound[c, to_grid] -= 1
                        in_compound[c, from_grid] += 1
        for i in range(count):
            moved[group[i]] = False
    return best_grid, best
