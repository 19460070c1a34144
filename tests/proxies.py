"""A proxy before the service, as stand before many: it passes everything on, cuts streams short, or holds them back."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator

Way = Literal["pass", "cut", "hold"]
_OF_ONE_LINE = {"connection", "transfer-encoding", "content-length", "content-encoding", "keep-alive"}
_LONGEST_S = 120


@dataclass
class Proxy:
    """A proxy; `way` is what it does to streams from now on, `streams` how many it was asked for."""

    base: httpx.URL | str
    way: Way
    address: str = ""
    streams: int = 0
    asked: list[str] = field(default_factory=list)
    """What was asked for of the events as JSON."""
    over: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    proxy: Proxy

    def handle(self) -> None:
        with suppress(OSError, httpx.HTTPError):  # the browser has gone
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called there
        """Say nothing."""

    def _pass_on(self) -> None:
        proxy = self.proxy
        is_stream = "text/event-stream" in self.headers.get("Accept", "")
        proxy.streams += is_stream
        if self.path.startswith("/v1/events") and not is_stream:
            proxy.asked.append(self.path)
        if is_stream and proxy.way == "hold":
            # Nothing comes out of a buffer that is never full.
            proxy.over.wait()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = {name: value for name, value in self.headers.items() if name.lower() not in _OF_ONE_LINE}
        said["Accept-Encoding"] = "identity"
        with (
            httpx.Client(base_url=proxy.base, timeout=_LONGEST_S, trust_env=False) as client,
            client.stream(self.command, self.path, headers=said, content=body) as answer,
        ):
            self.send_response(answer.status_code)
            for name, value in answer.headers.multi_items():
                if name.lower() not in _OF_ONE_LINE:
                    self.send_header(name, value)
            self.end_headers()
            for chunk in answer.iter_raw():
                self.wfile.write(chunk)
                self.wfile.flush()
                if is_stream and proxy.way == "cut":
                    return

    do_GET = do_POST = _pass_on  # noqa: N815 - as the server calls them


@contextmanager
def proxy_before(base: httpx.URL | str, way: Way = "pass") -> Generator[Proxy]:
    """Stand before a service until the end of the block."""
    proxy = Proxy(base, way)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy}))
    server.daemon_threads = True
    proxy.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.over.set()
        server.shutdown()
        server.server_close()
