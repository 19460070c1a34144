"""The service that other people's programs open: a published town with 5,000 grids, over HTTP, with a record of who asked what."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from data.store.pool import connect
from data.store.sql import many
from tests.published import NEW, OLD, TODAY, Net, publish
from tests.served import service_over

if TYPE_CHECKING:
    import httpx
    from starlette.types import ASGIApp, Receive, Scope, Send

    from tests.store_fixtures import Database

STRIPS = 1_250
"""Grids in each of the four communities."""


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    query: dict[str, list[str]]


@dataclass
class Recorder:
    """Middleware that notes every request."""

    app: ASGIApp
    into: list[Asked] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note a request and pass it on."""
        if scope["type"] == "http":
            query = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
            self.into.append(Asked(scope["method"], scope["path"], query))
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class Opened:
    """The service: a client that knows where it is, what it was asked so far, and its store."""

    client: httpx.Client
    asked: list[Asked]
    db: Database

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return str(self.client.base_url).rstrip("/")

    def items_asked(self, collection: str = "grids") -> list[Asked]:
        """Give the requests for a collection's features."""
        return [each for each in self.asked if each.path == f"/collections/{collection}/items"]

    def truth(self, condition: str, parameters=()) -> list[str]:
        """Give the codes of the grids in force that satisfy a condition in SQL, in their order."""
        statement = "SELECT code FROM wangge.grid WHERE in_force @> %s::date AND (" + condition + ") ORDER BY code"
        with closing(connect(self.db.admin)) as conn:
            return [code for (code,) in many(conn, statement, [TODAY.date(), *parameters])]


@pytest.fixture(scope="session")
def opened(cluster, template, tmp_path_factory):
    """Serve the town to all tests of the session; none of them writes."""
    asked: list[Asked] = []
    with cluster.clone(template) as db:
        publish(db.admin, nets=(Net(2, OLD, NEW), Net(STRIPS, NEW, None)))
        home = tmp_path_factory.mktemp("service")
        record = lambda app: app.add_middleware(Recorder, into=asked)  # noqa: E731 - one line, used once
        with service_over(db.app, home, now=lambda: TODAY, change=record) as client:
            yield Opened(client, asked, db)


@pytest.fixture
def service(opened):
    """Give the service with nothing noted yet."""
    opened.asked.clear()
    return opened


ROOT = Path(__file__).parents[2]
