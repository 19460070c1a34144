"""Blocks: the pieces that a plan is made of and never splits, and the graph between them.

A block is a face, or several: faces that one building stands on, and scraps of empty land (road islands, strips beside
rivers, dead corners) together with the neighbour they belong to by sight.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.locate import NOWHERE
from gis.town import LineKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.town import Town
    from partition.ground import Ground

KINDS = len(LineKind)
SCRAP_M2 = 6_000.0
"""Empty land smaller than this is no block of its own: half a football pitch."""
SCRAP_WIDTH_M = 20.0
"""Empty land narrower than this (twice its area over its outline) is no block of its own, however long."""
HOLDS = np.array([1.0, 0.9, 0.9, 0.5, 0.5, 0.3, 0.1, 0.002, 0.002, 0.002, 0.0])
"""How firmly a metre of shared border holds two faces together, by `LineKind`; a scrap joins the firmest neighbour."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks as columns, and their borders as pairs.

    `of_face` (f,) the block of each face. Per block: `community`, `dedicated`, `compound` (indices or `NOWHERE`),
    `households`, `persons`, `buildings`, `area_m2`, `perimeter_m`. Per border: `a` < `b` and `shared_m` (border, kind), the
    metres of each `LineKind` on it. Blocks are numbered by the first of their faces.
    """

    of_face: NDArray[np.int64]
    community: NDArray[np.int64]
    dedicated: NDArray[np.int64]
    compound: NDArray[np.int64]
    households: NDArray[np.int64]
    persons: NDArray[np.int64]
    buildings: NDArray[np.int64]
    area_m2: NDArray[np.float64]
    perimeter_m: NDArray[np.float64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    shared_m: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the blocks."""
        return len(self.community)


def make_blocks(ground: Ground, town: Town) -> Blocks:
    """Join faces that share a building, then scraps of empty land to their neighbours, and measure the result."""
    single = _measure(ground, town, np.arange(len(ground.community)))
    joined = _measure(ground, town, _join_buildings(ground, town, single))
    return _measure(ground, town, _join_scraps(joined)[joined.of_face])


def _zone(blocks: Blocks) -> NDArray[np.int64]:
    """Return one number for each pair of community and dedicated area: faces of different zones never join."""
    return blocks.community * (int(blocks.dedicated.max(initial=0)) + 2) + blocks.dedicated + 1


def _join_buildings(ground: Ground, town: Town, faces: Blocks) -> NDArray[np.int64]:
    """Return a label for each face: faces on which points of one building lie get one label where they touch.

    Points of one building that lie in different communities stay apart: the community line is not ours to move.
    """
    label = np.arange(len(faces))
    of_building: dict[str, set[int]] = {}
    for building, face in zip(town.households.building, ground.household_face.tolist(), strict=True):
        if face != NOWHERE:
            of_building.setdefault(building, set()).add(face)
    shared = {pair for found in of_building.values() if len(found) > 1 for pair in combinations(sorted(found), 2)}
    if not shared:
        return label
    touching = set(zip(faces.a.tolist(), faces.b.tolist(), strict=True))
    zone = _zone(faces)
    for one, other in sorted(shared & touching):
        if zone[one] == zone[other]:
            label[label == label[other]] = label[one]
    return label


def _join_scraps(blocks: Blocks) -> NDArray[np.int64]:
    """Return a label for each block: scraps of empty land carry the label of the neighbour that holds them most.

    The smallest scrap goes first; what it joins grows, and may itself stop being a scrap.
    """
    zone = _zone(blocks).tolist()
    area, perimeter = blocks.area_m2.tolist(), blocks.perimeter_m.tolist()
    lived_in = (blocks.households > 0).tolist()
    compound = blocks.compound.tolist()
    hold: list[dict[int, float]] = [{} for _ in range(len(blocks))]
    length: list[dict[int, float]] = [{} for _ in range(len(blocks))]
    weight = blocks.shared_m @ HOLDS
    total = blocks.shared_m.sum(axis=1)
    for a, b, held, metres in zip(blocks.a.tolist(), blocks.b.tolist(), weight.tolist(), total.tolist(), strict=True):
        if zone[a] == zone[b]:
            hold[a][b] = hold[b][a] = held
            length[a][b] = length[b][a] = metres
    label = list(range(len(blocks)))

    def is_scrap(i: int) -> bool:
        return not lived_in[i] and (area[i] < SCRAP_M2 or 2 * area[i] < SCRAP_WIDTH_M * perimeter[i])

    queue = [(area[i], i) for i in range(len(blocks)) if is_scrap(i)]
    heapq.heapify(queue)
    gone = [False] * len(blocks)
    while queue:
        size, i = heapq.heappop(queue)
        if gone[i] or size != area[i] or not hold[i]:
            continue
        into = max(hold[i], key=lambda j: (hold[i][j] * (1.5 if compound[j] == compound[i] else 1.0), -j))
        gone[i] = True
        label[i] = into
        area[into] += area[i]
        perimeter[into] += perimeter[i] - 2 * length[i][into]
        for j in hold[i]:
            del hold[j][i], length[j][i]
            if j != into:
                hold[into][j] = hold[j][into] = hold[into].get(j, 0.0) + hold[i][j]
                length[into][j] = length[j][into] = length[into].get(j, 0.0) + length[i][j]
        if is_scrap(into):
            heapq.heappush(queue, (area[into], into))
    return np.array([root_of(label, i) for i in range(len(blocks))])


def root_of(label: list[int], i: int) -> int:
    """Follow labels to the block that took this one in."""
    while label[i] != i:
        i = label[i]
    return i


def _measure(ground: Ground, town: Town, label: NDArray[np.int64]) -> Blocks:
    """Make blocks of the faces that carry the same label."""
    face_area = shapely.area(ground.mesh.polygon)
    _, first, of_face = np.unique(label, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    of_face, first = order[of_face], np.sort(first)
    count = len(first)
    mesh = ground.mesh
    inner = (mesh.left >= 0) & (mesh.right >= 0)
    left = np.where(mesh.left >= 0, of_face[mesh.left], NOWHERE)
    right = np.where(mesh.right >= 0, of_face[mesh.right], NOWHERE)
    border = left != right
    perimeter = np.zeros(count)
    for side in (left, right):
        known = border & (side != NOWHERE)
        np.add.at(perimeter, side[known], mesh.length_m[known])
    inner &= border
    a, b, shared = _borders(left[inner], right[inner], mesh.length_m[inner], ground.edge_kind[inner], count)

    area = sums(of_face, face_area, count)
    placed = ground.household_face != NOWHERE
    block = of_face[ground.household_face[placed]]
    households = town.households.households[placed]
    heaviest = _compound_of_blocks(of_face, ground, area=face_area, count=count)
    return Blocks(
        of_face=of_face,
        community=ground.community[first],
        dedicated=ground.dedicated[first],
        compound=heaviest,
        households=np.bincount(block, weights=households, minlength=count).astype(np.int64),
        persons=np.bincount(block, weights=town.households.persons[placed], minlength=count).astype(np.int64),
        buildings=np.bincount(block[households > 0], minlength=count),
        area_m2=area,
        perimeter_m=perimeter,
        a=a,
        b=b,
        shared_m=shared,
    )


def _compound_of_blocks(
    of_face: NDArray[np.int64], ground: Ground, *, area: NDArray[np.float64], count: int
) -> NDArray[np.int64]:
    """Return the compound that most of each block's area lies in, or `NOWHERE`."""
    key = of_face * (int(ground.compound.max(initial=0)) + 2) + ground.compound + 1
    width = int(ground.compound.max(initial=0)) + 2
    unique, index = np.unique(key, return_inverse=True)
    size = np.bincount(index, weights=area)
    order = np.lexsort((unique, -size, unique // width))
    block, first = np.unique(unique[order] // width, return_index=True)
    found = np.full(count, NOWHERE, dtype=np.int64)
    found[block] = unique[order][first] % width - 1
    return found


def _borders(
    left: NDArray[np.int64], right: NDArray[np.int64], length_m: NDArray[np.float64], kind: NDArray[np.uint8], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Sum the edges between two blocks by kind of line."""
    low, high = np.minimum(left, right), np.maximum(left, right)
    unique, index = np.unique(low * count + high, return_inverse=True)
    shared = sums(index * KINDS + kind, length_m, len(unique) * KINDS)
    return unique // count, unique % count, shared.reshape(len(unique), KINDS)


def sums(label: NDArray[np.int64], values: NDArray[np.generic], count: int) -> NDArray[np.float64]:
    """Return the sum of the values of each label, 0 … count-1."""
    return np.bincount(label, weights=values.astype(np.float64), minlength=count).astype(np.float64)
