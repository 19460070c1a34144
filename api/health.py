"""Is it alive, and can it work? Two questions of whoever keeps the service running."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import orjson
import psycopg2
from starlette.responses import Response

from api.asked import language, service
from data.store.preflight import preflight
from data.store.scope import NOBODY
from gis.errors import StoreError
from gis.finding import Finding, Severity, stops

if TYPE_CHECKING:
    from starlette.requests import Request

UNREACHABLE = Finding(
    kind="store_unreachable",
    severity=Severity.ERROR,
    en="the store does not answer, or has no connection free",
    zh="数据库无响应，或没有空闲连接",
)
_log = logging.getLogger("wangge.health")


async def healthz(_: Request) -> Response:
    """Say that the process answers. Asks nobody, and needs no thread: a store that is down does not make us restart."""
    return Response(b'{"status":"alive"}', media_type="application/json")


def readyz(request: Request) -> Response:
    """Say whether the service can work, or every reason why not."""
    lang = language(request)
    try:
        with service(request).pool.read(NOBODY) as conn:
            findings = preflight(conn)
    except (StoreError, psycopg2.Error) as error:
        # What the driver says names the host and the database: for the log, not for everybody.
        _log.warning("not ready", extra={"facts": {"error": f"{type(error).__name__}: {error}".strip()}})
        findings = (UNREACHABLE,)
    ready = not stops(findings)
    body = {
        "status": "ready" if ready else "not ready",
        "reasons": [{"code": each.kind, "severity": each.severity.value, "detail": each.text(lang)} for each in findings],
    }
    headers = {"Cache-Control": "no-store"} | ({} if ready else {"Retry-After": "2"})
    return Response(orjson.dumps(body), 200 if ready else 503, headers, "application/json")
