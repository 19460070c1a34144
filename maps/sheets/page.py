"""One sheet: header, map, column, footer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from maps.sheets import inks
from maps.sheets.board import Board
from maps.sheets.ground import draw_ground
from maps.sheets.layout import FOOTER, HEADER, MAP, PANEL, Box
from maps.sheets.marks import draw_north, draw_scale
from maps.sheets.names import write_names
from maps.sheets.panel import draw_panel
from maps.sheets.pen import Pen
from maps.words import word

if TYPE_CHECKING:
    from maps.sheets.crop import Crop, Cropper
    from maps.sheets.fonts import Typeface
    from maps.sheets.setting import Block
    from maps.sheets.values import SheetGround, SheetOptions

TITLE = 19.0
CODE_WIDTH = 74.0
_ZONE_FIRST, _ZONE_LAST, _WEST, _STEP = 4534, 4554, 75, 3
"""The CGCS2000 zones of three degrees: EPSG numbers, and the first central meridian."""


def draw_sheet(cropper: Cropper, crop: Crop, options: SheetOptions, typeface: Typeface) -> Pen:
    """Draw the sheet of one grid."""
    ground = cropper.ground
    row, lang = crop.row, options.lang
    _, view = cropper.view(row)
    pen = Pen(options.paper, typeface, f"{ground.name[row]} {ground.code[row]}")
    draw_ground(pen, crop, dedicated=bool(ground.dedicated[row]))
    board = Board(MAP.inside(0.6))
    draw_north(pen, board, lang)
    draw_scale(pen, board, crop.scale, options.paper, lang)
    write_names(pen, board, crop, _short(ground, row))
    pen.box(MAP, line=inks.INK, width=0.45)
    _header(pen, ground, row, options)
    where = cropper.surroundings(row, Box(0, 0, PANEL.width, PANEL.width))
    draw_panel(pen, ground, options, crop=crop, where=where, view=view)
    _footer(pen, ground, options)
    return pen


def _short(ground: SheetGround, row: int) -> str:
    community = ground.communities.name[int(ground.community[row])]
    return ground.name[row].removeprefix(community).strip() or ground.name[row]


def _header(pen: Pen, ground: SheetGround, row: int, options: SheetOptions) -> None:
    lang = options.lang
    home = int(ground.community[row])
    code = pen.setter.fit(ground.code[row], CODE_WIDTH, 14.0, bold=True)
    left = HEADER.width - CODE_WIDTH - 4.0
    title = pen.setter.fit(ground.name[row], left, TITLE, bold=True, least=10.0)
    pen.block(HEADER.x, HEADER.top, title, inks.INK)
    if ground.dedicated[row]:
        subtype = ground.subtype[row]
        kind = word("sheet.kind.dedicated", lang, subtype=word(f"plan.subtype.{subtype}", lang) if subtype else "").strip(" ·:")
    else:
        kind = word("plan.kind.residential", lang)
    places = (ground.district[home], ground.street[home], ground.communities.name[home], kind)
    where = pen.setter.fit((" · " if lang == "zh" else ", ").join(part for part in places if part), left, 8.5, least=6.0)
    pen.block(HEADER.x, HEADER.y + 5.4, where, inks.SOFT)
    caption = pen.setter.fit(word("sheet.code", lang), CODE_WIDTH, 6.5)
    pen.block(HEADER.right, HEADER.top - 0.4, caption, inks.SOFT, align="right")
    pen.block(HEADER.right, HEADER.top - 4.0, code, inks.INK, align="right")
    day = pen.setter.fit(word("sheet.day", lang, day=options.day), CODE_WIDTH, 7.0) if options.day else None
    if day is not None:
        pen.block(HEADER.right, HEADER.y + 4.6, day, inks.SOFT, align="right")


def _footer(pen: Pen, ground: SheetGround, options: SheetOptions) -> None:
    lang = options.lang
    pen.rule(FOOTER.x, FOOTER.top, FOOTER.right, FOOTER.top)
    facts = [word("sheet.system", lang, system=system(ground.crs, lang)), ground.title, options.source]
    first = pen.setter.fit((" · " if lang == "zh" else "; ").join(fact for fact in facts if fact), 190.0, 6.0)
    pen.block(FOOTER.x, FOOTER.top - 1.2, first, inks.SOFT)
    pen.block(FOOTER.x, FOOTER.top - 4.4, pen.setter.fit(word("sheet.disclaimer", lang), 190.0, 6.0, least=4.5), inks.SOFT)
    _review(pen, options)


def _review(pen: Pen, options: SheetOptions) -> None:
    """Write the number of the map review, or a line to write it on."""
    caption: Block = pen.setter.fit(word("sheet.review", options.lang), 34.0, 7.0, bold=True)
    most = 75.0 - caption.width - 1.5
    number = pen.setter.fit(options.review_number, most, 7.0) if options.review_number else None
    wide = number.width if number is not None else 40.0
    x = FOOTER.right - wide - 1.5
    pen.block(x, FOOTER.top - 2.2, caption, inks.INK, align="right")
    if number is not None:
        pen.block(x + 1.5, FOOTER.top - 2.2, number, inks.INK)
    else:
        pen.rule(x + 1.5, FOOTER.top - 5.2, FOOTER.right, FOOTER.top - 5.2, inks.SOFT)


def system(crs: str, lang: str) -> str:
    """Return what the frame is called in print."""
    found = re.fullmatch(r"EPSG:(\d+)", crs)
    number = int(found[1]) if found else 0
    if _ZONE_FIRST <= number <= _ZONE_LAST:
        return word("sheet.system.cgcs2000", lang, meridian=_WEST + _STEP * (number - _ZONE_FIRST), crs=crs)
    return crs
