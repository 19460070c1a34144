"""Redraw a plan after its town has changed: how many households change grid, ours at each price and by dividing anew.

Run it as `python benchmarks/redraw.py --town town20 --draws 4`. Five compounds are rebuilt with three times the households,
five are torn down, all other points change by up to 3 %. Grids of a plan that is divided anew are named by those with which
they share most households, by the best matching of all, so that only what cannot be helped counts as moved.
"""

# ruff: noqa: E402 - the number of threads is said before numpy is loaded

from __future__ import annotations

import os

# One core, whoever runs.
for _threads in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{_threads}_NUM_THREADS"] = "1"

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
from instance import TOWNS, write_quads
from scipy.optimize import linear_sum_assignment

from data.town import read_town
from gis.town import read_only
from partition.engine import divide
from partition.redraw import OldNet, redraw
from partition.rules import Rules

if TYPE_CHECKING:
    from gis.town import Town
    from partition.plan import Plan

CHANGED = 5
NOISE = 0.03


def changed(town: Town, seed: int) -> Town:
    """Return the town some years later."""
    rng = np.random.default_rng(seed)
    homes = town.households
    compound = np.array(homes.compound)
    names = rng.choice([name for name in np.unique(compound) if name], 2 * CHANGED, replace=False)
    many = np.rint(homes.households * rng.uniform(1 - NOISE, 1 + NOISE, len(compound))).astype(np.int64)
    many[np.isin(compound, names[:CHANGED])] *= 3
    many[np.isin(compound, names[CHANGED:])] = 0
    return replace(town, households=replace(homes, households=read_only(many)))


def moved(old: Plan, new: Plan, households: np.ndarray) -> int:
    """Count the households whose grid is not the one that goes on."""
    both = (old.grid_of_household >= 0) & (new.grid_of_household >= 0)
    shared = np.zeros((len(old.grids), len(new.grids)), dtype=np.int64)
    np.add.at(shared, (old.grid_of_household[both], new.grid_of_household[both]), households[both])
    return int(households[both].sum() - shared[linear_sum_assignment(-shared)].sum())


def main() -> None:
    """Print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--town", default="town20", choices=sorted(TOWNS))
    options.add_argument("--draws", type=int, default=4)
    asked = options.parse_args()
    quads = TOWNS[asked.town]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "town"
        write_quads(path, columns=quads.columns, rows=quads.rows, seed=quads.seed, hard=quads.hard)
        town = read_town(path)
    plan = divide(town, Rules(), seed=1)
    grids = plan.grids
    old = OldNet(code=grids.code, name=grids.name, dedicated=grids.dedicated >= 0, polygon=grids.polygon)
    print("| draw | way | CPU s | households moved | in band | score |\n|---|---|---|---|---|---|")
    for draw in range(asked.draws):
        later = changed(town, draw)
        total = int(later.households.households.sum())
        begun = process_time()
        drawn = redraw(later, old, Rules(), seed=1)
        took = process_time() - begun
        for way in drawn.options:
            told = way.figures
            share = 100 * told.households_moved / total
            print(f"| {draw} | {way.level} | {took:.1f} | {share:.2f} % | {told.in_band} / {told.grids} | {told.price:.0f} |")
        begun = process_time()
        anew = divide(later, Rules(), seed=1)
        took = process_time() - begun
        share = 100 * moved(plan, anew, later.households.households) / total
        residential = anew.grids.dedicated < 0
        good = int((anew.grids.in_band & residential).sum())
        print(f"| {draw} | divided anew | {took:.1f} | {share:.2f} % | {good} / {residential.sum()} | |", flush=True)


if __name__ == "__main__":
    main()
