"""Spoil a plan by painting at random, have it mended, and compare: what is won back, and at how many moves.

Run it as `python benchmarks/suggest.py --town town20 --strokes 60`, or with other people's partitioners beside it as
`python benchmarks/suggest.py --town town20 --peers metis100,recom200`. With `--drawn-by metis100` the plan that is spoiled is
not ours. Whoever divides anew has its grids named by those they
share most households with, so that only what cannot be helped counts as moved.
"""

# ruff: noqa: E402 - the number of threads is said before numpy is loaded

from __future__ import annotations

import os

# One core, whoever runs.
for _threads in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{_threads}_NUM_THREADS"] = "1"

import argparse
import json
from dataclasses import asdict, dataclass, replace
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
from instance import TOWNS, load
from scipy.optimize import linear_sum_assignment

from gis.locate import NOWHERE
from partition.rules import Rules
from partition.search.absorb import absorb
from partition.search.polish import polish
from partition.search.solve import divide_unit
from partition.standing import Standing, connected, main_pieces, measure
from partition.suggest import suggest

if TYPE_CHECKING:
    from collections.abc import Callable

    from instance import Instance, PlanningUnit
    from numpy.typing import NDArray

    from partition.standing import Figures

    Method = Callable[[PlanningUnit, int], NDArray[np.int64]]

OURS = "ours"
GREEDY_STEPS = 2_000
"""Moves tried per block by the greedy repair."""


@dataclass(frozen=True, slots=True)
class Row:
    """What somebody made of the spoiled plan."""

    name: str
    cpu_s: float
    figures: Figures
    moved_share: float
    won_back: float
    """Share of the price that was lost."""


def _drawn(instance: Instance, method: Method, seed: int) -> Standing:
    """Return a plan of a town as a draft; ground in which nobody lives is left out."""
    grid = np.full(len(instance.blocks), NOWHERE, dtype=np.int64)
    count = 0
    for unit in instance.units:
        made = np.unique(method(unit, seed), return_inverse=True)[1]
        grid[unit.blocks] = count + made
        count += int(made.max()) + 1
    # What is in no unit is nobody's to divide.
    blocks = replace(instance.blocks, dedicated=np.where(grid == NOWHERE, 0, instance.blocks.dedicated))
    names = tuple(str(number) for number in range(count))
    return Standing(
        blocks=blocks,
        grid=grid,
        key=names,
        name=names,
        locked=np.zeros(count, dtype=bool),
        communities=np.unique(blocks.community),
    )


def _spoiled(draft: Standing, strokes: int, seed: int) -> Standing:
    """Return the draft after strokes: up to six neighbouring blocks each, into a grid of their community or into none."""
    rng = np.random.default_rng(seed)
    blocks, grid = draft.blocks, draft.grid.copy()
    divided = np.flatnonzero(draft.divided)
    for _ in range(strokes):
        stroke = [int(rng.choice(divided))]
        home = draft.divided & (blocks.community == blocks.community[stroke[0]])
        for _ in range(int(rng.integers(0, 6))):
            beside = np.concatenate([blocks.a[np.isin(blocks.b, stroke)], blocks.b[np.isin(blocks.a, stroke)]])
            beside = np.setdiff1d(beside[home[beside]], stroke)
            if not len(beside):
                break
            stroke.append(int(rng.choice(beside)))
        near = np.unique(draft.grid[home])
        grid[stroke] = NOWHERE if rng.random() < 0.2 else rng.choice(near)  # noqa: PLR2004 - one stroke in five rubs out
    return replace(draft, grid=grid)


def _greedy(instance: Instance, spoiled: Standing) -> Method:
    """Return a plain repair: loose pieces join the cheapest neighbour, then single moves while they gain, none priced."""
    main = main_pieces(spoiled, connected(spoiled.blocks, instance.rules, spoiled.divided, spoiled.grid))

    def repair(unit: PlanningUnit, seed: int) -> NDArray[np.int64]:
        kept = np.where(main[unit.blocks], spoiled.grid[unit.blocks], NOWHERE)
        label = np.unique(kept[kept != NOWHERE])
        local = np.full(len(spoiled.key) + 1, NOWHERE)
        local[label] = np.arange(len(label))
        start = np.maximum(absorb(unit.unit, unit.price, local[kept]), 0)
        return polish(unit.unit, unit.price, start, seed=seed, steps=GREEDY_STEPS * len(unit), heat=0.0)[0]

    return repair


def _named(standing: Standing, grid: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give grids the names of those of the draft that they share most households with."""
    known, kept = len(standing.key), (grid != NOWHERE) & (standing.grid != NOWHERE)
    shared = np.zeros((int(grid.max()) + 1, known))
    np.add.at(shared, (grid[kept], standing.grid[kept]), standing.blocks.households[kept] + 1e-6)
    name = known + np.arange(len(shared))
    rows, columns = linear_sum_assignment(-shared)
    fits = shared[rows, columns] > 0.0
    name[rows[fits]] = columns[fits]
    return np.where(grid == NOWHERE, NOWHERE, name[grid])


def _methods(instance: Instance, names: list[str]) -> dict[str, Method]:
    """Return the engine and these peers, by what the table calls them."""
    rules = instance.rules
    found: dict[str, Method] = {"divided anew": lambda unit, seed: divide_unit(unit.unit, rules, seed=seed).grid}
    if names:
        from rivals import PEERS  # noqa: PLC0415 - only where its extra is installed

        found |= {PEERS[n].title: lambda unit, seed, n=n: PEERS[n].method(unit, rules, seed) for n in names}
    return found


def _rows(instance: Instance, peers: list[str], drawn_by: str, strokes: int, seed: int) -> list[Row]:
    rules = instance.rules
    (*_, author) = _methods(instance, [] if drawn_by == OURS else [drawn_by]).values()
    draft = _drawn(instance, author, seed)
    spoiled = _spoiled(draft, strokes, seed)
    suggest(spoiled, rules, seed=seed)  # so that every kernel is loaded
    best = measure(draft, draft.grid, len(draft.key), rules)
    lost = measure(spoiled, spoiled.grid, len(spoiled.key), rules)
    total = int(spoiled.blocks.households[spoiled.divided].sum())

    def row(name: str, cpu_s: float, figures: Figures) -> Row:
        back = (lost.price - figures.price) / max(lost.price - best.price, 1e-9)
        return Row(name, cpu_s, figures, figures.households_moved / total, back)

    back_again = measure(spoiled, draft.grid, len(draft.key), rules)
    rows = [row("the plan before", 0.0, back_again), row("spoiled", 0.0, lost)]
    before = process_time()
    found = suggest(spoiled, rules, seed=seed)
    spent = process_time() - before
    rows += [row(f"wangge, {proposal.level}", spent, proposal.figures) for proposal in found.proposals]
    for name, method in {"greedy repair": _greedy(instance, spoiled), **_methods(instance, peers)}.items():
        grid, count, before = np.full(len(spoiled.grid), NOWHERE, dtype=np.int64), 0, process_time()
        for index, unit in enumerate(instance.units):
            made = np.unique(method(unit, seed + index), return_inverse=True)[1]
            grid[unit.blocks] = count + made
            count += int(made.max()) + 1
        spent, named = process_time() - before, _named(spoiled, grid)
        rows.append(row(name, spent, measure(spoiled, named, int(named.max()) + 1, rules)))
    return rows


def main() -> None:
    """Run everybody and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--town", default="town20", help=f"{', '.join(TOWNS)}, or the folder of a town")
    parser.add_argument("--strokes", type=int, default=60, help="how often somebody paints")
    parser.add_argument("--peers", default="", help="some of the peers of rivals.py, by comma; they need the extra `peers`")
    parser.add_argument("--drawn-by", default=OURS, help=f"whose plan is spoiled: {OURS}, or one of the peers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    wanted = parser.parse_args()
    instance = load(wanted.town, Rules())
    rows = _rows(instance, [name for name in wanted.peers.split(",") if name], wanted.drawn_by, wanted.strokes, wanted.seed)
    if wanted.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print("| who | CPU s | in band | broken | no grid | price | won back | households moved |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        f = row.figures
        cells = (f"{row.cpu_s:.2f}", f"{f.in_band} of {f.grids}", f.broken, f.unassigned, f"{f.price:.0f}")
        print(f"| {row.name} | {' | '.join(map(str, cells))} | {100 * row.won_back:.1f} % | {100 * row.moved_share:.2f} % |")


if __name__ == "__main__":
    main()
