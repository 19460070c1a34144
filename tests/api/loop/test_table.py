"""The transition table of an incident, compared with the rows of the field's state machine."""

import pytest

from api.loop.steps import BY_EVENT, STEPS
from api.loop.take import offers
from api.loop.words import FINAL, OPEN, STAGE_OF, Event, Stage, State
from tests.api.loop.ward import DAY, PEOPLE, stories

S = State
ANY_OPEN = set(OPEN)
IN_HAND = {S.ACCEPTED, S.ASSIGNED, S.IN_PROGRESS, S.SUSPENDED}
ROWS = {
    "report": ({S.DRAFT}, {S.REPORTED}),
    "import": ({S.DRAFT}, {S.REPORTED, S.CLOSED}),
    "verify": ({S.REPORTED}, {S.VERIFYING}),
    "verified": ({S.VERIFYING}, {S.REPORTED}),
    "accept": ({S.REPORTED}, {S.ACCEPTED}),
    "reject": ({S.REPORTED}, {S.REJECTED}),
    "claim": ({S.ACCEPTED}, {S.IN_PROGRESS}),
    "dispatch": ({S.ACCEPTED, S.IN_PROGRESS}, {S.ASSIGNED}),
    "take": ({S.ASSIGNED}, {S.IN_PROGRESS}),
    "return": ({S.ASSIGNED}, {S.ACCEPTED}),
    "escalate": ({S.ACCEPTED, S.IN_PROGRESS}, {S.ASSIGNED}),
    "delegate": ({S.ACCEPTED, S.ASSIGNED, S.IN_PROGRESS}, {S.ASSIGNED}),
    "call": ({S.ACCEPTED, S.IN_PROGRESS}, {S.ASSIGNED}),
    "assign": ({S.ACCEPTED, S.ASSIGNED}, {S.ASSIGNED}),
    "join": ({S.ASSIGNED, S.IN_PROGRESS}, {S.ASSIGNED, S.IN_PROGRESS}),
    "ask_extend": ({S.IN_PROGRESS}, {S.IN_PROGRESS}),
    "extend": ({S.IN_PROGRESS}, {S.IN_PROGRESS}),
    "refuse_extend": ({S.IN_PROGRESS}, {S.IN_PROGRESS}),
    "ask_suspend": ({S.IN_PROGRESS}, {S.IN_PROGRESS}),
    "suspend": ({S.IN_PROGRESS}, {S.SUSPENDED}),
    "refuse_suspend": ({S.IN_PROGRESS}, {S.IN_PROGRESS}),
    "resume": ({S.SUSPENDED}, {S.IN_PROGRESS}),
    "handle": ({S.IN_PROGRESS}, {S.HANDLED}),
    "check_pass": ({S.HANDLED}, {S.FEEDBACK}),
    "check_fail": ({S.HANDLED}, {S.IN_PROGRESS}),
    "feedback": ({S.FEEDBACK}, {S.FEEDBACK, S.CLOSED}),
    "clear_off": ({S.FEEDBACK}, {S.CLOSED}),
    "evaluate": ({S.CLOSED}, {S.CLOSED}),
    "archive": ({S.CLOSED}, {S.ARCHIVED}),
    "reopen": ({S.CLOSED}, {S.IN_PROGRESS}),
    "void": ({S.REPORTED, S.ACCEPTED}, {S.VOIDED}),
    "supervise": (ANY_OPEN, ANY_OPEN),
    "urge": (ANY_OPEN, ANY_OPEN),
    "instruct": (ANY_OPEN, ANY_OPEN),
    "comment": (ANY_OPEN, ANY_OPEN),
    "key_report": (ANY_OPEN, ANY_OPEN),
    "rehome": (ANY_OPEN, ANY_OPEN),
    "hand_over": (IN_HAND, IN_HAND),
}
"""Every event of the state machine: from which states, to which."""

TAGS = {
    Stage.COLLECT: "report verify",
    Stage.TRIAGE: "accept reject claim dispatch escalate call",
    Stage.HANDLE: "take handle extend suspend",
    Stage.CHECK: "supervise urge check_pass check_fail",
    Stage.FEEDBACK: "feedback clear_off",
    Stage.EVALUATE: "evaluate",
    Stage.ARCHIVE: "archive",
}


def test_every_row_has_a_step() -> None:
    """There is exactly one step for every event, from exactly the states of its row."""
    assert [step.event for step in STEPS] == list(dict.fromkeys(step.event for step in STEPS))
    assert {str(step.event): set(step.takes) for step in STEPS} == {name: takes for name, (takes, _) in ROWS.items()}
    assert set(BY_EVENT) == set(Event)


@pytest.mark.parametrize("event", ROWS)
def test_a_step_leads_where_its_row_says(event) -> None:
    """The step's own state is one of its row's, and whatever happened in the stories stayed within the row."""
    _, gives = ROWS[event]
    assert BY_EVENT[Event(event)].gives in {None, *gives}
    for story in stories():
        for record in story.records:
            if record.event == event:
                assert record.to_state in gives
                assert BY_EVENT[record.event].gives is not None or event == "join" or record.to_state is record.from_state


def test_every_event_has_its_stage() -> None:
    """Each event belongs to one canonical stage, those of the published table to the one that they have there."""
    assert set(STAGE_OF) == set(Event)
    for stage, events in TAGS.items():
        assert {STAGE_OF[Event(name)] for name in events.split()} == {stage}


def test_what_is_over_is_over() -> None:
    """Nobody, the service included, is offered anything for what is archived, rejected or void, however late."""
    over = [story for story in stories() if story.standing.state in FINAL]
    assert {story.standing.state for story in over} == FINAL
    for story in over:
        for who in PEOPLE.values():
            assert offers(story.standing, who, story.at + 400 * DAY) == ()
