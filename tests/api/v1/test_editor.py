"""A plan is painted over HTTP: its blocks, which grid each is in, several people at a time, and on until it takes effect."""

import gzip
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import numpy as np
import pytest
import shapely

from api import block_job as block_module
from api.block_job import block_job
from data.store import jobs, paint_board, plan_standing
from data.store.sql import many
from gis.errors import Stale
from gis.frame import centimetres
from tests.api.v1.hall import TODAY, problem
from tests.api.v1.painted import Painting, do_next
from tests.drawn import Drawing, Home
from tests.stored import brought, drafted, owner, published, village

C1, C2, STREET, DISTRICT = "370103016001", "370103016002", "街道", "区"


def painting(hall, drawing=None, *, change=None):
    """A village (or another drawing) with nothing in force, a draft of somebody who plans both communities, and its blocks."""
    with owner(hall.db.admin) as conn:
        made = brought(conn, (drawing or village()).town())
    author = hall.person("author", *(("community", code) for code in made.town.communities.code))
    net = made.net if change is None else change(made.net)
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, made, net=net, author=author).id
    return Painting(hall, hall.key(author), f"/v1/plans/{plan}")


@pytest.fixture
def paint(hall):
    """The village, with its blocks."""
    return painting(hall).prepared()


def grids(hall):
    """The grids of the draft: households, area and shape by id."""
    rows = hall.rows(
        """SELECT g.id::text, g.households, g.persons, g.buildings, ST_AsBinary(g.shape), a.code FROM wangge.grid g
           JOIN wangge.area a ON a.id = g.area_id JOIN wangge.plan p ON p.id = g.plan_id AND p.version = g.version
           WHERE g.in_force IS NULL ORDER BY g.id"""
    )
    return {key: (counts, shapely.from_wkb(bytes(wkb)), community) for key, *counts, wkb, community in rows}


def shapes(hall):
    """The shapes of the draft's grids, and of its communities as they are noded."""
    noded = [shapely.from_wkb(bytes(wkb)) for (wkb,) in hall.rows("SELECT ST_AsBinary(noded) FROM wangge.plan_community")]
    return np.array([shape for _, shape, _ in grids(hall).values()]), np.array(noded)


def area2(shape):
    """Twice the area of shapes in cm², as a whole number, reckoned in whole numbers."""
    total = 0
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        (x, y) = centimetres(shapely.get_coordinates(ring)).T.astype(object)
        total += sum(x[:-1] * y[1:] - x[1:] * y[:-1])
    return total


def assert_tiles(hall):
    """The grids tile the communities, to the square centimetre and vertex by vertex."""
    ours, noded = shapes(hall)
    assert shapely.coverage_is_valid(ours)
    assert area2(ours) == area2(noded)
    corners = {tuple(c) for c in centimetres(shapely.get_coordinates(ours)).tolist()}
    assert {tuple(c) for c in centimetres(shapely.get_coordinates(noded)).tolist()} <= corners
    whole, land = (shapely.normalize(shapely.coverage_union_all(found)) for found in (ours, noded))
    assert shapely.equals_identical(whole, land)


def assert_counts(paint):
    """Each grid has the households of its blocks, and its points are assigned to it."""
    told, of = paint.blocks()["blocks"], paint.grid_of()
    for key, (counts, _, _) in grids(paint.hall).items():
        mine = [n for n, grid in enumerate(of) if grid == key]
        assert counts == [sum(told[name][n] for n in mine) for name in ("households", "persons", "buildings")]
    held = paint.hall.rows(
        """SELECT s.grid_id::text, sum(h.households)
           FROM wangge.assignment s JOIN wangge.household_point h ON h.id = s.household_id
           JOIN wangge.plan p ON p.id = s.plan_id AND p.version = s.version GROUP BY 1"""
    )
    assert dict(held) == {key: counts[0] for key, (counts, _, _) in grids(paint.hall).items()}


def beside(paint):
    """Two grids of the first community and the blocks of the first that border the second."""
    told, of = paint.blocks(), paint.grid_of()
    pairs = [*zip(told["borders"]["a"], told["borders"]["b"], strict=True)]
    for a, b in pairs + [(b, a) for a, b in pairs]:
        if of[a] != of[b]:
            one, other = of[a], of[b]
            return one, other, sorted({p for p, q in pairs + [(q, p) for p, q in pairs] if (of[p], of[q]) == (one, other)})
    raise AssertionError


def test_blocks_are_made_once_for_all_who_ask(hall):
    """Before the job has run there are grids and no blocks (404); two who ask get one job, and then the edition is there."""
    paint = painting(hall)
    problem(hall.client.get(f"{paint.plan}/blocks", headers=paint.who), 404, "no-blocks")
    before = paint.state()
    assert (before["edition"], before["of_block"], before["editable"]) == (None, [], True)
    other = hall.comes("district", ("district", DISTRICT))
    first, second = (hall.client.post(f"{paint.plan}/blocks", headers=who) for who in (paint.who, other))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"] == first.headers["Location"].rpartition("/")[2]
    assert do_next(hall) == first.json()["id"]
    job = hall.client.get(first.headers["Location"], headers=paint.who).json()
    assert (job["kind"], job["state"], job["plan"]["id"]) == ("blocks", "done", paint.plan.rpartition("/")[2])
    assert {hall.client.post(f"{paint.plan}/blocks", headers=who).json()["state"] for who in (paint.who, other)} == {"ready"}
    after = paint.state()
    assert [grid["id"] for grid in after["grids"]] == [grid["id"] for grid in before["grids"]]
    assert after["edition"] is not None
    assert hall.value("SELECT count(*) FROM wangge.job") == 1


def test_a_job_whose_plan_was_drawn_otherwise_says_so(hall):
    """Blocks of grids that have been changed meanwhile are not kept: the job fails and may be asked for again."""
    paint = painting(hall)
    assert hall.client.post(f"{paint.plan}/blocks", headers=paint.who).status_code == 202
    with owner(hall.db.admin) as conn:
        job = jobs.take(conn, worker="t", lease_s=60, now=hall.now)
    done = block_job(hall.db.admin, job, lambda _done, _total: None, 1)
    hall.do("UPDATE wangge.grid SET name = 'x', row_version = row_version + 1 WHERE id = 1")
    with owner(hall.db.admin) as conn, pytest.raises(Stale, match="changed while"):
        done.write(conn, hall.now)
    assert hall.value("SELECT count(*) FROM wangge.plan_edition") == 0


def test_what_does_not_change_is_sent_once(paint):
    """The document names every block in every column, is the same with and without gzip, and 304 while nothing changes."""
    client, address = paint.hall.client, f"{paint.plan}/blocks"
    plain = client.get(address, headers=paint.who | {"Accept-Encoding": "identity"})
    small = client.get(address, headers=paint.who)
    assert (small.headers["Content-Encoding"], small.json()) == ("gzip", plain.json())
    assert "Content-Encoding" not in plain.headers
    with client.stream("GET", address, headers=paint.who) as raw:
        assert len(b"".join(raw.iter_raw())) < len(gzip.compress(plain.content, 1)) + 1000
    told = plain.json()["blocks"]
    count = len(told["shape"])
    assert count == 96
    columns = ("community", "compound", "dedicated", "households", "persons", "buildings", "area_m2")
    assert {len(told[name]) for name in columns} == {len(told["spot"]["radius"])} == {count}
    assert sum(told["households"]) == 2400
    assert plain.json()["communities"]["code"] == [C1, C2]
    assert plain.json()["rules"] | {"measure": "", "min_persons": 0, "target_persons": 0, "max_persons": 0} == {
        "measure": "", "min_households": 300, "target_households": 400, "max_households": 500,
        "min_persons": 0, "target_persons": 0, "max_persons": 0,
    }  # fmt: skip
    again = client.get(address, headers=paint.who | {"If-None-Match": small.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    one, other, blocks = beside(paint)
    assert one != other
    paint.save([(blocks[0], other)])
    assert client.get(address, headers=paint.who).headers["ETag"] == small.headers["ETag"]


def test_neighbours_have_different_colours(paint):
    """Grids whose blocks share a border have different colours; the editor may be used by whoever made the draft."""
    state, borders = paint.state(), paint.blocks()["borders"]
    colour = [grid["colour"] for grid in state["grids"]]
    of = state["of_block"]
    pairs = {(of[a], of[b]) for a, b in zip(borders["a"], borders["b"], strict=True) if of[a] != of[b]}
    assert len(pairs) > 2
    assert all(colour[a] != colour[b] for a, b in pairs)
    assert (state["editable"], state["why_not"]) == (True, None)
    assert {step["action"] for step in state["transitions"]} == {"validate", "withdraw"}


def test_a_stroke_moves_blocks_and_all_that_follows(paint):
    """A saved stroke gives the very same ground from one grid to the other, with its households; the lines stay shared."""
    hall = paint.hall
    before, (one, other, blocks) = grids(hall), beside(paint)
    answer = paint.save([(n, other) for n in blocks])
    assert answer.status_code == 200, answer.text
    told, after = answer.json(), grids(hall)
    assert told["revision"] == paint.state()["plan"]["revision"] == 2
    assert answer.headers["ETag"] == hall.client.get(paint.plan, headers=paint.who).headers["ETag"]
    assert (told["keys"], told["theirs"]) == ({}, [])
    assert told["grids"] == paint.state()["grids"]
    moved = 25 * len(blocks)
    assert (after[one][0][0], after[other][0][0]) == (before[one][0][0] - moved, before[other][0][0] + moved)
    for key in before.keys() - {one, other}:
        assert shapely.equals_identical(before[key][1], after[key][1])
    assert_tiles(hall)
    assert_counts(paint)
    assert {paint.grid_of()[n] for n in blocks} == {other}
    state = hall.client.get(paint.plan, headers=paint.who).json()
    assert (state["state"], state["metrics"]["households"]) == ("draft", 2400)
    assert hall.rows("SELECT kind, body->>'blocks' FROM wangge.event WHERE kind = 'plan.paint'") == [
        ("plan.paint", str(len(blocks)))
    ]


def test_a_painted_plan_takes_effect(hall):
    """What was painted is validated, submitted, reviewed, approved and put in force beside the neighbours that are in force."""
    with owner(hall.db.admin) as conn:
        made, _ = published(conn)
    author = hall.person("author", ("community", C1), ("community", C2))
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, made, net=made.net.take([0, 1, 2]), author=author).id
    paint = Painting(hall, hall.key(author), f"/v1/plans/{plan}").prepared()
    in_force = paint.blocks()["in_force"]
    assert (len(in_force["code"]), set(in_force["of_block"])) == (3, {0, 1, 2})
    _, other, blocks = beside(paint)
    assert paint.save([(blocks[0], other)]).status_code == 200
    planner = hall.comes("planner", ("community", C1))
    street, district = hall.comes("street", ("street", STREET)), hall.comes("chief", ("district", DISTRICT))
    steps = (("validate", paint.who), ("submit", planner), ("street_review", street), ("district_approve", district))
    for action, who in (*steps, ("notice", district), ("put_in_force", district)):
        more = {"effective_from": str(TODAY.replace(year=TODAY.year + 1))} if action == "put_in_force" else {}
        seen = hall.client.get(paint.plan, headers=who).headers["ETag"]
        if action in {"street_review", "notice"}:
            state = paint.by(who).state()
            assert (state["editable"], paint.by(who).save([(blocks[0], other)], base=1).status_code) == (False, 409)
        answer = hall.client.post(f"{paint.plan}/transitions", json={"action": action} | more, headers=who | {"If-Match": seen})
        assert answer.status_code == 200, answer.text
    assert hall.client.get(paint.plan, headers=district).json()["state"] == "effective"
    assert hall.value("SELECT count(*) FROM wangge.plan_edition") == 0


def test_grids_come_and_go(paint):
    """A new grid has the next free code and the usual name; one whose last block goes is taken away, with its assignments."""
    of, codes = paint.grid_of(), {grid["code"] for grid in paint.state()["grids"]}
    one = of[0]
    mine = [n for n, grid in enumerate(of) if grid == one]
    new = {"key": "new-1", "community": 0, "name": ""}
    answer = paint.save([(n, "new-1") for n in mine], new=[new], renamed=[])
    assert answer.status_code == 200, answer.text
    made = answer.json()["keys"]["new-1"]
    found = {grid["id"]: grid for grid in answer.json()["grids"]}
    assert one not in found
    assert found[made]["code"] not in codes
    assert found[made]["name"].endswith("第4网格")
    assert_tiles(paint.hall)
    assert_counts(paint)
    told = paint.save([], renamed=[{"key": made, "name": "泉城网格"}]).json()
    assert next(grid["name"] for grid in told["grids"] if grid["id"] == made) == "泉城网格"
    assert told["revision"] == 3
    assert paint.save([], renamed=[{"key": made, "name": "泉城网格"}]).json()["revision"] == 3


def test_a_grid_in_two_pieces_and_a_gap_may_be_saved_and_are_found(paint):
    """Drafts may be unfinished: a grid in pieces and blocks in no grid are saved, and the check names both."""
    hall, of, told = paint.hall, paint.grid_of(), paint.blocks()
    community = told["blocks"]["community"]
    one = of[0]
    beside_one = {
        b if of[a] == one else a
        for a, b in zip(told["borders"]["a"], told["borders"]["b"], strict=True)
        if (of[a] == one) != (of[b] == one)
    }
    far = next(n for n in range(len(of)) if of[n] != one and not community[n] and n not in beside_one)
    gap = next(n for n in range(len(of)) if of[n] not in {one, of[far]} and not community[n])
    assert paint.save([(far, one), (gap, None)]).status_code == 200
    assert (paint.grid_of()[far], paint.grid_of()[gap]) == (one, None)
    assert shapely.get_num_geometries(grids(hall)[one][1]) == 2
    checked = hall.client.get(f"{paint.plan}/checks", headers=paint.who).json()
    assert {"multipart_grid", "household_in_none"} <= {finding["kind"] for finding in checked["findings"]}
    assert paint.save([(far, of[far]), (gap, of[gap])]).status_code == 200
    assert_tiles(hall)
    assert_counts(paint)


def test_all_faults_come_at_once_and_nothing_is_written(paint):
    """Unknown blocks, keys and communities, a line that nobody crosses and a block in two grids: all named, nothing done."""
    of = paint.grid_of()
    abroad = next(n for n, c in enumerate(paint.blocks()["blocks"]["community"]) if c == 1)
    other = next(grid for grid in of if grid not in {of[0], of[abroad]})
    wrong = [(9999, of[0]), (abroad, of[0]), (0, "nothing"), (1, of[0]), (1, other), (2, "new-1")]
    told = problem(
        paint.save(wrong, new=[{"key": "new-1", "community": 1}, {"key": "new-2", "community": 0}],
                   renamed=[{"key": "7777", "name": "x"}]),
        422, "invalid-body",
    )  # fmt: skip
    found = {fault["pointer"]: fault["code"] for fault in told["errors"]}
    assert found["/blocks/0"] == "unknown-block"
    assert (found["/blocks/1"], found["/blocks/5"]) == ("foreign-community", "foreign-community")
    assert found["/blocks/2"] == "unknown-grid"
    assert "/blocks/3" in found
    assert found["/grids/new/1"] == "invalid-value"
    assert found["/grids/renamed/0/key"] == "unknown-grid"
    problem(paint.save([(2, "n")], new=[{"key": "n", "community": 2}]), 422, "invalid-body")
    problem(paint.save([(0, of[0])], base=99), 422, "invalid-body")
    assert (paint.grid_of(), paint.state()["plan"]["revision"]) == (of, 1)


def test_dedicated_grids_are_left_alone(hall):
    """Nothing comes into a dedicated grid, nothing leaves it, and it keeps its name."""
    drawing = village(communities=1)
    drawing.dedicated = [("市场", shapely.box(0, 0, 100, 100))]
    paint = painting(hall, drawing).prepared()
    state, told = paint.state(), paint.blocks()
    market = next(grid["id"] for grid in state["grids"] if grid["kind"] == "dedicated")
    of = paint.grid_of()
    inside, outside = of.index(market), next(n for n, grid in enumerate(of) if grid != market)
    assert [n for n, flag in enumerate(told["blocks"]["dedicated"]) if flag] == [n for n, g in enumerate(of) if g == market]
    wrong = paint.save([(inside, of[outside]), (outside, market)], renamed=[{"key": market, "name": "x"}])
    told = problem(wrong, 422, "invalid-body")
    assert {fault["code"] for fault in told["errors"]} == {"dedicated-grid"}
    assert len(told["errors"]) == 3


def test_two_who_paint_elsewhere_both_win(paint):
    """Edits of different blocks are merged: the second is told what the first did, and both are there."""
    hall, of = paint.hall, paint.grid_of()
    _, other, blocks = beside(paint)
    second = paint.by(hall.comes("second", ("district", DISTRICT)))
    abroad = [n for n, c in enumerate(paint.blocks()["blocks"]["community"]) if c == 1]
    theirs = next(of[n] for n in abroad if of[n] != of[abroad[0]])
    assert paint.save([(blocks[0], other)], base=1).json()["revision"] == 2
    told = second.save([(abroad[0], theirs)], base=1).json()
    assert (told["revision"], told["theirs"]) == (3, [[blocks[0], other]])
    now = paint.grid_of()
    assert (now[blocks[0]], now[abroad[0]]) == (other, theirs)
    assert_tiles(hall)
    assert_counts(paint)


def test_two_who_paint_the_same_are_told(paint):
    """The same block given elsewhere is refused with what the other did; the same block given to the same grid is agreement."""
    of = paint.grid_of()
    one, other, blocks = beside(paint)
    third = next(g for n, g in enumerate(of) if g not in {one, other} and not paint.blocks()["blocks"]["community"][n])
    paint.save([(blocks[0], other)], base=1)
    told = problem(paint.save([(blocks[0], third)], base=1), 409, "overlapping-edits")
    assert (told["both"], told["theirs"], told["revision"]) == ([blocks[0]], [[blocks[0], other]], 2)
    assert paint.grid_of()[blocks[0]] == other
    answer = paint.save([(blocks[0], other)], base=1)
    assert (answer.status_code, answer.json()["revision"]) == (200, 2)
    assert paint.save([(blocks[0], third)], base=2).status_code == 200


def test_two_who_name_the_same_are_told(paint):
    """A grid that another has called something else since is not renamed unseen: neither name nor blocks are written.

    The same name is agreement, names of other grids merge, and what moved blocks leaves names alone.
    """
    one, other, blocks = beside(paint)

    def names():
        return {grid["id"]: grid["name"] for grid in paint.state()["grids"]}

    assert paint.save([], base=1, renamed=[{"key": one, "name": "泉城"}]).status_code == 200
    mine = [{"key": one, "name": "大明湖"}, {"key": other, "name": "趵突泉"}]
    told = problem(paint.save([(blocks[0], other)], base=1, renamed=mine), 409, "overlapping-edits")
    assert (told["both"], told["theirs"], told["names"], told["revision"]) == ([], [], [[one, "泉城"]], 2)
    assert (names()[one], paint.grid_of()[blocks[0]]) == ("泉城", one)
    agreed = paint.save([], base=1, renamed=[{"key": one, "name": "泉城"}, mine[1]])
    assert (agreed.status_code, names()[one], names()[other]) == (200, "泉城", "趵突泉")
    assert paint.save([(blocks[0], other)], base=1).status_code == 200
    assert paint.save([], base=paint.state()["plan"]["revision"], renamed=mine[:1]).status_code == 200
    assert names()[one] == "大明湖"


def test_no_grid_ends_unseen(paint):
    """A grid that another has taken away is no target, and nobody takes a grid's last block without having seen that it is."""
    of = paint.grid_of()
    one, other, _ = beside(paint)
    mine = [n for n, grid in enumerate(of) if grid == one]
    theirs = next(n for n, grid in enumerate(of) if grid == other)
    assert paint.save([(n, other) for n in mine[1:]], base=1).status_code == 200
    told = problem(paint.save([(mine[0], other)], base=1), 409, "overlapping-edits")
    assert told["both"] == [mine[0]]
    assert paint.save([(mine[0], other)], base=2).status_code == 200
    assert one not in {grid["id"] for grid in paint.state()["grids"]}
    told = problem(paint.save([(theirs, one)], base=2), 409, "overlapping-edits")
    assert told["both"] == [theirs]
    problem(paint.save([(theirs, one)], base=3), 422, "invalid-body")


def test_many_save_truly_at_once(paint):
    """Of saves that come at one moment each is written whole or told why not: the plan tiles, and no block is lost."""
    hall, of = paint.hall, paint.grid_of()
    one, other, blocks = beside(paint)
    third = next(g for n, g in enumerate(of) if g not in {one, other} and not paint.blocks()["blocks"]["community"][n])
    wanted = [(n, grid) for n in blocks for grid in (other, third)]

    def send(pair):
        with httpx.Client(base_url=hall.client.base_url, timeout=30, trust_env=False) as client:
            body = {"edition": paint.edition, "base": 1, "blocks": [list(pair)]}
            return client.patch(f"{paint.plan}/assignments", json=body, headers=paint.who)

    with ThreadPoolExecutor(len(wanted)) as pool:
        answers = dict(zip(wanted, pool.map(send, wanted), strict=True))
    now = paint.grid_of()
    for n in blocks:
        codes = sorted(answers[n, grid].status_code for grid in (other, third))
        assert codes == [200, 409]
        assert answers[n, now[n]].status_code == 200
    assert paint.state()["plan"]["revision"] == 1 + len(blocks)
    assert_tiles(hall)
    assert_counts(paint)


def test_a_save_sent_again_is_answered_again(paint):
    """With an Idempotency-Key a save whose answer was lost is sent again and answered as before, and done once."""
    _, other, blocks = beside(paint)
    first, second = (paint.save([(blocks[0], other)], base=1, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, first.content) == (200, second.content)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert paint.state()["plan"]["revision"] == 2


def test_another_door_ends_the_edition(paint):
    """A grid changed by a GIS ends the edition: what is painted on it is refused, and the blocks made next have that line."""
    hall, of = paint.hall, paint.grid_of()
    item = f"/collections/plan-grids/items/{of[0]}"
    answer = hall.client.patch(
        item, json={"type": "Feature", "properties": {"name": "新名"}},
        headers=paint.who | {"Content-Type": "application/merge-patch+json", "If-Match": "*"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    problem(paint.save([(0, of[0])], base=2), 409, "stale-edition")
    problem(hall.client.get(f"{paint.plan}/blocks", headers=paint.who), 404, "no-blocks")
    assert paint.prepared().grid_of() == of


def test_a_version_that_comes_back_is_painted_anew(paint):
    """Blocks go with the version that was drawn: one that was sent back gets its own, in its own grids."""
    hall = paint.hall
    planner, street = hall.comes("planner", ("community", C1), ("community", C2)), hall.comes("street", ("street", STREET))
    steps = (("validate", paint.who, {}), ("submit", planner, {}), ("street_review", street, {}))
    old = set(paint.grid_of())
    for action, who, more in (*steps[:2], ("reject", street, {"comment": "再议"})):
        seen = hall.client.get(paint.plan, headers=who).headers["ETag"]
        answer = hall.client.post(
            f"{paint.plan}/transitions", json={"action": action, **more}, headers=who | {"If-Match": seen}
        )
        assert answer.status_code == 200, answer.text
        if action == "submit":
            problem(paint.save([(0, next(iter(old)))], base=1), 409, "illegal-transition")
            assert (paint.state()["editable"], paint.state()["why_not"]) == (False, "illegal-transition")
    problem(hall.client.get(f"{paint.plan}/blocks", headers=paint.who), 404, "no-blocks")
    assert not set(paint.prepared().grid_of()) & old
    _, other, blocks = beside(paint)
    assert paint.save([(blocks[0], other)]).status_code == 200


def test_lines_drawn_by_hand_become_blocks_lines(hall):
    """Where grids have lines of their own, blocks end at them; the first save brings every line onto them, and is sound."""
    homes = [Home(25 + 50 * (k % 8), 25 + 50 * (k // 8), 25) for k in range(48)]
    drawing = Drawing(communities={C1: shapely.box(0, 0, 400, 300)}, homes=homes)

    def by_hand(net):
        ground = net.outline[C1]
        west, south, _, north = ground.bounds
        slanted = shapely.Polygon([(west, south), (west + 133.37, south), (west + 166.61, north), (west, north)])
        cut = [slanted, shapely.difference(ground, slanted)]
        points = {home: shapely.Point(west + h.x, south + h.y) for home, h in zip(made_ids, homes, strict=True)}
        of = [int(not slanted.covers(points[home])) for home in net.household_id]
        outline = shapely.coverage_union_all(cut)
        polygon = shapely.orient_polygons(shapely.normalize(np.array(cut)))
        some = net.take([0, 1])
        counts = np.bincount(of, minlength=2)
        return replace(
            some, polygon=polygon, outline={C1: outline}, households=25 * counts, persons=75 * counts, buildings=counts,
            household_id=net.household_id, grid_of_household=np.array(of),
        )  # fmt: skip

    made_ids = tuple(f"H{n:04}" for n in range(1, 49))
    paint = painting(hall, drawing, change=by_hand).prepared()
    before = grids(hall)
    assert hall.value("SELECT settled FROM wangge.plan_edition") is False
    assert_counts(paint)
    of = paint.grid_of()
    kept = [
        shapely.from_wkb(bytes(wkb)) for (wkb,) in hall.rows("SELECT ST_AsBinary(shape) FROM wangge.plan_block ORDER BY number")
    ]
    for key, (_, shape, _) in before.items():
        union = shapely.coverage_union_all([kept[n] for n, grid in enumerate(of) if grid == key])
        assert shapely.hausdorff_distance(shapely.boundary(union), shapely.boundary(shape)) < 0.0071
        corners = {tuple(c) for c in shapely.get_coordinates(union).round(2).tolist()}
        assert {tuple(c) for c in shapely.get_coordinates(shape).round(2).tolist()} <= corners
    one, other, blocks = beside(paint)
    assert paint.save([(blocks[0], other)]).status_code == 200
    assert hall.value("SELECT settled FROM wangge.plan_edition") is True
    assert_tiles(hall)
    assert_counts(paint)
    assert paint.save([(blocks[0], one)]).status_code == 200
    assert_tiles(hall)
    checked = hall.client.get(f"{paint.plan}/checks", headers=paint.who).json()
    assert not [finding for finding in checked["findings"] if finding["severity"] == "error"]


def test_blocks_are_as_private_as_household_points(paint):
    """Whoever plans elsewhere finds no such plan; whoever plans a part sees that part's blocks and paints nothing."""
    hall = paint.hall
    with owner(hall.db.admin) as conn:
        many(conn, "INSERT INTO wangge.area (code, level) VALUES ('9999', 'city') RETURNING id")
    elsewhere, part = hall.comes("elsewhere", ("district", "9999")), hall.comes("part", ("community", C2))
    worker = hall.comes("worker", ("grid_worker", C1))
    for method, tail in (("GET", "blocks"), ("POST", "blocks"), ("GET", "assignments"), ("PATCH", "assignments")):
        body = {"edition": paint.edition, "base": 1, "blocks": []} if method == "PATCH" else None
        address = f"{paint.plan}/{tail}"
        problem(hall.client.request(method, address, headers=elsewhere, json=body), 404, "not-found")
        assert hall.client.request(method, address, headers=worker, json=body).status_code == 403
        assert hall.client.request(method, address, json=body).status_code == 401
    theirs = paint.by(part)
    told, state = theirs.blocks(), theirs.state()
    assert told["communities"]["code"] == [C2]
    assert (len(told["blocks"]["shape"]), set(told["blocks"]["community"])) == (48, {0})
    assert max(told["borders"]["b"]) == 47
    assert (len(state["of_block"]), {grid["community"] for grid in state["grids"]}) == (48, {0})
    assert (state["editable"], state["why_not"]) == (False, "scope-denied")
    problem(theirs.save([(0, state["grids"][0]["id"])]), 403, "scope-denied")


def test_nothing_is_computed_while_the_plan_is_locked(hall, monkeypatch):
    """A job has drawn its blocks before it locks the plan: whoever writes to the plan meanwhile waits for rows alone."""
    paint = painting(hall)
    assert hall.client.post(f"{paint.plan}/blocks", headers=paint.who).status_code == 202
    with owner(hall.db.admin) as conn:
        job = jobs.take(conn, worker="t", lease_s=60, now=hall.now)
    done = block_job(hall.db.admin, job, lambda _done, _total: None, 1)
    for name in ("drawing_of", "transform_geometry", "sheet_of"):
        monkeypatch.delattr(block_module, name)
    with owner(hall.db.admin) as conn:
        assert done.write(conn, hall.now)["blocks"] == 96
    assert len(paint.blocks()["blocks"]["shape"]) == 96


def test_what_somebody_sees_and_what_it_is_called_is_never_old(hall):
    """Whoever comes to see more blocks is sent them, and a new name of a community or a street too: the ETag is another."""
    drawing = village(communities=1)
    drawing.dedicated = [("市场", shapely.box(0, 0, 100, 100))]
    paint = painting(hall, drawing).prepared()
    part = paint.by(hall.comes("part", ("community", C1, "residential")))

    def fetched(etag=""):
        return hall.client.get(f"{paint.plan}/blocks", headers=part.who | {"If-None-Match": etag})

    first = fetched()
    assert fetched(first.headers["ETag"]).status_code == 304
    assert fetched(f'"other", W/{first.headers["ETag"]}').status_code == 304
    hall.do("UPDATE wangge.role_grant SET categories = '{*}'")
    second = fetched(first.headers["ETag"])
    assert second.status_code == 200
    assert len(second.json()["blocks"]["shape"]) > len(first.json()["blocks"]["shape"])
    assert len(part.state()["of_block"]) == len(second.json()["blocks"]["shape"])
    for level, member in (("community", "name"), ("street", "street")):
        before = fetched().headers["ETag"]
        hall.do(
            """UPDATE wangge.area_version v SET name = %s FROM wangge.area a WHERE a.id = v.area_id AND a.level = %s""",
            [f"新{level}", level],
        )
        assert fetched(before).json()["communities"][member] == [f"新{level}"]


def test_numbers_are_numbers(paint):
    """A text, a truth or a fraction is no block's number, wherever it is sent; nothing is written."""
    for number in ("0", True, 0.5, -1, 2**31, 1e300):
        body = {"edition": paint.edition, "base": 1, "blocks": [[number, None]]}
        for method, tail in (("PATCH", "assignments"), ("POST", "suggestions")):
            answer = paint.hall.client.request(method, f"{paint.plan}/{tail}", headers=paint.who, json=body)
            assert problem(answer, 422, "invalid-body")["errors"][0]["pointer"] == "/blocks/0/0"
    assert paint.state()["plan"]["revision"] == 1


def test_a_plan_of_too_many_grids_is_still_painted(paint, monkeypatch):
    """Where a plan has as many grids as painting allows no new one is made, by hand or for a suggestion; lines still move."""
    for module in (paint_board, plan_standing):
        monkeypatch.setattr(module, "MOST_GRIDS", 5)
    _, other, (block, *_) = beside(paint)
    refused = paint.save([(block, "a")], new=[{"key": "a", "community": 0}])
    assert [fault["pointer"] for fault in problem(refused, 422, "invalid-body")["errors"]] == ["/grids/new"]
    body = {"edition": paint.edition, "base": 1, "blocks": [[block, "a"]]}
    refused = paint.hall.client.post(f"{paint.plan}/suggestions", headers=paint.who, json=body)
    assert [fault["pointer"] for fault in problem(refused, 422, "invalid-body")["errors"]] == ["/blocks"]
    assert paint.save([(block, other)], renamed=[{"key": other, "name": "别名"}]).status_code == 200


def test_roles_elsewhere_hide_no_block(hall):
    """Pages know blocks by their places: a role for some categories elsewhere takes none away, or nothing may be painted."""
    drawing = village(communities=1)
    drawing.dedicated = [("市场", shapely.box(0, 0, 100, 100))]
    paint = painting(hall, drawing).prepared()
    with owner(hall.db.admin) as conn:
        many(conn, "INSERT INTO wangge.area (code, level) VALUES ('9999', 'city') RETURNING id")
    planner = paint.by(hall.comes("planner", ("community", C1), ("grid_worker", "9999", "residential")))
    assert planner.blocks()["blocks"] == paint.blocks()["blocks"]
    assert (planner.grid_of(), planner.state()["editable"]) == (paint.grid_of(), True)
    told, before = planner.blocks(), planner.grid_of()
    free = [n for n, flag in enumerate(told["blocks"]["dedicated"]) if not flag]
    block, other = next((a, before[b]) for a, b in itertools.product(free, free) if before[a] != before[b])
    assert planner.save([(block, other)]).status_code == 200
    assert paint.grid_of() == [other if n == block else grid for n, grid in enumerate(before)]
    assert_tiles(hall)
    assert_counts(paint)
    for tail in ("diff", "notice", "checks"):
        assert hall.client.get(f"{paint.plan}/{tail}", headers=planner.who).status_code == 200
    body = {"edition": paint.edition, "base": paint.state()["plan"]["revision"]}
    assert hall.client.post(f"{paint.plan}/suggestions", headers=planner.who, json=body).status_code == 202
    # The store's settings cannot tell which category belongs to which area.
    narrow = paint.by(hall.comes("narrow", ("community", C1), ("district", "9999", "residential")))
    assert (narrow.state()["editable"], narrow.state()["why_not"]) == (False, "scope-denied")
    problem(narrow.save([], base=1), 403, "scope-denied")
    problem(hall.client.post(f"{paint.plan}/suggestions", headers=narrow.who, json=body), 403, "scope-denied")
