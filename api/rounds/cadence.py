"""How often somebody must come (每日必报、每月必访、每半年必到): what is owed, and since when a visit counts.

A rule holds in an area and all below it, until one nearer says otherwise. Its period is the calendar's (a day, a month, half a
year from 1 January or 1 July), or so many days back: with 183 days somebody visited 183 days ago was, 184 days ago was not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_JULY = 7


class Target(StrEnum):
    """What a rule is about."""

    KEY_INCIDENT = "key_incident"
    KEY_GROUP = "key_group"
    HOUSEHOLD_POINT = "household_point"
    PATROL = "patrol"


class Period(StrEnum):
    """How long a period is."""

    DAY = "day"
    MONTH = "month"
    HALF_YEAR = "half_year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is owed in each period. `days` None: the calendar's periods; else so many days back from any day.

    `minutes` is how long a day's patrol is; `categories` are those of incidents that are key ones, beside the urgent.
    """

    target: Target
    period: Period
    days: int | None = None
    minutes: int | None = None
    categories: tuple[str, ...] = ()

    @property
    def is_rolling(self) -> bool:
        """Whether the period moves with every day."""
        return self.days is not None

    def since(self, day: date) -> date:
        """Return the first day whose visits count on `day`."""
        if self.days is not None:
            return day - timedelta(days=self.days)
        if self.period is Period.DAY:
            return day
        if self.period is Period.MONTH:
            return day.replace(day=1)
        return date(day.year, _JULY if day.month >= _JULY else 1, 1)

    def is_due(self, day: date, last: date | None) -> bool:
        """Say whether a visit is owed on `day`, when `last` was the day of the last one, None: there was none."""
        return last is None or last < self.since(day)


USUAL: Mapping[Target, Rule] = {
    Target.KEY_INCIDENT: Rule(target=Target.KEY_INCIDENT, period=Period.DAY),
    Target.KEY_GROUP: Rule(target=Target.KEY_GROUP, period=Period.MONTH),
    Target.HOUSEHOLD_POINT: Rule(target=Target.HOUSEHOLD_POINT, period=Period.HALF_YEAR, days=183),
    Target.PATROL: Rule(target=Target.PATROL, period=Period.DAY, minutes=120),
}
"""What holds where no area says anything."""

PERIODS: Mapping[Target, frozenset[Period]] = {
    Target.KEY_INCIDENT: frozenset({Period.DAY}),
    Target.KEY_GROUP: frozenset({Period.MONTH}),
    Target.HOUSEHOLD_POINT: frozenset({Period.MONTH, Period.HALF_YEAR}),
    Target.PATROL: frozenset({Period.DAY}),
}
"""By what is counted what is owed."""
ROLLING = frozenset({Target.HOUSEHOLD_POINT})
"""What may be owed so many days back: months of key groups are counted, not their days."""


def checked(rule: Rule) -> Rule:
    """Return a rule that makes sense; `ParameterError` names what does not."""
    if rule.period not in PERIODS[rule.target]:
        allowed = ", ".join(sorted(PERIODS[rule.target]))
        raise ParameterError("period", f"what is owed to a {rule.target} is counted by the {allowed}")
    if rule.days is not None and rule.target not in ROLLING:
        raise ParameterError("days", f"the periods of a {rule.target} are the calendar's")
    if (rule.minutes is not None) != (rule.target is Target.PATROL):
        raise ParameterError("minutes", "a patrol has minutes, and nothing else has")
    if rule.categories and rule.target is not Target.KEY_INCIDENT:
        raise ParameterError("categories", "only key incidents have categories")
    return rule


def rules_by_path(rows: Iterable[tuple[str, Rule]], target: Target) -> dict[str, Rule]:
    """Return the rules for a target by the path of their area; that of '' holds where no area says anything."""
    return {"": USUAL[target]} | {path: rule for path, rule in rows if rule.target is target}


def rules_from(rows: Iterable[tuple[str, str, str, str, int | None, int | None, list[str]]], target: Target) -> dict[str, Rule]:
    """Return the rules for a target by path, from the rows of the store (`data.store.visits.rule_rows`)."""
    return rules_by_path(((row[0], rule_of(row)) for row in rows), target)


def rule_of(row: tuple[str, str, str, str, int | None, int | None, list[str]]) -> Rule:
    """Return the rule that a row of the store states."""
    _, _, target, period, days, minutes, categories = row
    return Rule(target=Target(target), period=Period(period), days=days, minutes=minutes, categories=tuple(categories))


def nearest(rules: Mapping[str, Rule], path: str) -> Rule:
    """Return the rule that holds at a path: that of the nearest area at or above it."""
    labels = path.split(".")
    above = (".".join(labels[:n]) for n in range(len(labels), 0, -1))
    return next((rules[each] for each in above if each in rules), rules[""])
