"""Blocks are cut and joined in a real Chromium, by mouse and by keyboard; the page goes on where it was."""

import pytest
import shapely
from playwright.sync_api import expect

from data.store.adopt import adopt
from gis.town import LineKind
from partition.engine import divide
from partition.net import net_of
from partition.rules import Rules
from tests.api.editor.hand import SOON_MS, Draft, Hand, drafted
from tests.drawn import Line
from tests.paged import paged
from tests.stored import brought, cut, owner, village

pytestmark = pytest.mark.browser

C1, C2, STREET = "370103016001", "370103016002", "街道"


@pytest.fixture(scope="module")
def lanes(cluster, template, tmp_path_factory):
    """The village with lanes between every four of its houses, and a planner of it; its first net is in force."""
    drawn = village()
    drawn.lines = [Line(LineKind.LANE, [(x, 0), (x, 300)]) for x in range(100, 800, 100)]
    drawn.lines += [Line(LineKind.LANE, [(0, y), (800, y)]) for y in (100, 200)]
    drawn.compounds = [("花园小区", shapely.box(200, 100, 300, 200))]
    with cluster.clone(template) as db, paged(db, tmp_path_factory.mktemp("home")) as hall:
        with owner(db.admin) as conn:
            town = brought(conn, drawn.town())
            old = net_of(divide(town.town, Rules(), seed=3), town.town)
            adopt(conn, drafted(conn, town, old, rules={}, title="首批"), cut(hall.now.date()))
        both = [("community", C1), ("community", C2)]
        author, planner = hall.person("author", *both), hall.person("planner", *both)
        yield hall, town, author, hall.key(planner)


@pytest.fixture
def draft(lanes):
    """A draft of its own for the test, whose blocks are made."""
    hall, town, author, planner = lanes
    with owner(hall.db.admin) as conn:
        plan = drafted(conn, town, town.net, rules={}, title="切开地块", author=author)
    made = Draft(hall, plan.id, planner)
    assert made.painting.edition
    return made


@pytest.fixture
def at_work(draft, browse):
    """Somebody at the draft, with the tool that cuts blocks in their hand."""
    hand = Hand(browse(draft))
    hand.uses("k")
    return hand


def crosses(hand, block):
    """Drag a line from above a block to below it, between its houses, a little askew."""
    x, y = hand.at(block)
    step = abs(hand.at(block)[0] - hand.at(neighbour(hand, block))[0]) or 40
    hand.page.mouse.move(x + 1, y - 0.8 * step)
    hand.page.mouse.down()
    hand.page.mouse.move(x - 1, y + 0.8 * step, steps=12)
    hand.page.mouse.up()


def neighbour(hand, block):
    """A block beside another, in the same row."""
    x, y = hand.at(block)
    near = hand.page.evaluate("b => window.__editor.neighbours(b)", block)
    return next(other for other in near if abs(hand.at(other)[1] - y) < 5 and abs(hand.at(other)[0] - x) > 5)


def is_read_anew(hand, count):
    """Wait until the page shows so many blocks."""
    hand.page.wait_for_function("n => window.__editor && window.__editor.of.length === n", arg=count, timeout=SOON_MS)
    expect(hand.page.locator("#cover")).to_be_hidden(timeout=SOON_MS)


def test_a_line_cuts_a_block_and_undo_joins_it(at_work):
    """A line across a block makes two of it, on the page where it was; one is painted; undo goes back over both."""
    hand, page = at_work, at_work.page
    count = len(hand.of)
    block, slot = hand.beside(1)
    homes = [grid["households"] for grid in hand.tells("grids")]
    hand.chooses(1)
    page.locator("#zoom-out").click()
    before = page.evaluate("[window.__editor.map.getZoom(), window.__editor.map.getCenter().lat]")
    hand.uses("k")
    crosses(hand, block)
    is_read_anew(hand, count + 1)
    expect(hand.says()).to_contain_text("已切成 2 块")
    assert page.evaluate("[window.__editor.map.getZoom(), window.__editor.map.getCenter().lat]") == pytest.approx(before)
    assert hand.tells("chosen") == 1
    expect(page.locator("button[data-tool=part]")).to_have_attribute("aria-pressed", "true")
    assert hand.of[block] == hand.of[count] == slot
    assert [grid["households"] for grid in hand.tells("grids")] == homes
    assert count in page.evaluate("b => window.__editor.neighbours(b)", block)

    hand.uses("b")
    hand.sizes("一块")
    hand.drags(count, count)
    assert (hand.of[block], hand.of[count]) == (slot, 1)
    assert sum(grid["households"] for grid in hand.tells("grids")) == sum(homes)
    page.keyboard.press("Control+z")
    assert hand.of[count] == slot
    page.keyboard.press("Control+z")
    is_read_anew(hand, count)
    expect(hand.says()).to_contain_text("已合回")
    assert [grid["households"] for grid in hand.tells("grids")] == homes
    assert hand.watched.complaints == []


def test_strokes_before_a_cut_can_be_undone_after_it(at_work):
    """What was painted before is undone over the parts: all of them go back where the block came from."""
    hand, page = at_work, at_work.page
    count = len(hand.of)
    block, other = hand.beside(1)
    hand.uses("b")
    hand.sizes("一块")
    hand.chooses(1)
    hand.drags(block, block)
    assert hand.of[block] == 1
    hand.uses("k")
    crosses(hand, block)
    is_read_anew(hand, count + 1)
    assert hand.tells("steps")["done"] == 2
    page.keyboard.press("Control+z")
    is_read_anew(hand, count)
    page.keyboard.press("Control+z")
    assert hand.of[block] == other


def test_by_building_and_back(at_work):
    """A click breaks a block into its buildings; a click with the third way joins what hangs together in its grid."""
    hand, page = at_work, at_work.page
    count, block = len(hand.of), 4
    page.locator("[data-part=buildings]").click()
    page.mouse.click(*hand.at(block))
    is_read_anew(hand, count + 3)
    expect(page.locator("[data-part=buildings]")).to_have_attribute("aria-pressed", "true")
    page.mouse.click(*hand.at(count))
    expect(hand.says()).to_contain_text("只有一栋楼")
    page.locator("[data-part=join]").click()
    page.mouse.click(*hand.at(count + 1))
    is_read_anew(hand, count)
    page.mouse.click(*hand.at(block))
    expect(hand.says()).to_contain_text("没有可以合回的部分")


def test_by_keyboard(at_work):
    """Without a mouse: the arrows lead to a block, Space breaks it into its buildings."""
    hand, page = at_work, at_work.page
    count = len(hand.of)
    page.locator("[data-part=buildings]").focus()
    page.keyboard.press("Enter")
    page.locator(".folium-map").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    is_read_anew(hand, count + 3)


def test_a_line_that_is_none_is_told(at_work):
    """A line that ends amid a block, or lies outside, changes nothing, and the status line says why; a locked grid refuses."""
    hand, page = at_work, at_work.page
    start, block = hand.of, 4
    x, y = hand.at(block)
    page.mouse.move(x, y - 60)
    page.mouse.down()
    page.mouse.move(x, y, steps=8)
    page.mouse.up()
    expect(hand.says()).to_contain_text("没有穿过地块")
    page.locator(f"[data-slot='{start[block]}'] .lock").click()
    hand.uses("k")
    crosses(hand, block)
    expect(hand.says()).to_contain_text("已锁定")
    assert hand.of == start


def test_somebody_else_cuts_meanwhile(at_work, draft):
    """Who paints elsewhere saves as ever, and then sees the cut; strokes can be undone as before."""
    hand, page = at_work, at_work.page
    count, painting = len(hand.of), draft.painting
    block, _ = hand.beside(1)
    far = next(each for each in range(count) if hand.tells("grids")[hand.of[each]]["community"] == 1)
    revision = painting.state()["plan"]["revision"]
    body = {"edition": painting.edition, "base": revision, "block": far}
    assert draft.hall.client.post(f"{painting.plan}/cuts", json=body, headers=draft.planner).status_code == 200
    hand.uses("b")
    hand.sizes("一块")
    hand.chooses(1)
    hand.drags(block, block)
    page.keyboard.press("Control+s")
    is_read_anew(hand, count + 3)
    expect(hand.says()).to_contain_text("他人重划了地块")
    assert hand.of[block] == 1
    assert hand.tells("steps")["done"] == 1


def test_a_cut_is_seen_though_the_answer_was_lost(at_work, draft):
    """Somebody else cuts, and the answer that tells of it is lost: sent again, the save tells of it as before."""
    hand, page = at_work, at_work.page
    count, painting, lost = len(hand.of), draft.painting, []
    block, _ = hand.beside(1)
    far = next(each for each in range(count) if hand.tells("grids")[hand.of[each]]["community"] == 1)
    revision = painting.state()["plan"]["revision"]
    body = {"edition": painting.edition, "base": revision, "block": far}
    assert draft.hall.client.post(f"{painting.plan}/cuts", json=body, headers=draft.planner).status_code == 200

    def lose(route):
        if lost or route.request.method != "PATCH":
            route.continue_()
            return
        lost.append(route.fetch())
        route.abort()

    page.route("**/assignments", lose)
    hand.uses("b")
    hand.sizes("一块")
    hand.chooses(1)
    hand.drags(block, block)
    page.keyboard.press("Control+s")
    expect(page.locator("#offline")).to_be_visible(timeout=SOON_MS)
    page.keyboard.press("Control+s")
    is_read_anew(hand, count + 3)
    expect(hand.says()).to_contain_text("他人重划了地块")
    assert hand.of[block] == 1


def test_a_compound_that_is_cut_is_listed(at_work):
    """Its blocks in two grids, a compound is in the list of changes with the numbers of these; undone, it is not."""
    hand, page = at_work, at_work.page
    count = len(hand.of)
    expect(page.locator("#counts")).to_contain_text("切分小区 0")
    (block,) = compound_blocks(hand)
    slot = hand.of[block]
    crosses(hand, block)
    is_read_anew(hand, count + 1)
    assert compound_blocks(hand) == [block, count]
    other = next(grid["number"] for grid in hand.tells("grids")[1:] if grid["number"] != slot and grid["community"] == 0)
    hand.uses("b")
    hand.sizes("一块")
    hand.chooses(other)
    hand.drags(count, count)
    assert hand.of[count] == other
    expect(page.locator("#counts")).to_contain_text("切分小区 1")
    page.locator("#tab-changes").click()
    row = page.locator("#cut-rows button")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("花园小区")
    expect(row).to_contain_text(" · ".join(f"#{number}" for number in sorted((slot, other))))
    zoom = hand.tells("map.getZoom()")
    row.press("Enter")
    assert hand.tells("map.getZoom()") != zoom
    page.keyboard.press("Control+z")
    expect(page.locator("#no-cuts")).to_be_visible()


def compound_blocks(hand):
    """The blocks of the only compound."""
    address = "location.pathname.replace('/edit/', '/v1/plans/')"
    told = hand.page.evaluate(f"async () => (await fetch({address} + '/blocks')).json()")
    return [block for block, compound in enumerate(told["blocks"]["compound"]) if compound >= 0]


def test_houses_are_seen_where_blocks_are_cut(at_work):
    """With the tool that cuts, and near enough, household points of the plan's snapshot are on the map; with others none."""
    hand, page = at_work, at_work.page
    page.wait_for_function("() => window.__editor.homes === 96")
    hand.uses("b")
    assert hand.tells("homes") == 0
    hand.uses("k")
    assert hand.tells("homes") == 96
    for _ in range(12):
        page.locator("#zoom-out").click()
    assert hand.tells("homes") == 0
