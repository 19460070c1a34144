"""Stations as files: points with whom they serve, service areas, layers for desktop GIS, and `stations.json` on how they came.

A folder of them is written whole, and read back to be loaded into the store.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely

from data.geopackage import write_layer
from data.plan_files import WEB_DECIMALS
from data.whole_folder import check_target, whole_folder
from gis.errors import InputError
from gis.finding import Finding, Severity
from gis.frame import WGS84, transform, transform_geometry
from gis.locate import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from partition.net import Net
    from partition.stations import Siting

REPORT, POINTS, AREAS, LAYERS = "stations.json", "stations.geojson", "service_areas.geojson", "stations.gpkg"
WRITTEN = {REPORT, POINTS, AREAS, LAYERS}
"""Names that a folder of stations may hold."""


def check_stations_target(folder: Path) -> None:
    """Refuse a folder that holds something else than stations."""
    check_target(folder, WRITTEN, mark=REPORT, what="stations")


def write_stations(
    folder: Path,
    siting: Siting,
    net: Net,
    *,
    crs: str,
    codes: Sequence[str],
    names: Sequence[str],
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Write stations into `folder`, all or nothing, and return what `stations.json` holds.

    `codes` and `names` are those of the stations; `about` goes into `stations.json` as it is: what was asked for, and of what.
    """
    check_stations_target(folder)
    columns = _columns(siting, net, codes, names)
    lonlat = np.round(transform(siting.xy, crs, WGS84), WEB_DECIMALS)
    grids = [[net.code[g] for g in np.flatnonzero(siting.station == k).tolist()] for k in range(len(siting))]
    points = [
        {"type": "Feature", "id": row["code"], "properties": {**row, "grids": mine},
         "geometry": {"type": "Point", "coordinates": at}}
        for row, mine, at in zip(_rows(columns), grids, lonlat.tolist(), strict=True)
    ]  # fmt: skip
    outline = shapely.transform(transform_geometry(siting.area, crs, WGS84), lambda xy: np.round(xy, WEB_DECIMALS))
    areas = [
        {"type": "Feature", "id": row["code"], "properties": {name: row[name] for name in ("code", "name", "households")},
         "geometry": orjson.loads(shape)}
        for row, shape in zip(_rows(columns), shapely.to_geojson(outline).tolist(), strict=True)
    ]  # fmt: skip
    record = {"wangge": version("wangge"), **about, **report(siting, net, codes)}
    with whole_folder(folder) as draft:
        for name, features in ((POINTS, points), (AREAS, areas)):
            lines = b",\n".join(map(orjson.dumps, features))
            (draft / name).write_bytes(b'{"type":"FeatureCollection","features":[\n' + lines + b"\n]}\n")
        (draft / REPORT).write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY) + b"\n")
        write_layer(draft / LAYERS, "stations", np.asarray(shapely.points(siting.xy)), columns, crs, kind="Point")
        write_layer(draft / LAYERS, "service_areas", siting.area, columns, crs)
        station = {"code": _text(net.code), "station": _text([codes[int(k)] for k in siting.station])}
        write_layer(draft / LAYERS, "grids", net.polygon, station, crs)
    return record


def report(siting: Siting, net: Net, codes: Sequence[str]) -> dict[str, Any]:
    """Return what was found: how far people walk, how near the best that is, and which grids are not reached whole."""
    total, reached = int(siting.households.sum()), int(siting.reached.sum())
    homes = siting.homes
    too_far = homes.households * (siting.walk_m > siting.reach_m)
    short = np.bincount(homes.grid, weights=too_far, minlength=len(net)).astype(int)
    return {
        "stations": len(siting),
        "grids": len(net),
        "grids_per_station": round(len(net) / len(siting), 2),
        "households": total,
        "mean_walk_m": round(float(siting.walk_m @ homes.households) / total, 1) if total else None,
        "farthest_walk_m": round(float(siting.farthest_m.max()), 1),
        "reach_m": siting.reach_m,
        "households_reached": reached,
        "reached_share": round(reached / total, 4) if total else None,
        "status": siting.status.value,
        "score_m": round(siting.price_m, 3),
        "bound_m": round(siting.bound_m, 3),
        "fewest": siting.fewest,
        "linked": [[net.code[a], net.code[b]] for a, b in siting.linked.tolist()],
        "not_reached": [
            {"grid": net.code[g], "station": codes[siting.station[g]], "households": int(short[g])}
            for g in np.flatnonzero(short).tolist()
        ],
    }


def read_stations(folder: Path) -> list[dict[str, Any]]:
    """Return the stations of a folder, each with `lon`, `lat`, its `grids`, and its `service_area` as GeoJSON.

    Raises
    ------
    InputError
        A file is missing or is not what `wangge stations site` writes.
    """
    try:
        points, areas = (orjson.loads((folder / name).read_bytes())["features"] for name in (POINTS, AREAS))
        outline = {each["properties"]["code"]: each["geometry"] for each in areas}
        found: list[dict[str, Any]] = []
        for each in points:
            said = each["properties"]
            (lon, lat), grids = each["geometry"]["coordinates"], [str(code) for code in said["grids"]]
            known = {"code": str(said["code"]), "name": str(said["name"]), "stands_in": str(said["stands_in"])}
            found.append({**known, "lon": float(lon), "lat": float(lat), "grids": grids, "service_area": outline[said["code"]]})
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        en = f"{folder} holds no stations that wangge stations site has written: {error}"
        zh = f"{folder}中没有wangge stations site写出的驿站：{error}"
        fault = Finding(kind="not_stations", severity=Severity.ERROR, en=en, zh=zh, file=folder.name)
        raise InputError(en, [fault]) from error
    return found


def _columns(siting: Siting, net: Net, codes: Sequence[str], names: Sequence[str]) -> dict[str, NDArray[np.generic]]:
    return {
        "code": _text(codes),
        "name": _text(names),
        "stands_in": _text([net.code[g] for g in siting.stands_in.tolist()]),
        "kept": siting.kept != NOWHERE,
        "grid_count": np.bincount(siting.station, minlength=len(siting)),
        "households": siting.households,
        "reached": siting.reached,
        "mean_m": np.round(siting.mean_m, 1),
        "farthest_m": np.round(siting.farthest_m, 1),
    }


def _rows(columns: Mapping[str, NDArray[np.generic]]) -> list[dict[str, Any]]:
    lists = (column.tolist() for column in columns.values())
    return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]


def _text(values: Sequence[str]) -> NDArray[np.object_]:
    return np.array(list(values), dtype=object)
