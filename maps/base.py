"""The ground that every map page draws: areas, compounds and lines, in the small form that `assets/own/ground.js` unpacks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from gis.town import LineKind
from maps import palette
from maps.packing import Origin, borders, coded, coverage, lines, outlines, spots

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARED_BORDERS_M = 0.5
"""How far thinning may move a border of grids or communities on a page."""

BASE_MAP_M = 1.5
"""How far thinning may move a line of the base map."""


@dataclass(frozen=True, slots=True)
class Areas:
    """Named areas: communities, compounds."""

    name: tuple[str, ...]
    polygon: NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of the base map; `kind` is a `gis.town.LineKind`."""

    kind: NDArray[np.uint8]
    name: tuple[str, ...]
    line: NDArray[np.object_]


def no_areas() -> Areas:
    """Return none."""
    return Areas((), np.empty(0, dtype=object))


def no_lines() -> Lines:
    """Return none."""
    return Lines(np.empty(0, dtype=np.uint8), (), np.empty(0, dtype=object))


def ground(grids: NDArray[np.object_], communities: Areas, compounds: Areas, base: Lines) -> dict[str, Any]:
    """Return ground as pages read it, by `origin`, `grids`, `communities`, `compounds` and `lines`.

    All of it comes in longitude and latitude, degrees (WGS 84 or CGCS2000).
    """
    shown = seen_of(base)
    origin = Origin.of([grids, communities.polygon, compounds.polygon, shown.line])
    return {
        "origin": [origin.x, origin.y],
        "grids": {
            "colour": palette.colouring(len(grids), palette.neighbours(grids)),
            "shape": origin.shapes(coverage(grids, SHARED_BORDERS_M)),
            "spot": asdict(spots(origin, grids)),
        },
        "communities": communities_from(origin, communities),
        "compounds": origin.shapes(outlines(compounds.polygon, BASE_MAP_M)),
        "lines": lines_from(origin, shown),
    }


def seen_of(base: Lines) -> Lines:
    """Return the lines that are drawn: those inside grids and along communities are left out, as areas' outlines say them."""
    shown = np.isin(base.kind, (LineKind.INSIDE, LineKind.COMMUNITY), invert=True) & ~shapely.is_empty(base.line)
    return Lines(base.kind[shown], tuple(n for n, s in zip(base.name, shown, strict=True) if s), base.line[shown])


def communities_from(origin: Origin, communities: Areas) -> dict[str, Any]:
    """Return communities as pages read them, counted from an origin."""
    outer = coverage(communities.polygon, SHARED_BORDERS_M)
    return {
        "name": communities.name,
        "shape": origin.shapes(outer),
        "border": borders(origin, outer),
        "spot": asdict(spots(origin, communities.polygon)),
    }


def lines_from(origin: Origin, shown: Lines) -> dict[str, Any]:
    """Return lines of the base map as pages read them, counted from an origin."""
    paths = lines(origin, shown.line, shown.kind, shown.name, BASE_MAP_M)
    return {"kind": paths.kind, "name": asdict(coded(paths.name)), "path": paths.path}
