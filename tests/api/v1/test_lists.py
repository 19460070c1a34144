"""The five lists over HTTP: promises with where they came from, powers, duties, services; and problems by a link."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from data.profile import place
from data.store.plans import area_named
from data.store.profiles import keep
from tests.api.incidents.station import HERE, NEXT, at, station_over
from tests.api.v1.hall import problem
from tests.published import DISTRICT, STREETS
from tests.stored import owner

PROMISE = {"list": 1, "title": "修一盏路灯", "source": "party_day"}


@pytest.fixture
def station(db, tmp_path):
    """A town with people at every desk, in March 2026; their keys hold for long."""
    with station_over(db, tmp_path) as made:
        made.hall.do("UPDATE wangge.api_key SET expires_at = '2030-01-01'")
        yield made


def adds(station, who="community", area=HERE, **said):
    return station.asks(who, "POST", "/v1/lists/items", json={"area": area, **said})


def added(station, *args, **said):
    answer = adds(station, *args, **said)
    assert answer.status_code == 201, answer.text
    return answer.json()


def changes(station, number, who="community", **said):
    address = f"/v1/lists/items/{number}"
    seen = station.asks("district", "GET", address).headers["etag"]
    return station.asks(who, "PATCH", address, json=said, headers={"If-Match": seen})


def items(station, who="community", **query):
    answer = station.asks(who, "GET", "/v1/lists/items", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def lists(station, who="community", **query):
    return {each["list"]: each for each in station.asks(who, "GET", "/v1/lists", params=query).json()["lists"]}


def figure(station, name):
    asked = {"area": DISTRICT, "metrics": name}
    (found,) = station.asks("district", "GET", "/v1/panel", params=asked).json()["figures"]
    return found


def test_a_year_of_a_promise(station) -> None:
    """Promised in spring, not done in December it is unfulfilled; done, people rate it; nothing that is done is undone."""
    made = added(station, **PROMISE)
    assert (made["year"], made["status"], made["source"], made["unfulfilled"]) == (2026, "promised", "party_day", False)
    other = added(station, **PROMISE)
    assert changes(station, made["id"], status="in_progress").json()["status"] == "in_progress"
    refused = problem(changes(station, made["id"], status="promised"), 409, "illegal-transition")
    assert refused["allowed"] == ["done", "dropped"]
    problem(changes(station, made["id"], review_score=90), 400, "invalid-parameter")
    assert items(station, unfulfilled=True) == []
    station.hall.now = datetime(2026, 12, 1, 4, tzinfo=UTC)
    assert {each["id"] for each in items(station, unfulfilled=True)} == {made["id"], other["id"]}
    assert changes(station, made["id"], status="done", review_score=90).json()["review_score"] == 90
    problem(changes(station, made["id"], status="dropped"), 409, "illegal-transition")
    station.hall.now = datetime(2027, 3, 1, 4, tzinfo=UTC)
    added(station, **PROMISE)
    (left,) = items(station, unfulfilled=True)
    assert (left["id"], left["unfulfilled"]) == (other["id"], True)
    assert [each["year"] for each in items(station)] == [2027, 2026, 2026]
    assert len(items(station, year=2026, status="done")) == 1


def test_items_that_lack_what_they_need_are_counted(station) -> None:
    """A promise without a source and a service without a contact are counted until they have one; then the figure is 0."""
    assert figure(station, "list_items_incomplete")["value"] is None
    bare = added(station, list=1, title="修路")
    mute = added(station, list=4, title="代办社保", mode="public_agency")
    added(station, list=3, title="采集信息")
    added(station, "district", DISTRICT, **PROMISE)
    assert (figure(station, "list_items")["value"], figure(station, "list_items_incomplete")["value"]) == (4, 2)
    assert (lists(station)[1]["incomplete"], lists(station)[4]["incomplete"]) == (1, 1)
    assert changes(station, bare["id"], source="hotline").status_code == 200
    assert changes(station, mute["id"], contact="0531-12345").status_code == 200
    assert figure(station, "list_items_incomplete")["value"] == 0
    assert lists(station)[4]["incomplete"] == 0


def test_the_place_names_its_lists(station) -> None:
    """The lists are called what the nearest profile calls them, and have names of their own where none does."""
    assert [each["name"] for each in lists(station).values()][:2] == ["Promises to the people", "Small powers"]
    names = place("gangcheng").as_json()["lists"]["names"]
    with owner(station.hall.db.admin) as conn:
        keep(conn, area_named(conn, DISTRICT), "own", {"id": "own", "lists": {"names": [f"甲{n}" for n in names]}},
             day=datetime(2026, 3, 1, tzinfo=UTC).date())  # fmt: skip
    assert [each["name"] for each in lists(station, area=HERE).values()] == [f"甲{name}" for name in names]


def test_the_list_of_problems_is_the_problem_points(station) -> None:
    """The fifth list counts clusters of problem points and leads to them; nothing can be put on it here."""
    station.asks("worker", "POST", "/v1/problem-points", json={"kind": "dirty", **at(50, 200)})
    station.asks("community", "POST", "/v1/problem-points/clusters", json={"area": HERE})
    found = lists(station, area=HERE)[5]
    assert (found["items"], found["open"], found["incomplete"]) == (1, 1, 0)
    (link,) = found["links"]
    address = link["href"].removeprefix(str(station.hall.client.base_url))
    assert len(station.asks("community", "GET", address).json()["clusters"]) == 1
    problem(adds(station, list=5, title="x"), 400, "invalid-parameter")
    problem(station.asks("community", "GET", "/v1/lists/items", params={"list": 5}), 400, "invalid-parameter")
    for number in (1, 4):
        address = lists(station, area=HERE)[number]["links"][0]["href"].removeprefix(str(station.hall.client.base_url))
        assert station.asks("community", "GET", address).json()["items"] == []


def test_each_list_has_its_own_fields(station) -> None:
    """Powers have a flow, services a mode, promises a source, and no other list has them; a contact is a duty phone."""
    flow = ["申请", "审核", "公示"]
    power = added(station, list=2, title="低保初审", flow=flow)
    assert (power["flow"], power["status"]) == (flow, "in_force")
    assert changes(station, power["id"], status="ended").status_code == 200
    for said in ({"list": 2, "source": "patrol"}, {"list": 1, "flow": flow}, {"list": 3, "mode": "property_service"}):
        problem(adds(station, title="x", **said), 400, "invalid-parameter")
    problem(changes(station, added(station, list=3, title="x")["id"], source="patrol"), 400, "invalid-parameter")
    problem(adds(station, list=4, title="x", contact="张三"), 422, "invalid-body")
    problem(adds(station, list=6, title="x"), 422, "invalid-body")


def test_who_keeps_and_who_sees_lists(station) -> None:
    """Who dispatches in an area keeps its lists; those below see what is promised above them, and not their neighbours'."""
    number = added(station, **PROMISE)["id"]
    above = added(station, "street", STREETS[0], **PROMISE)["id"]
    problem(adds(station, "worker", **PROMISE), 403, "scope-denied")
    problem(adds(station, area=NEXT, **PROMISE), 403, "scope-denied")
    problem(changes(station, above, status="done"), 403, "scope-denied")
    assert {each["id"] for each in items(station, "worker")} == {number, above}
    assert [each["id"] for each in items(station, "stranger")] == [above]
    assert items(station, "other_street") == []
    problem(station.asks("other_street", "GET", f"/v1/lists/items/{number}"), 404, "not-found")
    problem(
        station.asks("community", "PATCH", f"/v1/lists/items/{number}", json={"status": "done"}), 428, "precondition-required"
    )
    stale = {"If-Match": '"0"'}
    problem(
        station.asks("community", "PATCH", f"/v1/lists/items/{number}", json={"status": "done"}, headers=stale),
        412,
        "stale-version",
    )
    problem(station.asks("auditor", "GET", "/v1/lists"), 403, "scope-denied")
    log = "SELECT kind, body ->> 'status' FROM wangge.event WHERE kind LIKE 'list_item.%%' ORDER BY chain, seq"
    assert station.hall.rows(log) == [("list_item.added", "promised")] * 2


def test_items_come_in_pages(station) -> None:
    """Items are listed list by list and page by page, and none is lost."""
    numbers = [added(station, list=3, title=f"{n}")["id"] for n in range(3)]
    added(station, **PROMISE)
    page = station.asks("community", "GET", "/v1/lists/items", params={"list": 3, "limit": 2}).json()
    rest = items(station, list=3, before=page["next"])
    assert [each["id"] for each in page["items"] + rest] == numbers[::-1]
