"""Numbers, days and coded values as people read them."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from api.loop.labels import LABELS
from api.loop.words import Kind, Outcome, State, Supervision, word
from api.pages.words import catalogue
from maps.words import catalogue as map_catalogue

if TYPE_CHECKING:
    from enum import Enum

    from api.lang import Lang

_DAYS = {"valid_from", "valid_to", "since"}
_DIGITS = {"compactness": 2, "area_m2": 0, "perimeter_m": 0}


def number_text(value: float, digits: int = 0) -> str:
    """Return a number with its thousands apart."""
    return f"{value:,.{digits}f}"


def day_text(text: str, lang: Lang) -> str:
    """Return a day (`2026-03-02`) as it is said; what is no day stays."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.year}年{day.month}月{day.day}日" if lang == "zh" else f"{day.day} {day:%b} {day.year}"


def value_text(name: str, value: object, lang: Lang) -> str:
    """Return a property's value as people read it; a word of ours in their language, an absent one as an empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return catalogue(lang)["value.yes" if value else "value.no"]
    if isinstance(value, int | float):
        return number_text(value, _DIGITS.get(name, 0 if isinstance(value, int) else 2))
    text = str(value)
    if name.endswith("_at"):
        return text[:16].replace("T", " ")
    return day_text(text, lang) if name in _DAYS else _word_text(name, text, lang)


def _word_text(name: str, text: str, lang: Lang) -> str:
    if name == "subtype":
        return map_catalogue(lang).get(f"plan.subtype.{text}", text)
    return catalogue(lang).get(f"value.{name}.{text}") or _loop_words(lang).get((name, text), text)


@cache
def _loop_words(lang: Lang) -> dict[tuple[str, str], str]:
    """Return what the words of the loop of incidents are called, by field and word."""
    counted = {("supervision", word(each)): LABELS[Supervision][each].say(lang) for each in Supervision}
    kinds: dict[str, type[Enum]] = {"state": State, "kind": Kind, "outcome": Outcome}
    return counted | {(name, str(each)): LABELS[kind][each].say(lang) for name, kind in kinds.items() for each in LABELS[kind]}
