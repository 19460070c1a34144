"""Sample towns: invented Chinese towns of any size, with everything that makes dividing hard.

The same numbers give the same bytes. Only the names and the nine-digit codes of the streets are real.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.samples.files import lake_outline, town_files, write_folder
from data.samples.ground import lay_ground
from data.samples.homes import build_homes
from data.samples.plan import SamplePlan, plan_for, plan_quads
from data.samples.uses import settle

if TYPE_CHECKING:
    from pathlib import Path

SHARED_DOORS = 0.08


def write_sample(folder: Path, *, households: int, seed: int) -> None:
    """Write a town of exactly `households` households.

    Superblocks between arterial roads are the communities. A town has compounds with lanes, a river, towers, a business
    park, a lake, land without households, and from 15,000 households on a community where nobody lives.

    Parameters
    ----------
    folder
        Where to; made whole or not at all. A sample town that lies there is replaced, anything else is left alone.
    households
        Number of households, from 1,000 on.
    seed
        The same seed and number give the same bytes.

    Raises
    ------
    InputError
        When `households` is too small or too large, or something else lies at `folder`.
    """
    plan = plan_for(households)
    _write(folder, plan, seed, f"示例城 {households:,} 户", f"write_sample(households={households}, seed={seed})")


def write_quads(folder: Path, *, columns: int, rows: int, seed: int, hard: bool = False) -> None:
    """Write a town of `columns` by `rows` superblocks, each one community of about 2,500 households.

    The benchmark towns are 5 by 4 with seed 7 and 14 by 10 with seed 21.

    Parameters
    ----------
    folder
        Where to; made whole or not at all. A sample town that lies there is replaced, anything else is left alone.
    columns, rows
        Number of superblocks from west to east and from south to north.
    seed
        The same seed and numbers give the same bytes.
    hard
        Send the river through most columns and a railway through one.

    Raises
    ------
    InputError
        When there would be too few or too many superblocks, or something else lies at `folder`.
    """
    plan = plan_quads(columns, rows, hard=hard)
    made = f"write_quads(columns={columns}, rows={rows}, seed={seed}, hard={hard})"
    _write(folder, plan, seed, f"示例城 {columns}×{rows}", made)


def _write(folder: Path, plan: SamplePlan, seed: int, name: str, made: str) -> None:
    rng = np.random.default_rng(seed)
    ground = lay_ground(plan, rng)
    parcels = settle(ground, plan, rng)
    homes = build_homes(ground, parcels, rng, shared=SHARED_DOORS if plan.rich else 0.0)
    lake = lake_outline(ground, parcels, rng)
    write_folder(folder, town_files(ground, parcels, homes, lake, name=name, made=made))
