"""Faults in a town's files: each alone, and many at once."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import box

from data.sentences import SENTENCES
from data.text import original
from data.town import check_town, read_town
from gis.errors import InputError
from gis.finding import Severity
from tests import towns
from tests.towns import Feature, household, households, write_town

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE


def with_row(number, **cells) -> dict[str, Any]:
    """Give the households of the sound town, with some cells of one row (counted from 1) changed."""
    rows = households()
    rows[number - 1] = {**rows[number - 1], **cells}
    return {"households": rows}


def with_more(*rows) -> dict[str, Any]:
    """Give the households of the sound town and more."""
    return {"households": [*households(), *rows]}


def areas(*shapes) -> dict[str, Any]:
    """Give communities of these shapes, with codes from C1 on."""
    return {
        "communities": [
            Feature({"code": f"C{number}", "name": "", "street": "", "district": ""}, shape)
            for number, shape in enumerate(shapes, 1)
        ]
    }


def manifest(table, **keys) -> dict[str, Any]:
    """Change keys of a table of the manifest; None takes a key out."""

    def change(values):
        entry = values.setdefault(table, {})
        entry = entry[0] if isinstance(entry, list) else entry
        entry.update({key: value for key, value in keys.items() if value is not None})
        for key in [key for key, value in keys.items() if value is None]:
            entry.pop(key, None)

    return {"change": change}


WEST, EAST = box(0, 0, 600, 400), box(600, 0, 1200, 400)
BOW_TIE = shapely.Polygon([(600, 0), (1200, 400), (1200, 0), (600, 400)])
HOLED = shapely.difference(WEST, box(276, 176, 296, 196))
TURNED = [{**row, "lon": row["lat"], "lat": row["lon"]} for row in households()]

# what is wrong: how to write it, the kind of finding, its severity, its row, its field
FAULTS: dict[str, Any] = {
    # files
    "file": (manifest("barriers", file="road.geojson"), "file_missing", E, None, None),
    "format": (manifest("barriers", file="town.toml"), "unknown_format", E, None, None),
    "column": (manifest("households", households="household"), "missing_column", E, None, "household"),
    "street that is no column": (manifest("communities", street="舜耕街道"), "missing_column", E, None, "舜耕街道"),
    "where": (manifest("compounds", where={"tpye": 1}), "missing_column", E, None, "tpye"),
    "no such rows": (manifest("compounds", where={"name": ["x", "y"]}), "empty_layer", W, None, None),
    "no communities": ({"communities": []}, "empty_layer", E, None, None),
    "no households": ({"households": []}, "empty_layer", E, None, None),
    "no system": (manifest("households", coordinates=None), "coordinates_missing", E, None, "coordinates"),
    "no shape": (manifest("compounds", file="households.csv", name=None), "no_geometry", E, None, "geometry"),
    "lines without shape": (manifest("barriers", file="households.csv", name=None), "no_geometry", E, None, "geometry"),
    "no columns of points": (manifest("households", lon=None, lat=None), "no_geometry", E, None, "geometry"),
    # cells
    "word": (with_row(3, households="many"), "not_a_number", E, 3, "households"),
    "full-width digits": (with_row(3, households="１２"), "not_a_number", E, 3, "households"),
    "underscore": (with_row(3, households="1_0"), "not_a_number", E, 3, "households"),
    "thousands": (with_row(3, households="1,024"), "decimal_comma", E, 3, "households"),
    "decimal comma": (with_row(3, lat="36,65"), "decimal_comma", E, 3, "lat"),
    "nan": (with_row(3, lon="NaN"), "not_finite", E, 3, "lon"),
    "infinite": (with_row(3, lat="1e999"), "not_finite", E, 3, "lat"),
    "empty coordinate": (with_row(3, lon=""), "empty_value", E, 3, "lon"),
    "empty count": (with_row(3, households=" "), "empty_value", E, 3, "households"),
    "negative": (with_row(3, persons="-1"), "negative_count", E, 3, "persons"),
    "fraction": (with_row(3, households="2.5"), "fractional_count", E, 3, "households"),
    "too many": (with_row(3, households="370103"), "implausible_count", W, 3, "households"),
    "no id": (with_row(3, id=""), "empty_value", E, 3, "id"),
    "same id": (with_row(3, id="H0001"), "duplicate_id", E, 3, "id"),
    "id of a spreadsheet": (with_row(3, id="3.70103E+11"), "spreadsheet_number", E, 3, "id"),
    "spaces": (with_row(3, id=" H0003"), "spaces_stripped", N, 3, "id"),
    "mojibake": (with_row(3, id="济南市".encode().decode("latin-1")), "mojibake", W, 3, "id"),
    "mojibake in GBK": (with_row(3, id="泉城路".encode().decode("gb18030", "replace")), "mojibake", W, 3, "id"),
    "no ids": (manifest("households", id=None), "row_number_as_id", N, None, "id"),
    # points
    "off the Earth": (with_row(3, lat="96.65"), "outside_world", E, 3, "lon"),
    "nowhere": (with_row(3, lat="0", lon="0.0"), "zero_coordinate", E, 3, "lon"),
    "turned point": (with_row(3, lon=TURNED[2]["lon"], lat=TURNED[2]["lat"]), "axes_swapped_row", E, 3, "lon"),
    "turned file": ({"households": TURNED}, "axes_swapped", E, None, "lon"),
    "turned manifest": (manifest("households", lon="lat", lat="lon"), "axes_swapped", E, None, "lon"),
    "another zone": (manifest("households", coordinates="EPSG:4548"), "layer_elsewhere", E, None, "coordinates"),
    "outside": (with_more(household(900, 1300, 200)), "outside_communities", W, 193, None),
    "shared": (with_more(household(900, 50, 40)), "shared_coordinate", N, 1, None),
    "nobody": (with_row(3, households=0), "zero_households", N, None, "households"),
    # communities
    "same code": (
        {"communities": [towns.communities()[0], Feature(towns.communities()[0].columns, EAST)]},
        "duplicate_code",
        E,
        2,
        "code",
    ),
    "code with a slash": (
        {"communities": [towns.communities()[0], Feature({**towns.communities()[1].columns, "code": "C/2"}, EAST)]},
        "not_addressable",
        E,
        2,
        "code",
    ),
    "street of dots": (
        {"communities": [Feature({**towns.communities()[0].columns, "street": ".."}, WEST), towns.communities()[1]]},
        "not_addressable",
        E,
        1,
        "street",
    ),
    "one district with a slash": (
        manifest("communities", district={"value": "市中区/历下区"}),
        "not_addressable",
        E,
        None,
        "district",
    ),
    "bow tie": (areas(WEST, BOW_TIE), "invalid_polygon", E, 2, "geometry"),
    "no polygon": (areas(WEST, None), "empty_geometry", E, 2, "geometry"),
    "empty polygon": (areas(WEST, EAST, shapely.Polygon()), "empty_geometry", E, 3, "geometry"),
    "line": (areas(WEST, EAST, shapely.LineString([(0, 0), (9, 9)])), "wrong_geometry_type", E, 3, "geometry"),
    "overlap": (areas(WEST, box(590, 0, 1200, 400)), "overlap", E, 2, "geometry"),
    "overlap for the first": (
        areas(WEST, box(590, 0, 1200, 400)) | manifest("communities", on_overlap="first"),
        "overlap_to_first",
        W,
        2,
        "geometry",
    ),
    "overlapping sliver": (areas(WEST, box(599.5, 0, 1200, 400)), "overlap_sliver", N, 2, "geometry"),
    "open sliver": (areas(WEST, box(600.5, 0, 1200, 400)), "gap_sliver", N, 2, "geometry"),
    "gap": (areas(HOLED, EAST, box(276, 176, 280, 196)), "gap", W, 3, "geometry"),
    "hole": (areas(HOLED, EAST), "community_hole", N, 1, "geometry"),
    "parts": (areas(WEST, shapely.union(EAST, box(1300, 0, 1400, 100))), "multipart_community", N, 2, None),
    "nobody there": (areas(WEST, EAST, box(1200, 0, 1300, 400)), "no_households", N, 3, None),
    # lines, compounds, dedicated areas
    "point among lines": (
        {"roads": [*towns.roads(), Feature({"name": "", "type": ""}, shapely.Point(5, 5))]},
        "wrong_geometry_type",
        W,
        7,
        "geometry",
    ),
    "no length": (
        {"roads": [*towns.roads(), Feature({"name": "", "type": ""}, shapely.LineString([(5, 5), (5, 5.001)]))]},
        "vanished",
        N,
        7,
        "geometry",
    ),
    "unlisted kind": (
        manifest("barriers", kind=None, kind_from={"column": "name", "南路": "road"}),
        "kind_unmapped",
        E,
        None,
        "name",
    ),
    "roads elsewhere": (
        {"roads": [Feature({"name": "", "type": ""}, shapely.LineString([(9e4, 0), (9e4, 99)]))]},
        "layer_elsewhere",
        W,
        None,
        "coordinates",
    ),
    "compound in two": (
        {"compounds": [*towns.compounds(), Feature({"name": "大院"}, box(590, 180, 610, 190))]},
        "compound_straddles",
        N,
        9,
        None,
    ),
    "frame": ({"change": lambda values: values.update(frame="EPSG:3857")}, "frame_distorts", W, None, "frame"),
}


def check(folder, changes):
    """Write the town with its changes and return all findings."""
    return check_town(write_town(folder, **changes))


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found(tmp_path, name):
    """A fault is found with its kind, severity, row and field, and no other error is made of it."""
    changes, kind, severity, row, field = FAULTS[name]

    findings = check(tmp_path, changes)

    hits = [finding for finding in findings if finding.kind == kind]
    assert hits, findings
    assert {finding.severity for finding in hits} == {severity}
    assert row is None or row in [finding.row for finding in hits]
    assert field is None or field in [finding.field for finding in hits]
    errors = {finding.kind for finding in findings if finding.severity is E}
    assert errors <= {kind}
    assert all("{table}" not in finding.en + finding.zh for finding in hits)


@pytest.mark.parametrize("name", FAULTS)
def test_only_errors_stop(tmp_path, name):
    """A town with an error is refused with all its findings; a town without is read, with them."""
    changes, kind, severity, _, _ = FAULTS[name]
    folder = write_town(tmp_path, **changes)
    if severity is E:
        with pytest.raises(InputError) as refused:
            read_town(folder)
        assert refused.value.findings == check_town(folder)
    else:
        assert kind in {finding.kind for finding in read_town(folder).findings}


def test_sound_town(tmp_path):
    """The sound town has no finding at all, and every number that was drawn."""
    town = read_town(write_town(tmp_path))

    assert town.findings == ()
    assert town.name == "小城"
    assert town.communities.code == ("370103016001", "370103016002")
    assert town.communities.district == ("市中区", "市中区")
    assert (town.households.households.sum(), town.households.persons.sum()) == (1920, 5376)
    assert town.has_persons
    assert town.households.building == town.households.id
    assert len(town.barriers.line) == 6
    assert len(town.compounds.name) == 8


def test_many_faults_at_once(tmp_path):
    """Faults in every layer are all named in one run, each with its row."""
    rows = households()
    rows[0]["households"] = "x"
    rows[1]["id"] = "H0004"
    rows[4]["lon"] = ""
    rows[5]["households"] = "-3"
    rows.append(household(901, 1300, 100))

    def change(values):
        values["households"]["persons"] = "person"
        values["barriers"].append({"file": "rivers.shp", "kind": "river"})
        values["dedicatd"] = {}

    findings = check_town(
        write_town(
            tmp_path,
            households=rows,
            compounds=[*towns.compounds(), Feature({"name": "坏"}, BOW_TIE)],
            change=change,
            **areas(WEST, box(580, 0, 1200, 400), None),
        )
    )

    found = {(finding.kind, finding.row) for finding in findings}
    assert found >= {
        ("unknown_table", None),
        ("missing_column", None),
        ("file_missing", None),
        ("not_a_number", 1),
        ("duplicate_id", 4),
        ("empty_value", 5),
        ("negative_count", 6),
        ("empty_geometry", 3),
        ("invalid_polygon", 9),
        ("overlap", 2),
        ("outside_communities", 193),
    }


def test_every_bad_row_is_a_finding(tmp_path):
    """A thousand bad rows are a thousand findings; folding them is for whoever prints."""
    rows = [household(number, 100 + number % 20, 100, households="?") for number in range(1000)]

    findings = check_town(write_town(tmp_path, households=rows))

    assert [finding.row for finding in findings if finding.kind == "not_a_number"] == list(range(1, 1001))


def test_places_are_in_the_frame(tmp_path):
    """The place of an overlap is in the overlap, in the town's frame."""
    (overlap,) = [f for f in check(tmp_path, areas(WEST, box(590, 0, 1200, 400))) if f.kind == "overlap"]

    assert overlap.place is not None
    assert overlap.place.crs == towns.FRAME
    assert 590 < overlap.place.x - towns.ORIGIN[0] < 600
    assert 0 < overlap.place.y - towns.ORIGIN[1] < 400
    assert overlap.subject == "C1, C2"


def test_place_of_a_self_intersection(tmp_path):
    """An invalid polygon is shown where it crosses itself."""
    (bad,) = [f for f in check(tmp_path, areas(WEST, BOW_TIE)) if f.kind == "invalid_polygon"]

    assert bad.place is not None
    assert bad.place.x - towns.ORIGIN[0] == pytest.approx(900, abs=0.02)
    assert bad.place.y - towns.ORIGIN[1] == pytest.approx(200, abs=0.02)


def test_rows_of_csv(tmp_path):
    """Short and long rows are faults with their number; blank lines are no rows."""
    folder = write_town(tmp_path)
    path = folder / "households.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[2] += ",more"
    lines[3] = "H,1"
    lines.insert(2, "")
    path.write_text("\n".join(lines) + "\n\n", encoding="utf-8")

    found = [(f.kind, f.row) for f in check_town(folder) if f.severity is E]

    assert found == [("long_row", 2), ("short_row", 3)]


def test_column_named_twice(tmp_path):
    """A column that stands twice is a fault when it is asked for, and nobody's business when not."""
    folder = write_town(tmp_path)
    path = folder / "households.csv"
    heading, _, body = path.read_text(encoding="utf-8").partition("\n")
    path.write_text(heading.replace("persons", "households") + "\n" + body, encoding="utf-8")
    kinds = {finding.kind for finding in check_town(folder)}
    assert kinds == {"column_twice", "missing_column"}

    path.write_text(heading + ",x,x\n" + body.replace("\r\n", ",,\r\n").replace("\n", "\n"), encoding="utf-8")
    assert "column_twice" not in {finding.kind for finding in check_town(folder)}


def test_one_value_for_a_whole_file(tmp_path):
    """A street may be one value for every community; the error for a street that is no column says how."""
    folder = write_town(tmp_path, **manifest("communities", street={"value": "舜耕街道"}, district=None))

    assert read_town(folder).communities.street == ("舜耕街道", "舜耕街道")
    assert read_town(folder).communities.district == ("", "")

    (missing,) = check(tmp_path, manifest("communities", street="舜耕街道"))
    assert 'street = { value = "舜耕街道" }' in missing.en


def test_plain_subtype(tmp_path):
    """A subtype that everybody knows needs no column and no table."""
    folder = write_town(
        tmp_path, change=lambda values: values.update(dedicated={"file": "d.geojson", "subtype": "functional_park"})
    )
    towns.write_geojson(folder / "d.geojson", [Feature({"name": "厂"}, box(100, 180, 200, 198))])

    town = read_town(folder)

    assert (town.findings, town.dedicated.subtype, town.dedicated.name) == ((), ("functional_park",), ("",))


def test_suggested_column(tmp_path):
    """A missing column comes with the nearest that is there, in both languages."""
    (missing,) = check(tmp_path, manifest("households", households="Household"))

    assert "did you mean households?" in missing.en
    assert "是否应为 households" in missing.zh


def test_where_takes_lists_and_numbers(tmp_path):
    """A condition may list values, and a number in the manifest meets a number in the file."""
    features = [Feature({"name": str(n), "class": n}, f.shape) for n, f in enumerate(towns.compounds())]

    town = read_town(write_town(tmp_path, compounds=features, **manifest("compounds", where={"class": [1, 3, "5"]})))

    assert town.compounds.name == ("1", "3", "5")
    assert town.compounds.row.tolist() == [2, 4, 6]


def test_kinds_from_a_column(tmp_path):
    """Lines take their kind from a column; what is ignored is not there, not even its faults."""
    features = [
        *towns.roads(),
        Feature({"name": "小清河", "type": "river"}, shapely.LineString([(0, 100), (500, 100)])),
        Feature({"name": "?", "type": "sign"}, shapely.Point(3, 3)),
    ]
    kind_from = {"column": "type", "road": "main_road", "river": "river", "otherwise": "ignore"}

    town = read_town(write_town(tmp_path, roads=features, **manifest("barriers", kind=None, kind_from=kind_from)))

    assert town.findings == ()
    assert town.barriers.kind.tolist() == [6] * 6 + [9]


def test_polygons_are_barriers_by_their_outline(tmp_path):
    """A lake with an island bounds by both its shores, each a line."""
    lake = shapely.difference(box(100, 100, 200, 200), box(140, 140, 160, 160))

    town = read_town(write_town(tmp_path, roads=[Feature({"name": "大明湖"}, lake)]))

    assert [line.geom_type for line in town.barriers.line] == ["LineString", "LineString"]
    assert [round(line.length) for line in town.barriers.line] == [400, 80]
    assert town.barriers.name == ("大明湖", "大明湖")


def test_each_point_a_household(tmp_path):
    """`households = 1` makes every point one household."""
    town = read_town(write_town(tmp_path, **manifest("households", households=1, persons=None)))

    assert town.households.households.tolist() == [1] * 192
    assert not town.has_persons
    assert not town.households.persons.any()


def test_points_without_households_stay(tmp_path):
    """A point with no household is kept and counts nothing."""
    town = read_town(write_town(tmp_path, **with_row(5, households=0)))

    assert len(town.households.id) == 192
    assert town.households.households.sum() == 1910


def test_buildings(tmp_path):
    """Points of one building in two communities, or far apart, are warned of."""
    rows = [{**row, "building": f"楼{number}"} for number, row in enumerate(households())]
    rows[0]["building"] = rows[-1]["building"] = "甲"
    rows[3]["building"] = rows[80]["building"] = "乙"
    rows[7]["building"] = ""

    town = read_town(write_town(tmp_path, households=rows, **manifest("households", building="building")))

    assert {(f.kind, f.subject) for f in town.findings} == {
        ("building_in_two_communities", "甲"),
        ("building_spread", "乙"),
    }
    assert town.households.building[7] == town.households.id[7]


def test_dedicated_areas(tmp_path):
    """Dedicated areas are read with name and subtype; where two overlap or leave the communities is warned of."""
    folder = write_town(
        tmp_path,
        change=lambda values: values.update(dedicated={"file": "d.geojson", "name": "name", "subtype": {"value": "园区"}}),
    )
    shapes = {"厂": box(100, 180, 200, 198), "楼": box(190, 180, 250, 190), "外": box(1150, 180, 1250, 199)}
    towns.write_geojson(folder / "d.geojson", [Feature({"name": name}, shape) for name, shape in shapes.items()])

    town = read_town(folder)

    assert town.dedicated.name == ("厂", "楼", "外")
    assert set(town.dedicated.subtype) == {"园区"}
    assert [(f.kind, f.subject) for f in town.findings] == [
        ("dedicated_overlap", "厂, 楼"),
        ("dedicated_outside", "外"),
    ]


def test_existing_grids_are_adopted_with_their_faults(tmp_path):
    """Hand-drawn grids with crossed rings and double codes are taken in, with warnings."""
    folder = write_town(tmp_path, change=lambda values: values.update(existing_grids={"file": "g.geojson", "code": "code"}))
    features = [Feature({"code": "G1"}, WEST), Feature({"code": "G1"}, BOW_TIE)]
    towns.write_geojson(folder / "g.geojson", features)

    town = read_town(folder)

    assert town.existing_grids.code == ("G1", "G1")
    assert shapely.is_valid(town.existing_grids.polygon).all()
    assert {(f.kind, f.severity) for f in town.findings} == {("duplicate_grid_code", W), ("invalid_polygon", W)}


def test_communities_with_latitude_first(tmp_path):
    """Communities written latitude first are told so, once, and nothing else is made of it."""
    folder = write_town(tmp_path)
    path = folder / "communities.geojson"
    turned = shapely.transform(shapely.from_geojson(path.read_text(encoding="utf-8")), lambda xy: xy[:, ::-1])
    features = [
        {"type": "Feature", "properties": {"code": str(n)}, "geometry": json.loads(shapely.to_geojson(part))}
        for n, part in enumerate(shapely.get_parts(turned))
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")

    errors = [finding.kind for finding in check_town(folder) if finding.severity is E]

    assert errors.count("axes_swapped") == 1
    assert errors.count("missing_column") == 3


def test_turned_points_where_both_ways_are_on_the_earth(tmp_path):
    """In Xinjiang latitude first is a place on the Earth too: the communities tell that it is the wrong one."""
    folder = write_town(tmp_path)
    for name in ("communities.geojson", "roads.geojson", "compounds.geojson", "households.csv"):
        path = folder / name
        text = path.read_text(encoding="utf-8")
        for lon in ("116.", "117."):
            text = text.replace(f"[{lon}", f"[{int(lon[:3]) - 30}.").replace(f",{lon}", f",{int(lon[:3]) - 30}.")
        path.write_text(text, encoding="utf-8")
    assert {finding.severity for finding in check_town(folder)} <= {N}

    manifest_text = (folder / "town.toml").read_text(encoding="utf-8")
    turned = manifest_text.replace('"lon" = "lon"', '"lon" = "lat"').replace('"lat" = "lat"', '"lat" = "lon"')
    (folder / "town.toml").write_text(turned, encoding="utf-8")
    assert [f.kind for f in check_town(folder) if f.severity is E] == ["axes_swapped"]


def test_survey_axes(tmp_path):
    """Survey files call the northing X: metres the wrong way round are told from the communities."""
    rows = []
    for row in households():
        ((x, y),) = towns.transform([(float(row["lon"]), float(row["lat"]))], towns.WGS84, towns.FRAME).tolist()
        rows.append({**row, "lon": f"{y:.3f}", "lat": f"{x:.3f}"})

    findings = check(tmp_path, {"households": rows, **manifest("households", coordinates=towns.FRAME)})

    assert [finding.kind for finding in findings if finding.severity is E] == ["axes_swapped"]


def test_no_folder(tmp_path):
    """A folder that is not there is a finding, not a crash."""
    shutil.rmtree(tmp_path)

    assert [finding.kind for finding in check_town(tmp_path)] == ["manifest_missing"]


def test_rounding_that_makes_a_polygon_touch_itself(tmp_path):
    """A spike thinner than the grid is cleaned away with a note, and what is left is valid."""
    spiky = shapely.Polygon([(0, 0), (600, 0), (600, 100), (700, 100.001), (600, 100.002), (600, 400), (0, 400)])

    town = read_town(write_town(tmp_path, **areas(spiky, EAST)))

    assert shapely.is_valid(town.communities.polygon).all()
    assert {finding.kind for finding in town.findings} == {"repaired_after_rounding"}


CELLS = st.one_of(st.text(max_size=8), st.sampled_from(["", "-1", "1e400", "nan", "0", "36.65", "117", "1,5", "﻿", "\x00", "'"]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(("id", "lon", "lat", "households", "persons"), CELLS)), max_size=6))
def test_no_cell_crashes_the_reader(tmp_path, rows):
    """Whatever stands in the cells, the reader answers with findings."""
    folder = write_town(tmp_path)
    (folder / "households.csv").write_bytes(towns.csv_text(rows).encode("utf-8", "surrogatepass"))

    for finding in check_town(folder):
        assert finding.kind in SENTENCES


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.sampled_from(["households.csv", "communities.geojson", "roads.geojson", "town.toml"]))
def test_no_bytes_crash_the_reader(tmp_path, raw, name):
    """Whatever a file holds, the reader answers with findings."""
    folder = write_town(tmp_path)
    (folder / name).write_bytes(raw)

    assert any(finding.severity is not N for finding in check_town(folder)) or name == "town.toml"


def test_sentences_are_whole():
    """Every kind of finding has both languages and ends as a sentence does."""
    for kind, sentence in SENTENCES.items():
        assert sentence.en.endswith("."), kind
        assert sentence.zh.endswith("。"), kind


def test_files_that_are_none(tmp_path):
    """A file that is not what its name says is refused with the reader's own words."""
    folder = write_town(tmp_path, **manifest("barriers", file="roads.gpkg"))
    (folder / "roads.gpkg").write_bytes(b"no package")

    (broken,) = check_town(folder)

    assert (broken.kind, broken.file, broken.severity) == ("unreadable_file", "roads.gpkg", E)


def test_remarks_of_the_reader_are_kept(tmp_path):
    """What the file reader mends by itself, such as a ring that is not closed, is listed as a note."""
    folder = write_town(tmp_path)
    path = folder / "compounds.geojson"
    collection = json.loads(path.read_text(encoding="utf-8"))
    collection["features"][0]["geometry"]["coordinates"][0].pop()
    path.write_text(json.dumps(collection), encoding="utf-8")

    findings = check_town(folder)

    assert "reader_remark" in {finding.kind for finding in findings}
    assert all(finding.file == "compounds.geojson" for finding in findings)


def test_sound_chinese_names_are_no_mojibake():
    """Names that people really have are left alone, also the short ones whose GBK bytes look like UTF-8."""
    for name in ("舜耕街道", "联通", "千佛山", "Café", "KIM KEAT", "龘靐", "①号楼", "Ünal", "泉城路", "一", "锟"):
        assert original(name) is None, name
    assert original("锟斤拷小区") == ""
