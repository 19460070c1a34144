"""The one corridor: a town and rules in, a plan out.

`divide` reads as the story of a plan: survey the ground, make blocks, part communities into units, divide every unit, put the
grids together, number them, name their bounds, say why those outside the band are.

A plan may be wanted for some communities alone. Their ground is still the whole town's: a line between communities is noded by
what meets it on both sides, a compound counts wherever it lies, a bound may lie in the neighbour. Only what is divided, and
everything after it, is theirs; their grids are those of a plan of the whole town, bit by bit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from gis.errors import NotFound
from partition.block import make_blocks
from partition.describe import Draft, describe
from partition.ground import survey
from partition.search.solve import divide_unit
from partition.search.unit import unit_of
from partition.units import units

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from gis.town import Town
    from partition.plan import Plan
    from partition.rules import Rules
    from partition.search.solve import Division
    from partition.search.unit import Unit
    from partition.units import UnitBlocks

T = TypeVar("T")
R = TypeVar("R")


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

    def __call__(self, function: Callable[[T], R], tasks: Sequence[T], /) -> Iterable[R]:
        """Run `function` on every task."""
        ...


def divide(town: Town, rules: Rules, *, seed: int, communities: Collection[str] | None = None, spread: Spread = map) -> Plan:
    """Divide a town into grids, or only these of its communities, by their codes.

    The same town, rules and seed give the same grids, whatever `spread` does and whichever other communities are divided:
    every unit has a seed of its own and budgets are counted in steps.

    Raises
    ------
    NotFound
        The town has no such communities: `communities` says which.
    """
    wanted = _indices(town, communities)
    ground = survey(town)
    blocks = make_blocks(ground, town)
    parts = [part for part in units(blocks, rules) if part.community in wanted]
    tasks = [Task(unit_of(blocks, part.blocks, rules), rules, _unit_seed(town, part, seed)) for part in parts]
    divisions = tuple(spread(run_task, tasks))
    return describe(
        Draft(
            town=town,
            rules=rules,
            seed=seed,
            communities=wanted,
            ground=ground,
            blocks=blocks,
            parts=tuple(parts),
            divisions=divisions,
        )
    )


def _indices(town: Town, communities: Collection[str] | None) -> NDArray[np.int64]:
    """Return the indices of these communities, ascending; of all where None."""
    index = {code: number for number, code in enumerate(town.communities.code)}
    wanted = index.keys() if communities is None else set(communities)
    if missing := sorted(wanted - index.keys()):
        msg = f"{town.name} has no such communities (any more): {', '.join(missing)}"
        raise NotFound(msg, communities=missing)
    return np.array(sorted(index[code] for code in wanted), dtype=np.int64)


def _unit_seed(town: Town, part: UnitBlocks, seed: int) -> int:
    """Return a seed of the unit's own: by the plan's seed, its community and the number of its first block in the town."""
    text = f"{seed}/{town.communities.code[part.community]}/{int(part.blocks[0])}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
