"""Where things stand on a sheet: boxes in units that are millimetres on A4; a larger paper is the same sheet, enlarged."""

from __future__ import annotations

from dataclasses import dataclass

from maps.sheets.values import Paper

WIDTH, HEIGHT = 297.0, 210.0
SIZES = {Paper.A4: (297.0, 210.0), Paper.A3: (420.0, 297.0)}
"""Of the paper, millimetres."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its lower left corner; y grows upwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def top(self) -> float:
        """The upper edge."""
        return self.y + self.height

    def inside(self, margin: float) -> Box:
        """Return the box without a margin all around."""
        return Box(self.x + margin, self.y + margin, self.width - 2 * margin, self.height - 2 * margin)


HEADER = Box(10.0, 185.5, 277.0, 15.5)
MAP = Box(10.0, 18.0, 198.0, 164.0)
PANEL = Box(212.0, 18.0, 75.0, 164.0)
FOOTER = Box(10.0, 8.0, 277.0, 7.5)


def enlargement(paper: Paper) -> float:
    """Return how many millimetres of `paper` a unit is."""
    width, height = SIZES[paper]
    return min(width / WIDTH, height / HEIGHT)
