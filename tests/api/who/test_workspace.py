"""Which desk a role has, and what is open to whom: the rules, without a store."""

from __future__ import annotations

from itertools import product

import pytest

from api.who.caller import ANONYMOUS, Caller, Grant, How, Right, Role
from api.who.workspace import KEY_GROUPS, LABELS, MODULES, PLATFORM, Workspace, desk_of, foremost, modules_of

COMMAND, OPERATION, SERVICE = PLATFORM


def caller(role: Role, *categories: str) -> Caller:
    return Caller(person_id="p", how=How.SESSION, grants=(Grant(role=role, area="1", categories=categories or ("*",)),))


@pytest.mark.parametrize(
    ("role", "is_service", "desk"),
    [
        (Role.DISTRICT, False, Workspace.COMMAND),
        (Role.STREET, False, Workspace.COMMAND),
        (Role.STREET, True, Workspace.COMMAND),
        (Role.COMMUNITY, False, Workspace.OPERATION),
        (Role.GRID_WORKER, False, Workspace.OPERATION),
        (Role.GRID_WORKER, True, Workspace.SERVICE),
        (Role.AUDITOR, False, Workspace.AUDIT),
        (Role.ADMINISTRATOR, True, Workspace.ADMINISTRATION),
    ],
)
def test_each_role_lands_at_its_desk(role, is_service, desk) -> None:
    """Streets and districts command, communities and their workers operate, departments support; two sit beside them."""
    assert desk_of(role, is_service=is_service) is desk
    assert desk_of(role, is_service=is_service, platform=PLATFORM) is desk


def test_a_place_without_a_platform_does_its_work_on_another() -> None:
    """Whoever's platform a place does not have sits at one that it has, whichever those are; auditors are not touched."""
    assert desk_of(Role.GRID_WORKER, is_service=True, platform=(COMMAND, OPERATION)) is Workspace.OPERATION
    assert desk_of(Role.GRID_WORKER, is_service=False, platform=(COMMAND, SERVICE)) is Workspace.COMMAND
    assert desk_of(Role.DISTRICT, is_service=False, platform=(SERVICE,)) is Workspace.SERVICE
    assert desk_of(Role.AUDITOR, is_service=False, platform=(COMMAND,)) is Workspace.AUDIT
    for role, is_service, some in product(
        (Role.GRID_WORKER, Role.COMMUNITY, Role.STREET, Role.DISTRICT), (False, True), ((COMMAND,), (OPERATION, SERVICE))
    ):
        assert LABELS[desk_of(role, is_service=is_service, platform=some)]["zh"] in some


def test_of_several_roles_the_highest_decides() -> None:
    """Somebody who works in a grid and for a street sits at the street's desk; of two areas the larger one's holds."""
    grants = (
        Grant(role=Role.GRID_WORKER, area="1"), Grant(role=Role.STREET, area="1.2.3"), Grant(role=Role.STREET, area="1.2"),
        Grant(role=Role.AUDITOR, area=None),
    )  # fmt: skip
    assert foremost(grants) == grants[2]
    assert foremost(tuple(reversed(grants))) == grants[2]
    assert foremost(()) is None


def test_key_groups_are_a_module_of_their_own() -> None:
    """The numbers of key groups are open to whom a role names the category, and to no role with all categories."""

    def has(who: Caller) -> bool:
        return KEY_GROUPS in {each.tag for each in modules_of(who, ())}

    assert has(caller(Role.COMMUNITY, "key_group", "rubbish"))
    assert not has(caller(Role.DISTRICT))
    assert not has(caller(Role.AUDITOR, "key_group"))


def test_a_module_is_open_by_one_right() -> None:
    """Nobody in particular has what is public and nothing else; each role has the modules that its rights open."""
    assert modules_of(ANONYMOUS, ()) == ()
    assert {each.tag for each in modules_of(ANONYMOUS, ("areas", "grids", "open311"))} == {
        "areas", "grids", "locate", "card", "stats",
    }  # fmt: skip
    open_to = {role: {each.tag for each in modules_of(caller(role), ())} for role in Role}
    assert open_to[Role.ADMINISTRATOR] == {"people"}
    assert {"log", "events", "areas"} <= open_to[Role.AUDITOR]
    assert not {"incidents", "people", "plans"} & open_to[Role.AUDITOR]
    assert open_to[Role.GRID_WORKER] < open_to[Role.COMMUNITY]
    assert open_to[Role.COMMUNITY] - open_to[Role.GRID_WORKER] == {"plans", "jobs", "prints", "towns", "households"}
    assert all(set(each.rights) <= set(Right) for each in MODULES)
