"""A town's own numbers as data: what an area may say of how its loop goes, checked strictly, and the policy that follows.

An area says what it wants; what it leaves out holds as the area above it says, and at last as in a fresh installation.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from api.loop.duplicates import Nearness
from api.loop.facts import EVERY, Policy, Skip
from api.loop.words import word
from api.who.caller import ALL_CATEGORIES, Tier
from data.spelling import did_you_mean, listed
from gis.errors import InputError
from gis.finding import Finding, Severity, first_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NUMBERS: Mapping[str, tuple[int, int]] = {
    "archive_days": (1, 366),
    "reopen_days": (0, 366),
    "extensions": (0, 20),
    "tries": (1, 20),
    "returns": (0, 20),
    "sample_percent": (0, EVERY),
    "near_m": (1, 2000),
    "near_hours": (1, 8784),
}
"""The whole numbers that an area may say, each with the least and the most that it may be."""
INTAKES: Mapping[str, Tier] = {word(tier): tier for tier in (Tier.COMMUNITY, Tier.STREET)}
"""Whose desk reports may come to."""
HIGHEST: Mapping[str, Tier] = {word(tier): tier for tier in (Tier.STREET, Tier.DISTRICT)}
"""How high an incident may go at once."""
MOST_SKIPS = 100
LONGEST_CATEGORY = 60
NAMES = ("intake", *NUMBERS, "skips")
"""Everything that an area may say."""
_SKIP = ("category", "urgent_only", "highest")


def checked(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an area says, whole and in one order.

    Raises
    ------
    InputError
        Everything in it that nobody can mean, each with its field.
    """
    found = [*_unknown(said, NAMES, "")]
    for name, (least, most) in NUMBERS.items():
        value = said.get(name, least)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            found.append(_fault("policy_number", name, f"must be a whole number from {least} to {most}",
                                f"应为 {least} 至 {most} 的整数"))  # fmt: skip
    if "intake" in said and said["intake"] not in list(INTAKES):
        found.append(_no_word("intake", INTAKES))
    skips = said.get("skips", [])
    if not isinstance(skips, list) or len(cast("list[object]", skips)) > MOST_SKIPS:
        found.append(
            _fault("policy_skips", "skips", f"must be a list of at most {MOST_SKIPS}", f"应为不超过 {MOST_SKIPS} 项的列表")
        )
    else:
        for number, each in enumerate(cast("list[object]", skips)):
            found += _skip_faults(each, f"skips.{number}.")
    if found:
        raise InputError(f"The policy cannot be used: {first_of(found)}", found)
    whole = {name: said[name] for name in NAMES if name in said}
    return whole | ({"skips": [_whole_skip(each) for each in said["skips"]]} if "skips" in said else {})


def policy_of(said: Iterable[Mapping[str, Any]]) -> Policy:
    """Return the policy that follows from what areas say (`checked`), the highest first; the nearest has the last word."""
    whole = as_json(Policy())
    for each in said:
        whole |= each
    return Policy(
        intake=INTAKES[whole["intake"]],
        archive_after=timedelta(days=whole["archive_days"]),
        reopen_within=timedelta(days=whole["reopen_days"]),
        extensions=whole["extensions"],
        tries=whole["tries"],
        returns_per_org=whole["returns"],
        sample_percent=whole["sample_percent"],
        skips=tuple(replace(Skip(**each), highest=HIGHEST[each["highest"]]) for each in whole["skips"]),
        nearness=Nearness(metres=float(whole["near_m"]), time=timedelta(hours=whole["near_hours"])),
    )


def as_json(policy: Policy) -> dict[str, Any]:
    """Return a policy as areas say it, with everything that it says."""
    return {
        "intake": word(policy.intake),
        "archive_days": policy.archive_after.days,
        "reopen_days": policy.reopen_within.days,
        "extensions": policy.extensions,
        "tries": policy.tries,
        "returns": policy.returns_per_org,
        "sample_percent": policy.sample_percent,
        "near_m": int(policy.nearness.metres),
        "near_hours": policy.nearness.time // timedelta(hours=1),
        "skips": [
            {"category": each.category, "urgent_only": each.urgent_only, "highest": word(each.highest)} for each in policy.skips
        ],
    }


def is_drawn(no: str, percent: int) -> bool:
    """Say whether an incident is in the sample that somebody checks, by its number: every server draws the same."""
    return int.from_bytes(sha256(no.encode()).digest()[:8]) % EVERY < percent


def _whole_skip(said: Mapping[str, Any]) -> dict[str, Any]:
    usual = Skip()
    return {"category": usual.category, "urgent_only": usual.urgent_only, "highest": word(usual.highest)} | dict(said)


def _skip_faults(said: object, at: str) -> list[Finding]:
    if not isinstance(said, dict):
        return [_fault("policy_skips", at.rstrip("."), "must be an object", "应为对象")]
    rule = cast("dict[str, Any]", said)
    found = _unknown(rule, _SKIP, at)
    category = rule.get("category", ALL_CATEGORIES)
    if not isinstance(category, str) or not category or len(category) > LONGEST_CATEGORY or "\0" in category:
        found.append(_fault("policy_category", f"{at}category", f"must be a text of at most {LONGEST_CATEGORY} characters",
                            f"应为不超过 {LONGEST_CATEGORY} 字的文字"))  # fmt: skip
    if not isinstance(rule.get("urgent_only", True), bool):
        found.append(_fault("policy_flag", f"{at}urgent_only", "must be true or false", "应为 true 或 false"))
    if "highest" in rule and rule["highest"] not in list(HIGHEST):
        found.append(_no_word(f"{at}highest", HIGHEST))
    return found


def _unknown(said: Mapping[str, Any], known: tuple[str, ...], at: str) -> list[Finding]:
    found: list[Finding] = []
    for name in said:
        if name not in known:
            hint, short = did_you_mean(name[:60], known), f"{at}{name[:60]}"
            en = f"is not known{hint['hint']}; there are {listed(known, 20)}"
            zh = f"不是可用的字段{hint['hint_zh']}；可用的有：{listed(known, 20)}"
            found.append(_fault("policy_unknown", short, en, zh))
    return found


def _no_word(name: str, words: Iterable[str]) -> Finding:
    return _fault("policy_word", name, f"must be one of {', '.join(words)}", f"应为 {'、'.join(words)} 之一")


def _fault(kind: str, field: str, en: str, zh: str) -> Finding:
    return Finding(kind=kind, severity=Severity.ERROR, en=f"{field} {en}.", zh=f"{field} {zh}。", field=field)
