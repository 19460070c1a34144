"""Divide sample towns of growing size, each in a process of its own: time by stage, peak memory, and what came out.

Run it as `python benchmarks/scale.py --sizes 10000,100000,1000000`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from api.plan_view import plan_view
from api.spread import spread_over
from data.plan_files import write_plan
from data.sample import write_sample
from data.town import read_town
from maps.grids import plan_page
from partition import engine
from partition.block import make_blocks
from partition.ground import survey
from partition.prove import prove as proven
from partition.rules import Rules
from partition.score import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from partition.engine import R, Spread, T

WARM_UP_HOUSEHOLDS = 3_000
STAGES = ("read", "survey", "blocks", "search", "divide", "prove", "map", "write")
"""What is timed, in its order; `divide` holds survey, blocks and search and the numbering and naming after them."""


@dataclass
class Clock:
    """Seconds by stage: CPU time of this process, and of the clock on the wall."""

    cpu: dict[str, float] = field(default_factory=dict)
    wall: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block of code."""
        cpu, wall = process_time(), perf_counter()
        yield
        self.cpu[name] = self.cpu.get(name, 0.0) + process_time() - cpu
        self.wall[name] = self.wall.get(name, 0.0) + perf_counter() - wall

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function`, timed."""

        def timed(*values: Any, **named: Any) -> Any:  # noqa: ANN401 - it passes on whatever comes
            with self.stage(name):
                return function(*values, **named)

        return timed

    def spread(self, inner: Spread) -> Spread:
        """Return `inner`, timed."""

        def timed(function: Callable[[T], R], tasks: Sequence[T], /) -> Iterable[R]:
            with self.stage("search"):
                return list(inner(function, tasks))

        return timed


def _divide_once(folder: Path, out: Path, workers: int, clock: Clock) -> dict[str, Any]:
    """Do what `wangge divide` does, timed; return what came out."""
    rules = Rules()
    with clock.stage("read"):
        town = read_town(folder)
    engine.survey = clock.around("survey", survey)
    engine.make_blocks = clock.around("blocks", make_blocks)
    with clock.stage("divide"), spread_over(workers, lambda _done, _total: None) as spread:
        plan = engine.divide(town, rules, seed=1, spread=clock.spread(spread))
    with clock.stage("prove"):
        report = proven(plan, town)
    with clock.stage("map"):
        page = plan_page(plan_view(plan, town), lang="zh")
    with clock.stage("write"):
        write_plan(out, plan, town, report, pages={"map.html": page})
    return {**metrics(plan), "units": len(plan.units), "blocks": len(plan.blocks)}


def _one(folder: Path, workers: int) -> dict[str, Any]:
    """Measure one town in this process; kernels are loaded before, by a very small town."""
    with tempfile.TemporaryDirectory() as scratch:
        small = Path(scratch) / "small"
        write_sample(small, households=WARM_UP_HOUSEHOLDS, seed=1)
        warm = Clock()
        with warm.stage("all"):
            _divide_once(small, Path(scratch) / "small-plan", 1, Clock())
        clock = Clock()
        found = _divide_once(folder, Path(scratch) / "plan", workers, clock)
    mine, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu": clock.cpu,
        "wall": clock.wall,
        "total_cpu_s": sum(seconds for name, seconds in clock.cpu.items() if name not in {"survey", "blocks", "search"})
        + children.ru_utime
        + children.ru_stime,
        "total_wall_s": sum(s for name, s in clock.wall.items() if name not in {"survey", "blocks", "search"}),
        "warm_up_cpu_s": warm.cpu["all"],
        "peak_mb": max(mine.ru_maxrss, children.ru_maxrss) / 1024,
        "plan": found,
    }


def _in_own_process(arguments: list[str]) -> str:
    done = subprocess.run(  # noqa: S603 - this very script
        [sys.executable, __file__, *arguments], check=False, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout


def _measure(households: int, workers: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "town"
        before = perf_counter()
        _in_own_process(["--make", str(folder), "--sizes", str(households)])
        made = perf_counter() - before
        result = json.loads(_in_own_process(["--measure", str(folder), "--workers", str(workers)]))
    return {"households": households, "workers": workers, "made_wall_s": made, **result}


def _table(results: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the table: one row for each figure, one column for each size."""

    def row(title: str, say: Callable[[dict[str, Any]], str]) -> str:
        return "| " + " | ".join([title.ljust(34), *(say(r).rjust(11) for r in results)]) + " |"

    def share(value: float | None) -> str:
        return "–" if value is None else f"{100 * value:.1f} %"

    yield row("households", lambda r: f"{r['households']:,}")
    yield "|" + "|".join(["-" * 36, *(["-" * 12 + ":"] * len(results))]) + "|"
    for stage in STAGES:
        title = f"– of it {stage}" if stage in {"survey", "blocks", "search"} else stage
        yield row(f"{title}, CPU s", lambda r, stage=stage: f"{r['cpu'][stage]:.2f}")
    yield row("all, CPU s", lambda r: f"{r['total_cpu_s']:.1f}")
    yield row("all, wall s", lambda r: f"{r['total_wall_s']:.1f}")
    yield row("CPU ms per 1,000 households", lambda r: f"{1e6 * r['total_cpu_s'] / r['households']:.0f}")
    yield row("search, CPU ms per 1,000 hh", lambda r: f"{1e6 * r['cpu']['search'] / r['households']:.0f}")
    yield row("start: imports done to warm, CPU s", lambda r: f"{r['warm_up_cpu_s']:.2f}")
    yield row("peak memory, MB", lambda r: f"{r['peak_mb']:.0f}")
    yield row("units", lambda r: f"{r['plan']['units']:,}")
    yield row("blocks", lambda r: f"{r['plan']['blocks']:,}")
    yield row("grids", lambda r: f"{r['plan']['grids']:,}")
    yield row("in band", lambda r: share(r["plan"]["in_band_share"]))
    yield row("in band, without proven exceptions", lambda r: share(r["plan"]["feasible_in_band"]))
    yield row(
        "exceptions proven / not",
        lambda r: f"{r['plan']['exceptions_proven']} / {r['plan']['exceptions_unproven']}",
    )
    yield row("compounds cut, of those that fit", lambda r: f"{r['plan']['cut_compounds']} / {r['plan']['compounds']:,}")
    yield row("PP mean / least", lambda r: f"{r['plan']['compactness_mean']:.2f} / {r['plan']['compactness_least']:.2f}")
    yield row("clear borders", lambda r: share(r["plan"]["clear_borders"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,100000,1000000", help="numbers of households, with commas")
    parser.add_argument("--workers", type=int, default=1, help="processes that divide")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure every size and print the table."""
    wanted = _arguments()
    if wanted.make:
        write_sample(wanted.make, households=int(wanted.sizes), seed=1)
        return
    if wanted.measure:
        print(json.dumps(_one(wanted.measure, wanted.workers)))
        return
    results = []
    for size in wanted.sizes.split(","):
        results.append(_measure(int(size), wanted.workers))
        print(f"{int(size):,} households: {results[-1]['total_wall_s']:.0f} s", file=sys.stderr, flush=True)
    print(json.dumps(results, indent=2) if wanted.json else "\n".join(_table(results)))


if __name__ == "__main__":
    main()
