"""The application as a whole: who asks, under which address, and what is refused at the door."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio.from_thread
import anyio.to_thread
import pytest
from fastapi import APIRouter
from starlette.responses import JSONResponse
from starlette.routing import Route

from api.app import SPARE_THREADS, create_app
from api.asked import Asking, Store, ask
from api.secret import read_secret
from api.settings import Settings
from api.who.caller import Right
from api.who.keys import new_key
from api.who.pepper import Pepper
from api.who.sessions import open_session
from data.store.pool import Pool
from data.store.sql import one
from tests.api.who.conftest import office
from tests.served import service_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

__all__ = ["office"]

NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
NOWHERE = "host=/nonexistent dbname=x"


def _told(asked):
    return {
        "person": asked.caller.person_id,
        "how": asked.caller.how.value,
        "areas_3": asked.scope.areas_3,
        "acting": asked.acting(Right.SUBMIT).rights,
        "public": asked.scope.public,
        "lang": asked.lang,
        "base": asked.base,
        "now": asked.now.isoformat(),
        "today": asked.today.isoformat(),
        "request_id": asked.request_id,
    }


def add_routes(app):
    """Add the same question as a plain route and as one of FastAPI's."""
    router = APIRouter(prefix="/v1")

    @router.get("/who")
    def who(asked: Asking) -> Mapping[str, object]:
        return _told(asked)

    @router.post("/length")
    def length(body: dict[str, str], store: Store) -> int:
        assert isinstance(store, Pool)
        return len(body["a"])

    @router.post("/who")
    def change(asked: Asking) -> str:
        return asked.caller.name

    def threads(_):

        return JSONResponse(anyio.from_thread.run_sync(lambda: anyio.to_thread.current_default_thread_limiter().total_tokens))

    app.router.routes += [Route("/who", lambda request: JSONResponse(_told(ask(request)))), Route("/threads", threads)]
    app.include_router(router)


@pytest.fixture
def client(tmp_path) -> Iterator[httpx.Client]:
    """A service whose store is not there."""
    with service_over(NOWHERE, tmp_path, now=lambda: NOW, change=add_routes) as client:
        yield client


@pytest.fixture
def worker(office, tmp_path):
    """A community's worker, a key and a session of theirs, and the service that knows them."""
    with service_over(office.db.app, tmp_path, now=lambda: NOW, change=add_routes) as client:
        pepper = Pepper(read_secret(tmp_path / "secret").derive("pepper"))
        person = office.add("hand", ("community", "370103001001"))
        key = new_key(pepper)
        with office.owner() as conn:
            one(
                conn,
                """INSERT INTO wangge.api_key (prefix, secret_mac, person_id, name, created_at, expires_at)
                VALUES (%s, %s, %s, 'k', %s, %s) RETURNING prefix""",
                [key.prefix, key.secret_mac, person, NOW, NOW + timedelta(days=1)],
            )
            session = open_session(conn, person, pepper, NOW)
        yield client, person, key.text, session


def test_making_an_application_asks_nobody(tmp_path):
    """It is made without a store: nothing but the secret is touched before the first request."""
    pool = Pool(NOWHERE)
    create_app(Settings(home=tmp_path), pool, now=lambda: NOW)

    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    pool.close()


@pytest.mark.parametrize("path", ["/who", "/v1/who"])
def test_what_is_public_needs_no_store(client, path):
    """An anonymous caller is known without asking the store, on both kinds of routes alike."""
    told = client.get(path).json()

    assert (told["person"], told["how"], told["areas_3"], told["acting"]) == ("", "anonymous", [], [])
    assert told["public"] == ["areas", "grids", "open311"]


def test_a_day_begins_in_the_towns_zone(client):
    """At half past five in the afternoon of UTC it is tomorrow in China; the clock is the one that was handed in."""
    told = client.get("/who").json()

    assert (told["now"], told["today"]) == ("2026-03-02T17:30:00+00:00", "2026-03-03")


@pytest.mark.parametrize("path", ["/who", "/v1/who"])
def test_a_key_makes_its_owner_known(worker, path):
    """Who shows a key is its person, with their areas and, when acting, the rights that they asked for."""
    client, person, key, _ = worker

    told = client.get(path, headers={"x-api-key": key}).json()

    assert (told["person"], told["how"], told["acting"]) == (person, "key", ["submit"])
    assert len(told["areas_3"]) == 1


def test_a_session_makes_its_owner_known(worker):
    """Who shows a session's cookie is its person; to change something the page must show the second secret as well."""
    client, person, _, session = worker
    cookie = {"cookie": f"wangge_session={session.token}"}

    assert client.get("/v1/who", headers=cookie).json()["person"] == person
    assert client.post("/v1/who", headers=cookie).json()["code"] == "csrf"
    assert client.post("/v1/who", headers={**cookie, "x-csrf-token": session.csrf}).json() == "Hand"


def test_a_dead_session_is_taken_from_the_browser(worker):
    """A browser whose session has ended is told so once, and is nobody in particular after that."""
    client, *_ = worker
    client.cookies.set("wangge_session", "gone", domain="127.0.0.1")

    first, second = client.get("/who"), client.get("/who")

    assert (first.status_code, first.json()["code"]) == (401, "session-ended")
    assert second.json()["how"] == "anonymous"


def test_a_wrong_key_is_not_taken_for_nothing(worker):
    """Who shows something that does not hold is refused, also where anybody may look."""
    client, _, key, _ = worker

    answers = [client.get("/who", headers={"x-api-key": wrong}) for wrong in (key[:-1] + "!", key[:-2] + "AA", "x")]

    assert {answer.status_code for answer in answers} == {401}


def test_who_asked_is_in_the_log(worker, caplog):
    """The access line names the person, by id and not by name, and never the key."""
    client, person, key, _ = worker
    with caplog.at_level("INFO", "wangge"):
        client.get("/v1/who", headers={"x-api-key": key})
        # The line is written when the answer has gone out: the client may be the first to know.
        deadline = time.monotonic() + 5
        while not (lines := [r.facts for r in caplog.records if r.name == "wangge.access"]) and time.monotonic() < deadline:
            time.sleep(0.01)

    assert [line["person"] for line in lines] == [person]
    assert key not in caplog.text


def test_links_begin_where_the_service_was_asked(client):
    """Without a public address of its own, the base is the one that the client used."""
    assert client.get("/who").json()["base"] == str(client.base_url).rstrip("/")


@pytest.mark.parametrize("path", ["/who", "/wangge/who"])
def test_a_proxy_may_take_its_path_off_or_leave_it(tmp_path, path):
    """Below a proxy's path every route is found either way, and links carry the address that others know."""
    with service_over(NOWHERE, tmp_path, base_url="https://gov.example/wangge/", change=add_routes) as client:
        assert client.get(path).json()["base"] == "https://gov.example/wangge"
        missing = client.get("/wangge/nowhere").json()
        assert missing["type"] == "https://gov.example/wangge/problems/not-found"
        assert missing["instance"] == "/wangge/nowhere"
        assert client.put("/wangge/who").headers["allow"] == "GET, HEAD"
        assert client.get("/wangge").status_code == 200


@pytest.mark.parametrize("host", ["a b", "evil.example/path", "[", 'x"', "a@b", "a:b", "[::1]x"])
def test_a_host_that_is_none_is_refused(client, host):
    """A header Host that no address could be made of is a bad request, and no error of ours."""
    response = client.get("/who", headers={"Host": host})

    assert (response.status_code, response.json()["code"]) == (400, "bad-request")
    assert host not in response.json()["type"]


@pytest.mark.parametrize("host", ["grid.example", "grid.example:8443", "[::1]:80", "xn--fiqs8s"])
def test_every_real_host_is_let_in(client, host):
    """Names, numbers and ports as browsers send them."""
    assert client.get("/who", headers={"Host": host}).json()["base"] == f"http://{host}"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_long_body_is_not_read(tmp_path, chunked):
    """More than the settings allow is refused with 413, whether its length is announced or not, and the rest not awaited."""
    body = b'{"a":"' + b"x" * (2 << 20) + b'"}'
    headers = {"content-type": "application/json"}
    with service_over(NOWHERE, tmp_path, change=add_routes, body_mb=1) as client:
        pieces = (body[i : i + 65536] for i in range(0, len(body), 65536))
        answer = client.post("/v1/length", content=pieces if chunked else body, headers=headers)
        fits = client.post("/v1/length", json={"a": "x" * 1_000_000})

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert answer.headers["connection"] == "close"
    assert fits.json() == 1_000_000


def test_other_sites_read_only_where_they_may(tmp_path):
    """A page of another site gets answers where the settings name it, and no cookies ever go along."""
    origin = {"Origin": "https://wall.example"}
    with service_over(NOWHERE, tmp_path, change=add_routes) as client:
        assert "access-control-allow-origin" not in client.get("/who", headers=origin).headers
    with service_over(NOWHERE, tmp_path, change=add_routes, origins=("https://wall.example",)) as client:
        headers = client.get("/who", headers=origin).headers
        asked = client.options("/v1/who", headers={**origin, "Access-Control-Request-Method": "POST"})
        other = client.get("/who", headers={"Origin": "https://evil.example"}).headers

    assert headers["access-control-allow-origin"] == "https://wall.example"
    assert "access-control-allow-credentials" not in headers
    assert asked.status_code == 200
    assert "access-control-allow-origin" not in other


def test_there_are_as_many_threads_as_can_work(tmp_path):
    """Threads are as many as the store's connections, and some that need none."""
    with service_over(NOWHERE, tmp_path, change=add_routes, pool_size=3) as client:
        assert client.get("/threads").json() == 3 + SPARE_THREADS


def test_our_own_resources_are_described(client):
    """The description of /v1 is there for code generators, and names problems as what goes wrong."""
    described = client.get("/api31").json()

    assert described["openapi"].startswith("3.1")
    answers = described["paths"]["/v1/length"]["post"]["responses"]
    assert "application/problem+json" in answers["default"]["content"]
    assert "422" not in answers


def test_keys_for_cursors_and_credentials_differ(tmp_path):
    """What signs cursors, which go to everybody, is not what guards keys."""
    pool = Pool(NOWHERE)
    held = create_app(Settings(home=tmp_path), pool, now=lambda: NOW).state.service
    pool.close()

    assert not held.door.pepper.matches("key", "x", Pepper(held.cursor_key).mac("key", "x"))


def test_an_identity_provider_is_set_up_when_it_is_named(tmp_path):
    """With an issuer and an audience tokens are looked at; without, only our own keys are bearer tokens."""
    token = {"Authorization": "Bearer a.b.c"}
    with service_over(NOWHERE, tmp_path, change=add_routes) as client:
        without = client.get("/who", headers=token).json()["code"]
    told = {"oidc_issuer": "https://id.example", "oidc_audience": "wangge"}
    with service_over(NOWHERE, tmp_path, change=add_routes, **told) as client:
        withit = client.get("/who", headers=token).json()["code"]

    assert (without, withit) == ("no-provider", "token-invalid")
