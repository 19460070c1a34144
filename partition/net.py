"""A net: grids as anybody keeps them, whole communities at a time, free of how they were made.

What a plan hands on to the store, what a folder of files holds, and what is in force are all nets.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.locate import NOWHERE
from partition.audit_layers import CommunityLayer, GridLayer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import shapely
    from numpy.typing import NDArray

    from gis.town import Town
    from partition.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    """Grids of whole communities; one row one index into each column. Lengths and areas in metres, in one metric frame."""

    code: tuple[str, ...]
    name: tuple[str, ...]
    dedicated: NDArray[np.bool_]
    subtype: tuple[str, ...]
    community: tuple[str, ...]
    """Code of the community that each grid belongs to."""
    households: NDArray[np.int64]
    persons: NDArray[np.int64]
    buildings: NDArray[np.int64]
    area_m2: NDArray[np.float64]
    perimeter_m: NDArray[np.float64]
    compactness: NDArray[np.float64]
    bounds: tuple[tuple[str, str, str, str], ...]
    """East, south, west, north."""
    exception: tuple[Mapping[str, Any] | None, ...]
    """Reason, whether it is proven, and its argument in `zh` and `en`; None in the band."""
    polygon: NDArray[np.object_]
    outline: Mapping[str, shapely.Geometry]
    """The noded communities by code: their lines have every vertex that a grid has there."""
    household_id: tuple[str, ...]
    """Household points that lie in the communities, by the id of their file."""
    grid_of_household: NDArray[np.int64]
    """(h,) index of the grid that each of them is in."""

    def __len__(self) -> int:
        """Count the grids."""
        return len(self.code)

    def layer(self) -> GridLayer:
        """Return the grids as the audit reads anybody's."""
        return GridLayer(
            code=self.code,
            community=self.community,
            kind=tuple("dedicated" if d else "residential" for d in self.dedicated.tolist()),
            exception=tuple("" if e is None else str(e["reason"]) for e in self.exception),
            polygon=self.polygon,
            households=self.households,
            persons=self.persons,
            row=np.arange(1, len(self) + 1),
        )

    def outlines(self) -> CommunityLayer:
        """Return the noded communities as the audit reads them."""
        polygon = np.empty(len(self.outline), dtype=object)
        polygon[:] = list(self.outline.values())
        return CommunityLayer(code=tuple(self.outline), polygon=polygon)

    def take(self, rows: Sequence[int]) -> Net:
        """Return a net of some of the grids, in the order of `rows`, with the communities that they belong to."""
        chosen = np.asarray(rows, dtype=np.int64)
        row_of = np.full(len(self) + 1, NOWHERE)
        row_of[chosen] = np.arange(len(chosen))
        inside = np.flatnonzero(row_of[self.grid_of_household] != NOWHERE)
        columns: dict[str, Any] = {
            f.name: value[chosen] if isinstance(value, np.ndarray) else tuple(value[row] for row in rows)
            for f in fields(self)
            if f.name not in _NOT_BY_GRID and (value := getattr(self, f.name)) is not None
        }
        kept = set(columns["community"])
        return Net(
            **columns,
            outline={code: shape for code, shape in self.outline.items() if code in kept},
            household_id=tuple(self.household_id[h] for h in inside.tolist()),
            grid_of_household=row_of[self.grid_of_household[inside]],
        )

    def joined(self, others: Sequence[Net]) -> Net:
        """Return this net and others of other communities as one."""
        nets = (self, *others)
        offset = np.cumsum([0, *(len(net) for net in nets)])
        columns: dict[str, list[Any]] = {
            f.name: [getattr(net, f.name) for net in nets] for f in fields(self) if f.name not in _NOT_BY_GRID
        }
        whole: dict[str, Any] = {
            name: np.concatenate(parts) if isinstance(parts[0], np.ndarray) else tuple(chain.from_iterable(parts))
            for name, parts in columns.items()
        }
        return Net(
            **whole,
            outline={code: shape for net in nets for code, shape in net.outline.items()},
            household_id=tuple(chain.from_iterable(net.household_id for net in nets)),
            grid_of_household=np.concatenate([net.grid_of_household + offset[i] for i, net in enumerate(nets)]),
        )


_NOT_BY_GRID = ("outline", "household_id", "grid_of_household")


def net_of(plan: Plan, town: Town) -> Net:
    """Return what a plan of a town says about the communities that it divides."""
    grids = plan.grids
    placed = np.flatnonzero(plan.grid_of_household != NOWHERE)
    noded = zip(plan.communities.tolist(), plan.community_polygon[plan.communities].tolist(), strict=True)
    return Net(
        code=grids.code,
        name=grids.name,
        dedicated=grids.dedicated >= 0,
        subtype=tuple(town.dedicated.subtype[area] if area >= 0 else "" for area in grids.dedicated.tolist()),
        community=tuple(town.communities.code[index] for index in grids.community.tolist()),
        households=grids.households,
        persons=grids.persons,
        buildings=grids.buildings,
        area_m2=grids.area_m2,
        perimeter_m=grids.perimeter_m,
        compactness=grids.compactness,
        bounds=tuple((b.east, b.south, b.west, b.north) for b in grids.bounds),
        exception=tuple(None if e is None else e.record() for e in grids.exception),
        polygon=grids.polygon,
        outline={town.communities.code[index]: shape for index, shape in noded if not shape.is_empty},
        household_id=tuple(town.households.id[h] for h in placed.tolist()),
        grid_of_household=plan.grid_of_household[placed],
    )
