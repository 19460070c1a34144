"""One line for each request, in JSON; and what every answer carries: its name, and what browsers must not do with it.

A line never holds a secret: of the query it keeps what is not named like one, and bodies and headers are not looked at.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from api.pages.policy import POLICY
from api.problems import answer_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.metrics import Metrics

REQUEST_ID = "x-request-id"
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECRET = re.compile(
    r"key|token|secret|passw|pwd|signature|session|csrf|mail|phone|(first|last)_name|(account|device)_id", re.IGNORECASE
)
_KEY = re.compile(r"wg_[0-9a-f]{16}\S*")
_GONE = "***"
_LONGEST_QUERY = 1_000
_access = logging.getLogger("wangge.access")


class Access:
    """Names a request, tells of it when it is over, and answers for errors that nobody else has answered."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        secure: bool,
        policy: str = POLICY,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.app = app
        self._policy = policy
        self._metrics = metrics
        self._clock = clock
        self._fixed = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
        if secure:
            self._fixed["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = self._clock()
        name = scope["wangge.request_id"] = _name(scope)
        status, length, whole = 0, 0, False

        async def told(message: Message) -> None:
            nonlocal status, length, whole
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = name
                for header, value in self._fixed.items():
                    headers.setdefault(header, value)
                if headers.get("content-type", "").startswith(("text/html", "image/svg")):
                    headers.setdefault("Content-Security-Policy", self._policy)
            elif message["type"] == "http.response.body":
                length += len(message.get("body", b""))
                whole = not message.get("more_body", False)
            await send(message)

        self._metrics.began()
        try:
            await self.app(scope, receive, told)
        except Exception as error:
            response = await answer_error(Request(scope), error)
            if status:
                raise  # half an answer has gone out: the server breaks the connection, so that nobody takes it for whole
            await response(scope, receive, told)
        finally:
            seconds = self._clock() - began
            self._metrics.ended(scope, status, seconds)
            facts = _facts(scope, status, length, seconds)
            _access.info("request", extra={"facts": facts if whole else {**facts, "broken_off": True}})


def _name(scope: Scope) -> str:
    """Return the request's name: the one that it came with, if it can stand in a log, or a new one."""
    given = next((value for header, value in scope["headers"] if header == REQUEST_ID.encode()), b"").decode("latin-1")
    return given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)


def _facts(scope: Scope, status: int, length: int, seconds: float) -> dict[str, object]:
    facts: dict[str, object] = {
        "request_id": scope["wangge.request_id"],
        "method": scope["method"],
        "path": _KEY.sub(_GONE, scope["path"]),
        "status": status,
        "ms": round(seconds * 1000, 2),
        "bytes": length,
        "client": scope["client"][0] if scope.get("client") else "",
    }
    if query := scope["query_string"]:
        facts["query"] = without_secrets(query.decode("latin-1"))
    if person := scope.get("wangge.person"):
        facts["person"] = person
    return facts


def without_secrets(query: str) -> str:
    """Return a query as it may be logged: values that are named like a secret, or look like a key of ours, are gone."""
    pairs = parse_qsl(query[:_LONGEST_QUERY], keep_blank_values=True, encoding="utf-8", errors="replace")
    kept = [(name[:64], _GONE if _SECRET.search(name) else _KEY.sub(_GONE, value)) for name, value in pairs]
    return urlencode(kept, safe=",:()*/", encoding="utf-8")


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON; its `facts` become members beside `ts`, `level`, `logger` and `message`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def log_to(stream: TextIO | None = None, *, level: str = "info") -> None:
    """Send everything that this process logs to a stream (standard error), one line of JSON each."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # What libraries tell of each call they make is noise here, and may quote addresses with secrets in them.
    for noisy in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
