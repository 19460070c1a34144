"""Who is missing where: the numbers of the five places, and every grid against a count by hand."""

import time
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.duty.roles import ROLES
from api.duty.rule import rule_from
from api.duty.staffing import NO_RULE, evaluate
from gis.finding import Severity
from tests.api.duty.places import JIUQUAN, SHIFENG, SHIZHONG, SHIZHONG_DEDICATED, YUNYANG, grids, people, posts

FOUR = ((0, 0, "grid_leader"), (0, 1, "full_time_worker"), (0, 2, "part_time_worker"), (0, 3, "grid_instructor"))
LEADERS: dict[str, Any] = {"grid_type": "residential", "formula": "1", "terms": [{"sym": "1", "roles": ["grid_leader"]}]}


def one(rule, *rows, some=1, of=None):
    """How one grid is staffed."""
    return evaluate([rule_from(rule)], grids(1), posts(*rows), of or people(10), some=some).grids[0]


def gaps(grid):
    """What a grid lacks, by role."""
    return [(gap.code, gap.have, gap.need) for gap in grid.gaps]


def total(found, *roles):
    """The total of some roles."""
    return next(each for each in found.totals if each.roles == roles)


def test_shizhong_lacks_347_workers() -> None:
    """592 full-time workers on 939 residential grids: 347 gaps of that very role; 592 grids have one, which is 63.0 %."""
    rule = {"grid_type": "residential", "formula": "1", "terms": [{"sym": "1", "roles": ["full_time_worker"]}]}
    rows = [(n, n, "full_time_worker") for n in range(592)]
    found = evaluate([rule_from(rule)], grids(939), posts(*rows), people(592))
    workers = total(found, "full_time_worker")
    assert (workers.need, workers.have, workers.gap, workers.persons) == (939, 592, 347, 592)
    assert (found.compliant, found.ruled, sum(bool(grid.gaps) for grid in found.grids)) == (592, 939, 347)
    assert {code for grid in found.grids for code, _, _ in gaps(grid)} == {"gap.full_time_worker"}


def test_a_grid_of_four_complies_and_lacks_whoever_goes() -> None:
    """1+1+N+X with one of each complies; without any of them the grid has the gap of that role, and that alone."""
    assert one(SHIZHONG, *FOUR).compliant is True
    for gone, row in enumerate(FOUR):
        grid = one(SHIZHONG, *(each for n, each in enumerate(FOUR) if n != gone))
        assert (grid.compliant, gaps(grid)) == (False, [(f"gap.{row[2]}", 0, 1)])


def test_a_dedicated_grid_needs_no_worker() -> None:
    """Under 1+X+Y a grid without a full-time worker complies, where under 1+1+N+X it does not; one more is no fault."""
    rows = [row for row in FOUR if row[2] != "full_time_worker"]
    rules = [rule_from(SHIZHONG), rule_from(SHIZHONG_DEDICATED)]
    both = [(grid, person, role) for grid in (0, 1) for _, person, role in rows]
    found = evaluate(rules, grids(2, rule=[0, 1]), posts(*both), people(10))
    assert [grid.compliant for grid in found.grids] == [False, True]
    assert one(SHIZHONG_DEDICATED, *FOUR).surplus == []


def test_jiuquan_has_three_part_time_workers_a_grid() -> None:
    """788 grids with one full-time and three part-time workers each all comply; without one of them there is one gap."""
    rows = [(n, n, "full_time_worker") for n in range(788)]
    rows += [(n, 788 + 3 * n + k, "part_time_worker") for n in range(788) for k in range(3)]
    assert len(rows) == 788 + 2364
    found = evaluate([rule_from(JIUQUAN)], grids(788), posts(*rows), people(788 + 2364))
    assert (found.compliant, found.core_need, found.core_have, found.beyond_core) == (788, 3152, 3152, 0)
    found = evaluate([rule_from(JIUQUAN)], grids(788), posts(*rows[:-1]), people(788 + 2364))
    assert [gaps(grid) for grid in found.grids if grid.gaps] == [[("gap.part_time_worker", 2, 3)]]
    assert total(found, "part_time_worker").gap == 1


def test_yunyang_counts_kinds() -> None:
    """242 grids of 1+3+N ask for 968; of 1,300 there are 332 beyond. Three of one kind are one kind."""
    kinds = ("grid_leader", "full_time_worker", "part_time_worker", "grid_instructor")
    rows = [(n, 4 * n + k, role) for n in range(242) for k, role in enumerate(kinds)]
    rows += [(n % 242, 968 + n, "other_force") for n in range(332)]
    found = evaluate([rule_from(YUNYANG)], grids(242), posts(*rows), people(1300))
    assert (found.compliant, found.core_need, found.core_have, found.posts, found.beyond_core) == (242, 968, 968, 1300, 332)
    assert [total(found, role).need for role in kinds] == [242] * 4
    grid = one(YUNYANG, (0, 0, "grid_leader"), *((0, k, "part_time_worker") for k in (1, 2, 3)))
    assert [(gap.roles, gap.have, gap.need) for gap in grid.gaps] == [(("full_time_worker", "grid_instructor"), 1, 3)]


@pytest.mark.parametrize("everywhere", [True, False])
def test_shifeng_shares_its_leaders(everywhere) -> None:
    """45 leaders on 232 grids comply where a community shares its leader; where each leads one grid, 187 lack theirs.

    So it is whether a leader's post stands on each grid of the community or on one of them.
    """
    town = grids(232, communities=45)
    rows = [(n, n % 45, "grid_leader") for n in range(232 if everywhere else 45)]
    shared = deepcopy(LEADERS)
    shared["terms"][0]["scope"] = "community"
    found = evaluate([rule_from(shared)], town, posts(*rows), people(45))
    assert (found.compliant, total(found, "grid_leader").gap, total(found, "grid_leader").persons) == (232, 0, 45)
    assert (found.core_need, found.core_have, found.beyond_core) == (45, 45, 0)
    exclusive = deepcopy(LEADERS)
    exclusive["terms"][0]["max_grids_per_person"] = 1
    found = evaluate([rule_from(exclusive)], town, posts(*rows), people(45))
    assert (found.compliant, total(found, "grid_leader").gap) == (45, 187)
    assert sum(bool(grid.warnings) for grid in found.grids) == (187 if everywhere else 0)


def test_a_shared_leader_leads_so_many() -> None:
    """A leader whom a community shares leads at most as many of its grids as the rule says; a second one takes the rest."""
    rule = deepcopy(LEADERS)
    rule["terms"][0] |= {"scope": "community", "max_grids_per_person": 3}
    for leaders, led in ((1, 3), (2, 5)):
        rows = [(0, n, "grid_leader") for n in range(leaders)]
        found = evaluate([rule_from(rule)], grids(5), posts(*rows), people(2))
        assert found.compliant == led


def test_whoever_has_too_many_counts_where_they_are_needed() -> None:
    """Somebody who may count on one grid counts on the one where nobody else stands, not on the first."""
    rule = deepcopy(LEADERS)
    rule["terms"][0]["max_grids_per_person"] = 1
    rows = [(0, 0, "grid_leader"), (1, 0, "grid_leader"), (0, 1, "grid_leader")]
    found = evaluate([rule_from(rule)], grids(2), posts(*rows), people(2))
    assert (found.compliant, [w.person for w in found.grids[0].warnings]) == (2, ["p0"])


def test_shifeng_pairs_and_forces() -> None:
    """1+N asks for workers A and B, who are two, for water, power and telecom, and for a leader in the community."""
    forces = [(0, 5 + k, "professional_force", None, kind) for k, kind in enumerate(("water", "power", "telecom"))]
    pair = [(0, 0, "full_time_worker", "A"), (0, 1, "full_time_worker", "B")]
    leader = (0, 2, "grid_leader")
    assert one(SHIFENG, leader, *pair, *forces).compliant is True
    assert gaps(one(SHIFENG, leader, *pair, *forces[1:])) == [("gap.water", 2, 3)]
    assert gaps(one(SHIFENG, leader, pair[0], *forces)) == [("gap.full_time_worker", 0, 1)]


def test_nobody_stands_in_for_themselves() -> None:
    """One person as A and B of a grid is an error there, and the grid does not comply."""
    rule = deepcopy(SHIFENG) | {"formula": "1"}
    rule["terms"] = [rule["terms"][0], rule["terms"][2]]
    grid = one(rule, (0, 0, "full_time_worker", "A"), (0, 0, "full_time_worker", "B"))
    assert ([fault.code for fault in grid.faults], grid.compliant) == (["one_person_a_and_b"], False)


def test_some_is_one_with_a_warning_or_what_the_town_says() -> None:
    """若干 is one where nothing else is said, and a lack of it a warning; a town may say none, or that it must be."""
    rule = deepcopy(SHIZHONG)
    rule["terms"][2].pop("min")
    rows = [row for row in FOUR if row[2] != "part_time_worker"]
    grid = one(rule, *rows)
    assert (grid.compliant, [(gap.roles, gap.severity) for gap in grid.gaps]) == (
        True,
        [(("part_time_worker",), Severity.WARNING)],
    )
    assert one(rule, *rows, some=0).gaps == []
    rule["terms"][2]["severity"] = "error"
    assert one(rule, *rows).compliant is False


def test_preferences_are_warnings() -> None:
    """A worker known to have no college, a leader who is no party member or of another source: warned of, and compliant."""
    known = people(10, education={1: "high"}, party_member={0: 0}, source={0: "volunteer", 3: "district_unit"})
    grid = one(SHIZHONG, *FOUR, of=known)
    assert grid.compliant is True
    assert {(warning.code, warning.person) for warning in grid.warnings} == {
        ("eligibility.education", "p1"), ("eligibility.party_member", "p0"), ("eligibility.source", "p0"),
    }  # fmt: skip
    assert one(SHIZHONG, *FOUR, of=people(10, education={1: "college"}, party_member={0: 1})).warnings == []


def test_the_untrained_are_warned_of() -> None:
    """Somebody who is posted before their training is a warning where the rule prefers the trained."""
    rule = deepcopy(LEADERS)
    rule["terms"][0]["prefer"] = {"trained": True}
    assert [w.code for w in one(rule, FOUR[0], of=people(10, trained={0: 0})).warnings] == ["eligibility.trained"]


def test_roles_that_exclude_each_other() -> None:
    """A leader who is also the grid's worker is a fault where the rule excludes it, and on another grid is none."""
    rule = deepcopy(LEADERS)
    rule["terms"][0]["exclusive_with"] = ["full_time_worker"]
    rows = [(0, 0, "grid_leader"), (1, 1, "grid_leader"), (0, 0, "full_time_worker"), (0, 1, "full_time_worker")]
    found = evaluate([rule_from(rule)], grids(2), posts(*rows), people(2))
    assert [[fault.code for fault in grid.faults] for grid in found.grids] == [["exclusive"], []]


def test_too_many_are_a_surplus() -> None:
    """Two leaders where one is wanted comply, and stand in the surplus."""
    grid = one(SHIZHONG, *FOUR, (0, 4, "grid_leader"))
    assert (grid.compliant, [(each.roles, each.have, each.most) for each in grid.surplus]) == (True, [(("grid_leader",), 2, 1)])


def test_without_a_rule_nothing_is_said() -> None:
    """A grid that no rule holds for is neither compliant nor not, and counts nowhere."""
    found = evaluate([rule_from(SHIZHONG)], grids(2, rule=[0, NO_RULE]), posts(*FOUR, (1, 5, "grid_leader")), people(10))
    assert [grid.compliant for grid in found.grids] == [True, None]
    assert (found.ruled, found.posts) == (1, 4)


def test_a_town_without_anybody() -> None:
    """Where nobody is posted every need is a gap; where there is no grid there is nothing."""
    found = evaluate([rule_from(SHIZHONG), rule_from(SHIFENG)], grids(3, rule=[0, 1, 1]), posts(), people(0))
    assert (found.compliant, [len(grid.gaps) for grid in found.grids]) == (0, [4, 4, 4])
    assert evaluate([rule_from(SHIZHONG)], grids(0), posts(), people(0)).grids == ()


POST = st.tuples(
    st.integers(0, 4), st.integers(0, 6), st.sampled_from(ROLES).map(str), st.none(), st.sampled_from(["", "water"])
)


@given(st.lists(POST, max_size=40, unique_by=lambda post: post[:3]), st.lists(st.integers(-1, 2), min_size=5, max_size=5))
def test_every_grid_as_counted_by_hand(rows, which) -> None:
    """Over all grids at once, under several rules, each grid lacks exactly what counting its own posts says."""
    rules = [rule_from(rule) for rule in (SHIZHONG, JIUQUAN, YUNYANG)]
    found = evaluate(rules, grids(5, rule=which), posts(*rows), people(7))
    for g, grid in enumerate(found.grids):
        own = {(person, role) for at, person, role, *_ in rows if at == g}
        lacking = []
        for n, term in enumerate(rules[which[g]].terms if which[g] != NO_RULE else ()):
            counted = {role if term.count_by == "kind" else (person, role) for person, role in own if role in term.roles}
            if len(counted) < term.need(1):
                lacking.append((n, len(counted), term.need(1)))
        assert [(gap.term, gap.have, gap.need) for gap in grid.gaps] == lacking


def test_a_district_at_once() -> None:
    """1,157 grids and 5,000 posts under two rules are evaluated in well under a second."""
    chance = np.random.default_rng(1)
    words = [str(role) for role in ROLES]
    rows = [
        (int(g), n, words[int(r)])
        for n, (g, r) in enumerate(zip(chance.integers(0, 1157, 5000), chance.integers(0, 8, 5000), strict=True))
    ]
    town = grids(1157, communities=100, rule=[n % 2 for n in range(1157)])
    made, who = posts(*rows), people(5000)
    rules = [rule_from(SHIZHONG), rule_from(SHIZHONG_DEDICATED)]
    start = time.process_time()
    found = evaluate(rules, town, made, who)
    assert time.process_time() - start < 0.5
    assert len(found.grids) == 1157
