"""What sheets are made from, as plain values: a plan on its ground in the town's metric frame, and how it is to be printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from maps.base import Areas, Lines


UNTOLD = -1
"""Households of a grid that has too few of them to tell everybody."""


class Paper(StrEnum):
    """Sizes of paper, landscape."""

    A4 = "A4"
    A3 = "A3"


class Form(StrEnum):
    """Forms of file."""

    PDF = "pdf"
    SVG = "svg"
    PNG = "png"


FORCE = "force"
"""The role of a professional force that is said by what it is called."""


class Volume(StrEnum):
    """By what sheets are bound into one document, beside the files of their own."""

    NONE = "none"
    COMMUNITY = "community"
    STREET = "street"
    ALL = "all"


class Show(StrEnum):
    """What may be printed of those who answer for a grid, each only where it is asked for."""

    NAMES = "names"
    PHONES = "phones"
    FORCES = "forces"
    """A line for each of the professional forces; without it the police have one."""
    SERVICES = "services"


@dataclass(frozen=True, slots=True)
class Post:
    """Somebody who answers for a grid. `role` is a key of the catalogue (`sheet.role.…`), or `FORCE`."""

    role: str
    name: str = ""
    """Empty where names are not to be printed."""
    phone: str = ""
    """The telephone of the office or of the duty, never somebody's own; empty where it is not to be printed."""
    called: str = ""
    """What a force is called, in the sheet's language."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a sheet tells of a grid beside those who answer for it."""

    kinds: tuple[int, int] | None = None
    """Kinds of professional forces that are there, of so many that are wanted; None where it does not say."""
    services: tuple[str, ...] = ()
    """What is done for people there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetGround:
    """A plan and its town as columns; one row of grids, communities, compounds or lines is one index into each.

    All geometry is in metres of the frame `crs`.
    """

    title: str
    """The town's name."""
    crs: str
    code: tuple[str, ...]
    name: tuple[str, ...]
    dedicated: NDArray[np.bool_]
    subtype: tuple[str, ...]
    households: NDArray[np.int64]
    """Or `UNTOLD`."""
    area_m2: NDArray[np.float64]
    bounds: tuple[tuple[str, str, str, str], ...]
    """The four bounds (四至): east, south, west, north."""
    community: NDArray[np.int64]
    """Of each grid, an index into `communities`."""
    polygon: NDArray[np.object_]
    communities: Areas
    community_code: tuple[str, ...]
    street: tuple[str, ...]
    """Of each community."""
    district: tuple[str, ...]
    compounds: Areas
    lines: Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetOptions:
    """How sheets are to be printed; the same options and the same ground give the same bytes."""

    paper: Paper = Paper.A4
    scale: int = 0
    """The N of the 1:N that grids are wanted at; one too large for it, and every one where it is 0, has one of its own."""
    form: Form = Form.PDF
    lang: str = "zh"
    review_number: str = ""
    """The number of the map review (审图号); without one there is a line to write it on."""
    day: str = ""
    """The date of the map as it is to be printed; sheets know no clock."""
    source: str = ""
    """Whose data this is."""
    card_url: str = ""
    """Address of a grid's public card, with `{code}` in it; without one there is no QR code."""
    hotline: str = ""
    """The telephone line for everybody, such as 12345."""
    staff: Mapping[str, tuple[Post, ...]] = field(default_factory=dict)
    """Who answers for a grid, by the grid's code."""
    told: Mapping[str, Told] = field(default_factory=dict)
    """What is told of it beside that, by the same."""
    fonts: str = ""
    """A folder with the font, beside the system's own."""
