"""Answers of our own resources: JSON with an ETag, and the preconditions that guard what is changed."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson
from fastapi import Response

from gis.errors import Conflict, Stale

NEW_OR_THERE: dict[int | str, dict[str, Any]] = {
    200: {"description": "It was there.", "content": {"application/json": {"schema": {}}}},
    201: {"description": "It is new.", "content": {"application/json": {"schema": {}}}},
}
"""How an answer is described that says whether what was sent is new."""


def tag(*parts: object) -> str:
    """Return a strong ETag that says which state of a resource this is; codes may hold letters that no header can."""
    return '"' + "-".join(quote(str(part)) for part in parts) + '"'


def answer(
    document: Any,  # noqa: ANN401 - anything that JSON can say
    *,
    status: int = 200,
    etag: str | None = None,
    location: str | None = None,
    media: str = "application/json",
) -> Response:
    """Return `document` as JSON. It is somebody's own view: no shared cache keeps it."""
    headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie, Accept-Language"}
    if etag is not None:
        headers["ETag"] = etag
    if location is not None:
        headers["Location"] = location
    return Response(orjson.dumps(document), status_code=status, headers=headers, media_type=media)


def private(response: Response) -> Response:
    """Let nobody keep an answer that is about persons."""
    response.headers["Cache-Control"] = "no-store"
    return response


def precondition(if_match: str | None, current: str) -> None:
    """Refuse a change by somebody who has not said which state they have seen, or has seen another than the current one."""
    if if_match is None:
        msg = "say in If-Match which version you have seen (the ETag of the resource)"
        raise Conflict(msg, code="precondition-required", zh="请在 If-Match 中写明您所见的版本（即其 ETag）")
    if if_match.strip() != "*" and current not in {part.strip() for part in if_match.split(",")}:
        msg = "this has changed since you have seen it; fetch it again"
        raise Stale(msg, current=current, zh="您查看之后已有改动，请重新取得")
