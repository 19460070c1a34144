"""The log over HTTP, for auditors."""

import orjson
import pytest

from data.store.log import record
from tests.api.v1.hall import problem
from tests.stored import brought, owner, village

C1, C2 = "370103016001", "370103016002"
PATHS = {C1: "1.2.3.4", C2: "1.2.3.5", "街道": "1.2.3", "区": "1.2", None: None}


@pytest.fixture
def told(hall):
    """Events of several kinds in all areas and in none: twenty of each."""
    with owner(hall.db.admin) as conn:
        brought(conn, village().town())
        for n in range(20):
            for area, path in PATHS.items():
                record(conn, f"kind.{n % 2}", path=path, subject=str(n), body={"area": area})


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(("area", "sees"), [(C1, {C1, None}), ("街道", {C1, C2, "街道", None}), (None, set(PATHS))])
def test_auditors_read_their_areas(hall, area, sees):
    """An auditor reads every event of their areas and of none in particular, in pages, each once and in order."""
    who = hall.comes("auditor", ("auditor", area))
    found, after = [], None
    while True:
        asked = {"limit": 7} | ({"after": after} if after else {})
        page = hall.client.get("/v1/log", params=asked, headers=who)
        assert page.headers["Cache-Control"] == "no-store"
        found += page.json()["events"]
        after = page.json()["next"]
        if after is None:
            break
    assert len(found) == 20 * len(sees) == len({(event["chain"], event["number"]) for event in found})
    assert {event["body"]["area"] for event in found} == sees
    assert [event["at"] for event in found] == sorted(event["at"] for event in found)
    assert {event["area"] for event in found} == sees
    heads = hall.client.get("/v1/log/heads", headers=who).json()["heads"]
    last = {event["chain"]: (event["number"], event["hash"]) for event in sorted(found, key=lambda each: each["number"])}
    assert {head["chain"]: (head["number"], head["hash"]) for head in heads} == last


@pytest.mark.usefixtures("told")
def test_events_are_chosen(hall):
    """Events are chosen by kind, subject and moment, all of which must fit."""
    who = hall.comes("auditor", ("auditor", None))

    def ask(**wanted):
        return hall.client.get("/v1/log", params=wanted, headers=who).json()["events"]

    assert len(ask(kind="kind.1")) == 50
    assert len(ask(subject="3")) == 5
    assert len(ask(kind="kind.0", subject="3")) == 0
    middle = ask()[40]["at"]
    assert len(ask(since=middle)) == 60


@pytest.mark.usefixtures("told")
def test_reading_writes_nothing_and_taking_away_does(hall):
    """Reading the log leaves no trace; an export holds what was read and is itself an event."""
    who = hall.comes("auditor", ("auditor", "街道"))
    before = hall.value("SELECT count(*) FROM wangge.event")
    read = hall.client.get("/v1/log?limit=1000", headers=who).json()["events"]
    assert hall.value("SELECT count(*) FROM wangge.event") == before
    taken = hall.client.post("/v1/log/export?kind=kind.1", headers=who)
    assert taken.headers["content-type"] == "application/x-ndjson"
    assert [orjson.loads(line) for line in taken.content.splitlines()] == [each for each in read if each["kind"] == "kind.1"]
    (path, body) = hall.rows("SELECT path::text, body FROM wangge.event WHERE kind = 'log.exported'")[0]
    assert (path, body["rows"], body["kind"]) == ("1.2.3", 40, "kind.1")


@pytest.mark.usefixtures("told")
def test_nobody_else_reads_it(hall):
    """Planners, workers and administrators are refused the log, its heads and its export, and strangers asked who they are."""
    for role, area in (("district", "区"), ("street", "街道"), ("community", C1), ("grid_worker", C1), ("administrator", None)):
        who = hall.comes(role, (role, area))
        problem(hall.client.get("/v1/log", headers=who), 403, "scope-denied")
        problem(hall.client.get("/v1/log/heads", headers=who), 403, "scope-denied")
        problem(hall.client.post("/v1/log/export", headers=who), 403, "scope-denied")
    problem(hall.client.get("/v1/log"), 401, "unidentified")


@pytest.mark.parametrize(
    "after", ["x", "e30", "bnVsbA", "WzEsMiwzXQ", "W10", "é", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIlx1MDAwMCIsMV0"]
)
def test_places_that_are_none(hall, after):
    """What is no place in the log's order is refused and named."""
    who = hall.comes("auditor", ("auditor", None))
    told = problem(hall.client.get("/v1/log", params={"after": after}, headers=who), 400, "invalid-cursor")
    assert told["errors"][0]["parameter"] == "after"
    problem(hall.client.get("/v1/log?since=2026-01-01", headers=who), 400, "invalid-parameter")
