"""Anybody's grid layer: columns by many names, any frame, the row number where there is no code."""

from __future__ import annotations

import numpy as np
import pyogrio.raw
import pytest
import shapely

from data.grid_layer import read_grid_layer
from gis.errors import InputError
from gis.frame import Frame, transform_geometry
from partition.audit_layers import UNKNOWN
from tests.drawn import FRAME, areas

SQUARES = areas([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)])
TOWN = Frame(FRAME)


def write(path, columns, *, crs=FRAME, layer="anything", polygon=SQUARES, driver=None):
    """Write polygons with columns."""
    pyogrio.raw.write(
        str(path),
        shapely.to_wkb(polygon),
        field_data=[np.array(values) for values in columns.values()],
        fields=list(columns),
        layer=layer,
        driver=driver,
        geometry_type="Polygon",
        crs=crs,
        append=path.exists(),
    )
    return path


def strings(*values):
    return np.array(values, dtype=object)


@pytest.mark.parametrize("name", ["code", "grid_code", "GRID", "网格编码", "id"])
def test_codes_by_many_names(name, tmp_path):
    """The code is found under its usual names, in any case of letters."""
    path = write(tmp_path / "grids.gpkg", {name: strings("a", "b")})
    layer, noded = read_grid_layer(path, TOWN)
    assert layer.code == ("a", "b")
    assert noded is None


def test_without_columns(tmp_path):
    """A layer without any known column has row numbers for codes and says nothing else."""
    path = write(tmp_path / "grids.gpkg", {"colour": strings("red", "blue")})
    layer, _ = read_grid_layer(path, TOWN)
    assert layer.code == ("1", "2")
    assert layer.community == layer.kind == layer.exception == ("", "")
    assert layer.households.tolist() == [UNKNOWN, UNKNOWN]
    assert layer.row.tolist() == [1, 2]


def test_counts_however_they_are_stored(tmp_path):
    """Households are read from whole numbers, decimals and text; what is no number is unknown."""
    stored = {
        "ints": (np.array([400, 0]), [400, 0]),
        "reals": (np.array([400.0, np.nan]), [400, UNKNOWN]),
        "texts": (strings("400", "many"), [400, UNKNOWN]),
    }
    for name, (values, expected) in stored.items():
        path = write(tmp_path / f"{name}.gpkg", {"code": strings("a", "b"), "households": values})
        assert read_grid_layer(path, TOWN)[0].households.tolist() == expected


def test_other_frames_come_into_the_towns(tmp_path):
    """A layer in degrees lands on the same centimetres as the one it was made from."""
    degrees = transform_geometry(SQUARES, FRAME, "EPSG:4490")
    path = write(tmp_path / "grids.gpkg", {"code": strings("a", "b")}, crs="EPSG:4490", polygon=degrees)
    layer, _ = read_grid_layer(path, TOWN)
    assert shapely.equals_exact(shapely.normalize(layer.polygon), shapely.normalize(SQUARES), 1e-6).all()


def test_geojson_needs_no_frame(tmp_path):
    """GeoJSON is in degrees by its standard."""
    degrees = transform_geometry(SQUARES, FRAME, "EPSG:4326")
    path = write(tmp_path / "g.geojson", {"code": strings("a", "b")}, crs="EPSG:4326", polygon=degrees, driver="GeoJSON")
    layer, _ = read_grid_layer(path, TOWN)
    assert layer.code == ("a", "b")
    assert shapely.area(layer.polygon) == pytest.approx([10_000, 10_000], abs=5)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_layer_without_a_frame_is_refused(tmp_path):
    """Coordinates without a system are refused with what to do; so is a file that is not there, or is none."""
    path = write(tmp_path / "g.shp", {"code": strings("a", "b")}, crs=None, driver="ESRI Shapefile")
    with pytest.raises(InputError) as refused:
        read_grid_layer(path, TOWN)
    assert [finding.kind for finding in refused.value.findings] == ["unknown_coordinates"]
    (tmp_path / "bad.gpkg").write_text("no database")
    for missing in (tmp_path / "missing.gpkg", tmp_path / "missing.geojson", tmp_path / "bad.gpkg"):
        with pytest.raises(InputError):
            read_grid_layer(missing, TOWN)


def test_our_own_file_brings_its_communities(tmp_path):
    """A file with layers `grids` and `communities` is a plan of ours, unless another layer is asked for."""
    path = write(tmp_path / "g.gpkg", {"code": strings("a", "b")}, layer="grids")
    write(path, {"code": strings("A")}, layer="communities", polygon=areas([shapely.box(0, 0, 200, 100)]))
    write(path, {"code": strings("x", "y")}, layer="old")
    layer, noded = read_grid_layer(path, TOWN)
    assert layer.code == ("a", "b")
    assert noded is not None
    assert noded.code == ("A",)
    layer, noded = read_grid_layer(path, TOWN, layer="old")
    assert layer.code == ("x", "y")
    assert noded is None
    with pytest.raises(InputError):
        read_grid_layer(path, TOWN, layer="nothing")
