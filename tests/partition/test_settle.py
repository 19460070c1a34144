"""Slivers: strips under a metre between two communities, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from partition.engine import divide
from partition.rules import Rules
from partition.settle import slivers_between
from tests.drawn import Drawing, Home, areas, certificate

SIDE = shapely.box(0, 0, 100, 100)


def strips(*shapes):
    """Return the slivers between shapes."""
    return slivers_between(areas(shapes))


@pytest.mark.parametrize("gap", [0.01, 0.1, 0.5, 0.95])
def test_a_strip_between_two_is_found(gap):
    """A strip of a centimetre up to a metre between two communities is found whole."""
    found = strips(SIDE, shapely.box(100 + gap, 0, 200, 100))
    assert shapely.area(found).sum() == pytest.approx(100 * gap, rel=0.02, abs=0.02)


def test_wider_gaps_and_neighbours_without_gap_are_left_alone():
    """A gap of two metres may be somebody else's land; communities that touch have none."""
    assert len(strips(SIDE, shapely.box(102, 0, 200, 100))) == 0
    assert len(strips(SIDE, shapely.box(100, 0, 200, 100))) == 0
    assert len(strips(SIDE)) == 0


def test_notches_of_one_community_are_its_own():
    """A narrow notch in a single community's outline is no sliver between two."""
    notched = shapely.difference(SIDE, shapely.box(50, 20, 50.5, 100))
    assert len(strips(notched, shapely.box(100, 0, 200, 100))) == 0
    assert len(strips(notched, shapely.box(100.3, 0, 200, 100))) == 1


@pytest.mark.parametrize("gap", [0.02, 0.6])
def test_the_strip_goes_to_the_longer_neighbour(gap):
    """The plan covers the strip: it belongs to the community that borders it longest, and the coverage is exact."""
    drawing = Drawing({"A": shapely.box(0, 0, 100, 100), "B": shapely.box(100 + gap, 20, 200, 100)})
    drawing.homes = [Home(50, 50, 400), Home(150, 50, 400), Home(100 + gap / 2, 60, 5)]
    town = drawing.town()
    plan = divide(town, Rules(), seed=1)
    report = certificate(plan, town)
    assert report.clean
    assert report.exact
    assert plan.grids.area_m2.sum() == pytest.approx(10_000 + 80 * (100 - gap) + 80 * gap, abs=1.5)
    assert plan.grids.households.sum() == 805
    assert np.max([c.deviation_cm for c in report.communities]) <= 100 * gap + 2
