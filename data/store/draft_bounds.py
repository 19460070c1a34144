"""The four bounds of a draft's grids, found anew while people draw.

They follow from what lies on either side of each edge, so they are known only where the grids tile their community. There
they are what the engine would have said; elsewhere there are none, until the community is whole again: no text stays that
was true of other lines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from data.store.draft_shapes import near
from data.store.sql import many
from gis.bounds import REACH_M, FourBounds, four_bounds
from gis.frame import CM_PER_M
from gis.locate import NOWHERE, locate
from gis.mesh import OUTSIDE, build_mesh, edge_midpoints
from gis.town import LineKind
from partition.audit_layers import UNKNOWN, CommunityLayer, GridLayer, look_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from psycopg2.extensions import connection
    from shapely import Geometry

    from data.store.plans import PlanRow
    from gis.mesh import Mesh

_BESIDE_M = 0.05
"""So far beyond an edge that no grid shares it is asked whose ground that is."""
NO_BOUNDS = FourBounds("", "", "", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Grids as they are drawn now: one row one index into each column; `shape` in metres, with shells anticlockwise."""

    code: tuple[str, ...]
    name: tuple[str, ...]
    community: tuple[str, ...]
    shape: NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class _Lands:
    """The communities of the town near some ground, as they came in."""

    code: tuple[str, ...]
    name: tuple[str, ...]
    shape: NDArray[np.object_]


def bounds_of(conn: connection, plan: PlanRow, grids: Drawn, outline: Mapping[str, Geometry]) -> list[FourBounds]:
    """Return the four bounds (g,) of the grids of a plan: `NO_BOUNDS` for those whose community they do not tile.

    `outline` are the noded communities whose grids are asked about, by code; grids of others count as neighbours.
    """
    found = [NO_BOUNDS] * len(grids.code)
    whole = _tiled(grids, outline)
    wanted = [g for g, community in enumerate(grids.community) if community in whole]
    if not wanted:
        return found
    box = shapely.total_bounds(np.array([outline[code] for code in sorted(whole)], dtype=object))
    beside = near(grids.shape, box, REACH_M).tolist()
    chosen = np.array(sorted({*wanted, *beside}), dtype=np.int64)
    lands = _lands(conn, plan, box)
    line, kind, name = _lines(conn, plan, box)
    home = {code: index for index, code in enumerate(lands.code)}
    count = len(chosen)
    # Behind the grids stands one more for each community: whatever lies there where no grid of ours does.
    mesh = _with_neighbours(build_mesh(grids.shape[chosen]), lands)
    every = np.concatenate([grids.shape[chosen], lands.shape])
    made = four_bounds(
        mesh,
        np.arange(count + len(lands.code)),
        centroid=shapely.get_coordinates(shapely.centroid(every)),
        line=line,
        line_kind=kind,
        line_name=name,
        grid_name=(*(grids.name[g] for g in chosen.tolist()), *lands.code),
        community_of_grid=np.array(
            [*(home[grids.community[g]] for g in chosen.tolist()), *range(len(lands.code))], dtype=np.int64
        ),
        community_name=lands.name,
    )
    for place, g in enumerate(chosen.tolist()):
        if grids.community[g] in whole:
            found[g] = made[place]
    return found


def _tiled(grids: Drawn, outline: Mapping[str, Geometry]) -> set[str]:
    """Return the communities that their grids tile, by the same certificate as the audit's."""
    rows = [g for g, community in enumerate(grids.community) if community in outline]
    if not rows:
        return set()
    polygon = np.empty(len(outline), dtype=object)
    polygon[:] = list(outline.values())
    look = look_at(
        GridLayer(
            code=tuple(grids.code[g] for g in rows),
            community=tuple(grids.community[g] for g in rows),
            kind=("",) * len(rows),
            exception=("",) * len(rows),
            polygon=grids.shape[rows],
            households=np.full(len(rows), UNKNOWN, dtype=np.int64),
            row=np.arange(1, len(rows) + 1),
        ),
        CommunityLayer(code=tuple(outline), polygon=polygon),
        noded=True,
    )
    return {code for code, exact in zip(look.codes, look.exact.tolist(), strict=True) if exact}


def _with_neighbours(mesh: Mesh, lands: _Lands) -> Mesh:
    """Return a mesh of grids that knows of each edge at its rim which community lies beyond, numbered behind the grids."""
    left, right = mesh.left.copy(), mesh.right.copy()
    step = (mesh.vertex[mesh.head] - mesh.vertex[mesh.tail]) / (CM_PER_M * np.maximum(mesh.length_m, 1 / CM_PER_M))[:, None]
    leftward = np.column_stack([-step[:, 1], step[:, 0]]) * _BESIDE_M
    middle = edge_midpoints(mesh)
    for side, sign in ((left, 1), (right, -1)):
        rim = np.flatnonzero(side == OUTSIDE)
        land = locate(middle[rim] + sign * leftward[rim], lands.shape, order=np.arange(len(lands.code)))
        side[rim] = np.where(land == NOWHERE, OUTSIDE, len(mesh.polygon) + land)
    return replace(mesh, left=left, right=right)


def _lands(conn: connection, plan: PlanRow, box: NDArray[np.float64]) -> _Lands:
    rows = _features(conn, plan, "community", box)
    return _Lands(tuple(row[0] for row in rows), tuple(row[1] for row in rows), _shapes([row[3] for row in rows]))


def _lines(
    conn: connection, plan: PlanRow, box: NDArray[np.float64]
) -> tuple[NDArray[np.object_], NDArray[np.uint8], tuple[str, ...]]:
    rows = _features(conn, plan, "barrier", box)
    kinds = np.array([LineKind[row[2]] for row in rows], dtype=np.uint8)
    return _shapes([row[3] for row in rows]), kinds, tuple(row[1] for row in rows)


def _features(conn: connection, plan: PlanRow, layer: str, box: NDArray[np.float64]) -> list[tuple[str, str, str, memoryview]]:
    """Return code, name, kind and shape of a layer's features near a box, as they were in the plan's snapshot."""
    return many(
        conn,
        """SELECT f.code, f.name, f.kind, ST_AsBinary(f.shape) FROM wangge.town_feature f JOIN wangge.town t ON t.id = f.town_id
           WHERE f.town_id = %s AND f.layer = %s AND f.seen @> %s
             AND f.shape && ST_Expand(ST_MakeEnvelope(%s, %s, %s, %s, t.frame), %s)
           ORDER BY f.number""",
        [plan.town, layer, plan.snapshot, *box.tolist(), 2 * REACH_M],
    )


def _shapes(found: list[memoryview]) -> NDArray[np.object_]:
    made = np.empty(len(found), dtype=object)
    made[:] = [shapely.from_wkb(bytes(wkb)) for wkb in found]
    return made
