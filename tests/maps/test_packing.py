"""Ground packed into steps of micro-degrees."""

import numpy as np
import pytest
import shapely

from maps import packing
from maps.packing import MICRO, Origin


def unpack(path, origin):
    return (np.cumsum(np.reshape(path, (-1, 2)), axis=0) + np.array([origin.x, origin.y])) / MICRO


def test_path_comes_back():
    """Steps add up to the vertices, to half a micro-degree."""
    origin = Origin(116_000_000, 39_000_000)
    vertices = np.array([[116.1234567, 39.7654321], [116.2, 39.8], [116.1, 39.9]])

    assert unpack(origin.path(vertices), origin) == pytest.approx(vertices, abs=0.51 / MICRO)


def test_path_leaves_out_steps_of_nothing():
    """Vertices that fall on one lattice point are written once, also at the start."""
    assert Origin(0, 0).path(np.array([[0, 0], [1e-8, 0], [1e-6, 0], [1e-6, 1e-8]])) == [0, 0, 1, 0]


def test_shape_keeps_holes_and_parts():
    """Outer rings and holes of every part are rings alike; rings thinner than the lattice are gone."""
    ring = shapely.box(0, 0, 1, 1).difference(shapely.box(0.4, 0.4, 0.6, 0.6))
    both = shapely.union_all([ring, shapely.box(2, 0, 3, 1), shapely.box(4, 0, 4.0000001, 1e-7)])

    assert len(Origin(0, 0).shape(both)) == 3


def test_shared_borders_stay_shared(plan):
    """After thinning and rounding, a drawn town's grids still meet vertex to vertex, without gap or overlap."""
    polygons = shapely.segmentize(plan(5).grids.polygon, 0.0002)  # not alike to the last bit from both sides
    origin = Origin.of([polygons])

    rings = [unpack(rings[0], origin) for rings in origin.shapes(packing.coverage(polygons, 0.5))]

    assert shapely.coverage_is_valid([shapely.Polygon(ring) for ring in rings])
    assert sum(map(len, rings)) == 4 * 25


def test_borders_once():
    """Two squares side by side have three border lines, not eight sides: a dashed line is drawn once."""
    paths = packing.borders(Origin(0, 0), np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], dtype=object))

    assert len(paths) == 3


def test_lines_of_one_name_are_joined():
    """Pieces of one road that meet end to end become one line; other kinds and names stay apart."""
    pieces = shapely.linestrings([[[0, 0], [1, 0]], [[1, 0], [2, 0.5]], [[2, 0.5], [3, 0]]])

    paths = packing.lines(Origin(0, 0), pieces, [5, 5, 6], ["A", "A", "A"], 1.0)

    assert (paths.kind, paths.name) == ([5, 6], ["A", "A"])
    assert [len(path) for path in paths.path] == [6, 4]


def test_spot_is_inside():
    """The label's place of a horseshoe lies in it, where its middle does not."""
    shoe = shapely.box(116, 39, 116.03, 39.03).difference(shapely.box(116.005, 39.005, 116.025, 39.03))
    origin = Origin(0, 0)

    spots = packing.spots(origin, np.array([shoe], dtype=object))

    assert not shoe.contains(shoe.centroid)
    assert shoe.contains(shapely.Point(np.array(spots.at) / MICRO))
    assert spots.radius[0] > 1000


def test_nothing_packs_to_nothing():
    """Empty layers have an origin, no shapes and no borders."""
    none = np.empty(0, dtype=object)
    origin = Origin.of([none])

    assert (origin, origin.shapes(packing.coverage(none, 1)), packing.borders(origin, none)) == (Origin(0, 0), [], [])
