"""What a kind of problem is: a title, and what to do about it, in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.lang import Lang


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of problem: a title and what to do about it, in Chinese and English."""

    zh: str
    zh_advice: str
    en: str
    en_advice: str

    def title(self, lang: Lang) -> str:
        """Return what it is called."""
        return self.zh if lang == "zh" else self.en

    def advice(self, lang: Lang) -> str:
        """Return what to do."""
        return self.zh_advice if lang == "zh" else self.en_advice
