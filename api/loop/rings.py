"""A place's own words for the loop: what its profile calls the stages, the steps of a call and the tiers, checked.

`[stages]` names a scheme that we know, or the rings of its own; `[tiers] names` says what a tier is called there (县 for 区).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from api.loop.labels import CALL_STEPS, SCHEMES, Label, Scheme, label
from api.loop.limits import TIERS
from api.loop.words import Stage, word
from api.who.caller import Tier
from gis.errors import InputError
from gis.finding import Finding, Severity, first_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from enum import Enum

    from api.loop.words import Event

STAGES: Mapping[str, Stage] = {word(stage): stage for stage in Stage}
_Member = TypeVar("_Member", bound=IntEnum)
LONGEST = 40
"""Characters of a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a place calls the stages (its rings), the steps of a call, and the tiers; what it does not name goes by our names.

    A place without rings has none: the canonical stages alone are shown.
    """

    profile: str | None = None
    rings: Mapping[Stage, Label] = field(default_factory=lambda: MappingProxyType({}))
    call: Mapping[Event, Label] = field(default_factory=lambda: MappingProxyType({}))
    tiers: Mapping[Tier, Label] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, member: Enum) -> Label:
        """Return what people of the place read for a tier or an event."""
        own: Mapping[Any, Label] = self.tiers if isinstance(member, Tier) else self.call
        return own.get(member) or label(member)


def words_from(stages: Mapping[str, Any] | None, tiers: Mapping[str, Any] | None, *, profile: str | None = None) -> Words:
    """Return the words that a profile's sections `[stages]` and `[tiers]` state.

    Raises
    ------
    InputError
        Everything in them that cannot be used.
    """
    found: list[Finding] = []
    rings, call = _rings(stages or {}, found), _call(stages or {}, found)
    names = _labels((tiers or {}).get("names", {}), TIERS, "tiers.names", found)
    command = (tiers or {}).get("command")
    if isinstance(command, list):
        for tier, name in names.items():
            if name.zh not in command:
                found.append(
                    _fault(f"tiers.names.{word(tier)}", f"{name.zh} is not one of command", f"“{name.zh}”不在 command 之列")
                )
    if found:
        raise InputError(f"The words cannot be used: {first_of(found)}", found)
    return Words(profile=profile, rings=rings, call=call, tiers=names)


def _rings(stages: Mapping[str, Any], found: list[Finding]) -> Mapping[Stage, Label]:
    if "rings" in stages and "scheme" in stages:
        found.append(_fault("stages.rings", "write a scheme or rings, not both", "scheme 与 rings 只写其一"))
    if "rings" in stages:
        own = _labels(stages["rings"], STAGES, "stages.rings", found)
        if not own:
            found.append(_fault("stages.rings", "names no ring", "未列任何环节"))
        order = sorted(own)
        called = [own[stage].zh for stage in order]
        for at, stage in enumerate(order):
            if called[at] in called[:at] and called[at - 1] != called[at]:
                name = f"stages.rings.{word(stage)}"
                found.append(_fault(name, "has the name of a ring that was left already", "与之前已结束的环节同名"))
        # Several stages may be one ring; it has one name in English too.
        ring = {name.zh: name for _, name in sorted(own.items(), reverse=True)}
        return {stage: ring[name.zh] for stage, name in own.items()}
    scheme = stages.get("scheme")
    if scheme is None:
        return {}
    known = [str(each) for each in Scheme]
    if scheme not in known:
        found.append(
            _fault(
                "stages.scheme",
                f"there is no such scheme; there are {', '.join(known)}",
                f"没有此方案；可用：{'、'.join(known)}",
            )
        )
        return {}
    return SCHEMES[Scheme(scheme)]


def _call(stages: Mapping[str, Any], found: list[Finding]) -> Mapping[Event, Label]:
    said = stages.get("call", [])
    texts = cast("list[object]", said) if isinstance(said, list) else []
    if not isinstance(said, list) or (texts and (len(texts) != len(CALL_STEPS) or not all(map(_is_name, texts)))):
        found.append(_fault("stages.call", f"names {len(CALL_STEPS)} steps, as texts", f"应列 {len(CALL_STEPS)} 个步骤的名称"))
        return {}
    return {event: Label(cast("str", text), usual.en) for (event, usual), text in zip(CALL_STEPS.items(), texts, strict=False)}


def _labels(said: object, known: Mapping[str, _Member], at: str, found: list[Finding]) -> dict[_Member, Label]:
    """Return names by member: each a text, or `zh` and `en`; without `en` our English name stands."""
    if not isinstance(said, dict):
        found.append(_fault(at, "must be a table of names", "应为名称表"))
        return {}
    made: dict[_Member, Label] = {}
    for name, value in cast("dict[str, object]", said).items():
        where = f"{at}.{name[:60]}"
        member = known.get(name)
        if member is None:
            found.append(_fault(where, f"is not known; there are {_listed(known)}", f"不是可用的名称；可用：{_listed(known)}"))
            continue
        both = cast("dict[str, object]", value) if isinstance(value, dict) else {"zh": value}
        if not {"zh"} <= both.keys() <= {"zh", "en"} or not all(map(_is_name, both.values())):
            found.append(
                _fault(
                    where,
                    f"must be a text of at most {LONGEST} characters, or zh and en",
                    f"应为不超过 {LONGEST} 字的文字，或 zh 与 en",
                )
            )
            continue
        made[member] = Label(cast("str", both["zh"]), cast("str", both.get("en", label(member).en)))
    return made


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value.strip()) > 0 and len(value) <= LONGEST and "\0" not in value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _fault(field_name: str, en: str, zh: str) -> Finding:
    return Finding(
        kind="place_words", severity=Severity.ERROR, en=f"{field_name}: {en}.", zh=f"{field_name}：{zh}。", field=field_name
    )
