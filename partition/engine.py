"""The one corridor: a town and rules in, a plan out.

`divide` reads as the story of a plan: survey the ground, make blocks, part communities into units, divide every unit, put the
grids together, number them, name their bounds, say why those outside the band are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import shapely

from gis.bounds import four_bounds
from gis.faces import dissolve
from gis.finding import Finding, Place, Severity
from partition.block import make_blocks
from partition.exceptions import Circumstances, explain, measure_words
from partition.ground import NOWHERE, survey
from partition.number import number
from partition.plan import Grids, Plan, UnitResult
from partition.score import in_band
from partition.search.solve import divide_unit
from partition.search.unit import unit_of
from partition.units import totals_possible, units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from gis.town import Town
    from partition.block import Blocks
    from partition.exceptions import GridException
    from partition.ground import Ground
    from partition.rules import Rules
    from partition.search.solve import Division
    from partition.search.unit import Unit
    from partition.units import UnitBlocks


@dataclass(frozen=True, slots=True)
class Task:
    """One unit to divide: all that a worker needs, wherever it runs."""

    unit: Unit
    rules: Rules
    seed: int


def run_task(task: Task) -> Division:
    """Divide the unit of a task."""
    return divide_unit(task.unit, task.rules, seed=task.seed)


class Spread(Protocol):
    """How tasks run: `map` itself, a pool of processes, or many machines; results come in the order of the tasks."""

    def __call__(self, function: Callable[[Task], Division], tasks: Sequence[Task], /) -> Iterable[Division]:
        """Run `function` on every task."""
        ...


def divide(town: Town, rules: Rules, *, seed: int, spread: Spread = map) -> Plan:
    """Divide a town into grids.

    The same town, rules and seed give the same plan, whatever `spread` does: every unit has a seed of its own and budgets
    are counted in steps.
    """
    ground = survey(town)
    blocks = make_blocks(ground, town)
    parts = units(blocks, rules)
    tasks = [Task(unit_of(blocks, part.blocks, rules), rules, _unit_seed(town, part, seed)) for part in parts]
    divisions = list(spread(run_task, tasks))
    grid_of_block, unit_of_grid = _put_together(blocks, parts, divisions)
    return _describe(town, rules, seed, ground, blocks, parts, divisions, grid_of_block, unit_of_grid)


def _unit_seed(town: Town, part: UnitBlocks, seed: int) -> int:
    """Return a seed that depends on nothing but the plan's seed and the unit itself."""
    text = f"{seed}/{town.communities.code[part.community]}/{int(part.blocks[0])}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _put_together(
    blocks: Blocks, parts: Sequence[UnitBlocks], divisions: Sequence[Division]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number the grids of all units and the dedicated grids; return the grid of each block and the unit of each grid.

    A dedicated area is one grid for each piece of it that hangs together inside a community.
    """
    grid = np.full(len(blocks), NOWHERE, dtype=np.int64)
    unit: list[int] = []
    for index, (part, division) in enumerate(zip(parts, divisions, strict=True)):
        grid[part.blocks] = len(unit) + division.grid
        unit.extend([index] * (int(division.grid.max()) + 1))
    for piece in _dedicated_pieces(blocks):
        grid[piece] = len(unit)
        unit.append(NOWHERE)
    return grid, np.array(unit, dtype=np.int64)


def _dedicated_pieces(blocks: Blocks) -> Iterator[NDArray[np.int64]]:
    """Yield the blocks of each connected piece of a dedicated area inside one community."""
    label = np.arange(len(blocks))
    joined = (
        (blocks.dedicated[blocks.a] != NOWHERE)
        & (blocks.dedicated[blocks.a] == blocks.dedicated[blocks.b])
        & (blocks.community[blocks.a] == blocks.community[blocks.b])
    )
    for a, b in zip(blocks.a[joined].tolist(), blocks.b[joined].tolist(), strict=True):
        if label[a] != label[b]:
            label[label == max(label[a], label[b])] = min(label[a], label[b])
    chosen = np.flatnonzero(blocks.dedicated != NOWHERE)
    for root in np.unique(label[chosen]):
        yield chosen[label[chosen] == root]


def _describe(
    town: Town,
    rules: Rules,
    seed: int,
    ground: Ground,
    blocks: Blocks,
    parts: Sequence[UnitBlocks],
    divisions: Sequence[Division],
    grid_of_block: NDArray[np.int64],
    unit_of_grid: NDArray[np.int64],
) -> Plan:
    """Measure the grids, number and name them, and put them in order."""
    count = len(unit_of_grid)
    some_block = np.zeros(count, dtype=np.int64)
    some_block[grid_of_block[::-1]] = np.arange(len(blocks))[::-1]
    community, dedicated = blocks.community[some_block], blocks.dedicated[some_block]
    grid_of_face = grid_of_block[blocks.of_face]
    polygon = dissolve(ground.mesh.polygon, grid_of_face, count)
    centre = shapely.get_coordinates(shapely.centroid(polygon))
    codes = _codes(town, rules, community, dedicated, centre)
    order = np.lexsort((np.array(codes), community))
    place = np.argsort(order)
    grid_of_block, grid_of_face = place[grid_of_block], place[grid_of_face]
    community, dedicated, polygon, centre = community[order], dedicated[order], polygon[order], centre[order]
    unit_of_grid, codes = unit_of_grid[order], tuple(codes[i] for i in order)
    names = _names(town, community, dedicated)
    grid_of_household = _households(ground, grid_of_face, codes)
    inside = grid_of_household != NOWHERE
    home = grid_of_household[inside]
    households = np.bincount(home, weights=town.households.households[inside], minlength=count).astype(np.int64)
    persons = np.bincount(home, weights=town.households.persons[inside], minlength=count).astype(np.int64)
    area, perimeter = shapely.area(polygon), shapely.length(polygon)
    good = in_band(rules, households, persons)
    grids = Grids(
        code=codes,
        name=names,
        dedicated=dedicated,
        community=community,
        households=households,
        persons=persons,
        buildings=np.bincount(home[town.households.households[inside] > 0], minlength=count),
        area_m2=area,
        perimeter_m=perimeter,
        compactness=4 * np.pi * area / perimeter**2,
        in_band=good,
        polygon=polygon,
        bounds=tuple(
            four_bounds(
                ground.mesh,
                grid_of_face,
                centroid=centre,
                line=town.barriers.line,
                line_kind=town.barriers.kind,
                line_name=town.barriers.name,
                grid_name=names,
                community_of_grid=community,
                community_name=town.communities.name,
            )
        ),
        exception=_exceptions(rules, blocks, parts, divisions, grid_of_block, unit_of_grid, households, persons, good),
    )
    return Plan(
        rules=rules,
        seed=seed,
        grids=grids,
        ground=ground,
        blocks=blocks,
        grid_of_block=grid_of_block,
        grid_of_household=grid_of_household,
        community_polygon=dissolve(ground.mesh.polygon, ground.community, len(town.communities.code)),
        units=tuple(_results(blocks, parts, divisions)),
        findings=tuple(_remarks(town, grids, grid_of_household)),
    )


def _codes(
    town: Town, rules: Rules, community: NDArray[np.int64], dedicated: NDArray[np.int64], centre: NDArray[np.float64]
) -> list[str]:
    codes = [""] * len(community)
    for index in np.unique(community).tolist():
        chosen = np.flatnonzero(community == index)
        given = number(
            town.communities.code[index],
            centre[chosen],
            dedicated=dedicated[chosen] != NOWHERE,
            rules=rules,
            taken=(),
        )
        for grid, code in zip(chosen.tolist(), given, strict=True):
            codes[grid] = code
    return codes


def _names(town: Town, community: NDArray[np.int64], dedicated: NDArray[np.int64]) -> tuple[str, ...]:
    """Name residential grids after their community by their place in its order, dedicated ones after their area."""
    names: list[str] = []
    turn: dict[int, int] = {}
    for index, area in zip(community.tolist(), dedicated.tolist(), strict=True):
        if area != NOWHERE and town.dedicated.name[area]:
            names.append(town.dedicated.name[area])
        else:
            turn[index] = turn.get(index, 0) + 1
            names.append(f"{town.communities.name[index] or town.communities.code[index]}第{turn[index]}网格")
    return tuple(names)


def _households(ground: Ground, grid_of_face: NDArray[np.int64], codes: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the grid of each household point; one that lies on a border goes to the grid with the smaller code."""
    grid = np.where(ground.household_face == NOWHERE, NOWHERE, grid_of_face[ground.household_face])
    rank = np.argsort(np.argsort(np.array(codes)))
    for point, face in zip(ground.tie_point.tolist(), ground.tie_face.tolist(), strict=True):
        if rank[grid_of_face[face]] < rank[grid[point]]:
            grid[point] = grid_of_face[face]
    return grid


def _exceptions(
    rules: Rules,
    blocks: Blocks,
    parts: Sequence[UnitBlocks],
    divisions: Sequence[Division],
    grid_of_block: NDArray[np.int64],
    unit_of_grid: NDArray[np.int64],
    households: NDArray[np.int64],
    persons: NDArray[np.int64],
    good: NDArray[np.bool_],
) -> tuple[GridException | None, ...]:
    """Explain every residential grid that is not in the band."""
    by_persons = rules.measure == "persons"
    count, of_block = (persons, blocks.persons) if by_persons else (households, blocks.households)
    low, high = (rules.minimum_persons, rules.maximum_persons) if by_persons else (rules.minimum, rules.maximum)
    words = measure_words(rules)
    residential = blocks.dedicated == NOWHERE
    found: list[GridException | None] = [None] * len(good)
    for grid in np.flatnonzero(~good & (unit_of_grid != NOWHERE)).tolist():
        part, division = parts[unit_of_grid[grid]], divisions[unit_of_grid[grid]]
        whole = residential & (blocks.community == part.community)

        def possible(chosen: NDArray[np.generic]) -> bool:
            return totals_possible(rules, int(blocks.households[chosen].sum()), int(blocks.persons[chosen].sum()))

        found[grid] = explain(
            Circumstances(
                count=int(count[grid]),
                largest_building=int(of_block[grid_of_block == grid].max()),
                unit_count=int(of_block[part.blocks].sum()),
                community_count=int(of_block[whole].sum()),
                low=low,
                high=high,
                measure_en=words[0],
                measure_zh=words[1],
                unit_possible=possible(part.blocks),
                community_possible=possible(whole),
                impossible_for=division.impossible_for,
                granularity=division.granularity,
            )
        )
    return tuple(found)


def _results(
    blocks: Blocks, parts: Sequence[UnitBlocks], divisions: Sequence[Division]
) -> Iterator[UnitResult]:
    for part, division in zip(parts, divisions, strict=True):
        yield UnitResult(
            community=part.community,
            households=int(blocks.households[part.blocks].sum()),
            grids=int(division.grid.max()) + 1,
            status=division.status.value,
            score=division.score,
            bound=division.bound,
            pieces=division.pieces,
            columns=division.columns,
            compounds_whole=division.compounds_whole,
            spans=part.spans,
        )


def _remarks(town: Town, grids: Grids, grid_of_household: NDArray[np.int64]) -> Iterator[Finding]:
    """Yield what a planner should know about the plan: people counted in dedicated grids, grids in several pieces."""
    lived_in = np.flatnonzero((grids.dedicated != NOWHERE) & (grids.households > 0))
    for grid in lived_in.tolist():
        x, y = shapely.get_coordinates(shapely.point_on_surface(grids.polygon[grid]))[0].tolist()
        yield Finding(
            kind="households_in_dedicated",
            severity=Severity.WARNING,
            en=f"the dedicated grid {grids.code[grid]} ({grids.name[grid]}) holds {grids.households[grid]} households"
            " that no residential grid looks after",
            zh=f"专属网格{grids.code[grid]}({grids.name[grid]})内有{grids.households[grid]}户,不属于任何居民区网格",
            place=Place(x, y, town.frame.crs),
            subject=grids.code[grid],
        )
    lost = np.flatnonzero((grid_of_household == NOWHERE) & (town.households.households > 0))
    if len(lost):
        total = int(town.households.households[lost].sum())
        yield Finding(
            kind="households_outside",
            severity=Severity.WARNING,
            en=f"{len(lost)} household points with {total} households lie outside every community and are in no grid",
            zh=f"{len(lost)}个住户点(共{total}户)位于所有社区之外,未归入任何网格",
        )
