"""Sample towns: what is asked for is there, it fits together exactly, and the same seed gives the same bytes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from data.sample import write_quads, write_sample
from data.samples.files import write_folder
from data.samples.names import chinese, compound_names, streets, words
from data.samples.plan import LEAST_HOUSEHOLDS, plan_for
from data.town import check_town, read_town
from gis.errors import InputError
from gis.finding import Severity
from gis.frame import CGCS2000, centimetres, transform

if TYPE_CHECKING:
    from pathlib import Path

FRAME = "EPSG:4548"
LAYERS = ("communities", "compounds", "dedicated", "roads", "river", "lake")


@dataclass(frozen=True)
class Read:
    """A sample town read back without any of our own readers: properties and shapes in metres, on the 1 cm grid."""

    properties: dict[str, list[dict]]
    shapes: dict[str, np.ndarray]
    rows: list[dict[str, str]]
    xy: np.ndarray
    households: np.ndarray


def to_metres(xy):
    return np.rint(transform(xy, CGCS2000, FRAME) * 100) / 100


def read(folder: Path) -> Read:
    properties, shapes = {}, {}
    for layer in sorted(folder.glob("*.geojson")):
        features = json.loads(layer.read_text(encoding="utf-8"))["features"]
        properties[layer.stem] = [feature["properties"] for feature in features]
        drawn = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
        shapes[layer.stem] = shapely.transform(drawn, to_metres)
    with (folder / "households.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return Read(
        properties,
        shapes,
        rows,
        to_metres([(float(row["lon"]), float(row["lat"])) for row in rows]),
        np.array([int(row["households"]) for row in rows]),
    )


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


MAKE = {
    "town20": lambda folder: write_quads(folder, columns=5, rows=4, seed=7),
    "hard20": lambda folder: write_quads(folder, columns=5, rows=4, seed=33, hard=True),
    "hamlet": lambda folder: write_sample(folder, households=1_000, seed=1),
    "sample30": lambda folder: write_sample(folder, households=90_000, seed=2),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Write every town of these tests once."""
    root = tmp_path_factory.mktemp("samples")
    for name, make in MAKE.items():
        make(root / name)
    return {name: root / name for name in MAKE}


@pytest.fixture(scope="module")
def towns(folders):
    return {name: read(folder) for name, folder in folders.items()}


@pytest.fixture(params=MAKE)
def town(request, towns):
    return towns[request.param]


def by_community(town: Read) -> Counter[str]:
    counts = Counter({entry["code"]: 0 for entry in town.properties["communities"]})
    for row, households in zip(town.rows, town.households, strict=True):
        counts[row["id"].partition("-")[0]] += int(households)
    return counts


def by_compound(town: Read) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row, households in zip(town.rows, town.households, strict=True):
        counts[row["compound"]] += int(households)
    return counts


def units(town: Read) -> list[int]:
    """Count the households of every part into which dedicated areas, river and railway divide the communities."""
    lines = np.concatenate([town.shapes[name] for name in ("river", "railway") if name in town.shapes])
    away = shapely.union_all([*shapely.buffer(lines, 0.05), *shapely.buffer(town.shapes["dedicated"], 0.05)])
    parts = [
        part
        for community in town.shapes["communities"]
        for part in shapely.get_parts(shapely.difference(community, away))
        if part.area > 100
    ]
    point, part = shapely.STRtree(parts).query(shapely.points(town.xy), predicate="within")
    return [int(count) for count in np.bincount(part, weights=town.households[point], minlength=len(parts))]


@pytest.mark.parametrize("name", ["town20", "hamlet"])
def test_same_seed_same_bytes(name, folders, tmp_path):
    """Another process, with another hash seed, writes the same bytes."""
    calls = {
        "town20": "write_quads(Path(sys.argv[1]), columns=5, rows=4, seed=7)",
        "hamlet": "write_sample(Path(sys.argv[1]), households=1_000, seed=1)",
    }
    program = f"import sys; from pathlib import Path; from data.sample import *; {calls[name]}"
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "again")], check=True, env=environment)
    assert content(tmp_path / "again") == content(folders[name])


def test_another_seed_is_another_town(folders, tmp_path):
    """Every layer of a town depends on the seed."""
    write_sample(tmp_path / "other", households=1_000, seed=2)
    here, there = content(folders["hamlet"]), content(tmp_path / "other")
    assert here.keys() == there.keys()
    assert {name for name in here if here[name] == there[name]} == {"town.toml"}


def test_town20_is_like_the_measured_town(towns):
    """The benchmark town has the communities, households, points, compounds and planning units of partition.md B0."""
    town = towns["town20"]
    counts = list(by_compound(town).values())
    assert len(town.shapes["communities"]) == 20
    assert town.households.sum() == pytest.approx(49_414, rel=0.01)
    assert len(town.rows) == pytest.approx(2_906, rel=0.03)
    assert len(town.shapes["compounds"]) == pytest.approx(297, rel=0.05)
    assert 5 <= sum(count > 500 for count in counts) <= 10
    assert len(town.shapes["dedicated"]) == pytest.approx(36, abs=3)
    assert shapely.area(town.shapes["dedicated"]).min() > 9_000
    assert 21 <= len(units(town)) <= 24
    assert min(by_community(town).values()) >= 1_000
    assert max(by_community(town).values()) <= 4_500


def test_city140_is_like_the_measured_city(tmp_path):
    """The larger benchmark town has the counts of partition.md B0 too."""
    write_quads(tmp_path / "city", columns=14, rows=10, seed=21)
    town = read(tmp_path / "city")
    assert len(town.shapes["communities"]) == 140
    assert town.households.sum() == pytest.approx(366_470, rel=0.01)
    assert len(town.shapes["compounds"]) == pytest.approx(2_039, rel=0.05)
    assert 35 <= sum(count > 500 for count in by_compound(town).values()) <= 65
    assert town.households.max() > 500
    assert shapely.coverage_is_valid(town.shapes["communities"])


def test_hard_town_is_cut_by_water_and_rail(towns):
    """The hard town has a railway, and more parts than the ordinary one."""
    assert "railway" in towns["hard20"].shapes
    assert "railway" not in towns["town20"].shapes
    assert len(units(towns["hard20"])) >= 27


@pytest.mark.parametrize("households", [1_000, 2_345, 7_700, 15_000, 31_000])
def test_households_are_those_asked_for(households, tmp_path):
    """A town has exactly the households that it is asked for, and about 2.6 persons in each."""
    write_sample(tmp_path / "town", households=households, seed=5)
    town = read(tmp_path / "town")
    assert town.households.sum() == households
    assert town.households.min() >= 1
    assert sum(int(row["persons"]) for row in town.rows) == pytest.approx(2.6 * households, rel=0.06)


def test_most_compounds_are_of_ordinary_size(towns):
    """Most compounds have 60 to 350 households, the mean is about 165."""
    for name, band in {"town20": 0.1, "sample30": 0.2}.items():
        counts = by_compound(towns[name])
        assert counts.pop("") > 0
        sizes = np.array(list(counts.values()))
        assert sizes.mean() == pytest.approx(165, rel=band)
        assert np.mean((sizes >= 60) & (sizes <= 350)) > 0.75


def test_neighbours_share_vertices(town):
    """Communities are an exact coverage, and so are compounds and dedicated areas together."""
    assert shapely.is_valid(town.shapes["communities"]).all()
    assert shapely.coverage_is_valid(town.shapes["communities"])
    parcels = np.concatenate([town.shapes["compounds"], town.shapes["dedicated"]])
    assert shapely.is_valid(parcels).all()
    assert shapely.coverage_is_valid(parcels)
    assert shapely.get_num_interior_rings(shapely.coverage_union_all(town.shapes["communities"])) == 0


def edges(shapes) -> set[tuple[int, ...]]:
    """Return the edges of lines or polygons in centimetres, whatever their direction."""
    found = set()
    for line in shapely.get_parts(shapely.boundary(shapes) if shapes[0].geom_type == "Polygon" else shapes):
        cm = centimetres(shapely.get_coordinates(line)).tolist()
        found.update(tuple(sorted((tuple(p), tuple(q)))) for p, q in pairwise(cm))
    return found


def test_lines_lie_on_each_other_vertex_by_vertex(town):
    """Every edge of a community is an edge of an arterial or of the river; roads that stop, stop on a vertex."""
    arterial = [
        shape
        for shape, entry in zip(town.shapes["roads"], town.properties["roads"], strict=True)
        if entry["class"] in {"main_road", "expressway"}
    ]
    assert edges(town.shapes["communities"]) <= edges(np.array(arterial))
    vertices = {tuple(point) for edge in edges(town.shapes["roads"]) for point in edge}
    vertices |= {tuple(point) for edge in edges(town.shapes["river"]) for point in edge}
    compounds = {tuple(point) for edge in edges(town.shapes["compounds"]) for point in edge}
    noded = shapely.node(shapely.multilinestrings(list(town.shapes["roads"])))
    crossings = {tuple(point) for point in centimetres(shapely.get_coordinates(noded)).tolist()}
    # Noding finds no crossing that was not a vertex already.
    assert crossings <= vertices | compounds


def test_compounds_stay_in_their_community(town):
    """No compound and no dedicated area crosses the line of a community, and they do not overlap."""
    home = {
        entry["code"]: shape for entry, shape in zip(town.properties["communities"], town.shapes["communities"], strict=True)
    }
    for layer in ("compounds", "dedicated"):
        for entry, shape in zip(town.properties[layer], town.shapes[layer], strict=True):
            assert shapely.relate_pattern(shape, home[entry["community"]], "T*F**F***")


def test_households_lie_in_their_compound(town):
    """Every point lies inside the compound and the community of its row, and nobody lives in a dedicated area."""
    points = shapely.points(town.xy)
    compounds = {e["name"]: shape for e, shape in zip(town.properties["compounds"], town.shapes["compounds"], strict=True)}
    communities = {e["code"]: s for e, s in zip(town.properties["communities"], town.shapes["communities"], strict=True)}
    named = np.array([bool(row["compound"]) for row in town.rows])
    home = [compounds[row["compound"]] for row in town.rows if row["compound"]]
    assert shapely.contains_properly(home, points[named]).all()
    assert shapely.contains_properly([communities[row["id"].partition("-")[0]] for row in town.rows], points).all()
    within = shapely.STRtree(points).query(town.shapes["compounds"], predicate="intersects")[1]
    assert set(within.tolist()) == set(np.flatnonzero(named).tolist())
    for layer in ("dedicated", "lake"):
        assert not shapely.STRtree(points).query(town.shapes[layer], predicate="intersects").size


def test_points_keep_away_from_lines_and_from_each_other(town):
    """No point lies within three metres of any line, and none within five of another point."""
    lines = np.concatenate([town.shapes[name] for name in town.shapes])
    lines = np.array([shape if shape.geom_type == "LineString" else shape.boundary for shape in lines])
    points = shapely.points(town.xy)
    (_, distance) = shapely.STRtree(lines).query_nearest(points, return_distance=True, all_matches=False)
    assert distance.min() > 3
    _, gap = shapely.STRtree(points).query_nearest(points, exclusive=True, return_distance=True)
    assert gap.min() > 5


def test_names_are_their_own(town):
    """Names of communities, compounds and dedicated areas, and ids of points, are not used twice."""
    for layer in ("communities", "compounds", "dedicated"):
        names = [entry["name"] for entry in town.properties[layer]]
        assert len(set(names)) == len(names)
    assert len({row["id"] for row in town.rows}) == len(town.rows)
    assert all(entry["name"] for layer in LAYERS for entry in town.properties[layer])


def test_codes_are_streets_and_running_numbers(town):
    """A community's code is a real street's nine digits and a running number from 001; its name is visibly invented."""
    real = {street.code: street for street in streets()}
    numbers: dict[str, list[int]] = {}
    for entry in town.properties["communities"]:
        street = real[entry["code"][:9]]
        assert (entry["street"], entry["street_code"], entry["district"]) == (street.name, street.code, street.district)
        assert entry["name"].startswith("样例·")
        numbers.setdefault(street.code, []).append(int(entry["code"][9:]))
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in numbers.values())


def test_streets_are_in_one_piece(towns):
    """The communities of a street lie side by side."""
    town = towns["sample30"]
    groups: dict[str, list] = {}
    for entry, shape in zip(town.properties["communities"], town.shapes["communities"], strict=True):
        groups.setdefault(entry["street"], []).append(shape)
    assert len(groups) > 3
    assert all(shapely.coverage_union_all(shapes).geom_type == "Polygon" for shapes in groups.values())


@pytest.mark.parametrize("name", ["town20", "hamlet", "sample30"])
def test_everything_a_town_has_is_there(name, towns):
    """A town has lanes, a river, a lake, a tower, a business park, loose buildings and ground without households."""
    town = towns[name]
    classes = Counter(entry["class"] for entry in town.properties["roads"])
    assert min(classes["main_road"], classes["road"], classes["lane"]) >= 1
    assert town.households.max() > 200
    assert any(not row["compound"] for row in town.rows)
    assert len(town.shapes["river"]) == len(town.shapes["lake"]) == 1
    subtypes = {entry["subtype"] for entry in town.properties["dedicated"]}
    assert "functional_park" in subtypes
    assert subtypes <= {"business_building", "functional_park", "government_organ", "enterprise_institution", "other"}
    used = shapely.area(np.concatenate([town.shapes["compounds"], town.shapes["dedicated"]])).sum()
    assert used < 0.97 * shapely.area(town.shapes["communities"]).sum()


def test_larger_towns_have_more(towns):
    """A larger town has an expressway, a community where nobody lives, a tower above 500, points sharing a building."""
    town = towns["sample30"]
    assert "expressway" in {entry["class"] for entry in town.properties["roads"]}
    assert min(by_community(town).values()) == 0
    assert town.households.max() > 500
    assert len({row["building"] for row in town.rows}) < len(town.rows)


def test_some_lanes_end_between_the_buildings(towns):
    """There are dead ends: lanes whose end is no vertex of any other line."""
    town = towns["town20"]
    ends = Counter()
    for line in town.shapes["roads"]:
        cm = centimetres(shapely.get_coordinates(line)).tolist()
        ends.update({tuple(point) for point in cm})
    outlines = {tuple(p) for edge in edges(town.shapes["compounds"]) for p in edge}
    dead = [point for point, count in ends.items() if count == 1 and point not in outlines]
    inside = shapely.STRtree(town.shapes["compounds"]).query(shapely.points(np.array(dead) / 100), predicate="within")
    assert inside.size


@pytest.mark.parametrize("name", MAKE)
def test_our_own_reader_finds_no_fault(name, folders):
    """The manifest and the files are read without an error or a warning, and nothing is lost on the way."""
    assert not [finding for finding in check_town(folders[name]) if finding.severity is not Severity.NOTE]
    town, plain = read_town(folders[name]), read(folders[name])
    assert town.frame.crs == FRAME
    assert town.has_persons
    assert town.households.households.sum() == plain.households.sum()
    assert np.array_equal(town.households.xy, plain.xy)


def test_files_say_that_the_town_is_invented(folders):
    """The manifest opens, and the page beside it goes on, with what is real and what is not."""
    manifest = (folders["hamlet"] / "town.toml").read_text(encoding="utf-8")
    assert "invented" in manifest.splitlines()[0]
    assert "虚构" in manifest.splitlines()[1]
    assert tomllib.loads(manifest)["frame"] == FRAME
    page = (folders["hamlet"] / "README.md").read_text(encoding="utf-8")
    assert "不是真实的地方" in page
    assert "| households 户 | 1,000 |" in page


def test_coordinates_have_nine_decimals(folders):
    """Degrees are written with nine decimals at most, and every vertex comes back on the 1 cm grid."""
    text = (folders["hamlet"] / "communities.geojson").read_text(encoding="utf-8")
    points = np.array([p for f in json.loads(text)["features"] for ring in f["geometry"]["coordinates"] for p in ring])
    assert np.array_equal(points, np.round(points, 9))
    metres = transform(points, CGCS2000, FRAME)
    assert np.abs(metres - to_metres(points)).max() < 0.0005


def test_a_sample_replaces_a_sample(tmp_path):
    """A sample town is written over an older one, and nothing of the older one stays."""
    write_quads(tmp_path / "town", columns=2, rows=1, seed=1, hard=True)
    write_sample(tmp_path / "town", households=1_000, seed=1)
    assert not (tmp_path / "town" / "railway.geojson").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["town"]


def test_other_folders_are_left_alone(tmp_path):
    """A folder with something else in it is refused and stays as it was."""
    (tmp_path / "town.toml").write_text('name = "real"\n', encoding="utf-8")
    with pytest.raises(InputError, match="no sample town"):
        write_sample(tmp_path, households=1_000, seed=1)
    assert content(tmp_path) == {"town.toml": b'name = "real"\n'}


def test_a_failed_write_leaves_nothing(tmp_path):
    """Where writing fails half way, the folder is as it was and nothing else lies beside it."""
    write_sample(tmp_path / "town", households=1_000, seed=1)
    before = content(tmp_path / "town")
    with pytest.raises(FileNotFoundError):
        write_folder(tmp_path / "town", {"town.toml": b"half", "no/such/folder": b""})
    assert content(tmp_path / "town") == before
    assert [path.name for path in tmp_path.iterdir()] == ["town"]


@pytest.mark.parametrize("households", [-1, 0, LEAST_HOUSEHOLDS - 1, 10**9])
def test_impossible_sizes_are_refused(households, tmp_path):
    """A number of households for which there is no town is refused before anything is written."""
    with pytest.raises(InputError, match="households"):
        write_sample(tmp_path / "town", households=households, seed=1)
    with pytest.raises(InputError, match="superblocks"):
        write_quads(tmp_path / "town", columns=0, rows=3, seed=1)
    assert not list(tmp_path.iterdir())


def test_superblocks_are_chosen_for_any_size():
    """From 1,000 to 10 million households, communities of ordinary size make up the town."""
    for households in np.unique(np.geomspace(1_000, 10_000_000, 200).astype(int)).tolist():
        plan = plan_for(households)
        assert plan.households == households
        assert plan.rows <= plan.columns <= 3 * plan.rows
        if households > 5_000:
            assert 1_700 < households / plan.communities < 3_400


def test_any_seed_makes_a_town(tmp_path):
    """Whatever the seed, an ordinary town and a hard one are valid."""
    for seed in range(6):
        write_sample(tmp_path / "town", households=4_000 + 1_500 * seed, seed=seed)
        assert not [f for f in check_town(tmp_path / "town") if f.severity is Severity.ERROR]
        write_quads(tmp_path / "town", columns=2 + seed % 3, rows=1 + seed % 2, seed=seed, hard=True)
        town = read(tmp_path / "town")
        assert shapely.coverage_is_valid(town.shapes["communities"])
        assert shapely.coverage_is_valid(np.concatenate([town.shapes["compounds"], town.shapes["dedicated"]]))


def test_time_grows_with_the_town(tmp_path):
    """Four times the households take about four times the processor time, not sixteen times."""

    def seconds(households: int) -> float:
        start = time.process_time()
        write_sample(tmp_path / "town", households=households, seed=4)
        return time.process_time() - start

    seconds(5_000)
    assert seconds(80_000) < 9 * seconds(20_000)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "一"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (24, "二十四"),
        (100, "一百"),
        (103, "一百零三"),
        (110, "一百一十"),
    ],
)
def test_numbers_are_written_as_on_street_signs(number, text):
    """Numbers in road names are Chinese numerals."""
    assert chinese(number) == text


def test_words_never_run_out():
    """There are different words for every community that a town may have, and names for every compound."""
    many = words(6_000, np.random.default_rng(1))
    assert len(set(many)) == 6_000
    names = [name for name, _ in zip(compound_names("海棠"), range(3_000), strict=False)]
    assert len(set(names)) == 3_000
