"""What stands around every sheet: the header with title, place and code; the footer with system, source and review number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maps.sheets import inks
from maps.sheets.layout import FOOTER, HEADER
from maps.words import word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maps.sheets.pen import Pen
    from maps.sheets.setting import Block
    from maps.sheets.values import SheetGround, SheetOptions

TITLE = 19.0
CODE_WIDTH = 74.0
_ZONE_FIRST, _ZONE_LAST, _WEST, _STEP = 4534, 4554, 75, 3
"""The CGCS2000 zones of three degrees: EPSG numbers, and the first central meridian."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What a sheet says of itself: its title, where that is, and at the right a caption over a code."""

    title: str
    places: Sequence[str]
    caption: str
    code: str


def draw_header(pen: Pen, heading: Heading, options: SheetOptions) -> None:
    """Write the header."""
    lang = options.lang
    code = pen.setter.fit(heading.code, CODE_WIDTH, 14.0, bold=True)
    left = HEADER.width - CODE_WIDTH - 4.0
    title = pen.setter.fit(heading.title, left, TITLE, bold=True, least=10.0)
    pen.block(HEADER.x, HEADER.top, title, inks.INK)
    said = (" · " if lang == "zh" else ", ").join(part for part in heading.places if part)
    pen.block(HEADER.x, HEADER.y + 5.4, pen.setter.fit(said, left, 8.5, least=6.0), inks.SOFT)
    caption = pen.setter.fit(heading.caption, CODE_WIDTH, 6.5)
    pen.block(HEADER.right, HEADER.top - 0.4, caption, inks.SOFT, align="right")
    pen.block(HEADER.right, HEADER.top - 4.0, code, inks.INK, align="right")
    if options.day:
        day = pen.setter.fit(word("sheet.day", lang, day=options.day), CODE_WIDTH, 7.0)
        pen.block(HEADER.right, HEADER.y + 4.6, day, inks.SOFT, align="right")


def draw_footer(pen: Pen, ground: SheetGround, options: SheetOptions) -> None:
    """Write the footer."""
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
