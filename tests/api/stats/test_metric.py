"""Figures: how they are rounded, when there is none, and how cumulated numbers are written."""

from __future__ import annotations

import statistics
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.panel.figures import FIGURES
from api.panel.panel import COUNTED
from api.stats.calls import COUNTS as CALL_COUNTS
from api.stats.catalogue import AGES, BY_ID, CALLS, HOURS, MEDIATIONS, METRICS, SLOW, chosen
from api.stats.metric import (
    Basis,
    Unit,
    at_least,
    decimal,
    document,
    hours_tenths,
    nearest_rank,
    percent_tenths,
    rate,
    rounded,
)
from data.store.stats import COUNTS
from gis.errors import ParameterError

BALANCE = next(metric for metric in FIGURES if metric.id == "balance_cv")


@pytest.mark.parametrize(
    ("above", "below", "text"),
    [
        (1920, 2027, "94.7"),
        (1920, 2028, "94.7"),
        (4122, 4200, "98.1"),
        (4123, 4200, "98.2"),
        (4124, 4200, "98.2"),
        (4125, 4200, "98.2"),
        (4126, 4200, "98.2"),
        (4127, 4200, "98.3"),
        (592, 939, "63.0"),
        (1, 8, "12.5"),
        (1, 16, "6.3"),  # 6.25: halves go up
        (0, 5, "0.0"),
        (5, 5, "100.0"),
    ],
)
def test_published_rates_come_out(above: int, below: int, text: str) -> None:
    """The rates that were published come out of their numbers, to one decimal."""
    found = percent_tenths(above, below)
    assert found is not None
    assert decimal(found) == float(text)
    assert document(rate("r", "", "", "", "", ("n", "d")), {"n": above, "d": below})["text"] == f"{text} %"


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_halves_go_up_as_in_decimal(above: int, below: int) -> None:
    """Every rate is what exact decimal arithmetic rounds to, halves up."""
    exact = Decimal(100 * above * 10 // below) if (100 * above * 10) % below == 0 else None
    if exact is None:
        # More digits than any half needs: a quotient of integers this small differs from a half by more than 1e-12.
        exact = (Decimal(1000 * above) / Decimal(below)).quantize(Decimal(1), ROUND_HALF_UP)
    assert percent_tenths(above, below) == int(exact)


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6), st.integers(0, 4))
def test_halves_are_rounded_up_once(above, below, digits) -> None:
    """A figure is the exact quotient, rounded once as people round: away from zero at the half."""
    value = rounded(Fraction(above, below), digits)
    step = Decimal(1).scaleb(-digits)
    away = abs(Fraction(value) - Fraction(above, below))
    assert value == value.quantize(step)
    assert away <= Fraction(step) / 2
    if away == Fraction(step) / 2:
        assert abs(Fraction(value)) > abs(Fraction(above, below))


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=30))
def test_balance_is_the_spread_over_the_mean(households: list[int]) -> None:
    """The balance of grids is the standard deviation of their households over the mean; of nobody's there is none."""
    counts = {
        "residential": len(households),
        "households_squared": sum(number**2 for number in households),
        "residential_households": sum(households),
    }
    shown = document(BALANCE, counts)
    if not any(households):
        assert (shown["value"], shown["text"]) == (None, "—")
        return
    assert shown["value"] == pytest.approx(statistics.pstdev(households) / statistics.mean(households), abs=0.000_500_1)
    assert (shown["n"], shown["d"], shown["parts"]) == (
        counts["households_squared"], counts["residential_households"], {"residential": len(households)},
    )  # fmt: skip


def test_balance_of_published_kind_by_hand() -> None:
    """Grids of 300, 400 and 500 households vary by 0.204 of their mean: the root of 20,000 / 3 over 400."""
    counts = {"residential": 3, "households_squared": 500_000, "residential_households": 1_200}
    assert document(BALANCE, counts)["text"] == "0.204"
    assert document(BALANCE, counts | {"households_squared": 480_000})["text"] == "0.000"


def test_units_are_written() -> None:
    """Thousands have commas, shares a sign, ground its unit; hours are counted in seconds and ground in square centimetres."""
    ground = next(metric for metric in FIGURES if metric.id == "coverage_defect_m2")
    told = document(ground, {"defect_cm2": 12_345_678, "gap_cm2": 12_345_678, "overlap_cm2": 0, "netted": 1})
    assert (told["value"], told["text"]) == (1234.57, "1,234.57 m²")
    assert document(ground, {"defect_cm2": 0, "gap_cm2": 0, "overlap_cm2": 0, "netted": 0})["value"] is None
    hours = document(BY_ID["push_lag_hours"], {"push_lag_seconds": 9_000, "push_lag_cases": 2})
    assert (hours["value"], hours["text"], hours["n"], hours["d"]) == (1.3, "1.3", 9_000, 2)  # 1.25: halves go up


def test_without_a_denominator_there_is_no_figure() -> None:
    """A rate of nothing is null, not 0 %, and its text is a dash; its counts are shown."""
    assert percent_tenths(0, 0) is None
    counts = dict.fromkeys(frozenset[str]().union(*(metric.counts for metric in (*METRICS, *FIGURES))), 0)
    for metric in (*METRICS, *FIGURES):
        if metric.denominator is not None:
            shown = document(metric, counts)
            assert (shown["value"], shown["text"], shown["n"], shown["d"]) == (None, "—", 0, 0)


def test_every_rate_shows_what_it_is_made_of() -> None:
    """Beside a rate stand its numerator and its denominator."""
    counts = dict.fromkeys(COUNTS, 0) | {"disputes_resolved": 1920, "disputes": 2027}
    shown = document(BY_ID["resolution_rate"], counts)
    assert shown == {"value": 94.7, "text": "94.7 %", "n": 1920, "d": 2027}


@pytest.mark.parametrize(
    ("number", "is_lower_bound", "zh", "en"),
    [
        (400_000, True, "40万余", "400,000+"),
        (106_000, True, "10.6万余", "106,000+"),
        (460, True, "460余", "460+"),
        (7_580, False, "7580", "7,580"),
        (12_345, True, "12345余", "12,345+"),
        (150_000, True, "15万余", "150,000+"),
        (9_800, True, "9800余", "9,800+"),
    ],
)
def test_lower_bounds_say_that_there_is_more(number: int, is_lower_bound: bool, zh: str, en: str) -> None:  # noqa: FBT001 - a column
    """A number that is a lower bound is written as one, and ten thousands only where nothing is lost."""
    assert at_least(number, "zh", is_lower_bound=is_lower_bound) == zh
    assert at_least(number, "en", is_lower_bound=is_lower_bound) == en


@given(st.lists(st.integers(0, 10**6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_that_enough_do_not_exceed(numbers: list[int], percent: int) -> None:
    """At least so many percent are not above the percentile, and fewer are not above anything smaller."""
    found = nearest_rank(sorted(numbers), percent)
    assert found in numbers
    assert 100 * sum(number <= found for number in numbers) >= percent * len(numbers)
    assert 100 * sum(number < found for number in numbers) < percent * len(numbers)
    assert nearest_rank([], percent) is None


def test_hours_are_rounded_half_up() -> None:
    """Three minutes are 0.1 hours, one second less is none."""
    assert (hours_tenths(180), hours_tenths(179), hours_tenths(5_400)) == (1, 0, 15)


def test_the_catalogue_is_whole() -> None:
    """Every figure of incidents is made of counts that the store or the log has, and so is every one of panels."""
    assert len(BY_ID) == len(METRICS)
    timed = {f"{name.removesuffix('_hours')}_{what}" for name in HOURS for what in ("cases", "seconds")}
    for metric in METRICS:
        assert metric.counts <= {*COUNTS, *CALL_COUNTS, *timed, "mediations", *MEDIATIONS}
        assert (metric.denominator is None) == (metric.unit is Unit.COUNT)
    for metric in FIGURES:
        assert metric.counts <= COUNTED, metric.id
    assert len({metric.id for metric in FIGURES}) == len(FIGURES)
    assert BY_ID.keys() >= SLOW > CALLS | HOURS
    assert set(AGES) <= set(COUNTS)
    assert BY_ID["resolution_rate"].basis is Basis.COHORT


def test_an_unknown_figure_is_named() -> None:
    """Who asks for a figure that there is not is told which."""
    with pytest.raises(ParameterError, match="made_up"):
        chosen(["closed", "made_up"])
    assert [metric.id for metric in chosen(["on_time_rate", "closed"])] == ["closed", "on_time_rate"]
    assert {metric.id for metric in chosen(None)} == BY_ID.keys() - SLOW
