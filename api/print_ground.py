"""What an atlas is printed from: all grids in force of an area with what lies around them, or the grids of one plan.

It comes as the store's owner and looks as far as whoever ordered it might: what they may see was asked when they did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.duty.card import public_card
from api.sheet_ground import ground_of
from api.sheet_staff import card_staff
from api.sheet_store import bounds_of, ground_from
from api.who.caller import Caller, Grant, Role, within
from data.store import plans, sheet_rows
from data.store.publish import town_of
from data.store.scope import Scope, speak
from gis.errors import NotFound
from maps.sheets.view import fitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg2.extensions import connection

    from api.sheet_store import Wish
    from data.store.sheet_rows import Box
    from maps.sheets.values import Post, SheetGround, Told


@dataclass(frozen=True, slots=True)
class Printed:
    """What an atlas shows: the ground, the rows of its grids in their order, and who answers for each."""

    ground: SheetGround
    rows: tuple[int, ...]
    staff: Mapping[str, tuple[Post, ...]]
    told: Mapping[str, Told]


def area_prints(conn: connection, path: str, wish: Wish) -> Printed:
    """Return what the atlas of an area shows, in a transaction of the owner's.

    Raises
    ------
    NotFound
        No grid of it is in force on that day.
    """
    # The functions of the public card ask for whom the transaction speaks.
    speak(conn, Scope(public=("areas", "grids")))
    spot = sheet_rows.area_spot(conn, path, wish.day)
    if spot is None:
        raise NotFound(f"no grid of this area was in force on {wish.day}", zh=f"{wish.day} 该区域没有现行网格")
    own = {grid.code: grid for grid in sheet_rows.grids(conn, spot, spot.bounds, wish.day) if within(grid.path, path)}
    frames = [fitted(bounds_of([grid.polygon]), wish.paper, scale=wish.scale).ground() for grid in own.values()]
    box = _around([fitted(spot.bounds, wish.paper).ground(), *frames])
    ground = ground_from(
        Caller(grants=(Grant(role=Role.DISTRICT, area=path),)),
        spot,
        sheet_rows.grids(conn, spot, box, wish.day),
        sheet_rows.communities(conn, spot, box, wish.day),
        sheet_rows.features(conn, spot, box, "barrier"),
        sheet_rows.features(conn, spot, box, "compound"),
        wish,
    )
    answers = {code: card_staff(public_card(conn, code, wish.day, wish.lang), wish.show) for code in own}
    return Printed(
        ground,
        _ordered(ground, own),
        {code: posts for code, (posts, _) in answers.items()},
        {code: told for code, (_, told) in answers.items()},
    )


def plan_prints(conn: connection, plan_id: str) -> Printed:
    """Return what the atlas of a plan shows: its own grids as they are drawn; nobody answers for them yet.

    Raises
    ------
    NotFound
        The plan is not there.
    """
    plan = plans.get(conn, plan_id)
    net = plans.net(conn, plan)
    ground = ground_of(net, town_of(conn, plan, communities=tuple(net.outline), divided=net))
    return Printed(ground, _ordered(ground, ground.code), {}, {})


def _ordered(ground: SheetGround, codes: Sequence[str] | Mapping[str, object]) -> tuple[int, ...]:
    """Return the rows of grids street by street, community by community."""

    def place(row: int) -> tuple[str, str, str]:
        home = int(ground.community[row])
        return ground.street[home], ground.community_code[home], ground.code[row]

    wanted = set(codes)
    return tuple(sorted((row for row, code in enumerate(ground.code) if code in wanted), key=place))


def _around(boxes: Sequence[Box]) -> Box:
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)
