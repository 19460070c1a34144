"""A receiver of messages on this machine that answers as it is told to, and keeps what it was sent: for tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from api.feed.targets import Allowed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator

HERE = Allowed(plain=True, networks=(ip_network("127.0.0.0/8"),))
"""What lets messages go to this machine."""


@dataclass(frozen=True)
class Message:
    """A message as it came."""

    headers: dict[str, str]
    body: bytes
    path: str = ""

    @property
    def id(self) -> str:
        """What it is called."""
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        """What it says."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """What came, whether or not it was taken. `answer` says what is done with the nth: a status, `stall` or `drop`."""

    url: str = ""
    answer: Callable[[int], int | str] = lambda _: 204
    more: dict[str, str] = field(default_factory=dict)
    came: list[Message] = field(default_factory=list)
    taken: list[Message] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stall_s: float = 2.0

    def events(self) -> list[tuple[str, str]]:
        """The types and subjects of what was taken, in order."""
        return [(each.event["type"].rpartition(".")[2], each.event.get("subject", "")) for each in self.taken]


@contextmanager
def receiver(*, tls: ssl.SSLContext | None = None) -> Generator[Receiver]:
    """Receive until the end of the block."""
    box = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            message = Message({name.lower(): value for name, value in self.headers.items()}, body, self.path)
            with box.lock:
                box.came.append(message)
                said = box.answer(len(box.came))
            if said == "stall":
                time.sleep(box.stall_s)
                said = "drop"
            elif said in {200, 204, "drop"}:
                with box.lock:
                    box.taken.append(message)
            if said == "drop":
                self.close_connection = True
                return
            self.send_response(int(said))
            for name, value in box.more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its base calls it
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: object, client_address: object) -> None:
            """Nothing: whoever sends may go away."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        box.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}/hook?of=wangge"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()


def is_signed(message: Message, secret: str) -> bool:
    """Whether a message carries the signature that Standard Webhooks asks for, by our own reckoning."""
    signed = f"{message.id}.{message.headers['webhook-timestamp']}.".encode() + message.body
    mac = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256)
    return message.headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
