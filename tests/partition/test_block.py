"""Blocks: never split, every face in one, buildings whole, scraps of empty land given away."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.faces import dissolve
from gis.locate import NOWHERE
from gis.mesh import OUTSIDE
from gis.town import LineKind
from partition.block import SCRAP_M2, make_blocks
from partition.ground import survey
from tests.drawn import Drawing, Home, Line, sketch


def blocks_of(drawing):
    """Survey a drawing and make its blocks."""
    town = drawing.town()
    ground = survey(town)
    return ground, make_blocks(ground, town)


def test_measures_are_those_of_the_ground():
    """Areas, outlines and households of the blocks are those of their faces, and sums of the whole are kept."""
    drawing = sketch("A120 A0 A30\nA80 A8x20 B40\n. B100 B")
    drawing.lines.append(Line(LineKind.RIVER, [(-10, 150), (310, 170)]))
    ground, blocks = blocks_of(drawing)
    polygon = dissolve(ground.mesh.polygon, blocks.of_face, len(blocks))
    assert blocks.area_m2 == pytest.approx(shapely.area(polygon))
    assert blocks.perimeter_m == pytest.approx(shapely.length(polygon))
    assert (shapely.get_type_id(polygon) == shapely.GeometryType.POLYGON).all()
    assert blocks.households.sum() == 120 + 30 + 80 + 160 + 40 + 100
    assert blocks.persons.sum() == 3 * blocks.households.sum()
    assert blocks.buildings.sum() == 13
    assert (np.diff(np.unique(blocks.of_face, return_index=True)[1]) > 0).all()


def test_borders_are_edges_between_two_blocks():
    """The metres between two blocks are the edges that have one on each side, by what lies on them."""
    ground, blocks = blocks_of(sketch("A100 A100\nA100 A100"))
    mesh = ground.mesh
    inner = (mesh.left != OUTSIDE) & (mesh.right != OUTSIDE)
    assert blocks.shared_m.sum() == pytest.approx(mesh.length_m[inner].sum())
    assert (blocks.a < blocks.b).all()
    assert blocks.shared_m[:, LineKind.ROAD].tolist() == pytest.approx([100.0] * 4)
    assert blocks.shared_m.sum() == pytest.approx(400.0)


def test_a_building_lies_in_one_block():
    """Faces on which points of one building lie are one block where they touch, in whatever order they are listed."""
    for order in ([0, 1, 2], [0, 2, 1], [1, 0, 2], [2, 0, 1]):
        drawing = sketch("A A A A")
        drawing.homes = [Home(100 * k + 50, 50, 60, building="长楼") for k in order] + [Home(350, 50, 60)]
        ground, blocks = blocks_of(drawing)
        assert len(set(blocks.of_face[ground.household_face[:3]].tolist())) == 1
        assert len(blocks) == 2


def test_a_building_across_the_community_line_is_two_blocks():
    """The line between communities is not ours to move: a building with points in both lies in a block of each."""
    drawing = sketch("A B")
    drawing.homes = [Home(50, 50, 60, building="楼"), Home(150, 50, 60, building="楼")]
    _, blocks = blocks_of(drawing)
    assert blocks.households.tolist() == [60, 60]
    assert blocks.community.tolist() == [0, 1]


def test_scraps_join_a_neighbour():
    """Road islands and strips without homes are no blocks of their own; land of any size with homes is."""
    drawing = Drawing({"A": shapely.box(0, 0, 400, 100)}, [Home(50, 50, 100), Home(350, 50, 100), Home(195, 50, 1)])
    drawing.lines = [Line(LineKind.ROAD, [(x, 0), (x, 100)]) for x in (180, 190, 200, 210)]
    _, blocks = blocks_of(drawing)
    assert sorted(blocks.households.tolist()) == [1, 100, 100]
    empty = blocks.households == 0
    assert (blocks.area_m2[empty] >= SCRAP_M2).all()


def test_scraps_stay_on_their_side():
    """A strip between a river and a road goes to the side of the road, and never into another community."""
    drawing = Drawing({"A": shapely.box(0, 0, 400, 100), "B": shapely.box(400, 0, 500, 100)})
    drawing.homes = [Home(50, 50, 100), Home(300, 50, 100), Home(450, 50, 100)]
    drawing.lines = [Line(LineKind.RIVER, [(200, 0), (200, 100)]), Line(LineKind.ROAD, [(215, 0), (215, 100)])]
    drawing.lines.append(Line(LineKind.LANE, [(385, 0), (385, 100)]))
    _, blocks = blocks_of(drawing)
    # Boxes are (households, area): the strip 200–215 went east, the strip 385–400 west.
    assert sorted(zip(blocks.households.tolist(), blocks.area_m2.tolist(), strict=True)) == [
        (100, pytest.approx(10_000)),
        (100, pytest.approx(20_000)),
        (100, pytest.approx(20_000)),
    ]


def test_dedicated_ground_is_kept_apart():
    """No block reaches into a dedicated area, however small the scrap beside it."""
    drawing = Drawing({"A": shapely.box(0, 0, 200, 100)}, [Home(50, 50, 100)])
    drawing.dedicated = [("园区", shapely.box(100, 0, 199, 100))]
    ground, blocks = blocks_of(drawing)
    assert (blocks.dedicated[blocks.of_face] == ground.dedicated).all()
    assert sorted(blocks.area_m2[blocks.dedicated != NOWHERE].tolist()) == pytest.approx([9_900])


def test_a_block_belongs_to_the_compound_of_most_of_its_ground():
    """A compound's outline bounds blocks, and they know it."""
    drawing = Drawing({"A": shapely.box(0, 0, 400, 200)}, [Home(100, 100, 90), Home(300, 100, 90)])
    drawing.compounds = [("花园", shapely.box(20, 20, 180, 180))]
    _, blocks = blocks_of(drawing)
    assert sorted(zip(blocks.compound.tolist(), blocks.households.tolist(), strict=True)) == [(-1, 90), (0, 90)]
