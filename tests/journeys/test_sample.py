"""The benchmark town of twenty superblocks, from its files to a proven plan."""

from __future__ import annotations

import pytest

from data.sample import write_quads
from data.town import read_town
from partition.engine import divide
from partition.rules import Rules
from partition.score import metrics
from tests.drawn import certificate

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quads") / "town"
    write_quads(folder, columns=5, rows=4, seed=7)
    return read_town(folder)


@pytest.fixture(scope="module")
def plan(town):
    return divide(town, Rules(), seed=1)


@pytest.fixture(scope="module")
def figures(plan):
    return metrics(plan)


def test_in_band_wherever_it_can_be(figures):
    """Every grid that can be in the band is."""
    assert figures["feasible_in_band"] == 1.0


def test_compounds_stay_whole(figures):
    """At most 1.5 in a hundred compounds that fit in one grid are cut."""
    assert figures["compounds"] > 100
    assert figures["cut_compounds_share"] <= 0.015


def test_shapes(figures):
    """Grids are compact: 0.63 on average, none below 0.25."""
    assert figures["compactness_mean"] >= 0.63
    assert figures["compactness_least"] >= 0.25


def test_borders_are_clear(figures):
    """At least 88 in a hundred metres of border lie on a road, a river or a railway."""
    assert figures["clear_borders"] >= 0.88


def test_exact_certificate(plan, town):
    """All communities are proven covered exactly once."""
    report = certificate(plan, town)
    assert report.clean
    assert report.exact
    assert len(report.communities) == 20
