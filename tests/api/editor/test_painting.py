"""Painting in a real Chromium, by mouse and by keyboard, over a real plan on a real server."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_painting_moves_households(at_work):
    """A painted block takes its households along: both rows say so at once, nothing is lost, no other row is touched."""
    hand, page = at_work, at_work.page
    block, other = hand.beside(1)
    before = [grid["households"] for grid in hand.tells("grids")]
    hand.chooses(1)
    page.evaluate(
        """() => {
          window.redrawn = new Set();
          const all = { subtree: true, childList: true, characterData: true, attributes: true };
          new MutationObserver((seen) => { for (const { target } of seen) {
            const row = (target.closest ? target : target.parentElement).closest("[data-slot]");
            if (row) window.redrawn.add(Number(row.dataset.slot));
          } }).observe(document.getElementById("grids"), all);
        }"""
    )
    hand.drags(block, block)

    assert hand.of[block] == 1
    after = [grid["households"] for grid in hand.tells("grids")]
    moved = before[other] - after[other]
    assert moved > 0
    assert after[1] - before[1] == moved
    assert sum(after) == sum(before)
    expect(page.locator(f"[data-slot='{other}'] .count")).to_have_text(str(after[other]))
    expect(hand.says()).to_have_text("涂绘 1 块")
    assert set(page.evaluate("[...window.redrawn]")) <= {1, other}
    assert hand.watched.complaints == []


def test_undo_and_redo_by_strokes(at_work):
    """Ctrl+Z takes back a whole stroke, however many blocks it moved; Ctrl+Shift+Z does it again."""
    hand = at_work
    start = hand.of
    hand.chooses(1)
    row = [block for block, slot in enumerate(start) if slot == 2][:4]
    hand.drags(*row)
    painted = hand.of
    assert sum(a != b for a, b in zip(start, painted, strict=True)) >= 3
    hand.page.keyboard.press("Control+z")
    assert hand.of == start
    expect(hand.says()).to_contain_text("已撤销")
    hand.page.keyboard.press("Control+Shift+z")
    assert hand.of == painted
    hand.page.locator("#undo").click()
    assert hand.of == start
    expect(hand.page.locator("#saved")).to_contain_text("已保存")


def test_escape_amid_a_stroke(at_work):
    """Escape takes back a stroke that is not over; the button let go afterwards changes nothing."""
    hand, page = at_work, at_work.page
    start = hand.of
    hand.chooses(1)
    page.mouse.move(*hand.at(start.index(2)))
    page.mouse.down()
    assert hand.of != start
    page.keyboard.press("Escape")
    page.mouse.up()
    assert hand.of == start
    assert hand.tells("steps")["done"] == 0


def test_ways_to_choose(at_work):
    """A grid is chosen by its number, by its row, by a click with the pointer's tool, and by Alt+click with any tool."""
    hand, page = at_work, at_work.page
    two = next(block for block, slot in enumerate(hand.of) if slot == 2)
    three = next(block for block, slot in enumerate(hand.of) if slot == 3)
    hand.chooses(5)
    page.locator("[data-slot='4'] .name").click()
    assert hand.tells("chosen") == 4
    page.keyboard.press("ArrowDown")
    assert hand.tells("chosen") == 5
    page.keyboard.down("Alt")
    page.mouse.click(*hand.at(two))
    page.keyboard.up("Alt")
    assert hand.tells("chosen") == 2
    assert hand.of[two] == 2
    hand.uses("v")
    page.mouse.click(*hand.at(three))
    assert hand.tells("chosen") == 3
    expect(page.locator("[data-slot='3']")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    assert hand.tells("chosen") == -1


def test_without_a_grid_nothing_is_painted(at_work):
    """Whoever paints before choosing a grid is told to choose one."""
    hand = at_work
    start = hand.of
    hand.drags(0, 3)
    assert hand.of == start
    expect(hand.says()).to_contain_text("先选一个网格")


def test_erasing_and_finding_again(at_work):
    """An erased block is in no grid: the first row and the status line count it, U leads to it; it is not saved so."""
    hand, page = at_work, at_work.page
    block = next(block for block, slot in enumerate(hand.of) if slot == 6)
    hand.uses("e")
    hand.drags(block, block)
    assert hand.of[block] == 0
    first = page.locator("#grids tbody tr").first
    expect(first).to_contain_text("未分配")
    expect(first).to_contain_text("1 块")
    expect(page.locator("#counts")).to_contain_text("未分配 1 块 25 户")
    page.locator("#zoom-out").click()
    page.keyboard.press("u")
    expect(hand.says()).to_contain_text("未分配 1/1")
    x, y = hand.at(block)
    box = page.locator(".folium-map").bounding_box()
    assert abs(x - box["x"] - box["width"] / 2) < 60
    assert abs(y - box["y"] - box["height"] / 2) < 60
    page.keyboard.press("Control+s")
    expect(page.locator("#saved")).to_contain_text("有未保存改动")
    assert hand.tells("saved")[block] == 6


def test_a_box(at_work):
    """Ctrl and a drag give all blocks in the box to the chosen grid; the box tool does so without Ctrl."""
    hand, page = at_work, at_work.page
    hand.chooses(3)
    two = [block for block, slot in enumerate(hand.of) if slot == 2]
    spots = [hand.at(block) for block in two]
    left, top = min(x for x, _ in spots) - 8, min(y for _, y in spots) - 8
    right, bottom = max(x for x, _ in spots) + 8, max(y for _, y in spots) + 8
    page.keyboard.down("Control")
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(right, bottom, steps=8)
    page.mouse.up()
    page.keyboard.up("Control")
    assert {hand.of[block] for block in two} == {3}
    assert hand.grid(2)["blocks"] == 0
    expect(page.locator("[data-slot='2']")).to_be_hidden()
    page.keyboard.press("Control+z")
    expect(page.locator("[data-slot='2']")).to_be_visible()
    hand.uses("x")
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(right, bottom, steps=8)
    page.mouse.up()
    assert {hand.of[block] for block in two} == {3}


def test_a_community_line_is_never_crossed(at_work):
    """A stroke over a community's line paints its own side only, and says how much it left."""
    hand = at_work
    grids, of = hand.tells("grids"), hand.of
    ours = of.index(2)
    theirs = [block for block, slot in enumerate(of) if grids[slot]["community"] == 1]
    hand.chooses(1)
    hand.drags(ours, theirs[0], theirs[-1])
    assert hand.of[ours] == 1
    assert [hand.of[block] for block in theirs] == [of[block] for block in theirs]
    expect(hand.says()).to_contain_text("社区线外")


def test_locks(at_work):
    """Nothing goes into a locked grid and nothing out of it, by brush or by undo; all are locked and unlocked at once."""
    hand, page = at_work, at_work.page
    block, other = hand.beside(1)
    start = hand.of
    page.locator(f"[data-slot='{other}'] .lock").click()
    expect(page.locator(f"[data-slot='{other}'] .lock")).to_have_attribute("aria-pressed", "true")
    hand.chooses(1)
    hand.drags(block, block)
    assert hand.of == start
    expect(hand.says()).to_contain_text("锁定网格")
    page.keyboard.press("Shift+L")
    assert all(grid["isLocked"] for grid in hand.tells("grids")[1:])
    hand.drags(block, block)
    expect(hand.says()).to_contain_text("已锁定，不能改动")
    page.locator("#lock-all").click()
    assert not any(grid["isLocked"] for grid in hand.tells("grids"))
    hand.drags(block, block)
    assert hand.of[block] == 1
    page.keyboard.press("l")
    page.keyboard.press("Control+z")
    assert hand.of[block] == 1, "the chosen grid is locked"
    expect(hand.says()).to_contain_text("先解锁")


def test_only_from_one_source(at_work):
    """With a source chosen a stroke takes from there and from nowhere else."""
    hand, page = at_work, at_work.page
    hand.chooses(2)
    hand.chooses(3)
    start = hand.of
    page.locator("#source").select_option("none")
    two = [block for block, slot in enumerate(start) if slot == 2]
    hand.drags(two[0], two[1])
    assert hand.of == start
    expect(hand.says()).to_contain_text("不在限定来源内")
    page.locator("[data-slot='2'] .name").click()
    page.locator("#source").select_option("2")
    hand.chooses(3)
    hand.drags(two[0], two[0])
    assert hand.of[two[0]] == 3


def test_a_cut(at_work):
    """The blocks left of a line across the chosen grid become a new one: chosen, in the table, undone as one."""
    hand, page = at_work, at_work.page
    hand.chooses(2)
    two = [block for block, slot in enumerate(hand.of) if slot == 2]
    spots = [hand.at(block) for block in two]
    x = (min(a for a, _ in spots) + max(a for a, _ in spots)) / 2
    hand.uses("c")
    page.mouse.move(x, max(b for _, b in spots) + 40)
    page.mouse.down()
    page.mouse.move(x, min(b for _, b in spots) - 40, steps=10)
    page.mouse.up()

    fresh = len(hand.tells("grids")) - 1
    assert fresh == 7
    west = {block for block, (a, _) in zip(two, spots, strict=True) if a < x}
    assert {block for block, slot in enumerate(hand.of) if slot == fresh} == west
    assert hand.tells("chosen") == fresh
    expect(page.locator(f"[data-slot='{fresh}']")).to_contain_text("新网格")
    page.keyboard.press("Control+z")
    assert {hand.of[block] for block in two} == {2}


def test_a_merge(at_work):
    """Two grids of one community become one; across the community's line they do not."""
    hand, page = at_work, at_work.page
    hand.chooses(2)
    hand.uses("m")
    three = next(block for block, slot in enumerate(hand.of) if slot == 3)
    five = next(block for block, slot in enumerate(hand.of) if slot == 5)
    page.mouse.click(*hand.at(five))
    expect(hand.says()).to_contain_text("不在同一社区")
    page.mouse.click(*hand.at(three))
    assert hand.grid(3)["blocks"] == 0
    assert hand.grid(2)["households"] == 800
    expect(page.locator("[data-slot='2']")).to_have_class("out")


def test_pieces_are_found_and_filled(at_work):
    """A grid in pieces is counted and marked at once; F shows all its pieces; filling gives the stray one away."""
    hand, page = at_work, at_work.page
    start = hand.of
    stray = next(
        block
        for block, slot in enumerate(start)
        if slot == 2 and all(start[other] == 2 for other in page.evaluate("b => window.__editor.neighbours(b)", block))
    )
    hand.chooses(3)
    hand.drags(stray, stray)
    assert hand.grid(3)["pieces"] == 2
    expect(page.locator("#counts")).to_contain_text("不连片 1")
    expect(page.locator("[data-slot='3'] .parts")).to_have_text("▲2")
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    assert hand.tells("chosen") == 3
    box = page.locator(".folium-map").bounding_box()
    for block in [block for block, slot in enumerate(hand.of) if slot == 3]:
        x, y = hand.at(block)
        assert box["x"] < x < box["x"] + box["width"]
        assert box["y"] < y < box["y"] + box["height"]
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    assert hand.of == start
    expect(hand.says()).to_contain_text("填飞地 1 块")


def test_by_keyboard_alone(at_work):
    """Without a mouse: arrows go from block to block, Space paints, Shift paints on the way, Enter ends a cut."""
    hand, page = at_work, at_work.page
    page.keyboard.press("e")
    page.locator(".folium-map").focus()
    page.keyboard.press("ArrowRight")
    expect(hand.says()).to_contain_text("地块")
    page.keyboard.press("Space")
    assert hand.tells("counts")["nobody"] == 1
    page.keyboard.press("Shift+ArrowLeft")
    assert hand.tells("counts")["nobody"] == 2
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert hand.tells("counts")["nobody"] == 0
    while hand.of[hand.tells("cursor")] != 2:
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("c")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    expect(hand.says()).to_contain_text("已定 2 点")
    page.keyboard.press("Enter")
    assert 0 < hand.grid(7)["blocks"] < 16
    assert hand.watched.complaints == []
