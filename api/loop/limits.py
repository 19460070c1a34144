"""Time limits as rows: how long each stage of an incident may take, by matter, category and tier.

A row states a limit for one stage; what it leaves open (matter, category, tier) holds for all. Of the rows that fit a
question the most specific wins: one that names the matter before one that names the category, before one that names the
tier, before none. In an emergency the emergency rows are asked first; where none fits, the normal ones hold, with work
hours read as hours of the clock.

`assets/time_limits.csv` holds the limits of a fresh installation. They are ours, no regulation's: each city sets its own.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING

from api.loop.clock import LONGEST, Limit, Unit
from api.loop.words import Mode, word
from api.who.caller import Tier
from gis.errors import InputError
from gis.finding import Finding, Severity, first_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TIERS = {word(tier): tier for tier in Tier if tier is not Tier.NONE}
"""The tiers by the words of the rows."""


class Timed(StrEnum):
    """What has a time limit: the `stage` of a row.

    Somebody has so long to accept what was reported, to claim what was accepted (tier 1), to take what was assigned to them
    or send on what was accepted higher up, to solve what is theirs; the district to name departments for a call, these to
    join; others to check, and to ask the reporter. A key incident is reported upwards at once, and again until it is closed.
    """

    ACCEPT = "accept"
    CLAIM = "claim"
    TAKE = "take"
    SOLVE = "solve"
    CALL_ASSIGN = "call_assign"
    CALL_JOIN = "call_join"
    CHECK = "check"
    FEEDBACK = "feedback"
    KEY_REPORT = "key_report"
    KEY_REPORT_AGAIN = "key_report_again"


Row = tuple[str | None, str | None, str | None, str, int | str, str, str]
"""Matter, category, tier, stage, value, unit, mode; None or '' where a row leaves something open."""

_WHOLE = re.compile(r"\d{1,9}", re.ASCII)

_Key = tuple[Mode, str | None, str | None, Tier, Timed]


@dataclass(frozen=True, slots=True)
class Limits:
    """All time limits; made by `limits_from`."""

    limit_of: Mapping[_Key, Limit]

    def find(
        self,
        stage: Timed,
        *,
        tier: Tier = Tier.NONE,
        category: str | None = None,
        matter: str | None = None,
        mode: Mode = Mode.NORMAL,
    ) -> Limit | None:
        """Return the limit of `stage`; None where no row fits."""
        # The product runs from all three named to none, and lets the last go first.
        named = list(product((matter, None), (category, None), (tier, Tier.NONE)))
        for asked in dict.fromkeys((mode, Mode.NORMAL)):
            for of_matter, of_category, of_tier in named:
                limit = self.limit_of.get((asked, of_matter, of_category, of_tier, stage))
                if limit is not None:
                    return limit if asked is mode else _by_the_clock(limit)
        return None


def limits_from(rows: Iterable[Row]) -> Limits:
    """Make limits of rows.

    Raises
    ------
    InputError
        Values that cannot be used, and rows that are equally specific: all of them, each with its row.
    """
    found: list[Finding] = []
    limit_of: dict[_Key, Limit] = {}
    row_of: dict[_Key, int] = {}
    for row, written in enumerate(rows, 1):
        read = _read(row, written, found)
        if read is None:
            continue
        key, limit = read
        if (first := row_of.setdefault(key, row)) != row:
            mode, matter, category, tier, stage = key
            named = {"matter": matter, "category": category, "tier": word(tier) if tier else None, "mode": mode}
            words = ", ".join([stage, *(f"{name} {value}" for name, value in named.items() if value)])
            en = f"Rows {first} and {row} are equally specific ({words}): {_said(limit_of[key])} and {_said(limit)}. Keep one."
            zh = f"第{first}行与第{row}行同样具体({words}):{_said(limit_of[key])}与{_said(limit)},请保留其一。"
            found.append(_fault("limit_twice", row, "stage", en, zh))
        limit_of.setdefault(key, limit)
    if found:
        raise InputError(f"The time limits cannot be used: {first_of(found)}", found)
    return Limits(MappingProxyType(limit_of))


@lru_cache(maxsize=1)
def default_limits() -> Limits:
    """Return the limits of `assets/time_limits.csv`."""
    text = files("api.loop").joinpath("assets/time_limits.csv").read_text(encoding="utf-8")
    return limits_from((m, c, t, s, v, u, mode) for m, c, t, s, v, u, mode in list(csv.reader(text.splitlines()))[1:])


def _read(row: int, written: Row, found: list[Finding]) -> tuple[_Key, Limit] | None:
    """Read a row; None, with its faults among `found`, where something in it cannot be used."""
    matter, category, tier, stage, value, unit, mode = written
    before = len(found)
    for field, text, known in (
        ("tier", tier or "", ["", *TIERS]),
        ("stage", stage, list(Timed)),
        ("unit", unit, list(Unit)),
        ("mode", mode, list(Mode)),
    ):
        if text not in known:
            en = f"Row {row} has the {field} {text!r}; it must be one of {', '.join(filter(None, known))}."
            zh = f"第{row}行的{field}为{text!r},应为{'、'.join(filter(None, known))}之一。"
            found.append(_fault(f"limit_{field}", row, field, en, zh))
    number = str(value)
    if not (_WHOLE.fullmatch(number) and 1 <= int(number) <= LONGEST):
        en = f"Row {row} has the value {number!r}; write a whole number from 1 to {LONGEST}."
        zh = f"第{row}行的数值为{number!r},应为1至{LONGEST}的整数。"
        found.append(_fault("limit_value", row, "value", en, zh))
    if len(found) > before:
        return None
    key = (Mode(mode), matter or None, category or None, TIERS.get(tier or "", Tier.NONE), Timed(stage))
    return key, Limit(int(number), Unit(unit))


def _by_the_clock(limit: Limit) -> Limit:
    """Return the limit with work hours read as hours of the clock."""
    return Limit(limit.value, Unit.HOUR) if limit.unit is Unit.WORK_HOUR else limit


def _said(limit: Limit) -> str:
    return f"{limit.value} {limit.unit}"


def _fault(kind: str, row: int, field: str, en: str, zh: str) -> Finding:
    return Finding(kind=kind, severity=Severity.ERROR, en=en, zh=zh, row=row, field=field)
