"""The overview of a street: all its grids numbered on one map, and the pages that they are on; the index behind it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from maps import palette
from maps.sheets import inks
from maps.sheets.area_names import place_in
from maps.sheets.backdrop import cut, digest_of
from maps.sheets.board import Board
from maps.sheets.column import HEADING, figures, heading
from maps.sheets.crop import short_name
from maps.sheets.frame import Heading, draw_footer, draw_header
from maps.sheets.ground import GRID_LINE, draw_communities, draw_land, draw_lines, draw_street, draw_water, hatch
from maps.sheets.layout import MAP, PANEL, Box
from maps.sheets.legend import draw_legend, ground_entries, height, map_entry
from maps.sheets.marks import draw_north, draw_scale
from maps.sheets.names import Middles, broken, named_lines, roads_of, write_lines, write_water
from maps.sheets.pen import Pen
from maps.sheets.press import Sheet
from maps.sheets.table import Column, draw_table, room, side_by_side
from maps.sheets.table import height as table_height
from maps.sheets.tags import Tag, write_tags
from maps.sheets.values import UNTOLD
from maps.sheets.view import View, around
from maps.words import word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from maps.sheets.backdrop import Backdrop, Land
    from maps.sheets.fonts import Typeface
    from maps.sheets.values import SheetGround, SheetOptions

OVERVIEW, INDEX = "overview", "index"
LISTED = 12
"""A street with so many grids has them listed beside the map; with more, on pages of their own."""
WHOLE = Box(MAP.x, MAP.y, PANEL.right - MAP.x, MAP.height)
COLUMNS = 3
PER_PAGE = COLUMNS * room(WHOLE.height)
FILLED = 0.92
"""The most of the frame that a street takes."""
GAP = 4.0
HECTARE = 10_000.0


def sheets_of_street(ground: SheetGround, street: str, rows: tuple[int, ...], pages: tuple[int, ...] = ()) -> list[Sheet]:
    """Return the sheets that stand before those of the grids `rows` of a street; `pages` is where each of them is."""
    front = Sheet(OVERVIEW, street, street, street=street, rows=rows, pages=pages)
    if len(rows) <= LISTED:
        return [front]
    parts = -(-len(_listed(ground, rows)) // PER_PAGE)
    return [front, *(Sheet(INDEX, street, street, street=street, part=n, rows=rows, pages=pages) for n in range(parts))]


def _listed(ground: SheetGround, rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return the lines of the index: a community by its number and −1, or its number and a place in `rows`."""
    lines: list[tuple[int, int]] = []
    for home, members in _by_community(ground, rows).items():
        lines.append((home, -1))
        lines.extend((home, n) for n in members)
    return lines


def _by_community(ground: SheetGround, rows: Sequence[int]) -> dict[int, list[int]]:
    """Return the places in `rows` of each community's grids, communities in the order in which they come."""
    groups: dict[int, list[int]] = {}
    for n, row in enumerate(rows):
        groups.setdefault(int(ground.community[row]), []).append(n)
    return groups


def _summed(ground: SheetGround, rows: Sequence[int]) -> str:
    """Return the households of grids together; of some that are not told there is no sum."""
    counts = ground.households[list(rows)]
    return "—" if (counts == UNTOLD).any() else f"{int(counts.sum()):,}"


def _one(ground: SheetGround, row: int) -> str:
    return _summed(ground, [row])


def _facts(ground: SheetGround, sheet: Sheet) -> tuple[object, ...]:
    rows = list(sheet.rows)
    return (
        (ground.title, ground.crs, sheet.street, sheet.part, sheet.pages),
        [(ground.code[r], ground.name[r], int(ground.community[r]), bool(ground.dedicated[r])) for r in rows],
        [(int(ground.households[r]), float(ground.area_m2[r])) for r in rows],
        [(ground.communities.name[c], ground.district[c]) for c in _by_community(ground, rows)],
    )


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The map of a street."""

    land: Land
    sheet: Sheet
    options: SheetOptions
    typeface: Typeface

    @property
    def view(self) -> View:
        """The frame over the street."""
        return around(self._communities(), self.options.paper, filled=FILLED)

    @property
    def scale(self) -> int:
        """The N of 1:N."""
        return self.view.scale

    def digest(self) -> str:
        """Return the same text for the same page, options apart."""
        ground, view = self.land.ground, self.view
        shapes = ground.polygon[self.land.near("grids", view)]
        said = (_facts(ground, self.sheet), self.land.backdrop(view).digest(), digest_of(cut(shapes, view)))
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def draw(self) -> Pen:
        """Draw it."""
        ground, options, sheet = self.land.ground, self.options, self.sheet
        lang, view = options.lang, self.view
        pen = Pen(options.paper, self.typeface, word("sheet.overview.title", lang, street=sheet.street))
        back = self.land.backdrop(view)
        grids = cut(ground.polygon[list(sheet.rows)], view)
        whole = view.placed(np.array([shapely.union_all(self._communities())], dtype=object))[0]
        self._draw_ground(pen, back, grids, whole)
        board = Board(MAP.inside(0.6))
        draw_north(pen, board, lang)
        draw_scale(pen, board, view.scale, options.paper, lang)
        roads = roads_of(back)
        frame = shapely.box(MAP.x, MAP.y, MAP.right, MAP.top)
        seen = shapely.intersection(grids, frame).tolist()
        write_tags(pen, board, [Tag(str(n + 1), area) for n, area in enumerate(seen)], roads)
        self._write_communities(pen, board, view)
        write_water(pen, board, back)
        written: Middles = {}
        write_lines(pen, board, [road for road in named_lines(back, pen.setter) if road.is_main], written)
        pen.box(MAP, line=inks.INK, width=0.45)
        draw_header(pen, _heading(ground, sheet, "sheet.overview.title", lang), options)
        self._draw_column(pen, back)
        draw_footer(pen, ground, options)
        return pen

    def _communities(self) -> NDArray[np.object_]:
        """Return the communities of the street, metres."""
        ground = self.land.ground
        return ground.communities.polygon[np.array(ground.street, dtype=object) == self.sheet.street]

    def _fills(self) -> dict[int, str]:
        """Return a fill for each community, so that two side by side differ."""
        homes = list(_by_community(self.land.ground, self.sheet.rows))
        pairs = palette.neighbours(self.land.ground.communities.polygon[homes])
        return {home: palette.FILLS[c] for home, c in zip(homes, palette.colouring(len(homes), pairs), strict=True)}

    def _draw_ground(self, pen: Pen, back: Backdrop, grids: NDArray[np.object_], whole: shapely.Geometry) -> None:
        ground, rows = self.land.ground, np.array(self.sheet.rows)
        draw_land(pen, back)
        for home, fill in self._fills().items():
            pen.areas(grids[ground.community[rows] == home], fill=fill, clip=MAP)
        pen.lines(hatch(grids[ground.dedicated[rows]]), inks.HATCH_DARK, 0.16, clip=MAP)
        draw_water(pen, back)
        draw_lines(pen, back)
        pen.areas(grids, line=inks.PAPER, width=GRID_LINE + 0.4, clip=MAP)
        pen.areas(grids, line=inks.BOUNDARY, width=GRID_LINE, clip=MAP)
        draw_communities(pen, back)
        draw_street(pen, whole)

    def _write_communities(self, pen: Pen, board: Board, view: View) -> None:
        ground = self.land.ground
        for home in _by_community(ground, self.sheet.rows):
            area = cut(ground.communities.polygon[[home]], view)[0]
            name = ground.communities.name[home]
            blocks = [block for size in (9.5, 8.0, 7.0, 6.0) for block in broken(pen.setter, name, size, bold=True)]
            placed = place_in(board, area, blocks)
            if placed is not None:
                block, x, top = placed
                pen.block(x, top, block, inks.SOFT, align="middle", halo=inks.PAPER)

    def _draw_column(self, pen: Pen, back: Backdrop) -> None:
        ground, sheet, lang = self.land.ground, self.sheet, self.options.lang
        rows = list(sheet.rows)
        legend = [
            map_entry(pen, "boundary"),
            map_entry(pen, "communities"),
            *([map_entry(pen, "dedicated")] if ground.dedicated[rows].any() else []),
            map_entry(pen, "street"),
            *(entry for entry in ground_entries(pen, back) if entry[0] != "compound"),
        ]
        foot = PANEL.y + height(len(legend)) + HEADING
        top = figures(
            pen,
            PANEL.top,
            [
                (f"{len(rows):,}", word("sheet.grids.unit", lang), word("sheet.grids", lang)),
                (_summed(ground, rows), word("sheet.unit", lang), word("sheet.households", lang)),
                (f"{float(ground.area_m2[rows].sum()) / HECTARE:,.0f}", word("sheet.hectares", lang), word("sheet.area", lang)),
            ],
        )
        listed = len(rows) <= LISTED
        least = table_height(len(rows)) + HEADING + GAP if listed else 0.0
        top = heading(pen, top, word("sheet.communities", lang))
        top = _write_homes(pen, Box(PANEL.x, foot + GAP + least, PANEL.width, top - foot - GAP - least), ground, sheet, lang)
        if listed:
            top = heading(pen, top - GAP, word("sheet.index", lang))
            box = Box(PANEL.x, foot, PANEL.width, top - foot)
            draw_table(pen, box, _columns(sheet, lang), [_line(ground, sheet, n) for n in range(len(rows))])
        heading(pen, foot, word("sheet.legend", lang))
        draw_legend(pen, Box(PANEL.x, PANEL.y, PANEL.width, foot - HEADING - PANEL.y), legend, lang)


def _write_homes(pen: Pen, box: Box, ground: SheetGround, sheet: Sheet, lang: str) -> float:
    """Write the table of communities, in two halves where it is long; return where it ends."""
    numbered = Column(word("sheet.table.numbers", lang), 16)
    columns = [Column(word("sheet.table.community", lang), 34), numbered]
    more = [
        Column(word("sheet.table.grids", lang), 11, numbers=True),
        Column(word("sheet.table.households", lang), 14, numbers=True),
    ]
    lines: list[list[str]] = []
    for home, members in _by_community(ground, sheet.rows).items():
        rows = [sheet.rows[n] for n in members]
        span = f"{members[0] + 1}" if len(members) == 1 else f"{members[0] + 1}–{members[-1] + 1}"
        lines.append([ground.communities.name[home], span, str(len(rows)), _summed(ground, rows)])
    if len(lines) <= room(box.height):
        draw_table(pen, box, [*columns, *more], lines)
        return box.top - table_height(len(lines))
    half = min(-(-len(lines) // 2), room(box.height))
    for part, each in enumerate(side_by_side(box, 2, 3.0)):
        draw_table(pen, each, columns, [line[:2] for line in lines[part * half : (part + 1) * half]])
    return box.top - table_height(half)


def _columns(sheet: Sheet, lang: str) -> list[Column]:
    return [
        Column(word("sheet.table.no", lang), 8, numbers=True),
        Column(word("sheet.table.grid", lang), 26),
        Column(word("sheet.table.code", lang), 27),
        Column(word("sheet.table.households", lang), 12, numbers=True),
        *([Column(word("sheet.table.page", lang), 9, numbers=True)] if sheet.pages else []),
    ]


def _line(ground: SheetGround, sheet: Sheet, n: int) -> list[str]:
    row = sheet.rows[n]
    page = [str(sheet.pages[n])] if sheet.pages else []
    return [str(n + 1), short_name(ground, row), ground.code[row], _one(ground, row), *page]


@dataclass(frozen=True, slots=True)
class IndexPage:
    """A page of the index of a street."""

    ground: SheetGround
    sheet: Sheet
    options: SheetOptions
    typeface: Typeface

    @property
    def scale(self) -> int:
        """An index has no map."""
        return 0

    def digest(self) -> str:
        """Return the same text for the same page, options apart."""
        return hashlib.sha256(repr(_facts(self.ground, self.sheet)).encode()).hexdigest()

    def draw(self) -> Pen:
        """Draw it."""
        ground, sheet, options = self.ground, self.sheet, self.options
        lang = options.lang
        pen = Pen(options.paper, self.typeface, word("sheet.index.title", lang, street=sheet.street))
        draw_header(pen, _heading(ground, sheet, "sheet.index.title", lang), options)
        lines = _listed(ground, sheet.rows)[sheet.part * PER_PAGE : (sheet.part + 1) * PER_PAGE]
        columns = _columns(sheet, lang)
        # As many in each column, so that a short index is not one long column and nothing.
        each = min(room(WHOLE.height), max(room(WHOLE.height) // COLUMNS, -(-len(lines) // COLUMNS)))
        for n, box in enumerate(side_by_side(WHOLE, COLUMNS)):
            part = lines[n * each : (n + 1) * each]
            if part:
                rows = [
                    ["", ground.communities.name[home], *[""] * (len(columns) - 2)]
                    if place < 0
                    else _line(ground, sheet, place)
                    for home, place in part
                ]
                draw_table(pen, box, columns, rows, strong=frozenset(k for k, line in enumerate(part) if line[1] < 0))
        draw_footer(pen, ground, options)
        return pen


def _heading(ground: SheetGround, sheet: Sheet, key: str, lang: str) -> Heading:
    home = int(ground.community[sheet.rows[0]])
    count = word("sheet.counted", lang, n=len(sheet.rows))
    return Heading(word(key, lang, street=sheet.street), (ground.district[home],), word("sheet.grids", lang), count)
