"""What is told beside incidents and plans: orders, modes, problem points; and that an incident is over, in one word."""

from __future__ import annotations

from contextlib import closing

import jsonschema
import pytest

from api.incidents.rulebook import Rulebook
from api.incidents.ticker import tick
from data.store.pool import connect
from tests.api.feed.follow import following
from tests.api.incidents.proof import faults
from tests.api.incidents.station import GRID, HERE, at, station_over
from tests.api.v1.hall import problem
from tests.published import DISTRICT, STREETS

WORDS = "words of somebody"


@pytest.fixture
def station(db, tmp_path):
    """The small town, whose events can be followed."""
    with station_over(db, tmp_path) as made:
        yield made


def fits(station, event):
    """Check an event against the description."""
    document = station.hall.client.get("/asyncapi").json()
    family = event["type"].removeprefix("cn.gridgov.").partition(".")[0].replace("-", "_")
    jsonschema.validate(event, document["components"]["schemas"][family], format_checker=jsonschema.FormatChecker())


def followed(station, who, do, count, **wanted):
    """Do something and return the events that somebody is told of it: so many, and none beyond."""
    with following(station.hall.client, station.who[who], **wanted) as stream:
        stream.next()
        do()
        told = stream.events(count)
        assert stream.nothing(0.8)
    for event in told:
        fits(station, event)
        assert WORDS not in str(event)
    return told


def ended(station, way):
    """Bring an incident to its end, one way."""
    no = station.reports()["no"]
    if way == "rejected":
        station.done("community", no, "reject", reason="insufficient", answer=WORDS)
        return no
    station.done("community", no, "accept", matter="0101")
    if way == "voided":
        station.done("community", no, "void", reason=WORDS)
        return no
    station.done("worker", no, "claim")
    work(station, no)
    return no


def work(station, no):
    """Do what there is to do, up to the end."""
    station.done("worker", no, "handle", result=WORDS, outcome="resolved", evidence=["photo"])
    station.done("community", no, "check_pass")
    station.done("community", no, "feedback", result="satisfied", answer=WORDS)


@pytest.mark.parametrize(("way", "by"), [("closed", "feedback"), ("rejected", "reject"), ("voided", "void")])
def test_an_end_has_one_type_whatever_led_there(station, way, by) -> None:
    """Beside its own event each end comes once as incident.closed, with the state; and it is no step of the incident's log."""
    told = followed(
        station, "street", lambda: ended(station, way), 2, types=f"cn.gridgov.incident.closed,cn.gridgov.incident.{by}"
    )
    assert [event["data"]["event"] for event in told] == [by, "closed"]
    assert [event["data"]["state"] for event in told] == [way, way]
    assert told[0]["data"]["revision"] == told[1]["data"]["revision"]
    assert told[0]["id"] != told[1]["id"]
    no = told[0]["subject"]
    log = station.asks("community", "GET", f"/v1/incidents/{no}/events").json()["events"]
    assert "closed" not in [each["event"] for each in log]


def test_what_is_over_ends_once_more_only_when_it_was_opened_again(station) -> None:
    """Archiving what is closed is no second end; an incident that was reopened and closed again has two."""
    no, other = ended(station, "closed"), ended(station, "closed")
    station.done("community", other, "reopen", reason="it is back")
    work(station, other)
    station.passes(days=20)
    with closing(connect(station.hall.db.admin)) as conn:
        while tick(conn, station.hall.now, Rulebook()):
            pass
        assert faults(conn) == []
    assert [station.shown(each)["state"] for each in (no, other)] == ["archived", "archived"]
    count = "SELECT count(*) FROM wangge.event WHERE kind = 'incident.closed' AND subject = %s"
    assert (station.hall.value(count, [no]), station.hall.value(count, [other])) == (1, 2)


def test_the_words_of_the_plan_may_be_asked_for(station) -> None:
    """Who asks for `dispatched` or `escalated` is told of the steps dispatch and escalate."""

    def do():
        no = station.reports()["no"]
        station.done("community", no, "accept", matter="0101")
        station.done("worker", no, "claim")
        station.done("worker", no, "escalate", reason="beyond_capacity")

    (told,) = followed(station, "street", do, 1, types="cn.gridgov.incident.escalated,cn.gridgov.incident.dispatched")
    assert told["type"] == "cn.gridgov.incident.escalate"


def test_orders_are_told_to_those_who_see_them(station) -> None:
    """Each step of an order comes to those of its areas and to nobody of another street; how orders go is told to nobody."""
    with following(station.hall.client, station.who["other_street"]) as other:
        other.next()

        def do():
            station.asks("community", "PUT", "/v1/orders/flow", json={"area": HERE, "variant": "jiuquan"})
            made = station.asks("worker", "POST", "/v1/orders", json={"category": "repair", "title": WORDS, **at(50, 200)})
            no = made.json()["no"]
            to = {"to": {"org": "sanitation"}}
            assert station.asks(
                "community", "POST", f"/v1/orders/{no}/transitions", json={"step": "dispatched", **to}
            ).is_success

        placed, sent = followed(station, "district", do, 2, types="cn.gridgov.order.*")
        assert other.nothing(0.1)
    assert [placed["type"], sent["type"]] == ["cn.gridgov.order.placed", "cn.gridgov.order.dispatched"]
    no = placed["subject"]
    assert sent["data"] == {
        "no": no, "event": "dispatched", "state": "dispatched", "revision": 2, "area": HERE,
        "link": f"{station.hall.client.base_url}/v1/orders/{no}",
    }  # fmt: skip


def test_a_switch_is_told_to_all_below(station) -> None:
    """The district's switch to emergency comes to workers of a grid, also to those who follow one community alone."""

    def do():
        wanted = {"area": DISTRICT, "mode": "emergency", "reason": WORDS}
        assert station.asks("district", "POST", "/v1/modes", json=wanted).status_code == 201

    (told,) = followed(station, "worker", do, 1, area=HERE)
    assert told["data"] == {
        "place": DISTRICT, "event": "switched", "mode": "emergency", "before": "normal", "ended": [], "area": DISTRICT,
        "link": f"{station.hall.client.base_url}/v1/modes?area={DISTRICT}",
    }  # fmt: skip
    with following(station.hall.client, station.who["other_street"]) as other:
        other.next()
        station.asks("district", "POST", "/v1/modes", json={"area": STREETS[0], "mode": "normal", "reason": "over"})
        assert other.nothing(0.8)


def test_problem_points_are_told_to_those_who_see_them(station) -> None:
    """A point, its joining with others and its mending come to those who work there, and to nobody of another street."""
    with following(station.hall.client, station.who["other_street"]) as other:
        other.next()

        def do():
            point = {"kind": "dirty", "note": WORDS, **at(50, 200)}
            assert station.asks("worker", "POST", "/v1/problem-points", json=point).status_code == 201
            (number,) = station.asks("community", "POST", "/v1/problem-points/clusters", json={"area": HERE}).json()["made"]
            address = f"/v1/problem-points/clusters/{number}"
            seen = station.asks("community", "GET", address).headers["etag"]
            mending = {"department": "sanitation", "measure": WORDS, "deadline": "2026-04-01"}
            assert station.asks("community", "PUT", address, json=mending, headers={"If-Match": seen}).status_code == 200

        told = followed(station, "stand_in", do, 3, types="cn.gridgov.problem-point.*,cn.gridgov.problem-cluster.*")
        assert other.nothing(0.1)
    assert [event["type"].removeprefix("cn.gridgov.") for event in told] == [
        "problem-point.found", "problem-cluster.gathered", "problem-cluster.changed",
    ]  # fmt: skip
    assert (told[0]["data"]["class"], told[0]["data"]["grid"]) == ("dirty", GRID)
    assert told[1]["data"]["points"] == [int(told[0]["subject"])]
    assert (told[2]["data"]["state"], told[2]["data"]["department"]) == ("planned", "sanitation")


def test_what_is_no_family_is_refused(station) -> None:
    """Only what is told can be asked for: staff, visits and sessions are nobody's news."""
    for family in ("staff", "visit", "session", "problem", "order_flow"):
        wanted = {"types": f"cn.gridgov.{family}.*"}
        problem(station.asks("street", "GET", "/v1/events", params=wanted), 400, "invalid-parameter")
