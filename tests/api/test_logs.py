"""One line for each request, and what every answer carries."""

import io
import json
import logging
import time

import httpx
import pytest
from starlette.responses import HTMLResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from api.logs import JsonLines, log_to, without_secrets
from tests.served import service_over

KEY = "wg_0123456789abcdef." + "s" * 43


def _add_routes(app):
    def halves():
        yield b"half"
        raise RuntimeError("the other half is missing")

    def styled(_):
        return HTMLResponse("<p>", headers={"Content-Security-Policy": "default-src 'self'", "Referrer-Policy": "no-referrer"})

    app.router.routes += [
        Route("/halves", lambda _: StreamingResponse(halves())),
        Route("/styled", styled),
        Route("/long/{n:int}", lambda request: PlainTextResponse("x" * request.path_params["n"])),
    ]


@pytest.fixture(scope="module")
def client(store, tmp_path_factory):
    with service_over(store.app, tmp_path_factory.mktemp("home"), change=_add_routes) as client:
        yield client


@pytest.fixture
def lines(caplog):
    """Give a function that waits until so many requests have been logged, and returns their facts."""
    caplog.set_level(logging.INFO, "wangge")

    def facts(count=1):
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if len(found := [record.facts for record in caplog.records if record.name == "wangge.access"]) >= count:
                return found
            time.sleep(0.005)
        raise AssertionError("nothing was logged")

    return facts


def test_a_request_is_one_line(client, lines):
    """The line says what was asked, how it was answered, how long that took and how much went out."""
    response = client.get("/long/5000?limit=1")
    (line,) = lines()

    assert 0 < line.pop("ms") < 5000
    assert line == {
        "request_id": response.headers["x-request-id"],
        "method": "GET",
        "path": "/long/5000",
        "query": "limit=1",
        "status": 200,
        "bytes": 5000,
        "client": "127.0.0.1",
    }


def test_a_request_keeps_the_name_it_came_with(client):
    """A name that a proxy gave goes through, so that both logs tell of the same request."""
    assert client.get("/healthz", headers={"X-Request-Id": "proxy-1.2_3"}).headers["x-request-id"] == "proxy-1.2_3"


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, '"}', "é", "a\tb"])
def test_a_name_that_does_not_belong_in_a_log_is_replaced(client, name):
    """Whatever could break a line, or fill the log, is not taken over."""
    given = client.get("/healthz", headers={"X-Request-Id": name.encode()}).headers["x-request-id"]

    assert given != name
    assert len(given) == 16


def test_two_requests_have_two_names(client):
    """Requests without a name get one each."""
    assert client.get("/healthz").headers["x-request-id"] != client.get("/healthz").headers["x-request-id"]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("limit=10&bbox=1,2,3,4", "limit=10&bbox=1,2,3,4"),
        ("api_key=hunter2&a=1", "api_key=***&a=1"),
        ("access_token=hunter2", "access_token=***"),
        ("PASSWORD=hunter2&email=a%40b&phone=1&first_name=x", "PASSWORD=***&email=***&phone=***&first_name=***"),
        (f"q={KEY}", "q=***"),
        (f"q={KEY.replace('_', '%5F')}", "q=***"),
        ("a=%0D%0Afake", "a=%0D%0Afake"),
        ("a=" + "x" * 5000, "a=" + "x" * 998),
    ],
    ids=range(8),
)
def test_no_secret_of_an_address_is_logged(query, kept):
    """Values named like a secret, or that look like a key, are gone, however they are written; line ends stay escaped."""
    assert without_secrets(query) == kept


def test_an_answer_that_breaks_off_is_seen_by_both(client, lines):
    """Half an answer: the client's connection breaks, so that it does not take it for whole, and the line says so."""
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/halves")
    (line,) = lines()

    assert (line["status"], line["broken_off"]) == (200, True)


def test_a_key_in_a_path_is_not_logged(client, lines):
    """Whoever puts a key where a name belongs does not find it in the log."""
    client.get(f"/things/{KEY}/x")

    assert lines()[0]["path"] == "/things/***"


def test_a_missing_route_is_logged_too(client, lines):
    """Whoever tries doors leaves a trace."""
    client.get("/wp-login.php")

    assert [(line["path"], line["status"]) for line in lines()] == [("/wp-login.php", 404)]


def test_every_answer_forbids_guessing(client):
    """Browsers neither guess types nor tell other sites where somebody came from, whatever was answered."""
    for path in ("/healthz", "/nowhere", "/problems", "/long/1"):
        headers = client.get(path).headers
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "same-origin")
        assert "server" not in headers


def test_pages_run_no_scripts_unless_they_say_so(client):
    """A page without a policy of its own gets one that runs no script inside a page; one that brings its own keeps it."""
    plain, styled = client.get("/problems").headers, client.get("/styled").headers

    assert "unsafe" not in plain["content-security-policy"]
    assert plain["content-security-policy"].startswith("default-src 'none'")
    assert (styled["content-security-policy"], styled["referrer-policy"]) == ("default-src 'self'", "no-referrer")
    assert "content-security-policy" not in client.get("/healthz").headers


def test_https_is_kept(store, tmp_path):
    """Where browsers come by https they are told to stay there, and nowhere else."""
    with service_over(store.app, tmp_path, base_url="https://wangge.example") as client:
        assert client.get("/healthz").headers["strict-transport-security"] == "max-age=31536000"
    with service_over(store.app, tmp_path) as client:
        assert "strict-transport-security" not in client.get("/healthz").headers


def test_lines_are_json(client):
    """Whatever is logged is one line that a machine reads, with time and level; a traceback stays inside it."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    stream = io.StringIO()
    try:
        log_to(stream, level="info")
        client.get("/healthz")
        try:
            int("two\nlines")
        except ValueError:
            logging.getLogger("wangge.x").exception("it %s", "broke")
        logging.getLogger("httpx").info("noise")
    finally:
        root.handlers, root.level = before
        for noisy in ("httpx", "httpcore", "asyncio"):
            logging.getLogger(noisy).setLevel(logging.NOTSET)

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    (access,) = [line for line in lines if line["logger"] == "wangge.access"]
    (broke,) = [line for line in lines if line["logger"] == "wangge.x"]
    assert (access["level"], access["path"]) == ("info", "/healthz")
    assert access["ts"].endswith("+00:00")
    assert (broke["level"], broke["message"]) == ("error", "it broke")
    assert "ValueError" in broke["traceback"]
    assert "\n" in broke["traceback"]
    assert "noise" not in stream.getvalue()


def test_what_json_cannot_say_does_not_stop_the_log():
    """A fact of any type is written somehow: a line too many is better than none."""
    record = logging.LogRecord("a", logging.INFO, "", 0, "m", None, None)
    record.facts = {"odd": {1, 2} - {2}}

    assert json.loads(JsonLines().format(record))["odd"] == "{1}"
