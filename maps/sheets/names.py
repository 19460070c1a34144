"""The names on a sheet's map, in the order in which they take their places: what people look for first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.ops import substring

from gis.town import LineKind
from maps.sheets import inks
from maps.sheets.area_names import place_in
from maps.sheets.ground import BOUNDARY_WIDTH
from maps.sheets.layout import MAP
from maps.sheets.line_names import Wanted, write_along
from maps.sheets.setting import POINT, is_han

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maps.sheets.backdrop import Backdrop
    from maps.sheets.board import Board
    from maps.sheets.crop import Crop
    from maps.sheets.pen import Pen
    from maps.sheets.setting import Block, Setter

SIZES = {
    LineKind.EXPRESSWAY: 7.5,
    LineKind.MAIN_ROAD: 7.0,
    LineKind.RIVER: 7.5,
    LineKind.RAILWAY: 6.5,
    LineKind.ROAD: 6.0,
    LineKind.LANE: 5.25,
    LineKind.DRAIN: 5.25,
}
"""Points, of the names of lines, in the order in which they are written; other kinds have none on the map."""
AGAIN = 78.0
"""A name is written again along the same road after so many units."""
MOST_PARTS = 4
"""A road in more parts than this, on one sheet, has its name on the longest of them only."""
BARE = (LineKind.RAILWAY, LineKind.DRAIN)
"""Lines too thin to write on."""
WET = (LineKind.RIVER, LineKind.DRAIN)

Middles = dict[tuple[int, str], list[tuple[float, float]]]
"""Where each line's name was written by now."""


def write_names(pen: Pen, board: Board, crop: Crop, name: str) -> None:
    """Write all names of a grid's sheet that there is room for."""
    back = crop.back
    edge = shapely.buffer(shapely.boundary(crop.own), BOUNDARY_WIDTH / 2 + 0.25)
    for part in shapely.get_parts(shapely.intersection(edge, shapely.box(MAP.x, MAP.y, MAP.right, MAP.top))):
        board.take(part)
    roads = roads_of(back)
    write_compounds(pen, board, back, crop.own, roads, here=True)
    write_water(pen, board, back)
    written: Middles = {}
    named = named_lines(back, pen.setter)
    write_lines(pen, board, named, written)
    _write_own(pen, board, crop, roads, name)
    _write_neighbours(pen, board, crop, roads)
    write_lines(pen, board, named, written)
    write_compounds(pen, board, back, crop.own, roads, here=False)


def roads_of(back: Backdrop) -> shapely.Geometry:
    """Return the ground that lines and water take, on which no area has its name."""
    broad = {
        kind: max(stroke.casing, stroke.width) for kind, stroke in ((k, s.at(back.scale)) for k, s in inks.STROKES.items())
    }
    widths = np.array([broad.get(LineKind(kind), 0.0) for kind in back.lines.kind.tolist()])
    taken = shapely.buffer(back.lines.line, widths / 2 + 0.1, quad_segs=2)
    return shapely.union_all(np.concatenate([taken, shapely.buffer(back.water.polygon, 0.1, quad_segs=2)]))


def _write_own(pen: Pen, board: Board, crop: Crop, roads: shapely.Geometry, name: str) -> None:
    blocks = [block for size in (15.0, 13.0, 11.0, 9.5, 8.5) for block in broken(pen.setter, name, size, bold=True)]
    placed = place_in(board, shapely.difference(crop.own, roads), blocks) or place_in(board, crop.own, blocks[-2:])
    if placed is not None:
        block, x, top = placed
        pen.block(x, top, block, inks.BOUNDARY, align="middle", halo=inks.PAPER)


def _write_neighbours(pen: Pen, board: Board, crop: Crop, roads: shapely.Geometry) -> None:
    frame = shapely.box(MAP.x, MAP.y, MAP.right, MAP.top)
    seen = shapely.intersection(crop.neighbours, frame)
    between = shapely.difference(seen, roads)
    parts, betweens = seen.tolist(), between.tolist()
    for n in np.argsort(-shapely.area(seen), kind="stable").tolist():
        lines = crop.neighbour_names[n]
        blocks = [
            block
            for size in (7.5, 6.5, 5.5)
            for block in (
                pen.setter.block(lines, size),
                *(pen.setter.block((*part, lines[-1]), size) for part in _halves(lines[:-1])),
                pen.setter.block(lines[:-1], size),
            )
        ]
        placed = place_in(board, betweens[n], blocks) or place_in(board, parts[n], blocks[-1:])
        if placed is not None:
            block, x, top = placed
            pen.block(x, top, block, inks.NEIGHBOUR_NAME, align="middle", halo=inks.NEIGHBOUR)


def _halves(lines: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return lines with the last of them in two, where it is long."""
    last = lines[-1]
    middle = (len(last) + 1) // 2
    return [(*lines[:-1], last[:middle], last[middle:])] if len(last) > 5 and " " not in last else []  # noqa: PLR2004 - short names stay whole


def write_compounds(
    pen: Pen, board: Board, back: Backdrop, own: shapely.Geometry, roads: shapely.Geometry, *, here: bool
) -> None:
    """Write the names of compounds: of those that lie in `own` (`here`), or of all others."""
    inside = shapely.intersection(back.compounds.polygon, own)
    most = shapely.area(inside) > shapely.area(back.compounds.polygon) / 2
    areas = np.where(most, inside, shapely.difference(back.compounds.polygon, own))
    shapes: list[shapely.Geometry] = areas.tolist()
    for n in np.argsort(-shapely.area(areas), kind="stable").tolist():
        name = back.compounds.name[n]
        if bool(most[n]) is not here or not name:
            continue
        sizes = (7.0, 6.0, 5.25) if here else (5.5, 5.0)
        blocks = [block for size in sizes for block in broken(pen.setter, name, size)]
        # A name may reach a little over its compound's edge, where nothing else is.
        room = shapely.buffer(shapes[n], 1.2 if here else 0.3, join_style="mitre")
        room = shapely.difference(shapely.intersection(room, own) if here else room, roads)
        placed = place_in(board, room, blocks)
        if placed is not None:
            block, x, top = placed
            pen.block(
                x,
                top,
                block,
                inks.COMPOUND_NAME if here else inks.FAINT,
                align="middle",
                halo=inks.COMPOUND if here else inks.COMPOUND_AWAY,
            )


def broken(setter: Setter, name: str, size: float, *, bold: bool = False) -> list[Block]:
    """Set a name on one line, and on two, if no word has to be parted for it."""
    name = setter.typeface.printable(name)
    blocks = [setter.block([name], size, bold=bold)]
    wide = setter.width(name, size, bold=bold)
    for share in (0.55, 0.62, 0.7):
        lines = setter.broken(name, wide * share, size, bold=bold)
        if len(lines) == 2 and len(name) > 3 and _whole(name, *lines):  # noqa: PLR2004 - two lines, of a name that is worth breaking
            return [*blocks, setter.block(lines, size, bold=bold)]
    return blocks


def _whole(name: str, first: str, second: str) -> bool:
    """Say whether a name is broken between words: what is not Chinese is parted at its spaces alone."""
    return f"{first} {second}" == name or is_han(first[-1]) or is_han(second[0])


def write_water(pen: Pen, board: Board, back: Backdrop) -> None:
    """Write the names of lakes and ponds."""
    for name, area in zip(back.water.name, back.water.polygon.tolist(), strict=True):
        if name:
            placed = place_in(board, area, [pen.setter.block([name], size) for size in (8.0, 7.0, 6.0)])
            if placed is not None:
                block, x, top = placed
                pen.block(x, top, block, inks.WATER_NAME, align="middle", halo=inks.WATER)


@dataclass(frozen=True, slots=True)
class Road:
    """The parts of a line of one name that are seen, the longest first, and how it is written."""

    name: str
    kind: LineKind
    size: float
    stroke: inks.Stroke
    parts: tuple[shapely.LineString, ...]

    @property
    def is_main(self) -> bool:
        """Whether its name is one for a map of a whole street."""
        return self.kind not in {LineKind.LANE, LineKind.DRAIN}


def named_lines(back: Backdrop, setter: Setter) -> list[Road]:
    """Return all lines that have a name, in the order in which they get it."""
    frame = MAP.inside(1.0)
    seen = shapely.box(frame.x, frame.y, frame.right, frame.top)
    roads: list[Road] = []
    for kind, size in SIZES.items():
        parts: dict[str, list[shapely.LineString]] = {}
        for n in np.flatnonzero(back.lines.kind == kind).tolist():
            if back.lines.name[n]:
                cut = shapely.get_parts(shapely.line_merge(shapely.intersection(back.lines.line[n], seen))).tolist()
                lines = [part for part in cut if isinstance(part, shapely.LineString)]
                parts.setdefault(setter.typeface.printable(back.lines.name[n]), []).extend(lines)
        for name in sorted(parts):
            longest = sorted(parts[name], key=lambda part: (-round(part.length, 3), part.wkb))[:MOST_PARTS]
            roads.append(Road(name, kind, size, inks.STROKES[kind].at(back.scale), tuple(longest)))
    return roads


def write_lines(pen: Pen, board: Board, roads: Sequence[Road], written: Middles) -> None:
    """Write the names of lines: each where it has most room; where it has its name already, again where it runs on."""
    for road in roads:
        middles = written.setdefault((int(road.kind), road.name), [])
        again = bool(middles)
        parts = [piece for whole in road.parts for piece in _stretches(whole)] if again else road.parts
        for part in parts:
            middle = _write_line(pen, board, road, part, middles)
            if middle is not None:
                middles.append(middle)
                if not again:
                    break


def _stretches(part: shapely.LineString) -> list[shapely.LineString]:
    """Return a line's stretches around every place where its name is due again, the middle left out."""
    length = part.length
    count = int((length / 2 - AGAIN / 4) / AGAIN)
    places = [length / 2 + side * k * AGAIN for k in range(1, count + 1) for side in (-1, 1)]
    around = (substring(part, at - AGAIN / 3, at + AGAIN / 3) for at in places)
    return [part, *(piece for piece in around if isinstance(piece, shapely.LineString))]


def _write_line(
    pen: Pen, board: Board, road: Road, part: shapely.LineString, middles: Sequence[tuple[float, float]]
) -> tuple[float, float] | None:
    """Write a name on one line, on it or beside it, away from the `middles` of its like; return its own."""
    stroke = road.stroke
    for size in (road.size, road.size - 0.75):
        beside = max(stroke.casing, stroke.width) / 2 + size * POINT / 2 + 0.45
        written = write_along(board, part, Wanted(road.name, size, pen.setter), (0.0, beside, -beside), middles)
        if written is not None:
            on = written.on_line and road.kind not in BARE
            if on:
                # A boundary along the road is broken where the name stands, also between its words.
                pen.areas([shapely.intersection(written.footprint, shapely.buffer(part, stroke.width / 2))], fill=stroke.ink)
            ink = inks.WATER_NAME if road.kind in WET else inks.ROAD_NAME
            pen.glyphs(written.runs, ink, halo=stroke.ink if on else inks.PAPER)
            return written.middle
    return None
