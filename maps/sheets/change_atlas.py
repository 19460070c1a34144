"""The comparison of two nets as files: a sheet for each community that changed, an overview of each street, volumes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from maps.sheets.backdrop import Land
from maps.sheets.change import lines_of, tally
from maps.sheets.change_page import CHANGE, LISTED, ON_A_PAGE, STREET, TABLE, ChangePage, ChangeTable
from maps.sheets.fonts import typeface
from maps.sheets.manifest import file_name
from maps.sheets.press import Sheet
from maps.sheets.printing import File, print_files
from maps.sheets.values import Form, Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from maps.sheets.change import ChangeGround
    from maps.sheets.press import Page
    from maps.sheets.printing import Made
    from maps.sheets.values import SheetOptions


@dataclass(slots=True)
class ChangePress:
    """Makes the pages of a comparison."""

    change: ChangeGround
    options: SheetOptions
    land: Land = field(init=False)

    def __post_init__(self) -> None:
        """Make the ground ready."""
        self.land = Land(self.change.ground)

    def page(self, sheet: Sheet) -> Page:
        """Return the page that a sheet is."""
        face = typeface(self.options.fonts)
        if sheet.kind == TABLE:
            return ChangeTable(self.change, sheet, self.options, face)
        return ChangePage(self.land, self.change, sheet, self.options, face)


def make_change_atlas(
    change: ChangeGround,
    communities: Sequence[int],
    options: SheetOptions,
    folder: Path,
    *,
    volume: Volume = Volume.NONE,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Made:
    """Make the sheets of some communities in `folder`; those in which nothing changed stand in their street's table only."""
    files = list(_files(change, communities, options, volume))
    return print_files(partial(ChangePress, change, options), files, folder, workers=workers, progress=progress)


def change_book(change: ChangeGround, communities: Sequence[int], lang: str) -> list[Sheet]:
    """Return all pages of a comparison in their order: each street's overview, then its communities that changed."""
    book: list[Sheet] = []
    for rows in _streets(change, communities).values():
        # A street of one community is that community.
        front = 1 if len(rows) > 1 else 0
        pages: dict[int, int] = {}
        inner: list[Sheet] = []
        for row in rows:
            if tally(change, [row]).touched:
                pages[row] = len(book) + front + len(inner) + 1
                inner += sheets_of(change, row, lang)
        if front or not inner:
            book.append(_street(change, rows, tuple(pages.get(row, 0) for row in rows)))
        book += inner
    return book


def sheets_of(change: ChangeGround, row: int, lang: str) -> list[Sheet]:
    """Return the sheets of a community: its map, and its table where it is long."""
    ground = change.ground
    name, street, code = ground.communities.name[row], ground.street[row], ground.community_code[row]
    sheets = [Sheet(CHANGE, code, name, name, street, rows=(row,))]
    lines = len(lines_of(change, [row], lang))
    if lines > LISTED:
        sheets += [Sheet(TABLE, code, name, name, street, part=n, rows=(row,)) for n in range(-(-lines // ON_A_PAGE))]
    return sheets


def _street(change: ChangeGround, rows: Sequence[int], pages: tuple[int, ...] = ()) -> Sheet:
    street = change.ground.street[rows[0]]
    return Sheet(STREET, street, street, street=street, rows=tuple(rows), pages=pages)


def _streets(change: ChangeGround, communities: Sequence[int]) -> dict[str, list[int]]:
    streets: dict[str, list[int]] = {}
    for row in communities:
        streets.setdefault(change.ground.street[row], []).append(row)
    return streets


def _files(change: ChangeGround, communities: Sequence[int], options: SheetOptions, volume: Volume) -> Iterator[File]:
    form, lang = options.form, options.lang
    for street, rows in _streets(change, communities).items():
        yield File(STREET, street, street, f"street-{file_name(street)}.{form.value}", (_street(change, rows),))
        for row in rows:
            if tally(change, [row]).touched:
                sheets = sheets_of(change, row, lang)
                name = f"change-{file_name(sheets[0].code)}"
                # A picture is one page: the table is then a picture of its own.
                if form is Form.PDF:
                    yield File(CHANGE, sheets[0].code, sheets[0].name, f"{name}.pdf", tuple(sheets), bound=len(sheets) > 1)
                    continue
                for n, sheet in enumerate(sheets):
                    yield File(sheet.kind, sheet.code, sheet.name, f"{name}{f'-{n}' if n else ''}.{form.value}", (sheet,))
    groups = {
        Volume.STREET: list(_streets(change, communities).items()),
        Volume.ALL: [(change.ground.title, list(communities))],
    }
    for name, rows in groups.get(volume, []):
        yield File(
            volume.value, name, name, f"changes-{file_name(name)}.pdf", tuple(change_book(change, rows, lang)), bound=True
        )
