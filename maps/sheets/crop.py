"""What of a town lies on the sheet of one grid, in units of the layout: cut to the frame, lines joined, names shortened."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.town import LineKind
from maps.base import Areas, Lines
from maps.sheets.layout import MAP, Box, enlargement
from maps.sheets.scale import MM_PER_M, round_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maps.sheets.values import Paper, SheetGround

BLEED = 4.0
"""How far beyond the frame things are kept, units: their outlines then run outside it."""
THIN = 0.04
"""How far thinning may move a line that is not the grid's own, units: less than any printer shows."""
INSET_THIN = 0.12
_UNDRAWN = (LineKind.INSIDE, LineKind.COMMUNITY)


@dataclass(frozen=True, slots=True)
class View:
    """A frame over the ground: `x`, `y` are the metres at its lower left corner."""

    frame: Box
    x: float
    y: float
    units_per_m: float

    def placed(self, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
        """Carry geometries from metres to units."""
        shift, corner = np.array([self.frame.x, self.frame.y]), np.array([self.x, self.y])
        return shapely.transform(geometry, lambda xy: (xy - corner) * self.units_per_m + shift)

    def ground(self, bleed: float = BLEED) -> tuple[float, float, float, float]:
        """Return the metres that the frame shows: west, south, east, north."""
        more, wide, high = (length / self.units_per_m for length in (bleed, self.frame.width, self.frame.height))
        return self.x - more, self.y - more, self.x + wide + more, self.y + high + more


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """One sheet's ground, in units; its neighbours and compounds with what they are called."""

    row: int
    """Of the grid."""
    scale: int
    own: shapely.Geometry
    neighbours: NDArray[np.object_]
    neighbour_names: tuple[tuple[str, ...], ...]
    """Lines of each: of which community, where it is another; the grid's name; its code."""
    neighbour_dedicated: NDArray[np.bool_]
    known: NDArray[np.object_]
    """What is inside communities at all."""
    community_lines: NDArray[np.object_]
    compounds: Areas
    water: Areas
    lines: Lines

    def digest(self) -> str:
        """Return the same text for the same ground."""
        sum_ = hashlib.sha256(
            repr((self.row, self.scale, self.neighbour_names, self.compounds.name, self.water.name, self.lines.name)).encode()
        )
        sum_.update(self.neighbour_dedicated.tobytes() + self.lines.kind.tobytes())
        for shapes in (
            np.array([self.own], dtype=object),
            self.neighbours,
            self.known,
            self.community_lines,
            self.compounds.polygon,
            self.water.polygon,
            self.lines.line,
        ):
            for wkb in shapely.to_wkb(shapes).tolist():
                sum_.update(wkb)
            sum_.update(b"|")
        return sum_.hexdigest()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a grid is, in metres: its street, the communities of it, its own community; thinned for the inset."""

    street: str
    community: str
    outline: NDArray[np.object_]
    communities: NDArray[np.object_]
    own: NDArray[np.object_]
    grid: shapely.Geometry


@dataclass(slots=True)
class Cropper:
    """Cuts sheets out of a town; what all sheets share is made ready once."""

    ground: SheetGround
    paper: Paper
    _lines: Lines = field(init=False)
    _water: Areas = field(init=False)
    _trees: dict[str, shapely.STRtree] = field(init=False)
    _streets: dict[str, tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.int64]]] = field(
        init=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        """Join lines of one name, and find the lakes among them."""
        ground = self.ground
        self._lines, self._water = joined(ground.lines)
        self._trees = {
            "grids": shapely.STRtree(ground.polygon),
            "communities": shapely.STRtree(ground.communities.polygon),
            "compounds": shapely.STRtree(ground.compounds.polygon),
            "lines": shapely.STRtree(self._lines.line),
            "water": shapely.STRtree(self._water.polygon),
        }

    def view(self, row: int) -> tuple[int, View]:
        """Return the scale of the grid's sheet, and the frame over it."""
        west, south, east, north = shapely.bounds(self.ground.polygon[row]).tolist()
        enlarged = enlargement(self.paper)
        scale = round_scale((east - west, north - south), (MAP.width * enlarged, MAP.height * enlarged))
        units_per_m = MM_PER_M / scale / enlarged
        x = (west + east) / 2 - MAP.width / units_per_m / 2
        y = (south + north) / 2 - MAP.height / units_per_m / 2
        return scale, View(MAP, x, y, units_per_m)

    def crop(self, row: int) -> Crop:
        """Cut the sheet of one grid."""
        ground = self.ground
        scale, view = self.view(row)
        seen = shapely.box(*view.ground())

        def near(layer: str) -> NDArray[np.int64]:
            return np.sort(self._trees[layer].query(seen, predicate="intersects"))

        def cut(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
            return shapely.simplify(view.placed(shapely.intersection(_sound(shapes), seen)), THIN)

        beside = near("grids")
        beside = beside[beside != row]
        homes, kept, water = near("compounds"), near("lines"), near("water")
        communities = ground.communities.polygon[near("communities")]
        borders = shapely.intersection(shapely.union_all(shapely.boundary(communities)), seen)
        return Crop(
            row=row,
            scale=scale,
            own=view.placed(ground.polygon[[row]])[0],
            neighbours=cut(ground.polygon[beside]),
            neighbour_names=tuple(self._name(n, row) for n in beside.tolist()),
            neighbour_dedicated=ground.dedicated[beside],
            known=cut(communities),
            community_lines=shapely.simplify(view.placed(np.array([shapely.line_merge(borders)], dtype=object)), THIN),
            compounds=Areas(tuple(ground.compounds.name[n] for n in homes.tolist()), cut(ground.compounds.polygon[homes])),
            water=Areas(tuple(self._water.name[n] for n in water.tolist()), cut(self._water.polygon[water])),
            lines=Lines(self._lines.kind[kept], tuple(self._lines.name[n] for n in kept.tolist()), cut(self._lines.line[kept])),
        )

    def surroundings(self, row: int, box: Box) -> Surroundings:
        """Return where a grid is, thinned for an inset of the size of `box`."""
        ground = self.ground
        home = int(ground.community[row])
        street = ground.street[home]
        if street not in self._streets:
            rows = np.flatnonzero(np.array(ground.street, dtype=object) == street)
            polygons = ground.communities.polygon[rows]
            west, south, east, north = shapely.total_bounds(polygons).tolist()
            tolerance = INSET_THIN * max((east - west) / box.width, (north - south) / box.height)
            thin = shapely.coverage_simplify(polygons, tolerance)
            self._streets[street] = np.array([shapely.union_all(thin)], dtype=object), thin, rows
        outline, communities, rows = self._streets[street]
        return Surroundings(
            street, ground.communities.name[home], outline, communities, communities[rows == home], ground.polygon[row]
        )

    def _name(self, neighbour: int, row: int) -> tuple[str, ...]:
        ground = self.ground
        community = ground.communities.name[int(ground.community[neighbour])]
        short = ground.name[neighbour].removeprefix(community).strip() or ground.name[neighbour]
        other = ground.community[neighbour] != ground.community[row] and short != ground.name[neighbour]
        return (*((community,) if other else ()), short, ground.code[neighbour])


def joined(lines: Lines) -> tuple[Lines, Areas]:
    """Join lines of one kind and name end to end; lines of water that close around an area are that area."""
    drawn = ~np.isin(lines.kind, _UNDRAWN) & ~shapely.is_empty(lines.line)
    wet = drawn & np.isin(lines.kind, (LineKind.RIVER, LineKind.DRAIN)) & shapely.is_ring(lines.line)
    shores = np.flatnonzero(wet).tolist()
    water = Areas(
        tuple(lines.name[n] for n in shores), np.array([shapely.Polygon(lines.line[n]) for n in shores], dtype=object)
    )
    groups: dict[tuple[int, str], list[int]] = {}
    for n in np.flatnonzero(drawn & ~wet).tolist():
        groups.setdefault((int(lines.kind[n]), lines.name[n]), []).append(n)
    keys = sorted(groups)
    merged = np.array([shapely.line_merge(shapely.multilinestrings(lines.line[groups[key]])) for key in keys], dtype=object)
    parts, group = shapely.get_parts(merged, return_index=True)
    of = group.tolist()
    return Lines(np.array([keys[g][0] for g in of], dtype=np.uint8), tuple(keys[g][1] for g in of), parts), water


def _sound(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Make outlines that cross themselves fit for cutting."""
    return np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))
