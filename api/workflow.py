"""The approval of a plan: which step follows which, at whose tier, and who may take it.

    draft ─validate► validated ─submit► submitted ─street_review► street_reviewed ─district_approve► district_approved
    校核               村居提报             街道初审                    区级核准
    district_approved ─notice► noticed ─put_in_force► effective ─file► filed            (notice may be left out)
                       公示               生效                    备案
    reject, with a reason, by whoever could take the next step: back to a draft, as a new version
    withdraw, by its author, before anybody has reviewed it

A plan may cover several communities. A step is made when every area of its tier has decided: each community submits, each
street reviews, each district approves. Nobody decides twice in one version at different tiers, and no author reviews.

Nothing here asks a store or a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.who.caller import Right
from gis.errors import Conflict, ParameterError, Refused

if TYPE_CHECKING:
    from api.who.caller import Caller

DRAFT, VALIDATED, SUBMITTED, STREET_REVIEWED = "draft", "validated", "submitted", "street_reviewed"
DISTRICT_APPROVED, NOTICED, EFFECTIVE, FILED = "district_approved", "noticed", "effective", "filed"
SUPERSEDED, WITHDRAWN = "superseded", "withdrawn"

PASS, REJECT = "pass", "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: from which states it may be taken, at which tier (None: by whoever edits), what it leads to."""

    name: str
    right: Right
    tier: str | None
    takes: tuple[str, ...]
    gives: str


STEPS = (
    Step(name="validate", right=Right.EDIT_PLAN, tier=None, takes=(DRAFT,), gives=VALIDATED),
    Step(name="submit", right=Right.SUBMIT, tier="community", takes=(VALIDATED,), gives=SUBMITTED),
    Step(name="street_review", right=Right.STREET_REVIEW, tier="street", takes=(SUBMITTED,), gives=STREET_REVIEWED),
    Step(
        name="district_approve",
        right=Right.DISTRICT_APPROVE,
        tier="district",
        takes=(STREET_REVIEWED,),
        gives=DISTRICT_APPROVED,
    ),
    Step(name="notice", right=Right.NOTICE, tier="district", takes=(DISTRICT_APPROVED,), gives=NOTICED),
    Step(name="put_in_force", right=Right.PUT_IN_FORCE, tier="district", takes=(DISTRICT_APPROVED, NOTICED), gives=EFFECTIVE),
    Step(name="file", right=Right.FILE, tier="district", takes=(EFFECTIVE,), gives=FILED),
)
BY_NAME = {step.name: step for step in STEPS}
APPROVING = ("submit", "street_review", "district_approve")
"""Steps of which nobody takes two in one version."""
REJECTS = {
    SUBMITTED: "street_review",
    STREET_REVIEWED: "district_approve",
    DISTRICT_APPROVED: "put_in_force",
    NOTICED: "put_in_force",
}
"""In which state a plan can be rejected, and by whom: whoever could take this step."""
WITHDRAWS = (DRAFT, VALIDATED, SUBMITTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An area that has to decide: `path` as the store knows it."""

    id: int
    path: str
    code: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision that was made in the plan's current version."""

    step: str
    verdict: str
    area: int
    actor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a plan stands: its state, its author, the areas it concerns at every tier, and what was decided in this version."""

    state: str
    author: str | None
    places: tuple[Place, ...]
    decided: tuple[Decided, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What follows from a step: the areas that have decided by it, and the state that the plan is in now."""

    step: str
    verdict: str
    areas: tuple[Place, ...]
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A transition that a caller may take now, and what it asks for."""

    action: str
    requires: tuple[str, ...]


def offers(plan: Standing, caller: Caller) -> tuple[Offer, ...]:
    """Return what the caller may do with the plan now."""
    found = [
        Offer(action=step.name, requires=("effective_from",) if step.name == "put_in_force" else ())
        for step in STEPS
        if _possible(plan, step, caller)
    ]
    if plan.state in REJECTS and _may_reject(plan, caller):
        found.append(Offer(action="reject", requires=("comment",)))
    if plan.state in WITHDRAWS and _is_author(plan, caller):
        found.append(Offer(action="withdraw", requires=()))
    return tuple(found)


def take(plan: Standing, action: str, caller: Caller, *, comment: str = "") -> Taken:
    """Return what follows when `caller` does `action`.

    Raises
    ------
    Conflict
        The plan's state does not allow it, or it has been done already; `allowed` says what can be done.
    Refused
        The caller's tier or area is another, or they have already decided at another tier, or wrote the plan.
    ParameterError
        A rejection without a reason.
    """
    if action == "reject":
        return _reject(plan, caller, comment)
    if action == "withdraw":
        return _withdraw(plan, caller)
    step = BY_NAME.get(action)
    if step is None:
        raise ParameterError("action", f"there is no action {action!r}; there are {', '.join(BY_NAME)}, reject, withdraw")
    if plan.state not in step.takes:
        raise _illegal(plan, action, caller)
    return _pass(plan, step, caller)


def _pass(plan: Standing, step: Step, caller: Caller) -> Taken:
    """Return what follows from a step that the state allows."""
    mine = _mine(plan, step, caller)
    done = {d.area for d in plan.decided if d.step == step.name}
    fresh = tuple(place for place in mine if place.id not in done)
    if step.tier is not None and not fresh:
        raise Conflict("this has been decided for your areas already", code="already-decided")
    left = {place.id for place in _places(plan, step)} - done - {place.id for place in fresh}
    return Taken(step=step.name, verdict=PASS, areas=fresh, state=plan.state if left else step.gives)


def _reject(plan: Standing, caller: Caller, comment: str) -> Taken:
    if plan.state not in REJECTS:
        raise _illegal(plan, "reject", caller)
    step = _as_if_open(plan)
    mine = _mine(plan, step, caller)
    if not comment.strip():
        raise ParameterError("comment", "a rejection needs a reason", code="reason-required")
    return Taken(step=step.name, verdict=REJECT, areas=mine[:1], state=DRAFT)


def _may_reject(plan: Standing, caller: Caller) -> bool:
    try:
        _mine(plan, _as_if_open(plan), caller)
    except Refused:
        return False
    return True


def _withdraw(plan: Standing, caller: Caller) -> Taken:
    if plan.state not in WITHDRAWS:
        raise _illegal(plan, "withdraw", caller)
    if not _is_author(plan, caller):
        raise Refused("only its author withdraws a plan", code="not-the-author")
    return Taken(step="withdraw", verdict=PASS, areas=(), state=WITHDRAWN)


def _as_if_open(plan: Standing) -> Step:
    """Return the step whose taker may reject in this state."""
    return BY_NAME[REJECTS[plan.state]]


def _places(plan: Standing, step: Step) -> tuple[Place, ...]:
    return tuple(place for place in plan.places if place.level == (step.tier or "community"))


def _mine(plan: Standing, step: Step, caller: Caller) -> tuple[Place, ...]:
    """Return the areas that the caller decides for in this step, or say why there are none."""
    places = _places(plan, step)
    mine = tuple(place for place in places if caller.may(step.right, place.path))
    if not mine:
        if any(caller.may(other.right, place.path) for other in STEPS for place in plan.places if other.tier):
            raise Refused(f"{step.name} is for the {step.tier} of this plan; your tier is another", code="wrong-tier")
        raise Refused("this plan lies outside your areas, or your role does not decide on plans", code="scope-denied")
    if step.tier is None and len(mine) < len(places):
        raise Refused("parts of this plan lie outside your areas", code="scope-denied")
    if step.name in APPROVING:
        others = {d.step for d in plan.decided if d.actor == caller.person_id and d.step in APPROVING} - {step.name}
        if others:
            raise Refused(f"you have already decided at another tier ({', '.join(sorted(others))})", code="self-approval")
        if step.name != "submit" and _is_author(plan, caller):
            raise Refused("nobody approves a plan of their own", code="self-approval")
    return mine


def _possible(plan: Standing, step: Step, caller: Caller) -> bool:
    if plan.state not in step.takes:
        return False
    try:
        _pass(plan, step, caller)
    except (Conflict, Refused):
        return False
    return True


def _is_author(plan: Standing, caller: Caller) -> bool:
    return plan.author is not None and plan.author == caller.person_id


def _illegal(plan: Standing, action: str, caller: Caller) -> Conflict:
    allowed = [offer.action for offer in offers(plan, caller)]
    return Conflict(
        f"a plan that is {plan.state} cannot {action}", code="illegal-transition", state=plan.state, allowed=allowed
    )
