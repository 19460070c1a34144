"""Swift routes: what is answered without FastAPI's layers is answered as FastAPI would."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from api.asked import Asked  # noqa: TC001 - Swift reads it
from api.plain import Plain
from api.swift import Swift
from tests.api.incidents.station import at

JSON = {"Content-Type": "application/json"}
GOOD = {**at(50, 200), "category": "rubbish"}


def body(**said: object) -> bytes:
    return json.dumps(GOOD | said).encode()


ASKED = {
    "good": (body(), JSON, ""),
    "as vendor's json": (body(), {"Content-Type": "application/problem+json; charset=utf-8"}, ""),
    "no json": (b"{", JSON, ""),
    "nothing": (b"", JSON, ""),
    "a list": (b"[]", JSON, ""),
    "no text": (b'{"lon": "\xff"}', JSON, ""),
    "not a number": (b'{"lon": NaN, "lat": 1e999, "category": "x"}', JSON, ""),
    "not called json": (body(), {"Content-Type": "text/plain"}, ""),
    "called nothing": (body(), {}, ""),
    "several faults": (body(lon=200, category="", urgent="yes", strange=1), JSON, ""),
    "a lone surrogate": (b'{"lon": 1, "lat": 1, "category": "\\ud800"}', JSON, ""),
    "an unknown parameter": (body(), JSON, "?strange=1"),
    "its language": (body(lat="north"), JSON, "?lang=zh"),
    "a bad key": (body(), {**JSON, "Idempotency-Key": "a b"}, ""),
    "an address that means nothing": (b'{"category": "rubbish", "address": "x"}', JSON, ""),
    "neither point nor address": (b'{"category": "rubbish"}', JSON, ""),
    "half a point": (b'{"category": "rubbish", "address": "x", "lon": 117.1}', JSON, ""),
    "no such area": (b'{"category": "rubbish", "address": "x", "area": "1"}', JSON, ""),
    "a stranger": (body(), {**JSON, "X-API-Key": "wg_0"}, ""),
}


@pytest.mark.parametrize("name", ASKED)
def test_it_answers_as_fastapi_does(station, name) -> None:
    """Status, code, faulty fields and language are the same on both ways: for whoever may report, and for a stranger."""
    content, headers, query = ASKED[name]
    swift, slow = [], []
    for who in (station.who["worker"], {}):
        sent = {"content": content, "headers": {"Accept-Language": "en", **who, **headers}}
        swift.append(_told(station.hall.client.post(f"/v1/incidents{query}", **sent)))
        slow.append(_told(asyncio.run(_asked(_without_swift(station.hall.app), f"/v1/incidents{query}", sent))))
    assert swift == slow


def _told(answer):
    found = answer.json()
    fields = [{key: each.get(key) for key in ("pointer", "parameter", "code")} for each in found.get("errors", [])]
    return answer.status_code, found.get("code"), found.get("title"), fields


async def _asked(app, address, sent):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        return await client.post(address, **sent)


def _without_swift(app):
    """Return the application as it is behind its middleware of plain routes: only FastAPI answers then."""

    async def answered(scope, receive, send) -> None:
        stack = app.middleware_stack
        while not isinstance(stack, Plain):
            stack = stack.app
        scope["app"] = app
        await stack.app(scope, receive, send)

    return answered


def test_what_it_cannot_take_is_refused_at_the_start() -> None:
    """A parameter that is nothing of a request, or has no type, stops the application before anybody asks."""

    def strange(asked: Asked, number: int):
        del asked, number

    def untyped(asked):
        del asked

    for function in (strange, untyped):
        with pytest.raises(TypeError):
            Swift("/x", function, method="GET")
