"""Figures of a plan, against a plan whose every figure can be told by looking at it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.town import LineKind
from partition.engine import divide
from partition.rules import Rules
from partition.score import compounds_cut, in_band, longest_on_roads, metrics
from tests.drawn import Drawing, Line, sketch


@pytest.fixture(scope="module")
def plan():
    """Two grids of 400 with a road between them, and an office."""
    drawing = sketch("A200 A200 A200 A200", lines=None)
    drawing.lines = [Line(LineKind.ROAD, [(200, -10), (200, 110)], "中路")]
    drawing.dedicated = [("楼", shapely.box(390, 0, 400, 100))]
    return divide(drawing.town(), Rules(), seed=1)


def test_figures_of_a_plain_town(plan):
    """Two squares of 400 households: all in band, no deviation, their one border wholly on the road."""
    found = metrics(plan)
    assert (found["grids"], found["residential_grids"], found["dedicated_grids"]) == (3, 2, 1)
    assert (found["households"], found["persons"]) == (800, 2400)
    assert found["in_band_share"] == found["feasible_in_band"] == found["close_to_target"] == 1.0
    assert (found["mean_deviation"], found["largest_deviation"]) == (0.0, 0)
    assert found["inner_border_m"] == pytest.approx(100.0)
    assert found["clear_borders"] == found["borders_on_roads"] == found["longest_on_roads"] == pytest.approx(1.0)
    assert found["borders_on_walls"] == 0.0
    shapes = [4 * np.pi * 20_000 / 600**2, 4 * np.pi * 19_000 / 580**2]
    assert found["compactness_mean"] == pytest.approx(np.mean(shapes))
    assert found["compactness_least"] == pytest.approx(min(shapes))
    assert (found["compounds"], found["cut_compounds"], found["cut_compounds_share"]) == (0, 0, None)


def test_proven_exceptions_are_not_counted_against_the_plan():
    """Shares over feasible grids leave out what is proven; empty grids count in no share of the band."""
    found = metrics(divide(sketch("A400 . A100 . A").town(), Rules(), seed=1))
    assert (found["in_band"], found["in_band_share"], found["feasible_in_band"]) == (1, 0.5, 1.0)
    assert (found["exceptions_proven"], found["exceptions_unproven"]) == (2, 0)


def test_a_town_where_nobody_lives():
    """Figures that have nothing to divide by are none, not zero."""
    found = metrics(divide(Drawing({"A": shapely.box(0, 0, 100, 100)}).town(), Rules(), seed=1))
    for name in ("in_band_share", "feasible_in_band", "mean_deviation", "clear_borders", "longest_on_roads"):
        assert found[name] is None


def test_compounds_cut():
    """A compound that fits and lies in two grids is cut; a larger one, or one in two communities, is not counted."""
    drawing = sketch("A150 A150 A150 A150 A300 A300")
    for k, (west, east) in enumerate([(0, 200), (200, 400), (400, 600)]):
        drawing.compounds.append((f"小区{k}", shapely.box(west, 0, east, 100)))
    plan = divide(drawing.town(), Rules(), seed=1)
    home = plan.ground.household_face
    block = plan.blocks.of_face[home]
    cut = np.zeros(len(plan.blocks), dtype=np.int64)
    cut[block[[1, 2, 3]]] = 1
    assert compounds_cut(plan.blocks, cut, 500) == (2, 1)
    assert compounds_cut(plan.blocks, np.zeros_like(cut), 500) == (2, 0)
    assert compounds_cut(plan.blocks, cut, 700) == (3, 1)
    assert metrics(plan)["cut_compounds"] == 0


def test_longest_borders_on_roads():
    """Of the longest tenth of the borders between two grids, at least one, the share that lies on roads."""
    drawing = sketch("A100 A100\nA100 A100", lines=None)
    drawing.lines = [Line(LineKind.RIVER, [(100, -10), (100, 210)]), Line(LineKind.ROAD, [(-10, 100), (210, 100)])]
    plan = divide(drawing.town(), Rules(), seed=1)
    households = plan.blocks.of_face[plan.ground.household_face]
    assert len(plan.blocks) == 4
    west = np.isin(np.arange(4), households[[0, 2]]).astype(np.int64)
    south = np.isin(np.arange(4), households[[0, 1]]).astype(np.int64)
    every = np.ones(2, dtype=np.bool_)
    assert longest_on_roads(plan.blocks, west, every) == pytest.approx(0.0)
    assert longest_on_roads(plan.blocks, south, every) == pytest.approx(1.0)
    assert longest_on_roads(plan.blocks, np.zeros(4, dtype=np.int64), every) is None


def test_in_band():
    """The ends of the band are in it; persons, either or both count as the rules say."""
    households, persons = np.array([299, 300, 500, 501]), np.array([900, 899, 1500, 1501])
    expected = {
        "households": [False, True, True, False],
        "persons": [True, False, True, False],
        "any_of": [True, True, True, False],
        "all_of": [False, False, True, False],
    }
    for measure, good in expected.items():
        assert in_band(Rules(measure=measure), households, persons).tolist() == good
