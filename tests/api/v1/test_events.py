"""The stream of events: what happens comes once, to those who see it, and goes on where it was broken off."""

from __future__ import annotations

import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import jsonschema
import pytest

from api.feed.hub import Hub
from data.store.feed import renew
from data.store.incidents import note
from data.store.log import record
from data.store.sql import one, run
from tests.api.feed.follow import following
from tests.api.incidents.station import GRID, HERE, station_over
from tests.api.v1.hall import problem
from tests.published import DISTRICT, STREETS
from tests.stored import owner

DATA = {"no", "event", "state", "tier", "revision", "grid", "due_at", "stage_due_at", "area", "link"}


@pytest.fixture
def station(db, tmp_path):
    """The small town, whose events can be followed."""
    with station_over(db, tmp_path) as made:
        yield made


def test_what_is_done_is_told_in_order_and_without_words(station) -> None:
    """Each step of an incident comes as a CloudEvent with where it stood then, and with no word or name of anybody's."""
    with following(station.hall.client, station.who["street"]) as stream:
        first = stream.next()
        assert (first.name, first.retry, first.id) == ("position", 3000, first.data["cursor"])
        said = {"title": "SECRET-TITLE", "description": "SECRET-WORDS", "address": "SECRET-PLACE"}
        no = station.reports(**said, contact={"name": "SECRET-NAME", "phone": "13800001111"})["no"]
        station.done("community", no, "accept", matter="0101")
        station.done("worker", no, "claim")
        told = stream.events(3)
    assert [each["type"] for each in told] == [f"cn.gridgov.incident.{step}" for step in ("report", "accept", "claim")]
    assert [each["data"]["revision"] for each in told] == [1, 2, 3]
    assert [each["data"]["state"] for each in told] == ["reported", "accepted", "in_progress"]
    assert {(each["data"]["grid"], each["data"]["area"], each["data"]["tier"]) for each in told[:2]} == {(GRID, HERE, "grid")}
    assert set(told[0]["data"]) == DATA
    assert told[0]["data"]["link"] == f"{station.hall.client.base_url}/v1/incidents/{no}"
    assert told[0]["data"]["stage_due_at"]
    assert len({each["id"] for each in told}) == 3
    text = str(told)
    assert "SECRET" not in text
    assert "1380000" not in text
    assert not any(person in text for person in station.ids.values())


def test_a_stream_goes_on_where_it_was_broken_off(station) -> None:
    """Whoever comes again with the last id, by header or parameter, gets everything since, once; the header goes first."""
    with following(station.hall.client, station.who["street"]) as stream:
        stream.next()
        begun = stream.last_id
        no = station.reports()["no"]
        assert stream.events(1)[0]["subject"] == no
        last = stream.last_id
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    with following(station.hall.client, station.who["street"] | {"Last-Event-ID": last}, after=begun) as stream:
        assert [each["data"]["event"] for each in stream.events(2)] == ["accept", "claim"]
        assert stream.nothing(1.2)
    with following(station.hall.client, station.who["street"], after=begun) as stream:
        assert [each["data"]["event"] for each in stream.events(3)] == ["report", "accept", "claim"]


def test_who_sees_what(station) -> None:
    """A stream tells its follower of what they see and of nothing else: by area, by right, and as they are asked for."""
    with ExitStack() as stack:

        def follows(who, **wanted):
            stream = stack.enter_context(following(station.hall.client, station.who[who], **wanted))
            stream.next()
            return stream

        mine, others, auditor = follows("worker"), follows("other_street"), follows("auditor")
        elsewhere, here = follows("district", area=STREETS[1]), follows("district", area=STREETS[0])
        claims = follows("street", types="cn.gridgov.incident.claim,cn.gridgov.plan.*")
        no = station.reports()["no"]
        station.done("community", no, "accept", matter="0101")
        station.done("worker", no, "claim")
        for stream in (mine, auditor, here):
            assert [each["data"]["event"] for each in stream.events(3)] == ["report", "accept", "claim"]
        assert [each["data"]["event"] for each in claims.events(1)] == ["claim"]
        for stream in (others, elsewhere, claims):
            assert stream.nothing(0.8)


def test_events_of_plans_are_for_those_who_see_the_plan(station) -> None:
    """What happens to a plan is told to those who see it, and not to workers, who see no drafts."""
    with (
        following(station.hall.client, station.who["worker"]) as worker,
        following(station.hall.client, station.who["street"]) as street,
    ):
        worker.next()
        street.next()
        with owner(station.hall.db.admin) as conn:
            plan, path, number = one(conn, "SELECT id::text, path::text, number FROM wangge.plan ORDER BY number LIMIT 1")
            record(
                conn,
                "plan.street_review",
                path=path,
                subject=plan,
                body={"version": 1, "verdict": "reject", "comment": "SECRET"},
            )
            record(conn, "plan.street_review", path=path, subject="no id at all", body={"version": 1})
        (told,) = street.events(1)
        assert told["type"] == "cn.gridgov.plan.street-review"
        assert told["data"] == {
            "plan": plan, "event": "street_review", "number": number, "version": 1, "verdict": "reject", "area": DISTRICT,
            "link": f"{station.hall.client.base_url}/v1/plans/{plan}",
        }  # fmt: skip
        assert worker.nothing(0.8)
        assert street.nothing(0.1)


def test_a_fact_that_changes_nothing_is_told_too(station) -> None:
    """What the service notes of an incident comes with where that stands."""
    no = station.reports()["no"]
    with following(station.hall.client, station.who["street"], types="cn.gridgov.incident.due-soon") as stream:
        stream.next()
        with owner(station.hall.db.admin) as conn:
            (path,) = one(conn, "SELECT path::text FROM wangge.incident WHERE no = %s", [no])
            note(conn, no, kind="due-soon", path=path, body={"clock": "stage", "due_at": "2026-03-02T02:00:00+00:00"})
        (told,) = stream.events(1)
    assert told["type"] == "cn.gridgov.incident.due-soon"
    assert [told["data"][name] for name in ("state", "revision", "grid", "clock")] == ["reported", 1, GRID, "stage"]


def test_a_restored_store_resets(station) -> None:
    """A place of another epoch, or one that the log has not reached, gets `reset`, and the stream goes on from there."""
    for came in ("00000000-5--0", "nonsense", None):
        with following(station.hall.client, station.who["street"]) as stream:
            place = stream.next().id
        assert place is not None
        far = place.split("-")[0] + "-999999999--0"
        headers = station.who["street"] | {"Last-Event-ID": came or far}
        with following(station.hall.client, headers) as stream:
            reset = stream.named("reset")
            assert reset.data == {"reason": "epoch", "cursor": reset.id}
            assert reset.id.startswith(place.split("-")[0])
            no = station.reports()["no"]
            assert stream.events(1)[0]["subject"] == no


def test_a_store_that_is_put_back_resets_those_who_follow(station) -> None:
    """A stream that is open when another epoch begins ends with `reset`, and the id that it gives is good."""
    with following(station.hall.client, station.who["street"]) as stream:
        old = stream.next().id
        with owner(station.hall.db.admin) as conn:
            renew(conn)
        reset = stream.named("reset")
        assert stream.is_over.wait(5)
    assert reset.id.split("-")[0] != old.split("-")[0]
    with following(station.hall.client, station.who["street"] | {"Last-Event-ID": reset.id}) as stream:
        assert stream.next().name == "position"
        assert stream.nothing(0.7)


@pytest.mark.parametrize("how", ["key", "role"])
def test_who_is_shut_out_hears_nothing_more(station, how) -> None:
    """Once a key is revoked the stream ends, and once a role is taken back nothing of it comes, before the next event."""
    with following(station.hall.client, station.who["street"]) as stream:
        stream.next()
        no = station.reports()["no"]
        stream.events(1)
        with owner(station.hall.db.admin) as conn:
            if how == "key":
                run(conn, "UPDATE wangge.api_key SET revoked_at = now() WHERE person_id = %s", [station.ids["street"]])
            else:
                run(
                    conn,
                    "UPDATE wangge.role_grant SET valid = tstzrange(lower(valid), %s) WHERE person_id = %s",
                    [station.hall.now, station.ids["street"]],
                )
        station.done("community", no, "accept", matter="0101")
        assert stream.nothing(1.2)
        assert stream.is_over.is_set() == (how == "key")


def test_strangers_and_those_without_sight_are_refused(station) -> None:
    """Nobody follows who has not said who they are, or sees nothing; and wrong wishes are named."""
    ask, street = station.hall.client.get, station.who["street"]
    problem(ask("/v1/events"), 401, "unidentified")
    clerk = station.hall.comes("clerk", ("administrator", None))
    problem(ask("/v1/events", headers=clerk), 403, "scope-denied")
    for types in (
        "org.other.thing",
        "cn.gridgov.person.added",
        "cn.gridgov.*",
        "cn.gridgov.incident",
        "cn.gridgov.incident.x%",
    ):
        answer = problem(ask("/v1/events", params={"types": types}, headers=street), 400, "invalid-parameter")
        assert answer["errors"][0]["parameter"] == "types"
    problem(ask("/v1/events?after=x", headers=street), 400, "invalid-cursor")
    problem(ask("/v1/events?area=nowhere", headers=street), 404, "not-found")
    problem(ask("/v1/events?typs=x", headers=street), 400, "unknown-parameter")


def test_there_are_only_so_many_streams(station) -> None:
    """One stream more than may be is told to come again, and may once another has gone."""
    app = station.hall.app
    held = app.state.service
    app.state.hub = Hub(held.pool, held.door, held.now, most=2)
    with following(station.hall.client, station.who["street"]):
        with following(station.hall.client, station.who["street"]):
            answer = station.hall.client.get("/v1/events", headers=station.who["street"])
            problem(answer, 503, "store-busy")
            assert int(answer.headers["retry-after"]) > 0
        for _ in range(50):
            if len(app.state.hub) < 2:
                break
            time.sleep(0.05)
        with following(station.hall.client, station.who["street"]) as stream:
            assert stream.next().name == "position"


def test_idle_streams_hold_neither_connections_nor_threads(station) -> None:
    """With more streams open than there are connections and threads, everything else is answered as ever."""
    with ExitStack() as stack:
        streams = [stack.enter_context(following(station.hall.client, station.who["street"])) for _ in range(20)]
        free = station.hall.app.state.service.pool
        assert "free=4" in repr(free) or "free=3" in repr(free)
        no = station.reports()["no"]
        for stream in streams:
            assert stream.events(1)[0]["subject"] == no


def test_the_description_says_what_comes(station) -> None:
    """The AsyncAPI document closes, and every event and word of a real stream fits what it says of it."""
    answer = station.hall.client.get("/asyncapi")
    assert answer.headers["content-type"] == "application/asyncapi+json"
    document = answer.json()
    assert document["asyncapi"] == "3.0.0"
    assert document["servers"]["service"]["host"] == urlsplit(str(station.hall.client.base_url)).netloc

    def at(reference):
        found = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return found

    def references(node):
        if isinstance(node, dict):
            yield from [node["$ref"]] if "$ref" in node else []
        for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from references(each)

    assert all(at(reference) for reference in references(document))

    def fits(name, value):
        payload = at(document["channels"]["events"]["messages"][name]["$ref"])["payload"]
        jsonschema.validate(value, at(payload["$ref"]), format_checker=jsonschema.FormatChecker())

    with following(station.hall.client, station.who["street"] | {"Last-Event-ID": "x"}) as stream:
        fits("position", stream.next().data)
        fits("reset", stream.next().data)
        no = station.reports()["no"]
        station.done("community", no, "accept", matter="0101")
        with owner(station.hall.db.admin) as conn:
            run(
                conn,
                """INSERT INTO wangge.event (chain, seq, at, hash, path, kind, subject)
                   SELECT '', 0, now(), '', path, 'plan.effective', id::text FROM wangge.plan LIMIT 1""",
            )
        for told in stream.events(3):
            fits("plan" if "plan" in told["type"] else "incident", told)
            with pytest.raises(jsonschema.ValidationError):
                fits("incident", told | {"data": told["data"] | {"title": "words"}})


def test_a_server_that_ends_lets_its_followers_go(station) -> None:
    """What was not read is no reason to wait: the hub's end ends every stream whole, with nothing broken off."""
    with httpx.Client(base_url=station.hall.client.base_url, timeout=10, trust_env=False) as own:
        with own.stream("GET", "/v1/events", headers=station.who["street"]) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("retry")
            station.hall.app.state.hub.end()
            # An answer that was broken off would raise.
            assert len(list(lines)) < 10
        problem(own.get("/v1/events", headers=station.who["street"]), 503, "store-busy")


def asked_for(station, who, **wanted):
    """Return what there is behind a place, as whoever cannot hold a stream asks for it."""
    answer = station.asks(who, "GET", "/v1/events", params=wanted, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "Accept" in answer.headers["vary"]
    return answer.json()


def test_events_are_there_for_the_asking(station, monkeypatch) -> None:
    """Asked for as JSON, what there is comes at once: the same events as by the stream, once each, a page at a time."""
    monkeypatch.setattr("api.v1.events.PAGE", 2)
    begun = asked_for(station, "street")
    assert (begun["events"], begun["more"], begun["reset"]) == ([], False, False)
    no = station.reports()["no"]
    station.done("community", no, "accept", matter="0101")
    station.done("worker", no, "claim")
    with following(station.hall.client, station.who["street"], after=begun["cursor"]) as stream:
        streamed = stream.events(3)
    first = asked_for(station, "street", after=begun["cursor"])
    rest = asked_for(station, "street", after=first["cursor"])
    assert [*first["events"], *rest["events"]] == streamed
    assert (len(first["events"]), first["more"]) == (2, True)
    while rest["more"]:
        rest = asked_for(station, "street", after=rest["cursor"])
        assert rest["events"] == []
    claims = asked_for(station, "street", after=begun["cursor"], types="cn.gridgov.incident.claim")
    assert {each["data"]["event"] for each in claims["events"]} == {"claim"}
    assert asked_for(station, "other_street", after=begun["cursor"])["events"] == []
    assert asked_for(station, "district", after=begun["cursor"], area=STREETS[1])["events"] == []


def test_who_asks_from_a_place_that_is_none_any_more(station) -> None:
    """After a restore whoever asks is told so, and where to go on from; a stream is what everybody else is given."""
    place = asked_for(station, "street")["cursor"]
    with owner(station.hall.db.admin) as conn:
        renew(conn)
    told = asked_for(station, "street", after=place)
    assert (told["reset"], told["events"]) == (True, [])
    assert asked_for(station, "street", after=told["cursor"])["reset"] is False
    for accept in ("*/*", "text/event-stream", "application/json, text/event-stream"):
        with station.hall.client.stream("GET", "/v1/events", headers=station.who["street"] | {"Accept": accept}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
    assert asked_for(station, "stranger")["events"] == []
