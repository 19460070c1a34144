"""Plain routes: the standards' addresses, answered before the layers that FastAPI keeps around the routes that it describes.

Those layers and their threads are a third of what a feature by its id costs the program. The routes stand in FastAPI's list
as well, which says what other methods get there.
"""

from __future__ import annotations

import asyncio
from functools import wraps
from typing import TYPE_CHECKING

from starlette.routing import Match

from api.problems import ANSWERED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.types import ASGIApp, Receive, Scope, Send


class Plain:
    """Answers what one of `routes` answers, and lets the rest through."""

    def __init__(self, app: ASGIApp, *, routes: Sequence[Route]) -> None:
        self.app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "http":
            for route in self._routes:
                match, found = route.matches(scope)
                if match is Match.FULL:
                    # Where Starlette looks up who answers an error.
                    scope.update(found, **{"starlette.exception_handlers": (ANSWERED, {})})
                    await route.handle(scope, receive, send)
                    return
        await self.app(scope, receive, send)


def in_thread(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Have a function that may wait for the store answer in one of the loop's own threads: half the cost of Starlette's."""

    @wraps(answer)
    async def answered(request: Request) -> Response:
        return await asyncio.get_running_loop().run_in_executor(None, answer, request)

    return answered
