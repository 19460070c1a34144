"""What a place of service must have (阵地标准): area by households, and the four ones of a station; and how far people walk."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """How large centres must be, in square metres: a street's at least, a community's for every hundred households."""

    street_m2: Decimal = Decimal(1000)
    community_m2_per_100: Decimal = Decimal(30)


USUAL_STANDARD = Standard()
"""Where no profile says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """What a centre has and needs, in square metres; `per_100` is what it has for a hundred households, None without any."""

    has: Decimal
    needs: Decimal
    per_100: Decimal | None

    @property
    def is_met(self) -> bool:
        """Whether it is enough."""
        return self.has >= self.needs


def standard_of(said: Mapping[str, Any]) -> Standard:
    """Return the standard that a profile's `[facilities]` says; what it leaves out is as usual."""
    return Standard(
        street_m2=Decimal(str(said.get("street_m2", USUAL_STANDARD.street_m2))),
        community_m2_per_100=Decimal(str(said.get("community_m2_per_100_households", USUAL_STANDARD.community_m2_per_100))),
    )


def street_centre(has: Decimal, standard: Standard = USUAL_STANDARD) -> Area:
    """Return what a street's centre of so many square metres has and needs."""
    return Area(has=has, needs=standard.street_m2, per_100=None)


def community_centre(has: Decimal, households: int, standard: Standard = USUAL_STANDARD) -> Area:
    """Return what a community's centre of so many square metres has and needs."""
    per_100 = None if households == 0 else (has * 100 / households).quantize(Decimal("0.1"))
    return Area(has=has, needs=standard.community_m2_per_100 * households / 100, per_100=per_100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How far people walk: no network of ways is asked, a straight line stands for one that is `detour` times as long."""

    minutes: float = 15.0
    metres_per_minute: float = 75.0
    detour: float = 1.3

    @property
    def reach_m(self) -> float:
        """How far that is in a straight line, in metres."""
        return self.minutes * self.metres_per_minute / self.detour


USUAL_WALK = Walk()
"""A quarter of an hour, at 75 metres a minute, by ways three tenths longer than straight lines."""


def walk_of(said: Mapping[str, Any], stated: Mapping[str, float | None]) -> Walk:
    """Return how far people walk: as somebody states, else as a profile's `[circle]` says, else as usual."""
    minutes, pace, detour = (stated.get(name) for name in ("minutes", "pace", "detour"))
    return Walk(
        minutes=float(said.get("minutes", USUAL_WALK.minutes)) if minutes is None else minutes,
        metres_per_minute=float(said.get("metres_a_minute", USUAL_WALK.metres_per_minute)) if pace is None else pace,
        detour=float(said.get("detour", USUAL_WALK.detour)) if detour is None else detour,
    )
