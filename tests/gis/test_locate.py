"""Locating points: exactly one answer, on lines and corners too."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import gis.locate
from gis.frame import centimetres
from gis.locate import NOWHERE, locate, rank_of
from tests.strategies import tilings

if TYPE_CHECKING:
    import pytest

EXACT = settings(max_examples=80, deadline=None, derandomize=True)
FAR = 4_000_000.0


def shapes(*made):
    array = np.empty(len(made), dtype=object)
    array[:] = made
    return array


def holds(polygon, x, y):
    """Say by whole numbers alone whether a polygon (metres) holds a point in centimetres, on its lines too."""
    inside = False
    for ring in shapely.get_rings(shapely.get_parts([polygon])):
        corners = [tuple(map(int, c)) for c in centimetres(shapely.get_coordinates(ring)).tolist()]
        for (ax, ay), (bx, by) in itertools.pairwise(corners):
            turn = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
            if turn == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
                return True
            if (ay > y) != (by > y) and Fraction((bx - ax) * (y - ay), by - ay) + ax > x:
                inside = not inside
    return inside


def one_by_one(cm, polygons, order):
    """Ask every polygon about every point."""
    by_order = sorted(range(len(polygons)), key=lambda k: (order[k], k))
    return [next((k for k in by_order if holds(polygons[k], x, y)), NOWHERE) for x, y in cm]


@st.composite
def layers(draw):
    """Draw grids that tile a community, or overlap, some in several parts, an order, and points on and off their lines."""
    tiling = draw(tilings())
    polygons = list(tiling.polygons())
    if len(polygons) > 2 and draw(st.booleans()):
        polygons = [shapely.MultiPolygon([polygons[0], polygons[-1]]), *polygons[1:-1]]
    if draw(st.booleans()):
        polygons.append(draw(st.sampled_from(polygons)))
    made = shapes(*polygons)
    corner = st.sampled_from([tuple(map(int, c)) for c in centimetres(shapely.get_coordinates(made)).tolist()])
    beside = st.builds(lambda c, dx, dy: (c[0] + dx, c[1] + dy), corner, st.integers(-60, 60), st.integers(-60, 60))
    between = st.builds(lambda a, b: ((a[0] + b[0]) // 2, (a[1] + b[1]) // 2), corner, corner)
    cm = draw(st.lists(st.one_of(corner, beside, between), min_size=1, max_size=25))
    order = draw(st.lists(st.integers(0, 3), min_size=len(made), max_size=len(made)))
    return made, cm, order


@EXACT
@given(layers())
def test_the_answer_is_that_of_whole_numbers(layer):
    """Each point goes to the first polygon in the order that holds it by integer arithmetic, on lines and corners too."""
    polygons, cm, order = layer
    found = locate(np.array(cm) / 100, polygons, order=order)
    assert found.tolist() == one_by_one(cm, polygons, order)


def test_a_point_on_a_slanted_line_belongs_to_the_smaller_rank():
    """A point a third of the way along a shared slanted line is on it, far from the origin, whichever rank is smaller."""
    below = shapely.Polygon([(FAR, FAR), (FAR + 0.09, FAR + 0.03), (FAR + 0.09, FAR)])
    above = shapely.Polygon([(FAR, FAR), (FAR + 0.09, FAR + 0.03), (FAR, FAR + 0.03)])
    point = [(FAR + 0.03, FAR + 0.01)]
    assert locate(point, shapes(below, above), order=[0, 1]).tolist() == [0]
    assert locate(point, shapes(below, above), order=[1, 0]).tolist() == [1]
    assert locate(point, shapes(below, above), order=[7, 7]).tolist() == [0]


def test_the_hole_is_outside_and_its_line_inside():
    """A lake in a grid belongs to whoever fills it, or to nobody; its shore to the grid."""
    ring = shapely.Polygon(shapely.box(0, 0, 9, 9).exterior, [shapely.box(3, 3, 6, 6).exterior])
    points = [(4, 4), (3, 4), (1, 1)]
    assert locate(points, shapes(ring), order=[0]).tolist() == [NOWHERE, 0, 0]
    assert locate(points, shapes(ring, shapely.box(3, 3, 6, 6)), order=[1, 0]).tolist() == [1, 1, 0]


def test_points_that_are_no_places_are_nowhere():
    """Coordinates that are missing, infinite or beyond all numbers are nowhere, without a warning."""
    wild = [(np.nan, 1), (1, np.inf), (-np.inf, np.nan), (1e308, -1e308), (1, 1)]
    assert locate(wild, shapes(shapely.box(0, 0, 2, 2)), order=[0]).tolist() == [NOWHERE] * 4 + [0]


def test_what_is_missing_holds_nothing():
    """Missing and empty polygons are passed over, and indices count them; no polygons and no points are no fault."""
    box = shapely.box(0, 0, 2, 2)
    assert locate([(1, 1)], shapes(None, shapely.Polygon(), box), order=[0, 1, 2]).tolist() == [2]
    assert locate([(1, 1)], shapes(None), order=[0]).tolist() == [NOWHERE]
    assert locate([(1, 1)], shapes(), order=[]).tolist() == [NOWHERE]
    assert locate(np.zeros((0, 2)), shapes(box), order=[0]).tolist() == []


def test_half_a_centimetre_decides_at_the_edge():
    """A point is taken to the 1 cm grid first: 4 mm beyond the line it is on it, 6 mm beyond it is outside."""
    box = shapes(shapely.box(10, 10, 12, 12))
    assert locate([(12.004, 11), (12.006, 11), (9.996, 9.996), (9.994, 10)], box, order=[0]).tolist() == [0, -1, 0, -1]


def test_many_points_are_taken_in_turns(monkeypatch: pytest.MonkeyPatch):
    """The answer does not depend on how many points are looked at together."""
    rng = np.random.default_rng(5)
    boxes = shapely.box(*(corner := rng.integers(0, 40, (2, 30)).astype(float)), *(corner + rng.integers(1, 20, (2, 30))))
    points = rng.integers(-200, 6200, (500, 2)) / 100
    order = rng.permutation(30)
    whole = locate(points, boxes, order=order)
    monkeypatch.setattr(gis.locate, "_POINTS_AT_ONCE", 7)
    assert locate(points, boxes, order=order).tolist() == whole.tolist()
    assert len(set(whole.tolist())) > 10


def test_polygons_of_very_different_size_share_a_board():
    """A grid of a thousand kilometres and one of a metre are both found, without a board of millions of cells."""
    small = [shapely.box(k * 1000.0, 0, k * 1000.0 + 1, 1) for k in range(50)]
    polygons = shapes(shapely.box(-5e5, -5e5, 5e5, 5e5), *small)
    points = [(0.5, 0.5), (49_000.5, 1), (300_000, 300_000)]
    assert locate(points, polygons, order=[99, *range(50)]).tolist() == [1, 50, 0]


def test_codes_are_ranked_as_text():
    """Codes are compared as text; equal ones keep the order in which they stand."""
    assert rank_of(["b", "a", "c", "a"]).tolist() == [2, 0, 3, 1]
    assert rank_of([]).tolist() == []
