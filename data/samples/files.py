"""The files of a sample town: GeoJSON in longitude and latitude, a table of households, a manifest, a page about it.

Written by hand and not by a GIS library, so that a seed gives the same bytes with every version of one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely

from data.samples.ground import FRAME
from data.samples.uses import COMPOUNDS, Use
from data.whole_folder import whole_folder
from gis.errors import InputError
from gis.frame import CGCS2000, snap, transform

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from data.samples.ground import Ground
    from data.samples.homes import Homes
    from data.samples.uses import Parcel

DECIMALS = 9
"""Of a degree: a tenth of a millimetre, so that the 1 cm grid comes back exactly."""

MARK = "# A sample town of wangge."
"""First line of the manifest: a folder that starts so may be replaced."""

LAKE_CORNERS = 28

_MANIFEST = """\
{mark} Everything below the streets is invented.
# 示例数据：街道名称和九位代码是真实的，社区、小区、道路、单位都是虚构的；十二位社区代码的后三位只是顺序号。
name = "{name}"
frame = "{frame}"

[communities]
file = "communities.geojson"
coordinates = "cgcs2000"
code = "code"
name = "name"
street = "street"
district = "district"

[households]
file = "households.csv"
lon = "lon"
lat = "lat"
coordinates = "cgcs2000"
id = "id"
households = "households"
persons = "persons"
compound = "compound"
building = "building"

[[barriers]]
file = "roads.geojson"
coordinates = "cgcs2000"
name = "name"
kind_from = {{ column = "class", expressway = "expressway", main_road = "main_road", road = "road", lane = "lane" }}

[[barriers]]
file = "river.geojson"
coordinates = "cgcs2000"
name = "name"
kind = "river"

# The shore of a lake is worth following, but a grid may well have a lake in its middle: to span it costs nothing.
[[barriers]]
file = "lake.geojson"
coordinates = "cgcs2000"
name = "name"
kind = "drain"
{railway}
[compounds]
file = "compounds.geojson"
coordinates = "cgcs2000"
name = "name"

[dedicated]
file = "dedicated.geojson"
coordinates = "cgcs2000"
name = "name"
subtype = "subtype"
"""

_RAILWAY = """
[[barriers]]
file = "railway.geojson"
coordinates = "cgcs2000"
name = "name"
kind = "railway"
"""

_PAGE = """\
# {name}

这是程序生成的示例数据，不是真实的地方。街道名称和九位代码取自公开的行政区划代码，街道的位置、形状，以及社区、小区、
道路、河流、单位、住户全部是虚构的。十二位社区代码的后三位（001 起）只是顺序号。

This town is made up by a program. Street names and their nine-digit codes are real ones; where they lie, and every
community, compound, road, river, office and household, is invented. The last three digits of the community codes are
running numbers.

| | |
|---|---|
| communities 社区 | {communities:,} |
| compounds 小区 | {compounds:,} |
| dedicated areas 专属区域 | {dedicated:,} |
| household points 住户点 | {points:,} |
| households 户 | {households:,} |
| persons 人 | {persons:,} |
| made by | {made} |

Coordinates are longitude and latitude in CGCS2000 (EPSG:4490) with nine decimals; every vertex lies on the 1 cm grid of
{frame}.
"""


def town_files(
    ground: Ground,
    parcels: Sequence[Parcel],
    homes: Homes,
    lake: NDArray[np.float64],
    *,
    name: str,
    made: str,
) -> dict[str, bytes]:
    """Return the files of a town by their names.

    Parameters
    ----------
    ground, parcels, homes
        The town.
    lake
        Corners (n, 2) of the lake, metres.
    name
        What the town is called.
    made
        The call that made it.
    """
    # Each vertex is carried to degrees once, whoever uses it: neighbours stay equal to the last digit.
    degrees = np.round(transform(ground.mesh.all_xy(), FRAME, CGCS2000), DECIMALS)
    files = {
        "communities.geojson": _collection(_communities(ground, degrees)),
        "compounds.geojson": _collection(_compounds(ground, parcels, degrees)),
        "dedicated.geojson": _collection(_dedicated(ground, parcels, degrees)),
        "roads.geojson": _collection(_ways(ground, degrees, {"expressway", "main_road", "road", "lane"})),
        "river.geojson": _collection(_ways(ground, degrees, {"river"})),
        "lake.geojson": _collection(
            [_feature({"name": "示例湖"}, "Polygon", [_closed(np.round(transform(lake, FRAME, CGCS2000), DECIMALS))])]
        ),
        "households.csv": _households(ground, parcels, homes),
    }
    railway = list(_ways(ground, degrees, {"railway"}))
    if railway:
        files["railway.geojson"] = _collection(railway)
    files["town.toml"] = _MANIFEST.format(mark=MARK, name=name, frame=FRAME, railway=_RAILWAY if railway else "").encode()
    files["README.md"] = _PAGE.format(
        name=name,
        communities=len(ground.communities),
        compounds=sum(parcel.use in COMPOUNDS for parcel in parcels),
        dedicated=sum(parcel.use is Use.DEDICATED for parcel in parcels),
        points=len(homes.households),
        households=int(homes.households.sum()),
        persons=int(homes.persons.sum()),
        made=made,
        frame=FRAME,
    ).encode()
    return files


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Write a folder at once: it is there complete, or as it was before.

    Raises
    ------
    InputError
        When something other than a sample town lies at `folder`.
    """
    if folder.exists() and not _may_replace(folder):
        msg = f"{folder} is there and is no sample town: name another folder"
        raise InputError(msg)
    with whole_folder(folder) as draft:
        for name, content in files.items():
            (draft / name).write_bytes(content)


def _may_replace(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    manifest = folder / "town.toml"
    return not any(folder.iterdir()) or (manifest.is_file() and manifest.read_bytes().startswith(MARK.encode()))


def _communities(ground: Ground, degrees: NDArray[np.float64]) -> Iterable[bytes]:
    for community in ground.communities:
        properties = {
            "code": community.code,
            "name": community.name,
            "street": community.street.name,
            "street_code": community.street.code,
            "district": community.street.district,
        }
        yield _feature(properties, "Polygon", [_closed(degrees[ground.mesh.ring(community.ring)])])


def _compounds(ground: Ground, parcels: Sequence[Parcel], degrees: NDArray[np.float64]) -> Iterable[bytes]:
    for parcel in parcels:
        if parcel.use in COMPOUNDS:
            properties = {"name": parcel.name, "community": ground.communities[parcel.community].code}
            yield _feature(properties, "Polygon", [_closed(degrees[ground.mesh.ring(parcel.ring)])])


def _dedicated(ground: Ground, parcels: Sequence[Parcel], degrees: NDArray[np.float64]) -> Iterable[bytes]:
    for parcel in parcels:
        if parcel.use is Use.DEDICATED:
            properties = {
                "name": parcel.name,
                "subtype": parcel.subtype,
                "community": ground.communities[parcel.community].code,
            }
            yield _feature(properties, "Polygon", [_closed(degrees[ground.mesh.ring(parcel.ring)])])


def _ways(ground: Ground, degrees: NDArray[np.float64], kinds: set[str]) -> Iterable[bytes]:
    for way in ground.ways:
        if way.kind in kinds:
            properties = {"name": way.name, "class": way.kind}
            yield _feature(properties, "LineString", degrees[ground.mesh.path(way.path)])


def _households(ground: Ground, parcels: Sequence[Parcel], homes: Homes) -> bytes:
    lines = ["id,lon,lat,households,persons,compound,building"]
    degrees = transform(homes.xy, FRAME, CGCS2000)
    numbers = [0] * len(ground.communities)
    columns = (homes.households, homes.persons, homes.parcel, homes.slab, homes.door)
    rows = zip(degrees.tolist(), *(column.tolist() for column in columns), strict=True)
    for (lon, lat), households, persons, index, slab, door in rows:
        parcel = parcels[index]
        community = ground.communities[parcel.community]
        numbers[parcel.community] += 1
        key = f"{community.code}-{numbers[parcel.community]:04d}"
        building = f"{parcel.address}{slab}号楼{door}单元"
        lines.append(f"{key},{lon:.9f},{lat:.9f},{households},{persons},{parcel.name},{building}")
    return ("\n".join(lines) + "\n").encode()


def _closed(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([ring, ring[:1]])


def _feature(properties: dict[str, Any], kind: str, coordinates: object) -> bytes:
    feature = {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}
    return orjson.dumps(feature, option=orjson.OPT_SERIALIZE_NUMPY)


def _collection(features: Iterable[bytes]) -> bytes:
    frame = b'{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4490"}}'
    head = b'{"type":"FeatureCollection","crs":' + frame + b',"features":[\n'
    return head + b",\n".join(features) + b"\n]}\n"


def lake_outline(ground: Ground, parcels: Sequence[Parcel], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a lake in the middle of its park; return its corners (n, 2), metres."""
    park = next(parcel for parcel in parcels if parcel.use is Use.LAKE)
    ring = ground.mesh.xy(ground.mesh.ring(park.ring))
    angle = np.linspace(0.0, 2 * np.pi, LAKE_CORNERS, endpoint=False)
    phase = rng.uniform(0.0, 2 * np.pi, 3)
    shore = shapely.linearrings(ring)
    middle = shapely.point_on_surface(shapely.polygons(ring))
    x, y = shapely.get_coordinates(middle)[0]
    radius = 0.6 * shapely.distance(shore, middle) * (1.0 + sum(0.09 * np.sin((k + 2) * angle + phase[k]) for k in range(3)))
    return snap(np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)]))
