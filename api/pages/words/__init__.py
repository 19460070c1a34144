"""The words that people read on the service's pages, by key, in Chinese and English: for templates and for scripts.

The catalogues are `zh.json` and `en.json` beside this file; `tests/api/test_pages.py` keeps the two alike. What maps and
plans call things (kinds of dedicated grids, figures of a plan) is said in the words of `maps.words`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, get_args

from api.lang import Lang

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES: tuple[Lang, ...] = get_args(Lang)


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(lang: Lang) -> Mapping[str, str]:
    """Return every word of `lang` by its key."""
    return MappingProxyType(json.loads(files(__name__).joinpath(f"{lang}.json").read_text(encoding="utf-8")))


def word(key: str, lang: Lang, /, **values: object) -> str:
    """Return the word for `key` in `lang`, with `values` filled into its `{places}`; a key that nobody wrote is an error."""
    found = catalogue(lang)[key]
    return found.format_map(values) if values else found


def words_for(lang: Lang, *prefixes: str) -> dict[str, str]:
    """Return, for a page's scripts, the words whose key begins with one of `prefixes`."""
    return {key: said for key, said in catalogue(lang).items() if key.startswith(prefixes)}
