"""The forces of a grid: the kinds that its rule counts, or that the profile names; which are there, which are missing."""

from __future__ import annotations

import pytest

from api.duty.forces import Force, Forces, forces_of, forces_said, forces_there
from api.duty.rule import rule_from
from data.profile import place
from data.store.staffing import GridRow, PostRow

GRIDS = [GRID, BESIDE, AFAR] = [
    GridRow("001", "一", "residential", "c", "1.2.3"),
    GridRow("002", "二", "residential", "c", "1.2.3"),
    GridRow("101", "三", "residential", "d", "1.2.4"),
]
SAID = (Force(kind="police", zh="民警", en="police"), Force(kind="water", zh="供水", en="water"))
RULE = {"grid_type": "residential", "formula": "N"}
TERM = {"sym": "N", "roles": ["professional_force"], "kinds": ["water", "power"], "count_by": "kind", "min": 2}


def force(grid: str, kind: str, role: str = "professional_force") -> PostRow:
    """A force of a kind on a grid."""
    return PostRow(
        grid=grid,
        role=role,
        letter=None,
        kind=kind,
        staff=f"{grid}-{kind}",
        is_party_member=None,
        is_trained=False,
        education="",
        source="",
        channel="",
        duty_roles=(),
    )


def of(posts: list[PostRow], grid: GridRow = GRID, rule=None, said=SAID) -> Forces | None:
    """Return the forces of a grid."""
    return forces_of(None if rule is None else rule_from(rule), said, grid, forces_there(GRIDS, posts))


def test_a_rule_that_counts_kinds_says_which_are_wanted() -> None:
    """What the rule counts by kind is wanted, by the roles that it names; on the grid, or on any of the community."""
    rule = {**RULE, "terms": [TERM]}
    posts = [force("001", "water"), force("001", "power", "other_force"), force("002", "power"), force("101", "water")]
    assert of(posts, rule=rule) == Forces(present=("water",), missing=("power",))
    assert of(posts, BESIDE, rule) == Forces(present=("power",), missing=("water",))
    shared = {**RULE, "terms": [{**TERM, "scope": "community"}]}
    assert of(posts, rule=shared) == Forces(present=("water", "power"), missing=())
    assert of(posts, AFAR, shared) == Forces(present=("water",), missing=("power",))


def test_without_one_the_profile_says_it() -> None:
    """Where no rule counts kinds the profile's are wanted, of whatever force; without both nothing is."""
    posts = [force("001", "water", "social_worker_force"), force("001", "gas"), force("002", "police")]
    plain = {**RULE, "terms": [{"sym": "N", "roles": ["professional_force"]}]}
    for rule in (None, plain):
        found = of(posts, rule=rule)
        assert found == Forces(present=("water",), missing=("police",))
        assert found is not None
        assert found.of == 2
        assert of(posts, rule=rule, said=()) is None


@pytest.mark.parametrize(("name", "kinds"), [("shizhong", 7), ("shifeng", 4)])
def test_two_places_name_theirs(name, kinds) -> None:
    """Shizhong has its seven professional forces, three of them named; Shifeng its departments, water, power and telecom."""
    said = forces_said(place(name).says["forces"])
    assert len({each.kind for each in said}) == len(said) == kinds
    assert all(each.zh and each.en for each in said)
    named = {"民警", "交警", "司法诉调对接员"} if name == "shizhong" else {"供水", "供电", "通信"}
    assert named <= {each.zh for each in said}


def test_shifeng_wants_all_four_on_each_grid() -> None:
    """A grid of Shifeng without somebody for the power lacks just that, by name."""
    posts = [force("001", kind, "other_force") for kind in ("department", "water", "telecom")]
    assert of(posts, rule=place("shifeng").staffing[0]) == Forces(
        present=("department", "water", "telecom"), missing=("power",)
    )
