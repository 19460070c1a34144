"""The corridor on drawn towns: whatever goes in, every place and every household is in exactly one grid, proven."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gis.locate import NOWHERE
from gis.town import LineKind
from partition.engine import divide
from partition.prove import prove
from partition.rules import Rules
from tests.drawn import Drawing, Home, Line, certificate, sketch

WILD = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
KINDS = [kind for kind in LineKind if kind not in {LineKind.INSIDE, LineKind.COMMUNITY}]
CM = st.integers(-3, 3).map(lambda n: n / 100)


@st.composite
def points(draw, size):
    """A point: anywhere, on a corner, on an edge, or within 3 cm of one."""
    at = st.integers(0, size * 100).map(lambda n: n / 100)
    mark = st.sampled_from([0.0, size / 4, size / 2, size * 3 / 4, float(size)])
    x, y = (draw(st.one_of(at, mark, mark)) for _ in range(2))
    return x + draw(CM) * draw(st.booleans()), y + draw(CM) * draw(st.booleans())


@st.composite
def communities(draw, size):
    """Quarters of a square: some joined, some apart, with slivers or overlaps below a metre, an island, a lake."""
    half = size / 2
    off = draw(st.sampled_from([0.0, 0.0, 0.01, 0.3, 0.9, -0.01, -0.4, -0.9]))
    tilt = draw(st.sampled_from([0.0, 0.02, 0.5]))
    west = shapely.Polygon([(0, 0), (half - off / 2, 0), (half - off / 2 - tilt, size), (0, size)])
    east = shapely.Polygon([(half + off / 2, 0), (size, 0), (size, size), (half + off / 2, size)])
    found = {"A": west, "B": east}
    if draw(st.booleans()):
        found["A"] = shapely.union(west, shapely.box(-size / 3, 0, -size / 6, size / 5))
    if draw(st.booleans()):
        lake = shapely.Point(size * 0.75, half).buffer(size / 10, quad_segs=draw(st.integers(1, 3)))
        found["B"] = shapely.difference(found["B"], lake)
    if draw(st.booleans()):
        found["C"] = shapely.Polygon([(0, size), (size, size), (half, size + draw(st.sampled_from([0.5, 40.0])))])
    return found


@st.composite
def towns(draw):
    """A town with everything that real files have wrong."""
    size = draw(st.sampled_from([120, 400]))
    point = points(size)
    paths = draw(st.lists(st.lists(point, min_size=2, max_size=4, unique=True), max_size=8))
    paths += [[path[0], path[-1]] for path in paths[:2]] + [path[::-1] for path in paths[1:2]]
    lines = [Line(draw(st.sampled_from(KINDS)), path) for path in paths]
    if draw(st.booleans()):
        lines.append(Line(LineKind.RIVER, [(-9, size * 0.4), (size + 9, size * draw(st.sampled_from([0.4, 0.6])))]))
    spots = draw(st.lists(point, min_size=1, max_size=14))
    spots += spots[:2]
    homes = [
        Home(
            x,
            y,
            draw(st.sampled_from([0, 1, 40, 90, 130, 131, 200, 520])),
            building=draw(st.sampled_from(["", "", "", "T1", "T2"])),
        )
        for x, y in spots
    ]
    boxes = st.tuples(point, point).map(lambda pair: shapely.box(*np.minimum(*pair), *np.maximum(*pair)))
    solid = boxes.filter(lambda box: box.area > 4)
    return Drawing(
        draw(communities(size)),
        homes,
        lines,
        [(f"小区{k}", box) for k, box in enumerate(draw(st.lists(solid, max_size=2)))],
        [(f"园区{k}", box) for k, box in enumerate(draw(st.lists(solid, max_size=2)))],
    )


def check(town, plan):
    """Hold a plan against what must be true of every plan."""
    report = certificate(plan, town)
    assert report.clean, [finding.en for finding in report.findings]
    assert report.exact
    placed = plan.grid_of_household != NOWHERE
    assert placed[report.households.inside].all()
    assert not placed[report.households.outside].any()
    # A point on the line of two grids is the smaller block's to us and the smaller code's to the audit: it lies in both.
    for point in np.flatnonzero(report.households.grid != plan.grid_of_household).tolist():
        pair = plan.grids.polygon[[report.households.grid[point], plan.grid_of_household[point]]]
        assert shapely.touches(pair, shapely.Point(town.households.xy[point])).all()
    assert plan.grids.households.sum() == town.households.households[placed].sum()
    assert len(set(plan.grids.code)) == len(plan.grids)
    # A grid of a unit is one polygon; every grid out of the band says why.
    assert (shapely.get_type_id(plan.grids.polygon) == shapely.GeometryType.POLYGON).all()
    for grid, exception in enumerate(plan.grids.exception):
        assert (exception is not None) == (plan.grids.dedicated[grid] < 0 and not plan.grids.in_band[grid])


def buildings_cut(town, plan):
    """Return the buildings whose points touch face to face inside one community, yet lie in several grids."""
    found = []
    for name in set(town.households.building):
        mine = np.flatnonzero(np.array(town.households.building) == name)
        mine = mine[plan.grid_of_household[mine] != NOWHERE]
        face = plan.ground.household_face[mine]
        if len(set(plan.grid_of_household[mine].tolist())) > 1 and _together(plan, face):
            found.append(name)
    return found


def _together(plan, face):
    mesh, ground = plan.ground.mesh, plan.ground
    zone = set(zip(ground.community[face].tolist(), ground.dedicated[face].tolist(), strict=True))
    chosen = set(face.tolist())
    reached = {int(face[0])}
    for _ in chosen:
        for left, right in zip(mesh.left.tolist(), mesh.right.tolist(), strict=True):
            if {left, right} <= chosen and {left, right} & reached:
                reached |= {left, right}
    return len(zone) == 1 and reached == chosen


@WILD
@given(towns())
def test_every_town_is_divided_and_proven(drawing):
    """Lines at random, slivers, lakes, islands, doubled points: divided without error and proven by equality."""
    town = drawing.town()
    check(town, divide(town, Rules(), seed=1))


@WILD
@given(towns(), st.sampled_from(["persons", "any_of", "all_of"]), st.sampled_from([(), ("river",), ("river", "road")]))
def test_every_measure_and_hard_barrier_is_proven(drawing, measure, hard):
    """The same under every measure and with lines that no grid may span."""
    town = drawing.town()
    check(town, divide(town, Rules(measure=measure, hard_barriers=hard), seed=1))


@WILD
@given(towns())
def test_no_building_is_cut(drawing):
    """Points of one building in faces that hang together inside one community lie in one grid."""
    town = drawing.town()
    assert buildings_cut(town, divide(town, Rules(), seed=1)) == []


def test_a_long_building_is_not_cut():
    """A building with points in three faces in a row, listed ends first, is one block and lies in one grid."""
    drawing = sketch("A A A A A A")
    homes = [(0, 200, ""), (1, 100, "T"), (3, 100, "T"), (2, 100, "T"), (4, 100, ""), (5, 200, "")]
    drawing.homes = [Home(100 * k + 50, 50, count, building=name) for k, count, name in homes]
    town = drawing.town()
    plan = divide(town, Rules(), seed=1)
    assert len({plan.grid_of_household[k] for k in (1, 2, 3)}) == 1


def test_a_building_on_the_line_is_not_cut():
    """A building with one point on the line between two grids and one beside it lies in one grid."""
    drawing = sketch("A350 A350")
    drawing.homes += [Home(100, 50, 20, building="T"), Home(110, 50, 20, building="T"), Home(120, 50, 20, building="T")]
    plan = divide(drawing.town(), Rules(), seed=1)
    assert len(plan.grids) == 2
    assert len(set(plan.grid_of_household[-3:].tolist())) == 1


def test_the_small_town_of_the_domain():
    """600 m × 400 m, four compounds, a river, an office building, 1,100 households of which 520 in one tower."""
    drawing = Drawing({"370103016001": shapely.box(0, 0, 600, 400)})
    for k, (x, y) in enumerate([(20, 20), (320, 20), (20, 240), (320, 240)]):
        drawing.compounds.append((f"小区{k + 1}", shapely.box(x, y, x + 200, y + 140)))
        each = [12, 12, 12, 22][k]
        spots = [(x + 25 + 50 * i, y + 20 + 50 * j) for i in range(4) for j in range(3)]
        drawing.homes += [Home(px, py, each if k < 3 else each // 2 + 1) for px, py in spots[:10]]
    drawing.homes.append(Home(560, 60, 520, building="塔楼"))
    rest = 1100 - sum(home.households for home in drawing.homes)
    drawing.homes.append(Home(260, 320, rest))
    drawing.lines = [
        Line(LineKind.RIVER, [(-10, 200), (610, 205)], "清河"),
        Line(LineKind.ROAD, [(300, -10), (300, 410)], "中路"),
    ]
    drawing.dedicated = [("商务楼", shapely.box(530, 300, 590, 390))]
    town = drawing.town()
    plan = divide(town, Rules(), seed=1)
    check(town, plan)
    grids = plan.grids
    assert town.households.households.sum() == grids.households.sum() == 1100
    assert (grids.dedicated >= 0).sum() == 1
    assert grids.households[grids.dedicated >= 0].sum() == 0
    tower = int(plan.grid_of_household[-2])
    assert grids.exception[tower] is not None
    assert grids.exception[tower].proven
    assert all(e is None or e.proven for e in grids.exception)
    assert set(grids.code) == {f"370103016001{k:03}" for k in range(1, len(grids) + 1)}


def test_points_on_the_line_go_to_the_smaller_code():
    """A household on the border of two grids is counted in the one with the smaller code, and once."""
    drawing = sketch("A300 B300")
    drawing.homes.append(Home(100, 30, 7))
    town = drawing.town()
    plan = divide(town, Rules(), seed=1)
    check(town, plan)
    assert plan.grids.code[plan.grid_of_household[-1]] == "A-001"
    assert plan.grids.households.tolist() == [307, 300]


@pytest.mark.parametrize("codes", [("A", "B"), ("B", "A")])
@pytest.mark.parametrize("step", range(1, 60, 4))
def test_points_beside_a_slanted_line_are_where_the_snap_grid_has_them(codes, step):
    """On the 1 cm grid a line that slants passes beside its own points: maker and proof agree whose they are."""
    west = shapely.Polygon([(0, 0), (150, 0), (450, 100), (450, 300), (0, 300)])
    east = shapely.Polygon([(150, 0), (700, 0), (700, 300), (450, 300), (450, 100)])
    homes = [Home(x, 50 + 5 * n, 40) for x in (50, 600) for n in range(10)]
    slanted = Home(round(150 + 0.21 * step, 2), round(0.07 * step, 2), 40)
    town = Drawing(communities=dict(zip(codes, (west, east), strict=True)), homes=[*homes, slanted]).town()

    assert certificate(divide(town, Rules(), seed=1), town).clean


def test_households_outside_are_counted_apart():
    """A point in no community is in no grid, and a warning says how many households those are."""
    drawing = sketch("A300 A100 .")
    drawing.homes.append(Home(250, 50, 33))
    plan = divide(drawing.town(), Rules(), seed=1)
    assert plan.grid_of_household.tolist() == [0, 0, NOWHERE]
    (finding,) = plan.findings
    assert finding.kind == "households_outside"
    assert "33" in finding.en


def test_dedicated_areas_are_carved_out():
    """A dedicated area is a grid of its own with its own outline; who lives there is said in a warning."""
    drawing = sketch("A200 A200 A200 A200")
    drawing.dedicated = [("园区", shapely.box(150, 0, 250, 100))]
    drawing.homes = [Home(20, 50, 350), Home(200, 50, 12), Home(380, 50, 350)]
    town = drawing.town()
    plan = divide(town, Rules(), seed=1)
    check(town, plan)
    (office,) = np.flatnonzero(plan.grids.dedicated >= 0)
    assert plan.grids.area_m2[office] == pytest.approx(10_000)
    assert plan.grids.name[office] == "园区"
    assert plan.grids.households.tolist() == [350, 12, 350]
    assert [finding.kind for finding in plan.findings] == ["households_in_dedicated"]


def test_a_community_covered_by_a_dedicated_area():
    """A community that is nothing but an office park has that one grid and no exception."""
    drawing = sketch("A400 B")
    drawing.dedicated = [("园区", shapely.box(100, 0, 200, 100))]
    town = drawing.town()
    plan = divide(town, Rules(), seed=1)
    check(town, plan)
    assert plan.grids.dedicated.tolist() == [-1, 0]


def test_communities_too_thin_for_the_snap_grid():
    """A community of three points half a centimetre wide vanishes on the 1 cm grid; the plan of the others is written."""
    drawing = sketch("A400 B400")
    drawing.communities["C"] = shapely.Polygon([(0, 100), (200, 100), (100, 100.004)])
    town = drawing.town()
    assert shapely.is_empty(town.communities.polygon[2]) or town.communities.polygon[2].area == 0
    plan = divide(town, Rules(), seed=1)
    assert plan.grids.households.tolist() == [400, 400]
    assert prove(plan, town).clean


def test_a_community_covered_by_another():
    """Where the first of two overlapping communities takes all of the second, the second has no grid, and that is proven."""
    drawing = sketch("A400 A300")
    drawing.communities["B"] = shapely.box(20, 20, 60, 60)
    town = drawing.town()
    plan = divide(town, Rules(), seed=1)
    assert set(plan.grids.community.tolist()) == {0}
    assert prove(plan, town).clean


def test_neighbours_share_every_vertex():
    """Two communities drawn with different vertices on their common line have the same ones in the plan."""
    drawing = sketch("A400 B400", lines=None)
    drawing.lines = [Line(LineKind.ROAD, [(100, 37), (200, 37)]), Line(LineKind.ROAD, [(0, 61.3), (100, 61.3)])]
    plan = divide(drawing.town(), Rules(), seed=1)
    assert shapely.coverage_is_valid(plan.grids.polygon)
    assert shapely.coverage_is_valid(plan.community_polygon)
