"""A town whose plan is in force, as far as what happens in it asks: its grids, and the spots where people are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.frame import CGCS2000, transform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from gis.town import Town
    from partition.net import Net

AT_WORK = 60
"""A grid where people work counts as much as one with so many households."""

INSIDE_M = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Grids (g) and spots (s): household points, and one place in each dedicated grid."""

    code: tuple[str, ...]
    """(g) codes of the grids."""
    community: tuple[str, ...]
    """(g) code of the community of each grid."""
    dedicated: NDArray[np.bool_]
    """(g)"""
    lon_lat: NDArray[np.float64]
    """(s, 2) degrees, CGCS2000."""
    grid: NDArray[np.int64]
    """(s) the grid that each spot is in."""
    many: NDArray[np.int64]
    """(s) households there."""
    is_inside: NDArray[np.bool_]
    """(s) whether it lies well inside its grid: whoever takes it to degrees finds it there."""
    heap: NDArray[np.int64]
    """(s) spots of one compound, or of one grid outside compounds, have the same number."""
    address: tuple[str, ...]
    """(s) as people say it."""


def settled(net: Net, town: Town) -> Settled:
    """Return a net in force, beside the town that it divides, as `Settled`."""
    row = {identity: k for k, identity in enumerate(town.households.id)}
    homes = np.array([row[identity] for identity in net.household_id], dtype=np.int64)
    work = np.flatnonzero(net.dedicated)
    inside = shapely.point_on_surface(net.polygon[work])
    xy = np.vstack([town.households.xy[homes], np.column_stack([shapely.get_x(inside), shapely.get_y(inside)])])
    grid = np.concatenate([net.grid_of_household, work])
    names = dict(zip(town.communities.code, town.communities.name, strict=True))
    told = [(town.households.compound[k], _building(town, k)) for k in homes.tolist()] + [("", "")] * len(work)
    heaps: dict[tuple[str, str], int] = {}
    heap = [
        heaps.setdefault((net.community[g], compound or net.code[g]), len(heaps))
        for g, (compound, _) in zip(grid.tolist(), told, strict=True)
    ]
    return Settled(
        code=net.code,
        community=net.community,
        dedicated=net.dedicated,
        lon_lat=transform(xy, town.frame.crs, CGCS2000),
        grid=grid,
        many=np.concatenate([town.households.households[homes], np.full(len(work), AT_WORK)]),
        is_inside=shapely.distance(shapely.points(xy), shapely.boundary(net.polygon)[grid]) > INSIDE_M,
        heap=np.array(heap, dtype=np.int64),
        address=tuple(
            _address(names, net, g, *each) for g, each in zip(grid.tolist(), told, strict=True)
        ),
    )  # fmt: skip


def _building(town: Town, row: int) -> str:
    """Return what a household point's building is called; '' where its file names none."""
    name = town.households.building[row]
    return "" if name == town.households.id[row] else name


def _address(names: Mapping[str, str], net: Net, grid: int, compound: str, building: str) -> str:
    """Return the community's name, and the building, the compound or else the grid."""
    where = (building if building.startswith(compound) else compound + building) or net.name[grid]
    community = names.get(net.community[grid], "")
    return where if where.startswith(community) else community + where
