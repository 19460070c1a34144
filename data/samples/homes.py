"""Where the households of a sample town live: points in rows, as compounds are built, facing south."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from data.samples.uses import HOMES, Parcel, Use
from gis.frame import snap

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from data.samples.ground import Ground

SETBACKS_M = (7.0, 5.0, 3.5)
"""How far homes stay from the line around their parcel; less where the parcel is narrow."""

ROOMY = 0.35
"""Share of a parcel that must be left inside a setback."""

LANE_SETBACK_M = 4.0
WIDEST_UNIT_M = 17.0
"""From one stair unit of a slab to the next; where there is more ground, slabs stand further apart."""

SECOND = 2
"""Number of a second stair unit."""

LEAST_CELL_M2 = 190.0
"""Ground that one building needs; where there is less, fewer buildings hold more households."""

PERSONS_PER_HOUSEHOLD = 2.6


@dataclass(frozen=True, slots=True)
class Homes:
    """Household points; one row is one index into each column. `xy` (n, 2) metres."""

    xy: NDArray[np.float64]
    households: NDArray[np.int64]
    persons: NDArray[np.int64]
    parcel: NDArray[np.int64]
    """Index of the parcel."""
    slab: NDArray[np.int64]
    """Number of the building inside its parcel, from 1."""
    door: NDArray[np.int64]
    """Number of the stair unit inside its building, from 1."""


@dataclass(frozen=True, slots=True)
class _Plot:
    """Places of one parcel."""

    xy: NDArray[np.float64]
    slab: NDArray[np.int64]
    door: NDArray[np.int64]


def build_homes(ground: Ground, parcels: list[Parcel], rng: np.random.Generator, *, shared: float) -> Homes:
    """Place the households of every parcel on points inside it, and count persons.

    `shared` is the share of second stair units that are only a second door to the first: two points, one building.
    """
    plots: list[_Plot] = []
    counts: list[NDArray[np.int64]] = []
    owners: list[NDArray[np.int64]] = []
    for index, parcel in enumerate(parcels):
        if parcel.use not in HOMES:
            continue
        plot = _build(ground, parcel, rng)
        plots.append(plot)
        counts.append(_share(int(parcel.households), len(plot.xy), rng))
        owners.append(np.full(len(plot.xy), index))
    households = np.concatenate(counts)
    door = np.concatenate([plot.door for plot in plots])
    door[(door == SECOND) & (rng.random(len(door)) < shared)] = 1
    size = rng.normal(PERSONS_PER_HOUSEHOLD, 0.18, len(households))
    return Homes(
        xy=np.concatenate([plot.xy for plot in plots]),
        households=households,
        persons=np.maximum(households, np.rint(households * size)).astype(np.int64),
        parcel=np.concatenate(owners),
        slab=np.concatenate([plot.slab for plot in plots]),
        door=door,
    )


def _build(ground: Ground, parcel: Parcel, rng: np.random.Generator) -> _Plot:
    mesh = ground.mesh
    outline = shapely.Polygon(mesh.xy(mesh.ring(parcel.ring)))
    lanes = [shapely.LineString(mesh.xy(mesh.path(path))) for path in parcel.lanes]
    yards = [outline.buffer(-setback) for setback in SETBACKS_M]
    inner = next((yard for yard in yards if yard.area > ROOMY * outline.area), yards[-1])
    for lane in lanes:
        inner = inner.difference(lane.buffer(LANE_SETBACK_M))
    if parcel.use is Use.TOWER:
        place = snap(shapely.get_coordinates(shapely.point_on_surface(inner)))
        return _Plot(place, np.ones(1, dtype=np.int64), np.ones(1, dtype=np.int64))
    each = {Use.HIGH_RISE: rng.uniform(26.0, 46.0), Use.LOOSE: rng.uniform(8.0, 13.0)}.get(parcel.use, rng.uniform(12.5, 18.0))
    count = max(1, min(round(parcel.households / each), int(inner.area / LEAST_CELL_M2)))
    angle = ground.communities[parcel.community].angle
    if parcel.use is Use.LOOSE:
        return _along_street(inner, count)
    most = 1 if parcel.use is Use.HIGH_RISE else int(rng.integers(2, 5))
    return _rows(inner, count, angle, most, rng)


def _along_street(inner: BaseGeometry, count: int) -> _Plot:
    """Place houses along the outside of a parcel, evenly."""
    ring = shapely.get_exterior_ring(max(shapely.get_parts(inner), key=shapely.area))
    along = (np.arange(count) + 0.5) / count
    xy = snap(shapely.get_coordinates(shapely.line_interpolate_point(ring, along, normalized=True)))
    return _Plot(xy, np.arange(1, count + 1), np.ones(count, dtype=np.int64))


def _rows(inner: BaseGeometry, count: int, angle: float, most: int, rng: np.random.Generator) -> _Plot:
    """Place `count` stair units in rows of slabs, `most` to a slab; where there is room to spare, leave a garden."""
    shapely.prepare(inner)
    x0, y0 = shapely.get_coordinates(shapely.centroid(inner))[0]
    cosine, sine = math.cos(angle), math.sin(angle)
    reach = math.hypot(inner.bounds[2] - inner.bounds[0], inner.bounds[3] - inner.bounds[1]) / 2
    offset = rng.uniform(0.0, 1.0, 2)
    # From too wide apart to close enough, so that few places are left over.
    cell = 1.35 * inner.area / count
    while True:
        deep = min(44.0, max(13.0, math.sqrt(1.8 * cell)))
        wide = cell / deep
        k = np.arange(-math.ceil(reach / wide), math.ceil(reach / wide) + 1)
        rows = np.arange(-math.ceil(reach / deep), math.ceil(reach / deep) + 1)
        # Units of one slab stand closer together than slabs do.
        x = (k // most * most + offset[0]) * wide + k % most * min(0.82 * wide, WIDEST_UNIT_M)
        y = (rows + offset[1]) * deep
        east, north = np.meshgrid(x, y)
        slab, row = np.meshgrid(k // most, rows)
        xy = np.column_stack(
            [x0 + east.ravel() * cosine - north.ravel() * sine, y0 + east.ravel() * sine + north.ravel() * cosine]
        )
        inside = np.flatnonzero(shapely.contains_xy(inner, xy[:, 0], xy[:, 1]))
        if len(inside) >= count:
            break
        cell *= min(0.97, max(0.75, len(inside) / count))
    garden = rng.uniform(-0.3, 0.3, 2) * reach + (x0, y0)
    far = np.argsort(-np.hypot(*(xy[inside] - garden).T), kind="stable")[:count]
    chosen = np.sort(inside[far])
    key = np.column_stack([row.ravel(), slab.ravel()])[chosen]
    # Buildings are numbered from the north-west, row by row.
    order = np.lexsort((chosen, key[:, 1], -key[:, 0]))
    key, chosen = key[order], chosen[order]
    first = np.ones(len(chosen), dtype=bool)
    first[1:] = (key[1:] != key[:-1]).any(axis=1)
    number = np.cumsum(first)
    door = np.arange(len(chosen)) - np.flatnonzero(first)[number - 1] + 1
    return _Plot(snap(xy[chosen]), number.astype(np.int64), door.astype(np.int64))


def _share(total: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Share `total` households among `count` buildings, about evenly and every one at least one where they suffice."""
    weight = rng.uniform(0.8, 1.2, count)
    upto = np.rint(np.cumsum(weight) / weight.sum() * total).astype(np.int64)
    return np.diff(upto, prepend=0)
