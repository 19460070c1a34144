"""The five places as data: what they say is understood, and their ground has exactly what they are said to have."""

from __future__ import annotations

import numpy as np
import pytest

from api.duty.rule import rule_from
from api.loop.rings import words_from
from api.loop.words import Event, Stage
from api.profile_check import document_only, faults
from api.who.caller import Tier
from data.invented_ground import lay_out
from data.profile import PLACES, place, profile_from, read_profile
from data.profile_form import SECTIONS
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


HEAD = 'id = "own"\nzh = "自有"\nen = "Own"\narea = "370103"\n'


def faults_of(folder, text):
    """The faults of a profile, by the key that each of them is about."""
    file = folder / "own.toml"
    file.write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_profile(file)
    return {finding.field: finding.en for finding in refused.value.findings}


@pytest.mark.parametrize("section", sorted(name for name, keys in SECTIONS.items() if keys is not None))
def test_a_misspelt_key_is_named_in_every_section(section, tmp_path) -> None:
    """In whatever section it stands, a key that nobody knows is refused, with the profile, the section and the key."""
    found = faults_of(tmp_path, f"[{section}]\nnmaes_ = 1\n")
    (field,) = found
    assert field == f"{section}.nmaes_"
    assert f"own.toml: [{section}] {section}.nmaes_ is no key" in found[field]


def test_all_that_does_not_fit_is_said_at_once(tmp_path) -> None:
    """Wrong types, lists that repeat, and keys of one section that belong to another are said together, with a suggestion."""
    found = faults_of(
        tmp_path,
        '[tiers]\ncommand = "区"\nmanagment = 5\n[stations]\ncount = -1\nfacilities = ["desk", "desk"]\n'
        "[matters]\nmatters = true\n[circle]\nminutes = 0\n[admission]\nexits = { affair = 1.5 }\n"
        '[orders]\nvariant = "x"\nsteps = [{ step = "placed" }, 3]\n[lists]\nnames = ["a", 7]\n[forces]\nassumption = 1\n',
    )
    assert set(found) == {
        "tiers.command", "tiers.managment", "stations.count", "stations.facilities", "matters.matters", "circle.minutes",
        "admission.exits.affair", "orders.steps", "orders.steps.0.by", "lists.names", "forces.assumption",
    }  # fmt: skip
    assert "did you mean management?" in found["tiers.managment"]


def test_sizes_that_contradict_themselves_are_refused(tmp_path) -> None:
    """A band whose minimum is above its maximum divides nothing, and is refused when the profile is read."""
    assert set(faults_of(tmp_path, '[size]\nmeasure = "households"\nminimum = 500\nmaximum = 300\n')) == {"size"}


def test_what_the_service_does_not_know_is_no_word() -> None:
    """Whatever a profile says in words that the service acts on is one of its words, and all that are not come at once."""
    said = {
        "triage": {"classes": ["government", "gossip"]}, "duty_roles": {"names": ["party", "police"]},
        "admission": {"exits": {"badge": 1}, "aspects": ["准入管理", "作风"]},
        "stations": {"facilities": ["bar"]}, "budget": {"yuan": 1, "role": "king"},
        "stages": {"scheme": "nonsense"}, "loop": {"archive_days": 0, "intake": "grid"},
        "orders": {"variant": "x", "steps": [{"step": "placed", "by": "resident"}]},
        "visits": {"deliveries": ["gift"], "triggers": [{"category": "a", "reason": "whim", "within_days": 367}]},
        "duties": [{"code": "A", "name": "x", "kind": "visit", "every": "decade"}], "lists": {"names": ["one"]},
        "tiers": {"command": ["县"], "platform": ["综合指挥", "物资调度"], "names": {"district": "区", "province": "省"}},
    }  # fmt: skip
    found = {each.field for each in faults(profile_from({"id": "own", "zh": "自有", "en": "Own", "area": "1", **said}))}
    assert found == {
        "triage.classes", "duty_roles.names", "admission.exits", "stations.facilities", "budget.role", "stages.scheme",
        "visits.deliveries", "visits.triggers.0.reason", "visits.triggers.0.within_days", "duties.0.code", "duties.0.every",
        "lists.names", "loop.archive_days", "loop.intake", "orders.steps", "tiers.names.district", "tiers.names.province",
        "admission.aspects", "tiers.platform",
    }  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_little_of_a_place_is_only_read_by_people(name) -> None:
    """What comes with the service has no word that it does not know, and what nothing acts on is a few keys, each named."""
    told = place(name)
    assert faults(told) == []
    left = {
        "shizhong": {"tiers.management"}, "gangcheng": set(), "shifeng": set(), "jiuquan": set(), "yunyang": {"tiers.boards"},
    }  # fmt: skip
    assert set(document_only(told)) == left[name]


def test_rings_of_a_place_s_own() -> None:
    """A place may name the stages itself: as texts or in both languages, each ring one stretch of the way."""
    work = {"zh": "办理", "en": "Work"}
    words = words_from(
        {"rings": {"collect": "吹哨", "triage": work, "handle": work, "check": "评"}, "call": ["甲", "乙", "丙", "丁"]},
        {"command": ["县", "镇"], "names": {"district": "县"}},
    )  # fmt: skip
    assert [ring.zh for _, ring in sorted(words.rings.items())] == ["吹哨", "办理", "办理", "评"]
    assert (words.rings[Stage.COLLECT].en, words.rings[Stage.TRIAGE].en) == ("Collection", "Work")
    assert (words.of(Event.JOIN).zh, words.of(Event.CLAIM).zh) == ("丙", "认领")
    assert (words.of(Tier.DISTRICT).zh, words.of(Tier.DISTRICT).en, words.of(Tier.STREET).zh) == ("县", "District", "街道")
    for wrong in (
        {"rings": {"collect": "一", "triage": "二", "handle": "一"}}, {"rings": {}}, {"rings": {"colect": "一"}},
        {"rings": {"collect": ""}}, {"rings": {"collect": {"en": "One"}}}, {"rings": {"collect": "一"}, "scheme": "yunyang"},
        {"call": ["甲", "乙"]},
    ):  # fmt: skip
        with pytest.raises(InputError):
            words_from(wrong, None)
