"""Site stations for the grids of a town, ours beside the p-median of PySAL and k-means, on the same prices.

Run it as `python benchmarks/stations.py --households 50000,350000 --share 2.55,16`. Everybody gets the same prices (metres that
all households of a grid walk to each site) and opens as many sites; the judge adds up the same prices. An area is torn where
its grids do not hang together; PySAL and k-means know nothing of that.
"""

# ruff: noqa: E402 - the number of threads is said before numpy is loaded

from __future__ import annotations

import os

# One core, whoever runs.
for _threads in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{_threads}_NUM_THREADS"] = "1"

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from data.sample import write_sample
from data.town import read_town
from partition.engine import divide
from partition.rules import Rules
from partition.search.median import median
from partition.stations import Homes, lay_out
from partition.walk import straight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from partition.stations import Case

SECONDS = 300


def torn(site: NDArray[np.int64], near: list[NDArray[np.int64]]) -> int:
    """Count the parts of areas that do not hang together with the rest."""
    a = np.repeat(np.arange(len(near)), [len(each) for each in near])
    b = np.concatenate(near)
    same = site[a] == site[b]
    graph = coo_array((np.ones(int(same.sum())), (a[same], b[same])), shape=(len(near), len(near)))
    return int(connected_components(graph, directed=False)[0]) - len(np.unique(site))


def spent() -> float:
    """Return the CPU seconds of this process and of the solvers that it started."""
    children = getrusage(RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime


def pysal(case: Case, count: int) -> NDArray[np.int64]:
    """Return the site of each grid by spopt's p-median and the solver that it has at hand."""
    import pulp  # noqa: PLC0415 - peers are not always there
    from spopt.locate import PMedian  # noqa: PLC0415

    model = PMedian.from_cost_matrix(case.price / case.weight[:, None], case.weight, p_facilities=count)
    found = model.solve(pulp.PULP_CBC_CMD(msg=False, threads=1, timeLimit=SECONDS))
    return np.array([clients[0] for clients in found.cli2fac])


def by_means(case: Case, count: int) -> NDArray[np.int64]:
    """Return the site of each grid when sites are those nearest to the means of `count` clusters of grids."""
    means, _ = kmeans2(case.place, count, minit="++", seed=1, iter=50)
    taken: list[int] = []
    for at in means:
        order = np.argsort(np.hypot(*(case.place - at).T), kind="stable").tolist()
        taken.append(next(k for k in order if k not in taken))
    chosen = np.array(sorted(taken))
    return chosen[case.price[:, chosen].argmin(axis=1)]


@dataclass(frozen=True)
class Town:
    """What everybody is given: the prices, and how many sites to open."""

    case: Case
    count: int

    def row(self, who: str, site: NDArray[np.int64], seconds: float, bound: float) -> str:
        """Return a line of the table: what a choice is worth by the same prices."""
        walk = float(self.case.price[np.arange(len(site)), site].sum() / self.case.weight.sum())
        above, parts = 100 * (walk / bound - 1), torn(site, self.case.near)
        return f"| {len(site)} | {self.count} | {who} | {seconds:.2f} | {walk:.2f} | {above:.3f} % | {parts} |"


def laid_out(households: int) -> Case:
    """Divide a sample town, and return what its stations are chosen from."""
    with tempfile.TemporaryDirectory() as folder:
        write_sample(Path(folder) / "town", households=households, seed=1)
        town = read_town(Path(folder) / "town")
    plan = divide(town, Rules(), seed=1)
    inside = plan.grid_of_household >= 0
    homes = Homes(
        xy=town.households.xy[inside], households=town.households.households[inside], grid=plan.grid_of_household[inside]
    )
    return lay_out(plan.grids.polygon, homes, straight(1.3))


def race(town: Town, peers: str) -> Iterator[str]:
    """Yield a line for each."""
    case, begun = town.case, spent()
    ours = median(case.price, home=case.home, near=case.near, count=town.count, fixed=case.fixed)
    bound = ours.bound / float(case.weight.sum())
    yield town.row(f"ours, {ours.status.value}", ours.site, spent() - begun, bound)
    others = {"pysal": ("PySAL with CBC", pysal), "means": ("k-means", by_means)}
    for name in peers.split(","):
        who, find = others[name]
        begun = spent()
        site = find(case, town.count)
        yield town.row(who, site, spent() - begun, bound)


def main() -> None:
    """Run everybody and print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--households", default="50000")
    options.add_argument("--share", default="2.55,16", help="grids for each station")
    options.add_argument("--peers", default="pysal,means")
    asked = options.parse_args()
    print("| grids | stations | who | CPU s | mean walk m | above the bound | torn |\n|---|---|---|---|---|---|---|")
    for case in map(laid_out, map(int, asked.households.split(","))):
        for share in map(float, asked.share.split(",")):
            for line in race(Town(case, round(len(case.price) / share)), asked.peers):
                print(line, flush=True)


if __name__ == "__main__":
    main()
