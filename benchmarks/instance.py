"""A town cut into planning units, and the one scoring function that judges every division of it.

Everybody gets the same blocks and the same units, and is measured by `score`, which leans on `partition.score`.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from data.sample import write_quads
from data.town import read_town
from gis.locate import NOWHERE
from gis.town import LineKind
from partition.block import make_blocks
from partition.ground import survey
from partition.score import CLEAR, border_lengths, compounds_cut, in_band
from partition.search.unit import THREAD_M, price_list, unit_of
from partition.units import totals_possible, units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from partition.block import Blocks
    from partition.rules import Rules
    from partition.search.unit import Unit

CLEAR_COST = 0.15
"""What a metre of border on a road, railway or river costs, where a metre of any other border costs 1."""


class Quads(NamedTuple):
    """The numbers that make a sample town of superblocks."""

    columns: int
    rows: int
    seed: int
    hard: bool


TOWNS = {
    "town20": Quads(5, 4, 7, hard=False),
    "city140": Quads(14, 10, 21, hard=False),
    "hard20": Quads(5, 4, 33, hard=True),
}


@dataclass(frozen=True, slots=True)
class PlanningUnit:
    """One unit as ours takes it, and as a plain weighted graph for everybody else.

    `blocks` (n,) ids of the blocks, ascending. `unit` is what our search takes. `a`, `b` (m,) are the pairs of blocks
    that one may walk between, by place in `blocks`, and `cost` (m,) their edge weights, metres. `xy` (n, 2) centroids;
    `compound` (n,) the compound of each block or -1; `contracted` (n,) labels that join the blocks of each compound
    that fits in one grid; `pocket` (n,) labels of the ground between clear lines. `wanted` numbers of grids: the best
    first, then the others that the totals allow; `possible` says whether the totals allow any.
    """

    blocks: NDArray[np.int64]
    unit: Unit
    price: NDArray[np.float64]
    households: NDArray[np.int64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    cost: NDArray[np.float64]
    xy: NDArray[np.float64]
    compound: NDArray[np.int64]
    contracted: NDArray[np.int64]
    pocket: NDArray[np.int64]
    wanted: tuple[int, ...]
    possible: bool

    def __len__(self) -> int:
        """Count the blocks."""
        return len(self.blocks)


@dataclass(frozen=True, slots=True)
class Instance:
    """A town ready to be divided: its blocks and the units in which somebody lives."""

    name: str
    rules: Rules
    blocks: Blocks
    units: tuple[PlanningUnit, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What a division is worth; deviations in households, shares 0 … 1."""

    grids: int
    in_band: float
    mean_deviation: float
    largest_deviation: int
    apart: int
    """Grids in several pieces."""
    compact_mean: float
    compact_least: float
    clear: float
    cut: int
    """Compounds that would fit in one grid and lie in several."""
    fitting: int


def load(name: str, rules: Rules) -> Instance:
    """Read the town `name`, one of `TOWNS` or a folder, and part it into planning units."""
    if name in TOWNS:
        with tempfile.TemporaryDirectory() as folder:
            quads = TOWNS[name]
            path = Path(folder) / name
            write_quads(path, columns=quads.columns, rows=quads.rows, seed=quads.seed, hard=quads.hard)
            town = read_town(path)
    else:
        town = read_town(Path(name))
    ground = survey(town)
    blocks = make_blocks(ground, town)
    face_xy = shapely.get_coordinates(shapely.centroid(ground.mesh.polygon))
    weight = shapely.area(ground.mesh.polygon)
    total = np.bincount(blocks.of_face, weights=weight)
    xy = np.column_stack([np.bincount(blocks.of_face, weights=weight * face_xy[:, i]) / total for i in (0, 1)])
    lived_in = [part.blocks for part in units(blocks, rules) if blocks.households[part.blocks].any()]
    found = tuple(_planning_unit(blocks, chosen, xy, rules) for chosen in lived_in)
    return Instance(Path(name).name, rules, blocks, found)


def _planning_unit(blocks: Blocks, chosen: NDArray[np.int64], xy: NDArray[np.float64], rules: Rules) -> PlanningUnit:
    unit = unit_of(blocks, chosen, rules)
    local = np.full(len(blocks), NOWHERE, dtype=np.int64)
    local[chosen] = np.arange(len(chosen))
    used = _walkable(blocks, rules) & (local[blocks.a] >= 0) & (local[blocks.b] >= 0)
    a, b, metres = local[blocks.a[used]], local[blocks.b[used]], blocks.shared_m[used]
    clear = metres[:, list(CLEAR)].sum(axis=1)
    total = metres.sum(axis=1)
    compound = blocks.compound[chosen]
    fits = (unit.compound >= 0) & (
        unit.compound_households[unit.compound] <= rules.maximum if len(unit.compound_households) else False
    )
    households = blocks.households[chosen]
    count = int(households.sum())
    return PlanningUnit(
        blocks=chosen,
        unit=unit,
        price=price_list(rules),
        households=households,
        a=a,
        b=b,
        cost=total - clear + CLEAR_COST * clear,
        xy=xy[chosen],
        compound=compound,
        contracted=_labels(len(chosen), a, b, fits[a] & fits[b] & (compound[a] == compound[b])),
        pocket=_labels(len(chosen), a, b, clear < total / 2),
        wanted=_wanted(count, len(chosen), rules),
        possible=totals_possible(rules, count, int(blocks.persons[chosen].sum())),
    )


def _walkable(blocks: Blocks, rules: Rules) -> NDArray[np.bool_]:
    """Say which borders make two blocks contiguous: a metre at least, and not on a line that no grid may span."""
    hard = [LineKind[name.upper()] for name in rules.hard_barriers]
    return blocks.shared_m.sum(axis=1) - blocks.shared_m[:, hard].sum(axis=1) >= THREAD_M


def _labels(count: int, a: NDArray[np.int64], b: NDArray[np.int64], joined: NDArray[np.bool_]) -> NDArray[np.int64]:
    graph = coo_array((np.ones(int(joined.sum()), dtype=np.int8), (a[joined], b[joined])), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _wanted(households: int, blocks: int, rules: Rules) -> tuple[int, ...]:
    """Return the numbers of grids to ask for: the one nearest to the target's first, within what the totals allow."""
    ideal = households / rules.target
    least, most = -(-households // rules.maximum), households // rules.minimum
    found = sorted(range(max(1, least), min(most, blocks) + 1), key=lambda k: (abs(k - ideal), k))
    return tuple(found) or (max(1, min(round(ideal), blocks)),)


def score(instance: Instance, divisions: Sequence[NDArray[np.int64]]) -> Score:
    """Measure a division: for each unit the grid of each of its blocks."""
    blocks, rules = instance.blocks, instance.rules
    grid = np.full(len(blocks), NOWHERE, dtype=np.int64)
    count = 0
    for unit, division in zip(instance.units, divisions, strict=True):
        label = np.unique(division, return_inverse=True)[1]
        grid[unit.blocks] = count + label
        count += int(label.max()) + 1
    inside = grid != NOWHERE
    # Whatever is divided by nobody (dedicated areas, empty units) is one more grid, which is not counted.
    home = np.where(inside, grid, count)
    counted = np.append(np.ones(count, dtype=bool), False)

    def total(values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.bincount(home, weights=values.astype(np.float64), minlength=count + 1)[:count]

    households = total(blocks.households).astype(np.int64)
    persons = total(blocks.persons).astype(np.int64)
    same = inside[blocks.a] & (grid[blocks.a] == grid[blocks.b])
    within = np.bincount(grid[blocks.a[same]], weights=blocks.shared_m[same].sum(axis=1), minlength=count)
    area, perimeter = total(blocks.area_m2), total(blocks.perimeter_m) - 2 * within
    compact = 4 * np.pi * area / perimeter**2
    off = np.abs(households - rules.target)
    borders = border_lengths(blocks, home, counted)
    fitting, cut = compounds_cut(blocks, home, rules.maximum)
    piece = _labels(len(blocks), blocks.a, blocks.b, same & _walkable(blocks, rules))
    pieces = np.unique(np.column_stack([grid, piece])[inside], axis=0)[:, 0]
    return Score(
        grids=count,
        in_band=float(in_band(rules, households, persons).mean()),
        mean_deviation=float(off.mean()),
        largest_deviation=int(off.max()),
        apart=int((np.bincount(pieces, minlength=count) > 1).sum()),
        compact_mean=float(compact.mean()),
        compact_least=float(compact.min()),
        clear=float(borders[list(CLEAR)].sum() / borders.sum()) if borders.sum() else 1.0,
        cut=cut,
        fitting=fitting,
    )
