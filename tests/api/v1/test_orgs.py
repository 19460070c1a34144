"""Organisations over HTTP: who makes them, who belongs to them, and who sees that."""

import pytest

from tests.api.incidents.station import HERE
from tests.api.v1.hall import problem
from tests.api.v1.staffed import events, listed, made, staffed
from tests.published import DISTRICT, STREETS

FIRE = {"code": "fire", "kind": "department", "name": "消防大队", "area": STREETS[0]}
CENTER = f"/v1/orgs/center:{HERE}"


@pytest.fixture
def station(db, tmp_path):
    """The small town with its staff."""
    with staffed(db, tmp_path) as town:
        yield town


def test_an_organisation_is_made_renamed_and_ended(station) -> None:
    """A street makes a department of its own, on its tier; each change is in the log, and sent twice it is made once."""
    once = {"Idempotency-Key": "a"}
    first, again = (station.asks("street", "POST", "/v1/orgs", json=FIRE, headers=once) for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    assert (first.json()["tier"], first.json()["active"], first.json()["area"]) == ("street", True, STREETS[0])
    assert first.headers["location"].endswith("/v1/orgs/fire")
    changed = station.asks("street", "PATCH", "/v1/orgs/fire", json={"name": "消防救援站", "active": False})
    assert (changed.json()["name"], changed.json()["active"]) == ("消防救援站", False)
    assert station.asks("street", "PATCH", "/v1/orgs/fire", json={"active": True}).json()["active"] is True
    assert events(station, "org.") == ["org.made", "org.renamed", "org.ended", "org.taken-up"]
    problem(station.asks("street", "POST", "/v1/orgs", json=FIRE), 409, "already-exists")


def test_who_makes_and_changes_them(station) -> None:
    """It takes the right to manage staff, and in that area: no worker, no stranger, no community for its street."""
    problem(station.asks("worker", "POST", "/v1/orgs", json=FIRE), 403, "scope-denied")
    problem(station.asks("community", "POST", "/v1/orgs", json=FIRE), 403, "scope-denied")
    problem(station.asks("other_street", "POST", "/v1/orgs", json=FIRE), 403, "scope-denied")
    problem(station.hall.client.post("/v1/orgs", json=FIRE), 401, "unidentified")
    problem(station.hall.client.get("/v1/orgs"), 401, "unidentified")
    station.asks("street", "POST", "/v1/orgs", json=FIRE)
    problem(station.asks("community", "PATCH", "/v1/orgs/fire", json={"name": "x"}), 403, "scope-denied")
    problem(station.asks("other_street", "PATCH", "/v1/orgs/fire", json={"name": "x"}), 404, "not-found")
    problem(station.asks("street", "POST", "/v1/orgs", json=FIRE | {"code": "center:x"}), 400, "invalid-parameter")
    problem(station.asks("street", "PATCH", "/v1/orgs/fire", json={}), 422, "invalid-body")


def test_who_sees_them(station) -> None:
    """Seen are the organisations of one's areas and those above: the next street's are not. Lists narrow, and come in pages."""
    station.asks("street", "POST", "/v1/orgs", json=FIRE)
    assert "fire" in {org["code"] for org in listed(station, "worker", "/v1/orgs", "orgs")}
    assert {"sanitation", "water"} <= {org["code"] for org in listed(station, "other_street", "/v1/orgs", "orgs")}
    assert "fire" not in {org["code"] for org in listed(station, "other_street", "/v1/orgs", "orgs")}
    problem(station.asks("other_street", "GET", "/v1/orgs/fire"), 404, "not-found")
    departments = listed(station, "district", "/v1/orgs", "orgs", kind="department", tier="district")
    assert [org["code"] for org in departments] == ["sanitation", "water"]
    centers = listed(station, "district", "/v1/orgs", "orgs", area=STREETS[0], kind="command_center")
    assert [(org["code"][7:], org["name"]) for org in centers] == [
        (STREETS[0], "街道1"), (HERE, "社区1"), (f"{STREETS[0]}002", "社区2"),
    ]  # fmt: skip
    found, after = [], ""
    while after is not None:
        page = station.asks("district", "GET", "/v1/orgs", params={"limit": 3, "after": after}).json()
        found += [org["code"] for org in page["orgs"]]
        after = page["next"]
    assert found == sorted(set(found))
    assert len(found) == 8 + 3


def test_members_come_and_go(station) -> None:
    """Somebody becomes a member by their login, is shown by name, works in the organisation, and is no more when it ends."""
    said = {"login": "other_street", "is_duty_chief": False}
    added = station.asks("district", "POST", "/v1/orgs/water/members", json=said)
    assert (added.status_code, added.json()["name"], added.json()["ends_at"]) == (201, "Other_Street", None)
    asked = "SELECT code FROM wangge.memberships(%s, %s) WHERE kind = 'department'"
    who = [station.ids["other_street"], station.hall.now]
    assert station.hall.rows(asked, who) == [("water",)]
    problem(station.asks("district", "POST", "/v1/orgs/water/members", json=said), 409, "already-member")
    here = f"/v1/orgs/water/members/{added.json()['id']}"
    problem(station.asks("district", "DELETE", f"/v1/orgs/sanitation/members/{added.json()['id']}"), 404, "not-found")
    problem(station.asks("community", "DELETE", here), 404, "not-found")
    assert station.asks("district", "DELETE", here).status_code == 204
    assert station.hall.rows(asked, who) == []
    problem(station.asks("district", "DELETE", here), 404, "not-found")
    assert events(station, "org.member") == ["org.member-added", "org.member-ended"]


def test_members_are_not_for_everybody(station) -> None:
    """Nobody makes themself a member, a login that nobody has is not found, and members of others are not shown."""
    me = {"login": "district", "is_duty_chief": False}
    problem(station.asks("district", "POST", "/v1/orgs/water/members", json=me), 403, "scope-denied")
    problem(station.asks("district", "POST", "/v1/orgs/water/members", json=me | {"login": "nobody"}), 404, "not-found")
    assert [m["name"] for m in listed(station, "district", "/v1/orgs/sanitation/members", "members")] == ["Office"]
    assert listed(station, "community", "/v1/orgs/sanitation/members", "members") == []
    over = me | {"login": "worker", "ends_at": station.hall.now.isoformat()}
    problem(station.asks("district", "POST", "/v1/orgs/water/members", json=over), 400, "invalid-parameter")


def test_command_centers_are_there_by_themselves(station) -> None:
    """Of a command center only chiefs of its duty are named, and it lasts as long as its area; its name may be another."""
    plain = {"login": "colleague", "is_duty_chief": False}
    problem(station.asks("community", "POST", f"{CENTER}/members", json=plain), 400, "invalid-parameter")
    assert station.asks("community", "POST", f"{CENTER}/members", json=plain | {"is_duty_chief": True}).status_code == 201
    asked = "SELECT is_duty_chief FROM wangge.memberships(%s, %s)"
    assert station.hall.rows(asked, [station.ids["colleague"], station.hall.now]) == [(True,)]
    problem(station.asks("community", "PATCH", CENTER, json={"active": False}), 409, "center-lasts")
    assert station.asks("community", "PATCH", CENTER, json={"name": "第一社区指挥室"}).json()["name"] == "第一社区指挥室"


def test_what_has_incidents_in_hand_does_not_end(station) -> None:
    """A department that owns an open incident is not ended: nobody would have it."""
    station.asks("community", "POST", "/v1/orgs", json=FIRE | {"area": HERE})
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    station.done("community", no, "dispatch", to={"org": "fire"})
    problem(station.asks("community", "PATCH", "/v1/orgs/fire", json={"active": False}), 409, "org-in-use")


def test_somebody_answers_for_each(station) -> None:
    """Each center has at most one principal, of the staff that are still there; those without are found."""
    one = made(station)
    answer = station.asks("community", "PATCH", CENTER, json={"principal": one["id"]})
    assert answer.json()["principal"] == {"staff": one["id"], "name": "王芳"}
    without = listed(station, "district", "/v1/orgs", "orgs", kind="command_center", has_principal=False)
    assert f"center:{HERE}" not in {org["code"] for org in without}
    assert f"center:{DISTRICT}" in {org["code"] for org in without}
    assert station.asks("community", "PATCH", CENTER, json={"principal": None}).json()["principal"] is None
    station.asks("community", "PATCH", f"/v1/staff/{one['id']}", json={"status": "left"})
    problem(station.asks("community", "PATCH", CENTER, json={"principal": one["id"]}), 404, "not-found")
