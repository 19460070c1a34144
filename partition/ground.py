"""The ground: a town's lines, noded once and turned into faces that know where they lie.

This is the first half of atomising; `partition.block` makes blocks out of the faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.cuts import cells_around, shortening_cuts
from gis.faces import faces, node
from gis.labels import NO_LINE, lines_on_edges
from gis.locate import NOWHERE, locate
from gis.mesh import Mesh, build_mesh
from gis.town import LineKind
from partition.settle import slivers_between

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.town import Town

CROWDED = 130
"""A face with more households than this is cut between its buildings."""
ROOMY_M2 = 60_000.0
"""A piece of ground larger than this is cut further, so that its neighbours can share it."""
STRINGY = 0.28
"""A piece of ground less compact than this is cut across."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Faces of the town, each inside exactly one community.

    `community`, `dedicated`, `compound` (f,) say for each face which one it lies in (an index into the town's layer, or
    `NOWHERE`); `household_face` (h,) the face of each household point, or `NOWHERE`; `edge_kind` (e,) the `LineKind` on each
    edge of the mesh and `edge_name` (e,) an index into `names`.
    """

    mesh: Mesh
    community: NDArray[np.int64]
    dedicated: NDArray[np.int64]
    compound: NDArray[np.int64]
    household_face: NDArray[np.int64]
    edge_kind: NDArray[np.uint8]
    edge_name: NDArray[np.int64]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Lines:
    """Every line that bounds something: what it is and its name."""

    line: NDArray[np.object_]
    kind: NDArray[np.uint8]
    name: tuple[str, ...]


def survey(town: Town) -> Ground:
    """Node the town's lines, cut crowded faces between buildings, and say where each face lies."""
    slivers = slivers_between(town.communities.polygon)
    lines = _bounding_lines(town)
    noded = node(np.concatenate([lines.line, shapely.boundary(slivers)]))
    rough, community = _inside_communities(faces(noded), town, slivers)
    households = _face_of_points(rough, town.households.xy, np.arange(len(rough)))
    cuts = _cuts(rough, households, town)
    if len(cuts):
        face, community = _inside_communities(faces(node(np.concatenate([noded, cuts]))), town, slivers)
    else:
        face = rough
    households = _face_of_points(face, town.households.xy, _rank(town, community))
    inner = shapely.point_on_surface(face)
    mesh = build_mesh(face)
    label = lines_on_edges(mesh, lines.line, lines.kind)
    kind = np.where(label == NO_LINE, int(LineKind.INSIDE), lines.kind[label])
    return Ground(
        mesh=mesh,
        community=community,
        dedicated=_first_containing(town.dedicated.polygon, inner),
        compound=_compounds(town, inner, households),
        household_face=households,
        edge_kind=kind.astype(np.uint8),
        edge_name=label,
        names=lines.name,
    )


def _bounding_lines(town: Town) -> _Lines:
    """Gather the outlines of communities, dedicated areas and compounds, and the barriers near the communities."""
    lines, kinds, names = [], [], []
    for polygons, name, kind in (
        (town.communities.polygon, town.communities.name, LineKind.COMMUNITY),
        (town.dedicated.polygon, town.dedicated.name, LineKind.COMMUNITY),
        (town.compounds.polygon, town.compounds.name, LineKind.WALL),
    ):
        rings, owner = shapely.get_rings(shapely.get_parts(polygons), return_index=True) if len(polygons) else ([], [])
        part_owner = shapely.get_parts(polygons, return_index=True)[1] if len(polygons) else np.array([], dtype=int)
        lines.append(np.asarray(rings, dtype=object))
        kinds.append(np.full(len(rings), int(kind), dtype=np.uint8))
        names.extend(name[part_owner[i]] for i in owner)
    near = _touching(town.barriers.line, town.communities.polygon)
    lines.append(town.barriers.line[near])
    kinds.append(town.barriers.kind[near])
    names.extend(town.barriers.name[i] for i in near)
    return _Lines(np.concatenate(lines), np.concatenate(kinds), tuple(names))


def _touching(line: NDArray[np.object_], polygon: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return the indices of the lines whose box meets the box of some polygon, ascending."""
    if not len(line):
        return np.array([], dtype=np.int64)
    return np.unique(shapely.STRtree(line).query(polygon)[1])


def _first_containing(polygon: NDArray[np.object_], point: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return for each point the first polygon that contains it, or `NOWHERE`."""
    found = np.full(len(point), len(polygon), dtype=np.int64)
    if len(polygon):
        which, owner = shapely.STRtree(polygon).query(point, predicate="within")
        np.minimum.at(found, which, owner)
    return np.where(found == len(polygon), NOWHERE, found)


def _compounds(town: Town, inner: NDArray[np.object_], household_face: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the compound of each face: by its outline, or, in a town without outlines, by what its households say.

    A face where several are named belongs to the one with the most households; the names are numbered in order.
    """
    if len(town.compounds.polygon) or not any(town.households.compound):
        return _first_containing(town.compounds.polygon, inner)
    names = sorted(set(town.households.compound) - {""})
    number = {name: index for index, name in enumerate(names)}
    found = np.full(len(inner), NOWHERE, dtype=np.int64)
    weight: dict[tuple[int, int], int] = {}
    for name, face, count in zip(
        town.households.compound, household_face.tolist(), town.households.households.tolist(), strict=True
    ):
        if name and face != NOWHERE:
            weight[face, number[name]] = weight.get((face, number[name]), 0) + count
    for (face, compound), _ in sorted(weight.items(), key=lambda item: (item[1], -item[0][1])):
        found[face] = compound
    return found


def _inside_communities(
    face: NDArray[np.object_], town: Town, slivers: NDArray[np.object_]
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Keep the faces inside a community or inside a sliver between communities, with the community of each.

    Where communities overlap the first one counts (wide overlaps were refused at the door unless the manifest says `first`).
    A face of a sliver goes to the neighbour with which it shares the longest border.
    """
    inner = shapely.point_on_surface(face)
    community = _first_containing(town.communities.polygon, inner)
    if len(slivers):
        in_sliver = _first_containing(slivers, inner)
        community = _settle(face, community, in_sliver)
    kept = community != NOWHERE
    return face[kept], community[kept]


def _settle(face: NDArray[np.object_], community: NDArray[np.int64], sliver: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the faces of each sliver to the community that borders that sliver the longest."""
    mesh = build_mesh(face)
    open_face = (community == NOWHERE) & (sliver != NOWHERE)
    settled = community.copy()
    inner = (mesh.left >= 0) & (mesh.right >= 0)
    pairs = np.concatenate(
        [np.stack([mesh.left[inner], mesh.right[inner]], 1), np.stack([mesh.right[inner], mesh.left[inner]], 1)]
    )
    length = np.tile(mesh.length_m[inner], 2)
    meets = open_face[pairs[:, 0]] & (community[pairs[:, 1]] != NOWHERE)
    pairs, length = pairs[meets], length[meets]
    shared: dict[int, dict[int, float]] = {}
    for (mine, theirs), metres in zip(pairs.tolist(), length.tolist(), strict=True):
        of = shared.setdefault(int(sliver[mine]), {})
        owner = int(community[theirs])
        of[owner] = of.get(owner, 0.0) + metres
    for index, of in shared.items():
        best = min(of, key=lambda owner: (-of[owner], owner))
        settled[open_face & (sliver == index)] = best
    return settled


def _rank(town: Town, community: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank faces by the code of their community, then by their number."""
    by_code = np.argsort(np.argsort(np.array(town.communities.code)))
    return np.argsort(np.lexsort((np.arange(len(community)), by_code[community])))


def _face_of_points(face: NDArray[np.object_], xy: NDArray[np.float64], rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the face of each point, or `NOWHERE`; a point on an edge goes to the face of the lowest rank (f,)."""
    return locate(xy, face, order=rank)


def _cuts(face: NDArray[np.object_], household_face: NDArray[np.int64], town: Town) -> NDArray[np.object_]:
    """Return the lines that cut crowded faces between their buildings, and large or stringy ground across."""
    lived_in = np.flatnonzero((household_face != NOWHERE) & (town.households.households > 0))
    total = np.bincount(household_face[lived_in], weights=town.households.households[lived_in], minlength=len(face))
    lived_in = lived_in[total[household_face[lived_in]] > CROWDED]
    site = np.unique(np.column_stack([household_face[lived_in].astype(np.float64), town.households.xy[lived_in]]), axis=0)
    owner = site[:, 0].astype(np.int64)
    crowded, count = np.unique(owner, return_counts=True)
    several = crowded[count > 1]
    lines: list[NDArray[np.object_]] = []
    ground = np.delete(face, several)
    if len(several):
        kept = np.isin(owner, several)
        between, cells, cell_owner = cells_around(face[several], site[kept, 1:], np.unique(owner[kept], return_inverse=True)[1])
        lines.append(between)
        # Only cells that reach far are worth cutting out: most lie between houses.
        wide = shapely.area(face[several])[cell_owner] / count[count > 1][cell_owner] > ROOMY_M2 / 6
        ground = np.concatenate([ground, shapely.get_parts(shapely.intersection(cells[wide], face[several][cell_owner[wide]]))])
    area, length = shapely.area(ground), shapely.length(ground)
    odd = (area > ROOMY_M2) | ((4 * np.pi * area < STRINGY * length**2) & (area > ROOMY_M2 / 25))
    lines.extend(np.array(shortening_cuts(piece, area_m2=ROOMY_M2, compactness=STRINGY), dtype=object) for piece in ground[odd])
    return np.concatenate(lines) if lines else np.array([], dtype=object)
