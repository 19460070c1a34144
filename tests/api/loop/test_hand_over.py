"""A hand-over: the same duty in other hands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.loop.incident import Party
from api.loop.words import Event
from gis.errors import ParameterError
from tests.api.loop.ward import (
    DAY,
    FACTS,
    HOUR,
    PLACE,
    accepted,
    at_street,
    claimed,
    handed_over,
    stories,
    suspended,
    told_in_both,
)

BOB = Party(is_org=False, id="bob")


def test_nothing_but_the_owner_changes() -> None:
    """State, tier, place, both clocks and what was asked stay; the time until then stands in the log as the one's before."""
    for story in (*stories(), claimed().does("ann", "ask_extend").does("system", "hand_over")):
        for each in story.moments:
            if each.record.event is Event.HAND_OVER:
                for name in (
                    "state",
                    "tier",
                    "place",
                    "stage",
                    "stage_since",
                    "stage_due_at",
                    "due_at",
                    "ask",
                    "passed",
                    "giver",
                ):
                    assert getattr(each.after, name) == getattr(each.before, name), name
                assert each.after.owner != each.before.owner
                had = each.after.stretches[-1]
                assert (had.owner, had.until) == (each.before.owner, each.record.at)


def test_a_suspension_is_put_off_whole() -> None:
    """Who resumes what was handed over to them while it was suspended gets all the time of the suspension, not their part."""
    story = suspended()
    before = story.standing
    story.does("system", "hand_over", after=DAY).does("bob", "resume", after=DAY)
    assert before.due_at is not None
    assert before.stage_due_at is not None
    assert story.standing.due_at == before.due_at + 2 * DAY
    assert story.standing.stage_due_at == before.stage_due_at + 2 * DAY


def test_a_suspension_under_a_new_center_is_put_off_whole() -> None:
    """The total clock stands still for all of a suspension though a new net gave it to another center; so does its stage's."""
    story = claimed().does("clerk", "hand_over", to={"org": "community"}).does("clerk", "ask_suspend").does("clerk2", "suspend")
    before = story.standing
    story.facts = replace(FACTS, place=replace(PLACE, community="other-community"))
    story.does("system", "rehome", after=DAY)
    begun = story.standing.stage_due_at
    story.does("dan", "resume", after=DAY)
    assert before.due_at is not None
    assert begun is not None
    assert story.standing.due_at == before.due_at + 2 * DAY
    assert story.standing.stage_due_at == begun + DAY


def test_the_work_is_theirs_who_go_on_with_it() -> None:
    """A failed check brings work back to whoever went on with it; what nobody has taken yet is nobody's work."""
    story = claimed().does("system", "hand_over").does("bob", "handle").does("clerk", "check_fail")
    assert story.standing.owner == BOB
    waits = accepted().does("clerk", "dispatch").does("system", "hand_over")
    assert (waits.standing.owner, waits.standing.worked_by) == (BOB, None)
    assert waits.does("bob", "return").standing.owner == Party(is_org=True, id="community")
    assert handed_over().standing.handler == "clerk"


def test_what_is_above_the_grid_goes_to_the_center_alone() -> None:
    """Somebody at the street's tier who is away leaves it to the street's center, and to no worker of the grid."""
    story = at_street().does("sam", "dispatch", to={"person": "swee"}).does("swee", "take")
    with pytest.raises(ParameterError) as refused:
        story.does("system", "hand_over", to={"person": "ann"})
    assert refused.value.code == "no-post"
    assert told_in_both(refused.value)
    story.does("system", "hand_over", to={"org": "street"}, after=HOUR)
    assert story.standing.owner == Party(is_org=True, id="street")


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ({"person": "ann"}, "same-owner"),
        ({"person": "away"}, "no-post"),
        ({"person": "nobody-known"}, "unknown-party"),
        ({"org": "street"}, "not-in-charge"),
    ],
)
def test_nobody_else_stands_in(to, code) -> None:
    """Whoever has it, who has no post on the grid, whom nobody knows, another center: each is refused by a word of its own."""
    with pytest.raises(ParameterError) as refused:
        claimed().does("clerk", "hand_over", to=to)
    assert refused.value.code == code
    assert told_in_both(refused.value)
