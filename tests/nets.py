"""Nets of grids for tests: two cuts of one board of square cells, with households in the middle of the cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from hypothesis import strategies as st

from partition.lineage import Diff, GridNet, diff
from tests.strategies import blocks

CELL = 100.0


@dataclass(frozen=True)
class Redraw:
    """Two nets and the households that both count."""

    old: GridNet
    new: GridNet
    households: np.ndarray
    in_old: np.ndarray
    in_new: np.ndarray

    def diff(self) -> Diff:
        """Return the difference."""
        return diff(self.old, self.new, households=self.households, in_old=self.in_old, in_new=self.in_new)


def read(before: str, after: str, households: str | int = 20, **named) -> Redraw:
    """Read pictures of cells: a letter a grid, `.` nobody's land; lower-case letters are dedicated grids.

    `households` is one number for every cell, or a picture of numbers. Rows go from north to south. `community_before`
    and `community_after` name the community of a letter, by default A.
    """
    old, new = (
        np.array([list(line.replace(" ", "")) for line in text.split("\n") if line.strip()]) for text in (before, after)
    )
    if isinstance(households, int):
        counts = np.full(old.shape, households)
    else:
        counts = np.array([[int(n) for n in line.split()] for line in households.split("\n") if line.strip()])
    nets = [_net(cells, named.get(f"community_{when}", {})) for cells, when in ((old, "before"), (new, "after"))]
    indices = [
        np.array([net.key.index(c) if c != "." else -1 for c in cells.ravel()])
        for net, cells in zip(nets, (old, new), strict=True)
    ]
    return Redraw(nets[0], nets[1], counts.ravel(), *indices)


def _net(cells: np.ndarray, community: dict[str, str]) -> GridNet:
    keys = tuple(sorted(set(cells.ravel()) - {"."}))
    made = np.empty(len(keys), dtype=object)
    for k, key in enumerate(keys):
        up, along = np.nonzero(cells == key)
        south = len(cells) - 1 - up
        made[k] = shapely.union_all(shapely.box(along * CELL, south * CELL, (along + 1) * CELL, (south + 1) * CELL))
    return GridNet(
        key=keys,
        community=tuple(community.get(key, "A") for key in keys),
        polygon=made,
        dedicated=np.array([key.islower() for key in keys], dtype=bool),
    )


@st.composite
def redraws(draw) -> Redraw:
    """Draw two cuts of one board, from which some grids may be missing, and households in the cells."""
    width, height = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    cells = [[x, y] for x in range(width) for y in range(height)]
    sides = []
    for _ in range(2):
        made = draw(blocks(width, height))
        kept = [block for block in made if draw(st.integers(0, 7))]
        index = [next((k for k, (w, s, e, n) in enumerate(kept) if w <= x < e and s <= y < n), -1) for x, y in cells]
        polygon = np.empty(len(kept), dtype=object)
        polygon[:] = [shapely.box(*(CELL * at for at in block)) for block in kept]
        names = draw(st.permutations(range(len(kept))))
        net = GridNet(
            key=tuple(f"{name:02}" for name in names),
            community=tuple(draw(st.sampled_from("AAAB")) for _ in kept),
            polygon=polygon,
            dedicated=np.array([draw(st.integers(0, 5)) == 0 for _ in kept], dtype=bool),
        )
        sides.append((net, np.array(index, dtype=np.int64)))
    households = draw(st.lists(st.one_of(st.just(0), st.integers(1, 60)), min_size=len(cells), max_size=len(cells)))
    (old, in_old), (new, in_new) = sides
    return Redraw(old, new, np.array(households, dtype=np.int64), in_old, in_new)
