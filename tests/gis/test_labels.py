"""Labels: which line of the ground lies on an edge."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.faces import faces, node
from gis.labels import NO_LINE, lines_on_edges
from gis.mesh import build_mesh, edge_midpoints
from gis.town import LineKind

SQUARE = [(0, 0), (200, 0), (200, 100), (0, 100), (0, 0)]
MIDDLE = [(100, 0), (100, 100)]


def lines_of(*paths):
    return np.array([shapely.LineString(path) for path in paths], dtype=object)


def label_of_middle(lines, ranks, *, noded=None):
    """Node the square with a line through its middle; return the labels on that line."""
    mesh = build_mesh(faces(node(lines_of(SQUARE, MIDDLE) if noded is None else noded)))
    found = lines_on_edges(mesh, lines, np.array(ranks, dtype=np.uint8))
    return found[np.abs(edge_midpoints(mesh)[:, 0] - 100) < 1].tolist()


def test_the_strongest_line_counts():
    """Where a lane, a river and a road coincide the edge is a river; among equals the first counts."""
    kinds = [LineKind.LANE, LineKind.RIVER, LineKind.ROAD, LineKind.RIVER]
    assert label_of_middle(lines_of(*[MIDDLE] * 4), kinds) == [1]
    assert label_of_middle(lines_of(MIDDLE, MIDDLE), [LineKind.ROAD, LineKind.ROAD]) == [0]


def test_nothing_on_an_edge():
    """An edge on which no line lies has no label; nor have any where there are no lines."""
    assert label_of_middle(lines_of(SQUARE), [LineKind.ROAD]) == [NO_LINE]
    assert label_of_middle(lines_of(), []) == [NO_LINE]


@pytest.mark.parametrize(
    ("line", "on"),
    [
        ([(100.01, -50), (100.01, 150)], True),
        ([(100.0, -50), (100.02, 150)], True),
        ([(100.05, -50), (100.05, 150)], False),
        ([(0, 50), (200, 50)], False),
        ([(100, 0), (100, 60)], False),
        ([(100, 200), (100, -200)], True),
    ],
)
def test_within_two_centimetres_along_the_whole_edge(line, on):
    """A line counts where it runs within 2 cm of the whole edge: not where it crosses, or accompanies half of it."""
    assert label_of_middle(lines_of(line), [LineKind.ROAD]) == [0 if on else NO_LINE]


@pytest.mark.parametrize("seed", range(5))
def test_lines_find_their_edges_after_noding(seed):
    """Whatever snap rounding did, every edge of a noded soup of lines carries one of the lines it came from."""
    rng = np.random.default_rng(seed)
    paths = [SQUARE, *np.round(rng.uniform((-20, -20), (220, 120), (20, 2, 2)), 2)]
    lines = lines_of(*paths)
    mesh = build_mesh(faces(node(lines)))
    found = lines_on_edges(mesh, lines, np.full(len(lines), int(LineKind.ROAD), dtype=np.uint8))
    assert (found != NO_LINE).all()
    a, b = mesh.vertex[mesh.tail] / 100, mesh.vertex[mesh.head] / 100
    for end in (a, b):
        assert shapely.distance(shapely.points(end), lines[found]).max() <= 0.02


def test_a_bend_is_several_pieces():
    """An edge lies on one straight piece of a line; where the line bends away it does not."""
    bent = lines_of([(100, 0), (100, 100), (300, 100)], [(100, 0), (130, 50), (100, 100)])
    assert label_of_middle(bent, [LineKind.LANE, LineKind.RIVER]) == [0]
