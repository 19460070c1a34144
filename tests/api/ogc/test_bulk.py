"""Whole collections as files: four forms of the same features."""

from __future__ import annotations

import csv
import io
import json

import geopandas
import pandas as pd
import pytest
import shapely

from api.csv_table import FORMULA_STARTS, cell
from api.ogc import bulk
from api.ogc.bulk import FORMATS
from tests.published import COMMUNITIES, DISTRICT, HIDDEN, STREETS
from tests.served import served

BULK = "/collections/grids/bulk"


def frame(client, form, query=""):
    """The features of a file, as a table with its geometry."""
    answer = client.get(f"{BULK}?f={form}{query}")
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == int(answer.headers["content-length"])
    if form == "geojsonseq":
        parts = answer.content.split(b"\x1e")
        assert parts[0] == b""
        assert all(part.endswith(b"\n") for part in parts[1:])
        return geopandas.GeoDataFrame.from_features([json.loads(part) for part in parts[1:]], crs="EPSG:4490")
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        shapes = geopandas.GeoSeries.from_wkt([row.pop("wkt") for row in rows], crs="EPSG:4490")
        return geopandas.GeoDataFrame(rows, geometry=shapes)
    read = geopandas.read_parquet if form == "parquet" else geopandas.read_file
    return read(io.BytesIO(answer.content))


@pytest.mark.parametrize("form", FORMATS)
def test_each_form_has_the_same_features(ask, form) -> None:
    """Whatever the form, the file has the features, properties and coordinates of the items."""
    listed = geopandas.GeoDataFrame.from_features(ask.get("/collections/grids/items").json()["features"], crs="EPSG:4490")
    found = frame(ask, form).sort_values("code", ignore_index=True)
    assert found.crs == "EPSG:4490"
    assert list(found["code"]) == list(listed["code"])
    figures = [[None if pd.isna(n) or n == "" else int(n) for n in table["households"]] for table in (found, listed)]
    assert figures[0] == figures[1]
    assert set(listed.columns) == set(found.columns) - {"bbox"}
    assert [str(each)[:10] for each in found["since"]] == list(listed["since"])
    # Items are rounded to nine decimals.
    away = shapely.hausdorff_distance(found.geometry.to_numpy(), listed.geometry.to_numpy())
    assert (away < 1e-8).all()


@pytest.mark.parametrize("form", FORMATS)
def test_files_narrow_like_items(ask, form) -> None:
    """A file takes the filters of the items, a day and a choice of properties."""
    found = frame(ask, form, "&filter=households>310&at=2024-05-01&properties=code,name&street=370103002")
    assert sorted(found["code"]) == ["370103002001001", "370103002001002", "370103002002001", "370103002002002"]
    assert set(found.columns) - {"bbox"} == {"code", "name", "geometry"}


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_file_is_a_file(ask, form) -> None:
    """Where no feature is left the file is empty, and still one of its kind."""
    answer = ask.get(f"{BULK}?f={form}&at=2001-01-01")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].replace(" ", "") == FORMATS[form].replace(" ", "")


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_no_cell_is_a_formula(start) -> None:
    """A text that a spreadsheet would run is written so that it only shows it."""
    assert cell(f"{start}SUM(1,2)") == f"'{start}SUM(1,2)"
    assert cell("网格") == "网格"


def test_numbers_stay_numbers() -> None:
    """A negative number is no formula."""
    assert cell(-1.5) == -1.5


def test_formulas_in_names(own_town) -> None:
    """What somebody has called an area reaches a spreadsheet as text."""
    with served(own_town.app) as client:
        own_town.do("UPDATE wangge.area_version SET name = '=HYPERLINK(1)' WHERE name = '街道1'")
        text = client.get("/collections/streets/bulk?f=csv").content.decode("utf-8-sig")
        assert sorted(row["name"] for row in csv.DictReader(io.StringIO(text))) == ["'=HYPERLINK(1)", "街道2"]


def test_file_is_named_for_its_day(ask) -> None:
    """A browser saves the file under the collection's name and the day that it shows."""
    assert (
        ask.get(f"{BULK}?f=fgb&at=2024-05-01").headers["content-disposition"] == 'attachment; filename="grids-2024-05-01.fgb"'
    )


def test_sequences_come_in_any_system(ask) -> None:
    """Only text comes in another system than the one that features are kept in."""
    crs = "http://www.opengis.net/def/crs/EPSG/0/4548"
    answer = ask.get(f"{BULK}?crs={crs}&filter=code='{HIDDEN}'")
    assert answer.headers["content-crs"] == f"<{crs}>"
    first = json.loads(answer.content[1:])["geometry"]["coordinates"][0][0]
    assert first[0] > 4_000_000 > first[1]
    assert ask.get(f"{BULK}?f=csv&crs={crs}").status_code == 400


@pytest.mark.parametrize("query", ["f=shp", "limit=5", "cursor=x", "sortby=name", "colour=red", "f=csv&f=fgb"])
def test_parameters_of_files(ask, query) -> None:
    """A file is whole: it takes no page, no order, and no form that there is not."""
    assert ask.get(f"{BULK}?{query}").status_code == 400


def test_too_much_for_memory(ask, monkeypatch) -> None:
    """A file that is made in memory has a highest number of features; the text that streams has none."""
    monkeypatch.setattr(bulk, "MOST_AT_ONCE", 11)
    assert ask.get(f"{BULK}?f=parquet").status_code == 400
    assert ask.get(f"{BULK}?f=geojsonseq").status_code == 200


def test_unchanged_file_is_not_made_again(ask) -> None:
    """Who has the file of this version is told so."""
    tag = ask.get(f"{BULK}?f=csv").headers["etag"]
    assert ask.get(f"{BULK}?f=csv", headers={"If-None-Match": tag}).status_code == 304
    assert ask.get(f"{BULK}?f=geojsonseq", headers={"If-None-Match": tag}).status_code == 200


def test_exports_are_logged(own_town) -> None:
    """Whoever takes a file under their own name is written down, with what they asked for; strangers see public figures."""
    with served(own_town.app) as client:
        client.get(f"{BULK}?f=csv")
        assert own_town.value("SELECT count(*) FROM wangge.event WHERE kind = 'export'") == 0
        mine = own_town.key_of("street", STREETS[1])
        text = client.get(f"{BULK}?f=csv&kind=dedicated", headers=mine).content.decode("utf-8-sig")
        assert [row["households"] for row in csv.DictReader(io.StringIO(text))] == ["3"]
        assert own_town.value("SELECT body ->> 'form' FROM wangge.event WHERE kind = 'export' AND actor IS NOT NULL") == "csv"
        assert own_town.value("SELECT body -> 'asked' FROM wangge.event WHERE kind = 'export'") == [["kind", "dedicated"]]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("", DISTRICT),
        (f"street={STREETS[1]}", STREETS[1]),
        (f"filter=community='{COMMUNITIES[0]}'", COMMUNITIES[0]),
        (f"code={HIDDEN}", HIDDEN[:12]),
        ("at=2001-01-01", None),
    ],
)
def test_exports_are_logged_where_they_belong(own_town, query, place) -> None:
    """The line in the log lies in the smallest area that holds all that was taken, so that who audits that area reads it."""
    with served(own_town.app) as client:
        mine = own_town.key_of("district", DISTRICT)
        assert client.get(f"{BULK}?f=csv&{query}", headers=mine).status_code == 200
    logged = "SELECT a.code FROM wangge.event e LEFT JOIN wangge.area a ON a.path = e.path WHERE e.kind = 'export'"
    assert own_town.value(logged) == place
