"""What stands on the map beside the ground: north arrow, scale bar, and their paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from maps.sheets import inks
from maps.sheets.layout import MAP, Box, enlargement
from maps.sheets.scale import MM_PER_M, bar_length
from maps.words import word

if TYPE_CHECKING:
    from maps.sheets.board import Board
    from maps.sheets.pen import Pen
    from maps.sheets.values import Paper

LONGEST = 48.0
"""Of the scale bar, units."""
PARTS = 4


def draw_north(pen: Pen, board: Board, lang: str) -> None:
    """Draw the north arrow; grid north is up."""
    x, top = MAP.right - 9.0, MAP.top - 4.0
    board.take(shapely.box(x - 5.5, top - 18.5, x + 5.5, top + 1.0))
    pen.block(x, top, pen.setter.block([word("sheet.north", lang)], 9.0, bold=True), inks.INK, align="middle", halo=inks.PAPER)
    tip, foot, notch = top - 4.2, top - 17.0, top - 13.6
    whole = shapely.Polygon([(x, tip), (x + 3.4, foot), (x, notch), (x - 3.4, foot)])
    pen.areas([whole], fill=inks.PAPER, line=inks.PAPER, width=1.3)
    pen.areas([whole], fill=inks.PAPER, line=inks.INK, width=0.3)
    pen.areas([shapely.Polygon([(x, tip), (x, notch), (x - 3.4, foot)])], fill=inks.INK, line=inks.INK, width=0.3)


def draw_scale(pen: Pen, board: Board, scale: int, paper: Paper, lang: str) -> None:
    """Draw the scale bar, in metres, with the scale above it."""
    enlarged = enlargement(paper)
    metres = bar_length(scale, LONGEST * enlarged)
    length = metres * MM_PER_M / scale / enlarged
    unit = word("sheet.metres", lang)
    ends = (counted(metres, lang), unit)
    setter = pen.setter
    said = setter.block([word("sheet.scale", lang, n=counted(scale, lang))], 8.0, bold=True)
    last = " ".join(ends)
    over = setter.width(last, 6.0) / 2
    paper_box = Box(MAP.x + 4.0, MAP.y + 4.0, max(said.width, length + over) + 7.5, 14.0)
    board.take(shapely.box(paper_box.x, paper_box.y, paper_box.right, paper_box.top))
    pen.box(paper_box, fill=inks.PAPER, line=inks.RULE, width=0.2)
    x, y = paper_box.x + 3.5, paper_box.y + 6.2
    pen.block(x, paper_box.top - 1.6, said)
    step = length / PARTS
    for part in range(PARTS):
        fill = inks.PAPER if part % 2 else inks.INK
        pen.box(Box(x + part * step, y, step, 1.2), fill=fill, line=inks.INK, width=0.2)
    foot = y - 1.0
    pen.block(x, foot, setter.block(["0"], 6.0), align="middle")
    halfway = metres / 2
    if halfway == int(halfway):
        pen.block(x + length / 2, foot, setter.block([counted(int(halfway), lang)], 6.0), align="middle")
    # The number stands under its mark, the unit behind it.
    pen.block(x + length - setter.width(ends[0], 6.0) / 2, foot, setter.block([last], 6.0))


def counted(number: int, lang: str) -> str:
    """Write a number as the language does."""
    return str(number) if lang == "zh" else f"{number:,}"
