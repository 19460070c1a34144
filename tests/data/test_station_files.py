"""Stations on disk: written whole, read back as they were, refused with every fault at once."""

from __future__ import annotations

import json

import numpy as np
import pyogrio
import pytest
import shapely

from data.plan_files import write_plan
from data.plan_folder import read_homes, read_plan
from data.station_files import read_stations, write_stations
from data.stations_there import read_there
from gis.errors import InputError, WanggeError
from gis.frame import WGS84, transform
from partition.engine import divide
from partition.prove import prove
from partition.rules import Rules
from partition.stations import site_stations
from partition.walk import straight
from tests.drawn import sketch


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """The folder of a plan of two communities."""
    drawing = sketch("A200 A200 B200 B200\nA200 A200 B150 B150\nA200 A200 B150 B150")
    town = drawing.town()
    made = divide(town, Rules(), seed=1)
    folder = tmp_path_factory.mktemp("plan") / "plan"
    write_plan(folder, made, town, prove(made, town), pages={})
    return folder


@pytest.fixture(scope="module")
def sited(plan):
    """What the plan's record says, its net, its homes, and three stations."""
    record, net = read_plan(plan)
    homes = read_homes(plan, net)
    return record, net, homes, site_stations(net.polygon, homes, straight(1.3), reach_m=500.0, count=3)


def write(folder, sited):
    """Write stations."""
    record, net, _, siting = sited
    write_stations(
        folder, siting, net, crs=record["frame"], codes=["S1", "S2", "S3"], names=["一", "二", "三"], about={"town": "x"}
    )
    return folder


def test_what_is_written_is_read_back(tmp_path, sited):
    """Points, grids and service areas come back as they went out, in degrees."""
    record, net, homes, siting = sited
    found = read_stations(write(tmp_path / "sites", sited))
    assert [each["code"] for each in found] == ["S1", "S2", "S3"]
    assert sorted(code for each in found for code in each["grids"]) == sorted(net.code)
    xy = transform(np.array([(each["lon"], each["lat"]) for each in found]), WGS84, record["frame"])
    assert np.abs(xy - siting.xy).max() < 0.001
    for k, each in enumerate(found):
        assert each["stands_in"] in each["grids"]
        assert each["grids"] == [net.code[g] for g in np.flatnonzero(siting.station == k)]
        outline = shapely.from_geojson(json.dumps(each["service_area"]))
        assert shapely.covers(outline.buffer(1e-8), shapely.Point(each["lon"], each["lat"]))
    said = json.loads((tmp_path / "sites" / "stations.json").read_text())
    assert said["households"] == said["households_reached"] + sum(each["households"] for each in said["not_reached"])
    assert said["households"] == int(homes.households.sum())


def test_desktop_gis_reads_the_layers(tmp_path, sited):
    """The GeoPackage has the stations, their areas and every grid with its station, in the plan's frame."""
    path = write(tmp_path / "sites", sited) / "stations.gpkg"
    layers = {name: pyogrio.read_dataframe(path, layer=name) for name, _ in pyogrio.list_layers(path)}
    assert set(layers) == {"stations", "service_areas", "grids"}
    assert layers["service_areas"].area.sum() == pytest.approx(layers["grids"].area.sum())
    assert set(layers["grids"]["station"]) == {"S1", "S2", "S3"}
    assert str(layers["stations"].crs) == sited[0]["frame"]


def test_a_folder_of_something_else_is_left_alone(tmp_path, sited):
    """Stations replace stations, and nothing else."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    with pytest.raises(WanggeError, match=r"letter\.txt"):
        write(folder, sited)
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]
    write(write(tmp_path / "sites", sited), sited)


def test_a_spoiled_folder_is_named(tmp_path, sited):
    """A file that is missing or no longer what was written is an answer that names the folder."""
    folder = write(tmp_path / "sites", sited)
    (folder / "service_areas.geojson").write_text('{"features": [{}]}')
    with pytest.raises(InputError) as refused:
        read_stations(folder)
    assert refused.value.findings[0].file == "sites"


def points(path, record, places, **columns):
    """Write points in metres as GeoJSON in degrees."""
    lonlat = transform(np.array(places, dtype=float).reshape(-1, 2), record["frame"], WGS84).tolist()
    rows = [{name: values[k] for name, values in columns.items()} for k in range(len(lonlat))]
    features = [
        {"type": "Feature", "properties": row, "geometry": {"type": "Point", "coordinates": at}}
        for row, at in zip(rows, lonlat, strict=True)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_stations_that_stay_are_read(tmp_path, sited):
    """Points become stations in the plan's frame, on the 1 cm grid; one without a name is called by its code."""
    record, net, homes, _ = sited
    path = points(tmp_path / "old.geojson", record, [homes.xy[0]], code=["A1"], name=[None])
    there = read_there(path, record["frame"], net)
    assert (there.code, there.name) == (("A1",), ("A1",))
    assert np.abs(there.xy - homes.xy[0]).max() <= 0.01


def test_every_fault_of_a_file_is_told_at_once(tmp_path, sited):
    """A station outside, one that shares a grid, one without a code and a code that comes twice are told with their rows."""
    record, net, homes, _ = sited
    at = homes.xy[homes.grid == 0][0]
    away = net.polygon[0].bounds[0] - 9_000.0
    path = points(tmp_path / "old.geojson", record, [at, at, [away, at[1]]], code=["A1", "A1", ""], name=["", "", ""])
    with pytest.raises(InputError) as refused:
        read_there(path, record["frame"], net)
    assert sorted((each.kind, each.row) for each in refused.value.findings) == [
        ("no_code", 3), ("outside", 3), ("same_code", 2), ("same_grid", 2),
    ]  # fmt: skip
