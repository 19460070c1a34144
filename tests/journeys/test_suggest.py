"""A plan of a real town spoiled by careless painting, and won back: where the files lie beside the checkout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from data.town import read_town
from gis.locate import NOWHERE
from partition.engine import divide
from partition.rules import Rules
from partition.standing import Standing, measure
from partition.suggest import suggest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "singapore_towns"
RULES = Rules()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the Singapore towns do not lie beside the checkout"),
]


@pytest.fixture(scope="module")
def plan():
    town = read_town(FOLDER)
    chosen = [code for code in town.communities.code if code.startswith("TPSZ")]
    return divide(town, RULES, seed=1, communities=chosen)


@pytest.fixture(scope="module")
def clean(plan):
    return Standing(
        blocks=plan.blocks,
        grid=plan.grid_of_block,
        key=plan.grids.code,
        name=plan.grids.code,
        locked=np.zeros(len(plan.grids), dtype=bool),
        communities=plan.communities,
    )


@pytest.fixture(scope="module")
def spoiled(clean):
    """Return the plan after twenty strokes: up to three neighbouring blocks each, into a grid nearby or into none."""
    rng = np.random.default_rng(20)
    blocks, grid = clean.blocks, clean.grid.copy()
    lived_in = np.flatnonzero(clean.divided & (blocks.households > 0))
    for _ in range(20):
        stroke = [int(rng.choice(lived_in))]
        home = clean.divided & (blocks.community == blocks.community[stroke[0]])
        while len(stroke) < 3:
            beside = np.concatenate([blocks.a[np.isin(blocks.b, stroke)], blocks.b[np.isin(blocks.a, stroke)]])
            beside = np.setdiff1d(beside[home[beside]], stroke)
            if not len(beside):
                break
            stroke.append(int(rng.choice(beside)))
        grid[stroke] = rng.choice(np.append(np.unique(clean.grid[home]), NOWHERE))
    return replace(clean, grid=grid)


@pytest.fixture(scope="module")
def found(spoiled):
    return suggest(spoiled, RULES, seed=1)


def test_the_loss_is_won_back(clean, spoiled, found):
    """Nothing is in pieces or in no grid any more, the band is met as before, and all but a hundredth of the loss is back."""
    engine = measure(clean, clean.grid, len(clean.key), RULES)
    assert found.before.broken > 0
    assert found.before.unassigned > 0
    assert found.before.in_band < engine.in_band
    for proposal in found.proposals:
        assert (proposal.figures.broken, proposal.figures.unassigned) == (0, 0)
        missing = proposal.figures.grids - proposal.figures.in_band
        assert missing <= engine.grids - engine.in_band
        assert found.before.price - proposal.figures.price > 0.99 * (found.before.price - engine.price)
    assert spoiled.grid.tolist() != clean.grid.tolist()


def test_few_households_move(clean, spoiled, found):
    """To win it back takes fewer moves than painting had taken."""
    blocks = clean.blocks
    painted = int(blocks.households[clean.grid != spoiled.grid].sum())
    few = found.proposals[0].figures.households_moved
    assert 0 < few < painted


def test_every_grid_is_one_polygon(plan, found):
    """What is suggested is one polygon for each grid, by the geometry of the faces."""
    face = plan.ground.mesh.polygon
    for proposal in found.proposals:
        grid = proposal.grid[plan.blocks.of_face]
        residential = np.unique(proposal.grid[(plan.blocks.dedicated == NOWHERE) & (proposal.grid != NOWHERE)])
        shapes = [shapely.union_all(face[grid == g]) for g in residential.tolist()]
        assert {shape.geom_type for shape in shapes} == {"Polygon"}
