"""Which reports may be the same: what is the same for certain, and what is proposed to whoever accepts. Nothing is dropped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import hypot
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A report as it came in. `x` and `y` are metres in the town's frame.

    `source` and `external_id` are those of the system that it was imported from; `client_uuid` is the terminal's own, from
    before it had a network.
    """

    id: str
    category: str
    x: float
    y: float
    at: datetime
    source: str = ""
    external_id: str | None = None
    client_uuid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """How near two reports of one category are that may be the same."""

    metres: float = 50.0
    time: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An incident that a report may be a duplicate of, and how far apart they are."""

    id: str
    away_m: float
    apart: timedelta


def kept_as(arrival: Arrival, kept: Iterable[Arrival]) -> str | None:
    """Return the incident that this very report has become already: sent twice, or imported again."""
    for each in kept:
        if arrival.client_uuid is not None and arrival.client_uuid == each.client_uuid:
            return each.id
        if arrival.external_id is not None and (arrival.source, arrival.external_id) == (each.source, each.external_id):
            return each.id
    return None


def proposals(arrival: Arrival, kept: Iterable[Arrival], nearness: Nearness | None = None) -> tuple[Proposal, ...]:
    """Return what a report may be a duplicate of, the nearest first; of two as near the one with the smaller id."""
    limit = nearness or Nearness()
    found = (
        Proposal(id=each.id, away_m=hypot(each.x - arrival.x, each.y - arrival.y), apart=abs(each.at - arrival.at))
        for each in kept
        if each.category == arrival.category and each.id != arrival.id
    )
    near = (each for each in found if each.away_m <= limit.metres and each.apart <= limit.time)
    return tuple(sorted(near, key=lambda each: (each.away_m, each.id)))
