"""A town: the layers that a plan is made from, as columns, in one metric frame, on the 1 cm grid.

One row of a layer is one index into each of its columns. Geometries are shapely objects in arrays; `row` is where a feature
stood in its file, counted from 1. All arrays are read-only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from gis.finding import Finding
    from gis.frame import Frame

T = TypeVar("T", bound=np.generic)


class LineKind(IntEnum):
    """What lies on a line of the ground, from the weakest to the strongest; where lines coincide the strongest counts."""

    INSIDE = 0
    """Nothing: the line runs between buildings."""
    UNDERGROUND = 1
    DRAIN = 2
    WALL = 3
    """A wall, or the outline of a compound."""
    LANE = 4
    ROAD = 5
    MAIN_ROAD = 6
    EXPRESSWAY = 7
    RAILWAY = 8
    RIVER = 9
    COMMUNITY = 10
    """The boundary of a community or of a dedicated area."""


@dataclass(frozen=True, slots=True)
class Communities:
    """Communities (社区): the areas that are divided. `polygon` holds Polygons or MultiPolygons."""

    code: tuple[str, ...]
    name: tuple[str, ...]
    street: tuple[str, ...]
    district: tuple[str, ...]
    polygon: NDArray[np.object_]
    row: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Households:
    """Household points (住户点): places with a number of households, never persons by name. `xy` (n, 2) metres."""

    id: tuple[str, ...]
    xy: NDArray[np.float64]
    households: NDArray[np.int64]
    persons: NDArray[np.int64]
    """All zero where the town gives none (`Town.has_persons`)."""
    compound: tuple[str, ...]
    """Name of the compound by the file, or empty."""
    building: tuple[str, ...]
    """Building that must not be split; the id where the town names none."""
    row: NDArray[np.int64]

    def take(self, index: NDArray[np.int64]) -> Households:
        """Return the points of `index`."""
        kept = index.tolist()
        return Households(
            id=tuple(self.id[k] for k in kept),
            xy=read_only(self.xy[index]),
            households=read_only(self.households[index]),
            persons=read_only(self.persons[index]),
            compound=tuple(self.compound[k] for k in kept),
            building=tuple(self.building[k] for k in kept),
            row=read_only(self.row[index]),
        )


@dataclass(frozen=True, slots=True)
class Barriers:
    """Lines that bound: roads, rivers, railways, walls. `line` holds LineStrings; `kind` is a `LineKind`."""

    line: NDArray[np.object_]
    kind: NDArray[np.uint8]
    name: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compounds:
    """Compounds (小区) as Polygons or MultiPolygons."""

    name: tuple[str, ...]
    polygon: NDArray[np.object_]
    row: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Dedicated:
    """Areas that become dedicated grids (专属网格): offices, parks, schools. Polygons or MultiPolygons."""

    name: tuple[str, ...]
    subtype: tuple[str, ...]
    polygon: NDArray[np.object_]
    row: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ExistingGrids:
    """A grid layer that is already there, hand-drawn or in force."""

    code: tuple[str, ...]
    polygon: NDArray[np.object_]
    row: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Everything that a plan is made from."""

    name: str
    frame: Frame
    communities: Communities
    households: Households
    barriers: Barriers
    compounds: Compounds
    dedicated: Dedicated
    existing_grids: ExistingGrids
    has_persons: bool
    on_overlap: str
    """What to do where communities overlap widely: `error` or `first`."""
    findings: tuple[Finding, ...]
    digests: Mapping[str, str]
    """SHA-256 of each file, by its path inside the town folder."""


def read_only(array: NDArray[T]) -> NDArray[T]:
    """Return `array` with writing switched off."""
    array.flags.writeable = False
    return array
