"""Times as people and programs write them, in the zone of whoever wrote them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_TIME = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
    r"(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_HOURS = (-1, 0, 6, 12, 18, 24, 25)
"""Around and within a day: a zone that is as far ahead at all of these does not change in it."""


class Doubt(StrEnum):
    """What is wrong with a time."""

    NONE = "none"
    UNREADABLE = "unreadable"
    NEVER = "never"
    """Summer time began: the clocks leapt over it."""
    TWICE = "twice"
    """Summer time ended: the clocks showed it twice; the first is meant."""


class TimeReader:
    """Reads times; one that is written without a zone is of `zone`. A day alone is its midnight."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._ahead: dict[datetime, int | None] = {}

    def at(self, text: str) -> tuple[int, Doubt]:
        """Return microseconds since 1970 in UTC, and what is wrong; 0 where it is no time, or never was."""
        match = _TIME.fullmatch(text)
        if match is None:
            return 0, Doubt.UNREADABLE
        *parts, fraction, offset = match.groups()
        try:
            local = datetime(*(int(part or 0) for part in parts), tzinfo=UTC)
            if offset is not None:
                local = datetime.fromisoformat(f"{local:%Y-%m-%dT%H:%M:%S}{offset}")
        except ValueError:
            return 0, Doubt.UNREADABLE
        seconds = (local - EPOCH) // _SECOND
        ahead, doubt = (0, Doubt.NONE) if offset is not None else self._ahead_at(local.replace(tzinfo=None))
        if doubt is Doubt.NEVER:
            return 0, doubt
        return (seconds - ahead) * 1_000_000 + int((fraction or "0")[:6].ljust(6, "0")), doubt

    def _ahead_at(self, local: datetime) -> tuple[int, Doubt]:
        """Return how many seconds the zone is ahead of UTC."""
        midnight = local.replace(hour=0, minute=0, second=0)
        if midnight not in self._ahead:
            # On most days a zone keeps its distance; on the others every time is asked.
            around = {self._offset(midnight + timedelta(hours=hour)) for hour in _HOURS}
            self._ahead[midnight] = around.pop() if len(around) == 1 else None
        ahead = self._ahead[midnight]
        if ahead is not None:
            return ahead, Doubt.NONE
        first, second = (self._offset(local.replace(fold=fold)) for fold in (0, 1))
        return first, Doubt.NEVER if first < second else Doubt.TWICE if first > second else Doubt.NONE

    def _offset(self, local: datetime) -> int:
        ahead = local.replace(tzinfo=self._zone).utcoffset()
        return 0 if ahead is None else int(ahead.total_seconds())
