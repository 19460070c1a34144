"""What is kept in memory (tiles, packed grounds, sheets, directories): what was wanted last, up to so many bytes."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sized

Body = TypeVar("Body", bound="Sized")
_OVERHEAD = 300
"""Bytes that an entry takes beside its body, about; without it, empty ones would be free."""


class Kept(Generic[Body]):
    """Bodies, or whatever else says by its length how many bytes it takes, by their keys.

    Whoever wants one that another thread is making waits for it.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._lock = Lock()
        self._bodies: OrderedDict[Hashable, Body] = OrderedDict()
        self._making: dict[Hashable, Lock] = {}
        self.size = 0
        """Bytes that are kept."""

    def get(self, key: Hashable, make: Callable[[], Body]) -> Body:
        """Return the body of a key, made if it is not there."""
        with self._lock:
            body = self._find(key)
            if body is not None:
                return body
            turn = self._making.setdefault(key, Lock())
        with turn:
            with self._lock:
                body = self._find(key)
            if body is not None:
                return body
            try:
                body = make()
                self._keep(key, body)
            finally:
                with self._lock:
                    self._making.pop(key, None)
            return body

    def _find(self, key: Hashable) -> Body | None:
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
        return body

    def _keep(self, key: Hashable, body: Body) -> None:
        with self._lock:
            if len(body) + _OVERHEAD > self._most:
                return
            self._bodies[key] = body
            self.size += len(body) + _OVERHEAD
            while self.size > self._most:
                _, old = self._bodies.popitem(last=False)
                self.size -= len(old) + _OVERHEAD
