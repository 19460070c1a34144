"""The column beside the map: figures, four bounds, inset, who answers, legend; each as high as it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maps.sheets import inks
from maps.sheets.column import FIGURES, HEADING, contact, contact_height, figures, heading
from maps.sheets.inset import draw_inset, inset_height
from maps.sheets.layout import PANEL, Box
from maps.sheets.legend import draw_legend, entries, height
from maps.sheets.values import UNTOLD, Post
from maps.words import word

if TYPE_CHECKING:
    from maps.sheets.crop import Crop, Surroundings
    from maps.sheets.pen import Pen
    from maps.sheets.setting import Block
    from maps.sheets.values import SheetGround, SheetOptions
    from maps.sheets.view import View

MOST_POSTS = 6
GAP = 3.0
MORE_GAP = 3.0
LEAST_INSET = 22.0
SIDES = ("east", "south", "west", "north")
HECTARE = 10_000.0
UNNAMED = (Post("leader"), Post("worker"), Post("police"))
"""Who answers for every grid: lines to write on, where nobody is named."""


def draw_panel(pen: Pen, ground: SheetGround, options: SheetOptions, *, crop: Crop, where: Surroundings, view: View) -> None:
    """Draw the column; the inset takes what the others leave."""
    row, lang = crop.row, options.lang
    dedicated = bool(ground.dedicated[row])
    bounds = _bounds(pen, ground.bounds[row], lang)
    legend = entries(pen, crop, dedicated=dedicated)
    posts = (options.staff.get(ground.code[row], ()) or UNNAMED)[:MOST_POSTS]
    code = options.card_url.replace("{code}", ground.code[row])
    high = contact_height(posts, code, options)
    taken = FIGURES + _height(bounds) + high + height(len(legend)) + 4 * (HEADING + GAP)
    inset = min(inset_height(where, PANEL.width), max(LEAST_INSET, PANEL.height - taken))
    # What is left stands between the parts.
    gap = GAP + min(MORE_GAP, max(0.0, (PANEL.height - taken - inset) / 4))

    top = _figures(pen, ground, row, lang)
    top = heading(pen, top, word("sheet.bounds", lang))
    for side, block in zip(SIDES, bounds, strict=True):
        top = _bound(pen, top, word(f"sheet.bounds.{side}", lang), block)
    top = heading(pen, top - gap, word("sheet.inset", lang, street=where.street))
    draw_inset(pen, Box(PANEL.x, top - inset, PANEL.width, inset), where, view)
    top = heading(pen, top - inset - gap, word("sheet.staff", lang))
    contact(pen, top, posts, code, options)
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


def _bounds(pen: Pen, names: tuple[str, ...], lang: str) -> list[Block]:
    lead = _lead(lang)
    return [pen.setter.fit(name, PANEL.width - lead, 7.5, lines=2, least=5.5) for name in names]


def _lead(lang: str) -> float:
    return 13.0 if lang == "zh" else 17.0


def _height(blocks: list[Block]) -> float:
    return sum(block.height + 1.9 for block in blocks)


def _bound(pen: Pen, top: float, side: str, block: Block) -> float:
    pen.block(PANEL.x, top, pen.setter.fit(side, 12.0 if len(side) <= 2 else 16.0, 7.5, bold=True), inks.BOUNDARY)  # noqa: PLR2004 - in Chinese a side is two characters
    pen.block(PANEL.x + (13.0 if len(side) <= 2 else 17.0), top, block, inks.INK)  # noqa: PLR2004 - the same
    return top - block.height - 1.9
