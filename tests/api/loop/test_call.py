"""The district call in four steps: who calls, names, joins and clears, in which order, and what if somebody is late."""

from datetime import timedelta

import pytest

from api.loop import call as district_call
from api.loop.automatic import due_acts
from api.loop.call import Call, Participant
from api.loop.take import Act, take
from api.loop.words import Event, State, Supervision
from api.who.caller import Tier
from gis.errors import Conflict, ParameterError
from tests.api.loop.ward import (
    DAY,
    DEPARTMENTS,
    HOUR,
    PEOPLE,
    PLACE,
    START,
    assigned,
    at_street,
    call_checked,
    called,
    called_twice,
    claimed,
    cleared,
    joint,
    told_in_both,
)


def standing_call(story) -> Call:
    call = story.standing.call
    assert call is not None
    return call


def test_four_steps_in_order() -> None:
    """呼叫 → 分办 → 联动 → 销号: four moments in order, each by its own people, and each department rated by the street."""
    story = cleared()
    call = standing_call(story)
    steps = [call.called_at, call.assigned_at, call.joint_started_at, call.handled_at, call.cleared_at]
    assert None not in steps
    assert steps == sorted(at for at in steps if at)
    assert [record.org for record in story.records if record.event in {Event.CALL, Event.ASSIGN, Event.JOIN}] == [
        "street", "district", "water", "power", "parks",
    ]  # fmt: skip
    assert story.records[-1].org == "street"
    assert {each.org: each.rating for each in call.participants} == {"water": 90, "power": 90, "parks": 90}
    assert story.standing.state is State.CLOSED


def test_a_call_is_the_districts_until_a_department_leads() -> None:
    """The district's center owns a call at the district's tier, then its lead does; the street gets it when it is handled."""
    assert called().standing.owner == PLACE.center(Tier.DISTRICT)
    assert called().standing.tier is Tier.DISTRICT
    story = assigned()
    assert (story.standing.owner and story.standing.owner.id, standing_call(story).lead) == ("water", "water")
    handled = joint().does("wu", "handle")
    assert handled.standing.owner == PLACE.center(Tier.STREET)
    assert {"check_pass", "check_fail"} <= handled.may("sam") & handled.may("dan")
    assert not {"check_pass", "check_fail"} & handled.may("clerk")


def test_the_joint_work_starts_with_the_last_mandatory_department() -> None:
    """Before the lead and every mandatory department are there nothing is in progress; others may come later."""
    story = assigned().does("pan", "join").does("pei", "join")
    assert (story.standing.state, standing_call(story).joint_started_at) == (State.ASSIGNED, None)
    story.does("wu", "join")
    assert (story.standing.state, standing_call(story).joint_started_at) == (State.IN_PROGRESS, story.at)
    story = joint()
    started = standing_call(story).joint_started_at
    story.does("pan", "join")
    assert (standing_call(story).joint_started_at, story.standing.state) == (started, State.IN_PROGRESS)
    alone = called().does("dan", "assign", departments=DEPARTMENTS[:1]).does("wu", "join")
    assert alone.standing.state is State.IN_PROGRESS


def test_a_late_department_brings_the_yellow_card_once() -> None:
    """When the deadline to join is over and a department is missing, the service gives the yellow card, once."""
    story = assigned().does("wu", "join")
    due = standing_call(story).join_due_at
    assert due is not None
    assert due == story.at - HOUR + DAY
    assert due_acts(story.standing, due) == ()
    (act,) = due_acts(story.standing, due + HOUR)
    assert act.event is Event.SUPERVISE
    taken = take(story.standing, act, PEOPLE["system"], due + HOUR, story.facts)
    assert (taken.standing.supervision, taken.record.actor) == (Supervision.YELLOW, None)
    assert due_acts(taken.standing, due + 2 * HOUR) == ()
    story.at = due
    story.does("pei", "join", after=2 * HOUR)
    assert standing_call(story).late(story.at) == ("power", "parks")
    assert standing_call(assigned().does("wu", "join")).late(START) == ()


def test_only_a_call_is_cleared_and_only_by_a_full_rating() -> None:
    """A street rates every department that was called, from 0 to 100, and none that was not."""
    story = call_checked().does("hot", "feedback", result="basic")
    assert story.standing.state is State.FEEDBACK
    for ratings in ({"water": 90, "power": 80}, {"water": 1, "power": 1, "parks": 1, "fire": 1}, {}):
        with pytest.raises(ParameterError) as refused:
            story.does("sam", "clear_off", ratings=ratings)
        assert (refused.value.parameter, refused.value.code) == ("ratings", "rate-all")
        assert told_in_both(refused.value), refused.value
    for rating in (-1, 101, 50.5, True, "90"):
        with pytest.raises(ParameterError) as refused:
            story.does("sam", "clear_off", ratings={"water": rating, "power": 80, "parks": 70})
        assert told_in_both(refused.value), refused.value
    assert story.does("sam", "clear_off", ratings={"water": 0, "power": 100, "parks": 70}).standing.state is State.CLOSED


def test_a_call_that_goes_back() -> None:
    """The district may give a call back to its street, and the lead to the district, which then names departments anew."""
    story = called().does("dan", "return")
    assert (story.standing.call, story.standing.owner, story.standing.tier) == (None, PLACE.center(Tier.STREET), Tier.STREET)
    assert "call" in story.may("sam")
    story = assigned().does("pei", "join").does("wu", "return")
    assert story.standing.owner == PLACE.center(Tier.DISTRICT)
    assert standing_call(story).participants == ()
    assert story.may("dan") >= {"assign"}
    assert not story.may("dan") & {"dispatch", "delegate", "escalate", "take"}
    again = story.does("dan", "assign")
    assert standing_call(again).called_at == standing_call(assigned()).called_at


def test_a_call_that_is_done_again_is_cleared_again() -> None:
    """After a failed check, and after it was reopened, a call is the lead's again; the street rates anew and nobody else."""
    story = call_checked().does("hot", "feedback", result="unsatisfied").does("sam", "clear_off")
    story.does("system", "reopen", after=DAY)
    assert story.standing.owner is not None
    assert story.standing.owner.id == "water"
    assert {each.rating for each in standing_call(story).participants} == {None}
    assert called_twice().standing.state is State.ARCHIVED
    story.does("wu", "handle").does("sue", "check_pass").does("hot", "feedback", result="basic")
    assert story.standing.state is State.FEEDBACK
    assert "clear_off" in story.may("sam")


def test_no_step_of_a_call_is_taken_out_of_order() -> None:
    """Each step of a call needs the one before it, not later than itself, and none is taken twice."""
    at = START
    call = Call(street="street", called_at=at, summary="a burst main")
    lead = (Participant(org="water", lead=True),)
    named = district_call.assign(call, lead, at=at + HOUR, join_due_at=None)
    there = district_call.join(named, "water", at=at + 2 * HOUR)
    done = district_call.handled(there, at=at + 3 * HOUR)
    clear = district_call.clear_off(done, {"water": 80}, at=at + 4 * HOUR)
    late = at + 5 * HOUR
    wrong = [
        lambda: district_call.assign(named, lead, at=late, join_due_at=None),
        lambda: district_call.assign(call, lead, at=at - HOUR, join_due_at=None),
        lambda: district_call.join(call, "water", at=late),
        lambda: district_call.join(there, "water", at=late),
        lambda: district_call.join(named, "power", at=late),
        lambda: district_call.join(named, "water", at=at),
        lambda: district_call.handled(named, at=late),
        lambda: district_call.handled(done, at=late),
        lambda: district_call.handled(there, at=at),
        lambda: district_call.clear_off(there, {"water": 80}, at=late),
        lambda: district_call.clear_off(done, {"water": 80}, at=at),
        lambda: district_call.clear_off(clear, {"water": 80}, at=late),
    ]
    for step in wrong:
        with pytest.raises(Conflict) as refused:
            step()
        assert refused.value.code == "call-order"
        assert told_in_both(refused.value), refused.value


def test_overdue_goes_up_by_itself() -> None:
    """What its owner leaves over its deadline is escalated by the service, with the reason that nobody else can give."""
    story = claimed()
    due = story.standing.stage_due_at
    assert due is not None
    assert due_acts(story.standing, due) == ()
    acts = due_acts(story.standing, due + timedelta(seconds=1))
    assert [act.event for act in acts] == [Event.ESCALATE]
    taken = take(story.standing, acts[0], PEOPLE["system"], due + HOUR, story.facts)
    assert (taken.standing.tier, taken.record.payload["reason"]) == (Tier.COMMUNITY, "overdue")
    assert due_acts(at_street().does("sam", "call").standing, START + 90 * DAY) == ()
    assert Act(event=Event.ARCHIVE) in due_acts(cleared().standing, START + 90 * DAY)
