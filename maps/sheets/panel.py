"""The column beside the map: figures, four bounds, inset, who answers, legend; each as high as it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maps.sheets import inks
from maps.sheets.answers import CLOSE, ROOMY, TIGHT, answers_of
from maps.sheets.column import FIGURES, HEADING, figures, heading
from maps.sheets.inset import draw_inset, inset_height
from maps.sheets.layout import PANEL, Box
from maps.sheets.legend import draw_legend, entries, height
from maps.sheets.values import UNTOLD
from maps.words import word

if TYPE_CHECKING:
    from maps.sheets.answers import Setting
    from maps.sheets.crop import Crop, Surroundings
    from maps.sheets.pen import Pen
    from maps.sheets.setting import Block
    from maps.sheets.values import SheetGround, SheetOptions
    from maps.sheets.view import View

GAP = 3.0
WAYS = ((ROOMY, GAP, 2), (CLOSE, 2.2, 2), (TIGHT, 0.8, 1))
"""How close the column is set: who answers, the space between the parts, the lines that each of the bounds may take."""
MORE_GAP = 3.0
LEAST_INSET = 22.0
SMALLEST_INSET = 12.0
"""Where a grid has more to tell than there is room for."""
SIDES = ("east", "south", "west", "north")
HECTARE = 10_000.0


def draw_panel(pen: Pen, ground: SheetGround, options: SheetOptions, *, crop: Crop, where: Surroundings, view: View) -> None:
    """Draw the column; the inset takes what the others leave."""
    row, lang = crop.row, options.lang
    dedicated = bool(ground.dedicated[row])
    legend = entries(pen, crop, dedicated=dedicated)
    answers = answers_of(options, ground.code[row])
    fixed = FIGURES + height(len(legend)) + 4 * HEADING

    def fill(way: Setting, least: float, lines: int) -> tuple[Setting, float, list[Block], float, float]:
        bounds = _bounds(pen, ground.bounds[row], lang, lines)
        high = answers.height(pen, options, way)
        return way, least, bounds, high, fixed + _height(bounds) + high + 4 * least

    way, least, bounds, high, taken = fill(*WAYS[0])
    for closer in WAYS[1:]:
        if taken + LEAST_INSET <= PANEL.height:
            break
        way, least, bounds, high, taken = fill(*closer)
    left = PANEL.height - taken
    inset = min(inset_height(where, PANEL.width), max(min(LEAST_INSET, left), left - 4 * (GAP - least), SMALLEST_INSET))
    # What is left stands between the parts.
    gap = least + min(MORE_GAP, max(0.0, (PANEL.height - taken - inset) / 4))

    top = _figures(pen, ground, row, lang)
    top = heading(pen, top, word("sheet.bounds", lang))
    for side, block in zip(SIDES, bounds, strict=True):
        top = _bound(pen, top, word(f"sheet.bounds.{side}", lang), block)
    top = heading(pen, top - gap, word("sheet.inset", lang, street=where.street))
    draw_inset(pen, Box(PANEL.x, top - inset, PANEL.width, inset), where, view)
    top = heading(pen, top - inset - gap, word("sheet.staff", lang))
    answers.draw(pen, top, options, way)
    top = heading(pen, top - high - gap, word("sheet.legend", lang))
    draw_legend(pen, Box(PANEL.x, PANEL.y, PANEL.width, top - PANEL.y), legend, lang)


def _figures(pen: Pen, ground: SheetGround, row: int, lang: str) -> float:
    """Write area and households, large; return where they end."""
    return figures(
        pen,
        PANEL.top,
        [
            (f"{ground.area_m2[row] / HECTARE:.2f}", word("sheet.hectares", lang), word("sheet.area", lang)),
            (*counted(ground, row, lang), word("sheet.households", lang)),
        ],
    )


def counted(ground: SheetGround, row: int, lang: str) -> tuple[str, str]:
    """Return a grid's households and their unit: a dash where there are none to count, or where they are not told."""
    households = int(ground.households[row])
    if households == UNTOLD or (ground.dedicated[row] and not households):
        return "—", ""
    return f"{households:,}", word("sheet.unit", lang)


def _bounds(pen: Pen, names: tuple[str, ...], lang: str, lines: int) -> list[Block]:
    lead = _lead(lang)
    return [pen.setter.fit(name, PANEL.width - lead, 7.5, lines=lines, least=5.5) for name in names]


def _lead(lang: str) -> float:
    return 13.0 if lang == "zh" else 17.0


def _height(blocks: list[Block]) -> float:
    return sum(block.height + 1.9 for block in blocks)


def _bound(pen: Pen, top: float, side: str, block: Block) -> float:
    pen.block(PANEL.x, top, pen.setter.fit(side, 12.0 if len(side) <= 2 else 16.0, 7.5, bold=True), inks.BOUNDARY)  # noqa: PLR2004 - in Chinese a side is two characters
    pen.block(PANEL.x + (13.0 if len(side) <= 2 else 17.0), top, block, inks.INK)  # noqa: PLR2004 - the same
    return top - block.height - 1.9
