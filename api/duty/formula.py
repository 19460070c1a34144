"""Staffing formulas as towns write them: `1+1+N+X`.

    formula := symbol ("+" symbol)*
    symbol  := a number from 1 | one letter from A to Z

A number says how many; a letter says "some" (若干). What either stands for is each rule's own to say: N is part-time workers
in one town and departments in the next, so letters mean nothing by themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gis.errors import InputError
from gis.finding import Finding, Severity, first_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_SYMBOL = re.compile(r"[1-9]\d{0,2}|[A-Z]", re.ASCII)
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula by its symbols; as text it is what was read."""

    symbols: tuple[str, ...]

    def __str__(self) -> str:
        """Write the formula as towns do."""
        return "+".join(self.symbols)


def is_symbol(text: str) -> bool:
    """Say whether a text is a symbol of formulas."""
    return _SYMBOL.fullmatch(text) is not None


def number_of(symbol: str) -> int | None:
    """Return how many a symbol asks for; None for a letter, which asks for some."""
    return int(symbol) if symbol.isdigit() else None


def parse_formula(text: str) -> Formula:
    """Read a formula; `InputError` says everything that is wrong with it."""
    found: list[Finding] = []
    formula = read_formula(text, found)
    refuse(found, "formula")
    return formula


def read_formula(text: str, found: list[Finding]) -> Formula:
    """Read a formula; what is wrong with it is added to `found`, and left out of what is returned."""
    symbols: list[str] = []
    for part in text[:LONGEST].split("+"):
        if not is_symbol(part):
            found.append(
                fault(
                    "not_a_symbol",
                    "formula",
                    f"{part!r} in {text[:LONGEST]!r} is no symbol; write numbers from 1 and single capital letters, as 1+1+N+X",
                    f"{text[:LONGEST]!r} 中的 {part!r} 不是符号；请用从 1 起的数字和单个大写字母，如 1+1+N+X",
                )
            )
        elif number_of(part) is None and part in symbols:
            found.append(
                fault(
                    "letter_twice",
                    "formula",
                    f"the letter {part} stands twice; give each its own letter",
                    f"字母 {part} 出现两次；请各用一个字母",
                )
            )
        else:
            symbols.append(part)
    if len(text) > LONGEST:
        found.append(fault("too_long", "formula", f"a formula has at most {LONGEST} characters", f"公式最多 {LONGEST} 个字符"))
    return Formula(tuple(symbols))


def fault(kind: str, field: str, en: str, zh: str) -> Finding:
    """Return what is wrong with one field of a rule."""
    return Finding(kind=kind, severity=Severity.ERROR, en=f"{en}.", zh=f"{zh}。", field=field)


def refuse(found: Sequence[Finding], what: str) -> None:
    """Raise `InputError` with everything that was found, where anything was."""
    if found:
        raise InputError(f"The {what} cannot be used: {first_of(found)}", found)
