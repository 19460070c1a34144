"""The sheet of one station (一站一图): where it is, whom it serves, how far people walk to it, and what it has."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import shapely

from maps.sheets import inks
from maps.sheets.backdrop import Land, cut, digest_of
from maps.sheets.board import Board
from maps.sheets.column import HEADING, POST_ROW, figures, heading
from maps.sheets.crop import short_name
from maps.sheets.fonts import typeface
from maps.sheets.frame import Heading, draw_footer, draw_header
from maps.sheets.ground import draw_communities, draw_compounds, draw_land, draw_lines, draw_water
from maps.sheets.layout import MAP, PANEL, Box
from maps.sheets.legend import draw_legend, ground_entries, height, map_entry
from maps.sheets.manifest import file_name
from maps.sheets.marks import draw_north, draw_scale
from maps.sheets.names import named_lines, roads_of, write_compounds, write_lines, write_water
from maps.sheets.pen import Pen
from maps.sheets.press import Sheet
from maps.sheets.printing import File, print_files
from maps.sheets.table import Column, draw_table, room
from maps.sheets.tags import Tag, write_tags
from maps.sheets.values import UNTOLD, Form
from maps.sheets.view import View, fitted
from maps.words import word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from maps.sheets.backdrop import Backdrop
    from maps.sheets.fonts import Typeface
    from maps.sheets.names import Middles
    from maps.sheets.printing import Made
    from maps.sheets.values import Post, SheetGround, SheetOptions

STATION = "station"
FACILITIES = ("desk", "room", "cabinet", "map")
FILLED = 0.92
"""The most of the frame that the station's reach takes."""
LINE = 4.9
"""From one line about the station to the next, units."""
CAPTION = 18.0
GAP = 3.0
MOST_DUTY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A station as its sheet shows it; shapes in metres of the frame."""

    code: str
    name: str
    kind: str
    keeper: str
    """The area that keeps it."""
    district: str
    street: str
    brand: str
    place: tuple[float, float]
    zone: shapely.Geometry
    """Whom it is for: its own area or circle; the walk, where it has neither."""
    walk: shapely.Geometry
    """From where people walk to it."""
    walk_m: float
    served: tuple[int, ...]
    """The grids that it serves, rows of the ground."""
    workers: tuple[str, ...] | None = None
    """Who works in each of them, by name, as their cards say; None where names are not to be printed."""
    in_zone: int
    """Households; `UNTOLD` where they are not for whoever has the sheet printed."""
    in_walk: int
    has: tuple[bool, bool, bool, bool]
    """Of `FACILITIES`."""
    services: tuple[str, ...]
    duty: tuple[Post, ...]
    """Who is on duty on the day; nobody where they are not to be printed."""


@dataclass(frozen=True, slots=True)
class StationPage:
    """The page of one station."""

    land: Land
    station: Station
    options: SheetOptions
    typeface: Typeface

    @property
    def view(self) -> View:
        """The frame over its reach and its grids."""
        ground = self.land.ground
        shapes = np.array([self.station.zone, self.station.walk, *ground.polygon[list(self.station.served)]], dtype=object)
        west, south, east, north = shapely.total_bounds(shapes).tolist()
        return fitted((west, south, east, north), self.options.paper, filled=FILLED)

    @property
    def scale(self) -> int:
        """The N of 1:N."""
        return self.view.scale

    def digest(self) -> str:
        """Return the same text for the same page, options apart."""
        ground, view, it = self.land.ground, self.view, self.station
        facts = (it.code, it.name, it.kind, it.keeper, it.district, it.street, it.brand, it.place, it.walk_m, it.in_zone)
        said = (
            *(facts, it.in_walk, it.has, it.services, it.duty, ground.title, ground.crs),
            [(ground.code[g], ground.name[g], int(ground.households[g])) for g in it.served],
            it.workers,
            digest_of(np.array([it.zone, it.walk], dtype=object)),
            self.land.backdrop(view).digest(),
            digest_of(cut(ground.polygon[self.land.near("grids", view)], view)),
        )
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def draw(self) -> Pen:
        """Draw it."""
        ground, options, it = self.land.ground, self.options, self.station
        lang, view = options.lang, self.view
        pen = Pen(options.paper, self.typeface, f"{it.name} {it.code}")
        back = self.land.backdrop(view)
        served = cut(ground.polygon[list(it.served)], view)
        whole = shapely.union_all(served)
        self._draw_ground(pen, back, served, whole)
        board = Board(MAP.inside(0.6))
        draw_north(pen, board, lang)
        draw_scale(pen, board, view.scale, options.paper, lang)
        self._mark(pen, board)
        roads = roads_of(back)
        frame = shapely.box(MAP.x, MAP.y, MAP.right, MAP.top)
        write_tags(
            pen, board, [Tag(str(n + 1), area) for n, area in enumerate(shapely.intersection(served, frame).tolist())], roads
        )
        write_water(pen, board, back)
        written: Middles = {}
        write_lines(pen, board, named_lines(back, pen.setter), written)
        write_compounds(pen, board, back, whole, roads, here=True)
        pen.box(MAP, line=inks.INK, width=0.45)
        kind = word(f"sheet.station.kind.{it.kind}", lang)
        draw_header(pen, Heading(it.name, (it.district, it.street, kind), word("sheet.station.code", lang), it.code), options)
        self._draw_column(pen, back)
        draw_footer(pen, ground, options)
        return pen

    def _draw_ground(self, pen: Pen, back: Backdrop, served: NDArray[np.object_], whole: shapely.Geometry) -> None:
        view, it, ground = self.view, self.station, self.land.ground
        draw_land(pen, back)
        pen.areas(served, fill=inks.OWN, clip=MAP)
        draw_compounds(pen, back, whole)
        draw_water(pen, back)
        draw_lines(pen, back)
        beside = np.setdiff1d(self.land.near("grids", view), it.served)
        pen.areas(cut(ground.polygon[beside], view), line=inks.NEIGHBOUR_LINE, width=0.25, clip=MAP)
        pen.areas(served, line=inks.PAPER, width=0.85, clip=MAP)
        pen.areas(served, line=inks.BOUNDARY, width=0.5, clip=MAP)
        draw_communities(pen, back)
        walk, zone = view.placed(np.array([it.walk, it.zone], dtype=object))
        for shape, width, dash in ((walk, 0.6, (2.4, 1.2)), (zone, 0.9, ())):
            pen.areas([shape], line=inks.PAPER, width=width + 0.6, clip=MAP)
            pen.areas([shape], line=inks.STATION, width=width, dash=dash, clip=MAP)

    def _mark(self, pen: Pen, board: Board) -> None:
        """Draw the station itself, with its name above."""
        x, y = shapely.get_coordinates(self.view.placed(np.array([shapely.Point(self.station.place)], dtype=object)))[
            0
        ].tolist()
        pen.areas([shapely.buffer(shapely.Point(x, y), 2.3)], fill=inks.STATION, line=inks.PAPER, width=0.6)
        house = [(x, y + 1.4), (x + 1.5, y + 0.1), (x + 1.0, y + 0.1), (x + 1.0, y - 1.2)]
        pen.areas([shapely.Polygon([*house, (x - 1.0, y - 1.2), (x - 1.0, y + 0.1), (x - 1.5, y + 0.1)])], fill=inks.PAPER)
        board.take(shapely.buffer(shapely.Point(x, y), 2.4))
        said = pen.setter.fit(self.station.name, 60.0, 9.0, bold=True)
        half = said.width / 2
        middle = min(max(x, MAP.x + half + 2.0), MAP.right - half - 2.0)
        top = y + 3.4 + said.height
        board.take(shapely.box(middle - half, top - said.height, middle + half, top))
        pen.block(middle, top, said, inks.STATION, align="middle", halo=inks.PAPER)

    def _draw_column(self, pen: Pen, back: Backdrop) -> None:
        it, lang = self.station, self.options.lang
        legend = [
            *(map_entry(pen, key) for key in ("site", "zone", "walk", *(["served"] if it.served else []))),
            *ground_entries(pen, back),
        ]
        foot = PANEL.y + height(len(legend)) + HEADING
        top = figures(
            pen,
            PANEL.top,
            [
                (f"{len(it.served)}", word("sheet.grids.unit", lang), word("sheet.station.served", lang)),
                (*_told(it.in_zone, lang), word("sheet.station.zone", lang)),
                (*_told(it.in_walk, lang), word("sheet.station.walk", lang)),
            ],
        )
        top = self._write_facts(pen, heading(pen, top, word("sheet.station.about", lang)))
        top = heading(pen, top - GAP, word("sheet.station.served", lang))
        self._write_served(pen, Box(PANEL.x, foot + GAP, PANEL.width, top - foot - GAP))
        heading(pen, foot, word("sheet.legend", lang))
        places = {"walk": {"n": round(it.walk_m)}}
        draw_legend(pen, Box(PANEL.x, PANEL.y, PANEL.width, foot - HEADING - PANEL.y), legend, lang, places=places)

    def _write_facts(self, pen: Pen, top: float) -> float:
        it, lang = self.station, self.options.lang
        signs = ("✓ " if there else "– " for there in it.has)
        has = [sign + word(f"sheet.station.{name}", lang) for sign, name in zip(signs, FACILITIES, strict=True)]
        between = "、" if lang == "zh" else ", "
        duty = between.join("  ".join(part for part in (post.name, post.phone) if part) for post in it.duty[:MOST_DUTY])
        for key, said in (
            *((("brand", it.brand),) if it.brand else ()),
            ("kept_by", it.keeper),
            ("has", " · ".join(has)),
            *((("services", between.join(it.services)),) if it.services else ()),
            ("duty", duty),
            ("hours", ""),
            ("phone", ""),
        ):
            pen.block(PANEL.x, top, pen.setter.fit(word(f"sheet.station.{key}", lang), CAPTION - 1.0, 7.0), inks.SOFT)
            if said:
                block = pen.setter.fit(said, PANEL.width - CAPTION, 7.0, lines=2, least=5.5)
                pen.block(PANEL.x + CAPTION, top, block, inks.INK)
                top -= max(LINE, block.height + 2.2)
            else:
                # Nobody has told us: a line to write on.
                pen.rule(PANEL.x + CAPTION, top - 2.9, PANEL.right, top - 2.9)
                top -= POST_ROW
        return top

    def _write_served(self, pen: Pen, box: Box) -> None:
        ground, lang, served = self.land.ground, self.options.lang, self.station.served
        workers = self.station.workers
        columns = [
            Column(word("sheet.table.no", lang), 8, numbers=True),
            Column(word("sheet.table.grid", lang), 30 if workers is None else 24),
            *([] if workers is None else [Column(word("sheet.table.worker", lang), 16)]),
            Column(word("sheet.table.code", lang), 27 if workers is None else 25),
            Column(word("sheet.table.households", lang), 12, numbers=True),
        ]
        lines = [
            [
                str(n + 1),
                short_name(ground, g),
                *([] if workers is None else [workers[n]]),
                ground.code[g],
                _told(int(ground.households[g]), lang)[0],
            ]
            for n, g in enumerate(served)
        ]
        most = room(box.height)
        if len(lines) > most:
            left = word("sheet.station.more", lang, n=len(lines) - most + 1)
            lines = [*lines[: most - 1], ["", left, *[""] * (len(columns) - 2)]]
        draw_table(pen, box, columns, lines)


def _told(households: int, lang: str) -> tuple[str, str]:
    return ("—", "") if households == UNTOLD else (f"{households:,}", word("sheet.unit", lang))


@dataclass(slots=True)
class StationPress:
    """Makes the pages of stations, each with the ground around it."""

    stations: tuple[tuple[SheetGround, Station], ...]
    options: SheetOptions

    def page(self, sheet: Sheet) -> StationPage:
        """Return the page that a sheet is."""
        ground, station = self.stations[sheet.item]
        return StationPage(Land(ground), station, self.options, typeface(self.options.fonts))


def station_sheets(stations: Sequence[tuple[SheetGround, Station]]) -> list[Sheet]:
    """Return the sheets of stations."""
    return [Sheet(STATION, it.code, it.name, street=it.street, item=n) for n, (_, it) in enumerate(stations)]


def make_station_atlas(
    title: str,
    stations: Sequence[tuple[SheetGround, Station]],
    options: SheetOptions,
    folder: Path,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Made:
    """Make the sheets of stations in `folder`; as PDF also all of them bound, under `title`."""
    sheets = station_sheets(stations)
    files = [File(STATION, s.code, s.name, f"station-{file_name(s.code)}.{options.form.value}", (s,)) for s in sheets]
    if options.form is Form.PDF:
        files.append(File("stations", title, title, f"stations-{file_name(title)}.pdf", tuple(sheets), bound=True))
    press = partial(StationPress, tuple(stations), options)
    return print_files(press, files, folder, workers=workers, progress=progress)
