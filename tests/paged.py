"""The whole application with its pages over a real server, for tests that look at them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from api import logs
from api.ogc.answers import RENDERERS
from api.pages.policy import POLICY
from api.pages.routes import PAGES, routes
from tests.api.v1.hall import Hall, addresses, hall_over
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
    """Serve everything, with its pages; `town` publishes the small town first. Afterwards nothing is shown as a page."""
    if town:
        publish(db.admin)
    with pytest.MonkeyPatch.context() as patch, hall_over(db, home, **told) as hall:
        known = set(addresses(hall.app))
        hall.app.router.routes.extend(route for route in routes if ("GET", route.path) not in known)
        for kind, page in PAGES.items():
            patch.setitem(RENDERERS, kind, page)
        patch.setattr(logs, "HTML_POLICY", POLICY)
        yield hall
