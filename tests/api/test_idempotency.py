"""A request that is sent twice is done once."""

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app import create_app
from api.asked import Asking, Store
from api.idempotency import HEADER, OnlyOnce, digest_of
from api.ogc.openapi import describe
from api.secret import read_secret
from api.settings import Settings
from api.who.keys import new_key
from api.who.pepper import Pepper
from data.store.answers import forget
from data.store.pool import Pool, connect
from data.store.sql import many, one, run
from gis.errors import Conflict
from tests.api.v1.hall import addresses
from tests.api.who.conftest import office
from tests.served import service_over

__all__ = ["office"]

NOW = datetime(2026, 3, 2, tzinfo=UTC)


class Wanted(BaseModel):
    """What is to be made; `fails` says how it goes wrong."""

    name: str
    fails: str = ""
    sleep_s: float = 0


def _add_routes(app):
    router = APIRouter(prefix="/v1")

    @router.post("/things")
    def make(asked: Asking, store: Store, once: OnlyOnce, wanted: Wanted) -> Response:
        with store.write(asked.scope) as conn:

            def work():
                (number,) = one(conn, "INSERT INTO thing (name) VALUES (%s) RETURNING id", [wanted.name])
                one(conn, "SELECT pg_sleep(%s)", [wanted.sleep_s])
                if wanted.fails == "conflict":
                    raise Conflict("no")
                if wanted.fails == "oops":
                    raise ZeroDivisionError
                headers = {"Location": f"/v1/things/{number}", "ETag": f'"{number}"', "X-Mine": "1"}
                return JSONResponse({"id": number, "name": wanted.name}, 201, headers)

            return once(conn, work)

    app.include_router(router)


class Desk:
    """Two people with keys, a table of things, and a service where things are made."""

    def __init__(self, office, client, home) -> None:
        self.office, self.client = office, client
        pepper = Pepper(read_secret(home / "secret").derive("pepper"))
        self.keys = {}
        with office.owner() as conn:
            run(conn, "CREATE TABLE public.thing (id bigint GENERATED ALWAYS AS IDENTITY, name text)")
            run(conn, "GRANT INSERT, SELECT ON public.thing TO wangge_app")
        for name, area in (("ann", "370103001001"), ("bob", "370103001002")):
            person = office.add(name, ("community", area))
            key = self.keys[name] = new_key(pepper)
            with office.owner() as conn:
                run(
                    conn,
                    """INSERT INTO wangge.api_key (prefix, secret_mac, person_id, name, created_at, expires_at)
                    VALUES (%s, %s, %s, 'k', %s, %s)""",
                    [key.prefix, key.secret_mac, person, NOW, NOW + timedelta(days=1)],
                )

    def post(self, wanted, *, key=None, who: str | None = "ann"):
        """Ask for a thing."""
        headers = ({} if who is None else {"x-api-key": self.keys[who].text}) | (
            {} if key is None else {"Idempotency-Key": key}
        )
        return self.client.post("/v1/things", json=wanted, headers=headers)

    def things(self):
        """Give the names of all things that were made."""
        with closing(connect(self.office.db.admin)) as conn:
            return [name for (name,) in many(conn, "SELECT name FROM thing ORDER BY name")]


@pytest.fixture
def desk(office, tmp_path: Path):
    with service_over(office.db.app, tmp_path, now=lambda: NOW, change=_add_routes) as client:
        yield Desk(office, client, tmp_path)


def test_the_same_request_gets_the_same_answer(desk):
    """Sent again with its key, a request changes nothing and is answered byte for byte as before, and says that it is."""
    first, second = desk.post({"name": "a"}, key="k"), desk.post({"name": "a"}, key="k")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    for header in ("location", "etag", "content-type"):
        assert first.headers[header] == second.headers[header]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert desk.things() == ["a"]


def test_without_a_key_every_request_is_its_own(desk):
    """Who does not say that two requests are one gets two things."""
    desk.post({"name": "a"})
    desk.post({"name": "a"})

    assert desk.things() == ["a", "a"]


def test_a_key_stands_for_one_request(desk):
    """The same key with another content is refused, and nothing is made: one of the two would be lost without a word."""
    desk.post({"name": "a"}, key="k")
    other = desk.post({"name": "b"}, key="k")

    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert desk.things() == ["a"]


def test_keys_are_their_owners(desk):
    """Two people who choose the same key do not get each other's answers."""
    first, second = desk.post({"name": "a"}, key="k"), desk.post({"name": "a"}, key="k", who="bob")

    assert first.json()["id"] != second.json()["id"]
    assert desk.things() == ["a", "a"]


def test_callers_whom_nobody_knows_have_no_keys(desk):
    """An anonymous caller's key is not looked at: it would be everybody's."""
    assert "idempotency-replayed" not in desk.post({"name": "a"}, key="k", who=None).headers
    assert desk.post({"name": "b"}, key="k", who=None).status_code == 201


@pytest.mark.parametrize("fails", ["conflict", "oops"])
def test_what_was_refused_may_be_sent_again(desk, fails):
    """A request that failed has changed nothing and has used up no key."""
    failed = desk.post({"name": "a", "fails": fails}, key="k")
    again = desk.post({"name": "b"}, key="k")

    assert failed.status_code in {409, 500}
    assert again.status_code == 201
    assert desk.things() == ["b"]


def test_many_at_once_are_done_once(desk):
    """Of many that come together one is worked on and the others wait for its answer: one thing, one answer."""
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(desk.post({"name": "a", "sleep_s": 0.2}, key="k"))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 5
    assert desk.things() == ["a"]


def test_who_waits_too_long_is_told_to_come_again(desk):
    """While the first is worked on for longer than locks are waited for, the second is told so, and later gets the answer."""
    first = []
    thread = threading.Thread(target=lambda: first.append(desk.post({"name": "a", "sleep_s": 4}, key="k")))
    thread.start()
    # Not before the first has taken the key, which it has once it is asleep.
    with closing(connect(desk.office.db.admin)) as conn:
        while one(
            conn, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
        ) == (0,):
            pass
    second = desk.post({"name": "a", "sleep_s": 4}, key="k")
    thread.join()
    third = desk.post({"name": "a", "sleep_s": 4}, key="k")

    assert (second.status_code, second.json()["code"]) == (409, "request-in-progress")
    assert second.headers["retry-after"] == "2"
    assert third.content == first[0].content
    assert desk.things() == ["a"]


@pytest.mark.parametrize("key", ["a b", "", "x" * 201, "é".encode("latin-1")])
def test_a_key_that_is_none_is_refused(desk, key):
    """A key that could not be found again is a bad parameter, and nothing is made."""
    answer = desk.post({"name": "a"}, key=key)

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "Idempotency-Key")
    assert desk.things() == []


def test_a_key_may_be_quoted(desk):
    """The header's draft writes a quoted string, most clients a bare one: both are the same key."""
    assert desk.post({"name": "a"}, key='"k"').content == desk.post({"name": "a"}, key="k").content
    assert desk.things() == ["a"]


def test_old_answers_are_forgotten(desk):
    """After their time answers go, and only those: the owner's part, which the application cannot do."""
    desk.post({"name": "a"}, key="k")
    with closing(connect(desk.office.db.admin)) as conn:
        assert forget(conn, NOW) == 0
        assert forget(conn, NOW + timedelta(seconds=1)) == 1


WITHOUT = {
    ("POST", "/v1/session"): "nobody is known yet, and the answer holds secrets",
    ("DELETE", "/v1/session"): "signed out twice is signed out",
    ("POST", "/v1/session/password"): "the answer holds secrets",
    ("POST", "/v1/people/{person_id}/keys"): "the answer holds a secret",
    ("POST", "/v1/webhooks"): "the answer holds a secret",
    ("POST", "/v1/locate"): "a question",
    ("POST", "/v1/log/export"): "a question",
}
"""What is sent like a change and takes no key, and why."""


def test_every_change_takes_a_key(tmp_path):
    """Each operation that changes something is described with the header, in either description; those without say why."""
    app = create_app(Settings(home=tmp_path), Pool("", size=1), now=lambda: NOW)
    paths = app.openapi()["paths"] | describe("en", "", drafts=True)["paths"]
    changes = {
        (method.upper(), path): {each.get("name") for each in operation.get("parameters", ())}
        for path, methods in paths.items()
        for method, operation in methods.items()
        if method in {"post", "put", "patch", "delete"}
    }
    # Open311 has a description of its own, the standard; its changes take the key too (tests/api/open311).
    ours = [(method, path) for method, path in addresses(app) if not path.startswith("/open311/")]
    addressed = {(method, path.replace("{feature}", "{featureId}")) for method, path in ours}
    assert set(changes) == {(method, path) for method, path in addressed if method not in {"GET", "OPTIONS"}}
    assert {change for change, names in changes.items() if HEADER not in names} == set(WITHOUT)


def test_what_is_kept_of_a_request_tells_nothing_without_the_secret(desk):
    """A body may be a password: the digest that is kept is made with the service's secret, so none can be tried on a backup."""
    scope = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "headers": [], "server": ("x", 80)}
    one_of, other = (digest_of(Request(scope), b"hunter2", Pepper(bytes([n]) * 32)) for n in range(2))
    assert one_of != other
    assert one_of == digest_of(Request(scope), b"hunter2", Pepper(bytes([0]) * 32))
    desk.post({"name": "a"}, key="k")
    with closing(connect(desk.office.db.admin)) as conn:
        (kept,) = one(conn, "SELECT digest FROM wangge.answer")
    assert len(bytes(kept)) == 32
