"""The notice of a plan: what it changes against the net in force, in words and as a table, and what it does not tell."""

import csv
import io

import pytest
import shapely

from data.store.adopt import adopt
from tests.api.v1.hall import problem
from tests.api.v1.painted import Painting
from tests.stored import brought, cut, drafted, owner, published, village

C1, C2 = "370103016001", "370103016002"


def drawn(hall, made):
    """A draft of somebody who plans both communities, with its blocks."""
    author = hall.person("author", ("community", C1), ("community", C2))
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, made, author=author).id
    return Painting(hall, hall.key(author), f"/v1/plans/{plan}").prepared()


@pytest.fixture
def paint(hall):
    """A draft of a village, the same as its net in force."""
    with owner(hall.db.admin) as conn:
        made, _ = published(conn)
    return drawn(hall, made)


def notice(paint, **asked):
    """Ask for the notice."""
    answer = paint.hall.client.get(f"{paint.plan}/notice", params=asked, headers=paint.who)
    assert answer.status_code == 200, answer.text
    return answer


def table(paint):
    """The notice as rows of a table."""
    return list(csv.DictReader(io.StringIO(notice(paint, lang="zh", format="csv").content.decode("utf-8-sig"))))


def moving(paint, community, count):
    """So many blocks of a community's first grid, each with the community's last."""
    land, of = paint.blocks()["blocks"]["community"], paint.grid_of()
    mine = [n for n, index in enumerate(land) if index == community]
    last = of[mine[-1]]
    return [(n, last) for n in mine if of[n] == of[mine[0]] != last][:count]


def few(hall, block):
    """Let a block have three households instead of twenty-five."""
    (home,) = hall.value("SELECT homes FROM wangge.plan_block WHERE number = %s", [block])
    hall.do("UPDATE wangge.household_point SET households = 3, persons = 9 WHERE id = %s", [home])


def test_the_notice_says_what_changes(paint):
    """The notice names each changed grid with its households, in either language, as a text and as a table."""
    assert "与现行网格相比没有变化" in notice(paint, lang="zh").text
    ((block, other),) = moving(paint, 0, 1)
    named, one = {grid["id"]: grid["name"] for grid in paint.state()["grids"]}, paint.grid_of()[block]
    assert paint.save([(block, other)]).status_code == 200
    text = notice(paint, lang="zh").text
    assert f"{named[one]} → {named[other]}（调整边界），25户" in text
    assert "现行网格6个，调整后6个。调整所属网格：25户。" in text
    assert "25 households" in notice(paint, lang="en").text
    assert notice(paint, format="csv").headers["Content-Type"] == "text/csv; charset=utf-8"
    assert [row["households_moved"] for row in table(paint) if row["to_name"] == named[other]].count("25") == 1
    problem(paint.hall.client.get(f"{paint.plan}/notice?format=pdf", headers=paint.who), 400, "invalid-parameter")


def test_few_are_neither_told_nor_worked_out(paint):
    """Where three households go, nothing that is told says so, nor what is left of the sum when all others are taken away."""
    (small,), others = moving(paint, 0, 1), moving(paint, 1, 2)
    few(paint.hall, small[0])
    assert paint.save([small]).status_code == 200
    assert "调整所属网格：户数从略。" in notice(paint, lang="zh").text  # the sum is the three
    assert paint.save(others).status_code == 200
    text = notice(paint, lang="zh").text
    assert "调整所属网格：53户。" in text
    assert text.count("户数从略") == 2
    assert "，3户" not in text
    assert "，50户" not in text
    assert sorted(row["households_moved"] for row in table(paint) if row["households_moved"] != "0") == ["", ""]
    assert notice(paint, lang="en").text.count("number of households not told") == 2


def test_a_community_without_any_grid_gives_all_of_them_up(paint):
    """Where a draft has no grid left in a community, the grids in force there are named as given up, and the diff has them."""
    land = paint.blocks()["blocks"]["community"]
    assert paint.save([(n, None) for n, index in enumerate(land) if index == 1]).status_code == 200
    found = paint.hall.client.get(f"{paint.plan}/diff", headers=paint.who).json()
    assert (found["grids_before"], found["grids_after"]) == (6, 3)
    assert sorted(grid["fate"] for grid in found["before"]) == ["keep"] * 3 + ["retire"] * 3
    text = notice(paint, lang="zh").text
    assert f"范围：{C1}、{C2}" in text
    assert text.count("（撤销）") == 3


def test_two_compounds_of_one_name_are_two(hall):
    """Compounds of the same name in two communities are not one that is cut; one that is lies in its grids by name, once."""
    drawing = village()
    drawing.compounds = [("幸福里", shapely.box(0, 0, 200, 150)), ("幸福里", shapely.box(600, 150, 800, 300))]
    with owner(hall.db.admin) as conn:
        made = brought(conn, drawing.town())
        adopt(conn, drafted(conn, made), cut())
    paint = drawn(hall, made)
    assert "幸福里" not in notice(paint, lang="zh").text
    ((block, other),) = moving(paint, 0, 1)
    assert paint.blocks()["blocks"]["compound"][block] == 0
    assert paint.save([(block, other)]).status_code == 200
    named = {grid["id"]: grid["name"] for grid in paint.state()["grids"]}
    (line,) = (line for line in notice(paint, lang="zh").text.splitlines() if "幸福里" in line)
    assert set(line.removeprefix("- 幸福里：").split("、")) == {named[other], named[paint.grid_of()[block + 1]]}


@pytest.mark.parametrize("category", ["residential", "dedicated"])
def test_nothing_is_said_of_half_a_net(hall, category):
    """Whoever sees grids of one category is refused what follows from all of them, and no step is taken by half of a plan."""
    drawing = village(communities=1)
    drawing.dedicated = [("市场", shapely.box(0, 0, 100, 100))]
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, brought(conn, drawing.town())).id
    who, address = hall.comes("part", ("community", C1, category)), f"/v1/plans/{plan}"
    for tail in ("notice", "diff", "checks"):
        problem(hall.client.get(f"{address}/{tail}", headers=who), 403, "scope-denied")
    step = hall.client.post(f"{address}/transitions", headers=who | {"If-Match": "*"}, json={"action": "validate"})
    problem(step, 403, "scope-denied")
    assert hall.value("SELECT revision FROM wangge.plan") == 1
