"""How a character of a name may be typed: as itself, by one of its readings in pinyin without tones, or by how that begins."""

from __future__ import annotations

import os
import unicodedata
from functools import lru_cache

_DIGITS = "零一二三四五六七八九"
_INITIALS = ("zh", "ch", "sh")
"""Initials of two letters; people type either both or the first."""


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    """Return the readings of each character, as pypinyin has them, by code point: with tones, the usual one first."""
    # Its phrases would tell which reading is right, and take 45 MB in each process; people are found by any of them.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin.pinyin_dict import pinyin_dict  # noqa: PLC0415 - takes 13 MB, which only whoever is asked needs

    return pinyin_dict


def _toneless(reading: str) -> str:
    parts = unicodedata.normalize("NFD", reading)
    return unicodedata.normalize("NFC", "".join(c for c in parts if c == "\u0308" or not unicodedata.combining(c)))


@lru_cache(maxsize=1 << 15)
def readings(character: str) -> tuple[str, ...]:
    """Return the readings of a character without tones, none of what has none; ü also as keyboards have it, v and u."""
    listed = _table().get(ord(character), "").split(",")
    return tuple(dict.fromkeys(typed for reading in listed if reading for typed in _typed(reading)))


@lru_cache(maxsize=1 << 15)
def usual(character: str) -> tuple[str, ...]:
    """Return the reading that a character usually has, in each way to type it."""
    first = _table().get(ord(character), "").partition(",")[0]
    return _typed(first) if first else ()


def _typed(reading: str) -> tuple[str, ...]:
    toneless = _toneless(reading)
    return tuple(dict.fromkeys([toneless, toneless.replace("ü", "v"), toneless.replace("ü", "u")]))


def initials(reading: str) -> tuple[str, ...]:
    """Return what a reading may be cut to: its first letter, and the first two where they are one sound."""
    return (reading[0], *(each for each in _INITIALS if reading.startswith(each)))


def twin(character: str) -> str:
    """Return the digit of a numeral and the numeral of a digit; an empty text of anything else."""
    if character in _DIGITS:
        return str(_DIGITS.index(character))
    return _DIGITS[int(character)] if character in "0123456789" else ""


def plain(text: str) -> str:
    """Return what counts of a text that was typed or is a name: letters, digits and characters, of one width and case."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
