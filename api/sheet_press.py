"""Drawing sheets inside the service: one at a time in each process, kept by what they were made from.

Whoever draws takes a third of a second of a processor and holds matplotlib's settings, which are everybody's: so there is one
press, with a short queue before it. Whoever would wait too long is told to come again.
"""

from __future__ import annotations

import io
from threading import Lock
from typing import TYPE_CHECKING

from api.kept import Kept
from gis.errors import StoreBusy
from maps.sheets.values import Form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from maps.sheets.press import Page

KEPT_BYTES = 64 << 20
"""Of the sheets that a process keeps; one has a few hundred kilobytes."""
PATIENCE_S = 15.0
MOST_WAITING = 8
"""So many may wait for the press; a thread each, of those that answer everybody."""
MEDIA = {Form.PDF: "application/pdf", Form.SVG: "image/svg+xml", Form.PNG: "image/png"}
_making = Lock()


class HousePress:
    """The press of a process."""

    def __init__(self, kept_bytes: int = KEPT_BYTES, *, waiting: int = MOST_WAITING, patience_s: float = PATIENCE_S) -> None:
        self._kept = Kept[bytes](kept_bytes)
        self._turn = Lock()
        self._door = Lock()
        self._waiting = 0
        self._most = waiting
        self._patience_s = patience_s

    def printed(self, mark: str, pages: Sequence[Page], form: Form, title: str) -> bytes:
        """Return the file of `pages`, drawn unless it is kept under `mark`.

        Raises
        ------
        StoreBusy
            Too many wait already, or the press is not free in time.
        """
        with self._door:
            if self._waiting >= self._most:
                msg = "too many sheets are being printed; ask again in a moment"
                raise StoreBusy(msg)
            self._waiting += 1
        try:
            return self._kept.get(mark, lambda: self._draw(pages, form, title))
        finally:
            with self._door:
                self._waiting -= 1

    def _draw(self, pages: Sequence[Page], form: Form, title: str) -> bytes:
        from maps.sheets.pen import document  # noqa: PLC0415 - what draws takes a second to import

        if not self._turn.acquire(timeout=self._patience_s):
            msg = "the press is in use; ask again in a moment"
            raise StoreBusy(msg)
        try:
            file = io.BytesIO()
            if len(pages) == 1:
                pages[0].draw().save(file, form)
            else:
                with document(file, title) as bound:
                    for page in pages:
                        page.draw().save_into(bound)
            return file.getvalue()
        finally:
            self._turn.release()


def press_of(request: Request) -> HousePress:
    """Return the press of this process; the first request makes it."""
    state = request.app.state
    with _making:
        if not hasattr(state, "press"):
            state.press = HousePress()
        return state.press
