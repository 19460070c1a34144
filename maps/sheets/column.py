"""Parts of the column beside a map that several kinds of sheet have: headings, large figures, who answers, the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maps.sheets import inks
from maps.sheets.layout import PANEL, Box
from maps.sheets.qr import draw_qr
from maps.sheets.setting import POINT, RISE
from maps.words import word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maps.sheets.pen import Pen
    from maps.sheets.values import Post, SheetOptions

HEADING = 6.2
"""A heading with its rule."""
FIGURES = 15.0
"""A row of large figures."""
QR = 22.0
POST_ROW = 5.3
_HOTLINE = 7.5


def heading(pen: Pen, top: float, text: str, box: Box = PANEL) -> float:
    """Write a heading over the width of `box`; return where it ends."""
    said = pen.setter.fit(text, box.width, 7.5, bold=True)
    pen.block(box.x, top, said, inks.INK)
    foot = top - HEADING + 2.0
    pen.rule(box.x, foot, box.right, foot, inks.INK, 0.3)
    return top - HEADING


def figures(pen: Pen, top: float, cells: Sequence[tuple[str, str, str]]) -> float:
    """Write figures large, each with its unit and its caption; return where they end."""
    wide = PANEL.width / len(cells)
    for n, (figure, unit, caption) in enumerate(cells):
        x = PANEL.x + n * wide
        pen.block(x, top, pen.setter.fit(caption, wide - 2, 6.5), inks.SOFT)
        shown = pen.setter.fit(figure, wide - 14 if len(cells) < 3 else wide - 8, 16.0, bold=True)  # noqa: PLR2004 - three are narrow
        pen.block(x, top - 3.6, shown, inks.INK)
        base = top - 3.6 - shown.size * POINT * RISE
        left = wide - shown.width - 2.5
        # Beside a long figure the caption has to do.
        fits = (block for size in (7.0, 5.5) if (block := pen.setter.block([unit], size)).width <= left)
        small = next(fits, None)
        if small is not None:
            pen.block(x + shown.width + 1.2, base + small.size * POINT * RISE, small, inks.SOFT)
    return top - FIGURES


def contact_height(posts: Sequence[Post], code: str, options: SheetOptions, row: float = POST_ROW) -> float:
    """Return how high `contact` is."""
    return max(len(posts) * row + (_HOTLINE if options.hotline else 0.0), (QR + 4.5) if code else 0.0)


def contact(  # noqa: PLR0917 - what is on a line, in its order
    pen: Pen, top: float, posts: Sequence[Post], code: str, options: SheetOptions, row: float = POST_ROW
) -> None:
    """Write who answers, with a line to write on where nobody is named, the hotline, and the code of an address."""
    lang = options.lang
    right = PANEL.right - (QR + 3.0 if code else 0.0)
    start = top
    for post in posts:
        answering(pen, Box(PANEL.x, top, right - PANEL.x, 0.0), post, lang, role=25.0)
        top -= row
    if options.hotline:
        pen.block(PANEL.x, top - 0.8, pen.setter.fit(word("sheet.hotline", lang), 23.0, 7.0), inks.SOFT)
        pen.block(PANEL.x + 25.0, top, pen.setter.fit(options.hotline, right - PANEL.x - 25.0, 13.0, bold=True), inks.INK)
    if code:
        box = Box(PANEL.right - QR, start - QR, QR, QR)
        draw_qr(pen, box, code)
        said = pen.setter.fit(word("sheet.card", lang), QR, 5.5)
        pen.block(box.x + QR / 2, box.y - 0.3, said, inks.SOFT, align="middle")


def answering(pen: Pen, line: Box, post: Post, lang: str, *, role: float) -> None:
    """Write a line from the top of `line`: what somebody is, on `role` of it, and who it is, or a rule to write on."""
    called = post.called or word(f"sheet.role.{post.role}", lang)
    pen.block(line.x, line.y, pen.setter.fit(called, role - 2.0, 7.0), inks.SOFT)
    said = "  ".join(part for part in (post.name, post.phone) if part)
    if said:
        pen.block(line.x + role, line.y, pen.setter.fit(said, line.width - role, 7.0, bold=True), inks.INK)
    else:
        pen.rule(line.x + role, line.y - 2.9, line.right, line.y - 2.9)
