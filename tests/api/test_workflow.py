"""The approval of a plan, as rules: who may take which step when, and what follows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.who.caller import ANONYMOUS, Caller, Grant, How, Role
from api.workflow import (
    APPROVING,
    DISTRICT_APPROVED,
    DRAFT,
    EFFECTIVE,
    FILED,
    NOTICED,
    PASS,
    REJECT,
    STEPS,
    STREET_REVIEWED,
    SUBMITTED,
    VALIDATED,
    WITHDRAWN,
    Decided,
    Place,
    Standing,
    offers,
    take,
)
from gis.errors import Conflict, ParameterError, Refused, RequestError

DISTRICT, STREET_A, STREET_B = "1", "1.2", "1.3"
COMMUNITY_A, COMMUNITY_A2, COMMUNITY_B = "1.2.4", "1.2.5", "1.3.6"
PLACES = tuple(
    Place(id=int(path.split(".")[-1]), path=path, code=path, level=level)
    for path, level in (
        (DISTRICT, "district"),
        (STREET_A, "street"),
        (STREET_B, "street"),
        (COMMUNITY_A, "community"),
        (COMMUNITY_A2, "community"),
        (COMMUNITY_B, "community"),
    )
)
ONE_STREET = tuple(place for place in PLACES if place.path in {DISTRICT, STREET_A, COMMUNITY_A, COMMUNITY_A2})


def person(name, role, *paths):
    return Caller(person_id=name, name=name, grants=tuple(Grant(role=role, area=path) for path in paths), how=How.SESSION)


AUTHOR = person("author", Role.COMMUNITY, COMMUNITY_A, COMMUNITY_A2)
PLANNER_A = person("planner-a", Role.COMMUNITY, COMMUNITY_A)
PLANNER_A2 = person("planner-a2", Role.COMMUNITY, COMMUNITY_A2)
STREET = person("street", Role.STREET, STREET_A)
OTHER_STREET = person("other-street", Role.STREET, STREET_B)
DISTRICT_OFFICE = person("district", Role.DISTRICT, DISTRICT)
AUDITOR = person("auditor", Role.AUDITOR, DISTRICT)
WORKER = person("worker", Role.GRID_WORKER, COMMUNITY_A)
ADMIN = person("admin", Role.ADMINISTRATOR)
EVERYBODY = (
    AUTHOR, PLANNER_A, PLANNER_A2, STREET, OTHER_STREET, DISTRICT_OFFICE, AUDITOR, WORKER, ADMIN, ANONYMOUS,
)  # fmt: skip


def standing(state, *decided, places=ONE_STREET):
    return Standing(state=state, author="author", places=places, decided=decided)


def goes_on(plan, action, caller, comment=""):
    """Take a step and return the plan as it stands then."""
    taken = take(plan, action, caller, comment=comment)
    decided = tuple(Decided(step=taken.step, verdict=taken.verdict, area=a.id, actor=caller.person_id) for a in taken.areas)
    return replace(plan, state=taken.state, decided=plan.decided + decided)


def actions(plan, caller):
    return {offer.action for offer in offers(plan, caller)}


def test_the_whole_way() -> None:
    """提报, 初审, 核准, 公示, 生效, 备案: each step by its tier, in this order, and by three different people."""
    plan = standing(DRAFT)
    states = []
    for action, caller in (
        ("validate", AUTHOR), ("submit", AUTHOR), ("street_review", STREET), ("district_approve", DISTRICT_OFFICE),
        ("notice", DISTRICT_OFFICE), ("put_in_force", DISTRICT_OFFICE), ("file", DISTRICT_OFFICE),
    ):  # fmt: skip
        plan = goes_on(plan, action, caller)
        states.append(plan.state)
    assert states == [VALIDATED, SUBMITTED, STREET_REVIEWED, DISTRICT_APPROVED, NOTICED, EFFECTIVE, FILED]
    assert {d.actor for d in plan.decided if d.step in APPROVING} == {"author", "street", "district"}


def test_every_community_submits() -> None:
    """A plan over two communities is submitted when both have; the second submission moves it on."""
    plan = goes_on(standing(VALIDATED), "submit", PLANNER_A)
    assert plan.state == VALIDATED
    assert actions(plan, PLANNER_A) == set()
    with pytest.raises(Conflict) as refused:
        take(plan, "submit", PLANNER_A)
    assert refused.value.code == "already-decided"
    assert goes_on(plan, "submit", PLANNER_A2).state == SUBMITTED


def test_every_street_reviews() -> None:
    """A plan over two streets needs the review of both."""
    plan = standing(SUBMITTED, places=PLACES)
    plan = goes_on(plan, "street_review", STREET)
    assert plan.state == SUBMITTED
    assert goes_on(plan, "street_review", OTHER_STREET).state == STREET_REVIEWED


@pytest.mark.parametrize(
    ("state", "action", "caller", "code"),
    [
        (VALIDATED, "submit", STREET, "wrong-tier"),
        (SUBMITTED, "street_review", PLANNER_A, "wrong-tier"),
        (SUBMITTED, "street_review", DISTRICT_OFFICE, "wrong-tier"),
        (STREET_REVIEWED, "district_approve", STREET, "wrong-tier"),
        (STREET_REVIEWED, "district_approve", AUTHOR, "wrong-tier"),
        (SUBMITTED, "street_review", OTHER_STREET, "scope-denied"),
        (SUBMITTED, "street_review", AUDITOR, "scope-denied"),
        (SUBMITTED, "street_review", ADMIN, "scope-denied"),
        (VALIDATED, "submit", WORKER, "scope-denied"),
        (VALIDATED, "submit", ANONYMOUS, "scope-denied"),
        (DRAFT, "validate", PLANNER_A, "scope-denied"),
        (VALIDATED, "withdraw", PLANNER_A, "not-the-author"),
    ],
)
def test_wrong_people_are_refused(state, action, caller, code) -> None:
    """Another tier, another area, no role in plans, or not the author: each is refused by its own name."""
    with pytest.raises(Refused) as refused:
        take(standing(state), action, caller)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (DRAFT, "submit"), (DRAFT, "street_review"), (DRAFT, "put_in_force"), (VALIDATED, "street_review"),
        (SUBMITTED, "district_approve"), (SUBMITTED, "put_in_force"), (STREET_REVIEWED, "put_in_force"),
        (STREET_REVIEWED, "street_review"), (EFFECTIVE, "put_in_force"), (EFFECTIVE, "reject"), (FILED, "file"),
        (WITHDRAWN, "validate"), (DRAFT, "reject"), (STREET_REVIEWED, "withdraw"),
    ],
)  # fmt: skip
def test_no_step_is_skipped_or_taken_twice(state, action) -> None:
    """A step that the state does not allow is a conflict for everybody, and says what is allowed instead."""
    for caller in EVERYBODY:
        with pytest.raises(Conflict) as refused:
            take(standing(state), action, caller, comment="why")
        assert refused.value.code == "illegal-transition"
        assert set(refused.value.extra["allowed"]) == actions(standing(state), caller)


def test_nobody_approves_what_they_wrote_or_decided() -> None:
    """The author reviews nothing, and who submitted does not review, even with a role at both tiers."""
    both = Caller(
        person_id="both",
        grants=(Grant(role=Role.COMMUNITY, area=STREET_A), Grant(role=Role.STREET, area=STREET_A)),
        how=How.SESSION,
    )
    plan = goes_on(standing(VALIDATED), "submit", both)
    assert plan.state == SUBMITTED
    with pytest.raises(Refused) as refused:
        take(plan, "street_review", both)
    assert refused.value.code == "self-approval"
    author = replace(both, person_id="author")
    with pytest.raises(Refused) as refused:
        take(standing(SUBMITTED), "street_review", author)
    assert refused.value.code == "self-approval"


def test_a_rejection_needs_a_reason_and_makes_a_draft() -> None:
    """Whoever could take the next step may send the plan back, with a reason; it is a draft again."""
    with pytest.raises(ParameterError) as refused:
        take(standing(SUBMITTED), "reject", STREET, comment="  ")
    assert refused.value.code == "reason-required"
    taken = take(standing(SUBMITTED), "reject", STREET, comment="the river")
    assert (taken.state, taken.verdict, taken.step) == (DRAFT, REJECT, "street_review")
    assert take(standing(NOTICED), "reject", DISTRICT_OFFICE, comment="objections").state == DRAFT


states = st.sampled_from([step.takes[0] for step in STEPS] + [NOTICED, FILED, WITHDRAWN])
everybody = st.sampled_from(EVERYBODY)
words = st.sampled_from([*(step.name for step in STEPS), "reject", "withdraw"])


@given(st.lists(st.tuples(words, everybody), max_size=25))
def test_whatever_is_tried_three_tiers_approve_in_order(tries) -> None:
    """However people press the buttons: a plan in force was passed by community, street and district, by three people."""
    plan = standing(DRAFT)
    for action, caller in tries:
        offered = actions(plan, caller)
        try:
            plan = goes_on(plan, action, caller, comment="because")
        except RequestError:
            assert action not in offered
        else:
            assert action in offered
        if plan.state == DRAFT:
            plan = replace(plan, decided=())
    if plan.state in {EFFECTIVE, FILED}:
        passed = [d for d in plan.decided if d.step in APPROVING and d.verdict == PASS]
        assert list(dict.fromkeys(d.step for d in passed)) == list(APPROVING)
        by_step = [{d.actor for d in passed if d.step == step} for step in APPROVING]
        assert not by_step[0] & by_step[1]
        assert not by_step[1] & by_step[2]
        assert not by_step[0] & by_step[2]


@given(states, everybody)
def test_what_is_offered_can_be_done(state, caller) -> None:
    """Every transition that is offered succeeds when it is taken, and none that is not offered does."""
    plan = standing(state)
    offered = actions(plan, caller)
    for action in [*(step.name for step in STEPS), "reject", "withdraw"]:
        try:
            take(plan, action, caller, comment="because")
        except RequestError:
            assert action not in offered
        else:
            assert action in offered
