"""A ZIP that is sent while it is made: file by file, none of them packed again, and never all of it in memory."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MADE = (1980, 1, 1, 0, 0, 0)
"""The day of every file: the same files give the same archive."""


def zip_stream(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Give the parts of a ZIP with these files, each by its name, as they are asked for."""
    out = _Out()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, body in files:
            archive.writestr(zipfile.ZipInfo(name, MADE), body)
            yield out.taken()
    yield out.taken()


class _Out(io.RawIOBase):
    """What is written, until it is taken; nobody goes back in it."""

    def __init__(self) -> None:
        super().__init__()
        self._parts = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        part = bytes(memoryview(data))  # pyright: ignore[reportArgumentType] - whatever has bytes
        self._parts += part
        return len(part)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        part = bytes(self._parts)
        self._parts.clear()
        return part
