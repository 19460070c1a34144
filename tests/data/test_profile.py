"""The five places as data: what they say is understood, and their ground has exactly what they are said to have."""

from __future__ import annotations

import numpy as np
import pytest

from api.duty.rule import rule_from
from data.invented_ground import lay_out
from data.profile import PLACES, place, read_profile
from gis.errors import InputError
from partition.audit import audit

COUNTS = {
    "shizhong": (1157, 939, 117, 17),
    "gangcheng": (102, 102, 22, 5),
    "shifeng": (232, 232, 45, 5),
    "jiuquan": (788, 788, 116, 23),
    "yunyang": (242, 242, 121, 42),
}
"""Grids, residential grids, communities and streets of each place."""


@pytest.mark.parametrize("name", PLACES)
def test_the_ground_has_what_the_place_has(name) -> None:
    """A place's ground has exactly its grids, communities and streets, and its net passes the audit."""
    told = place(name)
    town, net = lay_out(told.ground, np.random.default_rng(told.fixture["seed"]))
    found = (len(net), int((~net.dedicated).sum()), len(town.communities.code), len(set(town.communities.street)))
    assert found == COUNTS[name]
    assert len(set(net.code)) == len(net)
    report = audit(net.layer(), town=town, rules=told.rules, communities=net.outlines())
    assert (report.clean, report.exact) == (True, True), [finding.en for finding in report.findings][:5]


@pytest.mark.parametrize("name", PLACES)
def test_each_place_is_staffed_by_its_own_formula(name) -> None:
    """Staffing rules are read without a fault, and say the formula that the place says."""
    rules = [rule_from(rule) for rule in place(name).staffing]
    formulas = {
        "shizhong": ["1+1+N+X", "1+X+Y"], "gangcheng": ["2+1+N+X"], "shifeng": ["1+N"], "jiuquan": ["1+3"],
        "yunyang": ["1+3+N"],
    }  # fmt: skip
    assert [str(rule.formula) for rule in rules] == formulas[name]


def test_the_numbers_of_persons_are_exact() -> None:
    """Jiuquan's 699,400 persons and Shifeng's 278,400 live in its grids, to the last."""
    for name, persons in (("jiuquan", 699_400), ("shifeng", 278_400)):
        town, net = lay_out(place(name).ground, np.random.default_rng(1))
        assert int(net.persons.sum()) == persons == int(town.households.persons.sum())


def test_a_fault_in_a_profile_is_named(tmp_path) -> None:
    """Everything that is wrong with a profile is said at once, with its field."""
    file = tmp_path / "own.toml"
    file.write_text('id = "Own"\nzh = ""\nen = "Own"\n[teirs]\n', encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_profile(file)
    assert [finding.field for finding in refused.value.findings] == ["id", "zh", "area", "teirs"]
