"""The two languages, and which of them somebody gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Lang = Literal["zh", "en"]
LANG_COOKIE = "lang"

_LONGEST = 200
"""Characters of Accept-Language that are read; browsers send fewer."""


def chosen_language(wishes: Iterable[str], accepts: str, otherwise: Lang) -> Lang:
    """Return the first of `wishes` that is one of ours, else what the header Accept-Language prefers, else `otherwise`."""
    for wish in wishes:
        if (lang := _ours(wish)) is not None:
            return lang
    ranked: list[tuple[float, Lang]] = []
    for part in accepts[:_LONGEST].split(","):
        tag, _, parameters = part.partition(";")
        if (lang := _ours(tag)) is not None:
            ranked.append((_quality(parameters), lang))
    # Of two that are wanted alike the one named first; what has no quality at all is refused.
    best = max(ranked, key=lambda each: each[0], default=(0.0, otherwise))
    return best[1] if best[0] > 0 else otherwise


def _ours(tag: str) -> Lang | None:
    """Return the language of a tag such as `zh-Hans-CN`."""
    primary = tag.strip().partition("-")[0].lower()
    return "zh" if primary == "zh" else "en" if primary == "en" else None


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
