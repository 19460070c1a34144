"""Two nets side by side: what became of the grids of the one in the other, household by household."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.locate import NOWHERE
from partition.lineage import GridNet, diff

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.lineage import Diff
    from partition.net import Net


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A net beside the one that it takes the place of, and the difference between them."""

    new: Net
    old: Net | None
    diff: Diff


def compared(old: Net | None, new: Net, *, ids: tuple[str, ...], households: NDArray[np.int64]) -> Compared:
    """Compare two nets over household points, by their ids and with the households of each (n,).

    Where `old` covers communities that `new` does not, these are left out: nothing is said about them.
    """
    if old is not None:
        rows = [g for g, community in enumerate(old.community) if community in new.outline]
        old = old if len(rows) == len(old) else old.take(rows)
    found = diff(_grids(old), _grids(new), households=households, in_old=_placed(old, ids), in_new=_placed(new, ids))
    return Compared(new=new, old=old, diff=found)


def _placed(net: Net | None, ids: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the grid (n,) that each point is in, or `NOWHERE`."""
    grid_of = {} if net is None else dict(zip(net.household_id, net.grid_of_household.tolist(), strict=True))
    return np.array([grid_of.get(identity, NOWHERE) for identity in ids], dtype=np.int64)


def _grids(net: Net | None) -> GridNet:
    if net is None:
        nothing = np.zeros(0, dtype=object)
        return GridNet(key=(), community=(), polygon=nothing, dedicated=np.zeros(0, dtype=np.bool_))
    return GridNet(key=net.code, community=net.community, polygon=net.polygon, dedicated=net.dedicated)
