"""Towns on disk: a small sound one around 117.0 E, 36.65 N (Jinan), and whatever a test changes about it.

Everything is drawn in metres from the town's south-west corner and written as longitude and latitude, as a city's own
files are:

    +-----------+-----------+   400   two communities A and B, 600 m x 400 m each; roads on their boundaries
    | a a | a a | b b | b b |         and through their middle; four compounds, one in each quarter of the
    +-----+-----+-----+-----+   200   west and so on; households every 40 m, 30 m and more from the roads.
    | a a | a a | b b | b b |
    +-----------+-----------+   0
    0    300   600   900   1200
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely import box
from shapely.geometry import mapping

from gis.frame import WGS84, transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

FRAME = "EPSG:4548"
ORIGIN = (499_400.0, 4_056_800.0)
"""South-west corner of the town in `FRAME`: metres of a drawing are added to it."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Feature:
    """One feature of a drawing: its columns, and its shape in metres from `ORIGIN`."""

    columns: Mapping[str, object]
    shape: Any


def lon_lat(xy: Any) -> Any:
    """Carry points (n, 2) of a drawing to longitude and latitude."""
    return transform(np.asarray(xy, dtype=np.float64).reshape(-1, 2) + ORIGIN, FRAME, WGS84)


def to_lon_lat(shape: Any) -> Any:
    """Carry a shape of a drawing to longitude and latitude."""
    return shapely.transform(shape, lon_lat)


def communities() -> list[Feature]:
    """Two communities side by side."""
    named = [("370103016001", "舜耕"), ("370103016002", "千佛山")]
    return [
        Feature({"code": code, "name": name, "street": "舜耕街道", "district": "市中区"}, box(at, 0, at + 600, 400))
        for (code, name), at in zip(named, (0, 600), strict=True)
    ]


def roads() -> list[Feature]:
    """Roads on the communities' boundaries, and one through their middle."""
    lines = {
        "南路": [(0, 0), (1200, 0)],
        "北路": [(0, 400), (1200, 400)],
        "中路": [(0, 200), (1200, 200)],
        "西路": [(0, 0), (0, 400)],
        "界路": [(600, 0), (600, 400)],
        "东路": [(1200, 0), (1200, 400)],
    }
    return [Feature({"name": name, "type": "road"}, shapely.LineString(line)) for name, line in lines.items()]


def compounds() -> list[Feature]:
    """Eight compounds, 25 m from the roads."""
    return [
        Feature({"name": f"小区{x // 300}{y // 200}"}, box(x + 25, y + 25, x + 275, y + 175))
        for x in range(0, 1200, 300)
        for y in (0, 200)
    ]


def households() -> list[Row]:
    """A point every 40 m inside the compounds, of 10 households and 28 persons each."""
    at = [
        (x + dx, y + dy)
        for x in range(0, 1200, 300)
        for y in (0, 200)
        for dx in range(50, 260, 40)
        for dy in range(40, 170, 40)
    ]
    return [household(number, x, y) for number, (x, y) in enumerate(at, 1)]


def household(number: int, x: float, y: float, **cells: object) -> Row:
    """Make one row of the household file at `x`, `y` of the drawing."""
    ((lon, lat),) = lon_lat([(x, y)]).tolist()
    row: Row = {"id": f"H{number:04}", "lon": f"{lon:.9f}", "lat": f"{lat:.9f}", "households": 10, "persons": 28}
    return {**row, **cells}


def manifest() -> dict[str, Any]:
    """The manifest of the sound town, as tables."""
    return {
        "name": "小城",
        "communities": {
            "file": "communities.geojson",
            "code": "code",
            "name": "name",
            "street": "street",
            "district": "district",
        },
        "households": {
            "file": "households.csv",
            "id": "id",
            "lon": "lon",
            "lat": "lat",
            "coordinates": "wgs84",
            "households": "households",
            "persons": "persons",
        },
        "barriers": [{"file": "roads.geojson", "kind": "road", "name": "name"}],
        "compounds": [{"file": "compounds.geojson", "name": "name"}],
    }


def write_town(
    folder: Path,
    *,
    communities: Iterable[Feature] | None = None,
    households: Iterable[Row] | None = None,
    roads: Iterable[Feature] | None = None,
    compounds: Iterable[Feature] | None = None,
    change: Callable[[dict[str, Any]], object] | None = None,
    encoding: str = "utf-8",
) -> Path:
    """Write the sound town, with other layers in place of its own and its manifest as `change` alters it."""
    here = globals()
    folder.mkdir(parents=True, exist_ok=True)
    write_geojson(folder / "communities.geojson", here["communities"]() if communities is None else communities)
    write_geojson(folder / "roads.geojson", here["roads"]() if roads is None else roads)
    write_geojson(folder / "compounds.geojson", here["compounds"]() if compounds is None else compounds)
    rows = here["households"]() if households is None else households
    (folder / "households.csv").write_bytes(csv_text(rows).encode(encoding))
    values = manifest()
    if change is not None:
        change(values)
    (folder / "town.toml").write_text(toml(values), encoding="utf-8")
    return folder


def csv_text(rows: Iterable[Row]) -> str:
    """Write rows as CSV; the heading is the first row's."""
    every = list(rows)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(every[0]) if every else ["id", "lon", "lat", "households", "persons"])
    writer.writeheader()
    writer.writerows(every)
    return out.getvalue()


def write_geojson(path: Path, features: Iterable[Feature]) -> None:
    """Write features as GeoJSON, longitude and latitude to the nearest 0.1 mm."""
    written = [
        {"type": "Feature", "properties": dict(feature.columns), "geometry": _geometry(feature.shape)} for feature in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": written}, ensure_ascii=False), encoding="utf-8")


def _geometry(shape: Any) -> Any:
    return None if shape is None else mapping(shapely.transform(to_lon_lat(shape), lambda xy: np.round(xy, 9)))


def toml(values: Mapping[str, Any]) -> str:
    """Write the few shapes of TOML that a manifest has: values, tables, lists of tables, inline tables."""
    plain = [f"{_key(key)} = {_value(value)}" for key, value in values.items() if not _is_table(value)]
    for key, value in values.items():
        for heading, table in _tables(key, value):
            plain += ["", heading, *(f"{_key(name)} = {_value(cell)}" for name, cell in table.items())]
    return "\n".join(plain) + "\n"


def _tables(key: str, value: Any) -> list[tuple[str, Any]]:
    if not _is_table(value):
        return []
    return [(f"[{key}]", value)] if isinstance(value, dict) else [(f"[[{key}]]", each) for each in value]


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _key(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(cell)}" for key, cell in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
