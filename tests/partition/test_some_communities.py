"""A plan of some communities of a town: the grids of everybody's plan, without the work for the others, proven as strictly."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from data.sample import write_quads, write_sample
from data.town import read_town
from gis.errors import BrokenPlan, NotFound
from gis.locate import NOWHERE
from gis.town import LineKind
from partition.engine import divide
from partition.net import Net, net_of
from partition.prove import prove
from partition.rules import Rules
from partition.score import metrics
from tests.drawn import Drawing, Home, Line, sketch
from tests.partition.test_engine import WILD, towns


def same(one: Net, other: Net) -> None:
    """Hold two nets against each other, every column and every bit."""
    for field in fields(Net):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        match field.name:
            case "polygon":
                assert [shape.wkb for shape in mine] == [shape.wkb for shape in theirs]
            case "outline":
                assert {code: shape.wkb for code, shape in mine.items()} == {code: shape.wkb for code, shape in theirs.items()}
            case _ if isinstance(mine, np.ndarray):
                assert mine.dtype == theirs.dtype
                assert mine.tobytes() == theirs.tobytes(), field.name
            case _:
                assert mine == theirs, field.name


def as_in_the_whole(town, whole, codes, rules):
    """Divide some communities, prove them, and hold them against the division of the whole town."""
    part = divide(town, rules, seed=whole.seed, communities=codes)
    report = prove(part, town)
    net, everything = net_of(part, town), net_of(whole, town)
    same(net, everything.take([row for row, code in enumerate(everything.community) if code in codes]))
    assert [proven.code for proven in report.communities] == list(net.outline)
    theirs = np.isin(np.array(town.communities.code)[whole.grids.community], list(codes))
    assert part.grids.in_band.tolist() == whole.grids.in_band[theirs].tolist()
    assert part.units == tuple(unit for unit in whole.units if town.communities.code[unit.community] in codes)
    subjects = {*codes, *part.grids.code}
    assert part.findings == tuple(finding for finding in whole.findings if finding.subject in subjects)
    return part


@pytest.fixture(scope="module", params=["sample 3", "sample 8", "quads 7", "hard quads 21"])
def town(request, tmp_path_factory):
    """A sample town with compounds and dedicated areas, some across the lines of communities."""
    folder = tmp_path_factory.mktemp("some") / "town"
    *kind, seed = request.param.split()
    if kind == ["sample"]:
        write_sample(folder, households=15_000, seed=int(seed))
    else:
        write_quads(folder, columns=3, rows=2, seed=int(seed), hard="hard" in kind)
    return read_town(folder)


def test_every_community_of_a_sample_town_alone(town):
    """Each community, divided alone, has bit for bit the grids, codes, figures, bounds and reasons of the whole town's plan."""
    whole = divide(town, Rules(), seed=4)
    for code in town.communities.code:
        as_in_the_whole(town, whole, [code], Rules())


def test_several_communities_and_all_of_them(town):
    """The same holds for communities that lie apart; all of them, in any order, are the plan of the town with its figures."""
    rules = Rules(measure="any_of")
    whole = divide(town, rules, seed=5)
    codes = town.communities.code
    as_in_the_whole(town, whole, codes[::2], rules)
    every = divide(town, rules, seed=5, communities=codes[::-1])
    same(net_of(every, town), net_of(whole, town))
    assert (metrics(every), every.findings) == (metrics(whole), whole.findings)


@WILD
@given(towns(), st.booleans())
def test_every_community_of_every_town_alone(drawing, named):
    """Slivers, overlaps, islands, lakes, doubled points, points on lines, no names: still the same, and proven."""
    town = drawing.town()
    if not named:
        town = replace(town, communities=replace(town.communities, name=("",) * len(town.communities.code)))
    whole = divide(town, Rules(), seed=1)
    for code in town.communities.code:
        as_in_the_whole(town, whole, [code], Rules())


def test_only_what_is_wanted_is_divided(town):
    """The units of the other communities are no tasks, so that nobody waits for them."""
    asked = []

    def watched(function, tasks):
        asked.extend(tasks)
        return map(function, tasks)

    last = town.communities.code[-1]
    part = divide(town, Rules(), seed=1, communities=[last], spread=watched)
    homes = town.households.households[part.grid_of_household != NOWHERE].sum()
    assert len(asked) == len(part.units) > 0
    assert sum(int(task.unit.households.sum()) for task in asked) <= homes < town.households.households.sum() / 3


@pytest.mark.parametrize("first", ["A", "C"])
def test_points_on_the_line_are_one_communitys(first):
    """Households on the line between two communities are those of the smaller code, whichever is divided or listed first."""
    drawing = sketch(f"{first}300 B300")
    drawing.communities = {code: drawing.communities[code] for code in (first, "B")}
    drawing.homes.append(Home(100, 30, 7))
    town = drawing.town()
    alone = {code: divide(town, Rules(), seed=1, communities=[code]) for code in town.communities.code}
    for plan in alone.values():
        assert prove(plan, town).clean
    assert {code: int(plan.grids.households.sum()) for code, plan in alone.items()} == {
        min(first, "B"): 307,
        max(first, "B"): 300,
    }


def test_beyond_the_line_lies_the_neighbour():
    """Where no street runs a grid is bounded by the neighbouring community, by its name, else its code, divided or not."""
    drawing = sketch("A400 B200 B200", lines=None)
    drawing.lines = [Line(LineKind.WALL, [(200, 0), (200, 100)])]
    town = drawing.town()
    for name, told in (("东村", "东村"), ("", "B")):
        called = replace(town, communities=replace(town.communities, name=("西村", name)))
        for communities in (["A"], None):
            plan = divide(called, Rules(), seed=1, communities=communities)
            assert plan.grids.bounds[0].east == told


def test_compounds_across_the_line_are_cut_by_it():
    """A compound that reaches into a neighbour counts whole where grids are sought, and in no figure of either plan."""
    drawing = sketch("A200 A200 B200 B200")
    drawing.compounds = [("甲", shapely.box(0, 0, 100, 100)), ("乙", shapely.box(100, 0, 300, 100))]
    town = drawing.town()
    found = {code: metrics(divide(town, Rules(), seed=1, communities=[code]))["compounds"] for code in "AB"}
    assert found == {"A": 1, "B": 0}
    assert metrics(divide(town, Rules(), seed=1))["compounds"] == 1


def test_households_outside_are_the_towns_to_tell():
    """How many live in no community is said in the plan of the town, not in that of one community."""
    drawing = sketch("A400 B400 .")
    drawing.homes.append(Home(250, 50, 33))
    town = drawing.town()
    assert divide(town, Rules(), seed=1, communities=["A"]).findings == ()
    assert [f.kind for f in divide(town, Rules(), seed=1, communities=["A", "B"]).findings] == ["households_outside"]


def test_a_community_that_is_not_there():
    """Codes that the town does not have are refused by name, before any work."""
    with pytest.raises(NotFound) as told:
        divide(sketch("A400 B400").town(), Rules(), seed=1, communities=["Z", "A", "X"])
    assert told.value.extra == {"communities": ["X", "Z"]}


def test_a_community_of_which_nothing_is_left():
    """The plan of a community too thin for the snap grid has no grid and says why; that of another is silent."""
    drawing = sketch("A400 B400")
    drawing.communities["C"] = shapely.Polygon([(0, 100), (200, 100), (100, 100.004)])
    town = drawing.town()
    nothing = divide(town, Rules(), seed=1, communities=["C"])
    assert len(nothing.grids) == len(net_of(nothing, town).outline) == len(prove(nothing, town).communities) == 0
    assert [(finding.kind, finding.subject) for finding in nothing.findings] == [("community_vanished", "C")]
    assert divide(town, Rules(), seed=1, communities=["A"]).findings == ()


# --- the proof looks everywhere ---------------------------------------------------------------------------------------------


@pytest.fixture
def sound():
    """A town of two communities and the plan of its second, which has two grids."""
    town = sketch("A400 B200 B200 B200 B200").town()
    plan = divide(town, Rules(), seed=1, communities=["B"])
    assert prove(plan, town).exact
    assert len(plan.grids) == 2
    return town, plan


def spoilt(plan, **columns):
    """Return a plan with other columns of grids."""
    return replace(plan, grids=replace(plan.grids, **columns))


def refused(plan, town):
    """Return the kinds of the findings for which a plan is refused."""
    with pytest.raises(BrokenPlan) as told:
        prove(plan, town)
    return {finding.kind for finding in told.value.findings}


def test_a_gap_at_the_line_to_the_neighbour_is_found(sound):
    """A grid that stops a centimetre before the line to a community that is not divided leaves a gap there."""
    town, plan = sound
    west, _, _, _ = shapely.total_bounds(plan.grids.polygon)
    moved = shapely.transform(plan.grids.polygon, lambda xy: np.where(xy == [west, -1.0], xy + 0.01, xy))
    assert "gap" in refused(spoilt(plan, polygon=moved), town)


def test_an_overlap_into_the_neighbour_is_found(sound):
    """A grid that reaches a centimetre over the line to a community that is not divided is outside its own."""
    town, plan = sound
    west, _, _, _ = shapely.total_bounds(plan.grids.polygon)
    moved = shapely.transform(plan.grids.polygon, lambda xy: np.where(xy == [west, -1.0], xy - 0.01, xy))
    assert refused(spoilt(plan, polygon=moved), town) == {"spill_over"}


def test_a_missing_grid_is_found(sound):
    """A community none of whose ground is in a grid is wholly missing, not a community that was not divided."""
    town, plan = sound
    nothing = divide(town, Rules(), seed=1, communities=[])
    assert "missing_grid" in refused(replace(nothing, communities=plan.communities), town)


def test_households_that_the_plan_forgets_are_found(sound):
    """A point inside the community counts whatever the plan says of it: a grid that leaves it out is wrong by its number."""
    town, plan = sound
    home = np.flatnonzero(plan.grid_of_household == 0)[0]
    of_household, counted = plan.grid_of_household.copy(), plan.grids.households.copy()
    of_household[home] = NOWHERE
    counted[0] -= town.households.households[home]
    forgot = replace(spoilt(plan, households=counted), grid_of_household=of_household)
    assert "wrong_count" in refused(forgot, town)


def test_a_grid_out_of_the_band_needs_its_reason(sound):
    """Without an exception a grid out of the band breaks the plan of one community as it breaks that of a town."""
    town, _ = sound
    rules = Rules(minimum=900, target=1000, maximum=1100)
    plan = divide(town, rules, seed=1, communities=["B"])
    assert None not in plan.grids.exception
    assert prove(plan, town).clean
    assert "out_of_band" in refused(spoilt(plan, exception=(None,) * len(plan.grids)), town)


def test_nothing_is_divided_where_nothing_is_wanted():
    """No communities make an empty plan, not a plan of all."""
    town = Drawing({"A": shapely.box(0, 0, 100, 100)}, [Home(50, 50, 400)]).town()
    assert len(divide(town, Rules(), seed=1, communities=[]).grids) == 0
