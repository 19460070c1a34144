"""A problem as a page, for people who came with a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from api.pages.page import around_stranger, page_headers, render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

_UNAUTHORIZED = 401


def wants_page(request: Request) -> bool:
    """Say whether somebody reads the answer in a browser: they ask for HTML before anything else, or by `f=html`."""
    wish = request.query_params.get("f")
    if wish is not None:
        return wish == "html"
    return request.headers.get("accept", "").partition(",")[0].partition(";")[0].strip().lower() == "text/html"


def problem_page(request: Request, body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    """Answer with what a problem says (the members of RFC 9457), and the way on; `headers` are the problem's own."""
    frame = around_stranger(request)
    status = int(body["status"])
    text = render(
        "problem.html",
        frame,
        problem=body,
        errors=[each for each in body.get("errors", ()) if each.get("detail") != body["detail"]],
        sign_in=status == _UNAUTHORIZED,
    )
    # What is specific to the problem (when to come again, how to identify oneself) stays; the rest is a page's.
    return HTMLResponse(text, status, {**page_headers(frame), **headers, "Cache-Control": "no-store"})
