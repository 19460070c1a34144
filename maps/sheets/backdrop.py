"""What lies below the grids on every map that is printed: communities, compounds, water, roads; cut to a frame."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.town import LineKind
from maps.base import Areas, Lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maps.sheets.values import SheetGround
    from maps.sheets.view import View

THIN = 0.04
"""How far thinning may move a line that is not the grid's own, units: less than any printer shows."""
_UNDRAWN = (LineKind.INSIDE, LineKind.COMMUNITY)
_FROM_FAR = {
    LineKind.WALL: 7_500,
    LineKind.UNDERGROUND: 10_000,
    LineKind.DRAIN: 12_500,
    LineKind.LANE: 12_500,
    LineKind.ROAD: 40_000,
}
"""The N of 1:N up to which a kind of line is drawn; others always are."""
COMPOUNDS_TO = 15_000
"""The same for compounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backdrop:
    """The ground in a frame, in units."""

    scale: int
    known: NDArray[np.object_]
    """What is inside communities at all."""
    community_lines: NDArray[np.object_]
    compounds: Areas
    water: Areas
    lines: Lines

    def digest(self) -> str:
        """Return the same text for the same ground."""
        sum_ = hashlib.sha256(repr((self.scale, self.compounds.name, self.water.name, self.lines.name)).encode())
        sum_.update(self.lines.kind.tobytes())
        for shapes in (self.known, self.community_lines, self.compounds.polygon, self.water.polygon, self.lines.line):
            sum_.update(digest_of(shapes).encode())
        return sum_.hexdigest()


def digest_of(shapes: NDArray[np.object_]) -> str:
    """Return the same text for the same shapes in the same order."""
    sum_ = hashlib.sha256()
    for wkb in shapely.to_wkb(shapes).tolist():
        sum_.update(wkb)
    return sum_.hexdigest()


@dataclass(slots=True)
class Land:
    """A town's ground, made ready once for all sheets: lines of one name joined, lakes found among them, all of it indexed."""

    ground: SheetGround
    _lines: Lines = field(init=False)
    _water: Areas = field(init=False)
    _trees: dict[str, shapely.STRtree] = field(init=False)

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

    def near(self, layer: str, view: View) -> NDArray[np.int64]:
        """Return the rows of a layer that are seen in a frame, in order."""
        return np.sort(self._trees[layer].query(shapely.box(*view.ground()), predicate="intersects"))

    def backdrop(self, view: View) -> Backdrop:
        """Cut the ground to a frame; what would be too fine for its scale is left out."""
        ground = self.ground
        seen = shapely.box(*view.ground())
        homes = self.near("compounds", view)
        if view.scale > COMPOUNDS_TO:
            homes = homes[:0]
        kept, water = self.near("lines", view), self.near("water", view)
        fine = np.array(
            [view.scale <= _FROM_FAR.get(LineKind(k), view.scale) for k in self._lines.kind[kept].tolist()], dtype=bool
        )
        kept = kept[fine]
        communities = ground.communities.polygon[self.near("communities", view)]
        borders = shapely.intersection(shapely.union_all(shapely.boundary(communities)), seen)
        return Backdrop(
            scale=view.scale,
            known=cut(communities, view),
            community_lines=shapely.simplify(view.placed(np.array([shapely.line_merge(borders)], dtype=object)), THIN),
            compounds=Areas(
                tuple(ground.compounds.name[n] for n in homes.tolist()), cut(ground.compounds.polygon[homes], view)
            ),
            water=Areas(tuple(self._water.name[n] for n in water.tolist()), cut(self._water.polygon[water], view)),
            lines=Lines(
                self._lines.kind[kept], tuple(self._lines.name[n] for n in kept.tolist()), cut(self._lines.line[kept], view)
            ),
        )


def cut(shapes: NDArray[np.object_], view: View) -> NDArray[np.object_]:
    """Cut shapes to a frame, in units."""
    return shapely.simplify(view.placed(shapely.intersection(_sound(shapes), shapely.box(*view.ground()))), THIN)


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
