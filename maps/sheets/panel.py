"""The column beside the map: figures, four bounds, inset, who answers, legend; each as high as it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maps.sheets import inks
from maps.sheets.inset import draw_inset, inset_height
from maps.sheets.layout import PANEL, Box
from maps.sheets.legend import draw_legend, entries, height
from maps.sheets.qr import draw_qr
from maps.sheets.setting import POINT, RISE
from maps.sheets.values import Post
from maps.words import word

if TYPE_CHECKING:
    from maps.sheets.crop import Crop, Surroundings, View
    from maps.sheets.pen import Pen
    from maps.sheets.setting import Block
    from maps.sheets.values import SheetGround, SheetOptions

HEADING = 6.2
"""A heading with its rule."""
GAP = 3.0
MORE_GAP = 3.0
LEAST_INSET = 22.0
QR = 22.0
POST_ROW = 5.3
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
    posts = options.staff.get(ground.code[row], ()) or UNNAMED
    code = options.card_url.replace("{code}", ground.code[row])
    contact = max(len(posts[:6]) * POST_ROW + (7.5 if options.hotline else 0.0), (QR + 4.5) if code else 0.0)
    taken = 15.0 + _height(bounds) + contact + height(len(legend)) + 4 * (HEADING + GAP)
    inset = min(inset_height(where, PANEL.width), max(LEAST_INSET, PANEL.height - taken))
    # What is left stands between the parts.
    gap = GAP + min(MORE_GAP, max(0.0, (PANEL.height - taken - inset) / 4))

    top = _figures(pen, ground, row, lang)
    top = _heading(pen, top, word("sheet.bounds", lang))
    for side, block in zip(SIDES, bounds, strict=True):
        top = _bound(pen, top, word(f"sheet.bounds.{side}", lang), block)
    top = _heading(pen, top - gap, word("sheet.inset", lang, street=where.street))
    draw_inset(pen, Box(PANEL.x, top - inset, PANEL.width, inset), where, view)
    top = _heading(pen, top - inset - gap, word("sheet.staff", lang))
    _contact(pen, top, posts[:6], code, options)
    top = _heading(pen, top - contact - gap, word("sheet.legend", lang))
    draw_legend(pen, Box(PANEL.x, PANEL.y, PANEL.width, top - PANEL.y), legend, lang)


def _heading(pen: Pen, top: float, text: str) -> float:
    said = pen.setter.fit(text, PANEL.width, 7.5, bold=True)
    pen.block(PANEL.x, top, said, inks.INK)
    foot = top - HEADING + 2.0
    pen.rule(PANEL.x, foot, PANEL.right, foot, inks.INK, 0.3)
    return top - HEADING


def _figures(pen: Pen, ground: SheetGround, row: int, lang: str) -> float:
    """Draw area and households, large; return where they end."""
    dedicated = bool(ground.dedicated[row])
    households = int(ground.households[row])
    cells = [
        (f"{ground.area_m2[row] / HECTARE:.2f}", word("sheet.hectares", lang), word("sheet.area", lang)),
        (f"{households:,}", word("sheet.unit", lang), word("sheet.households", lang)),
    ]
    if dedicated and not households:
        cells[1:] = [("—", "", word("sheet.households", lang))]
    wide = PANEL.width / len(cells)
    for n, (figure, unit, caption) in enumerate(cells):
        x = PANEL.x + n * wide
        pen.block(x, PANEL.top, pen.setter.fit(caption, wide - 2, 6.5), inks.SOFT)
        shown = pen.setter.fit(figure, wide - 14, 16.0, bold=True)
        pen.block(x, PANEL.top - 3.6, shown, inks.INK)
        base = PANEL.top - 3.6 - shown.size * POINT * RISE
        small = pen.setter.fit(unit, wide - shown.width - 3, 7.0)
        pen.block(x + shown.width + 1.2, base + small.size * POINT * RISE, small, inks.SOFT)
    return PANEL.top - 15.0


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


def _contact(pen: Pen, top: float, posts: tuple[Post, ...], code: str, options: SheetOptions) -> None:
    lang = options.lang
    right = PANEL.right - (QR + 3.0 if code else 0.0)
    for post in posts:
        role = pen.setter.fit(word(f"sheet.role.{post.role}", lang), 23.0, 7.0)
        pen.block(PANEL.x, top, role, inks.SOFT)
        x = PANEL.x + 25.0
        said = "  ".join(part for part in (post.name, post.phone) if part)
        if said:
            pen.block(x, top, pen.setter.fit(said, right - x, 7.0, bold=True), inks.INK)
        else:
            pen.rule(x, top - 2.9, right, top - 2.9)
        top -= POST_ROW
    if options.hotline:
        pen.block(PANEL.x, top - 0.8, pen.setter.fit(word("sheet.hotline", lang), 23.0, 7.0), inks.SOFT)
        pen.block(PANEL.x + 25.0, top, pen.setter.fit(options.hotline, right - PANEL.x - 25.0, 13.0, bold=True), inks.INK)
    if code:
        top_of_code = top + len(posts) * POST_ROW
        box = Box(PANEL.right - QR, top_of_code - QR, QR, QR)
        draw_qr(pen, box, code)
        said = pen.setter.fit(word("sheet.card", lang), QR, 5.5)
        pen.block(box.x + QR / 2, box.y - 0.3, said, inks.SOFT, align="middle")
