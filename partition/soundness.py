"""Whether each grid, taken by itself, is one sound piece of ground.

A grid should be one polygon whose rings do not cross and that does not hang together by a point or a thread.
Crossings, pinches and parts are found on integers; the neck of a grid, narrower than 1 m, by shrinking the shape,
and is a remark.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import shapely

from partition.certificate import repeated_points, stray_holes
from partition.defect import Defect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from partition.certificate import Net, Tangle

NECK_CM = 100.0
"""A neck narrower than this is worth a remark."""

_LOBE_M2 = 25.0


def crossings(net: Net, tangle: Tangle) -> list[Defect]:
    """Return where the rings of a grid cross each other, and where a hole lies outside its grid."""
    owners = _owners_of_edges(net, tangle.crossing.ravel())
    found: dict[int, Defect] = {}
    for one, two in tangle.crossing.tolist():
        for grid in owners[one] & owners[two]:
            found.setdefault(grid, Defect(kind="crossing_rings", xy=_meeting(net, one, two), grids=(grid,)))
    for row in stray_holes(net.grids):
        grid = int(net.grids.polygon[row])
        found.setdefault(grid, Defect(kind="stray_hole", xy=_point(net.grids.start[row]), grids=(grid,)))
    return list(found.values())


def pinches(net: Net, tangle: Tangle) -> list[Defect]:
    """Return the points at which a grid touches itself, so that it hangs together by a point or not at all there.

    A hole may touch its outer ring in one point: the grid stays in one piece. Rings and the points in which they
    touch make a graph; only a cycle in it cuts the ground in two.
    """
    found: dict[tuple[int, int], Defect] = {}
    folded = _folded(net)
    rows, same_ring = repeated_points(net)
    of_part: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for row, within in zip(rows.tolist(), same_ring.tolist(), strict=True):
        point, grid = int(net.grid_start[row]), int(net.grids.polygon[row])
        if within and (grid, point) not in folded:
            found[grid, point] = Defect(kind="pinch", xy=_point(net.vertex[point]), grids=(grid,))
        elif not within:
            of_part[int(net.grids.part[row])].add((int(net.grids.ring[row]), point))
    for part, touches in of_part.items():
        if (point := _cycle(touches)) is not None:
            grid = int(net.grids.polygon[np.searchsorted(net.grids.part, part)])
            found[grid, point] = Defect(kind="pinch", xy=_point(net.vertex[point]), grids=(grid,))
    owners = _owners_of_edges(net, tangle.touching[:, 0])
    of_point = _owners_of_points(net, tangle.touching[:, 1])
    for edge, point in tangle.touching.tolist():
        for grid in owners[edge] & of_point[point]:
            if (grid, point) in folded:
                continue
            found[grid, point] = Defect(kind="pinch", xy=_point(net.vertex[point]), grids=(grid,))
    return list(found.values())


def _folded(net: Net) -> set[tuple[int, int]]:
    """Return grid and point of the ends of edges that one ring runs both ways: those are spikes."""
    key = net.grids.ring * np.int64(max(1, len(net.ends))) + net.grid_edge
    _, slot, count = np.unique(key, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(count[slot] > 1)
    return {(int(net.grids.polygon[row]), int(point)) for row in rows for point in net.ends[net.grid_edge[row]]}


def _cycle(touches: set[tuple[int, int]]) -> int | None:
    """Return a point that closes a cycle in the graph of rings and points, if there is one."""
    root: dict[tuple[str, int], tuple[str, int]] = {}

    def find(node: tuple[str, int]) -> tuple[str, int]:
        while root.setdefault(node, node) != node:
            node = root[node]
        return node

    for ring, point in sorted(touches):
        one, two = find(("ring", ring)), find(("point", point))
        if one == two:
            return point
        root[one] = two
    return None


def parts(net: Net, grid: NDArray[np.object_], community: NDArray[np.object_], group: NDArray[np.int64]) -> list[Defect]:
    """Return the grids of more than one part; `spans_parts` where each part lies in its own part of the community."""
    first = np.flatnonzero(np.diff(net.grids.part, prepend=-1))
    number, count = np.unique(net.grids.polygon[first], return_counts=True)
    found: list[Defect] = []
    for k in number[count > 1].tolist():
        pieces = _polygons(grid[k])
        whole = _polygons(community[group[k]]) if group[k] >= 0 else np.zeros(0, dtype=np.object_)
        inside = shapely.point_on_surface(pieces)
        homes = [int(np.flatnonzero(hit)[0]) if (hit := shapely.intersects(whole, point)).any() else -1 for point in inside]
        spans = len(pieces) > 1 and -1 not in homes and len(set(homes)) == len(homes)
        smallest = pieces[np.argmin(shapely.area(pieces))]
        found.append(
            Defect(
                kind="spans_parts" if spans else "multipart_grid",
                xy=_point(shapely.get_coordinates(shapely.point_on_surface(smallest))[0]),
                grids=(k,),
                community=int(group[k]),
                area=float(shapely.area(smallest)) / 1e4,
                width=float((count[number == k])[0]),
            )
        )
    return found


def _polygons(shape: object) -> NDArray[np.object_]:
    pieces = shapely.get_parts(np.array([shape], dtype=np.object_))
    return pieces[shapely.area(pieces) > 0]


def filled_holes(net: Net, met: NDArray[np.bool_]) -> list[Defect]:
    """Return the interior rings that other grids fill; `met` says which rows another grid of the layer meets."""
    grids = net.grids
    found: list[Defect] = []
    for ring in np.unique(grids.ring[grids.hole]).tolist():
        rows = slice(*np.searchsorted(grids.ring, [ring, ring + 1]))
        if met[rows].all():
            shape = shapely.Polygon(grids.start[rows].astype(np.float64))
            found.append(
                Defect(
                    kind="filled_hole",
                    xy=_point(shapely.get_coordinates(shapely.point_on_surface(shape))[0]),
                    grids=(int(grids.polygon[rows][0]),),
                    area=float(shapely.area(shape)) / 1e4,
                )
            )
    return found


def necks(grid: NDArray[np.object_]) -> Iterable[Defect]:
    """Yield the grids that fall apart when they shrink by half a metre all round, with the place of the neck."""
    whole = np.flatnonzero(shapely.get_type_id(grid) == 3)  # noqa: PLR2004
    shrunk = shapely.buffer(grid[whole], -NECK_CM / 2.0, quad_segs=1, join_style="mitre")
    for k in np.flatnonzero(shapely.get_num_geometries(shrunk) > 1):
        pieces = shapely.get_parts(shrunk[k])
        pieces = pieces[shapely.area(pieces) > _LOBE_M2 * 1e4]
        if len(pieces) > 1:
            order = np.argsort(shapely.area(pieces), kind="stable")
            rest = shapely.union_all(pieces[order[1:]])
            bridge = shapely.get_coordinates(shapely.shortest_line(pieces[order[0]], rest))
            yield Defect(
                kind="neck",
                xy=_point(bridge.mean(axis=0)),
                grids=(int(whole[k]),),
                area=float(shapely.area(pieces[order[0]])) / 1e4,
            )


def _owners_of_edges(net: Net, edges: NDArray[np.int64]) -> dict[int, set[int]]:
    owners: dict[int, set[int]] = defaultdict(set)
    for row in np.flatnonzero(np.isin(net.grid_edge, edges)):
        owners[int(net.grid_edge[row])].add(int(net.grids.polygon[row]))
    return owners


def _owners_of_points(net: Net, points: NDArray[np.int64]) -> dict[int, set[int]]:
    owners: dict[int, set[int]] = defaultdict(set)
    for row in np.flatnonzero(np.isin(net.grid_start, points)):
        owners[int(net.grid_start[row])].add(int(net.grids.polygon[row]))
    return owners


def _meeting(net: Net, one: int, two: int) -> tuple[float, float]:
    a, b = net.vertex[net.ends[one]].astype(np.float64)
    c, d = net.vertex[net.ends[two]].astype(np.float64)
    u, v, w = b - a, d - c, c - a
    t = (w[0] * v[1] - w[1] * v[0]) / (u[0] * v[1] - u[1] * v[0])
    return _point(a + t * u)


def _point(xy: NDArray[np.int64] | NDArray[np.float64]) -> tuple[float, float]:
    return (float(xy[0]), float(xy[1]))
