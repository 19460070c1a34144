"""Errors become answers here, and only here: RFC 9457 problems, in the caller's language, without a word of our insides.

A code that has no kind of its own (`problem_kinds.py`) still stands in the answer; its type is then that of its error.
"""

from __future__ import annotations

import html
import logging
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import orjson
import psycopg2
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match

from api.asked import base, language, request_id, service
from api.cookies import with_cookies
from api.pages.problem import problem_page as page_of_problem
from api.pages.problem import wants_page
from api.problem_kinds import KINDS
from api.problem_kinds_loop import LOOP
from api.who.sessions import forgotten_cookies
from gis import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.requests import Request

    from api.lang import Lang
    from gis.finding import Finding

MEDIA_TYPE = "application/problem+json"
OURS = 500
"""From this status on it is no fault of the caller's."""
RETRY_S = 2
"""After so many seconds a busy store is worth another try."""

STATUS: tuple[tuple[type[errors.WanggeError], int, str], ...] = (
    (errors.InputError, 422, "invalid-input"),
    (errors.RulesError, 422, "invalid-rules"),
    (errors.FrameError, 422, "unknown-frame"),
    (errors.SequenceExhausted, 409, "codes-used-up"),
    (errors.CodeError, 422, "invalid-code"),
    (errors.BrokenPlan, 500, "broken-plan"),
    (errors.StoreBusy, 503, "store-busy"),
    (errors.StoreError, 503, "store-unusable"),
    (errors.NotFound, 404, "not-found"),
    (errors.ParameterError, 400, "invalid-parameter"),
    (errors.Unidentified, 401, "unidentified"),
    (errors.Refused, 403, "scope-denied"),
    (errors.Stale, 412, "stale-version"),
    (errors.Conflict, 409, "conflict"),
    (errors.RequestError, 400, "bad-request"),
    (errors.WanggeError, 500, "internal-error"),
)
"""What each error of the house is over HTTP, the narrow ones first; and its kind where its own code has none."""

STATUS_OF_CODE: Mapping[str, int] = {
    "precondition-required": 428,
    "rate-limited": 429,
    "provider-unreachable": 503,
    "idempotency-key-reused": 422,
    "invalid-body": 422,
    "geometry-invalid": 422,
}
"""Codes whose status is not that of their error."""

_PLAIN: Mapping[int, str] = {
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    413: "body-too-large",
    415: "unsupported-media-type",
}
"""Kinds of what the framework refuses by itself."""

_SQLSTATE: tuple[tuple[str, int, str], ...] = (
    ("23505", 409, "already-exists"),
    ("23503", 409, "still-referred"),
    ("23P01", 409, "overlaps"),
    ("23", 422, "check-failed"),
    ("22", 400, "invalid-parameter"),
    ("42501", 403, "scope-denied"),
    ("57014", 503, "took-too-long"),
    ("53100", 507, "disk-full"),
    ("40001", 503, "store-busy"),
    ("40P01", 503, "store-busy"),
    ("55P03", 503, "store-busy"),
    ("53", 503, "store-busy"),
    ("57P", 503, "store-busy"),
    ("08", 503, "store-busy"),
)
"""What the store's refusals are over HTTP, by the beginning of their SQLSTATE, the longer ones first."""

_RETRIED = frozenset({"store-busy", "took-too-long", "provider-unreachable", "request-in-progress"})
_log = logging.getLogger("wangge.problems")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong: `code` for machines, `kind` for people (a key of KINDS), `more` further members of the answer."""

    status: int
    code: str
    kind: str
    detail: str = ""
    more: Mapping[str, object] = field(default_factory=dict[str, object])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def problem_of(error: Exception, lang: Lang) -> Problem:
    """Return what an error is to the caller; whatever is not theirs to mend is named and not described."""
    match error:
        case errors.WanggeError():
            return _of_ours(error, lang)
        case psycopg2.Error():
            return _of_store(error)
        case RequestValidationError():
            return _of_validation(error)
        case HTTPException():
            code = _PLAIN.get(error.status_code, "internal-error" if error.status_code >= OURS else "bad-request")
            headers = dict(error.headers or {})
            return Problem(status=error.status_code, code=code, kind=code, detail=error.detail, headers=headers)
        case _:
            return Problem(status=500, code="internal-error", kind="internal-error")


def said(error: errors.WanggeError, lang: Lang) -> str:
    """Return the sentence of an error in a language; where nobody has put it into Chinese, its kind's title or the English one.

    Only the titles of the loop say what its errors say; elsewhere a kind is wider than the sentences that have it.
    """
    if lang == "zh" and isinstance(error, errors.RequestError):
        if error.zh is not None:
            return error.zh
        if error.code in LOOP:
            return LOOP[error.code].title(lang)
    return str(error)


def _of_ours(error: errors.WanggeError, lang: Lang) -> Problem:
    status, usual = next((status, code) for kind, status, code in STATUS if isinstance(error, kind))
    code = error.code if isinstance(error, errors.RequestError) else usual
    status = STATUS_OF_CODE.get(code, status)
    more: dict[str, object] = dict(error.extra) if isinstance(error, errors.RequestError) else {}
    if isinstance(error, errors.ParameterError):
        more.setdefault("errors", [{"parameter": error.parameter, "code": code, "detail": said(error, lang)}])
    if isinstance(error, errors.InputError | errors.BrokenPlan) and error.findings:
        more["errors"] = [_finding(finding, lang) for finding in error.findings]
    # What is wrong with the store or with a plan of ours names hosts and folders: that is for the log.
    hidden = status >= OURS and not isinstance(error, errors.RequestError)
    return Problem(
        status=status,
        code=code,
        kind=code if code in KINDS else _usual_kind(error, usual),
        detail="" if hidden else said(error, lang),
        more={} if hidden else more,
        headers=_headers(code, status, more),
    )


def _usual_kind(error: errors.WanggeError, usual: str) -> str:
    return "invalid-credential" if isinstance(error, errors.Unidentified) else usual


def _headers(code: str, status: int, more: Mapping[str, object]) -> dict[str, str]:
    """Return the headers that a problem needs for clients to act on it by themselves."""
    headers: dict[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        how = "" if code == "unidentified" else ', error="invalid_token"'
        headers["WWW-Authenticate"] = f'Bearer realm="wangge"{how}'
    if status == HTTPStatus.PRECONDITION_FAILED and isinstance(etag := more.get("current"), str):
        headers["ETag"] = etag
    if isinstance(wait_s := more.get("retryAfter"), int):
        headers["Retry-After"] = str(wait_s)
    elif code in _RETRIED or status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_S)
    return headers


def _of_store(error: psycopg2.Error) -> Problem:
    # A bare DatabaseError is what psycopg2 says when the server is gone in the middle of an answer.
    gone = type(error) is psycopg2.DatabaseError or isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
    state = error.pgcode or ("08" if gone else "")
    found = next(((status, code) for start, status, code in _SQLSTATE if state.startswith(start)), None)
    status, code = found or (500, "internal-error")
    # Only sentences that our own triggers raise are meant for the caller; the server's own may quote values.
    ours = state.startswith("23") and error.diag.source_function == "exec_stmt_raise"
    detail = (error.diag.message_primary or "") if ours else ""
    return Problem(status=status, code=code, kind=code, detail=detail, headers=_headers(code, status, {}))


def _of_validation(error: RequestValidationError) -> Problem:
    faults = cast("list[dict[str, Any]]", error.errors())
    # Of JSON that cannot even be read nothing is wrong with the content; everything else in a body is.
    in_body = any(fault["loc"][0] == "body" and fault["type"] != "json_invalid" for fault in faults)
    code = "invalid-body" if in_body else "invalid-parameter"
    more = {"errors": [_fault(fault) for fault in faults]}
    return Problem(status=422 if in_body else 400, code=code, kind=code, more=more)


def _fault(fault: dict[str, Any]) -> dict[str, str]:
    """Return one fault with its place, and without what was sent: it may be a password."""
    where, *rest = cast("tuple[str | int, ...]", fault["loc"])
    if where == "body":
        place = {"pointer": "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in rest)}
    else:
        place = {"parameter": ".".join(map(str, rest))}
    return {**place, "code": str(fault["type"]), "detail": str(fault["msg"])}


def _finding(finding: Finding, lang: Lang) -> dict[str, object]:
    place = finding.place
    found: dict[str, object | None] = {
        "code": finding.kind,
        "severity": finding.severity.value,
        "detail": finding.text(lang),
        "file": finding.file,
        "row": finding.row,
        "field": finding.field,
        "subject": finding.subject,
        "place": place and {"x": place.x, "y": place.y, "crs": place.crs},
    }
    return {name: value for name, value in found.items() if value is not None}


def answer(request: Request, problem: Problem) -> Response:
    """Return a problem as it goes over the wire."""
    lang = language(request)
    kind = KINDS[problem.kind]
    body = {
        **problem.more,
        "type": f"{base(request)}/problems/{problem.kind}",
        "title": kind.title(lang),
        "status": problem.status,
        "detail": problem.detail or kind.advice(lang),
        "advice": kind.advice(lang),
        "instance": quote(request.url.path),
        "code": problem.code,
        "requestId": request_id(request),
    }
    headers = {"Cache-Control": "no-store", "Content-Language": lang, "Vary": "Accept-Language", **problem.headers}
    raw = orjson.dumps(body, default=str)
    response: Response = (
        page_of_problem(request, orjson.loads(raw), problem.headers)
        if wants_page(request)
        else Response(raw, problem.status, headers, MEDIA_TYPE)
    )
    if problem.code == "session-ended":
        # A browser would show the dead session again with every request, and see nothing of what is public.
        return with_cookies(response, forgotten_cookies(secure=service(request).settings.is_secure))
    return response


async def answer_error(request: Request, error: Exception) -> Response:
    """Return the answer to an error; one of ours is logged with everything that the answer leaves out."""
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.BAD_REQUEST:
        return Response(status_code=error.status_code, headers=error.headers)
    problem = problem_of(error, language(request))
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        problem = replace(problem, detail="", headers={"Allow": ", ".join(_allowed(request))})
    if problem.status >= OURS:
        # A store that is busy is no defect: one line tells it. Anything else is shown with the way it came.
        exc_info = None if problem.kind == "store-busy" else error
        facts = {"request_id": request_id(request), "code": problem.code, "error": f"{type(error).__name__}: {error}".strip()}
        _log.error("problem", extra={"facts": facts}, exc_info=exc_info)
    return answer(request, problem)


def _allowed(request: Request) -> list[str]:
    """Return the methods that any route takes at this path; the framework names those of the first route only."""
    contexts = (context for context in iter_route_contexts(cast("FastAPI", request.app).routes) if context.methods)
    found = (context for context in contexts if context.original_route.matches(request.scope)[0] is not Match.NONE)
    return sorted({method for context in found for method in context.methods or ()})


ANSWERED = dict.fromkeys((errors.WanggeError, psycopg2.Error, RequestValidationError, HTTPException), answer_error)
"""Who answers which errors."""


def handle_errors(app: FastAPI) -> None:
    """Have every error answered here. What nobody foresaw comes from `logs.Access`, which sees what the framework lets by."""
    for kind, answer in ANSWERED.items():
        app.add_exception_handler(kind, answer)


def problem_page(request: Request) -> Response:
    """Say what a problem's type means: the page that its address leads to."""
    lang = language(request)
    code = request.path_params.get("code")
    if code is not None and code not in KINDS:
        raise errors.NotFound(f"there is no problem called {code}")
    shown = KINDS if code is None else {code: KINDS[code]}
    entries = "".join(
        f"<dt id='{html.escape(name)}'>{html.escape(kind.title(lang))} <code>{html.escape(name)}</code></dt>"
        f"<dd>{html.escape(kind.advice(lang))}</dd>"
        for name, kind in shown.items()
    )
    title = {"zh": "错误说明", "en": "Problems"}[lang]
    page = (
        f"<!doctype html><html lang='{lang}'><meta charset='utf-8'>"
        f"<meta name='viewport' content='width=device-width'><title>{title} · wangge</title>"
        f"<h1>{title}</h1><dl>{entries}</dl></html>"
    )
    return HTMLResponse(page, headers={"Content-Language": lang, "Vary": "Accept-Language"})
