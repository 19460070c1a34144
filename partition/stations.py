"""Where stations (驿站) stand, and which grids each serves: grids grouped one level up, so that people walk least.

A *site* is a place where a station may stand: in each lived-in grid the household point that is nearest to all of its
households, and whatever stations there are already. A *service area* is the grids of one station; every grid is in exactly
one, the station stands in it, and it hangs together. What people walk is counted for each household, by `partition/walk.py`:
so stations stand close where people live close.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.spatial.distance import cdist

from gis.errors import RulesError
from gis.locate import NOWHERE, locate
from gis.mesh import OUTSIDE, build_mesh
from partition.number import raster_order
from partition.search.cover import Status
from partition.search.median import Median, fewest, median
from partition.search.parts import parts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.walk import Walk

BAND_M = 100.0
"""Height of the bands of the raster order that stations are numbered in, metres."""
_SITES_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """Household points: `xy` (h, 2) metres, how many `households`, and the `grid` of each, an index."""

    xy: NDArray[np.float64]
    households: NDArray[np.int64]
    grid: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Siting:
    """Stations in raster order of where they stand, and whom they serve; lengths in metres."""

    xy: NDArray[np.float64]
    """(p, 2) where each stands."""
    stands_in: NDArray[np.int64]
    """(p,) the grid that it stands in."""
    kept: NDArray[np.int64]
    """(p,) which of the stations that were there it is, or `NOWHERE`."""
    station: NDArray[np.int64]
    """(n,) the station that serves each grid."""
    households: NDArray[np.int64]
    """(p,) how many each serves."""
    homes: Homes
    """Whom they were sited for."""
    walk_m: NDArray[np.float64]
    """(h,) what the people of each household point walk to their station."""
    reached: NDArray[np.int64]
    """(p,) households that walk no more than `reach_m`."""
    mean_m: NDArray[np.float64]
    """(p,) what a household walks; NaN where nobody lives."""
    farthest_m: NDArray[np.float64]
    """(p,) what the farthest household walks, 0 where nobody lives."""
    area: NDArray[np.object_]
    """(p,) service areas: a MultiPolygon only where grids were linked across water."""
    linked: NDArray[np.int64]
    """(l, 2) pairs of grids that do not touch and count as neighbours: all grids would not be joined without them."""
    reach_m: float
    status: Status
    price_m: float
    """What a household walks on the mean; grids where nobody lives count as one household each."""
    bound_m: float
    """No choice of so many stations makes them walk less than this."""
    fewest: int | None
    """No fewer stations reach everybody whom one can reach; None: their number was given."""

    def __len__(self) -> int:
        """Count the stations."""
        return len(self.xy)


def site_stations(
    polygon: NDArray[np.object_],
    homes: Homes,
    walk: Walk,
    *,
    reach_m: float,
    count: int | None = None,
    kept: NDArray[np.float64] | None = None,
) -> Siting:
    """Choose where stations stand and group the grids around them.

    Parameters
    ----------
    polygon
        (n,) the grids, in metres, with every vertex that they share.
    homes
        Who lives where.
    walk
        What people walk from one place to another.
    reach_m
        What they should walk at most.
    count
        How many stations there are to be; None: as few as reach every household that one could reach.
    kept
        (k, 2) stations that are there and stay; they lie in grids, one in each at most.

    Raises
    ------
    RulesError
        There are fewer stations than stay, or more than lived-in grids; or stations that stay share a grid or lie in none.
    """
    case = lay_out(polygon, homes, walk, kept)
    place, home, old = case.place, case.home, case.old
    if not len(place):
        raise RulesError("nobody lives in these grids, so no station can be near to anybody")
    if count is not None and not case.fixed.sum() <= count <= len(place):
        msg = f"{count} stations: there are {case.fixed.sum()} that stay, and {len(place)} grids that one may stand in"
        raise RulesError(msg)
    chosen, least = _as_few_as_reach(case, reach_m) if count is None else (_chosen(case, case.price, count), None)
    opened = np.unique(chosen.site)
    opened = opened[raster_order(place[opened], BAND_M)]
    rank = np.full(len(place), NOWHERE)
    rank[opened] = np.arange(len(opened))
    count, station = len(opened), rank[chosen.site]
    of_home = station[homes.grid]
    walked = _to_station(homes, walk, place[opened], of_home)
    served = np.bincount(of_home, weights=homes.households, minlength=count)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(of_home, weights=homes.households * walked, minlength=count) / served
    farthest = np.zeros(count)
    lived_in = homes.households > 0
    np.maximum.at(farthest, of_home[lived_in], walked[lived_in])
    weight = float(case.weight.sum())
    return Siting(
        xy=place[opened],
        stands_in=home[opened],
        kept=old[opened],
        station=station,
        households=served.astype(np.int64),
        homes=homes,
        walk_m=walked,
        reached=np.bincount(of_home, weights=homes.households * (walked <= reach_m), minlength=count).astype(np.int64),
        mean_m=mean,
        farthest_m=farthest,
        area=np.array([shapely.coverage_union_all(polygon[station == k]) for k in range(count)], dtype=object),
        linked=case.linked,
        reach_m=reach_m,
        status=chosen.status,
        price_m=chosen.price / weight,
        bound_m=chosen.bound / weight,
        fewest=least,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is chosen from: `place` (m, 2) where a station may stand, and what it costs to serve each of n grids from there."""

    place: NDArray[np.float64]
    home: NDArray[np.int64]
    """(m,) the grid that each place lies in."""
    old: NDArray[np.int64]
    """(m,) which station that stays stands there, or `NOWHERE`."""
    price: NDArray[np.float64]
    """(n, m) metres that all households of a grid walk there together."""
    far: NDArray[np.float64]
    """(n, m) what the farthest of them walks."""
    weight: NDArray[np.int64]
    """(n,) households; where nobody lives one, so that such a grid goes to who is near."""
    near: list[NDArray[np.int64]]
    """For each grid its neighbours."""
    linked: NDArray[np.int64]

    @property
    def fixed(self) -> NDArray[np.bool_]:
        """(m,) where a station stays."""
        return self.old != NOWHERE


def lay_out(polygon: NDArray[np.object_], homes: Homes, walk: Walk, kept: NDArray[np.float64] | None = None) -> Case:
    """Return what stations of these grids and homes are chosen from."""
    kept = np.zeros((0, 2)) if kept is None else kept
    place, home, old = _sites(polygon, homes, kept)
    price, far = _walked(polygon, homes, walk, place)
    near, linked = _neighbours(polygon)
    weight = np.maximum(1, np.bincount(homes.grid, weights=homes.households, minlength=len(polygon))).astype(np.int64)
    return Case(place=place, home=home, old=old, price=price, far=far, weight=weight, near=near, linked=linked)


def _chosen(case: Case, price: NDArray[np.float64], count: int) -> Median:
    return median(price, home=case.home, near=case.near, count=count, fixed=case.fixed)


def _as_few_as_reach(case: Case, reach_m: float) -> tuple[Median, int]:
    """Return as few stations as reach everybody whom one can reach, and how many are needed at the least."""
    near_enough = case.far <= reach_m
    # Where even its own station is too far for somebody, a grid is served from wherever people walk least.
    may = near_enough | ~near_enough.any(axis=1, keepdims=True)
    # And a station serves the grid that it stands in, whether all of that is near to it or not.
    may[case.home, np.arange(len(case.place))] = True
    price = np.where(may, case.price, np.inf)
    count, least = fewest(may, case.fixed)
    chosen = _chosen(case, price, count)
    # Areas that hang together may take a few more.
    while chosen.status in {Status.IMPOSSIBLE, Status.UNKNOWN} and count < len(case.place):
        count += 1
        chosen = _chosen(case, price, count)
    return chosen, least


def _sites(
    polygon: NDArray[np.object_], homes: Homes, kept: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return where stations may stand (m, 2), the grid of each site, and which station that stays it is, or `NOWHERE`."""
    old_home = locate(kept, polygon, order=np.arange(len(polygon)))
    for k, grid in enumerate(old_home.tolist()):
        if grid == NOWHERE or grid in old_home[:k]:
            x, y = kept[k].tolist()
            why = "lies in no grid" if grid == NOWHERE else "shares its grid with another that stays"
            msg = f"the station at ({x:.2f}, {y:.2f}) {why}"
            raise RulesError(msg)
    lived_in = np.unique(homes.grid[homes.households > 0])
    free = np.setdiff1d(lived_in, old_home)
    middle = np.array([_middle(homes, grid) for grid in free.tolist()]).reshape(-1, 2)
    old = np.concatenate([np.arange(len(kept)), np.full(len(free), NOWHERE)])
    return np.concatenate([kept, middle]), np.concatenate([old_home, free]), old


def _middle(homes: Homes, grid: int) -> NDArray[np.float64]:
    """Return the household point of a grid that is nearest to all of its households."""
    here = np.flatnonzero((homes.grid == grid) & (homes.households > 0))
    away = cdist(homes.xy[here], homes.xy[here]) @ homes.households[here]
    return homes.xy[here[int(away.argmin())]]


def _walked(
    polygon: NDArray[np.object_], homes: Homes, walk: Walk, place: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what all households of each grid walk to each site together, and what the farthest of them walks (n, m).

    Where nobody lives one household is counted, amid the grid; it has nowhere to be in time.
    """
    lived_in = homes.households > 0
    empty = np.setdiff1d(np.arange(len(polygon)), homes.grid[lived_in])
    middle = shapely.get_coordinates(shapely.point_on_surface(polygon[empty]))
    order = np.argsort(homes.grid[lived_in], kind="stable")
    xy, grid = homes.xy[lived_in][order], homes.grid[lived_in][order]
    many = homes.households[lived_in][order]
    first = np.flatnonzero(np.diff(grid, prepend=NOWHERE))
    price, far = np.zeros((len(polygon), len(place))), np.zeros((len(polygon), len(place)))
    for start in range(0, len(place), _SITES_AT_ONCE):
        sites = slice(start, start + _SITES_AT_ONCE)
        if len(xy):
            metres = walk(xy, place[sites])
            price[grid[first], sites] = np.add.reduceat(metres * many[:, None], first)
            far[grid[first], sites] = np.maximum.reduceat(metres, first)
        if len(empty):
            price[empty, sites] = walk(middle, place[sites])
    return price, far


def _to_station(homes: Homes, walk: Walk, site: NDArray[np.float64], station: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what the people of each household point (h,) walk to their station."""
    walked = np.zeros(len(station))
    for k in range(len(site)):
        mine = np.flatnonzero(station == k)
        if len(mine):
            walked[mine] = walk(homes.xy[mine], site[k : k + 1])[:, 0]
    return walked


def _neighbours(polygon: NDArray[np.object_]) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Return the neighbours of each grid, by borders that they share, and the pairs that were linked to join them all."""
    n = len(polygon)
    mesh = build_mesh(shapely.orient_polygons(polygon))
    inner = (mesh.left != OUTSIDE) & (mesh.right != OUTSIDE) & (mesh.left != mesh.right)
    pair = np.unique(np.sort(np.column_stack([mesh.left[inner], mesh.right[inner]]), axis=1), axis=0)
    linked: list[tuple[int, int]] = []
    while (part := parts_of(n, *pair.T)).any():
        # The part of the first grid reaches over to the nearest grid of another.
        near, rest = np.flatnonzero(part == 0), np.flatnonzero(part != 0)
        tree = shapely.STRtree(polygon[near])
        found, away = tree.query_nearest(polygon[rest], return_distance=True, all_matches=True)
        best = np.lexsort((found[0], found[1], away))[0]
        ends = int(near[found[1, best]]), int(rest[found[0, best]])
        linked.append((min(ends), max(ends)))
        pair = np.vstack([pair, linked[-1]])
    both = np.concatenate([pair, pair[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    return np.split(both[:, 1], np.searchsorted(both[:, 0], np.arange(1, n))), np.array(linked, dtype=np.int64).reshape(-1, 2)
