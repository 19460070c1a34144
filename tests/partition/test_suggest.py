"""Suggestions for drafts: nothing locked moves, grids come in one piece, and every figure is what counting gives."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gis.town import LineKind
from partition.block import make_blocks
from partition.engine import divide
from partition.ground import survey
from partition.rules import Rules, Weights
from partition.search.unit import price_list, unit_of
from partition.standing import Standing, measure
from partition.suggest import suggest
from tests.drawn import Line, sketch
from tests.partition.test_polish import from_scratch

RULES = Rules()
WILD = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def standing_of(drawing, grids, *, locked=(), town=None):
    """Survey a sketch and paint it: `grids` has a letter for each cell, as the sketch has, `.` for none."""
    town = town or drawing.town()
    ground = survey(town)
    blocks = make_blocks(ground, town)
    rows = [row.split() for row in grids.strip().splitlines()][::-1]
    keys = sorted({word for row in rows for word in row} - {"."})
    at = shapely.get_coordinates(shapely.point_on_surface(ground.mesh.polygon)) - np.array([500_000.0, 4_000_000.0])
    grid = np.full(len(blocks), -1, dtype=np.int64)
    for face, (x, y) in enumerate(at.tolist()):
        word = rows[int(y // 100)][int(x // 100)]
        grid[blocks.of_face[face]] = keys.index(word) if word != "." else -1
    standing = Standing(
        blocks=blocks,
        grid=grid,
        key=tuple(keys),
        name=tuple(keys),
        locked=np.array([key in locked for key in keys], dtype=bool),
        communities=np.unique(blocks.community),
    )
    return standing, ground


# An independent reading of blocks: sets and dictionaries, and no array of theirs but the columns.


def ways(standing, rules):
    """Return for each block those that one may walk to inside its community, by the columns alone."""
    blocks, hard = standing.blocks, [LineKind[name.upper()] for name in rules.hard_barriers]
    found = defaultdict(set)
    for a, b, metres in zip(blocks.a.tolist(), blocks.b.tolist(), blocks.shared_m.tolist(), strict=True):
        within = blocks.community[a] == blocks.community[b] and blocks.dedicated[a] < 0 and blocks.dedicated[b] < 0
        if within and sum(length for kind, length in enumerate(metres) if kind not in hard) >= 1.0:
            found[a].add(b)
            found[b].add(a)
    return found


def parts(members, way):
    """Return the connected parts of some blocks."""
    left, found = set(members), []
    while left:
        queue, part = [left.pop()], set()
        while queue:
            part.add(v := queue.pop())
            queue.extend(way[v] & left)
            left -= way[v]
        found.append(part)
    return found


def members_of(grid, blocks):
    """Return the residential blocks of each grid."""
    found = defaultdict(set)
    for block, g in enumerate(grid.tolist()):
        if blocks.dedicated[block] < 0:
            found[g].add(block)
    return found


def price_of(standing, grid, way, rules):
    """Add up the price of a draft: each community by itself, each piece a grid."""
    blocks, total = standing.blocks, 0.0
    for community in set(standing.communities.tolist()):
        chosen = [v for v in range(len(blocks)) if blocks.community[v] == community and blocks.dedicated[v] < 0]
        label = np.zeros(len(chosen), dtype=np.int64)
        place = {v: i for i, v in enumerate(chosen)}
        number = itertools.count()
        for g in sorted({int(grid[v]) for v in chosen}):
            for part in parts([v for v in chosen if grid[v] == g], way):
                label[[place[v] for v in part]] = next(number)
        if chosen:
            total += from_scratch(unit_of(blocks, np.array(chosen), rules), label, price_list(rules))
    return total


def check_figures(standing, grid, count, figures, rules):
    """Count every figure again."""
    blocks, way = standing.blocks, ways(standing, rules)
    home = [v for v in range(len(blocks)) if blocks.dedicated[v] < 0 and blocks.community[v] in standing.communities]
    held = {g: {v for v in vs if v in set(home)} for g, vs in members_of(grid, blocks).items()}
    held = {g: vs for g, vs in held.items() if g >= 0 and vs}
    assert max(held, default=-1) < count
    households = {g: sum(int(blocks.households[v]) for v in vs) for g, vs in held.items()}
    assert figures.grids == len(held)
    assert figures.in_band == sum(rules.minimum <= n <= rules.maximum for n in households.values())
    assert figures.broken == sum(len(parts(vs, way)) > 1 for vs in held.values())
    assert figures.unassigned == sum(grid[v] < 0 for v in home)
    changed = [v for v in home if grid[v] != standing.grid[v]]
    assert figures.households_moved == sum(int(blocks.households[v]) for v in changed if standing.grid[v] >= 0)
    touched = {int(g) for v in changed for g in (grid[v], standing.grid[v])} - {-1}
    assert figures.grids_changed == len(touched)
    assert figures.price == pytest.approx(price_of(standing, grid, way, rules))


def check(standing, rules, found):
    """Hold all that was suggested against what must be, by counting alone."""
    check_figures(standing, standing.grid, len(standing.key), found.before, rules)
    for proposal in found.proposals:
        check_figures(standing, proposal.grid, len(proposal.key), proposal.figures, rules)
        check_what_stays(standing, proposal)
        check_pieces(standing, proposal, ways(standing, rules))
        check_names(standing, proposal, ways(standing, rules))
    moved = [p.figures.households_moved for p in found.proposals]
    figures = [p.figures for p in found.proposals]
    worth = [(f.unassigned, f.broken, f.grids - f.in_band, f.price) for f in figures]
    assert moved == sorted(moved)
    assert worth == sorted(worth, reverse=True)
    assert len(set(worth)) == len(worth)
    assert found.advised is None or found.advised < len(moved)


def to_divide(standing):
    """Return the blocks that are to be in residential grids of the wanted communities."""
    blocks = standing.blocks
    return {v for v in range(len(blocks)) if blocks.dedicated[v] < 0 and blocks.community[v] in standing.communities}


def locked_grids(standing):
    """Return the grids that may not be touched."""
    return {g for g, locked in enumerate(standing.locked.tolist()) if locked}


def check_what_stays(standing, proposal):
    """Nothing outside the wanted communities and nothing locked has changed, and no grid crosses a community line."""
    grid, before, after = proposal.grid, members_of(standing.grid, standing.blocks), members_of(proposal.grid, standing.blocks)
    outside = sorted(set(range(len(grid))) - to_divide(standing))
    assert grid[outside].tolist() == standing.grid[outside].tolist()
    assert all(after[g] == before[g] for g in locked_grids(standing))
    homes = [{int(standing.blocks.community[v]) for v in vs} for g, vs in after.items() if g >= 0]
    assert all(len(home) <= 1 for home in homes)


def check_pieces(standing, proposal, way):
    """Only where locked grids cut ground off may a block be in no grid, or a grid in pieces."""
    grid, ours, after = proposal.grid, to_divide(standing), members_of(proposal.grid, standing.blocks)
    locked = {v for g in locked_grids(standing) for v in members_of(standing.grid, standing.blocks)[g]}
    whole = parts(ours, way)
    for part in parts(ours - locked, way):
        there = {int(grid[v]) for v in part}
        if part in whole:
            assert -1 not in there
            assert all(len(parts(after[g], way)) == 1 for g in there)
        elif any(grid[v] != standing.grid[v] for v in part):
            assert all(len(parts(after[g] & part, way)) == 1 for g in there - {-1})


def check_names(standing, proposal, way):
    """The reasons name every grid that is new, gone or in pieces, and no key stands for two."""
    assert len(set(proposal.key)) == len(proposal.key)
    assert proposal.key[: len(standing.key)] == standing.key
    ours, before, after = to_divide(standing), *(members_of(g, standing.blocks) for g in (standing.grid, proposal.grid))
    named = {reason.subject for reason in proposal.reasons}
    assert {proposal.key[g] for g, vs in after.items() if g >= 0 and len(parts(vs & ours, way)) > 1} <= named
    assert set(proposal.key[len(standing.key) :]) <= named
    assert {standing.key[g] for g, vs in before.items() if g >= 0 and vs & ours and not after[g]} <= named


@st.composite
def drafts(draw):
    """A sketch of one to two communities with rivers through it, painted at random, some of its grids locked."""
    wide, high = draw(st.integers(2, 6)), draw(st.integers(2, 5))
    border = draw(st.integers(1, wide))
    homes = st.sampled_from([0, 0, 60, 110, 150, 210, 300])
    words = [[f"{'A' if x < border else 'B'}{draw(homes)}" for x in range(wide)] for _ in range(high)]
    drawing = sketch("\n".join(" ".join(row) for row in words), lines=draw(st.sampled_from([LineKind.ROAD, LineKind.WALL])))
    if draw(st.booleans()):
        at = 100.0 * draw(st.integers(1, high))
        drawing.lines.append(Line(LineKind.RIVER, [(0, at), (wide * 100.0, at)], "河"))
    if draw(st.integers(0, 3)) == 0:
        x, y = 100.0 * draw(st.integers(0, wide - 1)), 100.0 * draw(st.integers(0, high - 1))
        drawing.dedicated.append(("园区", shapely.box(x, y, x + 100, y + 100)))
    names = st.sampled_from([".", "1", "2", "3"])
    painted = [[draw(names) for _ in range(wide)] for _ in range(high)]
    cells = [
        " ".join(one if one == "." else f"{word[0]}{one}" for word, one in zip(row, names_, strict=True))
        for row, names_ in zip(words, painted, strict=True)
    ]
    keys = sorted({word for row in cells for word in row.split()} - {"."})
    locked = draw(st.sets(st.sampled_from(keys), max_size=2)) if keys else ()
    rules = Rules(hard_barriers=draw(st.sampled_from([(), ("river",)])))
    standing, _ = standing_of(drawing, "\n".join(cells), locked=locked)
    # Grids of dedicated areas are somebody else's, whatever was painted there.
    return replace(standing, grid=np.where(standing.blocks.dedicated >= 0, -1, standing.grid)), rules


@WILD
@given(drafts(), st.integers(0, 5))
def test_whatever_was_painted(draft, seed):
    """Locked grids stay, free ones hang together, all blocks have one where locks allow it, and the figures are right."""
    standing, rules = draft
    check(standing, rules, suggest(standing, rules, seed=seed))


@WILD
@given(drafts())
def test_the_same_draft_gets_the_same_suggestions(draft):
    """The seed alone decides; the order in which parts are worked on does not."""
    standing, rules = draft
    one = suggest(standing, rules, seed=4)
    other = suggest(standing, rules, seed=4, spread=lambda function, tasks: [function(t) for t in tasks[::-1]][::-1])
    assert [p.grid.tolist() for p in one.proposals] == [p.grid.tolist() for p in other.proposals]
    assert [p.figures for p in one.proposals] == [p.figures for p in other.proposals]
    assert one.advised == other.advised


FOUR = """
A100 A100 A100 A100 A100 A100 A100 A100
A100 A100 A100 A100 A100 A100 A100 A100
"""
GOOD = """
1 1 2 2 3 3 4 4
1 1 2 2 3 3 4 4
"""


def test_a_good_draft_is_left_alone():
    """Where every grid is on target in its best lines nothing is suggested, and nothing is advised."""
    standing, _ = standing_of(sketch(FOUR), GOOD)
    found = suggest(standing, RULES, seed=1)
    assert found.proposals == ()
    assert found.advised is None
    assert (found.before.in_band, found.before.grids) == (4, 4)


def test_a_stray_block_comes_home():
    """A block painted into a grid far away goes back to a neighbour; only its households move, and all keep their names."""
    standing, _ = standing_of(sketch(FOUR), GOOD.replace("1 1 2 2", "4 1 2 2", 1))
    found = suggest(standing, RULES, seed=1)
    assert (found.before.broken, found.before.in_band) == (1, 4)
    few = found.proposals[0]
    assert few.figures.broken == 0
    assert few.figures.in_band == 4
    assert few.figures.households_moved == 100
    assert few.key == standing.key


def test_a_broken_grid_is_mended_into_one_polygon():
    """What is suggested is one polygon for each grid, by the geometry of the faces."""
    standing, ground = standing_of(
        sketch(FOUR),
        """
        1 2 1 2 3 4 3 4
        2 1 2 1 4 3 4 3
        """,
    )
    found = suggest(standing, RULES, seed=1)
    for proposal in found.proposals:
        of_face = proposal.grid[standing.blocks.of_face]
        shapes = [shapely.union_all(ground.mesh.polygon[of_face == g]) for g in np.unique(of_face)]
        assert {shape.geom_type for shape in shapes} == {"Polygon"}
        assert proposal.figures.in_band == proposal.figures.grids == 4


def test_land_without_a_grid_joins_its_neighbours_where_they_can_take_it():
    """A hundred households in no grid join grids that have room for them: none is new, and nobody has moved."""
    standing, _ = standing_of(sketch(FOUR), GOOD.replace("1 1", ". 1", 1))
    found = suggest(standing, RULES, seed=1)
    assert found.before.unassigned == 1
    assert found.proposals[0].figures.unassigned == 0
    assert found.proposals[0].figures.grids == 4
    assert found.proposals[0].figures.households_moved == 0


def test_the_rest_is_completed():
    """Where half of a community is in no grid it gets grids of its own, which are said to be new, and are in the band."""
    standing, _ = standing_of(sketch(FOUR), GOOD.replace("3", ".").replace("4", "."))
    found = suggest(standing, RULES, seed=1)
    assert found.advised is not None
    advised = found.proposals[found.advised]
    assert advised.figures.in_band == advised.figures.grids == 4
    assert advised.figures.households_moved == 0
    assert advised.key == ("1", "2", "new-1", "new-2")
    assert [(reason.kind, reason.subject) for reason in advised.reasons] == [("suggest_new", "new-1"), ("suggest_new", "new-2")]


def test_an_empty_draft_is_divided():
    """A draft in which nothing is painted is divided as the engine would divide the community."""
    standing, _ = standing_of(sketch(FOUR), GOOD.translate(str.maketrans("1234", "....")))
    found = suggest(standing, RULES, seed=1)
    assert [p.figures.in_band for p in found.proposals] == [4]
    assert found.proposals[0].key == ("new-1", "new-2", "new-3", "new-4")


def test_a_new_name_is_nobody_elses():
    """A grid that is drawn but not saved may be called `new-1`: what is suggested beside it is called otherwise."""
    standing, _ = standing_of(sketch(FOUR), GOOD.replace("3", ".").replace("4", "."))
    standing = replace(standing, key=("new-1", "2"))
    assert suggest(standing, RULES, seed=1).proposals[0].key == ("new-1", "2", "new-2", "new-3")


def test_the_number_of_grids_changes_only_for_the_band():
    """Two grids of 800 households must become four, and four of 200 two; four in the band stay four, whatever three cost."""
    halves, _ = standing_of(sketch(FOUR), GOOD.replace("2", "1").replace("4", "3"))
    found = suggest(halves, RULES, seed=1)
    assert all(p.figures.in_band == p.figures.grids == 4 for p in found.proposals)
    assert all({"suggest_new"} == {reason.kind for reason in p.reasons} for p in found.proposals)
    quarters, _ = standing_of(sketch(FOUR.replace("100", "50")), GOOD)
    found = suggest(quarters, RULES, seed=1)
    assert all(p.figures.in_band == p.figures.grids == 2 for p in found.proposals)
    assert all([reason.kind for reason in p.reasons] == ["suggest_gone"] * 2 for p in found.proposals)
    dear = replace(RULES, weights=Weights(grid=50.0), minimum=300, maximum=600)
    standing, _ = standing_of(sketch(FOUR), GOOD)
    assert all(p.figures.grids == 4 for p in suggest(standing, dear, seed=1).proposals)


def test_a_locked_grid_is_not_mended_and_named():
    """A locked grid in two pieces and out of the band stays as it is, and the reasons say so."""
    standing, _ = standing_of(sketch(FOUR), GOOD.replace("1 1", "4 1", 1), locked={"1", "4"})
    found = suggest(standing, RULES, seed=1)
    assert found.proposals == ()
    short, _ = standing_of(sketch(FOUR), GOOD.replace("2 2", "1 3", 1), locked={"1"})
    for proposal in suggest(short, RULES, seed=1).proposals:
        assert (proposal.grid[short.grid == 0] == 0).all()
        assert proposal.figures.broken == 0


def test_what_a_locked_grid_cuts_off_is_named():
    """A piece behind a locked grid, too small for a grid of its own, stays in its grid, which is named."""
    standing, _ = standing_of(
        sketch(FOUR),
        """
        3 2 2 3 3 4 4 4
        3 2 2 3 3 1 4 4
        """,
        locked={"2"},
    )
    found = suggest(standing, RULES, seed=1)
    assert found.proposals
    for proposal in found.proposals:
        assert (proposal.grid[standing.grid == standing.key.index("2")] == standing.key.index("2")).all()
        (broken,) = [reason for reason in proposal.reasons if reason.kind == "suggest_broken"]
        assert broken.subject == "3"
        assert proposal.figures.broken == 1


def test_what_a_locked_grid_cuts_off_gets_grids_of_its_own_where_it_can():
    """A piece behind a locked grid that fills a grid becomes one."""
    standing, _ = standing_of(
        sketch(FOUR),
        """
        3 3 2 2 3 3 4 4
        3 3 2 2 3 3 4 4
        """,
        locked={"2"},
    )
    found = suggest(standing, RULES, seed=1)
    assert found.proposals
    for proposal in found.proposals:
        assert proposal.figures.broken == 0
        assert proposal.figures.in_band == 4
        assert proposal.key[-1] == "new-1"


def test_only_the_wanted_communities_change():
    """Grids of a community that was not asked for stay, however bad they are."""
    standing, _ = standing_of(
        sketch(
            """
            A100 A100 A100 A100 B100 B100 B100 B100
            A100 A100 A100 A100 B100 B100 B100 B100
            """
        ),
        """
        1 2 2 2 3 4 4 4
        2 2 2 2 4 4 4 4
        """,
    )
    both = suggest(standing, RULES, seed=1)
    assert both.proposals[0].figures.in_band == 4
    one = suggest(replace(standing, communities=np.array([1])), RULES, seed=1)
    assert one.before.grids == 2
    untouched = standing.blocks.community == 0
    assert all((p.grid[untouched] == standing.grid[untouched]).all() for p in one.proposals)
    assert one.proposals[0].figures.in_band == 2


def test_households_stay_where_staying_is_dear():
    """The dearer moving is by the rules, the fewer households the advised proposal moves; the band is met all the same."""
    standing, _ = standing_of(
        sketch(FOUR),
        """
        1 1 1 2 3 3 4 4
        1 1 2 2 3 3 3 4
        """,
    )
    moved = []
    for weight in (0.0, 40.0):
        found = suggest(standing, replace(RULES, weights=Weights(stability=weight)), seed=1)
        advised = found.before if found.advised is None else found.proposals[found.advised].figures
        assert advised.in_band == 4
        moved.append(advised.households_moved)
    assert moved == [200, 0]


def test_an_engines_plan_is_worth_what_the_engine_says():
    """The price of a plan as it came from the engine is the sum of its units' scores."""
    town = sketch(FOUR).town()
    plan = divide(town, RULES, seed=1)
    standing = Standing(
        blocks=plan.blocks,
        grid=plan.grid_of_block,
        key=plan.grids.code,
        name=plan.grids.code,
        locked=np.zeros(len(plan.grids), dtype=bool),
        communities=plan.communities,
    )
    figures = measure(standing, standing.grid, len(standing.key), RULES)
    assert figures.price == pytest.approx(sum(unit.score for unit in plan.units))
    assert (figures.broken, figures.unassigned, figures.households_moved) == (0, 0, 0)
