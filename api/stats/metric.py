"""Figures made of counts: how each is called, built, rounded and written. All in integers; halves are rounded up, once.

A figure without a denominator to divide by is none: it is None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING, Any

from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NOTHING = "—"
"""What is written where there is no figure."""
_WAN = 10_000
_TENTH_OF_WAN = _WAN // 10
_HOUR_S = 3_600
_EXACT = Context(prec=60)
_ROOT = 10**6
"""By how much a root is enlarged before it is cut to an integer: more digits than any figure shows."""


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
    RATIO = "ratio"
    YUAN = "yuan"
    SQUARE_METRES = "m2"


_DIGITS = {Unit.COUNT: 0, Unit.PERCENT: 1, Unit.HOURS: 1, Unit.RATIO: 2, Unit.YUAN: 0, Unit.SQUARE_METRES: 2}
"""Digits after the point, where a figure does not say."""
_FACTOR = {Unit.PERCENT: Fraction(100), Unit.HOURS: Fraction(1, _HOUR_S), Unit.SQUARE_METRES: Fraction(1, 10_000)}
"""What a quotient of counts is multiplied by: hours are counted in seconds, square metres in square centimetres."""
_MARK = {Unit.PERCENT: " %", Unit.SQUARE_METRES: " m²"}
"""What is written behind the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure: what it is called, and of which counts it is made. Counts have no denominator.

    `formula` says in both languages (`zh`, `en`) what stands above and below the line, and over which window. `needs` is a
    count without which there is no figure: nobody is out of a band that nobody has stated.
    """

    id: str
    zh: str
    en: str
    formula: Mapping[str, str]
    numerator: str
    denominator: str | None = None
    basis: Basis = Basis.PERIOD
    unit: Unit = Unit.COUNT
    digits: int | None = None
    needs: str | None = None
    parts: tuple[str, ...] = ()
    """Counts that the numerator is the sum of, or that are shown beside it."""
    spread_of: str | None = None
    """How many there are of what is spread: then the figure is their standard deviation over their mean, the numerator the sum
    of their squares, and the denominator their sum."""
    is_sum: bool = True
    """Whether the counts of parts add up to those of the whole: the largest of several does not."""

    def name(self, lang: str) -> str:
        """Return what it is called in `lang`."""
        return self.zh if lang == "zh" else self.en

    @property
    def counts(self) -> frozenset[str]:
        """The counts that it is made of, and those that are shown beside it."""
        some = (self.numerator, self.denominator, self.needs, self.spread_of, *self.parts)
        return frozenset(name for name in some if name is not None)

    @property
    def places(self) -> int:
        """How many digits it has after the point."""
        return _DIGITS[self.unit] if self.digits is None else self.digits

    def value(self, counts: Mapping[str, int]) -> Fraction | None:
        """Return the figure as it is, unrounded, in its unit; None where there is nothing to divide by, or nothing is known."""
        below = 1 if self.denominator is None else counts[self.denominator]
        if below == 0 or (self.needs is not None and counts[self.needs] == 0):
            return None
        above = counts[self.numerator]
        if self.spread_of is not None:
            # Cut to a millionth: no half of a digit that is shown lies between that and the root itself.
            return Fraction(isqrt((counts[self.spread_of] * above - below**2) * _ROOT**2), below * _ROOT)
        return Fraction(above, below) * _FACTOR.get(self.unit, 1)


def count(
    name: str,
    zh: str,
    en: str,
    zh_formula: str,
    en_formula: str,
    *,
    basis: Basis = Basis.PERIOD,
    parts: tuple[str, ...] = (),
    needs: str | None = None,
) -> Metric:
    """Return a figure that is a count, by its own name."""
    formula = {"zh": zh_formula, "en": en_formula}
    return Metric(id=name, zh=zh, en=en, formula=formula, numerator=name, basis=basis, parts=parts, needs=needs)


def rate(  # noqa: PLR0917 - a row of a table, in its order
    name: str,
    zh: str,
    en: str,
    zh_formula: str,
    en_formula: str,
    line: tuple[str, str],
    *,
    unit: Unit = Unit.PERCENT,
    digits: int | None = None,
    basis: Basis = Basis.PERIOD,
    parts: tuple[str, ...] = (),
    needs: str | None = None,
) -> Metric:
    """Return a figure that is a quotient: `line` names what stands above and what below it."""
    return Metric(
        id=name, zh=zh, en=en, formula={"zh": zh_formula, "en": en_formula}, numerator=line[0], denominator=line[1],
        basis=basis, unit=unit, digits=digits, parts=parts, needs=needs,
    )  # fmt: skip


def named(names: Iterable[str], among: Sequence[Metric]) -> tuple[Metric, ...]:
    """Return the figures of some names, in the order of those that there are.

    Raises
    ------
    ParameterError
        There is no such figure: names it.
    """
    wanted = set(names)
    unknown = sorted(wanted - {metric.id for metric in among})
    if unknown:
        raise ParameterError(
            "metrics", f"no figure {', '.join(unknown)} is told here; GET /v1/stats/metrics lists them", code="unknown-metric"
        )
    return tuple(metric for metric in among if metric.id in wanted)


def rounded(value: Fraction, digits: int) -> Decimal:
    """Return a value with so many digits after the point, halves away from zero."""
    sign, scaled = (-1, -value) if value < 0 else (1, value)
    whole = (2 * scaled.numerator * 10**digits + scaled.denominator) // (2 * scaled.denominator)
    return _EXACT.scaleb(Decimal(sign * whole), -digits)


def tenths(value: Fraction) -> int:
    """Return a value in whole tenths, halves up: 94.65 is 947."""
    return int(rounded(value * 10, 0))


def percent_tenths(above: int, below: int) -> int | None:
    """Return above / below in tenths of a percent, halves up; None where `below` is 0."""
    return None if below == 0 else tenths(Fraction(100 * above, below))


def decimal(number: int) -> float:
    """Return a number of tenths as JSON writes it: 947 is 94.7."""
    return number / 10


def document(metric: Metric, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return a figure as an answer shows it: as a number, as a text, and the counts that it is made of."""
    value = metric.value(counts)
    shown: dict[str, Any] = {"value": None, "text": NOTHING}
    if value is not None:
        told = rounded(value, metric.places)
        shown = {"value": float(told) if metric.places else int(told), "text": f"{told:,f}{_MARK.get(metric.unit, '')}"}
    if metric.denominator is not None:
        shown |= {"n": counts[metric.numerator], "d": counts[metric.denominator]}
    beside = metric.parts if metric.spread_of is None else (metric.spread_of, *metric.parts)
    return shown | ({"parts": {part: counts[part] for part in beside}} if beside else {})


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
