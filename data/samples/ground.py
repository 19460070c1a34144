"""The ground of a sample town: arterial roads, the superblocks between them, the river, the railway, street blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from data.samples.mesh import Cut, Line, Mesh, Ring
from data.samples.names import COMMUNITIES_PER_STREET, Street, chinese, streets, words

if TYPE_CHECKING:
    from data.samples.plan import SamplePlan

CENTRE = (500_000.0, 4_055_000.0)
"""Easting and northing of the middle of the town, metres in EPSG:4548: 117 degrees east, beside Jinan."""

FRAME = "EPSG:4548"

BLOCK_M2 = 78_000.0
"""A face larger than about this is cut by another secondary road."""

NEAR_M = 14.0
"""Junctions closer than this become one."""

LEAST_BLOCK_M2 = 12_000.0
EXPRESSWAY_ROWS = 4
"""Rows of superblocks from which a town has an expressway."""

RIVER, RAILWAY, EXPRESSWAY, MAIN_ROAD, ROAD, LANE = "river", "railway", "expressway", "main_road", "road", "lane"


@dataclass(frozen=True, slots=True)
class Way:
    """A line on the ground: a road, a river, a railway. `path` holds vertex numbers of the mesh."""

    kind: str
    name: str
    path: list[int]


@dataclass(frozen=True, slots=True)
class Block:
    """A street block: what secondary roads leave of a superblock."""

    community: int
    ring: Ring
    area: float
    main: bool
    """Whether it lies in the largest of the parts into which water and railway cut its community."""


@dataclass(slots=True)
class Community:
    """A superblock, which is one community."""

    word: str
    code: str
    street: Street
    ring: Ring
    angle: float
    """Direction of its southern side, radians."""
    pieces: list[Ring]
    """The parts into which the river and the railway cut it."""
    roads: int = 0
    lanes: int = 0

    @property
    def name(self) -> str:
        """The name on the map, visibly invented."""
        return f"样例·{self.word}社区"


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything that lies on the ground before anybody lives there."""

    mesh: Mesh
    communities: list[Community]
    ways: list[Way] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Arterials:
    """The sides of the superblocks: `across[i, j]` runs west to east, `up[i, j]` south to north, from corner (i, j)."""

    mesh: Mesh
    across: dict[tuple[int, int], list[int]]
    up: dict[tuple[int, int], list[int]]

    def ring(self, column: int, row: int) -> Ring:
        """Return the ring of one superblock, counter-clockwise from its south-western corner."""
        south, north = self.across[column, row], self.across[column, row + 1]
        west, east = self.up[column, row], self.up[column + 1, row]
        return [*south[:-1], *east[:-1], *north[:0:-1], *west[:0:-1]]


def lay_ground(plan: SamplePlan, rng: np.random.Generator) -> Ground:
    """Lay out the town as far as its street blocks."""
    arterials = _lay_arterials(plan, rng)
    mesh = arterials.mesh
    ground = Ground(mesh, [])
    names = words(plan.communities, rng)
    codes = _street_codes(plan.columns, plan.rows)
    rings = [arterials.ring(column, row) for row in range(plan.rows) for column in range(plan.columns)]
    for ring, word, (street, number) in zip(rings, names, codes, strict=True):
        row, column = divmod(len(ground.communities), plan.columns)
        angle = _direction(mesh, arterials.across[column, row])
        ground.communities.append(Community(word, f"{street.code}{number:03d}", street, ring, angle, [ring]))
    _name_arterials(plan, arterials, ground)
    _cut_by_water_and_rail(plan, arterials, ground, rng)
    for index, community in enumerate(ground.communities):
        largest = max(community.pieces, key=mesh.area)
        for piece in community.pieces:
            _cut_blocks(ground, index, piece, rng, main=piece is largest)
    return ground


def halve(mesh: Mesh, ring: Ring, angle: float, rng: np.random.Generator, *, least: float, bend: float = 0.0) -> Cut | None:
    """Cut a ring across its longer side (as seen along `angle`, radians) at about the middle, or not at all.

    `least` is the smallest area of a half, square metres; `bend` how much of its length the cut may bend.
    """
    for _ in range(6):
        low_x, high_x = mesh.extent(ring, angle)
        low_y, high_y = mesh.extent(ring, angle + math.pi / 2)
        share = rng.uniform(0.36, 0.64)
        width, height = high_x - low_x, high_y - low_y
        tilt = angle + rng.normal(0.0, 0.02)
        if width * rng.uniform(0.9, 1.1) > height:
            along, beside, tilt = low_x + share * width, (low_y + high_y) / 2, tilt + math.pi / 2
        else:
            along, beside = (low_x + high_x) / 2, low_y + share * height
        x = along * math.cos(angle) - beside * math.sin(angle)
        y = along * math.sin(angle) + beside * math.cos(angle)
        turn = rng.uniform(-bend, bend) * min(width, height) if bend else 0.0
        cut = mesh.cut(ring, Line(x, y, tilt), near=NEAR_M, least=least, bend=turn)
        if cut is not None:
            return cut
    return None


def cut_road(ground: Ground, index: int, ring: Ring, rng: np.random.Generator, *, least: float) -> Cut | None:
    """Cut a part of a community by a secondary road; no half is smaller than `least` square metres."""
    community = ground.communities[index]
    cut = halve(ground.mesh, ring, community.angle, rng, least=least, bend=0.03)
    if cut is not None:
        community.roads += 1
        kind = "路" if heading(ground.mesh, cut.path, community.angle) else "街"
        ground.ways.append(Way(ROAD, f"{community.word}{chinese(community.roads)}{kind}", cut.path))
    return cut


def heading(mesh: Mesh, path: list[int], angle: float) -> bool:
    """Say whether a path runs rather west-east than south-north, as seen along `angle` (radians)."""
    return abs(math.cos(_direction(mesh, path) - angle)) > math.sqrt(0.5)


def _direction(mesh: Mesh, path: list[int]) -> float:
    (x0, y0), (x1, y1) = mesh.xy([path[0], path[-1]]).tolist()
    return math.atan2(y1 - y0, x1 - x0)


def _lay_arterials(plan: SamplePlan, rng: np.random.Generator) -> _Arterials:
    """Draw the arterial roads: superblocks of about 400 to 700 m, bent and out of square."""
    mesh = Mesh()
    x = np.concatenate([[0.0], np.cumsum(rng.uniform(430.0, 670.0, plan.columns))]) * plan.scale
    y = np.concatenate([[0.0], np.cumsum(rng.uniform(420.0, 640.0, plan.rows))]) * plan.scale
    x, y = np.meshgrid(x - x[-1] / 2, y - y[-1] / 2, indexing="ij")
    jitter = 34.0 * plan.scale
    # Old towns lean: slow waves over several superblocks, and then every corner by itself.
    phase = rng.uniform(0.0, 2 * math.pi, 2)
    slow = 45.0 * plan.scale
    wave_x = slow * np.sin(y / (620.0 * plan.scale) + phase[0]) + rng.uniform(-jitter, jitter, x.shape)
    wave_y = slow * np.sin(x / (700.0 * plan.scale) + phase[1]) + rng.uniform(-jitter, jitter, x.shape)
    x, y = x + wave_x, y + wave_y
    turn = rng.uniform(-0.12, 0.12)
    east = CENTRE[0] + x * math.cos(turn) - y * math.sin(turn)
    north = CENTRE[1] + x * math.sin(turn) + y * math.cos(turn)
    corner = {(i, j): mesh.vertex(east[i, j], north[i, j]) for i in range(plan.columns + 1) for j in range(plan.rows + 1)}
    across = {
        (i, j): _bent(mesh, corner[i, j], corner[i + 1, j], rng) for i in range(plan.columns) for j in range(plan.rows + 1)
    }
    up = {(i, j): _bent(mesh, corner[i, j], corner[i, j + 1], rng) for i in range(plan.columns + 1) for j in range(plan.rows)}
    return _Arterials(mesh, across, up)


def _bent(mesh: Mesh, start: int, end: int, rng: np.random.Generator) -> list[int]:
    """Draw a slightly bent line from one vertex to another, with one to three vertices between."""
    (x0, y0), (x1, y1) = mesh.xy([start, end]).tolist()
    count = int(rng.integers(1, 4))
    bow = rng.normal(0.0, 0.022)
    path = [start]
    for k in range(1, count + 1):
        share = (k + rng.uniform(-0.15, 0.15)) / (count + 1)
        side = bow * math.sin(math.pi * share) + rng.normal(0.0, 0.004)
        path.append(mesh.vertex(x0 + share * (x1 - x0) - side * (y1 - y0), y0 + share * (y1 - y0) + side * (x1 - x0)))
    return [*path, end]


def _name_arterials(plan: SamplePlan, arterials: _Arterials, ground: Ground) -> None:
    """Add the arterials as main roads, numbered as in Jinan: 经 from north to south, 纬 from east to west."""
    fast = plan.rows - 1 if plan.rich and plan.rows >= EXPRESSWAY_ROWS else -1
    for (_, j), path in arterials.across.items():
        if j == fast:
            ground.ways.append(Way(EXPRESSWAY, "例北快速路", path))
        else:
            ground.ways.append(Way(MAIN_ROAD, f"经{chinese(plan.rows - j + 1)}路", path))
    for (i, _), path in arterials.up.items():
        ground.ways.append(Way(MAIN_ROAD, f"纬{chinese(plan.columns - i + 1)}路", path))


def _cut_by_water_and_rail(plan: SamplePlan, arterials: _Arterials, ground: Ground, rng: np.random.Generator) -> None:
    """Lead the river along one row of arterials, dipping into communities, and the railway through one column."""
    row = plan.rows // 2
    order = [int(column) for column in rng.permutation(plan.columns)]
    track = order.pop() if plan.hard else -1
    dips = round(0.75 * (plan.columns - 1)) if plan.hard else min(2, plan.columns - 1)
    wet = set(order[:dips])
    mesh = arterials.mesh
    if plan.hard:
        _lay_railway(plan, track, arterials, ground, rng)
    river: list[int] = [arterials.across[0, row][0]]
    for column in range(plan.columns):
        path = arterials.across[column, row]
        if column in wet:
            south = row > 0 and bool(rng.integers(2))
            community = ground.communities[(row - south) * plan.columns + column]
            path = _dip(mesh, arterials.ring(column, row - south), path, rng)
            cut = mesh.split(community.ring, path)
            community.pieces = [cut.left, cut.right]
        river.extend(path[1:])
    ground.ways.append(Way(RIVER, "示例河", river))


def _dip(mesh: Mesh, ring: Ring, path: list[int], rng: np.random.Generator) -> list[int]:
    """Draw the river from the first to the last vertex of `path`, through the superblock `ring` that lies beside it."""
    (x0, y0), (x1, y1) = mesh.xy([path[0], path[-1]]).tolist()
    centre = mesh.xy(ring).mean(axis=0)
    turn = (x1 - x0) * (centre[1] - y0) - (y1 - y0) * (centre[0] - x0)
    depth = math.copysign(rng.uniform(0.34, 0.5), turn)
    skew = rng.uniform(-0.12, 0.12)
    result = [path[0]]
    for share, deep in ((0.09, 0.2), (0.2, 0.56), (0.36, 0.92), (0.52, 1.0), (0.67, 0.88), (0.82, 0.5), (0.92, 0.18)):
        side = depth * deep * rng.uniform(0.95, 1.05)
        s = share + skew * math.sin(math.pi * share) * deep
        result.append(mesh.vertex(x0 + s * (x1 - x0) - side * (y1 - y0), y0 + s * (y1 - y0) + side * (x1 - x0)))
    return [*result, path[-1]]


def _lay_railway(plan: SamplePlan, column: int, arterials: _Arterials, ground: Ground, rng: np.random.Generator) -> None:
    """Lead a railway from south to north through every community of a column."""
    mesh = arterials.mesh
    stops = []
    for row in range(plan.rows + 1):
        path = arterials.across[column, row]
        edge = (len(path) - 1) // 2
        (x0, y0), (x1, y1) = mesh.xy(path[edge : edge + 2]).tolist()
        share = rng.uniform(0.3, 0.7)
        stops.append(mesh.put(path[edge], path[edge + 1], x0 + share * (x1 - x0), y0 + share * (y1 - y0)))
    track = stops[:1]
    for row in range(plan.rows):
        community = ground.communities[row * plan.columns + column]
        path = _bent(mesh, stops[row], stops[row + 1], rng)
        cut = mesh.split(community.ring, path)
        community.pieces = [cut.left, cut.right]
        track.extend(path[1:])
    ground.ways.append(Way(RAILWAY, "示例铁路", track))


def _cut_blocks(ground: Ground, index: int, piece: Ring, rng: np.random.Generator, *, main: bool) -> None:
    """Cut a piece of a community by secondary roads until every part is a street block."""
    mesh = ground.mesh
    waiting = [piece]
    while waiting:
        ring = waiting.pop()
        area = mesh.area(ring)
        cut = None
        if area > BLOCK_M2 * rng.uniform(0.72, 1.28):
            cut = cut_road(ground, index, ring, rng, least=LEAST_BLOCK_M2)
        if cut is None:
            ground.blocks.append(Block(index, ring, area, main))
        else:
            waiting += [cut.right, cut.left]


def _street_codes(columns: int, rows: int) -> list[tuple[Street, int]]:
    """Give each superblock, in rows from south to north, its street and its number there; a street is one area."""
    available = streets()
    home = sum(street.code.startswith("370103") for street in available)
    count = columns * rows
    limit = home if count <= home * COMMUNITIES_PER_STREET // 2 else len(available)
    size = max(5, math.ceil(count / limit))
    while len(groups := _groups(columns, rows, size)) > limit:
        size += 1
    result: dict[tuple[int, int], tuple[Street, int]] = {}
    for street, group in zip(available, groups, strict=False):
        result.update({cell: (street, number) for number, cell in enumerate(group, start=1)})
    return [result[column, row] for row in range(rows) for column in range(columns)]


def _groups(columns: int, rows: int, size: int) -> list[list[tuple[int, int]]]:
    """Divide the superblocks into connected groups of about `size`: strips, walked up and down and cut in parts."""
    strips = max(1, round(rows / math.sqrt(size)))
    groups: list[list[tuple[int, int]]] = []
    for strip in np.array_split(np.arange(rows)[::-1], strips):
        walk = [(column, int(row)) for column in range(columns) for row in (strip if column % 2 == 0 else strip[::-1])]
        parts = np.array_split(np.arange(len(walk)), max(1, round(len(walk) / size)))
        groups.extend([walk[k] for k in part] for part in parts)
    return groups
