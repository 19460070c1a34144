"""Composite scores: dimensions with weights, each a figure turned to 0 to 100 points, or what raters gave.

A template is refused, with all its faults at once, where its weights are not 100 together, where it takes a figure twice, or
where a dimension moves against its figure: nobody is to score better for closing less. What cannot be counted is no 0: its
weight is left out, and how much weight is covered is said. All exact; a month is rounded once, halves up, to tenths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from api.stats.metric import Unit, tenths
from api.stats.register import REGISTER
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from api.stats.register import Direction

FULL = 100
"""Points of a dimension at most, and what all weights are together."""
TARGETS = ("department", "street", "community", "village", "grid")
"""What is assessed. Persons are not."""

GRADES = ((900, "A"), (750, "B"), (600, "C"), (400, "D"), (0, "E"))
"""From how many tenths of a point on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """A part of a score: a figure, by its id in the register of all, or what raters give (`metric` None).

    Between `worst` and `best` points rise evenly from 0 to 100. A count may have `bands` instead: points by up to how many
    (None: any more).
    """

    id: str
    name: str
    weight: int
    metric: str | None = None
    direction: Direction = "+"
    worst: Fraction | None = None
    best: Fraction | None = None
    bands: tuple[tuple[int | None, int], ...] = ()

    def points(self, value: Fraction | None) -> Fraction | None:
        """Return what a figure is worth, from 0 to 100; None where there is none. What raters give is its own worth."""
        if value is None:
            return None
        if self.bands:
            return Fraction(next((points for most, points in self.bands if most is None or value <= most), 0))
        worst, best = self.ends
        return min(max((value - worst) * FULL / (best - worst), Fraction(0)), Fraction(FULL))

    @property
    def ends(self) -> tuple[Fraction, Fraction]:
        """Where there are no points, and where there are all: of percentages 0 and 100 unless others are named."""
        low, high = Fraction(0), Fraction(FULL)
        worst, best = (low, high) if self.direction == "+" else (high, low)
        return worst if self.worst is None else self.worst, best if self.best is None else self.best


@dataclass(frozen=True, slots=True)
class Score:
    """What a target came to: tenths of a point, None where nothing could be counted; `covered` is the weight that counted."""

    tenths: int | None
    covered: int


def check(target: str, dimensions: Sequence[Dimension]) -> list[ParameterError]:
    """Return everything that is wrong with a template; nothing, where it can be used."""
    faults = [fault for dimension in dimensions for fault in _faults(dimension)]
    weights = sum(dimension.weight for dimension in dimensions)
    if weights != FULL:
        faults.append(_fault("weight", f"the weights are {weights} together; they must be {FULL}", "weights-not-100"))
    ids = [dimension.id for dimension in dimensions]
    faults += [
        _fault("id", f"the dimension {each} stands twice", "dimension-twice") for each in sorted(_repeated(ids))
    ]  # fmt: skip
    metrics = [dimension.metric for dimension in dimensions if dimension.metric is not None]
    faults += [
        _fault("metric", f"the figure {each} stands twice", "metric-twice") for each in sorted(_repeated(metrics))
    ]  # fmt: skip
    if target not in TARGETS:
        faults.append(_fault("target", f"{target} is not assessed; write one of {', '.join(TARGETS)}", "invalid-target"))
    return faults


def score(dimensions: Sequence[Dimension], values: Mapping[str, Fraction | None]) -> Score:
    """Return what figures come to, by dimension; dimensions without a figure are left out, with their weight."""
    points = [(dimension.weight, dimension.points(values.get(dimension.id))) for dimension in dimensions]
    counted = [(weight, each) for weight, each in points if each is not None]
    covered = sum(weight for weight, _ in counted)
    if covered == 0:
        return Score(None, 0)
    return Score(tenths(sum((weight * each for weight, each in counted), Fraction(0)) / covered), covered)


def mean(months: Iterable[int | None]) -> tuple[int | None, int]:
    """Return the mean of the months that there are, in tenths, and how many they are."""
    there = [each for each in months if each is not None]
    return (tenths(Fraction(sum(there), 10 * len(there))) if there else None), len(there)


def grade(number: int | None) -> str | None:
    """Return the grade of so many tenths of a point; None of none."""
    return None if number is None else next(letter for least, letter in GRADES if number >= least)


def ranks(scores: Sequence[int | None]) -> tuple[int | None, ...]:
    """Return the place of each score, the best first; equal scores share one, and what has no score has no place."""
    return tuple(None if each is None else 1 + sum(other > each for other in scores if other is not None) for each in scores)


def read_dimension(said: Mapping[str, Any]) -> Dimension:
    """Return a dimension from its plain values, as `plain` writes them."""
    return Dimension(
        id=said["id"],
        name=said["name"],
        weight=said["weight"],
        metric=said.get("metric"),
        direction=said.get("direction", "+"),
        worst=_fraction(said.get("worst")),
        best=_fraction(said.get("best")),
        bands=tuple((most, points) for most, points in said.get("bands") or ()),
    )


_PERIOD = re.compile(r"(\d{4})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])))?", re.ASCII)


def months_of(period: str) -> tuple[str, ...]:
    """Return the months of a month (2026-02), a quarter (2026-Q1) or a year; `ParameterError` where it is none of them."""
    match = _PERIOD.fullmatch(period)
    if match is None or not 1 < int(match[1]) < 9999:  # noqa: PLR2004 - the years that there are
        raise ParameterError("period", "write a month as 2026-02, a quarter as 2026-Q1, a year as 2026", code="invalid-period")
    if match[2]:
        return (period,)
    numbers = range(3 * int(match[3]) - 2, 3 * int(match[3]) + 1) if match[3] else range(1, 13)
    return tuple(f"{match[1]}-{number:02}" for number in numbers)


def not_told_of(target: str, dimensions: Iterable[Dimension]) -> list[str]:
    """Return the dimensions whose figure is not told of targets of a kind: their weight is left out, as where there is none."""
    return [
        each.id for each in dimensions if each.metric is not None and target not in REGISTER[each.metric].targets
    ]  # fmt: skip


def _faults(dimension: Dimension) -> list[ParameterError]:
    """Return what is wrong with a dimension by itself."""
    name, found = dimension.id, list[ParameterError]()
    if dimension.weight < 1:
        found.append(_fault("weight", f"{name} has the weight {dimension.weight}; write 1 or more", "invalid-weight"))
    if dimension.metric is None:
        if dimension.bands or dimension.worst is not None or dimension.best is not None or dimension.direction != "+":
            found.append(
                _fault("metric", f"{name} is given by raters, from 0 to 100: it has no ends or bands", "rated-plainly")
            )
        return found
    return found + _figure_faults(dimension, dimension.metric)


def _figure_faults(dimension: Dimension, figure: str) -> list[ParameterError]:
    """Return what is wrong with a dimension that takes a figure."""
    name, found = dimension.id, list[ParameterError]()
    known = REGISTER.get(figure)
    if known is None:
        return [*found, _fault("metric", f"{name} takes a figure that there is not: {figure}", "unknown-metric")]
    metric = known.metric
    if not known.is_scored:
        return [*found, _fault("metric", f"{name} takes {metric.id}, of which small counts are hidden", "metric-not-scored")]
    right = known.good or dimension.direction
    if dimension.direction != right:
        found.append(
            _fault("direction", f"{name} rewards the wrong: {metric.id} is good in direction {right}", "wrong-direction")
        )
    if dimension.bands:
        if metric.unit is not Unit.COUNT:
            found.append(_fault("bands", f"{name} takes {metric.id}, which is no count and has no bands", "bands-of-a-rate"))
        found += _band_faults(dimension)
    elif metric.unit is not Unit.PERCENT and (dimension.worst is None or dimension.best is None):
        found.append(_fault("best", f"{name} takes {metric.id}: say its worst and its best, or bands", "ends-missing"))
    worst, best = dimension.ends
    if (best <= worst) if dimension.direction == "+" else (best >= worst):
        found.append(_fault("best", f"{name} has ends that do not run in its direction", "wrong-direction"))
    return found


def _band_faults(dimension: Dimension) -> list[ParameterError]:
    """Return what is wrong with bands: they rise, the last is open, and their points run in the direction."""
    limits = [most for most, _ in dimension.bands]
    rise = all(low is not None and high is not None and low < high for low, high in pairwise(limits[:-1]))
    if limits[-1] is not None or None in limits[:-1] or not rise:
        return [_fault("bands", f"the bands of {dimension.id} do not rise to an open one", "invalid-bands")]
    points = [each for _, each in dimension.bands]
    runs = all((high >= low) if dimension.direction == "+" else (high <= low) for low, high in pairwise(points))
    if not runs or not all(0 <= each <= FULL for each in points):
        return [
            _fault("bands", f"the points of {dimension.id} do not run from 0 to {FULL} in its direction", "wrong-direction")
        ]  # fmt: skip
    return []


def _repeated(names: Sequence[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}


def _fraction(value: object) -> Fraction | None:
    return None if value is None else Fraction(str(value))


def _fault(parameter: str, message: str, code: str) -> ParameterError:
    return ParameterError(parameter, message, code=code)
