"""The sheet of one grid (一格一图): header, map, column, footer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maps.sheets import inks
from maps.sheets.board import Board
from maps.sheets.crop import short_name
from maps.sheets.frame import Heading, draw_footer, draw_header
from maps.sheets.ground import draw_ground
from maps.sheets.layout import MAP, PANEL, Box
from maps.sheets.marks import draw_north, draw_scale
from maps.sheets.names import write_names
from maps.sheets.panel import draw_panel
from maps.sheets.pen import Pen
from maps.sheets.values import Told
from maps.words import word

if TYPE_CHECKING:
    from maps.sheets.crop import Crop, Cropper, Surroundings
    from maps.sheets.fonts import Typeface
    from maps.sheets.values import SheetGround, SheetOptions


@dataclass(frozen=True, slots=True)
class GridPage:
    """The page of one grid."""

    cropper: Cropper
    crop: Crop
    options: SheetOptions
    typeface: Typeface

    @property
    def scale(self) -> int:
        """The N of 1:N."""
        return self.crop.scale

    def digest(self) -> str:
        """Return the same text for the same page, options apart."""
        ground, row = self.cropper.ground, self.crop.row
        home = int(ground.community[row])
        said = (
            self.crop.digest(),
            self._surroundings().digest(),
            (ground.title, ground.crs, ground.code[row], ground.name[row], ground.bounds[row], ground.subtype[row]),
            (bool(ground.dedicated[row]), int(ground.households[row]), float(ground.area_m2[row])),
            (ground.communities.name[home], ground.street[home], ground.district[home]),
            self.options.staff.get(ground.code[row], ()),
            self.options.told.get(ground.code[row], Told()),
        )
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def draw(self) -> Pen:
        """Draw it."""
        ground, crop, options = self.cropper.ground, self.crop, self.options
        row, lang = crop.row, options.lang
        view = self.cropper.view(row)
        pen = Pen(options.paper, self.typeface, f"{ground.name[row]} {ground.code[row]}")
        draw_ground(pen, crop, dedicated=bool(ground.dedicated[row]))
        board = Board(MAP.inside(0.6))
        draw_north(pen, board, lang)
        draw_scale(pen, board, self.scale, options.paper, lang)
        write_names(pen, board, crop, short_name(ground, row))
        pen.box(MAP, line=inks.INK, width=0.45)
        draw_header(pen, _heading(ground, row, lang), options)
        draw_panel(pen, ground, options, crop=crop, where=self._surroundings(), view=view)
        draw_footer(pen, ground, options)
        return pen

    def _surroundings(self) -> Surroundings:
        ground, row = self.cropper.ground, self.crop.row
        box = Box(0, 0, PANEL.width, PANEL.width)
        return self.cropper.surroundings(int(ground.community[row]), ground.polygon[row], box)


def _heading(ground: SheetGround, row: int, lang: str) -> Heading:
    home = int(ground.community[row])
    if ground.dedicated[row]:
        subtype = ground.subtype[row]
        kind = word("sheet.kind.dedicated", lang, subtype=word(f"plan.subtype.{subtype}", lang) if subtype else "").strip(" ·:")
    else:
        kind = word("plan.kind.residential", lang)
    places = (ground.district[home], ground.street[home], ground.communities.name[home], kind)
    return Heading(ground.name[row], places, word("sheet.code", lang), ground.code[row])


def draw_sheet(cropper: Cropper, crop: Crop, options: SheetOptions, typeface: Typeface) -> Pen:
    """Draw the sheet of one grid."""
    return GridPage(cropper, crop, options, typeface).draw()
