"""What the editor of a plan is sent: blocks as columns on their ground, and the grids that they are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely

from gis.frame import WGS84, transform_geometry
from gis.locate import NOWHERE
from gis.town import LineKind
from maps import palette
from maps.base import BASE_MAP_M, SHARED_BORDERS_M, Areas, Lines, communities_from, lines_from, seen_of
from maps.packing import Origin, borders, coverage, outlines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from data.store.plan_blocks import BlockColumns, Borders, Edition
    from data.store.plan_ground import Features, InForce, Lands
    from partition.rules import Rules

LEAST_BORDER_M = 1.0
"""Blocks that share less than this only touch."""
COLOURS = len(palette.FILLS)


def blocks_columns(
    blocks: BlockColumns, drawings: Sequence[tuple[str, Sequence[int]]], lands: Lands, compounds: Mapping[int, int]
) -> dict[str, Any]:
    """Return blocks as pages read them; `compounds` says which of the edition's compounds stands where among those shown."""
    place = {identity: index for index, identity in enumerate(lands.id)}
    return {
        "shape": [orjson.Fragment(drawn) for drawn, _ in drawings],
        "spot": {
            "at": [each for _, (x, y, _) in drawings for each in (x, y)],
            "radius": [radius for _, (_, _, radius) in drawings],
        },
        "community": [place[area] for area in blocks.area.tolist()],
        "compound": [compounds.get(compound, NOWHERE) for compound in blocks.compound.tolist()],
        "dedicated": blocks.dedicated.astype(int).tolist(),
        "households": blocks.households.tolist(),
        "persons": blocks.persons.tolist(),
        "buildings": blocks.buildings.tolist(),
        "area_m2": np.rint(blocks.area_m2).astype(np.int64).tolist(),
    }


def compounds_shown(blocks: BlockColumns, edition: Edition) -> tuple[dict[int, int], list[str]]:
    """Return which of an edition's compounds have blocks, each with its new place, and their names in that order."""
    used = np.unique(blocks.compound[blocks.compound != NOWHERE]).tolist()
    return {compound: index for index, compound in enumerate(used)}, [edition.compounds[compound] for compound in used]


def borders_columns(blocks: BlockColumns, found: Borders) -> dict[str, list[Any]]:
    """Return the borders between shown blocks of one community that are more than a touch, by the places of the blocks."""
    place = np.full(int(max(found.b.max(initial=NOWHERE), blocks.number.max(initial=NOWHERE))) + 1, NOWHERE, dtype=np.int64)
    place[blocks.number] = np.arange(len(blocks))
    a, b, metres = place[found.a], place[found.b], found.shared_m.sum(axis=1)
    kept = (a != NOWHERE) & (b != NOWHERE) & (metres >= LEAST_BORDER_M)
    a, b, metres = a[kept], b[kept], metres[kept]
    same = blocks.area[a] == blocks.area[b]
    return {"a": a[same].tolist(), "b": b[same].tolist(), "shared_m": np.round(metres[same], 1).tolist()}


def ground_columns(origin: Origin, crs: str, lands: Lands, lines: Features, compounds: Features) -> dict[str, Any]:
    """Return what lies below and around the blocks; shapes come in the frame `crs`."""
    shown = seen_of(
        Lines(
            np.array([LineKind[kind] for kind in lines.kind], dtype=np.uint8),
            lines.name,
            transform_geometry(lines.shape, crs, WGS84),
        )
    )
    land = Areas(lands.name, transform_geometry(lands.polygon, crs, WGS84))
    return {
        "communities": communities_from(origin, land) | {"code": lands.code, "street": lands.street},
        "lines": lines_from(origin, shown),
        "compound_shapes": origin.shapes(outlines(transform_geometry(compounds.shape, crs, WGS84), BASE_MAP_M)),
    }


def in_force_columns(origin: Origin, crs: str, found: InForce, shape: NDArray[np.object_]) -> dict[str, Any]:
    """Return the net in force; `shape` (b,) are the blocks, of which it says in which grid most of each lies."""
    net = coverage(transform_geometry(found.polygon, crs, WGS84), SHARED_BORDERS_M)
    return {
        "code": found.code,
        "name": found.name,
        "border": borders(origin, net),
        "of_block": most_in(shape, found.polygon).tolist(),
        "workers": found.workers,
    }


def most_in(shape: NDArray[np.object_], grids: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return for each shape the grid that most of it lies in, of equal ones the first; `NOWHERE` where none touches it."""
    found = np.full(len(shape), NOWHERE, dtype=np.int64)
    if not len(shape) or not len(grids):
        return found
    tree = shapely.STRtree(grids)
    block, grid = tree.query(shape, predicate="covered_by")
    found[block] = grid
    rest = np.flatnonzero(found == NOWHERE)
    block, grid = tree.query(shape[rest], predicate="intersects")
    share = shapely.area(shapely.intersection(shape[rest][block], grids[grid]))
    order = np.lexsort((-grid, share))
    found[rest[block[order]]] = np.where(share[order] > 0, grid[order], NOWHERE)
    return found


def rules_columns(rules: Rules) -> dict[str, Any]:
    """Return the band of a plan's rules by the names of the editor."""
    return {
        "measure": rules.measure,
        "min_households": rules.minimum,
        "target_households": rules.target,
        "max_households": rules.maximum,
        "min_persons": rules.minimum_persons,
        "target_persons": rules.target_persons,
        "max_persons": rules.maximum_persons,
    }


def colours(of_block: NDArray[np.int64], count: int, found: Borders) -> list[int]:
    """Give each of `count` grids a colour that none of its neighbours has; `of_block` (b,) by the numbers of the borders."""
    if not len(of_block):
        return palette.colouring(count, np.empty((0, 2), dtype=np.int64))
    known = (found.a < len(of_block)) & (found.b < len(of_block))
    a, b = of_block[found.a[known]], of_block[found.b[known]]
    low, high = np.minimum(a, b), np.maximum(a, b)
    meets = (low != high) & (low != NOWHERE)
    pairs = np.unique(low[meets] * np.int64(count) + high[meets])
    return palette.colouring(count, np.column_stack([pairs // max(count, 1), pairs % max(count, 1)]))
