"""Somebody at the planner's editor: a draft to edit, and what hands do with mouse and keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from data.store import plans
from tests.api.v1.painted import Painting
from tests.stored import NOW

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.api.v1.hall import Hall
    from tests.maps.conftest import Watched

SOON_MS = 8_000
WIDE, FULL, SMALL = (1440, 900), (1920, 1080), (1024, 768)


@dataclass(frozen=True)
class Draft:
    """A hall with a draft in it."""

    hall: Hall
    plan: str
    planner: dict[str, str]

    @property
    def path(self) -> str:
        """Where the plan is edited."""
        return f"/edit/{self.plan}"

    @property
    def painting(self) -> Painting:
        """The plan as somebody else paints it, over HTTP."""
        return Painting(self.hall, self.planner, f"/v1/plans/{self.plan}").prepared()


def drafted(conn, town, net, *, rules, title, author=None):
    """Write a net as a draft."""
    maker = plans.Maker(
        town=town.imported.town, snapshot=town.imported.snapshot, srid=int(town.town.frame.crs[5:]), author=author, now=NOW
    )
    return plans.create(conn, net, maker, plans.Origin(title=title, reason="", made_with={"rules": rules}, metrics={}))


class Hand:
    """Somebody at the editor: what they do with mouse and keys, and what the page then knows."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.page: Page = watched.page

    def tells(self, name: str) -> Any:
        """Return what the page shows of its state."""
        return self.page.evaluate(f"window.__editor.{name}")

    @property
    def of(self) -> list[int]:
        """The number of each block's grid."""
        return self.tells("of")

    def grid(self, number: int) -> dict[str, Any]:
        """Return what the page knows of a grid."""
        return self.tells("grids")[number]

    def at(self, block: int) -> tuple[float, float]:
        """Return where a block lies in the window."""
        spot = self.page.evaluate("block => { const { x, y } = window.__editor.spot(block); return [x, y]; }", block)
        box = self.page.locator(".folium-map").bounding_box()
        assert box is not None
        return box["x"] + spot[0], box["y"] + spot[1]

    def chooses(self, number: int) -> None:
        """Type a grid's number."""
        self.page.keyboard.press("Escape")
        for digit in str(number):
            self.page.keyboard.press(digit)
        assert self.tells("chosen") == number

    def uses(self, key: str) -> None:
        """Take a tool by its key."""
        self.page.keyboard.press(key)
        expect(self.page.locator(".rail [aria-pressed=true] kbd")).to_have_text(key.upper())

    def sizes(self, name: str) -> None:
        """Make the brush so large."""
        while self.page.locator("#size-text").text_content() != name:
            self.page.keyboard.press("[")

    def drags(self, *blocks: int, button="left") -> None:
        """Drag over blocks, from middle to middle."""
        (first, *rest) = [self.at(block) for block in blocks]
        self.page.mouse.move(*first)
        self.page.mouse.down(button=button)
        for x, y in rest:
            self.page.mouse.move(x, y, steps=12)
        self.page.mouse.up(button=button)

    def says(self) -> Locator:
        """Return the status line's last words, as a locator."""
        return self.page.locator("#said")

    def beside(self, number: int) -> tuple[int, int]:
        """Return a block of another grid that borders a grid, and that grid's number."""
        of, grids = self.of, self.tells("grids")
        for block, slot in enumerate(of):
            near = {of[other] for other in self.page.evaluate("b => window.__editor.neighbours(b)", block)}
            if slot != number and slot and number in near and not grids[slot]["isDedicated"]:
                return block, slot
        raise AssertionError(f"nothing borders grid {number}")


def saved(hand: Hand) -> None:
    """Save, and wait until it is done."""
    hand.page.keyboard.press("Control+s")
    expect(hand.page.locator("#saved.clean")).to_be_visible(timeout=SOON_MS)
