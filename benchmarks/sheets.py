"""Printed sheets: pages a second, their size, and the memory of it, beside bare pages of the library that draws them.

    .venv/bin/python benchmarks/sheets.py [--households 20000] [--sheets 40] [--plan FOLDER --town FOLDER]

A sample town is divided, unless a plan is given; its first sheets, and the overviews of its streets, are drawn in this process,
on one processor. What is counted
is the CPU time of the process. The peer is matplotlib by itself: as many texts, the same ones in the same face, and as many
polygons with as many corners on each page as ours have on average, placed anywhere: it decides nothing about where they go.
"""

from __future__ import annotations

import argparse
import io
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from api.cli import run
from api.sheet_ground import sheet_ground
from data.town import read_town
from maps.sheets.atlas import GridPress, sheet_of, with_overviews
from maps.sheets.crop import Cropper
from maps.sheets.fonts import typeface
from maps.sheets.overview import OVERVIEW
from maps.sheets.page import draw_sheet
from maps.sheets.pen import SETTINGS
from maps.sheets.values import Form, SheetOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from maps.sheets.pen import Pen
    from maps.sheets.press import Page
    from maps.sheets.values import SheetGround

OPTIONS = SheetOptions(hotline="12345", card_url="https://grid.example/card/{code}")


def main() -> None:
    """Draw and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--households", type=int, default=20_000)
    parser.add_argument("--sheets", type=int, default=40)
    parser.add_argument("--plan", type=Path)
    parser.add_argument("--town", type=Path)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        town, plan = said.town or Path(scratch, "town"), said.plan or Path(scratch, "plan")
        if not said.town:
            run(["sample", str(town), "--households", str(said.households)])
        if not said.plan:
            run(["divide", str(town), "--out", str(plan)])
        ground = sheet_ground(plan, read_town(town))
    count = min(said.sheets, len(ground.code))
    began = _memory()
    pens, ours = _measure(count, lambda n: _sheet(ground, n))
    after = _memory()
    texts, corners = _contents(pens)
    _, bare = _measure(count, lambda n: _bare(texts, corners, n, count))
    again = _memory()
    print(
        f"{count} sheets of {len(ground.code)}; {len(texts) / count:.0f} texts and {sum(corners) / count:.0f} corners on each"
    )
    print(f"{'':16}{'pages/s':>10}{'CPU ms':>10}{'kB a page':>12}{'RSS MB':>9}")
    fronts = _overviews(ground)
    _, over = _measure(len(fronts), lambda n: _file(fronts[n].draw()))
    for name, pages, (seconds, size), memory in (
        ("wangge sheet", count, ours, after),
        ("bare matplotlib", count, bare, again),
        ("street overview", len(fronts), over, _memory()),
    ):
        print(f"{name:16}{pages / seconds:10.2f}{1000 * seconds / pages:10.0f}{size / pages / 1000:12.0f}{memory:9.0f}")
    print(f"the ground, before the first sheet: {began:.0f} MB")


def _measure(count: int, draw: Callable[[int], tuple[Pen | None, int]]) -> tuple[list[Pen], tuple[float, int]]:
    """Draw `count` pages after one that warms up; return what was drawn, and the CPU seconds and bytes of all."""
    draw(0)
    start = time.process_time()
    drawn = [draw(n) for n in range(count)]
    return [pen for pen, _ in drawn if pen is not None], (time.process_time() - start, sum(size for _, size in drawn))


_croppers: list[Cropper] = []


def _sheet(ground: SheetGround, row: int) -> tuple[Pen, int]:
    if not _croppers:
        _croppers.append(Cropper(ground, OPTIONS.paper))
    return _file(draw_sheet(_croppers[0], _croppers[0].crop(row), OPTIONS, typeface()))


def _file(pen: Pen) -> tuple[Pen, int]:
    file = io.BytesIO()
    pen.save(file, Form.PDF)
    return pen, len(file.getvalue())


def _overviews(ground: SheetGround) -> list[Page]:
    """Return the overview of every street."""
    press = GridPress(ground, OPTIONS)
    book = with_overviews(ground, [sheet_of(ground, row) for row in range(len(ground.code))])
    return [press.page(sheet) for sheet in book if sheet.kind == OVERVIEW]


def _contents(pens: list[Pen]) -> tuple[list[str], list[int]]:
    """Return all texts of some sheets, and the corners of all shapes."""
    artists = [artist for pen in pens for artist in pen._figure.artists]  # noqa: SLF001 - what was drawn is counted, not changed
    texts = [artist.get_text() for artist in artists if isinstance(artist, Text)]
    return texts, [len(artist.get_path().vertices) for artist in artists if isinstance(artist, PathPatch)]


def _bare(texts: list[str], corners: list[int], page: int, count: int) -> tuple[None, int]:
    """Draw a page with its share of the texts and shapes, as anybody would."""
    rng = np.random.default_rng(page)
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(297 / 25.4, 210 / 25.4))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        for size in corners[page::count]:
            axes.fill(*rng.random((2, size)), facecolor="#eeeeee", edgecolor="#888888", linewidth=0.5)
        face = FontProperties(fname=typeface().regular.path)  # pyright: ignore[reportArgumentType] - a path with the face's number
        for text in texts[page::count]:
            axes.text(*rng.random(2), text, fontproperties=face, fontsize=7)
        file = io.BytesIO()
        figure.savefig(file, format="pdf", metadata={"CreationDate": None})
    return None, len(file.getvalue())


def _memory() -> float:
    """Return the most that this process has had in memory by now, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
