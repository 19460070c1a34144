"""GCJ-02 and BD-09 against published vectors, and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis import chinese_frames as cf

# place, WGS 84, GCJ-02, BD-09
VECTORS = [
    ("Shizhong", (116.997000, 36.651000), (117.002827, 36.651243), (117.009227, 36.657593)),
    ("Gangcheng", (117.811000, 36.058000), (117.816853, 36.057985), (117.823317, 36.064110)),
    ("Shifeng", (113.118000, 27.872000), (113.123848, 27.868869), (113.130394, 27.874766)),
    ("Jiuquan", (98.508000, 39.732000), (98.508587, 39.732782), (98.515000, 39.739031)),
    ("Yunyang", (108.697000, 30.930000), (108.701389, 30.927579), (108.707818, 30.933756)),
]
MICROMETRE_DEG = 1e-11

lon_lat = st.tuples(st.floats(74.0, 135.0), st.floats(4.0, 53.5))


@pytest.mark.parametrize(("place", "wgs84", "gcj02", "bd09"), VECTORS)
def test_published_vectors(place, wgs84, gcj02, bd09):
    """The five published places are met to the six digits that are published."""
    assert np.allclose(cf.wgs84_to_gcj02([wgs84]), [gcj02], atol=1e-6, rtol=0), place
    assert np.allclose(cf.from_wgs84([wgs84], "bd09"), [bd09], atol=1e-6, rtol=0), place


@given(lon_lat)
def test_gcj02_there_and_back(point):
    """Undoing GCJ-02 returns the point it started from, to less than a micrometre."""
    assert np.allclose(cf.gcj02_to_wgs84(cf.wgs84_to_gcj02([point])), [point], atol=MICROMETRE_DEG, rtol=0)


@given(lon_lat)
def test_bd09_there_and_back(point):
    """Undoing BD-09 returns the point it started from, to less than a micrometre."""
    assert np.allclose(cf.to_wgs84(cf.from_wgs84([point], "bd09"), "bd09"), [point], atol=MICROMETRE_DEG, rtol=0)


def test_outside_china_stays():
    """A point outside the rectangle around China is not shifted, not even at the poles."""
    points = [[2.35, 48.85], [-70.0, -33.0], [0.0, 90.0], [0.0, -90.0]]

    assert np.array_equal(cf.wgs84_to_gcj02(points), points)
    assert np.array_equal(cf.gcj02_to_wgs84(points), points)


def test_many_at_once_equal_one_by_one():
    """An array of points gives what its points give alone."""
    rng = np.random.default_rng(7)
    points = rng.uniform([75, 5], [134, 53], (50, 2))
    alone = np.vstack([cf.wgs84_to_gcj02(point) for point in points])

    assert np.array_equal(cf.wgs84_to_gcj02(points), alone)


def test_nothing_in_nothing_out():
    """No points are no fault."""
    assert cf.gcj02_to_wgs84(np.empty((0, 2))).shape == (0, 2)
