"""Exceptions: each reason on a town made for it, and no proof where there is none."""

from __future__ import annotations

import pytest

from gis.town import LineKind
from partition.engine import divide
from partition.exceptions import Reason
from partition.rules import Rules
from tests.drawn import Home, Line, certificate, sketch, with_persons


def outcome(town, rules=None):
    """Divide a town; return households and reason of each grid, ascending."""
    plan = divide(town, rules or Rules(), seed=1)
    assert certificate(plan, town).clean
    reasons = [None if e is None else (e.reason, e.proven) for e in plan.grids.exception]
    return sorted(zip(plan.grids.households.tolist(), reasons, strict=True), key=str)


def reasons(town, rules=None):
    """Return the reasons given in a town, with whether they are proven."""
    return {reason for _, reason in outcome(town, rules) if reason is not None}


def test_no_households():
    """A community in which nobody lives is one grid with that reason, proven."""
    assert outcome(sketch("A A A").town()) == [(0, (Reason.NO_HOUSEHOLDS, True))]


def test_too_few():
    """Below 300 households there is one grid, and that it cannot be more is proven."""
    assert outcome(sketch("A100 A50 A").town()) == [(150, (Reason.TOO_FEW, True))]


@pytest.mark.parametrize("total", [501, 550, 599])
def test_between_one_and_two(total):
    """From 501 to 599 no number of grids adds up: some grid is out of the band, and the totals prove it."""
    assert reasons(sketch(f"A{total - 400} A200 A200").town()) == {(Reason.BETWEEN, True)}


@pytest.mark.parametrize("total", [300, 500, 600, 700, 1000, 1500])
def test_possible_totals_have_no_exception(total):
    """Wherever some number of grids adds up and homes are small there is no exception."""
    found = outcome(sketch(" ".join([f"A{total // 20}"] * 20)).town())
    assert {reason for _, reason in found} == {None}
    assert sum(households for households, _ in found) == total


@pytest.mark.parametrize(("total", "numbers"), [(600, {2}), (1000, {2, 3}), (1500, {3, 4, 5})])
def test_the_number_of_grids(total, numbers):
    """600 households make 2 grids, 1,000 make 2 or 3, 1,500 make 3 to 5."""
    assert len(outcome(sketch(" ".join([f"A{total // 20}"] * 20)).town())) in numbers


def test_one_building_too_big():
    """A tower of 620 is a grid by itself with the reason that a building is never split; its neighbours are in the band."""
    assert outcome(sketch("A620 A200 A200").town()) == [(400, None), (620, (Reason.BUILDING, True))]


def test_two_buildings_are_not_one():
    """Two buildings of 310 at one point are not said to be one building of 620."""
    drawing = sketch("A A A")
    drawing.homes = [Home(50, 50, 310, building="甲"), Home(50, 50, 310, building="乙"), Home(250, 50, 400)]
    assert (Reason.BUILDING, True) not in reasons(drawing.town())


def test_island():
    """A part that touches no other part cannot have grids of its own; the community as a whole could."""
    assert outcome(sketch("A200 . A400 A400").town()) == [
        (200, (Reason.ISLAND, True)),
        (400, None),
        (400, None),
    ]


def test_a_river_that_may_be_spanned_makes_no_island():
    """Three banks of 200, 350 and 300: whatever is done about the 200, nobody says that they touch no other part."""
    drawing = sketch("A200 A350 A300", lines=None)
    drawing.lines = [Line(LineKind.RIVER, [(x, -10), (x, 110)], f"河{x}") for x in (100, 200)]
    assert (Reason.ISLAND, True) not in reasons(drawing.town())


def test_no_solution_at_single_buildings():
    """Three buildings of 260 in a row: 780 could be two grids by the totals, but no two of any buildings add up."""
    assert reasons(sketch("A260 A260 A260").town()) == {(Reason.NO_SOLUTION, True)}


def test_a_face_of_many_buildings_proves_nothing():
    """Five faces of twelve buildings of 10 make 600: as whole faces nothing adds up to 300, as buildings it is easy."""
    found = outcome(sketch("A12x10 A12x10 A12x10 A12x10 A12x10").town())
    assert (Reason.NO_SOLUTION, True) not in {reason for _, reason in found}


@pytest.mark.slow
def test_unproven():
    """Where no proof was found the reason says so, and counts as unproven."""
    # No number of 31s lies in 404 … 430, but the sets of 121 buildings are too many to try them all.
    picture = "\n".join(" ".join(["A31"] * 11) for _ in range(11))
    rules = Rules(minimum=404, target=410, maximum=430)
    found = reasons(sketch(picture).town(), rules)
    assert found
    assert {reason for reason, proven in found if not proven} == {Reason.UNPROVEN}
    assert all(proven == (reason is not Reason.UNPROVEN) for reason, proven in found)


def test_hard_barriers_part_a_community():
    """A river that no grid may span leaves 200 on one bank: too few there, proven, and nobody says an island."""
    drawing = sketch("A200 A400", lines=None)
    drawing.lines = [Line(LineKind.RIVER, [(100, -10), (100, 110)], "河")]
    soft, hard = (outcome(drawing.town(), Rules(hard_barriers=names)) for names in ((), ("river",)))
    # 600 together, but the far building alone holds 400: soft or hard, one grid is out and says why.
    assert [households for households, _ in hard] == [200, 400]
    assert hard[0][1] is not None
    assert hard[0][1][1]
    assert [households for households, _ in soft] == [200, 400]


def test_rules_by_persons():
    """By persons 400 and 800 persons are too few and 1,500 in one grid are right, whatever the households."""
    town = sketch("A10 A10 A10").town()
    rules = Rules(measure="persons")
    assert outcome(with_persons(town, [500, 500, 500]), rules) == [(30, None)]
    assert outcome(with_persons(town, [200, 200, 400]), rules) == [(30, (Reason.TOO_FEW, True))]
    assert reasons(with_persons(town, [1600, 900, 900]), rules) == {(Reason.BUILDING, True)}


def test_rules_by_any_of_two_counts():
    """With `any_of` a grid is in the band when its households or its persons are."""
    town = sketch("A250 A250").town()
    rules = Rules(measure="any_of")
    # 500 households or 1,000 persons each: one grid is in the band by both, two grids by persons.
    assert {reason for _, reason in outcome(with_persons(town, [1000, 1000]), rules)} == {None}
    assert reasons(with_persons(town, [10, 10]), Rules(measure="all_of"))
    assert outcome(with_persons(sketch("A100 A100").town(), [500, 500]), rules) == [(200, None)]


def test_rules_by_all_of_two_counts():
    """With `all_of` both counts must be in the band, and an exception of either is proven."""
    rules = Rules(measure="all_of")
    assert outcome(with_persons(sketch("A200 A200").town(), [600, 600]), rules) == [(400, None)]
    found = outcome(with_persons(sketch("A200 A200").town(), [100, 100]), rules)
    # 400 households are right, 200 persons are too few: nothing here is between one grid and two.
    assert found == [(400, (Reason.TOO_FEW, True))]


def test_reasons_are_said_in_two_languages():
    """Every argument names its numbers in Chinese and in English."""
    plan = divide(sketch("A100 A50 B A620 A200 A200").town(), Rules(), seed=1)
    said = [e for e in plan.grids.exception if e is not None]
    assert len(said) == 3
    assert all(e.en.isascii() and not e.zh.isascii() for e in said)
