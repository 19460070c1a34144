"""Assets over HTTP: what other systems watch over is written down once, told by theme, and seen by whoever works there."""

from __future__ import annotations

import pytest

from data.store.sql import many
from tests.api.incidents.station import HERE, NEXT, at, station_over
from tests.api.v1.hall import problem
from tests.published import COMMUNITIES, DISTRICT, STREETS
from tests.stored import owner


@pytest.fixture
def station(db, tmp_path):
    """A town with people at every desk."""
    with station_over(db, tmp_path) as made:
        yield made


def put(station, code="CAM-1", who="community", headers=None, **said):
    place = {name: value for name, value in at(100, 200).items() if name != "coord_sys"}
    wanted = {"area": HERE, "theme": "river", "name": "河道1号", "url": "https://video.example/1", **place, **said}
    return station.asks(who, "PUT", f"/v1/assets/{code}", json=wanted, headers=headers or {})


def codes(station, who="district", **query):
    answer = station.asks(who, "GET", "/v1/assets", params=query)
    assert answer.status_code == 200, answer.text
    return [each["code"] for each in answer.json()["assets"]]


def test_the_register(station) -> None:
    """An asset is written once, changed by who has seen it, and in the log; what is no longer active is not listed."""
    answer = put(station)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"].endswith("/v1/assets/CAM-1")
    shown = station.asks("worker", "GET", "/v1/assets/CAM-1")
    assert shown.json() == answer.json()
    place = {name: value for name, value in at(100, 200).items() if name != "coord_sys"}
    assert shown.json() == {
        "code": "CAM-1", "area": HERE, "theme": "river", "kind": "camera", "name": "河道1号", "url": "https://video.example/1",
        "active": True, "lon": pytest.approx(place["lon"]), "lat": pytest.approx(place["lat"]),
    }  # fmt: skip
    problem(put(station, name="河道2号"), 428, "precondition-required")
    seen = {"If-Match": shown.headers["etag"]}
    assert put(station, name="河道2号", headers=seen).json()["name"] == "河道2号"
    problem(put(station, name="河道3号", headers=seen), 412, "stale-version")
    again = {"If-Match": station.asks("community", "GET", "/v1/assets/CAM-1").headers["etag"]}
    assert put(station, active=False, headers=again).status_code == 200
    assert codes(station) == []
    kinds = station.hall.rows("SELECT kind FROM wangge.event WHERE subject = 'CAM-1' ORDER BY seq")
    assert [kind for (kind,) in kinds] == ["asset.added", "asset.changed", "asset.changed"]


def test_by_theme_and_area_in_pages(station) -> None:
    """The list has those of the themes and the area that are asked for, by code, a page at a time."""
    for code, theme, area, who in (
        ("A", "river", HERE, "community"), ("B", "forest", STREETS[0], "street"), ("C", "river", DISTRICT, "district"),
        ("D", "campus", COMMUNITIES[2], "district"),
    ):  # fmt: skip
        assert put(station, code, who=who, theme=theme, area=area).status_code == 201, code
    assert codes(station) == ["A", "B", "C", "D"]
    assert codes(station, theme=["river", "campus"]) == ["A", "C", "D"]
    assert codes(station, area=STREETS[0]) == ["A", "B"]
    first = station.asks("district", "GET", "/v1/assets", params={"limit": 3}).json()
    assert (len(first["assets"]), first["next"]) == (3, "C")
    rest = station.asks("district", "GET", "/v1/assets", params={"limit": 3, "after": first["next"]}).json()
    assert ([each["code"] for each in rest["assets"]], rest["next"]) == (["D"], None)
    problem(station.asks("district", "GET", "/v1/assets", params={"theme": "sea"}), 400, "invalid-parameter")


def test_for_whoever_works_there(station) -> None:
    """Those of a community see its own and not those of the street; the next one and the public see none."""
    assert put(station, "A").status_code == 201
    assert put(station, "B", who="street", area=STREETS[0]).status_code == 201
    assert codes(station, "worker") == codes(station, "community") == ["A"]
    assert codes(station, "street") == ["A", "B"]
    assert codes(station, "other_street") == []
    problem(station.asks("other_street", "GET", "/v1/assets/A"), 404, "not-found")
    assert station.hall.client.get("/v1/assets").status_code == 401


def test_who_may_not_write(station) -> None:
    """Nobody writes down what is not in their area, or takes a code that others have."""
    assert put(station, "A").status_code == 201
    problem(put(station, "B", area=NEXT), 403, "scope-denied")
    problem(put(station, "B", who="worker"), 403, "scope-denied")
    problem(put(station, "A", who="other_street", area=STREETS[1]), 409, "already-exists")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "http://", "https://a b", "//video.example", "data:text/html,x", "https://x\n"]
)
def test_a_way_is_an_address(station, url) -> None:
    """The way to another system is an address of the web: nothing else comes into a link."""
    problem(put(station, url=url), 422, "invalid-body")


def test_the_store_takes_no_other_address(station) -> None:
    """Whoever writes past the service is stopped by the store."""
    assert put(station).status_code == 201
    with owner(station.hall.db.admin) as conn, pytest.raises(Exception, match="asset_url_check"):
        many(conn, "UPDATE wangge.asset SET url = 'javascript:alert(1)' RETURNING code")
