"""Composite scores: templates that are refused, points that move in the right direction, months, quarters and years."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.panel.figures import FIGURES
from api.stats.catalogue import METRICS
from api.stats.register import GOOD, REGISTER
from api.stats.score import Dimension, check, grade, mean, months_of, not_told_of, ranks, read_dimension, score
from gis.errors import ParameterError


def dimension(name: str, weight: int, **more: Any) -> Dimension:
    return Dimension(id=name, name=name, weight=weight, **more)


DEPARTMENT = (
    dimension("volume", 10, metric="received", direction="-",
              bands=((50, 100), (100, 90), (200, 75), (500, 60), (1000, 40), (None, 0))),
    dimension("closing", 30, metric="close_rate"),
    dimension("time", 30, metric="on_time_rate"),
    dimension("rework", 30, metric="rework_rate", direction="-"),
)  # fmt: skip
"""The score of a department, as it is seen in the field: volume in bands, closing, time, and little rework."""

EIGHT = (
    dimension("basics", 10, metric="finish_rate"),
    dimension("handling", 20, metric="on_time_rate"),
    dimension("hours", 15, metric="avg_handle_hours", direction="-", worst=Fraction(40), best=Fraction(4)),
    dimension("satisfaction", 15, metric="satisfaction_rate"),
    dimension("rework", 10, metric="rework_rate", direction="-"),
    dimension("overdue", 10, metric="overdue_open", direction="-", worst=Fraction(20), best=Fraction(0)),
    dimension("service", 10),
    dimension("five_workers", 10),
)
"""Eight dimensions, two of them given by raters."""


def codes(target: str, dimensions: tuple[Dimension, ...]) -> list[str]:
    return [fault.code for fault in check(target, dimensions)]


def test_sound_templates_pass() -> None:
    """Eight dimensions, and the department's four, are sound."""
    assert codes("grid", EIGHT) == []
    assert codes("department", DEPARTMENT) == []


def changed(number: int, **more: Any) -> tuple[Dimension, ...]:
    given = {name: getattr(DEPARTMENT[number], name) for name in Dimension.__slots__} | more
    return (*DEPARTMENT[:number], Dimension(**given), *DEPARTMENT[number + 1 :])


@pytest.mark.parametrize(
    ("dimensions", "code"),
    [
        ((*DEPARTMENT[1:], dimension("volume", -20, metric="received", direction="-", bands=((None, 0),))), "weights-not-100"),
        ((*changed(0, weight=0), dimension("x", 10)), "invalid-weight"),
        (changed(1, direction="-"), "wrong-direction"),  # punishes closing
        (changed(3, direction="+"), "wrong-direction"),  # rewards rework
        (changed(2, metric="close_rate"), "metric-twice"),  # takes one rate twice
        (changed(0, metric="rework_rate"), "bands-of-a-rate"),  # a rate where a count belongs
        (changed(0, bands=((50, 40), (None, 100))), "wrong-direction"),
        (changed(0, bands=((100, 100), (50, 90), (None, 0))), "invalid-bands"),
        (changed(0, bands=((50, 100), (100, 90))), "invalid-bands"),
        (changed(0, bands=((50, 110), (None, 0))), "wrong-direction"),
        (changed(0, bands=()), "ends-missing"),
        (changed(1, worst=Fraction(90), best=Fraction(80)), "wrong-direction"),
        (changed(1, metric="uploaded_score"), "unknown-metric"),
        (changed(1, id="time"), "dimension-twice"),
        (changed(1, metric=None, direction="-"), "rated-plainly"),
    ],
)
def test_what_was_wrong_elsewhere_is_refused_here(dimensions: tuple[Dimension, ...], code: str) -> None:
    """Weights of 0.7, closing punished, misses rewarded, one rate twice, the wrong kind of number: each has its code."""
    assert code in codes("department", dimensions)


def test_figures_of_panels_are_taken_by_their_ids() -> None:
    """Figures of panels are taken as those of incidents are: in their direction, and none of which small counts are hidden."""
    sound = (
        dimension("visits", 30, metric="visit_coverage"),
        dimension("gap", 30, metric="full_time_gap", direction="-", worst=Fraction(10), best=Fraction(0)),
        dimension("spread", 40, metric="balance_cv", direction="-", worst=Fraction(1, 2), best=Fraction(0)),
    )
    assert codes("street", sound) == []
    assert codes("street", (dimension("visits", 100, metric="visit_coverage", direction="-"),)) == ["wrong-direction"]
    assert codes("street", (dimension("size", 100, metric="facility_m2_per_100hh"),)) == ["ends-missing"]
    assert codes("street", (dimension("key", 100, metric="key_group_coverage"),)) == ["metric-not-scored"]
    values = {"visits": Fraction(80), "gap": Fraction(5), "spread": Fraction(1, 10)}
    assert score(sound, values).tenths == 240 + 150 + 320


def test_a_dimension_is_left_out_where_its_figure_is_not_told() -> None:
    """Patrols are owed by people and not by grids, and departments have no households: what that leaves out is said."""
    some = (
        dimension("patrols", 40, metric="patrol_compliance"),
        dimension("visits", 30, metric="visit_coverage"),
        dimension("time", 20, metric="on_time_rate"),
        dimension("rated", 10),
    )
    assert not_told_of("street", some) == []
    assert not_told_of("grid", some) == ["patrols"]
    assert not_told_of("department", some) == ["patrols", "visits"]


def test_every_figure_that_is_better_one_way_is_a_figure() -> None:
    """The register holds each figure once, and whatever has a direction is told of somebody, key groups alone excepted."""
    assert {metric.id for metric in (*METRICS, *FIGURES)} | {"key_group_coverage"} == REGISTER.keys()
    assert GOOD.keys() <= REGISTER.keys()
    assert {name for name in GOOD if not REGISTER[name].is_scored} == {"key_group_coverage"}
    d4 = {
        "resolution_rate", "in_grid_resolution_rate", "finish_rate", "on_time_rate", "close_rate", "response_rate",
        "satisfaction_rate", "rework_rate", "return_rate", "reopen_rate", "detection_share", "repeat_rate", "avg_handle_hours",
        "overdue_open", "visit_coverage", "key_group_coverage", "patrol_compliance", "group_coverage", "staff_compliance",
        "size_compliance", "balance_cv", "balance_ratio", "coverage_defect_m2", "station_coverage", "facility_m2_per_100hh",
        "matter_in_force",
    }  # fmt: skip
    assert d4 <= REGISTER.keys()


def test_all_faults_come_at_once() -> None:
    """A template with several faults is told all of them."""
    found = codes("person", (dimension("a", 30, metric="rework_rate"), dimension("a", 40, metric="nothing")))
    assert set(found) == {"wrong-direction", "unknown-metric", "weights-not-100", "dimension-twice", "invalid-target"}


def test_persons_are_not_assessed() -> None:
    """There is no target that is a person."""
    assert codes("person", EIGHT) == ["invalid-target"]


def test_a_department_scores_as_by_hand() -> None:
    """70 cases, 80 % closed, 90 % on time, 5 % rework: 9 + 24 + 27 + 28.5."""
    values = {"volume": Fraction(70), "closing": Fraction(80), "time": Fraction(90), "rework": Fraction(5)}
    assert score(DEPARTMENT, values).tenths == 885


@st.composite
def figures(draw: st.DrawFn, dimensions: tuple[Dimension, ...]) -> dict[str, Fraction | None]:
    some = st.one_of(st.none(), st.fractions(0, 100, max_denominator=50), st.integers(0, 2000).map(Fraction))
    return {each.id: draw(some) for each in dimensions}


@given(st.sampled_from([EIGHT, DEPARTMENT]), st.data(), st.fractions(0, 500, max_denominator=20))
def test_scores_move_in_the_right_direction(dimensions: tuple[Dimension, ...], data: st.DataObject, more: Fraction) -> None:
    """Whichever figure rises, the score does not fall where more is good, and does not rise where less is."""
    before = data.draw(figures(dimensions))
    moved = data.draw(st.sampled_from(dimensions))
    value = before[moved.id]
    assume(value is not None)
    assert value is not None
    old, new = score(dimensions, before), score(dimensions, before | {moved.id: value + more})
    assert old.tenths is not None
    assert new.tenths is not None
    assert new.tenths >= old.tenths if moved.direction == "+" else new.tenths <= old.tenths
    assert old.covered == new.covered


@given(figures(EIGHT))
def test_a_score_lies_between_nothing_and_full(values: dict[str, Fraction | None]) -> None:
    """Scores lie from 0 to 100, and there is none where nothing could be counted; covered weight is that of what could."""
    found = score(EIGHT, values)
    there = [each for each in EIGHT if values[each.id] is not None]
    assert found.covered == sum(each.weight for each in there)
    assert (found.tenths is None) == (not there)
    assert found.tenths is None or 0 <= found.tenths <= 1000


def test_each_dimension_counts() -> None:
    """From the worst to the best of one dimension alone the score rises by its weight."""
    for dimensions in (EIGHT, DEPARTMENT):
        worst = {each.id: Fraction(10**6) if each.direction == "-" else Fraction(0) for each in dimensions}
        for each in dimensions:
            best = worst | {each.id: Fraction(0) if each.direction == "-" else Fraction(100)}
            assert score(dimensions, worst).tenths == 0
            assert score(dimensions, best).tenths == 10 * each.weight


def test_what_cannot_be_counted_is_no_zero() -> None:
    """A figure without a denominator takes its weight out; it neither helps nor harms."""
    full = {"volume": Fraction(1), "closing": Fraction(100), "time": Fraction(100), "rework": Fraction(0)}
    assert score(DEPARTMENT, full).tenths == 1000
    assert score(DEPARTMENT, full | {"time": None}).tenths == 1000
    assert score(DEPARTMENT, {}) == score(DEPARTMENT, dict.fromkeys(full))
    assert score(DEPARTMENT, {}).tenths is None


def test_months_make_quarters_and_years() -> None:
    """A quarter or a year is the mean of the months that there are, with their number; of none there is none."""
    assert mean([800, None, 905]) == (853, 2)
    assert mean([800]) == (800, 1)
    assert mean([None]) == (None, 0)
    assert months_of("2026-Q2") == ("2026-04", "2026-05", "2026-06")
    assert len(months_of("2026")) == 12
    assert months_of("2026-02") == ("2026-02",)
    for text in ("2026-Q5", "2026-00", "26", "2026-2"):
        with pytest.raises(ParameterError):
            months_of(text)


@pytest.mark.parametrize(
    ("number", "letter"),
    [(1000, "A"), (900, "A"), (899, "B"), (750, "B"), (749, "C"), (600, "C"), (599, "D"), (400, "D"), (399, "E"), (0, "E"),
     (None, None)],
)  # fmt: skip
def test_grades(number: int | None, letter: str | None) -> None:
    """A from 90, B from 75, C from 60, D from 40, E below."""
    assert grade(number) == letter


def test_equal_scores_share_a_rank() -> None:
    """Two that are equal are both second, the next is fourth; who has no score has no rank."""
    assert ranks([800, 900, None, 800, 100]) == (2, 1, None, 2, 4)


def test_a_dimension_is_read_from_plain_values() -> None:
    """Ends that are written as decimals are exact."""
    found = read_dimension(
        {"id": "a", "name": "A", "weight": 5, "metric": "avg_handle_hours", "direction": "-", "worst": 40.1, "best": 0.1}
    )
    assert found.ends == (Fraction(401, 10), Fraction(1, 10))
    assert read_dimension({"id": "b", "name": "B", "weight": 1, "metric": "closed", "bands": [[5, 0], [None, 100]]}).bands == (
        (5, 0), (None, 100),
    )  # fmt: skip
