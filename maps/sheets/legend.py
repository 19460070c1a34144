"""The legend: of what is on the sheet, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.town import LineKind
from maps import palette
from maps.sheets import inks
from maps.sheets.ground import BOUNDARY_WIDTH, COMMUNITY_DASH, GLOW, GRID_LINE, STREET_LINE, hatch
from maps.sheets.layout import MAP, Box
from maps.words import word

if TYPE_CHECKING:
    from maps.sheets.backdrop import Backdrop
    from maps.sheets.crop import Crop
    from maps.sheets.pen import Pen

ROW = 4.7
SAMPLE = 9.0
COLUMNS = 2
TEXT = 6.3
SMALLEST = 5.0
"""What is longer than a line of this stands on two."""
COMPARED_LINE = 0.5
SEEN = 40.0
"""Less ground than this beyond all communities is not explained, square units."""
_LINES = {
    LineKind.EXPRESSWAY: "expressway",
    LineKind.MAIN_ROAD: "main_road",
    LineKind.ROAD: "road",
    LineKind.LANE: "lane",
    LineKind.RAILWAY: "railway",
    LineKind.RIVER: "river",
    LineKind.DRAIN: "drain",
    LineKind.WALL: "wall",
    LineKind.UNDERGROUND: "underground",
}

Places = Mapping[str, Mapping[str, object]]
Sample = Callable[[float, float], None]
"""Draws what an entry means: from `x` on, `SAMPLE` wide, around the height `y`."""


def entries(pen: Pen, crop: Crop, *, dedicated: bool) -> list[tuple[str, Sample]]:
    """Return the entries that a grid's sheet needs, as keys of the catalogue, with what draws them."""
    found: list[tuple[str, Sample]] = [
        ("boundary", lambda x, y: _boundary(pen, x, y)),
        ("own_dedicated" if dedicated else "own", lambda x, y: _area(pen, x, y, own=True, dedicated=dedicated)),
    ]
    if len(crop.neighbours):
        found.append(("neighbour", lambda x, y: _area(pen, x, y, own=False, dedicated=False)))
    if crop.neighbour_dedicated.any():
        found.append(("neighbour_dedicated", lambda x, y: _area(pen, x, y, own=False, dedicated=True)))
    return [*found, *ground_entries(pen, crop.back)]


def ground_entries(pen: Pen, back: Backdrop, *, own: bool = True) -> list[tuple[str, Sample]]:
    """Return the entries for what lies below the grids; with `own`, compounds have a colour where the map is about them."""
    found: list[tuple[str, Sample]] = []
    kinds = set(back.lines.kind.tolist())
    if not shapely.is_empty(back.community_lines).all():
        found.append(("community", lambda x, y: _community(pen, x, y)))
    if len(back.compounds.name):
        found.append(("compound", lambda x, y: _compound(pen, x, y, own=own)))
    if len(back.water.name):
        found.append(("water", lambda x, y: _water(pen, x, y)))
    found.extend((key, _line(pen, inks.STROKES[kind].at(back.scale))) for kind, key in _LINES.items() if kind in kinds)
    if _beyond(back) > SEEN:
        found.append(("away", lambda x, y: pen.box(_patch(x, y), fill=inks.AWAY, line=inks.RULE, width=0.15)))
    return found


def _beyond(back: Backdrop) -> float:
    """Return how much of the map lies in no community, square units."""
    frame = shapely.box(MAP.x, MAP.y, MAP.right, MAP.top)
    return MAP.width * MAP.height - float(shapely.area(shapely.intersection(back.known, frame)).sum())


def map_entry(pen: Pen, key: str) -> tuple[str, Sample]:
    """Return an entry for what maps of many grids have."""
    draw = _DRAWN[key]
    return key, lambda x, y: draw(pen, x, y)


def height(count: int) -> float:
    """Return how high a legend of so many entries is."""
    return -(-count // COLUMNS) * ROW


def draw_legend(pen: Pen, box: Box, found: list[tuple[str, Sample]], lang: str, places: Places | None = None) -> None:
    """Draw the entries in columns from the top of `box`; `places` are the values that some of their words have."""
    rows = -(-len(found) // COLUMNS)
    wide = box.width / COLUMNS
    for n, (key, sample) in enumerate(found):
        x, y = box.x + n // rows * wide, box.top - (n % rows + 0.5) * ROW
        sample(x, y)
        text, room = word(f"sheet.legend.{key}", lang, **(places or {}).get(key, {})), wide - SAMPLE - 3.0
        one = len(pen.setter.broken(text, room, SMALLEST)) == 1
        said = pen.setter.fit(text, room, TEXT if one else SMALLEST, lines=1 if one else 2, least=4.6)
        pen.block(x + SAMPLE + 1.8, y + said.height / 2, said, inks.INK)


def _patch(x: float, y: float) -> Box:
    return Box(x, y - 1.5, SAMPLE, 3.0)


def _boundary(pen: Pen, x: float, y: float) -> None:
    pen.rule(x, y - GLOW / 4, x + SAMPLE, y - GLOW / 4, inks.BOUNDARY_GLOW, GLOW / 2)
    pen.rule(x, y, x + SAMPLE, y, inks.BOUNDARY, BOUNDARY_WIDTH)


def _area(pen: Pen, x: float, y: float, *, own: bool, dedicated: bool) -> None:
    box = _patch(x, y)
    fill = (inks.OWN_DEDICATED if dedicated else inks.OWN) if own else inks.NEIGHBOUR
    pen.box(box, fill=fill)
    if dedicated:
        pen.lines(hatch(np.array([shapely.box(box.x, box.y, box.right, box.top)], dtype=object)), inks.HATCH, 0.17)
    pen.box(box, line=inks.RULE if own else inks.NEIGHBOUR_LINE, width=0.15 if own else 0.3)


def _dedicated(pen: Pen, x: float, y: float) -> None:
    box = _patch(x, y)
    pen.box(box, fill=inks.PAPER)
    pen.lines(hatch(np.array([shapely.box(box.x, box.y, box.right, box.top)], dtype=object)), inks.HATCH_DARK, 0.17)
    pen.box(box, line=inks.BOUNDARY, width=0.35)


def _street(pen: Pen, x: float, y: float) -> None:
    pen.rule(x, y, x + SAMPLE, y, inks.INK, STREET_LINE)


def _compared(pen: Pen, x: float, y: float) -> None:
    pen.rule(x, y, x + SAMPLE, y, inks.INK, COMPARED_LINE)


def _grid_line(pen: Pen, x: float, y: float) -> None:
    pen.rule(x, y, x + SAMPLE, y, inks.BOUNDARY, GRID_LINE)


def _communities(pen: Pen, x: float, y: float) -> None:
    """Draw the fills that tell communities apart."""
    box = _patch(x, y)
    for n in range(3):
        pen.box(Box(box.x + n * box.width / 3, box.y, box.width / 3, box.height), fill=palette.FILLS[n])
    pen.box(box, line=inks.RULE, width=0.15)


def _new_edge(pen: Pen, x: float, y: float) -> None:
    pen.rule(x, y, x + SAMPLE, y, inks.BOUNDARY, 0.7)


def _old_edge(pen: Pen, x: float, y: float) -> None:
    pen.lines([shapely.LineString([(x, y), (x + SAMPLE, y)])], inks.OLD_EDGE, 0.55, dash=(2.2, 1.4))


def _moved(pen: Pen, x: float, y: float) -> None:
    box = _patch(x, y)
    pen.box(box, fill=inks.MOVED)
    pen.lines(hatch(np.array([shapely.box(box.x, box.y, box.right, box.top)], dtype=object), 1.3), inks.MOVED_HATCH, 0.2)


def _site(pen: Pen, x: float, y: float) -> None:
    pen.areas([shapely.buffer(shapely.Point(x + SAMPLE / 2, y), 1.4)], fill=inks.STATION)


def _zone(pen: Pen, x: float, y: float) -> None:
    pen.rule(x, y, x + SAMPLE, y, inks.STATION, 0.9)


def _walk(pen: Pen, x: float, y: float) -> None:
    pen.lines([shapely.LineString([(x, y), (x + SAMPLE, y)])], inks.STATION, 0.6, dash=(2.4, 1.2))


def _served(pen: Pen, x: float, y: float) -> None:
    pen.box(_patch(x, y), fill=inks.OWN, line=inks.BOUNDARY, width=0.5)


def _compound(pen: Pen, x: float, y: float, *, own: bool) -> None:
    box = _patch(x, y)
    away = Box(box.x + box.width / 2, box.y, box.width / 2, box.height) if own else box
    pen.box(box, fill=inks.COMPOUND, line=inks.COMPOUND_LINE, width=0.18)
    pen.box(away, fill=inks.COMPOUND_AWAY, line=inks.COMPOUND_AWAY_LINE, width=0.15)


def _water(pen: Pen, x: float, y: float) -> None:
    pen.box(_patch(x, y), fill=inks.WATER, line=inks.WATER_LINE, width=0.25)


def _community(pen: Pen, x: float, y: float) -> None:
    line = shapely.LineString([(x, y), (x + SAMPLE, y)])
    pen.lines([line], inks.COMMUNITY_LINE, 0.38, dash=COMMUNITY_DASH)


def _line(pen: Pen, stroke: inks.Stroke) -> Sample:
    def draw(x: float, y: float) -> None:
        if stroke.casing:
            pen.rule(x, y, x + SAMPLE, y, stroke.casing_ink, stroke.casing)
        pen.lines([shapely.LineString([(x, y), (x + SAMPLE, y)])], stroke.ink, stroke.width, dash=stroke.dash, cap="butt")

    return draw


_DRAWN: dict[str, Callable[[Pen, float, float], None]] = {
    "boundary": _grid_line,
    "communities": _communities,
    "compared": _compared,
    "dedicated": _dedicated,
    "street": _street,
    "new_edge": _new_edge,
    "old_edge": _old_edge,
    "moved": _moved,
    "site": _site,
    "zone": _zone,
    "walk": _walk,
    "served": _served,
}
"""What `map_entry` can draw."""
