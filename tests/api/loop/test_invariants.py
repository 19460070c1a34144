"""What is true of every incident, whatever people do: the ten invariants of the loop, over stories and random histories."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings

from api.loop.duplicates import Arrival, kept_as
from api.loop.facts import Matter
from api.loop.record import moment
from api.loop.replay import follow, replay
from api.loop.spans import by_stage, history, measured, running, running_in_stage, suspended
from api.loop.take import offers
from api.loop.words import FINAL, OPEN, Event, Stage, State
from gis.errors import ParameterError, StoreError
from tests.api.loop.ward import (
    DAY,
    FACTS,
    HOUR,
    PEOPLE,
    START,
    Story,
    archived,
    called_twice,
    cleared,
    reported,
    reworked,
    stories,
    through_json,
    told_in_both,
    walks,
)

whatever_happens = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def over_stories(test):
    """Give a test every story besides the random histories."""
    for story in stories():
        test = example(story)(test)
    return test


@over_stories
@given(walks)
@whatever_happens
def test_1_an_open_incident_has_one_owner_and_one_grid(story: Story) -> None:
    """What is open has exactly one owner, and what is over has none; it lies in one grid, or visibly in none."""
    for each in story.moments:
        if each.after.state in OPEN:
            assert each.after.owner is not None
            assert each.after.owner.id
            assert each.after.grid_code == story.facts.place.grid_code or each.record.event is Event.REHOME
            assert sum(key == "owner" for key in each.record.payload) == 1
        else:
            assert each.after.owner is None


@over_stories
@given(walks)
@whatever_happens
def test_2_the_log_replays_to_the_standing(story: Story) -> None:
    """The records, written as JSON and read back, give exactly the standing that the acts led to; each of them in turn."""
    records = through_json(story.records)
    assert records == story.records
    assert replay(records) == story.standing
    for count, each in enumerate(story.moments, start=1):
        assert each.after.revision == count
        assert follow(each.before, records[count - 1]) == each.after


@over_stories
@given(walks)
@whatever_happens
def test_3_nothing_archived_has_skipped_a_stage(story: Story) -> None:
    """What is archived was collected, accepted, handled, checked, answered, in this order, and evaluated or left to lapse.

    Of what came from another system, and had ended there, it shows the stages that this one speaks of, and no others.
    """
    for each in story.moments:
        if each.record.to_state is not State.ARCHIVED:
            continue
        if story.records[0].to_state is State.CLOSED and each.after.reopen_count == 0:
            known = {Stage.TRIAGE} if "accepted_at" in story.records[0].payload else set()
            ours = {Stage.COLLECT, Stage.FEEDBACK, Stage.EVALUATE, Stage.ARCHIVE}
            assert {stage for stage, _ in each.after.passed} == known | ours
            continue
        if story.records[0].to_state is State.CLOSED:
            assert {stage for stage, _ in each.after.passed} | {Stage.TRIAGE} == set(Stage)
            continue
        assert [stage for stage, _ in each.after.passed] == list(Stage)
        log = [record.event for record in story.records[: each.after.revision]]
        last = [
            max(place for place, event in enumerate(log) if event in events)
            for events in (
                {Event.REPORT, Event.IMPORT},
                {Event.ACCEPT},
                {Event.CLAIM, Event.TAKE, Event.JOIN, Event.CHECK_FAIL, Event.REOPEN},
                {Event.HANDLE},
                {Event.CHECK_PASS},
                {Event.FEEDBACK},
                {Event.ARCHIVE},
            )
        ]
        assert last == sorted(last)


@over_stories
@given(walks)
@whatever_happens
def test_4_whoever_reported_is_answered(story: Story) -> None:
    """Whatever is rejected or closed has an answer to the reporter in its log, given since it was last worked on.

    Of what had ended in another system, that says so.
    """
    for each in story.moments:
        if each.record.to_state not in {State.REJECTED, State.CLOSED}:
            continue
        assert each.after.answered
        log = story.records[: each.after.revision]
        begins = {Event.REPORT, Event.IMPORT, Event.HANDLE}
        since = max((i for i, record in enumerate(log) if record.event in begins), default=0)
        told = "answered" if log[since].event is Event.IMPORT else "answer"
        assert any(record.payload.get(told) for record in log[since:])


@over_stories
@given(walks)
@whatever_happens
def test_5_the_tier_falls_only_by_delegation_or_return(story: Story) -> None:
    """Nothing but delegating and returning brings an incident to a lower tier."""
    for each in story.moments:
        if each.after.tier < each.before.tier:
            assert each.record.event in {Event.DELEGATE, Event.RETURN}
        assert each.record.tier == each.after.tier


@over_stories
@given(walks)
@whatever_happens
def test_6_nobody_checks_their_own_work(story: Story) -> None:
    """Who passes or fails a check is another person than who handled it last."""
    handler = None
    for record in story.records:
        if record.event is Event.HANDLE:
            handler = record.actor
            assert handler is not None
        if record.event in {Event.CHECK_PASS, Event.CHECK_FAIL}:
            assert record.actor != handler


@over_stories
@given(walks)
@whatever_happens
def test_7_time_goes_forward(story: Story) -> None:
    """Records follow each other in time, and so do the stages of what is closed, and the steps of a call."""
    moments = [record.at for record in story.records]
    assert moments == sorted(moments)
    for each in story.moments:
        if each.after.state in {State.CLOSED, State.ARCHIVED}:
            passed = [at for _, at in each.after.passed]
            assert passed == sorted(passed)
        if (call := each.after.call) is not None:
            joined = [one.joined_at for one in call.participants if one.mandatory or one.lead]
            steps = [call.called_at, call.assigned_at, *sorted(at for at in joined if at), call.joint_started_at]
            steps = [at for at in [*steps, call.handled_at, call.cleared_at] if at is not None]
            assert steps == sorted(steps)


@over_stories
@given(walks)
@whatever_happens
def test_8_stages_and_suspensions_add_up(story: Story) -> None:
    """Σ stages + Σ suspensions is the time from acceptance to closing, less the time that it had been closed before.

    A stage is one owner's, unless it was handed over to whoever stands in for them.
    """
    at = story.at + HOUR
    ran = still = timedelta()
    stage_since = None
    if story.records and "accepted_at" in (told := story.records[0].payload):
        # It ran in the other system, until it ended there.
        stage_since = moment(told["accepted_at"])
        ran = moment(told["closed_at"]) - stage_since
    ends = [*(record.at for record in story.records[1:]), at]
    for record, until in zip(story.records, ends, strict=False):
        if stage_since is not None or record.event is Event.ACCEPT:
            stage_since = stage_since or record.at
            if record.to_state is State.SUSPENDED:
                still += until - record.at
            elif record.to_state not in {State.CLOSED, *FINAL}:
                ran += until - record.at
    now = story.standing
    assert measured(running(now, at)) == ran
    assert measured(suspended(now, at)) == still
    assert sum(by_stage(now, at).values(), timedelta()) == ran
    ways = history(now, at)
    assert all(one.until == other.since for one, other in itertools.pairwise(ways))
    if now.state in OPEN and now.accepted_at is not None:
        assert by_stage(now, at)[now.stage] == measured(running_in_stage(now, at))
    handed = {record.at for record in story.records if record.event is Event.HAND_OVER}
    assert all(
        one.owner == other.owner or other.since in handed for one, other in itertools.pairwise(ways) if one.stage == other.stage
    )


@pytest.mark.parametrize("code", ["gone", "unheard-of"])
def test_9_an_exited_matter_cannot_be_chosen(code) -> None:
    """A matter that has exited the catalogue, or never was in it, is refused; what had chosen it before stays as it was."""
    story = reported()
    with pytest.raises(ParameterError) as refused:
        story.does("clerk", "accept", matter=code)
    assert refused.value.parameter == "matter"
    assert told_in_both(refused.value), refused.value
    assert refused.value.code == {"gone": "exited-matter", "unheard-of": "unknown-matter"}[code]
    accepted = reported().does("clerk", "accept", matter="leak")
    accepted.facts = replace(FACTS, matters={"leak": Matter(code="leak", category="pipes", is_admitted=False)})
    assert accepted.does("ann", "claim").does("ann", "handle").standing.matter == "leak"


def test_10_importing_again_makes_nothing_new() -> None:
    """A report that comes again from the same system under the same number, or from the same terminal, is the one there is."""
    mine = Arrival(id="a", category="pipes", x=0, y=0, at=START, source="hotline_12345", external_id="7", client_uuid="u")
    rows = [
        mine,
        replace(mine, id="b", external_id="8", client_uuid=None),
        replace(mine, id="c", source="urban", client_uuid="v"),
    ]
    kept: list[Arrival] = []
    for _ in range(3):
        for row in rows:
            if kept_as(row, kept) is None:
                kept.append(row)
    assert kept == rows
    again = replace(mine, id="d", external_id=None, at=START + DAY, category="other")
    assert kept_as(again, kept) == "a"
    assert kept_as(replace(again, client_uuid=None), kept) is None


def test_the_stories_reach_every_state_and_event() -> None:
    """The stories behind these tests make every state and every event happen: no invariant is true for want of a case."""
    assert {story.standing.state for story in stories()} == set(State)
    happened = {record.event for story in stories() for record in story.records}
    assert set(Event) - happened == {
        Event.URGE, Event.INSTRUCT, Event.COMMENT, Event.REFUSE_EXTEND, Event.REFUSE_SUSPEND,
    }  # fmt: skip


@pytest.mark.parametrize("make", [archived, cleared, reworked, called_twice])
def test_a_broken_log_is_noticed(make) -> None:
    """A log from which a record is missing, or in which one is earlier or from another state, is not replayed."""
    records = make().records
    for place in range(len(records) - 1):
        with pytest.raises(StoreError):
            replay(records[:place] + records[place + 1 :])
    swapped = [replace(records[1], seq=1), replace(records[0], seq=2)]
    with pytest.raises(StoreError):
        replay(swapped)
    early = [records[0], replace(records[1], at=records[0].at - HOUR)]
    with pytest.raises(StoreError):
        replay(early)


@over_stories
@given(walks)
@whatever_happens
def test_nothing_open_is_stuck(story: Story) -> None:
    """Whatever is open somebody can carry on: in a grid, in none, in no street, and in no area at all."""
    talk = {Event.SUPERVISE, Event.URGE, Event.INSTRUCT, Event.COMMENT, Event.KEY_REPORT, Event.REHOME, Event.HAND_OVER}
    for each in story.moments:
        if each.after.state in OPEN:
            at = each.record.at + HOUR
            leads_on = {
                offer.event for who in PEOPLE.values() for offer in offers(each.after, who, at, story.facts.policy)
            } - talk
            assert leads_on, each.after
