"""How each field that comes with a step is asked for on the desk: its kind, and the words to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.loop.words import (
    EscalateReason,
    Event,
    Finding,
    HandOverReason,
    Mediation,
    Mode,
    Outcome,
    RejectReason,
    ReturnReason,
    Satisfaction,
    Supervision,
    Triage,
    word,
)
from api.who.caller import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

CHOICES: Mapping[str, tuple[str, ...]] = {
    "triage": (Triage.GOVERNMENT, Triage.CONSULTATION),
    "finding": tuple(Finding),
    "reject": tuple(RejectReason),
    "escalate": tuple(each for each in EscalateReason if each is not EscalateReason.OVERDUE),
    "return": tuple(ReturnReason),
    "hand_over": tuple(HandOverReason),
    "outcome": tuple(Outcome),
    "mediation": tuple(Mediation),
    "satisfaction": tuple(Satisfaction),
    "tier": tuple(word(each) for each in Tier if each is not Tier.NONE),
    "supervision": tuple(word(each) for each in Supervision if each is not Supervision.NONE),
}
"""Lists of words by their family; what each is called stands among the page's words as `family.word`."""
FAMILIES: Mapping[str, type[StrEnum]] = {
    "triage": Triage, "finding": Finding, "reject": RejectReason, "escalate": EscalateReason, "return": ReturnReason,
    "hand_over": HandOverReason, "outcome": Outcome, "mediation": Mediation, "satisfaction": Satisfaction, "mode": Mode,
}  # fmt: skip
"""The lists whose words are texts."""

MADE_BY_HAND = frozenset({
    "prose", "moment", "flag", "party", "worker", "matter", "master", "evidence", "departments", "ratings", "scores",
})  # fmt: skip
"""Kinds of fields that are no choice of words: the page's script has a control for each (`desk_fields.js`)."""

USUAL: Mapping[str, str] = {
    "text": "prose", "reason": "prose", "summary": "prose", "answer": "prose", "deliberation": "prose", "result": "prose",
    "until": "moment", "urgent": "flag", "on_the_spot": "flag", "to": "party", "worker": "worker", "matter": "matter",
    "master": "master", "tier": "tier", "to_tier": "tier", "level": "supervision", "triage": "triage", "outcome": "outcome",
    "mediation": "mediation", "evidence": "evidence", "departments": "departments", "ratings": "ratings", "scores": "scores",
}  # fmt: skip
"""The kind of a field, wherever it comes."""
OTHERWISE: Mapping[tuple[Event, str], str] = {
    (Event.VERIFIED, "result"): "finding",
    (Event.REJECT, "reason"): "reject",
    (Event.RETURN, "reason"): "return",
    (Event.ESCALATE, "reason"): "escalate",
    (Event.HAND_OVER, "reason"): "hand_over",
    (Event.FEEDBACK, "result"): "satisfaction",
}
"""Where a field of that name is of another kind."""


def kind_of(event: Event, field: str) -> str:
    """Return the kind of a field of an event: a family of `CHOICES`, or how it is written; `KeyError` where nobody has said."""
    return OTHERWISE.get((event, field)) or USUAL[field]
