"""From divided units to a plan: the grids put together, measured, numbered, named, and explained where they miss the band."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.bounds import four_bounds
from gis.faces import dissolve
from gis.finding import Finding, Place, Severity
from gis.locate import NOWHERE
from partition.exceptions import Circumstances, Count, Reach, explain
from partition.number import number
from partition.plan import Grids, Plan, UnitResult
from partition.score import in_band
from partition.search.parts import parts_of
from partition.search.unit import THREAD_M

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from gis.bounds import FourBounds
    from gis.town import Town
    from partition.block import Blocks
    from partition.exceptions import GridException
    from partition.ground import Ground
    from partition.rules import Rules
    from partition.search.solve import Division
    from partition.units import UnitBlocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything that a plan of some `communities` (indices, ascending) is put together from.

    `parts` are their units, all of them; `divisions` are those of `parts`, one by one. Where a net is redrawn, `kept` says
    of some grids, by their place in `in_turn`, the code and the name that they go on with; `taken` are codes that no new grid
    may have.
    """

    town: Town
    rules: Rules
    seed: int
    communities: NDArray[np.int64]
    ground: Ground
    blocks: Blocks
    parts: tuple[UnitBlocks, ...]
    divisions: tuple[Division, ...]
    kept: Mapping[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    taken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outline:
    """Grids before they are measured: whose they are and where; `unit` is an index into the draft's parts, or `NOWHERE`."""

    unit: NDArray[np.int64]
    community: NDArray[np.int64]
    dedicated: NDArray[np.int64]
    polygon: NDArray[np.object_]
    centre: NDArray[np.float64]
    code: tuple[str, ...]
    kept_name: tuple[str, ...]
    """What a grid that goes on was called, or nothing."""
    of_block: NDArray[np.int64]


def describe(draft: Draft) -> Plan:
    """Return the plan: its grids in order of community, then code."""
    outline = _in_order(draft)
    town, ground, count = draft.town, draft.ground, len(outline.code)
    grid_of_face = outline.of_block[draft.blocks.of_face]
    placed = ground.household_face != NOWHERE
    grid_of_household = np.where(placed, grid_of_face[ground.household_face], NOWHERE)
    inside = grid_of_household != NOWHERE
    home, points = grid_of_household[inside], town.households
    households = np.bincount(home, weights=points.households[inside], minlength=count).astype(np.int64)
    persons = np.bincount(home, weights=points.persons[inside], minlength=count).astype(np.int64)
    area, perimeter = np.asarray(shapely.area(outline.polygon)), np.asarray(shapely.length(outline.polygon))
    good = in_band(draft.rules, households, persons)
    names = _names(town, outline)
    grids = Grids(
        code=outline.code,
        name=names,
        dedicated=outline.dedicated,
        community=outline.community,
        households=households,
        persons=persons,
        buildings=np.bincount(home[points.households[inside] > 0], minlength=count),
        area_m2=area,
        perimeter_m=perimeter,
        compactness=4 * np.pi * area / perimeter**2,
        in_band=good,
        polygon=outline.polygon,
        bounds=_bounds(draft, outline, grid_of_face, names),
        exception=_exceptions(draft, outline, good, grid_of_household),
    )
    return Plan(
        rules=draft.rules,
        seed=draft.seed,
        communities=draft.communities,
        grids=grids,
        ground=ground,
        blocks=draft.blocks,
        grid_of_block=outline.of_block,
        grid_of_household=grid_of_household,
        community_polygon=dissolve(ground.mesh.polygon, ground.community, len(town.communities.code)),
        units=tuple(_results(draft)),
        findings=(*_vanished(draft), *_remarks(town, grids), *_outside(draft)),
    )


def _in_order(draft: Draft) -> _Outline:
    """Put the grids of all units and the dedicated grids together, and order them by community and code."""
    blocks = draft.blocks
    grid, unit = in_turn(draft)
    count = len(unit)
    inside = np.flatnonzero(grid != NOWHERE)
    some_block = np.zeros(count, dtype=np.int64)
    some_block[grid[inside[::-1]]] = inside[::-1]
    community, dedicated = blocks.community[some_block], blocks.dedicated[some_block]
    polygon = dissolve(draft.ground.mesh.polygon, grid[blocks.of_face], count)
    centre = shapely.get_coordinates(shapely.centroid(polygon))
    codes = _codes(draft, community, dedicated, centre)
    order = np.lexsort((np.array(codes), community))
    return _Outline(
        unit=unit[order],
        community=community[order],
        dedicated=dedicated[order],
        polygon=polygon[order],
        centre=centre[order],
        code=tuple(codes[i] for i in order.tolist()),
        kept_name=tuple(draft.kept.get(i, ("", ""))[1] for i in order.tolist()),
        of_block=np.append(np.argsort(order), NOWHERE)[grid],
    )


def in_turn(draft: Draft) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the grid of each block, or `NOWHERE` outside the communities, and the unit of each grid.

    A dedicated area is one grid for each piece of it that hangs together inside a community.
    """
    grid = np.full(len(draft.blocks), NOWHERE, dtype=np.int64)
    unit: list[int] = []
    for index, (part, division) in enumerate(zip(draft.parts, draft.divisions, strict=True)):
        grid[part.blocks] = len(unit) + division.grid
        unit.extend([index] * (int(division.grid.max()) + 1))
    for piece in dedicated_pieces(draft.blocks, draft.communities):
        grid[piece] = len(unit)
        unit.append(NOWHERE)
    return grid, np.array(unit, dtype=np.int64)


def dedicated_pieces(blocks: Blocks, communities: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the blocks of each connected piece of a dedicated area inside one of the communities."""
    joined = (
        (blocks.dedicated[blocks.a] != NOWHERE)
        & (blocks.dedicated[blocks.a] == blocks.dedicated[blocks.b])
        & (blocks.community[blocks.a] == blocks.community[blocks.b])
    )
    label = parts_of(len(blocks), blocks.a[joined], blocks.b[joined])
    chosen = np.flatnonzero((blocks.dedicated != NOWHERE) & np.isin(blocks.community, communities))
    for root in np.unique(label[chosen]):
        yield chosen[label[chosen] == root]


def _codes(draft: Draft, community: NDArray[np.int64], dedicated: NDArray[np.int64], centre: NDArray[np.float64]) -> list[str]:
    """Give the grids of each community their codes, in raster order; those that go on have theirs."""
    codes = [draft.kept.get(grid, ("", ""))[0] for grid in range(len(community))]
    taken = draft.taken | set(codes)
    new = np.array([not code for code in codes], dtype=bool)
    for index in np.unique(community).tolist():
        chosen = np.flatnonzero((community == index) & new)
        given = number(
            draft.town.communities.code[index],
            centre[chosen],
            dedicated=dedicated[chosen] != NOWHERE,
            rules=draft.rules,
            taken=taken,
        )
        for grid, code in zip(chosen.tolist(), given, strict=True):
            codes[grid] = code
    return codes


def _names(town: Town, outline: _Outline) -> tuple[str, ...]:
    """Name residential grids after their community by their place in its order, dedicated ones after their area.

    What goes on keeps its name, and nobody else in the town gets it.
    """
    names: list[str] = []
    turn: dict[int, int] = {}
    had = set(outline.kept_name)
    for index, area, name in zip(outline.community.tolist(), outline.dedicated.tolist(), outline.kept_name, strict=True):
        if name:
            names.append(name)
        elif area != NOWHERE and town.dedicated.name[area]:
            names.append(town.dedicated.name[area])
        else:
            called = town.communities.name[index] or town.communities.code[index]
            turn[index] = turn.get(index, 0) + 1
            while f"{called}第{turn[index]}网格" in had:
                turn[index] += 1
            names.append(f"{called}第{turn[index]}网格")
    return tuple(names)


def _bounds(draft: Draft, outline: _Outline, grid_of_face: NDArray[np.int64], names: tuple[str, ...]) -> tuple[FourBounds, ...]:
    """Return the four bounds of the grids. A neighbouring community is called by its name or code, divided or not."""
    town, count = draft.town, len(names)
    codes = town.communities.code
    # Behind the grids stands one more for each community: whatever lies there where no grid of ours does.
    found = four_bounds(
        draft.ground.mesh,
        np.where(grid_of_face == NOWHERE, count + draft.ground.community, grid_of_face),
        centroid=np.concatenate([outline.centre, np.zeros((len(codes), 2))]),
        line=town.barriers.line,
        line_kind=town.barriers.kind,
        line_name=town.barriers.name,
        grid_name=(*names, *codes),
        community_of_grid=np.concatenate([outline.community, np.arange(len(codes))]),
        community_name=tuple(name or code for name, code in zip(town.communities.name, codes, strict=True)),
    )
    return tuple(found[:count])


def _exceptions(
    draft: Draft, outline: _Outline, good: NDArray[np.bool_], grid_of_household: NDArray[np.int64]
) -> tuple[GridException | None, ...]:
    """Explain every residential grid that is not in the band."""
    found: list[GridException | None] = [None] * len(good)
    for grid in np.flatnonzero(~good & (outline.unit != NOWHERE)).tolist():
        found[grid] = explain(_circumstances(draft, outline, grid, np.flatnonzero(grid_of_household == grid)))
    return tuple(found)


def _circumstances(draft: Draft, outline: _Outline, grid: int, points: NDArray[np.int64]) -> Circumstances:
    """Gather what an argument about one grid with these household points may rest on."""
    blocks, rules, homes = draft.blocks, draft.rules, draft.town.households
    part, division = draft.parts[outline.unit[grid]], draft.divisions[outline.unit[grid]]
    by_persons = rules.measure == "persons"
    of_point = homes.persons if by_persons else homes.households
    buildings: Counter[str] = Counter()
    for point in points.tolist():
        buildings[homes.building[point]] += int(of_point[point])
    reach = _reach(blocks, part)
    community = np.flatnonzero((blocks.dedicated == NOWHERE) & (blocks.community == part.community))

    def count(chosen: NDArray[np.int64]) -> Count:
        return Count(int(blocks.households[chosen].sum()), int(blocks.persons[chosen].sum()))

    return Circumstances(
        rules=rules,
        grid=Count(int(homes.households[points].sum()), int(homes.persons[points].sum())),
        unit=count(part.blocks),
        community=count(community),
        largest_building=max(buildings.values(), default=0),
        reach=reach,
        impossible_for=division.impossible_for,
        granularity=division.granularity,
        single_buildings=bool((blocks.buildings[part.blocks] <= 1).all()),
    )


def _reach(blocks: Blocks, part: UnitBlocks) -> Reach:
    """Say how the unit touches the rest of its community: not at all, or across strong lines."""
    inside = np.zeros(len(blocks), dtype=bool)
    inside[part.blocks] = True
    mine = (blocks.community == part.community) & (blocks.dedicated == NOWHERE)
    across = (inside[blocks.a] != inside[blocks.b]) & mine[blocks.a] & mine[blocks.b]
    touching = across & (blocks.shared_m.sum(axis=1) >= THREAD_M)
    return Reach.ACROSS_LINES if touching.any() else Reach.NONE


def _results(draft: Draft) -> Iterator[UnitResult]:
    for part, division in zip(draft.parts, draft.divisions, strict=True):
        yield UnitResult(
            community=part.community,
            households=int(draft.blocks.households[part.blocks].sum()),
            grids=int(division.grid.max()) + 1,
            status=division.status.value,
            score=division.score,
            bound=division.bound,
            pieces=division.pieces,
            columns=division.columns,
            compounds_whole=division.compounds_whole,
            whole_impossible_for=division.whole_impossible_for,
            spans=part.spans,
        )


def _vanished(draft: Draft) -> Iterator[Finding]:
    """Yield the communities of which nothing is left: thinner than the snap grid, or wholly under an earlier one."""
    town = draft.town
    for index in np.setdiff1d(draft.communities, draft.ground.community).tolist():
        code = town.communities.code[index]
        yield Finding(
            kind="community_vanished",
            severity=Severity.WARNING,
            en=f"nothing is left of community {code} on the 1 cm grid, so it has no grid: it is too thin, or lies wholly"
            " under another community",
            zh=f"社区{code}在1厘米精度下没有剩余面积，未生成网格：过于狭窄，或完全被其他社区覆盖",
            row=int(town.communities.row[index]),
            subject=code,
        )


def _remarks(town: Town, grids: Grids) -> Iterator[Finding]:
    """Yield what a planner should know about the plan: people counted in dedicated grids."""
    lived_in = np.flatnonzero((grids.dedicated != NOWHERE) & (grids.households > 0))
    for grid in lived_in.tolist():
        x, y = shapely.get_coordinates(shapely.point_on_surface(grids.polygon[grid]))[0].tolist()
        yield Finding(
            kind="households_in_dedicated",
            severity=Severity.WARNING,
            en=f"the dedicated grid {grids.code[grid]} ({grids.name[grid]}) holds {grids.households[grid]} households"
            " that no residential grid looks after",
            zh=f"专属网格{grids.code[grid]}({grids.name[grid]})内有{grids.households[grid]}户，不属于任何居民区网格",
            place=Place(x, y, town.frame.crs),
            subject=grids.code[grid],
        )


def _outside(draft: Draft) -> Iterator[Finding]:
    """Yield how many live in no community: that is about the town, and said where all of it is divided."""
    town = draft.town
    lost = np.flatnonzero((draft.ground.household_face == NOWHERE) & (town.households.households > 0))
    if len(lost) and len(draft.communities) == len(town.communities.code):
        total = int(town.households.households[lost].sum())
        yield Finding(
            kind="households_outside",
            severity=Severity.WARNING,
            en=f"{len(lost)} household points with {total} households lie outside every community and are in no grid",
            zh=f"{len(lost)}个住户点(共{total}户)位于所有社区之外，未归入任何网格",
        )
