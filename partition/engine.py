"""The one corridor: a town and rules in, a plan out.

`divide` reads as the story of a plan: survey the ground, make blocks, part communities into units, divide every unit, put the
grids together, number them, name their bounds, say why those outside the band are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from partition.block import make_blocks
from partition.describe import Draft, describe
from partition.ground import survey
from partition.search.solve import divide_unit
from partition.search.unit import unit_of
from partition.units import units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gis.town import Town
    from partition.plan import Plan
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
    divisions = tuple(spread(run_task, tasks))
    return describe(
        Draft(town=town, rules=rules, seed=seed, ground=ground, blocks=blocks, parts=tuple(parts), divisions=divisions)
    )


def _unit_seed(town: Town, part: UnitBlocks, seed: int) -> int:
    """Return a seed that depends on nothing but the plan's seed and the unit itself."""
    text = f"{seed}/{town.communities.code[part.community]}/{int(part.blocks[0])}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
