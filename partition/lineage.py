"""What became of every grid: a net in force and the net that follows it.

Definitions (pairs and shares as in `partition/crosswalk.py`)
-----------
A pair is a *link* when it is at least `LINK_SHARE` of its old grid or of its new one. Of two links the one with more
households is *stronger*; then the one with more ground (m², to 1 cm²), then the smaller old code, the smaller new key.

The *heir* of an old grid continues it. Heirs are given link by link, the strongest first, wherever neither its old grid
has an heir yet nor its new grid is one. So the part of a grid with most households continues it, and of grids that are
merged the larger is continued, unless that part or that grid is already taken by a stronger link.

An old grid without an heir that has a link is *merged* into its strongest link's new grid; without a link it is *retired*.
A new grid that is no heir and has a link is *split* off from its strongest link's old grid; without a link it is *new*.
An old grid and its heir are

    split     parts were split off the old grid
    merge     other grids were merged into the heir
    keep      neither, and ground (but for what is thinner than the snap grid), community and kind are the same
    reshape   neither, and something of that is different

Where both of the first two hold, the old grid's fate is split and the heir's origin is merge. So each old grid has one
fate, each new one one origin. Households that go from a grid to another that is not its heir are *moved*.

The flags of the statistical offices ask for the ground alone: U unchanged (the same ground one to one), S split (one
old grid is exactly several new ones), M merged (several old ones are exactly one new), X anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.locate import NOWHERE, rank_of
from partition.crosswalk import pairs_of, shares, wider_than_snap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from partition.crosswalk import Pairs

LINK_SHARE = 0.05
"""What a pair must be of either of its grids, so that one can come from the other."""

_CM2_PER_M2 = 10_000


class Op(StrEnum):
    """What happened to a grid."""

    KEEP = "keep"
    RESHAPE = "reshape"
    SPLIT = "split"
    MERGE = "merge"
    NEW = "new"
    RETIRE = "retire"


class Flag(StrEnum):
    """The statistical offices' word for a grid's ground."""

    UNCHANGED = "U"
    SPLIT = "S"
    MERGED = "M"
    IRREGULAR = "X"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridNet:
    """Grids that cover some communities; one row one index into each column.

    `key` tells them apart: their codes, or provisional ones. `community` are codes. `polygon` in metres.
    """

    key: tuple[str, ...]
    community: tuple[str, ...]
    polygon: NDArray[np.object_]
    dedicated: NDArray[np.bool_]

    def __len__(self) -> int:
        """Count the grids."""
        return len(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageRow:
    """A line of the register: what of one grid went to another, or came from or went beyond the net (None).

    `households` went this way, `households_moved` of them changed grid: none of those that stay with the heir, and
    none of those that come from or go beyond the net. `share` is the share of the old grid, 0 where there is none.
    """

    from_code: str | None
    to_code: str | None
    op: Op
    households: int
    households_moved: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """The difference between two nets.

    `successor` (o,) is each old grid's heir, or what it was merged into, or `NOWHERE`; `predecessor` (g,) what each new
    grid continues, or was split off from, or `NOWHERE`.
    """

    old: GridNet
    new: GridNet
    pairs: Pairs
    successor: NDArray[np.int64]
    predecessor: NDArray[np.int64]
    fate: tuple[Op, ...]
    origin: tuple[Op, ...]
    old_flag: tuple[Flag, ...]
    new_flag: tuple[Flag, ...]

    @property
    def continued(self) -> NDArray[np.int64]:
        """The old grid that each new grid continues (g,), or `NOWHERE`."""
        if not len(self.old):
            return np.full(len(self.new), NOWHERE, dtype=np.int64)
        mutual = self.successor[self.predecessor] == np.arange(len(self.new))
        return np.where(mutual, self.predecessor, NOWHERE)

    @property
    def moved(self) -> NDArray[np.int64]:
        """The households of each pair that changed grid (p,)."""
        return np.where(self.continued[self.pairs.new] == self.pairs.old, 0, self.pairs.households)

    @property
    def households_moved(self) -> int:
        """Households that were in one grid and are in another now; not those from or to beyond the net."""
        return int(self.moved.sum())

    @property
    def touched_old(self) -> int:
        """Old grids that were not simply kept."""
        return sum(op is not Op.KEEP for op in self.fate)

    @property
    def touched_new(self) -> int:
        """New grids that were not simply kept."""
        return sum(op is not Op.KEEP for op in self.origin)

    def rows(self, codes: Sequence[str] | None = None) -> Iterator[LineageRow]:
        """Give the lines of the register: one for each pair, then one for each grid that lies partly beyond the net.

        `codes` (g,) are the final codes of the new grids; without them their keys serve. A line beyond the net has
        `retire` or `new` exactly where that is the grid's fate or origin. The shares of each old grid add up to 1.
        """
        to = self.new.key if codes is None else tuple(codes)
        pairs = self.pairs
        share, rest = shares(pairs, of="old")
        columns = (pairs.old, pairs.new, pairs.households, self.moved, share)
        for i, j, households, moved, part in zip(*(column.tolist() for column in columns), strict=True):
            yield LineageRow(
                from_code=self.old.key[i],
                to_code=to[j],
                op=self._op(i, j),
                households=households,
                households_moved=moved,
                share=part,
            )
        for i in np.flatnonzero((rest > 0) | _are(self.fate, Op.RETIRE)).tolist():
            op = Op.RETIRE if self.fate[i] is Op.RETIRE else Op.RESHAPE
            alone = int(pairs.old_side.alone[i])
            yield LineageRow(
                from_code=self.old.key[i], to_code=None, op=op, households=alone, households_moved=0, share=float(rest[i])
            )
        _, rest = shares(pairs, of="new")
        for j in np.flatnonzero((rest > 0) | _are(self.origin, Op.NEW)).tolist():
            op = Op.NEW if self.origin[j] is Op.NEW else Op.RESHAPE
            alone = int(pairs.new_side.alone[j])
            yield LineageRow(from_code=None, to_code=to[j], op=op, households=alone, households_moved=0, share=0.0)

    def _op(self, i: int, j: int) -> Op:
        """Return what a pair is: the old grid's fate where it leads to its successor, a split where it made the new one."""
        if self.successor[i] == j:
            return self.fate[i]
        return Op.SPLIT if self.predecessor[j] == i else Op.RESHAPE


def diff(
    old: GridNet,
    new: GridNet,
    *,
    households: NDArray[np.int64],
    in_old: NDArray[np.int64],
    in_new: NDArray[np.int64],
) -> Diff:
    """Return the difference between a net and the one that follows it.

    Parameters
    ----------
    old, new
        Nets in one metric frame. A net need not cover the same ground as the other.
    households
        (n,) households at each point.
    in_old, in_new
        (n,) the grid of either net that each point belongs to, or `NOWHERE`.
    """
    pairs = pairs_of(old.polygon, new.polygon, households=households, in_old=in_old, in_new=in_new)
    link = _links(pairs, old, new)
    successor, predecessor = _heirs(pairs, link, len(old), len(new))
    heirs = np.flatnonzero((successor >= 0) & (predecessor[successor] == np.arange(len(old)))) if len(new) else successor[:0]
    split, merged = np.zeros(len(old), dtype=np.bool_), np.zeros(len(new), dtype=np.bool_)
    strays = np.setdiff1d(np.flatnonzero(predecessor >= 0), successor[heirs])
    split[predecessor[strays]] = True
    merged[successor[np.setdiff1d(np.flatnonzero(successor >= 0), heirs)]] = True

    fate = [Op.MERGE if heir >= 0 else Op.RETIRE for heir in successor.tolist()]
    origin = [Op.SPLIT if parent >= 0 else Op.NEW for parent in predecessor.tolist()]
    same = _same_ground(old.polygon[heirs], new.polygon[successor[heirs]])
    for i, alike in zip(heirs.tolist(), same.tolist(), strict=True):
        j = int(successor[i])
        kept = alike and old.community[i] == new.community[j] and old.dedicated[i] == new.dedicated[j]
        otherwise = Op.KEEP if kept else Op.RESHAPE
        fate[i] = Op.SPLIT if split[i] else Op.MERGE if merged[j] else otherwise
        origin[j] = Op.MERGE if merged[j] else Op.SPLIT if split[i] else otherwise
    old_flag, new_flag = _flags(pairs, old, new)
    return Diff(
        old=old,
        new=new,
        pairs=pairs,
        successor=successor,
        predecessor=predecessor,
        fate=tuple(fate),
        origin=tuple(origin),
        old_flag=old_flag,
        new_flag=new_flag,
    )


def _are(ops: Sequence[Op], op: Op) -> NDArray[np.bool_]:
    return np.array([each is op for each in ops], dtype=np.bool_)


def _links(pairs: Pairs, old: GridNet, new: GridNet) -> NDArray[np.int64]:
    """Return the rows of the links, the strongest first."""
    of_old, _ = shares(pairs, of="old")
    of_new, _ = shares(pairs, of="new")
    link = np.flatnonzero((of_old >= LINK_SHARE) | (of_new >= LINK_SHARE))
    ground = np.rint(pairs.area_m2[link] * _CM2_PER_M2).astype(np.int64)
    codes, keys = rank_of(old.key)[pairs.old[link]], rank_of(new.key)[pairs.new[link]]
    return link[np.lexsort((keys, codes, -ground, -pairs.households[link]))]


def _heirs(pairs: Pairs, link: NDArray[np.int64], olds: int, news: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return successors (o,) and predecessors (g,): of heirs each other, of all others the strongest link's end."""
    successor, predecessor = [NOWHERE] * olds, [NOWHERE] * news
    rows = list(zip(pairs.old[link].tolist(), pairs.new[link].tolist(), strict=True))
    for i, j in rows:
        if successor[i] == NOWHERE and predecessor[j] == NOWHERE:
            successor[i], predecessor[j] = j, i
    for i, j in rows:
        if successor[i] == NOWHERE:
            successor[i] = j
        if predecessor[j] == NOWHERE:
            predecessor[j] = i
    return np.array(successor, dtype=np.int64), np.array(predecessor, dtype=np.int64)


def _same_ground(one: NDArray[np.object_], two: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Say of pairs of polygons whether they differ nowhere by more than the snap grid."""
    same = shapely.equals_exact(shapely.normalize(one), shapely.normalize(two), tolerance=0.0)
    other = np.flatnonzero(~same)
    same[other] = ~wider_than_snap(shapely.symmetric_difference(one[other], two[other]))
    return same


def _flags(pairs: Pairs, old: GridNet, new: GridNet) -> tuple[tuple[Flag, ...], tuple[Flag, ...]]:
    """Return the flags of both nets: grids that share ground, however many times removed, are one group."""
    ground = pairs.area_m2 > 0
    i, j = pairs.old[ground], pairs.new[ground]
    size = len(old) + len(new)
    joined = coo_array((np.ones(len(i)), (i, j + len(old))), shape=(size, size))
    groups, group = connected_components(joined, directed=False)
    olds, news = (np.bincount(side, minlength=groups) for side in (group[: len(old)], group[len(old) :]))
    flag = [Flag.IRREGULAR] * int(groups)
    for some, word in (
        ((olds == 1) & (news == 1), Flag.UNCHANGED),
        ((olds == 1) & (news > 1), Flag.SPLIT),
        ((olds > 1) & (news == 1), Flag.MERGED),
    ):
        chosen = np.flatnonzero(some)
        whole = _same_ground(_united(old.polygon, group[: len(old)], chosen), _united(new.polygon, group[len(old) :], chosen))
        for k in chosen[whole].tolist():
            flag[k] = word
    flags = [flag[k] for k in group.tolist()]
    return tuple(flags[: len(old)]), tuple(flags[len(old) :])


def _united(polygon: NDArray[np.object_], group: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the ground of the areas of each chosen group."""
    by_group = np.argsort(group, kind="stable")
    begin, stop = (np.searchsorted(group[by_group], chosen, way) for way in ("left", "right"))
    made = np.empty(len(chosen), dtype=np.object_)
    made[:] = [shapely.union_all(polygon[by_group[a:b]]) for a, b in zip(begin.tolist(), stop.tolist(), strict=True)]
    return made
