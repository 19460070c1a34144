"""A net that there is, drawn anew on the town as it is now: few households change grid, and the planner chooses how few.

The old net may be anybody's: drawn by hand, with gaps and overlaps, or a plan in force whose town has changed. It is *adopted*
first: every block goes to the old grid that most of its households are in, or, where nobody lives, to the one that it shares
most ground with. From there the search that suggests to planners (`partition/suggest.py`) offers plans at several prices of
moving, of which none beats another. Grids that go on keep code and name; a code is never given to another grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

from gis.errors import NotFound
from gis.faces import dissolve
from gis.locate import NOWHERE, locate, rank_of
from partition.block import make_blocks
from partition.describe import Draft, dedicated_pieces, describe
from partition.ground import survey
from partition.search.cover import Status
from partition.search.polish import plan_price
from partition.search.solve import Division
from partition.search.unit import price_list, unit_of
from partition.standing import Standing, connected, main_pieces
from partition.suggest import suggest
from partition.units import UnitBlocks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from gis.town import Town
    from partition.block import Blocks
    from partition.engine import Spread
    from partition.ground import Ground
    from partition.plan import Plan
    from partition.rules import Rules
    from partition.standing import Figures

Level = Literal["kept", "few", "some", "free"]
"""How much is changed: nothing that need not be; few, some or as many households as the grids are better for."""
_MOST = 0.5
"""Share of a dedicated grid's ground that has to be an old one's for it to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldNet:
    """The grids that there are, as they are; `polygon` (o,) in the town's frame, valid or mended."""

    code: tuple[str, ...]
    name: tuple[str, ...]
    dedicated: NDArray[np.bool_]
    polygon: NDArray[np.object_]

    @classmethod
    def of(cls, code: Sequence[str], dedicated: Sequence[bool], polygon: NDArray[np.object_]) -> OldNet:
        """Return the net of a layer without names, of which rows of one code are one grid."""
        first: dict[str, list[int]] = {}
        for row, each in enumerate(code):
            first.setdefault(each, []).append(row)
        joined = np.array([shapely.union_all(polygon[rows]) for rows in first.values()], dtype=object)
        kind = np.array([dedicated[rows[0]] for rows in first.values()], dtype=bool)
        return cls(code=tuple(first), name=("",) * len(first), dedicated=kind, polygon=joined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to redraw: the grid of each block (b,), an index into `key`, and what that is worth."""

    level: Level
    grid: NDArray[np.int64]
    key: tuple[str, ...]
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrawn:
    """How an old net can be redrawn, by rising number of households that change grid; `advised` is what the rules prefer.

    `astray` are the households of blocks that an old line cut: they changed grid when the net was adopted. `nowhere` are
    those in no old grid.
    """

    town: Town
    rules: Rules
    seed: int
    old: OldNet
    ground: Ground
    standing: Standing
    options: tuple[Option, ...]
    advised: int
    astray: int
    nowhere: int

    def plan(self, level: str) -> Plan:
        """Return the plan of one of the ways.

        Raises
        ------
        NotFound
            There is no such way, or it is beaten by another.
        """
        option = next((each for each in self.options if each.level == level), None)
        if option is None:
            offered = ", ".join(each.level for each in self.options)
            msg = f"no way {level!r} is left that is not beaten by another; there are {offered}"
            raise NotFound(msg)
        return _plan(self, option)


def redraw(town: Town, old: OldNet, rules: Rules, *, seed: int, locked: Collection[str] = (), spread: Spread = map) -> Redrawn:
    """Return how a net can be redrawn on a town.

    A locked grid, by its code, stays as it was adopted: no block leaves it or comes into it.

    Raises
    ------
    NotFound
        There are no such grids to lock: all of them are named.
    """
    if missing := sorted(set(locked) - set(old.code)):
        msg = f"there are no grids to lock by these codes: {', '.join(missing)}"
        raise NotFound(msg, grids=missing)
    ground = survey(town)
    blocks = make_blocks(ground, town)
    home = locate(town.households.xy, old.polygon, order=rank_of(old.code))
    grid = _adopted(town, ground, blocks, old, home)
    standing = _standing(town, blocks, old, grid, frozenset(locked))
    found = suggest(standing, rules, seed=seed, spread=spread)
    kept = Option(level="kept", grid=standing.grid, key=standing.key, figures=found.before)
    offers = [Option(level=each.level, grid=each.grid, key=each.key, figures=each.figures) for each in found.proposals]
    placed = ground.household_face != NOWHERE
    now = np.full(len(home), NOWHERE)
    now[placed] = grid[blocks.of_face[ground.household_face[placed]]]
    many = town.households.households
    return Redrawn(
        town=town,
        rules=rules,
        seed=seed,
        old=old,
        ground=ground,
        standing=standing,
        options=(kept, *offers),
        advised=0 if found.advised is None else found.advised + 1,
        astray=int(many[(now != home) & (now != NOWHERE) & (home != NOWHERE)].sum()),
        nowhere=int(many[home == NOWHERE].sum()),
    )


def _adopted(town: Town, ground: Ground, blocks: Blocks, old: OldNet, home: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the old grid (b,) that each residential block is in, or `NOWHERE`."""
    grid = np.full(len(blocks), NOWHERE, dtype=np.int64)
    residential = np.append(~old.dedicated, False)[home]
    counted = np.flatnonzero((ground.household_face != NOWHERE) & residential & (town.households.households > 0))
    block = blocks.of_face[ground.household_face[counted]]
    pair, index = np.unique(np.column_stack([block, home[counted]]), axis=0, return_inverse=True)
    many = np.bincount(index, weights=town.households.households[counted], minlength=len(pair))
    order = np.lexsort((pair[:, 1], -many, pair[:, 0]))
    first, at = np.unique(pair[order, 0], return_index=True)
    grid[first] = pair[order[at], 1]
    empty = np.flatnonzero((grid == NOWHERE) & (blocks.dedicated == NOWHERE))
    grid[empty] = _by_ground(dissolve(ground.mesh.polygon, blocks.of_face, len(blocks))[empty], old, wanted=~old.dedicated)
    grid[blocks.dedicated != NOWHERE] = NOWHERE
    return grid


def _by_ground(
    polygon: NDArray[np.object_], old: OldNet, *, wanted: NDArray[np.bool_], share: float = 0.0
) -> NDArray[np.int64]:
    """Return the old grid that each shape shares most ground with, more than `share` of its own, or `NOWHERE`."""
    found = np.full(len(polygon), NOWHERE, dtype=np.int64)
    rows = np.flatnonzero(wanted)
    shape, near = shapely.STRtree(old.polygon[rows]).query(polygon, predicate="intersects")
    common = shapely.area(shapely.intersection(polygon[shape], old.polygon[rows[near]]))
    order = np.lexsort((near, -common, shape))
    first, at = np.unique(shape[order], return_index=True)
    best = order[at]
    enough = common[best] > share * shapely.area(polygon[first])
    found[first[enough]] = rows[near[best[enough]]]
    return found


def _standing(town: Town, blocks: Blocks, old: OldNet, grid: NDArray[np.int64], locked: frozenset[str]) -> Standing:
    """Return the adopted net as the search knows it: an old grid in two communities is two, the larger goes on."""
    there = np.flatnonzero(grid != NOWHERE)
    pair, index = np.unique(np.column_stack([blocks.community[there], grid[there]]), axis=0, return_inverse=True)
    households = np.bincount(index, weights=blocks.households[there], minlength=len(pair))
    ground = np.bincount(index, weights=blocks.area_m2[there], minlength=len(pair))
    order = np.lexsort((pair[:, 0], -ground, -households, pair[:, 1]))
    main = np.zeros(len(pair), dtype=bool)
    main[order[np.unique(pair[order, 1], return_index=True)[1]]] = True
    label = np.full(len(blocks), NOWHERE, dtype=np.int64)
    label[there] = index
    # A code says whose grid it is: one from another community does not go on here.
    mine = [
        is_main and old.code[g].startswith(town.communities.code[c])
        for (c, g), is_main in zip(pair.tolist(), main.tolist(), strict=True)
    ]
    key = tuple(
        old.code[g] if goes_on else f"part-{k}" for k, (g, goes_on) in enumerate(zip(pair[:, 1].tolist(), mine, strict=True))
    )
    return Standing(
        blocks=blocks,
        grid=label,
        key=key,
        name=tuple(old.name[g] or old.code[g] for g in pair[:, 1].tolist()),
        locked=np.array([old.code[g] in locked for g in pair[:, 1].tolist()], dtype=bool),
        communities=np.arange(len(town.communities.code)),
    )


def _plan(drawn: Redrawn, option: Option) -> Plan:
    """Return an option as a plan: each community a part, its grids as they are, pieces that hang apart as new grids."""
    standing, rules = drawn.standing, drawn.rules
    blocks = standing.blocks
    piece = connected(blocks, rules, standing.divided, option.grid)
    stands = Standing(
        blocks=blocks, grid=option.grid, key=option.key, name=option.key,
        locked=np.zeros(len(option.key), dtype=bool), communities=standing.communities,
    )  # fmt: skip
    goes_on = main_pieces(stands, piece) & (option.grid != NOWHERE)
    name_of = dict(zip(drawn.old.code, drawn.old.name, strict=True))
    parts, divisions, kept, number = list[UnitBlocks](), list[Division](), dict[int, tuple[str, str]](), 0
    for community in np.unique(blocks.community[standing.divided]).tolist():
        chosen = np.flatnonzero(standing.divided & (blocks.community == community))
        first, label = np.unique(piece[chosen], return_inverse=True)
        for k, block in enumerate(first.tolist()):
            code = option.key[option.grid[block]] if goes_on[block] else ""
            if code in name_of:
                kept[number + k] = code, name_of[code]
        price = plan_price(unit_of(blocks, chosen, rules), price_list(rules), label)
        parts.append(UnitBlocks(community, chosen, spans=False))
        divisions.append(
            Division(
                grid=label, status=Status.UNKNOWN, score=price, bound=-np.inf, pieces=0, columns=0, compounds_whole=False,
                impossible_for=0, granularity=0,
            )
        )  # fmt: skip
        number += len(first)
    kept |= _dedicated(drawn, number)
    return describe(
        Draft(
            town=drawn.town, rules=rules, seed=drawn.seed, communities=standing.communities, ground=drawn.ground,
            blocks=blocks, parts=tuple(parts), divisions=tuple(divisions), kept=kept, taken=frozenset(drawn.old.code),
        )
    )  # fmt: skip


def _dedicated(drawn: Redrawn, number: int) -> Mapping[int, tuple[str, str]]:
    """Return code and name of the dedicated grids that go on, by their place after `number` residential ones."""
    old, blocks = drawn.old, drawn.standing.blocks
    pieces = list(dedicated_pieces(blocks, drawn.standing.communities))
    if not pieces:
        return {}
    label = np.full(len(blocks), NOWHERE, dtype=np.int64)
    for k, piece in enumerate(pieces):
        label[piece] = k
    shape = dissolve(drawn.ground.mesh.polygon, label[blocks.of_face], len(pieces))
    found = _by_ground(shape, old, wanted=old.dedicated, share=_MOST)
    codes = drawn.town.communities.code
    kept: dict[int, tuple[str, str]] = {}
    for k, g in enumerate(found.tolist()):
        community = codes[blocks.community[pieces[k][0]]]
        if g != NOWHERE and old.code[g].startswith(community) and all(code != old.code[g] for code, _ in kept.values()):
            kept[number + k] = old.code[g], old.name[g]
    return kept
