"""A net drawn anew: what need not change does not, codes go on, nothing is lost, and what was wrong is mended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from data.plan_files import geojson
from gis.errors import NotFound
from gis.town import read_only
from partition.engine import divide
from partition.prove import prove
from partition.redraw import OldNet, redraw
from partition.rules import Rules
from tests.drawn import ORIGIN, sketch

RULES = Rules()
A, B = "370103016001", "370103016002"
TOWN = """A200 A200 A200 A200 B200 B200
A200 A200 A200 A200 B200 B200
A200 A200 A200 A200 B200 B200
A200 A200 A200 A200 B200 B200"""


def town_of(text=TOWN, dedicated=None):
    """Make a town of two communities with codes."""
    drawing = sketch(text)
    drawing.communities = {{"A": A, "B": B}[name]: shape for name, shape in drawing.communities.items()}
    if dedicated is not None:
        drawing.dedicated = [("产业园", dedicated)]
    return drawing.town()


def old_of(plan):
    """Return a plan as the net that there is."""
    grids = plan.grids
    return OldNet(code=grids.code, name=grids.name, dedicated=grids.dedicated >= 0, polygon=grids.polygon)


def with_households(town, change):
    """Return the town with other numbers of households: `change(x, y, n)`, by the place in the drawing."""
    homes = town.households
    at = homes.xy - np.array(ORIGIN)
    many = [change(x, y, n) for (x, y), n in zip(at.tolist(), homes.households.tolist(), strict=True)]
    return replace(town, households=replace(homes, households=read_only(np.array(many))))


def proven(drawn, level):
    """Return a way's plan, after its proof."""
    plan = drawn.plan(level)
    prove(plan, drawn.town)
    return plan


def boxes(*cells):
    """Return rectangles of a drawing (columns and rows from the south-west, in cells) in the frame."""
    x, y = ORIGIN
    made = [shapely.box(x + a * 100, y + b * 100, x + c * 100, y + d * 100) for a, b, c, d in cells]
    return np.array(made, dtype=object)


def test_what_need_not_change_is_the_same_byte_for_byte():
    """A plan of a town that has not changed comes out as it went in: codes, names, order and every coordinate."""
    town = town_of(dedicated=shapely.box(0, 300, 200, 400))
    plan = divide(town, RULES, seed=1)
    drawn = redraw(town, old_of(plan), RULES, seed=1)
    assert drawn.options[0].level == "kept"
    assert drawn.options[0].figures.households_moved == drawn.astray == drawn.nowhere == 0
    assert geojson(proven(drawn, "kept"), town) == geojson(plan, town)


def test_where_people_came_a_grid_is_split_and_the_others_stay():
    """Where a block of houses was rebuilt, grids are in the band again; codes go on, and a new grid has a code of its own."""
    town = town_of()
    plan = divide(town, RULES, seed=1)
    now = with_households(town, lambda x, y, n: 400 if x < 200 and y < 100 else n)
    drawn = redraw(now, old_of(plan), RULES, seed=1)
    made = proven(drawn, drawn.options[drawn.advised].level)
    assert made.grids.in_band.all()
    assert set(plan.grids.code) <= set(made.grids.code)
    before, after = (dict(zip(p.grids.code, p.grids.polygon, strict=True)) for p in (plan, made))
    assert all(before[code].equals(after[code]) for code in before if code.startswith(B))
    names = dict(zip(plan.grids.code, plan.grids.name, strict=True))
    assert all(names.get(code, name) == name for code, name in zip(made.grids.code, made.grids.name, strict=True))
    assert len(set(made.grids.name)) == len(made.grids.name)


def test_where_people_left_grids_are_merged_and_no_code_is_given_again():
    """Where houses were torn down, a grid is given up; its code goes to nobody."""
    town = town_of()
    plan = divide(town, RULES, seed=1)
    now = with_households(town, lambda x, _y, n: n // 2 if x < 400 else n)
    drawn = redraw(now, old_of(plan), RULES, seed=1)
    made = proven(drawn, drawn.options[drawn.advised].level)
    assert made.grids.in_band.all()
    assert len(made.grids) < len(plan.grids)
    assert set(made.grids.code) <= set(plan.grids.code)


def test_a_locked_grid_stays():
    """No block leaves a locked grid or comes into it, whatever that costs."""
    town = town_of()
    plan = divide(town, RULES, seed=1)
    now = with_households(town, lambda x, y, n: 400 if x < 200 and y < 100 else n)
    corner = shapely.Point(ORIGIN[0] + 50, ORIGIN[1] + 50)
    code = next(c for c, shape in zip(plan.grids.code, plan.grids.polygon, strict=True) if shape.covers(corner))
    drawn = redraw(now, old_of(plan), RULES, seed=1, locked=[code])
    before = dict(zip(plan.grids.code, plan.grids.polygon, strict=True))[code]
    for option in drawn.options:
        made = proven(drawn, option.level)
        assert before.equals(dict(zip(made.grids.code, made.grids.polygon, strict=True))[code])


def test_grids_that_are_not_there_cannot_be_locked():
    """All codes that nobody has are named."""
    town = town_of()
    old = old_of(divide(town, RULES, seed=1))
    with pytest.raises(NotFound, match="X1, X2"):
        redraw(town, old, RULES, seed=1, locked=["X2", "X1", old.code[0]])


def test_a_way_that_is_beaten_is_not_there():
    """A way that no other is worse than is not offered, and asking for it is an answer that says which there are."""
    town = town_of()
    drawn = redraw(town, old_of(divide(town, RULES, seed=1)), RULES, seed=1)
    with pytest.raises(NotFound, match="there are kept"):
        drawn.plan("few" if all(each.level != "few" for each in drawn.options) else "none")


def test_a_hand_drawn_layer_is_adopted():
    """Gaps, overlaps, lines through houses and a grid across the community line become whole grids that cover everything."""
    town = town_of()
    old = OldNet.of(
        [f"{A}001", f"{A}002", f"{B}001", "手绘"],
        [False] * 4,
        boxes((0, 0, 1.9, 2), (1.7, 0, 4, 2), (3.8, 2, 6, 4), (0, 2.2, 3, 4)),
    )
    drawn = redraw(town, old, RULES, seed=1)
    for option in drawn.options:
        made = proven(drawn, option.level)
        assert made.grids.households.sum() == town.households.households.sum()
        assert (made.grid_of_household >= 0).all()
    assert drawn.nowhere > 0
    best = proven(drawn, drawn.options[drawn.advised].level)
    assert best.grids.in_band.all()
    # What was drawn without a code of the community is numbered anew.
    assert "手绘" not in best.grids.code


def test_dedicated_grids_go_on():
    """A dedicated area that is still there keeps its grid's code, whatever number it had."""
    town = town_of(dedicated=shapely.box(0, 300, 100, 400))
    old = old_of(divide(town, RULES, seed=1))
    there = int(np.flatnonzero(old.dedicated)[0])
    codes = [*old.code[:there], f"{A}777", *old.code[there + 1 :]]
    made = proven(redraw(town, replace(old, code=tuple(codes)), RULES, seed=1), "kept")
    assert made.grids.code[int(np.flatnonzero(made.grids.dedicated >= 0)[0])] == f"{A}777"


@given(st.integers(0, 10**6))
@settings(max_examples=12, deadline=None)
def test_whatever_was_drawn_nothing_is_lost(seed):
    """Whatever rectangles somebody drew, every way is a proven plan with every household once; fewer moves come first."""
    rng = np.random.default_rng(seed)
    town = with_households(town_of(), lambda _x, _y, _n: int(rng.integers(0, 400)))
    corners = rng.uniform(0, 4, size=(int(rng.integers(1, 6)), 2))
    cells = [(x, y, x + w, y + h) for (x, y), (w, h) in zip(corners, rng.uniform(0.3, 3, corners.shape), strict=True)]
    old = OldNet.of([f"{A}{k:03}" for k in range(1, len(cells) + 1)], [False] * len(cells), boxes(*cells))
    drawn = redraw(town, old, RULES, seed=1)
    moved = [option.figures.households_moved for option in drawn.options]
    assert moved == sorted(moved)
    for option in drawn.options:
        made = proven(drawn, option.level)
        assert made.grids.households.sum() == town.households.households.sum()
        assert len(set(made.grids.code)) == len(made.grids.code)
