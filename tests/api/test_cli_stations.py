"""`wangge stations site` and `load`, as an operator types them: from a plan to stations in the store."""

from __future__ import annotations

import json

import pytest

from api.cli import run
from data.plan_files import write_plan
from data.store.sql import many
from data.store.sql import run as run_sql
from partition.engine import divide
from partition.prove import prove
from partition.rules import Rules
from tests.drawn import sketch
from tests.published import COMMUNITIES, STREETS, publish
from tests.stored import owner

HERE, THERE = COMMUNITIES[0], COMMUNITIES[2]


@pytest.fixture
def says(capsys, monkeypatch, db):
    """Run a command on the test's store; return its exit code, what it printed and what it said on stderr."""
    monkeypatch.setenv("WANGGE_DSN", db.app)
    monkeypatch.setenv("WANGGE_ADMIN_DSN", db.admin)

    def run_it(*words):
        code = run(["stations", *map(str, words)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_it


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """The folder of a plan of one community."""
    town = sketch("A200 A200 A200 A200\nA200 A200 A150 A150").town()
    made = divide(town, Rules(), seed=1)
    folder = tmp_path_factory.mktemp("plan") / "plan"
    write_plan(folder, made, town, prove(made, town), pages={})
    return folder


def test_siting_says_what_it_found(says, plan, tmp_path):
    """So many stations as are asked for are written, with how far people walk and how near the best that is."""
    code, out, _ = says("site", plan, "--count", 2, "--out", tmp_path / "sites", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["stations"] == 2
    assert found["bound_m"] == pytest.approx(found["score_m"])
    assert found["asked"] == {"count": 2, "minutes": 15.0, "pace_m": 75.0, "detour": 1.3, "ways": False}
    assert set(found["inputs"]) == {"grids.gpkg", "plan.json"}
    code, out, _ = says("site", plan, "--out", tmp_path / "sites", "--lang", "en")
    assert code == 0
    assert "proven" in out


def test_a_wish_that_cannot_be_is_refused(says, plan, tmp_path):
    """More stations than there are grids is wrong use, and nothing is written."""
    code, _, err = says("site", plan, "--count", 99, "--out", tmp_path / "sites")
    assert code == 2
    assert "99 stations" in err
    assert not (tmp_path / "sites").exists()


def folder(path, grids):
    """Write a folder of stations as `site` does, for grids of the store's town."""
    path.mkdir()
    ring = [[117.0, 36.6], [117.01, 36.6], [117.01, 36.61], [117.0, 36.6]]
    for name, features in (
        (
            "stations.geojson",
            [
                {
                    "properties": {"code": code, "name": f"驿站{code}", "stands_in": mine[0], "grids": mine},
                    "geometry": {"type": "Point", "coordinates": [117.002, 36.602]},
                }
                for code, mine in grids.items()
            ],
        ),
        (
            "service_areas.geojson",
            [{"properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates": [ring]}} for code in grids],
        ),
    ):
        (path / name).write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def kept(db):
    """Return the stations in the store with the grids that they serve."""
    with owner(db.admin) as conn:
        return many(
            conn,
            """SELECT s.code, a.code, array_agg(g.grid_code ORDER BY g.grid_code)
               FROM wangge.station s JOIN wangge.area a ON a.id = s.area_id JOIN wangge.station_grid g ON g.station_id = s.id
               GROUP BY 1, 2 ORDER BY 1""",
        )


def test_stations_come_in_once(says, db, tmp_path):
    """Each comes in where it stands, with its grids, also across the line of communities; again, nothing is added."""
    publish(db.admin)
    sites = folder(tmp_path / "sites", {"S1": [f"{HERE}001", f"{HERE}002"], "S2": [f"{THERE}001", f"{HERE}003"]})
    assert says("load", sites, "--dry-run", "--json")[0] == 0
    assert kept(db) == []
    code, out, _ = says("load", sites, "--json")
    assert (code, json.loads(out)["added"]) == (0, 2)
    assert kept(db) == [("S1", HERE, [f"{HERE}001", f"{HERE}002"]), ("S2", THERE, [f"{HERE}003", f"{THERE}001"])]
    code, out, _ = says("load", sites, "--json")
    assert (json.loads(out)["added"], json.loads(out)["changed"]) == (0, 2)


def test_a_station_of_a_street_stays_with_the_street(says, db, tmp_path):
    """One that the street keeps moves and serves other grids, and stays the street's; a community's goes with its place."""
    publish(db.admin)
    assert says("load", folder(tmp_path / "first", {"S1": [f"{HERE}001"], "S2": [f"{HERE}002"]}))[0] == 0
    with owner(db.admin) as conn:
        run_sql(
            conn,
            """UPDATE wangge.station s SET level = 'street', area_id = a.id, path = subpath(s.path, 0, -1)
               FROM wangge.area a WHERE a.path = subpath(s.path, 0, -1) AND s.code = 'S1'""",
        )
    again = folder(tmp_path / "again", {"S1": [f"{THERE}001"], "S2": [f"{THERE}002"]})
    code, out, err = says("load", again, "--json")
    assert (code, json.loads(out)["changed"]) == (0, 2), err
    assert kept(db) == [("S1", STREETS[0], [f"{THERE}001"]), ("S2", THERE, [f"{THERE}002"])]


def test_grids_that_are_not_in_force_are_all_named(says, db, tmp_path):
    """A plan that is not in force has no stations: every grid is named, and none of them comes in."""
    publish(db.admin)
    sites = folder(tmp_path / "sites", {"S1": [f"{HERE}001"], "S2": [f"{HERE}901", f"{HERE}902"]})
    code, out, err = says("load", sites)
    assert code == 1
    assert f"{HERE}901" in out + err
    assert f"{HERE}902" in out + err
    assert kept(db) == []
