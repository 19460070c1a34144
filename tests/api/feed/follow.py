"""Following a stream of server-sent events, as a browser reads it: for tests."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

PATIENCE_S = 20


@dataclass
class Block:
    """One block of a stream: an event, or a comment alone."""

    name: str = ""
    id: str | None = None
    data: Any = None
    comments: list[str] = field(default_factory=list)
    retry: int | None = None


def blocks(lines: Iterator[str]) -> Iterator[Block]:
    """Read blocks by the rules of server-sent events."""
    block, data = Block(), []
    for line in lines:
        if not line:
            block.data = json.loads("\n".join(data)) if data else None
            yield block
            block, data = Block(), []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "":
            block.comments.append(value)
        elif name == "data":
            data.append(value)
        elif name == "event":
            block.name = value
        elif name == "id":
            block.id = value
        elif name == "retry":
            block.retry = int(value)


class Following:
    """A stream that is being read in a thread; `last_id` is what a browser would come again with."""

    def __init__(self) -> None:
        self.last_id: str | None = None
        self.is_over = threading.Event()
        self._found: Queue[Block] = Queue()

    def take(self, lines: Iterator[str]) -> None:
        """Read until the end of the stream, however it ends."""
        try:
            for block in blocks(lines):
                self._found.put(block)
        except httpx.HTTPError:
            pass
        finally:
            self.is_over.set()

    def next(self, within_s: float = PATIENCE_S) -> Block:
        """Return the next block."""
        block = self._found.get(timeout=within_s)
        self.last_id = block.id or self.last_id
        return block

    def events(self, count: int) -> list[dict[str, Any]]:
        """Return the next so many CloudEvents, whatever else comes between them."""
        found: list[dict[str, Any]] = []
        end = time.monotonic() + PATIENCE_S
        while len(found) < count:
            block = self.next(max(0.01, end - time.monotonic()))
            if block.data is not None and not block.name:
                found.append(block.data)
        return found

    def named(self, name: str) -> Block:
        """Return the next event of the stream itself with that name."""
        while (block := self.next()).name != name:
            pass
        return block

    def nothing(self, for_s: float) -> bool:
        """Say whether no event comes for a while."""
        end = time.monotonic() + for_s
        while (left := end - time.monotonic()) > 0:
            try:
                block = self.next(left)
            except Empty:
                return True
            if block.data is not None and not block.name:
                return False
        return True


@contextmanager
def following(client: httpx.Client, headers: dict[str, str], **parameters: Any) -> Generator[Following]:
    """Follow `/v1/events`; it has begun when the block does, and is given up at its end."""
    with (
        httpx.Client(base_url=client.base_url, timeout=PATIENCE_S, trust_env=False) as own,
        own.stream("GET", "/v1/events", headers=headers, params=parameters) as answer,
    ):
        if answer.status_code != 200:
            answer.read()
            raise AssertionError(answer.text)
        assert answer.headers["content-type"].startswith("text/event-stream")
        made = Following()
        thread = threading.Thread(target=made.take, args=(answer.iter_lines(),))
        thread.start()
        try:
            yield made
        finally:
            # A reader that waits hears of the end at once only when the line is cut.
            stream = answer.extensions["network_stream"]
            stream.get_extra_info("socket").shutdown(2)
            thread.join(timeout=PATIENCE_S)
