"""Service orders over HTTP: each step by its tier, and a row that is what its log says."""

from __future__ import annotations

from contextlib import closing

import pytest

from api.loop.order import order_columns
from api.v1.orders import standing_of
from data.store import orders
from data.store.pool import connect
from tests.api.incidents.station import GRID, HERE, NEXT, at, station_over
from tests.api.v1.hall import problem
from tests.published import DISTRICT, STREETS

TO = {"to": {"org": "sanitation"}}


@pytest.fixture
def station(db, tmp_path):
    """A town with people at every desk."""
    with station_over(db, tmp_path) as made:
        yield made


def place(station, who="worker", **said):
    """Place an order in the first community."""
    wanted = {"category": "repair", "title": "a lamp is out", "community": HERE, **said}
    made = station.asks(who, "POST", "/v1/orders", json=wanted)
    assert made.status_code == 201, made.text
    return made.json()


def step(station, who, no, name, **said):
    """Take a step."""
    return station.asks(who, "POST", f"/v1/orders/{no}/transitions", json={"step": name, **said})


def done(station, who, no, name, **said):
    """Take a step that is allowed."""
    answer = step(station, who, no, name, **said)
    assert answer.status_code == 200, answer.text
    return answer.json()


def agrees(station, no) -> None:
    """Check that the row is what the log says."""
    with closing(connect(station.hall.db.admin)) as conn:
        row = orders.get(conn, no)
        said = order_columns(standing_of(conn, row))
    assert said == {name: row[name] for name in said}


def test_yunyangs_way(station) -> None:
    """点、分、派、领、办结、评价: each by the right tier, each with its time, and after each the row is what the log says."""
    made = place(station, **{"community": None} | at(50, 200))
    no = made["no"]
    assert (no, made["grid"], made["variant"]) == ("O2026030237010300001", GRID, "yunyang")
    way = (
        ("community", "sorted", {}), ("street", "dispatched", TO), ("office", "taken", {}),
        ("office", "finished", {"result": "mended"}), ("worker", "rated", {"result": "satisfied"}),
    )  # fmt: skip
    for who, name, said in way:
        agrees(station, no)
        station.passes(hours=1)
        assert done(station, who, no, name, **said)["state"] == name
    agrees(station, no)
    shown = station.asks("district", "GET", f"/v1/orders/{no}").json()
    assert (shown["state"], shown["satisfaction"], shown["next"], shown["transitions"]) == ("rated", "satisfied", None, [])
    times = [shown[f"{name}_at"] for name in ("placed", "sorted", "dispatched", "taken", "finished", "rated")]
    assert times == sorted(set(times))
    log = station.asks("district", "GET", f"/v1/orders/{no}/events").json()["events"]
    assert [each["step"] for each in log] == ["placed", *(name for _, name, _ in way)]
    events = station.hall.rows("SELECT kind FROM wangge.event WHERE subject = %s ORDER BY seq", [no])
    assert [kind for (kind,) in events] == [f"order.{each['step']}" for each in log]


def test_jiuquans_way(station) -> None:
    """An area may say another variant: the community dispatches, and does not sort. Orders of before go on by theirs."""
    before = place(station)["no"]
    problem(station.asks("worker", "PUT", "/v1/orders/flow", json={"area": HERE, "variant": "jiuquan"}), 403, "scope-denied")
    above = {"area": DISTRICT, "variant": "jiuquan"}
    problem(station.asks("community", "PUT", "/v1/orders/flow", json=above), 403, "scope-denied")
    assert station.asks("community", "PUT", "/v1/orders/flow", json={"area": HERE, "variant": "jiuquan"}).status_code == 200
    assert station.asks("community", "PUT", "/v1/orders/flow", json={"area": HERE, "variant": "none"}).status_code == 404
    no = place(station)["no"]
    problem(step(station, "community", no, "sorted"), 409, "illegal-transition")
    worker = {"to": {"person": station.ids["stand_in"]}}
    assert done(station, "community", no, "dispatched", **worker)["target"] == {"person": station.ids["stand_in"]}
    problem(step(station, "worker", no, "taken"), 403, "not-the-owner")
    done(station, "stand_in", no, "taken")
    assert done(station, "community", before, "sorted")["variant"] == "yunyang"


def test_who_may_not_is_told_why(station) -> None:
    """A step by the wrong tier, out of turn, without its field or out of sight is refused, and changes nothing."""
    no = place(station)["no"]
    problem(step(station, "street", no, "sorted"), 403, "wrong-tier")
    problem(step(station, "worker", no, "sorted"), 403, "scope-denied")
    assert problem(step(station, "community", no, "dispatched", **TO), 409, "illegal-transition")["allowed"] == ["sorted"]
    problem(step(station, "other_street", no, "sorted"), 404, "not-found")
    done(station, "community", no, "sorted")
    problem(step(station, "street", no, "dispatched"), 400, "missing-field")
    problem(step(station, "street", no, "dispatched", to={"org": "nobody"}), 400, "unknown-party")
    problem(step(station, "street", no, "dispatched", to={"person": station.ids["stranger"]}), 400, "unknown-party")
    assert station.asks("district", "GET", f"/v1/orders/{no}").json()["revision"] == 2
    agrees(station, no)


def test_what_is_offered_is_what_they_may_do(station) -> None:
    """An order shows its next step to whom it belongs, with the fields that it needs, and to everybody whom it waits for."""
    no = place(station)["no"]
    done(station, "community", no, "sorted")
    shown = {who: station.asks(who, "GET", f"/v1/orders/{no}").json() for who in ("street", "community", "worker")}
    assert shown["street"]["transitions"] == [{"step": "dispatched", "label": "Dispatched", "requires": ["to"]}]
    assert shown["community"]["transitions"] == shown["worker"]["transitions"] == []
    assert shown["worker"]["next"] == {"step": "dispatched", "for": "street"}


def test_for_a_resident_without_an_account_the_community_rates(station) -> None:
    """What a worker writes down for somebody is nobody's of ours: not they but the community rates it."""
    no = place(station, for_resident=True)["no"]
    done(station, "community", no, "sorted")
    done(station, "street", no, "dispatched", **TO)
    done(station, "office", no, "taken")
    done(station, "office", no, "finished", result="mended")
    problem(step(station, "worker", no, "rated", result="satisfied"), 403, "scope-denied")
    assert done(station, "community", no, "rated", result="basic")["satisfaction"] == "basic"


def test_sent_twice_it_is_one_order(station) -> None:
    """The same terminal's order, and the same request by its key, are one order; a step taken twice is one step."""
    uuid = "11111111-2222-4333-8444-555555555555"
    no = place(station, client_uuid=uuid)["no"]
    again = station.asks("worker", "POST", "/v1/orders", json={
        "category": "repair", "title": "a lamp is out", "community": HERE, "client_uuid": uuid,
    })  # fmt: skip
    assert (again.status_code, again.json()) == (200, {"no": no, "is_new": False})
    key = {"Idempotency-Key": "k1"}
    address = f"/v1/orders/{no}/transitions"
    one, other = (station.asks("community", "POST", address, json={"step": "sorted"}, headers=key) for _ in range(2))
    assert one.json() == other.json()
    assert other.headers["Idempotency-Replayed"] == "true"
    assert station.hall.value("SELECT count(*) FROM wangge.event WHERE kind = 'order.sorted'") == 1
    stale = {"If-Match": '"O-0"'}
    problem(
        station.asks("street", "POST", f"/v1/orders/{no}/transitions", json={"step": "dispatched", **TO}, headers=stale),
        412, "stale-version",
    )  # fmt: skip


def test_lists_are_of_ones_areas(station) -> None:
    """Everybody lists the orders of their areas and those they placed themselves; filters and pages lose none."""
    here = [place(station)["no"] for _ in range(3)]
    there = place(station, "stranger", community=NEXT, category="care")["no"]
    away = place(station, "worker", community=NEXT)["no"]

    def listed(who, **query):
        return [each["no"] for each in station.asks(who, "GET", "/v1/orders", params=query).json()["orders"]]

    assert listed("district") == listed("street") == [away, there, *here[::-1]]
    assert listed("other_street") == []
    assert listed("worker") == [away, *here[::-1]]
    assert listed("stranger") == [away, there]
    assert listed("district", area=HERE) == here[::-1]
    assert listed("district", category="care") == [there]
    assert listed("worker", placed_by_me="true") == [away, *here[::-1]]
    first = station.asks("district", "GET", "/v1/orders", params={"limit": 2}).json()
    assert [each["no"] for each in first["orders"]] == [away, there]
    assert listed("district", before=first["next"], limit=9) == here[::-1]
    done(station, "community", here[0], "sorted")
    done(station, "street", here[0], "dispatched", **TO)
    assert listed("office", mine="true") == [here[0]]
    assert listed("district", state="dispatched") == [here[0]]
    problem(station.asks("district", "GET", "/v1/orders", params={"area": STREETS[0], "stat": "x"}), 400, "unknown-parameter")


def test_a_place_outside_every_community_is_refused(station) -> None:
    """An order lies in a community: a place without one, a street, or no place at all is refused."""
    far = {"category": "c", "title": "t", **at(-5000, 0)}
    problem(station.asks("worker", "POST", "/v1/orders", json=far), 400, "out-of-area")
    for said in ({}, {"community": HERE, **at(50, 200)}):
        answer = station.asks("worker", "POST", "/v1/orders", json={"category": "c", "title": "t", **said})
        problem(answer, 422, "invalid-body")
    answer = station.asks("worker", "POST", "/v1/orders", json={"category": "c", "title": "t", "community": STREETS[0]})
    problem(answer, 400, "invalid-parameter")
