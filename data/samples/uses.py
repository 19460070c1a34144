"""What the ground of a sample town is used for: compounds, towers, offices, parks, a lake, and nothing at all."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from data.samples.ground import LANE, Block, Ground, Way, cut_road, halve, heading
from data.samples.names import chinese, compound_names
from data.samples.plan import PARK_COMMUNITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data.samples.mesh import Ring
    from data.samples.plan import SamplePlan

DENSITY = 80e-4
"""Households on a square metre of a compound, before chance."""

LEAST_DEDICATED_M2 = 9_000.0
"""A site without homes is a dedicated area from this size on."""

LARGEST_SITE = 0.13
"""Share of a town that its lake, or its business park, may take: little towns have little ones."""

MOST_DEDICATED_M2 = 45_000.0
"""The largest that is taken among ordinary parcels."""

ESTATES = 0.075
"""Share of street blocks that are one compound."""

DEAD_ENDS = 0.3
"""Share of large compounds with a lane that ends between the buildings."""

LEAST_PARCEL_M2 = 3_600.0
PARCELS_IN_FULL = 18.0
"""Parcels of an ordinary community; smaller ones get fewer special sites."""

BIG_TOWER_FROM = 30
"""Communities from which a town has a tower with more households than a grid may hold."""

LARGEST_COMPOUND = 1_000.0
BIG_COMPOUND = 230.0
"""Households from which a compound has lanes inside."""


class Use(StrEnum):
    """What a parcel is used for."""

    SLABS = "slabs"
    """A compound of slabs with stair units."""
    HIGH_RISE = "high_rise"
    """A compound of point blocks."""
    TOWER = "tower"
    """A compound of one building."""
    LOOSE = "loose"
    """Buildings along the street that belong to no compound."""
    DEDICATED = "dedicated"
    GREEN = "green"
    LAKE = "lake"


HOMES = frozenset({Use.SLABS, Use.HIGH_RISE, Use.TOWER, Use.LOOSE})
COMPOUNDS = frozenset({Use.SLABS, Use.HIGH_RISE, Use.TOWER})

_HOSTS = {
    "business_building": ("商务大厦", "国际中心", "金融大厦"),
    "functional_park": ("产业园", "科技园", "物流园"),
    "government_organ": ("机关大院", "政务中心"),
    "enterprise_institution": ("小学", "中学", "医院", "研究所", "机械厂"),
    "other": ("市场", "体育中心", "客运站"),
}


@dataclass(slots=True)
class Parcel:
    """A piece of ground with one use."""

    community: int
    ring: Ring
    area: float
    use: Use
    main: bool = True
    """Whether it lies in the main part of its community."""
    name: str = ""
    address: str = ""
    """What the names of its buildings begin with."""
    subtype: str = ""
    households: float = 0.0
    lanes: list[list[int]] = field(default_factory=list)
    """The lanes inside, as vertex numbers."""


def settle(ground: Ground, plan: SamplePlan, rng: np.random.Generator) -> list[Parcel]:
    """Decide what every parcel of the town is used for, and cut the lanes."""
    parcels, blocks = _large_sites(ground, plan, rng)
    ordinary: list[list[Parcel]] = [[] for _ in ground.communities]
    for block in blocks:
        ordinary[block.community].extend(_cut_parcels(ground, block, rng))
    for group in ordinary:
        _choose_sites(group, rng)
    homes = [parcel for group in ordinary for parcel in group if parcel.use is Use.SLABS]
    _build_towers(homes, plan, rng)
    for group in ordinary:
        parcels.extend(group)
    if not any(parcel.use is Use.LOOSE for parcel in parcels):
        next(parcel for parcel in homes if parcel.use is Use.SLABS).use = Use.LOOSE
    _fill(ground, parcels, rng)
    _scale(parcels, plan)
    _name(ground, parcels)
    for parcel in parcels:
        if parcel.households > BIG_COMPOUND and parcel.use in COMPOUNDS - {Use.TOWER}:
            _lay_inner_lanes(ground, parcel, rng)
    return parcels


def _large_sites(ground: Ground, plan: SamplePlan, rng: np.random.Generator) -> tuple[list[Parcel], list[Block]]:
    """Take the business park and the lake out of the street blocks; return them, and the blocks that are left."""
    most = LARGEST_SITE * sum(block.area for block in ground.blocks)
    whole = [index for index, community in enumerate(ground.communities) if len(community.pieces) == 1]
    parcels: list[Parcel] = []
    blocks = list(ground.blocks)
    if plan.rich and plan.communities >= PARK_COMMUNITIES:
        index = int(rng.choice(whole))
        mine = sorted((block for block in blocks if block.community == index), key=lambda block: -block.area)
        blocks = [block for block in blocks if block.community != index]
        for k, block in enumerate(mine):
            use = Use.GREEN if k and k == len(mine) - 1 else Use.DEDICATED
            parcels.append(Parcel(index, block.ring, block.area, use, subtype="functional_park" if k else "business_building"))
    else:
        block = _take(ground, blocks, whole, most, rng)
        parcels.append(Parcel(block.community, block.ring, block.area, Use.DEDICATED, subtype="functional_park"))
    block = _take(ground, blocks, whole, most, rng)
    parcels.append(Parcel(block.community, block.ring, block.area, Use.LAKE))
    return parcels, blocks


def _take(ground: Ground, blocks: list[Block], communities: list[int], most: float, rng: np.random.Generator) -> Block:
    """Take a block of ordinary size out of `blocks`, from one of `communities`; cut it where larger than `most` m²."""
    size = sorted(block.area for block in blocks)[len(blocks) // 2]
    choice = [k for k, block in enumerate(blocks) if block.community in communities and block.area >= 0.7 * size]
    block = blocks.pop(int(rng.choice(choice or range(len(blocks)))))
    while block.area > most:
        cut = cut_road(ground, block.community, block.ring, rng, least=LEAST_DEDICATED_M2)
        if cut is None:
            break
        parts = [Block(block.community, ring, ground.mesh.area(ring), block.main) for ring in (cut.left, cut.right)]
        blocks.append(parts[0])
        block = parts[1]
    return block


def _cut_parcels(ground: Ground, block: Block, rng: np.random.Generator) -> Iterator[Parcel]:
    """Cut a street block into parcels: by lanes, and by walls where no lane runs."""
    mesh, community = ground.mesh, ground.communities[block.community]
    # Some blocks are one large estate, some are fine old fabric.
    grain = math.inf if rng.random() < ESTATES else rng.uniform(15_500.0, 34_000.0)
    waiting = [(block.ring, 0)]
    while waiting:
        ring, depth = waiting.pop()
        area = mesh.area(ring)
        cut = None
        if area > grain * rng.uniform(0.75, 1.25):
            cut = halve(mesh, ring, community.angle, rng, least=LEAST_PARCEL_M2)
        if cut is None:
            yield Parcel(block.community, ring, area, Use.SLABS, main=block.main)
            continue
        if rng.random() < (0.9, 0.6)[min(depth, 1)]:
            community.lanes += 1
            kind = "巷" if heading(mesh, cut.path, community.angle) else "弄"
            ground.ways.append(Way(LANE, f"{community.word}{chinese(community.lanes)}{kind}", cut.path))
        waiting += [(cut.right, depth + 1), (cut.left, depth + 1)]


def _choose_sites(parcels: list[Parcel], rng: np.random.Generator) -> None:
    """Choose which parcels of one community are offices, schools, greens and loose buildings."""
    part = len(parcels) / PARCELS_IN_FULL
    order = [parcels[k] for k in rng.permutation(len(parcels))]
    dedicated = int(part * 1.75 + rng.random())
    kinds = tuple(_HOSTS)
    for parcel in [p for p in order if LEAST_DEDICATED_M2 < p.area < MOST_DEDICATED_M2 and p.main][:dedicated]:
        parcel.use = Use.DEDICATED
        parcel.subtype = kinds[int(rng.integers(len(kinds)))]
    rest = [p for p in order if p.use is Use.SLABS]
    green = int(part * 0.8 + rng.random() * 0.9)
    loose = int(part * 0.7 + rng.random() * 0.9)
    high = int(part * 2.0 + rng.random())
    uses = [Use.GREEN] * green + [Use.LOOSE] * loose + [Use.HIGH_RISE] * high
    # At least half of what is left stays ordinary.
    for parcel, use in zip(sorted(rest, key=lambda p: p.area)[: len(rest) // 3][:green], uses, strict=False):
        parcel.use = use
    rest = [p for p in rest if p.use is Use.SLABS]
    for parcel, use in zip(rest[: len(rest) // 2], uses[green:], strict=False):
        parcel.use = use


def _build_towers(homes: list[Parcel], plan: SamplePlan, rng: np.random.Generator) -> None:
    """Put one building with several hundred households on some of the smaller parcels."""
    count = max(1, plan.communities // 7)
    small = sorted(homes, key=lambda parcel: parcel.area)[: max(1, len(homes) // 2)]
    for number, k in enumerate(rng.permutation(len(small))[:count]):
        small[k].use = Use.TOWER
        households = float(rng.integers(210, 430))
        if number == 0 and plan.communities >= BIG_TOWER_FROM:
            households = float(rng.integers(520, 590))
        small[k].households = min(households, 0.3 * plan.households)


def _fill(ground: Ground, parcels: list[Parcel], rng: np.random.Generator) -> None:
    """Give every home parcel its households, by its area and by how dense its community is."""
    dense = np.exp(np.clip(rng.normal(0.0, 0.24, len(ground.communities)), -0.5, 0.36))
    for parcel in parcels:
        density = DENSITY * dense[parcel.community] * math.exp(min(0.8, rng.normal(0.0, 0.4)))
        if parcel.use is Use.SLABS:
            parcel.households = density * parcel.area
        elif parcel.use is Use.HIGH_RISE:
            parcel.households = 1.45 * density * parcel.area
        elif parcel.use is Use.LOOSE:
            parcel.households = 0.45 * density * parcel.area
        if parcel.use is not Use.TOWER:
            parcel.households = min(parcel.households, LARGEST_COMPOUND)


def _scale(parcels: list[Parcel], plan: SamplePlan) -> None:
    """Make the households whole numbers, and the town's sum what the plan asks for."""
    homes = [parcel for parcel in parcels if parcel.use in HOMES]
    fixed = sum(parcel.households for parcel in homes if parcel.use is Use.TOWER)
    free = sum(parcel.households for parcel in homes if parcel.use is not Use.TOWER)
    factor = (plan.households - fixed) / free
    exact, whole = 0.0, 0
    for parcel in homes:
        exact += parcel.households * (1.0 if parcel.use is Use.TOWER else factor)
        parcel.households = float(max(1, round(exact) - whole))
        whole += int(parcel.households)


def _name(ground: Ground, parcels: list[Parcel]) -> None:
    """Name compounds and dedicated areas after their community."""
    compounds = [compound_names(community.word) for community in ground.communities]
    hosts: dict[str, int] = {}
    for parcel in parcels:
        word = ground.communities[parcel.community].word
        if parcel.use in COMPOUNDS:
            parcel.name = parcel.address = next(compounds[parcel.community])
        elif parcel.use is Use.LOOSE:
            number = hosts[word] = hosts.get(word, 0) + 1
            parcel.address = f"{word}沿街{chinese(number)}段"
        elif parcel.use is Use.DEDICATED:
            titles = _HOSTS[parcel.subtype]
            number = hosts[parcel.subtype] = hosts.get(parcel.subtype, -1) + 1
            parcel.name = f"示例{word}{titles[number % len(titles)]}"
            again = hosts[parcel.name] = hosts.get(parcel.name, 0) + 1
            if again > 1:
                parcel.name += f"{chinese(again)}区"
        elif parcel.use is Use.LAKE:
            parcel.name = "示例湖"


def _lay_inner_lanes(ground: Ground, parcel: Parcel, rng: np.random.Generator) -> None:
    """Lay lanes inside a large compound: one across, and perhaps one that ends between the buildings."""
    mesh, community = ground.mesh, ground.communities[parcel.community]
    cut = halve(mesh, parcel.ring, community.angle, rng, least=LEAST_PARCEL_M2 / 2)
    if cut is None:
        return
    paths = [cut.path]
    if parcel.households > 2 * BIG_COMPOUND:
        second = halve(mesh, cut.left, community.angle, rng, least=LEAST_PARCEL_M2 / 2)
        paths += [] if second is None else [second.path]
    if rng.random() < DEAD_ENDS:
        # A dead end: from the wall to the middle only.
        (x0, y0), (x1, y1) = mesh.xy([paths[-1][0], paths[-1][-1]]).tolist()
        share = rng.uniform(0.45, 0.65)
        paths[-1] = [paths[-1][0], mesh.vertex(x0 + share * (x1 - x0), y0 + share * (y1 - y0))]
    parcel.lanes = paths
    for number, path in enumerate(paths, start=1):
        ground.ways.append(Way(LANE, f"{parcel.name}内{chinese(number)}路", path))
