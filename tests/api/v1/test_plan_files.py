"""A plan is taken away as a file, and copied as another draft."""

import csv
import io
import json

import numpy as np
import pyogrio.raw
import pytest
import shapely

from tests.api.v1.hall import problem
from tests.api.v1.test_editor import painting

C1 = "370103016001"


@pytest.fixture
def paint(hall):
    """The village with a draft."""
    return painting(hall)


def shapes(hall, plan):
    """Shapes of a plan's grids by code, in the town's frame."""
    rows = hall.rows(
        "SELECT g.code, ST_AsBinary(g.shape) FROM wangge.grid g JOIN wangge.plan p ON p.id = g.plan_id WHERE p.id = %s", [plan]
    )
    return {code: shapely.from_wkb(bytes(wkb)) for code, wkb in rows}


def test_a_plan_is_taken_away(paint, tmp_path):
    """In all three forms there are all grids with the same figures; the GeoPackage has every vertex in the town's frame."""
    hall, plan = paint.hall, paint.plan.rsplit("/", 1)[1]
    answers = {
        wanted: hall.client.get(f"{paint.plan}/file", params={"format": wanted}, headers=paint.who)
        for wanted in ("geojson", "gpkg", "csv")
    }
    assert {wanted: answer.status_code for wanted, answer in answers.items()} == dict.fromkeys(answers, 200)
    assert 'filename="plan-1-v1.gpkg"' in answers["gpkg"].headers["Content-Disposition"]
    table = list(csv.DictReader(io.StringIO(answers["csv"].content.decode("utf-8-sig"))))
    features = json.loads(answers["geojson"].content)["features"]
    (file := tmp_path / "grids.gpkg").write_bytes(answers["gpkg"].content)
    meta, _, geometry, values = pyogrio.raw.read(file, layer="grids")
    columns = dict(zip(meta["fields"].tolist(), values, strict=True))
    assert meta["crs"] == "EPSG:4548"
    counts = [400] * 6
    assert [int(row["households"]) for row in table] == counts
    assert [each["properties"]["households"] for each in features] == columns["households"].tolist() == counts
    assert [row["code"] for row in table] == [each["id"] for each in features] == columns["code"].tolist()
    kept = shapes(hall, plan)
    for code, shape in zip(columns["code"].tolist(), shapely.from_wkb(geometry).tolist(), strict=True):
        assert shapely.equals_identical(shapely.normalize(shapely.get_parts(shape)[0]), shapely.normalize(kept[code]))
    assert np.allclose(shapely.bounds(shapely.from_geojson(json.dumps(features[0]["geometry"])))[:2], (117, 36.1), atol=0.3)
    problem(hall.client.get(f"{paint.plan}/file", params={"format": "shp"}, headers=paint.who), 400, "invalid-parameter")


def test_what_is_taken_is_logged(paint):
    """Who took which version of a plan away, in what form, stands in the log; what is refused was not taken."""
    hall, plan = paint.hall, paint.plan.rsplit("/", 1)[1]
    assert hall.client.get(f"{paint.plan}/file", params={"format": "csv"}, headers=paint.who).status_code == 200
    stranger = hall.comes("stranger")
    problem(hall.client.get(f"{paint.plan}/file", headers=stranger), 404, "not-found")
    (author,) = hall.rows("SELECT author::text FROM wangge.plan WHERE id = %s", [plan])[0]
    logged = hall.rows(
        "SELECT e.actor::text, e.subject, e.path = p.path, e.body FROM wangge.event e, wangge.plan p "
        "WHERE e.kind = 'export' AND p.id = %s",
        [plan],
    )
    assert logged == [(author, "plan", True, {"plan": plan, "version": 1, "form": "csv", "rows": 6})]


def test_a_plan_is_copied(paint):
    """A copy is a draft of whoever asks, with the same grids and figures; what is painted on it leaves the first alone."""
    hall = paint.hall
    other = hall.comes("other", ("community", C1), ("community", "370103016002"))
    answer = hall.client.post(f"{paint.plan}/copies", json={"title": "比选方案"}, headers=other)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    told = hall.client.get(f"/v1/plans/{made['id']}", headers=other).json()
    first = hall.client.get(paint.plan, headers=paint.who).json()
    assert (told["title"], told["state"], told["version"], told["number"]) == ("比选方案", "draft", 1, 2)
    assert told["metrics"] == first["metrics"]
    assert told["made_with"]["copy_of"] == first["id"]
    one, two = shapes(hall, first["id"]), shapes(hall, made["id"])
    assert one.keys() == two.keys()
    assert all(shapely.equals_identical(one[code], two[code]) for code in one)
    assert hall.client.get(f"/v1/plans/{made['id']}/checks", headers=other).json()["clean"]
    copy = type(paint)(hall, other, f"/v1/plans/{made['id']}").prepared()
    state = copy.state()
    ids = [grid["id"] for grid in state["grids"]]
    block = next(n for n, index in enumerate(state["of_block"]) if index == 0)
    target = next(index for index, grid in enumerate(state["grids"]) if index and grid["community"] == 0)
    assert copy.save([(block, ids[target])]).status_code == 200
    assert all(shapely.equals_identical(one[code], shape) for code, shape in shapes(hall, first["id"]).items())
    kinds = hall.rows("SELECT kind FROM wangge.event WHERE kind = 'plan.copy'")
    assert kinds == [("plan.copy",)]


def test_who_has_a_part_copies_nothing(paint):
    """Whoever plans one of two communities is refused; whoever sees drafts alone too."""
    who = paint.hall.comes("part", ("community", C1))
    problem(paint.hall.client.post(f"{paint.plan}/copies", json={}, headers=who), 403, "scope-denied")
