"""The word somebody probably meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` that is spelled most like `word`, or None where none is near; case does not matter."""
    by_fold: dict[str, str] = {}
    for candidate in known:
        by_fold.setdefault(candidate.strip().casefold(), candidate)
    matches = get_close_matches(word.strip().casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> dict[str, Any]:
    """Return the clause that suggests the nearest word, as `hint` and `hint_zh`; empty clauses where none is near."""
    guess = nearest(word, known)
    if guess is None:
        return {"hint": "", "hint_zh": ""}
    return {"hint": f" (did you mean {guess}?)", "hint_zh": f"（是否应为 {guess}？）"}


def listed(names: Iterable[str], most: int = 12) -> str:
    """Join names for a sentence; a long list is cut, and says so."""
    every = list(names)
    return ", ".join(every[:most]) + (f", … ({len(every)})" if len(every) > most else "")
