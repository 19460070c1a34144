"""Who answers for a grid, on its sheet: people beside the code, forces in two columns below them, what is done for people.

How high it is follows from how many there are. What is too high is set closer, and less of what is done is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from maps.sheets import inks
from maps.sheets.column import POST_ROW, answering, contact, contact_height
from maps.sheets.layout import PANEL, Box
from maps.sheets.values import FORCE, Post, Told
from maps.words import word

if TYPE_CHECKING:
    from maps.sheets.pen import Pen
    from maps.sheets.setting import Block
    from maps.sheets.values import SheetOptions

MOST_PEOPLE = 6
MOST_FORCES = 12
UNNAMED = (Post("leader"), Post("worker"), Post("police"))
"""Who answers for every grid: lines to write on, where nobody is named."""
CAPTION = 5.0
SPACE = 1.6
"""Above a part."""
BETWEEN = 3.0
"""The two columns of forces."""


MOST_CALLED = 13.5
"""As wide as what a force is called may be."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How close the lines stand, and on how many lines services are told."""

    row: float
    force_row: float
    lines: int


ROOMY = Setting(POST_ROW, 4.7, 3)
CLOSE = Setting(4.5, 4.1, 2)
TIGHT = Setting(4.1, 3.7, 1)


@dataclass(frozen=True, slots=True)
class Answers:
    """What is to be written of a grid."""

    code: str
    """The address of its card, for the QR code; empty without one."""
    people: tuple[Post, ...]
    forces: tuple[Post, ...]
    told: Told

    def height(self, pen: Pen, options: SheetOptions, way: Setting) -> float:
        """Return how high all of it is."""
        high = contact_height(self.people, self.code, options, way.row)
        if self._has_forces():
            high += SPACE + CAPTION + self._rows() * way.force_row
        if self.told.services:
            high += SPACE + self._services(pen, options.lang, way).height
        return high

    def draw(self, pen: Pen, top: float, options: SheetOptions, way: Setting) -> None:
        """Write it from `top` on."""
        lang = options.lang
        contact(pen, top, self.people, self.code, options, way.row)
        top -= contact_height(self.people, self.code, options, way.row)
        if self._has_forces():
            top = self._draw_forces(pen, top - SPACE, lang, way)
        if self.told.services:
            top -= SPACE
            lead = pen.setter.fit(word("sheet.services", lang), LEAD - 2.0, 7.0)
            pen.block(PANEL.x, top, lead, inks.SOFT)
            pen.block(PANEL.x + LEAD, top, self._services(pen, lang, way), inks.INK)

    def _has_forces(self) -> bool:
        return bool(self.forces) or self.told.kinds is not None

    def _rows(self) -> int:
        return -(-len(self.forces) // 2)

    def _draw_forces(self, pen: Pen, top: float, lang: str, way: Setting) -> float:
        """Write the forces in two columns, below how many kinds of them there are; return where they end."""
        said = word("sheet.forces", lang)
        if self.told.kinds is not None:
            present, wanted = self.told.kinds
            said = word("sheet.forces.kinds", lang, present=str(present), of=str(wanted))
        pen.block(PANEL.x, top, pen.setter.fit(said, PANEL.width, 7.0, bold=True), inks.INK)
        top -= CAPTION
        wide, rows = (PANEL.width - BETWEEN) / 2, self._rows()
        longest = max((pen.setter.width(post.called, 7.0) for post in self.forces), default=0.0)
        role = min(longest, MOST_CALLED) + 2.0
        for n, post in enumerate(self.forces):
            place = Box(PANEL.x + n // rows * (wide + BETWEEN), top - n % rows * way.force_row, wide, 0.0)
            answering(pen, place, post, lang, role=role)
        return top - rows * way.force_row

    def _services(self, pen: Pen, lang: str, way: Setting) -> Block:
        said = word("sheet.services.join", lang).join(self.told.services)
        return pen.setter.fit(said, PANEL.width - LEAD, 7.0, lines=way.lines, least=5.0)


LEAD = 15.0
"""What stands before the services."""


def answers_of(options: SheetOptions, grid: str) -> Answers:
    """Return what is to be written of a grid."""
    posts = options.staff.get(grid, ()) or UNNAMED
    return Answers(
        options.card_url.replace("{code}", grid),
        _some([post for post in posts if post.role != FORCE]),
        tuple(post for post in posts if post.role == FORCE)[:MOST_FORCES],
        options.told.get(grid, Told()),
    )


def _some(people: list[Post]) -> tuple[Post, ...]:
    """Return as many as there are lines for, in their order: of each role somebody, before anybody is the second of theirs."""
    nth = [sum(other.role == post.role for other in people[:n]) for n, post in enumerate(people)]
    kept = sorted(range(len(people)), key=lambda n: nth[n])[:MOST_PEOPLE]
    return tuple(people[n] for n in sorted(kept))
