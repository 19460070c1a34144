"""What only shows when the layers of a town are looked at together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Geod

from data.placing import place
from data.sentences import fault
from gis.frame import WGS84, transform
from gis.overlaps import SLIVER_M, overlaps, overlaps_and_gaps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from data.manifest import Manifest
    from gis.finding import Finding, Place
    from gis.frame import Frame
    from gis.overlaps import Piece
    from gis.town import Communities, Dedicated, Town

_DISTORTED = 0.002
"""A frame that makes a kilometre longer or shorter than this share is not of this place."""

_ONE_BUILDING_M = 250.0
"""Points farther apart than this are not one building."""


def examine(town: Town, manifest: Manifest) -> Iterator[Finding]:
    """Yield what the layers of a town say against each other."""
    areas = manifest.communities.file if manifest.communities else None
    points = manifest.households.file if manifest.households else None
    yield from distortion(town.communities.polygon, town.frame, manifest.path.name)
    yield from _parts(town.communities, town.frame, areas)
    yield from _fit(town.communities, town.frame, town.on_overlap, areas)
    home = _home(town)
    yield from _outside(town, home, points)
    yield from _unpopulated(town, home, areas)
    yield from _shared(town, points)
    if manifest.households and "building" in manifest.households.columns:
        yield from _buildings(town, home, points)
    yield from _straddling(town, manifest)
    yield from _dedicated(town, manifest)


def distortion(polygon: NDArray[np.object_], frame: Frame, file: str) -> Iterator[Finding]:
    """Say that the frame is not of this place, if a kilometre at the centre is not one."""
    if not len(polygon):
        return
    west, south, east, north = shapely.total_bounds(polygon)
    middle = np.array([(west + east) / 2.0, (south + north) / 2.0])
    lon_lat = transform(middle + np.array([(0.0, 0.0), (1000.0, 0.0), (0.0, 1000.0)]), frame.crs, WGS84)
    lon, lat = lon_lat.T
    _, _, true_m = Geod(ellps="WGS84").inv(lon[[0, 0]], lat[[0, 0]], lon[1:], lat[1:])
    measured = 1e6 / np.asarray(true_m)
    worst = float(measured[np.abs(measured - 1000.0).argmax()])
    if abs(worst - 1000.0) > 1000.0 * _DISTORTED:
        yield fault("frame_distorts", file=file, field="frame", value=frame.crs, metres=worst)


def _parts(communities: Communities, frame: Frame, file: str | None) -> Iterator[Finding]:
    counts = shapely.get_num_geometries(communities.polygon)
    for index in np.flatnonzero(counts > 1):
        yield fault(
            "multipart_community",
            file=file,
            row=int(communities.row[index]),
            subject=communities.code[index],
            place=_inside(communities.polygon[index], frame),
            count=int(counts[index]),
        )


def _inside(polygon: shapely.Geometry, frame: Frame) -> Place:
    return place(shapely.get_coordinates(shapely.point_on_surface(polygon))[0], frame.crs)


def _fit(communities: Communities, frame: Frame, on_overlap: str, file: str | None) -> Iterator[Finding]:
    mismatch = overlaps_and_gaps(communities.polygon)
    wide = "overlap_to_first" if on_overlap == "first" else "overlap"
    for piece in mismatch.overlaps:
        yield _piece("overlap_sliver" if piece.sliver else wide, piece, communities, frame, file)
    for piece in mismatch.gaps:
        yield _piece("gap_sliver" if piece.sliver else "gap", piece, communities, frame, file)
    for piece in mismatch.holes:
        yield _piece("community_hole", piece, communities, frame, file)


def _piece(kind: str, piece: Piece, communities: Communities, frame: Frame, file: str | None) -> Finding:
    return fault(
        kind,
        file=file,
        row=int(communities.row[piece.areas[-1]]),
        field="geometry",
        subject=", ".join(communities.code[area] for area in piece.areas),
        place=place(np.array([piece.x, piece.y]), frame.crs),
        area=piece.area_m2,
        width=piece.width_m,
    )


def _home(town: Town) -> NDArray[np.int64]:
    """Give the community that each household point lies in or on, the first where there are several, -1 for none."""
    polygon = town.communities.polygon
    home = np.full(len(town.households.xy), len(polygon), dtype=np.int64)
    if len(polygon) and len(home):
        point, area = shapely.STRtree(polygon).query(shapely.points(town.households.xy), predicate="intersects")
        np.minimum.at(home, point, area)
    return np.where(home == len(polygon), -1, home)


def _outside(town: Town, home: NDArray[np.int64], file: str | None) -> Iterator[Finding]:
    points = town.households
    for index in np.flatnonzero(home < 0):
        yield fault(
            "outside_communities",
            file=file,
            row=int(points.row[index]),
            subject=points.id[index],
            place=place(points.xy[index], town.frame.crs),
            count=int(points.households[index]),
        )


def _unpopulated(town: Town, home: NDArray[np.int64], file: str | None) -> Iterator[Finding]:
    communities = town.communities
    held = np.zeros(len(communities.code), dtype=np.int64)
    np.add.at(held, home[home >= 0], town.households.households[home >= 0])
    for index in np.flatnonzero(held == 0):
        yield fault(
            "no_households",
            file=file,
            row=int(communities.row[index]),
            subject=communities.code[index],
            place=_inside(communities.polygon[index], town.frame),
        )


def _shared(town: Town, file: str | None) -> Iterator[Finding]:
    """Say once how many points share their place: buildings of many households are often one row each."""
    points = town.households
    if not len(points.xy):
        return
    _, which, count = np.unique(points.xy, axis=0, return_inverse=True, return_counts=True)
    shared = count[which.ravel()] > 1
    if shared.any():
        first = int(np.flatnonzero(shared)[0])
        yield fault(
            "shared_coordinate",
            file=file,
            row=int(points.row[first]),
            subject=points.id[first],
            place=place(points.xy[first], town.frame.crs),
            count=int(shared.sum()),
            places=int((count > 1).sum()),
        )


def _buildings(town: Town, home: NDArray[np.int64], file: str | None) -> Iterator[Finding]:
    points = town.households
    name, first, which = np.unique(np.array(points.building, dtype=np.str_), return_index=True, return_inverse=True)
    pairs = np.unique(np.column_stack([which, home])[home >= 0], axis=0)
    communities = np.bincount(pairs[:, 0], minlength=len(name))
    low, high = np.full((len(name), 2), np.inf), np.full((len(name), 2), -np.inf)
    np.minimum.at(low, which, points.xy)
    np.maximum.at(high, which, points.xy)
    span = np.hypot(*(high - low).T)
    for index in np.flatnonzero((communities > 1) | (span > _ONE_BUILDING_M)):
        yield fault(
            "building_in_two_communities" if communities[index] > 1 else "building_spread",
            file=file,
            row=int(points.row[first[index]]),
            subject=str(name[index]),
            place=place(points.xy[first[index]], town.frame.crs),
            count=int(communities[index]),
            metres=float(span[index]),
        )


def _straddling(town: Town, manifest: Manifest) -> Iterator[Finding]:
    """Say which compounds lie in several communities by more than the width of a drawing error."""
    compounds, polygon = town.compounds, town.communities.polygon
    if not len(compounds.polygon) or not len(polygon):
        return
    inner = shapely.buffer(compounds.polygon, -SLIVER_M)
    compound, _ = shapely.STRtree(polygon).query(inner, predicate="intersects")
    counts = np.bincount(compound, minlength=len(inner))
    for index in np.flatnonzero(counts > 1):
        yield fault(
            "compound_straddles",
            file=manifest.compounds[0].file if len(manifest.compounds) == 1 else None,
            row=int(compounds.row[index]),
            subject=compounds.name[index] or f"#{compounds.row[index]}",
            place=_inside(compounds.polygon[index], town.frame),
            count=int(counts[index]),
        )


def _dedicated(town: Town, manifest: Manifest) -> Iterator[Finding]:
    dedicated = town.dedicated
    if not len(dedicated.polygon):
        return
    file = manifest.dedicated[0].file if len(manifest.dedicated) == 1 else None
    for piece in overlaps(dedicated.polygon):
        if not piece.sliver:
            yield fault(
                "dedicated_overlap",
                file=file,
                row=int(dedicated.row[piece.areas[-1]]),
                subject=", ".join(_called(dedicated, area) for area in piece.areas),
                place=place(np.array([piece.x, piece.y]), town.frame.crs),
                area=piece.area_m2,
            )
    yield from _outside_dedicated(town, file)


def _outside_dedicated(town: Town, file: str | None) -> Iterator[Finding]:
    dedicated = town.dedicated
    outside = shapely.difference(dedicated.polygon, shapely.union_all(town.communities.polygon))
    for index in np.flatnonzero(~shapely.is_empty(shapely.buffer(outside, -SLIVER_M / 2.0))):
        yield fault(
            "dedicated_outside",
            file=file,
            row=int(dedicated.row[index]),
            subject=_called(dedicated, int(index)),
            place=_inside(outside[index], town.frame),
            area=float(shapely.area(outside[index])),
        )


def _called(dedicated: Dedicated, index: int) -> str:
    return dedicated.name[index] or f"#{dedicated.row[index]}"
