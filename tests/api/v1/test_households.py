"""Household points and what changed in them, over HTTP: for planners, in their areas, and never unseen."""

import pytest

from data.store.towns import import_town
from tests.api.v1.hall import NOW, TODAY, problem
from tests.drawn import Home
from tests.stored import brought, owner, unmark, village

C1, C2 = "370103016001", "370103016002"


@pytest.fixture
def town(hall):
    """A village with two snapshots: in the second one house of each community has more households, one has gone, one is new."""
    drawing = village()
    with owner(hall.db.admin) as conn:
        brought(conn, drawing.town())
        town = drawing.town()
        later = village()
        later.homes = [Home(home.x, home.y, home.households + (n in {0, 48}), id=town.households.id[n]) for n, home in
                       enumerate(drawing.homes) if n not in {1, 49}] + [Home(30, 290, 7, id="new")]  # fmt: skip
        import_town(conn, later.town(), day=TODAY, now=NOW)
    west, south, east, north = hall.rows(
        "SELECT min(ST_X(geom)), min(ST_Y(geom)), max(ST_X(geom)), max(ST_Y(geom)) FROM wangge.household_point"
    )[0]
    return {"town": "drawn", "bbox": f"{west - 1e-4},{south - 1e-4},{east + 1e-4},{north + 1e-4}"}


@pytest.mark.parametrize("fast", [True, False])
def test_a_planner_sees_their_own(hall, town, fast):
    """Each planner sees the points of their area, of the snapshot they ask for, by the index or by the function."""
    if not fast:
        with owner(hall.db.admin) as conn:
            unmark(conn)
    for area, path in ((C1, "1.2.3.4"), (C2, "1.2.3.5"), ("区", "1.2")):
        role = {"区": "district"}.get(area, "community")
        who = hall.comes(f"planner-{area}", (role, area))
        for snapshot in (1, 2):
            answer = hall.client.get("/v1/households", params=town | {"snapshot": snapshot}, headers=who)
            assert answer.headers["Cache-Control"] == "no-store"
            truth = hall.rows(
                "SELECT external_id, households FROM wangge.household_point WHERE seen @> %s AND path <@ %s::ltree",
                [snapshot, path],
            )
            assert {(each["id"], each["households"]) for each in answer.json()["households"]} == set(truth)
            assert answer.json()["complete"]
        assert hall.client.get("/v1/households", params=town, headers=who).json()["snapshot"] == 2


def test_every_read_is_in_the_log(hall, town):
    """Who looked, where, at how much and when is written down for each read, where the auditors of the area find it."""
    who = hall.comes("planner", ("community", C1))
    hall.client.get("/v1/households", params=town | {"limit": 5}, headers=who)
    hall.client.get("/v1/towns/drawn/snapshots/2/changes", headers=who)
    person = hall.value("SELECT id FROM wangge.person WHERE login = 'planner'")
    rows = hall.rows("SELECT actor, path::text, body FROM wangge.event WHERE kind = 'households.read' ORDER BY seq")
    assert [(actor, path, body["rows"]) for actor, path, body in rows] == [(person, "1.2.3.4", 5), (person, "1.2.3.4", 3)]
    assert rows[0][2]["bbox"] == [float(part) for part in town["bbox"].split(",")]
    auditor = hall.comes("auditor", ("auditor", C1))
    read = hall.client.get("/v1/log", params={"kind": "households.read"}, headers=auditor).json()["events"]
    assert [event["body"]["rows"] for event in read] == [5, 3]


def test_nobody_else_sees_them(hall, town):
    """Grid workers, auditors, administrators and strangers are refused; and nothing is written for what was not read."""
    for role, area in (("grid_worker", C1), ("auditor", None), ("administrator", None)):
        who = hall.comes(role, (role, area))
        problem(hall.client.get("/v1/households", params=town, headers=who), 403, "scope-denied")
        problem(hall.client.get("/v1/towns/drawn/snapshots/2/changes", headers=who), 403, "scope-denied")
    problem(hall.client.get("/v1/households", params=town), 401, "unidentified")
    assert hall.value("SELECT count(*) FROM wangge.event WHERE kind = 'households.read'") == 0


def test_what_changed(hall, town):
    """From one snapshot to the next a planner sees their own houses come, go and change, with both states, page by page."""
    assert town
    who = hall.comes("planner", ("community", C1))
    found, after, page = {}, "", {}
    while after is not None:
        page = hall.client.get(
            "/v1/towns/drawn/snapshots/2/changes", params={"since": 1, "limit": 1, "after": after}, headers=who
        ).json()
        found |= {change["id"]: change for change in page["changes"]}
        after = page["next"]
    assert sorted(change["op"] for change in found.values()) == ["added", "changed", "removed"]
    assert found["new"]["after"]["households"] == 7
    (changed,) = (change for change in found.values() if change["op"] == "changed")
    assert changed["after"]["households"] - changed["before"]["households"] == 1
    assert page["counts"]["households_after"] - page["counts"]["households_before"] == 1 - 25 + 7
    back = hall.client.get("/v1/towns/drawn/snapshots/1/changes", params={"since": 2}, headers=who).json()
    assert sorted(change["op"] for change in back["changes"]) == ["added", "changed", "removed"]
    begun = hall.client.get("/v1/towns/drawn/snapshots/1/changes", headers=who).json()
    assert (begun["since"], begun["counts"]["added"]) == (0, 48)
    for number, since in ((3, 1), (2, 9)):
        at = f"/v1/towns/drawn/snapshots/{number}/changes"
        problem(hall.client.get(at, params={"since": since}, headers=who), 404, "not-found")


def test_towns_and_their_snapshots(hall, town):
    """A planner lists the towns of their area and the snapshots, newest first, without a household point of anybody's."""
    assert town
    who = hall.comes("planner", ("community", C1))
    (listed,) = hall.client.get("/v1/towns", headers=who).json()["towns"]
    assert (listed["name"], listed["crs"], listed["last_snapshot"]) == ("drawn", "EPSG:4548", 2)
    answer = hall.client.get("/v1/towns/drawn/snapshots", headers=who)
    assert [each["number"] for each in answer.json()["snapshots"]] == [2, 1]
    assert '"new"' not in answer.text.replace('"new":', "")
    page = hall.client.get("/v1/towns/drawn/snapshots?limit=1", headers=who).json()
    assert ([each["number"] for each in page["snapshots"]], page["next"]) == ([2], 2)
    page = hall.client.get("/v1/towns/drawn/snapshots?limit=1&before=2", headers=who).json()
    assert ([each["number"] for each in page["snapshots"]], page["next"]) == ([1], None)
    hall.do("INSERT INTO wangge.area (code, level) VALUES ('far', 'district')")
    stranger = hall.comes("stranger", ("district", "far"))
    assert hall.client.get("/v1/towns", headers=stranger).json() == {"towns": [], "next": None}
    for tail in ("", "/2/changes"):
        problem(hall.client.get(f"/v1/towns/drawn/snapshots{tail}", headers=stranger), 404, "not-found")


@pytest.mark.parametrize(
    "bbox",
    [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "a,2,3,4",
        "nan,0,0,0",
        "0,0,inf,0",
        "1,0,0,1",
        "0,1,1,0",
        "0,0,0.2,0.1",
        "0,0,0.1,0.2",
        "181,0,181,0",
    ],
)
def test_boxes_that_are_none(hall, town, bbox):
    """What is no box, or one larger than a planner needs, is refused and named."""
    who = hall.comes("planner", ("community", C1))
    told = problem(hall.client.get("/v1/households", params=town | {"bbox": bbox}, headers=who), 400, "invalid-parameter")
    assert told["errors"][0]["parameter"] == "bbox"
