"""A block is parted along a line or between its buildings, together with what lies around it."""

import numpy as np
import pytest
import shapely

from gis.frame import centimetres
from gis.town import LineKind
from partition.parting import Hindrance, Homes, Spot, part_along, part_between_buildings


def spot(**more):
    """A block of 100 by 50 metres with two houses, one of them in two points; neighbours in the east and in the north."""
    north = shapely.Polygon([(0, 50), (100, 50), (200, 50), (200, 100), (0, 100)])
    given = {
        "block": shapely.box(0, 0, 100, 50),
        "around": np.array([shapely.box(100, 0, 200, 50), north], dtype=object),
        "homes": Homes(
            xy=np.array([[20.0, 25], [80, 15], [80, 35]]), building=("a", "b", "b"), households=np.array([30, 10, 10])
        ),
        "beside": np.array([[150.0, 25]]),
        "lines": np.empty(0, dtype=object),
        "kinds": np.empty(0, dtype=np.int64),
    }
    return Spot(**(given | more))


def line(*xy):
    """A line through these places."""
    return shapely.LineString(xy)


def test_ends_are_vertices_of_everybody():
    """A line between the grid's places ends on the 1 cm grid, at the same vertex of the parts and of the neighbour."""
    parted = part_along(spot(), line((50.3337, -10), (47.1234, 60)))
    assert not isinstance(parted, Hindrance)
    both = np.concatenate([parted.part, parted.around])
    assert shapely.coverage_is_valid(both)
    assert float(shapely.area(both).sum()) == pytest.approx(100 * 50 + 100 * 50 + 200 * 50)
    vertices = [{tuple(xy) for xy in centimetres(shapely.get_coordinates(shape)).tolist()} for shape in both]
    (end,) = [xy for xy in vertices[0] & vertices[1] if xy[1] == 5000]
    assert end in vertices[3]
    assert end not in vertices[2]
    assert parted.home_part.tolist() == [0, 1, 1]
    assert shapely.contains_xy(parted.part[0], 20, 25), "the part with most households comes first"


def test_lines_of_the_ground_are_known():
    """A cut along a lane has the lane's length; the rest of it has none."""
    lane = np.array([line((50, 0), (50, 30))], dtype=object)
    parted = part_along(spot(lines=lane, kinds=np.array([int(LineKind.LANE)])), line((50, -10), (50, 30), (50, 60)))
    assert not isinstance(parted, Hindrance)
    (row,) = np.flatnonzero((parted.a == 0) & (parted.b == 1))
    assert parted.shared_m[row][[LineKind.LANE, LineKind.INSIDE]] == pytest.approx([30, 20])


def test_between_buildings():
    """Each building has its part; one of two points is one building."""
    parted = part_between_buildings(spot())
    assert not isinstance(parted, Hindrance)
    assert parted.home_part.tolist() == [0, 1, 1]
    assert len(parted.part) == 2
    one = Homes(xy=np.array([[20.0, 25], [80, 25]]), building=("a", "a"), households=np.array([1, 2]))
    assert part_between_buildings(spot(homes=one)) is Hindrance.ONE_BUILDING
    none = Homes(xy=np.empty((0, 2)), building=(), households=np.empty(0, dtype=np.int64))
    assert part_between_buildings(spot(homes=none)) is Hindrance.ONE_BUILDING


def test_land_without_houses_is_cut_too():
    """A park has nobody in it and is cut as any block."""
    none = Homes(xy=np.empty((0, 2)), building=(), households=np.empty(0, dtype=np.int64))
    parted = part_along(spot(homes=none, beside=np.empty((0, 2))), line((30, -5), (30, 55)))
    assert not isinstance(parted, Hindrance)
    assert sorted(shapely.area(parted.part).tolist()) == pytest.approx([1500, 3500])


def test_several_crossings_make_several_parts():
    """A line that leaves the block and comes back parts it in three, each a single piece."""
    notched = shapely.Polygon([(0, 0), (100, 0), (100, 50), (60, 50), (60, 20), (40, 20), (40, 50), (0, 50)])
    homes = Homes(xy=np.array([[20.0, 10], [80, 10]]), building=("a", "b"), households=np.array([1, 2]))
    parted = part_along(
        spot(block=notched, around=np.empty(0, dtype=object), homes=homes, beside=np.empty((0, 2))), line((-5, 35), (105, 35))
    )
    assert not isinstance(parted, Hindrance)
    assert sorted(shapely.area(parted.part).tolist()) == pytest.approx([600, 600, 3200])


@pytest.mark.parametrize(
    ("drawn", "why"),
    [
        (line((50, -10), (50, 49.9)), Hindrance.MISSES),
        (line((0, 0), (100, 0)), Hindrance.MISSES),
        (line((300, 0), (300, 100)), Hindrance.MISSES),
        (line((50, 10), (55, 10), (55, 15), (50, 15), (50, 10)), Hindrance.SMALL),
        (line((21.5, -10), (21.5, 60)), Hindrance.BUILDING),
        (line((-5, 25), (50, 15), (70, 25), (105, 25)), Hindrance.BUILDING),
        (line((0.5, -10), (0.5, 60)), Hindrance.SMALL),
    ],
)
def test_what_cannot_be_is_an_answer(drawn, why):
    """Lines that do not cross, go through a house, part a building's points or leave a sliver are named, not raised."""
    assert part_along(spot(), drawn) is why


def test_a_line_that_others_hold_keeps_its_vertices():
    """On a held line a cut ends at a vertex that is there, or, where none is near, not at all."""
    corner = part_along(spot(held=line((0, 0), (100, 0))), line((10, -10), (50, 60)))
    assert corner is Hindrance.BUILDING, "led to the corner the line would go through a house"
    homes = Homes(xy=np.array([[20.0, 25], [80, 45]]), building=("a", "b"), households=np.array([1, 2]))
    led = part_along(spot(held=line((0, 0), (100, 0)), homes=homes), line((62, -10), (50, 60)))
    assert not isinstance(led, Hindrance)
    assert {tuple(xy) for xy in shapely.get_coordinates(led.part).tolist() if xy[1] == 0} == {(0, 0), (100, 0)}
    wide = shapely.box(0, 0, 400, 50)
    far = spot(block=wide, around=np.empty(0, dtype=object), beside=np.empty((0, 2)), held=line((0, 0), (400, 0)))
    assert part_along(far, line((200, -10), (200, 60))) is Hindrance.HELD
