"""Where a draft stands while it is edited: blocks in grids, some in none, grids in pieces, grids that may not be touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.locate import NOWHERE
from gis.town import LineKind
from partition.score import in_band
from partition.search.parts import parts_of
from partition.search.polish import plan_price
from partition.search.unit import THREAD_M, price_list, unit_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.block import Blocks
    from partition.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A draft by its blocks.

    `grid` (b,) is the grid of each block, an index into `key`, or `NOWHERE`. Per grid: `key`, what it is called by machines,
    `name`, what people call it, and `locked`: no block may leave it or come into it. `communities` are the indices of those
    that may be changed, ascending.
    """

    blocks: Blocks
    grid: NDArray[np.int64]
    key: tuple[str, ...]
    name: tuple[str, ...]
    locked: NDArray[np.bool_]
    communities: NDArray[np.int64]

    @property
    def divided(self) -> NDArray[np.bool_]:
        """Say which blocks (b,) are to be in a residential grid of these communities."""
        return (self.blocks.dedicated == NOWHERE) & np.isin(self.blocks.community, self.communities)

    @property
    def held(self) -> NDArray[np.bool_]:
        """Say which blocks (b,) lie in a locked grid."""
        return np.append(self.locked, False)[self.grid]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the residential grids of some communities are worth.

    `price` in points, lower is better: that of a plan in which every connected piece of a grid, and of land in no grid, is
    a grid. `grids` there are, `in_band` of them, `broken` lie in several pieces; `unassigned` blocks are in none.
    `households_moved` are in another grid than in the draft, and `grids_changed` have not the blocks that they had.
    """

    price: float
    grids: int
    in_band: int
    broken: int
    unassigned: int
    households_moved: int
    grids_changed: int


def connected(
    blocks: Blocks, rules: Rules, used: NDArray[np.bool_], label: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Return for each block (b,) the first block of the connected part it lies in, or `NOWHERE` where not `used`.

    Parts lie in one community and reach over borders that one may walk across; with `label`, over those alone whose two
    sides have the same one.
    """
    hard = [LineKind[name.upper()] for name in rules.hard_barriers]
    metres = blocks.shared_m.sum(axis=1) - blocks.shared_m[:, hard].sum(axis=1)
    a, b = blocks.a, blocks.b
    joined = used[a] & used[b] & (blocks.community[a] == blocks.community[b]) & (metres >= THREAD_M)
    if label is not None:
        joined &= label[a] == label[b]
    part = parts_of(len(blocks), a[joined], b[joined])
    first = np.unique(part, return_index=True)[1]
    return np.where(used, first[part], NOWHERE)


def main_pieces(standing: Standing, piece: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which blocks (b,) lie in the piece that a grid is named by: of its pieces the one with the most households.

    Of equal ones the largest counts, then the one that begins first. `piece` (b,) are the draft's connected pieces.
    """
    blocks = standing.blocks
    whose = np.flatnonzero((piece != NOWHERE) & (standing.grid != NOWHERE))
    first, index = np.unique(piece[whose], return_inverse=True)
    households = np.bincount(index, weights=blocks.households[whose], minlength=len(first))
    area = np.bincount(index, weights=blocks.area_m2[whose], minlength=len(first))
    grid = standing.grid[first]
    order = np.lexsort((first, -area, -households, grid))
    kept = np.unique(grid[order], return_index=True)[1]
    return np.isin(piece, first[order[kept]])


def totals(blocks: Blocks, grid: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the households and the persons of each of `count` grids; blocks in `NOWHERE` count nowhere."""
    inside = grid != NOWHERE
    households = np.bincount(grid[inside], weights=blocks.households[inside], minlength=count).astype(np.int64)
    persons = np.bincount(grid[inside], weights=blocks.persons[inside], minlength=count).astype(np.int64)
    return households, persons


def measure(standing: Standing, grid: NDArray[np.int64], count: int, rules: Rules) -> Figures:
    """Return the figures of `grid` (b,), an index below `count` or `NOWHERE`, as it would change where the draft stands."""
    blocks, divided = standing.blocks, standing.divided
    piece = connected(blocks, rules, divided, grid)
    there = np.unique(grid[divided & (grid != NOWHERE)])
    pieces = np.unique(np.column_stack([grid, piece])[divided & (grid != NOWHERE)], axis=0)[:, 0]
    households, persons = totals(blocks, np.where(divided, grid, NOWHERE), count)
    changed = np.flatnonzero(divided & (grid != standing.grid))
    touched = np.unique(np.concatenate([grid[changed], standing.grid[changed]]))
    price = 0.0
    for community in standing.communities.tolist():
        chosen = np.flatnonzero(divided & (blocks.community == community))
        if len(chosen):
            label = np.unique(piece[chosen], return_inverse=True)[1]
            price += plan_price(unit_of(blocks, chosen, rules), price_list(rules), label)
    return Figures(
        price=price,
        grids=len(there),
        in_band=int(in_band(rules, households, persons)[there].sum()),
        broken=int((np.bincount(pieces, minlength=1) > 1).sum()),
        unassigned=int((divided & (grid == NOWHERE)).sum()),
        households_moved=int(blocks.households[changed[standing.grid[changed] != NOWHERE]].sum()),
        grids_changed=int((touched != NOWHERE).sum()),
    )
