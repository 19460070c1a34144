"""Whether it is alive, whether it can work, and what it counts."""

import time
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from data.store.pool import connect
from data.store.sql import run
from tests.served import service_over


@pytest.fixture(scope="module")
def client(store, tmp_path_factory):
    def add(app):
        app.router.routes.append(Route("/things/{name}", lambda request: PlainTextResponse(request.path_params["name"])))

    with service_over(store.app, tmp_path_factory.mktemp("home"), change=add) as client:
        yield client


def samples(client, name):
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        tuple(sample.labels.values()): sample.value for family in families for sample in family.samples if sample.name == name
    }


def test_a_fit_store_is_ready(client):
    """Ready says so with what could be better, and no proxy keeps it."""
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json()["status"] == "ready"
    assert {reason["severity"] for reason in response.json()["reasons"]} <= {"warning"}
    assert response.headers["cache-control"] == "no-store"


def test_a_service_above_the_policies_is_not_ready(store, tmp_path):
    """Connected as owner it would show everybody everything: it says that it is not ready, and why, in both languages."""
    with service_over(store.admin, tmp_path) as client:
        response = client.get("/readyz?lang=en")
        zh = client.get("/readyz?lang=zh").json()

    assert response.status_code == 503
    assert {reason["code"] for reason in response.json()["reasons"] if reason["severity"] == "error"} == {"role_too_strong"}
    assert "row-level security does not bind it" in response.text
    assert "不受行级安全约束" in str(zh)


def test_without_its_store_it_lives_and_is_not_ready(tmp_path):
    """A store that is down keeps requests away and makes nobody restart the service; where the store is, is not told."""
    with service_over(f"host={tmp_path} user=hunter2 dbname=x", tmp_path) as client:
        began = time.monotonic()
        alive, ready = client.get("/healthz"), client.get("/readyz?lang=en")

    assert time.monotonic() - began < 5
    assert (alive.status_code, ready.status_code) == (200, 503)
    assert [reason["code"] for reason in ready.json()["reasons"]] == ["store_unreachable"]
    assert ready.headers["retry-after"] == "2"
    assert "hunter2" not in ready.text
    assert str(tmp_path) not in ready.text


def test_it_is_ready_again_when_the_store_is_mended(db, tmp_path):
    """Nothing is remembered: whatever was wrong and is right again is ready at the next question."""
    with closing(connect(db.admin)) as owner, service_over(db.app, tmp_path) as client:
        before = client.get("/readyz").status_code
        run(owner, "ALTER SCHEMA wangge RENAME TO elsewhere")
        during = client.get("/readyz").status_code
        run(owner, "ALTER SCHEMA elsewhere RENAME TO wangge")
        after = client.get("/readyz").status_code

    assert (before, during, after) == (200, 503, 200)


def test_requests_are_counted_by_route(client):
    """Any number of addresses, guessed ones too, makes a number of series that the routes bound."""
    for number in range(50):
        client.get(f"/things/{number}")
        client.get(f"/nowhere/{number}")
    client.request("PROPFIND", "/things/1")

    counted = samples(client, "wangge_requests_total")
    assert counted["GET", "/things/{name}", "200"] == 50
    assert counted["GET", "none", "404"] == 50
    assert counted["other", "/things/{name}", "405"] == 1
    assert samples(client, "wangge_request_seconds_count")["GET", "/things/{name}"] == 50
    assert len(counted) < 10


def test_a_request_is_open_while_it_is_answered(client):
    """The gauge comes back to the one request that asks for it."""
    assert samples(client, "wangge_requests_open") == {(): 1}


def test_each_application_counts_for_itself(store, tmp_path, client):
    """Two applications in one process share no counter."""
    client.get("/things/1")
    with service_over(store.app, tmp_path) as other:
        assert samples(other, "wangge_requests_total") == {}


def test_measurements_are_for_this_machine(store, tmp_path):
    """Whoever comes from elsewhere, through a trusted proxy, is refused, until the settings open them to everybody."""
    elsewhere = {"X-Forwarded-For": "203.0.113.7"}
    with service_over(store.app, tmp_path) as client:
        assert client.get("/metrics").status_code == 200
        assert client.get("/metrics", headers=elsewhere).status_code == 403
    with service_over(store.app, tmp_path, public=("metrics",)) as client:
        assert client.get("/metrics", headers=elsewhere).status_code == 200
