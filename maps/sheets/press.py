"""What makes sheets: a press turns the name of a sheet into a page, which knows what it was made from and how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from maps.sheets.pen import Pen
    from maps.sheets.values import SheetOptions


@dataclass(frozen=True, slots=True)
class Sheet:
    """The name of a sheet: small, so that it travels between processes. Columns of the manifest, and what a press needs."""

    kind: str
    code: str
    name: str
    community: str = ""
    street: str = ""
    item: int = 0
    """What it is about: a row of whatever the press has for this kind."""
    part: int = 0
    """Which page of those about the same, from 0."""
    rows: tuple[int, ...] = ()
    """Of a sheet about many: which."""
    pages: tuple[int, ...] = ()
    """Of a sheet about many: on which page each of them is; empty where nobody knows."""


class Page(Protocol):
    """One page, ready to be drawn."""

    @property
    def scale(self) -> int:
        """The N of 1:N of its map; 0 where it has none."""
        ...

    def digest(self) -> str:
        """Return the same text for the same page, options apart."""
        ...

    def draw(self) -> Pen:
        """Draw it."""
        ...


class Press(Protocol):
    """Makes pages."""

    @property
    def options(self) -> SheetOptions:
        """How they are printed."""
        ...

    def page(self, sheet: Sheet) -> Page:
        """Return the page that a sheet is."""
        ...
