"""Which places of the map are taken by text or furniture: nothing is written over something else, or over the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maps.sheets.layout import Box

GAP = 0.6
"""Left free around whatever is written, units."""


class Board:
    """Takes places."""

    def __init__(self, frame: Box) -> None:
        self._frame = shapely.box(frame.x, frame.y, frame.right, frame.top)
        shapely.prepare(self._frame)
        self._taken: list[shapely.Geometry] = []

    def free(self, footprints: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Say of each footprint whether it lies in the frame and on nothing that is taken."""
        result = shapely.contains(self._frame, footprints)
        if self._taken and result.any():
            taken = np.array(self._taken, dtype=object)
            hits, _ = shapely.STRtree(taken).query(footprints, predicate="intersects")
            result[hits] = False
        return result

    def take(self, footprint: shapely.Geometry) -> None:
        """Take a place."""
        self._taken.append(shapely.buffer(footprint, GAP, cap_style="square", join_style="mitre"))

    @property
    def taken(self) -> NDArray[np.object_]:
        """What is taken by now."""
        return np.array(self._taken, dtype=object)
