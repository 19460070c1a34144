"""The sheet that a plan is drawn on: the blocks of its communities, each in one of its grids.

Where the grids are unions of the town's own blocks, as the engine made them, these are the blocks. Where somebody has drawn a
line elsewhere, the grids' lines are noded into the ground, as lines that mean nothing, and blocks end at them. Noding adds
vertices where lines meet, on the 1 cm grid: `settled` says whether the grids are the unions of their blocks, vertex by vertex.
Where they are not yet, a line of theirs goes through a block's corner at most a pixel beside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.errors import BrokenPlan
from gis.faces import dissolve
from gis.locate import NOWHERE, locate
from gis.town import Barriers, Communities, LineKind
from partition.block import Blocks, make_blocks
from partition.ground import survey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.town import Town
    from partition.ground import Ground
    from partition.net import Net


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The blocks of a net's communities, numbered from 0.

    `blocks.community` are indices into `communities`, the codes of the net's outlines in order; `blocks.dedicated` is 0 for
    blocks in dedicated grids, else `NOWHERE`; `blocks.compound` are indices into `compounds`. `grid` (b,) is the net's grid
    that each lies in, or `NOWHERE` in a gap; `polygon` (b,) in metres. `home_block` (h,) is the block of each household point
    of the town that the net's communities must have, or `NOWHERE`.
    """

    blocks: Blocks
    polygon: NDArray[np.object_]
    grid: NDArray[np.int64]
    home_block: NDArray[np.int64]
    communities: tuple[str, ...]
    compounds: tuple[str, ...]
    settled: bool


def sheet_of(town: Town, own: Town, net: Net) -> Sheet:
    """Return the sheet of a net.

    Parameters
    ----------
    town
        The whole town that the net was made for: its ground is surveyed as that of a division is.
    own
        The same town as far as the net's communities are concerned, with the household points that they must have.
    net
        Grids of whole communities. Gaps and overlaps may be in it: ground in a gap is in no grid, ground that two grids have is
        the one's with the smaller index.

    Raises
    ------
    BrokenPlan
        Blocks could not be kept apart at the grids' lines, which would be a defect of ours.
    """
    ground = survey(town)
    land = _places(town, net)[ground.community]
    found = _sheet(_Laid(ground, make_blocks(ground, town), land, _grid_of_face(ground, land, net)), _compounds(town), own, net)
    if found is not None and found.settled:
        return found
    drawn = _with_lines(own, net)
    ground = survey(drawn)
    land = _places(drawn, net)[ground.community]
    of_face = _grid_of_face(ground, land, net)
    # Faces of different zones are never joined, and for this once a zone is also a grid.
    width = int(ground.dedicated.max(initial=NOWHERE)) + 2
    blocks = make_blocks(replace(ground, dedicated=ground.dedicated + 1 + width * (of_face + 1)), drawn)
    found = _sheet(_Laid(ground, blocks, land, of_face), _compounds(drawn), own, net)
    if found is None:
        msg = "a block lies in two grids, though their lines are on its ground"
        raise BrokenPlan(msg)
    return found


@dataclass(frozen=True, slots=True)
class _Laid:
    """A surveyed ground and its blocks, and for each face its place among the net's communities and its grid, or `NOWHERE`."""

    ground: Ground
    blocks: Blocks
    land: NDArray[np.int64]
    grid: NDArray[np.int64]


def _sheet(laid: _Laid, compounds: tuple[str, ...], own: Town, net: Net) -> Sheet | None:
    """Return the sheet of a laid net; None where a block lies in two grids."""
    face, inside = laid.ground.mesh.polygon, np.flatnonzero(laid.land != NOWHERE)
    chosen = np.unique(laid.blocks.of_face[inside])
    number = np.full(len(laid.blocks), NOWHERE, dtype=np.int64)
    number[chosen] = np.arange(len(chosen))
    of_face = number[laid.blocks.of_face]
    land, grid = (np.full(len(chosen), NOWHERE, dtype=np.int64) for _ in range(2))
    land[of_face[inside]], grid[of_face[inside]] = laid.land[inside], laid.grid[inside]
    if (grid[of_face[inside]] != laid.grid[inside]).any():
        return None
    polygon = dissolve(face, of_face, len(chosen))
    home = _home_blocks(own, net, polygon, grid)
    codes = tuple(sorted(net.outline))
    outline = np.array([net.outline[code] for code in codes], dtype=object)
    as_kept = _same(dissolve(face, laid.grid, len(net)), net.polygon)
    return Sheet(
        blocks=_own_blocks(laid.blocks, number, of_face, land=land, grid=grid, home=home, own=own, net=net),
        polygon=polygon,
        grid=grid,
        home_block=home,
        communities=codes,
        compounds=compounds,
        settled=as_kept and _same(dissolve(face, laid.land, len(codes)), outline),
    )


def _own_blocks(
    blocks: Blocks,
    number: NDArray[np.int64],
    of_face: NDArray[np.int64],
    *,
    land: NDArray[np.int64],
    grid: NDArray[np.int64],
    home: NDArray[np.int64],
    own: Town,
    net: Net,
) -> Blocks:
    """Return some of a town's blocks by their new numbers, with what the net says about them."""
    chosen, count = np.flatnonzero(number != NOWHERE), len(land)
    both = (number[blocks.a] != NOWHERE) & (number[blocks.b] != NOWHERE)
    placed = home != NOWHERE
    at, points = home[placed], own.households
    dedicated = np.append(net.dedicated, False)[grid]
    return Blocks(
        of_face=of_face,
        community=land,
        dedicated=np.where(dedicated, 0, NOWHERE),
        compound=blocks.compound[chosen],
        households=np.bincount(at, weights=points.households[placed], minlength=count).astype(np.int64),
        persons=np.bincount(at, weights=points.persons[placed], minlength=count).astype(np.int64),
        buildings=np.bincount(at[points.households[placed] > 0], minlength=count),
        area_m2=blocks.area_m2[chosen],
        perimeter_m=blocks.perimeter_m[chosen],
        a=number[blocks.a[both]],
        b=number[blocks.b[both]],
        shared_m=blocks.shared_m[both],
    )


def _home_blocks(own: Town, net: Net, polygon: NDArray[np.object_], grid: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the block of each point: of several on whose lines it lies, one in the grid that the net has it in."""
    xy = own.households.xy
    home = locate(xy, polygon, order=np.arange(len(polygon)))
    said = dict(zip(net.household_id, net.grid_of_household.tolist(), strict=True))
    wanted = np.array([said.get(identity, NOWHERE) for identity in own.households.id], dtype=np.int64)
    other = np.flatnonzero((wanted != NOWHERE) & (np.append(grid, NOWHERE)[home] != wanted))
    for g in np.unique(wanted[other]).tolist():
        points, blocks = other[wanted[other] == g], np.flatnonzero(grid == g)
        found = locate(xy[points], polygon[blocks], order=np.arange(len(blocks)))
        home[points[found != NOWHERE]] = blocks[found[found != NOWHERE]]
    return home


def _grid_of_face(ground: Ground, land: NDArray[np.int64], net: Net) -> NDArray[np.int64]:
    """Return the grid that each face lies in, one of its own community, or `NOWHERE`."""
    place = {code: index for index, code in enumerate(sorted(net.outline))}
    of_grid = np.array([place[code] for code in net.community], dtype=np.int64)
    found = np.full(len(land), len(net), dtype=np.int64)
    if len(net):
        inner = shapely.point_on_surface(ground.mesh.polygon)
        face, grid = shapely.STRtree(net.polygon).query(inner, predicate="within")
        own = land[face] == of_grid[grid]
        np.minimum.at(found, face[own], grid[own])
    return np.where(found == len(net), NOWHERE, found)


def _same(made: NDArray[np.object_], kept: NDArray[np.object_]) -> bool:
    """Say whether areas are the same, ring by ring and vertex by vertex, wherever their rings begin."""
    plain = kept.copy()
    single = shapely.get_num_geometries(plain) == 1
    plain[single] = shapely.get_geometry(plain[single], 0)
    return bool(shapely.equals_identical(made, shapely.orient_polygons(shapely.normalize(plain))).all())


def _compounds(town: Town) -> tuple[str, ...]:
    """Return the names of the compounds that a survey of a town numbers."""
    if len(town.compounds.polygon) or not any(town.households.compound):
        return town.compounds.name
    return tuple(sorted(set(town.households.compound) - {""}))


def _places(town: Town, net: Net) -> NDArray[np.int64]:
    """Return for each of a town's communities its place among the net's in the order of codes, or `NOWHERE`."""
    place = {code: index for index, code in enumerate(sorted(net.outline))}
    return np.array([place.get(code, NOWHERE) for code in town.communities.code], dtype=np.int64)


def _with_lines(own: Town, net: Net) -> Town:
    """Return the town with the net's communities alone, as they are noded, and the grids' lines on its ground."""
    codes = sorted(net.outline)
    row = {code: index for index, code in enumerate(own.communities.code)}
    rows = [row[code] for code in codes]
    polygon = np.empty(len(codes), dtype=object)
    polygon[:] = [net.outline[code] for code in codes]
    lines = shapely.get_parts(shapely.boundary(shapely.get_parts(net.polygon)))
    old = own.communities
    return replace(
        own,
        communities=Communities(
            code=tuple(codes),
            name=tuple(old.name[r] for r in rows),
            street=tuple(old.street[r] for r in rows),
            district=tuple(old.district[r] for r in rows),
            polygon=shapely.orient_polygons(polygon),
            row=old.row[rows],
        ),
        barriers=Barriers(
            line=np.concatenate([own.barriers.line, lines]),
            kind=np.concatenate([own.barriers.kind, np.full(len(lines), int(LineKind.INSIDE), dtype=np.uint8)]),
            name=(*own.barriers.name, *("",) * len(lines)),
        ),
    )
