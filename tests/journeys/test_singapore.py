"""Five real towns from their files to a proven plan, where the files lie beside the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.town import read_town
from gis.locate import NOWHERE
from partition.engine import divide
from partition.rules import Rules
from partition.score import metrics
from tests.drawn import certificate

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "singapore_towns"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the Singapore towns do not lie beside the checkout"),
]


@pytest.fixture(scope="module")
def town():
    return read_town(FOLDER)


@pytest.fixture(scope="module")
def plan(town):
    return divide(town, Rules(), seed=1)


@pytest.fixture(scope="module")
def figures(plan):
    return metrics(plan)


def test_in_band_wherever_it_can_be(plan, figures):
    """Every grid that can be in the band is, and every other one says why, with a proof."""
    assert figures["feasible_in_band"] == 1.0
    assert figures["exceptions_unproven"] == 0
    assert all(e is None or e.proven for e in plan.grids.exception)


def test_shapes(figures):
    """Grids are compact: 0.58 on average, none below 0.18."""
    assert figures["compactness_mean"] >= 0.58
    assert figures["compactness_least"] >= 0.18


def test_balance(figures):
    """Grids are at most 30 households from the target on average."""
    assert figures["mean_deviation"] <= 30.0


def test_no_small_compound_is_cut(figures):
    """Every compound that fits in one grid lies in one."""
    assert figures["compounds"] >= 1
    assert figures["cut_compounds"] == 0


def test_exact_certificate(plan, town):
    """All 44 communities are proven covered exactly once, and every household inside is in exactly one grid."""
    report = certificate(plan, town)
    assert report.clean
    assert [c.exact for c in report.communities] == [True] * 44
    assert (plan.grid_of_household[report.households.inside] != NOWHERE).all()
    assert plan.grids.households.sum() == 194_761
    assert np.max([c.deviation_cm for c in report.communities]) <= 100.0


def test_borders_on_roads_are_reported(figures, record_property):
    """The share of borders that lie on roads is a figure of the plan, and of the longest ones too."""
    for name in ("borders_on_roads", "longest_on_roads", "clear_borders"):
        record_property(name, figures[name])
        assert 0.0 < figures[name] < 1.0
    assert figures["clear_borders"] >= figures["borders_on_roads"]
