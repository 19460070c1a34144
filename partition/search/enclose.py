"""Grids that surround others: contiguous, and absurd.

A set of pieces encloses when some piece outside it cannot reach the edge of the unit without crossing it. Ground outside the
unit (another community, a dedicated area, a lake) is no enclave.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def encloses(inside, start, neighbour, is_open, reached, queue):
    """Say whether the pieces marked in `inside` (n,) surround another piece; `reached` and `queue` (n,) are scratch."""
    n = len(inside)
    tail = 0
    outside = 0
    for v in range(n):
        reached[v] = False
        if not inside[v]:
            outside += 1
            if is_open[v]:
                reached[v] = True
                queue[tail] = v
                tail += 1
    head = 0
    while head < tail:
        v = queue[head]
        head += 1
        for e in range(start[v], start[v + 1]):
            u = neighbour[e]
            if not inside[u] and not reached[u]:
                reached[u] = True
                queue[tail] = u
                tail += 1
    # Where the unit has no edge at all nothing can be told apart.
    return tail != outside and is_open.any()


@njit(cache=True)
def enclosing_sets(set_start, member, start, neighbour, is_open):
    """Say for each set of pieces whether it surrounds another piece."""
    n = len(start) - 1
    inside = np.zeros(n, np.bool_)
    reached = np.zeros(n, np.bool_)
    queue = np.zeros(n, np.int64)
    found = np.zeros(len(set_start) - 1, np.bool_)
    for j in range(len(found)):
        for i in range(set_start[j], set_start[j + 1]):
            inside[member[i]] = True
        found[j] = encloses(inside, start, neighbour, is_open, reached, queue)
        for i in range(set_start[j], set_start[j + 1]):
            inside[member[i]] = False
    return found
