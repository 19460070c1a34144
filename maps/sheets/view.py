"""A frame over the ground: where metres lie on the sheet, at a round scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from maps.sheets.layout import MAP, Box, enlargement
from maps.sheets.scale import FILLED, MM_PER_M, round_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maps.sheets.values import Paper

BLEED = 4.0
"""How far beyond the frame things are kept, units: their outlines then run outside it."""


@dataclass(frozen=True, slots=True)
class View:
    """A frame over the ground: `x`, `y` are the metres at its lower left corner."""

    frame: Box
    x: float
    y: float
    units_per_m: float
    scale: int
    """The N of 1:N on the paper."""

    def placed(self, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
        """Carry geometries from metres to units."""
        shift, corner = np.array([self.frame.x, self.frame.y]), np.array([self.x, self.y])
        return shapely.transform(geometry, lambda xy: (xy - corner) * self.units_per_m + shift)

    def ground(self, bleed: float = BLEED) -> tuple[float, float, float, float]:
        """Return the metres that the frame shows: west, south, east, north."""
        more, wide, high = (length / self.units_per_m for length in (bleed, self.frame.width, self.frame.height))
        return self.x - more, self.y - more, self.x + wide + more, self.y + high + more


def fitted(
    bounds: tuple[float, float, float, float], paper: Paper, frame: Box = MAP, filled: float = FILLED, *, scale: int = 0
) -> View:
    """Return the frame over `bounds` (west, south, east, north; metres) at the largest round scale that leaves room.

    With `scale`, the N of a 1:N, at that one where there is room for it.
    """
    west, south, east, north = bounds
    enlarged = enlargement(paper)
    scale = max(scale, round_scale((east - west, north - south), (frame.width * enlarged, frame.height * enlarged), filled))
    units_per_m = MM_PER_M / scale / enlarged
    x = (west + east) / 2 - frame.width / units_per_m / 2
    y = (south + north) / 2 - frame.height / units_per_m / 2
    return View(frame, x, y, units_per_m, scale)


def around(shapes: NDArray[np.object_], paper: Paper, frame: Box = MAP, filled: float = FILLED, *, scale: int = 0) -> View:
    """Return the frame over `shapes`, metres, as `fitted` does."""
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    return fitted((west, south, east, north), paper, frame, filled, scale=scale)
