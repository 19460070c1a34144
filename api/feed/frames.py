"""What is written into a stream of server-sent events: bytes, one block for each."""

from __future__ import annotations

import orjson

RETRY_MS = 3000
"""After so long a browser whose stream has ended comes again."""
PING = b": ping\n\n"
"""A line that nobody sees; it keeps what lies between from closing the line."""
END = b""
"""Nothing: the stream ends here."""
RESET, POSITION = "reset", "position"
"""Events of the stream itself, beside those that are CloudEvents and have no name of their own."""


def event_frame(cursor: str, data: bytes) -> bytes:
    """Return an event, with the place behind it as its id. `data` is one line."""
    return b"id: %b\ndata: %b\n\n" % (cursor.encode(), data)


def position_frame(cursor: str, *, first: bool = False) -> bytes:
    """Return the place that a stream stands at, for whoever comes again: there may have been no event to carry it."""
    retry = b"retry: %d\n" % RETRY_MS if first else b""
    return retry + _named(POSITION, cursor, {"cursor": cursor})


def reset_frame(reason: str, cursor: str | None) -> bytes:
    """Say that the stream does not go on from where it was, and why; `cursor` is where it goes on, None: where it broke off."""
    return _named(RESET, cursor, {"reason": reason, "cursor": cursor})


def _named(name: str, cursor: str | None, data: dict[str, str | None]) -> bytes:
    identity = b"" if cursor is None else b"id: %b\n" % cursor.encode()
    return b"event: %b\n%bdata: %b\n\n" % (name.encode(), identity, orjson.dumps(data))
