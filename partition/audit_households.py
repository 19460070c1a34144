"""Where the town's household points lie: in which grid, on which line, or nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.frame import centimetres
from gis.town import read_only
from partition.audit_layers import smallest
from partition.certificate import locate
from partition.defect import TOLERANCE_CM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.town import Households
    from partition.audit_layers import Look
    from partition.certificate import Located


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdCheck:
    """Where the town's household points lie.

    The arrays hold indices into its `Households`; `grid` (n,) the grid of each or -1.
    """

    grid: NDArray[np.int64]
    inside: NDArray[np.int64]
    """In a community."""
    outside: NDArray[np.int64]
    """In no community."""
    in_none: NDArray[np.int64]
    """In a community and in no grid."""
    in_two: NDArray[np.int64]
    """Strictly inside a grid, and inside or on the line of another."""


def place_households(look: Look, households: Households) -> tuple[HouseholdCheck, Located]:
    """Say where the household points lie; also which grids hold each of them, inside or on their line."""
    points = centimetres(households.xy) - look.origin
    held, lands = locate(points, look.net.grids), locate(points, look.net.communities)
    n = len(points)
    strictly = np.bincount(held.point[held.strictly], minlength=n)
    on_line = np.bincount(held.point[~held.strictly], minlength=n)
    inside = np.bincount(lands.point, minlength=n) > 0
    owner = _owner(n, held, look.rank)
    if not look.noded:
        _forgive(look, points, owner, inside)
    check = HouseholdCheck(
        grid=read_only(owner),
        inside=read_only(np.flatnonzero(inside)),
        outside=read_only(np.flatnonzero(~inside)),
        in_none=read_only(np.flatnonzero(inside & (owner < 0))),
        in_two=read_only(np.flatnonzero((strictly > 1) | ((strictly > 0) & (on_line > 0)))),
    )
    return check, held


def counts_of(check: HouseholdCheck, amount: NDArray[np.int64], grids: int) -> NDArray[np.int64]:
    """Return how many of what is at the points, households or persons, lie in each grid."""
    counted = np.zeros(grids, dtype=np.int64)
    some = check.grid >= 0
    np.add.at(counted, check.grid[some], amount[some])
    return counted


def _owner(points: int, located: Located, rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the grid of each point: the one around it, or the smallest code of those on whose line it lies."""
    sure = smallest(points, located.point[located.strictly], located.polygon[located.strictly], rank)
    tied = smallest(points, located.point, located.polygon, rank)
    return np.where(sure >= 0, sure, tied)


def _forgive(look: Look, points: NDArray[np.int64], owner: NDArray[np.int64], inside: NDArray[np.bool_]) -> None:
    """Give the points that lie between a grid's line and the community line it stands for to that grid."""
    lost = np.flatnonzero(inside & (owner < 0))
    if not len(lost):
        return
    at = shapely.points(points[lost].astype(np.float64))
    line, _ = shapely.STRtree(shapely.boundary(look.community)).query(at, predicate="dwithin", distance=TOLERANCE_CM)
    point, grid = shapely.STRtree(look.grid).query(at, predicate="dwithin", distance=TOLERANCE_CM)
    near = np.isin(point, line)
    owner[lost] = smallest(len(lost), point[near], grid[near].astype(np.int64), look.rank)
