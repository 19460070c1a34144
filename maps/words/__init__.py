"""The words that people read on the maps, by key, in Chinese and English: for Python, the pages' scripts, the sheets.

The catalogues are `zh.json` and `en.json` beside this file. A word that English lacks is said in Chinese; a key that
both lack is an error: `tests/maps/test_words.py` keeps the two alike.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = ("zh", "en")


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(lang: str) -> Mapping[str, str]:
    """Return every word of `lang` by its key."""
    if lang not in LANGUAGES:
        msg = f"no catalogue for {lang!r}: there is {' and '.join(LANGUAGES)}"
        raise ValueError(msg)
    text = (Path(__file__).with_name(f"{lang}.json")).read_text(encoding="utf-8")
    return MappingProxyType(json.loads(text))


def word(key: str, lang: str = "zh", /, **values: object) -> str:
    """Return the word for `key` in `lang`, with `values` filled into its `{places}`."""
    found = catalogue(lang).get(key) or catalogue("zh")[key]
    return found.format_map(values) if values else found


def words_for(*prefixes: str) -> dict[str, dict[str, str]]:
    """Return, for a page's scripts, the words of every language whose key begins with one of `prefixes`."""
    return {lang: {key: said for key, said in catalogue(lang).items() if key.startswith(prefixes)} for lang in LANGUAGES}
