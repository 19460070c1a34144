"""Which decisions a matter may get, and what an admission asks of it: rules, without a store and without a clock.

A matter is proposed, then admitted or refused; what is admitted exits. What was refused or has exited may be proposed anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from gis.errors import Conflict, InputError, Refused
from gis.finding import Finding, Severity, first_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Status(StrEnum):
    """Where a matter stands."""

    PROPOSED = "proposed"
    ADMITTED = "admitted"
    REFUSED = "refused"
    EXITED = "exited"


class Action(StrEnum):
    """What is decided about a matter."""

    ADMIT = "admit"
    REFUSE = "refuse"
    EXIT = "exit"


class Reason(StrEnum):
    """Why a matter is refused, or exits.

    It is an expert's work, beyond what a community can do by itself, no duty of a grid's, or beyond what its workers can do.
    """

    TOO_SPECIALISED = "too_specialised"
    BEYOND_SELF_GOVERNANCE = "beyond_self_governance"
    NOT_GRID_DUTY = "not_grid_duty"
    BEYOND_WORKER_ABILITY = "beyond_worker_ability"


class ExitKind(StrEnum):
    """What it is that exits: an affair, or a certificate, a plaque, a stamp, a ledger that was asked for."""

    AFFAIR = "affair"
    CERTIFICATE = "certificate"
    PLAQUE = "plaque"
    STAMP = "stamp"
    LEDGER = "ledger"


ASPECTS: Mapping[str, str] = MappingProxyType(
    {"management": "准入管理", "procedure": "准入程序", "funding": "经费保障", "assessment": "考核监督"}
)
"""What an admission looks at, with the words of the regulations."""

STEPS: Mapping[tuple[Status, Action], Status] = MappingProxyType(
    {
        (Status.PROPOSED, Action.ADMIT): Status.ADMITTED,
        (Status.PROPOSED, Action.REFUSE): Status.REFUSED,
        (Status.ADMITTED, Action.EXIT): Status.EXITED,
    }
)
"""Where each decision leads from where."""

HANDLING = frozenset(
    {
        *("name", "board", "department", "co_departments", "limit"),
        *("filing_condition", "closing_condition", "standard", "batch"),
    }
)
"""What may be changed of a matter that is admitted: how it is handled. The rest was looked at, and has to exit first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What a decision looks at in a matter; `authors` are the ids of those who have written the proposal."""

    code: str
    status: Status
    is_enforcement: bool
    is_industry_supervision: bool
    power_delegated: bool
    funding: str
    authors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What somebody decides. `kind` is for an exit, `aspects` (texts by the words of `ASPECTS`) are for an admission."""

    action: Action
    reason: Reason | None = None
    kind: ExitKind | None = None
    comment: str = ""
    aspects: Mapping[str, str] = field(default_factory=dict[str, str])


def judge(candidates: Sequence[Candidate], verdict: Verdict, *, approver: str) -> None:
    """Raise unless `approver` may decide this about every one of the matters.

    Raises
    ------
    Conflict
        Some are not at the step that the decision is about: `codes` names them.
    Refused
        The approver would admit what they have proposed themselves.
    InputError
        What is missing, of the decision and of every matter, at once.
    """
    astray = [each for each in candidates if (each.status, verdict.action) not in STEPS]
    if astray:
        first = astray[0]
        allowed = sorted(action for status, action in STEPS if status is first.status)
        raise Conflict(
            f"{first.code} is {first.status}: to {verdict.action} is not the next step",
            code="illegal-transition",
            codes=[each.code for each in astray],
            allowed=allowed,
        )
    if verdict.action is Action.ADMIT and (own := [each.code for each in candidates if approver in each.authors]):
        raise Refused("nobody admits what they have proposed themselves", code="self-approval", codes=own)
    found = [*_of_verdict(verdict), *(fault for each in candidates for fault in _of_matter(each, verdict.action))]
    if found:
        raise InputError(f"This cannot be decided: {first_of(found)}", found)


def _of_verdict(verdict: Verdict) -> Iterator[Finding]:
    """Give what a decision lacks, and what does not belong to it."""
    admits, exits = verdict.action is Action.ADMIT, verdict.action is Action.EXIT
    if not admits and verdict.reason is None:
        words = ", ".join(Reason)
        yield _fault("decision_reason", "reason", f"Say why, by one of {words}.", f"请从{words}中选择原因。")
    if admits and verdict.reason is not None:
        yield _fault("decision_reason", "reason", "An admission has no reason of these.", "准入不填退出原因。")
    if not exits and verdict.kind is not None:
        yield _fault("decision_kind", "kind", "Only what exits is of a kind.", "只有退出才填退出类别。")
    for aspect, zh in ASPECTS.items():
        if admits and not verdict.aspects.get(aspect, "").strip():
            en = f"The admission says nothing about its aspect {aspect}; fill it in."
            yield _fault("decision_aspect", f"aspects.{aspect}", en, f"准入意见缺少“{zh}”，请填写。")
    for aspect in sorted(verdict.aspects.keys() - (ASPECTS.keys() if admits else ())):
        words = ", ".join(ASPECTS) if admits else "none"
        en = f"There is no aspect {aspect} of this decision; it has {words}."
        yield _fault("decision_aspect", f"aspects.{aspect}", en, f"该决定没有“{aspect}”这一方面。")


def _of_matter(matter: Candidate, action: Action) -> Iterator[Finding]:
    """Give what keeps a matter from being admitted."""
    if action is not Action.ADMIT:
        return
    code = matter.code
    for flag, name, en, zh in (
        (matter.is_enforcement, "is_enforcement", "is enforcement of the law", "属行政执法事项"),
        (matter.is_industry_supervision, "is_industry_supervision", "is supervision of a trade", "属行业监管事项"),
    ):
        if flag:
            said = f"{code} {en}, which no grid takes on; refuse it."
            yield _fault("matter_not_for_grids", name, said, f"{code}{zh}，不得下沉网格，应不予准入。", code)
    if not matter.power_delegated:
        said = f"{code} comes without the power to do it; have it delegated first."
        yield _fault("matter_without_power", "power_delegated", said, f"{code}未下放相应权限，应权随责走。", code)
    if not matter.funding.strip():
        said = f"{code} comes without funds; say who pays for it."
        yield _fault("matter_without_funding", "funding", said, f"{code}未落实经费，应费随事转。", code)


def _fault(kind: str, field: str, en: str, zh: str, subject: str | None = None) -> Finding:
    return Finding(kind=kind, severity=Severity.ERROR, en=en, zh=zh, field=field, subject=subject)
