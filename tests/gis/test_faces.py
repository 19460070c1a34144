"""Faces: noded once on the 1 cm grid, in a fixed order, dissolved without losing a vertex or a square centimetre."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.faces import dissolve, faces, node
from gis.frame import centimetres, snap
from gis.mesh import build_mesh

FAR = np.array([500_000.0, 4_000_000.0])


def lines_of(*paths):
    return np.array([shapely.LineString(np.asarray(path, dtype=float) + FAR) for path in paths], dtype=object)


def random_lines(seed, count=25, size=300.0):
    """Return a frame and random lines across it, dangling ends and near-coincident ends included."""
    rng = np.random.default_rng(seed)
    ends = rng.uniform(-20.0, size + 20.0, (count, 2, 2))
    ends[::3, 0] = ends[0, 0] + rng.uniform(-0.03, 0.03, (len(ends[::3]), 2))
    frame = [(0, 0), (size, 0), (size, size), (0, size), (0, 0)]
    return lines_of(frame, *(snap(pair) for pair in ends))


def area2(polygon):
    """Return twice the area in square centimetres, in whole numbers."""
    total = 0
    for ring in shapely.get_rings(polygon):
        x, y = (centimetres(shapely.get_coordinates(ring)) - centimetres(FAR)).T.tolist()
        total += sum(x[k] * y[k + 1] - x[k + 1] * y[k] for k in range(len(x) - 1))
    return total


@pytest.mark.parametrize("seed", range(8))
def test_everything_lies_on_the_snap_grid(seed):
    """Every vertex after noding is a whole centimetre, and lines meet at vertices only."""
    noded = node(random_lines(seed))
    xy = shapely.get_coordinates(noded)
    assert np.abs(xy * 100 - np.rint(xy * 100)).max() < 1e-4
    tree = shapely.STRtree(noded)
    one, other = tree.query(noded, predicate="intersects")
    for a, b in zip(noded[one[one < other]], noded[other[one < other]], strict=True):
        meeting = shapely.intersection(a, b)
        assert meeting.geom_type in {"Point", "MultiPoint"}
        assert shapely.disjoint(meeting, shapely.union(a, b)) or all(
            shapely.intersects(shapely.boundary(a), p) and shapely.intersects(shapely.boundary(b), p)
            for p in shapely.get_parts(meeting)
        )


@pytest.mark.parametrize("seed", range(8))
def test_faces_fill_the_outline_exactly(seed):
    """The integer areas of the faces add up to the area of what they cover; anticlockwise, valid, no overlap."""
    face = faces(node(random_lines(seed)))
    assert shapely.is_valid(face).all()
    assert shapely.coverage_is_valid(face)
    whole = dissolve(face, np.zeros(len(face), dtype=np.int64), 1)[0]
    assert sum(area2(polygon) for polygon in face) == sum(area2(part) for part in shapely.get_parts(whole))
    assert all(area2(polygon) > 0 for polygon in face)


def test_the_order_of_faces_does_not_depend_on_the_order_of_lines():
    """The same lines in another order and another direction give the same faces in the same order."""
    lines = random_lines(3)
    shuffled = shapely.reverse(lines[np.random.default_rng(1).permutation(len(lines))])
    one, other = faces(node(lines)), faces(node(shuffled))
    assert shapely.to_wkb(one).tolist() == shapely.to_wkb(other).tolist()


def test_dangling_ends_enclose_nothing():
    """A line that ends inside a face leaves one face; it takes a line from side to side to make two."""
    square = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    assert len(faces(node(lines_of(square, [(0, 50), (60, 50)])))) == 1
    assert len(faces(node(lines_of(square, [(0, 50), (100, 50)])))) == 2
    assert len(faces(node(lines_of(square, [(0, 50), (60, 50)], [(60, 50), (100, 50)])))) == 2


def test_a_face_with_a_hole_keeps_it():
    """A ring inside a face makes a face and a hole of the same line, which cancel in area."""
    outer = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    inner = [(40, 40), (60, 40), (60, 60), (40, 60), (40, 40)]
    found = faces(node(lines_of(outer, inner)))
    assert sorted(area2(polygon) for polygon in found) == [2 * 2000 * 2000, 2 * (10_000**2 - 2000**2)]


def test_equal_lines_count_once():
    """Collinear overlaps and lines given twice leave single edges."""
    noded = node(lines_of([(0, 0), (100, 0)], [(50, 0), (150, 0)], [(100, 0), (0, 0)]))
    assert len(shapely.line_merge(shapely.union_all(noded)).coords) >= 2
    assert shapely.length(noded).sum() == pytest.approx(150.0)


def test_dissolving_keeps_every_vertex_of_the_border():
    """Joining faces cancels the edges between them and keeps all others with their vertices."""
    face = faces(node(random_lines(5)))
    label = np.arange(len(face)) % 3
    joined = dissolve(face, label, 3)
    mesh, coarse = build_mesh(face), build_mesh(shapely.get_parts(joined))
    of = np.append(label, -1)
    border = of[mesh.left] != of[mesh.right]
    fine = {tuple(sorted(map(tuple, pair))) for pair in mesh.vertex[np.stack([mesh.tail, mesh.head], 1)][border].tolist()}
    kept = {tuple(sorted(map(tuple, pair))) for pair in coarse.vertex[np.stack([coarse.tail, coarse.head], 1)].tolist()}
    assert kept == fine


def test_dissolving_leaves_out_what_has_no_label():
    """Faces labelled below zero belong to nobody; a label without faces is empty."""
    face = faces(node(lines_of([(0, 0), (200, 0), (200, 100), (0, 100), (0, 0)], [(100, 0), (100, 100)])))
    joined = dissolve(face, np.array([-1, 2]), 3)
    assert shapely.is_empty(joined).tolist() == [True, True, False]
    assert joined[2].equals(face[1])
