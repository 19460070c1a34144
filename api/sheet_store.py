"""Printed sheets of what the store keeps: a grid in force, a station, a plan beside the net in force.

What is on them is what the caller sees, with one exception: the ground. Roads, rivers and the names of compounds are below
every printed map of a place whose grids the caller sees, as on any map of the town; walls and what runs underground are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import shapely

from api.duty.card import public_card
from api.duty.roles import DutyRole
from api.rounds.facility import walk_of
from api.sheet_change import change_ground
from api.sheet_ground import ground_of
from api.sheet_staff import card_staff
from api.who.caller import Right
from data.store import plans, sheet_rows, stations
from data.store.card import cards_of
from data.store.profiles import profiles_on, section_at
from data.store.publish import compare, town_of
from data.store.scope import Scope
from gis.errors import NotFound, Refused
from gis.town import LineKind
from maps.base import Areas, Lines
from maps.sheets.values import UNTOLD, Post, SheetGround, Show
from maps.sheets.view import fitted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from psycopg2.extensions import connection

    from api.lang import Lang
    from api.who.caller import Caller
    from data.store.pool import Pool
    from data.store.sheet_rows import Box, CommunityRow, FeatureRow, GridRow, Spot
    from maps.sheets.change import ChangeGround
    from maps.sheets.station import Station
    from maps.sheets.values import Paper, Told

ROOMY_MS = 30_000
PLAIN = {
    LineKind.EXPRESSWAY,
    LineKind.MAIN_ROAD,
    LineKind.ROAD,
    LineKind.LANE,
    LineKind.RAILWAY,
    LineKind.RIVER,
    LineKind.DRAIN,
}
"""Lines that any map of a town has."""
_TIERS_OF_GROUND = 2
"""How far above a community the ground around it is looked for: its street, its district."""


class Who(Protocol):
    """Who has sheets printed: a request, or a command."""

    @property
    def caller(self) -> Caller:
        """Who it is."""
        ...

    @property
    def scope(self) -> Scope:
        """What they read."""
        ...

    def acting(self, *rights: Right) -> Scope:
        """Return for whom a transaction speaks that needs `rights`."""
        ...


INTERNAL = "internal"
"""The word, beside those of `Show`, for what `Wish.internal` means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a sheet of the store is wanted: on which day, on which paper, and how much of what is not for everybody."""

    day: date
    paper: Paper
    scale: int = 0
    """The N of the 1:N that is wanted; 0: the largest that has room."""
    show: frozenset[Show] = frozenset(Show)
    """What of those who answer."""
    lang: Lang = "zh"
    internal: bool = False
    """Numbers that are too small to tell everybody, and every line of the ground."""


def shown_of(words: Collection[str]) -> tuple[frozenset[Show], bool]:
    """Return what a list of words wants shown of those who answer, and whether also what is internal."""
    return frozenset(each for each in Show if each in words), INTERNAL in words


def grid_ground(pool: Pool, who: Who, code: str, wish: Wish) -> tuple[SheetGround, int, tuple[tuple[Post, ...], Told]]:
    """Return the ground of a grid's sheet, the grid's row in it, and who answers for it, as its public card says.

    Raises
    ------
    NotFound
        There is no such grid that the caller sees.
    Refused
        More is wanted than the caller may see there.
    """
    with pool.read(who.scope, ms=ROOMY_MS) as conn:
        spot = sheet_rows.grid_spot(conn, code, wish.day)
        if spot is None:
            raise NotFound(f"no grid {code} was in force on {wish.day}, or it is not yours to see")
        if wish.internal:
            who.caller.require(Right.SEE_INTERNAL, spot.path)
        box = fitted(spot.bounds, wish.paper, scale=wish.scale).ground()
        grids = sheet_rows.grids(conn, spot, box, wish.day)
        communities = sheet_rows.communities(conn, spot, box, wish.day)
        answers = card_staff(public_card(conn, code, wish.day, wish.lang), wish.show)
    lines, compounds = _features(pool, spot, box)
    ground = ground_from(who.caller, spot, grids, communities, lines, compounds, wish)
    return ground, ground.code.index(code), answers


def _workers(conn: connection, codes: Sequence[str], day: date) -> dict[str, str]:
    """Return the names of the full-time workers on the cards of grids, by code; of those that have any."""
    names: dict[str, dict[str, None]] = {}
    for code, role, _, name in cards_of(conn, codes, day):
        if role == DutyRole.FULL_TIME_WORKER:
            names.setdefault(code, {})[name] = None
    return {code: " ".join(them) for code, them in names.items()}


def _features(pool: Pool, spot: Spot, box: Box) -> tuple[list[FeatureRow], list[FeatureRow]]:
    """Return the lines and the compounds in a box around what the caller sees.

    They are read as somebody who plans there, whoever asks: see the head of this module.
    """
    around = ".".join(spot.path.split(".")[:-_TIERS_OF_GROUND]) or spot.path
    with pool.read(Scope(areas_2=(around,)), ms=ROOMY_MS) as conn:
        return sheet_rows.features(conn, spot, box, "barrier"), sheet_rows.features(conn, spot, box, "compound")


def ground_from(  # noqa: PLR0917 - the rows of each layer
    caller: Caller,
    spot: Spot,
    grids: Sequence[GridRow],
    communities: Sequence[CommunityRow],
    lines: Sequence[FeatureRow],
    compounds: Sequence[FeatureRow],
    wish: Wish,
) -> SheetGround:
    """Return rows of the store as sheets show them, each number as far as the caller may know it."""
    home = {each.id: n for n, each in enumerate(communities)}
    # A community that the caller sees nothing of but its grids has no name, and its line is theirs.
    nameless = sorted({grid.community for grid in grids} - home.keys())
    home |= {each: len(communities) + n for n, each in enumerate(nameless)}
    outline = [shapely.union_all([grid.polygon for grid in grids if grid.community == each]) for each in nameless]
    none = ("",) * len(nameless)
    kept = [each for each in lines if wish.internal or LineKind[each.kind] in PLAIN]
    return SheetGround(
        title=next((each.district for each in communities if each.district), ""),
        crs=f"EPSG:{spot.srid}",
        code=tuple(grid.code for grid in grids),
        name=tuple(grid.name for grid in grids),
        dedicated=np.array([grid.kind == "dedicated" for grid in grids], dtype=np.bool_),
        subtype=tuple(grid.subtype for grid in grids),
        households=np.array([_households(caller, grid, wish) for grid in grids], dtype=np.int64),
        area_m2=np.array([grid.area_m2 for grid in grids], dtype=np.float64),
        bounds=tuple(grid.bounds for grid in grids),
        community=np.array([home[grid.community] for grid in grids], dtype=np.int64),
        polygon=np.array([grid.polygon for grid in grids], dtype=object),
        communities=Areas(
            (*(each.name for each in communities), *none),
            np.array([*(each.polygon for each in communities), *outline], dtype=object),
        ),
        community_code=(*(each.code for each in communities), *none),
        street=(*(each.street for each in communities), *none),
        district=(*(each.district for each in communities), *none),
        compounds=Areas(tuple(each.name for each in compounds), np.array([each.shape for each in compounds], dtype=object)),
        lines=Lines(
            np.array([LineKind[each.kind] for each in kept], dtype=np.uint8),
            tuple(each.name for each in kept),
            np.array([each.shape for each in kept], dtype=object),
        ),
    )


def _households(caller: Caller, grid: GridRow, wish: Wish) -> int:
    if wish.internal and caller.may(Right.SEE_INTERNAL, grid.path):
        return grid.households
    return UNTOLD if grid.public is None else grid.public


def station_ground(pool: Pool, who: Who, code: str, wish: Wish) -> tuple[SheetGround, Station]:
    """Return the ground of a station's sheet, and the station.

    Raises
    ------
    NotFound
        There is no such station that the caller sees, or no town where it lies.
    """
    from maps.sheets.station import Station  # noqa: PLC0415 - what draws takes a second to import

    caller = who.caller
    with pool.read(who.scope, ms=ROOMY_MS) as conn:
        row = stations.get(conn, code)
        path = str(row["path"])
        srid = sheet_rows.frame_of(conn, path)
        if srid is None:
            raise NotFound(f"there is no town where the station {code} lies, or it is not yours to see")
        reach = sheet_rows.reach(conn, code, srid)
        _, said = section_at(profiles_on(conn, wish.day), path, "circle")
        walk_m = walk_of(said, {}).reach_m
        place = shapely.Point(reach.x, reach.y)
        walk = shapely.buffer(place, walk_m, quad_segs=32)
        circle = walk if reach.radius_m is None else shapely.buffer(place, reach.radius_m, quad_segs=32)
        zone = circle if reach.zone is None else reach.zone
        given, _ = stations.served(conn, area=None, day=wish.day, reach_m=walk_m)
        served = set(given.get(code, ()))
        spot = sheet_rows.Spot(srid=srid, bounds=bounds_of([zone, walk]), path=path)
        wide = fitted(spot.bounds, wish.paper).ground()
        grids = sheet_rows.grids(conn, spot, wide, wish.day)
        communities = sheet_rows.communities(conn, spot, wide, wish.day)
        keeper = sheet_rows.area_name(conn, row["area"], wish.day)
        duty = sheet_rows.on_duty(conn, row["id"], wish.day) if wish.show & {Show.NAMES, Show.PHONES} else []
        shown = [grid.code for grid in grids if grid.code in served] if Show.NAMES in wish.show else []
        workers = _workers(conn, shown, wish.day)
    lines, compounds = _features(pool, spot, wide)
    in_zone, in_walk = _reached(pool, code, path, walk_m) if caller.may(Right.SEE_HOUSEHOLDS, path) else (UNTOLD, UNTOLD)
    ground = ground_from(caller, spot, grids, communities, lines, compounds, wish)
    home = next((each for each in communities if shapely.covers(each.polygon, place)), None)
    posts = (
        Post("worker", name if Show.NAMES in wish.show else "", phone if Show.PHONES in wish.show else "")
        for name, phone in duty
    )
    return ground, Station(
        code=code,
        name=row["name"],
        kind=row["kind"],
        keeper=keeper,
        district="" if home is None else home.district,
        street="" if home is None else home.street,
        brand=row["brand"],
        place=(reach.x, reach.y),
        zone=zone,
        walk=walk,
        walk_m=walk_m,
        served=tuple(n for n, each in enumerate(ground.code) if each in served),
        workers=tuple(workers.get(each, "") for each in ground.code if each in served) if Show.NAMES in wish.show else None,
        in_zone=in_zone,
        in_walk=in_walk,
        has=(row["has_desk"], row["has_room"], row["has_cabinet"], row["has_map"]),
        services=tuple(row["services"]),
        duty=tuple(posts),
    )


def _reached(pool: Pool, code: str, path: str, walk_m: float) -> tuple[int, int]:
    """Return the households that a station reaches, by its own area and by foot: all of them, in whosever community they live.

    One number tells nothing of a home; a part of it would be a wrong number.
    """
    root, _, _ = path.partition(".")
    with pool.read(Scope(areas_1=(root,), areas_3=(root,)), ms=ROOMY_MS) as conn:
        own, by_foot = (sheet_rows.households_reached(conn, code, reach_m=walk_m, walk=way) for way in (False, True))
    return own, by_foot


def bounds_of(shapes: Sequence[shapely.Geometry]) -> Box:
    """Return the smallest box that holds all of the shapes."""
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object)).tolist()
    return west, south, east, north


def plan_change(pool: Pool, who: Who, plan_id: str) -> ChangeGround:
    """Return what a plan changes against the net in force, for whoever sees all of its households.

    Raises
    ------
    NotFound
        There is no such plan that the caller sees.
    Refused
        Parts of it lie outside the caller's areas.
    """
    who.caller.require(Right.SEE_HOUSEHOLDS)
    with pool.read(who.acting(Right.SEE_HOUSEHOLDS), ms=60_000) as conn:
        plan = plans.get(conn, plan_id)
        if not all(who.caller.may(Right.SEE_HOUSEHOLDS, path) for path in plan.paths):
            msg = "parts of this plan lie outside your areas"
            raise Refused(msg, zh="该方案有一部分不在您的辖区内")
        new = plans.net(conn, plan)
        town = town_of(conn, plan, communities=tuple(new.outline), divided=new)
        beside = compare(conn, plan, town, new)
        before = plans.get(conn, _base(conn, plan)).title if beside.old is not None else "—"
    return change_ground(ground_of(new, town), beside, old_title=before, new_title=plan.title)


def _base(conn: connection, plan: plans.PlanRow) -> str:
    return min(base for base in plans.bases(conn, plan).values() if base is not None)
