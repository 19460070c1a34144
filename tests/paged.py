"""The whole application with its pages over a real server, for tests that look at them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.api.v1.hall import Hall, hall_over
from tests.published import publish

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

NASTY = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "${alert(1)}",
    "{{7*7}}",
    "'\"><svg onload=alert(1)>",
    "javascript:alert(1)",
    "`+alert(1)+`",
    "<!--<script>",
    "\u2028alert(1)",
)
"""Names that would run something on a page that takes text for markup."""


@contextmanager
def paged(db, home: Path, *, town: bool = False, **told: object) -> Generator[Hall]:
    """Serve everything, with its pages; `town` publishes the small town first."""
    if town:
        publish(db.admin)
    with hall_over(db, home, **told) as hall:
        yield hall
