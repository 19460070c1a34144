"""Invented ground with exact counts: districts, streets, communities and square grids, where nobody has the real lines.

All areas are cells of one lattice, filled row by row and back, so that whatever is next to each other in the list is next to
each other on the ground. Every polygon has a vertex at each corner of the lattice on its line: grids, communities and
neighbours match by construction. Along each line of the lattice runs a main road, which the grids are bounded by.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.frame import Frame
from gis.town import Barriers, Communities, Compounds, Dedicated, ExistingGrids, Households, LineKind, Town, read_only
from partition.net import Net

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELL_M = 200.0
"""Side of a grid, metres."""
POINTS = 4
"""Household points in each grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """A district by its code and name, with how many streets and communities it has."""

    code: str
    name: str
    streets: int
    communities: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is to be drawn. `households` are the fewest and the most of a grid; `persons` in all, None: three a household."""

    name: str
    frame: str
    origin: tuple[float, float]
    """South-west corner, metres in `frame`."""
    districts: tuple[District, ...]
    residential: int
    dedicated: int = 0
    subtypes: tuple[str, ...] = ()
    households: tuple[int, int] = (300, 500)
    persons: int | None = None
    undersized: int = 0
    """Grids of the old net, besides, that hold half of what they should."""


def lay_out(ground: Ground, rng: np.random.Generator) -> tuple[Town, Net]:
    """Draw the town and the net of its grids; the same generator draws the same."""
    of_community = _shares(ground.residential + ground.dedicated, sum(each.communities for each in ground.districts))
    cells = len(of_community)
    wide = ceil(sqrt(cells))
    column, row = np.arange(cells) % wide, np.arange(cells) // wide
    column = np.where(row % 2 == 0, column, wide - 1 - column)
    polygons = _cells(ground, column, row)
    outlines = np.array(
        [shapely.segmentize(shapely.union_all(polygons[of_community == c]), CELL_M) for c in range(int(of_community[-1]) + 1)],
        dtype=object,
    )
    outlines = shapely.orient_polygons(outlines)
    is_dedicated = np.zeros(cells, dtype=np.bool_)
    is_dedicated[rng.permutation(cells)[: ground.dedicated]] = True
    low, high = ground.households
    counts = np.where(is_dedicated, 0, rng.integers(low, high + 1, cells))
    heads = _persons(ground, counts)
    households, index = _homes(ground, polygons, counts, heads)
    communities = _communities(ground, outlines)
    codes = _codes(of_community, communities)
    kinds = tuple(ground.subtypes[k % len(ground.subtypes)] if d else "" for k, d in enumerate(is_dedicated.tolist()))
    nothing = read_only(np.zeros(0, dtype=object))
    whole = np.flatnonzero(is_dedicated)
    old = _old_net(ground, polygons, is_dedicated)
    town = Town(
        name=ground.name,
        frame=Frame(ground.frame),
        communities=communities,
        households=households,
        barriers=_roads(ground, wide, int(row.max()) + 1),
        compounds=Compounds(name=(), polygon=nothing, row=read_only(np.zeros(0, dtype=np.int64))),
        dedicated=Dedicated(
            name=tuple(f"{ground.name}专属{k:03}" for k in range(1, len(whole) + 1)),
            subtype=tuple(kinds[k] for k in whole.tolist()),
            polygon=read_only(polygons[whole]),
            row=read_only(np.arange(1, len(whole) + 1)),
        ),
        existing_grids=old,
        has_persons=True,
        on_overlap="error",
        findings=(),
        digests={"invented": ground.name},
    )
    net = Net(
        code=codes,
        name=tuple(f"第{int(code[-3:])}网格" for code in codes),
        dedicated=is_dedicated,
        subtype=kinds,
        community=tuple(communities.code[c] for c in of_community.tolist()),
        households=counts,
        persons=heads,
        buildings=np.where(counts > 0, POINTS, 0),
        area_m2=np.full(cells, CELL_M**2),
        perimeter_m=np.full(cells, 4 * CELL_M),
        compactness=np.full(cells, np.pi / 4),
        bounds=tuple(
            (f"纵{c + 1}路", f"横{r}路", f"纵{c}路", f"横{r + 1}路") for c, r in zip(column.tolist(), row.tolist(), strict=True)
        ),
        exception=(None,) * cells,
        polygon=polygons,
        outline=dict(zip(communities.code, outlines, strict=True)),
        household_id=households.id,
        grid_of_household=index,
    )
    return town, net


def _shares(count: int, groups: int) -> NDArray[np.int64]:
    """Return the group of each of `count` things, in order, as evenly as it goes."""
    return np.arange(count, dtype=np.int64) * groups // count


def _cells(ground: Ground, column: NDArray[np.int64], row: NDArray[np.int64]) -> NDArray[np.object_]:
    x, y = ground.origin[0] + column * CELL_M, ground.origin[1] + row * CELL_M
    return shapely.orient_polygons(shapely.box(x, y, x + CELL_M, y + CELL_M))


def _persons(ground: Ground, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the persons of each grid; where their sum is given, as evenly over the grids with households as it goes."""
    if ground.persons is None:
        return 3 * counts
    lived_in = np.flatnonzero(counts)
    heads = np.zeros(len(counts), dtype=np.int64)
    heads[lived_in] = np.diff(np.arange(len(lived_in) + 1) * ground.persons // len(lived_in))
    return heads


def _homes(
    ground: Ground, polygons: NDArray[np.object_], counts: NDArray[np.int64], heads: NDArray[np.int64]
) -> tuple[Households, NDArray[np.int64]]:
    """Return the household points, and the grid of each."""
    grids = np.repeat(np.flatnonzero(counts), POINTS)
    corner = np.tile(np.arange(POINTS), len(grids) // POINTS)
    west, south, _, _ = shapely.bounds(polygons[grids]).T
    xy = np.column_stack([west + CELL_M * (1 + 2 * (corner % 2)) / 4, south + CELL_M * (1 + 2 * (corner // 2)) / 4])

    def part(whole: NDArray[np.int64]) -> NDArray[np.int64]:
        return whole[grids] * (corner + 1) // POINTS - whole[grids] * corner // POINTS

    names = tuple(f"{ground.name}-{k}" for k in range(1, len(grids) + 1))
    homes = Households(
        id=names,
        xy=read_only(xy),
        households=read_only(part(counts)),
        persons=read_only(part(heads)),
        compound=("",) * len(grids),
        building=names,
        row=read_only(np.arange(1, len(grids) + 1)),
    )
    return homes, grids


def _communities(ground: Ground, outlines: NDArray[np.object_]) -> Communities:
    code, name, street, district = list[str](), list[str](), list[str](), list[str]()
    for each in ground.districts:
        of_street = _shares(each.communities, each.streets).tolist()
        for k, s in enumerate(of_street):
            number = k - of_street.index(s) + 1
            code.append(f"{each.code}{s + 1:03}{number:03}")
            name.append(f"{each.name}第{k + 1}社区")
            street.append(f"{each.code}{s + 1:03}")
            district.append(each.code)
    return Communities(
        code=tuple(code),
        name=tuple(name),
        street=tuple(street),
        district=tuple(district),
        polygon=read_only(outlines),
        row=read_only(np.arange(1, len(code) + 1)),
    )


def _codes(of_community: NDArray[np.int64], communities: Communities) -> tuple[str, ...]:
    """Return the code of each grid: its community's, and its number there."""
    first = np.searchsorted(of_community, of_community)
    return tuple(
        f"{communities.code[c]}{k - f + 1:03}"
        for k, (c, f) in enumerate(zip(of_community.tolist(), first.tolist(), strict=True))
    )


def _roads(ground: Ground, wide: int, high: int) -> Barriers:
    x0, y0 = ground.origin
    x1, y1 = x0 + wide * CELL_M, y0 + high * CELL_M
    up = [shapely.LineString([(x0 + k * CELL_M, y0), (x0 + k * CELL_M, y1)]) for k in range(wide + 1)]
    across = [shapely.LineString([(x0, y0 + k * CELL_M), (x1, y0 + k * CELL_M)]) for k in range(high + 1)]
    lines = np.array([*up, *across], dtype=object)
    names = (*(f"纵{k}路" for k in range(wide + 1)), *(f"横{k}路" for k in range(high + 1)))
    return Barriers(line=read_only(lines), kind=read_only(np.full(len(lines), LineKind.MAIN_ROAD, dtype=np.uint8)), name=names)


def _old_net(ground: Ground, polygons: NDArray[np.object_], is_dedicated: NDArray[np.bool_]) -> ExistingGrids:
    """Return the net before: as many cells as asked for are cut in two, and each half is too small."""
    halved = set(np.flatnonzero(~is_dedicated)[: (ground.undersized + 1) // 2].tolist())
    pieces: list[shapely.Geometry] = []
    for k, cell in enumerate(polygons) if ground.undersized else ():
        west, south, east, north = shapely.bounds(cell).tolist()
        middle = (west + east) / 2
        pieces += [shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)] if k in halved else [cell]
    polygon = np.empty(len(pieces), dtype=object)
    polygon[:] = pieces
    return ExistingGrids(
        code=tuple(f"旧{k:04}" for k in range(1, len(pieces) + 1)),
        polygon=read_only(polygon),
        row=read_only(np.arange(1, len(pieces) + 1)),
    )
