"""A mesh: vertices on the 1 cm grid, and edges that remember the vertices which were put on them later.

A road that ends on another road puts a vertex on it. Both sides of that road must then run through the vertex, or the
outlines of neighbours would miss each other by the rounding. So no face keeps its own coordinates: a face is a ring of
vertex numbers, and `path` fills in what has been put on its edges since, from whichever side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gis.frame import snap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Ring = list[int]
"""Vertex numbers of a face, counter-clockwise, the first not repeated."""


class Cut(NamedTuple):
    """A face cut in two: the line of the cut, and the face on its left and on its right."""

    path: list[int]
    left: Ring
    right: Ring


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line to cut along: through the point (`x`, `y`), metres, in the direction `angle`, radians."""

    x: float
    y: float
    angle: float


class _Crossing(NamedTuple):
    """Where a line meets a ring: on the edge from position `edge`, `along` metres from the line's own point."""

    along: float
    edge: int
    x: float
    y: float
    vertex: int | None


class Mesh:
    """Vertices and the edges between them."""

    def __init__(self) -> None:
        """Start without vertices."""
        self._x: list[float] = []
        self._y: list[float] = []
        self._between: dict[tuple[int, int], int] = {}

    def vertex(self, x: float, y: float) -> int:
        """Add a vertex at (`x`, `y`) metres, rounded to the 1 cm grid, and return its number."""
        self._x.append(float(snap(x)))
        self._y.append(float(snap(y)))
        return len(self._x) - 1

    def put(self, a: int, b: int, x: float, y: float) -> int:
        """Put a vertex on the edge from `a` to `b`, which has none yet, at (`x`, `y`) metres."""
        vertex = self.vertex(x, y)
        self._between[(a, b) if a < b else (b, a)] = vertex
        return vertex

    def path(self, vertices: Sequence[int]) -> list[int]:
        """Return the line through `vertices` with everything that has been put on its edges."""
        result = [vertices[0]]
        waiting = list(reversed(vertices[1:]))
        while waiting:
            a, b = result[-1], waiting[-1]
            middle = self._between.get((a, b) if a < b else (b, a))
            if middle is None:
                result.append(waiting.pop())
            else:
                waiting.append(middle)
        return result

    def ring(self, vertices: Sequence[int]) -> Ring:
        """Return the ring through `vertices` with everything that has been put on its edges."""
        return self.path([*vertices, vertices[0]])[:-1]

    def xy(self, vertices: Sequence[int]) -> NDArray[np.float64]:
        """Return the coordinates (n, 2) of `vertices`, metres."""
        return np.array([(self._x[v], self._y[v]) for v in vertices], dtype=np.float64).reshape(-1, 2)

    def all_xy(self) -> NDArray[np.float64]:
        """Return the coordinates (n, 2) of all vertices, metres."""
        return np.column_stack([np.array(self._x), np.array(self._y)])

    def area(self, vertices: Sequence[int]) -> float:
        """Return the signed area of a ring, square metres; positive when it runs counter-clockwise."""
        x0, y0 = self._x[vertices[0]], self._y[vertices[0]]
        total = 0.0
        for a, b in zip(vertices, [*vertices[1:], vertices[0]], strict=True):
            total += (self._x[a] - x0) * (self._y[b] - y0) - (self._x[b] - x0) * (self._y[a] - y0)
        return total / 2

    def extent(self, vertices: Sequence[int], angle: float) -> tuple[float, float]:
        """Return the smallest and largest coordinate of `vertices` along the direction `angle` (radians), metres."""
        cosine, sine = math.cos(angle), math.sin(angle)
        along = [self._x[v] * cosine + self._y[v] * sine for v in vertices]
        return min(along), max(along)

    def split(self, vertices: Sequence[int], path: list[int]) -> Cut:
        """Cut a ring along `path`, which starts and ends on two of its vertices and runs inside it."""
        ring = self.ring(vertices)
        start, end = ring.index(path[0]), ring.index(path[-1])
        ahead = ring[start:end] if start < end else ring[start:] + ring[:end]
        behind = ring[end:start] if end < start else ring[end:] + ring[:start]
        # Going along the path, the left face comes back from its end to its start along the ring.
        return Cut(path, path[:-1] + behind, path[:0:-1] + ahead)

    def cut(self, vertices: Sequence[int], line: Line, *, near: float, least: float = 0.0, bend: float = 0.0) -> Cut | None:
        """Cut a ring along a straight line, from edge to edge.

        Parameters
        ----------
        vertices
            The ring.
        line
            Where to cut. Where the line crosses the ring several times, its longest part inside the ring is the cut.
        near
            An end of the cut closer than this to a vertex, metres, goes to the vertex: no staggered junctions.
        least
            The smallest area that either face may have, square metres.
        bend
            How far the middle of the cut leaves the straight line, metres.

        Returns
        -------
        Cut | None
            Nothing, and the mesh as it was, when the line would make a face that is too small or not simple.
        """
        ring = self.ring(vertices)
        ends = self._longest(self._crossings(ring, line, near))
        if ends is None:
            return None
        first, last = ((end.x, end.y) for end in ends)
        middle = ((first[0] + last[0]) / 2, (first[1] + last[1]) / 2)
        if bend:
            middle = (middle[0] - bend * math.sin(line.angle), middle[1] + bend * math.cos(line.angle))
        left = self._left_area(ring, ends)
        if min(left, self.area(ring) - left) <= least or not self._is_clear(ring, [first, middle, last], ends):
            return None
        path = [self._end(ring, end) for end in ends]
        if bend:
            path.insert(1, self.vertex(*middle))
        return self.split(vertices, path)

    def _end(self, ring: Ring, end: _Crossing) -> int:
        if end.vertex is not None:
            return end.vertex
        return self.put(ring[end.edge], ring[(end.edge + 1) % len(ring)], end.x, end.y)

    def _crossings(self, ring: Ring, line: Line, near: float) -> list[_Crossing]:
        """Return where `line` crosses the ring, in order along the line."""
        cosine, sine = math.cos(line.angle), math.sin(line.angle)
        across = [(self._y[v] - line.y) * cosine - (self._x[v] - line.x) * sine for v in ring]
        result: list[_Crossing] = []
        for edge, (d, e) in enumerate(zip(across, [*across[1:], across[0]], strict=True)):
            if (d > 0) == (e > 0):
                continue
            a, b = ring[edge], ring[(edge + 1) % len(ring)]
            share = d / (d - e)
            x = self._x[a] + share * (self._x[b] - self._x[a])
            y = self._y[a] + share * (self._y[b] - self._y[a])
            length = math.hypot(self._x[b] - self._x[a], self._y[b] - self._y[a])
            vertex = None
            if min(share, 1 - share) * length < near:
                vertex = a if share < 1 - share else b
                x, y = self._x[vertex], self._y[vertex]
            result.append(_Crossing((x - line.x) * cosine + (y - line.y) * sine, edge, x, y, vertex))
        return sorted(result)

    @staticmethod
    def _longest(crossings: list[_Crossing]) -> tuple[_Crossing, _Crossing] | None:
        inside = list(zip(crossings[::2], crossings[1::2], strict=False))
        return max(inside, key=lambda pair: pair[1].along - pair[0].along, default=None)

    def _left_area(self, ring: Ring, ends: tuple[_Crossing, _Crossing]) -> float:
        """Return the area on the left of a straight cut from the first end to the last, square metres."""
        first, last = ends
        start = last.edge + 1 if last.vertex is None else ring.index(last.vertex) + 1
        stop = first.edge if first.vertex is None else ring.index(first.vertex) - 1
        rest = [ring[(start + k) % len(ring)] for k in range((stop - start + 1) % len(ring))]
        xy = [(first.x, first.y), (last.x, last.y), *((self._x[v], self._y[v]) for v in rest)]
        return sum(_turn(xy[0], p, q) for p, q in pairwise(xy[1:])) / 2

    def _is_clear(self, ring: Ring, path: list[tuple[float, float]], crossings: tuple[_Crossing, _Crossing]) -> bool:
        """Say whether `path` stays inside the ring: no edge but those at its ends is crossed."""
        ends = {ring[(crossing.edge + k) % len(ring)] for crossing in crossings for k in (0, 1)}
        for a, b in zip(ring, [*ring[1:], ring[0]], strict=True):
            if a in ends and b in ends:
                continue
            p, q = (self._x[a], self._y[a]), (self._x[b], self._y[b])
            for s, t in pairwise(path):
                if _cross(p, q, s, t):
                    return False
        return True


def _turn(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
    return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])


def _cross(p: tuple[float, float], q: tuple[float, float], s: tuple[float, float], t: tuple[float, float]) -> bool:
    return _turn(p, q, s) * _turn(p, q, t) < 0 and _turn(s, t, p) * _turn(s, t, q) < 0
