"""What lies over the blocks: incidents by block, the net in force, what moved; remembered, by key, and seen as pixels."""

import pytest
from playwright.sync_api import expect

from data.store.sql import run
from tests.api.editor.hand import SOON_MS, Hand
from tests.stored import owner

pytestmark = pytest.mark.browser


def report(draft, block, count):
    """Have so many incidents reported amid a block, and one long ago."""
    with owner(draft.hall.db.admin) as conn:
        run(
            conn,
            """INSERT INTO wangge.incident (no, path, geom, source, reported_at, state, tier, kind, category, revision,
                 at)
               SELECT 'e' || b.edition || '-' || b.number || '-' || k, b.path,
                 ST_Transform(ST_PointOnSurface(b.shape), 4490), 'patrol',
                 CASE WHEN k = 0 THEN %(now)s - interval '91 days' ELSE %(now)s - interval '2 days' END, 'closed', 1, 'problem',
                 'rubbish', 1, %(now)s
               FROM wangge.plan_block b JOIN wangge.plan_edition e ON e.id = b.edition, generate_series(0, %(count)s) k
               WHERE e.plan_id = %(plan)s AND b.number = %(block)s""",
            {"now": draft.hall.now, "count": count, "plan": draft.plan, "block": block},
        )


def colour(hand, x, y):
    """The colour of the map's lowest canvas at a place of the window."""
    return hand.page.evaluate(
        """([x, y]) => {
          const canvas = document.querySelector(".leaflet-pane canvas");
          const box = canvas.getBoundingClientRect();
          const scale = canvas.width / box.width;
          return [...canvas.getContext("2d").getImageData((x - box.left) * scale, (y - box.top) * scale, 1, 1).data];
        }""",
        [x, y],
    )


def test_incidents_by_block(draft, browse):
    """Blocks are shaded by the incidents of ninety days, counted by the service; the legend says how many; no point is sent."""
    first, second = 3, 9
    report(draft, first, 1)
    report(draft, second, 12)
    sent = []
    hand = Hand(browse(draft))
    hand.page.on("response", lambda answer: sent.append(answer) if answer.url.endswith("/heat") else None)
    hand.page.locator("#layers summary").click()
    hand.page.locator("[data-shade=heat]").click()
    expect(hand.page.locator("[data-shade=heat]")).to_have_attribute("aria-pressed", "true", timeout=SOON_MS)
    expect(hand.page.locator("#legend-rows")).to_contain_text("近 90 天共 13 件")
    hand.page.locator("#layers summary").click()
    told = sent[0].json()
    assert set(told) == {"edition", "days", "incidents", "of_block"}
    assert (told["of_block"][first], told["of_block"][second], sum(told["of_block"])) == (1, 12, 13)
    quiet = next(block for block, count in enumerate(told["of_block"]) if not count)
    seen = [colour(hand, hand.at(block)[0] + 12, hand.at(block)[1] + 9)[:3] for block in (quiet, first, second)]
    assert len({tuple(each) for each in seen}) == 3
    assert sum(seen[0]) > sum(seen[1]) > sum(seen[2]), "the more, the darker"
    hand.page.mouse.move(*hand.at(second))
    expect(hand.page.locator("#tip")).to_contain_text("12 件")


def test_layers_are_remembered(draft, browse):
    """What is shown and how it is shaded comes back with the page; S goes from one shading to the next and says so."""
    hand = Hand(browse(draft))
    page = hand.page
    page.keyboard.press("o")
    page.locator("#layers summary").click()
    page.locator("[data-layer=compounds]").uncheck()
    page.keyboard.press("s")
    expect(hand.says()).to_contain_text("着色：户数达标")
    page.reload()
    expect(page.locator("#cover")).to_be_hidden(timeout=SOON_MS)
    assert hand.tells("shade") == "band"
    assert (hand.tells("layers")["old"], hand.tells("layers")["compounds"]) == (True, False)
    page.locator("#layers summary").click()
    expect(page.locator("[data-layer=old]")).to_be_checked()
    expect(page.locator("[data-shade=band]")).to_have_attribute("aria-pressed", "true")


def inked(hand, wanted, box):
    """How many pixels of the uppermost canvas in a box of the window have a colour, nearly."""
    return hand.page.evaluate(
        """([wanted, [x, y, wide, high]]) => {
          const canvas = [...document.querySelectorAll(".leaflet-pane canvas")].at(-1);
          const box = canvas.getBoundingClientRect();
          const scale = canvas.width / box.width;
          const at = [x - box.left, y - box.top, wide, high].map((each) => each * scale);
          const { data } = canvas.getContext("2d").getImageData(...at);
          let count = 0;
          for (let i = 0; i < data.length; i += 4)
            if (data[i + 3] > 200 && wanted.every((each, k) => Math.abs(data[i + k] - each) < 12)) count += 1;
          return count;
        }""",
        [wanted, box],
    )


OLD = [0x7A, 0x2D, 0x74]
PIN = [0x17, 0x52, 0x6B]


def test_the_comparison_is_drawn(draft, browse):
    """The old line is drawn when it is asked for, and goes; blocks that moved have an outline of the same colour."""
    hand = Hand(browse(draft))
    page = hand.page
    map_box = page.locator(".folium-map").bounding_box()
    assert map_box is not None
    whole = [map_box["x"], map_box["y"], map_box["width"], map_box["height"]]
    assert inked(hand, OLD, whole) == 0
    page.keyboard.press("o")
    page.wait_for_timeout(200)
    assert inked(hand, OLD, whole) > 150
    page.keyboard.press("o")
    page.wait_for_timeout(200)
    assert inked(hand, OLD, whole) == 0
    page.locator("#layers summary").click()
    page.locator("[data-layer=moved]").check()
    page.locator("#layers summary").click()
    page.wait_for_timeout(200)
    moved = hand.tells("changes")["moved"]
    assert moved, "the draft has more grids than the net in force"
    x, y = hand.at(moved[0])
    assert inked(hand, OLD, [x - 40, y - 40, 80, 80]) > 20


def test_locked_grids_are_hatched(draft, browse):
    """A locked grid is hatched: its ground has more than one colour, and one again when it is unlocked."""
    hand = Hand(browse(draft))
    block = hand.of.index(2)

    def shades():
        x, y = hand.at(block)
        return {tuple(colour(hand, x + dx, y + 9)) for dx in range(-14, 15)}

    assert len(shades()) == 1
    hand.page.locator("[data-slot='2'] .lock").click()
    hand.page.wait_for_timeout(200)
    assert len(shades()) > 2
    hand.page.locator("[data-slot='2'] .lock").click()
    hand.page.wait_for_timeout(200)
    assert len(shades()) == 1


def test_pins_stand_where_something_was_said(draft, browse):
    """A comment on a place and one on a grid have a pin each on the map, for whoever reviews; a click opens what was said."""
    hall, path = draft.hall, f"/v1/plans/{draft.plan}"
    first = Hand(browse(draft))
    lon, lat = first.page.evaluate(
        """() => {
          const { ground } = window.__editor;
          const { lng, lat } = ground.latLng(ground.grids[5].x, ground.grids[5].y);
          return [lng, lat];
        }"""
    )
    code = first.grid(2)["code"]
    for body in ({"text": "此处出入口朝北", "lon": lon, "lat": lat}, {"text": "户数偏多", "grid": code}):
        assert hall.client.post(f"{path}/comments", json=body, headers=draft.planner).status_code == 201
    hand = Hand(browse(draft, login="street"))
    expect(hand.page.locator("#tab-notes small")).to_have_text("2", timeout=SOON_MS)
    hand.uses("v")
    x, y = hand.at(5)
    assert inked(hand, PIN, [x - 14, y - 30, 28, 32]) > 100
    hand.page.mouse.click(x, y - 17)
    expect(hand.page.locator(".thread.chosen")).to_contain_text("此处出入口朝北")
    rows = hand.page.locator("#note-rows .head")
    expect(rows.filter(has_text="网格")).to_have_count(1)
