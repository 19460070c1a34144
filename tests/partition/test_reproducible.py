"""The same town, rules and seed give the same bytes, whatever does the work and in whatever order lines were listed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from api.spread import spread_over
from data.plan_files import assignment, geojson
from data.sample import write_sample
from data.town import read_town
from partition.engine import divide
from partition.rules import Rules
from tests.drawn import certificate


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A sample town of two thousand households."""
    folder = tmp_path_factory.mktemp("sample") / "town"
    write_sample(folder, households=4000, seed=3)
    return read_town(folder)


@pytest.fixture(scope="module")
def plan(town):
    return divide(town, Rules(), seed=1)


def written(plan, town):
    """Return what has to be the same, byte for byte."""
    return geojson(plan, town), assignment(plan, town)


def test_again(plan, town):
    """Dividing twice gives the same bytes."""
    assert written(divide(town, Rules(), seed=1), town) == written(plan, town)


def test_results_may_come_from_anywhere(plan, town):
    """Units that are divided in another order, last first, give the same plan."""

    def backwards(function, tasks):
        return [function(task) for task in reversed(tasks)][::-1]

    assert written(divide(town, Rules(), seed=1, spread=backwards), town) == written(plan, town)


def test_the_order_of_lines_does_not_matter(plan, town):
    """The same barriers listed in another order give the same grids and the same assignment."""
    order = np.random.default_rng(1).permutation(len(town.barriers.line))
    barriers = replace(
        town.barriers,
        line=town.barriers.line[order],
        kind=town.barriers.kind[order],
        name=tuple(town.barriers.name[k] for k in order.tolist()),
    )
    other = divide(replace(town, barriers=barriers), Rules(), seed=1)
    assert assignment(other, town) == assignment(plan, town)
    assert [p.wkb for p in other.grids.polygon] == [p.wkb for p in plan.grids.polygon]


def test_another_seed_is_another_sound_plan(plan, town):
    """Another seed may give other grids, which are as sound and as complete."""
    other = divide(town, Rules(), seed=99)
    report = certificate(other, town)
    assert report.clean
    assert report.exact
    assert other.grids.households.sum() == plan.grids.households.sum()
    assert other.grids.in_band.sum() == pytest.approx(plan.grids.in_band.sum(), abs=1)


@pytest.mark.slow
def test_the_number_of_workers_does_not_matter(plan, town, monkeypatch):
    """One process and two give the same bytes."""
    monkeypatch.setattr("api.spread.WORTH_A_POOL", 2)
    with spread_over(2, lambda _done, _total: None) as spread:
        two = divide(town, Rules(), seed=1, spread=spread)
    assert written(two, town) == written(plan, town)
