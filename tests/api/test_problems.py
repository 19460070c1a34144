"""What is wrong is said in one form (RFC 9457), in the caller's language, and without a word of our insides."""

import inspect
import logging
from typing import Annotated

import pytest
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.asked import store as store_of
from api.problem_kinds import KINDS
from api.problems import STATUS, STATUS_OF_CODE, said
from data.store.scope import Scope
from data.store.sql import many
from gis import errors
from gis.finding import Finding, Place, Severity
from tests.served import service_over

FINDING = Finding(
    kind="gap", severity=Severity.ERROR, en="a gap", zh="有盲区", file="a.csv", row=3, place=Place(1.0, 2.0, "EPSG:4547")
)

RAISED = {
    "input": errors.InputError("3 faults", [FINDING]),
    "rules": errors.RulesError("minimum above maximum"),
    "frame": errors.FrameError("no frame"),
    "code": errors.CodeError("bad code"),
    "used-up": errors.SequenceExhausted("no number left"),
    "broken": errors.BrokenPlan("grid 7 is not whole", [FINDING]),
    "busy": errors.StoreBusy("the store does not answer: password authentication failed for hunter2"),
    "store": errors.StoreError("the store in hunter2 cannot be used"),
    "not-found": errors.NotFound("there is no such grid"),
    "parameter": errors.ParameterError("limit", "limit is a number"),
    "unknown-parameter": errors.ParameterError("lmit", "no such parameter", code="unknown-parameter"),
    "unidentified": errors.Unidentified("sign in"),
    "token": errors.Unidentified("the token has expired", code="token-expired"),
    "provider": errors.Unidentified("no answer", code="provider-unreachable"),
    "refused": errors.Refused("not yours", right="edit_plan"),
    "limited": errors.Refused("too often", code="rate-limited", retryAfter=30),
    "conflict": errors.Conflict("no", code="illegal-transition", allowed=["submit"]),
    "stale": errors.Stale("changed", current='"p-3"'),
    "unseen": errors.Conflict("say If-Match", code="precondition-required"),
    "request": errors.RequestError("no"),
    "both": errors.ParameterError("until", "this is too late", zh="时间太晚"),
    "teapot": HTTPException(418, "short and stout"),
    "oops": ZeroDivisionError("hunter2"),
}
EXPECTED = {
    "input": (422, "invalid-input"),
    "rules": (422, "invalid-rules"),
    "frame": (422, "unknown-frame"),
    "code": (422, "invalid-code"),
    "used-up": (409, "codes-used-up"),
    "broken": (500, "broken-plan"),
    "busy": (503, "store-busy"),
    "store": (503, "store-unusable"),
    "not-found": (404, "not-found"),
    "parameter": (400, "invalid-parameter"),
    "unknown-parameter": (400, "unknown-parameter"),
    "unidentified": (401, "unidentified"),
    "token": (401, "token-expired"),
    "provider": (503, "provider-unreachable"),
    "refused": (403, "scope-denied"),
    "limited": (429, "rate-limited"),
    "conflict": (409, "illegal-transition"),
    "stale": (412, "stale-version"),
    "unseen": (428, "precondition-required"),
    "request": (400, "bad-request"),
    "both": (400, "invalid-parameter"),
    "teapot": (418, "bad-request"),
    "oops": (500, "internal-error"),
}

STATEMENTS = {
    "unique": """INSERT INTO wangge.answer (person, key, digest, at)
        SELECT wangge.actor(), 'k', '', now() FROM generate_series(1, 2)""",
    "check": "INSERT INTO wangge.answer (person, key, digest, at) VALUES (wangge.actor(), '', '', now())",
    "range": "SELECT 99999999999::int",
    "text": "SELECT 'hunter2'::int",
    "rls": "INSERT INTO wangge.answer (person, key, digest, at) VALUES (gen_random_uuid(), 'k', '', now())",
    "privilege": "SELECT password_hash FROM wangge.person",
    "slow": "SET LOCAL statement_timeout = 10; SELECT pg_sleep(5)",
    "full": "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '53100'; END $$",
    "memory": "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '53200'; END $$",
    "serial": "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$",
    "locked": "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '55P03'; END $$",
    "shutdown": "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '57P01'; END $$",
    "overlap": "DO $$ BEGIN RAISE EXCEPTION 'grids %% and %% overlap', 'A', 'B' USING ERRCODE = '23P01'; END $$",
    "referred": "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '23503'; END $$",
    "typo": "SELECT hunter2",
    "gone": "SELECT pg_terminate_backend(pg_backend_pid())",
}
STORE_EXPECTED = {
    "unique": (409, "already-exists"),
    "check": (422, "check-failed"),
    "range": (400, "invalid-parameter"),
    "text": (400, "invalid-parameter"),
    "rls": (403, "scope-denied"),
    "privilege": (403, "scope-denied"),
    "slow": (503, "took-too-long"),
    "full": (507, "disk-full"),
    "memory": (503, "store-busy"),
    "serial": (503, "store-busy"),
    "locked": (503, "store-busy"),
    "shutdown": (503, "store-busy"),
    "overlap": (409, "overlaps"),
    "referred": (409, "still-referred"),
    "typo": (500, "internal-error"),
    "gone": (503, "store-busy"),
}


class Wanted(BaseModel):
    """A body."""

    name: str
    password: str = Field(max_length=3)


def _add_routes(app):
    def fails(request):
        raise RAISED[request.path_params["what"]]

    def asks(request):
        with store_of(request).write(Scope(person="00000000-0000-0000-0000-000000000001")) as conn:
            many(conn, STATEMENTS[request.path_params["what"]])
        return PlainTextResponse("done")

    router = APIRouter(prefix="/v1")

    @router.post("/things/{number}")
    def make(number: int, wanted: Wanted, *, sure: Annotated[bool, Query()] = False) -> str:
        return f"{number} {wanted.name} {sure}"

    @router.get("/things/{number}")
    def show(number: int) -> int:
        return number

    app.router.routes += [Route("/fails/{what}", fails), Route("/asks/{what}", asks, methods=["GET", "DELETE"])]
    app.include_router(router)


@pytest.fixture(scope="module")
def client(store, tmp_path_factory):
    with service_over(store.app, tmp_path_factory.mktemp("home"), change=_add_routes) as client:
        yield client


def problem(response):
    """Give a problem, having looked that it is one in every respect that all share."""
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["status"] == response.status_code
    assert body["requestId"] == response.headers["x-request-id"]
    assert body["instance"] == response.request.url.path
    assert "hunter2" not in response.text
    return body


def test_every_error_of_the_house_has_a_status():
    """No class of the tree is missing from the table, and none stands behind one that is wider."""
    family = {each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, errors.WanggeError)}
    listed = [kind for kind, _, _ in STATUS]

    assert set(listed) == family
    assert not [(a, b) for i, a in enumerate(listed) for b in listed[i + 1 :] if issubclass(b, a)]


@pytest.mark.parametrize("what", RAISED)
def test_errors_have_their_status_and_code(client, what):
    """Each error of the tree, and each code that needs one of its own, is answered as the table says."""
    response = client.get(f"/fails/{what}")

    assert (response.status_code, problem(response)["code"]) == EXPECTED[what]


@pytest.mark.parametrize("what", STATEMENTS)
def test_refusals_of_the_store_have_their_status_and_code(client, what):
    """What the server itself refuses is answered by its SQLSTATE, from a real server; and nothing of it is kept."""
    response = client.get(f"/asks/{what}")

    assert (response.status_code, problem(response)["code"]) == STORE_EXPECTED[what]


def test_clients_are_told_when_to_come_again(client):
    """Whatever may succeed later says after how many seconds, in the header that clients act on by themselves."""
    waits = {
        what: client.get(f"/fails/{what}").headers.get("retry-after") for what in ("busy", "limited", "refused", "provider")
    }

    assert waits == {"busy": "2", "limited": "30", "refused": None, "provider": "2"}
    assert client.get("/asks/slow").headers["retry-after"] == "2"
    assert "retry-after" not in client.get("/asks/full").headers


def test_who_is_not_known_is_told_how_to_say_who_they_are(client):
    """401 names the scheme, and tells a wrong credential from none at all (RFC 6750)."""
    assert client.get("/fails/unidentified").headers["www-authenticate"] == 'Bearer realm="wangge"'
    assert client.get("/fails/token").headers["www-authenticate"] == 'Bearer realm="wangge", error="invalid_token"'


def test_a_stale_change_is_told_the_present_version(client):
    """412 carries the ETag of what is there now."""
    assert client.get("/fails/stale").headers["etag"] == '"p-3"'


def test_further_members_stand_in_the_answer(client):
    """What an error carries by name, a machine finds by that name; it cannot replace the members that all problems have."""
    assert client.get("/fails/conflict").json()["allowed"] == ["submit"]
    assert client.get("/fails/parameter").json()["errors"] == [
        {"parameter": "limit", "code": "invalid-parameter", "detail": "limit is a number"}
    ]


@pytest.mark.parametrize(
    ("error", "zh"),
    [
        (errors.Conflict("it is late", code="no-call", zh="已经晚了"), "已经晚了"),
        (errors.Refused("it is late", zh="已经晚了"), "已经晚了"),
        (errors.Conflict("it is late", code="no-call"), KINDS["no-call"].zh),
        (errors.Conflict("it is late", code="frozen"), "it is late"),
        (errors.NotFound("it is late"), "it is late"),
        (errors.CodeError("it is late"), "it is late"),
    ],
)
def test_a_sentence_is_said_in_the_callers_language(error, zh):
    """In Chinese an error says its own sentence, else what its kind in the loop is called, else the English one; the log's."""
    assert said(error, "zh") == zh
    assert said(error, "en") == str(error) == "it is late"


def test_a_fault_is_told_as_its_problem_is(client):
    """The sentence for a parameter is in the caller's language, in the list of faults too; it is no member of its own."""
    zh, en = (client.get(f"/fails/both?lang={lang}").json() for lang in ("zh", "en"))

    assert (zh["detail"], en["detail"]) == ("时间太晚", "this is too late")
    assert (zh["errors"][0]["detail"], en["errors"][0]["detail"]) == ("时间太晚", "this is too late")
    assert "zh" not in zh


def test_findings_come_with_their_place(client):
    """Faults of data are all listed, each with file, row and place, in the language of the answer."""
    (zh,) = client.get("/fails/input?lang=zh").json()["errors"]
    (en,) = client.get("/fails/input?lang=en").json()["errors"]

    assert (zh["detail"], en["detail"]) == ("有盲区", "a gap")
    assert (en["code"], en["file"], en["row"], en["place"]) == ("gap", "a.csv", 3, {"x": 1.0, "y": 2.0, "crs": "EPSG:4547"})


def test_a_plan_that_breaks_its_certificate_shows_nothing(client):
    """A defect of ours is no finding about the caller's data: it is named, not described."""
    body = problem(client.get("/fails/broken"))

    assert "errors" not in body
    assert "grid 7" not in str(body)


def test_only_our_own_triggers_speak_through_the_store(client):
    """The sentence of a trigger reaches the caller; the server's own words, which may quote values, do not."""
    assert client.get("/asks/overlap").json()["detail"] == "grids A and B overlap"
    for what in ("unique", "check", "text", "typo"):
        assert "wangge" not in client.get(f"/asks/{what}").json()["detail"]


@pytest.mark.parametrize(
    ("query", "headers", "title"),
    [
        ("", {}, "未找到"),
        ("?lang=en", {"accept-language": "zh"}, KINDS["not-found"].en),
        ("", {"cookie": "lang=en"}, KINDS["not-found"].en),
        ("?lang=zh", {"cookie": "lang=en"}, "未找到"),
        ("", {"accept-language": "en-GB,en;q=0.9,zh;q=0.8"}, KINDS["not-found"].en),
        ("", {"accept-language": "fr, en;q=0.2, zh-Hans-CN;q=0.9"}, "未找到"),
        ("", {"accept-language": "en;q=0, de"}, "未找到"),
        ("?lang=xx", {"accept-language": ";;q=,en;q=x"}, "未找到"),
    ],
)
def test_problems_speak_the_callers_language(client, query, headers, title):
    """Asked for in the address, else in the cookie, else by the browser; whatever cannot be read is as if it were not there."""
    response = client.get(f"/nowhere{query}", headers=headers)

    assert problem(response)["title"] == title
    assert response.headers["content-language"] == ("zh" if title == "未找到" else "en")
    assert "Accept-Language" in response.headers["vary"]


def test_every_type_leads_to_a_page(client):
    """The address in `type` can be opened, and says in both languages what to do; what is no kind has no page."""
    for code, kind in KINDS.items():
        zh, en = client.get(f"/problems/{code}?lang=zh"), client.get(f"/problems/{code}?lang=en")
        assert (zh.status_code, en.status_code) == (200, 200)
        assert kind.zh_advice in zh.text
        assert f"<html lang='{'en'}'>" in en.text
    assert client.get(client.get("/nowhere").json()["type"]).status_code == 200
    assert all(kind.zh in client.get("/problems").text for kind in KINDS.values())
    assert problem(client.get("/problems/nonsense"))["code"] == "not-found"


def test_every_kind_that_is_named_exists():
    """Whatever code stands in the tables has its texts."""
    named = {code for _, _, code in STATUS} | set(STATUS_OF_CODE)

    assert named <= set(KINDS)


def test_a_code_without_a_kind_still_has_a_page(client):
    """A finer code stands in `code`, and `type` leads to the wider kind that it belongs to."""
    body = client.get("/fails/token").json()

    assert body["code"] == "token-expired"
    assert body["type"].endswith("/problems/invalid-credential")


def test_a_body_that_is_wrong_is_422(client):
    """Each fault in a body is listed with a pointer to it, and what was sent is not repeated: it may be a password."""
    response = client.post("/v1/things/1", json={"password": "hunter2"})
    faults = problem(response)["errors"]

    assert response.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in faults] == [("/name", "missing"), ("/password", "string_too_long")]


def test_a_body_that_is_no_json_is_400(client):
    """What cannot be read at all has no content that could be wrong."""
    response = client.post("/v1/things/1", content=b'{"name":', headers={"content-type": "application/json"})

    assert (response.status_code, problem(response)["code"]) == (400, "invalid-parameter")


def test_a_parameter_that_is_wrong_is_400(client):
    """A fault in the address is named by its parameter."""
    response = client.post("/v1/things/x?sure=perhaps", json={"name": "a", "password": "b"})
    body = problem(response)

    assert (response.status_code, body["code"]) == (400, "invalid-parameter")
    assert [fault["parameter"] for fault in body["errors"]] == ["number", "sure"]


def test_a_wrong_method_is_told_the_right_ones(client):
    """405 names the methods of all routes at that path, also where the routes are several."""
    assert client.put("/v1/things/1").headers["allow"] == "GET, POST"
    assert client.put("/asks/unique").headers["allow"] == "DELETE, GET, HEAD"
    assert problem(client.put("/v1/things/1"))["code"] == "method-not-allowed"


def test_what_nobody_foresaw_is_logged_and_not_told(client, caplog):
    """An unforeseen error is a 500 that says nothing, and a line in the log with its traceback, under the same request id."""
    with caplog.at_level(logging.INFO, "wangge"):
        response = client.get("/fails/oops")

    (record,) = [record for record in caplog.records if record.name == "wangge.problems"]
    assert record.facts["request_id"] == problem(response)["requestId"]
    assert record.exc_info[0] is ZeroDivisionError


def test_a_busy_store_is_one_line_in_the_log(client, caplog):
    """Being busy is no defect: no traceback, but the reason is there, which the caller is not told."""
    with caplog.at_level(logging.INFO, "wangge"):
        client.get("/fails/busy")

    (record,) = [record for record in caplog.records if record.name == "wangge.problems"]
    assert record.exc_info is None
    assert "password authentication failed" in record.facts["error"]


def test_nothing_of_the_callers_making_is_logged_as_ours(client, caplog):
    """Wrong requests, however many, write no errors: an alarm that rings for them would soon be switched off."""
    with caplog.at_level(logging.INFO, "wangge"):
        for what in ("refused", "parameter", "input"):
            client.get(f"/fails/{what}")

    assert {record.levelname for record in caplog.records if record.name.startswith("wangge")} == {"INFO"}
