"""What two nets of grids share, pair by pair, and how one net's figures are handed on to the other.

Two areas share *ground* where some part of what they have in common is wider than the snap grid; thinner parts are noding
noise. They form a *pair* when they share ground or a household counted in both.

The *share* of an area that goes to another is the share of its households; where it has none, of its ground. What goes
to no area goes to `NOWHERE`. The shares of one area add up to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

from gis.frame import SNAP_M
from gis.locate import NOWHERE

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SURFACE = 2
WHOLE = 1_000_000
"""An area in the parts that `in_millionths` counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two nets: households, ground (m²) and outline (m) of each area, and its households in no other (g,)."""

    households: NDArray[np.int64]
    area_m2: NDArray[np.float64]
    outline_m: NDArray[np.float64]
    alone: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the areas."""
        return len(self.households)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The pairs of two nets, in order of `old`, then `new`; one row one index into each column.

    `area_m2` is the ground in common, 0 where a pair has only households in common.
    """

    old: NDArray[np.int64]
    new: NDArray[np.int64]
    households: NDArray[np.int64]
    area_m2: NDArray[np.float64]
    old_side: Side
    new_side: Side

    def __len__(self) -> int:
        """Count the pairs."""
        return len(self.old)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crosswalk:
    """Shares of the areas of one net that go to those of another, in order; `new` may be `NOWHERE`."""

    old: NDArray[np.int64]
    new: NDArray[np.int64]
    share: NDArray[np.float64]


def pairs_of(
    old: NDArray[np.object_],
    new: NDArray[np.object_],
    *,
    households: NDArray[np.int64],
    in_old: NDArray[np.int64],
    in_new: NDArray[np.int64],
) -> Pairs:
    """Return the pairs of two nets.

    Parameters
    ----------
    old, new
        Polygons or MultiPolygons in one metric frame, valid; what is missing or empty shares nothing.
    households
        (n,) households at each point.
    in_old, in_new
        (n,) the area of either net that each point belongs to, or `NOWHERE`.

    Returns
    -------
    Pairs
        Every household counts once on either side: `households` of a side is the sum over its pairs and `alone`.
    """
    i, j, area_m2 = _common_ground(old, new)
    both = (in_old >= 0) & (in_new >= 0)
    wide = np.int64(max(1, len(new)))
    keys, slot = np.unique(np.concatenate([i * wide + j, in_old[both] * wide + in_new[both]]), return_inverse=True)
    ground, shared = np.zeros(len(keys)), np.zeros(len(keys), dtype=np.int64)
    ground[slot[: len(i)]] = area_m2
    np.add.at(shared, slot[len(i) :], households[both])
    some = (ground > 0) | (shared > 0)
    return Pairs(
        old=(keys // wide)[some],
        new=(keys % wide)[some],
        households=shared[some],
        area_m2=ground[some],
        old_side=_side(old, households, in_old, in_new),
        new_side=_side(new, households, in_new, in_old),
    )


def crosswalk(pairs: Pairs) -> Crosswalk:
    """Return how each old area is shared out among the new; the shares of each add up to 1."""
    share, rest = shares(pairs, of="old")
    some, left = np.flatnonzero(share > 0), np.flatnonzero(rest > 0)
    old, new = np.r_[pairs.old[some], left], np.r_[pairs.new[some], np.full(len(left), NOWHERE)]
    # What goes nowhere stands last.
    order = np.lexsort((new, new < 0, old))
    return Crosswalk(old=old[order], new=new[order], share=np.r_[share[some], rest[left]][order])


def in_millionths(walk: Crosswalk) -> NDArray[np.int64]:
    """Return the shares in whole millionths (s,), those of each old area exactly `WHOLE` together.

    All are cut off, and what is missing then goes to those that lost most, of equal ones to the first.
    """
    exact = walk.share * WHOLE
    cut = np.floor(exact).astype(np.int64)
    missing = np.zeros(int(walk.old.max(initial=-1)) + 1, dtype=np.int64)
    missing[walk.old] = WHOLE
    np.subtract.at(missing, walk.old, cut)
    order = np.lexsort((cut - exact, walk.old))
    first = np.searchsorted(walk.old[order], walk.old[order])
    rank = np.arange(len(order)) - first
    cut[order[rank < missing[walk.old[order]]]] += 1
    return cut


def shares(pairs: Pairs, *, of: Literal["old", "new"]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what share of its area on the side `of` each pair is (p,), and what share of each area is in no pair (g,)."""
    area, side = (pairs.old, pairs.old_side) if of == "old" else (pairs.new, pairs.new_side)
    lived_in = side.households > 0
    ground = np.bincount(area, weights=pairs.area_m2, minlength=len(side))
    bare = np.maximum(side.area_m2 - ground, 0.0)
    # A strip along the outline as thin as the snap grid is noise. Without any ground at all, everything is nowhere.
    bare[(bare <= SNAP_M * side.outline_m) & (ground > 0)] = 0.0
    bare[(bare == 0) & (ground == 0)] = 1.0
    rest = np.where(lived_in, side.alone, bare)
    weight = np.where(lived_in[area], pairs.households, pairs.area_m2)
    whole = np.where(lived_in, side.households, ground + bare)
    return weight / whole[area], rest / whole


def wider_than_snap(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Say which shapes have a part that is, on the mean, wider than the snap grid."""
    parts, shape = shapely.get_parts(shapes, return_index=True)
    result = np.zeros(len(shapes), dtype=np.bool_)
    # A strip has about twice its length around it.
    wide = shapely.area(parts) > SNAP_M * shapely.length(parts) / 2
    result[shape[wide & (shapely.get_dimensions(parts) == _SURFACE)]] = True
    return result


def _common_ground(
    old: NDArray[np.object_], new: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    i, j = shapely.STRtree(new).query(old, predicate="intersects")
    common = shapely.intersection(old[i], new[j])
    ground = wider_than_snap(common)
    return i[ground], j[ground], shapely.area(common[ground])


def _side(
    polygon: NDArray[np.object_], households: NDArray[np.int64], here: NDArray[np.int64], there: NDArray[np.int64]
) -> Side:
    total, alone = np.zeros(len(polygon), dtype=np.int64), np.zeros(len(polygon), dtype=np.int64)
    inside, only = here >= 0, (here >= 0) & (there < 0)
    np.add.at(total, here[inside], households[inside])
    np.add.at(alone, here[only], households[only])
    missing = shapely.is_missing(polygon)
    return Side(
        households=total,
        area_m2=np.where(missing, 0.0, shapely.area(polygon)),
        outline_m=np.where(missing, 0.0, shapely.length(polygon)),
        alone=alone,
    )
