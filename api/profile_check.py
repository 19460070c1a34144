"""What a profile says, looked at with the eyes of those who act on it: words that nobody knows are faults, all at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from api.duty.roles import DUTY_WORDS, DutyRole
from api.loop.order import variant_from
from api.loop.policy import checked
from api.loop.rings import words_from
from api.loop.words import Mediation, Triage
from api.matters.admission import ASPECTS, ExitKind
from api.rounds.duty import duty_from
from api.rounds.visit import Delivery, Reason
from api.who.workspace import PLATFORM
from gis.errors import InputError, RulesError
from gis.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from data.profile import Profile

FACILITIES: Mapping[str, str] = {
    "desk": "has_desk", "talk_room": "has_room", "convenience_cabinet": "has_cabinet", "grid_map": "has_map",
}  # fmt: skip
"""The four ones of a station, as profiles call them and as the store does."""
_WORDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("triage", "classes"): tuple(Triage),
    ("triage", "mediation"): tuple(Mediation),
    ("duty_roles", "names"): tuple(DUTY_WORDS),
    ("stations", "facilities"): tuple(FACILITIES),
    ("admission", "aspects"): tuple(ASPECTS.values()),
    ("admission", "exits"): tuple(ExitKind),
    ("tiers", "platform"): PLATFORM,
    ("budget", "role"): tuple(DutyRole),
    ("visits", "deliveries"): tuple(Delivery),
}
"""The keys whose words are ours: the service acts on these words, and on no others."""
UNREAD: Mapping[str, tuple[str, ...]] = {
    "tiers": ("management", "boards"),
}
"""What nothing in the service acts on, section by section: it is there for people to read."""
LISTS = 5
"""How many lists a place has (api/v1/lists.py)."""
LATEST_DAYS = 366
CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What a place may call a duty."""


def faults(profile: Profile) -> list[Finding]:
    """Return everything in a profile that the service could not act on."""
    found: list[Finding] = []
    says = profile.says
    loop = _plain(says.get("loop", {}))
    found += _gathered("loop", lambda: checked(loop))
    found += _gathered("", lambda: words_from(says.get("stages"), says.get("tiers")))
    for (section, key), known in _WORDS.items():
        said = cast("Mapping[str, Any]", says.get(section, {})).get(key, ())
        unknown = [each for each in ([said] if isinstance(said, str) else list(said)) if each not in known]
        if unknown:
            found.append(_unknown(f"{section}.{key}", unknown, known))
    found += _variant(says.get("orders", {}))
    found += _visits(says.get("visits", {}))
    found += _duties(cast("list[Mapping[str, Any]]", says.get("duties", [])))
    if len(names := cast("Mapping[str, Any]", says.get("lists", {})).get("names", ())) not in {0, LISTS}:
        found.append(
            _fault("lists.names", f"has {len(names)} names for {LISTS} lists", f"共{LISTS}张清单，写了{len(names)}个名称")
        )
    return found


def document_only(profile: Profile) -> tuple[str, ...]:
    """Return the keys of a profile that nothing in the service acts on, with their sections."""
    return tuple(f"{section}.{key}" for section, keys in UNREAD.items() for key in keys if key in profile.says.get(section, {}))


def _visits(said: Mapping[str, Any]) -> Iterator[Finding]:
    for number, each in enumerate(cast("list[Mapping[str, Any]]", said.get("triggers", []))):
        if each["reason"] not in tuple(Reason):
            yield _unknown(f"visits.triggers.{number}.reason", [each["reason"]], tuple(Reason))
        if each["within_days"] > LATEST_DAYS:
            at = f"visits.triggers.{number}.within_days"
            yield _fault(at, f"must be {LATEST_DAYS} at most", f"不超过{LATEST_DAYS}")


def _duties(said: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    codes: set[str] = set()
    for number, each in enumerate(said):
        at = f"duties.{number}."
        code = each.get("code")
        if not isinstance(code, str) or not CODE.fullmatch(code):
            yield _fault(f"{at}code", "must be a word of small letters, digits and _", "应由小写字母、数字与 _ 组成")
        elif code in codes:
            yield _fault(f"{at}code", "stands there twice", "有重复的代码")
        else:
            codes.add(code)
        duty = {name: value for name, value in each.items() if name not in {"code", "assumption", "assumptions"}}
        yield from _gathered("", lambda duty=duty, at=at: duty_from(duty, at))


def _variant(said: Mapping[str, Any]) -> Iterator[Finding]:
    if "steps" not in said:
        return
    if "variant" not in said:
        yield _fault("orders.variant", "is missing: steps are those of a variant with a name", "缺失：有 steps 就须有名称")
        return
    try:
        variant_from(said["variant"], said["steps"])
    except RulesError as error:
        yield _fault("orders.steps", f"cannot be used: {error}", f"不可用：{error}")


def _gathered(section: str, read: Callable[[], object]) -> Iterable[Finding]:
    try:
        read()
    except InputError as error:
        at = f"{section}." if section else ""
        return [
            Finding(kind=each.kind, severity=each.severity, en=f"{at}{each.en}", zh=f"{at}{each.zh}", field=f"{at}{each.field}")
            for each in error.findings
        ]
    return ()


def _plain(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in {"assumption", "assumptions"}}


def _unknown(field: str, unknown: list[str], known: Iterable[str]) -> Finding:
    names = ", ".join(map(str, unknown))
    return _fault(
        field,
        f"has {names}, which are no words; there are {', '.join(known)}",
        f"有未知的词：{names}；可用：{'、'.join(known)}",
    )


def _fault(field: str, en: str, zh: str) -> Finding:
    return Finding(kind="profile_word", severity=Severity.ERROR, en=f"{field} {en}.", zh=f"{field} {zh}。", field=field)
