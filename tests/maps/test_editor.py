"""The editor's numbers, in a real Chromium without a page: assignment, undo, locks, pieces, sides of a line, what is merged."""

import pytest

from maps.canvas import own
from maps.editor import MODEL, editor_page

pytestmark = pytest.mark.browser

SIDE = 6
"""A drawn community of 6 x 6 square blocks, one household each, in two grids: the western half and the eastern."""
TOWN = """
const SIDE = 6;
const numbers = [...Array(SIDE * SIDE).keys()];
const at = (row, column) => row * SIDE + column;
const blocks = {
  community: numbers.map(() => 0), compound: numbers.map((block) => ([2, 3].includes(block % SIDE) ? 0 : -1)),
  dedicated: numbers.map(() => 0), households: numbers.map(() => 1), persons: numbers.map(() => 3),
  buildings: numbers.map(() => 1), area_m2: numbers.map(() => 100),
};
const borders = { a: [], b: [], shared_m: [] };
for (const block of numbers) {
  if (block % SIDE < SIDE - 1) { borders.a.push(block); borders.b.push(block + 1); borders.shared_m.push(10); }
  if (block < SIDE * (SIDE - 1)) { borders.a.push(block); borders.b.push(block + SIDE); borders.shared_m.push(10); }
}
const grids = [{ id: "10", community: 0, colour: 0 }, { id: "11", community: 0, colour: 1 }];
const town = (change = {}) => {
  const model = wangge.editModel({ ...blocks, ...change });
  model.load(grids, numbers.map((block) => (block % SIDE < 3 ? 0 : 1)));
  const pieces = wangge.editPieces(model, borders);
  const paint = (to, ...given) => {
    model.begin("brush");
    given.forEach((block) => model.give(block, to));
    const done = model.end();
    pieces.forget(model.drain().slots);
    return { moved: done.moved, refused: Object.fromEntries(done.refused) };
  };
  return { model, pieces, paint };
};
"""


@pytest.fixture(scope="module")
def numbers(chromium):
    """Give the function that runs a body beside the scripts that know numbers only, where there is no page at all."""
    context = chromium.new_context()
    page = context.new_page()
    scripts = "\n".join(own(f"{name}.js") for name in MODEL)
    page.add_script_tag(content=f"const wangge = {{}};\n{scripts}\n{TOWN}")
    yield lambda body: page.evaluate(f"() => {{ const {{ model, pieces, paint }} = town(); {body} }}")
    context.close()


def test_the_model_touches_no_page():
    """The scripts of the model name nothing of a browser's page, so that numbers stay apart from what is drawn."""
    for name in MODEL:
        text = own(f"{name}.js")
        assert not [word for word in ("document", "window", "canvas", "Path2D", "fetch", "L.") if f" {word}" in text], name


def test_totals_follow(numbers):
    """Households, persons, blocks and area of both grids are right after every step, and nothing is lost."""
    found = numbers(
        """paint(2, 0, 1, 2); paint(1, 3); paint(0, 35);
           return model.slots.map(({ households, persons, area, members }) => [households, persons, area, members.length]);"""
    )
    assert found == [[1, 3, 100, 1], [16, 48, 1600, 16], [19, 57, 1900, 19]]


def test_undo_is_two_hundred_strokes_deep(numbers):
    """Two hundred strokes are taken back one by one, one more is not; each comes again; a new stroke ends that."""
    found = numbers(
        """const start = [...model.of].join();
           for (let i = 0; i < 201; i += 1) paint(i % 2 ? 1 : 2, 0);
           const end = [...model.of].join();
           let undone = 0;
           while (model.undo()) undone += 1;
           const back = [...model.of].join();
           let redone = 0;
           while (model.redo()) redone += 1;
           const again = [...model.of].join() === end;
           model.undo(); paint(2, 1);
           return [undone, redone, again, model.redo() === undefined, back === start];"""
    )
    assert found == [200, 200, True, True, False]


def test_a_stroke_that_comes_to_nothing_is_none(numbers):
    """Painting a block to and fro in one stroke leaves nothing to undo; a cancelled stroke leaves no trace."""
    found = numbers(
        """model.begin("brush"); model.give(0, 2); model.give(0, 1); const done = model.end();
           model.begin("brush"); model.give(5, 1); model.cancel();
           return [done.moved, model.steps.done, model.of[5], model.slots[2].households];"""
    )
    assert found == [0, 0, 2, 18]


def test_what_stands_against_a_block(numbers):
    """A locked grid lets nothing in and nothing out; a dedicated block stays; undo respects locks; reasons are counted."""
    found = numbers(
        """paint(2, 0);
           model.lock(2, true);
           const out = paint(1, 3, 4), inside = paint(2, 1), undo = model.undo();
           model.lock(2, false);
           const held = town({ dedicated: numbers.map((block) => Number(block === 7)) });
           return [out.refused, inside.refused, undo.moved, model.undo().moved, held.paint(2, 7, 8)];"""
    )
    assert found == [{"locked": 2}, {"locked": 1}, 0, 1, {"moved": 1, "refused": {"dedicated": 1}}]


def test_another_community_is_beyond_the_line(numbers):
    """A block goes to grids of its own community only."""
    found = numbers(
        """const two = town({ community: numbers.map((block) => (block % SIDE < 3 ? 0 : 1)) });
           two.model.slots[2].community = 1;
           return two.paint(1, 2, 3, 9);"""
    )
    assert found == {"moved": 0, "refused": {"line": 2}}


def test_pieces(numbers):
    """A grid's pieces are counted by common borders, corners do not count, and the largest comes first."""
    found = numbers(
        """paint(1, at(0, 5), at(5, 5), at(4, 4));
           return [pieces.of(1).map((part) => part.length), pieces.of(2).length, pieces.broken()];"""
    )
    assert found == [[18, 1, 1, 1], 1, [1]]


def test_strays_go_where_they_border_most(numbers):
    """Each stray piece goes to the grid that it shares most border with; what is in no grid too; a locked grid gets none."""
    found = numbers(
        """paint(1, at(2, 4), at(2, 5)); paint(0, at(0, 0));
           const strays = pieces.strays().map(({ part, to }) => [part.sort((a, b) => a - b), to]);
           model.lock(2, true);
           return [strays, pieces.strays().map(({ to }) => to)];"""
    )
    assert sorted(found[0]) == [[[0], 1], [[16, 17], 2]]
    assert found[1] == [1]


def test_compounds_that_are_cut(numbers):
    """A compound is cut while its blocks are in two grids; in none does not count."""
    found = numbers(
        """const start = [...model.cut];
           paint(1, ...numbers.filter((block) => block % SIDE === 3)); const whole = [...model.cut];
           paint(0, 3); const none = [...model.cut];
           paint(2, 3); return [start, whole, none, [...model.cut]];"""
    )
    assert found == [[0], [], [], [0]]


def test_what_is_told_and_merged(numbers):
    """Only what differs is sent; blocks of no grid wait; others' edits are taken where nothing of ours stands."""
    found = numbers(
        """paint(2, 0); paint(0, 1); const fresh = model.addGrid(0, 3); paint(fresh, 35);
           const sent = model.changes();
           model.settle(sent, { [model.slots[fresh].key]: "12" });
           model.learn([...grids, { id: "12", code: "c12", name: "", community: 0, colour: 5 }]);
           const moved = model.merge([[2, "11"], [1, "11"], [35, "10"]]);
           const { code, colour } = model.slots[fresh];
           return [sent, moved, model.of[2], model.of[1], model.of[35], code, colour, model.changes().blocks];"""
    )
    sent, moved, *rest = found
    assert sent["blocks"] == [[0, "11"], [35, "new-1"]]
    assert sent["grids"]["new"] == [{"key": "new-1", "community": 0, "name": ""}]
    assert sent["waiting"] == 1
    assert moved == 2
    assert rest == [2, 0, 1, "c12", 3, []]


def test_what_others_moved_is_not_ours_to_take_back(numbers):
    """Undo leaves alone what somebody else has moved since; a stroke of which nothing else is left is none."""
    found = numbers(
        """paint(2, 0, 1); paint(2, 6);
           model.settle(model.changes(), {});
           const moved = model.merge([[0, "10"], [6, "10"]]);
           const back = model.undo();
           return [moved, back.moved, model.of[0], model.of[1], model.of[6], model.undo() === undefined];"""
    )
    assert found == [2, 1, 1, 1, 1, True]


def test_a_grid_that_is_gone(numbers):
    """A grid that the service has no longer is made anew, by its name, once blocks come back into it."""
    found = numbers(
        """model.slots[2].name = model.slots[2].known = "East";
           paint(1, ...model.slots[2].members);
           model.settle(model.changes(), {});
           model.learn([grids[0]]);
           const none = model.changes();
           model.undo();
           const { blocks, grids: told } = model.changes();
           return [none.blocks.length, none.grids, blocks.length, blocks[0][1], told];"""
    )
    assert found == [
        0,
        {"new": [], "renamed": []},
        18,
        "new-1",
        {"new": [{"key": "new-1", "community": 0, "name": "East"}], "renamed": []},
    ]


def test_names_are_undone(numbers):
    """A name is a stroke like any other; called again as the service has it, a grid is not told of."""
    found = numbers(
        """model.begin("rename"); model.rename(1, "West"); model.end();
           const told = model.changes().grids.renamed;
           const { label } = model.undo();
           const none = model.changes().grids.renamed;
           model.redo();
           return [told, label, none, model.slots[1].name];"""
    )
    assert found == [[{"key": "10", "name": "West"}], "rename", [], "West"]


def test_sides_of_a_line(numbers):
    """Left is left as one walks, on bent lines and beyond their ends too; y grows to the south."""
    found = numbers(
        """const sides = wangge.editSides(Float64Array.of(0, 10), Float64Array.of(0, 10));
           const north = [[5, 10], [5, 0]];
           const bent = [[0, 10], [5, 10], [5, 0]];
           const left = (line, ...points) => points.map(([x, y]) => sides.isLeft(line, x, y));
           return [...left(north, [0, 5], [9, 5], [0, -40]), ...left(bent, [1, 1], [8, 12], [5.5, 10.2])];"""
    )
    assert found == [True, False, True, True, False, False]


def test_what_lies_near(numbers):
    """Near and in the box are the same blocks that a look at each of them finds."""
    found = numbers(
        """const xs = Float64Array.from({ length: 400 }, (_, i) => (i * 7919) % 1000);
           const ys = Float64Array.from({ length: 400 }, (_, i) => (i * 104729) % 700);
           const sides = wangge.editSides(xs, ys);
           const same = (found, holds) => {
             const all = [...xs.keys()].filter(holds);
             return all.length > 2 && all.join() === found.sort((a, b) => a - b).join();
           };
           return [
             same(sides.near(500, 300, 120), (i) => Math.hypot(xs[i] - 500, ys[i] - 300) <= 120),
             same(sides.inBox({ left: 100, right: 420, top: 50, bottom: 90 }),
               (i) => xs[i] >= 100 && xs[i] <= 420 && ys[i] >= 50 && ys[i] <= 90),
           ];"""
    )
    assert found == [True, True]


def test_lines_between_blocks(numbers):
    """Each stretch of border is there once with the blocks on both sides, whichever way round each of them writes it."""
    found = numbers(
        """const shapes = [[[0, 0, 10, 0, 0, 10, -10, 0]], [[10, 10, 10, 0, 0, -10, -10, 0]]];
           const arcs = wangge.editArcs(shapes, (x, y) => [x, y]);
           const between = [...Array(arcs.count).keys()].filter((i) => arcs.right[i] >= 0);
           const told = between.map((i) => [[arcs.left[i], arcs.right[i]], [...arcs.at.slice(4 * i, 4 * i + 4)]]);
           return [arcs.count, told, arcs.ofBlock(1).length];"""
    )
    assert found == [7, [[[0, 1], [10, 0, 10, 10]]], 4]


def test_who_moves_against_the_net_in_force(numbers):
    """A grid in force goes on as the one that takes most of its households; the rest have moved, with whom it concerns."""
    found = numbers(
        """paint(2, 0, 6);
           const before = { code: ["a", "b"], name: ["", ""], workers: [["Li"], ["Wang"]] };
           const of_block = numbers.map((block) => (block % SIDE < 3 ? 0 : 1));
           const { rows, blocks, households, workers, touched } = wangge.editCompare(model, { ...before, of_block }).list();
           const told = rows.map(({ from, to, households, workers }) => [from, to, households, workers]);
           return [told, blocks, households, workers, touched];"""
    )
    assert found == [[[0, 2, 2, ["Li", "Wang"]]], 2, 2, ["Li", "Wang"], 2]


def test_the_page_is_sealed_and_holds_nothing_of_a_plan():
    """The page asks nobody but its own service, and says of the plan only its id."""
    says = {"zh": {}, "en": {}}
    page = editor_page(root="/w", plan="p-1", lang="zh", zone="Asia/Shanghai", today="2026-01-01", says=says)
    assert "connect-src 'self'" in page
    assert '"here":"/edit/p-1"' in page
