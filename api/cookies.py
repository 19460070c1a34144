"""Cookies as they go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response

    from api.who.sessions import Cookie


def with_cookies(response: Response, cookies: Iterable[Cookie]) -> Response:
    """Return the response with the cookies on it, each with everything that it says of itself."""
    for cookie in cookies:
        response.set_cookie(
            cookie.key,
            cookie.value,
            max_age=cookie.max_age,
            path=cookie.path,
            secure=cookie.secure,
            httponly=cookie.httponly,
            samesite=cookie.samesite,
        )
    return response
