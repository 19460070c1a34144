"""Numbers on areas: each in its area, or beside it with a line that leads there. None is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from maps.sheets import inks
from maps.sheets.area_names import place_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from maps.sheets.board import Board
    from maps.sheets.pen import Pen
    from maps.sheets.setting import Block

SIZES = (8.0, 7.0, 6.0, 5.0)
RINGS = np.arange(3.0, 40.0, 1.5)
"""How far from its area a number is tried, units."""
AROUND = 16


@dataclass(frozen=True, slots=True)
class Tag:
    """A number and the part of its area that is seen."""

    text: str
    area: shapely.Geometry


def write_tags(pen: Pen, board: Board, tags: Sequence[Tag], roads: shapely.Geometry, *, ink: str = inks.INK) -> None:
    """Write numbers, those with least room last: they are led to."""
    betweens = shapely.difference(np.array([tag.area for tag in tags], dtype=object), roads).tolist()
    order = np.argsort(-shapely.area(np.array([tag.area for tag in tags], dtype=object)), kind="stable").tolist()
    led: list[int] = []
    for n in order:
        blocks = [pen.setter.block([tags[n].text], size, bold=True) for size in SIZES]
        placed = place_in(board, betweens[n], blocks) or place_in(board, tags[n].area, blocks)
        if placed is None:
            led.append(n)
            continue
        block, x, top = placed
        pen.block(x, top, block, ink, align="middle", halo=inks.PAPER)
    for n in led:
        _lead(pen, board, tags[n], ink)


def _lead(pen: Pen, board: Board, tag: Tag, ink: str) -> None:
    if shapely.is_empty(tag.area):
        return
    block = pen.setter.block([tag.text], SIZES[-2], bold=True)
    foot = shapely.get_coordinates(shapely.point_on_surface(tag.area))[0]
    found = _free(board, foot, block)
    if found is None:
        return
    x, y = found
    box = shapely.box(
        x - block.width / 2 - 0.3, y - block.height / 2 - 0.1, x + block.width / 2 + 0.3, y + block.height / 2 + 0.1
    )
    board.take(box)
    line = shapely.difference(shapely.LineString([foot, (x, y)]), box)
    pen.lines([line], inks.PAPER, 0.6)
    pen.lines([line], ink, 0.22)
    pen.areas([shapely.buffer(shapely.Point(*foot), 0.45)], fill=ink)
    pen.block(x, y + block.height / 2, block, ink, align="middle", halo=inks.PAPER)


def _free(board: Board, foot: NDArray[np.float64], block: Block) -> tuple[float, float] | None:
    """Return the middle of the nearest free place for a block around a point."""
    turns = np.arange(AROUND) / AROUND * 2 * np.pi + np.pi / 4
    x = (foot[0] + RINGS[:, None] * np.cos(turns)).ravel()
    y = (foot[1] + RINGS[:, None] * np.sin(turns)).ravel()
    half_w, half_h = block.width / 2 + 0.3, block.height / 2 + 0.1
    free = np.flatnonzero(board.free(shapely.box(x - half_w, y - half_h, x + half_w, y + half_h)))
    return (float(x[free[0]]), float(y[free[0]])) if len(free) else None
