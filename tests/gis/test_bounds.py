"""Four bounds, by drawings whose answer is known.

A drawing is made of cells of 100 m, north at the top: each letter is a grid, in capitals of 甲社区, in small letters of
乙社区; a blank is no ground. The south-west corner is 0, 0.
"""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.bounds import TOWN_EDGE, bounds_text, four_bounds
from gis.mesh import build_mesh
from gis.town import LineKind

BLOCK = ["ABe", "CDf"]
CELL = 100

ROAD, LANE, RIVER = LineKind.ROAD, LineKind.LANE, LineKind.RIVER


def drawn(rows, lines=(), *, communities=("甲社区", "乙社区"), scale=CELL):
    """Give the four bounds of each letter of a drawing; `lines` are (name, kind, points)."""
    cells = [
        (letter, shapely.orient_polygons(shapely.box(x, y, x + 1, y + 1)))
        for y, row in enumerate(reversed(rows))
        for x, letter in enumerate(row)
        if letter != " "
    ]
    letters = sorted({letter for letter, _ in cells})
    polygon = shapely.transform(np.array([cell for _, cell in cells], dtype=object), lambda xy: xy * scale)
    grid = np.array([letters.index(letter) for letter, _ in cells], dtype=np.int64)
    whole = [shapely.union_all(polygon[grid == index]) for index in range(len(letters))]
    found = four_bounds(
        build_mesh(polygon),
        grid,
        centroid=shapely.get_coordinates(shapely.centroid(np.array(whole, dtype=object))),
        line=np.array([shapely.LineString(points) for _, _, points in lines], dtype=object),
        line_kind=np.array([kind for _, kind, _ in lines], dtype=np.uint8),
        line_name=tuple(name for name, _, _ in lines),
        grid_name=tuple(f"网格{letter}" for letter in letters),
        community_of_grid=np.array([int(letter.islower()) for letter in letters], dtype=np.int64),
        community_name=communities,
    )
    return dict(zip(letters, found, strict=True))


STREETS = [
    ("解放路", LineKind.MAIN_ROAD, [(0, 200), (300, 200)]),
    ("舜耕巷", LANE, [(100, 0), (100, 200)]),
    ("清河", RIVER, [(200, 0), (200, 200)]),
]


def test_a_street_block_is_bounded_by_its_streets_its_river_its_neighbour_and_the_towns_edge():
    """Each side of a block is named in both languages, in the order east, south, west, north."""
    found = drawn(BLOCK, STREETS)
    assert bounds_text(found["B"], "zh") == "东至清河，南至网格D，西至舜耕巷，北至解放路"
    assert (
        bounds_text(found["B"], "en")
        == "bounded by 清河 on the east, 网格D on the south, 舜耕巷 on the west and 解放路 on the north"
    )
    assert bounds_text(found["A"], "zh") == "东至舜耕巷，南至网格C，西至城区边界，北至解放路"
    assert (
        bounds_text(found["A"], "en")
        == "bounded by 舜耕巷 on the east, 网格C on the south, the town's edge on the west and 解放路 on the north"
    )


def test_a_line_without_a_name_gives_way_to_the_neighbour():
    """Beyond a nameless street lies the next grid of the community, or the next community."""
    streets = [("", kind, points) for _, kind, points in STREETS] + [("  ", ROAD, [(0, 100), (300, 100)])]
    assert astuple(drawn(BLOCK, streets)["B"]) == ("乙社区", "网格D", "网格A", TOWN_EDGE)
    assert astuple(drawn(BLOCK)["B"]) == ("乙社区", "网格D", "网格A", TOWN_EDGE)


def test_a_community_without_a_name_is_known_by_its_grid():
    """No bound is ever empty."""
    assert drawn(BLOCK, communities=("", ""))["B"].east == "网格e"


@pytest.mark.parametrize(
    ("away", "turn", "east"),
    [(0, 0, "清河"), (14.9, 0, "清河"), (15.1, 0, "乙社区"), (8, 9, "清河"), (0, 70, "乙社区")],
)
def test_a_river_beside_the_border_bounds_within_15_metres_and_30_degrees(away, turn, east):
    """A river 15 m at most beside the community's line, and nearly parallel, is the bound; else the neighbour is."""
    river = ("清河", RIVER, [(200 + away - turn / 2, 100), (200 + away + turn / 2, 200)])
    assert drawn(BLOCK, [river])["B"].east == east


def test_the_line_on_the_edge_comes_before_one_beside_it():
    """Where two lines run along the same place the nearer counts; where both lie on it the stronger does."""
    beside = [("清河", RIVER, [(210, 0), (210, 200)]), ("西巷", LANE, [(200, 0), (200, 200)])]
    assert drawn(BLOCK, beside)["B"].east == "西巷"
    upon = [("清河", RIVER, [(200, 0), (200, 200)]), ("西巷", LANE, [(200, 0), (200, 200)])]
    assert drawn(BLOCK, upon)["B"].east == "清河"


@pytest.mark.parametrize(("meeting", "east"), [(40, "大路"), (60, "小巷"), (50, "大路"), (75, "小巷")])
def test_a_side_takes_the_name_that_runs_along_the_most_of_it(meeting, east):
    """Half road, half lane: the longer names the side, and of equals the stronger."""
    rows = ["A" * 10 + "e" * 10] * 10
    lines = [("小巷", LANE, [(100, 0), (100, meeting)]), ("大路", ROAD, [(100, meeting), (100, 100)])]
    assert drawn(rows, lines, scale=10)["A"].east == east


def test_a_name_adds_up_over_its_lines():
    """A street in pieces is one street."""
    rows = ["A" * 10 + "e" * 10] * 10
    lines = [
        ("小巷", LANE, [(100, 0), (100, 30)]),
        ("大路", ROAD, [(100, 30), (100, 70)]),
        ("小巷", LANE, [(100, 70), (100, 100)]),
    ]
    assert drawn(rows, lines, scale=10)["A"].east == "小巷"


@pytest.mark.parametrize(("length", "east"), [(80, "乙社区"), (120, "短街")])
def test_a_name_needs_a_quarter_of_its_side(length, east):
    """A street that ends after a fifth of the side does not name it."""
    rows = ["A" * 10 + "e" * 10] * 10
    assert drawn(rows, [("短街", ROAD, [(400, 0), (400, length)])], scale=40)["A"].east == east


def test_drains_and_walls_name_a_side_that_nothing_stronger_names():
    """A named wall or drain comes after roads and rivers, and before the neighbour."""
    wall = ("阳光花园围墙", LineKind.WALL, [(200, 0), (200, 200)])
    assert drawn(BLOCK, [wall])["B"].east == "阳光花园围墙"
    assert drawn(BLOCK, [wall, ("东街", ROAD, [(212, 0), (212, 200)])])["B"].east == "东街"


@pytest.mark.parametrize("kind", [LineKind.INSIDE, LineKind.UNDERGROUND, LineKind.COMMUNITY])
def test_what_cannot_be_seen_on_the_ground_bounds_nothing(kind):
    """Underground lines and the community's own outline name no side."""
    assert drawn(BLOCK, [("地铁", kind, [(200, 0), (200, 200)])])["B"].east == "乙社区"


def test_a_ring_is_bounded_by_what_lies_around_it():
    """What a grid encloses does not bound it, wherever the enclave lies; the enclave is bounded by the ring."""
    ring = ["AAAAA", "AAAAA", "AAABA", "AAAAA", "AAAAA", "eeeee"]
    middle = [row.replace("B", "A") for row in ring[:2]] + ["AABAA"] + ring[3:]
    for rows in (ring, middle):
        found = drawn(rows)
        assert astuple(found["A"]) == (TOWN_EDGE, "乙社区", TOWN_EDGE, TOWN_EDGE)
        assert astuple(found["B"]) == ("网格A",) * 4


@pytest.mark.parametrize("last", ["AAAAAAAA", "AAAAAAA "])
def test_the_streets_around_an_enclave_do_not_bound_what_encloses_it(last):
    """An enclave stays inside, also one whose corner lies on the outline."""
    rows = ["AAAAAAAA", "AAAAAABA", "AAAAAABA", "AAAAAABA", last]
    found = drawn(rows, [("内街", ROAD, [(600, 100), (600, 400)])])
    assert astuple(found["A"]) == (TOWN_EDGE,) * 4
    assert found["B"].west == "内街"


def test_the_inner_side_of_a_crescent_does_not_bound():
    """A crescent open to the east ends in the west at its back, not at its hollow."""
    rows = ["eAAAAAAAAe", "eABBBBBBBe", "eABBBBBBBe", "eABBBBBBBe", "eAAAAAAAAe"]
    found = drawn(rows, [("内街", ROAD, [(200, 100), (200, 400)])])
    assert found["A"].west == "乙社区"
    assert found["B"].west == "内街"


def test_a_long_block_ends_at_its_ends():
    """The street along the long side of a block is not its bound at the short one, though it is longer."""
    street, back = ("长街", ROAD, [(0, 100), (800, 100)]), ("后巷", LANE, [(800, 0), (800, 100)])
    assert astuple(drawn(["AAAAAAAA"], [street, back])["A"]) == ("后巷", TOWN_EDGE, TOWN_EDGE, "长街")
    assert astuple(drawn(["A"] * 8)["A"]) == (TOWN_EDGE,) * 4


def test_a_long_edge_is_looked_at_in_several_places():
    """What happens to lie at the middle of an edge does not decide for all of it."""
    lines = [
        ("小巷", LANE, [(400, 0), (400, 170)]),
        ("大路", ROAD, [(400, 170), (400, 230)]),
        ("小巷", LANE, [(400, 230), (400, 400)]),
    ]
    assert drawn(["Ae"], lines, scale=400)["A"].east == "小巷"


def test_a_side_without_outline_takes_what_lies_farthest_that_way():
    """Two parts of one grid in the west and the east, seen from between them, still have a north and a south."""
    found = drawn(["A    eA", "A     A"])
    assert astuple(found["A"]) == (TOWN_EDGE,) * 4
    found = drawn(["eeeeeee", "A     A", "BBBBBBB"])
    assert astuple(found["A"]) == (TOWN_EDGE, "网格B", TOWN_EDGE, "乙社区")


def test_a_grid_without_ground_ends_at_the_towns_edge():
    """Even a grid that has no face gets four words."""
    nothing = four_bounds(
        build_mesh(np.array([shapely.orient_polygons(shapely.box(0, 0, 1, 1))], dtype=object)),
        np.array([-1]),
        centroid=np.zeros((1, 2)),
        line=np.array([], dtype=object),
        line_kind=np.array([], dtype=np.uint8),
        line_name=(),
        grid_name=("空",),
        community_of_grid=np.array([0]),
        community_name=("甲",),
    )
    assert astuple(nothing[0]) == (TOWN_EDGE,) * 4


WORDS = st.text("ABCabc ", min_size=4, max_size=4)


@given(st.lists(WORDS, min_size=4, max_size=4).filter(lambda rows: "".join(rows).strip()), st.permutations(range(6)))
def test_every_grid_has_four_bounds_that_do_not_depend_on_the_order_of_the_lines(rows, order):
    """Whatever the shapes, no bound is empty, none is the grid itself, and shuffled lines change nothing."""
    lines = [(f"{at}号路", (LANE, ROAD, RIVER)[at % 3], [(100 * at - 100, -50), (100 * at - 95, 450)]) for at in range(6)]
    found = drawn(rows, lines)
    assert all(all(astuple(four)) for four in found.values())
    assert all(f"网格{letter}" not in astuple(four) for letter, four in found.items())
    assert drawn(rows, [lines[at] for at in order]) == found
