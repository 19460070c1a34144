"""Random tilings of a community, drawn on whole centimetres by counting cells; no geometry engine has a part in them.

A board of cells is cut into rectangles of cells by straight cuts from side to side, again and again, so that bricks
and T-junctions abound. Each rectangle becomes a grid whose ring has *every* point of the board on its border: so
both sides of a border have the same points. Then the points are shaken by less than a quarter of a cell and the
whole board is turned and moved by whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from hypothesis import strategies as st

Point = tuple[int, int]
Block = tuple[int, int, int, int]

FAR = (50_000_000, 400_000_000)
"""500 km east, 4,000 km north, in centimetres: where towns lie in a metric frame."""


@dataclass(frozen=True)
class Tiling:
    """A community and its grids as rings of whole centimetres; the first ring of a grid is the outer one."""

    community: tuple[Point, ...]
    grids: tuple[tuple[tuple[Point, ...], ...], ...]

    def polygons(self) -> np.ndarray:
        """Return the grids as polygons in metres."""
        return polygons(self.grids)

    def ground(self) -> np.ndarray:
        """Return the community as a layer of one polygon in metres."""
        return polygons([[self.community]])


def polygons(grids) -> np.ndarray:
    """Turn lists of rings in centimetres into polygons in metres."""
    made = [shapely.Polygon(np.array(rings[0]) / 100, [np.array(ring) / 100 for ring in rings[1:]]) for rings in grids]
    return np.array(made, dtype=object)


def walk(block: Block) -> list[Point]:
    """Return the board's points on the border of a block (left, bottom, right, top), counter-clockwise."""
    left, bottom, right, top = block
    return [
        *((x, bottom) for x in range(left, right)),
        *((right, y) for y in range(bottom, top)),
        *((x, top) for x in range(right, left, -1)),
        *((left, y) for y in range(top, bottom, -1)),
    ]


@st.composite
def blocks(draw, width: int, height: int) -> list[Block]:
    """Cut the board into blocks."""
    done: list[Block] = []
    todo: list[Block] = [(0, 0, width, height)]
    while todo:
        left, bottom, right, top = block = todo.pop()
        cuts = [("x", x) for x in range(left + 1, right)] + [("y", y) for y in range(bottom + 1, top)]
        if not cuts or draw(st.integers(0, 5)) == 0:
            done.append(block)
            continue
        way, at = draw(st.sampled_from(cuts))
        if way == "x":
            todo += [(left, bottom, at, top), (at, bottom, right, top)]
        else:
            todo += [(left, bottom, right, at), (left, at, right, top)]
    return done


@st.composite
def tilings(draw, least: int = 1) -> Tiling:
    """Draw a community and a tiling of it by at least `least` grids: bricks, triangles, rings around a middle."""
    width, height = draw(st.integers(2, 5)), draw(st.integers(2, 5))
    cell = draw(st.sampled_from([40, 1_000, 12_345]))
    shake = st.integers(-(cell // 5), cell // 5)
    at = {(x, y): (x * cell + draw(shake), y * cell + draw(shake)) for x in range(width + 1) for y in range(height + 1)}
    grids: list[list[list[Point]]] = []
    for block in draw(blocks(width, height).filter(lambda found: len(found) >= least)):
        left, bottom, right, top = block
        ring = walk(block)
        if (right - left, top - bottom) == (1, 1) and draw(st.booleans()):
            grids += [[[ring[0], ring[1], ring[2]]], [[ring[0], ring[2], ring[3]]]]
        elif min(right - left, top - bottom) >= 3 and draw(st.booleans()):
            middle = walk((left + 1, bottom + 1, right - 1, top - 1))
            grids += [[ring, middle[::-1]], [middle]]
        else:
            grids.append([ring])
    a, b = draw(st.sampled_from([(1, 0), (0, 1), (3, 4), (-5, 12), (1, 1), (-1, 0)]))
    east, north = draw(st.sampled_from([(0, 0), FAR, (-FAR[0], 7)]))

    def place(point: Point) -> Point:
        x, y = at[point]
        return (a * x - b * y + east, b * x + a * y + north)

    return Tiling(
        community=tuple(place(point) for point in walk((0, 0, width, height))),
        grids=tuple(tuple(tuple(place(point) for point in ring) for ring in rings) for rings in grids),
    )


@st.composite
def damages(draw, tiling: Tiling) -> list[list[list[Point]]]:
    """Damage the grids of a tiling in one to three ways, large and small; some of them leave it as it was."""
    grids = [[list(ring) for ring in rings] for rings in tiling.grids]
    span = max(abs(x - tiling.community[0][0]) for x, _ in tiling.community)
    for _ in range(draw(st.integers(1, 3))):
        what = draw(st.sampled_from(["move", "swap", "drop", "copy", "double", "turn", "replace"]))
        grid = draw(st.integers(0, len(grids) - 1))
        ring = draw(st.sampled_from(grids[grid]))
        at = draw(st.integers(0, len(ring) - 1))
        if what == "move":
            far = draw(st.sampled_from([1, 2, 50, span]))
            ring[at] = (ring[at][0] + draw(st.integers(-far, far)), ring[at][1] + draw(st.integers(-far, far)))
        elif what == "swap":
            ring[at], ring[at - 1] = ring[at - 1], ring[at]
        elif what == "drop" and len(ring) > 3:
            del ring[at]
        elif what == "copy":
            grids.append([list(r) for r in grids[grid]])
        elif what == "double":
            ring.insert(at, ring[at])
        elif what == "turn":
            ring.reverse()
        elif what == "replace":
            ring[at] = draw(st.sampled_from(draw(st.sampled_from(grids))[0]))
    return grids


def polygon_of(*rings) -> shapely.Polygon:
    """Make a polygon of anything, also of coordinates that are no numbers."""
    with np.errstate(all="ignore"):
        return shapely.Polygon(rings[0], rings[1:])


@st.composite
def garbage(draw):
    """Draw something that a file may hold where a grid should be."""
    number = st.one_of(
        st.integers(-3, 3).map(float),
        st.integers(-300, 300).map(lambda n: n / 100),
        st.floats(allow_nan=True, allow_infinity=True),
        st.floats(-1e3, 1e3, allow_nan=False),
    )
    small = st.integers(-3, 3).map(float)
    # The first point is finite: a ring that starts with nan does not even close.
    ring = st.builds(
        lambda first, rest: [first, *rest],
        st.tuples(small, small),
        st.lists(st.tuples(number, number), min_size=2, max_size=8),
    )
    kind = draw(st.sampled_from(["polygon", "multipolygon", "none", "empty", "line", "collection", "hole"]))
    if kind == "polygon":
        return polygon_of(draw(ring))
    if kind == "hole":
        return polygon_of(draw(ring), draw(ring))
    if kind == "multipolygon":
        return shapely.MultiPolygon([polygon_of(draw(ring)), polygon_of(draw(ring))])
    if kind == "line":
        return polygon_of(draw(ring)).exterior
    if kind == "collection":
        return shapely.GeometryCollection([polygon_of(draw(ring)), shapely.Point(0, 0)])
    return None if kind == "none" else shapely.Polygon()
