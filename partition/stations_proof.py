"""Stations, proven by code that shares nothing with what chose them: by the shapes and the points alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.errors import BrokenPlan
from gis.frame import centimetres

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.stations import Homes, Siting

_CLOSE_M = 0.02
"""How far a station that was brought along may lie beyond the line of its area: it is not on the 1 cm grid."""


def prove_stations(siting: Siting, polygon: NDArray[np.object_], homes: Homes) -> None:
    """See that every grid is in exactly one service area, each area hangs together around its station, and the sums agree.

    Edges that two grids of an area share run both ways and cancel; what is left, in whole centimetres, must be its outline.

    Raises
    ------
    BrokenPlan
        Something of that does not hold. That is a defect of ours; such stations must never be written.
    """
    faults: list[str] = []
    grids = Counter(siting.station.tolist())
    if sorted(grids) != list(range(len(siting))):
        faults.append("a grid has no station, or a station no grid")
    for k, (area, at) in enumerate(zip(siting.area.tolist(), siting.xy.tolist(), strict=True)):
        if _outline([area]) != _outline(polygon[siting.station == k].tolist()):
            faults.append(f"service area {k + 1} is not that of its grids")
        if shapely.distance(area, shapely.Point(at)) > _CLOSE_M:
            faults.append(f"station {k + 1} does not stand in its area")
        bridges = sum(siting.station[a] == k == siting.station[b] for a, b in siting.linked.tolist())
        if shapely.get_num_geometries(area) > 1 + bridges:
            faults.append(f"service area {k + 1} does not hang together")
    if int(homes.households.sum()) != int(siting.households.sum()):
        faults.append("households are lost, or counted twice")
    away = np.hypot(*(homes.xy - siting.xy[siting.station[homes.grid]]).T)
    if (siting.walk_m < away - 1e-6).any():
        faults.append("somebody walks less than the straight line")
    if siting.bound_m > siting.price_m * (1 + 1e-9):
        faults.append("the bound lies above what it bounds")
    if faults:
        raise BrokenPlan(f"the stations failed their proof; this is a defect of wangge, please report it: {'; '.join(faults)}")


def _outline(shapes: list[shapely.Geometry]) -> Counter[tuple[int, int, int, int]]:
    """Return the directed edges (cm) of shapes that no edge of another runs back along: the outline of all of them together."""
    edges: Counter[tuple[int, int, int, int]] = Counter()
    for part in shapely.get_parts(shapely.orient_polygons(np.asarray(shapes, dtype=object))).tolist():
        for ring in shapely.get_rings(part).tolist():
            xy = centimetres(shapely.get_coordinates(ring)).tolist()
            edges.update((*xy[i], *xy[i + 1]) for i in range(len(xy) - 1))
    return Counter({edge: n for edge, n in edges.items() if not edges[*edge[2:], *edge[:2]]})
