"""The inks of printed sheets, each with one meaning; fills that the pages have too are the palette's.

Magenta is the boundary and nothing else, as the standards for grid maps ask. What lies outside the grid is grey, so that
a sheet that is copied in black and white still says which grid it is about: its line is the broadest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gis.town import LineKind
from maps.palette import BAND_FILLS, FILLS, Band

INK = "#1d2935"
SOFT = "#52606d"
FAINT = "#66727e"
RULE = "#c9ccd1"
PAPER = "#ffffff"
BOUNDARY = "#c4007a"
BOUNDARY_GLOW = "#f6c9e2"
OWN = FILLS[0]
OWN_DEDICATED = BAND_FILLS[Band.DEDICATED]
AWAY = "#e2e4e6"
"""Ground that is in no grid of the plan."""
NEIGHBOUR = "#f4f4f2"
NEIGHBOUR_LINE = "#8b939b"
NEIGHBOUR_NAME = "#56606a"
HATCH = "#c3bccd"
HATCH_DARK = "#7d7488"
"""The same over coloured ground."""
COMPOUND, COMPOUND_LINE, COMPOUND_NAME = "#f5dfb4", "#c9a565", "#5f4417"
COMPOUND_AWAY, COMPOUND_AWAY_LINE = "#e9e8e4", "#d0cec8"
WATER, WATER_LINE, WATER_NAME = "#b9dcef", "#6ea9c9", "#1f5f80"
ROAD_NAME = "#4b4436"
COMMUNITY_LINE = "#1d2935"
HERE = "#c4007a"
OLD_EDGE = "#5b6670"
STATION = "#0b6470"
"""A station and how far it reaches."""
MOVED, MOVED_HATCH, MOVED_NAME = "#fbd9a6", "#d98d2b", "#7a4300"
"""Ground that changed its grid."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """How a line is drawn, from below: the casing, then the line; widths in millimetres on A4, `dash` in millimetres."""

    width: float
    ink: str
    casing: float = 0.0
    casing_ink: str = PAPER
    dash: tuple[float, ...] = ()

    def at(self, scale: int) -> Stroke:
        """Return the stroke for a sheet of 1:`scale`: broader where less ground lies on it, as roads are."""
        times = min(BROADEST, max(NARROWEST, (USUAL_SCALE / scale) ** 0.5))
        return replace(self, width=self.width * times, casing=self.casing * times)


USUAL_SCALE = 4_000
"""The scale at which strokes are as broad as they are listed."""
NARROWEST, BROADEST = 0.6, 1.5

STROKES = {
    LineKind.DRAIN: Stroke(0.55, WATER_LINE),
    LineKind.UNDERGROUND: Stroke(0.3, "#8d8599", dash=(1.4, 1.0)),
    LineKind.WALL: Stroke(0.22, "#a99f8d"),
    LineKind.RIVER: Stroke(1.9, WATER, 2.3, WATER_LINE),
    LineKind.LANE: Stroke(0.8, "#ffffff", 1.1, "#978d7b"),
    LineKind.ROAD: Stroke(1.7, "#ffffff", 2.05, "#978d7b"),
    LineKind.MAIN_ROAD: Stroke(2.5, "#fff6d8", 2.9, "#a8935f"),
    LineKind.EXPRESSWAY: Stroke(3.0, "#fbdf9b", 3.5, "#b0822a"),
    LineKind.RAILWAY: Stroke(0.75, "#ffffff", 1.1, "#4d545b", dash=(2.2, 2.2)),
}
"""By kind, in the order in which they are drawn: what comes later lies above."""
