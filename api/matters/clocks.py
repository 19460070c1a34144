"""The clocks that hold: the town's own rows over those of a fresh installation, which hold for all that the town leaves open.

A town that states the holidays of one more year means that year, and one that gives a category its own limit means that
category: nobody loses the rest by it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from api.loop.calendar import Calendar, calendar_from, default_calendar
from api.loop.limits import Limits, default_limits, limits_from
from api.who.caller import Tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from api.loop import calendar, limits
    from api.loop.clock import Limit
    from api.loop.limits import Timed
    from api.loop.words import Mode

    _Key = tuple[Mode, str | None, str | None, Tier, Timed]


def town_calendar(rows: Iterable[calendar.Row]) -> Calendar:
    """Return the work calendar of a town that states `rows`; raises `InputError` as `calendar_from` does."""
    return merged(calendar_from(rows), default_calendar())


def merged(own: Calendar, usual: Calendar) -> Calendar:
    """Return a calendar that says what `own` says, and what `usual` says of the rest.

    A year that `own` covers, with its holidays of fixed date, is all its own. In any other year its days stand among those
    of `usual`: one local rest day does not take the holidays away.
    """
    rest = {day: sessions for day, sessions in usual.stated.items() if day.year not in own.years}
    return Calendar(
        office_hours=own.office_hours,
        stated=MappingProxyType(rest | dict(own.stated)),
        years=own.years | usual.years,
    )


def town_limits(rows: Iterable[limits.Row], matters: Iterable[tuple[str, int, str]] = ()) -> Limits:
    """Return the limits of a town that states `rows`, and whose `matters` (code, value, unit) have limits of their own.

    A matter's own limit is that to solve it, at any tier. A row for the same goes before it. Raises `InputError` as
    `limits_from` does.
    """
    own = limits_from(rows).limit_of
    theirs = limits_from((code, None, None, "solve", value, unit, "normal") for code, value, unit in matters).limit_of
    usual = {key: limit for key, limit in default_limits().limit_of.items() if is_left(key, own)}
    return Limits(MappingProxyType(usual | dict(theirs) | dict(own)))


def is_left(key: _Key, own: Mapping[_Key, Limit]) -> bool:
    """Say whether a limit of a fresh installation still holds: the town has no row for all that it is about."""
    mode, matter, category, tier, stage = key
    return not any((mode, matter, category, each, stage) in own for each in (tier, Tier.NONE))
