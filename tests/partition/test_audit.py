"""The whole audit: each kind of fault alone and in company, on a town drawn by hand far from the origin of its frame.

Two communities of six squares each, 100 m wide, with a point every 50 m; the west one is A, the east one is B:

    A4 A5 A6 | B4 B5 B6
    A1 A2 A3 | B1 B2 B3

Each square has one household point of 400 households at a quarter of its width. Coordinates in the tests are metres
from the south-west corner of A1.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.finding import Severity
from gis.frame import Frame
from gis.town import Barriers, Communities, Compounds, Dedicated, ExistingGrids, Households, LineKind, Town
from partition.audit import audit
from partition.audit_layers import UNKNOWN, CommunityLayer, GridLayer
from partition.engine import divide
from partition.rules import Rules
from tests.drawn import Drawing as Sketch
from tests.drawn import Home, Line, certificate
from tests.strategies import damages, garbage, polygon_of, polygons, tilings

EAST, NORTH = 500_000, 4_000_000
RULES = Rules()
QUICK = settings(max_examples=40, deadline=None, derandomize=True)


@dataclass
class Drawing:
    """A town and a grid layer, in metres from the corner; tests change it and then ask for the audit."""

    rings: dict = field(default_factory=dict)
    """Grid code to a list of parts, each a list of rings."""
    grounds: dict = field(default_factory=dict)
    homes: list = field(default_factory=list)
    """x, y, households."""
    claims: dict = field(default_factory=dict)
    persons: dict = field(default_factory=dict)
    """Claims of persons; of grids that are not here nothing is claimed."""
    kinds: dict = field(default_factory=dict)
    exceptions: dict = field(default_factory=dict)
    belongs: dict = field(default_factory=dict)
    renames: dict = field(default_factory=dict)

    def audit(self, *, noded=True, rules=RULES, raw=None):
        """Audit the layer against the town, with its noded communities or without."""
        town = self.town(raw)
        communities = CommunityLayer(code=town.communities.code, polygon=_shapes(self.grounds)) if noded else None
        return audit(self.layer(), town=town, rules=rules, communities=communities, file="grids.gpkg")

    def layer(self):
        """Return the grids as a layer."""
        codes = tuple(self.rings)
        n = len(codes)
        return GridLayer(
            code=tuple(self.renames.get(code, code) for code in codes),
            community=tuple(self.belongs.get(code, code[0]) for code in codes),
            kind=tuple(self.kinds.get(code, "residential") for code in codes),
            exception=tuple(self.exceptions.get(code, "") for code in codes),
            polygon=_shapes(self.rings),
            households=np.array([self.claims.get(code, UNKNOWN) for code in codes], dtype=np.int64),
            persons=np.array([self.persons.get(code, UNKNOWN) for code in codes], dtype=np.int64),
            row=np.arange(1, n + 1),
        )

    def town(self, raw=None):
        """Return the town, with other communities `raw` than those that the layer was noded with."""
        grounds = raw or self.grounds
        return town_of(tuple(grounds), _shapes(grounds), self.homes)


def _shapes(layer):
    made = []
    for parts in layer.values():
        pieces = [
            shapely.Polygon(_far(rings[0]), [_far(ring) for ring in rings[1:]]) if not hasattr(rings, "geom_type") else rings
            for rings in parts
        ]
        made.append(pieces[0] if len(pieces) == 1 else shapely.MultiPolygon(pieces))
    return np.array(made, dtype=object)


def _far(ring):
    return np.asarray(ring, dtype=float) + np.array([EAST, NORTH])


def town_of(codes, ground, homes):
    """Make a town of communities and homes (x, y, households) from the corner."""
    n, m = len(homes), len(codes)
    table = np.array([*homes, (0, 0, 0)], dtype=float)[:n].reshape(-1, 3)
    none, nothing = np.zeros(0, dtype=object), np.zeros(0, dtype=np.int64)
    return Town(
        name="drawn",
        frame=Frame("EPSG:4548"),
        communities=Communities(
            code=codes, name=codes, street=("",) * m, district=("",) * m, polygon=ground, row=np.arange(1, m + 1)
        ),
        households=Households(
            id=tuple(f"H{k}" for k in range(n)),
            xy=table[:, :2] + np.array([EAST, NORTH]),
            households=table[:, 2].astype(np.int64),
            persons=3 * table[:, 2].astype(np.int64),
            compound=("",) * n,
            building=("",) * n,
            row=np.arange(1, n + 1),
        ),
        barriers=Barriers(line=none, kind=np.zeros(0, dtype=np.uint8), name=()),
        compounds=Compounds(name=(), polygon=none, row=nothing),
        dedicated=Dedicated(name=(), subtype=(), polygon=none, row=nothing),
        existing_grids=ExistingGrids(code=(), polygon=none, row=nothing),
        has_persons=True,
        on_overlap="error",
        findings=(),
        digests={},
    )


def box(left, bottom, right, top, step=50):
    """Return a rectangle counter-clockwise with a point every `step` metres."""
    return [
        *((x, bottom) for x in range(left, right, step)),
        *((right, y) for y in range(bottom, top, step)),
        *((x, top) for x in range(right, left, -step)),
        *((left, y) for y in range(top, bottom, -step)),
    ]


def drawing():
    """Draw the clean town."""
    d = Drawing()
    for community, west in (("A", 0), ("B", 300)):
        d.grounds[community] = [[box(west, 0, west + 300, 200)]]
        for row, column in itertools.product(range(2), range(3)):
            code = f"{community}{3 * row + column + 1}"
            x, y = west + 100 * column, 100 * row
            d.rings[code] = [[box(x, y, x + 100, y + 100)]]
            d.homes.append((x + 25, y + 25, 400))
            d.claims[code] = 400
    return d


def swap(d, code, old, new):
    """Put the points `new` in place of the point `old` of a grid's outline."""
    ring = d.rings[code][0][0]
    at = ring.index(old)
    ring[at : at + 1] = new


# --- faults: each changes the drawing and says what must be found ---------------------------------


def gap(d):
    swap(d, "A1", (100, 50), [(99.99, 50)])
    return "gap", (100, 50)


def overlap(d):
    swap(d, "A3", (200, 50), [(199.99, 50)])
    return "overlap", (200, 50)


def unmatched_vertex(d):
    swap(d, "A4", (100, 150), [(100, 130), (100, 150)])
    return "unmatched_vertex", (100, 130)


def missing_grid(d):
    del d.rings["B6"]
    return "missing_grid", (550, 150)


def duplicate_grid(d):
    d.rings["B5b"] = d.rings["B5"]
    return "duplicate_grid", (450, 150)


def spike(d):
    swap(d, "A6", (250, 200), [(250.6, 200), (250.3, 215), (250, 200)])
    return "spike", (250.3, 215)


def flat_spike(d):
    swap(d, "A5", (150, 200), [(150, 200), (150, 215), (150, 200)])
    return "spike", (150, 215)


def hole(d):
    d.rings["B1"][0].append(box(340, 60, 360, 80, step=20))
    return "hole", (350, 70)


def multipart_grid(d):
    d.rings["B2"].append([box(550, 50, 600, 100)])
    d.rings["B3"] = [[[(500, 0), (550, 0), (600, 0), (600, 50), (550, 50), (550, 100), (500, 100), (500, 50)]]]
    return "multipart_grid", (575, 75)


def wrong_count(d):
    d.claims["B4"] = 401
    return "wrong_count", (350, 150)


def household_in_none(d):
    swap(d, "A2", (150, 0), [(149, 0), (149, 0.04), (151, 0.04), (151, 0)])
    d.homes.append((150, 0.02, 7))
    return "household_in_none", (150, 0.02)


def household_in_two(d):
    swap(d, "A6", (200, 150), [(199.96, 150)])
    d.homes.append((199.98, 150, 7))
    return "household_in_two", (199.98, 150)


FAULTS = (
    gap,
    overlap,
    unmatched_vertex,
    missing_grid,
    duplicate_grid,
    spike,
    flat_spike,
    hole,
    multipart_grid,
    wrong_count,
    household_in_none,
    household_in_two,
)

SPREAD = {"missing_grid": 75.0, "duplicate_grid": 75.0, "hole": 15.0, "multipart_grid": 40.0, "wrong_count": 75.0}
"""Metres from the middle at which a large defect may be shown; others must be shown within 5 cm across their length."""

ALONG = {"gap": 50.0, "overlap": 50.0}
"""Metres along a thin defect."""

BESIDE = {
    "missing_grid": {"household_in_none"},
    "duplicate_grid": {"household_in_two", "out_of_band"},
    "household_in_none": {"gap"},
    "household_in_two": {"overlap"},
}
"""What follows from a fault, and is found with it."""


def found(report):
    """Return the kinds that are errors."""
    return {finding.kind for finding in report.findings if finding.severity is Severity.ERROR}


def check(report, expected):
    """Check that each expected kind is found at its place, and nothing else is found."""
    allowed = set()
    for kind, (x, y) in expected:
        allowed |= {kind} | BESIDE.get(kind, set())
        places = [f.place for f in report.findings if f.kind == kind]
        near = SPREAD.get(kind, 0.05)
        assert any(abs(p.x - EAST - x) <= near and abs(p.y - NORTH - y) <= max(near, ALONG.get(kind, 0.0)) for p in places), (
            kind,
            places,
        )
    assert found(report) <= allowed
    assert not report.clean


@pytest.mark.parametrize("noded", [True, False])
def test_the_clean_town_is_clean_and_proven(noded):
    """Twelve squares that tile two communities bear no finding at all, and both communities are exact."""
    report = drawing().audit(noded=noded)
    assert report.findings == ()
    assert report.clean
    assert report.exact
    a, b = report.communities
    assert (a.code, a.grids, a.edges_inner, a.edges_outer, a.deviation_cm) == ("A", 6, 14, 20, 0.0)
    assert a.grid_area2_cm2 == a.community_area2_cm2 == b.grid_area2_cm2 == 2 * 30_000 * 20_000
    assert report.counted.tolist() == [400] * 12
    assert len(report.households.inside) == 12


@pytest.mark.parametrize("noded", [True, False])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_alone_is_found_at_its_place(fault, noded):
    """Each fault is reported by its kind, where it is, and nothing else is reported but what follows from it."""
    d = drawing()
    expected = fault(d)
    check(d.audit(noded=noded), [expected])


@pytest.mark.parametrize("faults", [*itertools.combinations(FAULTS, 2)], ids=lambda pair: "+".join(f.__name__ for f in pair))
def test_two_faults_hide_neither(faults):
    """Every pair of faults is reported, each by its kind and place."""
    d = drawing()
    expected = [fault(d) for fault in faults]
    check(d.audit(), expected)


@pytest.mark.parametrize("noded", [True, False])
def test_all_faults_at_once(noded):
    """All faults together are all reported."""
    d = drawing()
    expected = [fault(d) for fault in FAULTS]
    check(d.audit(noded=noded), expected)


def test_findings_say_what_and_where_in_both_languages():
    """A finding carries both sentences, the grid's row, the file, the frame and the codes."""
    d = drawing()
    overlap(d)
    (finding,) = d.audit().findings
    assert "A2 and A3" in finding.en
    assert "A2、A3" in finding.zh
    assert "0.5 m²" in finding.en
    assert (finding.file, finding.row, finding.subject, finding.place.crs) == ("grids.gpkg", 2, "A2 A3", "EPSG:4548")


# --- traps ----------------------------------------------------------------------------------------


def test_a_missing_grid_is_found_though_the_coverage_is_valid():
    """Shapely calls the rest a valid coverage; the certificate does not."""
    d = drawing()
    missing_grid(d)
    assert shapely.coverage_is_valid(_shapes(d.rings))
    assert "missing_grid" in found(d.audit())


def test_a_community_without_grids_misses_one():
    """No edge is unmatched where there is no edge; the community's line says it."""
    d = drawing()
    for code in [code for code in d.rings if code[0] == "B"]:
        del d.rings[code]
    report = d.audit()
    assert [c.exact for c in report.communities] == [True, False]
    assert found(report) == {"missing_grid", "household_in_none"}
    # However large an area is, it is said in digits.
    (finding,) = (f for f in report.findings if f.kind == "missing_grid")
    assert re.search(r"has \d{5} m² ", finding.en)


def test_two_displaced_edges_that_match_leave_a_gap():
    """Both sides of a border move apart by 1 cm: all their vertices still face each other, across 2 cm."""
    d = drawing()
    swap(d, "A1", (100, 50), [(99.99, 30), (99.99, 50), (99.99, 70)])
    swap(d, "A2", (100, 50), [(100.01, 70), (100.01, 50), (100.01, 30)])
    (finding,) = d.audit().findings
    assert finding.kind == "gap"
    assert "1.2 m²" in finding.en or "1.4 m²" in finding.en


def test_an_overlap_that_a_gap_makes_up_for_is_found():
    """The areas add up exactly; the edges do not."""
    d = drawing()
    gap(d)
    overlap(d)
    report = d.audit()
    assert report.communities[0].grid_area2_cm2 == report.communities[0].community_area2_cm2
    assert not report.communities[0].exact
    assert found(report) == {"gap", "overlap"}


def test_two_grids_with_each_other_s_claims():
    """The sum is right and both counts are wrong."""
    d = drawing()
    d.homes[0] = (25, 25, 350)
    d.claims |= {"A1": 400, "A2": 350}
    report = d.audit()
    assert [(f.kind, f.subject) for f in report.findings] == [("wrong_count", "A1"), ("wrong_count", "A2")]


def test_a_grid_over_all_the_others():
    """A grid that covers the community, and the six as well: it overlaps each of them."""
    d = drawing()
    d.rings["A9"] = [[box(0, 0, 300, 200)]]
    report = d.audit(rules=Rules(maximum=5000))
    assert {f.subject for f in report.findings if f.kind == "overlap"} == {f"A{k} A9" for k in range(1, 7)}
    assert not report.communities[0].exact


def test_a_grid_inside_another():
    """A small grid inside a large one touches no edge of it and overlaps it."""
    d = drawing()
    d.rings["A9"] = [[box(40, 40, 60, 60, step=20)]]
    d.kinds["A9"] = "dedicated"
    report = d.audit()
    assert [(f.kind, f.subject) for f in report.findings] == [("overlap", "A1 A9")]


def test_two_tilings_of_one_community():
    """Two tilings on top of each other: every inner edge is matched, the community's line is there twice."""
    d = drawing()
    for code, (left, right) in {"A8": (0, 150), "A9": (150, 300)}.items():
        d.rings[code] = [[box(left, 0, right, 200)]]
        d.kinds[code] = "dedicated"
    assert {"overlap"} <= found(d.audit()) <= {"overlap", "household_in_two"}


def test_three_grids_on_one_edge():
    """An edge that three grids have: once too often."""
    d = drawing()
    d.rings["A9"] = [[[(100, 0), (100, 50), (60, 25)]]]
    d.kinds["A9"] = "dedicated"
    report = d.audit()
    assert [(f.kind, f.subject) for f in report.findings] == [("overlap", "A1 A9")]


def test_three_copies_are_one_finding():
    """A polygon that is there three times is one finding that names all three."""
    d = drawing()
    d.rings["B8"] = d.rings["B9"] = d.rings["B5"]
    report = d.audit()
    assert [f.subject for f in report.findings if f.kind == "duplicate_grid"] == ["B5 B8 B9"]


def test_a_code_used_twice():
    """Two grids with one code are a fault even when they tile."""
    d = drawing()
    d.renames["A2"] = "A1"
    assert [(f.kind, f.row) for f in d.audit().findings] == [("duplicate_code", 2)]


def test_a_grid_across_two_communities():
    """A3 takes a piece of B1 that B1 gives away: everything is covered once, and A3 crosses into B."""
    d = drawing()
    swap(d, "A3", (300, 50), [(320, 20), (320, 50)])
    swap(d, "B1", (300, 50), [(320, 50), (320, 20)])
    for noded in (True, False):
        report = d.audit(noded=noded)
        assert [(f.kind, f.subject) for f in report.findings if f.kind == "crosses_community"] == [("crosses_community", "A3")]
        assert found(report) == {"crosses_community"}


def test_a_grid_beyond_every_community():
    """What lies outside the town is said with its size."""
    d = drawing()
    swap(d, "A1", (50, 0), [(50, 0), (60, -10), (80, -10)])
    for noded in (True, False):
        (finding,) = d.audit(noded=noded).findings
        assert finding.kind == "spill_over"
        assert "350 m²" in finding.en
        assert -10 <= finding.place.y - NORTH <= 0


def test_a_grid_nowhere_near():
    """A grid that lies in no community is all spill-over."""
    d = drawing()
    d.rings["X1"] = [[box(1000, 1000, 1100, 1100)]]
    d.kinds["X1"] = "dedicated"
    (finding,) = d.audit().findings
    assert (finding.kind, finding.subject) == ("spill_over", "X1")


def test_a_lake_in_a_community_is_no_hole():
    """A hole of the grid that is a hole of the community is as it should be."""
    d = drawing()
    lake = box(340, 60, 360, 80, step=20)
    d.rings["B1"][0].append(lake)
    d.grounds["B"][0].append(lake[::-1])
    for noded in (True, False):
        assert d.audit(noded=noded).findings == ()


def test_a_grid_in_the_lake():
    """A grid that fills the community's lake spills over, though each of its edges is matched."""
    d = drawing()
    lake = box(340, 60, 360, 80, step=20)
    d.rings["B1"][0].append(lake)
    d.grounds["B"][0].append(lake)
    d.rings["B9"] = [[lake]]
    d.kinds["B9"] = "dedicated"
    for noded in (True, False):
        assert found(d.audit(noded=noded)) == {"spill_over"}


def test_a_hole_that_a_dedicated_grid_fills_is_a_remark():
    """A grid that surrounds another is sound, and worth a note."""
    d = drawing()
    middle = box(340, 60, 360, 80, step=20)
    d.rings["B1"][0].append(middle)
    d.rings["B9"] = [[middle]]
    d.kinds["B9"] = "dedicated"
    (finding,) = (report := d.audit()).findings
    assert (finding.kind, finding.severity, finding.subject) == ("hole", Severity.NOTE, "B1")
    assert report.clean
    assert report.exact


def test_a_grid_that_spans_the_parts_of_its_community():
    """A community of two islands may have a grid on both; that is a warning. On one island it would be an error."""
    d = drawing()
    island = box(1000, 0, 1100, 100)
    d.grounds["A"].append([island])
    d.rings["A1"].append([island])
    (finding,) = (report := d.audit()).findings
    assert (finding.kind, finding.severity) == ("multipart_grid", Severity.WARNING)
    assert report.clean
    assert report.exact


def test_parts_that_touch_are_no_parts_of_the_community():
    """A grid whose parts share an edge is met by itself: that is no coverage."""
    d = drawing()
    d.rings["A1"] = [[box(0, 0, 50, 100)], [box(50, 0, 100, 100)]]
    report = d.audit()
    assert "multipart_grid" in found(report)
    assert not report.communities[0].exact


# --- soundness of single grids --------------------------------------------------------------------


def test_a_grid_that_hangs_by_a_point():
    """Two squares that meet in a corner, as one outline: covered exactly, and no sound grid."""
    d = drawing()
    d.rings["A1"] = [[[(0, 0), (50, 0), (50, 50), (100, 50), (100, 100), (50, 100), (50, 50), (0, 50)]]]
    d.rings["A7"] = [[[(50, 0), (100, 0), (100, 50), (50, 50)]]]
    d.rings["A8"] = [[[(0, 50), (50, 50), (50, 100), (0, 100)]]]
    d.kinds |= {"A7": "dedicated", "A8": "dedicated"}
    report = d.audit()
    assert [(f.kind, f.subject) for f in report.findings] == [("contact_too_narrow", "A1")]
    assert (report.findings[0].place.x - EAST, report.findings[0].place.y - NORTH) == (50, 50)
    assert not report.communities[0].exact


def test_a_grid_that_hangs_by_a_thread():
    """A neck of 20 cm is a warning with the place of the neck."""
    d = drawing()
    d.rings["A1"] = [[[(0, 0), (50, 0), (50, 49.9), (100, 50), (100, 100), (50, 100), (49.9, 50), (0, 50)]]]
    d.rings["A7"] = [[[(50, 0), (100, 0), (100, 50), (50, 49.9)]]]
    d.rings["A8"] = [[[(0, 50), (49.9, 50), (50, 100), (0, 100)]]]
    d.kinds |= {"A7": "dedicated", "A8": "dedicated"}
    (finding,) = (report := d.audit()).findings
    assert (finding.kind, finding.severity) == ("contact_too_narrow", Severity.WARNING)
    assert np.hypot(finding.place.x - EAST - 50, finding.place.y - NORTH - 50) < 0.5
    assert report.exact


def test_an_outline_that_crosses_itself():
    """A loop is no polygon; the place is the crossing. A bow tie, whose halves cancel, has no area at all."""
    d = drawing()
    d.rings["A1"] = [[[(0, 0), (100, 0), (100, 100), (20, -20)]]]
    crossing = [f for f in d.audit().findings if f.kind == "invalid_polygon"]
    assert [f.subject for f in crossing] == ["A1"]
    assert crossing[0].place.y - NORTH == pytest.approx(0)
    d.rings["A1"] = [[[(0, 0), (100, 100), (100, 0), (0, 100)]]]
    report = d.audit()
    assert {"invalid_polygon", "missing_grid"} <= found(report)
    assert not report.communities[0].exact


def test_a_hole_outside_its_grid():
    """An interior ring that does not lie inside is reported."""
    d = drawing()
    d.rings["A1"][0].append([(20, 300), (40, 300), (40, 320)])
    assert "invalid_polygon" in found(d.audit())


@pytest.mark.parametrize(
    "polygon",
    [
        None,
        shapely.Polygon(),
        shapely.Point(0, 0),
        polygon_of([(0, 0), (float("nan"), 1), (1, 1)]),
        polygon_of([(0, 0), (float("inf"), 1), (1, 1)]),
        shapely.Polygon([(0, 0), (1e300, 1), (1, 1)]),
        shapely.Polygon([(500_000, 4_000_000), (500_000.001, 4_000_000), (500_000, 4_000_000.001)]),
    ],
    ids=["nothing", "empty", "point", "nan", "infinite", "far", "tiny"],
)
def test_what_is_no_polygon_is_left_out_and_said(polygon):
    """Anything that is no polygon on the ground is a finding, and the rest is still audited."""
    d = drawing()
    layer = d.layer()
    shapes = layer.polygon.copy()
    shapes[0] = polygon
    report = audit(replace(layer, polygon=shapes), town=d.town(), rules=RULES)
    kinds = found(report)
    assert {"invalid_polygon", "missing_grid"} <= kinds <= {"invalid_polygon", "missing_grid", "household_in_none"}


# --- households and band --------------------------------------------------------------------------


def test_a_household_on_a_line_is_in_one_grid():
    """On an edge, on a corner and on the community's line: the smaller code has it."""
    d = drawing()
    d.homes += [(100, 30, 5), (100, 100, 6), (300, 100, 7), (0, 0, 8), (600, 110, 9)]
    d.claims.clear()
    report = d.audit()
    assert report.findings == ()
    codes = d.layer().code
    assert [codes[k] for k in report.households.grid[-5:]] == ["A1", "A1", "A3", "A1", "B6"]


def test_a_household_on_a_line_may_be_counted_on_either_side():
    """The layer may have given it to the other grid, as long as the sum is right."""
    d = drawing()
    d.homes.append((100, 30, 5))
    d.claims["A2"] = 405
    assert d.audit().findings == ()
    d.claims["A1"] = 405
    assert {f.subject for f in d.audit().findings} == {"A2"}


def on_the_line(measure="persons"):
    """Draw the town with 20 households, 60 persons, on the line between A1 (900 persons otherwise) and A2 (870)."""
    d = drawing()
    d.homes[:2] = [(25, 25, 300), (125, 25, 290)]
    d.homes.append((100, 30, 20))
    d.claims |= {"A1": 300, "A2": 310}
    d.persons = {code: 3 * count for code, count in d.claims.items()}
    return d, Rules(measure=measure)


@pytest.mark.parametrize("measure", ["persons", "any_of", "all_of"])
def test_persons_on_a_line_may_be_counted_on_either_side(measure):
    """Counted in A2 they keep it in the band of persons, as the layer claims: that is as good as counting them in A1."""
    d, rules = on_the_line(measure)
    assert d.audit(rules=rules).findings == ()
    d.claims |= {"A1": 320, "A2": 290}
    d.persons |= {"A1": 960, "A2": 870}
    assert {(f.kind, f.subject) for f in d.audit(rules=rules).findings} == {("out_of_band", "A2")}


@pytest.mark.parametrize(
    ("claims", "wrong"),
    [
        ({"A1": 960}, {"A1"}),
        ({"A2": 870}, {"A2"}),
        ({"A1": 960, "A2": 870}, {"A1", "A2"}),
        ({"A1": 899, "A2": 931}, {"A1", "A2"}),
        ({"A1": 840, "A2": 990}, {"A1", "A2"}),
        ({"A1": 930, "A2": 900}, {"A1", "A2"}),
        ({"A4": 1199, "A5": 1201}, {"A4", "A5"}),
        ({"B1": 1203}, {"B1"}),
    ],
    ids=["both", "neither", "not where the households are", "sum", "more than is tied", "torn", "no line", "alone"],
)
def test_a_wrong_count_of_persons_is_found(claims, wrong):
    """Persons go where their households went: counted twice, nowhere, elsewhere, torn or made up, they are found."""
    d, _ = on_the_line("households")
    d.exceptions["A2"] = "on the line"
    d.persons |= claims
    told = d.audit(rules=Rules(minimum=200)).findings
    assert {(f.kind, f.severity) for f in told} == {("wrong_count", Severity.ERROR)}
    assert {f.subject for f in told} == wrong


def test_a_layer_without_persons_is_audited_by_where_they_live():
    """Nobody need claim persons: they are where the households are claimed to be, or else, on a line, in the smaller code."""
    d, rules = on_the_line()
    assert audit(replace(d.layer(), persons=None), town=d.town(), rules=rules).findings == ()
    d.claims.clear()
    (finding,) = audit(replace(d.layer(), persons=None), town=d.town(), rules=rules).findings
    assert (finding.kind, finding.subject) == ("out_of_band", "A2")
    assert "870 persons" in finding.en


def test_a_sound_plan_by_persons_with_households_on_lines_is_proven():
    """A building of several points, one of them on a line: its persons are where the plan has them, and in the band."""
    lines = [
        Line(LineKind.RIVER, [(300.0, 72.39), (299.98, 99.97), (300.0, 3.94), (3.98, 1.72)]),
        Line(LineKind.RIVER, [(-9.0, 160.0), (409.0, 240.0)]),
    ]
    homes = [Home(32.33, 100, 131), Home(5.15, 5.46, 200)]
    homes += [Home(x, y, 131, building="T2") for x, y in ((37.71, 0), (100, 147.64), (32.33, 100))]
    yard = shapely.box(18.79, 100, 32.33, 172.72)
    town = Sketch({"A": shapely.box(0, 0, 200, 400)}, homes, lines, dedicated=[("园区", yard)]).town()
    plan = divide(town, Rules(measure="persons", hard_barriers=("river",)), seed=1)
    report = certificate(plan, town)
    assert (report.households.grid != plan.grid_of_household).any()
    assert not {f.kind for f in report.findings if f.severity is Severity.ERROR}


def test_households_outside_every_community_are_counted():
    """They are listed in one warning, and in the arrays."""
    d = drawing()
    d.homes += [(-5, 5, 3), (5, 900, 4)]
    (finding,) = (report := d.audit()).findings
    assert (finding.kind, finding.severity) == ("households_outside", Severity.WARNING)
    assert "2 household points (7 households)" in finding.en
    assert report.households.outside.tolist() == [12, 13]
    assert report.clean


def test_a_grid_out_of_band():
    """Without a reason it is an error, with one a warning; a dedicated grid has no band."""
    d = drawing()
    d.homes[0] = (25, 25, 555)
    d.claims["A1"] = 555
    (finding,) = d.audit().findings
    assert (finding.kind, finding.severity, finding.subject) == ("out_of_band", Severity.ERROR, "A1")
    assert "555 households, not 300-500 households" in finding.en
    d.exceptions["A1"] = "indivisible building"
    (finding,) = d.audit().findings
    assert (finding.kind, finding.severity) == ("out_of_band", Severity.WARNING)
    d.kinds["A1"] = "dedicated"
    assert d.audit().findings == ()


@pytest.mark.parametrize(("measure", "out"), [("households", True), ("persons", True), ("any_of", True), ("all_of", True)])
def test_the_band_follows_the_measure(measure, out):
    """555 households of 1,665 persons are above both bands; 450 of 1,350 are in both."""
    d = drawing()
    d.homes[0], d.claims["A1"] = (25, 25, 555), 555
    assert bool(d.audit(rules=Rules(measure=measure)).findings) is out
    d.homes[0], d.claims["A1"] = (25, 25, 450), 450
    assert d.audit(rules=Rules(measure=measure)).findings == ()


def test_a_community_is_found_by_the_place():
    """A grid that names no community is taken where it lies; a name that the town does not have is a warning."""
    d = drawing()
    d.belongs = {"A1": "", "B2": "somewhere"}
    (finding,) = (report := d.audit()).findings
    assert (finding.kind, finding.subject, finding.severity) == ("unknown_community", "B2", Severity.WARNING)
    assert report.exact


# --- the reference --------------------------------------------------------------------------------


def test_a_hand_drawn_layer_may_have_points_of_its_own_on_the_community_line():
    """Grid corners on a slanted community line, rounded to 1 cm, are forgiven unless the communities are noded."""
    d = Drawing()
    d.grounds["A"] = [[[(0, 0), (100, 0), (100, 133.37), (0, 71.11)]]]
    middle = (50, 102.24)
    d.rings["A1"] = [[[(0, 0), (50, 0), middle, (0, 71.11)]]]
    d.rings["A2"] = [[[(50, 0), (100, 0), (100, 133.37), middle]]]
    d.homes = [(10, 10, 400), (90, 10, 400)]
    report = d.audit(noded=False)
    assert report.findings == ()
    assert not report.exact
    assert found(d.audit()) == {"unmatched_vertex"}


def test_a_line_that_leaves_the_community_line_by_two_centimetres():
    """Two centimetres are more than rounding does."""
    d = drawing()
    swap(d, "A1", (0, 50), [(0.02, 50)])
    assert found(d.audit(noded=False)) == {"gap"}
    d = drawing()
    swap(d, "A1", (0, 50), [(-0.02, 50)])
    assert found(d.audit(noded=False)) == {"spill_over"}


def test_neighbouring_communities_must_share_their_points():
    """B's line has a point that A's has not: each is tiled, and the layer has a T-junction."""
    d = drawing()
    swap(d, "B1", (300, 50), [(300, 50), (300, 40)])
    ring = d.grounds["B"][0][0]
    at = ring.index((300, 50))
    ring[at : at + 1] = [(300, 50), (300, 40)]
    report = d.audit()
    assert found(report) == {"unmatched_vertex"}
    assert not report.exact


def test_communities_that_overlap_are_not_proven():
    """Each community is tiled by its own grids, and they lie on top of each other."""
    d = drawing()
    d.grounds["C"] = [[box(50, 50, 150, 150)]]
    d.rings["C1"] = d.grounds["C"]
    d.kinds["C1"] = "dedicated"
    report = d.audit()
    assert [c.exact for c in report.communities] == [False, True, False]
    assert {f.subject for f in report.findings if f.kind == "overlap"} == {"A1 C1", "A2 C1", "A4 C1", "A5 C1"}


def test_the_deviation_of_the_noded_line():
    """The certificate says how far the noded line lies from the line that came in, both ways."""
    d = drawing()
    raw = {code: [[list(ring) for ring in part] for part in parts] for code, parts in d.grounds.items()}
    at = raw["A"][0][0].index((0, 50))
    raw["A"][0][0][at] = (-0.004, 50)
    report = d.audit(raw=raw)
    assert report.exact
    assert report.communities[0].deviation_cm == pytest.approx(0.4, abs=1e-3)
    assert report.communities[1].deviation_cm == 0


def test_grids_that_lie_in_no_town_at_all():
    """An empty layer of grids and an empty town raise nothing."""
    d = drawing()
    d.rings.clear()
    assert found(d.audit()) == {"missing_grid", "household_in_none"}
    d = Drawing()
    assert d.audit().findings == ()


# --- properties -----------------------------------------------------------------------------------


def _layer(shapes, code=""):
    n = len(shapes)
    return GridLayer(
        code=tuple(f"G{k:03}" for k in range(n)),
        community=(code,) * n,
        kind=("dedicated",) * n,
        exception=("",) * n,
        polygon=shapes,
        households=np.full(n, UNKNOWN),
        row=np.arange(1, n + 1),
    )


def _audit(tiling, shapes, *, noded=True):
    ground = tiling.ground()
    return audit(
        _layer(shapes, "C"),
        town=town_of(("C",), ground, []),
        rules=RULES,
        communities=CommunityLayer(code=("C",), polygon=ground) if noded else None,
    )


@QUICK
@given(tilings(), st.booleans())
def test_every_tiling_is_proven(tiling, noded):
    """Whatever the bricks, triangles and rings: no error, and equality holds."""
    report = _audit(tiling, tiling.polygons(), noded=noded)
    assert report.clean
    assert report.exact


@QUICK
@given(tilings(), st.data())
def test_a_vertex_moved_by_a_centimetre_is_found(tiling, data):
    """One grid's own vertex moves by 1 cm: its edges are met no more.

    The edges of a grid are different from before, so nobody has them reversed; there is no exception.
    """
    grids = [[list(ring) for ring in rings] for rings in tiling.grids]
    ring = data.draw(st.sampled_from([ring for rings in grids for ring in rings]))
    at = data.draw(st.integers(0, len(ring) - 1))
    dx, dy = data.draw(st.sampled_from([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1)]))
    ring[at] = (ring[at][0] + dx, ring[at][1] + dy)
    report = _audit(tiling, polygons(grids))
    assert not report.clean
    assert not report.exact


@QUICK
@given(tilings(least=2), st.data())
def test_a_deleted_grid_is_found(tiling, data):
    """What it leaves is a gap, a hole or a missing grid."""
    gone = data.draw(st.integers(0, len(tiling.grids) - 1))
    for noded in (True, False):
        kinds = found(_audit(tiling, np.delete(tiling.polygons(), gone), noded=noded))
        assert kinds
        assert kinds <= {"gap", "hole", "missing_grid"}


@QUICK
@given(tilings(), st.data())
def test_a_grid_that_is_there_twice_is_found(tiling, data):
    """A copy is called a copy, however it is written."""
    shapes = tiling.polygons()
    copy = shapely.normalize(shapes[data.draw(st.integers(0, len(shapes) - 1))])
    for noded in (True, False):
        assert found(_audit(tiling, np.append(shapes, copy), noded=noded)) == {"duplicate_grid"}


@QUICK
@given(tilings(least=2), st.data())
def test_two_grids_made_one_still_tile(tiling, data):
    """A multipolygon of two grids is a fault of the grid, and nothing is uncovered."""
    shapes = tiling.polygons()
    one, two = data.draw(st.permutations(range(len(shapes))))[:2]
    pair = shapely.MultiPolygon([shapes[one], shapes[two]])
    report = _audit(tiling, np.array([*np.delete(shapes, [one, two]), pair], dtype=object))
    assert "multipart_grid" in found(report)
    assert not found(report) & {"gap", "missing_grid", "overlap", "spill_over"}


@QUICK
@given(tilings(), st.data())
def test_equality_is_never_claimed_wrongly(tiling, data):
    """Damaged at random, a layer is either proven, and then GEOS agrees in every respect, or it bears an error."""
    shapes = polygons(data.draw(damages(tiling)))
    report = _audit(tiling, shapes)
    assert report.exact or not report.clean
    if report.exact:
        # Near the origin, where floating point can tell centimetres squared.
        near = shapely.transform(np.append(shapes, tiling.ground()), lambda xy: np.rint(xy * 100) - tiling.community[0])
        assert shapely.is_valid(near).all()
        assert shapely.coverage_is_valid(near[:-1])
        assert shapely.area(near[:-1]).sum() == pytest.approx(shapely.area(near[-1]), rel=1e-12)
        assert shapely.area(shapely.symmetric_difference(shapely.union_all(near[:-1]), near[-1])) < 1e-6
    _audit(tiling, shapes, noded=False)


@QUICK
@given(st.lists(garbage(), max_size=4), st.lists(garbage(), max_size=2), st.booleans())
def test_garbage_never_raises(grids, grounds, noded):
    """Whatever a file holds, an audit ends in findings."""
    ground = np.array([*grounds, None], dtype=object)[:-1]
    codes = tuple(f"C{k}" for k in range(len(ground)))
    shapes = np.array([*grids, None], dtype=object)[:-1]
    town = town_of(codes, ground, [(0, 0, 1)])
    communities = CommunityLayer(code=codes, polygon=ground) if noded else None
    audit(_layer(shapes), town=town, rules=RULES, communities=communities)
