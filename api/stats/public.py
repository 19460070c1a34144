"""What everybody may know of reports: how many there were in a calendar month, by area, where that tells of nobody.

One table a month, one count an area, and a report in one month only: so the theorem of `partition.suppress` holds for all that
is published. Nobody chooses windows or kinds: with the difference of two windows small counts would come out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from partition.suppress import suppressed_levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LEVELS = ("community", "street", "district", "city")
"""The levels of the tree, the lowest first. Above them stands the sum of everything."""

_Node = tuple[str | None, ...]
"""A place in the tree: the codes from the city down to its level; None where it lies in no area of a level."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of an area: how many reports there were; None: that is hidden."""

    level: str
    code: str
    received: int | None


def told(counts: Iterable[tuple[Sequence[str], int]], *, k: int) -> tuple[tuple[Told, ...], int | None]:
    """Return what is told of each area that had a report, by level and code, and of all together.

    `counts` are places, as `level=code` of every area around them, with the number of reports there.
    """
    lowest: dict[_Node, int] = {}
    for codes, received in counts:
        of = dict(each.split("=", 1) for each in codes)
        node = tuple(of.get(level) for level in reversed(LEVELS))
        lowest[node] = lowest.get(node, 0) + received
    nodes = [sorted(lowest, key=_order)]
    numbers = [np.array([lowest[node] for node in nodes[0]], dtype=np.int64)]
    parents = list[np.ndarray[tuple[int], np.dtype[np.int64]]]()
    for _ in LEVELS:
        above = sorted({node[:-1] for node in nodes[-1]}, key=_order)
        index = {node: number for number, node in enumerate(above)}
        parents.append(np.array([index[node[:-1]] for node in nodes[-1]], dtype=np.int64))
        total = np.zeros(len(above), dtype=np.int64)
        np.add.at(total, parents[-1], numbers[-1])
        nodes.append(above)
        numbers.append(total)
    hidden = suppressed_levels(numbers[0], parents, k=k)
    rows = [
        Told(level, code, None if is_hidden else int(number))
        for level, those, counted, mask in zip(LEVELS, nodes, numbers, hidden, strict=False)
        for node, number, is_hidden in zip(those, counted, mask, strict=True)
        if (code := node[-1]) is not None
    ]
    everything = None if hidden[-1].any() else int(numbers[-1].sum())
    return tuple(rows), everything


def _order(node: _Node) -> tuple[str, ...]:
    return tuple(code or "" for code in node)
