"""Numbers on areas: each in its area, or beside it with a line that leads there. None is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from maps.sheets import inks
from maps.sheets.area_names import place_in
from maps.sheets.board import GAP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from maps.sheets.board import Board
    from maps.sheets.pen import Pen
    from maps.sheets.setting import Block

SIZES = (8.0, 7.0, 6.0, 5.0)
RINGS = np.arange(3.0, 60.0, 1.5)
"""How far from its area a number is tried, units."""
AROUND = 24
FOOT = 0.45
"""Half as broad as the dot that a line begins with, units."""
TURNS = 3
"""So often the numbers beside their areas look for a place."""
OVER_TEXT, OVER_LINE = 60.0, 12.0
"""A line may be so much longer for each number, or each line or dot, that it does not cross; units."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A number and the part of its area that is seen."""

    text: str
    area: shapely.Geometry


@dataclass(frozen=True, slots=True)
class _Led:
    """A number beside its area: where its line begins, and the middle of the number."""

    foot: shapely.Point
    block: Block
    x: float
    y: float

    @property
    def box(self) -> shapely.Polygon:
        """What the number takes."""
        half_w, half_h = self.block.width / 2 + 0.3, self.block.height / 2 + 0.1
        return shapely.box(self.x - half_w, self.y - half_h, self.x + half_w, self.y + half_h)

    @property
    def line(self) -> shapely.Geometry:
        """The line that leads from the area to the number."""
        return shapely.difference(shapely.LineString([self.foot, (self.x, self.y)]), self.box)


def write_tags(pen: Pen, board: Board, tags: Sequence[Tag], roads: shapely.Geometry, *, ink: str = inks.INK) -> None:
    """Write numbers, those with least room last: they are led to, by lines that cross as few others as can be."""
    betweens = shapely.difference(np.array([tag.area for tag in tags], dtype=object), roads).tolist()
    order = np.argsort(-shapely.area(np.array([tag.area for tag in tags], dtype=object)), kind="stable").tolist()
    left: list[int] = []
    inside: list[tuple[Block, float, float]] = []
    for n in order:
        blocks = [pen.setter.block([tags[n].text], size, bold=True) for size in SIZES]
        placed = place_in(board, betweens[n], blocks) or place_in(board, tags[n].area, blocks)
        if placed is None:
            left.append(n)
            continue
        inside.append(placed)
    led = _lead(pen, board, [tags[n] for n in left])
    # Every number lies above every line.
    lines = [one.line for one in led]
    pen.lines(lines, inks.PAPER, 0.6)
    pen.lines(lines, ink, 0.22)
    pen.areas([shapely.buffer(one.foot, FOOT) for one in led], fill=ink)
    for block, x, top in (*inside, *((one.block, one.x, one.y + one.block.height / 2) for one in led)):
        pen.block(x, top, block, ink, align="middle", halo=inks.PAPER)


def _lead(pen: Pen, board: Board, tags: Sequence[Tag]) -> list[_Led]:
    """Find places for the numbers of areas without room, and take them with the lines that lead there."""
    seen = [tag for tag in tags if not shapely.is_empty(tag.area)]
    feet = [shapely.Point(*shapely.get_coordinates(shapely.point_on_surface(tag.area))[0]) for tag in seen]
    dots = shapely.buffer(np.array(feet, dtype=object), FOOT)
    written = shapely.buffer(board.taken, -GAP / 2)
    blocks = [pen.setter.block([tag.text], SIZES[-2], bold=True) for tag in seen]
    led: dict[int, _Led] = {}
    for _ in range(TURNS):
        for n, block in enumerate(blocks):
            # Whoever came first has taken the nearest place, in the way of others perhaps: all choose again.
            others = [one for k, one in led.items() if k != n]
            texts = np.array([one.box for one in others], dtype=object)
            lines = np.concatenate([np.delete(dots, n), np.array([one.line for one in others], dtype=object)])
            found = _free(board, feet[n], block, (written, texts), lines)
            if found is not None:
                led[n] = found
    for taken in (*dots.tolist(), *(shape for one in led.values() for shape in (one.box, one.line))):
        board.take(taken)
    return list(led.values())


def _free(
    board: Board,
    foot: shapely.Point,
    block: Block,
    texts: tuple[NDArray[np.object_], NDArray[np.object_]],
    lines: NDArray[np.object_],
) -> _Led | None:
    """Return the best place for a block around a point: free, near, and with little between.

    `texts` are those on the board, and those that are to come upon it.
    """
    turns = np.arange(AROUND) / AROUND * 2 * np.pi + np.pi / 4
    x = (foot.x + RINGS[:, None] * np.cos(turns)).ravel()
    y = (foot.y + RINGS[:, None] * np.sin(turns)).ravel()
    half_w, half_h = block.width / 2 + 0.3, block.height / 2 + 0.1
    boxes = shapely.box(x - half_w, y - half_h, x + half_w, y + half_h)
    free = board.free(boxes)
    for others in (lines, shapely.buffer(texts[1], GAP)):
        free[shapely.STRtree(others).query(boxes, predicate="intersects")[0]] = False
    places = np.flatnonzero(free)
    if not len(places):
        return None
    ends = np.stack([np.broadcast_to([foot.x, foot.y], (len(places), 2)), np.column_stack([x[places], y[places]])], axis=1)
    ways = shapely.linestrings(ends)
    price = np.repeat(RINGS, AROUND)[places]
    for between, dear in ((np.concatenate(texts), OVER_TEXT), (lines, OVER_LINE)):
        crossed, _ = shapely.STRtree(between).query(ways, predicate="intersects")
        price = price + dear * np.bincount(crossed, minlength=len(places))
    best = int(places[np.argmin(price)])
    return _Led(foot, block, float(x[best]), float(y[best]))
