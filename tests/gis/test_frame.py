"""Frames: which one a place gets, axis order, and the snap grid."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import FrameError
from gis.frame import (
    CGCS2000,
    WGS84,
    Frame,
    centimetres,
    choose_frame,
    is_geographic,
    snap,
    snap_geometry,
    transform,
    transform_geometry,
)

metres = st.floats(-5e6, 5e6)


@pytest.mark.parametrize(
    ("place", "lon", "lat", "crs"),
    [
        ("Jinan", 117.0, 36.65, "EPSG:4548"),
        ("Zhuzhou", 113.1, 27.9, "EPSG:4547"),
        ("Jiuquan", 98.5, 39.7, "EPSG:4542"),
        ("Yunyang", 108.7, 30.9, "EPSG:4545"),
        ("Kashgar", 75.9, 39.5, "EPSG:4534"),
        ("Fuyuan", 134.3, 48.4, "EPSG:4554"),
        ("Sansha", 112.3, 16.8, "EPSG:4546"),
        ("Singapore", 103.85, 1.35, "EPSG:32648"),
        ("Boston", -71.06, 42.36, "EPSG:32619"),
        ("Sydney", 151.2, -33.9, "EPSG:32756"),
        ("Taveuni", 180.0, -16.8, "EPSG:32760"),
    ],
)
def test_frame_of_a_place(place, lon, lat, crs):
    """China gets the 3-degree zone by longitude, other places their UTM zone."""
    assert choose_frame(lon, lat).crs == crs, place


@given(st.floats(73.0, 136.0), st.floats(15.0, 54.0))
def test_zone_is_near(lon, lat):
    """In China the central meridian of the chosen zone is never farther than 1.5 degrees, but at the two ends."""
    zone = int(choose_frame(lon, lat).crs.removeprefix("EPSG:")) - 4534
    reach = 1.5 if 73.5 <= lon <= 136.5 else 2.0

    assert abs(75 + 3 * zone - lon) <= reach + 1e-9


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490", "EPSG:2249", "EPSG:0", "nonsense"])
def test_frames_that_are_refused(crs):
    """Degrees, feet and unknown systems are no frames."""
    with pytest.raises(FrameError):
        Frame(crs)


def test_longitude_first():
    """Whatever the registry says of an axis order, longitude or easting stands first."""
    ((x, y),) = transform([(117.0, 36.65)], CGCS2000, "EPSG:4548").tolist()

    assert x == pytest.approx(500_000, abs=0.001)
    assert 4_050_000 < y < 4_060_000
    assert transform([(x, y)], "EPSG:4548", WGS84) == pytest.approx(np.array([[117.0, 36.65]]), abs=1e-9)


def test_wgs84_is_cgcs2000_for_a_town():
    """WGS 84 and CGCS2000 give the same metres, to the centimetre."""
    at = [(117.0, 36.65)]

    assert np.array_equal(snap(transform(at, WGS84, "EPSG:4548")), snap(transform(at, CGCS2000, "EPSG:4548")))


@given(metres, metres)
def test_snapping_twice_is_snapping_once(x, y):
    """A point on the grid stays where it is, and no point moves farther than half a cell on either axis."""
    once = snap([(x, y)])

    assert np.array_equal(snap(once), once)
    assert np.abs(once - [(x, y)]).max() <= 0.005 + 1e-9
    assert np.array_equal(centimetres(once), np.rint(once * 100))


def test_same_vertex_same_point():
    """A vertex that two shapes share is one point after it went the same way."""
    shared = (117.0003, 36.6501)
    shapes = np.array([shapely.LineString([(117, 36.65), shared]), shapely.LineString([shared, (117.1, 36.7)])])
    first, second = snap_geometry(transform_geometry(shapes, WGS84, "EPSG:4548"))

    assert first.coords[-1] == second.coords[0]


def test_degrees_and_metres():
    """A system is known to count in degrees or not."""
    assert is_geographic(WGS84)
    assert is_geographic(CGCS2000)
    assert not is_geographic("EPSG:4548")


def test_no_points_are_no_fault():
    """Nothing carried anywhere is nothing."""
    assert transform(np.empty((0, 2)), WGS84, "EPSG:4548").shape == (0, 2)
