"""What somebody may do with an incident now, and what follows when they do it.

A step is taken in this order: does the state allow it, is it theirs, does the incident allow it, does the payload say what it
has to. Everything before the payload is asked for offers too, so what is offered is what can be taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from api.loop.facts import Facts, Policy
from api.loop.labels import label
from api.loop.payload import Payload, party_json
from api.loop.record import DUE_AT, OWNER, STAGE_DUE_AT, Record, written
from api.loop.replay import follow
from api.loop.settle import Asked
from api.loop.steps import BY_EVENT, STEPS
from api.loop.who import permit
from api.loop.words import FINAL, Event, State, Triage
from gis.errors import Conflict, ParameterError, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from api.loop.facts import Matter
    from api.loop.incident import Actor, Org, Standing
    from api.loop.settle import Move
    from api.loop.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What somebody wants to happen, and what they say with it: JSON values."""

    event: Event
    payload: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def named(cls, event: str, payload: Mapping[str, Any]) -> Act:
        """Return an act by the event's word; raises `ParameterError` where there is none."""
        if event not in {str(each) for each in Event}:
            msg = f"there is no event {event!r}; there are {', '.join(Event)}"
            raise ParameterError("event", msg, code="unknown-event", zh=f"没有步骤“{event}”；可填：{'、'.join(Event)}")
        return cls(event=Event(event), payload=payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What follows from an act: where the incident stands now, and the record that says so."""

    standing: Standing
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An event that somebody may cause now: the fields that it needs, those that it may have, and what is proposed for them."""

    event: Event
    requires: tuple[str, ...]
    allows: tuple[str, ...]
    proposes: Mapping[str, Any]


_DEFAULT = Policy()


def offers(
    standing: Standing, actor: Actor, at: datetime, policy: Policy = _DEFAULT, matter: Matter | None = None
) -> tuple[Offer, ...]:
    """Return what the actor may do with the incident at this moment.

    `matter` is what the catalogue says of the incident's: those who work on it together are proposed to be called together.
    """
    return tuple(_offer(standing, step, matter) for step in STEPS if _possible(standing, step, actor, at, policy))


def take(standing: Standing, act: Act, actor: Actor, at: datetime, facts: Facts | None = None) -> Taken:
    """Return what follows when `actor` does `act` at `at`.

    Raises
    ------
    Conflict
        The incident does not allow it now; `illegal-transition` says what the actor may do instead.
    Refused
        It is not theirs to do.
    ParameterError
        A field is missing, wrong or unknown, or names what is not in `facts`.
    """
    facts = facts or Facts()
    step = BY_EVENT[act.event]
    org = _permitted(standing, step, actor, at, facts.policy)
    said = Payload(act.payload)
    said.only(frozenset(step.requires + step.allows))
    move = step.settle(
        Asked(standing=standing, said=said, actor=actor, by=org, at=at, facts=facts, to=step.gives or standing.state)
    )
    record = Record(
        seq=standing.revision + 1,
        event=act.event,
        from_state=standing.state,
        to_state=move.to,
        tier=move.tier,
        actor=actor.person,
        org=org.id if org else None,
        at=at,
        payload=_payload(move),
    )
    record = _with_deadlines(standing, record, facts)
    return Taken(standing=follow(standing, record), record=record)


def _payload(move: Move) -> dict[str, Any]:
    """Return what is kept of a move; texts that are words of ours become plain texts."""
    plain = {name: str(value) if isinstance(value, str) else value for name, value in move.body.items()}
    return plain | ({OWNER: party_json(move.owner)} if move.owner else {})


def _with_deadlines(before: Standing, record: Record, facts: Facts) -> Record:
    """Return the record with the deadlines that begin with it: the total one on acceptance, one for each new stage."""
    after = follow(before, record)
    dues = dict[str, str]()
    if record.event is Event.ACCEPT and (total := facts.clocks.total(after)) is not None:
        dues[DUE_AT] = written(total)
    if after.stage != before.stage and after.state not in {State.CLOSED, *FINAL}:
        stage = facts.clocks.stage(after)
        dues |= {} if stage is None else {STAGE_DUE_AT: written(stage)}
    return replace(record, payload={**record.payload, **dues})


def _permitted(standing: Standing, step: Step, actor: Actor, at: datetime, policy: Policy) -> Org | None:
    """Return for whom the actor acts, or say why they may not take the step."""
    if standing.state not in step.takes:
        raise _illegal(standing, step, actor, at, policy)
    org = permit(standing, step.who, step.right, actor)
    if standing.at is not None and at < standing.at:
        msg = "the last thing that happened to it is later than this"
        raise Conflict(msg, code="time-went-back", zh="时间早于该事件的上一步，请刷新后重试")
    if step.condition is not None:
        step.condition(standing, actor, at, policy)
    return org


def _possible(standing: Standing, step: Step, actor: Actor, at: datetime, policy: Policy) -> bool:
    if standing.state not in step.takes:
        return False
    try:
        _permitted(standing, step, actor, at, policy)
    except (Conflict, Refused):
        return False
    return True


def _offer(standing: Standing, step: Step, matter: Matter | None) -> Offer:
    requires, allows = step.requires, step.allows
    if step.event is Event.HANDLE and standing.triage is Triage.CONSULTATION:
        requires = (*requires, "deliberation")
        allows = tuple(name for name in allows if name != "deliberation")
    return Offer(event=step.event, requires=requires, allows=allows, proposes=_proposes(standing, step, matter))


def _proposes(standing: Standing, step: Step, matter: Matter | None) -> dict[str, Any]:
    """Return what the matter's departments make of a step: whose the incident becomes, or who is called and who leads."""
    lead = standing.department
    if step.event is Event.DISPATCH and lead is not None:
        return {"to": {"org": lead}}
    if step.event is Event.ASSIGN and lead is not None:
        called = dict.fromkeys((lead, *(matter.co_departments if matter else ())))
        return {"departments": [{"org": org, "lead": org == lead, "mandatory": False} for org in called]}
    return {}


def _illegal(standing: Standing, step: Step, actor: Actor, at: datetime, policy: Policy) -> Conflict:
    allowed = [str(offer.event) for offer in offers(standing, actor, at, policy)]
    if step.event is Event.CLAIM and standing.state is State.IN_PROGRESS:
        return Conflict("somebody else has claimed it", code="already-claimed", state=standing.state, allowed=allowed)
    return Conflict(
        f"an incident that is {standing.state} cannot {step.event}",
        code="illegal-transition",
        zh=f"事件状态为“{label(standing.state).zh}”，不能“{label(step.event).zh}”",
        state=str(standing.state),
        allowed=allowed,
    )
