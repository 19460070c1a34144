"""The fold of the log: an incident stands where its records say, and nowhere else.

`follow` makes the next standing from one and a record; `take` uses nothing else to change a standing, so a replay cannot
come to another.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from api.loop import call as district_call
from api.loop.call import RATINGS, Call, Participant
from api.loop.incident import Ask, Party, Place, Standing, Stretch
from api.loop.payload import Payload
from api.loop.record import DUE_AT, OWNER, STAGE_DUE_AT
from api.loop.words import (
    Event,
    Kind,
    Mode,
    Outcome,
    RejectReason,
    Satisfaction,
    Stage,
    State,
    Supervision,
    Triage,
)
from api.who.caller import Tier
from gis.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from api.loop.record import Record

_Changes = dict[str, Any]

_SAME_STAGE = frozenset({Event.VERIFY, Event.VERIFIED, Event.SUSPEND, Event.RESUME, Event.HAND_OVER})
"""They change the state, or who does the same duty, and the clock of the stage is the same."""

_PASSES: Mapping[Event, Stage] = {
    Event.REPORT: Stage.COLLECT,
    Event.ACCEPT: Stage.TRIAGE,
    Event.HANDLE: Stage.HANDLE,
    Event.CHECK_PASS: Stage.CHECK,
    Event.EVALUATE: Stage.EVALUATE,
    Event.ARCHIVE: Stage.ARCHIVE,
}
"""By what a stage is passed. That of feedback is passed by closing."""


def replay(records: Iterable[Record]) -> Standing:
    """Return where an incident stands, from all its records in order."""
    return reduce(follow, records, Standing())


def follow(before: Standing, record: Record) -> Standing:
    """Return the standing after one more record.

    Raises
    ------
    StoreError
        The record does not follow: its number, its state or its time does not fit. Somebody has tampered with the log.
    """
    if (
        record.seq != before.revision + 1
        or record.from_state is not before.state
        or (before.at is not None and record.at < before.at)
    ):
        raise StoreError(f"the incident's log is broken: record {record.seq} does not follow from those before it")
    said = Payload(record.payload)
    owner = said.party(OWNER) if said.has(OWNER) else None
    changes: _Changes = {
        "state": record.to_state,
        "tier": record.tier,
        "owner": owner,
        "revision": record.seq,
        "at": record.at,
        "passed": _passed(before, record),
        **_clocks(before, record, said, owner),
    }
    is_anothers = owner != before.owner and record.event is not Event.HAND_OVER
    if is_anothers or (before.state is State.IN_PROGRESS and record.to_state is not State.IN_PROGRESS):
        changes["ask"] = None
    if record.to_state is State.CLOSED:
        changes["supervision"] = Supervision.NONE
    if record.event in _EFFECTS:
        changes |= _EFFECTS[record.event](before, record, said)
    if changes.get("urgent", before.urgent) and before.key_since is None:
        changes["key_since"] = record.at
    return replace(before, **changes)


def departments(said: Payload) -> tuple[Participant, ...]:
    """Return the departments that an `assign` names."""
    return tuple(
        Participant(org=each.text("org"), lead=each.flag("lead"), mandatory=each.flag("mandatory"))
        for each in said.parts("departments")
    )


def _restarts_stage(before: Standing, record: Record, owner: Party | None) -> bool:
    """Say whether the stage clock begins anew: another owner, or another state that is not a mere pause."""
    if record.event in _SAME_STAGE:
        return False
    return owner != before.owner or record.to_state is not before.state


def _clocks(before: Standing, record: Record, said: Payload, owner: Party | None) -> _Changes:
    """Return what a record changes of the clocks."""
    changes: _Changes = {}
    if record.to_state is not before.state or owner != before.owner:
        changes["stretch_since"] = record.at
        if before.stretch_since is not None:
            done = Stretch(
                stage=before.stage,
                state=before.state,
                tier=before.tier,
                owner=before.owner,
                since=before.stretch_since,
                until=record.at,
            )
            changes["stretches"] = (*before.stretches, done)
    if _restarts_stage(before, record, owner):
        changes |= {"stage": before.stage + 1, "stage_since": record.at, "stage_due_at": None}
    if said.has(DUE_AT):
        due_at = said.moment(DUE_AT)
        changes |= {"due_at": due_at, "first_due_at": before.first_due_at or due_at}
    if said.has(STAGE_DUE_AT):
        changes["stage_due_at"] = said.moment(STAGE_DUE_AT)
    return changes


def _passed(before: Standing, record: Record) -> tuple[tuple[Stage, datetime], ...]:
    """Return which stages are passed after a record; what is worked on again has to pass all that follows again."""
    passed = dict(before.passed)
    if record.event in {Event.CHECK_FAIL, Event.REOPEN}:
        passed = {stage: at for stage, at in passed.items() if stage < Stage.HANDLE}
    if record.to_state is State.CLOSED and before.state is not State.CLOSED:
        passed[Stage.FEEDBACK] = record.at
    if record.event is Event.ARCHIVE:
        passed.setdefault(Stage.EVALUATE, record.at)  # it lapsed
    if record.event in _PASSES:
        passed[_PASSES[record.event]] = record.at
    return tuple(sorted(passed.items()))


def _report(before: Standing, record: Record, said: Payload) -> _Changes:
    return {
        **_rehome(before, record, said),
        "kind": said.choice("kind", Kind),
        "category": said.text("category"),
        "source": said.text("source"),
        "urgent": said.flag("urgent"),
        "mode": said.choice("mode", Mode),
    }


def _import(before: Standing, record: Record, said: Payload) -> _Changes:
    """Return what another system says of its case; where it has ended there, the clock ran there, and nobody here worked."""
    changes = _report(before, record, said)
    passed = {Stage.COLLECT: said.moment("reported_at")}
    if record.to_state is not State.CLOSED:
        return changes | {"passed": tuple(passed.items())}
    closed_at = said.moment("closed_at")
    if said.has("accepted_at"):
        passed[Stage.TRIAGE] = since = said.moment("accepted_at")
        ran = Stretch(stage=before.stage + 1, state=State.ACCEPTED, tier=record.tier, owner=None, since=since, until=closed_at)
        changes["stretches"] = (*before.stretches, ran)
    passed[Stage.FEEDBACK] = closed_at
    return changes | {
        "passed": tuple(passed.items()),
        "stretch_since": closed_at,
        "outcome": said.choice("outcome", Outcome),
        "answered": said.flag("answered"),
        "satisfaction": said.choice_or_none("satisfaction", Satisfaction),
        # Were it reopened, it would be the nearest center's.
        "worked_by": Place(**said.values["place"]).center(Tier.COMMUNITY),
    }


def _rehome(_before: Standing, _record: Record, said: Payload) -> _Changes:
    return {"place": Place(**said.values["place"])}


def _accept(before: Standing, record: Record, said: Payload) -> _Changes:
    return {
        "matter": said.text("matter"),
        "category": said.text("category"),
        "department": said.text_or_none("department"),
        "triage": said.choice("triage", Triage),
        "urgent": before.urgent or said.flag("urgent"),
        "accepted_by": record.actor,
    }


def _reject(_before: Standing, _record: Record, said: Payload) -> _Changes:
    is_private = said.choice("reason", RejectReason) is RejectReason.PRIVATE_AFFAIR
    return {"answered": True, "master": said.text_or_none("master"), "triage": Triage.PRIVATE if is_private else None}


def _given(before: Standing, record: Record, _said: Payload) -> _Changes:
    giver = Party(is_org=True, id=record.org) if record.org else before.owner
    return {"giver": (giver, before.tier) if giver else None}


def _escalate(before: Standing, _record: Record, _said: Payload) -> _Changes:
    return {"giver": (before.owner, before.tier) if before.owner else None}


def _work(_before: Standing, _record: Record, said: Payload) -> _Changes:
    return {"worked_by": said.party(OWNER)}


def _key_report(_before: Standing, record: Record, _said: Payload) -> _Changes:
    return {"key_reported_at": record.at}


def _hand_over(before: Standing, record: Record, said: Payload) -> _Changes:
    """Return whose work it is: of what is worked on, theirs who goes on with it; of what waits to be taken, nobody's yet."""
    return _work(before, record, said) if before.state in {State.IN_PROGRESS, State.SUSPENDED} else {}


def _return(before: Standing, _record: Record, _said: Payload) -> _Changes:
    call = before.call
    if call is not None:
        call = district_call.unassign(call) if call.assigned_at else None
    return {"returned": (*before.returned, before.owner.id if before.owner else ""), "giver": None, "call": call}


def _call(before: Standing, record: Record, said: Payload) -> _Changes:
    call = Call(street=record.org or "", called_at=record.at, summary=said.text("summary"))
    return {**_given(before, record, said), "call": call}


def _assign(before: Standing, record: Record, said: Payload) -> _Changes:
    due = said.moment(STAGE_DUE_AT) if said.has(STAGE_DUE_AT) else None
    call = district_call.assign(_of(before), departments(said), at=record.at, join_due_at=due)
    return {**_given(before, record, said), "call": call}


def _join(before: Standing, record: Record, said: Payload) -> _Changes:
    call = district_call.join(_of(before), record.org or "", at=record.at)
    return {"call": call} | (_work(before, record, said) if record.to_state is not before.state else {})


def _ask(_before: Standing, record: Record, said: Payload) -> _Changes:
    event = Event.EXTEND if record.event is Event.ASK_EXTEND else Event.SUSPEND
    return {"ask": Ask(event=event, by=record.actor, until=said.moment("until"))}


def _extend(before: Standing, _record: Record, _said: Payload) -> _Changes:
    return {"ask": None, "extension_count": before.extension_count + 1}


def _handle(before: Standing, record: Record, said: Payload) -> _Changes:
    call = district_call.handled(_of(before), at=record.at) if before.has_open_call else before.call
    return {
        "handler": record.actor,
        "outcome": said.choice("outcome", Outcome),
        "on_the_spot": said.flag("on_the_spot"),
        "call": call,
    }


def _rework(before: Standing, _record: Record, _said: Payload) -> _Changes:
    call = before.call and district_call.again(before.call)
    return {"rework_count": before.rework_count + 1, "on_the_spot": False, "call": call}


def _feedback(before: Standing, _record: Record, said: Payload) -> _Changes:
    result = said.choice("result", Satisfaction)
    return {"satisfaction": result, "answered": said.flag("final"), "feedback_tries": before.feedback_tries + 1}


def _clear_off(before: Standing, record: Record, said: Payload) -> _Changes:
    return {"call": district_call.clear_off(_of(before), said.numbers("ratings", RATINGS), at=record.at)}


def _reopen(before: Standing, record: Record, _said: Payload) -> _Changes:
    return {
        "reopen_count": before.reopen_count + 1,
        "reopened_by_itself": before.reopened_by_itself or record.actor is None,
        "call": before.call and district_call.again(before.call),
        "answered": False,
        "satisfaction": None,
        "feedback_tries": 0,
        "outcome": None,
        "on_the_spot": False,
        # What has come back is told upwards anew.
        "key_since": record.at if before.urgent else None,
        "key_reported_at": None,
    }


def _of(standing: Standing) -> Call:
    """Return the call that an event of a call needs."""
    if standing.call is None:
        raise StoreError("the incident's log is broken: a step of a call that nobody made")
    return standing.call


_EFFECTS: Mapping[Event, Callable[[Standing, Record, Payload], _Changes]] = {
    Event.REPORT: _report,
    Event.IMPORT: _import,
    Event.REHOME: _rehome,
    Event.VERIFY: lambda _b, _r, said: {"asked_to_verify": said.text_or_none("worker")},
    Event.VERIFIED: lambda _b, _r, _s: {"asked_to_verify": None},
    Event.ACCEPT: _accept,
    Event.REJECT: _reject,
    Event.CLAIM: _work,
    Event.TAKE: _work,
    Event.DISPATCH: _given,
    Event.DELEGATE: _given,
    Event.ESCALATE: _escalate,
    Event.RETURN: _return,
    Event.HAND_OVER: _hand_over,
    Event.KEY_REPORT: _key_report,
    Event.CALL: _call,
    Event.ASSIGN: _assign,
    Event.JOIN: _join,
    Event.ASK_EXTEND: _ask,
    Event.ASK_SUSPEND: _ask,
    Event.EXTEND: _extend,
    Event.REFUSE_EXTEND: lambda _b, _r, _s: {"ask": None},
    Event.REFUSE_SUSPEND: lambda _b, _r, _s: {"ask": None},
    Event.SUSPEND: lambda before, _r, _s: {"review_at": before.ask.until if before.ask else None},
    Event.RESUME: lambda _b, _r, _s: {"review_at": None},
    Event.HANDLE: _handle,
    Event.CHECK_FAIL: _rework,
    Event.FEEDBACK: _feedback,
    Event.CLEAR_OFF: _clear_off,
    Event.REOPEN: _reopen,
    Event.SUPERVISE: lambda _b, _r, said: {"supervision": said.rank("level", Supervision)},
}
"""What an event changes beyond state, tier, owner and clocks."""
