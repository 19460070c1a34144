"""What is refused before anybody looks: a host that is no name, a NUL, a body that is too long. And the path below a proxy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.problems import answer_error

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")


class Guard:
    """Lets through what can be answered. `root` is the path below which a proxy puts the service (`/wangge`, or empty)."""

    def __init__(self, app: ASGIApp, *, longest: int, root: str) -> None:
        self.app = app
        self._longest = longest
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self._place(scope)
        headers = dict(scope["headers"])
        fault = None
        if not _HOST.fullmatch(headers.get(b"host", b"localhost")):
            # The address of every link would be made of it.
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"host"]
            fault = HTTPException(400, "the header Host is not the name of a host")
        elif "\0" in scope["path"] or b"%00" in scope["query_string"]:
            fault = HTTPException(400, "an address holds the character NUL, which no text may")
        elif int(headers.get(b"content-length", b"0")) > self._longest:
            fault = self._too_long()
        if fault is not None:
            await (await answer_error(Request(scope), fault))(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > self._longest:
                    raise self._too_long()
            return message

        await self.app(scope, counted, send)

    def _place(self, scope: Scope) -> None:
        """Say below which path the service lies, whether or not the proxy has taken it off the address."""
        if self._root:
            path = scope["path"]
            below = path.startswith(f"{self._root}/")
            scope["root_path"] = self._root
            scope["path"] = path if below else f"{self._root}/" if path == self._root else f"{self._root}{path}"

    def _too_long(self) -> HTTPException:
        # What is left of the body is not read, so the connection serves for nothing more.
        return HTTPException(413, f"at most {self._longest} bytes are read", headers={"Connection": "close"})
