"""The sheets of a comparison: a community with its old and new edges and what moved; a street with all its communities."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from maps.sheets import inks
from maps.sheets.area_names import place_in
from maps.sheets.backdrop import cut, digest_of
from maps.sheets.board import Board
from maps.sheets.change import OPS, lines_of, tally
from maps.sheets.column import HEADING, figures, heading
from maps.sheets.crop import short_name
from maps.sheets.frame import Heading, draw_footer, draw_header
from maps.sheets.ground import draw_communities, draw_compounds, draw_land, draw_lines, draw_water, hatch
from maps.sheets.layout import MAP, PANEL, Box
from maps.sheets.legend import COMPARED_LINE, draw_legend, ground_entries, height, map_entry
from maps.sheets.marks import draw_north, draw_scale
from maps.sheets.names import broken, named_lines, roads_of, write_compounds, write_lines, write_water
from maps.sheets.pen import Pen
from maps.sheets.table import Column, draw_table, room, side_by_side
from maps.sheets.table import height as table_height
from maps.sheets.view import View, around
from maps.words import word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maps.sheets.backdrop import Backdrop, Land
    from maps.sheets.change import ChangeGround
    from maps.sheets.fonts import Typeface
    from maps.sheets.names import Middles
    from maps.sheets.press import Sheet
    from maps.sheets.setting import Block
    from maps.sheets.values import SheetOptions

CHANGE, STREET, TABLE = "change", "change_street", "change_table"
WHOLE = Box(MAP.x, MAP.y, PANEL.right - MAP.x, MAP.height)
LISTED = 15
"""So many lines stand beside the map; more have pages of their own."""
ON_A_PAGE = 2 * room(WHOLE.height)
FILLED = 0.9
"""The most of the frame that a community or a street takes."""
OLD_DASH = (2.2, 1.4)
OLD_WIDTH, NEW_WIDTH = 0.55, 0.7
GAP = 4.0


@dataclass(frozen=True, slots=True)
class ChangePage:
    """What changed, on a map: `sheet.rows` are communities, one of them or a street's."""

    land: Land
    change: ChangeGround
    sheet: Sheet
    options: SheetOptions
    typeface: Typeface

    @property
    def view(self) -> View:
        """The frame over the communities."""
        return around(self._communities(), self.options.paper, filled=FILLED)

    @property
    def scale(self) -> int:
        """The N of 1:N."""
        return self.view.scale

    @property
    def is_street(self) -> bool:
        """Whether it shows a street."""
        return self.sheet.kind == STREET

    def digest(self) -> str:
        """Return the same text for the same page, options apart."""
        view, change, ground = self.view, self.change, self.land.ground
        said = (
            (self.sheet, change.old_title, change.new_title, ground.title, ground.crs),
            [(ground.district[c], ground.street[c], ground.communities.name[c]) for c in self.sheet.rows],
            lines_of(change, self.sheet.rows, self.options.lang),
            tally(change, self.sheet.rows),
            self.land.backdrop(view).digest(),
            digest_of(cut(ground.polygon[self.land.near("grids", view)], view)),
            digest_of(cut(change.old_polygon[self._seen(change.old_polygon)], view)),
            digest_of(view.placed(change.moved_ground(change.moved_in(self.sheet.rows)))),
        )
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def draw(self) -> Pen:
        """Draw it."""
        options, sheet, ground = self.options, self.sheet, self.land.ground
        lang, view = options.lang, self.view
        title = word("sheet.change.title", lang, place=sheet.name)
        pen = Pen(options.paper, self.typeface, title)
        back = self.land.backdrop(view)
        whole = view.placed(np.array([shapely.union_all(self._communities())], dtype=object))[0]
        pairs = self.change.moved_in(sheet.rows)
        moved = cut(self.change.moved_ground(pairs), view)
        self._draw_ground(pen, back, whole, moved)
        board = Board(MAP.inside(0.6))
        draw_north(pen, board, lang)
        draw_scale(pen, board, view.scale, options.paper, lang)
        self._write_names(pen, board, back, moved, self.change.pair_households[pairs])
        pen.box(MAP, line=inks.INK, width=0.45)
        home = sheet.rows[0]
        places = (ground.district[home], "" if self.is_street else sheet.street, self._plans())
        draw_header(pen, Heading(title, places, word("sheet.change.code", lang), sheet.code), options)
        self._draw_column(pen, back, moved_any=bool(len(pairs)))
        draw_footer(pen, ground, options)
        return pen

    def _plans(self) -> str:
        return word("sheet.change.plans", self.options.lang, old=self.change.old_title, new=self.change.new_title)

    def _communities(self) -> NDArray[np.object_]:
        return self.land.ground.communities.polygon[list(self.sheet.rows)]

    def _seen(self, polygons: NDArray[np.object_]) -> NDArray[np.int64]:
        return np.flatnonzero(shapely.intersects(polygons, shapely.box(*self.view.ground())))

    def _own(self) -> NDArray[np.int64]:
        """Return the new grids of the communities."""
        return np.flatnonzero(np.isin(self.land.ground.community, self.sheet.rows))

    def _draw_ground(self, pen: Pen, back: Backdrop, whole: shapely.Geometry, moved: NDArray[np.object_]) -> None:
        view, change, ground = self.view, self.change, self.land.ground
        draw_land(pen, back)
        pen.areas([whole], fill=inks.PAPER, clip=MAP)
        if not self.is_street:
            draw_compounds(pen, back, shapely.Polygon())  # grey: the colour is for what moved
        pen.areas(moved, fill=inks.MOVED, clip=MAP)
        pen.lines(hatch(moved, 1.3), inks.MOVED_HATCH, 0.2, clip=MAP)
        draw_water(pen, back)
        draw_lines(pen, back)
        beside = np.setdiff1d(self.land.near("grids", view), self._own())
        pen.areas(cut(ground.polygon[beside], view), line=inks.NEIGHBOUR_LINE, width=0.2, clip=MAP)
        mine = np.flatnonzero(np.isin(change.old_community, self.sheet.rows))
        thinner = 0.75 if self.is_street else 1.0
        for polygons, ink, width, dash in (
            (change.old_polygon[mine], inks.OLD_EDGE, OLD_WIDTH * thinner, OLD_DASH),
            (ground.polygon[self._own()], inks.BOUNDARY, NEW_WIDTH * thinner, ()),
        ):
            # As lines, each once: a dash that is drawn from both sides fills its own gaps.
            edges = cut(np.array([shapely.line_merge(shapely.union_all(shapely.boundary(polygons)))], dtype=object), view)
            pen.lines(edges, inks.PAPER, width + 0.4, cap="butt", clip=MAP)
            pen.lines(edges, ink, width, dash=dash, cap="butt", clip=MAP)
        draw_communities(pen, back)
        if self.is_street:
            # The communities that are compared, which need not be all of their street.
            pen.areas([whole], line=inks.INK, width=COMPARED_LINE, clip=MAP)

    def _write_names(
        self, pen: Pen, board: Board, back: Backdrop, moved: NDArray[np.object_], households: NDArray[np.int64]
    ) -> None:
        ground, lang = self.land.ground, self.options.lang
        roads = roads_of(back)
        frame = shapely.box(MAP.x, MAP.y, MAP.right, MAP.top)
        for area, count in sorted(zip(moved.tolist(), households.tolist(), strict=True), key=lambda one: -one[1]):
            if count:
                text = word("sheet.change.moved_here", lang, n=f"{count:,}")
                blocks = [pen.setter.block([said], size, bold=True) for said, size in
                          ((text, 7.5), (text, 6.5), (str(count), 6.5), (str(count), 5.25))]  # fmt: skip
                _write_in(pen, board, [shapely.difference(area, roads), area], blocks, inks.MOVED_NAME)
        if self.is_street:
            areas = [(ground.communities.name[c], ground.communities.polygon[c]) for c in self.sheet.rows]
        else:
            areas = [(short_name(ground, g), ground.polygon[g]) for g in self._own().tolist()]
        for name, polygon in areas:
            area = shapely.intersection(cut(np.array([polygon], dtype=object), self.view)[0], frame)
            blocks = [block for size in (9.0, 8.0, 7.0, 6.0, 5.25) for block in broken(pen.setter, name, size, bold=True)]
            ink = inks.INK if self.is_street else inks.BOUNDARY
            _write_in(pen, board, [shapely.difference(area, roads), area], blocks, ink)
        write_water(pen, board, back)
        written: Middles = {}
        named = named_lines(back, pen.setter)
        write_lines(pen, board, [road for road in named if not self.is_street or road.is_main], written)
        if not self.is_street:
            write_compounds(pen, board, back, shapely.Polygon(), roads, here=False)

    def _draw_column(self, pen: Pen, back: Backdrop, *, moved_any: bool) -> None:
        change, sheet, lang = self.change, self.sheet, self.options.lang
        found = tally(change, sheet.rows)
        keys = ["new_edge", "old_edge", *(["moved"] if moved_any else []), *(["compared"] if self.is_street else [])]
        below = [entry for entry in ground_entries(pen, back, own=False) if entry[0] != "compound" or not self.is_street]
        legend = [*(map_entry(pen, key) for key in keys), *below]
        foot = PANEL.y + height(len(legend)) + HEADING
        top = figures(
            pen,
            PANEL.top,
            [
                (f"{found.moved:,}", word("sheet.unit", lang), word("sheet.change.moved", lang)),
                (_percent(found.moved, found.households), "", word("sheet.change.share", lang)),
                (f"{found.before}→{found.after}", "", word("sheet.grids", lang)),
            ],
        )
        columns = [Column(word(f"sheet.op.{op}", lang), 1, numbers=True) for op in OPS]
        draw_table(pen, Box(PANEL.x, foot, PANEL.width, top - foot), columns, [[str(found.ops[op]) for op in OPS]])
        top = heading(pen, top - table_height(1) - GAP, word("sheet.change.table", lang))
        box = Box(PANEL.x, foot, PANEL.width, top - foot)
        if self.is_street:
            columns, lines = _street_columns(lang), street_lines(change, sheet)
            kept = room(box.height)
            draw_table(pen, box, columns, lines[:kept])
        else:
            lines = lines_of(change, sheet.rows, lang)
            if len(lines) <= min(LISTED, room(box.height)):
                draw_table(pen, box, table_columns(lang), lines)
            else:
                said = pen.setter.fit(word("sheet.change.over", lang), box.width, 7.0)
                pen.block(box.x, box.top, said, inks.SOFT)
                rest = Box(box.x, box.y, box.width, box.height - said.height - GAP / 2)
                draw_table(pen, rest, table_columns(lang), _foremost(lines)[: min(LISTED, room(rest.height))])
        heading(pen, foot, word("sheet.legend", lang))
        draw_legend(pen, Box(PANEL.x, PANEL.y, PANEL.width, foot - HEADING - PANEL.y), legend, lang)


def _foremost(lines: list[list[str]]) -> list[list[str]]:
    """Return the lines of the grids into which somebody came, most first."""
    came = [line for line in lines if line[-1]]
    return sorted(came, key=lambda line: -int(line[-1].replace(",", "")))


def _write_in(pen: Pen, board: Board, areas: list[shapely.Geometry], blocks: list[Block], ink: str) -> None:
    placed = next((found for area in areas if (found := place_in(board, area, blocks)) is not None), None)
    if placed is not None:
        block, x, top = placed
        pen.block(x, top, block, ink, align="middle", halo=inks.PAPER)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "—"


def table_columns(lang: str) -> list[Column]:
    """Return the columns of the table of grids."""
    shares = (("grid", 21, False), ("change", 10, False), ("from", 20, False), ("before", 9, True), ("after", 9, True))
    return [
        *(Column(word(f"sheet.change.{name}", lang), share, numbers=numbers) for name, share, numbers in shares),
        Column(word("sheet.change.in", lang), 9, numbers=True),
    ]


def _street_columns(lang: str) -> list[Column]:
    return [
        Column(word("sheet.table.community", lang), 28),
        Column(word("sheet.change.before", lang), 10, numbers=True),
        Column(word("sheet.change.after", lang), 10, numbers=True),
        Column(word("sheet.change.touched", lang), 10, numbers=True),
        Column(word("sheet.change.moved", lang), 16, numbers=True),
        Column(word("sheet.table.page", lang), 8, numbers=True),
    ]


def street_lines(change: ChangeGround, sheet: Sheet) -> list[list[str]]:
    """Return the lines of a street's table, by community; grids before and after, touched, households moved, page."""
    page = dict(zip(sheet.rows, sheet.pages, strict=True)) if sheet.pages else {}
    lines: list[list[str]] = []
    for home in sheet.rows:
        found = tally(change, [home])
        said = (found.before, found.after, found.touched, f"{found.moved:,}", page.get(home) or "—")
        lines.append([change.ground.communities.name[home], *map(str, said)])
    return lines


@dataclass(frozen=True, slots=True)
class ChangeTable:
    """A page of the table of grids, of a community with many."""

    change: ChangeGround
    sheet: Sheet
    options: SheetOptions
    typeface: Typeface

    @property
    def scale(self) -> int:
        """A table has no map."""
        return 0

    def _lines(self) -> list[list[str]]:
        lines = lines_of(self.change, self.sheet.rows, self.options.lang)
        return lines[self.sheet.part * ON_A_PAGE : (self.sheet.part + 1) * ON_A_PAGE]

    def digest(self) -> str:
        """Return the same text for the same page, options apart."""
        ground = self.change.ground
        said = (self.sheet, self._lines(), self.change.old_title, self.change.new_title, ground.title, ground.crs)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def draw(self) -> Pen:
        """Draw it."""
        options, sheet, ground = self.options, self.sheet, self.change.ground
        lang = options.lang
        title = word("sheet.change.title", lang, place=sheet.name)
        pen = Pen(options.paper, self.typeface, title)
        plans = word("sheet.change.plans", lang, old=self.change.old_title, new=self.change.new_title)
        places = (ground.district[sheet.rows[0]], sheet.street, plans)
        draw_header(pen, Heading(title, places, word("sheet.change.code", lang), sheet.code), options)
        lines = self._lines()
        half = -(-len(lines) // 2)
        for n, box in enumerate(side_by_side(WHOLE, 2)):
            draw_table(pen, box, table_columns(lang), lines[n * half : (n + 1) * half])
        draw_footer(pen, ground, options)
        return pen
