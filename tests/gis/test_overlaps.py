"""Overlaps, gaps and holes, by drawings whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from gis.overlaps import overlaps_and_gaps

WEST, EAST = box(0, 0, 100, 100), box(100, 0, 200, 100)
HOLED = shapely.difference(WEST, box(10, 10, 20, 20))


def found(*shapes):
    """Give the areas and width of every overlap, gap and hole."""
    mismatch = overlaps_and_gaps(np.array(shapes, dtype=object))
    return tuple(
        [(piece.areas, round(piece.width_m, 2)) for piece in pieces]
        for pieces in (mismatch.overlaps, mismatch.gaps, mismatch.holes)
    )


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ((WEST, EAST), ([], [], [])),
        ((WEST, box(98, 0, 200, 100)), ([((0, 1), 2.0)], [], [])),
        ((WEST, box(99.5, 0, 200, 100)), ([((0, 1), 0.5)], [], [])),
        ((WEST, box(99.99, 0, 200, 100)), ([], [], [])),
        ((WEST, box(100.5, 0, 200, 100)), ([], [((0, 1), 0.5)], [])),
        ((WEST, box(102, 0, 200, 100)), ([], [], [])),
        ((WEST, WEST), ([((0, 1), 100.0)], [], [])),
        ((HOLED,), ([], [], [((0,), 10.0)])),
        ((HOLED, box(10, 10, 20, 20)), ([], [], [])),
        ((HOLED, box(12, 10, 20, 20)), ([], [((0, 1), 2.0)], [])),
        ((HOLED, box(10.3, 10, 20, 20)), ([], [((0, 1), 0.3)], [])),
        ((), ([], [], [])),
    ],
    ids=[
        "edge to edge",
        "overlap",
        "overlapping sliver",
        "rounding",
        "open sliver",
        "a street apart",
        "twice",
        "hole",
        "hole filled",
        "hole half filled",
        "sliver in a hole",
        "nothing",
    ],
)
def test_drawings(shapes, expected):
    """Each drawing has just the overlaps, gaps and holes that one sees in it, each with its width."""
    assert found(*shapes) == expected


def test_acute_corner_is_no_gap():
    """Two areas that part at a corner leave no sliver between them, however narrow the corner begins."""
    leaning = shapely.Polygon([(100, 0), (200, 0), (200, 100), (150, 100), (100, 50)])

    assert found(WEST, leaning) == ([], [], [])


def test_gap_among_three():
    """A gap names every area around it."""
    overlaps, gaps, holes = found(box(0, 0, 100, 50), box(0, 50, 50, 100), box(53, 50, 100, 100), box(0, 100, 100, 150))

    assert (overlaps, holes) == ([], [])
    assert gaps == [((0, 1, 2, 3), 3.0)]


def test_place_is_inside():
    """The place of a piece lies inside it, at its widest."""
    crooked = shapely.union(box(90, 0, 100, 10), box(99, 0, 100, 100))
    (piece,) = overlaps_and_gaps(np.array([WEST, shapely.union(EAST, crooked)], dtype=object)).overlaps

    assert shapely.contains(piece.polygon, shapely.Point(piece.x, piece.y))
    assert piece.y < 10
    assert piece.area_m2 == pytest.approx(190)


@given(st.integers(1, 400).filter(lambda width: width != 2), st.integers(-300, 300))
def test_widths_of_strips(width_cm, offset_cm):
    """A strip taken from one of two neighbours is found with its width; given to both, it is an overlap as wide."""
    x, width = 100 + offset_cm / 100, width_cm / 100
    west, east = box(0, 0, x, 100), box(x + width, 0, 300, 100)
    frame = shapely.difference(box(-50, -50, 350, 150), box(0, 0, 300, 100))

    overlaps, gaps, holes = found(west, east, frame)
    assert (overlaps, holes) == ([], [])
    assert [areas for areas, _ in gaps] == ([(0, 1, 2)] if width_cm >= 2 else [])
    assert all(wide == pytest.approx(width, rel=0.1, abs=0.01) for _, wide in gaps)

    overlaps, gaps, holes = found(box(0, 0, x + width, 100), box(x, 0, 300, 100), frame)
    assert (gaps, holes) == ([], [])
    assert [areas for areas, _ in overlaps] == ([(0, 1)] if width_cm >= 2 else [])


def test_order_of_pieces_is_fixed():
    """The same areas give the same pieces in the same order."""
    shapes = [box(i * 99, j * 99, i * 99 + 100, j * 99 + 100) for i in range(4) for j in range(4)]

    assert found(*shapes) == found(*shapes)
    assert found(*shapes)[0] == sorted(found(*shapes)[0], key=lambda piece: piece[0])
