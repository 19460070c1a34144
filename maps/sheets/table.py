"""Tables on sheets: rows below each other in a box, in several boxes side by side where one is too low."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from maps.sheets import inks
from maps.sheets.layout import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maps.sheets.pen import Pen

SIZE = 6.5
ROW = 4.3
HEAD = 5.2
PAD = 0.8
LEAST = 4.5


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, its share of the width, and whether it holds numbers, which stand at the right."""

    title: str
    share: float
    numbers: bool = False


def room(height: float) -> int:
    """Return how many rows a box of this height holds below its head."""
    return max(0, int((height - HEAD) / ROW + 1e-9))


def height(rows: int) -> float:
    """Return how high a table of so many rows is."""
    return HEAD + rows * ROW


def draw_table(
    pen: Pen, box: Box, columns: Sequence[Column], rows: Sequence[Sequence[str]], *, strong: frozenset[int] = frozenset()
) -> None:
    """Write a table from the top of `box`; `strong` are rows that stand out, as sums do."""
    whole = sum(column.share for column in columns)
    edges = [box.x]
    for column in columns:
        edges.append(edges[-1] + column.share / whole * box.width)
    for column, x, end in zip(columns, edges, edges[1:], strict=False):
        _cell(pen, column.title, x, end, box.top - 0.7, numbers=column.numbers, ink=inks.SOFT)
    pen.rule(box.x, box.top - HEAD + 0.9, box.right, box.top - HEAD + 0.9, inks.INK, 0.2)
    for n, row in enumerate(rows):
        top = box.top - HEAD - n * ROW
        for column, text, x, end in zip(columns, row, edges, edges[1:], strict=False):
            _cell(pen, text, x, end, top, numbers=column.numbers, ink=inks.INK, bold=n in strong)
        pen.rule(box.x, top - ROW + 0.75, box.right, top - ROW + 0.75, inks.RULE, 0.12)


def _cell(pen: Pen, text: str, x: float, end: float, top: float, *, numbers: bool, ink: str, bold: bool = False) -> None:
    said = pen.setter.fit(text, end - x - 2 * PAD, SIZE, least=LEAST, bold=bold)
    # Smaller text stands on the same line as the rest of its row.
    top -= (SIZE - said.size) * 0.3
    if numbers:
        pen.block(end - PAD, top, said, ink, align="right")
    else:
        pen.block(x + PAD, top, said, ink)


def side_by_side(box: Box, count: int, gap: float = 6.0) -> tuple[Box, ...]:
    """Return so many boxes beside each other."""
    wide = (box.width - gap * (count - 1)) / count
    return tuple(Box(box.x + n * (wide + gap), box.y, wide, box.height) for n in range(count))
