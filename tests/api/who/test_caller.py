"""What a caller may do: roles, rights, areas, categories, ceilings."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.who.caller import (
    ANONYMOUS,
    RIGHTS,
    TIERS,
    Caller,
    Ceiling,
    Grant,
    How,
    Right,
    Role,
    Tier,
    ceiling_of,
    within,
)
from gis.errors import Refused, Unidentified

PLAN_STEPS = {
    Right.SUBMIT,
    Right.STREET_REVIEW,
    Right.DISTRICT_APPROVE,
    Right.NOTICE,
    Right.PUT_IN_FORCE,
    Right.FILE,
}
LABELS = st.lists(st.sampled_from(["1", "5", "55", "2", "20", "3"]), min_size=1, max_size=4)
GRANTS = st.builds(
    Grant,
    role=st.sampled_from([Role.GRID_WORKER, Role.COMMUNITY, Role.STREET, Role.DISTRICT, Role.AUDITOR]),
    area=LABELS.map(".".join),
    categories=st.sampled_from([("*",), ("a",), ("a", "b"), ("b", "c")]),
)


def known(*grants):
    """A caller with a key and those grants."""
    return Caller(person_id="p", name="P", grants=grants, how=How.KEY)


def test_three_duties_share_no_right():
    """Work, audit and the management of people have no right in common, and the last two have one right each."""
    work = frozenset().union(*(RIGHTS[role] for role in Role if role not in {Role.AUDITOR, Role.ADMINISTRATOR}))
    assert RIGHTS[Role.AUDITOR] == {Right.READ_LOG}
    assert RIGHTS[Role.ADMINISTRATOR] == {Right.MANAGE_PEOPLE}
    assert work == set(Right) - {Right.READ_LOG, Right.MANAGE_PEOPLE}


def test_each_step_belongs_to_one_tier():
    """No role has two of the three decisions about a plan, and each step is some role's."""
    decisions = {Right.SUBMIT: Role.COMMUNITY, Right.STREET_REVIEW: Role.STREET, Right.DISTRICT_APPROVE: Role.DISTRICT}
    for right, role in decisions.items():
        assert [r for r in Role if right in RIGHTS[r]] == [role]
    assert frozenset().union(*RIGHTS.values()) >= PLAN_STEPS


def test_ceilings_and_tiers():
    """Planners see household points, grid workers internal data, administrators nothing that is not public."""
    assert {role: ceiling_of(role) for role in Role} == {
        Role.GRID_WORKER: Ceiling.INTERNAL,
        Role.COMMUNITY: Ceiling.HOUSEHOLDS,
        Role.STREET: Ceiling.HOUSEHOLDS,
        Role.DISTRICT: Ceiling.HOUSEHOLDS,
        Role.VIEWER: Ceiling.INTERNAL,
        Role.AUDITOR: Ceiling.INTERNAL,
        Role.ADMINISTRATOR: Ceiling.PUBLIC,
    }
    assert set(TIERS) == set(RIGHTS) == set(Role)
    both = known(Grant(role=Role.GRID_WORKER, area="1.2"), Grant(role=Role.STREET, area="1.3"))
    assert (both.tier, ANONYMOUS.tier) == (Tier.STREET, Tier.NONE)


@given(LABELS, LABELS)
def test_containment_is_by_labels(path, area):
    """A path lies in an area when it begins with the area's labels: 1.55 is not in 1.5."""
    assert within(".".join(path), ".".join(area)) is (path[: len(area)] == area)


def test_nothing_lies_in_an_empty_path():
    """The empty path, which the store takes for the root of everything, contains nothing."""
    assert not within("1.5", "")
    assert not within("", "")


def test_roles_do_not_mix():
    """Who plans in one community and works in the next plans in the first only."""
    caller = known(Grant(role=Role.COMMUNITY, area="1.5.20.311"), Grant(role=Role.GRID_WORKER, area="1.5.20.312"))
    assert caller.may(Right.SEE_HOUSEHOLDS, "1.5.20.311")
    assert not caller.may(Right.SEE_HOUSEHOLDS, "1.5.20.312")
    assert caller.may(Right.SEE_INTERNAL, "1.5.20.312")
    assert not caller.may(Right.SEE_INTERNAL, "1.5.20")
    assert caller.areas_for(Right.SEE_HOUSEHOLDS) == ("1.5.20.311",)
    assert caller.areas_for(Right.SEE_INTERNAL) == ("1.5.20.311", "1.5.20.312")
    assert caller.ceiling_for(Right.SEE_HOUSEHOLDS) is Ceiling.HOUSEHOLDS
    assert caller.ceiling_for(Right.SEE_INTERNAL) is Ceiling.INTERNAL
    scope = caller.scope()
    assert scope.areas_1 == ("1.5.20.311", "1.5.20.312")
    assert scope.areas_2 == scope.areas_3 == ("1.5.20.311",)


def test_scope_for_a_right_leaves_the_rest_at_home():
    """The scope for one right has no other right, and none of the areas where the caller is something else."""
    caller = known(Grant(role=Role.STREET, area="1.5.20"), Grant(role=Role.DISTRICT, area="1.6"))
    scope = caller.scope(Right.DISTRICT_APPROVE)
    assert scope.rights == ("district_approve",)
    assert scope.areas_1 == scope.areas_2 == scope.areas_3 == ("1.6",)
    assert caller.scope(Right.DISTRICT_APPROVE, Right.STREET_REVIEW).rights == ()
    assert caller.scope(Right.EDIT_PLAN, Right.RUN_JOBS).rights == ("edit_plan", "run_jobs")
    assert caller.scope(Right.MANAGE_PEOPLE).areas_1 == ()


@given(st.lists(GRANTS, max_size=4), st.sampled_from(Right), LABELS.map(".".join), st.sampled_from("abcd"))
def test_a_scope_never_reaches_further_than_the_grants(grants, right, path, category):
    """What the scope for a right lets through by area and category, some one grant gives."""
    caller = known(*grants)
    scope = caller.scope(right)
    through = (
        right in scope.rights
        and any(within(path, area) for area in scope.areas_1)
        and not {"*", category}.isdisjoint(scope.categories)
    )
    assert not through or caller.may(right, path, category)
    reading = caller.scope()
    for level, areas in enumerate((reading.areas_1, reading.areas_2, reading.areas_3), 1):
        assert {a for a in areas if within(path, a)} <= {g.area for g in grants if ceiling_of(g.role) >= level}
        assert any(within(path, area) for area in areas) is any(
            within(path, g.area) for g in grants if ceiling_of(g.role) >= level
        )
        assert not any(a != b and within(a, b) for a, b in itertools.product(areas, areas))


def test_categories_meet():
    """Roles for different categories give, read together, what they share; asked one by one, what each gives."""
    caller = known(
        Grant(role=Role.COMMUNITY, area="1.1", categories=("a", "b")),
        Grant(role=Role.COMMUNITY, area="1.2", categories=("b", "c")),
        Grant(role=Role.COMMUNITY, area="1.3"),
    )
    assert caller.scope().categories == caller.categories_for(Right.SEE_DRAFTS) == ("b",)
    assert caller.may(Right.SEE_DRAFTS, "1.1", "a")
    assert not caller.may(Right.SEE_DRAFTS, "1.2", "a")
    assert caller.may(Right.SEE_DRAFTS, "1.3", "z")
    assert known(Grant(role=Role.STREET, area="1")).scope().categories == ("*",)


def test_anonymous_has_nothing():
    """Without an identity there is no right, no area and no category, only what is said to be public."""
    assert not any(ANONYMOUS.may(right) for right in Right)
    scope = ANONYMOUS.scope(public=["areas"])
    assert scope.public == ("areas",)
    assert {*scope.rights, *scope.areas_1, *scope.areas_2, *scope.areas_3, *scope.categories, scope.person} == {""}


def test_refusals_say_whether_signing_in_helps():
    """Who is not known is asked to sign in; who is known is told which right is missing."""
    with pytest.raises(Unidentified):
        ANONYMOUS.require(Right.EDIT_PLAN)
    caller = known(Grant(role=Role.COMMUNITY, area="1.5"))
    caller.require(Right.EDIT_PLAN, "1.5.9")
    with pytest.raises(Refused) as refused:
        caller.require(Right.EDIT_PLAN, "1.55")
    assert refused.value.extra == {"right": "edit_plan"}


def test_an_administrator_has_no_area():
    """The role that manages people lies nowhere, so its scope holds no area whatever the store asks of it."""
    caller = known(Grant(role=Role.ADMINISTRATOR, area=None))
    assert caller.may(Right.MANAGE_PEOPLE)
    assert not caller.may(Right.MANAGE_PEOPLE, "1")
    scope = caller.scope()
    assert (scope.areas_1, scope.areas_2, scope.areas_3, scope.categories) == ((), (), (), ())
    assert scope.rights == ("manage_people",)
