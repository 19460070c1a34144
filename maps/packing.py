"""How ground gets into a page small: whole micro-degrees, each vertex as the step from the one before.

Every vertex is rounded to the same lattice (0.1 m), so borders that were shared stay shared. Outlines of a coverage are
thinned together (`shapely.coverage_simplify`), for the same reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

MICRO = 1_000_000
"""Steps in a degree."""

METRES_PER_DEGREE = 111_320.0
"""Along a meridian, near enough for thinning."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the steps of a page are counted from: the south-west corner, in micro-degrees."""

    x: int
    y: int

    @classmethod
    def of(cls, layers: Iterable[NDArray[np.object_]]) -> Origin:
        """Return the corner of everything in `layers` (longitude, latitude, degrees); (0, 0) where there is nothing."""
        bounds = np.array([shapely.total_bounds(layer) for layer in layers if len(layer)]).reshape(-1, 4)
        if not len(bounds) or np.isnan(bounds[:, :2]).all():
            return cls(0, 0)
        x, y = np.floor(np.nanmin(bounds[:, :2], axis=0) * MICRO).astype(int).tolist()
        return cls(x, y)

    def path(self, degrees: NDArray[np.float64]) -> list[int]:
        """Write one path: first vertex, then steps, as `[x, y, dx, dy, …]`; steps of nothing are left out."""
        xy = np.rint(degrees * MICRO).astype(np.int64) - (self.x, self.y)
        steps = np.diff(xy, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
        moved = (steps != 0).any(axis=1)
        moved[:1] = True
        return steps[moved].ravel().tolist()

    def shape(self, polygon: shapely.Geometry) -> list[list[int]]:
        """Write a Polygon or MultiPolygon as its rings, outer and inner alike: it is filled by the even-odd rule."""
        rings = shapely.get_rings(shapely.get_parts(polygon))
        paths = [self.path(shapely.get_coordinates(ring)[:-1]) for ring in rings]
        return [path for path in paths if len(path) >= 6]  # noqa: PLR2004  # three vertices

    def shapes(self, polygons: NDArray[np.object_]) -> list[list[list[int]]]:
        """Write many polygons."""
        return [self.shape(polygon) for polygon in polygons]


def coverage(polygons: NDArray[np.object_], tolerance_m: float) -> NDArray[np.object_]:
    """Thin the outlines of a coverage so that shared borders stay shared.

    Vertices that differ by less than a nanodegree (0.1 mm), as the sides of a border may after a computation, are one.
    """
    if not len(polygons):
        return polygons
    exact = shapely.transform(polygons, lambda xy: np.round(xy, 9))
    return shapely.coverage_simplify(exact, tolerance_m / METRES_PER_DEGREE)


def outlines(polygons: NDArray[np.object_], tolerance_m: float) -> NDArray[np.object_]:
    """Thin outlines each for itself, and drop what vanishes."""
    if not len(polygons):
        return polygons
    thin = shapely.simplify(polygons, tolerance_m / METRES_PER_DEGREE)
    return thin[~shapely.is_empty(thin)]


def borders(origin: Origin, polygons: NDArray[np.object_]) -> list[list[int]]:
    """Write the outlines of a coverage with each shared border once, so that a dashed line keeps its dashes."""
    if not len(polygons):
        return []
    joined = shapely.line_merge(shapely.union_all(shapely.boundary(polygons)))
    paths = [origin.path(shapely.get_coordinates(part)) for part in shapely.get_parts(joined)]
    return [path for path in paths if len(path) >= 4]  # noqa: PLR2004  # two vertices


@dataclass(frozen=True, slots=True)
class Paths:
    """Lines of the base map as columns: `kind`, `name`, and each line's path."""

    kind: list[int]
    name: list[str]
    path: list[list[int]]


def lines(
    origin: Origin,
    line: NDArray[np.object_],
    kind: Sequence[int] | NDArray[np.uint8],
    name: Sequence[str],
    tolerance_m: float,
) -> Paths:
    """Join the lines of one kind and name end to end, thin them, and write them."""
    members: dict[tuple[int, str], list[int]] = {}
    for index, key in enumerate(zip(np.asarray(kind, dtype=np.int64).tolist(), name, strict=True)):
        members.setdefault(key, []).append(index)

    paths = Paths([], [], [])
    for (one_kind, one_name), indices in sorted(members.items()):
        joined = shapely.line_merge(shapely.multilinestrings(shapely.get_parts(line[indices])))
        for part in shapely.get_parts(shapely.simplify(joined, tolerance_m / METRES_PER_DEGREE)):
            path = origin.path(shapely.get_coordinates(part))
            if len(path) >= 4:  # noqa: PLR2004  # two vertices
                paths.kind.append(one_kind)
                paths.name.append(one_name)
                paths.path.append(path)
    return paths


@dataclass(frozen=True, slots=True)
class Spots:
    """For each polygon the centre of the largest circle inside it, where a label has most room, and its radius."""

    at: list[int]
    """`[x, y, x, y, …]` in micro-degrees from the origin."""
    radius: list[int]
    """In micro-degrees of latitude."""


def spots(origin: Origin, polygons: NDArray[np.object_]) -> Spots:
    """Find where labels have most room."""
    at: list[int] = []
    radius: list[int] = []
    for polygon in polygons:
        x, y, r = _roomiest(polygon)
        at += [round(x * MICRO) - origin.x, round(y * MICRO) - origin.y]
        radius.append(round(r * MICRO))
    return Spots(at, radius)


def _roomiest(polygon: shapely.Geometry) -> tuple[float, float, float]:
    west, south, east, north = shapely.bounds(polygon)
    if not np.isfinite(west):
        return 0.0, 0.0, 0.0
    # Degrees of longitude are shorter than those of latitude: a circle on the ground is one only after this.
    narrow = max(0.05, float(np.cos(np.radians((south + north) / 2))))
    ground = shapely.transform(polygon, lambda xy: xy * (narrow, 1.0))
    reach = max((east - west) * narrow, north - south)
    circle = shapely.maximum_inscribed_circle(ground, tolerance=reach / 50)
    centre, edge = shapely.get_coordinates(circle)[[0, -1]]
    return centre[0] / narrow, centre[1], float(np.hypot(*(edge - centre)))


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of strings that repeat: the different ones, and for each row which."""

    of: list[str]
    at: list[int]


def coded(column: Sequence[str]) -> Coded:
    """Write each different string of `column` once."""
    index: dict[str, int] = {}
    at = [index.setdefault(value, len(index)) for value in column]
    return Coded(list(index), at)
