"""What a place of service must have (阵地标准): area by households, and the four ones of a station; and how far people walk."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

STREET_CENTRE_M2 = Decimal(1000)
"""A street's centre has so many square metres at least."""
COMMUNITY_M2_PER_100 = Decimal(30)
"""A community's centre has so many for every hundred households."""


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


def street_centre(has: Decimal) -> Area:
    """Return what a street's centre of so many square metres has and needs."""
    return Area(has=has, needs=STREET_CENTRE_M2, per_100=None)


def community_centre(has: Decimal, households: int) -> Area:
    """Return what a community's centre of so many square metres has and needs."""
    per_100 = None if households == 0 else (has * 100 / households).quantize(Decimal("0.1"))
    return Area(has=has, needs=COMMUNITY_M2_PER_100 * households / 100, per_100=per_100)


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
