"""The sheets of a town: a file for each grid, bound volumes by community or street, each street's with its overview."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from gis.errors import WanggeError
from gis.finding import Finding, Severity
from maps.sheets.crop import Cropper
from maps.sheets.fonts import BLANK, typeface
from maps.sheets.manifest import file_name
from maps.sheets.overview import INDEX, OVERVIEW, IndexPage, OverviewPage, sheets_of_street
from maps.sheets.page import GridPage
from maps.sheets.press import Sheet
from maps.sheets.printing import File, print_files
from maps.sheets.values import Form, Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from maps.sheets.fonts import Typeface
    from maps.sheets.manifest import Entry
    from maps.sheets.press import Page
    from maps.sheets.printing import Made
    from maps.sheets.values import SheetGround, SheetOptions

GRID = "sheet"
"""The kind of a grid's own sheet."""


@dataclass(slots=True)
class GridPress:
    """Makes the pages of grids and streets."""

    ground: SheetGround
    options: SheetOptions
    cropper: Cropper = field(init=False)

    def __post_init__(self) -> None:
        """Make the ground ready."""
        self.cropper = Cropper(self.ground, self.options.paper, self.options.scale)

    def page(self, sheet: Sheet) -> Page:
        """Return the page that a sheet is."""
        face: Typeface = typeface(self.options.fonts)
        if sheet.kind == OVERVIEW:
            return OverviewPage(self.cropper.land, sheet, self.options, face)
        if sheet.kind == INDEX:
            return IndexPage(self.ground, sheet, self.options, face)
        return GridPage(self.cropper, self.cropper.crop(sheet.item), self.options, face)


def make_atlas(
    ground: SheetGround,
    rows: Sequence[int],
    options: SheetOptions,
    folder: Path,
    *,
    volume: Volume = Volume.NONE,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    keep: Callable[[Entry], None] | None = None,
) -> Made:
    """Make the sheets of the grids `rows` in `folder`; the first fault stops all of it. `keep` hears of each that is made.

    Raises
    ------
    MissingFont
        There is no font to write Chinese with.
    WanggeError
        Volumes are asked for in a form that has no pages, or the folder is a file.
    """
    if volume is not Volume.NONE and options.form is not Form.PDF:
        msg = f"only a PDF has pages: leave the volumes out, or have the sheets as pdf instead of {options.form.value}"
        raise WanggeError(msg)
    findings = lacking(ground, rows, options)
    files = [*_files(ground, rows, options), *_volumes(ground, rows, volume)]
    return print_files(
        partial(GridPress, ground, options), files, folder, workers=workers, progress=progress, keep=keep, findings=findings
    )


def lacking(ground: SheetGround, rows: Iterable[int], options: SheetOptions) -> tuple[Finding, ...]:
    """Say which characters of the grids' names and of what they name the font does not have."""
    face = typeface(options.fonts)
    said = "".join(
        part
        for row in rows
        for part in (ground.name[row], *ground.bounds[row], ground.communities.name[int(ground.community[row])])
    )
    gone = "".join(sorted({c for c in said if face.lacks(c)}))
    if not gone:
        return ()
    en = f"the font has no {gone}: they are printed as {BLANK}"
    zh = f"字体缺少以下字符：{gone}；图上以{BLANK}代替"
    return (Finding(kind="missing_glyphs", severity=Severity.WARNING, en=en, zh=zh),)


def sheet_of(ground: SheetGround, row: int) -> Sheet:
    """Return the name of a grid's sheet."""
    home = int(ground.community[row])
    return Sheet(GRID, ground.code[row], ground.name[row], ground.communities.name[home], ground.street[home], row)


def _files(ground: SheetGround, rows: Sequence[int], options: SheetOptions) -> Iterator[File]:
    for row in rows:
        sheet = sheet_of(ground, row)
        yield File(GRID, sheet.code, sheet.name, f"{file_name(sheet.code)}.{options.form.value}", (sheet,))


def _volumes(ground: SheetGround, rows: Sequence[int], volume: Volume) -> Iterator[File]:
    if volume is Volume.NONE:
        return
    groups: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        home = int(ground.community[row])
        key = {
            Volume.COMMUNITY: (ground.community_code[home], ground.communities.name[home]),
            Volume.STREET: (ground.street[home], ground.street[home]),
            Volume.ALL: (ground.title, ground.title),
        }[volume]
        groups.setdefault(key, []).append(row)
    for (code, name), members in groups.items():
        sheets = [sheet_of(ground, row) for row in members]
        if volume is not Volume.COMMUNITY:
            sheets = with_overviews(ground, sheets)
        yield File(volume.value, code, name, f"{volume.value}-{file_name(code)}.pdf", tuple(sheets), bound=True)


def with_overviews(ground: SheetGround, sheets: Sequence[Sheet]) -> list[Sheet]:
    """Return sheets of grids street by street, each street's behind its overview, which knows their pages."""
    streets: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        streets.setdefault(sheet.street, []).append(sheet)
    book: list[Sheet] = []
    for street, grids in streets.items():
        rows = tuple(sheet.item for sheet in grids)
        front = sheets_of_street(ground, street, rows)
        first = len(book) + len(front) + 1
        book += sheets_of_street(ground, street, rows, pages=tuple(range(first, first + len(rows))))
        book += grids
    return book
