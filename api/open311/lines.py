"""What is said to everybody of what happens to an incident: a sentence for each event, and the status that others call it by.

The sentences are ours. Of what people wrote there is one thing: the answer that the reporter was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.loop.labels import LABELS, Label
from api.loop.words import Event, Outcome, RejectReason, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api.lang import Lang
    from data.store.open311 import Line

_GIVEN = Label("已派单", "Passed to those who will deal with it")
_BEGUN = Label("已开始处置", "Work on it has begun")

SENTENCES: Mapping[Event, Label] = {
    Event.REPORT: Label("已收到报告", "The report has been received"),
    Event.VERIFY: Label("正在现场核实", "Somebody is going to look at it"),
    Event.VERIFIED: Label("已现场核实", "Somebody has looked at it"),
    Event.ACCEPT: Label("已受理", "It has been accepted"),
    Event.REJECT: Label("不予受理", "It has not been accepted"),
    Event.VOID: Label("已作废", "It has been declared void"),
    Event.CLAIM: _BEGUN,
    Event.TAKE: _BEGUN,
    Event.DISPATCH: _GIVEN,
    Event.DELEGATE: _GIVEN,
    Event.ASSIGN: _GIVEN,
    Event.RETURN: Label("已退回，将重新派单", "It has been given back, to be passed to somebody else"),
    Event.ESCALATE: Label("已报送上级办理", "It has been passed to the next level"),
    Event.CALL: Label("已呼叫区级部门联动办理", "The departments of the district have been called"),
    Event.JOIN: Label("有关部门已到场", "A department has joined"),
    Event.EXTEND: Label("办理期限已延长", "More time has been granted"),
    Event.SUSPEND: Label("暂缓办理", "Work on it has been put off"),
    Event.RESUME: Label("恢复办理", "Work on it goes on"),
    Event.HANDLE: Label("处置完成，等待核查", "The work is done and will be checked"),
    Event.CHECK_PASS: Label("核查通过", "The work has been checked"),
    Event.CHECK_FAIL: Label("核查未通过，继续处置", "The check was not passed: work goes on"),
    Event.FEEDBACK: Label("已向报告人反馈", "The reporter has been told"),
    Event.CLEAR_OFF: Label("已销号", "The call of departments has been closed"),
    Event.ARCHIVE: Label("已归档", "It has been put into the archive"),
    Event.REOPEN: Label("重新办理", "It has been reopened"),
}
"""The events that everybody may know of; the store's views hold the same."""

NOT_REACHED = Label("尚未联系到报告人", "The reporter could not be reached yet")

STATUS: Mapping[State, str] = {
    State.REPORTED: "OPEN",
    State.VERIFYING: "INVESTIGATING",
    State.ACCEPTED: "FOR_TRIAGE",
    State.ASSIGNED: "ACTION_SCHEDULED",
    State.IN_PROGRESS: "IN_PROGRESS",
    State.SUSPENDED: "ACTION_SCHEDULED",
    State.HANDLED: "IN_PROGRESS",
    State.FEEDBACK: "IN_PROGRESS",
    State.CLOSED: "CLOSED",
    State.ARCHIVED: "CLOSED",
    State.REJECTED: "NO_FURTHER_ACTION",
    State.VOIDED: "CANCELLED",
}
"""How FixMyStreet calls each state."""

_BY_EVENT: Mapping[Event, str] = {
    Event.ESCALATE: "INTERNAL_REFERRAL",
    Event.CALL: "INTERNAL_REFERRAL",
    Event.DELEGATE: "INTERNAL_REFERRAL",
    Event.REOPEN: "REOPEN",
}
_BY_REASON: Mapping[RejectReason, str] = {
    RejectReason.DUPLICATE: "DUPLICATE",
    RejectReason.NOT_ADMITTED_MATTER: "NOT_COUNCILS_RESPONSIBILITY",
    RejectReason.ENFORCEMENT_TRANSFER: "NOT_COUNCILS_RESPONSIBILITY",
    RejectReason.OUT_OF_AREA: "NOT_COUNCILS_RESPONSIBILITY",
}
_BY_OUTCOME: Mapping[Outcome, str] = {Outcome.RESOLVED: "FIXED", Outcome.UNRESOLVED: "NO_FURTHER_ACTION"}


def sentence(line: Line, lang: Lang) -> str:
    """Return what a line says to everybody, with the answer that the reporter got, if any."""
    event = Event(line.event)
    if event is Event.FEEDBACK and not line.is_final:
        return NOT_REACHED.say(lang)
    said = SENTENCES[event].say(lang)
    if line.reason is not None:
        why = LABELS[RejectReason][RejectReason(line.reason)].say(lang)
        said = f"{said}（{why}）" if lang == "zh" else f"{said} ({why})"
    if line.answer:
        said = f"{said}：{line.answer}" if lang == "zh" else f"{said}: {line.answer}"
    return said


def last_sentence(lines: Sequence[Line], lang: Lang) -> str | None:
    """Return what the last line says."""
    return sentence(lines[-1], lang) if lines else None


def extended_status(line: Line) -> str:
    """Return the status after a line, as FixMyStreet calls it."""
    event, state = Event(line.event), State(line.state)
    if line.reason is not None:
        return _BY_REASON.get(RejectReason(line.reason), STATUS[state])
    if line.outcome is not None:
        return _BY_OUTCOME[Outcome(line.outcome)]
    return _BY_EVENT.get(event, STATUS[state])
