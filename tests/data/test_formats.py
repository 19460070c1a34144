"""The same town in every format is the same town."""

from __future__ import annotations

import hashlib
import warnings

import geopandas
import numpy as np
import pytest
import shapely

from data.town import check_town, read_town
from gis.errors import InputError
from gis.frame import snap
from tests import towns
from tests.towns import write_town

LAYERS = ("communities", "roads", "compounds")


def frame_of(features, crs="EPSG:4326"):
    """Make a GeoDataFrame of a drawing."""
    rows = list(features)
    frame = geopandas.GeoDataFrame(
        [dict(row.columns) for row in rows], geometry=[towns.to_lon_lat(row.shape) for row in rows], crs="EPSG:4326"
    )
    return frame if crs == "EPSG:4326" else frame.to_crs(crs)


def point_features():
    """Make the households of the sound town a layer of points."""
    return [
        towns.Feature({key: value for key, value in row.items() if key not in {"lon", "lat"}}, towns_point(row))
        for row in towns.households()
    ]


def towns_point(row):
    """Give the point of a row in metres of the drawing."""
    xy = towns.transform([(float(row["lon"]), float(row["lat"]))], towns.WGS84, towns.FRAME) - towns.ORIGIN
    return shapely.Point(xy[0])


def drawn():
    """Every layer of the sound town by its name."""
    return {
        "communities": towns.communities(),
        "roads": towns.roads(),
        "compounds": towns.compounds(),
        "households": point_features(),
    }


def rename(ending, *, layers=False):
    """Make a change to the manifest: every file with another ending, households as points."""

    def change(values):
        for table in (values["communities"], values["households"], *values["barriers"], *values["compounds"]):
            name = table["file"].partition(".")[0]
            table["file"] = "town.gpkg" if layers else name + ending
            if layers:
                table["layer"] = name
        for key in ("lon", "lat", "coordinates"):
            del values["households"][key]

    return change


def save(features, path, **options):
    """Write a drawing as whatever the path's ending says."""
    frame = frame_of(features, options.pop("crs", "EPSG:4326"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the writer's remarks about field widths are none of ours
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path, engine="pyogrio", **options)


def same(town, other):
    """See that two towns are the same in all that a plan is made from."""
    assert town.communities.code == other.communities.code
    assert town.communities.name == other.communities.name
    assert shapely.equals(town.communities.polygon, other.communities.polygon).all()
    assert np.array_equal(town.households.xy, other.households.xy)
    assert np.array_equal(town.households.households, other.households.households)
    assert town.households.id == other.households.id
    assert shapely.equals(town.barriers.line, other.barriers.line).all()
    assert town.barriers.name == other.barriers.name
    assert town.compounds.name == other.compounds.name


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".parquet", ".geojson"])
def test_every_format(tmp_path, ending):
    """GeoPackage, Shapefile, GeoParquet and GeoJSON give the town that CSV and GeoJSON give, and no finding."""
    plain = read_town(write_town(tmp_path / "plain"))
    folder = write_town(tmp_path / "other", change=rename(ending))
    for name, features in drawn().items():
        save(features, folder / f"{name}{ending}", **({"encoding": "UTF-8"} if ending == ".shp" else {}))

    town = read_town(folder)

    same(town, plain)
    assert town.findings == ()


def test_layers_of_one_package(tmp_path):
    """A layer of a GeoPackage is found by its name; without a name there is a choice, which is refused."""
    plain = read_town(write_town(tmp_path / "plain"))
    folder = write_town(tmp_path / "package", change=rename("", layers=True))
    for name, features in drawn().items():
        save(features, folder / "town.gpkg", layer=name)

    same(read_town(folder), plain)

    manifest = (folder / "town.toml").read_text(encoding="utf-8")
    (folder / "town.toml").write_text(manifest.replace('"layer" = "roads"', '"layer" = "raods"'), encoding="utf-8")
    (missing,) = [finding for finding in check_town(folder) if finding.kind == "layer_missing"]
    assert "did you mean roads" in missing.en
    (folder / "town.toml").write_text(manifest.replace('"layer" = "roads"\n', ""), encoding="utf-8")
    assert {finding.kind for finding in check_town(folder)} == {"several_layers"}


def test_a_town_in_one_package(tmp_path):
    """A GeoPackage with a manifest of its name is a town."""
    plain = read_town(write_town(tmp_path / "plain"))
    for name, features in drawn().items():
        save(features, tmp_path / "jinan.gpkg", layer="barriers" if name == "roads" else name)
    (tmp_path / "jinan.toml").write_text(
        '[communities]\ncode = "code"\nname = "name"\n[households]\nid = "id"\nhouseholds = "households"\n'
        '[barriers]\nkind = "road"\nname = "name"\n[compounds]\nname = "name"\n',
        encoding="utf-8",
    )

    town = read_town(tmp_path / "jinan.gpkg")

    same(town, plain)
    assert set(town.digests) == {"jinan.gpkg", "jinan.toml"}
    assert not town.has_persons


def test_shapefile_in_gbk(tmp_path):
    """A Shapefile in GBK without a .cpg is read rightly, Chinese column names included, with a note."""
    folder = write_town(tmp_path, change=lambda values: values["communities"].update(file="区.shp", name="名称"))
    features = [towns.Feature({**f.columns, "名称": f.columns["name"]}, f.shape) for f in towns.communities()]
    save(features, folder / "区.shp", encoding="GBK")
    (folder / "区.cpg").unlink()

    town = read_town(folder)

    assert town.communities.name == ("舜耕", "千佛山")
    assert [finding.kind for finding in town.findings] == ["encoding_guessed"]


def test_shapefile_with_a_false_cpg(tmp_path):
    """Where the .cpg contradicts the bytes, the bytes are believed and the .cpg is named."""
    folder = write_town(tmp_path, change=lambda values: values["communities"].update(file="区.shp"))
    save(towns.communities(), folder / "区.shp", encoding="GBK")
    (folder / "区.cpg").write_text("UTF-8", encoding="ascii")

    town = read_town(folder)

    assert town.communities.name == ("舜耕", "千佛山")
    assert [finding.kind for finding in town.findings] == ["encoding_contradicted"]


def test_shapefile_without_a_system(tmp_path):
    """A Shapefile without .prj is refused until the manifest says its coordinates."""

    def change(values):
        values["communities"]["file"] = "区.shp"

    folder = write_town(tmp_path, change=change)
    save(towns.communities(), folder / "区.shp", encoding="UTF-8")
    (folder / "区.prj").unlink()

    with pytest.raises(InputError) as refused:
        read_town(folder)
    assert [finding.kind for finding in refused.value.findings] == ["coordinates_missing"]

    text = (folder / "town.toml").read_text(encoding="utf-8")
    (folder / "town.toml").write_text(
        text.replace("[communities]", '[communities]\ncoordinates = "CGCS2000"'), encoding="utf-8"
    )
    assert read_town(folder).findings == ()


def test_projected_file(tmp_path):
    """A file in a projected system of its own needs no word in the manifest."""
    folder = write_town(tmp_path, change=lambda values: values["communities"].update(file="a.gpkg"))
    save(towns.communities(), folder / "a.gpkg", crs="EPSG:4549")

    town = read_town(folder)

    assert town.findings == ()
    assert town.frame.crs == "EPSG:4548"


def test_manifest_against_file(tmp_path):
    """Where the manifest and the file name different systems, the manifest holds, with a warning."""

    def change(values):
        values["communities"].update(file="a.gpkg", coordinates="EPSG:4548")

    folder = write_town(tmp_path, change=change)
    save(towns.communities(), folder / "a.gpkg", crs="EPSG:4548")
    assert check_town(folder) == ()

    (folder / "a.gpkg").unlink()
    save(towns.communities(), folder / "a.gpkg", crs="EPSG:4549")
    assert "coordinates_contradicted" in {finding.kind for finding in check_town(folder)}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_csv_encodings(tmp_path, encoding):
    """CSV with a byte order mark or in GBK is read rightly, with a note."""

    def change(values):
        values["households"]["compound"] = "小区"

    rows = [{**row, "小区": "阳光家园"} for row in towns.households()]
    town = read_town(write_town(tmp_path, households=rows, change=change, encoding=encoding))

    assert set(town.households.compound) == {"阳光家园"}
    expected = "byte_order_mark" if encoding == "utf-8-sig" else "encoding_guessed"
    assert [finding.kind for finding in town.findings] == [expected]


def test_geojson_in_gbk(tmp_path):
    """GeoJSON in GBK, which no standard allows, is read rightly with a note."""
    folder = write_town(tmp_path)
    path = folder / "communities.geojson"
    path.write_bytes(path.read_text(encoding="utf-8").encode("gbk"))

    town = read_town(folder)

    assert town.communities.name == ("舜耕", "千佛山")
    assert [finding.kind for finding in town.findings] == ["encoding_guessed"]


def test_plain_parquet_with_columns(tmp_path):
    """Parquet without shapes gives points by its columns of longitude and latitude."""
    import pandas as pd  # noqa: PLC0415 as the program does

    folder = write_town(tmp_path, change=lambda values: values["households"].update(file="households.parquet"))
    rows = [{**row, "lon": float(row["lon"]), "lat": float(row["lat"])} for row in towns.households()]
    pd.DataFrame(rows).to_parquet(folder / "households.parquet")

    assert read_town(folder).households.households.sum() == 1920


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_shifted_coordinates_come_back(tmp_path, system):
    """Households given in GCJ-02 or BD-09 land where WGS 84 puts them, to the 1 cm grid, with a note."""
    plain = read_town(write_town(tmp_path / "plain"))
    rows = [shifted(row, system) for row in towns.households()]
    folder = write_town(
        tmp_path / "shifted", households=rows, change=lambda values: values["households"].update(coordinates=system)
    )

    town = read_town(folder)

    assert np.abs(town.households.xy - plain.households.xy).max() <= 0.011
    assert [finding.kind for finding in town.findings] == ["shift_undone"]


def shifted(row, system):
    """Move one row of the household file into a shifted system."""
    from gis.chinese_frames import from_wgs84  # noqa: PLC0415 beside its only use

    ((lon, lat),) = from_wgs84([(float(row["lon"]), float(row["lat"]))], system).tolist()
    return {**row, "lon": f"{lon:.9f}", "lat": f"{lat:.9f}"}


def test_everything_lies_on_the_grid(tmp_path):
    """Every vertex and point of a town is a whole number of centimetres."""
    town = read_town(write_town(tmp_path))
    vertices = np.vstack(
        [
            shapely.get_coordinates(town.communities.polygon),
            shapely.get_coordinates(town.barriers.line),
            shapely.get_coordinates(town.compounds.polygon),
            town.households.xy,
        ]
    )

    assert np.array_equal(snap(vertices), vertices)


def test_digests_of_all_that_was_read(tmp_path):
    """Every file that was read has its SHA-256, the parts of a Shapefile and the manifest among them."""
    folder = write_town(tmp_path, change=lambda values: values["communities"].update(file="in/area.shp"))
    (folder / "in").mkdir()
    save(towns.communities(), folder / "in" / "area.shp", encoding="UTF-8")

    digests = read_town(folder).digests

    assert set(digests) == {
        "town.toml",
        "households.csv",
        "roads.geojson",
        "compounds.geojson",
        *(f"in/area.{part}" for part in ("shp", "shx", "dbf", "prj", "cpg")),
    }
    assert digests["town.toml"] == hashlib.sha256((folder / "town.toml").read_bytes()).hexdigest()


def test_arrays_are_read_only(tmp_path):
    """A town's arrays cannot be written to."""
    town = read_town(write_town(tmp_path))

    for array in (
        town.communities.polygon,
        town.communities.row,
        town.households.xy,
        town.households.households,
        town.households.persons,
        town.barriers.line,
        town.barriers.kind,
        town.compounds.polygon,
        town.existing_grids.polygon,
    ):
        assert not array.flags.writeable
