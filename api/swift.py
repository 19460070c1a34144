"""Routes that FastAPI describes, answered without what FastAPI does around an answer: that costs more than a report does.

    @router.post("", status_code=201)
    def report_incident(wanted: NewIncident, asked: Asking, store: Store, once: OnlyOnce) -> Response: ...

    swift = (Swift("/v1/incidents", report_incident, method="POST"),)

Such a function takes what is known of the request (`Asking`, `Store`, `Serving`, `OnlyOnce`), and a body that a model reads,
last: who may not ask is not told what is wrong with it. Nothing else is told apart here, and an application that asks for
more does not start. Whatever is wrong is refused with the codes that FastAPI has for it.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from email.message import Message
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, get_type_hints

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from api.asked import Asked, Service, ask, service
from api.idempotency import Once, once_for
from api.parameters import refuse, taken
from data.store.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response


class Swift(Route):
    """A route whose function gets its arguments from here; its address has no parameters but the language."""

    def __init__(self, path: str, answer: Callable[..., Response], *, method: str) -> None:
        hints = sorted(get_type_hints(answer).items(), key=lambda each: _is_body(each[1]))
        takers = {name: _taker(hint) for name, hint in hints if name != "return"}
        if takers.keys() != inspect.signature(answer).parameters.keys():
            raise TypeError(f"{answer.__name__} has parameters without a type")

        def work(request: Request, body: bytes) -> Response:
            refuse(taken(request.query_params.multi_items(), ("lang",))[1])
            known = _Known(request, body)
            return answer(**{name: take(known) for name, take in takers.items()})

        async def answered(request: Request) -> Response:
            body = await request.body()
            return await asyncio.get_running_loop().run_in_executor(None, work, request, body)

        super().__init__(path, answered, methods=[method])
        # Under this name the measurements know the route.
        self.endpoint = answer


class _Known:
    """A request, and what was found out about it."""

    def __init__(self, request: Request, body: bytes) -> None:
        self.request, self.body = request, body
        self._asked: Asked | None = None

    @property
    def asked(self) -> Asked:
        if self._asked is None:
            self._asked = ask(self.request)
        return self._asked


def _is_body(hint: Any) -> bool:  # noqa: ANN401 - a type, of whatever
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _taker(hint: Any) -> Callable[[_Known], Any]:  # noqa: ANN401 - a type, of whatever
    """Return what takes an argument of a type from a request."""
    if hint is Asked:
        return lambda known: known.asked
    if hint is Pool:
        return lambda known: service(known.request).pool
    if hint is Service:
        return lambda known: service(known.request)
    if hint is Once:
        return lambda known: once_for(known.request, known.asked, known.body)
    if _is_body(hint):
        reads = TypeAdapter(hint)
        return lambda known: _read(reads, known)
    raise TypeError(f"{hint} is nothing that is taken from a request here")


def _read(reads: TypeAdapter[Any], known: _Known) -> BaseModel:
    """Return a body as its model reads it; one that does not say that it is JSON is read as bytes, which no model takes."""
    if not known.body:
        raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": "Field required"}])
    try:
        said = json.loads(known.body) if _is_json(known.request) else known.body
    except json.JSONDecodeError as error:
        fault = {"type": "json_invalid", "loc": ("body", error.pos), "msg": "JSON decode error"}
        raise RequestValidationError([fault]) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body cannot be read") from error
    try:
        return reads.validate_python(said, from_attributes=True)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from error


def _is_json(request: Request) -> bool:
    told = request.headers.get("content-type", "")
    if told == "application/json":
        return True
    kind = Message()
    kind["content-type"] = told
    return kind.get_content_maintype() == "application" and (
        kind.get_content_subtype() == "json" or kind.get_content_subtype().endswith("+json")
    )
