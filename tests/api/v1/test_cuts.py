"""Blocks are cut and joined over HTTP: the coverage stays whole, nothing is lost, nobody paints on what they have not seen."""

from typing import Any

import numpy as np
import pytest
import shapely

from data.store.adopt import adopt
from gis.frame import WGS84, transform_geometry
from gis.town import LineKind
from tests.api.v1.hall import TODAY, problem
from tests.api.v1.painted import Painting
from tests.drawn import FRAME, ORIGIN, Drawing, Home, Line
from tests.stored import brought, drafted, owner, village
from tests.stored import cut as step

C1, C2, STREET, DISTRICT = "370103016001", "370103016002", "街道", "区"


def painted(hall, drawing):
    """A draft of a drawing's town, with its blocks."""
    with owner(hall.db.admin) as conn:
        made = brought(conn, drawing.town())
    author = hall.person("author", *(("community", code) for code in made.town.communities.code))
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, made, author=author).id
    return Painting(hall, hall.key(author), f"/v1/plans/{plan}").prepared()


def lanes():
    """Two communities of the village, with lanes between every four of its houses; a road runs along the first row of them."""
    drawn = village()
    wide, high = 800, 300
    drawn.lines = [Line(LineKind.LANE, [(x, 0), (x, high)]) for x in range(100, wide, 100)]
    drawn.lines += [Line(LineKind.ROAD, [(0, 100), (wide, 100)], "和平路"), Line(LineKind.LANE, [(0, 200), (wide, 200)])]
    return drawn


@pytest.fixture
def paint(hall):
    """The village with lanes: each block has four houses of 25 households."""
    return painted(hall, lanes())


def rows(paint) -> list[tuple[Any, ...]]:
    """All blocks: what they hold, and their shapes, by number."""
    found = paint.hall.rows(
        """SELECT number, grid_id::text, households, persons, buildings, cardinality(homes), made, compound,
             area_m2, perimeter_m, ST_AsBinary(b.shape) FROM wangge.plan_block b JOIN wangge.plan_edition e ON e.id = b.edition
           WHERE e.plan_id = %s ORDER BY number""",
        [paint.plan.rsplit("/", 1)[1]],
    )
    return [(*row, shapely.from_wkb(bytes(wkb))) for *row, wkb in found]


def borders(paint):
    """Metres that each pair of blocks shares, by kind of line."""
    packed = paint.hall.value("SELECT borders FROM wangge.plan_edition WHERE plan_id = %s", [paint.plan.rsplit("/", 1)[1]])
    kinds = np.dtype([("a", "<i4"), ("b", "<i4"), ("shared_m", "<f4", (len(LineKind),))])
    return {(int(row["a"]), int(row["b"])): row["shared_m"].astype(float) for row in np.frombuffer(bytes(packed), dtype=kinds)}


def neighbour(paint, block):
    """Another grid of the same community that a block borders, or None."""
    found = rows(paint)
    near = {a + b - block for a, b in borders(paint) if block in (a, b)}
    west = found[block][-1].centroid.x < ORIGIN[0] + 400
    grids = {found[n][1] for n in near if (found[n][-1].centroid.x < ORIGIN[0] + 400) == west}
    return next(iter(sorted(grids - {found[block][1]})), None)


def degrees(*xy):
    """Points of a drawing as longitudes and latitudes."""
    points = np.array([shapely.Point(x + ORIGIN[0], y + ORIGIN[1]) for x, y in xy], dtype=object)
    return shapely.get_coordinates(transform_geometry(points, FRAME, WGS84)).tolist()


def at(paint, x, y):
    """The number of the block that a place of the drawing lies in."""
    point = shapely.Point(x + ORIGIN[0], y + ORIGIN[1])
    (number,) = (row[0] for row in rows(paint) if row[-1].contains(point))
    return number


def cut(paint, block, line=None, **more):
    """Ask for a cut along a line of the drawing."""
    body = {"edition": paint.edition, "base": paint.state()["plan"]["revision"], "block": block}
    body |= {} if line is None else {"line": degrees(*line)}
    answer = paint.hall.client.post(f"{paint.plan}/cuts", json=body | more, headers=paint.who)
    if answer.status_code == 200:
        paint.edition = answer.json()["edition"]
    return answer


def join(paint, *blocks, **more):
    """Ask that parts are one again."""
    body = {"edition": paint.edition, "base": paint.state()["plan"]["revision"], "blocks": list(blocks)}
    answer = paint.hall.client.post(f"{paint.plan}/joins", json=body | more, headers=paint.who)
    if answer.status_code == 200:
        paint.edition = answer.json()["edition"]
    return answer


def assert_whole(paint):
    """Blocks, grids and communities tile, each grid is the union of its blocks, counts follow, and the audit finds nothing."""
    blocks = rows(paint)
    assert [row[0] for row in blocks] == list(range(len(blocks)))
    assert shapely.coverage_is_valid(np.array([row[-1] for row in blocks]))
    assert sum(row[2] for row in blocks) == sum(grid["households"] for grid in counted(paint))
    for identity, shape in paint.hall.rows(
        """SELECT g.id::text, ST_AsBinary(g.shape) FROM wangge.grid g JOIN wangge.plan p ON p.id = g.plan_id
             AND p.version = g.version WHERE p.id = %s""",
        [paint.plan.rsplit("/", 1)[1]],
    ):
        mine = np.array([row[-1] for row in blocks if row[1] == identity])
        assert shapely.equals_identical(
            shapely.normalize(shapely.coverage_union_all(mine)), shapely.normalize(shapely.from_wkb(bytes(shape)))
        )
    for row in blocks:
        assert row[8:10] == pytest.approx((row[-1].area, row[-1].length))
    for (a, b), metres in borders(paint).items():
        shared = shapely.length(shapely.intersection(blocks[a][-1], blocks[b][-1]))
        assert metres.sum() == pytest.approx(shared, abs=0.05), (a, b)
    report = paint.hall.client.get(f"{paint.plan}/checks", headers=paint.who).json()
    assert not [each for each in report["findings"] if each["severity"] == "error"]


def counted(paint):
    """The plan's grids with their households."""
    found = paint.hall.rows(
        """SELECT g.households FROM wangge.grid g JOIN wangge.plan p ON p.id = g.plan_id AND p.version = g.version
           WHERE p.id = %s""",
        [paint.plan.rsplit("/", 1)[1]],
    )
    return [{"households": households} for (households,) in found]


def test_a_line_cuts_a_block(paint):
    """Each house is in the part that it stands in; the grid, the totals, everybody else and the lengths of lines stay."""
    block = at(paint, 125, 125)
    before, was = rows(paint), borders(paint)
    revision = paint.state()["plan"]["revision"]
    answer = cut(paint, block, [(150.333, 90), (146.2, 150), (151, 210)])
    assert answer.status_code == 200, answer.text
    one, other = answer.json()["blocks"]
    after, now = rows(paint), borders(paint)
    assert (one, other, len(after)) == (block, len(before), len(before) + 1)
    assert [row[1:6] for row in (after[one], after[other])] == [(before[block][1], 50, 150, 2, 2)] * 2
    assert [row[2:6] for row in after if row[0] not in (one, other)] == [row[2:6] for row in before if row[0] != block]
    assert (answer.json()["revision"], after[other][6]) == (revision + 1, revision + 1)
    assert now[one, other][LineKind.INSIDE] == pytest.approx(100.3, abs=0.1)
    for kind in LineKind:
        if kind != LineKind.INSIDE:
            assert sum(m[kind] for m in now.values()) == pytest.approx(sum(m[kind] for m in was.values()), abs=0.01)
    above = at(paint, 125, 225)
    shared = [now[tuple(sorted((part, above)))] for part in (one, other)]
    assert [m[LineKind.LANE] for m in shared] == pytest.approx([m.sum() for m in shared])
    assert sum(m.sum() for m in shared) == pytest.approx(100, abs=0.05)
    assert_whole(paint)
    told = paint.blocks()
    assert [told["blocks"]["households"][n] for n in (one, other)] == [50, 50]
    assert told["made"] == [[one, revision + 1, block], [other, revision + 1, block]]
    # Drawn, too, both parts meet: the shared stretch is in both.
    assert told["blocks"]["shape"][one] != told["blocks"]["shape"][other]
    assert paint.hall.rows("SELECT body->>'block', body->>'blocks' FROM wangge.event WHERE kind = 'plan.block.cut'") == [
        (str(block), "2")
    ]


def test_a_block_is_cut_between_its_buildings(paint):
    """Without a line every building gets a block of its own, with the ground that is nearest to it."""
    block = at(paint, 125, 125)
    answer = cut(paint, block)
    assert answer.status_code == 200, answer.text
    after = rows(paint)
    assert [after[n][2:6] for n in answer.json()["blocks"]] == [(25, 75, 1, 1)] * 4
    assert [after[n][8] for n in answer.json()["blocks"]] == pytest.approx([2500] * 4)
    assert_whole(paint)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ([(150, 90), (150, 150)], "does-not-cross"),
        ([(500, 90), (500, 210)], "does-not-cross"),
        ([(150, 150), (151, 150)], "does-not-cross"),
        ([(150, 150), (150, 150)], "does-not-cross"),
        ([(125, 90), (125, 210)], "cuts-a-building"),
        ([(100.4, 90), (100.4, 210)], "part-too-small"),
        ([(95, 110), (110, 95)], "part-too-small"),
    ],
)
def test_a_line_that_is_none_is_answered(paint, line, code):
    """What cannot be is said, with a word for machines; nothing is written."""
    before = rows(paint)
    told = problem(cut(paint, at(paint, 125, 125), line), 422, "invalid-body")
    assert [(each["pointer"], each["code"]) for each in told["errors"]] == [("/line", code)]
    assert rows(paint) == before


def test_a_building_stays_whole(hall):
    """Two points of one building are never parted, and a block of one building is not broken up."""
    drawn = Drawing(
        communities={C1: shapely.box(0, 0, 400, 100)},
        homes=[Home(25 + 50 * k, 50, 100, building=f"b{k // 2}") for k in range(8)],
    )
    paint = painted(hall, drawn)
    block = at(paint, 25, 50)
    assert block == at(paint, 75, 50)
    told = problem(cut(paint, block, [(50, -10), (50, 110)]), 422, "invalid-body")
    assert told["errors"][0]["code"] == "cuts-a-building"
    assert problem(cut(paint, block), 422, "invalid-body")["errors"][0]["code"] == "one-building"


def test_parts_are_painted_and_joined(paint):
    """A part goes to another grid as any block; parts in one grid are one block again, those in two are not."""
    block = at(paint, 325, 125)
    before, was = rows(paint), borders(paint)
    one, other = cut(paint, block, [(350, 90), (350, 210)]).json()["blocks"]
    third = cut(paint, at(paint, 25, 25), [(50, -10), (50, 110)]).json()["blocks"][1]
    mine = before[block][1]
    else_ = next(row[1] for row in before if row[1] != mine and row[-1].centroid.x < ORIGIN[0] + 400)
    assert paint.save([(other, else_)]).status_code == 200
    assert_whole(paint)
    assert problem(join(paint, one, other), 409, "parts-apart")
    assert paint.save([(other, mine)]).status_code == 200
    for blocks, code in (
        ((one, third), "not-parts-of-one"),
        ((one, 10_000), "unknown-block"),
        ((one, one), "not-parts-of-one"),
    ):
        assert problem(join(paint, *blocks), 422, "invalid-body")["errors"][0]["code"] == code
    answer = join(paint, one, other)
    assert (answer.status_code, answer.json()["blocks"]) == (200, [block]), answer.text
    assert answer.json()["moved"] == [[other, block], [third, other]]
    after, now = rows(paint), borders(paint)
    assert len(after) == len(before) + 1
    assert after[block][1:6] == before[block][1:6]
    assert shapely.symmetric_difference(after[block][-1], before[block][-1]).area < 0.1
    # The other cut's part has moved into the number that was left over.
    assert (after[other][2], at(paint, 75, 25) in (at(paint, 25, 25), other)) == (50, True)
    for pair in was.keys() & now.keys():
        if not {at(paint, 25, 25), other} & {*pair}:
            assert now[pair] == pytest.approx(was[pair], abs=0.02)
    assert_whole(paint)


def test_whoever_paints_elsewhere_goes_on(paint):
    """A cut leaves the numbers of other blocks: a stroke on them is saved, one on the cut block is refused."""
    other = paint.by(paint.who)
    block, apart = at(paint, 125, 125), at(paint, 525, 125)
    base = other.state()["plan"]["revision"]
    state = rows(paint)
    theirs = next(row[1] for row in state if row[1] != state[apart][1] and row[-1].centroid.x > ORIGIN[0] + 400)
    assert cut(paint, block, [(150, 90), (150, 210)]).status_code == 200
    mine = next(row[1] for row in state if row[1] != state[block][1] and row[-1].centroid.x < ORIGIN[0] + 400)
    problem(other.save([(block, mine)], base=base), 409, "stale-edition")
    answer = other.save([(apart, theirs)], base=base)
    assert answer.status_code == 200, answer.text
    assert answer.json()["edition"] == paint.edition != other.edition
    problem(cut(other, block, [(120, 90), (120, 210)]), 409, "stale-edition")
    problem(cut(paint, apart, [(550, 90), (550, 210)], base=base), 409, "overlapping-edits")
    assert_whole(paint)


def test_a_cut_plan_takes_effect_beside_others(hall):
    """A line that ends on the border to a net in force ends at a corner of it; the plan takes effect beside that net."""
    with owner(hall.db.admin) as conn:
        made = brought(conn, lanes().town())
        adopt(conn, drafted(conn, made), step(TODAY))
    author = hall.person("author", ("community", C1), ("community", C2))
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, made, net=made.net.take([0, 1, 2]), author=author).id
    paint = Painting(hall, hall.key(author), f"/v1/plans/{plan}").prepared()
    state = rows(paint)
    low = next(y for y in (0, 100, 200) for b in [at(paint, 325, y + 25)] if neighbour(paint, b))
    block = at(paint, 325, low + 25)
    answer = cut(paint, block, [(290, low + 60), (410, low + 70)])
    assert answer.status_code == 200, answer.text
    after, parts = rows(paint), answer.json()["blocks"]
    corners = {tuple(xy) for xy in (shapely.get_coordinates([after[n][-1] for n in parts]) - ORIGIN).round(2).tolist()}
    assert {y for x, y in corners if x == 400.0} == {low, low + 100.0}
    assert len(after) == len(state) + 1
    part = next(n for n in parts if neighbour(paint, n))
    assert paint.save([(part, neighbour(paint, part))]).status_code == 200
    planner = hall.comes("planner", ("community", C1))
    street, district = hall.comes("street", ("street", STREET)), hall.comes("chief", ("district", DISTRICT))
    steps = (("validate", paint.who), ("submit", planner), ("street_review", street), ("district_approve", district))
    for action, who in (*steps, ("notice", district), ("put_in_force", district)):
        more = {"effective_from": str(TODAY.replace(year=TODAY.year + 1))} if action == "put_in_force" else {}
        seen = hall.client.get(paint.plan, headers=who).headers["ETag"]
        told = hall.client.post(f"{paint.plan}/transitions", json={"action": action} | more, headers=who | {"If-Match": seen})
        assert told.status_code == 200, told.text
    assert hall.client.get(paint.plan, headers=district).json()["state"] == "effective"


def test_a_line_that_can_only_end_amid_a_neighbours_line_is_answered(hall):
    """Where the border to a net in force has no corner near, a cut that ends on it is refused, with a word for machines."""
    with owner(hall.db.admin) as conn:
        made = brought(conn, Drawing(communities=village().communities, homes=[Home(200, 150, 400), Home(450, 50, 100)]).town())
        adopt(conn, drafted(conn, made), step(TODAY))
    author = hall.person("author", ("community", C1), ("community", C2))
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, made, net=made.net.take([0]), author=author).id
    paint = Painting(hall, hall.key(author), f"/v1/plans/{plan}").prepared()
    told = problem(cut(paint, at(paint, 399, 140), [(390, 301), (401, 140)]), 422, "invalid-body")
    assert told["errors"][0]["code"] == "line-is-held"
