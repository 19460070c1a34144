"""Locate points in grids: `gis.locate` beside geopandas and shapely, CPU seconds, in one run.

Run it as `python benchmarks/locate.py --points 400000 --polygons 5000`. The grids are Voronoi cells with vertices every 20 m on
the 1 cm grid; of the points some lie beyond the grids and one in a hundred on a corner that grids share.
"""

from __future__ import annotations

import argparse
from statistics import median
from time import process_time
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from gis.frame import snap, snap_geometry
from gis.locate import NOWHERE, locate, rank_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SIDE_M = 20_000.0
CORNER_SHARE = 0.01


def _ground(points: int, polygons: int) -> tuple[NDArray[np.float64], NDArray[np.object_], tuple[str, ...]]:
    rng = np.random.default_rng(1)
    square = shapely.box(0, 0, SIDE_M, SIDE_M)
    seeds = shapely.multipoints(rng.uniform(0, SIDE_M, (polygons, 2)))
    cells = shapely.intersection(shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=square)), square)
    grids = snap_geometry(shapely.segmentize(cells, 20.0))
    xy = rng.uniform(-SIDE_M / 1000, SIDE_M * 1.001, (points, 2))
    on_corner = rng.random(points) < CORNER_SHARE
    xy[on_corner] = rng.choice(shapely.get_coordinates(cells), int(on_corner.sum()))
    return snap(xy), grids, tuple(f"G{k:05}" for k in rng.permutation(len(grids)))


def _ours(xy: NDArray[np.float64], grids: NDArray[np.object_], codes: tuple[str, ...]) -> NDArray[np.int64]:
    return locate(xy, grids, order=rank_of(codes))


def _sjoin(xy: NDArray[np.float64], grids: NDArray[np.object_], codes: tuple[str, ...], predicate: str) -> NDArray[np.int64]:
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(xy[:, 0], xy[:, 1]))
    layer = gpd.GeoDataFrame({"code": codes, "grid": np.arange(len(grids))}, geometry=grids)
    joined = gpd.sjoin(points, layer, how="left", predicate=predicate)
    if predicate == "intersects":
        joined = joined.sort_values("code", kind="stable")
    joined = joined[~joined.index.duplicated()].sort_index()
    return joined["grid"].fillna(NOWHERE).to_numpy(dtype=np.int64)


def _within(xy: NDArray[np.float64], grids: NDArray[np.object_], codes: tuple[str, ...]) -> NDArray[np.int64]:
    return _sjoin(xy, grids, codes, "within")


def _intersects(xy: NDArray[np.float64], grids: NDArray[np.object_], codes: tuple[str, ...]) -> NDArray[np.int64]:
    return _sjoin(xy, grids, codes, "intersects")


def _tree(xy: NDArray[np.float64], grids: NDArray[np.object_], codes: tuple[str, ...]) -> NDArray[np.int64]:
    rank = rank_of(codes)
    grid, point = shapely.STRtree(shapely.points(xy)).query(grids, predicate="intersects")
    first = np.full(len(xy), len(grids))
    np.minimum.at(first, point, rank[grid])
    return np.append(np.argsort(rank), NOWHERE)[first]


PEERS: dict[str, Callable[[NDArray[np.float64], NDArray[np.object_], tuple[str, ...]], NDArray[np.int64]]] = {
    "wangge, gis.locate": _ours,
    "geopandas.sjoin, within": _within,
    "geopandas.sjoin, intersects, smallest code": _intersects,
    "shapely STRtree of points, intersects": _tree,
}


def main() -> None:
    """Measure everybody in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=400_000, help="how many points")
    parser.add_argument("--polygons", type=int, default=5_000, help="how many grids")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run; the median counts")
    wanted = parser.parse_args()
    xy, grids, codes = _ground(wanted.points, wanted.polygons)
    spent: dict[str, list[float]] = {name: [] for name in PEERS}
    answer: dict[str, NDArray[np.int64]] = {}
    for _ in range(wanted.rounds):
        for name, peer in PEERS.items():
            # A copy, since preparing leaves something behind in the polygons.
            fresh = shapely.from_wkb(shapely.to_wkb(grids))
            before = process_time()
            answer[name] = peer(xy, fresh, codes)
            spent[name].append(process_time() - before)
    ours, *_ = PEERS
    vertices = shapely.get_num_coordinates(grids).mean()
    print(f"{len(xy):,} points, {len(grids):,} grids of {vertices:.0f} vertices, {(answer[ours] < 0).sum():,} points nowhere\n")
    print(f"| {'':42} | CPU s | × ours | points per CPU s | other answers |")
    print(f"|{'-' * 44}|{'-' * 6}:|{'-' * 7}:|{'-' * 17}:|{'-' * 14}:|")
    for name, seconds in spent.items():
        cpu, other = median(seconds), int((answer[name] != answer[ours]).sum())
        print(f"| {name:42} | {cpu:5.2f} | {cpu / median(spent[ours]):6.2f} | {len(xy) / cpu:16,.0f} | {other:13,} |")


if __name__ == "__main__":
    main()
