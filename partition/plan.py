"""A plan: grids as columns, which grid every block and household is in, and how each unit was solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gis.bounds import FourBounds
    from gis.finding import Finding
    from partition.block import Blocks
    from partition.exceptions import GridException
    from partition.ground import Ground
    from partition.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Grids:
    """Grids in order of community, then code; one row one index into each column."""

    code: tuple[str, ...]
    name: tuple[str, ...]
    dedicated: NDArray[np.int64]
    """Index into the town's dedicated areas, or -1 for a residential grid."""
    community: NDArray[np.int64]
    households: NDArray[np.int64]
    persons: NDArray[np.int64]
    buildings: NDArray[np.int64]
    area_m2: NDArray[np.float64]
    perimeter_m: NDArray[np.float64]
    compactness: NDArray[np.float64]
    in_band: NDArray[np.bool_]
    polygon: NDArray[np.object_]
    bounds: tuple[FourBounds, ...]
    exception: tuple[GridException | None, ...]

    def __len__(self) -> int:
        """Count the grids."""
        return len(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitResult:
    """How one unit of a community was divided; `score` and `bound` in points, `bound` may be `-inf`."""

    community: int
    households: int
    grids: int
    status: str
    score: float
    bound: float
    pieces: int
    columns: int
    compounds_whole: bool
    whole_impossible_for: int
    """Pieces of the finest model with whole compounds that is proven to have no solution, or 0."""
    spans: bool
    """Whether it reaches across a strong line for want of households."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A divided town, or some divided communities on the ground of their whole town.

    `communities` are the indices of those that are divided, ascending. `grid_of_block` (b,) and `grid_of_household` (h,) are
    indices into `grids`, -1 outside these communities; `community_polygon` (c,) are all noded communities of the town, whose
    lines have every vertex of the grids.
    """

    rules: Rules
    seed: int
    communities: NDArray[np.int64]
    grids: Grids
    ground: Ground
    blocks: Blocks
    grid_of_block: NDArray[np.int64]
    grid_of_household: NDArray[np.int64]
    community_polygon: NDArray[np.object_]
    units: tuple[UnitResult, ...]
    findings: tuple[Finding, ...]
