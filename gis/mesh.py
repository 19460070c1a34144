"""A mesh: faces and the edges that they share, as integers.

Definition. Given polygons on the snap grid that do not overlap and whose shared vertices are identical, an edge is an
unordered pair of consecutive vertices of some ring. Each edge has at most one face on either side. Adjacency, shared length,
perimeters, borders and names all come from edges: after the mesh is built no overlay is ever computed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.frame import CM_PER_M, centimetres

if TYPE_CHECKING:
    from numpy.typing import NDArray

OUTSIDE = -1


@dataclass(frozen=True, slots=True)
class Mesh:
    """Faces and edges.

    `polygon` (f,) the faces; `vertex` (v, 2) integer centimetres; `tail`, `head` (e,) vertex ids with tail < head;
    `left`, `right` (e,) the face on that side when going from tail to head, or `OUTSIDE`; `length_m` (e,).
    """

    polygon: NDArray[np.object_]
    vertex: NDArray[np.int64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    length_m: NDArray[np.float64]


def build_mesh(polygon: NDArray[np.object_]) -> Mesh:
    """Build the mesh of `polygon` (oriented: shells anticlockwise, holes clockwise)."""
    rings, face_of_ring = shapely.get_rings(polygon, return_index=True)
    xy, ring_of_point = shapely.get_coordinates(rings, return_index=True)
    cm = centimetres(xy)
    vertex, ids = _unique_rows(cm)
    inside_ring = ring_of_point[1:] == ring_of_point[:-1]
    a, b = ids[:-1][inside_ring], ids[1:][inside_ring]
    face = face_of_ring[ring_of_point[:-1][inside_ring]]
    forward = a < b
    tail, head = np.where(forward, a, b), np.where(forward, b, a)
    key = tail * len(vertex) + head
    unique, edge = np.unique(key, return_inverse=True)
    left = np.full(len(unique), OUTSIDE, dtype=np.int64)
    right = np.full(len(unique), OUTSIDE, dtype=np.int64)
    left[edge[forward]] = face[forward]
    right[edge[~forward]] = face[~forward]
    tail, head = unique // len(vertex), unique % len(vertex)
    step = (vertex[head] - vertex[tail]).astype(np.float64)
    return Mesh(polygon, vertex, tail, head, left, right, np.hypot(step[:, 0], step[:, 1]) / CM_PER_M)


def _unique_rows(cm: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return distinct points in order of y, then x, and each point's index among them."""
    low = cm.min(axis=0)
    span = int(cm[:, 0].max() - low[0]) + 1
    key = (cm[:, 1] - low[1]) * span + (cm[:, 0] - low[0])
    unique, index = np.unique(key, return_inverse=True)
    return np.column_stack([unique % span + low[0], unique // span + low[1]]), index


def edge_midpoints(mesh: Mesh) -> NDArray[np.float64]:
    """Return the middle of each edge (e, 2), metres."""
    return (mesh.vertex[mesh.tail] + mesh.vertex[mesh.head]) / (2 * CM_PER_M)
