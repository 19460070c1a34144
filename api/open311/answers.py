"""Answers of Open311: one document in two forms. The form is the ending of the address, `.xml` or `.json`.

In XML a list has an element around it that says what it lists; in JSON it is the list alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import orjson
from starlette.responses import Response

from api.open311 import xml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from starlette.requests import Request

    from api.lang import Lang

Form = Literal["xml", "json"]

MEDIA: Mapping[Form, str] = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
_VARY = "Accept-Language, Authorization, Cookie, X-API-Key"


def form_of(request: Request) -> Form:
    """Return the form that an address asks for; one that ends otherwise is answered as XML, which the standard requires."""
    return "json" if request.url.path.endswith(".json") else "xml"


def respond(
    request: Request,
    root: str,
    document: object,
    *,
    lang: Lang,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a document, which in XML stands below the element `root`."""
    form = form_of(request)
    content = orjson.dumps(document) if form == "json" else xml.write(root, document)
    kept = {"Cache-Control": "no-cache", "Content-Language": lang, "Vary": _VARY}
    return Response(content, status, kept | dict(headers or {}), media_type=MEDIA[form])


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment as W3C writes it, to the second, with the zone."""
    return at.astimezone(zone).isoformat(timespec="seconds")
