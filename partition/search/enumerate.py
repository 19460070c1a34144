"""Every connected set of pieces that is in the band, each once, with its price.

The walk is the classic one for connected subgraphs: a set grows only by pieces that come after its first piece, and by a
neighbour only the first time that neighbour comes into sight; so each set is met exactly once and nothing has to be
remembered. A set too big for the band has no superset in it, which ends the branch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from partition.search.enclose import enclosing_sets
from partition.search.price import COMPOUND, ENCLOSING, band_miss, enough, grid_price, too_big

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.search.unit import Unit

MOST_COLUMNS = 200_000
STEPS_PER_COLUMN = 15
"""Steps of the walk allowed for each set that it may find."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Sets of pieces: those of set j are `member[start[j]:start[j + 1]]`, its price is `price[j]`, points.

    `complete` says that these are all connected sets in the band, and all that hold one piece too big for it and
    besides it less than a grid needs.
    """

    start: NDArray[np.int64]
    member: NDArray[np.int16]
    price: NDArray[np.float64]
    complete: bool

    def __len__(self) -> int:
        """Count the sets."""
        return len(self.price)


def connected_sets(unit: Unit, price: NDArray[np.float64], *, most: int | None = None) -> Columns:
    """Enumerate the connected sets of `unit` that are in the band, up to `most` sets (`MOST_COLUMNS`) and as many steps."""
    most = MOST_COLUMNS if most is None else most
    complete, start, member, cost = _walk(
        unit.households,
        unit.persons,
        unit.area_m2,
        unit.perimeter_m,
        unit.compound,
        unit.compound_households,
        unit.start,
        unit.neighbour,
        unit.shared_m,
        unit.near,
        unit.inside,
        unit.border,
        price,
        most,
        most * STEPS_PER_COLUMN,
    )
    cost += ENCLOSING * enclosing_sets(start, member, unit.start, unit.neighbour, unit.open)
    return Columns(start, member, cost, complete)


@njit(cache=True)
def _walk(
    households, persons, area, perimeter, compound, compound_households, start, neighbour, shared, near, inside, border,
    price, most_columns, most_steps,
):  # fmt: skip
    n = len(households)
    out_start = np.zeros(1024, np.int64)
    out_cost = np.zeros(1024, np.float64)
    out_member = np.zeros(8192, np.int16)
    columns, used = 0, 0
    seen = np.zeros(n, np.bool_)
    chosen = np.zeros(n, np.bool_)
    touched = np.zeros(len(compound_households) + 1, np.int64)
    members = np.zeros(n, np.int64)
    waiting = np.zeros(64 * (n + 1), np.int32)
    first = np.zeros(n + 2, np.int64)
    last = np.zeros(n + 2, np.int64)
    fresh = np.zeros(n + 2, np.int64)
    end = np.zeros(n + 2, np.int64)
    sums = np.zeros((n + 2, 7), np.float64)
    giant = np.zeros(n, np.bool_)
    for v in range(n):
        giant[v] = too_big(price, households[v], persons[v])
    giants = np.zeros(n + 2, np.int64)
    steps = 0
    complete = True
    for root in range(n):
        # The stack: depth 0 holds the root; `waiting[first[d]:last[d]]` are the pieces that may still join at depth d,
        # and `waiting[fresh[d]:end[d]]` came into sight there and go out of sight with it.
        members[0] = root
        chosen[root] = True
        seen[root] = True
        depth = 0
        sums[0, 0] = households[root]
        sums[0, 1] = persons[root]
        sums[0, 2] = area[root]
        sums[0, 3] = perimeter[root]
        sums[0, 4] = 0.0
        giants[0] = 1 if giant[root] else 0
        sums[0, 5] = 0.0 if giant[root] else households[root]
        sums[0, 6] = 0.0 if giant[root] else persons[root]
        for e in range(start[root], start[root + 1]):
            sums[0, 4] += 0.5 * border[e]
        if compound[root] >= 0:
            touched[compound[root]] += 1
            sums[0, 4] += price[COMPOUND]
        first[0] = 0
        fresh[0] = 0
        last[0] = 0
        for e in range(start[root], start[root + 1]):
            u = neighbour[e]
            if u > root and near[e]:
                waiting[last[0]] = u
                last[0] += 1
                seen[u] = True
        end[0] = last[0]
        new = True
        while depth >= 0:
            if new:
                steps += 1
                if giants[depth] == 1 or band_miss(price, sums[depth, 0], sums[depth, 1]) == 0.0:
                    size = depth + 1
                    if columns + 2 > len(out_start):
                        out_start = np.concatenate((out_start, np.zeros(len(out_start), np.int64)))
                        out_cost = np.concatenate((out_cost, np.zeros(len(out_cost), np.float64)))
                    if used + size > len(out_member):
                        out_member = np.concatenate((out_member, np.zeros(len(out_member), np.int16)))
                    for i in range(size):
                        out_member[used + i] = members[i]
                    used += size
                    out_cost[columns] = sums[depth, 4] + grid_price(
                        price, sums[depth, 0], sums[depth, 1], sums[depth, 2], sums[depth, 3]
                    )
                    columns += 1
                    out_start[columns] = used
                new = False
                if columns >= most_columns or steps >= most_steps:
                    complete = False
                    break
            if last[depth] > first[depth]:
                last[depth] -= 1
                v = waiting[last[depth]]
                with_giant = giants[depth] + giant[v]
                rest, rest_persons = sums[depth, 5], sums[depth, 6]
                if not giant[v]:
                    rest += households[v]
                    rest_persons += persons[v]
                if with_giant > 1 or (
                    too_big(price, rest, rest_persons) if with_giant == 0 else enough(price, rest, rest_persons)
                ):
                    # Out of every set below here, but still in sight.
                    continue
                # What waits at the next depth: everything that still waits here, then what v brings into sight.
                base = end[depth]
                if base + (last[depth] - first[depth]) + n > len(waiting):
                    waiting = np.concatenate((waiting, np.zeros(len(waiting) + n, np.int32)))
                top = base
                for i in range(first[depth], last[depth]):
                    waiting[top] = waiting[i]
                    top += 1
                d = depth + 1
                sums[d, 0] = sums[depth, 0] + households[v]
                sums[d, 1] = sums[depth, 1] + persons[v]
                sums[d, 2] = sums[depth, 2] + area[v]
                sums[d, 3] = sums[depth, 3] + perimeter[v]
                sums[d, 4] = sums[depth, 4]
                sums[d, 5] = rest
                sums[d, 6] = rest_persons
                giants[d] = with_giant
                if compound[v] >= 0:
                    if touched[compound[v]] == 0:
                        sums[d, 4] += price[COMPOUND]
                    touched[compound[v]] += 1
                first[d] = base
                fresh[d] = top
                for e in range(start[v], start[v + 1]):
                    u = neighbour[e]
                    if chosen[u]:
                        sums[d, 3] -= 2.0 * shared[e]
                        sums[d, 4] += inside[e] - 0.5 * border[e]
                    else:
                        sums[d, 4] += 0.5 * border[e]
                        if near[e] and u > root and not seen[u]:
                            waiting[top] = u
                            top += 1
                            seen[u] = True
                last[d] = top
                end[d] = top
                chosen[v] = True
                members[d] = v
                depth = d
                new = True
            else:
                v = members[depth]
                chosen[v] = False
                if compound[v] >= 0:
                    touched[compound[v]] -= 1
                for i in range(fresh[depth], end[depth]):
                    seen[waiting[i]] = False
                depth -= 1
        seen[:] = False
        chosen[:] = False
        touched[:] = 0
        if not complete:
            break
    return complete, out_start[: columns + 1].copy(), out_member[:used].copy(), out_cost[:columns].copy()
