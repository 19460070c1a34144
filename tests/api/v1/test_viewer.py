"""A screen on a wall (the role `viewer`): what it sees, and that it can do nothing and read nobody's name or words."""

import pytest

from tests.api.incidents.station import HERE, station_over
from tests.api.v1.hall import addresses
from tests.published import DISTRICT, STREETS

PLACES = {"{code}": HERE, "{no}": "1", "{plan}": "0", "{collection}": "grids"}
NAMES = ("/v1/staff", "/v1/posts", "/v1/orgs", "/v1/incidents", "/v1/feeds/incidents", "/v1/log", "/v1/households", "/v1/calls",
         "/v1/webhooks", "/v1/people", "/v1/visits", "/v1/plans")  # fmt: skip


@pytest.fixture(scope="module")
def town(cluster, template, tmp_path_factory):
    """The small town, with a screen of its first street."""
    with cluster.clone(template) as db, station_over(db, tmp_path_factory.mktemp("home")) as station:
        station.who["screen"] = station.hall.comes("screen", ("viewer", STREETS[0]))
        yield station


def test_a_screen_sees_its_area(town):
    """It sees what is open in its area, the ground and the figures there, and nothing of another area."""
    mine = town.reports()["no"]
    told = town.asks("screen", "GET", "/v1/wall/incidents").json()["incidents"]["no"]
    assert mine in told
    ground = town.asks("screen", "GET", "/v1/wall/ground").json()
    assert {code[:9] for code in ground["grids"]["code"]} == {STREETS[0]}
    assert town.asks("screen", "GET", "/v1/stats", params={"area": STREETS[0]}).status_code == 200
    for area in (STREETS[1], DISTRICT):
        assert town.asks("screen", "GET", "/v1/stats", params={"area": area}).status_code == 404


@pytest.mark.parametrize("address", NAMES)
def test_a_screen_reads_no_names_and_no_words(town, address):
    """Lists with people, or with what somebody wrote, are refused to it, or are empty."""
    answer = town.asks("screen", "GET", address)
    assert answer.status_code in {400, 403, 404}, answer.text


def test_a_screen_changes_nothing(town):
    """Of every address that changes something, none takes anything from it."""
    before = town.hall.value("SELECT count(*) FROM wangge.event")
    asked = 0
    for method, path in addresses(town.hall.app):
        if method in {"GET", "OPTIONS"} or path.startswith("/v1/session"):
            continue
        address = path
        for place, value in PLACES.items():
            address = address.replace(place, value)
        answer = town.asks("screen", method, address, json={})
        assert 400 <= answer.status_code < 500, (method, path, answer.status_code, answer.text)
        asked += 1
    assert asked > 60
    assert town.hall.value("SELECT count(*) FROM wangge.event") == before
    report = {"lon": 117.0005, "lat": 36.4925, "category": "rubbish", "title": "a heap"}
    assert town.asks("screen", "POST", "/v1/incidents", json=report).status_code == 403
