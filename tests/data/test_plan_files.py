"""A plan on disk: all or nothing, the columns that were promised, coordinates that stay shared."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from data.grid_layer import read_grid_layer
from data.plan_files import assignment, check_target, geojson, grid_columns, write_plan
from gis.errors import WanggeError
from gis.town import LineKind
from partition.audit import audit
from partition.engine import divide
from partition.rules import Rules
from tests.drawn import Home, Line, certificate, sketch

COLUMNS = [
    *("code", "name", "kind", "subtype", "community", "street", "households", "persons", "buildings", "area_m2"),
    *("perimeter_m", "compactness", "east", "south", "west", "north", "bounds_text", "exception"),
]
CODES = {"A": "370103016001", "B": "370103016002"}


@pytest.fixture(scope="module")
def town():
    """Two communities with codes of 12 digits, a river, an office and a household outside."""
    drawing = sketch("A200 A200 B200 B200\nA200 A200 B150 B150")
    drawing.communities = {CODES[code]: shape for code, shape in drawing.communities.items()}
    drawing.lines.append(Line(LineKind.RIVER, [(-9, 31), (409, 47)], "清河"))
    drawing.dedicated = [("楼", shapely.box(150, 150, 190, 195))]
    drawing.homes += [Home(900, 900, 3, id='外,"1"'), Home(200, 20, 4)]
    return drawing.town()


@pytest.fixture(scope="module")
def plan(town):
    return divide(town, Rules(), seed=1)


@pytest.fixture(scope="module")
def report(plan, town):
    return certificate(plan, town)


@pytest.fixture(scope="module")
def made(plan, town, report):
    """What `write_plan` takes."""
    return plan, town, report


@pytest.fixture(scope="module")
def folder(tmp_path_factory, plan, town, report):
    where = tmp_path_factory.mktemp("out") / "new" / "plan"
    write_plan(where, plan, town, report, pages={"map.html": "<p>图</p>"}, blocks=True)
    return where


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_all_files_are_there(folder):
    """A plan is these five files, and nothing else lies beside it."""
    assert set(contents(folder)) == {"grids.gpkg", "grids.geojson", "assignment.csv", "plan.json", "map.html"}
    assert [path.name for path in folder.parent.iterdir()] == ["plan"]
    assert (folder / "map.html").read_text("utf-8") == "<p>图</p>"


def test_columns(plan, town):
    """Grids have exactly the columns that were promised, in that order, in every output."""
    assert list(grid_columns(plan, town)) == COLUMNS


def test_geojson(folder, plan, town):
    """The web layer is RFC 7946: longitude first, shells anticlockwise, no crs member, ids and promised columns."""
    layer = json.loads((folder / "grids.geojson").read_bytes())
    assert layer.keys() == {"type", "features"}
    assert [feature["id"] for feature in layer["features"]] == list(plan.grids.code)
    for feature in layer["features"]:
        assert list(feature["properties"]) == COLUMNS
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        west, south, east, north = shape.bounds
        assert 73 < west < east < 136
        assert 18 < south < north < 54
        assert all(ring.is_ccw for ring in [part.exterior for part in shapely.get_parts(shape)])
        assert not any(ring.is_ccw for part in shapely.get_parts(shape) for ring in part.interiors)
    assert (folder / "grids.geojson").read_bytes() == geojson(plan, town)


def test_shared_vertices_stay_shared(folder, plan):
    """Points that two grids share on the 1 cm grid are the same numbers in the GeoJSON, and different ones differ."""
    layer = json.loads((folder / "grids.geojson").read_bytes())
    shapes = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in layer["features"]])
    assert shapely.coverage_is_valid(shapes)
    metric = [tuple(xy) for polygon in plan.grids.polygon for xy in np.rint(100 * shapely.get_coordinates(polygon))]
    degrees = [tuple(xy) for polygon in shapes for xy in shapely.get_coordinates(polygon)]
    assert sorted(Counter(metric).values()) == sorted(Counter(degrees).values())


def test_assignment(folder, plan, town):
    """Every household point has one line in the order of its file; one outside every community has no grid."""
    rows = list(csv.DictReader(io.StringIO((folder / "assignment.csv").read_text("utf-8"), newline="")))
    assert [row["household_id"] for row in rows] == list(town.households.id)
    codes = [*plan.grids.code, ""]
    assert [row["grid_code"] for row in rows] == [codes[k] for k in plan.grid_of_household.tolist()]
    assert rows[-2] == {"household_id": '外,"1"', "grid_code": ""}
    assert (folder / "assignment.csv").read_bytes() == assignment(plan, town)


def test_codes_have_fifteen_digits(plan):
    """Communities with codes of 12 digits give grids with codes of 15: the community's and a number from 001."""
    for community in CODES.values():
        mine = sorted(code for code in plan.grids.code if code.startswith(community))
        assert mine == [f"{community}{k:03}" for k in range(1, len(mine) + 1)]
    assert all(len(code) == 15 and code.isdecimal() for code in plan.grids.code)


def test_plan_json(folder, plan):
    """The record says what went in and came out: rules, seed, digests of the files as they lie there, proof."""
    record = json.loads((folder / "plan.json").read_bytes())
    for name in ("grids.geojson", "assignment.csv"):
        assert record["outputs"][name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert record["seed"] == 1
    assert record["rules"]["maximum"] == 500
    assert record["rules_digest"] == plan.rules.digest()
    assert record["audit"]["clean"]
    assert [c["exact"] for c in record["audit"]["communities"]] == [True, True]
    assert sum(c["households"] for c in record["communities"]) == int(plan.grids.households.sum())
    assert {e["code"] for e in record["exceptions"]} == {
        code for code, e in zip(plan.grids.code, plan.grids.exception, strict=True) if e is not None
    }
    assert [b["code"] for b in record["bounds"]] == list(plan.grids.code)
    assert {f["kind"] for f in record["findings"]} >= {"households_outside"}
    for units in (c["units"] for c in record["communities"]):
        assert all(unit["gap"] is None or unit["gap"] >= 0 for unit in units)


def test_geopackage(folder, plan):
    """The GeoPackage holds the layers in the metric frame, every vertex on the 1 cm grid, counts as numbers."""
    path = folder / "grids.gpkg"
    assert {str(row[0]) for row in pyogrio.list_layers(path)} == {"grids", "households", "communities", "blocks"}
    counts = {"grids": len(plan.grids), "households": 10, "communities": 2, "blocks": len(plan.blocks)}
    for layer, count in counts.items():
        frame = pyogrio.read_dataframe(path, layer=layer)
        assert len(frame) == count
        assert frame.crs.to_epsg() == 4548
        cm = 100 * shapely.get_coordinates(frame.geometry.array)
        assert np.abs(cm - np.rint(cm)).max() < 1e-4
    grids = pyogrio.read_dataframe(path, layer="grids")
    assert [c for c in grids.columns if c != "geometry"] == COLUMNS
    assert grids["households"].tolist() == plan.grids.households.tolist()
    homes = pyogrio.read_dataframe(path, layer="households")
    assert homes.groupby("grid")["households"].sum().drop("").to_dict() == {
        code: count
        for code, count in zip(plan.grids.code, plan.grids.households.tolist(), strict=True)
        if code in set(homes["grid"])
    }


def test_the_written_layer_passes_the_audit(folder, town):
    """What was written, read again as anybody's layer, is proven by equality."""
    layer, noded = read_grid_layer(folder / "grids.gpkg", town.frame)
    report = audit(layer, town=town, rules=Rules(), communities=noded)
    assert report.clean
    assert report.exact


@pytest.mark.parametrize("where", ["plan_files.write_layers", "whole_folder._put_in_place", "plan_files.orjson.dumps"])
def test_a_failure_leaves_nothing(where, tmp_path, made, monkeypatch):
    """Whatever fails on the way, there is no folder, and no draft beside it."""
    monkeypatch.setattr(f"data.{where}", fail)
    with pytest.raises(OSError, match="disk"):
        write_plan(tmp_path / "plan", *made, pages={})
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["plan_files.write_layers", "whole_folder._put_in_place"])
def test_a_failure_leaves_the_old_plan(where, tmp_path, made, monkeypatch):
    """Where a plan lies already, a failure leaves it as it was."""
    write_plan(tmp_path / "plan", *made, pages={})
    before = contents(tmp_path / "plan")
    monkeypatch.setattr(f"data.{where}", fail)
    with pytest.raises(OSError, match="disk"):
        write_plan(tmp_path / "plan", *made, pages={"map.html": "new"})
    assert contents(tmp_path / "plan") == before
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]


def test_a_failure_in_the_middle_of_the_swap_brings_the_old_plan_back(tmp_path, made, monkeypatch):
    """Where the old plan is set aside and the new one cannot be put in its place, the old one comes back."""
    write_plan(tmp_path / "plan", *made, pages={})
    before = contents(tmp_path / "plan")
    rename = Path.rename

    def second_fails(path, target):
        if path.name.startswith(".plan-") and not path.name.endswith("-old"):
            fail()
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(OSError, match="disk"):
        write_plan(tmp_path / "plan", *made, pages={})
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]
    assert contents(tmp_path / "plan") == before


def fail(*_args, **_kwargs):
    msg = "disk full"
    raise OSError(msg)


def test_a_plan_is_replaced_whole(tmp_path, made):
    """A plan that lies there is replaced: files that the new one does not have are gone."""
    write_plan(tmp_path / "plan", *made, pages={"map.html": "old"}, blocks=True)
    write_plan(tmp_path / "plan", *made, pages={})
    assert set(contents(tmp_path / "plan")) == {"grids.gpkg", "grids.geojson", "assignment.csv", "plan.json"}
    assert "blocks" not in {str(row[0]) for row in pyogrio.list_layers(tmp_path / "plan" / "grids.gpkg")}


def test_other_peoples_files_are_never_touched(tmp_path, made):
    """A folder with other files, or a file by that name, is refused and stays as it is."""
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine too")
    for target in (tmp_path, tmp_path / "file"):
        with pytest.raises(WanggeError):
            check_target(target)
        with pytest.raises(WanggeError):
            write_plan(target, *made, pages={})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "notes.txt"]
    check_target(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    check_target(tmp_path / "empty")


def test_notes_in_a_plan_folder_survive(tmp_path, made):
    """A file that somebody put beside a plan is not deleted with it: the folder is refused, or the file is kept."""
    write_plan(tmp_path / "plan", *made, pages={})
    (tmp_path / "plan" / "notes.txt").write_text("mine")
    with contextlib.suppress(WanggeError):
        write_plan(tmp_path / "plan", *made, pages={})
    assert (tmp_path / "plan" / "notes.txt").read_text() == "mine"
