"""A redraw of the size that Haikou's Xiuying district once made: 623 grids in force, 190 of them touched, 673 afterwards.

The ground is invented: 49 communities of 720 m by 900 m, seven by seven, each a stack of rows, each row a few rectangles side
by side with buildings at even distances. A redraw moves, adds or takes away lines inside a row. All numbers are whole
centimetres; every grid, community and neighbour has every vertex that lies on its lines, before and after. Each grid
has 300 to 500 households, before and after.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from gis.frame import Frame
from gis.town import Barriers, Communities, Compounds, Dedicated, ExistingGrids, Households, Town, read_only
from partition.audit_layers import CommunityLayer, GridLayer
from partition.lineage import GridNet
from partition.number import number
from partition.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FRAME = "EPSG:4549"
ORIGIN = (50_000_000, 221_400_000)
"""South-west corner, centimetres in `FRAME`."""
WIDE, HIGH = 72_000, 90_000
"""Of a community, centimetres."""
ACROSS = 7
STREETS = "一二三四五六七八"


@dataclass(frozen=True)
class Row:
    """A row of grids: how many buildings stand in it, at which of them its lines run, and households to a building."""

    buildings: int
    before: tuple[int, ...]
    after: tuple[int, ...]
    households: tuple[int, int] = (19, 20)


TWO = Row(40, (20,), (20,), (15, 25))
THREE = Row(60, (20, 40), (20, 40), (15, 25))
MORE = Row(48, (24,), (16, 32))
LESS = Row(48, (16, 32), (24,))
MOVED = Row(40, (20,), (17,))
CHANGED = {MORE: 56, LESS: 6, MOVED: 30}
"""How many rows of each kind: 112 + 18 + 60 grids are touched, 56 come and 6 go."""


@dataclass(frozen=True)
class Haikou:
    """Both nets over their communities and households; `in_old` and `in_new` (n,) are the grids of each household point."""

    communities: Communities
    households: Households
    old: GridNet
    new: GridNet
    in_old: np.ndarray
    in_new: np.ndarray

    def town(self) -> Town:
        """Return the town that an audit asks for."""
        none = read_only(np.zeros(0, dtype=np.int64))
        nothing = read_only(np.zeros(0, dtype=object))
        return Town(
            name="haikou",
            frame=Frame(FRAME),
            communities=self.communities,
            households=self.households,
            barriers=Barriers(line=nothing, kind=none.astype(np.uint8), name=()),
            compounds=Compounds(name=(), polygon=nothing, row=none),
            dedicated=Dedicated(name=(), subtype=(), polygon=nothing, row=none),
            existing_grids=ExistingGrids(code=(), polygon=nothing, row=none),
            has_persons=True,
            on_overlap="error",
            findings=(),
            digests={},
        )

    def layer(self, net: GridNet, index: np.ndarray) -> GridLayer:
        """Return one of the nets as an audit reads anybody's; `index` is its `in_old` or `in_new`."""
        return GridLayer(
            code=net.key,
            community=net.community,
            kind=("residential",) * len(net),
            exception=("",) * len(net),
            polygon=net.polygon,
            households=np.bincount(index, weights=self.households.households, minlength=len(net)).astype(np.int64),
            row=np.arange(1, len(net) + 1),
        )

    def noded(self) -> CommunityLayer:
        """Return the communities as the reference of an audit."""
        return CommunityLayer(code=self.communities.code, polygon=self.communities.polygon)


Box = tuple[int, int, int, int]


def haikou() -> Haikou:
    """Make the example; always the same."""
    rng = np.random.default_rng(623)
    rows = _rows(rng)
    codes = tuple(f"460105{street:03}{901 + k:03}" for street, k in _places())
    old: list[tuple[int, Box]] = []
    new: list[tuple[int, Box]] = []
    homes: list[tuple[int, int, int]] = []
    in_old: list[int] = []
    in_new: list[int] = []
    for community, stack in enumerate(rows):
        west, south = ORIGIN[0] + community % ACROSS * WIDE, ORIGIN[1] + community // ACROSS * HIGH
        levels = [south + HIGH * level // len(stack) for level in range(len(stack) + 1)]
        for row, (low, high) in zip(stack, itertools.pairwise(levels), strict=True):
            step = WIDE // row.buildings
            for cuts, net, index in ((row.before, old, in_old), (row.after, new, in_new)):
                at = (0, *cuts, row.buildings)
                index += [len(net) + part for part, (a, b) in enumerate(itertools.pairwise(at)) for _ in range(a, b)]
                net += [(community, (west + a * step, low, west + b * step, high)) for a, b in itertools.pairwise(at)]
            each = rng.integers(row.households[0], row.households[1] + 1, row.buildings).tolist()
            for k, count in enumerate(each):
                homes.append((west + k * step + step // 2, low + (high - low) * (3 + 4 * (k % 2)) // 10, count))
    lands = [(west, south, west + WIDE, south + HIGH) for west, south in _corners(len(rows))]
    draw = _Draughtsman([box for _, box in (*old, *new)])
    before, after = draw.polygons(box for _, box in old), draw.polygons(box for _, box in new)
    return Haikou(
        communities=Communities(
            code=codes,
            name=tuple(f"示例{k:02}社区" for k in range(1, len(rows) + 1)),
            street=tuple(f"示例{STREETS[street - 1]}街道" for street, _ in _places()),
            district=("示例区",) * len(rows),
            polygon=draw.polygons(lands),
            row=np.arange(1, len(rows) + 1),
        ),
        households=_households(homes),
        old=_net(_in_force(codes, old, before), codes, old, before),
        new=_net([f"P{k:04}" for k in range(1, len(new) + 1)], codes, new, after),
        in_old=read_only(np.array(in_old)),
        in_new=read_only(np.array(in_new)),
    )


def _rows(rng: np.random.Generator) -> list[list[Row]]:
    """Share the changed rows out among 46 communities, two each, and fill up to 12 or 13 grids with rows that stay."""
    changed = [row for row, count in CHANGED.items() for _ in range(count)]
    rng.shuffle(changed)
    stacks: list[list[Row]] = []
    for community in range(ACROSS**2):
        stack = changed[2 * community : 2 * community + 2]
        left = (13 if community < 623 - 12 * ACROSS**2 else 12) - sum(len(row.before) + 1 for row in stack)
        twos = -left % 3
        stack = [*stack, *[TWO] * twos, *[THREE] * ((left - 2 * twos) // 3)]
        stacks.append([stack[k] for k in rng.permutation(len(stack)).tolist()])
    return stacks


def _places() -> Iterator[tuple[int, int]]:
    """Give each community its street, from 1, and its place in it."""
    for _, members in itertools.groupby(range(ACROSS**2), lambda k: k * len(STREETS) // ACROSS**2):
        every = list(members)
        yield from ((every[0] * len(STREETS) // ACROSS**2 + 1, k) for k in range(len(every)))


def _corners(communities: int) -> list[tuple[int, int]]:
    return [(ORIGIN[0] + k % ACROSS * WIDE, ORIGIN[1] + k // ACROSS * HIGH) for k in range(communities)]


class _Draughtsman:
    """Draws rectangles with every corner of every rectangle that lies on their sides."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        by_x: dict[int, set[int]] = defaultdict(set)
        by_y: dict[int, set[int]] = defaultdict(set)
        for west, south, east, north in boxes:
            for x, y in itertools.product((west, east), (south, north)):
                by_x[x].add(y)
                by_y[y].add(x)
        self.upright = {x: sorted(ys) for x, ys in by_x.items()}
        self.level = {y: sorted(xs) for y, xs in by_y.items()}

    def polygons(self, boxes: Iterable[Box]) -> np.ndarray:
        """Return rectangles as polygons in metres."""
        made = [shapely.Polygon(np.array(self._ring(*box)) / 100) for box in boxes]
        array = np.empty(len(made), dtype=object)
        array[:] = made
        return read_only(array)

    def _ring(self, west: int, south: int, east: int, north: int) -> list[tuple[int, int]]:
        return [
            *((x, south) for x in self.level[south] if west <= x < east),
            *((east, y) for y in self.upright[east] if south <= y < north),
            *((x, north) for x in reversed(self.level[north]) if west < x <= east),
            *((west, y) for y in reversed(self.upright[west]) if south < y <= north),
        ]


def _households(homes: Sequence[tuple[int, int, int]]) -> Households:
    ids = tuple(f"H{k:05}" for k in range(1, len(homes) + 1))
    table = np.array(homes, dtype=np.int64)
    return Households(
        id=ids,
        xy=read_only(table[:, :2] / 100),
        households=read_only(table[:, 2].copy()),
        persons=read_only(3 * table[:, 2]),
        compound=("",) * len(ids),
        building=ids,
        row=np.arange(1, len(ids) + 1),
    )


def _in_force(codes: Sequence[str], grids: Sequence[tuple[int, Box]], polygons: np.ndarray) -> list[str]:
    """Number the old net as a first plan is numbered."""
    centre = shapely.get_coordinates(shapely.centroid(polygons))
    given: list[str] = []
    for community, members in itertools.groupby(range(len(grids)), lambda k: grids[k][0]):
        every = list(members)
        given += number(codes[community], centre[every], dedicated=np.zeros(len(every), dtype=bool), rules=Rules())
    return given


def _net(keys: Sequence[str], codes: Sequence[str], grids: Sequence[tuple[int, Any]], polygons: np.ndarray) -> GridNet:
    return GridNet(
        key=tuple(keys),
        community=tuple(codes[community] for community, _ in grids),
        polygon=polygons,
        dedicated=read_only(np.zeros(len(grids), dtype=np.bool_)),
    )
