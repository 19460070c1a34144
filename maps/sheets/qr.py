"""QR codes, drawn as one shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import segno
import shapely

from maps.sheets import inks

if TYPE_CHECKING:
    from maps.sheets.layout import Box
    from maps.sheets.pen import Pen

QUIET = 4
"""Modules left white around a code; readers need them."""


def draw_qr(pen: Pen, box: Box, text: str) -> None:
    """Draw the code of `text` into a square box, quiet zone and all."""
    rows = [list(row) for row in segno.make(text, error="m", micro=False, boost_error=False).matrix]
    size = box.width / (len(rows) + 2 * QUIET)
    pen.box(box, fill=inks.PAPER)
    squares: list[shapely.Geometry] = []
    for r, row in enumerate(rows):
        start = None
        for c, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = c
            elif not dark and start is not None:
                x, y = box.x + (QUIET + start) * size, box.top - (QUIET + r + 1) * size
                squares.append(shapely.box(x, y, x + (c - start) * size, y + size))
                start = None
    # As one area: squares side by side would show hairs of white between them.
    pen.areas([shapely.union_all(squares)], fill=inks.INK)
