"""Cuts: between buildings, and across long ground."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.cuts import cells_around, compact, shortening_cuts
from gis.faces import faces, node


def pieces_of(polygon, cuts):
    """Cut a polygon for good and return its pieces."""
    lines = np.array([*shapely.get_rings(polygon), *cuts], dtype=object)
    found = faces(node(shapely.get_parts(lines)))
    return found[shapely.contains(polygon.buffer(0.1), found)]


def test_every_place_goes_to_the_nearest_point():
    """The cells of a polygon's points fill it, and each holds the ground nearest to its own point."""
    rng = np.random.default_rng(4)
    square = shapely.box(0, 0, 100, 100)
    xy = rng.uniform(5, 95, (12, 2))
    lines, cells, owner = cells_around(np.array([square], dtype=object), xy, np.zeros(12, dtype=np.int64))
    assert owner.tolist() == [0] * len(cells)
    made = pieces_of(square, lines)
    assert len(made) == 12
    assert shapely.area(made).sum() == pytest.approx(10_000, abs=0.01)
    for piece in made:
        (inside,) = np.flatnonzero(shapely.contains(piece, shapely.points(xy)))
        inner = shapely.get_coordinates(shapely.point_on_surface(piece))
        assert np.hypot(*(xy - inner).T).argmin() == inside


def test_each_polygon_has_its_own_points():
    """Points of one polygon cut that polygon only."""
    two = np.array([shapely.box(0, 0, 10, 10), shapely.box(20, 0, 30, 10)], dtype=object)
    xy = np.array([(2.0, 5.0), (8.0, 5.0), (25.0, 2.0), (25.0, 8.0)])
    lines, _, owner = cells_around(two, xy, np.array([0, 0, 1, 1]))
    assert sorted(shapely.to_wkt(shapely.normalize(lines), rounding_precision=3).tolist()) == [
        "LINESTRING (20 5, 30 5)",
        "LINESTRING (5 0, 5 10)",
    ]
    assert np.bincount(owner).tolist() == [2, 2]


@pytest.mark.parametrize(
    "shape",
    [
        shapely.box(0, 0, 1000, 60),
        shapely.box(0, 0, 900, 800),
        shapely.LineString([(0, 0), (400, 0), (400, 500), (900, 700)]).buffer(25),
        shapely.Point(0, 0).buffer(300).difference(shapely.Point(0, 0).buffer(250)),
    ],
    ids=["strip", "field", "bends", "ring"],
)
def test_nothing_large_or_stringy_is_left(shape):
    """After the cuts no piece is larger than asked for, and none that is worth a cut is stringier."""
    made = pieces_of(shape, shortening_cuts(shape, area_m2=60_000, compactness=0.28))
    assert len(made) > 1
    assert shapely.area(made).sum() == pytest.approx(shape.area, rel=1e-3)
    assert shapely.area(made).max() <= 60_000 + 1
    large = made[shapely.area(made) > 60_000 / 25]
    assert min(compact(piece) for piece in large) >= 0.28 - 0.02


def test_good_ground_is_left_alone():
    """A compact piece that is small enough is not cut, and neither is a sliver too small to matter."""
    assert shortening_cuts(shapely.box(0, 0, 200, 200), area_m2=60_000, compactness=0.28) == []
    assert shortening_cuts(shapely.box(0, 0, 400, 2), area_m2=60_000, compactness=0.28) == []
    assert shortening_cuts(shapely.Polygon(), area_m2=60_000, compactness=0.28) == []


def test_compactness():
    """A circle is 1, a square 0.785, a strip of one to four 0.503; nothing is 0."""
    assert compact(shapely.Point(0, 0).buffer(10, quad_segs=200)) == pytest.approx(1.0, abs=1e-3)
    assert compact(shapely.box(0, 0, 5, 5)) == pytest.approx(0.785, abs=1e-3)
    assert compact(shapely.box(0, 0, 4, 1)) == pytest.approx(0.503, abs=1e-3)
    assert compact(shapely.Polygon()) == 0.0
