"""The ground of a sheet, from below: land, neighbours, compounds, water, roads, boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.town import LineKind
from maps.sheets import inks
from maps.sheets.layout import MAP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maps.sheets.backdrop import Backdrop
    from maps.sheets.crop import Crop
    from maps.sheets.pen import Pen

HATCH_STEP = 1.7
"""Between the lines of a hatch, units."""
BOUNDARY_WIDTH = 0.85
GLOW = 2.6
COMMUNITY_DASH = (3.2, 1.0, 0.6, 1.0)
GRID_LINE = 0.45
"""Of the boundary of a grid on a map of many."""
STREET_LINE = 0.9


def draw_ground(pen: Pen, crop: Crop, *, dedicated: bool) -> None:
    """Draw the map of one grid, without names."""
    back = crop.back
    draw_land(pen, back)
    pen.lines(hatch(crop.neighbours[crop.neighbour_dedicated]), inks.HATCH, 0.16, clip=MAP)
    pen.areas([crop.own], fill=inks.OWN_DEDICATED if dedicated else inks.OWN, clip=MAP)
    if dedicated:
        pen.lines(hatch(np.array([crop.own], dtype=object)), inks.HATCH, 0.18, clip=MAP)
    draw_compounds(pen, back, crop.own)
    draw_water(pen, back)
    # Along the boundary, outside: the grid stands out, and in a copy without colour there is still the broad line.
    band = shapely.difference(shapely.buffer(crop.own, GLOW / 2), crop.own)
    pen.areas([band], fill=inks.BOUNDARY_GLOW, clip=MAP)
    draw_lines(pen, back)
    pen.areas(crop.neighbours, line=inks.PAPER, width=0.7, clip=MAP)
    pen.areas(crop.neighbours, line=inks.NEIGHBOUR_LINE, width=0.3, clip=MAP)
    draw_communities(pen, back)
    pen.areas([crop.own], line=inks.PAPER, width=BOUNDARY_WIDTH + 0.5, clip=MAP)
    pen.areas([crop.own], line=inks.BOUNDARY, width=BOUNDARY_WIDTH, clip=MAP)


def draw_land(pen: Pen, back: Backdrop) -> None:
    """Draw the paper of the map: communities, and what lies beyond them."""
    pen.box(MAP, fill=inks.AWAY)
    pen.areas(back.known, fill=inks.NEIGHBOUR, clip=MAP)


def draw_compounds(pen: Pen, back: Backdrop, own: shapely.Geometry) -> None:
    """Draw compounds: in full colour inside `own`, grey outside."""
    away = shapely.difference(back.compounds.polygon, own)
    here = shapely.intersection(back.compounds.polygon, own)
    pen.areas(away, fill=inks.COMPOUND_AWAY, line=inks.COMPOUND_AWAY_LINE, width=0.15, clip=MAP)
    pen.areas(here, fill=inks.COMPOUND, line=inks.COMPOUND_LINE, width=0.18, clip=MAP)


def draw_water(pen: Pen, back: Backdrop) -> None:
    """Draw lakes and ponds."""
    pen.areas(back.water.polygon, fill=inks.WATER, line=inks.WATER_LINE, width=0.25, clip=MAP)


def draw_communities(pen: Pen, back: Backdrop) -> None:
    """Draw the lines of communities."""
    pen.lines(back.community_lines, inks.PAPER, 0.9, cap="butt", clip=MAP)
    pen.lines(back.community_lines, inks.COMMUNITY_LINE, 0.38, dash=COMMUNITY_DASH, clip=MAP)


def draw_street(pen: Pen, whole: shapely.Geometry) -> None:
    """Draw the line of a street."""
    pen.areas([whole], line=inks.PAPER, width=STREET_LINE + 0.5, clip=MAP)
    pen.areas([whole], line=inks.INK, width=STREET_LINE, clip=MAP)


def draw_lines(pen: Pen, back: Backdrop) -> None:
    """Draw casings and then lines, kind by kind, so that roads of a kind run into each other."""
    kinds = back.lines.kind
    strokes = {kind: stroke.at(back.scale) for kind, stroke in inks.STROKES.items()}
    for kind, stroke in strokes.items():
        drawn = back.lines.line[kinds == kind]
        if stroke.casing:
            pen.lines(drawn, stroke.casing_ink, stroke.casing, cap="butt" if kind == LineKind.RAILWAY else "round", clip=MAP)
    for kind, stroke in strokes.items():
        drawn = back.lines.line[kinds == kind]
        pen.lines(drawn, stroke.ink, stroke.width, dash=stroke.dash, clip=MAP)


def hatch(areas: NDArray[np.object_], step: float = HATCH_STEP) -> NDArray[np.object_]:
    """Return the lines that hatch areas from lower left to upper right; they lie on one lattice for all areas."""
    if not len(areas):
        return areas
    west, south, east, north = shapely.total_bounds(areas).tolist()
    if np.isnan(west):
        return areas[:0]
    first, last = np.floor((west - north) / step), np.ceil((east - south) / step)
    at = np.arange(first, last + 1) * step
    ends = np.stack(
        [np.column_stack([at + south, np.full_like(at, south)]), np.column_stack([at + north, np.full_like(at, north)])], 1
    )
    return shapely.intersection(shapely.MultiLineString(list(ends)), areas)
