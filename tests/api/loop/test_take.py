"""Who may do what with an incident, as rules: what is offered is what can be done, and every refusal has its name."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.loop.automatic import sampled_out
from api.loop.facts import Policy, Skip
from api.loop.incident import Party
from api.loop.steps import BY_EVENT
from api.loop.take import Act, offers, take
from api.loop.words import Event, State, Supervision, Triage
from api.who.caller import Tier
from gis.errors import Conflict, ParameterError, Refused, RequestError
from tests.api.loop.ward import (
    COMMUNITY,
    DAY,
    DEPARTMENTS,
    FACTS,
    GRID,
    HOUR,
    NEXT_PLACE,
    PEOPLE,
    PLACE,
    Story,
    accepted,
    archived,
    assigned,
    at_street,
    call_checked,
    called,
    checked,
    claimed,
    cleared,
    closed,
    handled,
    joint,
    reported,
    stories,
    suspended,
    told_in_both,
    walks,
    well_formed,
)


def agrees(story: Story, name: str) -> None:
    """Assert that somebody can do exactly what they are offered: now, and where time matters much later."""
    who = PEOPLE[name]
    waits = story.standing.state is State.CLOSED or name == "system"
    for at in (story.at, story.at + 20 * DAY, story.at + 40 * DAY) if waits else (story.at,):
        offered = {offer.event: offer for offer in offers(story.standing, who, at, story.facts.policy)}
        for event in Event:
            payload = well_formed(story.standing, event, who, at)
            refusal: RequestError | None = None
            try:
                take(story.standing, Act(event=event, payload=payload), who, at, story.facts)
            except (Conflict, Refused) as error:
                refusal = error
            assert (event in offered) is (refusal is None), (name, event, story.standing.state)
            if refusal is not None:
                assert told_in_both(refusal), refusal
                continue
            assert set(offered[event].requires) <= set(payload)
            assert set(payload) <= {*offered[event].requires, *offered[event].allows}


@pytest.mark.parametrize("name", PEOPLE)
def test_offers_are_what_take_allows(name) -> None:
    """For every event, in every state and turn, and for everybody: it is offered or refused, and who is refused is told why."""
    for story in stories():
        agrees(story, name)


@given(walks, st.sampled_from(sorted(PEOPLE)))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_offers_are_what_take_allows_wherever_a_walk_ends(story: Story, name: str) -> None:
    """The same holds wherever people have brought an incident by whatever they pressed."""
    agrees(story, name)


def closed_at_community() -> Story:
    story = reported().does("clerk", "accept", tier="community").does("clerk", "dispatch").does("clerk", "take")
    return story.does("clerk", "handle").does("clerk2", "check_pass").does("hot", "feedback", result="basic")


def refused(story: Story, name: str, event: str, **said: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        story.does(name, event, **said)
    assert told_in_both(caught.value), caught.value
    return caught.value


@pytest.mark.parametrize(
    ("make", "name", "event", "code"),
    [
        (reported, "dan", "accept", "wrong-tier"),
        (reported, "clerk", "verify", "wrong-tier"),
        (reported, "ann", "accept", "scope-denied"),
        (reported, "loan", "verify", "scope-denied"),
        (closed_at_community, "clerk", "evaluate", "wrong-tier"),
        (closed_at_community, "clerk", "reopen", "wrong-tier"),
        (reported, "neighbour", "accept", "scope-denied"),
        (reported, "audit", "accept", "scope-denied"),
        (reported, "nobody", "accept", "scope-denied"),
        (reported, "clerk", "void", "not-the-chief"),
        (reported, "hot", "void", "scope-denied"),
        (accepted, "away", "claim", "no-post"),
        (accepted, "clerk", "claim", "no-post"),
        (accepted, "nobody", "claim", "scope-denied"),
        (accepted, "ann", "dispatch", "scope-denied"),
        (accepted, "ann", "escalate", "not-the-owner"),
        (claimed, "bob", "handle", "not-the-owner"),
        (claimed, "clerk", "handle", "not-the-owner"),
        (claimed, "ann", "archive", None),
        (at_street, "clerk", "call", "wrong-tier"),
        (at_street, "dan", "call", "wrong-tier"),
        (at_street, "stranger", "call", "scope-denied"),
        (at_street, "clerk", "dispatch", "wrong-tier"),
        (at_street, "clerk", "delegate", "wrong-tier"),
        (at_street, "clerk", "supervise", "wrong-tier"),
        (called, "sam", "assign", "wrong-tier"),
        (assigned, "dan", "join", "not-called"),
        (assigned, "swee", "join", "not-called"),
        (lambda: assigned().does("wu", "join"), "wu", "join", "not-called"),
        (call_checked, "stranger", "feedback", "scope-denied"),
        (lambda: call_checked().does("hot", "feedback", result="basic"), "dan", "clear_off", "not-the-caller"),
        (lambda: call_checked().does("hot", "feedback", result="basic"), "clerk", "clear_off", "not-the-caller"),
        (handled, "ann", "check_pass", "scope-denied"),
        (handled, "wu", "check_pass", "scope-denied"),
        (checked, "swee", "feedback", "scope-denied"),
        (closed, "dan", "archive", "only-by-itself"),
        (closed, "ann", "reopen", "scope-denied"),
        (suspended, "bob", "resume", "not-the-owner"),
        (claimed, "system", "handle", "scope-denied"),
        (claimed, "clerk", "rehome", "only-by-itself"),
        (Story, "system", "report", "not-by-itself"),
    ],
)
def test_wrong_people_are_refused(make, name, event, code) -> None:
    """Another tier, another area, another owner, no post, no role: each is refused by its own name, and nothing changes."""
    story = make()
    before = story.standing
    error = refused(story, name, event)
    if code is None:
        assert isinstance(error, Conflict)
    else:
        assert isinstance(error, Refused)
        assert error.code == code
    assert story.standing == before


def test_every_step_out_of_its_states_is_a_conflict() -> None:
    """A step from another state than the table's is a conflict for everybody, and says what they may do instead."""
    for story in stories():
        for event in Event:
            if story.standing.state in BY_EVENT[event].takes:
                continue
            for name in ("clerk", "sam", "ann", "system"):
                with pytest.raises(Conflict) as caught:
                    take(story.standing, Act(event=event), PEOPLE[name], story.at, story.facts)
                assert caught.value.code in {"illegal-transition", "already-claimed"}
                assert set(caught.value.extra["allowed"]) == story.may(name)
                assert caught.value.extra["state"] == story.standing.state
                assert told_in_both(caught.value), caught.value


@pytest.mark.parametrize(
    ("make", "name", "event", "code"),
    [
        (claimed, "bob", "claim", "already-claimed"),
        (lambda: reported().does("clerk", "accept", tier="community"), "ann", "claim", "not-at-grid-tier"),
        (accepted, "sam", "delegate", "lowest-tier"),
        (accepted, "sam", "call", "not-at-street-tier"),
        (lambda: at_street().does("sam", "escalate").does("dan", "take"), "sam", "call", "not-at-street-tier"),
        (called, "dan", "take", "call-open"),
        (assigned, "dan", "assign", "already-assigned"),
        (lambda: assigned().does("wu", "return"), "dan", "dispatch", "call-open"),
        (joint, "dan", "delegate", "call-open"),
        (at_street, "dan", "assign", "illegal-transition"),
        (lambda: at_street().does("sam", "dispatch"), "dan", "assign", "no-call"),
        (checked, "sam", "clear_off", None),
        (call_checked, "sam", "clear_off", "not-answered"),
        (lambda: call_checked().does("hot", "feedback", result="basic"), "hot", "feedback", "already-answered"),
        (claimed, "clerk", "extend", "nothing-asked"),
        (lambda: claimed().does("ann", "ask_extend"), "clerk", "suspend", "nothing-asked"),
        (lambda: claimed().does("ann", "ask_extend"), "ann", "ask_suspend", "already-asked"),
        (lambda: accepted().does("sam", "supervise", level="red"), "dan", "supervise", "supervision-highest"),
        (lambda: closed().does("clerk", "evaluate"), "sam", "evaluate", "already-evaluated"),
        (lambda: closed("unsatisfied").does("clerk", "evaluate"), "system", "archive", "reopen-due"),
        (closed, "system", "archive", "too-early"),
        (closed, "system", "reopen", "no-reason"),
        (assigned, "system", "supervise", "not-late"),
        (claimed, "system", "escalate", "not-overdue"),
        (handled, "system", "check_pass", "not-sampled"),
        (archived, "dan", "reopen", "illegal-transition"),
    ],
)
def test_what_the_incident_does_not_allow_is_a_conflict(make, name, event, code) -> None:
    """A second claim, a step of a call out of turn, an early archive…: each is a conflict of its own name, and not offered."""
    story = make()
    assert event not in story.may(name)
    error = refused(story, name, event)
    assert isinstance(error, (Conflict, Refused))
    if code is not None:
        assert isinstance(error, Conflict)
        assert error.code == code


def test_the_post_of_a_grid_is_what_claims() -> None:
    """A and B of the grid may claim, and whoever has a post on another grid may not; after re-homing it is the other way."""
    assert "claim" in accepted().may("ann") & accepted().may("bob")
    assert "claim" not in accepted().may("away")
    moved = accepted()
    moved.facts = replace(FACTS, place=NEXT_PLACE)
    moved.does("system", "rehome")
    assert moved.standing.grid_code == NEXT_PLACE.grid_code
    assert [name for name in ("ann", "bob", "away") if "claim" in moved.may(name)] == ["bob", "away"]
    assert moved.standing.owner == accepted().standing.owner
    moved.facts = replace(FACTS, place=replace(NEXT_PLACE, community="other-community"))
    moved.does("system", "rehome")
    assert moved.standing.owner is not None
    assert moved.standing.owner.id == "other-community"
    assert moved.does("bob", "claim").does("system", "rehome").standing.owner == Party(is_org=False, id="bob")


def test_a_report_lies_in_one_grid_and_comes_to_a_desk() -> None:
    """Anybody may report; the store finds the grid, and the community's desk or the street's owns it; no grid, no report."""
    story = reported()
    assert (story.standing.grid_code, story.standing.path) == (GRID, COMMUNITY)
    assert story.standing.owner == PLACE.center(Tier.COMMUNITY)
    assert story.standing.tier is Tier.GRID
    assert story.records[0].actor is None
    straight = Story(facts=replace(FACTS, policy=Policy(intake=Tier.STREET))).does("ann", "report")
    assert straight.standing.owner == PLACE.center(Tier.STREET)
    assert straight.records[0].actor == "ann"
    error = refused(Story(facts=replace(FACTS, place=None)), "ann", "report")
    assert (error.code, isinstance(error, ParameterError)) == ("no-place", True)


def test_a_private_affair_is_answered_not_accepted() -> None:
    """私事 is not accepted but rejected with advice; 小事 needs its deliberation and is no call; the rest is 大事."""
    error = refused(reported(), "clerk", "accept", triage="private")
    assert error.code == "private-affair"
    assert reported().does("clerk", "reject").standing.triage is Triage.PRIVATE
    assert accepted().standing.triage is Triage.GOVERNMENT
    talk = reported().does("clerk", "accept", triage="consultation", tier="community").does("clerk", "dispatch")
    talk.does("clerk", "take")
    (offer,) = [each for each in offers(talk.standing, PEOPLE["clerk"], talk.at) if each.event is Event.HANDLE]
    assert "deliberation" in offer.requires
    error = refused(talk, "clerk", "handle", deliberation=None)
    assert (error.code, error.parameter if isinstance(error, ParameterError) else "") == ("missing-field", "deliberation")
    street = talk.does("clerk", "escalate").does("sam", "take")
    assert refused(street, "sam", "call").code == "consultation"


def test_dispatching_goes_neither_down_nor_above_oneself() -> None:
    """A center dispatches to whoever stands as high as the incident or higher, but not above the center, and works there."""
    story = accepted().does("sam", "dispatch", to={"org": "sweepers"})
    assert story.standing.tier is Tier.STREET
    assert story.standing.owner is not None
    assert story.standing.owner.id == "sweepers"
    assert refused(at_street(), "sam", "dispatch", to={"person": "ann"}).code == "lower-tier"
    assert refused(accepted(), "clerk", "dispatch", to={"org": "sweepers"}).code == "higher-tier"
    assert refused(accepted(), "clerk", "dispatch", to={"person": "far"}).code == "out-of-area"
    assert refused(accepted(), "clerk", "dispatch", to={"org": "unheard-of"}).code == "unknown-party"
    (offer,) = [each for each in offers(story.standing, PEOPLE["sam"], story.at) if each.event is Event.DELEGATE]
    assert offer.proposes == {}
    (offer,) = [each for each in offers(accepted().standing, PEOPLE["sam"], story.at) if each.event is Event.DISPATCH]
    assert offer.proposes == {"to": {"org": "water"}}


def test_delegating_lowers_the_tier_and_keeps_the_total_clock() -> None:
    """Delegation brings an incident to a lower tier, never to the same; its deadline and its acceptance stay."""
    before = at_street()
    due, since = before.standing.due_at, before.standing.accepted_at
    after = at_street().does("sam", "delegate", to={"org": "community"})
    assert (after.standing.tier, after.standing.state) == (Tier.COMMUNITY, State.ASSIGNED)
    assert (after.standing.due_at, after.standing.accepted_at) == (due, since)
    assert refused(at_street(), "sam", "delegate", to={"org": "sweepers"}).code == "higher-tier"


def test_the_second_return_goes_to_the_district_and_there_is_no_third() -> None:
    """Who gave an incident back gets it again: the second time the district decides, and what it decides is not returned."""
    story = accepted().does("sam", "dispatch", to={"org": "sweepers"}).does("swee", "return")
    assert story.standing.owner == PLACE.center(Tier.STREET)
    assert (story.standing.state, story.standing.tier) == (State.ACCEPTED, Tier.GRID)
    story.does("sam", "dispatch", to={"org": "sweepers"}).does("swee", "return")
    assert story.standing.owner == PLACE.center(Tier.DISTRICT)
    assert story.standing.tier is Tier.DISTRICT
    assert story.records[-1].payload["district_decides"] is True
    story.does("dan", "delegate", to={"org": "sweepers"})
    error = refused(story, "swee", "return")
    assert (error.code, "return" in story.may("swee")) == ("return-limit", False)
    assert story.standing.returned == ("sweepers", "sweepers")
    # Another organisation has returned nothing yet.
    other = story.does("swee", "take").does("dan", "delegate", to={"org": "community"}).does("clerk", "return")
    assert other.standing.owner == PLACE.center(Tier.DISTRICT)
    assert other.records[-1].payload["district_decides"] is False


def test_going_up_is_one_tier_at_a_time_unless_a_rule_lets_it() -> None:
    """An owner escalates with a coded reason to the next tier; a rule for category and urgency lets it skip one."""
    story = claimed().does("ann", "escalate")
    assert (story.standing.tier, story.standing.owner) == (Tier.COMMUNITY, PLACE.center(Tier.COMMUNITY))
    assert refused(claimed(), "ann", "escalate", to_tier="street").code == "skip-level"
    assert refused(claimed(), "ann", "escalate", to_tier="grid").code == "lower-tier"
    assert refused(claimed(), "ann", "escalate", reason="overdue").code == "invalid-parameter"
    rule = Skip(category="pipes", urgent_only=True, highest=Tier.STREET)
    for urgent, category, tier, goes in (
        (True, "leak", "street", True),
        (False, "leak", "street", False),
        (True, "noise", "street", False),
        (True, "leak", "district", False),
    ):
        fast = reported(skips=(rule,)).does("clerk", "accept", matter=category, triage="government", urgent=urgent)
        fast.does("ann", "claim")
        if goes:
            assert fast.does("ann", "escalate", to_tier=tier).standing.tier is Tier.STREET
        else:
            assert refused(fast, "ann", "escalate", to_tier=tier).code == "skip-level"
    assert "escalate" not in joint().may("wu")


def test_asking_and_deciding_are_two_people() -> None:
    """The owner asks for time or a pause and a dispatcher decides: nobody on what they asked themselves."""
    story = at_street().does("sam", "ask_extend")
    error = refused(story, "sam", "extend")
    assert (error.code, isinstance(error, Refused)) == ("self-approval", True)
    assert "extend" in story.may("sue")
    due = story.standing.due_at
    story.does("sue", "refuse_extend")
    assert (story.standing.due_at, story.standing.ask, story.standing.extension_count) == (due, None, 0)
    story.does("sam", "ask_suspend")
    assert refused(story, "sam", "suspend").code == "self-approval"
    assert story.does("sue", "refuse_suspend").standing.state is State.IN_PROGRESS
    handed_on = story.does("sam", "ask_extend").does("sue", "dispatch")
    assert handed_on.standing.ask is None


def test_extensions_are_counted_and_keep_the_first_deadline() -> None:
    """An extension moves the deadline to what was asked, which is later; the first one is kept, and there is a last time."""
    story = claimed(extensions=1)
    first = story.standing.due_at
    assert first is not None
    assert refused(story, "ann", "ask_extend", until=first.isoformat()).code == "too-early"
    until = first + DAY
    story.does("ann", "ask_extend", until=until.isoformat()).does("clerk", "extend")
    assert (story.standing.due_at, story.standing.first_due_at) == (until, first)
    assert story.standing.stage_due_at == until
    error = refused(story, "ann", "ask_extend")
    assert (error.code, "ask_extend" in story.may("ann")) == ("extension-limit", False)


def test_a_suspension_puts_deadlines_off() -> None:
    """While it is suspended nothing is due: afterwards as much time is left as there was, in total and in the stage."""
    story = claimed()
    due, stage_due, stage = story.standing.due_at, story.standing.stage_due_at, story.standing.stage
    assert due is not None
    assert stage_due is not None
    story.does("ann", "ask_suspend").does("clerk", "suspend")
    assert story.standing.review_at is not None
    assert refused(story, "ann", "handle").code == "illegal-transition"
    story.does("clerk", "resume", after=3 * DAY)
    assert (story.standing.due_at, story.standing.stage_due_at) == (due + 3 * DAY, stage_due + 3 * DAY)
    assert (story.standing.stage, story.standing.review_at) == (stage, None)


def test_every_change_of_hands_begins_a_stage() -> None:
    """Each new owner, and each new thing to do, gets a stage of its own with its own deadline; talk and verification do not."""
    story = reported()
    stage = story.standing.stage
    story.does("sam", "verify").does("ann", "verified").does("clerk", "comment").does("sam", "urge")
    assert story.standing.stage == stage
    for name, event in (("clerk", "accept"), ("ann", "claim"), ("ann", "handle"), ("clerk", "check_pass")):
        story.does(name, event)
        stage += 1
        assert (story.standing.stage, story.standing.stage_since) == (stage, story.at)
        assert story.standing.stage_due_at == story.at + DAY
    story.does("hot", "feedback", result="basic")
    assert story.standing.stage_due_at is None
    assert accepted().standing.due_at == accepted().at + 5 * DAY


def test_checker_and_handler_are_two_people() -> None:
    """Who handled it does not check it, in the same center either; whoever else sits there does."""
    story = reported().does("clerk", "accept", tier="community").does("clerk", "dispatch").does("clerk", "take")
    story.does("clerk", "handle")
    error = refused(story, "clerk", "check_pass")
    assert (error.code, isinstance(error, Refused)) == ("self-check", True)
    assert refused(story, "clerk", "check_fail").code == "self-check"
    assert {"check_pass", "check_fail"} <= story.may("clerk2")
    assert {"check_pass", "check_fail"} <= story.may("sam")


def test_a_failed_check_goes_back_to_whose_work_it_was() -> None:
    """Rework is counted, needs a reason, and is the same owner's; what followed the handling has to be passed again."""
    story = handled()
    assert story.standing.owner == PLACE.center(Tier.COMMUNITY)
    story.does("clerk", "check_fail")
    assert story.standing.owner == claimed().standing.owner
    assert (story.standing.rework_count, story.standing.state) == (1, State.IN_PROGRESS)
    assert [stage.name for stage, _ in story.standing.passed] == ["COLLECT", "TRIAGE"]
    assert refused(handled(), "clerk", "check_fail", reason=" ").code == "invalid-parameter"


def test_samples_are_for_the_grid_alone() -> None:
    """Where only samples are checked, the service passes what a grid handled, and nothing that stood higher."""
    story = handled(sample_percent=0)
    assert "check_pass" in story.may("system")
    act = sampled_out(story.standing, story.at, story.facts.policy)
    assert act is not None
    assert take(story.standing, act, PEOPLE["system"], story.at, story.facts).standing.state is State.FEEDBACK
    assert sampled_out(story.standing, story.at, Policy()) is None
    higher = reported(sample_percent=0).does("clerk", "accept", tier="community").does("clerk", "dispatch")
    higher.does("clerk", "take").does("clerk", "handle")
    assert "check_pass" not in higher.may("system")


def test_a_reporter_is_looked_for_twice() -> None:
    """Who cannot be reached once is tried again; the second time it is closed, with what was left for them as the answer."""
    story = checked().does("hot", "feedback", result="unreachable")
    assert (story.standing.state, story.standing.answered, story.standing.feedback_tries) == (State.FEEDBACK, False, 1)
    story.does("clerk", "feedback", result="unreachable")
    assert (story.standing.state, story.standing.answered) == (State.CLOSED, True)
    story.does("clerk", "reopen").does("ann", "handle").does("clerk", "check_pass")
    assert story.does("hot", "feedback", result="unreachable").standing.state is State.FEEDBACK
    assert refused(checked(), "hot", "feedback", answer="").code == "invalid-parameter"
    assert refused(reported(), "clerk", "reject", answer=None).code == "missing-field"
    assert refused(reported(), "clerk", "reject", reason="duplicate", master=None).code == "missing-field"
    assert reported().does("clerk", "reject", reason="duplicate", master="7").standing.master == "7"


def test_reopening_has_an_end_and_happens_by_itself_once() -> None:
    """Those above reopen within 30 days, with a reason; after an unsatisfied answer the service does, the first time only."""
    again = closed("unsatisfied").does("system", "reopen")
    assert again.standing.owner == claimed().standing.owner
    assert (again.standing.reopen_count, again.standing.answered, again.standing.state) == (1, False, State.IN_PROGRESS)
    again.does("ann", "handle").does("clerk", "check_pass").does("hot", "feedback", result="unsatisfied")
    assert "reopen" not in again.may("system")
    again.does("clerk", "reopen", after=30 * DAY)
    assert again.standing.reopen_count == 2
    by_hand = closed().does("clerk", "reopen").does("ann", "handle").does("clerk", "check_pass")
    assert "reopen" in by_hand.does("hot", "feedback", result="unsatisfied").may("system")
    late = closed()
    late.at += 30 * DAY
    assert "reopen" in late.may("clerk")
    error = refused(late, "clerk", "reopen", after=HOUR)
    assert (error.code, isinstance(error, Conflict)) == ("too-late", True)
    assert refused(closed(), "clerk", "reopen", reason=None).code == "missing-field"
    at_the_street = cleared()
    assert "reopen" not in at_the_street.may("sam")
    assert "reopen" in at_the_street.may("dan")


def test_the_time_for_which_it_was_closed_does_not_count() -> None:
    """A reopened incident is due as much later as it had been closed."""
    story = closed("unsatisfied")
    due = story.standing.due_at
    assert due is not None
    assert story.does("system", "reopen", after=2 * DAY).standing.due_at == due + 2 * DAY


def test_archiving_waits_for_an_evaluation_or_for_its_day() -> None:
    """What is closed is archived once it is evaluated, or when the days are over: then the evaluation has lapsed."""
    story = closed()
    story.at += 15 * DAY - HOUR
    assert "archive" not in story.may("system")
    story.at += HOUR
    assert "archive" in story.may("system")
    lapsed = story.does("system", "archive", after=HOUR).standing
    assert dict(lapsed.passed)[list(dict(lapsed.passed))[-2]] == story.at
    soon = closed().does("sam", "evaluate").does("system", "archive")
    assert soon.standing.state is State.ARCHIVED
    assert refused(closed(), "clerk", "evaluate", scores={}).code == "invalid-parameter"
    assert refused(closed(), "clerk", "evaluate", scores={"speed": 101}).code == "invalid-parameter"


def test_supervision_only_goes_up_until_it_is_closed() -> None:
    """A card is followed by a higher one only; closing takes it away."""
    story = claimed().does("clerk", "supervise", level="yellow")
    assert refused(story, "sam", "supervise", level="yellow").code == "supervision-falls"
    assert refused(story, "sam", "supervise", level="normal").code == "supervision-falls"
    assert refused(story, "sam", "supervise", level="none").code == "supervision-falls"
    story.does("sam", "supervise", level="red").does("ann", "handle").does("clerk", "check_pass")
    assert story.standing.supervision is Supervision.RED
    assert story.does("hot", "feedback", result="basic").standing.supervision is Supervision.NONE


def test_on_the_spot_is_the_grids() -> None:
    """A worker may solve what they claimed on the spot; nobody else says so."""
    assert claimed().does("ann", "handle", on_the_spot=True).records[-1].payload["on_the_spot"] is True
    street = at_street()
    assert refused(street, "sam", "handle", on_the_spot=True).code == "not-at-grid-tier"


def test_nothing_happens_before_what_has_happened() -> None:
    """A record that would be earlier than the last one is refused, and nothing is offered for such a moment."""
    story = claimed()
    error = refused(story, "ann", "handle", after=-HOUR)
    assert (error.code, isinstance(error, Conflict)) == ("time-went-back", True)
    assert "handle" in story.may("ann")
    story.at -= HOUR
    assert story.may("ann") == set()


def test_somebody_in_two_centers_acts_for_one_of_them() -> None:
    """Who works in two centers acts for the nearest, or for the one that they name."""
    story = accepted()
    both = PEOPLE["both"]
    act = Act(event=Event.DISPATCH, payload={"to": {"person": "ann"}})
    assert take(story.standing, act, both, story.at, FACTS).record.org == "community"
    assert take(story.standing, act, both.acting_for("street"), story.at, FACTS).record.org == "street"
    with pytest.raises(Refused):
        take(story.standing, act, both.acting_for("water"), story.at, FACTS)


@pytest.mark.parametrize("event", [event for event in Event if BY_EVENT[event].requires])
def test_each_required_field_is_asked_for(event) -> None:
    """Without a field that an offer requires the step is refused by the field's name, and so it is with one nobody knows."""
    for story in stories():
        for name, who in PEOPLE.items():
            if event not in story.may(name):
                continue
            payload = well_formed(story.standing, event, who, story.at)
            for field in BY_EVENT[event].requires:
                less = {key: value for key, value in payload.items() if key != field}
                with pytest.raises(ParameterError) as caught:
                    take(story.standing, Act(event=event, payload=less), who, story.at, story.facts)
                assert (caught.value.parameter, caught.value.code) == (field, "missing-field")
                assert told_in_both(caught.value), caught.value
            with pytest.raises(ParameterError) as caught:
                take(story.standing, Act(event=event, payload=payload | {"owner": {"org": "x"}}), who, story.at, story.facts)
            assert (caught.value.parameter, caught.value.code) == ("owner", "unknown-field")
            assert told_in_both(caught.value), caught.value
            return
    pytest.fail(f"nobody is offered {event} in any story")


@pytest.mark.parametrize(
    ("make", "name", "event", "said", "field"),
    [
        (reported, "clerk", "accept", {"tier": "street"}, "tier"),
        (reported, "clerk", "accept", {"tier": "none"}, "tier"),
        (reported, "clerk", "accept", {"triage": "else"}, "triage"),
        (reported, "clerk", "accept", {"urgent": "yes"}, "urgent"),
        (reported, "clerk", "reject", {"reason": "because"}, "reason"),
        (reported, "sam", "verify", {"worker": "unheard-of"}, "worker"),
        (accepted, "clerk", "dispatch", {"to": "ann"}, "to"),
        (accepted, "clerk", "dispatch", {"to": {"person": 7}}, "to"),
        (accepted, "clerk", "dispatch", {"to": {"person": "ann", "org": "water"}}, "to"),
        (claimed, "ann", "handle", {"evidence": []}, "evidence"),
        (claimed, "ann", "handle", {"evidence": "photo"}, "evidence"),
        (claimed, "ann", "handle", {"result": 5}, "result"),
        (claimed, "ann", "handle", {"result": "x" * 4001}, "result"),
        (claimed, "ann", "handle", {"result": "nul \0 in it"}, "result"),
        (claimed, "ann", "handle", {"result": "half a \ud83d pair"}, "result"),
        (claimed, "ann", "handle", {"mediation": "uncle"}, "mediation"),
        (claimed, "ann", "ask_suspend", {"until": "0001-01-01T00:00:00+14:00"}, "until"),
        (claimed, "ann", "ask_suspend", {"until": "9999-12-31T00:00:00Z"}, "until"),
        (closed, "clerk", "evaluate", {"scores": {"x" * 201: 5}}, "scores"),
        (claimed, "ann", "ask_suspend", {"until": "2026-09-30T12:00"}, "until"),
        (claimed, "ann", "ask_suspend", {"until": "soon"}, "until"),
        (claimed, "ann", "ask_suspend", {"until": "2026-09-01T12:00:00+08:00"}, "until"),
        (claimed, "clerk", "supervise", {"level": "green"}, "level"),
        (called, "dan", "assign", {"departments": []}, "departments"),
        (called, "dan", "assign", {"departments": ["water"]}, "departments"),
        (called, "dan", "assign", {"departments": DEPARTMENTS[1:]}, "departments"),
        (called, "dan", "assign", {"departments": [*DEPARTMENTS, {"org": "water"}]}, "departments"),
        (
            called,
            "dan",
            "assign",
            {"departments": [{"org": "water", "lead": True}, {"org": "power", "lead": True}]},
            "departments",
        ),
        (called, "dan", "assign", {"departments": [{"org": "sweepers", "lead": True}]}, "departments"),
        (called, "dan", "assign", {"departments": [{"org": "street", "lead": True}]}, "departments"),
        (called, "dan", "assign", {"departments": [{"org": "unheard-of", "lead": True}]}, "departments"),
        (called, "dan", "assign", {"departments": [{"org": "water", "lead": True, "role": 1}]}, "role"),
        (closed, "clerk", "evaluate", {"scores": [5]}, "scores"),
        (closed, "clerk", "evaluate", {"scores": {"speed": True}}, "scores"),
    ],
)
def test_a_wrong_field_is_named(make, name, event, said, field) -> None:
    """What is wrong in a payload is refused by the field's name, whoever sends it and whatever it is."""
    story = make()
    error = refused(story, name, event, **said)
    assert isinstance(error, ParameterError)
    assert error.parameter == field


def test_an_unknown_event_is_refused_by_name() -> None:
    """A word that is no event is refused with those that are."""
    assert Act.named("claim", {}).event is Event.CLAIM
    with pytest.raises(ParameterError) as caught:
        Act.named("sign", {})
    assert caught.value.code == "unknown-event"
    assert "claim" in str(caught.value)
    assert told_in_both(caught.value)
