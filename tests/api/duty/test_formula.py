"""Formulas and rules: read with all faults at once, written as they were read."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.duty.formula import parse_formula
from api.duty.roles import (
    CHANNEL_WORDS,
    DUTY_WORDS,
    EDUCATION_WORDS,
    ROLE_WORDS,
    ROLES,
    STATUS_WORDS,
    label,
    spellings,
)
from api.duty.rule import rule_from
from gis.errors import InputError
from tests.api.duty.places import GANGCHENG, PLACES, SHIZHONG

NUMBERS = st.integers(1, 999).map(str)
LETTERS = st.permutations("ABCDEFGHIJKLMNOPQRSTUVWXYZ").flatmap(lambda drawn: st.integers(0, 5).map(lambda n: drawn[:n]))


def kinds(rule):
    """What is wrong with a rule: the field of each kind of fault."""
    with pytest.raises(InputError) as refused:
        rule_from(rule)
    assert all(finding.en.endswith(".") and finding.zh.endswith("。") for finding in refused.value.findings)
    return {finding.kind: finding.field for finding in refused.value.findings}


@given(st.lists(NUMBERS, max_size=4), LETTERS, st.randoms())
def test_a_formula_is_written_as_it_was_read(numbers, letters, chance) -> None:
    """Whatever numbers and letters a formula has, in whatever order, its text comes back as it was."""
    symbols = [*numbers, *letters] or ["1"]
    chance.shuffle(symbols)
    text = "+".join(symbols)
    assert str(parse_formula(text)) == text


@pytest.mark.parametrize("text", ["", "1+", "+1", "0+1", "01", "1 + N", "n", "NX", "1+N+N", "1+N", "1-N", "1+é", "1+²", "1000"])
def test_what_is_no_formula(text) -> None:
    """Blanks, small or double letters, zero and a letter that stands twice are refused, each by a fault of its own."""
    if text == "1+N":
        assert parse_formula(text).symbols == ("1", "N")
        return
    with pytest.raises(InputError) as refused:
        parse_formula(text)
    assert {finding.kind for finding in refused.value.findings} <= {"not_a_symbol", "letter_twice"}


@pytest.mark.parametrize("place", PLACES)
def test_the_five_places_are_data(place) -> None:
    """The rule of each place is read, and what is stored of it reads the same; 2+1+N+X says what it assumes."""
    rule = rule_from(PLACES[place])
    assert rule_from(rule.as_json()) == rule
    assert str(rule.formula) == PLACES[place]["formula"]
    assert rule.assumption == PLACES[place].get("assumption", "")
    if PLACES[place] is GANGCHENG:
        assert (str(rule.formula), rule.terms[0].need(1)) == ("2+1+N+X", 2)


def test_a_count_is_whole_however_json_writes_it() -> None:
    """2.0 people are two, as in every description of whole numbers, and are kept as 2."""
    rule = deepcopy(SHIZHONG)
    rule["terms"][2]["min"] = 2.0
    assert rule_from(rule).as_json()["terms"][2]["min"] == 2
    assert "2.0" not in str(rule_from(rule).as_json())
    rule["terms"][2]["min"] = 2.5
    assert kinds(rule) == {"not_a_count": "terms[2].min"}


def test_an_unknown_letter_is_an_error() -> None:
    """A letter that no term explains is refused: letters have no meaning of their own."""
    rule = deepcopy(SHIZHONG)
    rule["formula"] = "1+1+N+X+Y"
    assert kinds(rule) == {"unknown_letter": "formula"}
    rule["terms"][3]["sym"] = "Z"
    assert kinds(rule) == {"unknown_letter": "formula", "not_in_formula": "terms"}


def test_terms_that_do_not_fit_their_formula() -> None:
    """A number without a term, terms in another order and people who are counted twice are refused."""
    rule = deepcopy(SHIZHONG)
    rule["terms"] = rule["terms"][1:]
    assert kinds(rule) == {"unbound_number": "formula"}
    rule = deepcopy(SHIZHONG)
    rule["terms"].reverse()
    assert kinds(rule) == {"out_of_order": "terms"}
    rule = deepcopy(SHIZHONG)
    rule["terms"][1]["roles"] = ["grid_leader"]
    assert kinds(rule) == {"counted_twice": "terms[1].roles"}


def test_every_fault_at_once() -> None:
    """One answer names all that is wrong, each with its field, down to the preferences of a term."""
    term = {
        "sym": "aa", "roles": ["grid_leder"], "min": 2, "max": 1, "count_by": "head", "scope": "street", "letter": "A",
        "kinds": [1], "max_grids_per_person": 0, "exclusive_with": "x", "severity": "fatal", "display_public": "yes",
        "prefer": {"party_member": 1, "education_min": "大专", "age": 45}, "colour": "red",
    }  # fmt: skip
    rule = {"formula": "1+n", "terms": [term], "profile": 5, "grid_type": "special", "note": ""}
    with pytest.raises(InputError) as refused:
        rule_from(rule)
    found = {(finding.field, finding.kind) for finding in refused.value.findings}
    at = "terms[0]."
    assert found == {
        ("note", "unknown_field"), ("grid_type", "unknown_word"), ("formula", "not_a_symbol"), ("profile", "not_a_text"),
        (f"{at}sym", "not_a_symbol"), (f"{at}roles", "unknown_role"), (f"{at}max", "upside_down"),
        (f"{at}count_by", "unknown_word"), (f"{at}scope", "unknown_word"), (f"{at}kinds", "not_a_list"),
        (f"{at}max_grids_per_person", "not_a_count"), (f"{at}exclusive_with", "not_a_list"),
        (f"{at}severity", "unknown_word"), (f"{at}display_public", "not_a_flag"), (f"{at}colour", "unknown_field"),
        (f"{at}prefer.party_member", "not_a_flag"), (f"{at}prefer.education_min", "unknown_word"),
        (f"{at}prefer.age", "unknown_field"),
    }  # fmt: skip
    assert "grid_leader" in next(f.en for f in refused.value.findings if f.kind == "unknown_role")


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"min": 2}, "contradicts_symbol"),
        ({"max": 0, "min": 0}, "contradicts_symbol"),
        ({"letter": "A"}, "letter_of_others"),
        ({"exclusive_with": ["grid_leader"]}, "excludes_itself"),
        ({"count_by": "kind", "max_grids_per_person": 1}, "counts_no_persons"),
        ({"roles": []}, "missing_field"),
        ({"prefer": 1}, "not_an_object"),
        ({"min": True}, "not_a_count"),
        ({"min": -1}, "not_a_count"),
    ],
)
def test_terms_that_contradict_themselves(change, kind) -> None:
    """What a term says must fit its symbol and itself."""
    rule = deepcopy(SHIZHONG)
    rule["terms"][0] |= change
    assert kind in kinds(rule)


def test_more_kinds_than_there_are() -> None:
    """A term that counts kinds does not ask for more of them than it names."""
    rule = deepcopy(PLACES["yunyang"])
    rule["terms"][1]["roles"].pop()
    assert kinds(rule) == {"too_few_kinds": "terms[1].min"}


@pytest.mark.parametrize("terms", [None, [], {}, [1], [{}] * 21])
def test_terms_that_are_none(terms) -> None:
    """Terms are a list of objects, neither none nor very many."""
    assert "no_terms" in kinds(SHIZHONG | {"terms": terms}) or terms == [{}] * 21


def test_every_word_has_both_languages() -> None:
    """Each role has a name in Chinese and English, and is found again by either."""
    assert tuple(ROLE_WORDS) == tuple(map(str, ROLES))
    for words in (ROLE_WORDS, EDUCATION_WORDS, STATUS_WORDS, DUTY_WORDS, CHANNEL_WORDS):
        for word in words:
            assert {spellings(words)[label(words, word, lang)] for lang in ("zh", "en")} == {word}
