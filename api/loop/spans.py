"""How long an incident has taken: its total clock, the clock of its present stage, and the time that counts in neither.

The total clock runs from acceptance to closing, over everything that was done again, without suspensions and without the
time for which a reopened incident had been closed. The stage clock begins anew with another owner or another state,
but not where somebody stands in for the owner.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from api.loop.incident import Stretch
from api.loop.words import FINAL, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from api.loop.incident import Standing

    Measure = Callable[[datetime, datetime], timedelta]

_STILL = frozenset({State.SUSPENDED, State.CLOSED})
"""In these states no clock runs."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time, from when until when."""

    since: datetime
    until: datetime


def by_the_clock(since: datetime, until: datetime) -> timedelta:
    """Measure a span in plain time; a work calendar measures it in work time."""
    return until - since


def history(standing: Standing, at: datetime) -> tuple[Stretch, ...]:
    """Return every stretch of the incident up to `at`, the present one last: one begins where the one before ends."""
    since = standing.stretch_since
    if since is None or standing.state in FINAL:
        return standing.stretches
    present = Stretch(
        stage=standing.stage, state=standing.state, tier=standing.tier, owner=standing.owner, since=since, until=max(at, since)
    )
    return (*standing.stretches, present)


def running(standing: Standing, at: datetime) -> tuple[Span, ...]:
    """Return the spans that count for the total clock."""
    return _spans(each for each in _accepted(standing, at) if each.state not in _STILL)


def suspended(standing: Standing, at: datetime) -> tuple[Span, ...]:
    """Return the spans for which the clocks stood still by a suspension."""
    return _spans(each for each in _accepted(standing, at) if each.state is State.SUSPENDED)


def suspended_since(standing: Standing) -> datetime | None:
    """Return when the present suspension began, whoever has had the incident since; None where it is not suspended."""
    if standing.state is not State.SUSPENDED:
        return None
    since = standing.stretch_since
    for each in reversed(standing.stretches):
        if each.state is not State.SUSPENDED:
            break
        since = each.since
    return since


def running_in_stage(standing: Standing, at: datetime) -> tuple[Span, ...]:
    """Return the spans that count for the clock of the present stage."""
    return _spans(each for each in history(standing, at) if each.stage == standing.stage and each.state not in _STILL)


def by_stage(standing: Standing, at: datetime, measure: Measure = by_the_clock) -> dict[int, timedelta]:
    """Return how long each stage since acceptance ran, by its number."""
    times = dict[int, timedelta]()
    for each in _accepted(standing, at):
        if each.state not in _STILL:
            times[each.stage] = times.get(each.stage, timedelta()) + measure(each.since, each.until)
    return times


def measured(spans: Iterable[Span], measure: Measure = by_the_clock) -> timedelta:
    """Return how long some spans are together."""
    return sum((measure(each.since, each.until) for each in spans), timedelta())


def _accepted(standing: Standing, at: datetime) -> tuple[Stretch, ...]:
    """Return the stretches since acceptance; none before."""
    accepted_at = standing.accepted_at
    if accepted_at is None:
        return ()
    return tuple(each for each in history(standing, at) if each.since >= accepted_at)


def _spans(stretches: Iterable[Stretch]) -> tuple[Span, ...]:
    return tuple(Span(each.since, each.until) for each in stretches)
