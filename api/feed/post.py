"""Sending one message: to an address that was looked at, within one deadline, and without following anywhere.

The deadline holds for everything together, so that a receiver that gives a byte now and then gains nothing. Of the answer only
the head is of interest.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, cast

from api.feed.targets import Allowed, Forbidden, addresses, resolve, target
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api.feed.targets import Resolve, Target

POLITE_S = 1.0
"""How long the rest of an answer is waited for, for the receiver's sake."""
POLITE_BYTES = 65_536
LONGEST_WAIT_S = 86_400
AGENT = "wangge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a message: the receiver's status, or None and a word that says why there is none.

    `wait_s`: for how long the receiver wants to be left alone.
    """

    status: int | None = None
    fault: str = ""
    wait_s: int = 0

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has the message."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - what HTTP calls success

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants no more messages, ever."""
        return self.status == 410  # noqa: PLR2004 - HTTP's Gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What sends messages: where to, in how many seconds at most, whom it believes, and how it finds addresses."""

    allowed: Allowed = field(default_factory=Allowed)
    deadline_s: float = 10.0
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    find: Resolve = resolve

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a message and say what came of it; raises nothing."""
        try:
            where = target(url, self.allowed)
            found = addresses(where, self.allowed, self.find)
        except (ParameterError, Forbidden):
            return Answer(fault="target-forbidden")
        except OSError:
            return Answer(fault="host-unknown")
        end = time.monotonic() + self.deadline_s
        try:
            with self._connected(where, found, end) as line:
                line.settimeout(_left(end))
                line.sendall(_head(where, headers, len(body)) + body)
                return _answer(line, end)
        except ssl.SSLError:
            return Answer(fault="tls")
        except TimeoutError:
            return Answer(fault="timeout")
        except (OSError, HTTPException, ValueError):
            return Answer(fault="no-answer")

    def _connected(self, where: Target, found: Sequence[str], end: float) -> socket.socket:
        """Return a line to one of the very addresses; it is the name that a certificate has to fit."""
        line = _line(found, where.port, end)
        if where.scheme == "http":
            return line
        try:
            line.settimeout(_left(end))
            return self.tls.wrap_socket(line, server_hostname=where.host)
        except BaseException:
            line.close()
            raise


def _line(found: Sequence[str], port: int, end: float) -> socket.socket:
    """Return a line to the first address that takes one; each has its share of the time."""
    for left, address in zip(range(len(found), 0, -1), found, strict=True):
        try:
            return socket.create_connection((address, port), timeout=_left(end) / left)
        except OSError:
            if left == 1:
                raise
    raise OSError("there is no address")


class _Until(io.RawIOBase):
    """Reads from a line until a moment, whatever comes in between."""

    def __init__(self, line: socket.socket, end: float) -> None:
        self._line = line
        self.end = end

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] - as io calls it
        """Read what there is."""
        self._line.settimeout(_left(self.end))
        return self._line.recv_into(buffer)


@dataclass(frozen=True, slots=True)
class _Line:
    """What the standard library takes an answer from."""

    raw: _Until

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self.raw)


def _answer(line: socket.socket, end: float) -> Answer:
    raw = _Until(line, end)
    with HTTPResponse(cast("socket.socket", _Line(raw)), method="POST") as response:
        response.begin()
        raw.end = min(end, time.monotonic() + POLITE_S)
        with suppress(OSError, HTTPException, ValueError):
            response.read(POLITE_BYTES)
        wait = response.headers.get("retry-after", "")
        wait_s = min(int(wait), LONGEST_WAIT_S) if wait.isascii() and wait.isdigit() else 0
        return Answer(status=response.status, wait_s=wait_s)


def _head(where: Target, headers: Mapping[str, str], length: int) -> bytes:
    """Return the head of a request. Nothing in it comes from outside but the address, which is printable ASCII."""
    fixed = {
        "Host": where.authority,
        "User-Agent": AGENT,
        "Content-Length": str(length),
        "Connection": "close",
        "Accept": "*/*",
    }
    lines = [f"POST {where.path} HTTP/1.1", *(f"{name}: {value}" for name, value in {**fixed, **headers}.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _left(end: float) -> float:
    """Return the seconds that are left; `TimeoutError` where there are none."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
