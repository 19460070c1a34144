"""The pure-integer part of the audit: rings, matching, tangles, and where points lie."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import partition.audit
import partition.audit_findings
import partition.audit_households
import partition.audit_layers
import partition.audit_tally
import partition.certificate
import partition.defect
import partition.nearness
import partition.soundness
from partition.certificate import (
    REACH_CM,
    Fault,
    area2_of,
    locate,
    match,
    met_once,
    net_of,
    origin_of,
    repeated_points,
    rings_of,
    side,
    stray_holes,
    tangle_of,
)
from partition.nearness import covered, deviation
from tests.strategies import polygons, tilings

QUICK = settings(max_examples=60, deadline=None, derandomize=True)
SQUARE = [(0, 0), (10, 0), (10, 10), (0, 10)]
NO_ORIGIN = np.zeros(2, dtype=np.int64)


def rings(*grids):
    """Read grids, each a list of rings in centimetres, around 0, 0."""
    return rings_of(polygons(grids), NO_ORIGIN)[0]


def net(grids, community=()):
    return net_of(rings(*grids), rings(*community))


def square(x, y, size=10):
    return [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]


@pytest.mark.parametrize(
    "module",
    [
        partition.audit,
        partition.audit_findings,
        partition.audit_households,
        partition.audit_layers,
        partition.audit_tally,
        partition.certificate,
        partition.defect,
        partition.nearness,
        partition.soundness,
    ],
    ids=lambda module: module.__name__,
)
def test_the_proof_shares_nothing_with_the_maker(module):
    """Of the house, the audit imports errors, findings, centimetres, the town's records, rules, and itself."""
    allowed = {"gis.errors", "gis.finding", "gis.frame", "gis.town", "partition.rules"}
    audit = {"audit", "audit_findings", "audit_households", "audit_layers", "audit_tally", "audit_words"}
    own = {f"partition.{name}" for name in audit | {"certificate", "defect", "nearness", "soundness"}}
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in imported if name.split(".")[0] in {"gis", "partition"}} <= allowed | own


def test_rings_are_turned_with_the_inside_on_the_left():
    """Outer rings run counter-clockwise and holes clockwise, however they were written."""
    hole = square(2, 2, 5)
    for outer in (SQUARE, SQUARE[::-1]):
        for inner in (hole, hole[::-1]):
            read = rings([outer, inner])
            assert area2_of(read).tolist() == [2 * (100 - 25)]
            assert read.hole.tolist() == [False] * 4 + [True] * 4
            # Each edge goes on where the one before it ended.
            assert (read.end[:3] == read.start[1:4]).all()
            assert (read.end[4:7] == read.start[5:]).all()


def test_coordinates_are_rounded_and_repeated_points_dropped():
    """A ring with every point twice, a few millimetres off, is the ring on the lattice."""
    twice = [(x + shift, y) for x, y in SQUARE for shift in (0, 0.3)]
    assert len(rings([twice])) == 4


def test_what_cannot_be_read_has_a_fault_and_no_rows():
    """Nothing, lines, far places and slivers below a centimetre are told apart."""
    layer = np.array(
        [
            None,
            shapely.Point(1, 1),
            shapely.Polygon(),
            shapely.from_wkt("POLYGON ((0 0, inf 1, 1 1, 0 0))"),
            shapely.Polygon([(0, 0), (1e9, 0), (0, 1)]),
            shapely.Polygon([(0, 0), (0.004, 0), (0, 0.004)]),
            shapely.Polygon([(0, 0), (1, 0), (0, 1)]),
        ],
        dtype=object,
    )
    read, fault = rings_of(layer, NO_ORIGIN)
    assert [Fault(f).name for f in fault] == [
        "NO_POLYGON",
        "NO_POLYGON",
        "NO_POLYGON",
        "NOT_FINITE",
        "OUT_OF_REACH",
        "COLLAPSED",
        "NONE",
    ]
    assert set(read.polygon.tolist()) == {6}


def test_areas_are_exact_at_the_end_of_reach():
    """A square as large as reach allows has its area to the last square centimetre."""
    read = rings([[(-REACH_CM, -REACH_CM), (REACH_CM, -REACH_CM), (REACH_CM, REACH_CM), (-REACH_CM, REACH_CM - 1)]])
    assert area2_of(read).tolist() == [2 * (2 * REACH_CM) ** 2 - 2 * REACH_CM]
    inside = side(np.array([[0, REACH_CM - 1], [-REACH_CM, REACH_CM]]), read.start, read.end)
    assert inside.tolist() == [1, -1]


def test_the_origin_makes_a_far_town_near():
    """Around their middle, coordinates of 4,000 km are small numbers."""
    layer = polygons([[[(50_000_000 + x, 400_000_000 + y) for x, y in SQUARE]]])
    read, _ = rings_of(layer, origin_of(layer))
    assert np.abs(read.start).max() <= 10


def test_matching_counts_inner_and_outer_edges():
    """Two squares side by side: one edge between them, six on the line."""
    both = net([[square(0, 0)], [square(10, 0)]], [[[(0, 0), (10, 0), (20, 0), (20, 10), (10, 10), (0, 10)]]])
    matching = match(both, np.array([0, 0]), 1)
    assert matching.grid.all()
    assert matching.community.all()
    assert (matching.inner.tolist(), matching.outer.tolist()) == ([1], [6])


def test_grids_of_different_communities_do_not_match():
    """The edge between them must be on both communities' lines."""
    both = net([[square(0, 0)], [square(10, 0)]], [[square(0, 0)], [square(10, 0)]])
    assert match(both, np.array([0, 1]), 2).grid.all()
    assert match(both, np.array([0, -1]), 2).grid.tolist() == [True] * 4 + [False] * 4
    assert match(both, np.array([1, 0]), 2).grid.sum() == 0


def test_an_edge_that_is_there_twice_matches_nothing():
    """Neither the copies nor their neighbour are met once."""
    three = net([[square(0, 0)], [square(10, 0)], [square(10, 0)]])
    met, twice = met_once(three.grid_edge, three.grid_forward)
    assert met.tolist() == [False] * 4 + [False, False, False, True] * 2
    assert twice.tolist() == [False] * 4 + [True] * 8


def test_a_tangle_is_a_crossing_or_a_touch():
    """Edges that share an end are none; one that ends inside another touches; one that passes through crosses."""
    assert not len(tangle_of(net([[square(0, 0)], [square(10, 0)], [square(10, 10)]])).crossing)
    touch = tangle_of(net([[square(0, 0)], [square(10, 5)]]))
    assert (len(touch.crossing), len(touch.touching)) == (0, 2)
    cross = tangle_of(net([[square(0, 0)], [square(5, 5)]]))
    assert (len(cross.crossing), len(cross.touching)) == (2, 0)


def test_a_ring_that_passes_a_point_twice():
    """A pinch is seen in one ring; a hole that touches its outer ring is seen as another's."""
    pinched = [(0, 0), (10, 0), (10, 10), (20, 10), (20, 20), (10, 20), (10, 10), (0, 10)]
    rows, same = repeated_points(net([[pinched]]))
    assert (len(rows), same.tolist()) == (2, [1, 1])
    rows, same = repeated_points(net([[SQUARE, [(0, 0), (5, 2), (2, 5)]]]))
    assert (len(rows), same.tolist()) == (2, [0, 0])


def test_holes_that_stray():
    """A hole outside its grid, or in another hole, is no hole."""
    assert len(stray_holes(rings([square(0, 0, 100), square(10, 10), square(30, 30)]))) == 0
    assert len(stray_holes(rings([square(0, 0, 100), square(200, 10)]))) == 1
    assert len(stray_holes(rings([square(0, 0, 100), square(10, 10, 50), square(20, 20)]))) == 1


def test_points_on_edges_and_corners_lie_on_the_line():
    """Every lattice point of a slanted polygon is told inside, on the line or outside."""
    ring = np.array([(0, 0), (6, 2), (4, 8), (-2, 6)])
    points = np.array([(x, y) for y in range(-2, 11) for x in range(-4, 9)])
    found = side(points, ring, np.roll(ring, -1, axis=0))
    shape = shapely.Polygon(ring)
    expected = [1 if shapely.contains_xy(shape, x, y) else 0 if shapely.intersects_xy(shape, x, y) else -1 for x, y in points]
    assert found.tolist() == expected
    assert 0 in expected


def test_a_point_on_a_corner_is_held_by_all_around_it():
    """Four squares hold their common corner, none of them strictly."""
    four = rings([square(0, 0)], [square(10, 0)], [square(0, 10)], [square(10, 10)])
    held = locate(np.array([[10, 10], [5, 5], [50, 50]]), four)
    assert sorted(zip(held.point.tolist(), held.polygon.tolist(), held.strictly.tolist(), strict=True)) == [
        (0, 0, False),
        (0, 1, False),
        (0, 2, False),
        (0, 3, False),
        (1, 0, True),
    ]


@QUICK
@given(tilings(), st.data())
def test_each_point_of_a_tiling_is_strictly_in_one_grid_or_on_a_line(tiling, data):
    """Points at random, corners and middles of edges among them, agree with what GEOS says near the origin."""
    layer = tiling.polygons()
    origin = origin_of(layer)
    read, _ = rings_of(layer, origin)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    low, high = read.start.min(axis=0), read.start.max(axis=0)
    points = np.concatenate([rng.integers(low, high + 1, (50, 2)), read.start, (read.start + read.end) // 2])
    held = locate(points, read)
    strictly = np.bincount(held.point[held.strictly], minlength=len(points))
    on_line = np.bincount(held.point[~held.strictly], minlength=len(points))
    assert ((strictly == 0) | ((strictly == 1) & (on_line == 0))).all()
    ground = shapely.Polygon(np.array(tiling.community) - origin)
    assert ((strictly + on_line > 0) == shapely.intersects_xy(ground, points.astype(float))).all()


# --- nearness -----------------------------------------------------------------------------------------------------


def loop(points):
    ring = np.array(points, dtype=float)
    return np.stack([ring, np.roll(ring, -1, axis=0)], axis=1)


def test_an_edge_is_covered_by_a_chain_of_edges():
    """Whole, or not at all; at the tolerance itself it is covered."""
    line = loop([(0, 0), (100, 0), (100, 100), (0, 100)])
    bent = loop([(0, 0), (50, 0.5), (100, 0), (100, 100), (0, 100)])
    assert covered(line, bent, 0.49).tolist() == [False, True, True, True]
    assert covered(line, bent, 0.5).all()
    assert not covered(line, bent[:1], 0.5)[0]
    assert not covered(line, bent[:0], 0.5).any()


def test_the_deviation_is_seen_between_corners():
    """The middle of a long edge may be farther from a bay than any corner is."""
    edge = np.array([[[0, 0], [100, 0]]], dtype=float)
    bay = np.array([[[0, 0], [0, 10]], [[0, 10], [100, 10]], [[100, 10], [100, 0]]], dtype=float)
    assert deviation(edge, bay) == pytest.approx(10)
    assert deviation(bay, edge) == pytest.approx(10)
    # From the edge alone its corners are on the bay: only the way between them is far.
    assert covered(edge, bay, 9.9).tolist() == [False]


def test_the_deviation_of_a_line_from_itself_is_zero():
    """However it is cut, turned or started."""
    line = loop([(0, 0), (100, 0), (100, 100), (0, 100)])
    assert deviation(line, np.roll(line[:, ::-1], 1, axis=0)) == 0
    assert deviation(line, loop([(0, 0), (30, 0), (100, 0), (100, 100), (0, 100)])) == 0
    assert deviation(line, line[:0]) == float("inf")


@QUICK
@given(st.integers(0, 10_000))
def test_the_deviation_is_the_hausdorff_distance(seed):
    """Never below what GEOS finds by sampling both lines, and at most a thousandth above."""
    rng = np.random.default_rng(seed)
    one, two = (loop(rng.integers(0, 200, (6, 2))) for _ in range(2))
    shapes = [shapely.MultiLineString(list(line)) for line in (one, two)]
    sampled = max(
        shapely.hausdorff_distance(shapes[0], shapes[1], densify=0.01),
        shapely.hausdorff_distance(shapes[1], shapes[0], densify=0.01),
    )
    found = deviation(one, two)
    assert sampled - 1e-6 <= found <= sampled * 1.002 + 2.0
