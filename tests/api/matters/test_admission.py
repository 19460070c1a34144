"""What a decision about matters asks, and what it says is missing."""

from dataclasses import replace
from itertools import product

import pytest

from api.matters.admission import ASPECTS, STEPS, Action, Candidate, ExitKind, Reason, Status, Verdict, judge
from gis.errors import Conflict, InputError, Refused

GOOD = Candidate(
    code="m",
    status=Status.PROPOSED,
    is_enforcement=False,
    is_industry_supervision=False,
    power_delegated=True,
    funding="区财政",
    authors=("ann",),
)
ADMIT = Verdict(action=Action.ADMIT, aspects=dict.fromkeys(ASPECTS, "ok"))
REFUSE = Verdict(action=Action.REFUSE, reason=Reason.NOT_GRID_DUTY)
EXIT = Verdict(action=Action.EXIT, reason=Reason.TOO_SPECIALISED, kind=ExitKind.STAMP)


def missing(verdict: Verdict, *matters: Candidate) -> list[tuple[str, str | None, str | None]]:
    with pytest.raises(InputError) as caught:
        judge(matters, verdict, approver="bob")
    found = caught.value.findings
    assert all(each.en and each.zh for each in found)
    return [(each.kind, each.field, each.subject) for each in found]


@pytest.mark.parametrize(("status", "verdict"), list(product(Status, (ADMIT, REFUSE, EXIT))))
def test_a_decision_fits_where_the_matter_stands(status, verdict):
    """What is proposed is admitted or refused, what is admitted exits, and nothing else is decided about anything."""
    steps = {("proposed", "admit"), ("proposed", "refuse"), ("admitted", "exit")}
    matter = replace(GOOD, status=status)
    assert {(str(was), str(action)) for was, action in STEPS} == steps
    if (status, verdict.action) in steps:
        judge([matter], verdict, approver="bob")
        return
    with pytest.raises(Conflict) as caught:
        judge(
            [GOOD if verdict.action is not Action.EXIT else replace(GOOD, status=Status.ADMITTED), matter],
            verdict,
            approver="b",
        )
    assert caught.value.code == "illegal-transition"
    assert caught.value.extra["codes"] == ["m"]
    assert caught.value.extra["allowed"] == sorted(action for was, action in steps if was == status)


def test_nobody_admits_what_they_have_proposed():
    """Whoever has written a proposal may refuse it, which takes it back, and does not admit it; anybody may have it exit."""
    with pytest.raises(Refused) as caught:
        judge([GOOD], ADMIT, approver="ann")
    assert (caught.value.code, caught.value.extra["codes"]) == ("self-approval", ["m"])
    judge([GOOD], REFUSE, approver="ann")
    judge([replace(GOOD, status=Status.ADMITTED)], EXIT, approver="ann")


def test_an_admission_says_all_that_is_missing():
    """Four aspects, power, funds, and neither enforcement nor supervision: everything of every matter is told at once."""
    bad = replace(GOOD, code="bad", is_enforcement=True, is_industry_supervision=True, power_delegated=False, funding=" ")
    verdict = replace(ADMIT, reason=Reason.NOT_GRID_DUTY, kind=ExitKind.PLAQUE, aspects={"management": "ok", "funding": " "})
    assert missing(verdict, bad, GOOD, replace(GOOD, code="poor", funding="")) == [
        ("decision_reason", "reason", None),
        ("decision_kind", "kind", None),
        ("decision_aspect", "aspects.procedure", None),
        ("decision_aspect", "aspects.funding", None),
        ("decision_aspect", "aspects.assessment", None),
        ("matter_not_for_grids", "is_enforcement", "bad"),
        ("matter_not_for_grids", "is_industry_supervision", "bad"),
        ("matter_without_power", "power_delegated", "bad"),
        ("matter_without_funding", "funding", "bad"),
        ("matter_without_funding", "funding", "poor"),
    ]


@pytest.mark.parametrize("flag", ["is_enforcement", "is_industry_supervision"])
def test_what_only_the_state_may_do_is_never_admitted(flag):
    """Enforcement of the law and supervision of a trade are not admitted, whatever else is said; they can be refused."""
    matter = replace(GOOD, **{flag: True})
    assert missing(ADMIT, matter) == [("matter_not_for_grids", flag, "m")]
    judge([matter], REFUSE, approver="bob")


def test_a_refusal_and_an_exit_need_a_reason():
    """One of four reasons is said; an aspect belongs to an admission, a kind to an exit."""
    assert missing(replace(REFUSE, reason=None, kind=ExitKind.AFFAIR, aspects={"management": "x"}), GOOD) == [
        ("decision_reason", "reason", None),
        ("decision_kind", "kind", None),
        ("decision_aspect", "aspects.management", None),
    ]
    assert missing(replace(EXIT, reason=None), replace(GOOD, status=Status.ADMITTED)) == [("decision_reason", "reason", None)]
    assert missing(replace(ADMIT, aspects={**ADMIT.aspects, "weather": "x"}), GOOD) == [
        ("decision_aspect", "aspects.weather", None)
    ]
