"""The sheet of a net: its blocks, each in one grid, whether the engine or somebody's hand drew the lines."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from gis.faces import dissolve
from gis.frame import centimetres
from gis.locate import NOWHERE
from partition.engine import divide
from partition.net import net_of
from partition.rules import Rules
from partition.sheet import sheet_of
from tests.drawn import sketch
from tests.stored import village

PICTURE = """
A60 A60 A60 A60 A60 A60 B60 B60
A60 A60 A60 A60 A60 A60 B60 B60
A60 A60 A60 A60 A60 A60 B60 B60
"""


def divided(town, communities=None):
    """The engine's net of a town, or of some of its communities."""
    return net_of(divide(town, Rules(), seed=1, communities=communities), town)


def slanted(town, net):
    """The net with its first community cut anew, by a slanted line that has nothing to do with the ground."""
    code = net.community[0]
    ground = net.outline[code]
    west, south, east, north = ground.bounds
    third = (east - west) / 3
    half = shapely.Polygon([(west, south), (west + third + 3.37, south), (west + third + 41.61, north), (west, north)])
    cut = np.array([half, shapely.difference(ground, half)], dtype=object)
    rest = [g for g, community in enumerate(net.community) if community != code]
    first = net.take([*[g for g, community in enumerate(net.community) if community == code][:2], *rest])
    polygon = first.polygon.copy()
    polygon[:2] = shapely.orient_polygons(shapely.normalize(cut))
    inside = dict(zip(town.households.id, shapely.covers(half, shapely.points(town.households.xy)).tolist(), strict=True))
    of = [grid if community_of(net, h) != code else int(not inside[i]) for h, (i, grid) in enumerate(kept(net, first, code))]
    return replace(first, polygon=polygon, household_id=net.household_id, grid_of_household=np.array(of))


def community_of(net, h):
    """The community of a point of a net."""
    return net.community[net.grid_of_household[h]]


def kept(net, first, code):
    """Each point of a net with the place of its grid in another that has the same grids outside a community."""
    place = {name: index for index, name in enumerate(first.code)}
    for h, identity in enumerate(net.household_id):
        yield identity, NOWHERE if community_of(net, h) == code else place[net.code[net.grid_of_household[h]]]


def area2(polygon):
    """Twice the area of a polygon in cm², in whole numbers."""
    total = 0
    for ring in shapely.get_rings(shapely.get_parts(polygon)):
        x, y = centimetres(shapely.get_coordinates(ring)).T.astype(object)
        total += sum(x[:-1] * y[1:] - x[1:] * y[:-1])
    return total


@pytest.mark.parametrize("drawing", [village(), sketch(PICTURE)], ids=["houses", "roads"])
def test_blocks_of_a_divided_town_are_its_own(drawing):
    """The engine's grids are unions of the blocks, ring by ring, to the square centimetre, with the same households."""
    town = drawing.town()
    net = divided(town)
    sheet = sheet_of(town, town, net)
    assert sheet.settled
    union = dissolve(sheet.polygon, sheet.grid, len(net))
    assert shapely.equals_identical(union, net.polygon).all()
    assert [area2(one) for one in union] == [area2(one) for one in net.polygon]
    assert np.bincount(sheet.grid, weights=sheet.blocks.households).tolist() == net.households.tolist()
    assert np.bincount(sheet.grid, weights=sheet.blocks.persons).tolist() == net.persons.tolist()
    assert (sheet.blocks.a < sheet.blocks.b).all()


def test_a_part_of_a_town_has_the_blocks_of_the_whole():
    """The blocks of some communities are those that a sheet of the whole town has there, numbered from 0."""
    town = village(communities=3).town()
    code = town.communities.code[1]
    whole, part = sheet_of(town, town, divided(town)), None
    net = divided(town, [code])
    inside = np.isin(np.array(town.households.id), np.array(net.household_id))
    own = replace(town, households=town.households.take(np.flatnonzero(inside)))
    part = sheet_of(town, own, net)
    assert part.settled
    mine = whole.blocks.community == 1
    assert shapely.equals_identical(part.polygon, whole.polygon[mine]).all()
    assert part.blocks.households.tolist() == whole.blocks.households[mine].tolist()
    assert part.communities == (code,)


def test_a_line_drawn_by_hand_is_a_line_of_blocks():
    """Blocks end at a foreign line: none lies in two grids, each grid is their union but for corners on its line."""
    town = sketch(PICTURE).town()
    net = slanted(town, divided(town))
    sheet = sheet_of(town, town, net)
    assert not sheet.settled
    assert (sheet.grid != NOWHERE).all()
    union = dissolve(sheet.polygon, sheet.grid, len(net))
    for made, drawn in zip(union.tolist(), net.polygon.tolist(), strict=True):
        corners = {tuple(c) for c in centimetres(shapely.get_coordinates(made)).tolist()}
        assert {tuple(c) for c in centimetres(shapely.get_coordinates(drawn)).tolist()} <= corners
        assert shapely.hausdorff_distance(shapely.boundary(made), shapely.boundary(drawn)) < 0.0071
    assert sum(area2(one) for one in sheet.polygon) == sum(area2(one) for one in net.outline.values())
    assert shapely.coverage_is_valid(sheet.polygon)
    said = np.bincount(net.grid_of_household, minlength=len(net))
    assert np.bincount(sheet.grid[sheet.home_block], minlength=len(net)).tolist() == said.tolist()
    again = sheet_of(town, town, replace(net, polygon=union, outline=_outlines(sheet)))
    assert again.settled


def _outlines(sheet):
    """The communities as unions of blocks."""
    made = dissolve(sheet.polygon, sheet.blocks.community, len(sheet.communities))
    return dict(zip(sheet.communities, made.tolist(), strict=True))


def test_a_gap_is_in_no_grid_and_an_overlap_in_one():
    """Ground that no grid has is in none; what two grids have is the first one's, and no point is lost."""
    town = sketch(PICTURE).town()
    net = divided(town)
    less = net.take([g for g in range(len(net)) if g != 1])
    sheet = sheet_of(town, town, less)
    lost = net.polygon[1]
    inside = shapely.covers(shapely.buffer(lost, 0.02), sheet.polygon)
    assert ((sheet.grid == NOWHERE) == inside).all()
    assert inside.any()
    assert int(sheet.blocks.households.sum()) == int(town.households.households.sum())
    both = net.polygon.copy()
    both[1] = shapely.normalize(shapely.union(net.polygon[0], net.polygon[1]))
    sheet = sheet_of(town, town, replace(net, polygon=both))
    assert (sheet.grid[shapely.covers(shapely.buffer(net.polygon[0], 0.02), sheet.polygon)] == 0).all()
