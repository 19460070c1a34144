"""How the blocks of a plan are drawn on pages: thinned together, so that they still meet, and a place for each one's label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import orjson
import shapely

from maps.base import SHARED_BORDERS_M
from maps.packing import Origin, coverage, spots

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Drawing:
    """How blocks are drawn: from where on, each one's rings as JSON, and where a label has most room in it."""

    origin: Origin
    rings: tuple[str, ...]
    spots: tuple[tuple[int, int, int], ...]


def drawing_of(degrees: NDArray[np.object_]) -> Drawing:
    """Return how blocks are drawn whose shapes are given in degrees."""
    origin = Origin.of([degrees])
    return Drawing(origin=origin, rings=rings_of(origin, degrees), spots=spots_of(origin, degrees))


def rings_of(origin: Origin, degrees: NDArray[np.object_]) -> tuple[str, ...]:
    """Return the rings of all blocks of a plan as JSON, thinned together; one that would vanish is drawn as it is."""
    thin = coverage(degrees, SHARED_BORDERS_M)
    kept = np.where(shapely.is_empty(thin), degrees, thin)
    return tuple(orjson.dumps(rings).decode() for rings in origin.shapes(kept))


def spots_of(origin: Origin, degrees: NDArray[np.object_]) -> tuple[tuple[int, int, int], ...]:
    """Return for each block where a label has most room in it: x, y, radius."""
    room = spots(origin, degrees)
    return tuple(zip(room.at[::2], room.at[1::2], room.radius, strict=True))
