"""Setting text: how wide it is, how it is broken into lines, how it fits its box. Sizes in points, lengths in units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from maps.sheets.fonts import Typeface

POINT = 25.4 / 72.0
"""Units (millimetres on A4) in a point."""
LEADING = 1.32
"""From one baseline to the next, in ems."""
RISE = 0.84
"""From the baseline to the top of a Chinese character, in ems; it ends `DEPTH` below."""
DEPTH = 0.10
_NEVER_FIRST = "，。、；：！？）》」』】〉·%,.;:!?)]}”’"
_NEVER_LAST = "（《「『【〈([{“‘"


def is_han(character: str) -> bool:
    """Say whether lines may break beside `character`, as in Chinese, and not only at spaces."""
    return "\u2e80" <= character <= "\u9fff" or "\uf900" <= character <= "\uffef" or character >= "\U00020000"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of text of one size, as they are to be printed."""

    lines: tuple[str, ...]
    size: float
    bold: bool
    width: float
    """Of the widest line."""

    @property
    def step(self) -> float:
        """From one baseline to the next."""
        return self.size * POINT * LEADING

    @property
    def height(self) -> float:
        """From the top of the first line to the foot of the last."""
        return self.step * (len(self.lines) - 1) + self.size * POINT * (RISE + DEPTH)


@dataclass(frozen=True, slots=True)
class Setter:
    """Sets text in a typeface."""

    typeface: Typeface

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """Return how wide `text` is on one line."""
        face = self.typeface.face(bold=bold)
        return sum(face.advance(c) for c in text) * size * POINT

    def block(self, lines: Iterable[str], size: float, *, bold: bool = False) -> Block:
        """Set lines as they are."""
        kept = tuple(self.typeface.printable(line) for line in lines)
        return Block(kept, size, bold, max((self.width(line, size, bold=bold) for line in kept), default=0.0))

    def fit(self, text: str, width: float, size: float, *, lines: int = 1, least: float = 4.5, bold: bool = False) -> Block:
        """Set `text` into `width` and at most so many lines: smaller where it must be, cut short (…) where it must."""
        text = self.typeface.printable(text)
        while True:
            found = self.broken(text, width, size, bold=bold)
            if len(found) <= lines:
                return self.block(found, size, bold=bold)
            if size <= least:
                break
            size = max(least, size - 0.25)
        last = found[lines - 1]
        while last and self.width(last + "…", size, bold=bold) > width:
            last = last[:-1]
        return self.block([*found[: lines - 1], last.rstrip() + "…"], size, bold=bold)

    def broken(self, text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
        """Break `text` into lines no wider than `width`."""
        face = self.typeface.face(bold=bold)
        most = width / (size * POINT) + 1e-9
        lines: list[str] = []
        line, used = "", 0.0
        for word in _words(text):
            wide = sum(face.advance(c) for c in word)
            if line and used + sum(face.advance(c) for c in word.rstrip()) > most:
                lines.append(line.rstrip())
                line, used = "", 0.0
                word = word.lstrip()  # noqa: PLW2901 - a line does not begin with a space
                wide = sum(face.advance(c) for c in word)
            for c in word if wide > most else ():
                if line and used + face.advance(c) > most:
                    lines.append(line)
                    line, used = "", 0.0
                line += c
                used += face.advance(c)
            if wide <= most:
                line += word
                used += wide
        return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _words(text: str) -> list[str]:
    """Take text apart where a line may end; each word keeps the spaces behind it."""
    words: list[str] = []
    for c in text:
        joined = words and (
            c == " "
            or c in _NEVER_FIRST
            or words[-1][-1] in _NEVER_LAST
            or not (is_han(c) or is_han(words[-1][-1]) or words[-1][-1] == " ")
        )
        if joined:
            words[-1] += c
        else:
            words.append(c)
    return words
