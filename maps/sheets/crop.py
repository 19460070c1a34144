"""What of a town lies on the sheet of one grid, in units of the layout: cut to the frame, lines joined, names shortened."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely

from maps.sheets.backdrop import Backdrop, Land, cut, digest_of
from maps.sheets.view import View, around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maps.sheets.layout import Box
    from maps.sheets.values import Paper, SheetGround

INSET_THIN = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """One sheet's ground, in units; its neighbours with what they are called."""

    row: int
    """Of the grid."""
    back: Backdrop
    own: shapely.Geometry
    neighbours: NDArray[np.object_]
    neighbour_names: tuple[tuple[str, ...], ...]
    """Lines of each: of which community, where it is another; the grid's name; its code."""
    neighbour_dedicated: NDArray[np.bool_]

    @property
    def scale(self) -> int:
        """The N of 1:N."""
        return self.back.scale

    def digest(self) -> str:
        """Return the same text for the same ground."""
        said = (
            *(self.row, self.neighbour_names, self.neighbour_dedicated.tolist(), self.back.digest()),
            *(digest_of(np.array([self.own], dtype=object)), digest_of(self.neighbours)),
        )
        return hashlib.sha256(repr(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where something is, in metres: its street, the communities of it, its own community; thinned for the inset."""

    street: str
    community: str
    outline: NDArray[np.object_]
    communities: NDArray[np.object_]
    own: NDArray[np.object_]
    grid: shapely.Geometry

    def digest(self) -> str:
        """Return the same text for the same inset."""
        return digest_of(np.array([self.grid, *self.communities, *self.own, *self.outline], dtype=object))


@dataclass(slots=True)
class Cropper:
    """Cuts sheets out of a town; what all sheets share is made ready once."""

    ground: SheetGround
    paper: Paper
    scale: int = 0
    """The N of the 1:N that is wanted; 0: for each grid the largest that has room."""
    land: Land = field(init=False)
    _streets: dict[str, tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.int64]]] = field(
        init=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        """Make the ground ready."""
        self.land = Land(self.ground)

    def view(self, row: int) -> View:
        """Return the frame over a grid."""
        return around(self.ground.polygon[[row]], self.paper, scale=self.scale)

    def crop(self, row: int) -> Crop:
        """Cut the sheet of one grid."""
        ground = self.ground
        view = self.view(row)
        beside = self.land.near("grids", view)
        beside = beside[beside != row]
        return Crop(
            row=row,
            back=self.land.backdrop(view),
            own=view.placed(ground.polygon[[row]])[0],
            neighbours=cut(ground.polygon[beside], view),
            neighbour_names=tuple(self._name(n, row) for n in beside.tolist()),
            neighbour_dedicated=ground.dedicated[beside],
        )

    def surroundings(self, home: int, shape: shapely.Geometry, box: Box) -> Surroundings:
        """Return where a shape of the community `home` is, thinned for an inset of the size of `box`."""
        ground = self.ground
        street = ground.street[home]
        if street not in self._streets:
            rows = np.flatnonzero(np.array(ground.street, dtype=object) == street)
            polygons = ground.communities.polygon[rows]
            west, south, east, north = shapely.total_bounds(polygons).tolist()
            tolerance = INSET_THIN * max((east - west) / box.width, (north - south) / box.height)
            thin = shapely.coverage_simplify(polygons, tolerance)
            self._streets[street] = np.array([shapely.union_all(thin)], dtype=object), thin, rows
        outline, communities, rows = self._streets[street]
        return Surroundings(street, ground.communities.name[home], outline, communities, communities[rows == home], shape)

    def _name(self, neighbour: int, row: int) -> tuple[str, ...]:
        ground = self.ground
        short = short_name(ground, neighbour)
        other = ground.community[neighbour] != ground.community[row] and short != ground.name[neighbour]
        community = ground.communities.name[int(ground.community[neighbour])]
        return (*((community,) if other else ()), short, ground.code[neighbour])


def short_name(ground: SheetGround, row: int) -> str:
    """Return a grid's name without that of its community."""
    community = ground.communities.name[int(ground.community[row])]
    return ground.name[row].removeprefix(community).strip() or ground.name[row]
