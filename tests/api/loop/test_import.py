"""A case that another system knows: it comes in as that tells it, and nothing is made up."""

from dataclasses import replace

import pytest

from api.loop.incident import Party
from api.loop.replay import replay
from api.loop.spans import measured, running
from api.loop.words import Outcome, Satisfaction, Stage, State
from gis.errors import ParameterError, Refused
from tests.api.loop.ward import DAY, ENDED, FACTS, HOUR, PAST, START, TIMED, Limits, Story, imported, told_in_both

AT = START + HOUR


def test_what_is_open_comes_to_the_desk() -> None:
    """An open case stands as if it had been reported here now: the desk has it, and its clock begins with its arrival."""
    now = imported().standing
    assert (now.state, now.owner, now.stage_due_at) == (State.REPORTED, Party(is_org=True, id="community"), AT + DAY)
    assert now.passed == ((Stage.COLLECT, START - 3 * DAY),)
    assert now.due_at is None


def test_what_has_ended_stays_ended() -> None:
    """A closed case says what the other system says, is nobody's, has run its time there, and passed no other stage."""
    story = imported(**ENDED, **TIMED, satisfaction="basic", due_at=PAST[3])
    now = story.standing
    assert (now.state, now.owner, now.outcome, now.satisfaction) == (
        State.CLOSED, None, Outcome.RESOLVED, Satisfaction.BASIC,
    )  # fmt: skip
    assert [stage for stage, _ in now.passed] == [Stage.COLLECT, Stage.TRIAGE, Stage.FEEDBACK]
    assert (now.accepted_at, now.closed_at, now.due_at) == (START - 3 * DAY, START - 2 * DAY, START - DAY)
    assert (now.handler, now.accepted_by, now.matter) == (None, None, None)
    assert measured(running(now, AT + DAY)) == DAY
    assert replay(story.records) == now


def test_what_nobody_says_is_not_known() -> None:
    """Where the other system does not say when it accepted a case, there is no total clock and no deadline."""
    now = imported(**ENDED).standing
    assert (now.accepted_at, now.due_at, running(now, AT)) == (None, None, ())


def test_our_limits_hold_from_its_acceptance() -> None:
    """A deadline that nobody gave follows from our limits, counted from the acceptance there and not from the arrival here."""
    assert imported(**ENDED, **TIMED).standing.due_at == START - 3 * DAY + 5 * DAY


@pytest.mark.parametrize(
    ("said", "field", "code"),
    [
        ({"reported_at": (AT + HOUR).isoformat()}, "reported_at", "time-went-back"),
        (ENDED | {"closed_at": (START - 4 * DAY).isoformat()}, "closed_at", "time-went-back"),
        (ENDED | {"closed_at": (AT + HOUR).isoformat()}, "closed_at", "time-went-back"),
        (ENDED | {"accepted_at": (START - DAY).isoformat()}, "accepted_at", "time-went-back"),
        (ENDED | {"answered": False}, "answered", "not-answered"),
        (ENDED | {"outcome": None}, "outcome", "missing-field"),
        ({"outcome": "resolved"}, "outcome", "not-closed"),
        ({"due_at": PAST[3]}, "due_at", "not-closed"),
        ({"source": None}, "source", "missing-field"),
        ({"reported_at": None}, "reported_at", "missing-field"),
    ],
)
def test_what_cannot_have_been_is_refused(said, field, code) -> None:
    """Moments that do not follow each other, endings of what is open, and what is not said are refused by their field."""
    with pytest.raises(ParameterError) as refused:
        imported(**said)
    assert (refused.value.parameter, refused.value.code) == (field, code)
    assert told_in_both(refused.value), refused.value


@pytest.mark.parametrize("who", ["nobody", "clerk", "dan"])
def test_only_the_service_brings_in(who) -> None:
    """Nobody writes down a case as another system's: who reports, reports."""
    with pytest.raises(Refused) as refused:
        Story().does(who, "import")
    assert refused.value.code == "only-by-itself"


def test_reopened_it_is_the_nearest_centers() -> None:
    """A case that had ended elsewhere, reopened here, has an owner, and its deadline is put off by the time it was closed."""
    story = imported(**ENDED, **TIMED).does("clerk", "evaluate").does("sam", "reopen")
    assert (story.standing.state, story.standing.owner) == (State.IN_PROGRESS, Party(is_org=True, id="community"))
    assert story.standing.due_at == START + 2 * DAY + (story.at - (START - 2 * DAY))
    far = replace(FACTS, place=replace(FACTS.place, community="", street=""), clocks=Limits())
    lost = Story(facts=far).does("system", "import", **ENDED).does("dan", "reopen")
    assert lost.standing.owner == Party(is_org=True, id="district")
