"""The form of a profile: which keys each section has, and what each of them is. What a word means is judged where it is used.

Whatever does not fit is a fault that names the profile, the section and the key; all of them come at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

from data.spelling import did_you_mean, listed
from gis.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Fault: TypeAlias = tuple[str, str, str]
    Check: TypeAlias = Callable[[object, str], Iterator[Fault]]

LONGEST = 4000
"""Characters of a text."""


def text(value: object, at: str) -> Iterator[Fault]:
    """Yield what keeps a value from being a text."""
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST or "\0" in value:
        yield at, "must be a text", "应为文字"


def texts(value: object, at: str) -> Iterator[Fault]:
    """Yield what keeps a value from being a list of texts, each once."""
    several = cast("list[object]", value) if isinstance(value, list) else []
    if not several or any(True for each in several for _ in text(each, at)):
        yield at, "must be a list of texts", "应为文字列表"
    elif len(set(cast("list[str]", several))) < len(several):
        yield at, "names something twice", "有重复的项"


def count(value: object, at: str) -> Iterator[Fault]:
    """Yield what keeps a value from being a whole number from 0."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**15:
        yield at, "must be a whole number from 0", "应为从 0 起的整数"


def amount(value: object, at: str) -> Iterator[Fault]:
    """Yield what keeps a value from being a number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10**9:
        yield at, "must be a number above 0", "应为大于 0 的数"


def table(value: object, at: str) -> Iterator[Fault]:
    """Yield what keeps a value from being a table; what is in it is judged by whoever reads it."""
    if not isinstance(value, dict):
        yield at, "must be a table", "应为表"


def tables(value: object, at: str) -> Iterator[Fault]:
    """Yield what keeps a value from being a list of tables; what is in them is judged by whoever reads them."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in cast("list[object]", value)):
        yield at, "must be a list of tables", "应为表的列表"


def anything(_value: object, _at: str) -> Iterator[Fault]:
    """Yield nothing: whoever reads it judges."""
    yield from ()


def counts(value: object, at: str) -> Iterator[Fault]:
    """Yield what keeps a value from being a table of whole numbers."""
    yield from table(value, at)
    if isinstance(value, dict):
        for name, each in cast("dict[str, object]", value).items():
            yield from count(each, f"{at}.{name[:60]}")


def rows(keys: Mapping[str, Check]) -> Check:
    """Return the check of a list of tables that have these keys, all of them."""

    def check(value: object, at: str) -> Iterator[Fault]:
        yield from tables(value, at)
        for number, each in enumerate(cast("list[object]", value) if isinstance(value, list) else []):
            if isinstance(each, dict):
                one = cast("dict[str, object]", each)
                yield from _keys(one, keys, f"{at}.{number}")
                for name in keys.keys() - one.keys():
                    yield f"{at}.{number}.{name}", "is missing", "缺失"

    return check


SECTIONS: Mapping[str, Mapping[str, Check] | None] = {
    "tiers": {"platform": texts, "command": texts, "management": count, "boards": texts, "names": table},
    "stages": {"scheme": text, "rings": table, "call": texts},
    "loop": {
        "intake": text, "archive_days": count, "reopen_days": count, "extensions": count, "tries": count, "returns": count,
        "sample_percent": count, "near_m": count, "near_hours": count, "skips": tables,
    },
    "size": {
        "measure": text, "minimum": count, "target": count, "maximum": count, "minimum_persons": count,
        "target_persons": count, "maximum_persons": count,
    },
    "staffing": None,  # a list of rules, which api/duty reads strictly
    "duties": None,  # a list of duties, which api/rounds/duty.py reads strictly
    "visits": {
        "triggers": rows({"category": text, "reason": text, "within_days": count}), "deliveries": texts,
    },
    "cadence": {"patrol_minutes": count, "key_incident": text, "key_group": text, "household": text, "half_year": text},
    "lists": {"names": texts, "public": count, "self_governance": count, "paid": count},
    "matters": {"departments": count, "matters": count},
    "assessment": {"raters": texts, "dimensions": tables, "targets": texts},
    "orders": {"variant": text, "steps": rows({"step": text, "by": text})},
    "triage": {"classes": texts, "mediation": texts},
    "stations": {"name": text, "count": count, "facilities": texts},
    "forces": {"kinds": rows({"kind": text, "zh": text, "en": text})},
    "budget": {"yuan": count, "role": text},
    "duty_roles": {"names": texts},
    "legacy": {"departments": texts},
    "admission": {"aspects": texts, "exits": counts},
    "party": {"branches": count, "groups": count},
    "facilities": {"street_m2": amount, "community_m2_per_100_households": amount},
    "circle": {"minutes": amount, "metres_a_minute": amount, "detour": amount},
    "fixture": {
        "frame": text, "origin": anything, "seed": count, "residential": count, "dedicated": count, "subtypes": texts,
        "households": anything, "persons": count, "undersized": count, "staff": counts, "stations": count, "earlier": counts,
        "pairs": anything, "departments": count, "matters": count, "lists": counts, "disputes": counts, "orders": counts,
        "party": counts, "districts": tables,
    },
}  # fmt: skip
"""What a profile may say. `assumption` and `assumptions` may stand in every table."""
_ASSUMED: Mapping[str, Check] = {"assumption": text, "assumptions": texts}


def faults(profile: str, said: Mapping[str, Any], beside: Sequence[str]) -> list[Finding]:
    """Return everything in a profile that does not fit the form; `beside` are the keys that stand beside its sections."""
    found: list[Finding] = []
    for section in sorted(said.keys() - SECTIONS.keys() - set(beside)):
        hint, short = did_you_mean(section, SECTIONS), section[:60]
        en = f"{profile} has no section {short!r}{hint['hint']}; there are {', '.join(sorted(SECTIONS))}."
        zh = f"{profile}中没有{short!r}一节{hint['hint_zh']}；可用：{'、'.join(sorted(SECTIONS))}。"
        found.append(Finding(kind="profile_section", severity=Severity.ERROR, en=en, zh=zh, field=short))
    for section, keys in SECTIONS.items():
        if section not in said:
            continue
        value = said[section]
        if keys is None:
            wrong = tables(value, section)
        elif isinstance(value, dict):
            wrong = _keys(cast("dict[str, object]", value), {**keys, **_ASSUMED}, section)
        else:
            wrong = table(value, section)
        for field, what, zh_what in wrong:
            en, zh = f"{profile}: [{section}] {field} {what}.", f"{profile}：[{section}] {field} {zh_what}。"
            found.append(Finding(kind="profile_key", severity=Severity.ERROR, en=en, zh=zh, field=field))
    return found


def _keys(said: Mapping[str, object], keys: Mapping[str, Check], at: str) -> Iterator[Fault]:
    for name, value in said.items():
        if name in keys:
            yield from keys[name](value, f"{at}.{name}")
        else:
            hint = did_you_mean(name, keys)
            known = listed([key for key in keys if key not in _ASSUMED], 30)
            yield (
                f"{at}.{name[:60]}",
                f"is no key{hint['hint']}; there are {known}",
                f"不是可用的键{hint['hint_zh']}；可用：{known}",
            )
