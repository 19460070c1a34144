"""Divide a town with wangge and with the peers on PyPI: the same blocks, the same units, one scoring function.

Run it as `python benchmarks/peers.py --town town20`, or as
`python benchmarks/peers.py --town city140 --peers ours,metis,metis100+C`.
"""

# ruff: noqa: E402 - the number of threads is said before numpy is loaded

from __future__ import annotations

import os

# One core, whoever runs.
for _threads in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{_threads}_NUM_THREADS"] = "1"

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
from instance import TOWNS, Instance, PlanningUnit, Score, load, score
from rivals import PEERS, GaveUp

from partition.rules import Rules
from partition.search.solve import divide_unit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from numpy.typing import NDArray

OURS = "ours"
AGAIN_UNDER_S = 8.0
"""A run that takes less CPU time than this is repeated, up to `TIMES` times; the median counts."""
TIMES = 3


class OutOfTimeError(Exception):
    """A peer used up its CPU seconds for one unit."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one partitioner did to the whole town; units where it failed stay one grid each."""

    name: str
    title: str
    cpu_s: float
    ratio: float
    slowest_unit_s: float
    gave_up: int
    out_of_time: int
    score: Score


@contextmanager
def _time_box(seconds: float) -> Iterator[None]:
    """Raise `OutOfTimeError` inside the block when it has used `seconds` of CPU time."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _ours(unit: PlanningUnit, rules: Rules, seed: int) -> NDArray[np.int64]:
    return divide_unit(unit.unit, rules, seed=seed).grid


def _divide(name: str, instance: Instance, seconds: float) -> tuple[list[NDArray[np.int64]], list[float], list[str]]:
    """Divide every unit once; return the divisions, the CPU seconds of each, and how those that failed did."""
    method = _ours if name == OURS else PEERS[name].method
    divisions, spent, failed = [], [], []
    for index, unit in enumerate(instance.units):
        before = process_time()
        try:
            with _time_box(seconds):
                division = method(unit, instance.rules, index + 1)
        except (GaveUp, OutOfTimeError) as failure:
            division = np.zeros(len(unit), dtype=np.int64)
            failed.append(type(failure).__name__)
        spent.append(process_time() - before)
        divisions.append(division)
    return divisions, spent, failed


def _run(name: str, instance: Instance, seconds: float, base_s: float | None) -> Row:
    runs = [_divide(name, instance, seconds)]
    while sum(runs[0][1]) < AGAIN_UNDER_S and len(runs) < TIMES:
        runs.append(_divide(name, instance, seconds))
    divisions, spent, failed = sorted(runs, key=lambda run: sum(run[1]))[len(runs) // 2]
    cpu = sum(spent)
    title = "wangge" if name == OURS else PEERS[name].title
    gave_up, late = failed.count(GaveUp.__name__), failed.count(OutOfTimeError.__name__)
    return Row(name, title, cpu, cpu / (base_s or cpu), max(spent), gave_up, late, score(instance, divisions))


def _warm_up(instance: Instance) -> float:
    """Divide the smallest units once so that every kernel is loaded; return the CPU seconds that took."""
    before = process_time()
    for unit in sorted(instance.units, key=len)[:3]:
        _ours(unit, instance.rules, 1)
    return process_time() - before


def _cold_start(town: str) -> float:
    """Return the CPU seconds of the first units in a new process without compiled kernels."""
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(  # noqa: S603 - this very script
            [sys.executable, __file__, "--town", town, "--first-units"],
            env={**os.environ, "NUMBA_CACHE_DIR": cache},
            check=True,
            capture_output=True,
            text=True,
        )
    return float(done.stdout)


HEAD = (
    ("peer", 34),
    ("CPU s", 8),
    ("× ours", 8),
    ("grids", 6),
    ("in band", 8),
    ("dev mean/max", 13),
    ("apart", 6),
    ("PP mean/min", 12),
    ("clear", 6),
    ("cut", 5),
    ("failed", 10),
)


def _cells(row: Row) -> list[str]:
    s = row.score
    return [
        row.title,
        f"{row.cpu_s:.2f}",
        f"{row.ratio:.3g}",
        str(s.grids),
        f"{100 * s.in_band:.1f} %",
        f"{s.mean_deviation:.0f} / {s.largest_deviation}",
        str(s.apart),
        f"{s.compact_mean:.2f} / {s.compact_least:.2f}",
        f"{100 * s.clear:.0f} %",
        str(s.cut),
        f"{row.gave_up}" + (f" + {row.out_of_time} late" if row.out_of_time else ""),
    ]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, (_, width) in zip(cells, HEAD, strict=True)) + " |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--town", default="town20", help=f"{', '.join(TOWNS)}, or the folder of a town")
    parser.add_argument("--peers", default="all", help=f"all, fast, or some of {OURS}, {', '.join(PEERS)}")
    parser.add_argument("--seconds", type=float, default=120.0, help="CPU seconds that anybody may take for one unit")
    parser.add_argument("--no-cold", action="store_true", help="do not measure the start without compiled kernels")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    parser.add_argument("--first-units", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _chosen(text: str) -> list[str]:
    """Return the names of who runs; ours always does, and first."""
    if text in {"all", "fast"}:
        names = [name for name, peer in PEERS.items() if text == "all" or not peer.slow]
    else:
        names = [name for name in text.split(",") if name != OURS]
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        raise SystemExit(f"no such peer: {', '.join(unknown)}; there are {OURS}, {', '.join(PEERS)}")
    return [OURS, *names]


def main() -> None:
    """Run everybody and print the table."""
    wanted = _arguments()
    instance = load(wanted.town, Rules())
    if wanted.first_units:
        print(_warm_up(instance))
        return
    names = _chosen(wanted.peers)
    cold = None if wanted.no_cold else _cold_start(wanted.town)
    loaded = _warm_up(instance)
    undivided = score(instance, [np.zeros(len(unit), dtype=np.int64) for unit in instance.units])
    about = {
        "town": instance.name,
        "units": len(instance.units),
        "blocks": sum(len(unit) for unit in instance.units),
        "households": int(sum(unit.households.sum() for unit in instance.units)),
        "units_impossible_by_totals": sum(not unit.possible for unit in instance.units),
        "compounds_that_fit": undivided.fitting,
        "compounds_cut_by_the_units": undivided.cut,
        "first_units_cold_s": cold,
        "first_units_cached_s": loaded,
    }
    if not wanted.json:
        print(", ".join(f"{k} {round(v, 2) if isinstance(v, float) else v}" for k, v in about.items()))
        print(_line([title for title, _ in HEAD]))
        print("|" + "|".join("-" * (width + 2) for _, width in HEAD) + "|")
    rows: list[Row] = []
    for name in names:
        rows.append(_run(name, instance, wanted.seconds, rows[0].cpu_s if rows else None))
        if not wanted.json:
            print(_line(_cells(rows[-1])), flush=True)
    if wanted.json:
        print(json.dumps({**about, "rows": [asdict(row) for row in rows]}, indent=2))


if __name__ == "__main__":
    main()
