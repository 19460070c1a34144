"""Figures made of counts: rates, hours, and how they are written. All in integers; halves are rounded up.

A rate without a denominator is no rate: it is None, never 0 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NOTHING = "—"
"""What is written where there is no figure."""
_WAN = 10_000
_TENTH_OF_WAN = _WAN // 10
_THOUSAND = 1_000
_HOUR_S = 3_600


class Basis(StrEnum):
    """Whose numbers a figure tells: what happened in the window, what was taken in then, or how things stand at its end."""

    PERIOD = "period"
    COHORT = "cohort"
    STOCK = "stock"


class Unit(StrEnum):
    """What a figure is counted in."""

    PERCENT = "percent"
    COUNT = "count"
    HOURS = "hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure: what it is called, and of which counts it is made. Counts have no denominator.

    `formula` says in both languages (`zh`, `en`) what stands above and below the line, and over which window.
    """

    id: str
    zh: str
    en: str
    formula: Mapping[str, str]
    numerator: str
    denominator: str | None = None
    basis: Basis = Basis.PERIOD
    unit: Unit = Unit.COUNT
    parts: tuple[str, ...] = ()
    """Counts that the numerator is the sum of, or that are shown beside it."""

    def name(self, lang: str) -> str:
        """Return what it is called in `lang`."""
        return self.zh if lang == "zh" else self.en

    def value(self, counts: Mapping[str, int]) -> Fraction | None:
        """Return the figure as it is, unrounded: in percent, pieces or hours; None where there is nothing to divide by."""
        above = counts[self.numerator]
        if self.denominator is None:
            return Fraction(above)
        below = counts[self.denominator]
        if below == 0:
            return None
        return Fraction(above, below) * 100 if self.unit is Unit.PERCENT else Fraction(above, below * _HOUR_S)


def tenths(value: Fraction) -> int:
    """Return a value (0 or more) in whole tenths, halves up: 94.65 is 947."""
    return _half_up(value * 10)


def percent_tenths(above: int, below: int) -> int | None:
    """Return above / below in tenths of a percent, halves up; None where `below` is 0."""
    return None if below == 0 else tenths(Fraction(100 * above, below))


def decimal(number: int) -> float:
    """Return a number of tenths as JSON writes it: 947 is 94.7."""
    return number / 10


def tenths_text(number: int) -> str:
    """Write a number of tenths: 947 is 94.7."""
    return f"{number // 10}.{number % 10}"


def document(metric: Metric, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return a figure as the answer shows it, with the counts that it is made of."""
    value = metric.value(counts)
    shown: dict[str, Any] = {"value": None, "text": NOTHING}
    if value is not None:
        rounded = tenths(value)
        match metric.unit:
            case Unit.COUNT:
                shown = {"value": counts[metric.numerator], "text": str(counts[metric.numerator])}
            case Unit.PERCENT:
                shown = {"value": decimal(rounded), "text": f"{tenths_text(rounded)} %"}
            case Unit.HOURS:
                shown = {"value": decimal(rounded), "text": tenths_text(rounded)}
    if metric.denominator is not None:
        shown |= {"n": counts[metric.numerator], "d": counts[metric.denominator]}
    return shown | ({"parts": {part: counts[part] for part in metric.parts}} if metric.parts else {})


def nearest_rank(ordered: Iterable[int], percent: int) -> int | None:
    """Return the smallest of some ordered numbers that `percent` of them do not exceed; None where there is none."""
    numbers = list(ordered)
    return numbers[max(0, -(-percent * len(numbers) // 100) - 1)] if numbers else None


def hours_tenths(seconds: int) -> int:
    """Return seconds (0 or more) in tenths of an hour, halves up."""
    return tenths(Fraction(seconds, _HOUR_S))


def at_least(number: int, lang: str, *, is_lower_bound: bool) -> str:
    """Write a cumulated number; one that is a lower bound says so: 40万余, 460余; 400,000+, 460+.

    In Chinese ten thousands are 万 where that loses nothing.
    """
    if lang != "zh":
        return f"{number:,}" + ("+" if is_lower_bound else "")
    more = "余" if is_lower_bound else ""
    if number < _WAN or number % _TENTH_OF_WAN:
        return f"{number}{more}"
    whole, rest = divmod(number // _TENTH_OF_WAN, 10)
    return f"{whole}.{rest}万{more}" if rest else f"{whole}万{more}"


def _half_up(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)
