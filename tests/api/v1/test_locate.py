"""Which grid is here, over HTTP."""

import pytest

from gis.chinese_frames import from_wgs84
from tests.api.v1.hall import problem
from tests.stored import owner, published

NOWHERE = (100.0, 10.0)


@pytest.fixture
def middles(hall):
    """A village with its first plan in force: each grid's code, and a place inside it in degrees."""
    with owner(hall.db.admin) as conn:
        published(conn)
    rows = hall.rows("SELECT code, ST_X(p), ST_Y(p) FROM wangge.grid, ST_PointOnSurface(geom) AS p WHERE in_force IS NOT NULL")
    return {code: (lon, lat) for code, lon, lat in rows}


def test_each_place_has_its_grid(hall, middles):
    """One place at a time and all of them at once give the very grid that they lie in; outside it is null, not the nearest."""
    for code, (lon, lat) in middles.items():
        grid = hall.client.get("/v1/locate", params={"lon": lon, "lat": lat}).json()["grid"]
        assert (grid["code"], grid["community"], grid["street"]) == (code, code[:12], "街道")
    places = [*middles.values(), NOWHERE]
    many = hall.client.post("/v1/locate", json={"points": places, "coord_sys": "cgcs2000"}).json()
    assert (many["grids"], many["outside"]) == ([*middles, None], 1)
    assert hall.client.get("/v1/locate", params={"lon": 100, "lat": 10}).json()["grid"] is None


def test_a_day_before_there_were_grids(hall, middles):
    """Asked for a day before the plan took effect, the same places lie in no grid."""
    lon, lat = next(iter(middles.values()))
    assert hall.client.get("/v1/locate", params={"lon": lon, "lat": lat, "at": "2025-12-31"}).json()["grid"] is None
    body = {"points": [[lon, lat]], "coord_sys": "wgs84", "at": "2025-12-31"}
    assert hall.client.post("/v1/locate", json=body).json()["grids"] == [None]


def test_shifted_places(hall, middles):
    """A place in GCJ-02 lies in the grid that it means; read as if it were not shifted it would lie elsewhere."""
    code, (lon, lat) = next(iter(middles.items()))
    ((east, north),) = from_wgs84([(lon, lat)], "gcj02").tolist()
    asked = {"lon": east, "lat": north}
    assert hall.client.get("/v1/locate", params=asked | {"coord_sys": "gcj02"}).json()["grid"]["code"] == code
    plain = hall.client.get("/v1/locate", params=asked).json()["grid"]
    assert plain is None or plain["code"] != code


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("lat=36", "lon"),
        ("lon=a&lat=36", "lon"),
        ("lon=nan&lat=36", "lon"),
        ("lon=117&lat=inf", "lat"),
        ("lon=181&lat=36", "lon"),
        ("lon=117&lat=36&coord_sys=mars", "coord_sys"),
        ("lon=117&lat=36&at=yesterday", "at"),
        ("lon=117&lat=36&lng=1", "lng"),
    ],
)
def test_places_that_are_none(hall, query, parameter):
    """What is missing, no number, not on the globe or not known is named."""
    answer = hall.client.get(f"/v1/locate?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"points": [[117, 36]]}, "/coord_sys"),
        ({"points": [], "coord_sys": "wgs84"}, "/points"),
        ({"points": [[117, 36]] * 10_001, "coord_sys": "wgs84"}, "/points"),
        ({"points": [[117, 91]], "coord_sys": "wgs84"}, "/points/0/1"),
        ({"points": [[117, 36]], "coord_sys": "wgs84", "scope": "1"}, "/scope"),
    ],
)
def test_bodies_that_are_none(hall, body, pointer):
    """A body without a system, with none or too many places, off the globe or with an unknown member is refused, by place."""
    told = problem(hall.client.post("/v1/locate", json=body), 422, "invalid-body")
    assert pointer in {error["pointer"] for error in told["errors"]}
