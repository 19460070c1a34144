"""Meshes: edges between faces as integers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from gis.frame import centimetres
from gis.mesh import OUTSIDE, build_mesh, edge_midpoints
from tests.strategies import tilings

EXACT = settings(max_examples=60, deadline=None, derandomize=True)


def shoelace(mesh, face):
    """Add up twice the area of a face over its edges, whole square centimetres."""
    a, b = mesh.vertex[mesh.tail].tolist(), mesh.vertex[mesh.head].tolist()
    total = 0
    for (x, y), (u, v), left, right in zip(a, b, mesh.left.tolist(), mesh.right.tolist(), strict=True):
        total += (x * v - u * y) * ((left == face) - (right == face))
    return total


@EXACT
@given(tilings())
def test_areas_of_faces_add_up_to_the_outline(tiling):
    """Whole-number areas of all faces sum to the community's, whose outline is the edges with one face."""
    mesh = build_mesh(shapely.orient_polygons(tiling.polygons()))
    community = [(int(x), int(y)) for x, y in tiling.community]
    expected = sum(x * v - u * y for (x, y), (u, v) in itertools.pairwise([*community, community[0]]))
    assert sum(shoelace(mesh, face) for face in range(len(mesh.polygon))) == abs(expected)
    outer = (mesh.left == OUTSIDE) ^ (mesh.right == OUTSIDE)
    ring = {frozenset(pair) for pair in itertools.pairwise([*community, community[0]])}
    ends = zip(mesh.vertex[mesh.tail][outer].tolist(), mesh.vertex[mesh.head][outer].tolist(), strict=True)
    assert {frozenset((tuple(a), tuple(b))) for a, b in ends} == ring


@EXACT
@given(tilings())
def test_perimeters_are_sums_of_edges(tiling):
    """The edges of a face add up to the length of its rings, and each edge has at most one face on either side."""
    polygon = shapely.orient_polygons(tiling.polygons())
    mesh = build_mesh(polygon)
    sums = np.zeros(len(polygon))
    for side in (mesh.left, mesh.right):
        np.add.at(sums, side[side != OUTSIDE], mesh.length_m[side != OUTSIDE])
    assert sums == pytest.approx(shapely.length(polygon))
    assert (mesh.left != mesh.right).all()
    assert (mesh.tail < mesh.head).all()
    assert len(np.unique(np.stack([mesh.tail, mesh.head], 1), axis=0)) == len(mesh.tail)
    # Each step of each ring is one side of one edge.
    steps = sum(len(ring.coords) - 1 for ring in shapely.get_rings(polygon))
    assert (mesh.left != OUTSIDE).sum() + (mesh.right != OUTSIDE).sum() == steps


def test_left_and_right():
    """Going from the lower vertex id to the higher one, the face on the left is the one on that side."""
    west, east = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)
    mesh = build_mesh(shapely.orient_polygons(np.array([west, east], dtype=object)))
    (shared,) = np.flatnonzero((mesh.left != OUTSIDE) & (mesh.right != OUTSIDE))
    assert mesh.vertex[mesh.tail[shared]].tolist() == [100, 0]
    assert mesh.vertex[mesh.head[shared]].tolist() == [100, 100]
    assert (mesh.left[shared], mesh.right[shared]) == (0, 1)
    assert edge_midpoints(mesh)[shared].tolist() == [1.0, 0.5]
    assert mesh.length_m[shared] == 1.0


def test_holes_are_edges_too():
    """A face inside another shares the hole's edges with it; an open hole has nothing on its inner side."""
    outer, inner = shapely.box(0, 0, 9, 9), shapely.box(3, 3, 6, 6)
    ring = shapely.difference(outer, inner)
    for polygons, faces_inside in (([ring, inner], 1), ([ring], OUTSIDE)):
        mesh = build_mesh(shapely.orient_polygons(np.array(polygons, dtype=object)))
        hole = np.isin(mesh.vertex[mesh.tail], (300, 600)).all(1) & np.isin(mesh.vertex[mesh.head], (300, 600)).all(1)
        assert hole.sum() == 4
        assert {*mesh.left[hole].tolist(), *mesh.right[hole].tolist()} == {0, faces_inside}
        assert shoelace(mesh, 0) == 2 * (900**2 - 300**2)


def test_vertices_are_exact_far_from_the_origin():
    """Vertices are whole centimetres, also four thousand kilometres from the frame's origin."""
    square = shapely.transform(shapely.box(0, 0, 0.01, 0.03), lambda xy: xy + np.array((500_000.07, 4_000_000.11)))
    mesh = build_mesh(np.array([square], dtype=object))
    assert sorted(map(tuple, mesh.vertex.tolist())) == sorted(
        {tuple(p) for p in centimetres(shapely.get_coordinates(square)).tolist()}
    )
    assert mesh.length_m == pytest.approx([0.01, 0.03, 0.03, 0.01])
