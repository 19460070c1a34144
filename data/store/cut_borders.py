"""What becomes of the borders between blocks where one is cut, or parts are joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.store.plan_blocks import Borders
from gis.errors import BrokenPlan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.parting import Parted


def borders_of_parts(old: Borders, number: int, parted: Parted, ids: NDArray[np.int64]) -> Borders:
    """Return all borders, those of a block being those of its parts now; what it shared with a neighbour is shared out.

    `ids` are the numbers of the parts and of what lies around. By kind of line the metres of a border stay what they were.
    """
    parts = len(parted.part)
    own = (old.a == number) | (old.b == number)
    rows: list[tuple[int, int, NDArray[np.float64]]] = []
    before = {
        int(b if a == number else a): shared
        for a, b, shared in zip(old.a[own].tolist(), old.b[own].tolist(), old.shared_m[own], strict=True)
    }
    for near in np.unique(parted.b[parted.b >= parts]).tolist():
        mine = np.flatnonzero(parted.b == near)
        was = before.pop(int(ids[near]), parted.shared_m[mine].sum(axis=0))
        whole = parted.shared_m[mine].sum(axis=0)
        length = parted.shared_m[mine].sum(axis=1)
        by_length = np.repeat((length / length.sum())[:, None], len(was), axis=1)
        share = np.where(whole > 0, parted.shared_m[mine] / np.where(whole > 0, whole, 1.0), by_length)
        rows += [(int(ids[parted.a[k]]), int(ids[near]), was * share[n]) for n, k in enumerate(mine.tolist())]
    rows += [
        (int(ids[parted.a[k]]), int(ids[parted.b[k]]), parted.shared_m[k]) for k in np.flatnonzero(parted.b < parts).tolist()
    ]
    if before:
        msg = f"block {number} had borders that its parts do not have"
        raise BrokenPlan(msg)
    return _sorted(
        Borders(
            a=np.concatenate([old.a[~own], np.array([min(a, b) for a, b, _ in rows], dtype=np.int64)]),
            b=np.concatenate([old.b[~own], np.array([max(a, b) for a, b, _ in rows], dtype=np.int64)]),
            shared_m=np.concatenate([old.shared_m[~own], np.array([shared for *_, shared in rows])]),
        )
    )


def borders_of_joined(old: Borders, target: NDArray[np.int64]) -> Borders:
    """Return the borders of blocks that have become others, or one."""
    a, b = target[old.a], target[old.b]
    kept = a != b
    low, high = np.minimum(a, b)[kept], np.maximum(a, b)[kept]
    pair, index = np.unique(np.column_stack([low, high]), axis=0, return_inverse=True)
    shared = np.zeros((len(pair), old.shared_m.shape[1]))
    np.add.at(shared, index.reshape(-1), old.shared_m[kept])
    return Borders(a=pair[:, 0], b=pair[:, 1], shared_m=shared)


def _sorted(borders: Borders) -> Borders:
    order = np.lexsort((borders.b, borders.a))
    return Borders(a=borders.a[order], b=borders.b[order], shared_m=borders.shared_m[order])
