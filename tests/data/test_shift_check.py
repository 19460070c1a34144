"""Shifted coordinates that nobody declared are suspected, and sound towns are not."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import box
from shapely.affinity import rotate

from data.town import check_town
from gis import chinese_frames as cf
from tests.towns import Feature, household, write_town

WIDE, TALL = 600, 500
SUSPICIONS = {"shift_suspected", "shift_doubted"}


def city(rng, *, turn=0.0, columns=5, rows=4):
    """Draw communities with roads around them, two compounds in each, and buildings at random in the compounds."""
    middle = (columns * WIDE / 2, rows * TALL / 2)
    communities, compounds, points, roads = [], [], [], []
    for i in range(columns):
        for j in range(rows):
            x, y = i * WIDE, j * TALL
            communities.append(box(x, y, x + WIDE, y + TALL))
            for west in (x + 30, x + 310):
                compounds.append(box(west, y + 30, west + 260, y + TALL - 30))
                points += [(west + rng.uniform(10, 250), y + rng.uniform(40, TALL - 40)) for _ in range(12)]
            roads.append(shapely.LineString([(x + 300, y), (x + 300, y + TALL)]))
    roads += [shapely.LineString([(0, j * TALL), (columns * WIDE, j * TALL)]) for j in range(rows + 1)]
    roads += [shapely.LineString([(i * WIDE, 0), (i * WIDE, rows * TALL)]) for i in range(columns + 1)]

    def turned(shapes):
        return [rotate(shape, turn, origin=middle) for shape in shapes]

    points = [shape.coords[0] for shape in turned([shapely.Point(point) for point in points])]
    return {
        "communities": turned(communities),
        "compounds": turned(compounds),
        "roads": turned(roads),
        "points": points,
    }


def write_city(folder, drawn, *, shift=None, declare=None, leave=()):
    """Write the drawing; `shift` says which layers are shifted and how, `declare` what the manifest says of them."""
    shift, declare = shift or {}, declare or {}

    def change(values):
        values["households"]["coordinates"] = declare.get("households", "wgs84")
        for table, name in (("communities", "communities"), ("barriers", "roads"), ("compounds", "compounds")):
            entry = values[table] if table == "communities" else values[table][0]
            if name in declare:
                entry["coordinates"] = declare[name]
        for table in leave:
            del values[table]

    rows = [household(number, x, y) for number, (x, y) in enumerate(drawn["points"])]
    if "households" in shift:
        at = cf.from_wgs84([(float(row["lon"]), float(row["lat"])) for row in rows], shift["households"]).tolist()
        rows = [{**row, "lon": f"{lon:.9f}", "lat": f"{lat:.9f}"} for row, (lon, lat) in zip(rows, at, strict=True)]
    communities = [
        Feature({"code": f"{number:03}", "name": "", "street": "", "district": ""}, shape)
        for number, shape in enumerate(drawn["communities"])
    ]
    write_town(
        folder,
        households=rows,
        communities=communities,
        roads=[Feature({"name": ""}, shape) for shape in drawn["roads"]],
        compounds=[Feature({"name": ""}, shape) for shape in drawn["compounds"]],
        change=change,
    )
    for name in {"communities", "roads", "compounds"} & shift.keys():
        move_file(folder / f"{name}.geojson", shift[name])
    return folder


def move_file(path, system):
    """Shift every vertex of a GeoJSON file that is in WGS 84."""
    import json  # noqa: PLC0415 beside its only use

    collection = json.loads(path.read_text(encoding="utf-8"))
    for feature in collection["features"]:
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        moved = shapely.transform(shape, lambda xy: cf.from_wgs84(xy, system))
        feature["geometry"] = json.loads(shapely.to_geojson(moved))
    path.write_text(json.dumps(collection), encoding="utf-8")


def suspicions(folder):
    """Return what is suspected: kind, table, system."""
    return [
        (finding.kind, finding.subject, "bd09" if "bd09" in finding.en else "gcj02")
        for finding in check_town(folder)
        if finding.kind in SUSPICIONS
    ]


@pytest.mark.parametrize("system", cf.SHIFTED)
@pytest.mark.parametrize(
    ("layer", "table"),
    [("households", "households"), ("roads", "barriers"), ("communities", "communities"), ("compounds", "compounds")],
)
def test_one_layer_is_shifted(tmp_path, system, layer, table):
    """A layer in GCJ-02 or BD-09 that is declared, or known, as WGS 84 is named, with its system, and no other is."""
    folder = write_city(tmp_path, city(np.random.default_rng(3)), shift={layer: system})

    assert suspicions(folder) == [("shift_suspected", table, system)]


def test_households_are_told_without_roads_and_compounds(tmp_path):
    """Communities alone tell that the households are shifted."""
    folder = write_city(
        tmp_path, city(np.random.default_rng(3)), shift={"households": "gcj02"}, leave=("barriers", "compounds")
    )

    assert suspicions(folder) == [("shift_suspected", "households", "gcj02")]


@pytest.mark.parametrize(("layer", "table"), [("households", "households"), ("roads", "barriers")])
def test_shift_undone_without_need(tmp_path, layer, table):
    """A layer declared as GCJ-02 that never was is named too."""
    folder = write_city(tmp_path, city(np.random.default_rng(4)), declare={layer: "gcj02"})

    assert suspicions(folder) == [("shift_doubted", table, "gcj02")]


@pytest.mark.parametrize("system", cf.SHIFTED)
def test_declared_shifts_are_no_suspicion(tmp_path, system):
    """A layer that is shifted and says so is in order."""
    folder = write_city(
        tmp_path,
        city(np.random.default_rng(5)),
        shift={"households": system, "roads": system},
        declare={"households": system, "roads": system},
    )

    assert suspicions(folder) == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1), st.floats(-45, 45), st.integers(1, 5), st.integers(1, 4))
def test_sound_towns_are_not_suspected(tmp_path, seed, turn, columns, rows):
    """A town whose layers fit is not suspected, however it is turned and however small it is."""
    drawn = city(np.random.default_rng(seed), turn=turn, columns=columns, rows=rows)

    assert suspicions(write_city(tmp_path, drawn)) == []


def test_neighbours_in_the_file_are_no_shift(tmp_path):
    """A household file that reaches far beyond the communities, just where GCJ-02 shifts to, is not suspected."""
    rng = np.random.default_rng(6)
    drawn = city(rng)
    drawn["points"] += [(5 * WIDE + rng.uniform(0, 1500), rng.uniform(0, 4 * TALL)) for _ in range(300)]

    assert suspicions(write_city(tmp_path, drawn)) == []
    assert suspicions(write_city(tmp_path / "bare", drawn, leave=("barriers", "compounds"))) == []


def test_nothing_is_suspected_abroad(tmp_path):
    """Outside China no layer is suspected, whatever lies beside what."""
    folder = write_city(tmp_path, city(np.random.default_rng(3)), shift={"households": "gcj02"})
    for name in ("communities", "roads", "compounds"):
        path = folder / f"{name}.geojson"
        path.write_text(path.read_text(encoding="utf-8").replace("[116.", "[16.").replace("[117.", "[17."), encoding="utf-8")
    path = folder / "households.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",116.", ",16.").replace(",117.", ",17."), encoding="utf-8")

    findings = check_town(folder)

    assert not SUSPICIONS & {finding.kind for finding in findings}
    assert "outside_communities" in {finding.kind for finding in findings}
