"""The ground: faces that know where they lie, cut where they are crowded or wide."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.locate import NOWHERE
from gis.mesh import OUTSIDE
from gis.town import LineKind
from partition.ground import CROWDED, ROOMY_M2, survey
from tests.drawn import Drawing, Home, Line, sketch


def test_faces_fill_the_communities():
    """Every face lies in one community and together they are all of it; what is nobody's land has no face."""
    ground = survey(sketch("A100 A100 .\nB100 . B100").town())
    area = np.bincount(ground.community, weights=shapely.area(ground.mesh.polygon))
    assert area == pytest.approx([20_000, 20_000])
    assert (ground.community != NOWHERE).all()


def test_crowded_faces_are_cut_between_buildings():
    """A face of more households than a block may hold is cut so that each building has a face of its own."""
    crowded, easy = (survey(sketch(f"A{count}x10", lines=None, cell=200).town()) for count in (16, 13))
    assert len(np.unique(crowded.household_face)) == 16
    assert CROWDED == 130
    assert len(np.unique(easy.household_face)) == 1


def test_wide_ground_is_cut():
    """Land without homes larger than a few hectares is cut, so that neighbours can share it."""
    ground = survey(sketch("A", cell=700).town())
    assert shapely.area(ground.mesh.polygon).max() <= ROOMY_M2 + 1
    assert shapely.area(ground.mesh.polygon).sum() == pytest.approx(490_000)


def test_doubled_points_and_towers_stand_on_one_face():
    """Household points at one place cannot be cut apart and share a face."""
    drawing = sketch("A", cell=200)
    drawing.homes = [Home(50, 50, 90), Home(50, 50, 90), Home(150, 150, 90)]
    ground = survey(drawing.town())
    assert ground.household_face[0] == ground.household_face[1] != ground.household_face[2]


def test_a_point_on_an_edge_has_one_face():
    """A point on an edge belongs to the first of its faces, of the community with the smaller code; one outside to none."""
    drawing = sketch("A B\nA B")
    drawing.homes = [Home(100, 50, 1), Home(100, 100, 1), Home(30, 30, 1), Home(-5, 5, 1), Home(0, 0, 1)]
    town = drawing.town()
    ground = survey(town)
    smaller = town.communities.code.index(min(town.communities.code))
    assert ground.community[ground.household_face[:2]].tolist() == [smaller, smaller]
    assert ground.household_face[3] == NOWHERE
    assert ground.household_face[4] != NOWHERE


def test_edges_know_their_line():
    """Every edge carries the strongest of the lines on it, and its name."""
    drawing = sketch("A A\nA A")
    drawing.lines.append(Line(LineKind.RIVER, [(100, -5), (100, 205)], "清河"))
    ground = survey(drawing.town())
    x = ground.mesh.vertex[np.stack([ground.mesh.tail, ground.mesh.head])][:, :, 0] - 50_000_000
    on_river = (x == 10_000).all(axis=0)
    assert set(ground.edge_kind[on_river].tolist()) == {int(LineKind.RIVER)}
    assert {ground.names[k] for k in ground.edge_name[on_river].tolist()} == {"清河"}
    outer = (ground.mesh.left == OUTSIDE) | (ground.mesh.right == OUTSIDE)
    assert set(ground.edge_kind[outer].tolist()) == {int(LineKind.COMMUNITY)}


def test_the_first_of_two_overlapping_communities_counts():
    """Ground that two communities claim goes to the first of them."""
    drawing = Drawing({"A": shapely.box(0, 0, 100, 100), "B": shapely.box(99.6, 0, 200, 100)})
    ground = survey(drawing.town())
    area = np.bincount(ground.community, weights=shapely.area(ground.mesh.polygon))
    assert area == pytest.approx([10_000, 10_000])


def test_lakes_and_dedicated_areas():
    """A lake in a community is no face; a dedicated area is faces of its own."""
    lake = shapely.box(40, 40, 60, 60)
    drawing = Drawing({"A": shapely.difference(shapely.box(0, 0, 200, 100), lake)})
    drawing.dedicated = [("学校", shapely.box(150, 50, 250, 150))]
    ground = survey(drawing.town())
    area = shapely.area(ground.mesh.polygon)
    assert area.sum() == pytest.approx(20_000 - 400)
    assert area[ground.dedicated == 0].sum() == pytest.approx(2_500)
    assert not shapely.contains(ground.mesh.polygon, shapely.Point(500_050, 4_000_050)).any()


def test_a_town_without_lines_homes_or_anything():
    """One bare community is one face; nothing in it is missed."""
    ground = survey(Drawing({"A": shapely.box(0, 0, 100, 100)}).town())
    assert len(ground.community) == 1
    assert len(ground.household_face) == 0
    assert set(ground.edge_kind.tolist()) == {int(LineKind.COMMUNITY)}
